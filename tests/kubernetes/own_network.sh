# SPDX-License-Identifier: Apache-2.0
# Read by tests here with `.`, first of all, after `set -eu`: runs them again in a network and with mounts of their own, where
# packets can be lost and names be unknown. The API server is reached through the socket $FORWARDED/api in the file system.
# Where no such network can be made the test ends: with success, but in CI.

if [ "${IN_OWN_NETWORK:-}" != yes ]; then
	unshare --net --mount true 2>/dev/null || {
		echo "$(basename "$0"): no network namespace can be made here" >&2
		[ "${CI:-}" != true ] && exit 0
		exit 1
	}
	export IN_OWN_NETWORK=yes
	FORWARDED=$(mktemp -d)
	export FORWARDED
	socat "UNIX-LISTEN:$FORWARDED/api,fork" "TCP:127.0.0.1:$(sed 's/.*://' "$CLUSTER/url")" &
	forwarder=$!
	code=0
	unshare --net --mount sh "$0" || code=$?
	kill $forwarder
	rm -rf "$FORWARDED"
	exit "$code"
fi
ip link set lo up
