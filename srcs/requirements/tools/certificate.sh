#!/bin/sh
# Sees to a service's certificate: the pair that a person put there, if it can
# be used; else one of our own, signed by the local CA and made anew when fewer
# than 30 days are left. Used by the entry points and health checks of nginx and
# ftpd.
#
# usage: certificate.sh start|due SERVICE PAIR WORK
#   start    does it now
#   due      does it if the start is through and the last time was a day ago, or
#            if something in PAIR's folder has changed since; else it ends at once
#   SERVICE  begins each message
#   PAIR     our own pair is PAIR.crt and PAIR.key; a person's pair is custom.crt
#            and custom.key in the same folder
#   WORK     an existing private folder; WORK/tls.crt and WORK/tls.key in it
#            lead to the pair to use
#
# Environment: DOMAIN_NAME, CA_CERT_FILE, CA_KEY_FILE.
#
# Prints "changed" if another certificate than before is to be used; messages go
# to stderr. Status 2: there is no certificate to use, or our own could not be
# renewed.
set -eu
umask 077

mode=$1 service=$2 pair=$3 work=$4
folder=$(dirname "$pair")
custom=$folder/custom
days=397
month=2592000

say() {
    echo "$service: $*" >&2
}

die() {
    say "$@"
    exit 2
}

# One look at two folders; this runs with each health check.
is_due() {
    [ -z "$(find "$work/checked" -mmin -1440 2>/dev/null)" ] ||
        [ -n "$(find "$folder" -maxdepth 1 \( -type d -o -name 'custom.*' \) \
            -newer "$work/checked" 2>/dev/null)" ]
}

# same CERTIFICATE KEY: do they belong together?
same() {
    one=$(openssl x509 -in "$1" -noout -pubkey 2>/dev/null) || return 1
    two=$(openssl pkey -in "$2" -passin pass: -pubout 2>/dev/null) || return 1
    [ "$one" = "$two" ]
}

# lasts CERTIFICATE SECONDS
lasts() {
    openssl x509 -in "$1" -noout -checkend "$2" >/dev/null 2>&1
}

# current CERTIFICATE KEY: ours, of this CA, for this name, for 30 more days
current() {
    [ -s "$1" ] && [ -s "$2" ] && same "$1" "$2" && lasts "$1" "$month" &&
        openssl verify -no-CApath -no-CAstore -CAfile "$CA_CERT_FILE" \
            -purpose sslserver -verify_hostname "$DOMAIN_NAME" "$1" \
            >"$work/verify.log" 2>&1
}

# The key is put in place first: should this stop between the two, they do not
# belong together and the next time makes both anew.
issue() {
    same "$CA_CERT_FILE" "$CA_KEY_FILE" ||
        die "CA_KEY_FILE: $CA_KEY_FILE does not belong to the certificate in $CA_CERT_FILE; remove both from secrets/ and run make"
    lasts "$CA_CERT_FILE" 0 ||
        die "CA_CERT_FILE: the local CA has expired; remove ca_cert and ca_key from secrets/ and run make"
    printf '%s\n' '[req]' 'prompt = no' 'distinguished_name = name' \
        '[name]' "O = $service" "CN = $DOMAIN_NAME" \
        '[leaf]' 'basicConstraints = critical, CA:FALSE' \
        'keyUsage = critical, digitalSignature' \
        'extendedKeyUsage = serverAuth' \
        "subjectAltName = DNS:$DOMAIN_NAME" \
        'subjectKeyIdentifier = hash' \
        'authorityKeyIdentifier = keyid' >"$work/leaf.cnf"
    if ! {
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 \
            -out "$pair.key.new" &&
            openssl req -new -config "$work/leaf.cnf" \
                -key "$pair.key.new" -out "$work/leaf.csr" &&
            openssl x509 -req -in "$work/leaf.csr" -sha256 -days "$days" \
                -CA "$CA_CERT_FILE" -CAkey "$CA_KEY_FILE" \
                -set_serial "0x$(openssl rand -hex 16)" \
                -extfile "$work/leaf.cnf" -extensions leaf \
                -out "$pair.crt.new"
    } 2>"$work/openssl.log"; then
        cat "$work/openssl.log" >&2
        die "the certificate could not be made; the reason is above"
    fi
    current "$pair.crt.new" "$pair.key.new" || {
        cat "$work/verify.log" >&2 || :
        die "CA_CERT_FILE: this CA does not cover $DOMAIN_NAME, or ends too soon; remove ca_cert and ca_key from secrets/ and run make, which makes a new CA"
    }
    chmod 0644 "$pair.crt.new"
    mv -f "$pair.key.new" "$pair.key"
    mv -f "$pair.crt.new" "$pair.crt"
    say "new certificate for $DOMAIN_NAME, good for $days days"
}

# Whether a person's pair is to be used; the reason if it is there and is not.
custom_is_good() {
    [ -e "$custom.crt" ] || [ -e "$custom.key" ] || return 1
    if ! [ -r "$custom.crt" ] || ! [ -r "$custom.key" ]; then
        why="custom.crt and custom.key are not both there and readable by uid $(id -u)"
    elif ! same "$custom.crt" "$custom.key"; then
        why="custom.key is not the key of custom.crt, or needs a passphrase"
    elif ! lasts "$custom.crt" 0; then
        why="custom.crt has expired"
    elif openssl x509 -in "$custom.crt" -noout -checkhost "$DOMAIN_NAME" |
        grep -q 'does NOT match'; then
        why="custom.crt is not for $DOMAIN_NAME"
    else
        lasts "$custom.crt" "$month" ||
            say "custom.crt ends within 30 days; put its successor in its place"
        return 0
    fi
    say "$why; using the local CA's certificate"
    return 1
}

# lead NAME TARGET: the link changes in one step
lead() {
    ln -s "$2" "$work/$1.new"
    mv -f "$work/$1.new" "$work/$1"
}

# A health check that comes before the start is through would take the new
# files away from it.
[ "$mode" = start ] || { [ -e "$work/used" ] && is_due; } || exit 0
# First of all: what fails is tried again tomorrow, not in ten seconds.
: >"$work/checked"
# Our own files change the folder, also when something fails.
trap ': >"$work/checked"' EXIT

rm -f "$pair".*.new "$work"/*.new
use=$pair
if custom_is_good; then
    use=$custom
elif ! current "$pair.crt" "$pair.key"; then
    issue
fi

digest=$(cat "$use.crt" "$use.key" | sha256sum)
if [ "$digest" != "$(cat "$work/used" 2>/dev/null)" ]; then
    lead tls.key "$use.key"
    lead tls.crt "$use.crt"
    echo "$digest" >"$work/used"
    [ "$use" = "$pair" ] || say "using custom.crt"
    echo changed
fi
