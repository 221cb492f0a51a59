#!/bin/sh
# Checks the settings, sees to the certificate, writes configuration and error
# pages into /tmp and becomes nginx.
set -eu
umask 077

run=/tmp/nginx
certs=/var/lib/certs
conf=/etc/stack

say() {
    echo "nginx: $*" >&2
}

die() {
    say "$@"
    exit 2
}

# file NAME: the path in the variable NAME, which must be readable, not empty
file() {
    eval "path=\${$1:-}"
    [ -n "$path" ] || die "$1 is not set: it must name the file with the secret"
    [ -r "$path" ] || die "$1: cannot read $path; is the secret granted to this service, its file 0444?"
    [ -s "$path" ] || die "$1: $path is empty; remove it from secrets/ and run make, which makes a new one"
    printf '%s' "$path"
}

# port NAME DEFAULT
port() {
    value=
    eval "value=\${$1:-$2}"
    case $value in
    *[!0-9]* | 0* | ??????*) die "$1: '$value' is not a port number" ;;
    esac
    [ "$value" -le 65535 ] || die "$1: '$value' is not a port number"
    printf '%s' "$value"
}

domain=${DOMAIN_NAME:-}
printf '%s\n' "$domain" |
    grep -Eqx '[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?' ||
    die "DOMAIN_NAME: '$domain' is not a host name (letters, digits, dots, hyphens; at most 64)"
monitor=${MONITOR_USER:-monitor}
case $monitor in
*[!A-Za-z0-9._-]*) die "MONITOR_USER: '$monitor' must consist of letters, digits and . _ -" ;;
esac

https_port=$(port HTTPS_PORT 443)
status_port=$(port NGINX_STATUS_PORT 8080)
php_port=$(port PHP_FPM_PORT 9000)
php_status_port=$(port PHP_FPM_STATUS_PORT 9001)
adminer_port=$(port ADMINER_PORT 9000)
staticd_port=$(port STATICD_PORT 8080)
cachemon_port=$(port CACHEMON_PORT 8081)
exporter_port=$(port EXPORTER_PORT 9100)
[ "$https_port" != "$status_port" ] ||
    die "NGINX_STATUS_PORT: $status_port is HTTPS_PORT too; choose another"

# what a client calls us: the name, and the port unless it is the usual one
authority=$domain
[ "$https_port" = 443 ] || authority=$domain:$https_port

ca_cert=$(file CA_CERT_FILE)
file CA_KEY_FILE >/dev/null
secret_file=$(file MONITOR_PASSWORD_FILE)
[ "$(wc -l <"$secret_file")" -le 1 ] ||
    die "MONITOR_PASSWORD_FILE: $secret_file has more than one line; write the secret as one line"
[ -n "$(cat "$secret_file")" ] ||
    die "MONITOR_PASSWORD_FILE: $secret_file is empty; remove it from secrets/ and run make, which makes a new one"
[ -w "$certs" ] ||
    die "$certs is not writable by uid $(id -u); see the owner of the volume's folder"

rm -rf "$run"
mkdir -p "$run/pages"

# render FILE: fills in the @NAMES@; all values were checked above
render() {
    sed -e "s|@DOMAIN_NAME@|$domain|g" -e "s|@AUTHORITY@|$authority|g" \
        -e "s|@HTTPS_PORT@|$https_port|g" \
        -e "s|@NGINX_STATUS_PORT@|$status_port|g" \
        -e "s|@PHP_FPM_PORT@|$php_port|g" \
        -e "s|@PHP_FPM_STATUS_PORT@|$php_status_port|g" \
        -e "s|@ADMINER_PORT@|$adminer_port|g" \
        -e "s|@STATICD_PORT@|$staticd_port|g" \
        -e "s|@CACHEMON_PORT@|$cachemon_port|g" \
        -e "s|@EXPORTER_PORT@|$exporter_port|g" \
        "$conf/$1" >"$run/$1"
}

# --- certificate ---------------------------------------------------------
rm -f "$certs"/ca.crt.new
openssl x509 -in "$ca_cert" -out "$certs/ca.crt.new" 2>/dev/null ||
    die "CA_CERT_FILE: $ca_cert is not a certificate; remove ca_cert and ca_key from secrets/ and run make"
chmod 0644 "$certs/ca.crt.new"
mv -f "$certs/ca.crt.new" "$certs/ca.crt"
certificate.sh start nginx "$certs/server" "$run" >/dev/null || exit 2

# --- configuration -------------------------------------------------------
for template in nginx.conf fastcgi.conf proxy.conf errors.conf; do
    render "$template"
done
# No quotes: a list of words, of which nginx says below if one is no network.
for proxy in ${TRUSTED_PROXIES:-}; do
    case $proxy in
    *[!0-9a-fA-F.:/]*) die "TRUSTED_PROXIES: '$proxy' is not an address or a network" ;;
    esac
    echo "set_real_ip_from $proxy;"
done >"$run/real-ip.conf"
awk -f "$conf/networks.awk" /proc/net/route >"$run/status-allow.conf"
printf '%s:%s\n' "$monitor" "$(openssl passwd -6 -stdin <"$secret_file")" \
    >"$run/htpasswd"

render page.html
while IFS='|' read -r status title text; do
    sed -e "s|@STATUS@|$status|g" -e "s|@TITLE@|$title|g" \
        -e "s|@TEXT@|$text|g" "$run/page.html" >"$run/pages/$status.html"
done <"$conf/pages.txt"

nginx -t -q -e stderr -c "$run/nginx.conf" ||
    die "the configuration is refused; the reason is above"

exec nginx -e stderr -c "$run/nginx.conf"
