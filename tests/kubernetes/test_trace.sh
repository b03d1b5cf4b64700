#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# In a trace of all processes: every action on a cluster connects after the sync of its intent has returned.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"
command -v strace >/dev/null || fail 'strace is not installed: make deps-faults'

clean_up() {
	api DELETE /api/v1/namespaces/traced >/dev/null 2>&1 || true
}

cat >objects.yaml <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: traced}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: none}]}
Y
cat >traced.yaml <<Y
relight: 1
name: traced
targets:
  dr: {role: recovery, kubernetes: {kubeconfig: $CLUSTER/kubeconfig, context: test, namespace: traced}}
dependencies:
  - {id: api, check: {kubernetes: {target: dr, readyz: true}}, every: 1s, timeout: 20s}
steps:
  - {id: create, requires: [api], run: {kubernetes: {target: dr, create: {apiVersion: v1, kind: Namespace, metadata: {name: traced}}}}}
  - {id: apply, run: {kubernetes: {target: dr, apply: objects.yaml}}}
  - {id: patch, run: {kubernetes: {target: dr, patch: {resource: deployments, namespace: traced, name: web, type: merge, body: {metadata: {labels: {a: b}}}}}}}
  - {id: scale, run: {kubernetes: {target: dr, scale: {resource: deployments, namespace: traced, name: web, replicas: 2}}}}
  - {id: restart, run: {kubernetes: {target: dr, restart: {resource: deployments, namespace: traced, name: web}}}}
  - {id: delete, run: {kubernetes: {target: dr, delete: {resource: deployments, namespace: traced, name: web}}}}
Y
# The disk takes its time, so that whatever does not wait for it comes before.
code=0
timeout 300 strace -f -qq -s 65536 -o trace -e trace=process,write,fdatasync,connect -e signal=none -e inject=fdatasync:delay_enter=100000 \
	"$RELIGHT" run traced.yaml --headless --dir it >out 2>err </dev/null || code=$?
[ "$code" = 0 ] || fail "exit $code: $(cat err)"
python3 "$kubernetes/../faults/trace.py" trace it/timeline.jsonl >seen || fail 'too early'
says seen '6 intents'
echo "ok test_trace.sh: $(cat seen)"
