#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the actuator does to a cluster: every verb, every refusal, and what is left behind when it has to stop. Requests are
# written here as the cockpit writes them; test_runbooks.sh goes the whole way.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"

server=$(cat "$CLUSTER/apiserver.pid")
pid=
clean_up() {
	kill -CONT "$server" 2>/dev/null || true
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	for namespace in acts acts-two acts-three; do
		api DELETE "/api/v1/namespaces/$namespace" >/dev/null 2>&1 || true
	done
	for name in makers.acts.relight.test late.acts.relight.test; do
		api DELETE "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/$name" >/dev/null 2>&1 || true
	done
}

uid=$(api GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
ca=$(openssl x509 -in "$CLUSTER/ca.crt" -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr 'A-F' 'a-f')
kubeconfig=$CLUSTER/kubeconfig
pin="uid $uid ca_sha256 $ca"
timeout_ms=60000

# request STEP ATTEMPT ACTION [FILE...]: one line for the actuator; each FILE is applied as it is now.
request() {
	step=$1 attempt=$2 action=$3
	shift 3
	files=$(for file in "$@"; do jq -nc --arg f "$file" --arg p "$work/$file" '{named:$f,path:$p}'; done | jq -sc .)
	jq -nc --arg step "$step" --argjson attempt "$attempt" --argjson action "$action" --argjson files "$files" \
		--arg kubeconfig "$kubeconfig" --arg pin "$pin" --argjson timeout "$timeout_ms" \
		'{step:$step, attempt:$attempt, role:"run", incident:"20260703T024700Z-acts", action:{kubernetes:({target:"dr"} + $action)},
		  cluster:({kubeconfig:$kubeconfig, context:"test", namespace:"acts"} + if $pin == "" then {} else {pin:$pin} end),
		  files:$files, env:{}, timeout_ms:$timeout}'
}

# act STEP ATTEMPT ACTION [FILE...]: performs it; its result is in ./result, its output in ./output.
act() {
	request "$@" | "$RELIGHT" perform --dir "$work/i" --step "$1" --attempt "$2" 2>err || ! grep -q Sanitizer err || fail "$1: $(cat err)"
	take "$1" "$2"
}
take() {
	cp "i/attempts/$1/$2/result.json" result && cp "i/attempts/$1/$2/output.log" output || fail "$1: no result: $(cat err)"
}
# is STEP OUTCOME STATUS WORDS [LINE...]: what came of the act; WORDS are a part of why, each LINE one of the output.
is() {
	said=$(jq -r '"\(.outcome) \(.http_status // "-") \(.why // "")"' result)
	case $said in
	"$2 $3 "*"$4"*) ;;
	*) fail "$1: said '$said', wanted '$2 $3 ...$4'; output: $(cat output)" ;;
	esac
	name=$1
	shift 4
	for line in "$@"; do
		grep -qE -- "^$line\$" output || fail "$name: no line '$line' in: $(cat output)"
	done
}
# there PATH, gone PATH, value PATH FILTER WANTED
there() {
	api GET "$1" >/dev/null || fail "$1 is not there"
}
gone() {
	! api GET "$1" >/dev/null 2>&1 || fail "$1 is there"
}
value() {
	is_now=$(api GET "$1" | jq -rc "$2")
	[ "$is_now" = "$3" ] || fail "$1: $2 is $is_now, not $3"
}
config_map() {
	echo "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"$1\"},\"data\":$2}"
}
maps=/api/v1/namespaces/acts/configmaps
deployments=/apis/apps/v1/namespaces/acts/deployments
mkdir i

# --- apply -------------------------------------------------------------------------------------------------------------

cat >all.yaml <<'END'
# A namespace, a definition, and what needs them, in one file.
apiVersion: v1
kind: Namespace
metadata: {name: acts}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: makers.acts.relight.test}
spec:
  group: acts.relight.test
  scope: Namespaced
  names: {plural: makers, singular: maker, kind: Maker, shortNames: [mk]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
apiVersion: acts.relight.test/v1
kind: Maker
metadata: {name: one}
spec: {mode: 0644, big: 1_000, "on": "off", is: off, empty: ~, text: "0644", list: [1.5, 2e3]}
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: first}, data: {a: "1"}}
- {apiVersion: v1, kind: Secret, metadata: {name: keys}, stringData: {password: hunter-two-two}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: none}]}
END
act all 1 '{"apply":"all.yaml"}' all.yaml
is all success 201 '' 'dr: https://.*, the pinned cluster \(uid .*\)' 'dry run: 2 of 6 accepted' \
	'maker.acts.relight.test/one not tried yet: its kind comes with an earlier object' \
	'configmap/first not tried yet: its namespace comes with an earlier object' \
	'namespace/acts created \(resourceVersion [0-9]+\)' 'maker.acts.relight.test/one created .*' \
	'configmap/first created .*' 'secret/keys created .*' 'deployment.apps/web created .*'
value "$maps/first" .data '{"a":"1"}'
value /apis/acts.relight.test/v1/namespaces/acts/makers/one '.spec | [.mode, .big, .on, .is, .text, .list]' \
	'[420,1000,"off",false,"0644",[1.5,2000]]'
if grep -rq hunter-two-two i; then fail "a Secret's value was kept"; fi
if [ -x "$ASSETS/kubectl" ]; then
	wait_for 30 served acts.relight.test v1 makers || fail "makers are not served"
	sed -n '/^kind: Maker/,/^---/p' all.yaml | sed '1i apiVersion: acts.relight.test/v1' |
		sed 's/name: one/name: two/; /^---/d' >two.yaml
	"$ASSETS/kubectl" -n acts create -f two.yaml >/dev/null
	value /apis/acts.relight.test/v1/namespaces/acts/makers/two .spec \
		"$(api GET /apis/acts.relight.test/v1/namespaces/acts/makers/one | jq -c .spec)"
fi
act all 2 '{"apply":"all.yaml"}' all.yaml
is all-again success 200 '' 'dry run: 6 of 6 accepted' 'namespace/acts unchanged .*' 'configmap/first unchanged .*' \
	'deployment.apps/web unchanged .*' 'maker.acts.relight.test/one unchanged .*'

mkdir folder
config_map second '{"b":"1"}' >folder/10.json
config_map third '{"c":"1"}' >folder/20.yml
echo 'not applied' >folder/README
act folder 1 "{\"apply\":[\"folder\",$(config_map first '{"a":"2"}')]}" folder
is folder success 200 '' "$work/folder/10.json: read now, sha256 [0-9a-f]{64}" 'configmap/second created .*' \
	'configmap/third created .*' 'configmap/first configured .*'
value "$maps/first" .data '{"a":"2"}'
value "$maps/first" '[.metadata.managedFields[] | "\(.manager) \(.operation)"]' '["relight Apply"]'

act elsewhere 1 "{\"namespace\":\"default\",\"apply\":$(config_map acts-elsewhere '{}')}"
is elsewhere success 201 '' 'configmap/acts-elsewhere created \(resourceVersion [0-9]+\)'
there /api/v1/namespaces/default/configmaps/acts-elsewhere
api DELETE /api/v1/namespaces/default/configmaps/acts-elsewhere >/dev/null
act own-namespace 1 '{"namespace":"default","apply":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"own","namespace":"acts"}}}'
is own-namespace success 201 '' 'configmap/own created in acts .*'

# Another manager's field.
echo '{"data":{"a":"theirs"}}' >theirs
api PATCH "$maps/first?fieldManager=somebody" theirs >/dev/null
act conflict 1 "{\"apply\":[$(config_map fourth '{}'),$(config_map first '{"a":"3"}')]}"
is conflict failed 409 'dry run: configmap/first: HTTP 409, conflict with "somebody"' \
	'configmap/first: HTTP 409, conflict with "somebody".*: .data.a; force: true takes them over'
gone "$maps/fourth"
value "$maps/first" .data.a theirs
act conflict 2 "{\"force\":true,\"apply\":$(config_map first '{"a":"3"}')}"
is forced success 200 '' 'configmap/first configured .*'
value "$maps/first" .data.a 3

# What the server warns of, once, however many objects it is about.
if api GET /apis/networking.k8s.io/v1beta1 >/dev/null 2>&1; then
	ingress() {
		echo "{\"apiVersion\":\"networking.k8s.io/v1beta1\",\"kind\":\"Ingress\",\"metadata\":{\"name\":\"$1\"},\"spec\":{\"backend\":{\"serviceName\":\"web\",\"servicePort\":80}}}"
	}
	act warned 1 "{\"apply\":[$(ingress one),$(ingress two)]}"
	is warned success 201 '' 'warning: networking.k8s.io/v1beta1 Ingress is deprecated.*' 'ingress.networking.k8s.io/two created .*'
	[ "$(grep -c '^warning: ' output)" = 1 ] || fail "one warning was told more than once: $(cat output)"
fi

# What is refused at trial changes nothing, and all of it is told.
cat >broken.yaml <<'END'
{apiVersion: v1, kind: ConfigMap, metadata: {name: fifth}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: Not_A_Name}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: odd}
spec:
  selector: {matchLabels: {app: odd}}
  template: {metadata: {labels: {app: even}}, spec: {containers: [{name: main, image: none}]}}
END
act broken 1 '{"apply":"broken.yaml"}' broken.yaml
is broken failed 422 'and others; nothing was changed' 'configmap/Not_A_Name: HTTP 422.*' 'deployment.apps/odd: HTTP 422.*'
gone "$maps/fifth"
act no-kind 1 "{\"apply\":[$(config_map fifth '{}'),{\"apiVersion\":\"acts.relight.test/v9\",\"kind\":\"Maker\",\"metadata\":{\"name\":\"x\"}}]}"
is no-kind failed 404 'dry run: maker.acts.relight.test/x: the server has no kind Maker in acts.relight.test/v9; nothing was changed'
gone "$maps/fifth"
act no-namespace 1 '{"apply":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"acts-nowhere"}}}'
is no-namespace failed 404 'namespaces "acts-nowhere" not found'
act syntax 1 '{"apply":"syntax.yaml"}' syntax.yaml
is syntax failed - 'syntax.yaml: No such file or directory'
printf 'apiVersion: v1\nkind: [\n' >syntax.yaml
act syntax 2 '{"apply":"syntax.yaml"}' syntax.yaml
is syntax failed - "$work/syntax.yaml:3:1: not YAML"

# What makes something stands after it.
act late-order 1 '{"apply":[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"acts-later"}},{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"acts-later"}}]}'
is late-order failed 404 'namespaces "acts-later" not found; what makes it stands after this object: put it before'

# What was exported from one server can be given to another, and to the same.
api GET "$deployments/web" >exported.json
act exported 1 '{"apply":"exported.json"}' exported.json
is exported success 200 '' '1 of 1 objects came from a server: .*' 'deployment.apps/web unchanged .*'
api GET "$maps/second" | jq 'del(.metadata.managedFields) | .metadata.name = "copied"' >exported.json
act exported 2 '{"apply":"exported.json"}' exported.json
is exported-2 success 201 '' 'configmap/copied created .*'
act exported 3 '{"apply":"exported.json"}' exported.json
is exported-3 success 200 '' 'configmap/copied unchanged .*'
jq '.metadata.name = "made-copy"' exported.json >exported-2.json
act exported 4 '{"create":"exported-2.json"}' exported-2.json
is exported-4 success 201 '' 'configmap/made-copy created .*'
# A uid that somebody has written is meant.
act meant 1 '{"apply":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"second","uid":"00000000-0000-0000-0000-000000000000"}}}'
is meant failed 422 'metadata.uid'
# A 500 that is about what was sent is certain, and said at once.
act certain 1 '{"create":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"certain","resourceVersion":"1"}}}'
is certain failed 500 'resourceVersion should not be set on objects to be created'
if grep -q 'asked again' output; then fail "a certain refusal was asked about again: $(cat output)"; fi

# A definition whose object is then refused: what was done is said.
cat >late.yaml <<'END'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: late.acts.relight.test}
spec:
  group: acts.relight.test
  scope: Namespaced
  names: {plural: late, singular: late, kind: Late}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {n: {type: integer, maximum: 5}}}}}}}
---
{apiVersion: acts.relight.test/v1, kind: Late, metadata: {name: wrong}, spec: {n: 7}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: sixth}}
END
act late 1 '{"apply":"late.yaml"}' late.yaml
is late failed 422 'after 1 of 3 objects: late.acts.relight.test/wrong: HTTP 422' 'ended after 1 of 3 objects' \
	'customresourcedefinition.apiextensions.k8s.io/late.acts.relight.test created .*'
gone "$maps/sixth"

# --- create ------------------------------------------------------------------------------------------------------------

act create 1 "{\"create\":$(config_map made '{"a":"1"}')}"
is create success 201 '' 'configmap/made created .*'
act create 2 "{\"create\":$(config_map made '{"a":"1"}')}"
is create-again success - '' 'configmap/made was created by an earlier attempt'
act create 3 "{\"create\":$(config_map made '{"a":"2"}')}"
is create-other failed 409 'configmaps "made" already exists; nothing was changed'
value "$maps/made" .data.a 1
act create-stranger 1 "{\"create\":$(config_map made '{"a":"1"}')}"
is create-stranger failed 409 'already exists'
act generate 1 '{"create":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"gen-","labels":{"made":"up"}}}}'
is generate success 201 '' 'configmap/gen- gen-[a-z0-9]+ created .*'
act create-secret 1 '{"create":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"made"},"data":{"p":"aHVudGVyLXR3by10d28="}}}'
is create-secret success 201 '' 'secret/made created .*'
jq -e '.action.kubernetes.create.data.p == "[masked]"' i/attempts/create-secret/1/request.json >/dev/null ||
	fail "request.json shows a Secret: $(cat i/attempts/create-secret/1/request.json)"

# --- patch, scale, restart ---------------------------------------------------------------------------------------------

act patch 1 '{"patch":{"resource":"cm","name":"made","body":{"data":{"b":"2"}}}}'
is patch success 200 '' 'configmap/made patched .*'
act patch 2 '{"patch":{"resource":"configmaps","name":"made","type":"merge","body":"data: {b: \"2\", a: null}"}}'
is patch-merge success 200 '' 'configmap/made patched .*'
value "$maps/made" .data '{"b":"2"}'
act patch 3 '{"patch":{"resource":"ConfigMap","name":"made","type":"json","body":[{"op":"add","path":"/data/c","value":"3"}]}}'
is patch-json success 200 '' 'configmap/made patched .*'
value "$maps/made" .data '{"b":"2","c":"3"}'
act patch 4 '{"patch":{"resource":"cm","name":"made","type":"merge","body":{"data":{"b":"2"}}}}'
is patch-same success 200 '' 'configmap/made unchanged .*'
act patch 5 '{"patch":{"resource":"cm","name":"applied","type":"apply","body":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"}}}}'
is patch-apply success 201 ''
act patch 6 '{"patch":{"resource":"makers","name":"one","body":{"spec":{"size":4}}}}'
is patch-custom success 200 '' 'maker.acts.relight.test/one patched .*'
act patch 7 '{"patch":{"resource":"mk","name":"one","type":"strategic","body":{"spec":{"size":5}}}}'
is patch-unfit failed 415 'dry run: maker.acts.relight.test/one: HTTP 415'
act patch 8 '{"patch":{"resource":"mk","name":"one","subresource":"status","type":"merge","body":{"status":{"phase":"Done"}}}}'
is patch-status success 200 ''
value /apis/acts.relight.test/v1/namespaces/acts/makers/one '[.spec.size,.status.phase]' '[4,"Done"]'
act patch 9 '{"patch":{"resource":"cm","name":"nobody","body":{"data":{}}}}'
is patch-missing failed 404 'configmaps "nobody" not found'
act patch 10 '{"patch":{"resource":"cm","name":"made","type":"json","body":[{"op":"test","path":"/data/b","value":"9"}]}}'
is patch-test failed 422 'HTTP 422'
act patch 11 '{"patch":{"resource":"unicorns","name":"x","body":{}}}'
is patch-no-resource failed 404 'unicorns: the server has no resource unicorns'

act scale 1 '{"scale":{"resource":"deploy","name":"web","replicas":"5"}}'
is scale success 200 '' 'deployment.apps/web scaled from 2 to 5 replicas .*'
value "$deployments/web" .spec.replicas 5
act scale 2 '{"scale":{"resource":"deploy","name":"web","replicas":"5"}}'
is scale-same success 200 '' 'deployment.apps/web unchanged, 5 replicas .*'
act scale 5 '{"scale":{"resource":"deploy","name":"web","replicas":4}}'
is scale-number success 200 '' 'deployment.apps/web scaled from 5 to 4 replicas .*'
act scale 6 '{"scale":{"resource":"deploy","name":"web","replicas":2.5}}'
is scale-fraction failed - 'replicas: 2.5 is no number of them'
act scale 7 '{"scale":{"resource":"deploy","name":"web"}}'
is scale-nothing failed - 'replicas: nothing is no number of them'
for namespace in '*' a/b .. ''; do
	act everywhere "$(printf %s "$namespace" | cksum | cut -c1-5)" "{\"delete\":{\"resource\":\"cm\",\"name\":\"made\",\"namespace\":\"$namespace\"}}"
	is everywhere failed - "namespace $namespace: is no name of one"
done
# A password in the server's URL stays out of everything that is written.
sed 's#https://#https://ana:S3cretPass@#' "$CLUSTER/kubeconfig" >"$CLUSTER/kubeconfig-url"
kubeconfig=$CLUSTER/kubeconfig-url
act url 1 '{"scale":{"resource":"deploy","name":"web","replicas":4}}'
is url success 200 '' 'deployment.apps/web unchanged, 4 replicas .*'
[ "$(jq -r .cluster.endpoint result | cut -c1-17)" = "https://[masked]@" ] || fail "the endpoint is told as $(jq -r .cluster.endpoint result)"
if grep -r S3cretPass i/attempts/url; then fail "the password in the server's URL is written"; fi
kubeconfig=$CLUSTER/kubeconfig
act scale 3 '{"scale":{"resource":"cm","name":"made","replicas":"5"}}'
is scale-unfit failed 404 'is this something that can be scaled?'
act scale 4 '{"scale":{"resource":"deploy","name":"web","replicas":"-1"}}'
is scale-negative failed - 'replicas: -1 is no number of them'

act restart 1 '{"restart":{"resource":"deployment","name":"web"}}'
is restart success 200 '' 'deployment.apps/web restarted .*'
value "$deployments/web" '.spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"] | test("^20[0-9-]+T[0-9:]+Z$")' true
act restart 2 '{"restart":{"resource":"cm","name":"made"}}'
is restart-unfit failed - 'configmap/made: has no pod template'
echo '{"spec":{"paused":true}}' >paused
api PATCH "$deployments/web" paused >/dev/null
act restart 3 '{"restart":{"resource":"deployment","name":"web"}}'
is restart-paused failed - 'deployment.apps/web: is paused'

# --- delete ------------------------------------------------------------------------------------------------------------

act delete 1 '{"delete":{"resource":"cm","name":"made","preconditions":{"uid":"00000000-0000-0000-0000-000000000000"}}}'
is delete-other failed 409 'dry run: configmap/made: HTTP 409'
there "$maps/made"
act delete-version 1 '{"delete":{"resource":"cm","name":"made","preconditions":{"resource_version":"1"}}}'
is delete-version failed 409 'the ResourceVersion in the precondition (1) does not match'
there "$maps/made"
act delete 2 '{"delete":{"resource":"cm","name":"made"}}'
is delete success 200 '' 'configmap/made deleted'
gone "$maps/made"
act delete 3 '{"delete":{"resource":"cm","name":"made"}}'
is delete-gone success - '' 'configmap/made is gone already'
for name in a b c; do
	echo "{\"metadata\":{\"name\":\"select-$name\",\"labels\":{\"set\":\"$([ $name = c ] && echo two || echo one)\"}}}" | api POST "$maps" - >/dev/null
done
act delete 4 '{"delete":{"resource":"cm","selector":"set=one"}}'
is delete-selected success 200 '' 'configmap/select-a deleted' 'configmap/select-b deleted' 'dry run: 2 of 2 accepted'
there "$maps/select-c"
act delete 5 '{"delete":{"resource":"cm","selector":"set=one"}}'
is delete-none success - '' 'nothing to delete: no configmaps with set=one'
act delete 6 '{"delete":{"resource":"cm","selector":""}}'
is delete-everything failed - 'an empty one would delete all'
echo '{"metadata":{"name":"held","finalizers":["acts.relight.test/hold"]}}' | api POST "$maps" - >/dev/null
act delete 7 '{"delete":{"resource":"cm","name":"held","propagation":"foreground","grace_period_s":0}}'
is delete-held success 200 '' 'configmap/held deletion has begun and waits for .*acts.relight.test/hold.*'
echo '{"metadata":{"finalizers":null}}' >released
api PATCH "$maps/held" released >/dev/null
act delete 8 '{"delete":{"resource":"cm","name":"..","namespace":"acts"}}'
is delete-path failed - '..: is no name'

# --- who may, and where ------------------------------------------------------------------------------------------------

kubeconfig=$CLUSTER/kubeconfig-token
act forbidden 1 "{\"apply\":$(config_map seventh '{}')}"
is forbidden failed 403 'dry run: configmap/seventh: HTTP 403, not allowed: '
kubeconfig=$CLUSTER/kubeconfig-bad-token
act stranger 1 "{\"apply\":$(config_map seventh '{}')}"
is stranger failed 401 'HTTP 401, the credentials were refused'
if grep -rq 'viewer-token\|Bearer' i; then fail "credentials were kept"; fi
kubeconfig=$CLUSTER/kubeconfig-wrong-ca pin="uid $uid"
act wrong-ca 1 "{\"apply\":$(config_map seventh '{}')}"
is wrong-ca failed - 'signed by an unknown authority'
kubeconfig=$CLUSTER/kubeconfig pin="uid 00000000-0000-0000-0000-000000000000 ca_sha256 $ca"
act changed 1 "{\"apply\":$(config_map seventh '{}')}"
is changed failed - 'dr: another cluster answers at https://' 
pin="uid $uid ca_sha256 $(echo "$ca" | tr 'a-f0-9' 'b-f0-9a')"
act changed 2 "{\"apply\":$(config_map seventh '{}')}"
is changed-ca failed - 'another cluster answers'
kubeconfig=$work/kubeconfig-missing
act missing 1 "{\"apply\":$(config_map seventh '{}')}"
is missing failed - 'kubeconfig-missing'
sed 's#server: .*#server: https://127.0.0.1:9#' "$CLUSTER/kubeconfig-token" >kubeconfig-nobody
kubeconfig=$work/kubeconfig-nobody
timeout_ms=3000
act unreachable 1 "{\"apply\":$(config_map seventh '{}')}"
is unreachable timeout - 'dr: https://127.0.0.1:9: connection refused' 'asked again in .*: connection refused'
timeout_ms=60000
gone "$maps/seventh"

# --- when it must stop -------------------------------------------------------------------------------------------------

kubeconfig=$CLUSTER/kubeconfig pin="uid $uid ca_sha256 $ca"
kill -STOP "$server"
timeout_ms=1000
began=$(date +%s)
act timeout 1 "{\"apply\":$(config_map seventh '{}')}"
is timeout timeout - ''
took=$(($(date +%s) - began))
[ "$took" -le 15 ] || fail "the timeout of one second took $took s"
timeout_ms=120000
request cancel 1 "{\"apply\":$(config_map seventh '{}')}" | "$RELIGHT" perform --dir "$work/i" --step cancel --attempt 1 2>err &
pid=$!
wait_for 30 test -s i/attempts/cancel/1/request.json || fail "cancel: did not begin"
sleep 0.5
[ ! -e i/attempts/cancel/1/result.json ] || fail "cancel: has ended by itself"
echo '{"why":"not this one"}' >i/attempts/cancel/1/cancel.new
mv i/attempts/cancel/1/cancel.new i/attempts/cancel/1/cancel
wait_for 30 test -e i/attempts/cancel/1/result.json || fail "cancel: was not heard"
wait "$pid" || true
pid=
take cancel 1
is cancel cancelled - 'not this one'
# More time: the deadline of eight seconds moves by a minute, and after it the server comes back.
timeout_ms=8000
request extended 1 "{\"apply\":$(config_map eighth '{}')}" | "$RELIGHT" perform --dir "$work/i" --step extended --attempt 1 2>err &
pid=$!
wait_for 8 test -s i/attempts/extended/1/request.json || fail "extended: did not begin"
echo '{"extended_s":60}' >i/attempts/extended/1/deadline.new
mv i/attempts/extended/1/deadline.new i/attempts/extended/1/deadline
sleep 10
kill -CONT "$server"
wait "$pid" || fail "extended: $(cat i/attempts/extended/1/result.json)"
pid=
there "$maps/eighth"
gone "$maps/seventh"

# --- a mirror is not given what holds a Secret: the original stands in for it, while it is the same ----------------------

mkdir -p i/frozen keys
printf 'apiVersion: v1\nkind: Secret\nmetadata: {name: kept}\nstringData: {password: hunter2-Sup3rS3cret}\n' >keys/kept.yaml
cp keys/kept.yaml kept.yaml
frozen=frozen/secret-001-kept.yaml
jq -nc --arg path "$frozen" --arg of "$work/keys/kept.yaml" --arg sha256 "$(sha256sum kept.yaml | cut -d' ' -f1)" \
	'[{$path, $sha256, $of}]' >i/frozen/applied.json
applied=$(sha256sum i/frozen/applied.json | cut -d' ' -f1)
act_frozen() {
	request frozen "$1" '{"apply":"keys"}' keys | jq -c --arg sha256 "$applied" '.applied_sha256 = $sha256' |
		"$RELIGHT" perform --dir "$work/i" --step frozen --attempt "$1" 2>err || ! grep -q Sanitizer err || fail "frozen: $(cat err)"
	take frozen "$1"
}
act_frozen 1
is 'the original' success 201 '' 'secret/kept created .*'
echo '# one more line' >>keys/kept.yaml
act_frozen 2
is 'another original' failed - "$frozen: holds a Secret, which a mirror is not given"
grep -q "keys/kept.yaml: is not what it was when the incident opened; put the one with sha256 $(sha256sum kept.yaml | cut -d' ' -f1) there" result ||
	fail "it is not said what to do: $(cat result)"
cp kept.yaml "i/$frozen"
act_frozen 3
is 'put there' success 200 '' 'secret/kept .*'
echo '# altered' >>"i/$frozen"
act_frozen 4
is 'altered' failed - "$frozen: was altered since the incident opened"
rm "i/$frozen" keys/kept.yaml
act_frozen 5
is 'no original' failed - "keys/kept.yaml: No such file or directory"
grep -rq hunter2 i && fail "the Secret is in the incident: $(grep -r hunter2 i)"

# --- what is refused says of which object, and why if that is known ----------------------------------------------------

was=$kubeconfig
sed "/client-certificate\|client-key\|token/d; s|certificate-authority: |&$CLUSTER/|" "$kubeconfig" >anonymous
kubeconfig=$work/anonymous pin=
act nobody 1 "{\"apply\":[$(config_map first-of-two '{}'),$(config_map second-of-two '{}')]}"
is 'nobody in particular' failed 403 'configmap/first-of-two: v1: HTTP 403'
grep -q 'configmap/second-of-two: v1: HTTP 403' output || fail "the second object is not named: $(cat output)"
kubeconfig=$CLUSTER/kubeconfig-expired
act expired 1 "{\"apply\":$(config_map ninth '{}')}"
is 'expired' failed 401 'these credentials ended '
kubeconfig=$was

# --- what is not a request ---------------------------------------------------------------------------------------------

for action in '{}' '{"apply":"a","create":"b"}' '{"patch":{}}' '{"delete":"x"}'; do
	rm -rf i/attempts/wrong
	act wrong 1 "$action"
	is "wrong $action" never-started - 'request: action: kubernetes'
done
