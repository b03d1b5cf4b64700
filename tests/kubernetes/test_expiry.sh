#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How long credentials still live, and how far objects are: what observations carry beside their status.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

# said DEPENDENCY FILTER WANTED: what the newest observation carries.
carries() {
	said=$(jq -rc --arg id "$1" "select(.type == \"observation\" and .dependency == \$id) | $2" "$work/lines")
	[ "$said" = "$3" ] || {
		echo "test_expiry.sh: $1: $2 is '$said', wanted '$3'" >&2
		failed=1
	}
}

# --- credentials: a certificate, one that has expired, an opaque token, a JSON Web Token inline and in a file ---

api POST /api/v1/namespaces/default/serviceaccounts - >/dev/null <<'END'
{"metadata":{"name":"expiry"}}
END
api POST /api/v1/namespaces/default/serviceaccounts/expiry/token - >"$work/token.json" <<'END'
{"spec":{"expirationSeconds":1200}}
END
jq -r .status.token "$work/token.json" >"$CLUSTER/expiry-token"
# What judges tokens hears of their account a little later.
is_known() {
	curl -sf --max-time 20 --cacert "$CLUSTER/ca.crt" -H "Authorization: Bearer $(cat "$CLUSTER/expiry-token")" "$(cat "$CLUSTER/url")/readyz"
}
wait_for 60 is_known >/dev/null || fail "its token is not taken"
token_ends=$(jq -r .status.expirationTimestamp "$work/token.json" | sed 's/Z$/.000000Z/')
sed "s#token: .*#token: $(cat "$CLUSTER/expiry-token")#" "$CLUSTER/kubeconfig-token" >"$CLUSTER/kubeconfig-jwt"
sed "s#token: .*#tokenFile: expiry-token#" "$CLUSTER/kubeconfig-token" >"$CLUSTER/kubeconfig-jwt-file"
# Both: what ends first counts.
sed "s#client-certificate: .*#&\n    token: $(cat "$CLUSTER/expiry-token")#" "$CLUSTER/kubeconfig" >"$CLUSTER/kubeconfig-both"
# ends CERTIFICATE: its notAfter.
ends() {
	date -u -d "$(openssl x509 -in "$1" -noout -enddate | cut -d= -f2)" +%Y-%m-%dT%H:%M:%S.000000Z
}

targets=
dependencies=
for kind in admin expired token jwt jwt-file both; do
	file=kubeconfig-$kind
	[ "$kind" != admin ] || file=kubeconfig
	targets="$targets
  $kind: {kubernetes: {kubeconfig: $CLUSTER/$file, context: test}}"
	dependencies="$dependencies
- {id: $kind-ready, check: {kubernetes: {target: $kind, readyz: true}}}
- {id: $kind-may, check: {kubernetes: {target: $kind, can_i: {verb: get, resource: pods}}}}
- {id: $kind-object, check: {kubernetes: {target: $kind, resource: ns, name: default}}}"
done
# Of a target that is asked for nothing but objects, these tell.
dependencies="$dependencies
- {id: bare-object, check: {kubernetes: {target: bare, resource: ns, name: default}}}
- {id: bare-jq, check: {kubernetes: {target: bare, resource: ns, name: default, expect: {jq: '.status.phase == \"Active\"'}}}}"
runbook "$targets
  bare: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-jwt, context: test}}
  gone: {kubernetes: {kubeconfig: $CLUSTER/gone}}" "$dependencies
- {id: several, checks: [{kubernetes: {target: admin, readyz: true}}, {kubernetes: {target: jwt, readyz: true}}, {kubernetes: {target: token, readyz: true}}]}
- {id: gone, check: {kubernetes: {target: gone, readyz: true}}}"
observe
for kind in admin expired; do
	carries $kind-ready .expires "$(ends "$CLUSTER/$kind.crt")"
	carries $kind-may .expires "$(ends "$CLUSTER/$kind.crt")"
	carries $kind-object .expires null
	carries $kind-ready .renews null
done
carries bare-object .expires "$token_ends"
carries bare-jq .expires "$token_ends"
expect expired-may unknown "HTTP 401"
carries token-ready .expires null
for kind in jwt jwt-file both; do
	expect $kind-ready healthy ready
	carries $kind-ready .expires "$token_ends"
	carries $kind-may .expires "$token_ends"
done
carries jwt-ready .renews null
carries jwt-file-ready .renews true
carries both-ready .renews null
carries several .expires "$token_ends"
carries gone .expires null

# A token file that is written anew is read anew.
api POST /api/v1/namespaces/default/serviceaccounts/expiry/token - >"$work/token.json" <<'END'
{"spec":{"expirationSeconds":7200}}
END
jq -r .status.token "$work/token.json" >"$CLUSTER/expiry-token"
token_ends=$(jq -r .status.expirationTimestamp "$work/token.json" | sed 's/Z$/.000000Z/')
observe --only jwt-file-ready
carries jwt-file-ready .expires "$token_ends"

# --- progress ---

# Of a kind whose status nobody here writes but this test.
crds=/apis/apiextensions.k8s.io/v1/customresourcedefinitions
api POST $crds - >/dev/null <<'END'
{"metadata":{"name":"restores.velero.io"},"spec":{"group":"velero.io","scope":"Namespaced",
 "names":{"plural":"restores","singular":"restore","kind":"Restore","listKind":"RestoreList"},
 "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}]}}
END
restores=/apis/velero.io/v1/namespaces/default/restores
wait_for 60 served velero.io v1 restores || fail "restores are not served"
# restore NAME PHASE DONE TOTAL
restore() {
	printf '{"apiVersion":"velero.io/v1","kind":"Restore","metadata":{"name":"%s","labels":{"set":"progress"}},"spec":{},
		"status":{"phase":"%s","progress":{"itemsRestored":%s,"totalItems":%s}}}' "$@" | api POST $restores - >/dev/null
}
restore far InProgress 40 120
restore there Completed 7 7
runbook "
  admin: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test}}" "
- {id: far, check: {kubernetes: {target: admin, resource: restores, name: far}}}
- {id: there, check: {kubernetes: {target: admin, resource: restores.velero.io, name: there}}}
- {id: all, check: {kubernetes: {target: admin, resource: restores, selector: set=progress, min: 3}}}
- {id: absent, check: {kubernetes: {target: admin, resource: restores, selector: set=progress, expect: absent}}}
- {id: namespace, check: {kubernetes: {target: admin, resource: ns, name: default}}}
- {id: own, check: {kubernetes: {target: admin, resource: restores, name: far,
   expect: {jq: '.status.phase == \"Completed\"', progress: '.status.progress | {done: .itemsRestored, total: .totalItems, unit: \"parts\"}'}}}}"
observe
expect far progressing ""
carries far .progress '{"done":40,"total":120,"unit":"items"}'
carries there .progress '{"done":7,"total":7,"unit":"items"}'
carries all .progress '{"done":1,"total":3,"unit":"restores"}'
carries absent .progress null
carries namespace .progress null
carries own .progress '{"done":40,"total":120,"unit":"parts"}'
api DELETE $crds/restores.velero.io >/dev/null
is_gone() {
	! api GET $crds/restores.velero.io >/dev/null 2>&1
}
wait_for 60 is_gone || fail "the definition of restores does not go"

if grep -qE 'viewer-token|BEGIN|PRIVATE|eyJ' "$work/lines" "$work/errors"; then
	echo "test_expiry.sh: a credential is in the output" >&2
	failed=1
fi
done_probing
