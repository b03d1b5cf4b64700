#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Without any kubeconfig, in a pod: the service account's files stand where a pod has them, in a mount namespace of the test's
# own, with the links by which a kubelet changes them. kubectl is the second opinion, where there is one.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" != inside ]; then
	for options in -m -rm; do
		if unshare $options true 2>/dev/null; then
			exec unshare $options sh "$0" inside
		fi
	done
	echo "test_in_cluster.sh: skipped: no mount namespace can be made here"
	exit 0
fi
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"
unset KUBECONFIG

pid=
clean_up() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	api DELETE /api/v1/namespaces/pods >/dev/null 2>&1 || true
}
mount -t tmpfs tmpfs /run
[ "$(readlink -f /var/run)" = /run ] || mount -t tmpfs tmpfs /var/run
account=/var/run/secrets/kubernetes.io/serviceaccount
mkdir -p "$account"

# A service account that may do a little in its own namespace; what a token is bound to can be deleted.
api POST /api/v1/namespaces - >/dev/null <<'END'
{"metadata":{"name":"pods"}}
END
core=/api/v1/namespaces/pods
rbac=/apis/rbac.authorization.k8s.io/v1/namespaces/pods
echo '{"metadata":{"name":"runner"}}' | api POST $core/serviceaccounts - >/dev/null
echo '{"metadata":{"name":"runner"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["get","list","watch","create","patch"]}]}' |
	api POST $rbac/roles - >/dev/null
echo '{"metadata":{"name":"runner"},"roleRef":{"kind":"Role","name":"runner","apiGroup":"rbac.authorization.k8s.io"},
 "subjects":[{"kind":"ServiceAccount","name":"runner","namespace":"pods"}]}' | api POST $rbac/rolebindings - >/dev/null
echo '{"metadata":{"name":"mine"},"data":{"is":"here"}}' | api POST $core/configmaps - >/dev/null
# token SECRET: a token that lasts as long as this Secret does.
token() {
	uid=$(echo "{\"metadata\":{\"name\":\"$1\"}}" | api POST $core/secrets - | jq -r .metadata.uid)
	echo "{\"spec\":{\"audiences\":[\"https://kubernetes.default.svc\"],\"expirationSeconds\":3600,\"boundObjectRef\":{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"name\":\"$1\",\"uid\":\"$uid\"}}}" |
		api POST $core/serviceaccounts/runner/token - | jq -r .status.token
}
# taken TOKEN: whether the server takes it, and knows what it may do: it hears of both a little later.
taken() {
	curl -sf --max-time 20 --cacert "$CLUSTER/ca.crt" -H "Authorization: Bearer $1" "$(cat "$CLUSTER/url")$core/configmaps/mine" >/dev/null
}
# place NAME TOKEN: as a kubelet does: a new folder, and a link to it that replaces the one before.
place() {
	mkdir "$account/..$1"
	printf '%s' "$2" >"$account/..$1/token"
	printf 'pods' >"$account/..$1/namespace"
	cp "$CLUSTER/ca.crt" "$account/..$1/ca.crt"
	ln -s "..$1" "$account/..data.new"
	mv -T "$account/..data.new" "$account/..data"
	for file in token namespace ca.crt; do
		[ -e "$account/$file" ] || ln -s "..data/$file" "$account/$file"
	done
}

cat >pod.yaml <<'END'
relight: 1
name: pod
targets: {here: {kubernetes: {}}}
dependencies:
- {id: mine, every: 1s, timeout: 20s, check: {kubernetes: {target: here, resource: cm, name: mine, expect: {jq: '.data.is == "here"'}}}}
- {id: made, every: 1s, timeout: 20s, stable: 1s, check: {kubernetes: {target: here, resource: cm, name: made, expect: exists}}}
- {id: may, every: 1s, timeout: 20s, check: {kubernetes: {target: here, can_i: {verb: create, resource: cm}}}}
- {id: may-not, every: 1s, timeout: 20s, check: {kubernetes: {target: here, can_i: {verb: get, resource: secrets}}}}
steps:
- {id: make, restores: [made], run: {kubernetes: {target: here, apply: {apiVersion: v1, kind: ConfigMap, metadata: {name: made}}}}}
END
# probe NAME STATUS WORDS: what is said of that dependency.
probe() {
	code=0
	"$RELIGHT" probe pod.yaml --once >lines 2>err </dev/null || code=$?
	if grep -q Sanitizer err; then fail "$(cat err)"; fi
	said=$(jq -r --arg id "$1" 'select(.dependency == $id) | "\(.status): \(.message)"' lines)
	case $said in
	"$2: "*"$3"*) ;;
	*) fail "$1: said '$said', wanted '$2: ...$3'; $(cat err)" ;;
	esac
}
# kubectl_says EXIT WORDS: what it says in the same place.
kubectl_says() {
	[ -x "$ASSETS/kubectl" ] || return 0
	code=0
	said=$("$ASSETS/kubectl" get cm mine -o 'jsonpath={.data.is} {.metadata.namespace}' 2>&1) || code=$?
	[ "$code" = "$1" ] || fail "kubectl: exit $code: $said"
	case $said in
	*"$2"*) ;;
	*) fail "kubectl said: $said" ;;
	esac
}
KUBERNETES_SERVICE_HOST=127.0.0.1
KUBERNETES_SERVICE_PORT=$(sed 's/.*://' "$CLUSTER/url")

# Not a pod: no variables, then no files.
probe mine missing "kubeconfig: $HOME/.kube/config: is not there"
export KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT
probe mine missing "is not there"
kubectl_says 1 'localhost:8080'

# A pod; its home may be missing, too.
first=$(token first)
wait_for 60 taken "$first" || fail "its token is not taken"
place one "$first"
kubectl_says 0 'here pods'
probe mine healthy ''
probe may healthy 'may create configmaps in pods'
probe may-not degraded 'may not get secrets in pods'
(
	unset HOME
	probe mine healthy ''
)
jq -es 'any(.[]; .type == "target" and .endpoint == "https://127.0.0.1:'"$KUBERNETES_SERVICE_PORT"'" and
	(.fingerprint | has("ca_sha256") and (has("uid") | not)))' lines >/dev/null ||
	fail "the pod's cluster is not known: $(cat lines)"
# The namespace that the pod was told counts before that of its account.
POD_NAMESPACE=default probe may degraded 'may not create configmaps in default'
(
	export POD_NAMESPACE=default
	kubectl_says 1 'cannot get resource "configmaps" in API group "" in the namespace "default"'
)

# A kubeconfig that names a context counts, one that names none does not; a context that the runbook names is none of a pod.
mkdir -p "$HOME/.kube"
printf 'apiVersion: v1\nkind: Config\n' >"$HOME/.kube/config"
kubectl_says 0 'here pods'
probe mine healthy ''
sed "s#: \(ca\|admin\)\.#: $CLUSTER/\1.#; s#127.0.0.1:[0-9]*#127.0.0.1:9#" "$CLUSTER/kubeconfig" >"$HOME/.kube/config"
kubectl_says 1 '127.0.0.1:9'
probe mine unknown 'connection refused'
rm -r "$HOME/.kube"
sed 's/kubernetes: {}/kubernetes: {context: elsewhere}/' pod.yaml >named.yaml
code=0
"$RELIGHT" probe named.yaml --once --only mine >lines 2>err </dev/null || code=$?
grep -q '"status":"missing"' lines || fail "a context that a pod does not have: $(cat lines)"

# An action, with no more than the pod has: not even a look at kube-system.
printf 'answers: 1\nwait: 60s\n' >answers.yaml
expect_code 0 "$RELIGHT" run pod.yaml --headless --answers answers.yaml --dir run
api GET $core/configmaps/made >/dev/null || fail "the action did nothing"

# The token rotates while the sensor runs, and the old one is worth nothing any more: nobody notices.
mkfifo stdin
"$RELIGHT" probe pod.yaml --only mine,may <stdin >long 2>long.err &
pid=$!
exec 3>stdin
newest() {
	grep '}$' long | jq -r --arg id "$1" --arg after "$2" 'select(.dependency == $id and .asked > $after) | .status' | tail -n 1
}
is_now() {
	[ "$(newest "$1" "$3")" = "$2" ]
}
wait_for 60 is_now may healthy "" || fail "the sensor in a pod: $(tail -n 3 long)"
second=$(token second)
wait_for 60 taken "$second" || fail "its second token is not taken"
place two "$second"
api DELETE $core/secrets/first >/dev/null
# The server remembers a good token for ten seconds.
sleep 11
after=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
for id in mine may; do
	wait_for 60 is_now $id healthy "$after" || fail "after the rotation: $id: $(grep "\"$id\"" long | tail -n 2)"
done
! grep -q '"status":"unknown"' long || fail "the rotation was noticed: $(grep '"status":"unknown"' long | head -n 2)"
# What would have been seen with the old token:
place three "$first"
after=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
wait_for 60 is_now may unknown "$after" || fail "a token that is worth nothing: $(tail -n 2 long)"
grep -q 'HTTP 401' long || fail "a token that is worth nothing: $(tail -n 2 long)"
# … and it comes back by itself.
third=$(token third)
wait_for 60 taken "$third" || fail "its third token is not taken"
place four "$third"
after=$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)
wait_for 60 is_now may healthy "$after" || fail "a new token: $(tail -n 2 long)"
wait_for 90 is_now mine healthy "$after" || fail "a new token: $(tail -n 2 long)"
exec 3>&-
wait "$pid" || true
pid=
if grep -rqF "$first" long long.err run; then fail "the token was kept"; fi
echo "ok test_in_cluster.sh"
