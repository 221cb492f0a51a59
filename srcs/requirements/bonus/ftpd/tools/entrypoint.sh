#!/bin/sh
# Sees to ftpd's certificate, then becomes ftpd. The key and certificate are
# ftpd's own, signed by the local CA, unless a person brought others.
set -eu

fail() {
	echo "ftpd: $1" >&2
	exit 2
}

FOLDER=/var/lib/ftpcert
WORK=/tmp/ftpd

# Only the daemon itself needs a certificate. Without a CA, FTPD_CERT and
# FTPD_KEY must name one.
if [ $# -eq 0 ] && [ -n "${CA_KEY_FILE:-}" ]; then
	case ${DOMAIN_NAME:-} in
	'' | *[!A-Za-z0-9.-]*)
		fail "DOMAIN_NAME: '${DOMAIN_NAME:-}' is no host name" ;;
	esac
	[ -s "${CA_CERT_FILE:-}" ] ||
		fail "CA_CERT_FILE: '${CA_CERT_FILE:-}' is missing or empty; make the secrets again"
	[ -s "$CA_KEY_FILE" ] ||
		fail "CA_KEY_FILE: '$CA_KEY_FILE' is missing or empty; make the secrets again"
	[ -w "$FOLDER" ] ||
		fail "$FOLDER cannot be written; the volume has to belong to this user"
	rm -rf "$WORK"
	mkdir -m 0700 "$WORK"
	certificate.sh start ftpd "$FOLDER/ftpd" "$WORK" >/dev/null || exit 2
fi

exec /usr/local/bin/ftpd "$@"
