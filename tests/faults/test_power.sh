#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A power cut at any system call: of files and names only that is left which was synced. What was acknowledged is there,
# and nothing that may have acted is run again by itself.
set -eu
. "$(dirname "$0")/lib.sh"
scripted 20s
runs=0 unknown=0
echo 11111111-2222-4333-8444-555555555555 >boot

# cut_power ROLE N: runs the incident in ./it until all of it is killed when ROLE makes its Nth call; ./after is what is
# left.
cut_power() {
	rm -rf it it.* after keep ./*.ran
	mkdir -p keep/file keep/names
	code=0
	LOSSY_KEEP=$work/keep LD_PRELOAD=$SUPPORT/lossy.so timeout 300 "$SUPPORT/killpoint" "+$1" "$2" \
		"$RELIGHT" run scripted.yaml --headless --dir it 3>calls >it.out 2>it.err </dev/null || code=$?
	[ "$code" != 124 ] || fail "$where: hangs"
	runs=$((runs + 1))
	[ ! -d it ] || sh "$tests_faults/rebuild.sh" keep it after
}

for role in cockpit actuator; do
	where=$role
	cut_power "$role" 0
	for n in $(points "$(cut -d' ' -f2 calls)"); do
		where="power cut, call $n of $role"
		cut_power "$role" "$n"
		export LD_PRELOAD="$SUPPORT/lossy.so" LOSSY_BOOT="$work/boot"
		resumed after it.out
		unset LD_PRELOAD LOSSY_BOOT
		[ "$came" = unopened ] && continue
		if grep -q '"kind":"step.unknown"' after/timeline.jsonl; then
			unknown=$((unknown + 1))
		else
			all_done after
		fi
	done
done
[ "$unknown" -gt 0 ] || fail "no attempt was cut off"
echo "ok test_power.sh: $runs runs, seed $FAULTS_SEED; $unknown outcomes unknown"
