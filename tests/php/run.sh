#!/bin/sh
# Runs the object cache's test in the test image, against a Redis that has the
# stack's own users and rights, and one who listens.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
users=$here/../../srcs/requirements/bonus/redis/conf/users.acl
work=$(mktemp -d)
port=16379
secret=object-cache-test
digest=$(printf %s "$secret" | sha256sum | cut -d ' ' -f 1)

finish() {
	pid=$(cat "$work/pid" 2>/dev/null || :)
	while [ -n "$pid" ] && kill "$pid" 2>/dev/null; do
		sleep 0.1
	done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

{
	sed -e "/^#/d" -e "s/@[A-Z_]*@/$digest/" "$users"
	# Hears what is reported under this test's prefix.
	echo "user listener reset on #$digest &*stack:report +subscribe"
} >"$work/users.acl"
redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$work" \
    --aclfile "$work/users.acl" --daemonize yes --pidfile "$work/pid" \
    --logfile "$work/log" >/dev/null
tries=0
until redis-cli -p "$port" --user health --pass any --no-auth-warning ping \
    2>/dev/null | grep -q PONG; do
	tries=$((tries + 1))
	[ "$tries" -lt 50 ] || { cat "$work/log"; exit 1; }
	sleep 0.1
done

REDIS_HOST=127.0.0.1 REDIS_PORT=$port REDIS_USER=wordpress \
    REDIS_PASSWORD=$secret php "$here/object-cache-test.php"
