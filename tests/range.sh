#!/bin/sh
# usage: range.sh COMPILER...
#
# From the root of a copy of the repository, for each compiler: the C code
# without a warning, and all unit tests.
set -eu

for library in libmicrohttpd hiredis openssl libmariadb jansson cmocka; do
	printf '%s %s\n' "$library" "$(pkg-config --modversion "$library")"
done
for compiler; do
	"$compiler" --version | head -n 1
	make -C services -j2 CC="$compiler" all
	make -C services -j2 CC="$compiler" run-tests
done
