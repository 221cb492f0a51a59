#!/bin/sh
# Makes another stack out of a copy of the repository, for end-to-end tests: the
# four daemons, built by another image, and on another base. Everything else
# stays as it is, so the copy's own Dockerfiles are what is changed.
#
# usage, in the root of the copy:
#     variant.sh musl IMAGE          built by IMAGE, as static programs on musl
#     variant.sh trixie IMAGE BASE   built by IMAGE; on BASE, Debian 13
set -eu

variant=$1 builder=$2

for name in ftpd staticd cachemon exporter; do
	file=srcs/requirements/bonus/$name/Dockerfile.debian
	# The builder has what the first stage would install.
	# Debian 13's libcrypto.a wants more libraries; on musl all is static.
	sed -i -e "1s|.*|FROM $builder|" -e '2,/^COPY services/{/^COPY/!d;}' \
	    -e 's/ STATIC_TLS=1//' "$file"
	case $variant in
	musl) ;;
	trixie)
		sed -i -e "s|^FROM debian:bookworm|FROM $3|" \
		    -e 's/libmicrohttpd12/&t64/; s/libssl3/&t64/' \
		    -e 's/libhiredis0\.14/libhiredis1.1.0/' "$file"
		;;
	*)
		echo "variant.sh: no variant $variant" >&2
		exit 2
		;;
	esac
	# The builder's stage and the others, each from where it should be.
	sed -n -e 's/^FROM //p' -e '/^COPY services/p' -e '/install DAEMON/p' \
	    "$file" | awk -v builder="$builder" -v base="${3:-debian:bookworm}" '
		NR == 1 { good += $0 == builder }
		NR == 2 { good += /^COPY/ }
		NR == 3 { good += /^RUN/ }
		NR >= 4 { good += $0 == base }
		END { exit !(NR >= 4 && good == NR) }' || {
		echo "variant.sh: $file is not what it was made for" >&2
		exit 1
	}
done
