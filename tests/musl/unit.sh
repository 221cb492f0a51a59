#!/bin/sh
# The C code on musl, in the image of tests/image/Dockerfile.musl, from the root
# of a copy of the repository: built without a warning, wanting nothing that
# Alpine's musl lacks, all unit tests.
set -eu

fail() {
	echo "musl: $1" >&2
	exit 1
}

cat /opt/musl/licences/versions
pkg-config --exists 'libmicrohttpd >= 1.0' 'hiredis >= 1.0' 'openssl >= 3.5' \
    'libmariadb >= 3.3.19' || fail "a library is too old to stand for Alpine's"
make -C services -j2
built=services/build/release-$CC

# Static, so that it runs anywhere; at a changing address all the same.
for program in "$built"/bin/*; do
	readelf -hl "$program" >/tmp/elf
	grep -q 'Type: *DYN' /tmp/elf || fail "$program: not position-independent"
	! grep -q INTERP /tmp/elf || fail "$program: wants a dynamic linker"
	# What only a daemon starts says so.
	[ -n "$("$program" --version 2>&1)" ] || fail "$program does not start"
done

# Debian's musl has these over and above, and would hide that they are used.
find "$built" -name '*.o' -exec nm -u {} + \
    | grep -wE 'fts_[a-z]+|renameat2' >/tmp/extra || :
[ ! -s /tmp/extra ] || fail "not in Alpine's musl: $(cat /tmp/extra)"

make -C services -j2 run-tests

# Undefined behaviour ends the program: musl-gcc has no run-time library to
# tell what it was.
CFLAGS="$CFLAGS -fsanitize-trap=all" \
    make -C services -j2 run-tests PROFILE=debug SAN=undefined
