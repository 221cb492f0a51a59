#!/bin/sh
# Brings the image's own site into the volume, then becomes staticd.
#
# The rule: an empty volume is filled. A volume that still is exactly what an
# image put there is brought up to date when the image has another site. As
# soon as a person has changed anything in it, it is theirs and is left alone.
#
# The file .stack-site in the volume (hidden names are never served) holds the
# digest of what was put there; while copying it is called .stack-site.partial,
# so that a copy cut short is seen and done again. staticd runs only afterwards:
# nobody is served half a site.
set -eu

image=${STATICD_IMAGE_SITE:-/usr/share/site}
volume=${STATICD_ROOT:-/srv/site}
mark=$volume/.stack-site
partial=$volume/.stack-site.partial

say() {
    printf 'staticd: %s\n' "$*" >&2
}

# What is in a folder, names and bytes, as one line. Hidden names and lost+found
# are neither counted nor copied nor removed.
digest() {
    (
        cd "$1"
        find . -path '*/.*' -prune -o -path ./lost+found -prune \
            -o -type f -exec sha256sum {} + \
            | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1
    )
}

# The names at the top of the volume that count.
names() {
    find "$volume" -mindepth 1 -maxdepth 1 \
        ! -name '.*' ! -name lost+found "$@"
}

copy() {
    (cd "$image" && tar -cf - ./*) | tar -C "$volume" -xof -
}

# Puts the image's site, whose digest is $1, into the volume.
fill() {
    printf '' > "$partial" \
        && rm -f "$mark" \
        && names -exec rm -rf {} + \
        && copy \
        && [ "$(digest "$volume")" = "$1" ] \
        && printf '%s\n' "$1" > "$partial" \
        && mv "$partial" "$mark"
}

bring_up_to_date() {
    new=$(digest "$image")
    if [ -e "$partial" ]; then
        say 'the last copy of the site was cut short: copying again'
    elif [ -z "$(names)" ]; then
        say 'the volume is empty: copying the image'\''s site'
    elif [ ! -f "$mark" ] || [ "$(cat "$mark")" = "$new" ]; then
        return 0
    elif [ "$(digest "$volume")" != "$(cat "$mark")" ]; then
        say 'the site in the volume was edited: the image'\''s is not copied'
        return 0
    else
        say 'the image has another site: copying it'
    fi
    if ! fill "$new"; then
        say "cannot copy the site to $volume: is the volume full, or owned" \
            "by another user than $(id -u)?"
        exit 1
    fi
}

case ${1:-} in
'') bring_up_to_date ;;
esac
exec /usr/local/bin/staticd "$@"
