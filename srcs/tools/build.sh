#!/bin/bash
# Images: builds, through docker-compose.yml, those of the services in use that
# are missing or whose sources changed since they were built. DATA_DIR/.stack
# remembers what each image was built from.
#
# usage: build.sh [--all]    --all: also those that seem to be up to date
#
# Environment: JOBS, how many at a time; HOST_CERTIFICATES, the host's store of
# certificate authorities, where it is not in one of the usual places.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings

MIN_BUILD_MB=${MIN_BUILD_MB:-3072}
RECORD=$STATE/images
HEARTBEAT=20

dockerfile_of() {
	local folder=srcs/requirements
	case " ${BONUS[*]} " in
	*" $1 "*) folder=$folder/bonus ;;
	esac
	printf '%s/%s/%s' "$folder" "$1" "${SETTING[DOCKERFILE]}"
}

# Prints what a Dockerfile copies out of the repository.
copied() {
	awk '
		{ line = line $0 }
		/\\$/ { sub(/\\$/, " ", line); next }
		{ print line; line = "" }
	' "$1" | awk '
		toupper($1) == "COPY" && !/--from=/ {
			gsub(/[][",]/, " ")
			for (i = 2; i < NF; i++)
				if ($i !~ /^--/)
					print $i
		}' | sort -u
}

# One line that changes whenever the image would.
digest() {
	local dockerfile source files
	dockerfile=$(dockerfile_of "$1")
	(
		cd "$ROOT"
		printf '%s\n' "$TAG" "${SETTING[BASE]}" "$PROJECT"
		[ "$1" != cachemon ] || printf '%s\n' "$CHARTS"
		files=$(
			printf '%s\n' "$dockerfile" .dockerignore
			copied "$dockerfile" | while read -r source; do
				# A pattern is meant to match here.
				# shellcheck disable=SC2086
				find $source -path "services/build*" -prune -o \
					-type f ! -name '*.[od]' \
					! -name host-certificates.crt -print
			done
		)
		tr '\n' '\0' <<<"$files" | xargs -0 stat -c '%A %n'
		tr '\n' '\0' <<<"$files" | xargs -0 sha256sum
	) | sha256sum | cut -d ' ' -f 1
}

image_id() {
	docker_ image inspect --format '{{.Id}}' "$1:$TAG" 2>/dev/null || :
}

is_current() {
	local id
	id=$(image_id "$1")
	[ -n "$id" ] && grep -qsxF "$1 ${digests[$1]} $id" "$RECORD"
}

remember() {
	local new
	new=$(mktemp "$RECORD.XXXXXX")
	{
		[ ! -f "$RECORD" ] || grep -v "^$1 " "$RECORD" || :
		printf '%s %s %s\n' "$1" "${digests[$1]}" "$(image_id "$1")"
	} >"$new"
	mv "$new" "$RECORD"
}

# What a person can do about a failed build, from its log.
why() {
	if grep -qiE 'no space left on device' "$1"; then
		echo "the disk is full; free some space"
	elif grep -qiE 'temporary failure resolving|could not resolve|unable to resolve|no such host|temporary error|network (is )?unreachable|connection (timed out|refused|reset)|could not connect|unable to connect|failed to fetch|i/o timeout|TLS handshake timeout|bad address|unable to select packages' "$1"; then
		echo "a package mirror or download could not be reached; check the network and its name resolution"
	elif grep -qiE 'toomanyrequests|pull access denied|manifest unknown' "$1"; then
		echo "the registry did not give the base image; wait, or 'docker load' it"
	else
		echo "see the lines above"
	fi
}

# The host's certificate authorities, for cachemon's build, which asks npm's
# registry: a proxy on the way may be vouched for by them alone. They reach a
# stage of the build that no image keeps; git ignores the copy.
lend_certificates() {
	local from to=$ROOT/srcs/requirements/bonus/cachemon/charts
	to=$to/host-certificates.crt
	for from in "${HOST_CERTIFICATES:-}" "${NODE_EXTRA_CA_CERTS:-}" \
		"${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt \
		/etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem \
		/etc/ssl/cert.pem; do
		[ -s "$from" ] && [ -r "$from" ] || continue
		cmp -s "$from" "$to" || ! install -m 0644 "$from" "$to" || own "$to"
		return 0
	done
}

# A stack that comes up is worth more than its charts: where npm's registry
# cannot be reached, the page is built with tables. The image is not taken note
# of, so that the next `make` tries again.
without_charts() {
	[ "$1" = cachemon ] && [ "$CHARTS" = on ] \
		&& grep -qF "charts: npm's registry could not be reached" "$logs/$1" \
		|| return 1
	say "    npm's registry cannot be reached: cachemon is built without uPlot," \
		"its page shows tables instead of charts, and the next make tries" \
		"again (CACHEMON_CHARTS=off in $(env_path) if that is to stay so)"
	CHARTS=missing
	launch "$1" --build-arg CACHEMON_CHARTS=off
}

check_disk() {
	local root free
	root=$(docker_ info --format '{{.DockerRootDir}}' 2>/dev/null)
	[ -d "$root" ] || return 0
	free=$(free_mb "$root")
	[ "$free" -ge "$MIN_BUILD_MB" ] || die "building needs $MIN_BUILD_MB MB free in" \
		"$root, which has $free MB; free some space, then run make again"
}

# ---- Several at a time --------------------------------------------------------

declare -A digests=() pids=() started=()

# launch SERVICE [OPTIONS of compose build]
launch() {
	started[$1]=$SECONDS
	step "building $1"
	PYTHONUNBUFFERED=1 compose_all build "${@:2}" "$1" >"$logs/$1" 2>&1 </dev/null 9<&- &
	pids[$1]=$!
}

# Ends what still builds. The engine's classic builder leaves the container of
# a broken-off step and nameless images of its stages: the one goes at once, the
# others, which make the next build fast, with `make clean`.
stop_builds() {
	local pid left
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null || :
	done
	[ ${#pids[@]} -eq 0 ] || wait "${pids[@]}" 2>/dev/null || :
	left=$(awk '
		/---> Running in [0-9a-f]+$/ { open[$NF] = 1 }
		/^Removing intermediate container / { delete open[$NF] }
		END { for (id in open) print id }' "$logs"/*)
	# shellcheck disable=SC2086
	[ -z "$left" ] || docker_ rm -f $left >/dev/null 2>&1 || :
	sed -n 's/^ ---> \([0-9a-f]\{12\}\)$/\1/p' "$logs"/* >>"$STATE/stages"
	sort -u -o "$STATE/stages" "$STATE/stages"
	rm -rf "$logs"
}

# Takes note of the builds that have ended.
reap() {
	local service status
	for service in "${!pids[@]}"; do
		! kill -0 "${pids[$service]}" 2>/dev/null || continue
		status=0
		wait "${pids[$service]}" || status=$?
		unset "pids[$service]"
		[ "$status" -eq 0 ] || ! without_charts "$service" || continue
		if [ "$status" -ne 0 ] || [ -z "$(image_id "$service")" ]; then
			say "last lines of the build of $service:"
			grep -v 'uses an undefined secret file' "$logs/$service" | tail -n 30 >&2
			die "the image $service could not be built: $(why "$logs/$service")," \
				"then run make again (nothing was started)"
		fi
		[ "$service-$CHARTS" = cachemon-missing ] || remember "$service"
		done_count=$((done_count + 1))
		say "    built $service in $((SECONDS - started[$service])) s" \
			"($done_count of $total)"
	done
}

heartbeat() {
	local service
	for service in "${!pids[@]}"; do
		say "    still building $service ($((SECONDS - started[$service])) s):" \
			"$(tail -n 1 "$logs/$service" | tr -d '\r' | cut -c 1-90)"
	done
}

CHARTS=${SETTING[CACHEMON_CHARTS]:-on}
use_engine --find
stale=()
for service in $(services); do
	dockerfile=$(dockerfile_of "$service")
	[ -f "$ROOT/$dockerfile" ] || die "$dockerfile is missing;" \
		"get it back with 'git checkout $dockerfile'"
	digests[$service]=$(digest "$service")
	if [ "${1:-}" = --all ] || ! is_current "$service"; then
		stale+=("$service")
	fi
done
[ ${#stale[@]} -gt 0 ] || exit 0

check_disk
"$TOOLS/base-image.sh" "${SETTING[BASE]}"
[[ " ${stale[*]} " != *" cachemon "* ]] || lend_certificates
cores=$(nproc 2>/dev/null || echo 1)
JOBS=${JOBS:-$((cores < 2 ? 1 : 2))}
# The longest first. The daemons share their first steps: the other three come
# when the first has done them.
ordered=()
for service in wordpress ftpd adminer mariadb nginx redis staticd cachemon exporter; do
	case " ${stale[*]} " in
	*" $service "*) ordered+=("$service") ;;
	esac
done
total=${#ordered[@]} done_count=0 beat=$SECONDS
step "images to build on ${SETTING[BASE]}, $JOBS at a time: ${ordered[*]}" \
	"(minutes the first time, seconds later)"
logs=$(mktemp -d)
trap stop_builds EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
for service in "${ordered[@]}"; do
	while [ ${#pids[@]} -ge "$JOBS" ]; do
		sleep 0.5
		reap
		if [ $((SECONDS - beat)) -ge $HEARTBEAT ]; then
			heartbeat
			beat=$SECONDS
		fi
	done
	launch "$service"
done
while [ ${#pids[@]} -gt 0 ]; do
	sleep 0.5
	reap
	if [ $((SECONDS - beat)) -ge $HEARTBEAT ]; then
		heartbeat
		beat=$SECONDS
	fi
done
