#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Any allocation of the cockpit may find no memory: it ends in an orderly way or does without, and the incident goes on.
set -eu
. "$(dirname "$0")/lib.sh"
scripted
runs=0

# starved N: runs the incident with the Nth allocation failing.
starved() {
	rm -rf it it.* ./*.ran
	code=0
	NOMEMORY_AT=$1 NOMEMORY_COUNT=$work/allocations LD_PRELOAD=$SUPPORT/nomemory.so timeout 300 \
		"$RELIGHT" run scripted.yaml --headless --dir it >it.out 2>it.err </dev/null || code=$?
	runs=$((runs + 1))
	case $code in
	0 | 1 | 2 | 3) ;;
	*) fail "$where: exit $code: $(cat it.err)" ;;
	esac
}

where=counting
starved 0
[ "$code" = 0 ] || fail "$where: exit $code: $(cat it.err)"
for n in $(points "$(cat allocations)"); do
	where="allocation $n"
	starved "$n"
	resumed it it.out
	[ "$came" = unopened ] || grep -q '"kind":"step.unknown"' it/timeline.jsonl || all_done it
done
echo "ok test_memory.sh: $runs runs, seed $FAULTS_SEED"
