#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Secret in a file that a step applies: check says that it is copied, only its owner reads the copy, and no mirror is given it.
set -eu
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir k8s
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\ndata: {about: "no Secret"}\n' >k8s/10-plain.yaml
printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: {name: web}\nstringData: {password: hunter2-Sup3rS3cret}\n' >k8s/20-web.yaml
chmod 600 k8s/20-web.yaml
# Nobody answers at port 1.
cat >kubeconfig <<'Y'
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
Y
cat >shop.yaml <<'Y'
relight: 1
name: shop
targets: {dr: {kubernetes: {kubeconfig: kubeconfig}}}
steps:
  - {id: first, run: {command: [echo, said]}}
  - {id: web, run: {kubernetes: {target: dr, apply: k8s/}}, timeout: 20s}
Y
printf 'answers: 1\non_failure: stop\nwait: 2s\n' >answers.yaml

# --- check says so, at the place ---
expect_code 0 "$RELIGHT" check shop.yaml
says out 'shop.yaml:6:'
says out 'k8s/20-web.yaml holds a Secret; its data are copied into the incident, where only its owner can read them'
grep -q '10-plain.yaml' out && fail "a word in a text is taken for a Secret: $(cat out)"
expect_code 1 "$RELIGHT" check --strict shop.yaml

# --- the copy is its owner's only ---
group=$(id -Gn | tr ' ' '\n' | tail -n1)
[ "$(id -u)" != 0 ] || group=$(getent group | awk -F: '$3 > 0 && $3 < 60 { print $1; exit }')
mkdir mirrors
chmod 711 "$work"
expect_code 1 "$RELIGHT" run shop.yaml --headless --answers answers.yaml --dir "$work/new/home" --share "$group" --mirror mirrors
mirror=$(echo mirrors/*-shop)
copy=$(grep -rl hunter2 new/home) || fail "nothing was frozen: $(ls new/home/frozen)"
[ "$copy" = new/home/frozen/secret-002-20-web.yaml ] || fail "the password stands in $copy"
[ "$(stat -c %a "$copy")" = 600 ] || fail "$copy is $(stat -c %a "$copy")"
[ "$(stat -c %a new/home/frozen/applied-001-10-plain.yaml)" = 640 ] || fail 'what holds no Secret is not shared'
expect_code 0 "$RELIGHT" timeline verify new/home
says out 'as recorded: 4 frozen'
grep -q 'not looked at\|not in this copy' out && fail "the incident lacks something: $(cat out)"

# --- a member of the group verifies the rest ---
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	member() { setpriv --reuid=65534 --regid=65534 --groups="$(getent group "$group" | cut -d: -f3)" "$@"; }
	member cat "$copy" >out 2>err && fail 'the group reads the Secret'
	member "$RELIGHT" timeline verify "$work/new/home" >out || fail "a member of the group cannot verify: $(cat out)"
	says out 'not looked at: 1 frozen file that holds Secrets'
	member "$RELIGHT" report "$work/new/home" >out || fail "a member of the group cannot report: $(cat out)"
fi

# --- a mirror is not given it, nor the outputs: verify says so, the rest is good, and can be signed ---
grep -rq hunter2 "$mirror" && fail "the password is in the mirror: $(grep -rl hunter2 "$mirror")"
expect_code 0 "$RELIGHT" timeline verify "$mirror"
says out ': good:'
says out 'not in this copy: 1 output of attempts'
says out 'not looked at: 1 frozen file that holds Secrets'
expect_code 0 "$RELIGHT" timeline verify --format json "$mirror"
[ "$(jq -c '[.ok, .outputs, .outputs_elsewhere, .secrets_elsewhere]' out)" = '[true,0,1,1]' ] || fail "as JSON: $(cat out)"
"$RELIGHT" report "$mirror" >out || fail "the report of a mirror: exit $?"
grep -q 'NOT GOOD' out && fail "the report calls the mirror's record not good"
if command -v ssh-keygen >/dev/null; then
	ssh-keygen -q -t ed25519 -N '' -f key
	expect_code 0 "$RELIGHT" timeline seal --key key "$mirror"
fi
# What a mirror has must be right, and an incident that is none must have all.
cp -r "$mirror" altered && echo >>altered/frozen/applied-001-10-plain.yaml
expect_code 1 "$RELIGHT" timeline verify altered
says out 'applied-001-10-plain.yaml: was altered'
cp -r new/home lacking && rm -r lacking/attempts/first "lacking/frozen/secret-002-20-web.yaml"
expect_code 1 "$RELIGHT" timeline verify lacking
says out 'lacking/attempts/first/1/output.log: No such file'
says out 'lacking/frozen/secret-002-20-web.yaml: No such file'
