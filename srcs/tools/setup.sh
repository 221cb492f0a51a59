#!/bin/bash
# What `make` and `make bonus` do, in order: everything that can be wrong is
# checked before anything is built or started.
#
# usage: setup.sh up|bonus|build|rebuild|restart
#     up       nginx, wordpress, mariadb
#     bonus    all services
#     build    only build the images of the services in use, up to date or not
#     rebuild  down, build all, up; data stays
#     restart  stop, then up
#
# Environment: BASE=alpine|debian, ENV_FILE, SECRETS_OVERRIDE, DOCKER, COMPOSE,
# and what the other scripts name.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

MIN_DATA_MB=${MIN_DATA_MB:-1024}
MIN_RUN_MB=${MIN_RUN_MB:-128}
# The environment's, before the settings are read.
WANTED_BASE=${BASE:-}

check_wanted_base() {
	case $WANTED_BASE in
	'' | alpine | debian) ;;
	*) DIE_STATUS=2 die "BASE='$WANTED_BASE' is not a base;" \
		"write BASE=alpine or BASE=debian" ;;
	esac
}

# Writes down what this run decides, so that plain `docker compose up` in srcs/
# does the same.
remember_choices() {
	local base=${WANTED_BASE:-${SETTING[BASE]}}
	if [ -z "$base" ]; then
		step "choosing the base of the images"
		base=$("$TOOLS/base-image.sh" choose)
	fi
	check_stamp "$base"
	if [ "$base" != "${SETTING[BASE]}" ]; then
		"$TOOLS/base-image.sh" "$base"
		set_setting BASE "$base"
	fi
	case $base in
	alpine) set_setting DOCKERFILE Dockerfile ;;
	debian) set_setting DOCKERFILE Dockerfile.debian ;;
	esac
	case $mode in
	up)
		set_setting COMPOSE_PROFILES ''
		set_setting OBJECT_CACHE off
		;;
	bonus)
		set_setting COMPOSE_PROFILES bonus
		set_setting OBJECT_CACHE on
		;;
	*)
		if [ "${SETTING[COMPOSE_PROFILES]}" = bonus ]; then
			set_setting OBJECT_CACHE on
		else
			set_setting OBJECT_CACHE off
		fi
		;;
	esac
}

# Data made on one base is not for the other: the versions of MariaDB and
# WordPress differ, and neither goes back.
check_stamp() {
	local made
	made=$(sed -n 's/^base=//p' "$STATE/stamp" 2>/dev/null || :)
	if [ -n "$made" ] && [ "$made" != "$1" ]; then
		DIE_STATUS=2 die "the data in $DATA_DIR were made on the base $made, not $1;" \
			"set BASE=$made in $(env_path), use another DATA_DIR," \
			"or give the data up with 'make fclean'"
	fi
}

stamp() {
	local new
	new=$(mktemp "$STATE/stamp.XXXXXX")
	{
		printf 'base=%s\ntag=%s\n' "${SETTING[BASE]}" "$TAG"
	} >"$new"
	if cmp -s "$new" "$STATE/stamp"; then
		rm -f "$new"
	else
		mv "$new" "$STATE/stamp"
	fi
}

check_data_disk() {
	local need=$MIN_DATA_MB free
	# Later only the site's own growth needs room.
	[ ! -e "$STATE/stamp" ] || need=$MIN_RUN_MB
	free=$(free_mb "$DATA_DIR")
	[ "$free" -ge "$need" ] || die "the stack needs $need MB free in $DATA_DIR," \
		"which has $free MB; free some space or set DATA_DIR in $(env_path)" \
		"to a folder on a larger disk"
}

# A volume keeps the folder that it was created with, whatever DATA_DIR says
# now. Removing it removes no file: it only points to a folder.
repoint_volumes() {
	local entry volume device
	for entry in "${VOLUMES[@]}"; do
		volume=${entry%%:*}
		device=$(docker_ volume inspect --format '{{index .Options "device"}}' \
			"${PROJECT}_$volume" 2>/dev/null) || continue
		[ "$device" != "$DATA_DIR/$volume" ] || continue
		step "DATA_DIR changed from ${device%/*} to $DATA_DIR; what is in the old" \
			"folder stays there"
		quietly "taking the stack down" compose_all down -v
		return
	done
}

# Prints "NAME DIGEST" of each secret.
secret_digests() {
	local name
	for name in "${PASSWORDS[@]}" ca_cert ca_key; do
		printf '%s %s\n' "$name" "$(sha256sum <"$SECRETS/$name.txt" | cut -d ' ' -f 1)"
	done
}

# Prints the services whose containers hold a secret that has changed since.
services_with_changed_secrets() {
	local changed
	[ -f "$STATE/secrets" ] || return 0
	changed=$(secret_digests | grep -vxFf "$STATE/secrets" \
		| sed 's|^\([^ ]*\) .*|/run/secrets/\1|' || :)
	[ -n "$changed" ] || return 0
	step "changed secrets: $(echo "$changed" | tr '\n' ' ' | sed 's|/run/secrets/||g')"
	containers | while IFS=$'\t' read -r service id _; do
		mounts=$(docker_ inspect \
			--format '{{range .Mounts}}{{println .Destination}}{{end}}' "$id")
		! grep -qxF "$changed" <<<"$mounts" || printf '%s\n' "$service"
	done
}

remember_secrets() {
	local new
	new=$(mktemp "$STATE/secrets.XXXXXX")
	secret_digests >"$new"
	mv "$new" "$STATE/secrets"
}

# `make up` after `make bonus`: what is no longer in use goes, its data stays.
remove_unused() {
	local service unused=()
	[ "${SETTING[COMPOSE_PROFILES]}" != bonus ] || return 0
	for service in "${BONUS[@]}"; do
		[ -z "$(container_of "$service")" ] || unused+=("$service")
	done
	[ ${#unused[@]} -eq 0 ] || {
		step "taking down the bonus services (their data stays): ${unused[*]}"
		remove_containers "${unused[@]}"
	}
}

# Those under which a folder or a secret changed: a running container, and one
# that is only started again, keeps what it was created with.
replace_containers() {
	local service list=()
	for service in $(printf '%s\n' "$replace" "$(services_with_changed_secrets)" \
		| sort -u); do
		[ -z "$(container_of "$service")" ] || list+=("$service")
	done
	[ ${#list[@]} -gt 0 ] || return 0
	step "creating anew: ${list[*]}"
	remove_containers "${list[@]}"
}

open_data_dir() {
	if ! [ -d "$DATA_DIR" ]; then
		mkdir -p "$DATA_DIR" 2>/dev/null \
			|| die "cannot make the folder $DATA_DIR; make its parent writable" \
				"for $(id -un), or set DATA_DIR in $(env_path)"
		own "$DATA_DIR"
	fi
	take_lock
}

# What a visitor from beyond this machine could make of a careless setting.
check_trust() {
	local gateways
	[[ ${SETTING[BIND_ADDRESS]} != 127.* ]] || return 0
	gateways=$(docker_ network inspect --format \
		'{{range .IPAM.Config}}{{println .Gateway}}{{end}}' \
		"${PROJECT}_edge" 2>/dev/null || :)
	# shellcheck disable=SC2086 # addresses
	"$TOOLS/trust.sh" "${SETTING[TRUSTED_PROXIES]}" $gateways
}

summary() {
	say ""
	say "$(site_url /) is up, kept in $DATA_DIR."
	say "'make status' shows the services, 'make credentials' the accounts."
	if ! getent hosts "$DOMAIN" >/dev/null 2>&1; then
		say "This machine does not know $DOMAIN yet: 'make hosts' adds it."
	fi
}

mode=${1:-}
case $mode in
up | bonus | build | rebuild | restart) ;;
*)
	sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

check_wanted_base
"$TOOLS/env.sh"
load_settings
use_engine --install
remember_choices
check_data_disk
[ "$mode" = build ] || "$TOOLS/ports.sh"
"$TOOLS/secrets.sh" passwords
open_data_dir
replace=$("$TOOLS/data.sh")
if [ "$mode" = build ]; then
	"$TOOLS/build.sh" --all
	exit 0
fi
repoint_volumes
if [ "$mode" = rebuild ]; then
	step "taking the stack down (data stays)"
	quietly "taking the stack down" compose_all down
	"$TOOLS/build.sh" --all
else
	"$TOOLS/build.sh"
fi
"$TOOLS/secrets.sh" ca
if [ "$mode" = restart ]; then
	step "stopping"
	quietly stopping compose_all stop
fi
remove_unused
replace_containers
remember_secrets
stamp
"$TOOLS/start.sh"
check_trust
summary
