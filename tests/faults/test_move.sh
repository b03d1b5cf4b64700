#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sync of the record fails, and while it moves to a new segment, or to its refuge, it is killed: at whichever call, every
# resume succeeds, and nothing that was acknowledged is lost.
set -eu
. "$(dirname "$0")/lib.sh"
scripted
mkdir run
export XDG_RUNTIME_DIR="$work/run"
runs=0 moved=0 begun=0

# killed SYNC N: runs the incident in ./it, in which that sync fails, killed at the Nth call behind it.
killed() {
	rm -rf it it.* ./*.ran run/*
	code=0
	timeout 60 "$SUPPORT/killpoint" cockpit@ "$2" env LD_PRELOAD="$SUPPORT/failing.so" FAIL_BELOW="$work/it" FAIL_SYNC="$1" \
		"$RELIGHT" run scripted.yaml --headless --dir it 3>calls >it.out 2>it.err </dev/null || code=$?
	[ "$code" != 124 ] || fail "$where: hangs"
	runs=$((runs + 1))
}

# Nothing of a move that was cut short is left once somebody has gone on.
no_drafts() {
	[ -z "$(find it run -name '*.jsonl.new')" ] || fail "$where: left behind: $(find it run -name '*.jsonl.new')"
}

# Once it says which runbook it is, it can be resumed.
went_on() {
	resumed it it.out
	[ "$came" != unopened ] || ! grep -qs '"kind":"runbook.loaded"' it/timeline*.jsonl || fail "$where: resume: exit 2: $(cat it.why)"
	[ "$came" = unopened ] || all_done it
	no_drafts
}

# These have several lines at once: what opening records, and what follows from a result.
for sync in 1 6 9 11; do
	for n in $(points 60 3); do
		where="sync $sync fails, call $n behind it"
		killed "$sync" "$n"
		! ls it/*.jsonl.new >/dev/null 2>&1 || begun=$((begun + 1))
		[ ! -e it/timeline-2.jsonl ] || moved=$((moved + 1))
		went_on
	done
done

# Of a home that syncs nothing any more the refuge has the rest.
export FAIL_ON=1
refuges=0
for sync in 1 4; do
	for n in $(points 120 3); do
		where="syncs fail from $sync on, call $n behind it"
		killed "$sync" "$n"
		[ -z "$(find run -name timeline.jsonl)" ] || refuges=$((refuges + 1))
		went_on
		[ -z "$(find run -name '*.jsonl')" ] || fail "$where: the refuge did not come home"
	done
done
[ "$moved" -gt 0 ] && [ "$begun" -gt 0 ] && [ "$refuges" -gt 0 ] ||
	fail "killed after $moved moves, in $begun, with $refuges refuges: the calls to be tried are elsewhere"
echo "ok test_move.sh: $runs runs, seed $FAULTS_SEED; $moved after the move, $begun in it, $refuges refuges"
