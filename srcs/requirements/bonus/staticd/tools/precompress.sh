#!/bin/sh
# Puts NAME.br and NAME.zst beside each text of a site: precompress.sh FOLDER.
# What does not become smaller by a tenth is not kept.
set -eu

keep_if_smaller() {
    small=$(($(wc -c < "$1") / 10 * 9))
    if [ "$(wc -c < "$2")" -gt "$small" ]; then
        rm "$2"
    else
        # not older than its original, whatever the tool did
        touch -r "$1" "$2"
    fi
}

find "$1" -type f \( -name '*.html' -o -name '*.css' -o -name '*.js' \
    -o -name '*.svg' -o -name '*.json' -o -name '*.txt' -o -name '*.xml' \) \
    ! -name 404.html -size +0c | while read -r file; do
    brotli -q 11 -f -o "$file.br" "$file"
    keep_if_smaller "$file" "$file.br"
    zstd -q --ultra -22 -f -o "$file.zst" "$file"
    keep_if_smaller "$file" "$file.zst"
done
