#!/bin/sh
# Runs the tests, each stage in the test image (tests/image), so that the host
# needs Docker and nothing else.
#
#   tests/run.sh lint            style, scripts, rules of the repository
#   tests/run.sh unit            C unit tests under ASan and UBSan, short fuzzing
#   tests/run.sh php             the object cache against a real Redis
#   tests/run.sh e2e [ARGS]      the real stack from outside; ARGS go to pytest
#   tests/run.sh rehearse        Alpine's Dockerfiles, built for real on a base
#                                that is SIMULATED, and mistakes planted in them
#   tests/run.sh alpine-check    the same, and the e2e tests, on the real Alpine,
#                                for somebody who can reach it; prints a report
#   tests/run.sh test            all of these, cheapest first (make test)
#   tests/run.sh all             as test, and what takes longer
#   tests/run.sh musl            the daemons on musl, Alpine's C library
#   tests/run.sh range           the compilers and libraries of Debian 12 and 13
#   tests/run.sh chaos           what breaks while people are on the site
#   tests/run.sh format          formats the C code in place
#   tests/run.sh clients [ARGS]  many FTP clients against ftpd by itself
#   tests/run.sh bench [PART]    our daemons beside their peers, in one run:
#                                ftp, static, cache, exporter, or all of them
#   tests/run.sh dist            static programs in dist/, built twice
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
#   TEST_BASE         alpine: e2e tests of the Alpine images, which need a registry;
#                     simulated: of the Alpine Dockerfiles on the simulated base
#   TEST_KEEP_IMAGES  1: keep the stack's images under the tag "test-keep", so
#                     that the next e2e run need not build them again
#   TEST_SECOND_TRY   1: an e2e test that fails is run once more, and listed;
#                     for CI, where another tenant's load may be in the way
set -eu

here=$(cd "$(dirname "$0")" && pwd)
repo=$(dirname "$here")
image_name=inception-tests
peers_name=inception-peers
trixie_name=inception-trixie
range_name=inception-range
musl_name=inception-musl
scratch=
project=
runner=
disk=
variant=

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

# Debian 13; what it is called stays in $image and in $trixie.
build_trixie() {
	ensure_base
	tag=$(cksum <"$here/image/Dockerfile.trixie" | cut -d ' ' -f 1)
	image=$trixie_name:$tag
	build_once Dockerfile.trixie
	trixie=$image
}

# What is made from it, by Dockerfile.NAME and the other files named: its
# compilers and libraries, or musl.
build_on_trixie() {
	build_trixie
	name=$1
	shift
	tag=$(cd "$here/image" && cat Dockerfile.trixie "Dockerfile.$name" "$@" \
	    | cksum | cut -d ' ' -f 1)
	image=inception-$name:$tag
	build_once "Dockerfile.$name" --build-arg "TRIXIE=$trixie"
}

# Builds $image from the file $1, unless it is there.
build_once() {
	file=$here/image/$1
	shift
	if "$docker" image inspect "$image" >/dev/null 2>&1; then
		return 0
	fi
	stage "building the test image $image (once; some minutes)"
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

# The host's certificate authorities: a proxy on the way to npm's registry may
# be vouched for by them only.
find_certificates() {
	for certificates in "${NODE_EXTRA_CA_CERTS:-}" "${SSL_CERT_FILE:-}" \
	    /etc/ssl/certs/ca-certificates.crt \
	    /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem \
	    /etc/ssl/cert.pem; do
		[ ! -s "$certificates" ] || return 0
	done
	certificates=/dev/null
}

# Runs a command in the root of such a copy.
in_copy() {
	"$docker" run --rm -v "$repo:/repository:ro" -e "COPY=$copy" "$image" \
	    sh -euc 'sh -euc "$COPY" sh /build; cd /build; exec "$@"' sh "$@"
}

# The same in an image that is not the test image, which makes the copy.
in_other() {
	other=$1
	shift
	build_image
	"$docker" run --rm -v "$repo:/repository:ro" "$image" \
	    sh -euc "$copy"' && exec tar -c -C "$1" .' sh /build \
	    | "$docker" run --rm -i "$other" sh -euc '
		mkdir /build
		cd /build
		tar -x
		exec "$@" </dev/null' sh "$@"
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

# What the daemons have their part in. Each variant is a stack whose four
# daemons alone differ: see tests/variant.sh.
daemon_tests='test_variant.py test_static*.py test_strict.py test_ftp*.py
    test_cache*.py test_metrics*.py test_memory.py test_daemons.py'

run_variant() {
	variant=$1
	shift
	# shellcheck disable=SC2046,SC2086 # patterns, names
	[ $# -gt 0 ] || set -- $(cd "$here/e2e" && ls $daemon_tests)
	run_e2e "$@"
	variant=
}

run_musl() {
	build_on_trixie musl musl/unpack-source
	musl=$image
	stage "the C code on musl"
	in_other "$musl" tests/musl/unit.sh
	run_variant "musl $musl" "$@"
}

run_range() {
	build_on_trixie range
	range=$image
	stage "Debian 12: gcc 12, clang 14"
	build_image
	in_copy tests/range.sh gcc clang
	stage "Debian 13: gcc 12 and 14, clang 19"
	in_other "$range" tests/range.sh gcc-12 gcc-14 clang-19
	run_variant "trixie $range $trixie" "$@"
}

# Leaves dist/NAME.tar.gz and its checksum. Files bear the time of the last
# commit.
run_dist() {
	build_on_trixie musl musl/unpack-source
	musl=$image
	stage "static programs, built twice"
	build_image
	seconds=$("$docker" run --rm -v "$repo:/repository:ro" "$image" \
	    git -C /repository log -1 --format=%ct 2>/dev/null) \
	    || seconds=315532800
	name=inception-daemons-$(cat "$repo/services/VERSION")-$(uname -m)
	mkdir -p "$repo/dist"
	in_other "$musl" tests/musl/dist.sh "$name" "$seconds" \
	    >"$repo/dist/$name.tar.gz.new"
	mv "$repo/dist/$name.tar.gz.new" "$repo/dist/$name.tar.gz"
	(cd "$repo/dist" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256")
}

# The stack of the Alpine Dockerfiles, as far as the simulated base can tell.
run_simulated() {
	TEST_BASE=simulated run_e2e test_up.py test_site.py test_static.py \
	    test_ftp.py test_redis.py test_cache.py test_metrics.py
}

# Stops and starts an engine; one of its own.
run_engine() {
	stage "the Docker engine stopped and started"
	"$here/engine-restart.sh"
}

# FTP clients of every kind against ftpd by itself.
# Series by series beside Debian's exporters, against the same servers.
run_exporters() {
	build_peers
	stage "our exporter beside Debian's"
	"$docker" run --rm -v "$repo:/repository:ro" -e "COPY=$copy" "$image" \
	    sh -euc '
		sh -euc "$COPY" sh /build
		make -C /build/services exporter
		cd /build/tests/bench
		exec python3 exporter_names.py'
}

run_clients() {
	build_peers
	stage "FTP clients"
	find_certificates
	"$docker" run --rm -v "$repo:/repository:ro" -e "COPY=$copy" \
	    -v "$certificates:/host-certificates.crt:ro" \
	    -e NODE_EXTRA_CA_CERTS=/host-certificates.crt \
	    -e NODE_PATH=/opt/clients/node_modules "$image" sh -euc '
		sh -euc "$COPY" sh /build
		npm install --silent --prefix /opt/clients basic-ftp@5.0.5
		make -C /build/services ftpd STATIC_TLS=1
		cd /build/tests/clients
		exec python3 -m pytest -p no:cacheprovider -ra "$@"' sh "$@"
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
		    --cap-add SYS_NICE --cap-add DAC_READ_SEARCH \
		    --shm-size 4g \
		    -v "$repo:/repository:ro" -v "$out:/out" \
		    -e "COPY=$copy" -e BENCH_OUT=/out "$image" sh -euc '
			sh -euc "$COPY" sh /build
			make -C /build/services STATIC_TLS=1
			cd /build/tests/bench
			exec python3 "$0.py"' "$part"
	done
}

run_php() {
	stage "object cache against a real Redis"
	in_copy tests/php/run.sh
}

# Builds on the simulated base, which stays as a cache; the rest is removed.
# ARGS go to rehearse.py: names of services, for a look at these alone.
run_rehearse() {
	stage "Alpine's Dockerfiles on a SIMULATED base (nothing of it is Alpine)"
	open_scratch
	"$docker" run --rm -v "$repo:/repository:ro" -v "$scratch:$scratch" \
	    "$image" sh -euc "$copy" sh "$scratch/repository"
	run_beside python3 rehearse.py "$scratch/repository" "$@"
	if [ $# -eq 0 ]; then
		stage "mistakes planted in Alpine's Dockerfiles and scripts"
		run_beside python3 -m pytest -q -p no:cacheprovider .
	fi
	cleanup
	scratch='' runner=''
}

# The real thing, where it can be had: all that the rehearsal looks at, then
# the e2e tests, and a report.
run_alpine_check() {
	real=$(sed -n '1s/^FROM //p' "$repo/srcs/requirements/nginx/Dockerfile")
	"$docker" image inspect "$real" >/dev/null 2>&1 \
	    || timeout 120 "$docker" pull "$real" >/dev/null 2>&1 \
	    || die "$real is not here and cannot be pulled; run alpine-check" \
	    "where a registry and Alpine's mirror can be reached"
	[ -z "$("$docker" image inspect -f \
	    '{{index .Config.Labels "inception.simulated"}}' "$real")" ] \
	    || die "$real is SIMULATED; remove that image and pull the real one"
	build_image
	stage "Alpine's Dockerfiles on the real $real"
	open_scratch
	report=${TEST_OUT:-$here/out}/alpine-report.txt
	mkdir -p "$(dirname "$report")"
	find_certificates
	"$docker" run --rm -v "$repo:/repository:ro" -v "$scratch:$scratch" \
	    -v "$certificates:/host-certificates.crt:ro" "$image" sh -euc "$copy"'
		cat /host-certificates.crt \
		    >"$1/srcs/requirements/bonus/cachemon/charts/host-certificates.crt"
		' sh "$scratch/repository"
	failed=0
	run_beside python3 rehearse.py --real "$scratch/repository" \
	    "$scratch/report" || failed=1
	cp "$scratch/report" "$report"
	cleanup
	scratch='' runner=''
	(TEST_BASE=alpine run_e2e "$@") >"$report.e2e" 2>&1 || failed=1
	{
		echo
		echo "End-to-end tests on these images"
		tail -n 40 "$report.e2e" | sed 's/^/  /'
	} >>"$report"
	rm -f "$report.e2e"
	cat "$report"
	say "alpine-check: the report to send is $report"
	return "$failed"
}

# In the copy's tests/rehearse, with the engine at hand.
run_beside() {
	runner=inception-rehearsal-$$
	"$docker" run --rm --name "$runner" -v "$socket:/var/run/docker.sock" \
	    -v "$scratch:$scratch" -w "$scratch/repository/tests/rehearse" \
	    -e "REHEARSAL_MARK=$$" "$image" "$@" &
	pid=$!
	wait "$pid"
}

# A folder of this run's own, which is removed at the end; the engine's socket.
open_scratch() {
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	trap cleanup EXIT
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/inception-test.XXXXXX")
	chmod 755 "$scratch"
	socket=${DOCKER_HOST:-unix:///var/run/docker.sock}
	case $socket in
	unix://*) socket=${socket#unix://} ;;
	*) die "DOCKER_HOST=$socket: the tests need the engine's local socket" ;;
	esac
}

cleanup() {
	trap - EXIT INT TERM HUP
	[ -z "$runner" ] || "$docker" rm -f "$runner" >/dev/null 2>&1 || :
	if [ -n "$project" ]; then
		remove_stacks
	elif [ -n "$runner" ]; then
		remove_rehearsal
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

# What a rehearsal that was broken off could not remove itself.
remove_rehearsal() {
	label=label=inception.rehearsal=$$
	"$docker" ps -aq --filter "$label" | xargs -r "$docker" rm -f -v >/dev/null
	"$docker" volume ls -q --filter "$label" \
	    | xargs -r "$docker" volume rm -f >/dev/null
	"$docker" network ls -q --filter "$label" \
	    | xargs -r "$docker" network rm >/dev/null
	"$docker" images -q --filter "$label" | sort -u \
	    | xargs -r "$docker" rmi -f >/dev/null
}

mine() {
	awk -v p="$project" '$2 == p || index($2, p "-") == 1 { print $1 }'
}

run_e2e() {
	stage "the stack from outside${variant:+, daemons on ${variant%% *}}"
	build_image
	open_scratch
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
	find_certificates
	# shellcheck disable=SC2086 # words
	"$docker" run --rm -v "$repo:/repository:ro" -v "$scratch:$scratch" \
	    -v "$certificates:/host-certificates.crt:ro" "$image" sh -euc "$copy"'
		cat /host-certificates.crt >"${1%/*}/host-certificates.crt"
		cd "$1"
		shift
		[ $# -eq 0 ] || tests/variant.sh "$@"' \
	    sh "$scratch/repository" $variant
	base=${TEST_BASE:-} charts=on
	[ -z "$variant" ] || base=debian
	if [ "$base" = simulated ]; then
		stage "the Alpine Dockerfiles, on a base that is SIMULATED"
		run_beside python3 rehearse.py --rewrite "$scratch/repository"
		base=alpine charts=off
	fi
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
	    -e TEST_PROJECT="$project" -e TEST_TAG="$tag" -e TEST_TIER="${TEST_TIER:-$command}" \
	    -e TEST_SMALL_DISK="$disk_path" -e TEST_CHAOS="${TEST_CHAOS:-}" \
	    -e TEST_SECOND_TRY="${TEST_SECOND_TRY:-}" -e TEST_BASE="$base" \
	    -e TEST_VARIANT="${variant%% *}" -e TEST_CHARTS="$charts" \
	    -e HOST_CERTIFICATES="$scratch/host-certificates.crt" \
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
	for name in "$peers_name" "$image_name" simulated-alpine \
	    "$range_name" "$musl_name" "$trixie_name"; do
		old_images "$name" | xargs -r "$docker" rmi
	done
	exit 0
	;;
alpine-check) ;;
lint | unit | php | rehearse | e2e | test | all | chaos | image | shell | format)
	build_image
	;;
bench | clients | musl | range | dist) ;;
*)
	sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

case $command in
lint) run_lint ;;
unit) run_unit ;;
php) run_php ;;
rehearse) run_rehearse "$@" ;;
alpine-check) run_alpine_check "$@" ;;
e2e) run_e2e "$@" ;;
bench) run_bench "$@" ;;
clients) run_clients "$@" ;;
musl) run_musl "$@" ;;
range) run_range "$@" ;;
dist) run_dist ;;
chaos)
	TEST_CHAOS=1 run_e2e test_chaos.py \
	    test_cachemon.py::test_killed_while_it_writes "$@"
	;;
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
	run_rehearse
	[ "$command" = test ] || run_more
	run_e2e "$@"
	if [ "$command" = all ]; then
		run_simulated
		run_engine
		run_exporters
		run_clients
		run_musl
		run_range
		run_dist
	fi
	say "all stages passed in $(($(date +%s) - start)) s"
	;;
esac
