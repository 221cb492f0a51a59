# shellcheck shell=bash disable=SC2034 # used by the scripts that source this
# Shared by the host scripts: messages, paths, settings, the Docker clients.
# Sourced, never run. Every script starts with
#     set -euo pipefail
#     . "$(dirname "$0")/lib.sh"
#
# Exit status: 1 something failed, 2 a setting or a secret is wrong.

TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$TOOLS/../.." && pwd)
COMPOSE_FILE_PATH=$ROOT/srcs/docker-compose.yml
EXAMPLE=$ROOT/srcs/.env.example
ENV_FILE=${ENV_FILE:-$ROOT/srcs/.env}

CORE=(nginx wordpress mariadb)
BONUS=(redis adminer ftpd staticd cachemon exporter)

# VOLUME:OWNER UID:OWNER SERVICE. The owner's image gives an empty folder its
# owner (see docker-compose.yml).
VOLUMES=(
	wordpress:20102:wordpress
	mariadb:20103:mariadb
	certs:20101:nginx
	redis:20104:redis
	ftpcert:20102:ftpd
	site:20106:staticd
	cachemon:20107:cachemon
	exporter:20108:exporter
)

# The secrets that secrets.sh makes; ftp_users is a list, at first without users.
PASSWORDS=(
	db_root_password db_password db_health_password db_exporter_password
	db_ftpd_password wp_owner_password wp_editor_password wp_salts
	redis_wordpress_password redis_cachemon_password
	redis_cachemon_actions_password redis_exporter_password
	monitor_password ftp_password ftp_users smtp_password
)

# ---- Messages: all on stderr, so that stdout can carry a result -------------

say() {
	printf '%s\n' "$*" >&2
}

step() {
	printf '==> %s\n' "$*" >&2
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit "${DIE_STATUS:-1}"
}

# Faults are collected, so that a person sees all of them at once.
FAULTS=()

fault() {
	FAULTS+=("$*")
}

die_on_faults() {
	[ ${#FAULTS[@]} -gt 0 ] || return 0
	printf 'error: %s\n' "${FAULTS[@]}" >&2
	exit 2
}

# Asks before something that cannot be taken back. FORCE=1 answers yes.
confirm() {
	local answer
	[ "${FORCE:-}" != 1 ] || return 0
	[ -t 0 ] || die "$1 needs an answer: run it in a terminal, or with FORCE=1"
	printf '%s [y/N] ' "$2" >&2
	read -r answer || answer=
	case $answer in
	y | Y | yes) return 0 ;;
	*)
		say "Nothing was changed."
		exit 1
		;;
	esac
}

# ---- Settings: srcs/.env ------------------------------------------------------

declare -A SETTING=()

# Prints the names that .env.example defines, in its order.
setting_names() {
	sed -n 's/^\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$EXAMPLE"
}

env_path() {
	case $ENV_FILE in
	"$ROOT"/*) printf '%s' "${ENV_FILE#"$ROOT"/}" ;;
	*) printf '%s' "$ENV_FILE" ;;
	esac
}

# Reads ENV_FILE into SETTING, without ever running it as shell code. What
# cannot be read becomes a fault.
read_settings() {
	local line name value ref number=0 where
	where=$(env_path)
	SETTING=()
	while IFS= read -r line || [ -n "$line" ]; do
		number=$((number + 1))
		line=${line%$'\r'}
		[[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
		if ! [[ $line =~ ^([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]]; then
			fault "$where: line $number is not NAME=value; mend or remove it"
			continue
		fi
		name=${BASH_REMATCH[1]} value=${BASH_REMATCH[2]}
		if [[ $value =~ ^\"([^\"]*)\"[[:space:]]*$ ]] \
			|| [[ $value =~ ^\'([^\']*)\'[[:space:]]*$ ]]; then
			value=${BASH_REMATCH[1]}
		else
			value=${value%%[[:space:]]#*}
			value=${value%"${value##*[![:space:]]}"}
		fi
		while [[ $value =~ \$\{([A-Za-z_][A-Za-z0-9_]*)\} ]]; do
			ref=${BASH_REMATCH[1]}
			if [ -z "${SETTING[$ref]+x}" ]; then
				fault "$where: $name uses \${$ref}, which no line" \
					"above it defines; define it there or write the value out"
				value=
				break
			fi
			value=${value//"\${$ref}"/"${SETTING[$ref]}"}
		done
		if [ -n "${SETTING[$name]+x}" ]; then
			fault "$where: $name is set twice; remove one of the lines"
		fi
		SETTING[$name]=$value
	done <"$ENV_FILE"
}

# For scripts that work on an existing stack: settings, or say what to run.
load_settings() {
	[ -f "$ENV_FILE" ] || die "there is no $(env_path) yet; run 'make' first"
	read_settings
	die_on_faults
	local name
	for name in COMPOSE_PROJECT_NAME TAG DATA_DIR SECRETS_DIR DOMAIN_NAME; do
		[ -n "${SETTING[$name]:-}" ] \
			|| DIE_STATUS=2 die "$(env_path): $name is missing;" \
				"copy its line from srcs/.env.example"
	done
	resolve_settings
}

# The few settings that the scripts use all the time, as plain variables.
resolve_settings() {
	PROJECT=${SETTING[COMPOSE_PROJECT_NAME]}
	TAG=${SETTING[TAG]}
	DATA_DIR=${SETTING[DATA_DIR]}
	DOMAIN=${SETTING[DOMAIN_NAME]}
	STATE=$DATA_DIR/.stack
	# SECRETS_DIR given to make goes before the one in the file.
	if [ -n "${SECRETS_OVERRIDE:-}" ]; then
		SECRETS=$(absolute "$SECRETS_OVERRIDE" "$PWD")
	else
		SECRETS=$(absolute "${SETTING[SECRETS_DIR]}" "$ROOT/srcs")
	fi
}

absolute() {
	case $1 in
	/*) printf '%s' "$1" ;;
	*) realpath -m -- "$2/$1" ;;
	esac
}

# Writes one setting into ENV_FILE, in its place; a line that is right stays as
# it is.
set_setting() {
	local name=$1 value=$2 new
	[ "${SETTING[$name]-unset}" != "$value" ] || return 0
	new=$(mktemp "$ENV_FILE.XXXXXX") \
		|| die "$(dirname "$ENV_FILE") is not writable; make it so"
	awk -v name="$name" -v value="$value" '
		index($0, name "=") == 1 { print name "=" value; found = 1; next }
		{ print }
		END { if (!found) print name "=" value }
	' "$ENV_FILE" >"$new"
	chmod --reference="$ENV_FILE" "$new"
	chown --reference="$ENV_FILE" "$new" 2>/dev/null || :
	mv -f "$new" "$ENV_FILE"
	SETTING[$name]=$value
}

# What was made under sudo belongs to the person who typed it.
own() {
	if [ "$(id -u)" = 0 ] && [ -n "${SUDO_UID:-}" ]; then
		chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$@"
	fi
}

# Prints the services in use, one a line.
services() {
	printf '%s\n' "${CORE[@]}"
	if [ "${SETTING[COMPOSE_PROFILES]:-}" = bonus ]; then
		printf '%s\n' "${BONUS[@]}"
	fi
}

# site_url PATH: what a browser opens.
site_url() {
	local port=${SETTING[HTTPS_PORT]}
	[ "$port" = 443 ] && port= || port=:$port
	printf 'https://%s%s%s' "$DOMAIN" "$port" "$1"
}

# One run at a time for each data folder. Held until this process ends.
take_lock() {
	command -v flock >/dev/null || return 0
	exec 9<"$DATA_DIR"
	flock -n 9 || die "another make is at work on $DATA_DIR;" \
		"wait until it has ended"
}

# ---- Docker -------------------------------------------------------------------

# use_engine --find|--install: sets DOCKER, COMPOSE and BUILDER; see engine.sh.
# Scripts called from here on need not look again.
use_engine() {
	local picked
	[ -z "${ENGINE_FOUND:-}" ] || return 0
	picked=$("$TOOLS/engine.sh" "$1") || exit $?
	eval "$picked"
	export DOCKER COMPOSE BUILDER ENGINE_FOUND=1
}

docker_() {
	"$DOCKER" "$@"
}

# Compose on this stack. ENV_FILE alone counts: a variable of the same name
# that happens to be in the environment must not win.
compose() {
	local -a command scrub
	local name
	read -ra command <<<"$COMPOSE"
	scrub=(-u COMPOSE_FILE -u COMPOSE_ENV_FILES)
	for name in $(setting_names); do
		scrub+=(-u "$name")
	done
	if [ -n "${SECRETS_OVERRIDE:-}" ]; then
		scrub+=("SECRETS_DIR=$SECRETS")
	fi
	if [ -n "$BUILDER" ]; then
		scrub+=("$BUILDER")
	fi
	env "${scrub[@]}" "${command[@]}" --env-file "$ENV_FILE" \
		-f "$COMPOSE_FILE_PATH" -p "$PROJECT" "$@"
}

# Every service, whatever the profile in use.
compose_all() {
	compose --profile bonus "$@"
}

# compose_used COMMAND...: the services in use.
compose_used() {
	if [ "${SETTING[COMPOSE_PROFILES]:-}" = bonus ]; then
		compose --profile bonus "$@"
	else
		compose "$@"
	fi
}

# Prints SERVICE<tab>ID<tab>STATE<tab>STATUS for each container of the stack.
# Names differ between Compose 1 and 2, labels do not.
containers() {
	docker_ ps -a --no-trunc \
		--filter "label=com.docker.compose.project=$PROJECT" \
		--filter "label=com.docker.compose.oneoff=False" \
		--format '{{.Label "com.docker.compose.service"}}	{{.ID}}	{{.State}}	{{.Status}}'
}

# container_of SERVICE: its id, or nothing.
container_of() {
	containers | awk -F '\t' -v s="$1" '$1 == s && !n++ { print $2 }'
}

have_image() {
	docker_ image inspect "$1" >/dev/null 2>&1
}

# quietly WHAT COMMAND...: its output is of interest only if it fails.
quietly() {
	local what=$1 log status=0
	shift
	log=$(mktemp)
	"$@" >"$log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 15 "$log" >&2
		rm -f "$log"
		die "$what failed; mend what it says above, then try again"
	fi
	rm -f "$log"
}

# Stops and removes the containers of the services named; data stays.
remove_containers() {
	quietly "removing the containers of $*" compose_all rm -s -f "$@"
}

# Free megabytes of the disk that holds a path, or of its nearest parent that
# exists.
free_mb() {
	local path=$1
	while ! [ -e "$path" ]; do
		path=$(dirname "$path")
	done
	df -Pm "$path" | awk 'NR == 2 { print $4 }'
}
