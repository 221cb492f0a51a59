#!/bin/sh
# Makes ftpd's own key and certificate, signed by the local CA, when there is
# none that is good for another month; then becomes ftpd.
set -eu

fail() {
	echo "ftpd: $1" >&2
	exit 2
}

# A certificate that is there, of this key and CA and name, and not about to
# end?
good() {
	[ -s "$FTPD_CERT" ] && [ -s "$FTPD_KEY" ] || return 1
	openssl x509 -in "$FTPD_CERT" -noout -checkend "$RENEW_SECONDS" \
		>/dev/null 2>&1 || return 1
	openssl verify -CAfile "$CA_CERT_FILE" "$FTPD_CERT" \
		>/dev/null 2>&1 || return 1
	openssl x509 -in "$FTPD_CERT" -noout -checkhost "$DOMAIN_NAME" \
		2>/dev/null | grep -q 'does match' || return 1
	[ "$(openssl x509 -in "$FTPD_CERT" -noout -pubkey 2>/dev/null)" = \
		"$(openssl pkey -in "$FTPD_KEY" -pubout 2>/dev/null)" ]
}

# The key first: a certificate without its key is seen by good() next time.
make_certificate() {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
		-out "$FTPD_KEY.new" 2>/dev/null
	cat >"$WORK/extensions" <<-END
		basicConstraints = critical, CA:FALSE
		keyUsage = critical, digitalSignature
		extendedKeyUsage = serverAuth
		subjectKeyIdentifier = hash
		authorityKeyIdentifier = keyid
		subjectAltName = DNS:$DOMAIN_NAME
	END
	openssl req -new -sha256 -key "$FTPD_KEY.new" -subj "/CN=ftpd" \
		-out "$WORK/request"
	openssl x509 -req -sha256 -days "$DAYS" -in "$WORK/request" \
		-CA "$CA_CERT_FILE" -CAkey "$CA_KEY_FILE" \
		-set_serial "0x$(openssl rand -hex 16)" \
		-extfile "$WORK/extensions" -out "$FTPD_CERT.new" 2>/dev/null
	mv -f "$FTPD_KEY.new" "$FTPD_KEY"
	mv -f "$FTPD_CERT.new" "$FTPD_CERT"
	chmod 0644 "$FTPD_CERT"
	echo "ftpd: new certificate for $DOMAIN_NAME, good for $DAYS days" >&2
}

DAYS=397
RENEW_SECONDS=$((30 * 24 * 3600))
WORK=/tmp/ftpd-certificate
: "${FTPD_CERT:=/var/lib/ftpcert/ftpd.crt}"
: "${FTPD_KEY:=/var/lib/ftpcert/ftpd.key}"

# Only the daemon itself needs a certificate, and a person may bring one.
if [ $# -eq 0 ] && [ -n "${CA_KEY_FILE:-}" ]; then
	case ${DOMAIN_NAME:-} in
	'' | *[!A-Za-z0-9.-]*)
		fail "DOMAIN_NAME: '${DOMAIN_NAME:-}' is no host name" ;;
	esac
	[ -s "${CA_CERT_FILE:-}" ] ||
		fail "CA_CERT_FILE: '${CA_CERT_FILE:-}' is missing or empty; make the secrets again"
	[ -s "$CA_KEY_FILE" ] ||
		fail "CA_KEY_FILE: '$CA_KEY_FILE' is missing or empty; make the secrets again"
	[ -w "$(dirname "$FTPD_CERT")" ] ||
		fail "$(dirname "$FTPD_CERT") cannot be written; the volume has to belong to this user"
	if ! good; then
		umask 077
		mkdir -p "$WORK"
		make_certificate ||
			fail "cannot sign a certificate with the CA of CA_CERT_FILE and CA_KEY_FILE"
		rm -rf "$WORK"
	fi
	export FTPD_CERT FTPD_KEY
fi

exec /usr/local/bin/ftpd "$@"
