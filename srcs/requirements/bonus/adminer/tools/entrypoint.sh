#!/bin/sh
# Checks the settings and becomes php-fpm.
set -eu
umask 077

die() {
    echo "adminer: $*" >&2
    exit 2
}

# port NAME VALUE
port() {
    case $2 in
    *[!0-9]* | 0* | ??????*) die "$1: '$2' is not a port number" ;;
    esac
    [ "$2" -le 65535 ] || die "$1: '$2' is not a port number"
}

ADMINER_PORT=${ADMINER_PORT:-9000}
DB_HOST=${DB_HOST:-mariadb}
DB_PORT=${DB_PORT:-3306}
export ADMINER_PORT DB_HOST DB_PORT
port ADMINER_PORT "$ADMINER_PORT"
port DB_PORT "$DB_PORT"
case $DB_HOST in
*[!A-Za-z0-9._-]*) die "DB_HOST: '$DB_HOST' is not a host name" ;;
esac

mkdir -p /tmp/adminer
exec "$PHP_FPM" -F -c /etc/stack/php.ini -y /etc/stack/fpm.conf
