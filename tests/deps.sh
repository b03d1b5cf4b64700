#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: deps.sh PACKAGE...
# Installs the Debian packages that are missing; on other systems it names what is needed and lets the build decide.
set -eu

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
	echo "relight: deps: this is no Debian or Ubuntu; please install what these packages hold: $*" >&2
	exit 0
fi
missing=
for package in "$@"; do
	dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || {
		echo "relight: deps: missing:$missing; run as root: apt-get install$missing" >&2
		exit 1
	}
	as_root=sudo
fi
echo "relight: installing:$missing" >&2
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
