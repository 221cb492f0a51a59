#!/bin/sh
# Ready: a request over TLS, which nginx passes on to its own status listener,
# is answered. One question for both listeners, and the openssl that the entry
# point needs anyway is the only client that both bases have.
set -eu

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
