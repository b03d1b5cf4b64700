#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: each.sh KIND TEST...
# Runs each test, its name first, also after one that failed, so that one run tells all. A script is given to sh. Names those that failed
# with their exit status, and fails if there were any.
set -u
kind=$1
shift
failed=0
for test in "$@"; do
	status=0
	name=$(basename "$test" .sh)
	echo "$kind: $name"
	case $test in
	*.sh) sh "$test" || status=$? ;;
	*) "$test" || status=$? ;;
	esac
	[ "$status" = 130 ] && exit 130
	[ "$status" = 0 ] && continue
	echo "relight: check-$kind: $name FAILED, exit $status" >&2
	failed=$((failed + 1))
done
[ "$failed" = 0 ] || {
	echo "relight: check-$kind: $failed of $# failed" >&2
	exit 1
}
