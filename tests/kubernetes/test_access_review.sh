#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What somebody may do, as the API server itself judges it; kubectl is the second opinion, where there is one.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"

# The rights that are asked about: a service account by name, all of a namespace's, and a group; and a user who may ask about
# others, but not about everything.
api POST /api/v1/namespaces - >/dev/null <<'END'
{"metadata":{"name":"review"}}
END
rbac=/apis/rbac.authorization.k8s.io/v1
api POST $rbac/namespaces/review/roles - >/dev/null <<'END'
{"metadata":{"name":"mixed"},"rules":[
 {"apiGroups":[""],"resources":["pods","namespaces"],"verbs":["get","create"]},
 {"apiGroups":["apps"],"resources":["deployments/scale"],"resourceNames":["web"],"verbs":["update"]},
 {"apiGroups":[""],"resources":["nodes"],"verbs":["list"]}]}
END
api POST $rbac/namespaces/review/rolebindings - >/dev/null <<'END'
{"metadata":{"name":"mixed"},"roleRef":{"kind":"Role","name":"mixed","apiGroup":"rbac.authorization.k8s.io"},"subjects":[
 {"kind":"ServiceAccount","name":"web","namespace":"review"},
 {"kind":"Group","name":"operators","apiGroup":"rbac.authorization.k8s.io"},
 {"kind":"Group","name":"system:serviceaccounts:shared","apiGroup":"rbac.authorization.k8s.io"}]}
END
api POST $rbac/clusterroles - >/dev/null <<'END'
{"metadata":{"name":"review-metrics"},"rules":[{"nonResourceURLs":["/metrics"],"verbs":["get"]}]}
END
api POST $rbac/clusterrolebindings - >/dev/null <<'END'
{"metadata":{"name":"review-metrics"},"roleRef":{"kind":"ClusterRole","name":"review-metrics","apiGroup":"rbac.authorization.k8s.io"},
 "subjects":[{"kind":"User","name":"scraper","apiGroup":"rbac.authorization.k8s.io"}]}
END
# The role through which everybody may ask about oneself is made by the server itself; a missing one is the evaluation error.
api POST $rbac/clusterrolebindings - >/dev/null <<'END'
{"metadata":{"name":"review-dangling"},"roleRef":{"kind":"ClusterRole","name":"not-there","apiGroup":"rbac.authorization.k8s.io"},
 "subjects":[{"kind":"User","name":"dangling","apiGroup":"rbac.authorization.k8s.io"}]}
END

dependencies=
# can ID TARGET CAN_I [CHECK OPTIONS]
can() {
	dependencies="$dependencies
- {id: $1, timeout: 20s, check: {kubernetes: {target: $2, can_i: {$3}}}}"
}
can admin-creates admin "verb: create, resource: po, namespace: review"
can admin-everything admin "verb: '*', resource: '*', namespace: '*'"
can own-namespace placed "verb: get, resource: cm"
can viewer-reads viewer "verb: list, resource: deployments, namespace: '*'"
can viewer-secrets viewer "verb: get, resource: secrets, namespace: review"
can viewer-path viewer "verb: get, resource: /metrics"
can viewer-everything viewer "verb: '*', resource: '*', namespace: '*'"
can viewer-asks viewer "verb: get, resource: pods, as: web"
can account admin "verb: create, resource: Pod, namespace: review, as: 'system:serviceaccount:review:web'"
can account-elsewhere admin "verb: create, resource: pods, namespace: default, as: 'system:serviceaccount:review:web'"
can account-all admin "verb: create, resource: pods, namespace: '*', as: 'system:serviceaccount:review:web'"
can account-group admin "verb: get, resource: pods, namespace: review, as: 'system:serviceaccount:shared:any'"
can account-own-group admin "verb: get, resource: pods, namespace: review, as: 'system:serviceaccount:shared:any', groups: [others]"
can group admin "verb: get, resource: pods, namespace: review, as: ana, groups: [operators]"
can group-only admin "verb: get, resource: pods, namespace: review, groups: [operators, others]"
can nobody admin "verb: get, resource: pods, namespace: review, as: ana"
can scales admin "verb: update, resource: deploy, subresource: scale, name: web, namespace: review, groups: [operators]"
can scales-other admin "verb: update, resource: deploy, subresource: scale, name: other, namespace: review, groups: [operators]"
can within admin "verb: get, resource: ns, name: review, groups: [operators]"
can without admin "verb: get, resource: ns, namespace: review, groups: [operators]"
can nodes admin "verb: list, resource: nodes, namespace: review, groups: [operators]"
can scrapes admin "verb: get, resource: /metrics, as: scraper"
can scrapes-other admin "verb: get, resource: /logs, as: scraper"
can dangling admin "verb: get, resource: pods, namespace: review, as: dangling"
can impersonates admin "verb: impersonate, resource: users, name: ana, as: scraper"
can later admin "verb: create, resource: certificates.cert-manager.io, namespace: review, as: ana"
can nothing admin "verb: create, resource: certificates, namespace: review"
can stranger stranger "verb: get, resource: pods"
can away away "verb: get, resource: pods"
can missing missing "verb: get, resource: pods"
can from-inputs admin "verb: '\${input.verb}', resource: pods, namespace: '\${input.ns}', as: '\${input.who}', groups: ['\${input.group}']"
sed "s#$(cat "$CLUSTER/url")#https://127.0.0.1:1#" "$CLUSTER/kubeconfig" >"$CLUSTER/kubeconfig-away"
runbook "
  admin: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test}}
  placed: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-token, context: test, namespace: review}}
  viewer: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-token, context: test}}
  stranger: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-bad-token, context: test}}
  away: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig-away, context: test}}
  missing: {kubernetes: {kubeconfig: $CLUSTER/not-there, context: test}}
inputs: {verb: {ask: verb}, ns: {ask: namespace}, who: {ask: who}, group: {ask: group}}" "$dependencies"
# What judges hears of the rights that were given a little later.
as_given() {
	expect admin-creates healthy "may create pods in review"
	expect admin-everything healthy "may do everything with everything"
	expect own-namespace healthy "may get configmaps in review"
	expect viewer-reads healthy "may list deployments.apps"
	expect viewer-secrets degraded "may not get secrets in review"
	expect viewer-path degraded "may not get /metrics"
	expect viewer-everything degraded "may not do everything with everything"
	expect viewer-asks unknown 'HTTP 403, not allowed: subjectaccessreviews.authorization.k8s.io is forbidden: User "viewer"'
	expect viewer-asks unknown "takes the right to create subjectaccessreviews.authorization.k8s.io"
	expect account healthy "system:serviceaccount:review:web may create pods in review"
	expect account-elsewhere degraded "system:serviceaccount:review:web may not create pods in default"
	expect account-all degraded "system:serviceaccount:review:web may not create pods"
	expect account-group healthy "system:serviceaccount:shared:any may get pods in review"
	expect account-own-group degraded "system:serviceaccount:shared:any of others may not get pods in review"
	expect group healthy "ana of operators may get pods in review"
	expect group-only healthy "whoever is of operators, others may get pods in review"
	expect nobody degraded "ana may not get pods in review"
	expect scales healthy "may update deployments.apps/scale web in review"
	expect scales-other degraded "may not update deployments.apps/scale other in review"
	expect within healthy "may get namespaces review"
	expect without degraded "may not get namespaces"
	expect nodes degraded "may not list nodes"
	expect scrapes healthy "scraper may get /metrics"
	expect scrapes-other degraded "scraper may not get /logs"
	expect dangling degraded 'clusterrole.rbac.authorization.k8s.io "not-there" not found'
	expect impersonates degraded "scraper may not impersonate users ana"
	expect later degraded "ana may not create certificates.cert-manager.io in review"
	expect nothing unknown "the server has no resource certificates"
	expect stranger unknown "HTTP 401, the credentials were refused"
	expect away unknown "refused"
	expect missing missing "is not there"
	expect from-inputs healthy "ana of operators may get pods in review"
}
eventually 60 as_given --input verb=get --input ns=review --input who=ana --input group=operators

# agrees ID YES ARGUMENT...: what kubectl says of the same question.
agrees() {
	id=$1 wanted=$2
	shift 2
	said=$("$ASSETS/kubectl" --kubeconfig "$CLUSTER/kubeconfig" auth can-i "$@" 2>/dev/null || true)
	[ "$said" = "$wanted" ] || {
		echo "test_access_review.sh: $id: kubectl says '$said'" >&2
		failed=1
	}
}
if [ -x "$ASSETS/kubectl" ]; then
	account=system:serviceaccount:review:web
	agrees admin-creates yes create po -n review
	agrees account yes create pods -n review --as $account
	agrees account-elsewhere no create pods -n default --as $account
	agrees account-all no create pods -A --as $account
	agrees account-group yes get pods -n review --as system:serviceaccount:shared:any
	agrees group yes get pods -n review --as ana --as-group operators
	agrees nobody no get pods -n review --as ana
	agrees scales yes update deploy/web --subresource scale -n review --as ana --as-group operators
	agrees scales-other no update deploy/other --subresource scale -n review --as ana --as-group operators
	agrees scrapes yes get /metrics --as scraper
	agrees later no create certificates.cert-manager.io -n review --as ana
fi

# A right that is given shows at the next asking, and one that is taken away, too.
role=$rbac/namespaces/review/rolebindings
api POST $role - >/dev/null <<'END'
{"metadata":{"name":"ana"},"roleRef":{"kind":"Role","name":"mixed","apiGroup":"rbac.authorization.k8s.io"},
 "subjects":[{"kind":"User","name":"ana","apiGroup":"rbac.authorization.k8s.io"}]}
END
until_observed 60 nobody healthy
api DELETE $role/ana >/dev/null
until_observed 60 nobody degraded

if grep -qE 'viewer-token|BEGIN|PRIVATE' "$work/lines" "$work/errors"; then
	echo "test_access_review.sh: a credential is in the output" >&2
	failed=1
fi
done_probing
