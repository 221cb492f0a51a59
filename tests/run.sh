#!/bin/sh
# Runs the tests, each stage in the test image (tests/image), so that the host
# needs Docker and nothing else.
#
#   tests/run.sh lint            style, scripts, rules of the repository
#   tests/run.sh unit            C unit tests under ASan and UBSan, short fuzzing
#   tests/run.sh php             the object cache against a real Redis
#   tests/run.sh e2e [ARGS]      the real stack from outside; ARGS go to pytest
#   tests/run.sh test            all of these, cheapest first (make test)
#   tests/run.sh all             as test, and what takes longer
#   tests/run.sh chaos           what breaks while people are on the site
#   tests/run.sh format          formats the C code in place
#   tests/run.sh bench [PART]    our daemons beside their peers, in one run:
#                                ftp, static, cache, exporter, or all of them
#   tests/run.sh shell           a shell in the test image, repository read-only
#   tests/run.sh image           only builds the test image
#   tests/run.sh clean           removes the test images
#
# Everything works in a copy of the repository. The stack under test has a
# Compose project, image tag, data folder and ports of its own, and is removed
# at the end, also after a failure or Ctrl-C. The test image stays as a cache
# until "clean".
#
# Environment:
#   TEST_OUT          folder for screenshots and service logs (made if absent);
#                     without it they are not kept
#   TEST_KEEP_IMAGES  1: keep the stack's images under the tag "test-keep", so
#                     that the next e2e run need not build them again
#   TEST_SECOND_TRY   1: an e2e test that fails is run once more, and listed;
#                     for CI, where another tenant's load may be in the way
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repo=$(dirname "$here")
image_name=inception-tests
peers_name=inception-peers
scratch=
project=
runner=
disk=

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "tests: $*"
	exit 1
}

stage() {
	say ""
	say "== $* ($(date +%H:%M:%S))"
}

# The client that `make` would take; an engine that is missing or stopped is
# seen to as `make` does.
find_docker() {
	found=$("$repo/srcs/tools/engine.sh" --install) || exit 1
	docker=$(eval "$found"; printf '%s' "$DOCKER")
}

build_image() {
	ensure_base
	tag=$(cksum <"$here/image/Dockerfile" | cut -d ' ' -f 1)
	image=$image_name:$tag
	build_once Dockerfile
}

# The test image and the peers; what it is called stays in $image.
build_peers() {
	build_image
	set -- --build-arg "TESTS=$image"
	tag=$(cat "$here/image/Dockerfile" "$here/image/Dockerfile.peers" \
	    | cksum | cut -d ' ' -f 1)
	image=$peers_name:$tag
	build_once Dockerfile.peers "$@"
}

# Builds $image from the file $1, unless it is there.
build_once() {
	file=$here/image/$1
	shift
	if "$docker" image inspect "$image" >/dev/null 2>&1; then
		return 0
	fi
	stage "building the test image $image (once; two to five minutes)"
	log=$(mktemp "${TMPDIR:-/tmp}/inception-image.XXXXXX")
	status=0
	if "$docker" buildx version >/dev/null 2>&1; then
		"$docker" build --progress=plain -t "$image" "$@" -f "$file" \
		    "$here/image" >"$log" 2>&1 || status=$?
	else
		DOCKER_BUILDKIT=0 "$docker" build -t "$image" "$@" -f "$file" \
		    "$here/image" >"$log" 2>&1 || status=$?
	fi
	if [ "$status" -ne 0 ]; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		die "the test image could not be built; the last lines are above"
	fi
	rm -f "$log"
	old_images "${image%:*}" | while read -r old; do
		[ "$old" = "$image" ] || "$docker" rmi "$old" >/dev/null 2>&1 || :
	done
}

old_images() {
	"$docker" images --format '{{.Repository}}:{{.Tag}}' "$1"
}

# The base that the test image and the stack's Debian images start from.
ensure_base() {
	if "$docker" image inspect debian:bookworm >/dev/null 2>&1; then
		return 0
	fi
	"$repo/srcs/tools/base-image.sh" debian
}

# What a clone would have, and new files, but nothing that git ignores: copied
# from /repository into the folder $1. Tests never work in the original: they
# leave nothing there, and edits during a run do not disturb it.
# shellcheck disable=SC2016
copy='
	mkdir -p "$1"
	cd /repository
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -z -co --exclude-standard
	else
		find . -type f -print0
	fi | tar --null --ignore-failed-read -T - -c 2>/dev/null \
	    | tar -x -C "$1"'

# Runs a command in the root of such a copy.
in_copy() {
	"$docker" run --rm -v "$repo:/repository:ro" -e "COPY=$copy" "$image" \
	    sh -euc 'sh -euc "$COPY" sh /build; cd /build; exec "$@"' sh "$@"
}

run_lint() {
	stage lint
	in_copy tests/lint/run.sh
}

run_unit() {
	stage "unit tests under ASan and UBSan"
	in_copy make -C services test
	stage "short fuzzing"
	in_copy make -C services fuzz-smoke
}

# What the shorter runs leave out: another compiler, no sanitizer.
run_more() {
	stage "unit tests of the release build, by clang"
	in_copy make -C services run-tests PROFILE=release CC=clang
}

# Stops and starts an engine; one of its own.
run_engine() {
	stage "the Docker engine stopped and started"
	"$here/engine-restart.sh"
}

# Ours and the peers in one container, whose loopback they talk over; what was
# measured is left in tests/bench/out.
run_bench() {
	build_peers
	out=$here/bench/out
	mkdir -p "$out"
	for part in ${1:-ftp static cache exporter}; do
		[ -e "$here/bench/$part.py" ] || die "bench: no part $part"
		stage "benchmark: $part"
		"$docker" run --rm --cap-add SYS_PTRACE --cap-add NET_ADMIN \
		    --security-opt "seccomp=$here/image/seccomp.json" \
		    --ulimit nofile=20000:20000 --shm-size 512m \
		    -v "$repo:/repository:ro" -v "$out:/out" \
		    -e "COPY=$copy" -e BENCH_OUT=/out "$image" sh -euc '
			sh -euc "$COPY" sh /build
			make -C /build/services
			cd /build/tests/bench
			exec python3 "$0.py"' "$part"
	done
}

run_php() {
	stage "object cache against a real Redis"
	in_copy tests/php/run.sh
}

cleanup() {
	trap - EXIT INT TERM HUP
	[ -z "$runner" ] || "$docker" rm -f "$runner" >/dev/null 2>&1 || :
	if [ -n "$project" ]; then
		remove_stacks
	fi
	if [ -n "$scratch" ]; then
		"$docker" run --rm -v "$scratch:$scratch" "$image" \
		    find "$scratch" -mindepth 1 -delete || :
		rmdir "$scratch" || say "tests: $scratch could not be removed"
	fi
	[ -z "$disk" ] || "$docker" volume rm -f "$disk" >/dev/null || :
}

# Whatever belongs to this run's projects ($project and $project-NAME).
remove_stacks() {
	label=com.docker.compose.project
	form="{{.ID}} {{.Label \"$label\"}}"
	"$docker" ps -a --filter "label=$label" --format "$form" | mine \
	    | xargs -r "$docker" rm -f -v >/dev/null || :
	"$docker" network ls --filter "label=$label" --format "$form" | mine \
	    | xargs -r "$docker" network rm >/dev/null || :
	form="{{.Name}} {{.Label \"$label\"}}"
	"$docker" volume ls --filter "label=$label" --format "$form" | mine \
	    | xargs -r "$docker" volume rm -f >/dev/null || :
	[ "$tag" = test-keep ] \
	    || "$docker" images --format '{{.Repository}}:{{.Tag}}' \
	    | grep -E ":$tag(-[a-z0-9]+)?\$" \
	    | xargs -r "$docker" rmi >/dev/null || :
}

mine() {
	awk -v p="$project" '$2 == p || index($2, p "-") == 1 { print $1 }'
}

run_e2e() {
	stage "the stack from outside"
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	trap cleanup EXIT
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/inception-test.XXXXXX")
	chmod 755 "$scratch"
	project=inception-test-$$
	tag=test-$$
	[ "${TEST_KEEP_IMAGES:-0}" != 1 ] || tag=test-keep
	ensure_base
	# A folder on a disk of 16 MB, for the test of a full one.
	disk=$project-disk
	"$docker" volume create --opt type=tmpfs --opt device=tmpfs \
	    --opt o=size=16m "$disk" >/dev/null
	disk_path=$("$docker" volume inspect -f '{{.Mountpoint}}' "$disk")
	out=${TEST_OUT:-$scratch/out}
	mkdir -p "$out"
	out=$(cd "$out" && pwd)
	socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
	case $socket in
	unix://*) socket=${socket#unix://} ;;
	*) die "DOCKER_HOST=$socket: the tests need the engine's local socket" ;;
	esac
	"$docker" run --rm -v "$repo:/repository:ro" -v "$scratch:$scratch" \
	    "$image" sh -euc "$copy" sh "$scratch/repository"
	runner=$project-runner
	# In the background and waited for, so that a signal is acted on at once.
	"$docker" run --rm --name "$runner" \
	    --network host --pid host --shm-size 512m \
	    --cap-add SYS_PTRACE --security-opt apparmor=unconfined \
	    --security-opt "seccomp=$here/image/seccomp.json" \
	    --add-host tester.42.fr:127.0.0.1 \
	    -v "$socket:/var/run/docker.sock" \
	    -v "$scratch:$scratch" -v "$out:$out" \
	    -v "$disk:$disk_path" \
	    -e HOME=/root \
	    -e TEST_REPO="$scratch/repository" -e TEST_SCRATCH="$scratch" -e TEST_OUT="$out" \
	    -e TEST_PROJECT="$project" -e TEST_TAG="$tag" -e TEST_TIER="$command" \
	    -e TEST_SMALL_DISK="$disk_path" -e TEST_CHAOS="${TEST_CHAOS:-}" \
	    -e TEST_SECOND_TRY="${TEST_SECOND_TRY:-}" \
	    -w "$scratch/repository/tests/e2e" "$image" \
	    python3 -m pytest -p no:cacheprovider --durations=10 "$@" &
	pid=$!
	status=0
	wait "$pid" || status=$?
	cleanup
	scratch='' project='' runner='' disk=''
	return "$status"
}

command=${1:-test}
[ $# -eq 0 ] || shift

find_docker
case $command in
clean)
	for name in "$peers_name" "$image_name"; do
		old_images "$name" | xargs -r "$docker" rmi
	done
	exit 0
	;;
lint | unit | php | e2e | test | all | chaos | image | shell | format)
	build_image
	;;
bench) ;;
*)
	sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

case $command in
lint) run_lint ;;
unit) run_unit ;;
php) run_php ;;
e2e) run_e2e "$@" ;;
bench) run_bench "$@" ;;
chaos) TEST_CHAOS=1 run_e2e test_chaos.py "$@" ;;
format)
	# As the repository's owner, so that the files stay that person's.
	"$docker" run --rm --user "$(stat -c %u:%g "$repo")" -v "$repo:/repository" \
	    -w /repository "$image" sh -euc '
		find services tests -name "*.[ch]" ! -path "*/build*/*" \
		    -exec clang-format-14 -i {} +'
	;;
shell) exec "$docker" run --rm -it -v "$repo:$repo:ro" -w "$repo" "$image" bash ;;
test | all)
	start=$(date +%s)
	run_lint
	run_unit
	run_php
	[ "$command" = test ] || run_more
	run_e2e "$@"
	[ "$command" = test ] || run_engine
	say "all stages passed in $(($(date +%s) - start)) s"
	;;
esac
