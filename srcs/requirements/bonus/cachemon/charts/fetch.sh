#!/bin/sh
# usage: fetch.sh FOLDER
#
# uPlot, by npm, into FOLDER, when the image is built: exactly what
# package-lock.json names, by its digest. With CACHEMON_CHARTS=off FOLDER stays
# empty, and the page shows tables where it would draw.
set -eu

folder=$1
cd "$(dirname "$0")"
log=$(mktemp)
mkdir -p "$folder"

if [ "${CACHEMON_CHARTS:-on}" = off ]; then
	echo "charts: left out (CACHEMON_CHARTS=off)"
	exit 0
fi

# A proxy on the way may be vouched for by the host's store only: `make` puts
# that store here.
if [ -s host-certificates.crt ]; then
	NODE_EXTRA_CA_CERTS=$PWD/host-certificates.crt
	export NODE_EXTRA_CA_CERTS
fi

if ! npm ci --ignore-scripts --omit=dev --no-audit --no-fund \
    --no-update-notifier --fetch-retries=3 --fetch-retry-mintimeout=1000 \
    --fetch-retry-maxtimeout=5000 --fetch-timeout=20000 >"$log" 2>&1; then
	cat "$log" >&2
	if grep -q EINTEGRITY "$log"; then
		echo "charts: what npm's registry gave is not what" \
		    "package-lock.json names; it is not used" >&2
	else
		echo "charts: npm's registry could not be reached; see to it," \
		    "or build with CACHEMON_CHARTS=off" >&2
	fi
	exit 1
fi

cd node_modules/uplot
install -m 0644 dist/uPlot.iife.min.js dist/uPlot.min.css LICENSE "$folder"
echo "charts: uPlot $(sed -n 's/.*"version": "\(.*\)".*/\1/p' package.json)"
