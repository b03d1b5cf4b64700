#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A scripted incident, one of its processes killed when it is about to make its Nth system call, and resumed: nothing that
# was acknowledged is lost, every resume succeeds, no step is run again by itself, and outcomes are true or said to be
# unknown.
set -eu
. "$(dirname "$0")/lib.sh"

cat >scripted.yaml <<'Y'
relight: 1
name: scripted
dependencies:
  - {id: made, check: {command: [test, -e, two.ran]}, every: 1s, timeout: 2s, stable: 0s}
steps:
  - {id: one, run: {shell: 'echo ran >>one.ran'}}
  - {id: two, run: {shell: 'echo ran >>two.ran'}, restores: [made], settle: 2s}
  - {id: three, run: {shell: 'echo ran >>three.ran; echo "{\"x\":1}"'}}
Y
runs=0 unknown=0

# killed ROLE N: runs the incident in ./it with that process killed there.
killed() {
	rm -rf it it.* ./*.ran
	code=0
	timeout 60 "$SUPPORT/killpoint" "$1" "$2" "$RELIGHT" run scripted.yaml --headless --dir it 3>calls >it.out 2>it.err </dev/null || code=$?
	[ "$code" != 124 ] || fail "$where: hangs"
	runs=$((runs + 1))
}

# resumed: goes on with it; its exit code in $came.
resumed() {
	came=0
	timeout 60 "$RELIGHT" resume it --headless >it.resumed 2>it.why </dev/null || came=$?
	if [ "$came" = 2 ] && [ ! -s it.out ] && ! ls ./*.ran >/dev/null 2>&1; then
		came=unopened # nothing was acknowledged, and nothing done
		return
	fi
	acknowledged it it.out
	cat it.out it.resumed >it.both
	expect_code 0 "$RELIGHT" timeline verify it
	at_most_once one.ran two.ran three.ran
}

# all_done: each step was, once.
all_done() {
	[ "$came" = 0 ] || fail "$where: resume: exit $came: $(cat it.why)"
	[ "$(cat one.ran two.ran three.ran | wc -l)" = 3 ] || fail "$where: something was not done"
	[ "$(events it 'map(select(.kind=="step.result" and .data.outcome=="success")) | length')" = 3 ] || fail "$where: not the true outcomes"
}

# Whatever happens to the cockpit, or to what only senses or launches, the attempts' outcomes are found.
for role in cockpit launcher sensor; do
	where=$role
	killed "$role" 0
	for n in $(points "$(cut -d' ' -f2 calls)"); do
		where="$role, call $n"
		killed "$role" "$n"
		resumed
		[ "$came" = unopened ] || all_done
	done
done

# An actuator that is killed leaves what it did unknown, unless it had not begun or had told already.
killed actuator 0
for n in $(points "$(cut -d' ' -f2 calls)"); do
	where="actuator, call $n"
	killed actuator "$n"
	resumed
	if grep -q '"kind":"step.unknown"' it/timeline.jsonl; then
		unknown=$((unknown + 1)) # and then verified, failed, or left to a person
	else
		all_done
	fi
done
[ "$unknown" -gt 0 ] || fail "no actuator was killed between its request and its result"

# A command that is killed has failed, and its step is not run again.
killed command 0
for n in $(points "$(cut -d' ' -f2 calls)"); do
	where="command, call $n"
	killed command "$n"
	resumed
	[ "$came" = 1 ] || [ "$came" = 0 ] || fail "$where: exit $came: $(cat it.why)"
	[ "$came" = 0 ] || grep -q '"outcome":"failed"' it.both || fail "$where: not failed"
done
echo "ok test_kill.sh: $runs runs, seed $FAULTS_SEED; $unknown outcomes unknown"
