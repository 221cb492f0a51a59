#!/bin/bash
# Lets this machine find DOMAIN_NAME: adds it to the hosts file, after asking.
#
# usage: hosts.sh
#
# Environment: FORCE=1 does not ask; HOSTS_FILE for another file.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings

HOSTS_FILE=${HOSTS_FILE:-/etc/hosts}
address=${SETTING[BIND_ADDRESS]}
[ "$address" != 0.0.0.0 ] || address=127.0.0.1
entry="$address	$DOMAIN"

present=$(awk -v domain="$DOMAIN" '
	{ sub(/#.*/, "") }
	{ for (i = 2; i <= NF; i++) if (tolower($i) == domain) { print $1; exit } }
' "$HOSTS_FILE")
if [ "$present" = "$address" ]; then
	say "$HOSTS_FILE has $DOMAIN at $address already."
	exit 0
fi
if [ -n "$present" ]; then
	die "$HOSTS_FILE has $DOMAIN at $present, not $address; correct that line by hand"
fi
if ! [ -w "$HOSTS_FILE" ]; then
	say "error: only root can change $HOSTS_FILE; type this:"
	say "    echo '$entry' | sudo tee -a $HOSTS_FILE"
	exit 1
fi
confirm "changing $HOSTS_FILE" "Add '$entry' to $HOSTS_FILE?"
# A last line without its end must not swallow the new one.
if [ -s "$HOSTS_FILE" ] && [ -n "$(tail -c 1 "$HOSTS_FILE")" ]; then
	echo >>"$HOSTS_FILE"
fi
printf '%s\n' "$entry" >>"$HOSTS_FILE"
say "Added. Open $(site_url /)."
