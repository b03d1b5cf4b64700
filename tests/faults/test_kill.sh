#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A scripted incident, one of its processes killed when it is about to make its Nth system call, and resumed: nothing that
# was acknowledged is lost, every resume succeeds, no step is run again by itself, and outcomes are true or said to be
# unknown.
set -eu
. "$(dirname "$0")/lib.sh"
scripted 20s
runs=0 unknown=0

# killed ROLE N: runs the incident in ./it with that process killed there.
killed() {
	rm -rf it it.* ./*.ran
	code=0
	timeout 300 "$SUPPORT/killpoint" "$1" "$2" "$RELIGHT" run scripted.yaml --headless --dir it 3>calls >it.out 2>it.err </dev/null || code=$?
	[ "$code" != 124 ] || fail "$where: hangs"
	runs=$((runs + 1))
}

# Whatever happens to the cockpit, or to what only senses or launches, the attempts' outcomes are found.
for role in cockpit launcher sensor; do
	where=$role
	killed "$role" 0
	for n in $(points "$(cut -d' ' -f2 calls)"); do
		where="$role, call $n"
		killed "$role" "$n"
		resumed it it.out
		[ "$came" = unopened ] || all_done it
	done
done

# An actuator that is killed leaves what it did unknown, unless it had not begun or had told already.
killed actuator 0
for n in $(points "$(cut -d' ' -f2 calls)"); do
	where="actuator, call $n"
	killed actuator "$n"
	resumed it it.out
	if grep -q '"kind":"step.unknown"' it/timeline.jsonl; then
		unknown=$((unknown + 1)) # and then verified, failed, or left to a person
	else
		all_done it
	fi
done
[ "$unknown" -gt 0 ] || fail "no actuator was killed between its request and its result"

# A command that is killed has failed, and its step is not run again.
killed command 0
for n in $(points "$(cut -d' ' -f2 calls)"); do
	where="command, call $n"
	killed command "$n"
	resumed it it.out
	[ "$came" = 0 ] || grep -q '"outcome":"failed"' it/timeline.jsonl || fail "$where: not failed"
done
echo "ok test_kill.sh: $runs runs, seed $FAULTS_SEED; $unknown outcomes unknown"
