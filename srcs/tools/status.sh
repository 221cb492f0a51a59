#!/bin/bash
# One table of the services: state, health, memory, uptime, URL. Status 0 if all
# services in use are healthy, else 1.
#
# usage: status.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings
use_engine --find

url() {
	case $1 in
	nginx) site_url / ;;
	wordpress) site_url /wp-admin/ ;;
	adminer) site_url /adminer/ ;;
	staticd) site_url /site/ ;;
	cachemon) site_url /cache/ ;;
	exporter) site_url /metrics ;;
	ftpd) printf 'ftp://%s:%s (explicit TLS)' "$DOMAIN" "${SETTING[FTP_PORT]}" ;;
	*) printf -- '-' ;;
	esac
}

line='%-10s %-10s %-10s %-9s %-14s %s\n'
table=$(containers)
ids=$(awk -F '\t' '$3 == "running" { print $2 }' <<<"$table")
memory=
if [ -n "$ids" ]; then
	# shellcheck disable=SC2086
	memory=$(docker_ stats --no-stream --no-trunc --format '{{.ID}} {{.MemUsage}}' \
		$ids 2>/dev/null || :)
fi
wanted=$(services)
all_well=0
# shellcheck disable=SC2059
printf "$line" SERVICE STATE HEALTH MEMORY UPTIME URL
for service in "${CORE[@]}" "${BONUS[@]}"; do
	IFS=$'\t' read -r _ id state status \
		<<<"$(awk -F '\t' -v s="$service" '$1 == s { print; exit }' <<<"$table")"
	if [ -z "$id" ]; then
		grep -qx "$service" <<<"$wanted" || continue
		all_well=1
		# shellcheck disable=SC2059
		printf "$line" "$service" absent - - - "$(url "$service")"
		continue
	fi
	health=- uptime=-
	case $status in
	*'(healthy)'*) health=healthy ;;
	*'(unhealthy)'*) health=unhealthy ;;
	*'(health: starting)'*) health=starting ;;
	esac
	[ "$state/$health" = running/healthy ] || all_well=1
	if [ "$state" = running ]; then
		uptime=${status#Up }
		uptime=${uptime% (*}
	fi
	used=$(awk -v id="$id" '$1 == id { print $2 }' <<<"$memory")
	# shellcheck disable=SC2059
	printf "$line" "$service" "$state" "$health" "${used:--}" "$uptime" \
		"$(url "$service")"
done
exit $all_well
