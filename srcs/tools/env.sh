#!/bin/bash
# Settings: makes srcs/.env from srcs/.env.example at the first run, never
# overwrites it, and checks every line of it. All faults are told at once, each
# with how to mend it; exit status 2.
#
# usage: env.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"

create() {
	local person login new
	person=${SUDO_USER:-$(id -un)}
	# The login becomes a part of a host name.
	login=$(printf '%s' "$person" | tr 'A-Z_.' 'a-z--' | tr -cd 'a-z0-9-')
	while [[ $login == -* ]]; do login=${login#-}; done
	login=${login:0:32}
	while [[ $login == *- ]]; do login=${login%-}; done
	[ -n "$login" ] || login=student
	new=$(mktemp "$ENV_FILE.XXXXXX" 2>/dev/null) \
		|| die "cannot write $(env_path); make its folder writable"
	sed "s/^LOGIN=.*/LOGIN=$login/" "$EXAMPLE" >"$new"
	if [ "$login" != "$person" ]; then
		# The home folder keeps the name as it is.
		sed -i "s|^DATA_DIR=.*|DATA_DIR=/home/$person/data|" "$new"
	fi
	chmod 644 "$new"
	own "$new"
	mv "$new" "$ENV_FILE"
	step "made $(env_path) for $login; look at it whenever you like"
}

# bad NAME WHY-AND-HOW. A missing setting has had its line already.
bad() {
	[[ " ${missing[*]:-} " != *" $1 "* ]] || return 0
	fault "$where: $1='${SETTING[$1]}' $2"
}

is() {
	[[ ${SETTING[$1]} =~ $2 ]]
}

check_names() {
	local name known
	known=" $(setting_names | tr '\n' ' ') "
	for name in $known; do
		if [ -z "${SETTING[$name]+x}" ]; then
			fault "$where: $name is missing; add the line" \
				"'$(grep "^$name=" "$EXAMPLE")' from srcs/.env.example"
			SETTING[$name]=$(sed -n "s/^$name=//p" "$EXAMPLE")
			missing+=("$name")
		fi
	done
	for name in "${!SETTING[@]}"; do
		[[ $known == *" $name "* ]] \
			|| fault "$where: $name is not a setting of this stack;" \
				"correct its spelling (see srcs/.env.example) or remove the line"
	done
	for name in "${!SETTING[@]}"; do
		! [[ ${SETTING[$name]} =~ [\"\\\$\`] ]] \
			|| bad "$name" 'holds a quote, backslash, dollar or back-tick;'$' write it without'
	done
}

check_words() {
	local label='[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
	local host="^$label(\\.$label)*\$" word='^[A-Za-z0-9_.-]{1,32}$'

	is LOGIN "^$label\$" \
		|| bad LOGIN 'is not a part of a host name; use a-z, 0-9 and hyphens'
	if ! is DOMAIN_NAME "$host" || is DOMAIN_NAME '^[0-9.]+$' \
		|| [ ${#SETTING[DOMAIN_NAME]} -gt 64 ]; then
		bad DOMAIN_NAME 'is not a host name of 64 letters or fewer; write one like login.42.fr, in lower case'
	fi
	if ! is DATA_DIR '^(/[A-Za-z0-9_.-]+){2,}$' \
		|| is DATA_DIR '/\.\.?(/|$)'; then
		bad DATA_DIR 'is not an absolute path of two folders or more; write one like /home/login/data'
	fi
	is SECRETS_DIR '^[A-Za-z0-9_./-]+$' \
		|| bad SECRETS_DIR 'is not a plain path; write ../secrets or an absolute path'
	is COMPOSE_PROJECT_NAME '^[a-z0-9][a-z0-9_-]*$' \
		|| bad COMPOSE_PROJECT_NAME 'is not a project name; use a-z, 0-9, _ and -'
	is TAG '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$' \
		|| bad TAG 'is not an image tag; write a version like 1.0.0'
	is BASE '^(alpine|debian)?$' \
		|| bad BASE 'is not a base; write alpine or debian, or leave it empty'
	is COMPOSE_PROFILES '^(bonus)?$' \
		|| bad COMPOSE_PROFILES 'is not a profile; leave it empty or write bonus'
	is OBJECT_CACHE '^(on|off)$' \
		|| bad OBJECT_CACHE 'is neither on nor off; write one of them'
	local name
	for name in CACHEMON_ACTIONS CACHEMON_MONITOR CACHEMON_CHARTS; do
		is "$name" '^(on|off)$' \
			|| bad "$name" 'is neither on nor off; write one of them'
	done
	is FTP_PASV_ADDRESS '^([A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)?$' \
		|| bad FTP_PASV_ADDRESS 'is not an address or a host name; write one or leave it empty'
	is FTP_PASV_NETWORKS '^([0-9A-Fa-f.:]+(/[0-9]+)?=[0-9.]+( +|$))*$' \
		|| bad FTP_PASV_NETWORKS 'is no list of NETWORK=ADDRESS; write one like "192.168.0.0/16=192.168.1.10" or leave it empty'
	is MYSQL_DATABASE '^[A-Za-z0-9_]{1,64}$' \
		|| bad MYSQL_DATABASE 'is not a database name; use letters, digits and _'
	is MYSQL_DATABASE '^(mysql|sys|stack|information_schema|performance_schema)$' \
		&& bad MYSQL_DATABASE 'is a database of the server itself; choose another name'
	is MYSQL_USER '^[A-Za-z0-9_]{1,32}$' \
		|| bad MYSQL_USER 'is not a user name; use letters, digits and _'
	is MYSQL_USER '^(root|mysql|mariadb|health|exporter|ftpd)$' \
		&& bad MYSQL_USER 'is a user that the server has already; choose another name'
	is WP_TITLE '^.{1,200}$' || bad WP_TITLE 'is empty or too long; give the site a title'
	is WP_OWNER '^[A-Za-z0-9_.-]{1,60}$' \
		|| bad WP_OWNER 'is not a user name; use letters, digits, _ . and -'
	[[ ${SETTING[WP_OWNER],,} != *admin* ]] \
		|| bad WP_OWNER 'contains "admin", which attackers try first; choose another name'
	is WP_EDITOR '^[A-Za-z0-9_.-]{1,60}$' \
		|| bad WP_EDITOR 'is not a user name; use letters, digits, _ . and -'
	[ "${SETTING[WP_OWNER],,}" != "${SETTING[WP_EDITOR],,}" ] \
		|| bad WP_EDITOR 'is also WP_OWNER; give the second user a name of its own'
	is WP_OWNER_EMAIL '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$' \
		|| bad WP_OWNER_EMAIL 'is not a mail address; write one like name@example.org'
	is WP_EDITOR_EMAIL '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$' \
		|| bad WP_EDITOR_EMAIL 'is not a mail address; write one like name@example.org'
	[ "${SETTING[WP_OWNER_EMAIL],,}" != "${SETTING[WP_EDITOR_EMAIL],,}" ] \
		|| bad WP_EDITOR_EMAIL 'is also WP_OWNER_EMAIL; WordPress wants one for each user'
	is TRUSTED_PROXIES '^([0-9a-fA-F.:]+(/[0-9]{1,3})?( +|$))*$' \
		|| bad TRUSTED_PROXIES 'is not a list of addresses or networks; write one like 192.0.2.1 10.0.0.0/8, or leave it empty'
	is SMTP_SERVER "^($label(\\.$label)*:[1-9][0-9]{0,4})?\$" \
		|| bad SMTP_SERVER 'is not host:port; write one like smtp.example.org:587, or leave it empty'
	is SMTP_SECURITY '^(starttls|tls|none)$' \
		|| bad SMTP_SECURITY 'is not starttls, tls or none; write one of them'
	is SMTP_USER '^[^[:space:]]{0,254}$' \
		|| bad SMTP_USER 'is not a user name; write the one of the SMTP server, or leave it empty'
	is SMTP_FROM '^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$' \
		|| bad SMTP_FROM 'is not a mail address; write one like name@example.org'
	is FTP_USER "$word" || bad FTP_USER 'is not a user name; use letters, digits, _ . and -'
	is FTP_WORDPRESS_LOGIN '^(on|off)$' \
		|| bad FTP_WORDPRESS_LOGIN 'is neither on nor off; write one of them'
	is MONITOR_USER "$word" \
		|| bad MONITOR_USER 'is not a user name; use letters, digits, _ . and -'
}

check_address() {
	local part
	if ! is BIND_ADDRESS '^[0-9]{1,3}(\.[0-9]{1,3}){3}$'; then
		bad BIND_ADDRESS 'is not an IPv4 address; write 0.0.0.0 for all of this machine'
		return
	fi
	for part in ${SETTING[BIND_ADDRESS]//./ }; do
		if [ "$((10#$part))" -gt 255 ]; then
			bad BIND_ADDRESS 'is not an IPv4 address; write 0.0.0.0 for all of this machine'
			return
		fi
	done
}

is_port() {
	[[ ${SETTING[$1]} =~ ^[1-9][0-9]{0,4}$ ]] && [ "${SETTING[$1]}" -le 65535 ]
}

# differ WHERE NAME...: these ports must not be the same.
differ() {
	local place=$1 one other
	shift
	while [ $# -gt 1 ]; do
		one=$1
		shift
		for other; do
			if is_port "$one" && is_port "$other" \
				&& [ "${SETTING[$one]}" = "${SETTING[$other]}" ]; then
				fault "$where: $one and $other are both ${SETTING[$one]}," \
					"and $place needs both; change one"
			fi
		done
	done
}

check_ports() {
	local name low=FTP_PASV_MIN high=FTP_PASV_MAX
	for name in $(setting_names); do
		case $name in
		*_PORT | FTP_PASV_MIN | FTP_PASV_MAX)
			is_port "$name" \
				|| bad "$name" 'is not a port; write a number from 1 to 65535'
			;;
		esac
	done
	differ 'this machine' HTTPS_PORT FTP_PORT
	differ 'nginx' HTTPS_PORT NGINX_STATUS_PORT
	differ 'wordpress' PHP_FPM_PORT PHP_FPM_STATUS_PORT
	differ 'ftpd' FTP_PORT FTPD_HTTP_PORT
	if ! is_port $low || ! is_port $high; then
		return
	fi
	if [ "${SETTING[$low]}" -gt "${SETTING[$high]}" ]; then
		fault "$where: $low=${SETTING[$low]} is above $high=${SETTING[$high]};" \
			"make the first the smaller one"
		return
	fi
	if [ "${SETTING[$low]}" -lt 1024 ]; then
		bad $low 'is below 1024, where other services live; choose a higher one'
	fi
	if [ $((SETTING[$high] - SETTING[$low])) -gt 255 ]; then
		fault "$where: $low to $high is more than 256 ports, each of which" \
			"costs a process of Docker's; make the range smaller"
	fi
	for name in HTTPS_PORT FTP_PORT FTPD_HTTP_PORT; do
		if is_port "$name" && [ "${SETTING[$name]}" -ge "${SETTING[$low]}" ] \
			&& [ "${SETTING[$name]}" -le "${SETTING[$high]}" ]; then
			bad "$name" "lies in the passive range $low to $high; move one of them"
		fi
	done
}

[ -f "$ENV_FILE" ] || create
where=$(env_path)
missing=()
read_settings
check_names
check_words
check_address
check_ports
die_on_faults
