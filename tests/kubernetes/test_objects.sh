#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What checks say of objects: by name, by selector, in all namespaces; healthy, exists, absent, jq; built-in kinds and a
# custom resource. There is no kubelet: the test sets status where a kubelet or a controller would.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

create() {
	api POST "$1" - >/dev/null
}
# status PATH JSON: replaces what the status subresource of an object says.
status() {
	printf '{"status":%s}' "$2" | api PATCH "$1/status" - >/dev/null
}

pod() {
	create "/api/v1/namespaces/$1/pods" <<END
{"metadata":{"name":"$2","labels":{"app":"$3"}},"spec":{"containers":[{"name":"main","image":"none"}]}}
END
}
ready='{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}'
crashing='{"phase":"Running","conditions":[{"type":"Ready","status":"False","lastTransitionTime":"AT"}],"containerStatuses":[{"name":"main","image":"none",
 "imageID":"","ready":false,"restartCount":4,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m"}}}]}'

create /api/v1/namespaces <<'END'
{"metadata":{"name":"shop"}}
END
create /api/v1/namespaces <<'END'
{"metadata":{"name":"store"}}
END
pod shop web-1 shelf
pod shop web-2 shelf
pod shop worker worker
pod store web-3 shelf
status /api/v1/namespaces/shop/pods/web-1 "$ready"
status /api/v1/namespaces/shop/pods/web-2 "$ready"
sleep 1.1 # so that it is after the creation
crashed=$(date -u +%Y-%m-%dT%H:%M:%S)
status /api/v1/namespaces/shop/pods/worker "$(printf %s "$crashing" | sed "s/AT/${crashed}Z/")"

create /api/v1/nodes <<'END'
{"metadata":{"name":"node-1"}}
END
status /api/v1/nodes/node-1 '{"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}]}'
create /api/v1/namespaces/shop/persistentvolumeclaims <<'END'
{"metadata":{"name":"data"},"spec":{"storageClassName":"fast","accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}
END
create /api/v1/namespaces/shop/configmaps <<'END'
{"metadata":{"name":"settings"},"data":{"colour":"blue","replicas":"3"}}
END
create /api/v1/namespaces/shop/secrets <<'END'
{"metadata":{"name":"password"},"data":{"value":"c2VjcmV0"}}
END
create /apis/apiextensions.k8s.io/v1/customresourcedefinitions <<'END'
{"metadata":{"name":"stores.db.relight.test"},"spec":{"group":"db.relight.test","scope":"Namespaced",
 "names":{"plural":"stores","singular":"store","kind":"Store","shortNames":["sto"]},
 "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
  "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
END
wait_for 60 served db.relight.test v1 stores || fail "stores are not served"
create /apis/db.relight.test/v1/namespaces/shop/stores <<'END'
{"apiVersion":"db.relight.test/v1","kind":"Store","metadata":{"name":"cases"},"spec":{"size":3}}
END

create /apis/db.relight.test/v1/namespaces/store/stores <<'END'
{"apiVersion":"db.relight.test/v1","kind":"Store","metadata":{"name":"ledger"}}
END
# What tells no times.
ledger() {
	status /apis/db.relight.test/v1/namespaces/store/stores/ledger "{\"phase\":\"$1\"}"
}
ledger Provisioning

# An aggregated API whose server is gone: its group is listed, and cannot be asked.
create /api/v1/namespaces/shop/services <<'END'
{"metadata":{"name":"gone"},"spec":{"ports":[{"port":443}]}}
END
create /apis/apiregistration.k8s.io/v1/apiservices <<'END'
{"metadata":{"name":"v1.gone.relight.test"},"spec":{"group":"gone.relight.test","version":"v1","groupPriorityMinimum":20000,
 "versionPriority":1,"service":{"namespace":"shop","name":"gone"},"insecureSkipTLSVerify":true}}
END
is_listed() {
	api GET /apis | grep gone.relight.test >/dev/null
}
wait_for 60 is_listed || fail "the aggregated group is not listed"
clean_up() {
	kill ${probe:-} 2>/dev/null
	api DELETE /apis/apiregistration.k8s.io/v1/apiservices/v1.gone.relight.test >/dev/null
}

targets="  main: {kubernetes: {context: test, namespace: shop}}"
check() {
	echo "- {id: $1, timeout: 20s, check: {kubernetes: {target: main, $2}}}"
}
runbook "$targets" "$(
	check api 'readyz: true'
	check pod 'resource: pod, name: web-1'
	check crashing 'resource: po, name: worker'
	check gone 'resource: pods, name: nobody'
	check gone-as-wanted 'resource: pods, name: nobody, expect: absent'
	check there-unwanted 'resource: pods, name: web-1, expect: absent'
	check all-web 'resource: pods, selector: app=shelf'
	check all 'resource: pods'
	check everywhere 'resource: pods, namespace: "*", selector: app=shelf'
	check timeless 'resource: stores, namespace: store, name: ledger'
	check somewhere 'resource: pods, namespace: "*", name: web-3'
	check nowhere 'resource: pods, namespace: "*", name: web-9'
	check enough 'resource: pods, selector: app=shelf, min: 2, expect: exists'
	check too-few 'resource: pods, selector: app=shelf, min: 3, expect: exists'
	check none 'resource: pods, selector: app=nothing'
	check none-needed 'resource: pods, selector: app=nothing, min: 0'
	check none-wanted 'resource: pods, selector: "app in (nothing)", expect: absent'
	check some-unwanted 'resource: pods, selector: app=shelf, expect: absent'
	check node 'resource: nodes, name: node-1'
	check claim 'resource: pvc, name: data'
	check secret 'resource: secrets, name: password'
	check secrets 'resource: secrets'
	check secret-read 'resource: secrets, name: password, expect: {jq: ".[\"data\"].value != null", message: "\"no value\""}'
	check secret-named 'resource: secrets, namespace: "*", name: password, expect: {jq: .metadata.name == "password"}'
	check secrets-read 'resource: secrets, expect: {jq: "has(\"data\") | not"}'
	check namespace 'resource: Namespace, name: shop'
	check elsewhere 'resource: pods, namespace: nowhere, name: web-1'
	check jq-true 'resource: configmap, name: settings, expect: {jq: .data.colour == "blue"}'
	check jq-false 'resource: cm, name: settings, expect: {jq: .data.colour == "red", message: .data.colour}'
	check jq-word 'resource: cm, name: settings, expect: {jq: "\"suspended\""}'
	check jq-error 'resource: cm, name: settings, expect: {jq: .data | tonumber}'
	check jq-each 'resource: pods, selector: app, expect: {jq: ".status.conditions[0].status == \"True\"", message: ".spec.containers[0].image"}'
	check custom 'resource: stores.db.relight.test, name: cases'
	check custom-short 'resource: sto'
	check no-such-resource 'resource: unicorns'
	check aggregated 'resource: things.gone.relight.test'
	check aggregation 'resource: apiservice, name: v1.gone.relight.test'
	check no-such-group 'resource: pods.example.org, name: x'
)"
# Its controller says a little later that the aggregated one is not available.
until_observed 60 aggregation degraded
observe
expect api healthy ready
expect pod healthy "running and ready"
expect crashing degraded "main: CrashLoopBackOff: back-off 5m"
expect gone missing 'pods "nobody" not found'
expect gone-as-wanted healthy "as it should be"
expect there-unwanted degraded "should not"
expect all-web healthy "2 pods with app=shelf in shop"
expect all degraded "2 of 3 pods in shop healthy; worker: main: CrashLoopBackOff"
expect everywhere progressing "2 of 3 pods with app=shelf healthy; store/web-3: "
expect timeless progressing Provisioning
expect somewhere progressing "store/web-3: "
expect nowhere missing "no pods named web-9 found"
expect enough healthy "2 pods"
expect too-few degraded "2 of at least 3 pods with app=shelf in shop found"
expect none missing "no pods with app=nothing in shop found"
expect none-needed healthy "0 pods"
expect none-wanted healthy "as it should be"
expect some-unwanted degraded "2 pods with app=shelf in shop exist"
expect node healthy ready
expect claim progressing "no volume yet of class fast"
expect secret healthy exists
expect secrets healthy "1 secrets in shop"
by_metadata="judged by metadata alone: Secrets are never fetched whole"
expect secret-read degraded "no value; $by_metadata"
expect secret-named healthy "$by_metadata"
expect secrets-read healthy "1 secrets in shop; $by_metadata"
expect namespace healthy active
expect elsewhere missing "not found"
expect jq-true healthy ""
expect jq-false degraded blue
expect jq-word suspended ""
expect jq-error unknown ""
expect jq-each degraded "2 of 3 pods with app in shop healthy; worker: "
expect custom progressing "no status yet"
expect custom-short progressing "0 of 1 stores in shop healthy; cases: "
expect no-such-resource unknown "the server has no resource unicorns"
expect aggregated unknown "the server has no resource things.gone.relight.test that can be seen: gone.relight.test/v1 does not answer"
expect aggregation degraded ""
expect no-such-group unknown "the server has no resource pods.example.org"
# expect_resource DEPENDENCY RESOURCE: which one the name was taken for; "null" where that is no question.
expect_resource() {
	taken=$(jq -r --arg id "$1" 'select(.type == "observation" and .dependency == $id) | .evidence.resource' "$work/lines")
	[ "$taken" = "$2" ] || {
		echo "test_objects.sh: $1: taken for '$taken', not '$2'" >&2
		failed=1
	}
}
expect_resource custom-short stores.db.relight.test
expect_resource timeless stores.db.relight.test
expect_resource custom null
expect_resource pod null
expect_resource jq-true null
[ "$code" = 1 ] || {
	echo "test_objects.sh: exit $code where not all is healthy" >&2
	failed=1
}

# Since when something has not moved: its own times; of a list the newest of them; of what tells no times what is seen to
# change, and nothing before that.
progressed() {
	jq -r --arg id "$1" 'select(.type == "observation" and .dependency == $id) | .evidence.progressed' "$work/lines" | tail -n 1
}
is() {
	[ "$2" = "$3" ] || {
		echo "test_objects.sh: $1: '$2', wanted '$3'" >&2
		failed=1
	}
}
is "progress of one" "$(progressed crashing)" "$crashed.000000Z"
is "progress of many, the newest" "$(progressed all)" "$crashed.000000Z"
is "progress that nothing tells" "$(progressed timeless)" null
mkfifo "$work/in"
"$RELIGHT" probe "$work/runbook.yaml" --only timeless <"$work/in" >"$work/lines" 2>"$work/errors" &
probe=$!
exec 3>"$work/in"
tries=0
until grep -q '"Provisioning' "$work/lines" || [ "$tries" -ge 300 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
is "progress that nobody saw" "$(progressed timeless)" null
before=$(date -u +%Y-%m-%dT%H:%M:%S)
ledger Starting
tries=0
until grep -q '"Starting' "$work/lines" || [ "$tries" -ge 300 ]; do
	tries=$((tries + 1))
	sleep 0.1
done
moved=$(progressed timeless)
is "progress that was seen" "$(printf '%s\n%s\n' "$before" "${moved%.*}" | sort | head -n 1)" "$before"
exec 3>&-
wait "$probe" || true

status /apis/db.relight.test/v1/namespaces/shop/stores/cases \
	'{"conditions":[{"type":"Ready","status":"True","reason":"Serving","message":"3 members"}]}'
status /api/v1/nodes/node-1 '{"conditions":[{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown"}]}'
observe --only custom,node
expect custom healthy "Serving: 3 members"
expect node degraded NodeStatusUnknown
observe --only api
[ "$code" = 0 ] || {
	echo "test_objects.sh: exit $code where all is healthy" >&2
	failed=1
}
# One that is added to a set is progress of the set, also where it has nothing to tell yet.
sleep 1.1
pod shop late worker
created=$(api GET /api/v1/namespaces/shop/pods/late | jq -r .metadata.creationTimestamp)
observe --only all,all-web
is "progress by a new one" "$(progressed all)" "${created%Z}.000000Z"
is "progress of a set that tells nothing" "$(progressed all-web)" null
done_probing
