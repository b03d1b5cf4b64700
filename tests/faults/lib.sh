# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of faults, on top of the integration tests' lib.sh. SUPPORT names the folder of the programs and
# shims that are built from tests/faults/*.c. FAULTS=all goes through every point; else a sample is drawn, FAULTS_RUNS of
# each kind, from FAULTS_SEED.
tests_faults=$(cd "$(dirname "$0")" && pwd)
: "${SUPPORT:?names the folder of the programs built from tests/faults}"
: "${FAULTS:=some}" "${FAULTS_RUNS:=30}" "${FAULTS_SEED:=1}"
. "$tests_faults/../integration/lib.sh"
tests=$tests_faults/../integration

# points COUNT: the numbers 1 to COUNT, or a sample of them in order.
points() {
	if [ "$FAULTS" = all ]; then
		seq 1 "$1"
	else
		awk -v count="$1" -v runs="$FAULTS_RUNS" -v seed="$FAULTS_SEED" 'BEGIN {
			srand(seed); step = count / runs; if (step < 1) step = 1
			for (at = 1; at <= count; at += step) print int(at + rand() * step) }'
	fi
}

# acknowledged DIR OUT: what was on stdout, whole lines of it, is in the record.
acknowledged() {
	[ -s "$2" ] || return 0
	lines=$(wc -l <"$2")
	[ "$lines" = 0 ] || head -n "$lines" "$2" >acknowledged
	[ "$lines" = 0 ] || "$RELIGHT" timeline show --format jsonl "$1" 2>/dev/null | head -n "$lines" | cmp -s - acknowledged ||
		fail "$1: a line that was acknowledged is not in the record"
}

# at_most_once FILE…: no step was run twice.
at_most_once() {
	for effect in "$@"; do
		[ ! -e "$effect" ] || [ "$(wc -l <"$effect")" -le 1 ] || fail "$where: $effect was done $(wc -l <"$effect") times"
	done
}
