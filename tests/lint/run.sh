#!/bin/sh
# Style and rules, in the test image, from the root of a copy of the repository.
set -eu

status=0

check() {
	printf '   %s\n' "$1"
	shift
	"$@" || status=1
}

# Two at a time. Its count of warnings in system headers is of no interest.
tidy() (
	cd services
	flags=$(pkg-config --cflags libmicrohttpd hiredis libmariadb openssl \
	    zlib jansson)
	find . -name '*.c' ! -path './build*/*' -print0 \
	    | FLAGS=$flags xargs -0 -n 1 -P 2 sh -c '
		clang-tidy-14 --quiet "$0" -- -std=c17 -D_GNU_SOURCE \
		    -DVERSION=\"0\" -I. -Ilib $FLAGS 2>/dev/null || exit 1'
)

# Scripts: by name, or by what their first line says runs them.
scripts=$(git ls-files -co --exclude-standard 2>/dev/null || find . -type f)
scripts=$(for file in $scripts; do
	case $file in
	*.sh) echo "$file" ;;
	*.c | *.h | *.py | *.php | *.md | *.png | *.js | *.css) ;;
	*)
		head -n 1 "$file" | grep -aqE '^#!.*/(env )?(ba)?sh' \
		    && echo "$file" || :
		;;
	esac
done)

c_files=$(find services tests -name '*.[ch]' ! -path '*/build*/*')
python_files=$(find tests -name '*.py')

# shellcheck disable=SC2086
check "shell scripts: shellcheck" shellcheck -S warning -x -P SCRIPTDIR $scripts
# shellcheck disable=SC2086
check "C layout: clang-format" clang-format-14 --dry-run -Werror $c_files
check "C faults: clang-tidy" tidy
# shellcheck disable=SC2086
check "Python: pyflakes" pyflakes3 $python_files
check "Compose file" python3 -c '
import yaml
yaml.safe_load(open("srcs/docker-compose.yml"))'
check "rules of the repository" \
    python3 -m pytest -q -p no:cacheprovider tests/lint

exit "$status"
