#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a target is known by, and who signed it; and that nothing acts on what has become another one, is the lost one, or is
# not the one that the runbook names. There are two clusters: that of the other tests, and one of this test's own, which is made
# and made again as a step of the runbook would.
set -eu
kubernetes=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/integration/lib.sh
. "$kubernetes/../integration/lib.sh"
# shellcheck source=tests/kubernetes/api.sh
. "$kubernetes/api.sh"

source=$CLUSTER
unset KUBECONFIG
mkdir assets
ln -s "$ASSETS/etcd" "$ASSETS/kube-apiserver" assets/
pid=
nginx_pid=
clean_up() {
	for each in $pid $nginx_pid; do
		kill "$each" 2>/dev/null || true
	done
	sh "$kubernetes/cluster.sh" stop "$work/made"
}

# kubeconfig_of DIR FILE: the administrator's kubeconfig of that cluster, so that it can be used from any folder.
kubeconfig_of() {
	sed -E "s#: ((ca|admin)\.(crt|key))#: $1/\1#" "$1/kubeconfig" >"$2"
}
kubeconfig_of "$source" old.yaml
uid_of() {
	(CLUSTER=$1 && api GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
}
digest() {
	openssl x509 -in "$1" -outform DER | openssl dgst -sha256 | sed 's/.*= *//'
}

# --- who signed it: what the handshake shows, whatever the kubeconfig names ------------------------------------------------

# A front of the API server with certificates of its own: one that a CA signed through an intermediate, one that sends the CA
# along, and one that signed itself.
# signed NAME SIGNER EXTENSION: a certificate.
signed() {
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
	printf '%s\n' "$3" >"$1.ext"
	openssl x509 -req -sha256 -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.crt" 2>/dev/null
}
openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 2 -subj /CN=root -keyout root.key -out root.crt \
	-addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
signed intermediate root "basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign"
signed front intermediate "subjectAltName=IP:127.0.0.1"
openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 2 -subj /CN=self -keyout self.key -out self.crt \
	-addext "subjectAltName=IP:127.0.0.1" 2>/dev/null
cat front.crt intermediate.crt >chain.crt
cat front.crt intermediate.crt root.crt >whole.crt
chain_port=$(free_port 127.0.0.1)
whole_port=$(free_port 127.0.0.1)
self_port=$(free_port 127.0.0.1)
front() {
	printf 'server { listen 127.0.0.1:%s ssl; ssl_certificate %s/%s.crt; ssl_certificate_key %s/%s.key;\n' "$1" "$work" "$2" "$work" "$3"
	printf 'location / { proxy_pass %s; proxy_ssl_verify off; proxy_set_header Authorization "Bearer viewer-token-5b1c"; } }\n' "$(cat "$source/url")"
}
mkdir temp
{
	printf 'worker_processes 1;\ndaemon off;\npid %s/nginx.pid;\nerror_log %s/nginx.log;\nevents { worker_connections 64; }\nhttp {\n' "$work" "$work"
	printf 'access_log off;\n'
	for each in client_body proxy fastcgi uwsgi scgi; do
		printf '%s_temp_path %s/temp;\n' "$each" "$work"
	done
	front "$chain_port" chain front
	front "$whole_port" whole front
	front "$self_port" self self
	echo '}'
} >nginx.conf
nginx -c "$work/nginx.conf" >/dev/null 2>&1 &
nginx_pid=$!
wait_for 60 curl -sk -o /dev/null "https://127.0.0.1:$self_port/" || fail "nginx does not start: $(cat nginx.log)"

# known NAME PORT CLUSTER-LINES: a kubeconfig, and a target for it.
targets=
known() {
	cat >"known-$1.yaml" <<END
{apiVersion: v1, kind: Config, current-context: test, contexts: [{name: test, context: {cluster: test, user: test}}],
 clusters: [{name: test, cluster: {server: "https://127.0.0.1:$2", $3}}], users: [{name: test, user: {token: viewer-token-5b1c}}]}
END
	targets="$targets
  $1: {kubernetes: {kubeconfig: known-$1.yaml}}"
}
cat root.crt "$source/ca.crt" "$source/wrong-ca.crt" >bundle.crt
cat intermediate.crt root.crt >both.crt
own_port=$(sed 's/.*://' "$source/url")
known own "$own_port" "certificate-authority: $source/ca.crt"
known bundle "$own_port" "certificate-authority: $work/bundle.crt"
known chain "$chain_port" "certificate-authority: $work/root.crt"
known partial "$chain_port" "certificate-authority: $work/intermediate.crt"
known self "$self_port" "certificate-authority: $work/self.crt"
known insecure "$own_port" "insecure-skip-tls-verify: true"
known insecure-chain "$chain_port" "insecure-skip-tls-verify: true"
known insecure-whole "$whole_port" "insecure-skip-tls-verify: true"
known insecure-self "$self_port" "insecure-skip-tls-verify: true"
cat >known.yaml <<END
relight: 1
name: known
targets:$targets
dependencies:
$(for each in own bundle chain partial self insecure insecure-chain insecure-whole insecure-self; do
	echo "- {id: $each, timeout: 20s, check: {kubernetes: {target: $each, resource: ns, name: default}}}"
done)
steps: [{id: nothing, manual: nothing}]
END
expect_code 0 "$RELIGHT" probe known.yaml --once
# signer NAME DIGEST: "null" where it cannot be seen.
signer() {
	said=$(jq -r --arg t "$1" 'select(.type == "target" and .target == $t) | "\(.fingerprint.uid) \(.fingerprint.ca_sha256)"' out)
	[ "$said" = "$(uid_of "$source") $2" ] || fail "$1: fingerprint '$said', wanted CA $2"
}
signer own "$(digest "$source/ca.crt")"
signer bundle "$(digest "$source/ca.crt")"
signer chain "$(digest root.crt)"
signer partial "$(digest intermediate.crt)"
signer self "$(digest self.crt)"
signer insecure null
signer insecure-chain null
signer insecure-whole "$(digest root.crt)"
signer insecure-self "$(digest self.crt)"

# --- the runbook says which cluster it must be, from the start -----------------------------------------------------------

# named UID: a runbook that names it, with an action there and a check.
named() {
	cat <<END
relight: 1
name: named
targets:
  there: {kubernetes: {kubeconfig: old.yaml, context: test, uid: $1}}
dependencies:
- {id: may, every: 1s, timeout: 10s, check: {kubernetes: {target: there, can_i: {verb: get, resource: pods}}}}
steps:
- {id: act, target: there, requires: [may], run: {command: [touch, acted]}}
- {id: act-anyway, needs: [], target: there, run: {command: [touch, acted-anyway]}}
END
}
printf 'answers: 1\nwait: 10s\n' >answers.yaml
named 0b1c >named.yaml
expect_code 1 "$RELIGHT" run named.yaml --headless --answers answers.yaml --dir wrong
says err "the runbook wants 0b1c"
[ ! -e acted ] && [ ! -e acted-anyway ] || fail "another cluster than the runbook names was acted on"
[ "$(events wrong 'map(select(.kind == "step.intent")) | length')" = 0 ] || fail "an action on another cluster was announced"
events wrong 'map(select(.dependency == "may") | .data.message) | .[]' | grep -q "another cluster answers" || fail "its answers counted"
named "$(uid_of "$source")" >named.yaml
printf 'answers: 1\nwait: 60s\n' >answers.yaml
expect_code 0 "$RELIGHT" run named.yaml --headless --answers answers.yaml --dir right
[ -e acted ] && [ -e acted-anyway ] || fail "the cluster that the runbook names was not acted on"

# --- one that is made again behind its endpoint is noticed within a few seconds -------------------------------------------

ASSETS=$work/assets sh "$kubernetes/cluster.sh" start "$work/made"
kubeconfig_of "$work/made" made.yaml
cat >made-runbook.yaml <<'END'
relight: 1
name: made
targets:
  recovery: {role: recovery, created_by: make, kubernetes: {kubeconfig: dr.yaml, context: test}}
dependencies:
- {id: may, every: 1s, timeout: 5s, stable: 1s, check: {kubernetes: {target: recovery, can_i: {verb: create, resource: pods}}}}
- {id: marked, every: 300ms, timeout: 5s, stable: 1s, check: {kubernetes: {target: recovery, resource: ns, name: marker}}}
- {id: finish, every: 1s, timeout: 5s, stable: 1s, check: {command: [test, -e, ./finish]}}
steps:
- {id: make, run: {shell: 'sleep 2; cp made.yaml dr.yaml'}, restores: [may]}
- {id: use, target: recovery, run: {command: [touch, used]}}
- {id: mark, restores: [marked]}
- {id: hold, restores: [finish]}
- {id: use-again, target: recovery, run: {command: [touch, used-again]}}
END
printf 'answers: 1\nwait: 10m\n' >answers.yaml
"$RELIGHT" run made-runbook.yaml --headless --answers answers.yaml --dir made-run >made.out 2>made.err &
pid=$!
# until_event SECONDS FILTER
has_event() {
	[ -s made-run/timeline.jsonl ] && grep '}$' made-run/timeline.jsonl | jq -es "any(.[]; $1)" >/dev/null
}
until_event() {
	wait_for "$1" has_event "$2" ||
		fail "no event with $2 in $1 s; last: $(tail -n 6 made-run/timeline.jsonl | jq -c '[.kind,.step,.dependency,.data]'); $(cat made.err)"
}
until_event 90 '.kind == "step.result" and .step == "use"'
# Before there was a kubeconfig it was missing; then it was picked up, and pinned before anything acted on it.
events made-run 'map(select(.dependency == "may"))[0].data | "\(.to // .status): \(.message)"' | grep -q "^missing: kubeconfig: .*is not there" ||
	fail "before it was made: $(events made-run 'map(select(.dependency == "may"))[0]')"
events made-run 'map(select(.kind == "target.pinned" or .kind == "step.result") | .data.target // .step) | join(",")' | grep -qx "make,recovery,use" ||
	fail "pinned: $(events made-run 'map(select(.kind == "target.pinned" or .kind == "step.result") | .data.target // .step) | join(",")')"
printf '{"metadata":{"name":"marker"}}' | (CLUSTER=$work/made && api POST /api/v1/namespaces -) >/dev/null
until_event 60 '.kind == "step.verified" and .step == "mark"'
sh "$kubernetes/cluster.sh" stop "$work/made"
rm -rf "$work/made/etcd" "$work/made/granted"
ASSETS=$work/assets sh "$kubernetes/cluster.sh" start "$work/made"
until_event 60 '.kind == "target.changed" and .data.target == "recovery"'
[ "$(events made-run 'map(select(.kind == "target.changed"))[0].data.fingerprint.uid')" = "$(uid_of "$work/made")" ] || fail "changed to something else"
# What is not there on the one that was made again is not missing on the pinned one.
sleep 2
told='(map(select(.kind == "step.verified" and .step == "mark"))[0].seq) as $from | map(select(.seq > $from and
	(.kind == "step.regressed" or .kind == "target.changed" or .dependency == "marked")) | [.kind, .data.to, .data.message])'
[ "$(events made-run "$told | map(select(.[0] == \"step.regressed\" or .[1] == \"missing\")) | length")" = 0 ] ||
	fail "seen on another cluster: $(events made-run "$told")"
touch finish
until_event 60 '.kind == "step.verified" and .step == "hold"'
kill -INT "$pid"
wait "$pid" || true
pid=
printf 'answers: 1\nwait: 10s\n' >answers.yaml
expect_code 1 "$RELIGHT" resume made-run --headless --answers answers.yaml
says err "use-again is waiting: target recovery is another one now"
[ -e used ] && [ ! -e used-again ] || fail "what was made again was acted on"

# --- a kubeconfig that leads elsewhere for a while unticks nothing -------------------------------------------------------

lead() {
	cp "$1" next.yaml
	mv next.yaml dr.yaml
}
(CLUSTER=$source && for each in one two; do
	printf '{"metadata":{"name":"marker-%s"}}' $each | api POST /api/v1/namespaces - >/dev/null
done)
cat >elsewhere.yaml <<'END'
relight: 1
name: elsewhere
targets: {prod: {kubernetes: {kubeconfig: dr.yaml, context: test}}}
dependencies:
- {id: one, every: 300ms, timeout: 5s, stable: 1s, check: {kubernetes: {target: prod, resource: ns, name: marker-one}}}
- {id: two, every: 300ms, timeout: 5s, stable: 1s, check: {kubernetes: {target: prod, resource: ns, name: marker-two, expect: {jq: 'true'}}}}
- {id: never, every: 1s, check: {command: ['false']}}
steps:
- {id: mark, restores: [one, two]}
- {id: hold, restores: [never]}
END
printf 'answers: 1\nwait: 10m\n' >answers.yaml
lead old.yaml
"$RELIGHT" run elsewhere.yaml --headless --answers answers.yaml --dir elsewhere >out 2>err &
pid=$!
has_told() {
	[ -s elsewhere/timeline.jsonl ] && grep '}$' elsewhere/timeline.jsonl | jq -es "$1" >/dev/null
}
wait_for 60 has_told 'any(.[]; .kind == "step.verified" and .step == "mark")' || fail "nothing was verified: $(cat err)"
lead made.yaml
wait_for 60 has_told 'map(select(.data.to == "unknown" and (.data.message | test("^another cluster answers")))) | length == 2' ||
	fail "another cluster is believed: $(tail -n 4 elsewhere/timeline.jsonl)"
sleep 2
lead old.yaml
wait_for 60 has_told 'map(select(.kind == "target.changed")) | length == 2' || fail "the pinned one is not back"
sleep 3
kill -INT "$pid"
wait "$pid" || true
pid=
[ "$(events elsewhere '(map(select(.kind == "target.changed"))[0].seq) as $from | map(select(.kind == "step.regressed" or .data.to == "missing" or
	(.data.to == "healthy" and .seq > $from))) | length')" = 0 ] || fail "seen elsewhere: $(events elsewhere 'map([.kind, .dependency, .data.to])' | tail -n 40)"

# --- so does another one behind the same name: it takes new connections, and is asked who it is at once ------------------

# behind CLUSTER: the front leads there, by new connections. It is the front that is signed, so only the UID tells.
behind() {
	kill "$nginx_pid"
	wait "$nginx_pid" || true
	sed "s#proxy_pass [^;]*#proxy_pass $(cat "$1/url")#" nginx.conf >next.conf
	mv next.conf nginx.conf
	nginx -c "$work/nginx.conf" >/dev/null 2>&1 &
	nginx_pid=$!
	wait_for 60 curl -sk -o /dev/null "https://127.0.0.1:$self_port/" || fail "nginx does not start: $(cat nginx.log)"
}
has_marked() {
	[ -s "$marked/timeline.jsonl" ] && grep '}$' "$marked/timeline.jsonl" | jq -es "any(.[]; $1)" >/dev/null
}
# behind_once DIR SECONDS: another one is there, so long after the pinned one was verified.
behind_once() {
	marked=$1
	behind "$source"
	"$RELIGHT" run elsewhere.yaml --headless --answers answers.yaml --dir "$1" >out 2>err &
	pid=$!
	wait_for 60 has_marked '.kind == "step.verified" and .step == "mark"' || fail "nothing was verified behind the front: $(cat err)"
	sleep "$2"
	behind "$work/made"
	wait_for 60 has_marked '.kind == "target.changed"' || fail "another one behind the front is not noticed"
	sleep 1
	kill -INT "$pid"
	wait "$pid" || true
	pid=
	[ "$(events "$1" 'map(select(.kind == "step.regressed")) | length')" = 0 ] ||
		fail "seen behind the front: $(events "$1" 'map([.kind, .dependency, .data.to])' | tail -n 40)"
}
cp known-chain.yaml dr.yaml
behind_once front-1 0.3
behind_once front-2 1.7
echo "ok test_fingerprint.sh"
