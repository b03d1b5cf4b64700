#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs without a screen: the exit codes and rules of FORMATS.md §7, with real commands.
set -eu
. "$(dirname "$0")/lib.sh"

# --- all goes well: nothing but lines of the timeline on stdout, and the same bytes on disk ---
cat >good.yaml <<'Y'
relight: 1
name: good
inputs:
  word: {ask: A word}
dependencies:
  - {id: marker, check: {command: [test, -e, ./marker]}, every: 100ms, timeout: 1s, stable: 200ms}
steps:
  - {id: touch-it, run: {command: [sh, -c, "echo ${input.word} > marker"]}, restores: [marker]}
  - {id: pick, decide: {question: Which?, options: [{id: a, say: A}, {id: b, say: B}]}}
  - {id: only-a, when: {decision: pick, is: a}, run: {command: ["true"]}}
  - {id: only-b, when: {decision: pick, is: b}, run: {command: ["true"]}}
  - {id: attest, manual: Look at it, needs: [only-a, only-b]}
  - {id: wait-marker, restores: [marker]}
Y
sed -i 's/every: 100ms, timeout: 1s, stable: 200ms/every: 1s, timeout: 1s, stable: 1s/' good.yaml
cat >good.answers <<'Y'
answers: 1
operator: ana
inputs: {word: hello}
steps:
  pick: {choose: b, why: it is better}
  attest: {confirm: seen}
Y
expect_code 0 "$RELIGHT" run good.yaml --headless --answers good.answers --dir good
cmp -s out good/timeline.jsonl || fail "stdout is not the timeline"
[ "$(cat marker)" = hello ] || fail "the step did not get its input"
[ "$(events good 'map(select(.kind=="step.skipped" and .step=="only-a")) | length')" = 1 ] || fail "only-a was not skipped"
[ "$(events good 'map(select(.kind=="step.verified") | .step) | sort | join(",")')" = "touch-it,wait-marker" ] || fail "verified: $(events good 'map(select(.kind=="step.verified") | .step) | join(",")')"
[ "$(events good '.[-3:] | map(.kind) | join(",")')" = "incident.closed,session.ended,log.closed" ] || fail "it does not end as it should"
[ "$(events good 'map(select(.by=="ana" and .kind=="decision")) | length')" = 1 ] || fail "the operator of the answers did not decide"
# Verified means asked afterwards: the verification comes at least `stable` after the result.
events good '(map(select(.kind=="step.result" and .step=="touch-it"))[0].mono_us) as $r | (map(select(.kind=="step.verified" and .step=="touch-it"))[0].mono_us - $r) >= 1000000' | grep -qx true || fail "verified too early"

# Ten lines of shell check the chain.
prev=0000000000000000000000000000000000000000000000000000000000000000
while IFS= read -r line; do
	body=${line%????????????????????????????????????????????????????????????????????????}
	h=$(printf %s "$body" | sha256sum | cut -d' ' -f1)
	case $line in *"\"prev\":\"$prev\",\"h\":\"$h\"}") ;; *) fail "the chain does not hold at: $line" ;; esac
	prev=$h
done <good/timeline.jsonl

# --- a reader of stdout that stands still holds nothing, and gets every line in the end ---
{
	echo 'relight: 1'
	echo 'name: still'
	echo 'steps:'
	i=0
	while [ $((i += 1)) -le 100 ]; do
		echo "  - {id: step-$i, needs: [], run: {command: [\"true\"]}}"
	done
} >still.yaml
mkfifo still.out
{
	i=0
	until [ -e go-on ] || [ $((i += 1)) -gt 6000 ]; do sleep 0.1; done
	cat >still.lines
} <still.out &
reader=$!
"$RELIGHT" run still.yaml --headless --parallel 8 --dir still >still.out 2>/dev/null &
runner=$!
i=0
until grep -q '"kind":"log.closed"' still/timeline.jsonl 2>/dev/null || [ $((i += 1)) -gt 3000 ]; do sleep 0.1; done
grep -q '"kind":"log.closed"' still/timeline.jsonl || fail "a reader that stands still holds the incident"
[ "$(wc -c <still/timeline.jsonl)" -gt 70000 ] || fail "a pipe takes all of it: $(wc -c <still/timeline.jsonl) bytes"
kill -0 $runner || fail "it did not wait for its reader"
touch go-on
wait $runner || fail "exit code $?"
wait $reader
cmp still.lines still/timeline.jsonl || fail "lines are missing"

# --- a missing answer: what else can go on goes on first, then 3 ---
cat >missing.yaml <<'Y'
relight: 1
name: missing
steps:
  - {id: ask, manual: Somebody must look}
  - {id: beside, needs: [], run: {command: ["true"]}}
  - {id: after, needs: [ask], run: {command: ["true"]}}
Y
expect_code 3 "$RELIGHT" run missing.yaml --headless --dir missing
says err "step ask"
[ "$(events missing 'map(select(.kind=="step.result" and .step=="beside" and .data.outcome=="success")) | length')" = 1 ] || fail "beside did not go on"

# --- a failure stops (1), is retried once, or skipped ---
cat >failing.yaml <<'Y'
relight: 1
name: failing
steps:
  - {id: flaky, run: {command: [sh, -c, "test -e once || { touch once; echo broken; exit 3; }"]}}
  - {id: after, run: {command: ["true"]}}
Y
expect_code 1 "$RELIGHT" run failing.yaml --headless --dir failing
says err "step flaky failed"
rm -f once
printf 'answers: 1\non_failure: retry-once\n' >retry.answers
expect_code 0 "$RELIGHT" run failing.yaml --headless --answers retry.answers --dir retried
[ "$(events retried 'map(select(.kind=="step.intent" and .step=="flaky")) | length')" = 2 ] || fail "not retried exactly once"
rm -f once
printf 'answers: 1\non_failure: skip\n' >skip.answers
expect_code 0 "$RELIGHT" run failing.yaml --headless --answers skip.answers --dir skipped
[ "$(events skipped 'map(select(.kind=="step.skipped" and .step=="flaky")) | length')" = 1 ] || fail "not skipped"

# What was left out is said, and who did not say so; with something not healthy the recovery is not complete.
said=$(events skipped 'map(select(.kind=="incident.recovered"))[0].data.why')
case $said in
"every step is done or skipped, 1 skipped after failing (flaky); nobody was asked: a run without a screen, by "*skip.answers) ;;
*) fail "recovered because: $said" ;;
esac
cat >bad.yaml <<'Y'
relight: 1
name: bad
dependencies:
  - {id: gone, check: {command: [sh, -c, "exit 1"]}, every: 1s}
  - {id: well, check: {command: ["true"]}, every: 1s}
steps:
  - {id: flaky, run: {command: [sh, -c, "exit 3"]}}
  - id: last
    run: {shell: 'until grep -q "\"dependency.status\".*\"dependency\":\"gone\".*\"to\":\"degraded\"" bad/timeline.jsonl; do sleep 0.1; done'}
    restores: [well]
Y
expect_code 1 "$RELIGHT" run bad.yaml --headless --answers skip.answers --dir bad
says err 'the recovery is not complete, 1 skipped after failing (flaky); 1 dependency is not healthy (gone degraded)'
[ "$(events bad 'map(select(.kind=="incident.recovered"))[0].data.why' | grep -c '1 dependency is not healthy (gone degraded)')" = 1 ] ||
	fail "the record does not say so: $(events bad 'map(select(.kind=="incident.recovered"))')"

# --- without a terminal that can be drawn on nothing is taken, and nothing recorded ---
before=$(wc -l <failing/timeline.jsonl)
expect_code 2 setsid "$RELIGHT" resume failing
says err 'terminal: '
[ "$(wc -l <failing/timeline.jsonl)" = "$before" ] || fail "a resume without a terminal recorded $(events failing 'map(.kind)[-2:]')"

# --- what the scenario gives is not the runbook's default; a restore point needs no command ---
cat >asks.yaml <<'Y'
relight: 1
name: asks
inputs: {token: {ask: Which one?}}
restore_points: [{id: store}]
steps: [{id: one, run: {command: [echo, "${input.token}"]}, takes: 1s}]
Y
expect_code 0 "$RELIGHT" check asks.yaml
printf 'scenario: 1\nname: s\nrunbook: asks.yaml\ninputs: {token: t}\n' >asks.scenario
expect_code 0 "$RELIGHT" run asks.yaml --scenario asks.scenario --speed 100 --headless --dir asked
[ "$(events asked 'map(select(.kind=="input.set"))[0].data.from')" = scenario ] || fail "the input is from $(events asked 'map(select(.kind=="input.set"))')"

# --- automatic retries of the runbook come first ---
rm -f once
sed 's/id: flaky,/id: flaky, retries: 2,/' failing.yaml >retries.yaml
expect_code 0 "$RELIGHT" run retries.yaml --headless --dir retries
[ "$(events retries 'map(select(.kind=="step.intent" and .by=="relight")) | length')" = 1 ] || fail "no automatic retry"

# --- destructive: the name is typed, a wrong one counts as missing ---
cat >drop.yaml <<'Y'
relight: 1
name: drop
steps:
  - {id: drop, destructive: true, confirm: prod-db, run: {command: ["true"]}}
Y
printf 'answers: 1\nsteps: {drop: {type: wrong}}\n' >wrong.answers
expect_code 3 "$RELIGHT" run drop.yaml --headless --answers wrong.answers --dir wrong
[ "$(events wrong 'map(select(.kind=="step.intent")) | length')" = 0 ] || fail "a destructive step ran with a wrong name"
printf 'answers: 1\nsteps: {drop: {type: prod-db}}\n' >right.answers
expect_code 0 "$RELIGHT" run drop.yaml --headless --answers right.answers --dir right

# --- nothing moves: 1, naming the blocker ---
cat >stuck.yaml <<'Y'
relight: 1
name: stuck
dependencies:
  - {id: never, check: {command: ["false"]}, every: 1s, timeout: 1s}
steps:
  - {id: hold, restores: [never]}
Y
printf 'answers: 1\nwait: 2s\n' >wait.answers
expect_code 1 "$RELIGHT" run stuck.yaml --headless --answers wait.answers --dir stuck
says err "hold"
says err "never"

# --- unknown ids in the answers: 2; an existing incident: 2, naming resume ---
printf 'answers: 1\nsteps: {nosuch: {confirm: x}}\n' >bad.answers
expect_code 2 "$RELIGHT" run good.yaml --headless --answers bad.answers --dir never
says err "nosuch"
expect_code 2 "$RELIGHT" run good.yaml --headless --answers good.answers --dir good
says err "resume"

# --- secrets reach the command, never the record or its output ---
cat >secret.yaml <<'Y'
relight: 1
name: secret
inputs: {token: {ask: T, secret: true}}
steps:
  - {id: use, run: {shell: 'printf "got %s\n" "$RELIGHT_INPUT_TOKEN"; printf %s "$RELIGHT_INPUT_TOKEN" > seen'}}
Y
printf 'hunter2-hunter2\n' >token
expect_code 0 "$RELIGHT" run secret.yaml --headless --input token=@token --dir secret
[ "$(cat seen)" = hunter2-hunter2 ] || fail "the secret did not reach the command"
if grep -rq hunter2 secret out err; then fail "the secret is in the record"; fi
says secret/attempts/use/1/output.log "[masked"

# --- a script that has changed since the incident opened stops its step ---
cat >script.yaml <<'Y'
relight: 1
name: script
steps:
  - {id: change, run: {shell: 'echo "# and more" >> restore.sh'}}
  - {id: use, run: {command: [./restore.sh]}}
Y
printf '#!/bin/sh\ntouch restored\n' >restore.sh
chmod +x restore.sh
expect_code 1 "$RELIGHT" run script.yaml --headless --dir script
says err "has changed since the incident opened"
[ ! -e restored ] || fail "a changed script ran"
[ "$(events script 'map(select(.kind=="runbook.loaded"))[0].data.files[1].path')" = "$work/restore.sh" ] || fail "the script is not in the record"

# --- parallel steps run beside each other ---
cat >beside.yaml <<'Y'
relight: 1
name: beside
steps:
  - {id: a, needs: [], run: {shell: 'touch a.here; i=0; while [ ! -e b.here ]; do i=$((i+1)); [ $i -lt 1200 ] || exit 1; sleep 0.05; done'}}
  - {id: b, needs: [], run: {shell: 'touch b.here; i=0; while [ ! -e a.here ]; do i=$((i+1)); [ $i -lt 1200 ] || exit 1; sleep 0.05; done'}}
Y
expect_code 0 "$RELIGHT" run beside.yaml --headless --parallel 2 --dir beside

# --- interrupted: 130, and the running attempt goes on ---
cat >long.yaml <<'Y'
relight: 1
name: long
steps:
  - {id: slow, run: {shell: 'while test -e hold; do sleep 0.05; done; touch finished'}}
Y
touch hold
"$RELIGHT" run long.yaml --headless --dir long >/dev/null 2>err &
pid=$!
wait_for 60 grep -q step.spawned long/timeline.jsonl || fail "the step did not start"
kill -INT "$pid"
code=0
wait "$pid" || code=$?
[ "$code" = 130 ] || fail "interrupted: exit $code"
[ ! -e long/attempts/slow/1/result.json ] || fail "the attempt was interrupted as well"
rm hold
wait_for 60 test -e finished || fail "the attempt did not go on"
wait_for 60 test -e long/attempts/slow/1/result.json || fail "no result was left"
expect_code 0 "$RELIGHT" resume long --headless
[ "$(events long 'map(select(.kind=="step.intent")) | length')" = 1 ] || fail "resume ran the step again"
[ "$(events long 'map(select(.kind=="step.result") | .data.outcome) | join(",")')" = success ] || fail "the true outcome was not found"

# --- the bundled disaster plays itself to recovery ---
expect_code 0 "$RELIGHT" demo --auto --speed 400 --dir demo
[ "$(events demo 'map(select(.kind=="step.regressed")) | length')" -ge 1 ] || fail "nothing regressed"
[ "$(events demo 'map(select(.kind=="step.result" and .data.outcome=="failed")) | length')" -ge 1 ] || fail "nothing failed"
[ "$(events demo 'map(select(.kind=="incident.closed"))[0].data.result')" = recovered ] || fail "not recovered"
echo "ok test_headless.sh"
