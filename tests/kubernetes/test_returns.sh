#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sensor that runs through a disaster: the API server stalls, is gone and comes back; a kubeconfig appears, a custom resource
# is defined. Each is seen without starting the sensor again.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

runbook "  main: {kubernetes: {context: test}}
  later: {kubernetes: {kubeconfig: $work/later.yaml, context: test}}" \
	"- {id: api, every: 300ms, timeout: 5s, check: {kubernetes: {target: main, readyz: true}}}
- {id: kube-system, every: 300ms, timeout: 5s, check: {kubernetes: {target: main, resource: ns, name: kube-system}}}
- {id: later, every: 300ms, timeout: 5s, check: {kubernetes: {target: later, readyz: true}}}
- {id: later-ns, every: 300ms, timeout: 5s, check: {kubernetes: {target: later, resource: ns, name: default}}}
- {id: probes, every: 1s, timeout: 5s, check: {kubernetes: {target: main, resource: probes.late.relight.test, min: 0}}}"
mkfifo "$work/stdin"
: >"$work/lines"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/stdin" >"$work/lines" 2>"$work/errors" &
sensor=$!
exec 3>"$work/stdin"
clean_up() {
	kill "$sensor" 2>/dev/null
	kill -CONT "$(cat "$CLUSTER/apiserver.pid")" 2>/dev/null
}

# comes DEPENDENCY STATUS SECONDS WORDS: waits until an observation made from now on says so.
comes() {
	seen=$(wc -l <"$work/lines")
	end=$(($(date +%s) + $3))
	while [ "$(date +%s)" -lt "$end" ]; do
		# The last line may be half written yet.
		if tail -n +"$((seen + 1))" "$work/lines" | grep '}$' | jq -e --arg id "$1" --arg status "$2" --arg words "${4:-}" -n \
			'[inputs | select(.type == "observation" and .dependency == $id and .status == $status and
			(.message | contains($words)))] | length > 0' >/dev/null; then
			return
		fi
		sleep 0.1
	done
	echo "test_returns.sh: $1 did not become $2 in $3 s; last:" >&2
	grep "\"$1\"" "$work/lines" | tail -n 2 >&2
	failed=1
}

comes api healthy 60
comes kube-system healthy 60
comes later missing 60 "is not there"
comes probes unknown 60 "has no resource"

kill -STOP "$(cat "$CLUSTER/apiserver.pid")"
comes api unknown 60
comes kube-system unknown 60
sleep 10
kill -CONT "$(cat "$CLUSTER/apiserver.pid")"
# It was not waited for longer than that.
if grep -E 'within [0-9]+m' "$work/lines" >&2; then
	echo "test_returns.sh: waited minutes for a connection?" >&2
	failed=1
fi
comes api healthy 60

cp "$CLUSTER/kubeconfig" "$work/later.yaml"
cp "$CLUSTER/ca.crt" "$CLUSTER/admin.crt" "$CLUSTER/admin.key" "$work/"
comes later healthy 60
comes later-ns healthy 60
# One that was reached is not missing because its kubeconfig is rewritten, or gone: it could not be asked.
before=$(wc -l <"$work/lines")
mv "$work/later.yaml" "$work/away.yaml"
comes later unknown 60 "is not there"
comes later-ns unknown 60 "is not there"
mv "$work/away.yaml" "$work/later.yaml"
comes later healthy 60
comes later-ns healthy 60
if tail -n +"$((before + 1))" "$work/lines" | grep '"later' | grep -q '"missing"'; then
	echo "test_returns.sh: missing, though it was reached: $(grep '"later' "$work/lines" | grep '"missing"' | tail -n 1)" >&2
	failed=1
fi
api POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions - >/dev/null <<'END'
{"metadata":{"name":"probes.late.relight.test"},"spec":{"group":"late.relight.test","scope":"Namespaced",
 "names":{"plural":"probes","kind":"Probe"},"versions":[{"name":"v1","served":true,"storage":true,
  "schema":{"openAPIV3Schema":{"type":"object"}}}]}}
END
comes probes healthy 60 "0 probes"

# Without the pipe: what starts there would hold it open.
sh "$tests/cluster.sh" restart "$CLUSTER" 3>&- &
comes api unknown 60 refused
wait $!
comes api healthy 60
comes kube-system healthy 60
said=$(jq -r 'select(.type == "target" and .target == "main") | .target' "$work/lines" | wc -l)
[ "$said" = 1 ] || {
	echo "test_returns.sh: $said fingerprints of one cluster" >&2
	failed=1
}
exec 3>&-
wait "$sensor" || true
done_probing
