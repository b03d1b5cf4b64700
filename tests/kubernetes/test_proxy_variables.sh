#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Which requests go through a proxy, by proxy-url and by HTTPS_PROXY and NO_PROXY: the same as kubectl's, in a network of its
# own that has a server that is not this machine itself.
set -eu
# shellcheck source=tests/kubernetes/own_network.sh
. "$(dirname "$0")/own_network.sh"
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"
ip address add 192.0.2.2/32 dev lo
printf '127.0.0.1 localhost\n192.0.2.2 api.recovery.test\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
socat TCP-LISTEN:7010,bind=192.0.2.2,fork,reuseaddr "UNIX-CONNECT:$FORWARDED/api" 2>/dev/null &
forwarder=$!
cat >"$work/tinyproxy.conf" <<END
Port 7020
Listen 127.0.0.1
LogFile "$work/proxy.log"
LogLevel Connect
ConnectPort 7010
END
tinyproxy -d -c "$work/tinyproxy.conf" >/dev/null 2>&1 &
proxy=$!
clean_up() {
	kill $forwarder $proxy 2>/dev/null
}
both_listen() {
	[ "$(ss -ltn | grep -c -E ':(7010|7020) ')" = 2 ]
}
wait_for 60 both_listen || fail "the proxy does not start"

# way COMMAND...: "proxy" or "direct", by what the proxy has seen of it
way() {
	: >"$work/proxy.log"
	"$@" >"$work/said" 2>&1 </dev/null || { cat "$work/said" >&2; echo failed; return; }
	if grep -q CONNECT "$work/proxy.log"; then echo proxy; else echo direct; fi
}
by_relight() {
	"$RELIGHT" probe "$work/runbook.yaml" --once >"$work/lines" && grep -q '"status":"healthy"' "$work/lines"
}
cases=0
# same WANTED SERVER CLUSTER-LINES [VARIABLE...]: as kubectl, and as wanted
same() {
	wanted=$1
	cat >"$work/kubeconfig" <<END
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: '$2', $3}}]
users: [{name: test, user: {token: viewer-token-5b1c}}]
END
	runbook "  main: {kubernetes: {kubeconfig: $work/kubeconfig}}" \
		"- {id: api, timeout: 20s, check: {kubernetes: {target: main, resource: ns, name: default, expect: exists}}}"
	shift 3
	kubectl=$(for variable in "$@"; do export "${variable?}"; done
		way "$ASSETS/kubectl" --kubeconfig "$work/kubeconfig" --cache-dir "$work/cache" get ns default)
	relight=$(for variable in "$@"; do export "${variable?}"; done
		way by_relight)
	[ "$kubectl $relight" = "$wanted $wanted" ] || {
		echo "test_proxy_variables.sh: $(grep server "$work/kubeconfig") $*: kubectl $kubectl, relight $relight, wanted $wanted" >&2
		failed=1
	}
	cases=$((cases + 1))
}
address=https://192.0.2.2:7010
name=https://api.recovery.test:7010
open="insecure-skip-tls-verify: true"
named="tls-server-name: localhost, certificate-authority: $CLUSTER/ca.crt"
through=HTTPS_PROXY=http://127.0.0.1:7020
same direct $address "$open" HTTP_PROXY=http://127.0.0.1:7020
same proxy $address "$open" $through
same proxy $address "$open" https_proxy=http://127.0.0.1:7020
same direct $address "$open" $through NO_PROXY=192.0.2.2
same direct $address "$open" $through no_proxy=192.0.2.2
same direct $address "$open" $through NO_PROXY=192.0.2.2:7010
same proxy $address "$open" $through NO_PROXY=192.0.2.2:6443
same direct $address "$open" $through NO_PROXY=10.0.0.0/8,192.0.2.0/24
same proxy $address "$open" $through NO_PROXY=192.0.2.128/25
same direct $address "$open" $through 'NO_PROXY=*'
same direct $name "$open" $through NO_PROXY=recovery.test
same direct $name "$open" $through NO_PROXY=.recovery.test
same proxy $name "$open" $through NO_PROXY=very.test,192.0.2.2
same proxy $address "$named" $through
same direct $address "$named" $through NO_PROXY=192.0.2.2
same proxy $address "$named" $through NO_PROXY=localhost
same proxy $address "$open, proxy-url: 'http://127.0.0.1:7020'"
same proxy $address "$open, proxy-url: 'http://127.0.0.1:7020'" 'NO_PROXY=*'
[ "$cases" = 18 ] || failed=1
done_probing
