#!/bin/sh
# Makes the site's volume ready, then becomes php-fpm. It runs as the user
# `wordpress` from the first line on and changes no owner.
#
#   php-fpm         the service (default)
#   anything else   is run instead, e.g. a shell in a one-off container
#
# Exit status: 2 settings or secrets are wrong, 1 anything else.
set -eu
umask 022

SITE=/var/www/html
SHARE=/usr/local/share/wordpress
CORE=/usr/src/wordpress
CONF=/usr/local/etc/wordpress
export RUN_DIR="${RUN_DIR:-/tmp/wordpress}"

# In the volume. The stage is there while WordPress is being unpacked, the mark
# says that it is complete and which version the image brought.
STAGE="$SITE/.stack-unpacking"
MARK="$SITE/.stack-unpacked"

DROPIN="$SITE/wp-content/object-cache.php"
DROPIN_MARK='Stack-Drop-In: object-cache'

say() {
	printf 'wordpress: %s\n' "$*" >&2
}

die() {
	status=$1
	shift
	say "$*"
	exit "$status"
}

# --- settings and secrets: every fault is reported, nothing is begun ---------

faults=0

fault() {
	say "$*"
	faults=$((faults + 1))
}

check_secret() {
	name=$1 file=
	eval "file=\${$name:-}"
	if [ -z "$file" ]; then
		fault "$name is not set: name the file that holds the secret"
	elif [ ! -r "$file" ]; then
		fault "$name: $file is missing or not readable; run 'make' to create the secrets"
	elif [ -z "$(tr -d '\r\n' <"$file")" ]; then
		fault "$name: $file is empty; write the secret into secrets/$(basename "$file").txt and run 'make'"
	fi
}

check_port() {
	name=$1 value=
	eval "value=\${$name:-}"
	case $value in
	'' | *[!0-9]* | ??????*) fault "$name: '$value' is not a port number; correct it in srcs/.env" ;;
	*)
		if [ "$value" -lt 1 ] || [ "$value" -gt 65535 ]; then
			fault "$name: '$value' is not a port number; correct it in srcs/.env"
		fi
		;;
	esac
}

check_user() {
	name=$1 login='' email=''
	eval "login=\${$name:-} email=\${${name}_EMAIL:-}"
	case $login in
	'' | *[!A-Za-z0-9._@-]*)
		fault "$name: '$login' is not a login name (letters, digits, . _ @ -); correct it in srcs/.env" ;;
	esac
	if [ "${#login}" -gt 60 ]; then
		fault "$name: longer than 60 characters; correct it in srcs/.env"
	fi
	case $email in
	*[[:space:]]* | *@*@* | @* | *@ | *@.* | *.) bad=1 ;;
	*@*.*) bad=0 ;;
	*) bad=1 ;;
	esac
	if [ "$bad" = 1 ]; then
		fault "${name}_EMAIL: '$email' is not an e-mail address; correct it in srcs/.env"
	fi
}

lower() {
	printf '%s' "$1" | tr '[:upper:]' '[:lower:]'
}

check_settings() {
	export HTTPS_PORT="${HTTPS_PORT:-443}"
	export PHP_FPM_PORT="${PHP_FPM_PORT:-9000}"
	export PHP_FPM_STATUS_PORT="${PHP_FPM_STATUS_PORT:-9001}"
	export DB_HOST="${DB_HOST:-mariadb}"
	export DB_PORT="${DB_PORT:-${MARIADB_PORT:-3306}}"
	export MYSQL_DATABASE="${MYSQL_DATABASE:-wordpress}"
	export MYSQL_USER="${MYSQL_USER:-wordpress}"
	export OBJECT_CACHE="${OBJECT_CACHE:-off}"
	export REDIS_PORT="${REDIS_PORT:-6379}"

	case ${DOMAIN_NAME:-} in
	'' | *[!A-Za-z0-9.-]* | .* | -* | *. | *..*)
		fault "DOMAIN_NAME: '${DOMAIN_NAME:-}' is not a host name; correct it in srcs/.env" ;;
	esac
	for port in HTTPS_PORT PHP_FPM_PORT PHP_FPM_STATUS_PORT DB_PORT REDIS_PORT; do
		check_port "$port"
	done
	if [ "$PHP_FPM_PORT" = "$PHP_FPM_STATUS_PORT" ]; then
		fault "PHP_FPM_PORT and PHP_FPM_STATUS_PORT are the same; correct one in srcs/.env"
	fi
	case $OBJECT_CACHE in
	on | off) ;;
	*) fault "OBJECT_CACHE: '$OBJECT_CACHE' is neither on nor off" ;;
	esac
	case ${PHP_FPM_MAX_CHILDREN:-4} in
	*[!0-9]* | 0 | 1 | 2 | 3 | ?????*) fault "PHP_FPM_MAX_CHILDREN: give a number from 4 to 9999, or nothing" ;;
	esac

	check_user WP_OWNER
	check_user WP_EDITOR
	case $(lower "${WP_OWNER:-}") in
	*admin*) fault "WP_OWNER: '$WP_OWNER' contains 'admin', which attackers try first; choose another name in srcs/.env" ;;
	esac
	if [ "$(lower "${WP_OWNER:-}")" = "$(lower "${WP_EDITOR:-}")" ]; then
		fault "WP_OWNER and WP_EDITOR are the same; choose two names in srcs/.env"
	fi
	if [ "$(lower "${WP_OWNER_EMAIL:-}")" = "$(lower "${WP_EDITOR_EMAIL:-}")" ]; then
		fault "WP_OWNER_EMAIL and WP_EDITOR_EMAIL are the same; WordPress wants two addresses: see srcs/.env"
	fi

	for secret in DB_PASSWORD_FILE WP_SALTS_FILE WP_OWNER_PASSWORD_FILE WP_EDITOR_PASSWORD_FILE; do
		check_secret "$secret"
	done
	if [ "$OBJECT_CACHE" = on ]; then
		check_secret REDIS_PASSWORD_FILE
	fi
	if [ -n "${SMTP_SERVER:-}" ] && [ -n "${SMTP_USER:-}" ]; then
		check_secret SMTP_PASSWORD_FILE
	fi
	[ "$faults" = 0 ] || exit 2

	[ -w "$SITE" ] ||
		die 1 "$SITE cannot be written by uid $(id -u): the data folder has the wrong owner; run 'make' to have it checked"
	(umask 077 && mkdir -p "$RUN_DIR" "$RUN_DIR/cache") ||
		die 1 "$RUN_DIR cannot be made: the container needs a tmpfs on /tmp"
}

# --- WordPress into the volume ----------------------------------------------

# An entry of the stage takes its place by a rename, so a file is either
# complete or not there, whenever the container is killed.
place() {
	if [ -e "$2" ] || [ -h "$2" ]; then
		rm -rf "$2"
	fi
	mv "$1" "$2"
}

# A wp-content that is there already (put back from a backup, sent by FTP)
# keeps what it has and gets the rest.
place_content() {
	for folder in "$STAGE/wp-content"/*/; do
		name=$(basename "$folder")
		mkdir -p "$SITE/wp-content/$name"
		for entry in "$folder"*; do
			target="$SITE/wp-content/$name/$(basename "$entry")"
			[ ! -e "$entry" ] || [ -e "$target" ] || mv "$entry" "$target"
		done
	done
	for entry in "$STAGE/wp-content"/*.php; do
		target="$SITE/wp-content/$(basename "$entry")"
		[ ! -e "$entry" ] || [ -e "$target" ] || mv "$entry" "$target"
	done
}

core_version() {
	sed -n "s/^\\\$wp_version = '\\(.*\\)';.*/\\1/p" "$1/wp-includes/version.php" 2>/dev/null || :
}

unpack() {
	# Begun by us and not finished: whatever of WordPress is there is ours.
	if [ ! -d "$STAGE" ]; then
		for entry in "$CORE"/*; do
			name=$(basename "$entry")
			if [ "$name" != wp-content ] && [ -e "$SITE/$name" ]; then
				die 1 "the site's folder has a $name but is not a complete WordPress; put it right from a backup, or empty it"
			fi
		done
	else
		say 'unpacking was interrupted; beginning again'
		rm -rf "${STAGE:?}"/*
	fi
	say "unpacking WordPress $(core_version "$CORE")"
	# cp would print a line for each of three thousand files.
	if ! { mkdir -p "$STAGE" && cp -r "$CORE/." "$STAGE/"; } 2>/dev/null; then
		free=$(df -Pm "$SITE" | sed -n '2s/^[^ ]* *[^ ]* *[^ ]* *\([0-9]*\) .*/\1/p')
		die 1 "WordPress cannot be unpacked into $SITE, which has ${free:-?} MiB left: make room (100 MiB) and start again"
	fi
	for entry in "$STAGE"/*; do
		name=$(basename "$entry")
		if [ "$name" = wp-content ]; then
			place_content
		else
			place "$entry" "$SITE/$name"
		fi
	done
	set_mark
}

set_mark() {
	core_version "$SITE" >"$MARK.new"
	sync
	mv "$MARK.new" "$MARK"
	rm -rf "$STAGE"
}

prepare_site() {
	if [ ! -e "$MARK" ]; then
		if [ ! -d "$STAGE" ] && [ -e "$SITE/wp-includes/version.php" ]; then
			say "found WordPress $(core_version "$SITE") in the volume and use it as it is"
			set_mark
		else
			unpack
		fi
	elif [ -d "$STAGE" ]; then
		rm -rf "$STAGE"
	fi
	[ -e "$SITE/wp-includes/version.php" ] ||
		die 1 'the site has lost its wp-includes folder; put it back from a backup'
	# An image never changes a site's WordPress, in neither direction.
	runs=$(core_version "$SITE") brings=$(core_version "$CORE")
	if "$PHP_BIN" -n -r 'exit(version_compare($argv[1], $argv[2], "<") ? 0 : 1);' "$runs" "$brings"; then
		say "the site runs WordPress $runs and keeps it, the image brings $brings: update it from the dashboard"
	fi
	if [ -e "$SITE/wp-config.php" ]; then
		say 'warning: the site has a wp-config.php of its own, which WordPress prefers to the one of this stack; remove it'
	fi
}

# --- our own files inside wp-content ----------------------------------------

install_file() {
	if ! cmp -s "$1" "$2"; then
		if ! { cp "$1" "$2.new" && chmod 644 "$2.new" && mv "$2.new" "$2"; }; then
			die 1 "$2 cannot be written: is the disk full?"
		fi
	fi
}

prepare_content() {
	mkdir -p "$SITE/wp-content/mu-plugins" "$SITE/wp-content/uploads" ||
		die 1 "$SITE/wp-content cannot be written"
	install_file "$SHARE/stack.php" "$SITE/wp-content/mu-plugins/stack.php"

	ours=no
	if [ -e "$DROPIN" ] && grep -qF "$DROPIN_MARK" "$DROPIN"; then
		ours=yes
	fi
	if [ "$OBJECT_CACHE" = off ]; then
		if [ "$ours" = yes ]; then
			rm -f "$DROPIN"
		fi
	elif [ -e "$DROPIN" ] && [ "$ours" = no ]; then
		say 'wp-content/object-cache.php belongs to a plugin and stays; remove it to use the one of this stack'
	else
		# What Redis holds may be older than the database: begin as after
		# a failure, which empties it before the first use.
		touch -t 200001010000 "$RUN_DIR/cache/down"
		install_file "$SHARE/object-cache.php" "$DROPIN"
	fi
}

install_site() {
	rm -f "$RUN_DIR/installed"
	"$PHP_BIN" -c "$CONF/php.ini" "$SHARE/install.php" "$RUN_DIR/installed" || exit $?
	[ -e "$RUN_DIR/installed" ] || die 1 'WordPress was not installed, and did not say why'
}

# --- php-fpm sized to the memory that the container may use ------------------

memory_mib() {
	total=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	total=$((total / 1024))
	limit=
	for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
		if [ -r "$file" ]; then
			limit=$(cat "$file")
			break
		fi
	done
	case $limit in
	'' | *[!0-9]*) limit=$total ;;
	*) limit=$((limit / 1048576)) ;;
	esac
	if [ "$limit" -ge "$total" ]; then
		# No limit: we are not alone on this machine.
		limit=$((total / 4))
	fi
	echo "$limit"
}

size_pool() {
	memory=$(memory_mib)
	opcache=$((memory / 5))
	[ "$opcache" -ge 64 ] || opcache=64
	[ "$opcache" -le 192 ] || opcache=192
	if [ -z "${PHP_FPM_MAX_CHILDREN:-}" ]; then
		# A child of a site with some plugins holds about 48 MiB of its own.
		PHP_FPM_MAX_CHILDREN=$(((memory - opcache - 32) / 48))
		[ "$PHP_FPM_MAX_CHILDREN" -ge 4 ] || PHP_FPM_MAX_CHILDREN=4
		[ "$PHP_FPM_MAX_CHILDREN" -le 32 ] || PHP_FPM_MAX_CHILDREN=32
	fi
	PHP_FPM_MAX_SPARE=$((PHP_FPM_MAX_CHILDREN / 2))
	export PHP_FPM_MAX_CHILDREN PHP_FPM_MAX_SPARE
	say "memory $memory MiB: at most $PHP_FPM_MAX_CHILDREN php-fpm children, opcache $opcache MiB"
}

main() {
	if [ "${1:-php-fpm}" != php-fpm ]; then
		exec "$@"
	fi
	check_settings
	prepare_site
	prepare_content
	install_site
	size_pool
	exec "$PHP_FPM_BIN" -F -y "$CONF/php-fpm.conf" -c "$CONF/php.ini" \
		-d "opcache.memory_consumption=$opcache"
}

main "$@"
