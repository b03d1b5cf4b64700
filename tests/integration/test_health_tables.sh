#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The health of objects of many families of operators (tests/health/*.jsonl, each line made for this test), and the
# user's own health tables: their place in the order, and what is said of their mistakes.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export XDG_CONFIG_HOME="$here/config"
tables=$XDG_CONFIG_HOME/relight/health.d
mkdir -p "$tables"
failed=0

fail() {
	echo "health tables: $*" >&2
	failed=1
}

# --- the families ---

compare() {
	families=$1
	jq -c '{id: input_line_number, now: "2026-07-03T12:00:00Z", object}' "$families" >"$here/asked"
	"$RELIGHT" health "$here/asked" >"$here/said" || true
	[ "$(wc -l <"$here/said")" = "$(wc -l <"$families")" ] || fail "not every object of the families is judged"
	jq -c -n --slurpfile want "$families" --slurpfile got "$here/said" '
		range($want | length) | . as $i | $want[$i] as $w | $got[$i] as $g |
		select($g.id != $i + 1 or $g.status != $w.expect or ($g.message | contains($w.says) | not)) |
		"line \($i + 1): \($w.object.apiVersion) \($w.object.kind): wanted \($w.expect) (\($w.says)), got \($g.status) (\($g.message)) by \($g.rule)"
		' >"$here/wrong" || fail "the verdicts cannot be compared"
	[ ! -s "$here/wrong" ] || { head -20 "$here/wrong" >&2; fail "$(wc -l <"$here/wrong") verdicts of $families are wrong"; }
}
for file in "$top"/tests/health/*.jsonl; do
	compare "$file"
done

# --- the user's tables ---

# expect WHAT CODE OUTPUT INPUT
expect() {
	got=0
	printf '%s' "$4" | "$RELIGHT" health >"$here/out" 2>"$here/err" || got=$?
	if [ "$got" != "$2" ] || ! grep -qF -- "$3" "$here/out" "$here/err"; then
		cat "$here/out" "$here/err" >&2
		fail "$1: exit $got, wanted $2 and: $3"
	fi
}
deployment='{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"a"},"spec":{"replicas":0},"status":{"observedGeneration":1}}'
thing='{"kind":"Thing","apiVersion":"x.example.io/v1","metadata":{"name":"a"},"status":{"ready":1,"phase":"Odd"}}'

expect "without a table of the user's" 0 '"rule":"builtin/Deployment"' "$deployment"
cat >"$tables/mine.yaml" <<'Y'
- match: {group: apps, kind: Deployment}
  rules:
    - {if: '.spec.replicas == 0', then: suspended, message: '"scaled to nothing"'}
- match: {group: "*.example.io", kind: "*"}
  rules:
    - {if: '.status.ready < (.spec.replicas // 1)', then: progressing, message: '"\(.status.ready)/\(.spec.replicas) ready"'}
    - {if: '.status.word', then: healthy}
  else: conventions
Y
expect "a user's table before the rules in C" 1 '"status":"suspended","message":"scaled to nothing","rule":"table/apps/Deployment"' "$deployment"
expect "else: conventions" 1 '"rule":"convention/phase"' "$thing"
expect "a pattern" 1 '"message":"0/2 ready","rule":"table/*.example.io/*"' \
	'{"kind":"Thing","apiVersion":"x.example.io/v1","spec":{"replicas":2},"status":{"ready":0}}'
expect "a kind that the user's table is not about" 0 '"rule":"builtin/ConfigMap"' '{"kind":"ConfigMap","apiVersion":"v1"}'

printf -- '- match: {group: x, kind: Y}\n  rules: [{if: "1 +", then: healthy}]\n' >"$tables/bad-jq.yaml"
expect "jq that does not compile" 2 "bad-jq.yaml:2:16: error: jq: syntax error" "$deployment"
expect "what it matches is unknown" 2 '"status":"unknown"' '{"kind":"Y","apiVersion":"x/v1","status":{"phase":"Ready"}}'
rm "$tables/bad-jq.yaml"
printf -- '- match: {group: x, kind: Y}\n  rules:\n    - {if: "true", then: helthy}\n' >"$tables/bad-word.yaml"
expect "a wrong status word" 2 'bad-word.yaml:3:26: error: then: a status word' "$deployment"
expect "and what was meant" 2 'did you mean healthy?' "$deployment"
expect "a table with errors makes what it matches unknown" 2 'bad-word.yaml:1:3: it has errors' \
	'{"kind":"Y","apiVersion":"x/v1","status":{"phase":"Ready"}}'
expect "the others are used all the same" 2 'scaled to nothing' "$deployment"
printf 'match: {' >"$tables/bad-word.yaml"
expect "no YAML" 2 "bad-word.yaml:" "$deployment"
printf -- '- match: {kind: Y}\n  ruls: []\n' >"$tables/bad-word.yaml"
expect "a key that is missing" 2 '1:10: error: match: "group" is required' "$deployment"
expect "a key that is unknown" 2 'unknown key "ruls"' "$deployment"
got=0
"$RELIGHT" check "$top/runbooks/hello.yaml" >"$here/out" 2>&1 || got=$?
{ [ "$got" = 1 ] && grep -qF 'bad-word.yaml: 2 errors' "$here/out" && grep -qF 'mine.yaml: good' "$here/out"; } ||
	fail "check does not say what is wrong with a table: exit $got, $(cat "$here/out")"
rm "$tables/bad-word.yaml"
mkfifo "$tables/fifo.yaml"
expect "a FIFO" 2 "fifo.yaml" "$deployment"
rm "$tables/fifo.yaml"
expect "and all is well again" 1 'scaled to nothing' "$deployment"

# --- an incident keeps them as they were ---

cat >"$here/runbook.yaml" <<'Y'
relight: 1
name: kept
steps:
  - {id: nothing, run: {command: ["true"]}}
Y
(cd "$here" && XDG_STATE_HOME=$here/state "$RELIGHT" run runbook.yaml --headless --dir kept >/dev/null 2>err) ||
	fail "the runbook does not run: $(cat "$here/err")"
cmp -s "$tables/mine.yaml" "$here/kept/frozen/health-001-mine.yaml" || fail "the table is not in frozen/"
jq -c 'select(.kind == "runbook.loaded") | .data.files[] | select(.path == "frozen/health-001-mine.yaml") | .of' \
	"$here/kept/timeline.jsonl" | grep -qF "$tables/mine.yaml" || fail "runbook.loaded does not name the table"
"$RELIGHT" timeline verify "$here/kept" >"$here/out" 2>&1 || fail "it does not verify: $(cat "$here/out")"
echo >>"$here/kept/frozen/health-001-mine.yaml"
! "$RELIGHT" timeline verify "$here/kept" >"$here/out" 2>&1 || fail "an altered table verifies"

[ "$failed" = 0 ]
echo "health tables: passed"
