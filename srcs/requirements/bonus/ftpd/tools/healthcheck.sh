#!/bin/sh
# Ready: ftpd says so itself. This also has the certificate looked at, once a
# day, and ftpd take a new one.
set -eu

if [ -n "${CA_KEY_FILE:-}" ]; then
	log=/proc/1/fd/2
	[ -w "$log" ] || log=/dev/null
	changed=$(certificate.sh due ftpd /var/lib/ftpcert/ftpd /tmp/ftpd \
		2>>"$log") || :
	[ "$changed" != changed ] || kill -HUP 1
fi

exec /usr/local/bin/ftpd --healthcheck
