#!/bin/sh
# usage: same.sh NAME SECONDS ONE TWO >ARCHIVE
#
# The folder NAME as an archive whose bytes depend on names, modes and contents
# alone, if it is the same in the folders ONE and TWO; else what differs, and
# status 1.
set -eu

name=$1
seconds=$2

archive() {
	tar -c -C "$1" --format=ustar --sort=name --mtime="@$seconds" \
	    --owner=0 --group=0 --numeric-owner "$name" | gzip -n9
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
archive "$3" >"$work/one"
archive "$4" >"$work/two"
cmp "$work/one" "$work/two" >&2 || {
	diff -r "$3/$name" "$4/$name" >&2 || :
	for side in "$3" "$4"; do
		(cd "$side" && find "$name" -printf 'mode %m %p\n' | sort) \
		    >"$work/modes$((n = ${n:-0} + 1))"
	done
	diff "$work/modes1" "$work/modes2" >&2 || :
	echo "dist: two builds of the same sources differ" >&2
	exit 1
}
cat "$work/one"
