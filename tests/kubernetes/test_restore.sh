#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A restore from beginning to end: a lost cluster beside a new one, that is made during the run. Steps act with kubectl, the
# checklist ticks from what the API server says, and the timeline tells it all. There is no kubelet and, on the new cluster,
# no controller: what a workload is, is set through the status subresource.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"

source=$CLUSTER
recovery=$work/recovery
kubectl=$ASSETS/kubectl
unset KUBECONFIG
mkdir assets
ln -s "$ASSETS/etcd" "$ASSETS/kube-apiserver" assets/
pid=
clean_up() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	kill -CONT "$(cat "$source/apiserver.pid")" "$(cat "$recovery/apiserver.pid")" 2>/dev/null || true
	sh "$kubernetes/cluster.sh" stop "$recovery"
}
ASSETS=$work/assets sh "$kubernetes/cluster.sh" start "$recovery"

# on DIR METHOD PATH [FILE]: api, of that cluster.
on() {
	CLUSTER=$1
	shift
	api "$@"
}
# kubeconfig_of DIR FILE: the administrator's kubeconfig of that cluster, so that it can be used from any folder.
kubeconfig_of() {
	sed -E "s#: ((ca|admin)\.(crt|key))#: $1/\1#" "$1/kubeconfig" >"$2"
}
kubeconfig_of "$source" old.yaml
kubeconfig_of "$recovery" made.yaml

# ./create PATH FILE: what a runbook's step calls; PATH for where there is no kubectl.
cat >create <<END
#!/bin/sh
set -eu
[ -x "$kubectl" ] && exec "$kubectl" --kubeconfig "$work/dr.yaml" create -f "\$2"
CLUSTER=$recovery
. "$kubernetes/api.sh"
api POST "\$1" "\$2"
END
chmod +x create
cat >namespace.json <<'END'
{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}}
END
cat >settings.json <<'END'
{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"shop"},"data":{"mode":"restored"}}
END
# deployment NAME TIER
deployment() {
	cat >"$1.json" <<END
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"$1","namespace":"shop","labels":{"tier":"$2"}},
 "spec":{"replicas":2,"selector":{"matchLabels":{"app":"$1"}},
 "template":{"metadata":{"labels":{"app":"$1"}},"spec":{"containers":[{"name":"main","image":"none"}]}}}}
END
}
deployment web front
deployment worker-a worker
deployment worker-b worker
good='"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]'
bad='"conditions":[{"type":"Available","status":"False"},{"type":"Progressing","status":"False","reason":"ProgressDeadlineExceeded","message":"no progress"}]'
# status_of NAME READY CONDITIONS: what its controller would say.
status_of() {
	printf '{"status":{"observedGeneration":1,"replicas":2,"updatedReplicas":2,"readyReplicas":%s,"availableReplicas":%s,%s}}' \
		"$2" "$2" "$3" | on "$recovery" PATCH "/apis/apps/v1/namespaces/shop/deployments/$1/status" - >/dev/null
}
echo '{"metadata":{"name":"restore-lock"}}' | on "$recovery" POST /api/v1/namespaces/default/configmaps - >/dev/null
cat >unlock <<END
#!/bin/sh
set -eu
[ -x "$kubectl" ] && exec "$kubectl" --kubeconfig "$work/dr.yaml" -n default delete configmap restore-lock
CLUSTER=$recovery
. "$kubernetes/api.sh"
api DELETE /api/v1/namespaces/default/configmaps/restore-lock
END
chmod +x unlock

cat >restore.yaml <<END
relight: 1
name: restore
targets:
  source: {role: source, kubernetes: {kubeconfig: old.yaml, context: test}}
  recovery: {role: recovery, created_by: provision, kubernetes: {kubeconfig: dr.yaml, context: test, namespace: shop}}
  viewer: {kubernetes: {kubeconfig: $source/kubeconfig-token, context: test}}
  stranger: {kubernetes: {kubeconfig: $source/kubeconfig-bad-token, context: test}}
dependencies:
- {id: api, every: 1s, timeout: 5s, stable: 1s, check: {kubernetes: {target: recovery, readyz: true}}}
- {id: shop, every: 1s, timeout: 5s, stable: 1s, check: {kubernetes: {target: recovery, resource: ns, name: shop, expect: exists}}}
- {id: unlocked, every: 1s, timeout: 5s, stable: 1s,
   check: {kubernetes: {target: recovery, resource: cm, name: restore-lock, namespace: default, expect: absent}}}
- {id: settings, every: 1s, timeout: 5s, stable: 1s,
   check: {kubernetes: {target: recovery, resource: configmaps, name: settings, expect: {jq: '.data.mode == "restored"', message: '"mode is \(.data.mode)"'}}}}
- {id: web, every: 1s, timeout: 5s, stable: 1s, check: {kubernetes: {target: recovery, resource: deploy, name: web}}}
- {id: workers, every: 1s, timeout: 5s, stable: 1s, check: {kubernetes: {target: recovery, resource: deployments.apps, selector: tier=worker, min: 2}}}
- {id: old-shop, every: 1s, timeout: 5s, check: {kubernetes: {target: source, resource: ns, name: default}}}
- {id: forbidden, every: 1s, timeout: 5s, check: {kubernetes: {target: viewer, resource: secrets, name: none, namespace: default}}}
- {id: refused, every: 1s, timeout: 5s, check: {kubernetes: {target: stranger, resource: ns, name: none}}}
- {id: finish, every: 1s, timeout: 5s, stable: 1s, check: {command: [test, -e, ./finish]}}
steps:
- {id: provision, run: {shell: 'sleep 2; cp made.yaml dr.yaml'}, restores: [api]}
- {id: make-shop, target: recovery, requires: [api], run: {command: [./create, /api/v1/namespaces, namespace.json]}, restores: [shop]}
- {id: configure, target: recovery, requires: [shop], run: {command: [./create, /api/v1/namespaces/shop/configmaps, settings.json]}, restores: [settings]}
- {id: deploy-web, target: recovery, run: {command: [./create, /apis/apps/v1/namespaces/shop/deployments, web.json]}, restores: [web]}
- {id: deploy-workers, target: recovery, restores: [workers],
   run: {shell: './create /apis/apps/v1/namespaces/shop/deployments worker-a.json; ./create /apis/apps/v1/namespaces/shop/deployments worker-b.json'}}
- {id: unlock, target: recovery, destructive: true, run: {command: [./unlock]}, restores: [unlocked]}
- {id: hold, needs: [unlock], restores: [finish]}
- {id: last, target: recovery, run: {command: ["true"]}}
END
cat >answers.yaml <<'END'
answers: 1
wait: 10m
steps: {unlock: {type: test}}
END

# start DIR RUNBOOK: headless, in the background.
start() {
	"$RELIGHT" run "$2" --headless --answers answers.yaml --dir "$1" >"$1.out" 2>"$1.err" &
	pid=$!
}
ended() {
	code=0
	wait "$pid" || code=$?
	pid=
}
# until_event SECONDS DIR FILTER: until the timeline has an event for which the filter holds.
has_event() {
	[ -s "$1/timeline.jsonl" ] && grep '}$' "$1/timeline.jsonl" | jq -es "any(.[]; $2)" >/dev/null
}
until_event() {
	wait_for "$1" has_event "$2" "$3" ||
		fail "$2: no event with $3 in $1 s; last: $(tail -n 6 "$2/timeline.jsonl" | jq -c '[.kind,.step,.dependency,.data]'); $(cat "$2.err")"
}
count() {
	events "$1" "map(select($2)) | length"
}

# --- the restore -------------------------------------------------------------------------------------------------------

start run restore.yaml
until_event 90 run '.kind == "step.result" and .step == "deploy-web"'
sleep 2
[ "$(count run '.kind == "step.verified" and .step == "deploy-web"')" = 0 ] || fail "submitted was taken for done"
[ "$(count run '.kind == "step.intent" and .step == "deploy-workers"')" = 0 ] || fail "what needs deploy-web did not wait"
status_of web 2 "$good"
until_event 90 run '.kind == "step.verified" and .step == "deploy-web"'
until_event 90 run '.kind == "step.result" and .step == "deploy-workers"'
status_of worker-a 2 "$good"
sleep 2
[ "$(count run '.kind == "step.verified" and .step == "deploy-workers"')" = 0 ] || fail "one of two workers was enough"
status_of worker-b 2 "$good"
until_event 90 run '.kind == "step.verified" and .step == "unlock"'

# Servers that hang: what is done stays done, and nothing is missing.
kill -STOP "$(cat "$source/apiserver.pid")" "$(cat "$recovery/apiserver.pid")"
until_event 90 run '.kind == "dependency.status" and .dependency == "web" and .data.from == "healthy" and .data.to == "unknown"'
until_event 90 run '.kind == "dependency.status" and .dependency == "old-shop" and .data.to == "unknown"'
sleep 2
kill -CONT "$(cat "$source/apiserver.pid")" "$(cat "$recovery/apiserver.pid")"
until_event 90 run '.kind == "dependency.status" and .dependency == "web" and .data.from == "unknown" and .data.to == "healthy"'
[ "$(count run '.kind == "step.regressed"')" = 0 ] || fail "an unknown was taken for a regression"

# A Deployment that goes bad unticks its step, and ticks it again.
[ "$(count run '.kind == "dependency.status" and (.data.message | contains("not resolved"))')" = 0 ] || fail "a hung server was taken for a name"
status_of web 0 "$bad"
until_event 90 run '.kind == "step.regressed" and .step == "deploy-web"'
status_of web 2 "$good"
wait_for 90 sh -c "[ \"\$(grep -c '\"step.verified\",\"step\":\"deploy-web\"' run/timeline.jsonl)\" = 2 ]" || fail "regressed, and not verified again"
touch finish
ended
[ "$code" = 0 ] || fail "the restore: exit $code, $(cat run.err)"

[ "$(events run 'map(select(.kind == "step.verified") | .step) | join(",")')" = \
	provision,make-shop,configure,deploy-web,deploy-workers,unlock,deploy-web,hold ] ||
	fail "verified: $(events run 'map(select(.kind == "step.verified") | .step) | join(",")')"
[ "$(events run 'map(select(.kind == "incident.closed"))[0].data.result')" = recovered ] || fail "not recovered"
expect_code 0 "$RELIGHT" timeline verify run

# Pinned by what they are, before anything acted on them; the recovery cluster once there was one.
for name in source recovery; do
	dir=$(eval "echo \$$name")
	uid=$(on "$dir" GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
	[ "$(events run "map(select(.kind == \"target.pinned\" and .data.target == \"$name\") | .data.fingerprint.uid) | join(\",\")")" = "$uid" ] ||
		fail "$name: pinned as $(events run 'map(select(.kind == "target.pinned") | .data)')"
done
events run '(map(select(.kind == "target.pinned" and .data.target == "recovery"))[0].seq) as $pin |
	$pin > map(select(.kind == "step.result" and .step == "provision"))[0].seq and
	$pin < map(select(.kind == "step.intent" and .step == "make-shop"))[0].seq' | grep -qx true || fail "recovery was not pinned in between"

# What was said of each: its words, and missing only where somebody could tell.
# said DEPENDENCY STATUS WORDS
said() {
	events run "map(select(.dependency == \"$1\") | \"\(.data.to // .data.status): \(.data.message)\") | .[]" | grep -qF "$2: $3" ||
		fail "$1 was never '$2: $3' but $(events run "map(select(.dependency == \"$1\") | .data)")"
}
said api missing "kubeconfig: $work/dr.yaml: is not there"
said shop missing ""
said settings healthy "found: mode is restored"
said unlocked healthy "absent, as it should be"
said workers progressing ""
said workers healthy "2 deployments with tier=worker in shop"
said web degraded "ProgressDeadlineExceeded: no progress"
said forbidden unknown "HTTP 403"
said refused unknown "HTTP 401"
never=$(events run 'map(select((.dependency == "forbidden" or .dependency == "refused" or .dependency == "old-shop") and
	(.data.to // .data.status) == "missing") | .dependency) | join(",")')
[ -z "$never" ] || fail "missing, though nobody could tell: $never"
if grep -qE 'viewer-token|PRIVATE KEY' run/timeline.jsonl run.out; then fail "a credential is in the record"; fi

# --- the target becomes another one under way ----------------------------------------------------------------------------

rm finish
cat >changed.yaml <<END
relight: 1
name: changed
targets:
  recovery: {role: recovery, kubernetes: {kubeconfig: dr.yaml, context: test}}
  spare: {created_by: make-spare, kubernetes: {kubeconfig: spare.yaml, context: test}}
dependencies:
- {id: api, every: 1s, timeout: 5s, stable: 1s, check: {kubernetes: {target: recovery, readyz: true}}}
- {id: finish, every: 1s, timeout: 5s, stable: 1s, check: {command: [test, -e, ./finish]}}
steps:
- {id: act, target: recovery, run: {command: [touch, acted]}}
- {id: make-spare, needs: [], run: {command: [cp, old.yaml, spare.yaml]}}
- {id: use-spare, target: spare, run: {command: [touch, spare-used]}}
- {id: hold, needs: [act, use-spare], restores: [finish]}
- {id: act-again, needs: [hold], target: recovery, run: {command: [touch, acted-again]}}
END
printf 'answers: 1\nwait: 10m\n' >answers.yaml
start changed changed.yaml
# Nothing is asked through `spare`: the sensor asks who it is by itself.
until_event 90 changed '.kind == "step.result" and .step == "use-spare"'
events changed '(map(select(.kind == "target.pinned" and .data.target == "spare"))[0].seq) < map(select(.kind == "step.intent" and .step == "use-spare"))[0].seq' |
	grep -qx true || fail "spare was acted on before it was pinned"
before=$(events changed 'map(select(.kind == "target.pinned" and .data.target == "recovery"))[0].data.fingerprint.uid')
sh "$kubernetes/cluster.sh" stop "$recovery"
rm -rf "$recovery/etcd" "$recovery/granted"
ASSETS=$work/assets sh "$kubernetes/cluster.sh" start "$recovery"
until_event 90 changed '.kind == "target.changed" and .data.target == "recovery"'
after=$(on "$recovery" GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
[ "$before" != "$after" ] || fail "the new cluster has the UID of the old one"
[ "$(events changed 'map(select(.kind == "target.changed"))[0].data.fingerprint.uid')" = "$after" ] || fail "changed to something else"
touch finish
until_event 90 changed '.kind == "step.verified" and .step == "hold"'
# Interrupted, and taken up again: it still holds.
kill -INT "$pid"
ended
[ "$code" = 130 ] || fail "interrupted: exit $code"
printf 'answers: 1\nwait: 15s\n' >answers.yaml
expect_code 1 "$RELIGHT" resume changed --headless --answers answers.yaml
says err "act-again is waiting: target recovery is another one now"
[ -e acted ] && [ ! -e acted-again ] || fail "the changed target was acted on"
[ "$(count changed '.kind == "step.intent" and .step == "act-again"')" = 0 ] || fail "an action on the changed target was announced"
[ "$(count changed '.dependency == "api" and (.data.to // .data.status) == "missing"')" = 0 ] || fail "a server that was down was taken for missing"

# --- source and recovery are the same cluster ----------------------------------------------------------------------------

sed '/^contexts:/,/^clusters:/s/name: test$/name: dr/; s/current-context: test/current-context: dr/' old.yaml >twin.yaml
cat >twin-runbook.yaml <<'END'
relight: 1
name: twin
targets:
  source: {role: source, kubernetes: {kubeconfig: old.yaml, context: test}}
  recovery: {role: recovery, kubernetes: {kubeconfig: twin.yaml, context: dr}}
steps:
- {id: wipe, target: recovery, run: {command: [touch, wiped]}}
END
expect_code 1 "$RELIGHT" run twin-runbook.yaml --headless --answers answers.yaml --dir twin
says err "target recovery is the same cluster as source"
[ ! -e wiped ] && [ "$(count twin '.kind == "step.intent"')" = 0 ] || fail "the lost cluster was taken for the new one"
# Known by then, it keeps the controls away.
expect_code 1 "$RELIGHT" resume twin --headless --answers answers.yaml
says err "same cluster"
echo "ok test_restore.sh"
