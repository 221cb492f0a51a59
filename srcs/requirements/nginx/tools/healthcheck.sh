#!/bin/sh
# Ready: a request over TLS, which nginx passes on to its own status listener,
# is answered. One question for both listeners, and the openssl that the entry
# point needs anyway is the only client that both bases have.
#
# It also has the certificate looked at, once a day, and nginx take a new one.
set -eu

log=/proc/1/fd/2
[ -w "$log" ] || log=/dev/null
changed=$(certificate.sh due nginx /var/lib/certs/server /tmp/nginx 2>>"$log") || :
[ "$changed" != changed ] || kill -HUP 1

answer=$(printf 'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n' |
    timeout 4 openssl s_client -quiet \
        -connect "127.0.0.1:${HTTPS_PORT:-443}" \
        -servername "$DOMAIN_NAME" 2>/dev/null) || true
case $answer in
"HTTP/1."?" 200"*) ;;
*)
    echo "nginx: no answer on port ${HTTPS_PORT:-443}: $answer"
    exit 1
    ;;
esac
