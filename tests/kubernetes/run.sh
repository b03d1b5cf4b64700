#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh [TEST...]
# Runs the tests of this folder (default: each test_*.sh) against a real Kubernetes API server. They find $RELIGHT,
# $CLUSTER (what cluster.sh wrote), $ASSETS and $KUBECONFIG. Where no such server can run it says so in one line, and
# fails only in CI.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
: "${RELIGHT:?is the program to test}"
[ $# -gt 0 ] || set -- "$here"/test_*.sh

status=0
ASSETS=$(sh "$here/assets.sh") || status=$?
if [ "$status" != 0 ]; then
	[ "$status" = 77 ] && [ "${CI:-}" != true ] && exit 0
	exit 1
fi
CLUSTER=$(mktemp -d)
KUBECONFIG=$CLUSTER/kubeconfig
export RELIGHT ASSETS CLUSTER KUBECONFIG
trap 'sh "$here/cluster.sh" stop "$CLUSTER"; rm -rf "$CLUSTER"' EXIT
trap 'exit 130' INT TERM HUP

sh "$here/cluster.sh" start "$CLUSTER"
sh "$here/../each.sh" kubernetes "$@"
echo "relight: check-kubernetes: all $# passed"
