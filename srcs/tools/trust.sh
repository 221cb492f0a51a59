#!/bin/bash
# Warns of entries of TRUSTED_PROXIES by which visitors, too, could say what
# their address is, and so get around every limit for each address.
#
# usage: trust.sh LIST [GATEWAY...]
#     LIST     the setting
#     GATEWAY  addresses of the host in the stack's networks (IPv4 counts)
set -euo pipefail

warn() {
	printf "warning: TRUSTED_PROXIES: %s\n" "$*" >&2
}

# number ADDRESS: an IPv4 address as one number; fails for anything else
number() {
	local parts part n=0
	[[ $1 =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}$ ]] || return 1
	IFS=. read -ra parts <<<"$1"
	for part in "${parts[@]}"; do
		n=$((n * 256 + 10#$part))
	done
	echo "$n"
}

# covers ADDRESS BITS OTHER: is OTHER in the network?
covers() {
	local one other
	one=$(number "$1") && other=$(number "$3") || return 1
	[ $((one >> (32 - $2))) -eq $((other >> (32 - $2))) ]
}

list=$1
shift
for entry in $list; do
	address=${entry%%/*}
	bits=32
	[[ $entry != */* ]] || bits=$((10#${entry#*/}))
	few=8
	[[ $entry != *:* ]] || few=16
	if [ "$bits" -eq 0 ]; then
		warn "'$entry' is everybody: each visitor can claim any address;" \
			"name your proxy's own address"
		continue
	elif [ "$bits" -lt $few ]; then
		warn "'$entry' is a large part of the Internet, which then can claim" \
			"any address; name your proxy's own address"
	fi
	for gateway; do
		[ "$bits" -le 32 ] && covers "$address" "$bits" "$gateway" || continue
		warn "'$entry' holds $gateway, Docker's gateway: whom Docker hands on" \
			"under that address (over IPv6, from this machine, rootless) can" \
			"claim any address. If your proxy runs on this machine, set" \
			"BIND_ADDRESS=127.0.0.1; else name its own address"
	done
done
