#!/usr/bin/env bash
# Sees to it that a Debian base image is there for `docker build`: base-image.sh [bookworm|trixie]
#
# An image that is present is used as it is; else it is pulled. Only where no registry answers is it built from Debian's
# packages with debootstrap (needs root), from the mirror and through the proxy that the host's own apt uses.
set -euo pipefail

release="${1:-bookworm}"
image="debian:${release}-slim"

if docker image inspect "$image" >/dev/null 2>&1; then
	exit 0
fi

echo "base image $image: pulling"
if timeout 120 docker pull --quiet "$image" 2>/dev/null; then
	exit 0
fi

echo "base image $image: no registry answers, so it is built from Debian's packages"
if ! command -v debootstrap >/dev/null; then
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		echo "base image $image: needs debootstrap (as root: apt-get install debootstrap)" >&2
		exit 1
	fi
	echo "base image $image: installing debootstrap"
	apt-get install -y --no-install-recommends debootstrap >/dev/null
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "base image $image: debootstrap needs root" >&2
	exit 1
fi

work="$(mktemp -d "${TMPDIR:-/tmp}/aliasd-base-image.XXXXXX")"
trap 'rm -rf --one-file-system "$work"' EXIT

# The mirror of the host's apt, where it serves this release; else debootstrap's own default.
mirror="$(apt-get indextargets --format '$(REPO_URI)' "Origin: Debian" "Codename: $release" "Created-By: Packages" 2>/dev/null | sed -n 1p || true)"
# The word of the host's apt on proxies is passed on: builds install packages with it.
proxy="$(apt-config dump 2>/dev/null | grep -E '^Acquire::(https?::)?[Pp]roxy ' || true)"
http_proxy_of_apt="$(apt-config shell p Acquire::http::Proxy 2>/dev/null | sed -E "s/^p='(.*)'$/\1/" || true)"

${http_proxy_of_apt:+env http_proxy="$http_proxy_of_apt"} \
	debootstrap --variant=minbase "$release" "$work/root" ${mirror:+"$mirror"} >"$work/log" 2>&1 || {
	tail -n 20 "$work/log" >&2
	exit 1
}
[ -z "$proxy" ] || printf '%s\n' "$proxy" >"$work/root/etc/apt/apt.conf.d/90proxy"
# As in the images that are pulled: no service starts while packages are installed.
printf '#!/bin/sh\nexit 101\n' >"$work/root/usr/sbin/policy-rc.d"
chmod 755 "$work/root/usr/sbin/policy-rc.d"
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,man,locale}/*
tar -C "$work/root" --one-file-system -c . | docker import --change 'CMD ["bash"]' --change 'LABEL aliasd.interop=base' - "$image" >/dev/null
echo "base image $image: built"
