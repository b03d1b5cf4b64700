#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sensor that watches: changes are seen at once, however rare its rhythm; several checks share one watch; what keeps a
# workload is told; a recheck is answered by what was asked afterwards; of secrets only the metadata are fetched.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

at=/apis/apps/v1/namespaces/watched
api POST /api/v1/namespaces - >/dev/null <<'END'
{"metadata":{"name":"watched"}}
END
# pod NAME: one that runs, labelled app=shop
pod() {
	api POST /api/v1/namespaces/watched/pods - >/dev/null <<END
{"metadata":{"name":"$1","labels":{"app":"shop"}},"spec":{"containers":[{"name":"main","image":"shop"}]}}
END
}
# status PATH JSON: merged into the status of an object
status() {
	printf '{"status":%s}' "$2" >"$work/status.json"
	api PATCH "$1/status" "$work/status.json" >/dev/null
}

runbook "  main: {kubernetes: {context: test, namespace: watched}}" \
	"- {id: shop, every: 1m, timeout: 20s, check: {kubernetes: {target: main, resource: rs, name: shop}}}
- {id: shop-is-there, every: 1m, timeout: 20s, check: {kubernetes: {target: main, resource: rs, name: shop, expect: exists}}}
- {id: shop-of-two, every: 1m, timeout: 20s, check: {kubernetes: {target: main, resource: rs, name: shop, expect: {jq: .spec.replicas == 2}}}}
- {id: pods, every: 1m, timeout: 20s, check: {kubernetes: {target: main, resource: pods, selector: app=shop, min: 2}}}
- {id: secret, every: 1m, timeout: 20s, check: {kubernetes: {target: main, resource: secret, name: token, expect: {jq: '.[\"data\"] == null'}}}}
- {id: gone, every: 1m, timeout: 20s, check: {kubernetes: {target: main, resource: cm, name: lock, expect: absent}}}"

# watches RESOURCE: how many watches of it the server has
watches() {
	api GET /metrics | sed -n "s/^apiserver_longrunning_\(gauge\|requests\){.*resource=\"$1\".*verb=\"WATCH\".*} //p" |
		awk '{n += $1} END {print n + 0}'
}
mkfifo "$work/stdin"
: >"$work/lines"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/stdin" >"$work/lines" 2>"$work/errors" &
sensor=$!
exec 3>"$work/stdin"
clean_up() {
	kill "$sensor" 2>/dev/null
}

# of DEPENDENCY: its observations so far, as a stream
of() {
	grep '}$' "$work/lines" | jq -c --arg id "$1" 'select(.type == "observation" and .dependency == $id)'
}
# comes DEPENDENCY STATUS WORDS: its newest observation says so, long before it would be asked by its rhythm
comes() {
	tries=0
	while :; do
		said=$(of "$1" | tail -n 1 | jq -r '"\(.status): \(.message)"')
		case $said in
		"$2: "*"$3"*) return ;;
		esac
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || break
		sleep 0.1
	done
	echo "test_watch.sh: $1: said '$said', wanted '$2: ...$3'" >&2
	failed=1
}

comes shop missing 'replicasets.apps "shop" not found'
comes shop-is-there missing "not found"
comes pods missing "no pods with app=shop in watched found"
comes gone healthy "absent, as it should be"

api POST "$at/replicasets" - >/dev/null <<'END'
{"metadata":{"name":"shop"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"shop"}},
 "template":{"metadata":{"labels":{"app":"shop"}},"spec":{"containers":[{"name":"main","image":"shop"}]}}}}
END
comes shop-is-there healthy exists
comes shop-of-two healthy ""
comes shop progressing ""
connections() {
	ss -tnp state established "dport = :$(sed 's/.*://' "$CLUSTER/url")" | grep -c "pid=$sensor,"
}
has_one_connection() {
	[ "$(connections)" = 1 ]
}
wait_for 20 has_one_connection || {
	echo "test_watch.sh: $(connections) connections, where one HTTP/2 connection would do" >&2
	failed=1
}

[ -x "$ASSETS/kube-controller-manager" ] || { pod shop-1; pod shop-2; }
comes pods progressing "0 of 2 pods"
names=$(api GET "/api/v1/namespaces/watched/pods?labelSelector=app=shop" | jq -r '.items[].metadata.name')
for name in $names; do
	status "/api/v1/namespaces/watched/pods/$name" '{"phase":"Running","conditions":[{"type":"Ready","status":"True"}],
	 "containerStatuses":[{"name":"main","ready":true,"restartCount":0,"image":"shop","imageID":"","state":{"running":{}}}]}'
done
comes pods healthy "2 pods with app=shop in watched"
first=$(echo "$names" | head -n 1)
status "/api/v1/namespaces/watched/pods/$first" '{"conditions":[{"type":"Ready","status":"False"}],
 "containerStatuses":[{"name":"main","ready":false,"restartCount":7,"image":"shop","imageID":"",
 "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m0s restarting failed container=main"}}}]}'
comes pods degraded "$first"
comes shop progressing "CrashLoopBackOff: back-off 5m0s"

api POST /api/v1/namespaces/watched/secrets - >/dev/null <<'END'
{"metadata":{"name":"token"},"stringData":{"password":"not-to-be-fetched"}}
END
comes secret healthy ""

# A recheck is answered by what the server said afterwards.
asked=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
printf '{"recheck":"shop-of-two","token":77}\n' >&3
tries=0
until [ -n "$(of shop-of-two | jq -c 'select(.token == 77)')" ] || [ "$tries" = 200 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
of shop-of-two | jq -es --arg asked "$asked" 'map(select(.token == 77)) | length == 1 and .[0].asked >= $asked' >/dev/null || {
	echo "test_watch.sh: no answer with the token that was asked afterwards" >&2
	failed=1
}

api DELETE "$at/replicasets/shop" >/dev/null
comes shop missing "not found"
api POST /api/v1/namespaces/watched/configmaps - >/dev/null <<'END'
{"metadata":{"name":"lock"}}
END
comes gone degraded "exists, and should not"

# Nothing was asked for again and again: with a rhythm of a minute each has few observations.
most=$(jq -rs 'map(select(.type == "observation") | .dependency) | group_by(.) | map(length) | max' "$work/lines")
if [ "$most" -gt 25 ]; then
	echo "test_watch.sh: $most observations of one dependency" >&2
	failed=1
fi
# With the sensor its watches end, and no others do: the controllers watch the same objects.
has_fewer() {
	left=$(watches replicasets)
	[ "$left" -lt "$watched" ]
}
watched=$(watches replicasets)
exec 3>&-
wait "$sensor" || true
wait_for 60 has_fewer || true
[ "$((watched - left))" = 1 ] || {
	echo "test_watch.sh: $((watched - left)) watches of replicasets for three checks of one" >&2
	failed=1
}
if grep -q Sanitizer "$work/errors"; then
	cat "$work/errors" >&2
	failed=1
fi
done_probing
