#!/bin/bash
# Docker: finds an engine, a `docker` client that reaches it and Compose, and
# prints what it found as shell assignments. An engine that is there is used as
# it is. With --install, a missing one is installed from the distribution
# (Debian, Ubuntu, as root) and a stopped one is started.
#
# usage: engine.sh --find|--install
#
# Environment: DOCKER and COMPOSE name the clients instead of the search, as in
#     make COMPOSE=docker-compose bonus
#
# Prints:
#   DOCKER   the client
#   COMPOSE  the command for Compose
#   BUILDER  an assignment for Compose's environment, or nothing: which builder
#            it must use
set -euo pipefail
. "$(dirname "$0")/lib.sh"

DAEMON_LOG=${DAEMON_LOG:-/var/log/dockerd.log}
START_SECONDS=${START_SECONDS:-60}

# Every docker client in PATH, the wanted one alone if one is wanted.
clients() {
	if [ -n "${DOCKER:-}" ]; then
		printf '%s\n' "$DOCKER"
	else
		type -ap docker || :
	fi
}

reaches_engine() {
	timeout 15 "$1" version --format '{{.Server.Version}}' >/dev/null 2>&1
}

has_buildx() {
	timeout 15 "$1" buildx version >/dev/null 2>&1
}

# Before version 23 the client builds by itself; after, it needs its build
# component, which is a package of its own.
can_build() {
	local version
	version=$(timeout 15 "$1" version --format '{{.Client.Version}}' 2>/dev/null) \
		|| return 1
	[ "${version%%.*}" -lt 23 ] 2>/dev/null || has_buildx "$1"
}

# Sets client: one that can also build goes before one that cannot.
find_client() {
	local candidate
	client=''
	for candidate in $(clients); do
		reaches_engine "$candidate" || continue
		if can_build "$candidate"; then
			client=$candidate
			return 0
		fi
		client=${client:-$candidate}
	done
	[ -n "$client" ]
}

# Sets compose and compose_version; version 2 goes before 1.
find_compose() {
	local candidate version
	local -a command candidates=()
	compose='' compose_version=''
	if [ -n "${COMPOSE:-}" ]; then
		candidates=("$COMPOSE")
	else
		for candidate in "$client" $(clients); do
			candidates+=("$candidate compose")
		done
		for candidate in $(type -ap docker-compose || :); do
			candidates+=("$candidate")
		done
	fi
	for candidate in "${candidates[@]}"; do
		read -ra command <<<"$candidate"
		version=$(timeout 30 "${command[@]}" version --short 2>/dev/null) || continue
		version=${version#v}
		[[ $version =~ ^[0-9]+\. ]] || continue
		if [ "${version%%.*}" -ge 2 ]; then
			compose=$candidate compose_version=$version
			return 0
		fi
		if [ -z "$compose" ]; then
			compose=$candidate compose_version=$version
		fi
	done
	[ -n "$compose" ]
}

# ---- Installing ---------------------------------------------------------------

is_debian_like() {
	[ -r /etc/os-release ] && command -v apt-get >/dev/null \
		&& grep -Eq '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release
}

offered() {
	apt-cache policy "$1" 2>/dev/null \
		| grep -q '^  Candidate: [0-9]'
}

# Sets packages: the first offered of each alternative. Names differ between
# releases: the client and Compose 2 have packages of their own in later ones.
choose_packages() {
	packages=()
	if [ "$1" = engine ]; then
		packages+=(docker.io ca-certificates)
		! offered docker-cli || packages+=(docker-cli)
		! offered docker-buildx || packages+=(docker-buildx)
		# Without these, containers do not start on such a kernel.
		if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
			packages+=(apparmor)
		fi
		if ! [ -d /run/systemd/system ] && offered cgroupfs-mount; then
			packages+=(cgroupfs-mount)
		fi
	fi
	if ! find_compose; then
		if offered docker-compose-v2; then
			packages+=(docker-compose-v2)
		else
			packages+=(docker-compose)
		fi
	fi
}

# by_hand WHAT COMMAND...: this machine is left alone; say what to type.
by_hand() {
	local command
	say "error: $1; type this, then run make again:"
	shift
	for command; do
		say "    $command"
	done
	exit 1
}

install() {
	local what=$1
	is_debian_like || by_hand \
		"$2, and this is not Debian or Ubuntu, where make can install it" \
		"# your system's packages, or https://docs.docker.com/engine/install/" \
		"# needed: Docker Engine 20.10 or later, and Compose 1.29 or 2.x"
	[ "$(id -u)" = 0 ] || by_hand \
		"$2, and only root can install it" \
		"sudo apt-get update" \
		"sudo apt-get install docker.io docker-compose" \
		"sudo usermod -aG docker $(id -un)    # then sign out and in again"
	step "$2: installing it from this system's packages"
	apt_get update
	choose_packages "$what"
	step "installing ${packages[*]} (about a minute)"
	apt_get install -y --no-install-recommends "${packages[@]}"
	hash -r
}

apt_get() {
	quietly "apt-get $1 (check the network and the sources in /etc/apt)" \
		env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
		apt-get -q -o Dpkg::Use-Pty=0 "$@"
}

# ---- Starting -----------------------------------------------------------------

start_engine() {
	local pid='' waited=0
	[ "$(id -u)" = 0 ] || by_hand \
		"Docker is installed, but its engine does not answer $(id -un)" \
		"sudo systemctl enable --now docker" \
		"sudo usermod -aG docker $(id -un)    # then sign out and in again"
	if [ -n "${DOCKER_HOST:-}" ]; then
		die "no engine answers at DOCKER_HOST=$DOCKER_HOST;" \
			"start it there, or unset the variable"
	fi
	if [ -d /run/systemd/system ]; then
		step "starting the Docker engine (systemctl start docker)"
		systemctl start docker || die "systemd could not start Docker;" \
			"see 'journalctl -u docker'"
	else
		step "starting the Docker engine in the background; its log: $DAEMON_LOG"
		mount_cgroups
		setsid nohup dockerd >>"$DAEMON_LOG" 2>&1 </dev/null 9<&- &
		pid=$!
	fi
	until find_client; do
		if [ -n "$pid" ] && ! kill -0 "$pid" 2>/dev/null; then
			engine_failed "the Docker engine ended at once"
		fi
		if [ "$waited" -ge "$START_SECONDS" ]; then
			engine_failed "the Docker engine did not answer within $START_SECONDS s"
		fi
		sleep 1
		waited=$((waited + 1))
	done
	step "the Docker engine answers"
}

engine_failed() {
	if [ -d /run/systemd/system ]; then
		die "$1; mend what 'journalctl -u docker' says, then run make again"
	fi
	say "last lines of $DAEMON_LOG:"
	tail -n 5 "$DAEMON_LOG" >&2
	die "$1; mend what $DAEMON_LOG says, then run make again"
}

mount_cgroups() {
	if command -v cgroupfs-mount >/dev/null \
		&& ! grep -q ' cgroup2\? ' /proc/mounts; then
		cgroupfs-mount || :
	fi
}

# ---- Main ---------------------------------------------------------------------

install=false
[ "${1:-}" != --install ] || install=true

if [ -n "${DOCKER:-}" ] && ! command -v "$DOCKER" >/dev/null; then
	die "DOCKER=$DOCKER is not a program; name a docker client or leave it out"
fi

if ! find_client; then
	if ! $install; then
		die "no Docker engine answers; run 'make', which starts or installs one"
	fi
	if ! command -v dockerd >/dev/null && ! [ -S /var/run/docker.sock ]; then
		install engine "there is no Docker engine on this machine"
	elif [ -z "$(clients)" ]; then
		install engine "there is no docker client on this machine"
	fi
	find_client || start_engine
fi

if ! find_compose; then
	if [ -n "${COMPOSE:-}" ]; then
		die "COMPOSE='$COMPOSE' does not run; name Compose 1.29 or 2.x or leave it out"
	fi
	if ! $install; then
		die "Compose is missing; run 'make', which installs it"
	fi
	install compose "Compose is missing"
	find_compose || die "Compose was installed but does not run;" \
		"try 'docker-compose version'"
fi

case $compose_version in
1.*)
	# Otherwise it would run the first docker in PATH, whichever that is.
	builder=COMPOSE_DOCKER_CLI_BUILD=0
	;;
*)
	minor=${compose_version#*.}
	minor=${minor%%.*}
	if has_buildx "$client"; then
		builder=
	elif [ "${compose_version%%.*}" = 2 ] && [ "$minor" -lt 30 ]; then
		# Has a builder of its own.
		builder=DOCKER_BUILDKIT=1
	else
		# Would ask for the missing build component; the engine can do it too.
		builder=DOCKER_BUILDKIT=0
	fi
	;;
esac

printf 'DOCKER=%q\nCOMPOSE=%q\nBUILDER=%q\n' "$client" "$compose" "$builder"
