#!/bin/sh
# Ready: Redis answers PING as the user health. While it loads its snapshot it
# answers an error instead.
set -eu

reply=$(timeout 3 redis-cli -h 127.0.0.1 -p "${REDIS_PORT:-6379}" --user health \
    --pass none --no-auth-warning PING 2>&1) || true
[ "$reply" = PONG ] || {
    echo "redis: $reply"
    exit 1
}
