#!/bin/bash
# Starts the services in use and waits until all of them are healthy, telling
# how far it is. On failure: the last lines of what failed, status 1. Services
# that run and did not change are left alone.
#
# usage: start.sh
#
# Environment: WAIT_SECONDS, the deadline.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings

WAIT_SECONDS=${WAIT_SECONDS:-180}
MAX_RESTARTS=5

declare -A seen=()

# Prints HEALTH of a status as `docker ps` words it.
health() {
	case $2 in
	*'(healthy)'*) echo healthy ;;
	*'(unhealthy)'*) echo unhealthy ;;
	*'(health: starting)'*) echo starting ;;
	*) [ "$1" = running ] && echo running || echo "$1" ;;
	esac
}

# Sets waiting to the services that are not healthy yet, each with its state.
look() {
	local service id state status now
	declare -A current=()
	while IFS=$'\t' read -r service id state status; do
		[ -n "$service" ] || continue
		current[$service]=$(health "$state" "$status")
	done <<<"$(containers)"
	waiting=()
	for service in $in_use; do
		now=${current[$service]:-absent}
		if [ "$now" = healthy ]; then
			if [ -z "${seen[$service]:-}" ]; then
				seen[$service]=1
				$quiet || say "    $service is healthy ($SECONDS s)"
			fi
		else
			unset "seen[$service]"
			waiting+=("$service")
			reason[$service]=$now
		fi
	done
}

# A container that ends again and again will not become healthy.
crash_looping() {
	local service id restarts
	for service in "${waiting[@]}"; do
		id=$(container_of "$service")
		[ -n "$id" ] || continue
		restarts=$(docker_ inspect --format '{{.RestartCount}}' "$id" 2>/dev/null) \
			|| continue
		restarts=$((restarts - ${restarts_before[$id]:-0}))
		if [ "$restarts" -ge "$MAX_RESTARTS" ]; then
			reason[$service]="ended and was restarted $restarts times"
			waiting=("$service")
			return 0
		fi
	done
	return 1
}

# What a person can do about what Compose says.
explain_compose() {
	if grep -qiE 'non-overlapping IPv4 address pool|fully subnetted' "$log"; then
		die "Docker has no address left for this stack's seven networks; remove" \
			"networks that nothing uses ('docker network prune'), or give Docker" \
			"more: \"default-address-pools\": [{\"base\": \"10.201.0.0/16\"," \
			"\"size\": 24}] in /etc/docker/daemon.json, restart Docker, run make again"
	fi
}

give_up() {
	local service id
	if [ "$1" = compose ] && [ -s "$log" ]; then
		tail -n 15 "$log" >&2
		explain_compose
	fi
	for service in "${waiting[@]}"; do
		id=$(container_of "$service")
		[ -n "$id" ] || continue
		case ${reason[$service]} in
		created | absent) continue ;;
		esac
		say "last lines of $service (${reason[$service]}):"
		docker_ logs --tail 15 "$id" 2>&1 | sed 's/^/    /' >&2 || :
	done
	local list=
	for service in "${waiting[@]}"; do
		list="$list${list:+, }$service (${reason[$service]})"
	done
	die "$2: ${list:-see above}; mend what its log says ('make logs S=SERVICE')," \
		"then run make again"
}

stop_compose() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || :
	rm -f "$log"
}

use_engine --find
in_use=$(services)
waiting=()
declare -A reason=()
quiet=true
before=$(containers | sort)
# Restarts of long ago do not count.
declare -A restarts_before=()
while IFS=$'\t' read -r _ id _; do
	[ -z "$id" ] || restarts_before[$id]=$(
		docker_ inspect --format '{{.RestartCount}}' "$id")
done <<<"$before"
look
quiet=false
all_well=true
if [ ${#waiting[@]} -gt 0 ]; then
	all_well=false
	step "starting: ${waiting[*]}"
fi

log=$(mktemp)
pid=
trap stop_compose EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
compose_used up -d --no-build >"$log" 2>&1 </dev/null 9<&- &
pid=$!
SECONDS=0
beat=0
until [ -z "$pid" ] && [ ${#waiting[@]} -eq 0 ]; do
	sleep 1
	if [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null; then
		status=0
		wait "$pid" || status=$?
		pid=
		look
		[ "$status" -eq 0 ] || give_up compose "Compose could not start everything"
	fi
	look
	if crash_looping; then
		give_up wait "a service does not stay up"
	fi
	if [ "$SECONDS" -ge "$WAIT_SECONDS" ]; then
		give_up wait "not healthy after $WAIT_SECONDS s"
	fi
	if [ $((SECONDS - beat)) -ge 15 ] && [ ${#waiting[@]} -gt 0 ]; then
		beat=$SECONDS
		say "    waiting for ${waiting[*]} ($SECONDS s)"
	fi
done
after=$(containers | sort)
if $all_well && [ "$(cut -f 1,2 <<<"$before")" = "$(cut -f 1,2 <<<"$after")" ]; then
	step "everything runs as it should; nothing to change"
fi
