#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kill -9 and resume: what was running is found as it is, nothing is run twice by itself, nothing that was acknowledged is lost.
set -eu
. "$(dirname "$0")/lib.sh"

# start DIR RUNBOOK: a headless run in the background, whose slow step goes on while ./hold is there; its process id in $pid.
start() {
	: >hold
	"$RELIGHT" run "$2" --headless --dir "$1" >"$1.out" 2>"$1.err" &
	pid=$!
}

# kill_cockpit: as hard as it gets; the shell's word on it goes nowhere.
kill_cockpit() {
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || true
}

# resume_what_runs CODE DIR: resumed while its slow step still runs, which may end then.
resume_what_runs() {
	{ wait_for 60 grep -q '"kind":"session.resumed"' "$2/timeline.jsonl" && sleep 1 && rm hold; } &
	letting=$!
	expect_code "$1" "$RELIGHT" resume "$2" --headless
	wait "$letting" || fail "$2: what ran was not let end"
}

intents() { events "$1" 'map(select(.kind=="step.intent")) | length'; }
outcomes() { events "$1" 'map(select(.kind=="step.result") | .data.outcome) | join(",")'; }
acknowledged() { # what was on stdout is in the file
	head -n "$(wc -l <"$1.out")" "$1/timeline.jsonl" | cmp -s - "$1.out" || fail "$1: a line that was acknowledged is not in the record"
}

# --- still running when resumed: waited for, its true outcome taken ---
cat >slow.yaml <<'Y'
relight: 1
name: slow
steps:
  - {id: slow, run: {shell: 'echo begun; while test -e hold; do sleep 0.05; done; echo ended; exit 0'}}
  - {id: after, run: {command: ["true"]}}
Y
start running slow.yaml
wait_for 60 grep -q begun running/attempts/slow/1/output.log || fail "running: not started"
kill_cockpit
acknowledged running
expect_code 0 "$RELIGHT" status running
says out "open, but nobody here has it open: nothing is sensed"
resume_what_runs 0 running
[ "$(intents running)" = 2 ] || fail "running: $(intents running) intents"
[ "$(outcomes running)" = success,success ] || fail "running: $(outcomes running)"
grep -q ended running/attempts/slow/1/output.log || fail "running: its output is cut"

# --- finished while nobody looked, and failed at that ---
sed 's/exit 0/exit 7/' slow.yaml >fails.yaml
start finished fails.yaml
wait_for 60 grep -q begun finished/attempts/slow/1/output.log || fail "finished: not started"
kill_cockpit
rm hold
wait_for 60 test -e finished/attempts/slow/1/result.json || fail "finished: no result"
expect_code 1 "$RELIGHT" resume finished --headless
[ "$(events finished 'map(select(.kind=="step.result"))[0].data.exit')" = 7 ] || fail "finished: not the true exit code"
[ "$(intents finished)" = 1 ] || fail "finished: run again"

# --- the actuator killed too, while the command lives: unattended, then unknown, never run again by itself ---
start unattended slow.yaml
wait_for 60 grep -q begun unattended/attempts/slow/1/output.log || fail "unattended: not started"
wait_for 60 grep -q step.spawned unattended/timeline.jsonl || fail "unattended: not recorded"
actuator=$(events unattended 'map(select(.kind=="step.spawned"))[0].data.pid')
kill_cockpit
kill -9 "$actuator"
resume_what_runs 3 unattended
says err "unknown"
[ "$(events unattended 'map(select(.kind=="step.unknown")) | length')" = 1 ] || fail "unattended: not unknown"
[ "$(intents unattended)" = 1 ] || fail "unattended: run again by itself"

# --- an unknown attempt whose effect can be seen is verified, not repeated ---
cat >seen.yaml <<'Y'
relight: 1
name: seen
dependencies:
  - {id: made, check: {command: [test, -e, ./made]}, every: 1s, timeout: 1s, stable: 1s}
steps:
  - {id: make, run: {shell: 'touch made; while test -e hold; do sleep 0.05; done'}, restores: [made]}
Y
start verified seen.yaml
wait_for 60 test -e made || fail "verified: not started"
wait_for 60 grep -q step.spawned verified/timeline.jsonl || fail "verified: not recorded"
actuator=$(events verified 'map(select(.kind=="step.spawned"))[0].data.pid')
kill_cockpit
kill -9 "$actuator"
resume_what_runs 0 verified
[ "$(intents verified)" = 1 ] || fail "verified: run again"
[ "$(events verified 'map(select(.kind=="step.verified")) | length')" = 1 ] || fail "verified: not verified"

# --- announced, but its request never reached the actuator: never started; retried once, uncounted ---
start never slow.yaml
wait_for 60 grep -q begun never/attempts/slow/1/output.log || fail "never: not started"
wait_for 60 grep -q step.spawned never/timeline.jsonl || fail "never: not recorded"
actuator=$(events never 'map(select(.kind=="step.spawned"))[0].data.pid')
kill_cockpit
kill -9 "$actuator"
rm hold
wait_for 60 sh -c 'flock -n never/attempts/slow/1/alive true' || fail "never: its command is still there"
rm -rf never/attempts/slow # as if the launcher had been killed with everything else
expect_code 0 "$RELIGHT" resume never --headless
[ "$(outcomes never)" = never-started,success,success ] || fail "never: $(outcomes never)"

# --- a torn last line is set aside, not dropped ---
cp -a running torn
printf '{"v":1,"seq":99,"half' >>torn/timeline.jsonl
expect_code 0 "$RELIGHT" resume torn --headless --operator ben
[ "$(events torn 'map(select(.kind=="session.resumed"))[-1].by')" = ben ] || fail "torn: not by ben"
sha=$(printf '{"v":1,"seq":99,"half' | sha256sum | cut -d' ' -f1)
[ -e "torn/evidence/$sha" ] || fail "torn: the tail was dropped"
[ "$(events torn 'map(select(.kind=="log.recovered"))[0].data.sha256')" = "$sha" ] || fail "torn: not recorded"

# --- damage in the middle is refused with its line; so is an altered runbook ---
cp -a running damaged
sed -i '3s/"kind"/"kinb"/' damaged/timeline.jsonl
expect_code 2 "$RELIGHT" resume damaged --headless
says err "line 3"
cp -a running altered
echo '# and one thing more' >>altered/frozen/runbook.yaml
expect_code 2 "$RELIGHT" resume altered --headless
says err "altered"

# --- one writer ---
start busy slow.yaml
wait_for 60 grep -q step.spawned busy/timeline.jsonl || fail "busy: not started"
expect_code 0 "$RELIGHT" status busy
grep -q 'nobody here' out && fail "busy: somebody has it open: $(cat out)"
expect_code 2 "$RELIGHT" resume busy --headless
says err "watch"
rm hold
wait "$pid" || fail "busy: the first one was disturbed"

# --- secrets are not stored: resume asks for them again ---
cat >secret.yaml <<'Y'
relight: 1
name: secret
inputs: {token: {ask: T, secret: true}}
steps:
  - {id: slow, run: {shell: 'while test -e hold; do sleep 0.05; done'}}
  - {id: use, run: {shell: 'printf %s "$RELIGHT_INPUT_TOKEN" > token'}}
Y
touch hold
"$RELIGHT" run secret.yaml --headless --dir secret --input token=abcdefgh >secret.out 2>secret.err &
pid=$!
wait_for 60 test -e secret/attempts/slow/1/request.json || fail "secret: not started"
kill_cockpit
rm hold
expect_code 3 "$RELIGHT" resume secret --headless
says err "token"
expect_code 0 "$RELIGHT" resume secret --headless --input token=abcdefgh
[ "$(cat token)" = abcdefgh ] || fail "secret: not the value"
if grep -rq abcdefgh secret; then fail "secret: on the disk"; fi

# --- a rehearsal goes on at its own time ---
"$RELIGHT" demo --auto --speed 200 --dir demo >demo.out 2>demo.err &
pid=$!
wait_for 60 test -e demo/attempts/provision-cluster/1/request.json || fail "demo: not started"
kill_cockpit
acknowledged demo
sleep 1
expect_code 0 "$RELIGHT" resume demo --headless --speed 400 --answers "$tests/../../runbooks/scenarios/eks-cluster-loss.answers.yaml" || true
[ "$(events demo 'map(select(.kind=="incident.closed"))[0].data.result')" = recovered ] || fail "demo: not recovered"
[ "$(events demo 'map(select(.kind=="step.intent" and .step=="provision-cluster")) | length')" = 1 ] || fail "demo: run again"
# --- an attempt whose files are on another machine ---
if unshare --uts true 2>/dev/null; then
	cat >elsewhere.yaml <<'Y'
relight: 1
name: elsewhere
steps:
  - {id: long, run: {shell: 'echo ran >>long.ran; sleep 300'}, takes: 1s, timeout: 10m}
Y
	unshare --uts sh -c 'hostname ops-elsewhere && exec "$0" run elsewhere.yaml --headless --dir there' "$RELIGHT" >there.out 2>&1 &
	runner=$!
	wait_for 60 test -e long.ran || fail "elsewhere: not started"
	wait_for 60 grep -q '"kind":"step.spawned"' there/timeline.jsonl || fail "elsewhere: not recorded"
	mkdir here
	cp -r there/timeline.jsonl there/frozen here/
	kill "$runner"
	expect_code 3 "$RELIGHT" resume here --headless
	[ "$(events here 'map(select(.kind=="step.unknown")) | .[0].data.why')" = 'its outcome is unknown here: it ran on ops-elsewhere' ] ||
		fail "the outcome of another machine's attempt: $(events here 'map(select(.step))')"
	[ "$(wc -l <long.ran)" = 1 ] || fail "what ran elsewhere was run again"
	pid=$(jq -r 'select(.kind=="step.spawned").data.pid' there/timeline.jsonl)
	kill "$pid" # its actuator, which ends the rest
fi
# --- one that somebody is just opening: it has the lock, and no timeline yet ---
mkdir -m 700 opening
touch hold
flock opening/lock sh -c 'touch opening.held; while test -e hold; do sleep 0.05; done' &
wait_for 60 test -e opening.held || fail "opening: nobody has it"
cat >brief.yaml <<'Y'
relight: 1
name: brief
steps: [{id: one, run: {command: ["true"]}}]
Y
expect_code 2 "$RELIGHT" run brief.yaml --headless --dir opening
says err "an incident is there already"
grep -q 'make room' err && fail "opening: whoever has it is taken for a full disk: $(cat err)"
rm hold
wait

echo "ok test_resume.sh"
