#!/bin/sh
# Makes the data folder when there is none, writes configuration and accounts
# into /tmp and becomes mariadbd. The accounts (conf/init.sql) are applied at
# every start, so a changed secret takes effect at the next one.
set -eu
umask 077

run=/tmp/mariadb
volume=/var/lib/mysql
data=$volume/data

say() {
    echo "mariadb: $*" >&2
}

die() {
    say "$@"
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

# name NAME VALUE: the identifier is one that needs no quoting anywhere
name() {
    case $2 in
    '' | *[!A-Za-z0-9_]*) die "$1: '$2' must consist of letters, digits and _" ;;
    esac
}

# branch VERSION: major and minor as one number, 10.11.19 -> 1011
branch() {
    echo "$1" | awk -F. '{ printf "%d%02d\n", $1, $2 }'
}

port=${MARIADB_PORT:-3306}
case $port in
*[!0-9]* | 0*) die "MARIADB_PORT: '$port' is not a port number" ;;
esac
[ "$port" -le 65535 ] || die "MARIADB_PORT: '$port' is not a port number"

pool=${MARIADB_BUFFER_POOL:-128M}
printf '%s\n' "$pool" | grep -Eqi '^[1-9][0-9]*[kmg]?$' ||
    die "MARIADB_BUFFER_POOL: '$pool' is not a size such as 128M"

database=${MYSQL_DATABASE:-}
user=${MYSQL_USER:-}
name MYSQL_DATABASE "$database"
name MYSQL_USER "$user"
case $database in
stack | mysql | sys | information_schema | performance_schema)
    die "MYSQL_DATABASE: '$database' is taken by the server; choose another name" ;;
esac
case $user in
root | health | exporter | ftpd | stack_definer | mysql)
    die "MYSQL_USER: '$user' is an account of the stack; choose another name" ;;
esac

root_secret=$(secret MARIADB_ROOT_PASSWORD_FILE)
user_secret=$(secret MARIADB_PASSWORD_FILE)
health_secret=$(secret MARIADB_HEALTH_PASSWORD_FILE)
exporter_secret=$(secret MARIADB_EXPORTER_PASSWORD_FILE)
ftpd_secret=$(secret MARIADB_FTPD_PASSWORD_FILE)

[ -w "$volume" ] || die "$volume is not writable by uid $(id -u); see the owner of the volume's folder"

mkdir -p "$run"
rm -rf "$volume/tmp"
mkdir "$volume/tmp"
sed -e "s/@PORT@/$port/" -e "s/@BUFFER_POOL@/$pool/" \
    /etc/stack/server.cnf >"$run/server.cnf"

# One statement per line, @NAMES@ filled in. Secrets may hold any character:
# they go through the environment of awk, are quoted for SQL there and put in
# by position, so that nothing in them is taken for a name or a pattern.
DATABASE=$database USER=$user ROOT_SECRET=$root_secret \
    USER_SECRET=$user_secret HEALTH_SECRET=$health_secret \
    EXPORTER_SECRET=$exporter_secret FTPD_SECRET=$ftpd_secret \
    awk -f /etc/stack/statements.awk /etc/stack/init.sql >"$run/init.sql"

HEALTH_SECRET=$health_secret awk 'BEGIN {
    value = ENVIRON["HEALTH_SECRET"]
    gsub(/["\\]/, "\\\\&", value)
    printf "[client]\nuser=health\npassword=\"%s\"\n", value
    printf "socket=/tmp/mariadb/mysqld.sock\nskip-ssl\n"
}' >"$run/health.cnf"

# Data of a newer branch cannot be read by an older server: say so, rather than
# let it fail half way. Older data are taken over as they are: the server
# upgrades InnoDB itself, and all that this stack uses of the system tables is
# the same from 10.11 on.
version=$(mariadbd --version | sed -E 's/.*Ver ([0-9]+\.[0-9]+\.[0-9]+).*/\1/')
if [ -d "$data" ] && [ -s "$data/stack-version" ]; then
    stamp=$(cat "$data/stack-version")
    [ "$(branch "$stamp")" -le "$(branch "$version")" ] ||
        die "the data are of MariaDB $stamp, this is $version, and MariaDB cannot go back; use the base that wrote them (BASE=), or restore a backup into an empty data folder"
    [ "$(branch "$stamp")" -eq "$(branch "$version")" ] ||
        say "data of MariaDB $stamp, now used by $version"
fi

# Made aside and renamed when complete: whatever stops this half way, the next
# start begins anew. mariadb-install-db feeds the package's own system tables
# to mariadbd --bootstrap; "cross" leaves out the accounts of this host's name.
if [ ! -d "$data" ]; then
    say "making the data folder"
    rm -rf "$volume/init"
    if ! mariadb-install-db --defaults-file="$run/server.cnf" \
        --datadir="$volume/init" --auth-root-authentication-method=normal \
        --cross-bootstrap --skip-test-db >"$run/install.log" 2>&1; then
        grep -i error "$run/install.log" >&2 || cat "$run/install.log" >&2
        rm -rf "$volume/init"
        die "the data folder could not be made; the reason is above (a full disk?)"
    fi
    echo "$version" >"$volume/init/stack-version"
    mv "$volume/init" "$data"
fi
if [ "$(cat "$data/stack-version" 2>/dev/null)" != "$version" ]; then
    echo "$version" >"$data/stack-version.new"
    mv "$data/stack-version.new" "$data/stack-version"
fi

# InnoDB ends the server when there is no room even to undo a change, and a full
# disk would then hold up every start. So some room is kept back: given up by a
# start that finds the disk full, made again when there is plenty.
reserve=$volume/reserve
free=$(df -Pm "$volume" | awk 'NR == 2 { print $4 }')
if [ -e "$reserve" ] && [ "$free" -lt 32 ]; then
    rm -f "$reserve"
    say "the disk of the data folder is full: the reserve of 48 MiB is given up so that the site runs on; make room soon"
elif [ ! -e "$reserve" ] && [ "$free" -ge 192 ]; then
    if dd if=/dev/zero of="$reserve.new" bs=1M count=48 2>/dev/null; then
        mv -f "$reserve.new" "$reserve"
    else
        rm -f "$reserve.new"
    fi
fi

exec mariadbd --defaults-file="$run/server.cnf" --init-file="$run/init.sql"
