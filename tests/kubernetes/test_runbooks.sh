#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The runbooks that act on a cluster, from beginning to end: a namespace from files, a Velero restore, a sync of Argo CD. The
# API server is real, the definitions are small ones of our own, and the controllers are played by patching status, which
# nobody disturbs: this cluster has no controller of its own. The service is nginx on this machine's own address, because an
# endpoint must not be on loopback.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"

address=$(hostname -I | tr ' ' '\n' | grep -E '^[0-9.]+$' | head -n 1)
[ -n "$address" ] || {
	echo "test_runbooks.sh: this machine has no address but loopback, so no endpoint can be made" >&2
	[ "${CI:-}" != true ] && exit 0
	exit 1
}
runbooks=$kubernetes/../../runbooks
mkdir assets
ln -s "$ASSETS/etcd" "$ASSETS/kube-apiserver" assets/
CLUSTER=$work/cluster
nginx_pid=
pid=
clean_up() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
	sh "$kubernetes/cluster.sh" stop "$CLUSTER"
}
ASSETS=$work/assets sh "$kubernetes/cluster.sh" start "$CLUSTER"
export KUBECONFIG="$CLUSTER/kubeconfig"

port=$(free_port "$address")
mkdir temp
cat >nginx.conf <<END
worker_processes 1;
error_log $work/error.log;
pid $work/nginx.pid;
daemon off;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $work/temp;
	proxy_temp_path $work/temp;
	fastcgi_temp_path $work/temp;
	uwsgi_temp_path $work/temp;
	scgi_temp_path $work/temp;
	server {
		listen $address:$port;
		allow $address;
		deny all;
		location = /healthz { return 200 '{"intake":"ok"}'; }
	}
}
END
nginx -c "$work/nginx.conf" >/dev/null 2>nginx.err &
nginx_pid=$!
wait_for 60 curl -s -o /dev/null "http://$address:$port/healthz" || fail "nginx does not start: $(cat nginx.err error.log)"

# --- the parts of the others -------------------------------------------------------------------------------------------

# endpoints NAMESPACE: what a controller would make of the service's pods. The API server asks only where a pod is, so there is
# one of that address.
endpoints() {
	echo '{"metadata":{"name":"played"},"spec":{"containers":[{"name":"main","image":"none"}]}}' |
		api POST "/api/v1/namespaces/$1/pods" - >/dev/null
	printf '{"status":{"phase":"Running","podIP":"%s","podIPs":[{"ip":"%s"}]}}' "$address" "$address" |
		api PATCH "/api/v1/namespaces/$1/pods/played/status" - >/dev/null
	printf '{"metadata":{"name":"intake"},"subsets":[{"addresses":[{"ip":"%s","targetRef":{"kind":"Pod","namespace":"%s","name":"played"}}],
		"ports":[{"name":"http","port":%s}]}]}' "$address" "$1" "$port" | api POST "/api/v1/namespaces/$1/endpoints" - >/dev/null
}
# deployed NAMESPACE NAME READY: what its controller would say.
deployed() {
	printf '{"status":{"observedGeneration":%s,"replicas":%s,"updatedReplicas":%s,"readyReplicas":%s,"availableReplicas":%s,
		"conditions":[{"type":"Available","status":"True"},{"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}' \
		"$(api GET "/apis/apps/v1/namespaces/$1/deployments/$2" | jq .metadata.generation)" "$3" "$3" "$3" "$3" |
		api PATCH "/apis/apps/v1/namespaces/$1/deployments/$2/status" - >/dev/null
}
# definition PLURAL KIND GROUP VERSION: of a custom resource without a status subresource, as both projects have theirs.
definition() {
	printf '{"metadata":{"name":"%s.%s"},"spec":{"group":"%s","scope":"Namespaced","names":{"plural":"%s","singular":"%s","kind":"%s"},
		"versions":[{"name":"%s","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object",
		"x-kubernetes-preserve-unknown-fields":true}}}]}}' "$1" "$3" "$3" "$1" "${1%s}" "$2" "$4" |
		api POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions - >/dev/null
	wait_for 60 served "$3" "$4" "$1" || fail "$1 are not served"
}
namespace() {
	echo "{\"metadata\":{\"name\":\"$1\"}}" | api POST /api/v1/namespaces - >/dev/null
}

# start DIR RUNBOOK INPUT...: headless, in the background.
start() {
	dir=$1 runbook=$2
	shift 2
	"$RELIGHT" run "$runbooks/$runbook" --headless --answers answers.yaml --dir "$dir" --input context=test "$@" >"$dir.out" 2>"$dir.err" &
	pid=$!
}
ended() {
	code=0
	wait "$pid" || code=$?
	pid=
	[ "$code" = 0 ] || fail "$1: exit $code: $(cat "$1.err"); $(tail -n 4 "$1/timeline.jsonl" | jq -c '[.kind,.step,.data]')"
}
has_event() {
	[ -s "$1/timeline.jsonl" ] && grep '}$' "$1/timeline.jsonl" | jq -es "any(.[]; $2)" >/dev/null
}
# until_result DIR STEP: until that step's action has succeeded.
until_result() {
	wait_for 120 has_event "$1" ".kind == \"step.result\" and .step == \"$2\"" ||
		fail "$1: $2 has no result: $(cat "$1.err"); $(tail -n 4 "$1/timeline.jsonl" | jq -c '[.kind,.step,.dependency,.data]')"
	has_event "$1" ".kind == \"step.result\" and .step == \"$2\" and .data.outcome == \"success\"" ||
		fail "$1: $2: $(cat "$1/attempts/$2/1/output.log")"
}
is_verified() {
	has_event "$1" ".kind == \"step.verified\" and .step == \"$2\""
}

for runbook in restore-namespace velero-restore argocd-sync; do
	"$RELIGHT" check --strict "$runbooks/$runbook.yaml" >check.out || fail "$runbook: $(cat check.out)"
done

# --- a namespace from its files ----------------------------------------------------------------------------------------

echo 'answers: 1' >answers.yaml
start files restore-namespace.yaml --input session_key=open-sesame-42
until_result files workloads
sleep 1
is_verified files workloads && fail "a Deployment without a pod was taken for done"
endpoints case-intake
deployed case-intake intake 2
until_result files workers
[ "$(api GET /apis/apps/v1/namespaces/case-intake/deployments/worker | jq .spec.replicas)" = 2 ] || fail "the workers were not scaled"
deployed case-intake worker 2
ended files
[ "$(api GET /api/v1/namespaces/case-intake/secrets/intake-session | jq -r '.data.key | @base64d')" = open-sesame-42 ] ||
	fail "the Secret does not hold the key"
[ "$(api GET /apis/apps/v1/namespaces/case-intake/deployments/intake | jq '.spec.template.spec.volumes[0].configMap.defaultMode')" = 292 ] ||
	fail "an octal mode was read as a decimal number"
if grep -rqE 'open-sesame|b3Blbi1zZXNhbWUtNDI' files files.out files.err; then
	fail "the key was kept: $(grep -rlE 'open-sesame|b3Blbi1zZXNhbWUtNDI' files files.out files.err)"
fi
has_event files '.kind == "step.intent" and .step == "settings" and .data.action.kubernetes.apply[1].stringData.key == "[masked]"' ||
	fail "the intent does not show what is applied"
has_event files '.kind == "incident.recovered" and .data.level == "L4"' || fail "the namespace is not recovered at L4"
"$RELIGHT" timeline verify files >/dev/null || fail "the record of the namespace is not good"

# --- Velero ------------------------------------------------------------------------------------------------------------

for kind in 'backups Backup' 'restores Restore' 'backupstoragelocations BackupStorageLocation'; do
	# shellcheck disable=SC2086
	definition $kind velero.io v1
done
namespace velero
velero=/apis/velero.io/v1/namespaces/velero
echo '{"apiVersion":"velero.io/v1","kind":"BackupStorageLocation","metadata":{"name":"default"},"status":{"phase":"Available"}}' |
	api POST $velero/backupstoragelocations - >/dev/null
echo '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"hourly-1"},"status":{"phase":"Completed"}}' |
	api POST $velero/backups - >/dev/null
cat >answers.yaml <<'END'
answers: 1
wait: 10m
steps:
  compare: {confirm: three cases are the same}
  verdict: {choose: move, why: it is right}
  move: {confirm: done}
END
start velero velero-restore.yaml --input backup=hourly-1
until_result velero restore
restore=$(api GET $velero/restores | jq -r '.items[0].metadata.name')
api GET "$velero/restores/$restore" | jq -e '.spec == {"backupName":"hourly-1","includedNamespaces":["case-intake"],
	"namespaceMapping":{"case-intake":"case-intake-restored"},"restorePVs":true,"existingResourcePolicy":"none"}' >/dev/null ||
	fail "the Restore is another: $(api GET "$velero/restores/$restore")"
has_event velero ".kind == \"input.set\" and .data.name == \"restore\" and .data.value == \"$restore\"" || fail "its name was not learned"
echo '{"status":{"phase":"InProgress","progress":{"totalItems":40,"itemsRestored":12}}}' | api PATCH "$velero/restores/$restore" - >/dev/null
wait_for 120 has_event velero '.kind == "dependency.status" and .dependency == "restored" and .data.to == "progressing"' ||
	fail "a restore that is under way is not seen"
is_verified velero restore && fail "a restore that is under way was taken for done"
namespace case-intake-restored
echo '{"metadata":{"name":"cases"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}' |
	api POST /api/v1/namespaces/case-intake-restored/persistentvolumeclaims - >/dev/null
echo '{"status":{"phase":"Bound"}}' | api PATCH /api/v1/namespaces/case-intake-restored/persistentvolumeclaims/cases/status - >/dev/null
api GET /apis/apps/v1/namespaces/case-intake/deployments/intake |
	jq '{metadata:{name:"intake"},spec:.spec}' | api POST /apis/apps/v1/namespaces/case-intake-restored/deployments - >/dev/null
deployed case-intake-restored intake 2
api GET /api/v1/namespaces/case-intake/services/intake | jq '{metadata:{name:"intake"},spec:{ports:.spec.ports}}' |
	api POST /api/v1/namespaces/case-intake-restored/services - >/dev/null
endpoints case-intake-restored
echo '{"status":{"phase":"Completed","warnings":1,"progress":{"totalItems":40,"itemsRestored":40}}}' |
	api PATCH "$velero/restores/$restore" - >/dev/null
ended velero
has_event velero '.kind == "step.skipped" and .step == "discard"' || fail "what was not chosen was not skipped"

# --- Argo CD -----------------------------------------------------------------------------------------------------------

definition applications Application argoproj.io v1alpha1
namespace argocd
argocd=/apis/argoproj.io/v1alpha1/namespaces/argocd/applications
echo '{"metadata":{"name":"argocd-application-controller"},"spec":{"replicas":1,"serviceName":"argocd","selector":{"matchLabels":{"app":"c"}},
	"template":{"metadata":{"labels":{"app":"c"}},"spec":{"containers":[{"name":"c","image":"none"}]}}}}' |
	api POST /apis/apps/v1/namespaces/argocd/statefulsets - >/dev/null
echo '{"status":{"observedGeneration":1,"replicas":1,"readyReplicas":1,"updatedReplicas":1,"availableReplicas":1,"currentReplicas":1,
	"currentRevision":"a","updateRevision":"a"}}' | api PATCH /apis/apps/v1/namespaces/argocd/statefulsets/argocd-application-controller/status - >/dev/null
# It was synced and healthy before: that must not be taken for what is asked for now.
echo '{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"name":"case-intake"},
	"spec":{"source":{"targetRevision":"main"},"syncPolicy":{"automated":{"prune":true}}},
	"status":{"sync":{"status":"Synced","revision":"bad"},"health":{"status":"Healthy"},"operationState":{"phase":"Succeeded"}}}' |
	api POST $argocd - >/dev/null
cat >answers.yaml <<'END'
answers: 1
wait: 10m
steps: {follow: {confirm: OPS-1}}
END
start argo argocd-sync.yaml --input revision=v41
until_result argo sync
api GET $argocd/case-intake | jq -e '.spec == {"source":{"targetRevision":"v41"},"syncPolicy":{}} and .operation.sync.revision == "v41"
	and (.operation.info[0].value | endswith(", attempt 1"))' >/dev/null || fail "the Application is another: $(api GET $argocd/case-intake)"
sleep 6
is_verified argo sync && fail "a sync that was only asked for was taken for done"
echo '{"operation":null,"status":{"operationState":{"phase":"Running","message":"waiting for hooks"},"sync":{"status":"OutOfSync"}}}' |
	api PATCH $argocd/case-intake - >/dev/null
sleep 6
is_verified argo sync && fail "a sync that is under way was taken for done"
echo '{"status":{"operationState":{"phase":"Failed","message":"a PostSync hook failed"},"sync":{"status":"Synced","revision":"v41"}}}' |
	api PATCH $argocd/case-intake - >/dev/null
sleep 6
is_verified argo sync && fail "a sync whose hook failed was taken for done"
echo '{"status":{"operationState":{"phase":"Succeeded","message":"synced"},"sync":{"status":"Synced","revision":"v41"}}}' |
	api PATCH $argocd/case-intake - >/dev/null
ended argo
