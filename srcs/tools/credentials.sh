#!/bin/bash
# Shows the accounts of the stack with their passwords, and the fingerprint by
# which a browser's user can recognise its certificate authority.
#
# usage: credentials.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings

secret() {
	if [ -r "$SECRETS/$1.txt" ]; then
		head -n 1 "$SECRETS/$1.txt" | tr -d '\r\n'
	else
		printf '(not made yet: run make)'
	fi
}

line='%-30s %-14s %-34s %s\n'

row() {
	# shellcheck disable=SC2059
	printf "$line" "$@"
}

fingerprint() {
	# The SHA-256 of the certificate itself, as browsers show it.
	sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' "$SECRETS/ca_cert.txt" \
		| sed '/-----/d' | base64 -d | sha256sum \
		| cut -d ' ' -f 1 | tr 'a-f' 'A-F' | sed 's/../&:/g; s/:$//'
}

row WHAT USER PASSWORD WHERE
row 'WordPress, administrator' "${SETTING[WP_OWNER]}" "$(secret wp_owner_password)" \
	"$(site_url /wp-admin/)"
row 'WordPress, editor' "${SETTING[WP_EDITOR]}" "$(secret wp_editor_password)" \
	"$(site_url /wp-admin/)"
row 'MariaDB, WordPress database' "${SETTING[MYSQL_USER]}" "$(secret db_password)" \
	"$(site_url /adminer/) (bonus)"
row 'MariaDB, root (socket only)' root "$(secret db_root_password)" \
	'in the mariadb container'
row 'FTPS (bonus)' "${SETTING[FTP_USER]}" "$(secret ftp_password)" \
	"ftp://$DOMAIN:${SETTING[FTP_PORT]} (explicit TLS)"
row 'Monitoring, Adminer (bonus)' "${SETTING[MONITOR_USER]}" \
	"$(secret monitor_password)" "$(site_url /cache/) $(site_url /metrics)"
echo
echo "WordPress's passwords are those of the first installation; one that was"
echo "changed in WordPress itself is not known here."
if [ -r "$SECRETS/ca_cert.txt" ]; then
	echo
	echo "Certificate authority: $SECRETS/ca_cert.txt"
	echo "SHA-256 fingerprint:   $(fingerprint)"
fi
