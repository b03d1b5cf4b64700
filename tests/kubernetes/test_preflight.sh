#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `relight check --live`: what is said of a runbook by asking the cluster, and that nothing is left behind.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"
clean_up() {
	api DELETE /api/v1/namespaces/preflight >/dev/null 2>&1 || true
}

# check RUNBOOK [OPTION...]: diagnostics in ./found as "severity code message", what is good in ./said.
check() {
	runbook=$1
	shift
	code=0
	"$RELIGHT" check --live "$runbook" "$@" >said 2>err || code=$?
	if grep -q Sanitizer err; then fail "$(cat err)"; fi
	"$RELIGHT" check --live "$runbook" "$@" --format json 2>/dev/null |
		jq -r '.files[0].diagnostics[] | "\(.severity) \(.code) \(.message)"' >found || true
	[ -z "$(ls "$TMPDIR")" ] || fail "left behind: $(ls "$TMPDIR")"
}
# finds WORDS, finds_not WORDS: a whole diagnostic begins with these words.
finds() {
	grep -qE -- "^$1" found || fail "no '$1' in: $(cat found)"
}
finds_not() {
	! grep -qE -- "$1" found || fail "'$1' in: $(cat found)"
}

api POST /api/v1/namespaces - >/dev/null <<'END'
{"metadata":{"name":"preflight"}}
END
maps=/api/v1/namespaces/preflight/configmaps
echo '{"metadata":{"name":"theirs"},"data":{"k":"theirs"}}' | api POST "$maps?fieldManager=somebody" - >/dev/null

cat >good.yaml <<END
relight: 1
name: good
inputs: {n: {ask: n}, password: {ask: p, secret: true}}
targets:
  dr: {role: recovery, kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test, namespace: preflight}}
  later: {role: recovery, created_by: make, kubernetes: {kubeconfig: later.yaml, context: test}}
dependencies:
- {id: may, every: 1s, timeout: 20s, check: {kubernetes: {target: dr, can_i: {verb: create, resource: configmaps, namespace: preflight}}}}
- {id: given, every: 1s, timeout: 20s, check: {kubernetes: {target: dr, resource: cm, name: theirs, expect: exists}}}
- {id: absent, every: 1s, timeout: 20s, check: {kubernetes: {target: dr, resource: cm, name: nobody, expect: exists}}}
- {id: restored, every: 1s, timeout: 20s, check: {kubernetes: {target: dr, resource: cm, name: made, expect: exists}}}
steps:
- {id: make, run: {command: ["true"]}}
- {id: create, restores: [restored], run: {kubernetes: {target: dr, create: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}}}}}
- {id: change, run: {kubernetes: {target: dr, patch: {resource: cm, name: theirs, body: {data: {k: ours}}}}}}
- {id: as-it-is, run: {kubernetes: {target: dr, patch: {resource: cm, name: theirs, body: {data: {k: theirs}}}}}}
- {id: delete, run: {kubernetes: {target: dr, delete: {resource: cm, name: theirs}}}}
- {id: secret, run: {kubernetes: {target: dr, apply: {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {p: "\${input.password}"}}}}}
- {id: counted, run: {kubernetes: {target: dr, scale: {resource: deploy, name: web, replicas: "\${input.n}"}}}}
- {id: elsewhere, run: {kubernetes: {target: later, delete: {resource: cm, name: x}}}}
END
check good.yaml --input password=hunter-two-two
[ "$code" = 0 ] || fail "good: exit $code: $(cat found)"
for line in 'target dr: https://.* \(uid .*\)' 'step create: configmap/made would be created' 'step change: configmap/theirs would be changed' \
	'step as-it-is: configmap/theirs is as wanted already' 'step delete: configmap/theirs would be deleted' \
	'step secret: secret/s would be created' 'dependency may: may create configmaps in preflight' 'dependency given: .*'; do
	grep -qE "^$line\$" said || fail "good: no '$line' in: $(cat said)"
done
finds 'warning target-missing target later: kubeconfig: .*; step make makes it'
finds 'warning not-asked step counted: not tried: needs input n'
finds 'warning not-healthy dependency absent: missing: '
finds_not 'dependency restored'
if grep -q hunter said found; then fail "a secret is shown"; fi
check good.yaml --input n=3 --input password=hunter-two-two
finds 'warning not-there step counted: not there yet: .*"web" not found'
[ "$(api GET "$maps" | jq -c '[.items[].metadata.name | select(. != "kube-root-ca.crt")]')" = '["theirs"]' ] || fail "the dry run left something"
[ "$(api GET "$maps/theirs" | jq -r .data.k)" = theirs ] || fail "the dry run changed something"
[ "$(api GET /api/v1/namespaces/preflight/secrets | jq '[.items[] | select(.metadata.name == "s")] | length')" = 0 ] || fail "a Secret was made"

cat >bad.yaml <<END
relight: 1
name: bad
targets:
  dr: {role: recovery, kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test, namespace: preflight}}
  old: {role: source, kubernetes: {kubeconfig: $CLUSTER/kubeconfig-token, context: test, namespace: preflight}}
  other: {kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test, uid: 00000000-0000-0000-0000-000000000000}}
  gone: {kubernetes: {kubeconfig: nowhere.yaml, context: test}}
dependencies:
- {id: may-not, every: 1s, timeout: 20s, check: {kubernetes: {target: old, can_i: {verb: create, resource: configmaps, namespace: preflight}}}}
- {id: name, every: 1s, timeout: 20s, check: {dns: {name: example.com, type: A}}}
steps:
- {id: conflict, run: {kubernetes: {target: dr, apply: {apiVersion: v1, kind: ConfigMap, metadata: {name: theirs}, data: {k: ours}}}}}
- {id: invalid, run: {kubernetes: {target: dr, apply: broken.yaml}}, rollback: {kubernetes: {target: dr, restart: {resource: cm, name: theirs}}}}
- {id: forbidden, run: {kubernetes: {target: old, delete: {resource: cm, name: theirs}}}}
- {id: comes-later, run: {kubernetes: {target: dr, patch: {resource: wdg, name: one, type: merge, body: {spec: {size: 2}}}}}}
- {id: untried, run: {kubernetes: {target: gone, delete: {resource: cm, name: theirs}}}}
END
echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: Not_A_Name}}' >broken.yaml
check bad.yaml
[ "$code" = 1 ] || fail "bad: exit $code"
finds 'error target-unreachable target other: another cluster answers at '
finds 'error target-unreachable target gone: '
finds 'error same-cluster targets old \(source\) and dr \(recovery\) are the same cluster'
finds 'error dry-run step conflict: configmap/theirs: HTTP 409, conflict with "somebody"'
finds 'error dry-run step invalid: configmap/Not_A_Name: HTTP 422'
finds 'error dry-run rollback of invalid: configmap/theirs: has no pod template'
finds 'error dry-run step forbidden: configmap/theirs: HTTP 403'
finds 'warning not-there step comes-later: not there yet: wdg: the server has no resource wdg'
finds 'error no-right dependency may-not: may not create configmaps in preflight'
finds 'error not-built dependency name: dns checks: not built yet'
finds_not '(dry-run|not-asked|not-there) step untried'
[ "$(api GET "$maps/theirs" | jq -r .data.k)" = theirs ] || fail "the dry run changed something"
