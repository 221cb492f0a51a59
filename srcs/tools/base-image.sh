#!/bin/bash
# The image that all others are built on. Alpine's is pulled. So is Debian's,
# or else it is made from this machine's own Debian package sources.
#
# usage: base-image.sh alpine|debian    have that one, or fail
#        base-image.sh choose           print the one to take: Alpine if it can
#                                       be had, else Debian
#
# Environment: PULL_SECONDS, how long to wait for a registry.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

PULL_SECONDS=${PULL_SECONDS:-120}
SUITE=bookworm

image_of() {
	case $1 in
	alpine) sed -n '1s/^FROM //p' "$ROOT/srcs/requirements/nginx/Dockerfile" ;;
	debian) printf 'debian:%s\n' "$SUITE" ;;
	*) die "unknown base '$1'; choose alpine or debian" ;;
	esac
}

pull() {
	step "pulling $1"
	timeout "$PULL_SECONDS" "$DOCKER" pull "$1" >/dev/null 2>&1
}

have() {
	have_image "$1" || pull "$1"
}

# Prints "deb ..." lines for SUITE, from this machine's own: what it takes for
# its release, the mirror also has for SUITE.
debian_sources() {
	local codename
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	{
		cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null \
			| one_line_sources
		cat_stanzas /etc/apt/sources.list.d/*.sources | deb822_sources
	} | awk -v codename="$codename" -v suite="$SUITE" -v ring="$KEYRING" '
		$1 !~ /^https?:/ { next }
		$2 == codename || $2 == codename "-updates" || $2 == codename "-security" {
			sub(codename, suite, $2)
			line = "deb [signed-by=" ring "] " $1 " " $2 " main"
			if (!seen[line]++) print line
		}'
}

# deb [options] URI SUITE COMPONENT... -> URI SUITE, if main is among them.
one_line_sources() {
	sed -n 's/^deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}//p' \
		| awk '{ for (i = 3; i <= NF; i++) if ($i == "main") print $1, $2 }'
}

# With an empty line between files, so that stanzas do not run together.
cat_stanzas() {
	local file
	for file; do
		[ -r "$file" ] || continue
		cat "$file"
		echo
	done
}

# Stanzas -> URI SUITE for each pair, if enabled, binary and with main.
deb822_sources() {
	awk '
		function flush(	i, j, n, m, uri, suite) {
			if (types ~ /(^| )deb( |$)/ && components ~ /(^| )main( |$)/ &&
			    enabled != "no") {
				n = split(uris, uri, " ")
				m = split(suites, suite, " ")
				for (i = 1; i <= n; i++)
					for (j = 1; j <= m; j++)
						print uri[i], suite[j]
			}
			types = uris = suites = components = enabled = field = ""
		}
		/^#/ { next }
		/^[ \t]*$/ { flush(); next }
		/^[^ \t]/ {
			field = tolower(substr($0, 1, index($0, ":") - 1))
			sub(/^[^:]*:/, "")
		}
		{
			gsub(/[ \t]+/, " ")
			sub(/^ /, "")
			if (field == "types") types = types " " $0
			if (field == "uris") uris = uris " " $0
			if (field == "suites") suites = suites " " $0
			if (field == "components") components = components " " $0
			if (field == "enabled") enabled = tolower($0)
		}
		END { flush() }'
}

# A minimal Debian from this machine's own mirror.
bootstrap_debian() {
	local work sources proxy
	local -a options=()
	KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
	if ! grep -q '^ID=debian' /etc/os-release 2>/dev/null; then
		die "$1 cannot be pulled, and only a Debian machine can make it itself;" \
			"connect to a registry or 'docker load' the image, then run make again"
	fi
	[ -r "$KEYRING" ] || die "$1 cannot be pulled, and $KEYRING is missing;" \
		"run 'apt-get install debian-archive-keyring', then make again"
	sources=$(debian_sources)
	grep -q " $SUITE main\$" <<<"$sources" \
		|| die "$1 cannot be pulled, and no source in /etc/apt holds Debian's main" \
			"archive over HTTP; add one or 'docker load' the image, then run make again"
	if ! command -v mmdebstrap >/dev/null; then
		[ "$(id -u)" = 0 ] || die "$1 cannot be pulled; to make it from Debian's" \
			"packages, run 'sudo apt-get install mmdebstrap', then 'sudo make'"
		step "installing mmdebstrap, which makes $1"
		quietly "apt-get (check the network, run 'apt-get update')" \
			env DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
			--no-install-recommends mmdebstrap
	fi
	[ "$(id -u)" = 0 ] || die "$1 cannot be pulled, and only root can make it" \
		"from Debian's packages; run 'sudo make'"

	work=$(mktemp -d)
	# shellcheck disable=SC2064
	trap "rm -rf '$work'" EXIT
	printf '%s\n' "$sources" >"$work/sources.list"
	proxy=$(apt-config dump --format '%v' Acquire::http::Proxy 2>/dev/null || :)
	[ -z "$proxy" ] || options+=(--aptopt="Acquire::http::Proxy \"$proxy\"")
	step "making $1 from this machine's Debian packages (under a minute)"
	# As in the image of the registry: no downloaded packages in the layers, no
	# translations of package descriptions.
	cat >"$work/docker.conf" <<-'CONF'
	DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
	Acquire::Languages "none";
	CONF
	mmdebstrap --variant=minbase --quiet "${options[@]}" \
		--customize-hook="upload '$work/docker.conf' /etc/apt/apt.conf.d/docker" \
		"$SUITE" "$work/base.tar" "$work/sources.list" >"$work/log" 2>&1 || {
		tail -n 8 "$work/log" >&2
		die "$1 could not be made from the packages; check the network" \
			"and the free space in ${TMPDIR:-/tmp}, then run make again"
	}
	docker_ import -c 'CMD ["bash"]' "$work/base.tar" "$1" >/dev/null \
		|| die "the engine did not take $1; see above"
}

ensure() {
	local image
	image=$(image_of "$1")
	have "$image" && return 0
	case $1 in
	alpine)
		die "$image cannot be pulled; check the network, 'docker load' the image," \
			"or set BASE=debian in $(env_path), then run make again"
		;;
	debian) bootstrap_debian "$image" ;;
	esac
}

choose() {
	local image
	image=$(image_of alpine)
	if PULL_SECONDS=30 have "$image"; then
		echo alpine
	else
		say "    $image cannot be pulled: taking Debian as the base instead"
		echo debian
	fi
}

use_engine --find
case ${1:-} in
choose) choose ;;
alpine | debian) ensure "$1" ;;
*)
	sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
