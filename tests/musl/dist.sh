#!/bin/sh
# usage: dist.sh NAME SECONDS >ARCHIVE
#
# In the image of tests/image/Dockerfile.musl, from the root of a copy of the
# repository: the four daemons as static programs in an archive whose bytes
# depend on the sources alone; SECONDS is the time that its files bear. It is
# made twice, in different folders and surroundings, and both have to be equal.
set -eu

# Makes the folder $2 out of the sources in $1.
pack() {
	(
		cd "$1"
		CFLAGS="$CFLAGS -ffile-prefix-map=$PWD=."
		export CFLAGS
		make -C services B=build/dist all
		mkdir -p "$2/bin" "$2/licences"
		for program in services/build/dist/bin/*; do
			strip -s -o "$2/bin/${program##*/}" "$program"
		done
		cp /opt/musl/licences/* "$2/licences/"
		rm -f "$2/licences/cmocka"
		sed -i '/^cmocka /d' "$2/licences/versions"
		cp /usr/share/doc/musl/copyright "$2/licences/musl"
		dpkg-query -W -f '${Package} ${Version}\n' musl >>"$2/licences/versions"
		cp tests/musl/dist.txt "$2/README"
	) >&2
	chmod -R u=rwX,go=rX "$2"
	(cd "$2" && find bin licences README -type f | LC_ALL=C sort \
	    | xargs sha256sum >SHA256SUMS && chmod 644 SHA256SUMS)
}

name=$1
seconds=$2
work=$(mktemp -d)
mkdir "$work/one" "$work/two" "$work/two/a-folder-with-a-longer-name"
cp -a . "$work/two/a-folder-with-a-longer-name/"

pack . "$work/one/$name"
# Another folder, user mask, time zone.
(
	umask 077
	TZ=Pacific/Auckland LANG=C
	export TZ LANG
	pack "$work/two/a-folder-with-a-longer-name" "$work/two/$name"
)
sh tests/musl/same.sh "$name" "$seconds" "$work/one" "$work/two"
