#!/bin/bash
# Rule R37 for real: the Docker engine is stopped and started, as at a reboot,
# and everything is there again without anybody doing anything.
#
# It does not touch the engine that is running: it starts a second one, with a
# folder, socket and network stack of its own, and brings the whole stack up
# there. Part of `make test-all`. Needs root and dockerd, and says so and ends
# well where it cannot have them.
#
# usage: engine-restart.sh
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repo=$(dirname "$here")
name=inception-engine-$$
port=28443
domain=tester.42.fr

say() {
	printf '%s\n' "engine-restart: $*" >&2
}

stack() {
	make -C "$repo" --no-print-directory "ENV_FILE=$dir/env" \
	    "SECRETS_DIR=$dir/secrets" "$@"
}

write_settings() {
	sed -e 's|^LOGIN=.*|LOGIN=tester|' \
	    -e "s|^DATA_DIR=.*|DATA_DIR=$dir/data|" \
	    -e "s|^COMPOSE_PROJECT_NAME=.*|COMPOSE_PROJECT_NAME=$name|" \
	    -e "s|^TAG=.*|TAG=$name|" \
	    -e 's|^COMPOSE_PROFILES=.*|COMPOSE_PROFILES=bonus|' \
	    -e "s|^HTTPS_PORT=.*|HTTPS_PORT=$port|" \
	    "$repo/srcs/.env.example" >"$dir/env"
}

# ---- Inside: no network but its own, a second engine -------------------------

start_engine() {
	dockerd --data-root "$dir/engine" --exec-root "$dir/exec" \
	    --pidfile "$dir/engine.pid" --host "$DOCKER_HOST" --bridge none \
	    >>"$dir/engine.log" 2>&1 &
	engine=$!
	for _ in $(seq 60); do
		! docker version >/dev/null 2>&1 || return 0
		kill -0 "$engine" 2>/dev/null || break
		sleep 1
	done
	tail -n 5 "$dir/engine.log" >&2
	say "the second engine does not start"
	return 1
}

stop_engine() {
	[ -n "$engine" ] || return 0
	kill "$engine" 2>/dev/null || :
	wait "$engine" 2>/dev/null || :
	engine=
}

healthy() {
	docker ps --filter health=healthy -q | wc -l
}

container() {
	docker ps -aqf "label=com.docker.compose.service=$1"
}

page() {
	curl -fsSL --max-time 20 --noproxy '*' --cacert "$dir/secrets/ca_cert.txt" \
	    --resolve "$domain:$port:127.0.0.1" "https://$domain:$port/?p=$1"
}

inside() {
	export DOCKER_HOST=unix://$dir/engine.sock
	engine=
	trap stop_engine EXIT
	ip link set lo up
	start_engine
	say "loading the images into the second engine"
	docker load -q -i "$dir/images.tar" >/dev/null
	rm -f "$dir/images.tar"
	stack bonus
	word=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
	# WordPress' own call, as its editor makes it.
	id=$(docker exec "$(container wordpress)" php -r '
	    require "/var/www/html/wp-load.php";
	    echo wp_insert_post(["post_title" => "'"$word"'",
	        "post_content" => "Written before the engine stopped.",
	        "post_status" => "publish"]);')
	page "$id" | grep "$word" >/dev/null
	say "stopping the engine"
	stop_engine
	! page "$id" >/dev/null 2>&1 || {
		say "the site answers without an engine"
		return 1
	}
	say "starting it again, and doing nothing"
	SECONDS=0
	start_engine
	until [ "$(healthy)" -eq 9 ]; do
		[ "$SECONDS" -lt 180 ] || {
			docker ps -a >&2
			say "not healthy after $SECONDS s"
			return 1
		}
		sleep 1
	done
	say "all nine services are healthy $SECONDS s after the engine's start"
	page "$id" | grep "$word" >/dev/null
	stack bonus 2>&1 | tee "$dir/again" >&2
	grep -q 'nothing to change' "$dir/again"
	docker ps -aq | xargs docker rm -f >/dev/null
}

# ---- Outside -------------------------------------------------------------------

cleanup() {
	trap - EXIT INT TERM HUP
	stack FORCE=1 fclean >/dev/null 2>&1 || :
	rm -rf "$dir" || say "$dir could not be removed"
}

if [ "${1:-}" = inside ]; then
	dir=$2
	inside
	exit 0
fi

for tool in dockerd unshare ip curl; do
	command -v "$tool" >/dev/null && [ "$(id -u)" = 0 ] || {
		say "skipped: it needs root, dockerd, unshare, ip and curl"
		exit 0
	}
done
dir=$(mktemp -d "${TMPDIR:-/tmp}/$name.XXXX")
chmod 755 "$dir"
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
write_settings
# Built where a package mirror can be reached.
stack build
mapfile -t images < <(docker images --filter "label=inception.project=$name" \
    --format '{{.Repository}}:{{.Tag}}' | grep ":$name\$")
docker save -o "$dir/images.tar" "${images[@]}"
unshare --net --mount "$0" inside "$dir"
say "passed"
