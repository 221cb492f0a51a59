#!/bin/sh
# Moves the repository to another release of Alpine: every place that names the
# base is changed, if there is a package table for it, and the rehearsal is run.
#
# usage: bump.sh VERSION [--no-rehearsal]      as in: bump.sh 3.24.1
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)

die() {
	echo "bump-alpine: $*" >&2
	exit 2
}

# Every file that git has or would have; where there is no git, all.
files() {
	if git -C "$repo" rev-parse --git-dir >/dev/null 2>&1; then
		git -C "$repo" ls-files -co --exclude-standard
	else
		(cd "$repo" && find . -type f | sed 's|^\./||')
	fi | grep -v '^tests/rehearse/tables/'
}

# Those of them with the text $1.
holding() {
	files | tr '\n' '\0' \
	    | (cd "$repo" && xargs -0 grep -lIF -e "$1" --) || :
}

# $1 for $2 in all of them; dots mean dots.
swap() {
	pattern=$(printf '%s' "$1" | sed 's/\./\\./g')
	holding "$1" | while read -r file; do
		sed -i "s/$pattern\\([^0-9.]\\|\\.[^0-9]\\|\\.\$\\|\$\\)/$2\\1/g" "$repo/$file"
		printf '%s\n' "$file"
	done
}

version=${1:-}
case $version in
'') die "say which release: make bump-alpine VERSION=3.24.1" ;;
*[!0-9.]* | *..* | .* | *.) die "'$version' is not a release such as 3.24.1" ;;
*.*.*.*) die "'$version' is not a release such as 3.24.1" ;;
*.*.*) ;;
*) die "'$version' is not a release such as 3.24.1" ;;
esac
minor=${version%.*}
old=$(sed -n '1s/^FROM alpine://p' "$repo/srcs/requirements/nginx/Dockerfile")
[ -n "$old" ] || die "the first line of nginx's Dockerfile names no alpine:VERSION"
old_minor=${old%.*}
table=$here/tables/alpine-$minor.table
[ -f "$table" ] || die "there is no package table for $minor:" \
    "copy tests/rehearse/tables/alpine-$old_minor.table to alpine-$minor.table and" \
    "go through its packages (DEV_DOC.md, \"Rehearsing Alpine\")"
stated=$(awk '/^package: / { here = $2 == "alpine-release" }
    here && /^version: / { sub(/-r[0-9]*$/, "", $2); print $2 }' "$table")
[ "$stated" = "$version" ] || die "tests/rehearse/tables/alpine-$minor.table is about" \
    "$stated: set alpine-release's version to $version-r0 there once you have looked"
if [ "$old" = "$version" ]; then
	echo "bump-alpine: the base is alpine:$version already"
	exit 0
fi

echo "bump-alpine: alpine:$old -> alpine:$version in"
{
	swap "alpine:$old" "alpine:$version"
	if [ "$old_minor" != "$minor" ]; then
		swap "Alpine $old_minor" "Alpine $minor"
		swap "alpine-$old_minor" "alpine-$minor"
	fi
} | sort -u | sed 's/^/   /'
echo "bump-alpine: these lines also name versions of packages; look at them:"
holding "Alpine $minor" | while read -r file; do
	(cd "$repo" && grep -nH -e "Alpine $minor" "$file") | sed 's/^/   /'
done
if [ "${2:-}" != --no-rehearsal ]; then
	"$repo/tests/run.sh" rehearse
fi
