#!/bin/bash
# Data folders: makes those of the services in use, and checks before anything
# starts that each container will be able to write its own. An empty folder may
# belong to anyone: Docker gives it the right owner when it creates the
# container. Prints the services whose containers must therefore be created
# anew, because a folder was emptied or replaced under them.
#
# usage: data.sh
set -euo pipefail
. "$(dirname "$0")/lib.sh"
load_settings

make_folder() {
	[ -d "$1" ] && return
	mkdir -p "$1" 2>/dev/null \
		|| die "cannot make the folder $1; make its parent writable for $(id -un)," \
			"or set DATA_DIR in $(env_path)"
	own "$1"
}

# 0 if empty, 1 if not, 2 if this user cannot tell.
is_empty() {
	[ -r "$1" ] && [ -x "$1" ] || return 2
	[ -z "$(find "$1" -mindepth 1 -maxdepth 1 -print -quit)" ]
}

# With user namespaces, owners seen from here are shifted.
shifted_owners() {
	docker_ info --format '{{.SecurityOptions}}' 2>/dev/null \
		| grep -Eq 'rootless|userns'
}

# check VOLUME UID SERVICE
check() {
	local folder=$DATA_DIR/$1 uid=$2 service=$3 owner empty=0
	owner=$(stat -c %u "$folder")
	[ "$owner" != "$uid" ] || return 0
	is_empty "$folder" || empty=$?
	case $empty in
	0) stale "$1" ;;
	1)
		! $shifted || return 0
		if [ -z "$(find "$folder" -mindepth 1 -maxdepth 1 \
			! -name lost+found ! -name '.git*' -print -quit)" ]; then
			fault "$folder holds only $(ls -A "$folder"), so Docker does not give it" \
				"to $service; remove that, or use a sub-folder as DATA_DIR"
		else
			fault "$folder holds files and belongs to uid $owner, but $service runs as" \
				"uid $uid; run 'chown -R $uid:$uid $folder' as root if they are its" \
				"data, else move them away"
		fi
		;;
	2)
		$shifted || fault "$folder belongs to uid $owner and is closed to" \
			"$(id -un); remove it if it is empty, or give it to uid $uid"
		;;
	esac
}

# Containers that mount a volume whose folder is new keep the old one.
stale() {
	containers | while IFS=$'\t' read -r service id _; do
		mounts=$(docker_ inspect --format \
			'{{range .Mounts}}{{if eq .Type "volume"}}{{println .Name}}{{end}}{{end}}' \
			"$id")
		! grep -qxF -- "${PROJECT}_$1" <<<"$mounts" || printf '%s\n' "$service"
	done
}

use_engine --find
shifted=false
! shifted_owners || shifted=true
if ! [ -d "$STATE" ]; then
	make_folder "$STATE"
	chmod 700 "$STATE"
fi
in_use=$(services)
for entry in "${VOLUMES[@]}"; do
	IFS=: read -r volume uid service <<<"$entry"
	grep -qx "$service" <<<"$in_use" || continue
	make_folder "$DATA_DIR/$volume"
	check "$volume" "$uid" "$service"
done
if [ ${#FAULTS[@]} -gt 0 ]; then
	printf 'error: %s\n' "${FAULTS[@]}" >&2
	exit 1
fi
