#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: assets.sh
# Prints the folder with the binaries of a real Kubernetes API server: $KUBEBUILDER_ASSETS where that is set, else a cache
# folder, filled once from Debian bookworm's packages (kubernetes is built from its source package: about five minutes on
# two cores, and 2 GB below the cache folder while it lasts). Exits 77, with the reason in one line, where it cannot.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
version=1.20.2
cache=${XDG_CACHE_HOME:-$HOME/.cache}/relight-tests/kubernetes-$version
needed="etcd kube-apiserver"
built="kube-apiserver kube-controller-manager kubectl"

cannot() {
	echo "relight: check-kubernetes: cannot run: $*" >&2
	exit 77
}

# Takes a folder and a list of names; true when the folder has all of them.
holds() {
	for name in $2; do
		[ -x "$1/$name" ] || return 1
	done
}

# Private apt lists, with sources switched on: the system's own entries, each asked for packages and for sources, so
# that nothing on the machine changes and no root is needed.
apt_private() {
	mkdir -p "$work/apt/parts" "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
	for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$list" ] || continue
		sed -n 's/^deb\( .*\)/deb\1\ndeb-src\1/p' "$list" >>"$work/apt/sources.list"
	done
	for sources in /etc/apt/sources.list.d/*.sources; do
		[ -f "$sources" ] || continue
		sed 's/^Types:.*/Types: deb deb-src/' "$sources" >"$work/apt/parts/$(basename "$sources")"
	done
	touch "$work/apt/sources.list"
}

apt() {
	command=$1
	shift
	"apt-$command" -qq -o Dir::Etc::SourceList="$work/apt/sources.list" \
		-o Dir::Etc::SourceParts="$work/apt/parts" -o Dir::State::Lists="$work/apt/lists" \
		-o Dir::Cache="$work/apt/cache" -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none "$@"
}

# The files of a binary package, below $work/files, without installing it.
unpack() {
	(cd "$work" && apt get download "$1") >&2 || cannot "package $1 could not be fetched"
	dpkg-deb -x "$work/$1"_*.deb "$work/files"
}

# The server alone, without the package's service: installing that would start a second etcd on this machine.
fetch_etcd() {
	if command -v etcd >/dev/null 2>&1; then
		cp "$(command -v etcd)" "$work/bin/etcd"
	else
		unpack etcd-server
		cp "$work/files/usr/bin/etcd" "$work/bin/etcd"
	fi
}

# The vendored modern-go/reflect2 reads Go's own tables in a way that Go 1.18 ended: built as it is, the server panics at
# the first map in a JSON body. Version 1.0.2 mended that, and Debian has it.
mend_reflect2() {
	unpack golang-github-modern-go-reflect2-dev
	rm -rf vendor/github.com/modern-go/reflect2
	cp -r "$work/files/usr/share/gocode/src/github.com/modern-go/reflect2" vendor/github.com/modern-go/reflect2
}

build_kubernetes() {
	source=$(apt cache showsrc kubernetes 2>/dev/null | sed -n "s/^Version: //p" | grep -F "$version" | head -n 1)
	[ -n "$source" ] || cannot "this system's archives have no source package kubernetes $version (Debian bookworm has)"
	echo "relight: check-kubernetes: building kubernetes $source once, into $cache (about five minutes)" >&2
	(cd "$work" && apt get source "kubernetes=$source") >"$work/source.log" 2>&1 ||
		{ tail -n 3 "$work/source.log" >&2; cannot "the source package kubernetes $source could not be fetched"; }
	cd "$work"/kubernetes-*/
	mend_reflect2
	mkdir -p .go/src/k8s.io
	ln -s "$PWD" .go/src/k8s.io/kubernetes
	targets=
	for name in $built; do
		targets="$targets cmd/$name"
	done
	env -u GOROOT -u GOFLAGS GOPATH="$PWD/.go" GOCACHE="$work/go-cache" CGO_ENABLED=0 \
		PATH="/usr/lib/go-1.19/bin:$PATH" make WHAT="${targets# }" >"$work/build.log" 2>&1 ||
		{ tail -n 20 "$work/build.log" >&2; cannot "kubernetes $source did not build"; }
	for name in $built; do
		cp -L "_output/bin/$name" "$work/bin/$name"
	done
	cd "$here"
}

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
	holds "$KUBEBUILDER_ASSETS" "$needed" ||
		cannot "KUBEBUILDER_ASSETS: $KUBEBUILDER_ASSETS: not all of these are there: $needed"
	echo "$KUBEBUILDER_ASSETS"
	exit 0
fi
if holds "$cache" "$needed $built"; then
	echo "$cache"
	exit 0
fi
command -v apt-get >/dev/null 2>&1 || cannot "no apt-get here; set KUBEBUILDER_ASSETS to a folder with: $needed"
sh "$here/../deps.sh" golang-1.19-go rsync jq dpkg-dev make >&2 || cannot "the packages to build kubernetes are missing"

mkdir -p "$(dirname "$cache")"
work=$(mktemp -d "$(dirname "$cache")/build.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/bin"
apt_private
apt get update >&2 || true
fetch_etcd
build_kubernetes
mkdir -p "$cache"
for name in $needed $built; do
	mv "$work/bin/$name" "$cache/$name" 2>/dev/null || [ -x "$cache/$name" ]
done
echo "$cache"
