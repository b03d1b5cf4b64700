#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A server that selects nothing, and breaks off what it should keep up (careless.c): no other object is believed in, no
# status goes to and fro, and it is asked less and less. Another server at its address is not taken for it, however late it says
# that it is another one.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"
: "${SUPPORT:?is where the programs for these tests are}"

clean_up() {
	kill ${server:-} ${sensor:-} 2>/dev/null
}
serve careless "$work/asked"
cat >"$work/kubeconfig" <<END
clusters: [{name: c, cluster: {server: 'http://ana:S3cretPass@127.0.0.1:$port'}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
END
dependencies=
for resource in strays movers mixtures errors oldies sprints refusals sleepers portals circles; do
	dependencies="$dependencies
- {id: $resource, every: 2s, timeout: 10s, check: {kubernetes: {target: main, resource: $resource, name: one, expect: exists}}}"
done
# Those that look at one object begin apart, for commands that stand between them take their time.
for expect in healthy exists '{jq: .metadata.uid != null}' absent; do
	for n in 1 2 3 4 5 6 7 8 9 10; do
		dependencies="$dependencies
- {id: between-$n-$(echo "$expect" | tr -dc a-z), every: 60s, check: {command: ['true']}}"
	done
	dependencies="$dependencies
- {id: goods-$(echo "$expect" | tr -dc a-z), every: 2s, timeout: 10s, check: {kubernetes: {target: main, resource: goods, name: one, expect: $expect}}}"
done
runbook "  main: {kubernetes: {kubeconfig: $work/kubeconfig}}" "$dependencies"

mkfifo "$work/stdin"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/stdin" >"$work/lines" 2>"$work/errors" &
sensor=$!
exec 3>"$work/stdin"
sleep 32
exec 3>&-
wait $sensor || {
	cat "$work/errors" >&2
	failed=1
}

# of DEPENDENCY WHAT FILTER: of its observations, in their order, FILTER is true
of() {
	jq -e --arg id "$1" -n \
		"[inputs | select(.type == \"observation\" and .dependency == \$id)] | length > 5 and ($3)" "$work/lines" >/dev/null || {
		echo "test_careless.sh: $1: not so: $2" >&2
		jq -r --arg id "$1" 'select(.dependency == $id) | "\(.ts) \(.asked) \(.status) \(.message)"' "$work/lines" >&2
		failed=1
	}
}
# asked DEPENDENCY MOST-WATCHES MOST-LISTS: in the first 32 s of its being asked, however long the sensor ran
asked() {
	grep "/$1?" "$work/asked" | awk 'NR == 1 {first = $1} $1 - first <= 32000' >"$work/asked-of"
	watches=$(grep -c watch=true "$work/asked-of" || true)
	lists=$(grep -vc watch=true "$work/asked-of" || true)
	[ "$watches" -le "$2" ] && [ "$lists" -le "$3" ] || {
		echo "test_careless.sh: $1: $watches watches and $lists lists in 32 s, wanted at most $2 and $3" >&2
		failed=1
	}
}
# However many look at an object, and in however many ways, one list and one watch serve them all.
for id in goods-healthy goods-exists goods-jqmetadatauidnull; do
	of $id "always healthy" 'all(.[]; .status == "healthy")'
done
of goods-absent "it is there" 'all(.[]; .status == "degraded")'
asked goods 10 1
of strays "it is not there" 'all(.[]; .status == "missing")'
of movers "it is not there" 'all(.[]; .status == "missing")'
of mixtures "that is something else" 'all(.[]; .status == "unknown" and (.message | contains("it holds a Secret where mixtures were asked for")))'
for resource in errors oldies sprints; do
	of $resource "always healthy" 'all(.[]; .status == "healthy")'
	asked $resource 6 20
done
# The first time it is told: most often the server is gone.
for resource in refusals sleepers; do
	of $resource "at most once unknown, and healthy by what was asked since" \
		'([range(1; length) as $i | select(.[$i].status == "unknown" and .[$i - 1].status == "healthy")] | length <= 1) and
		(.[-1].status == "healthy") and
		all(range(1; length) as $i | select(.[$i].status == "healthy" and .[$i - 1].status == "unknown") | [.[$i].asked, .[$i - 1].asked]; .[0] >= .[1])'
	asked $resource 8 20
done
of portals "where it sends" 'all(.[]; .status == "unknown" and .message == "HTTP 302; it sends elsewhere, which is not followed: https://[masked]@elsewhere.example/login")'
asked portals 0 20
of circles "pages that do not end" 'all(.[]; .status == "unknown") and any(.[]; .message | contains("its pages do not end"))'
asked circles 0 40
# The URL carries a password (DESIGN §7: masked before it leaves).
! grep -q -e S3cretPass -e hush "$work/lines" "$work/errors" || {
	echo "test_careless.sh: a password in a URL is told" >&2
	failed=1
}

# --- another one at the same address ---

runbook "  main: {kubernetes: {kubeconfig: $work/kubeconfig}}" "
- {id: ready, every: 300ms, timeout: 10s, check: {kubernetes: {target: main, readyz: true}}}
- {id: may, every: 300ms, timeout: 10s, check: {kubernetes: {target: main, can_i: {verb: get, resource: /metrics}}}}
- {id: goods, every: 300ms, timeout: 10s, check: {kubernetes: {target: main, resource: goods, name: one, expect: exists}}}"
mkfifo "$work/again"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/again" >"$work/lines" 2>"$work/errors" &
sensor=$!
exec 3>"$work/again"
# said FILTER: of the lines so far, FILTER is true
said() {
	grep '}$' "$work/lines" | jq -es "$1" >/dev/null
}
# becomes DEPENDENCY STATUS: it is said of it, sooner or later
becomes() {
	wait_for 60 said "any(.[]; .dependency == \"$1\" and .status == \"$2\")" || fail "$1 does not become $2: $(tail -n 3 "$work/lines")"
}
becomes ready healthy
becomes may degraded
becomes goods healthy
kill "$server"
wait "$server" 2>/dev/null || true
for each in ready may goods; do
	becomes $each unknown
done
sleep 11 # so that who it is would be asked again by its age alone, and one asking does so while the others go on
serve_at "$port" careless "$work/asked" another-one || fail "another one cannot be had at port $port"
becomes may healthy
becomes goods missing
exec 3>&-
wait "$sensor" || true
# Whatever it has to say is told behind who it is.
jq -es '(map(.type == "target" and .fingerprint.uid == "another-one") | index(true)) as $told |
	(map(.status == "unknown") | index(true)) as $gone | $told != null and
	all(range($gone; $told) as $i | .[$i]; .type != "observation" or .status == "unknown" or (.dependency == "goods" and .status == "healthy"))' \
	"$work/lines" >/dev/null || {
	echo "test_careless.sh: told before it was said whose it is:" >&2
	jq -r 'select(.type != "heartbeat") | "\(.ts) \(.type) \(.dependency) \(.status) \(.message) \(.fingerprint)"' "$work/lines" |
		grep -B 12 -A 3 another-one >&2
	failed=1
}
done_probing
