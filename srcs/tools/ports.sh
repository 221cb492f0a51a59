#!/bin/bash
# Ports: checks before anything starts that the ports to be opened are free. A
# port that this stack itself has open is fine. One line for each that is taken:
# which, by whom, how to mend it.
#
# usage: ports.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings
use_engine --find

# Prints ADDRESS PORT for each listening TCP socket; * for all addresses.
listening() {
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '
		function number(hex,	i, n) {
			n = 0
			for (i = 1; i <= length(hex); i++)
				n = n * 16 + index("0123456789ABCDEF", substr(hex, i, 1)) - 1
			return n
		}
		$4 == "0A" {
			split($2, part, ":")
			a = part[1]
			if (a ~ /^0+$/)
				address = "*"
			else
				address = number(substr(a, 7, 2)) "." number(substr(a, 5, 2)) \
				    "." number(substr(a, 3, 2)) "." number(substr(a, 1, 2))
			if (length(a) == 8 || address == "*")
				print address, number(part[2])
		}'
}

# Prints ADDRESS PORT PROJECT NAME for each port that containers have published.
published() {
	docker_ ps --format '{{.Ports}}|{{.Label "com.docker.compose.project"}} {{.Names}}' \
		| awk -F '|' '{
			n = split($1, item, ", ")
			for (i = 1; i <= n; i++) {
				if (!match(item[i], /^[0-9.]+:[0-9-]+->.*\/tcp$/))
					continue
				split(item[i], side, "->")
				colon = index(side[1], ":")
				address = substr(side[1], 1, colon - 1)
				if (address == "0.0.0.0")
					address = "*"
				if (split(substr(side[1], colon + 1), range, "-") < 2)
					range[2] = range[1]
				for (port = range[1] + 0; port <= range[2] + 0; port++)
					print address, port, $2
			}
		}'
}

# conflicts ADDRESS: this address and the one to bind cannot both be had.
conflicts() {
	[ "$1" = '*' ] || [ "${SETTING[BIND_ADDRESS]}" = 0.0.0.0 ] \
		|| [ "$1" = "${SETTING[BIND_ADDRESS]}" ]
}

# The program that listens on a port, as far as this user may know.
holder() {
	command -v ss >/dev/null || return 0
	ss -Hltnp "sport = :$1" 2>/dev/null \
		| sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1, pid \2/p' | head -n 1
}

# check NAME PORT
check() {
	local address port project container who
	while read -r address port project container; do
		if [ "$port" != "$2" ] || ! conflicts "$address"; then
			continue
		fi
		if [ -z "$container" ]; then
			container=$project project=
		fi
		[ "$project" != "$PROJECT" ] || return 0
		taken "$1" "$2" "the container $container"
		return 0
	done <<<"$published"
	while read -r address port; do
		if [ "$port" != "$2" ] || ! conflicts "$address"; then
			continue
		fi
		who=$(holder "$2")
		taken "$1" "$2" "${who:-another program on this machine}"
		return 0
	done <<<"$listening"
}

taken() {
	fault "port $2 is taken by $3; stop that, or set $1 in $(env_path) to another port"
}

published=$(published)
listening=$(listening)
check HTTPS_PORT "${SETTING[HTTPS_PORT]}"
if [ "${SETTING[COMPOSE_PROFILES]}" = bonus ]; then
	check FTP_PORT "${SETTING[FTP_PORT]}"
	for ((port = SETTING[FTP_PASV_MIN]; port <= SETTING[FTP_PASV_MAX]; port++)); do
		check 'FTP_PASV_MIN and FTP_PASV_MAX' "$port"
	done
fi
if [ ${#FAULTS[@]} -gt 0 ]; then
	printf 'error: %s\n' "${FAULTS[@]}" >&2
	exit 1
fi
