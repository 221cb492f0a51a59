#!/bin/bash
# Secrets: makes each secrets/NAME.txt that is missing, at random, and never
# overwrites one. Compose gives a container the file as it is, with its owner
# and mode; so the files are readable by all, and their folder by its owner
# alone.
#
# usage: secrets.sh passwords    all but the certificate authority
#        secrets.sh ca           the local certificate authority; without openssl
#                                on this machine, the nginx image's is used
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings

shown=$SECRETS
[[ $shown != "$ROOT"/* ]] || shown=${shown#"$ROOT"/}

random() {
	LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom 2>/dev/null | head -c "$1" || :
}

# put NAME: stdin becomes a secret, all or nothing.
put() {
	local new
	new=$(mktemp "$SECRETS/.$1.XXXXXX")
	cat >"$new"
	chmod 444 "$new"
	own "$new"
	mv "$new" "$SECRETS/$1.txt"
}

# Faults of the files that are there.
check() {
	local name file
	for name; do
		file=$SECRETS/$name.txt
		[ -e "$file" ] || continue
		if ! [ -f "$file" ] || ! [ -r "$file" ]; then
			fault "$shown/$name.txt is not a readable file; make it one," \
				"or remove it and run make again"
		elif [ "$(tr -d '\r\n' <"$file" | wc -c)" -eq 0 ]; then
			fault "$shown/$name.txt is empty; write the secret into it," \
				"or remove it and make will make a new one"
		fi
	done
}

# No user at first, but how to write one.
ftp_users() {
	cat <<-'USERS'
	# Further users of the FTPS server, a line each; after a change: make
	#
	#     name:hash:rights:folder
	#
	# hash    made by: docker run --rm -it ftpd:TAG --hash-password
	# rights  read, write, delete, with commas between
	# folder  the user's top folder, seen from the server's: / is all
	#
	# anna:$2y$12$...:read,write,delete:/wp-content/themes
	USERS
}

open_folder() {
	if ! [ -d "$SECRETS" ]; then
		mkdir -p "$SECRETS" 2>/dev/null \
			|| die "cannot make the folder $shown; make its parent writable"
		own "$SECRETS"
	fi
	chmod 700 "$SECRETS" 2>/dev/null || :
	[ -x "$SECRETS" ] || die "the folder $shown is closed to $(id -un);" \
		"run make as its owner ($(stat -c %U "$SECRETS"))"
}

passwords() {
	local name made=0
	check "${PASSWORDS[@]}" ca_cert ca_key
	if [ -e "$SECRETS/ca_cert.txt" ] && ! [ -e "$SECRETS/ca_key.txt" ]; then
		fault "$shown/ca_key.txt is missing, and ca_cert.txt needs it; put it" \
			"back, or remove ca_cert.txt too and make will make a new pair"
	elif [ -e "$SECRETS/ca_key.txt" ] && ! [ -e "$SECRETS/ca_cert.txt" ]; then
		fault "$shown/ca_cert.txt is missing, and ca_key.txt needs it; put it" \
			"back, or remove ca_key.txt too and make will make a new pair"
	fi
	die_on_faults
	if [ -e "$SECRETS/ca_cert.txt" ] && command -v openssl >/dev/null; then
		ca_fits
	fi
	for name in "${PASSWORDS[@]}"; do
		[ ! -e "$SECRETS/$name.txt" ] || continue
		case $name in
		wp_salts) random 64 | put "$name" ;;
		ftp_users) ftp_users | put "$name" ;;
		*) random 32 | put "$name" ;;
		esac
		made=$((made + 1))
	done
	[ "$made" -eq 0 ] || step "made $made secrets in $shown/ at random"
}

# ---- Certificate authority ------------------------------------------------------

# It can vouch for DOMAIN_NAME and names below it, and for nothing else: whoever
# gets hold of its key cannot impersonate any other site to a browser that was
# taught to trust it.
ca_config() {
	cat <<-CONFIG
	[req]
	prompt = no
	utf8 = yes
	distinguished_name = name
	x509_extensions = ca
	[name]
	CN = ${DOMAIN:0:55} local CA
	[ca]
	basicConstraints = critical, CA:TRUE, pathlen:0
	keyUsage = critical, keyCertSign, cRLSign
	subjectKeyIdentifier = hash
	nameConstraints = critical, @only
	[only]
	permitted;DNS.0 = $DOMAIN
	excluded;IP.0 = 0.0.0.0/0.0.0.0
	excluded;IP.1 = 0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0
	CONFIG
}

# Takes the configuration, prints the key and then the certificate.
# shellcheck disable=SC2016
MAKE_CA='
	set -e
	umask 077
	work=$(mktemp -d)
	trap "rm -rf $work" EXIT
	cat >"$work/cnf"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out "$work/key"
	openssl req -x509 -new -sha256 -days 3650 -config "$work/cnf" \
		-key "$work/key" -out "$work/crt"
	cat "$work/key" "$work/crt"'

# with_openssl COMMAND...: on this machine, or else in the nginx image.
with_openssl() {
	if command -v openssl >/dev/null; then
		"$@"
	else
		use_engine --find
		docker_ run --rm -i --network none --entrypoint "$1" "nginx:$TAG" "${@:2}"
	fi
}

block() {
	sed -n "/^-----BEGIN .*$1-----/,/^-----END .*$1-----/p"
}

ca() {
	local both
	if [ -e "$SECRETS/ca_cert.txt" ]; then
		ca_fits
		return
	fi
	both=$(ca_config | with_openssl sh -c "$MAKE_CA" 2>/dev/null || :)
	if ! grep -q 'PRIVATE KEY' <<<"$both" || ! grep -q CERTIFICATE <<<"$both"; then
		die "the certificate authority could not be made; install openssl" \
			"on this machine, then run make again"
	fi
	block 'PRIVATE KEY' <<<"$both" | put ca_key
	block CERTIFICATE <<<"$both" | put ca_cert
	step "made a certificate authority for $DOMAIN: $shown/ca_cert.txt" \
		"(import it into your browser to be rid of the warning)"
}

# A certificate authority that cannot vouch for DOMAIN_NAME, as after a change
# of it, would only be found out by the browser.
ca_fits() {
	local text
	text=$(with_openssl openssl x509 -noout -text <"$SECRETS/ca_cert.txt" \
		2>/dev/null) || {
		fault "$shown/ca_cert.txt is not a certificate; remove it and ca_key.txt," \
			"and make will make a new pair"
		die_on_faults
	}
	grep -q 'Name Constraints' <<<"$text" || return 0
	grep -Eq "DNS:${DOMAIN//./\\.}\$" <<<"$text" && return 0
	fault "$shown/ca_cert.txt is for another DOMAIN_NAME than $DOMAIN; remove it" \
		"and ca_key.txt, and make will make a new pair (browsers must import it anew)"
	die_on_faults
}

open_folder
case ${1:-} in
passwords) passwords ;;
ca) ca ;;
*)
	sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
