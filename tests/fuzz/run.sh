#!/bin/sh
# Runs one fuzz target for a while, from its committed corpus, which it does not
# change: run.sh FOLDER UNIT/NAME SECONDS. Called by services/Makefile.
# What it finds stays in FOLDER/found/ and is printed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
folder=$1 target=$2 seconds=$3
unit=${target%%/*} name=${target#*/}
work=$folder/corpus/$target
mkdir -p "$work" "$folder/found"

set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 \
    -print_final_stats=1 -artifact_prefix="$folder/found/$unit-$name-" "$work"
[ ! -d "$here/$unit/corpus/$name" ] || set -- "$@" "$here/$unit/corpus/$name"
[ ! -e "$here/$unit/$name.dict" ] || set -- -dict="$here/$unit/$name.dict" "$@"

if "$folder/$target" "$@" >"$work.log" 2>&1; then
	echo "   $target: $(sed -n 's/^stat::number_of_executed_units: *//p' \
	    "$work.log") inputs"
else
	tail -n 60 "$work.log"
	echo "fuzz target $target failed; its input is in $folder/found"
	exit 1
fi
