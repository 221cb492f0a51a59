#!/bin/sh
# Checks the settings, writes configuration and ACL into /tmp and becomes
# redis-server. Secrets reach the ACL file as SHA-256 only.
set -eu
umask 077

run=/tmp/redis
data=/var/lib/redis

die() {
    echo "redis: $*" >&2
    exit 2
}

# secret NAME: the one line in the file which the variable NAME names
secret() {
    eval "file=\${$1:-}"
    [ -n "$file" ] || die "$1 is not set: it must name the file with the secret"
    [ -r "$file" ] || die "$1: cannot read $file; is the secret granted to this service, its file 0444?"
    [ "$(wc -l <"$file")" -le 1 ] || die "$1: $file has more than one line; write the secret as one line"
    value=$(cat "$file")
    [ -n "$value" ] || die "$1: $file is empty; remove it from secrets/ and run make, which makes a new one"
    printf '%s' "$value"
}

digest() {
    value=$(secret "$1")
    printf '%s' "$value" | sha256sum | cut -d ' ' -f 1
}

port=${REDIS_PORT:-6379}
case $port in
*[!0-9]* | 0*) die "REDIS_PORT: '$port' is not a port number" ;;
esac
[ "$port" -le 65535 ] || die "REDIS_PORT: '$port' is not a port number"

maxmemory=${REDIS_MAXMEMORY:-64mb}
printf '%s\n' "$maxmemory" | grep -Eqi '^[1-9][0-9]*([kmg]b?)?$' ||
    die "REDIS_MAXMEMORY: '$maxmemory' is not a size such as 64mb"

[ -w "$data" ] || die "$data is not writable by uid $(id -u); see the owner of the volume's folder"

wordpress=$(digest REDIS_WORDPRESS_PASSWORD_FILE)
cachemon=$(digest REDIS_CACHEMON_PASSWORD_FILE)
actions=$(digest REDIS_CACHEMON_ACTIONS_PASSWORD_FILE)
exporter=$(digest REDIS_EXPORTER_PASSWORD_FILE)

mkdir -p "$run"
sed -e "s/@PORT@/$port/" -e "s/@MAXMEMORY@/$maxmemory/" \
    /etc/stack/redis.conf >"$run/redis.conf"
sed -e '/^#/d' -e "s/@WORDPRESS@/$wordpress/" -e "s/@CACHEMON@/$cachemon/" \
    -e "s/@CACHEMON_ACTIONS@/$actions/" -e "s/@EXPORTER@/$exporter/" \
    /etc/stack/users.acl >"$run/users.acl"

# A snapshot that Redis cannot read (damaged, or of a newer version) would stop
# it at every start. It is only a cache: put it aside and start cold.
rm -f "$data"/temp-*.rdb
if [ -e "$data/dump.rdb" ] &&
    ! redis-check-rdb "$data/dump.rdb" >"$run/check.log" 2>&1; then
    mv -f "$data/dump.rdb" "$data/dump.rdb.unreadable"
    echo "redis: dump.rdb cannot be read, kept as dump.rdb.unreadable; starting with an empty cache" >&2
fi

exec redis-server "$run/redis.conf"
