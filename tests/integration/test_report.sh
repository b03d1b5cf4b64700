#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is read back of an incident: report, timeline verify and show, status, list. And what becomes of them when the record is
# damaged.
set -eu
. "$(dirname "$0")/lib.sh"

cat >r.yaml <<'Y'
relight: 1
name: readable
title: "Restore | it <b>now</b>"
version: "3"
objectives: {rpo: 15m, rto: 10m, mtd: 1h}
functions: [{id: f, title: It works, rto: 10m, journey: [marker]}]
dependencies:
  - {id: marker, layer: journey, proves: L4, check: {command: [test, -e, ./there]}, every: 1s, timeout: 1s, stable: 1s}
steps:
  - {id: flaky, run: {shell: "echo tried; test -e once || { touch once; exit 3; }"}, takes: 1s}
  - {id: touch-it, run: {command: [./touch.sh]}, restores: [marker], takes: 2s}
  - {id: pick, decide: {question: Which?, options: [{id: a, say: A}, {id: b, say: B}]}}
  - {id: only-a, when: {decision: pick, is: a}, run: {command: ["true"]}}
  - {id: attest, needs: [touch-it, pick], manual: Look at it}
Y
cat >r.answers <<'Y'
answers: 1
operator: ana
on_failure: retry-once
steps:
  pick: {choose: b, why: "it is *better*"}
  attest: {confirm: seen}
Y
printf '#!/bin/sh\ntouch there\n' >touch.sh
chmod +x touch.sh
export XDG_STATE_HOME="$PWD/state"
expect_code 0 "$RELIGHT" run r.yaml --headless --answers r.answers
name=$(ls state/relight/incidents)
incident=$PWD/state/relight/incidents/$name

# --- who it was ---
[ "$(events "$incident" '.[] | select(.kind == "session.open").data | [.host, .user, .uid, .exe_sha256, .identity] | map(tostring) | join(" ")')" = \
	"$(uname -n) $(id -un) $(id -u) $(sha256sum "$RELIGHT" | cut -c1-64) asserted" ] || fail "session.open says another: $(events "$incident" '.[1].data')"
(
	export SSH_CLIENT='192.0.2.7 50022 22'
	expect_code 0 "$RELIGHT" run r.yaml --headless --answers r.answers --dir remote --operator mei
)
[ "$(events remote '.[1] | [.by, .data.ssh_client] | join(" ")')" = 'mei 192.0.2.7 50022 22' ] || fail 'the SSH client is not named'

# --- the report ---
expect_code 0 "$RELIGHT" report "$incident" --format json
cp out report.json
field() { # FILTER WANTED
	got=$(jq -c "$1" report.json)
	[ "$got" = "$2" ] || fail "report: $1 is $got, not $2"
}
field .runbook '"readable"'
field .mode '"live"'
field .incident "\"$name\""
field .rto.target_seconds 600
field .rto.met true
field '.rto.actual_seconds < 600' true
field .rpo.actual_seconds null
field .rpo.met null
field .evidence_level '"L4"'
field '.steps | map(.id) | join(" ")' '"flaky touch-it pick only-a attest"'
field '.steps | map(.state) | join(" ")' '"done done done skipped done"'
field '.steps[0].attempts' 2
field '.steps[0].tries | map(.outcome) | join(" ")' '"failed success"'
field '.steps[0].tries[0].exit' 3
field '.not_executed | map(.id)' '["only-a"]'
field '.decisions[0].chosen' '"b"'
field '.decisions[0].view | has("unhealthy")' true
field '.integrity.ok' true
field '.integrity.events' "$(wc -l <"$incident/timeline.jsonl")"
field '.integrity.head' "\"$(tail -n1 "$incident/timeline.jsonl" | jq -r .h)\""
# Every number that a figure rests on is one of the timeline, of a kind that says so.
jq -r '.rto.rests_on[]' report.json | while read -r seq; do
	jq -es --argjson seq "$seq" '.[$seq].kind | IN("incident.declared", "incident.serving")' "$incident/timeline.jsonl" >/dev/null ||
		fail "the RTO rests on event $seq"
done
# RTO: from the declaration (there is no impact) to the time from which it served.
jq -es --slurpfile report report.json '
	def at: (.[0:19] + "Z" | fromdateiso8601) + ("0" + .[19:26] | tonumber);
	(map(select(.kind == "incident.serving"))[0].data.since | at) - (map(select(.kind == "incident.declared"))[0].ts | at)
	- $report[0].rto.actual_seconds | fabs < 0.1' "$incident/timeline.jsonl" >/dev/null || fail "the RTO is not what the timeline says"

expect_code 0 "$RELIGHT" report "$incident" -o report.md
grep -qF '# Restore \| it &lt;b&gt;now&lt;/b&gt;' report.md || fail "the title is not escaped"
grep -qF 'it is \*better\*' report.md || fail "the reason is not escaped"
grep -q '^| RTO | 10m | .* | \*\*met\*\* (#' report.md || fail "the summary does not say that the RTO was met"
[ "$(stat -c %a report.md)" = 600 ] || fail "the report can be read by others"
expect_code 2 "$RELIGHT" report "$incident" -o report.md
ln -s nowhere link
expect_code 2 "$RELIGHT" report "$incident" -o link
[ ! -e nowhere ] || fail "a symbolic link was followed"
for format in html csv junit; do
	expect_code 2 "$RELIGHT" report "$incident" --format "$format"
	grep -q 'not built yet' err || fail "$format: not said that it is not built yet"
done
expect_code 2 "$RELIGHT" report "$incident" --format nonsense
expect_code 2 "$RELIGHT" report nothing/there

# --- status and list ---
expect_code 0 "$RELIGHT" status "$name"
[ "$(wc -l <out)" = 10 ] || fail "status is not ten lines: $(cat out)"
tail -n1 out | grep -qF "$(jq -r .integrity.head report.json)" || fail "status does not end in the head"
expect_code 0 "$RELIGHT" status "$name" --step attest
expect_code 1 "$RELIGHT" status "$name" --step only-a
expect_code 2 "$RELIGHT" status "$name" --step nothing
expect_code 0 "$RELIGHT" list
grep -q "^$name  live  recovered" out || fail "list: $(cat out)"
expect_code 0 "$RELIGHT" list --format json
[ "$(jq -r '.incidents[0].is' out)" = recovered ] || fail "list json: $(cat out)"

# What nothing was seen to serve is declared, whoever says so, and meets no objective.
cat >said.yaml <<'Y'
relight: 1
name: said
objectives: {rto: 10m}
steps: [{id: a, manual: Look at it}]
Y
printf 'answers: 1\noperator: ana\nsteps: {a: {confirm: seen}}\n' >said.answers
expect_code 0 "$RELIGHT" run said.yaml --headless --answers said.answers --dir said
expect_code 0 "$RELIGHT" status said
grep -q '^declared recovered by ana at T+0:0.*; nothing was seen to serve; RTO declared, not proven$' out ||
	fail "status of what is only declared: $(cat out)"
expect_code 0 "$RELIGHT" report said --format json
[ "$(jq -c '.rto | [.met, .proof, .unproven]' out)" = '[true,"declared","nothing was seen to serve"]' ] ||
	fail "report of what is only declared: $(jq .rto out)"

# What is left open at closing is read from the blob that it was moved to where it is long.
{
	cat said.yaml
	echo 'preconditions:'
	for i in $(seq 1 300); do echo "- precondition $i, which nobody has attested to be so"; done
} >long.yaml
expect_code 0 "$RELIGHT" run long.yaml --headless --answers said.answers --dir long
[ "$(events long 'map(select(.kind == "incident.closed"))[0].data.open | has("blob")')" = true ] || fail "it is not long enough to be moved"
expect_code 0 "$RELIGHT" report long --format json
[ "$(jq -c '.left_open | [length, .[1]]' out)" = '[302,"open:precondition-1: precondition 1, which nobody has attested to be so"]' ] ||
	fail "left open: $(jq -c '.left_open | [length, .[0:3]]' out)"
rm long/evidence/*
expect_code 1 "$RELIGHT" report long --format json
[ "$(jq -c .left_open out)" = '["not known: the file of the record that says so is lost"]' ] || fail "left open without its blob: $(jq -c .left_open out)"

# --- the timeline ---
echo 'echo changed since' >>touch.sh # scripts are no part of the record
expect_code 0 "$RELIGHT" timeline verify "$incident"
expect_code 0 "$RELIGHT" timeline verify "$incident/timeline.jsonl"
expect_code 0 "$RELIGHT" timeline show "$incident"
grep -q 'FAILED flaky, attempt 1, exit 3' out || fail "show does not tell the failure"
grep -q 'sensed .*marker healthy for 1s; touch-it done' out || fail "show does not tell the tick"
expect_code 0 "$RELIGHT" timeline show "$incident" --format jsonl
cmp -s out "$incident/timeline.jsonl" || fail "jsonl is not the lines themselves"

# The ten lines of shell of relight-timeline(5) take it too.
sed -n '/^prev=0000/,/^done/p' "$tests/../../man/relight-timeline.5" | sed 's/\\e/\\/g' >verify.sh
[ "$(wc -l <verify.sh)" = 10 ] || fail "relight-timeline(5) has no ten lines of shell: $(cat verify.sh)"
(cd "$incident" && sh "$work/verify.sh") || fail "the ten lines of shell do not take the timeline"
(cd "$incident" && sed '3s/"by"/"bY"/' timeline.jsonl | sh -c "$(sed 's/<timeline.jsonl//' "$work/verify.sh")" >"$work/out") &&
	fail "the ten lines of shell take a damaged timeline"
says out 'line 3 is not good'
"$RELIGHT" schema timeline | cmp -s - "$tests/../../src/schemas/timeline.json" || fail "schema prints another schema"
expect_code 2 "$RELIGHT" schema
expect_code 2 "$RELIGHT" schema runbook

# --- damage ---
copy() { rm -rf damaged && cp -r "$incident" damaged; }

copy
sed -i '5s/"kind"/"kinD"/' damaged/timeline.jsonl
expect_code 1 "$RELIGHT" timeline verify damaged
grep -q 'line 5: was changed' out || fail "the changed line is not named: $(cat out)"
expect_code 1 "$RELIGHT" timeline show damaged
grep -q 'BAD  line 5: was changed' out || fail "show does not mark the line"
grep -q 'CLOSED, recovered' out || fail "show ends at the bad line"
expect_code 1 "$RELIGHT" report damaged --format json
[ "$(jq .integrity.ok out)" = false ] || fail "the report of a damaged record is good"
[ "$(jq .integrity.events out)" = 4 ] || fail "the report counts what is behind the damage"

copy
sed -i '7d' damaged/timeline.jsonl
expect_code 1 "$RELIGHT" timeline verify damaged
grep -q 'line 7: has seq 7 where 6 was expected' out || fail "the missing line is not noticed: $(cat out)"

copy
truncate -s -20 damaged/timeline.jsonl
expect_code 1 "$RELIGHT" timeline verify damaged
grep -q 'torn' out || fail "the torn line is not noticed: $(cat out)"
expect_code 1 "$RELIGHT" timeline show damaged
grep -q 'BAD .*torn' out || fail "show does not say that the last line is torn"
expect_code 0 "$RELIGHT" status damaged
grep -q 'NOT GOOD' out || fail "status keeps quiet about the damage"

copy
printf '\n' >>damaged/frozen/runbook.yaml
expect_code 1 "$RELIGHT" timeline verify damaged
grep -q 'frozen/runbook.yaml: was altered' out || fail "the altered runbook is not noticed: $(cat out)"

copy
echo more >>damaged/attempts/flaky/1/output.log
expect_code 1 "$RELIGHT" timeline verify damaged
grep -q 'attempts/flaky/1/output.log: was altered' out || fail "the altered output is not noticed: $(cat out)"

copy
rm damaged/attempts/flaky/1/output.log
expect_code 1 "$RELIGHT" timeline verify damaged
grep -q 'output.log: No such file' out || fail "the missing output is not noticed: $(cat out)"

# --- a timeline by itself ---
mkdir alone
cp "$incident/timeline.jsonl" alone/
expect_code 0 "$RELIGHT" timeline verify alone/timeline.jsonl
expect_code 0 "$RELIGHT" report alone/timeline.jsonl --format json
[ "$(jq -c '[.runbook, .rto.actual_seconds, .decisions[0].chosen]' out)" = '[null,null,"b"]' ] || fail "alone: $(jq -c '[.runbook, .rto.actual_seconds]' out)"

# --- what is no timeline ---
: >empty.jsonl
expect_code 2 "$RELIGHT" timeline verify empty.jsonl
echo '{"hello":1}' >strange.jsonl
expect_code 1 "$RELIGHT" timeline verify strange.jsonl
grep -q 'line 1' out || fail "the first line is not named"
expect_code 1 "$RELIGHT" timeline show strange.jsonl
expect_code 2 "$RELIGHT" status strange.jsonl
mkfifo fifo
expect_code 2 "$RELIGHT" timeline verify fifo
head -c 300000 /dev/zero | tr '\0' x >long.jsonl
expect_code 1 "$RELIGHT" timeline verify long.jsonl
expect_code 1 "$RELIGHT" timeline show long.jsonl

# --- the plan ---
expect_code 0 "$RELIGHT" plan r.yaml --format json
[ "$(jq -c '[.runbook, .order, .critical_path.seconds, .objectives.rto_seconds, .fits_rto]' out)" = \
	'["readable",["flaky","touch-it","pick","only-a","attest"],3,600,true]' ] || fail "plan: $(cat out)"
for format in text dot mermaid; do
	expect_code 0 "$RELIGHT" plan r.yaml --format "$format"
	grep -q touch-it out || fail "plan $format does not name the step"
done
expect_code 2 "$RELIGHT" plan r.yaml --format nonsense
expect_code 2 "$RELIGHT" plan nowhere.yaml
