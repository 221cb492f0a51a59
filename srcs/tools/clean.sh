#!/bin/bash
# Removes what belongs to this stack, and nothing else.
#
# usage: clean.sh stop      nothing; only stops the containers
#        clean.sh down      containers and networks
#        clean.sh images    and the volumes' names and the images
#        clean.sh all       and, after asking, its data and secrets
#
# Data are files in DATA_DIR, which no removal of a volume touches. srcs/.env
# and the base image stay in any case.
#
# Environment: FORCE=1 does not ask.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings

# Those that builds of this stack made, also what later builds left without a
# name.
images() {
	docker_ images -q --no-trunc --filter "label=inception.project=$PROJECT" \
		| sort -u
}

# What the classic builder left of this stack's build stages; see build.sh.
stages() {
	[ -r "$STATE/stages" ] || return 0
	docker_ images -q --filter dangling=true \
		| grep -xFf "$STATE/stages" | sort -u || :
}

# remove_images IMAGE... STAGE...
remove_images() {
	local id
	[ $# -gt 0 ] || return 0
	step "removing the images"
	for id; do
		docker_ image inspect "$id" >/dev/null 2>&1 || continue
		docker_ rmi -f "$id" >/dev/null 2>&1 \
			|| say "    $id is in use elsewhere and stays"
	done
	rm -f "$STATE/images" "$STATE/stages" 2>/dev/null || :
}

# Empties the stack's own folders. Their files belong to the containers' users,
# so a container does it; root can do it without one.
remove_data() {
	local entry image names=() name
	for entry in "${VOLUMES[@]}"; do
		name=${entry%%:*}
		[ ! -e "$DATA_DIR/$name" ] || names+=("$name")
	done
	[ ! -e "$STATE" ] || names+=(.stack)
	[ ${#names[@]} -gt 0 ] || return 0
	step "removing the data: ${names[*]} in $DATA_DIR"
	image=${built[0]:-}
	for name in debian:bookworm "$(sed -n '1s/^FROM //p' \
		"$ROOT/srcs/requirements/nginx/Dockerfile" 2>/dev/null)"; do
		[ -n "$image" ] || ! have_image "$name" || image=$name
	done
	if [ -n "$image" ]; then
		docker_ run --rm --network none --user 0 --entrypoint rm \
			-v "$DATA_DIR:/data" -w /data "$image" -rf -- "${names[@]}" \
			|| die "the data could not be removed; see above"
	elif [ "$(id -u)" = 0 ]; then
		(cd "$DATA_DIR" && rm -rf -- "${names[@]}")
	else
		die "there is no image left to remove the data with; run 'sudo make fclean'"
	fi
	rmdir "$DATA_DIR" 2>/dev/null || :
}

remove_secrets() {
	local name
	[ -d "$SECRETS" ] || return 0
	step "removing the secrets in $SECRETS"
	for name in "${PASSWORDS[@]}" ca_cert ca_key; do
		rm -f "$SECRETS/$name.txt"
	done
	rmdir "$SECRETS" 2>/dev/null || :
}

down() {
	step "taking the stack down"
	quietly "taking the stack down" compose_all down "$@"
}

what=${1:-}
case $what in
stop | down | images) ;;
all)
	confirm "deleting the site" "This deletes the site, its database and all else in
$DATA_DIR ($(printf '%s ' "${VOLUMES[@]%%:*}")), and the secrets in $SECRETS. Go on?"
	;;
*)
	sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
use_engine --find
mapfile -t built < <(images; stages)
case $what in
stop)
	step "stopping the stack"
	quietly stopping compose_all stop
	;;
down) down ;;
images)
	down -v
	remove_images "${built[@]}"
	;;
all)
	down -v
	remove_data
	remove_images "${built[@]}"
	remove_secrets
	;;
esac
