#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Actions on an API server that is not well, through a proxy that does to single requests what a test wants (faulty.c): nothing
# is carried out twice, what may be asked again is until the step's time is up, and an answer that was lost is made good by
# looking, or the outcome is unknown and says so.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
: "${SUPPORT:?is where the programs for these tests are}"
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"

pid=
clean_up() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	api DELETE /api/v1/namespaces/flaky >/dev/null 2>&1 || true
}

api POST /api/v1/namespaces - >/dev/null <<'END'
{"metadata":{"name":"flaky"}}
END
maps=/api/v1/namespaces/flaky/configmaps
deployments=/apis/apps/v1/namespaces/flaky/deployments
: >rules
serve faulty "$(sed 's/.*://' "$CLUSTER/url")" "$CLUSTER" "$work/rules" "$work/asked"
pid=$server
sed "s|server: .*|server: https://127.0.0.1:$port|; s|client-[a-z]*: .*|token: nobody|" "$CLUSTER/kubeconfig" |
	sed "s|certificate-authority: .*|certificate-authority: $CLUSTER/ca.crt|" | awk '!/token:/ || !seen++' >kubeconfig

# faults LINE...: what is done to the next requests (faulty.c). The log begins anew.
faults() {
	printf '%s\n' "$@" >rules.new
	mv rules.new rules
	: >asked
}
timeout_ms=60000
# act STEP ATTEMPT ACTION: performs it through the proxy; its result is in ./result, its output in ./output.
act() {
	jq -nc --arg step "$1" --argjson attempt "$2" --argjson action "$3" --arg kubeconfig "$work/kubeconfig" \
		--argjson timeout "$timeout_ms" '{step:$step, attempt:$attempt, role:"run", incident:"20260703T024700Z-flaky",
		action:{kubernetes:({target:"dr"} + $action)}, cluster:{kubeconfig:$kubeconfig, context:"test", namespace:"flaky"},
		files:[], env:{}, timeout_ms:$timeout}' |
		"$RELIGHT" perform --dir "$work/i" --step "$1" --attempt "$2" 2>err || ! grep -q Sanitizer err || fail "$1: $(cat err)"
	cp "i/attempts/$1/$2/result.json" result && cp "i/attempts/$1/$2/output.log" output || fail "$1: no result: $(cat err)"
}
# is NAME OUTCOME WORDS [LINE...]: what came of the act; WORDS are a part of why, each LINE one of the output.
is() {
	said=$(jq -r '"\(.outcome) \(.why // "")"' result)
	case $said in
	"$2 "*"$3"*) ;;
	*) fail "$1: said '$said', wanted '$2 ...$3'; output: $(cat output); asked: $(cat asked)" ;;
	esac
	name=$1
	shift 3
	for line in "$@"; do
		grep -qE -- "^$line\$" output || fail "$name: no line '$line' in: $(cat output); asked: $(cat asked)"
	done
}
# sent NAME METHOD COUNT: how many requests of that method, but dry runs, reached the proxy.
sent() {
	count=$(grep -c "^$2 - " asked || true)
	[ "$count" = "$3" ] || fail "$1: $count requests $2, not $3: $(cat asked)"
}
value() {
	is_now=$(api GET "$1" | jq -rc "$2")
	[ "$is_now" = "$3" ] || fail "$1: $2 is $is_now, not $3"
}
config_map() {
	echo "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{$1},\"data\":${2:-{\}}}"
}
# made NAME COUNT: so many were created with that label.
made() {
	count=$(api GET "$maps?labelSelector=made=$1" | jq '.items | length')
	[ "$count" = "$2" ] || fail "$1: $count objects, not $2; output: $(cat output); asked: $(cat asked)"
}
generate() {
	echo "{\"create\":$(config_map "\"generateName\":\"gen-\",\"labels\":{\"made\":\"$1\"}")}"
}
mkdir i

# --- what may not be sent twice ------------------------------------------------------------------------------------------

# The answer is lost on a connection that was used before: a client that sends again by itself would create two.
faults 'POST /configmaps lose 1'
act lost 1 "$(generate lost)"
made lost 1
sent lost POST 1
is lost success '' 'configmap/gen- gen-[a-z0-9]+ created .*answer was lost.*'
jq -e '.http_status == null' result >/dev/null || fail "lost: an answer that never came has a status: $(cat result)"

faults 'POST /configmaps cut 1'
act cut 1 "$(generate cut)"
made cut 0
sent cut POST 1
is cut unknown 'whether it was created is not known'

faults 'POST /configmaps hang 1'
timeout_ms=15000
act hang 1 "$(generate hang)"
timeout_ms=60000
made hang 1
is hang success '' 'configmap/gen- gen-[a-z0-9]+ created .*'

faults 'POST /configmaps late-503 1'
act late 1 "$(generate late)"
made late 1
sent late POST 1
is late success '' 'configmap/gen- gen-[a-z0-9]+ created .*'

faults 'POST /configmaps 503 1'
act refused 1 "$(generate refused)"
made refused 0
sent refused POST 1
is refused unknown 'whether it was created is not known'

# What could not be looked at then is seen by the next attempt; the one after that makes another.
faults 'POST /configmaps lose 1' 'GET /configmaps?limit 503 99'
timeout_ms=15000
act blind 1 "$(generate blind)"
timeout_ms=60000
made blind 1
is blind unknown 'the server could not be asked afterwards'
faults 'POST /nothing pass 0'
act blind 2 "$(generate blind)"
made blind 1
is blind-2 success '' 'configmap/gen- gen-[a-z0-9]+ was created by an earlier attempt, whose outcome was not known'
act blind 3 "$(generate blind)"
made blind 2
is blind-3 success '' 'configmap/gen- gen-[a-z0-9]+ created .*'

# Too many requests is refused before anything is done.
faults 'POST /configmaps 429 2'
act many 1 "$(generate many)"
made many 1
sent many POST 3
is many success '' 'asked again in 1s: HTTP 429.*'

# A JSON patch adds to a list each time that it is sent.
rm -f set.json
config_map '"name":"list"' '{"a":"1"}' >set.json
api POST "$maps" set.json >/dev/null
json_patch='{"patch":{"resource":"cm","name":"list","type":"json","body":[{"op":"copy","from":"/data/a","path":"/data/b"},{"op":"replace","path":"/data/a","value":"2"}]}}'
faults 'PATCH /configmaps/list lose 1'
act patch-lost 1 "$json_patch"
sent patch-lost PATCH 1
value "$maps/list" .data '{"a":"2","b":"1"}'
is patch-lost success '' 'configmap/list patched .*answer was lost.*'
faults 'PATCH /configmaps/list cut 1'
act patch-cut 1 "$json_patch"
sent patch-cut PATCH 1
value "$maps/list" .data '{"a":"2","b":"1"}'
is patch-cut unknown 'whether it was patched is not known: the connection was closed without an answer; the server does not show it so far'

# --- what may be sent again ----------------------------------------------------------------------------------------------

config_map '"name":"named"' '{"a":"1"}' >set.json
for fault in half lose late-500 late-503 late-504; do
	api DELETE "$maps/named" >/dev/null 2>&1 || true
	faults "POST /configmaps $fault 1"
	act "create-$fault" 1 "{\"create\":$(cat set.json)}"
	is "create-$fault" success '' 'configmap/named created'
	sent "create-$fault" POST 2
	faults "PATCH /configmaps/named $fault 1"
	act "apply-$fault" 1 "{\"force\":true,\"apply\":$(config_map '"name":"named"' "{\"a\":\"$fault\"}")}"
	value "$maps/named" .data.a "$fault"
	is "apply-$fault" success '' 'configmap/named configured .*'
	faults "DELETE /configmaps/named $fault 1"
	act "delete-$fault" 1 '{"delete":{"resource":"cm","name":"named"}}'
	is "delete-$fault" success '' 'configmap/named is gone'
done

# What was deleted is gone, though another one has its name before the question is asked again: it is refused until then.
api POST "$maps" set.json >/dev/null
faults 'DELETE /configmaps/named late-503 1' 'DELETE /configmaps/named 429 99'
(
	wait_for 50 grep -q '^done DELETE late-503' asked
	api POST "$maps" set.json >/dev/null
	echo 'DELETE /nothing pass 0' >rules.new
	mv rules.new rules
) &
maker=$!
act replaced 1 '{"delete":{"resource":"cm","name":"named"}}'
wait "$maker" || fail "replaced: nothing took its name: $(cat asked)"
api GET "$maps/named" >/dev/null || fail "what took the name was deleted, too: $(cat output)"
is replaced success '' 'configmap/named is gone, another one has its name.*'

# The same restart is not a second one; a scale is what was wanted.
api POST "$deployments" - >/dev/null <<'END'
{"metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"matchLabels":{"app":"web"}},
 "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"main","image":"none"}]}}}}
END
faults 'PATCH /deployments/web lose 2'
act restart 1 '{"restart":{"resource":"deploy","name":"web"}}'
is restart success '' 'deployment.apps/web restarted .*'
value "$deployments/web" .metadata.generation 2
faults 'PATCH /scale hang 1'
timeout_ms=15000
act scale 1 '{"scale":{"resource":"deploy","name":"web","replicas":"3"}}'
timeout_ms=60000
is scale success '' 'deployment.apps/web scaled from 1 to 3 replicas .*'

# --- refused for now: asked again as long as the step's time allows -------------------------------------------------------

faults '* / 503 6'
timeout_ms=60000
act patient 1 "{\"force\":true,\"apply\":$(config_map '"name":"named"' '{"a":"patient"}')}"
timeout_ms=60000
is patient success '' 'asked again in 8s: HTTP 503.*' 'configmap/named configured .*'
faults '* / 429 1' 'dry / 429 1' 'PATCH / 429 1'
act polite 1 "{\"force\":true,\"apply\":$(config_map '"name":"named"' '{"a":"polite"}')}"
is polite success ''
[ "$(grep -c 'asked again in 1s' output)" = 3 ] || fail "Retry-After was not obeyed: $(cat output)"
faults '* / 503 99'
timeout_ms=8000
act out-of-time 1 "{\"apply\":$(config_map '"name":"never"')}"
is out-of-time timeout ''
faults 'GET /api/v1/namespaces pass 1' 'GET /api/v1 hang 9'
act out-of-time 6 "{\"apply\":$(config_map '"name":"never"')}"
is not-found timeout 'dry run: configmap/never: no answer yet; nothing was changed'
faults 'dry / hang 9'
act out-of-time 4 "{\"apply\":$(config_map '"name":"never"')}"
is not-tried timeout 'dry run: configmap/never: no answer yet; nothing was changed'
faults 'dry / 429 99'
act out-of-time 5 "{\"apply\":$(config_map '"name":"never"')}"
is refused-to-try timeout 'dry run: configmap/never: HTTP 429'
faults 'PATCH / 429 99'
act out-of-time 2 "{\"apply\":$(config_map '"name":"never"')}"
is refused-to-the-end timeout 'configmap/never: not done when it had to stop: HTTP 429'
faults 'PATCH / 503 99'
act out-of-time 3 "{\"apply\":$(config_map '"name":"never"')}"
is doubtful-to-the-end unknown 'its time was up; configmap/never: whether it was applied is not known: HTTP 503'
timeout_ms=60000
[ "$(api GET "$maps?fieldSelector=metadata.name=never" | jq '.items | length')" = 0 ] || fail "never: is there"

# Cut at every turn: the first contact, the dry run, the change.
faults '* /kube-system cut 1' 'dry / cut 1' 'PATCH / cut 1' 'GET /named half 1'
act cuts 1 "{\"force\":true,\"apply\":$(config_map '"name":"named"' '{"a":"cuts"}')}"
is cuts success '' 'configmap/named configured .*'

# Nobody listens for a while, in the middle of it.
faults 'PATCH / 429 99'
jq -nc --arg kubeconfig "$work/kubeconfig" '{step:"away",attempt:1,role:"run",incident:"i",action:{kubernetes:{target:"dr",force:true,
	apply:{apiVersion:"v1",kind:"ConfigMap",metadata:{name:"named"},data:{a:"away"}}}},cluster:{kubeconfig:$kubeconfig,context:"test",namespace:"flaky"},
	files:[],env:{},timeout_ms:120000}' | "$RELIGHT" perform --dir "$work/i" --step away --attempt 1 2>err &
actor=$!
wait_for 60 grep -q '^PATCH - 429' asked || fail "away: nothing is sent: $(cat asked)"
kill "$pid"
wait "$pid" 2>/dev/null || true
pid=
wait_for 30 grep -q 'asked again in .*: connection refused' i/attempts/away/1/output.log || fail "away: is not asked again: $(cat i/attempts/away/1/output.log)"
faults 'PATCH /nothing pass 0'
serve_at "$port" faulty "$(sed 's/.*://' "$CLUSTER/url")" "$CLUSTER" "$work/rules" "$work/asked" || fail "the proxy does not start again"
pid=$server
wait "$actor" || fail "away: $(cat i/attempts/away/1/result.json)"
value "$maps/named" .data.a away

# Cancelled while it is under way: what became of it is looked for, and if that does not tell, it is unknown.
# cancelled STEP ACTION SENT: performs it, and cancels it once the log says that the change was sent.
cancelled() {
	(
		wait_for 50 grep -q "^$3" asked
		echo '{"why":"not this one"}' >"i/attempts/$1/1/cancel.new"
		mv "i/attempts/$1/1/cancel.new" "i/attempts/$1/1/cancel"
	) &
	canceller=$!
	act "$1" 1 "$2"
	wait "$canceller" || fail "$1: it was never sent: $(cat asked)"
}
faults 'POST /configmaps stall 1'
cancelled cancel-stall "$(generate cancel-stall)" 'POST - stall'
made cancel-stall 0
is cancel-stall unknown 'cancelled: not this one; configmap/gen-: whether it was created is not known: it had to stop before there was an answer; the server does not show it so far'
faults 'PATCH /named hang 1'
cancelled cancel-hang "{\"force\":true,\"apply\":$(config_map '"name":"named"' '{"a":"cancelled"}')}" 'done PATCH hang'
is cancel-hang success '' 'configmap/named configured .*the answer was lost.*'
value "$maps/named" .data.a cancelled

# --- several objects -------------------------------------------------------------------------------------------------------

faults 'POST /configmaps pass 1' 'POST /configmaps cut 1'
act several 1 "{\"create\":[$(config_map '"generateName":"gen-","labels":{"made":"several"}'),$(config_map '"generateName":"gen-","labels":{"made":"several"}'),$(config_map '"name":"third"')]}"
made several 1
is several unknown 'after 1 of 3 objects: configmap/gen-: ' 'ended after 1 of 3 objects'
# --- what the incident makes of it ------------------------------------------------------------------------------------------

# An unknown outcome is not failed, and is not run again by itself, whatever `retries` says.
cat >unknown.yaml <<'END'
relight: 1
name: unknown
targets: {dr: {kubernetes: {kubeconfig: kubeconfig, context: test, namespace: flaky}}}
steps:
- id: make
  timeout: 60s
  retries: 3
  run: {kubernetes: {target: dr, create: {apiVersion: v1, kind: ConfigMap, metadata: {generateName: gen-, labels: {made: unknown}}}}}
END
printf 'answers: 1\nwait: 15s\n' >answers.yaml
faults 'POST /configmaps cut 1'
expect_code 3 "$RELIGHT" run unknown.yaml --headless --answers answers.yaml --dir unknown
says err "outcome of its attempt is unknown"
made unknown 0
sent unknown POST 1
[ "$(events unknown 'map(select(.step == "make") | .kind) | map(select(startswith("step."))) | join(",")')" = step.intent,step.spawned,step.unknown ] ||
	fail "unknown: $(events unknown 'map(select(.step == "make"))')"
events unknown '.[] | select(.kind == "step.unknown") | .data.why' | grep -q 'whether it was created is not known' || fail "unknown: it does not say why"
echo "ok test_flaky.sh"
