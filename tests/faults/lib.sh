# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of faults, on top of the integration tests' lib.sh. SUPPORT names the folder of the programs and
# shims that are built from tests/faults/*.c. FAULTS=all goes through every point; else a sample is drawn, FAULTS_RUNS of
# each kind, from FAULTS_SEED.
tests_faults=$(cd "$(dirname "$0")" && pwd)
: "${SUPPORT:?names the folder of the programs built from tests/faults}"
: "${FAULTS:=some}" "${FAULTS_RUNS:=30}" "${FAULTS_SEED:=1}"
. "$tests_faults/../integration/lib.sh"
tests=$tests_faults/../integration

# points COUNT [PART]: the numbers 1 to COUNT, or a sample of them in order, of FAULTS_RUNS / PART.
points() {
	if [ "$FAULTS" = all ]; then
		seq 1 "$1"
	else
		awk -v count="$1" -v runs="$(((FAULTS_RUNS + ${2:-1} - 1) / ${2:-1}))" -v seed="$FAULTS_SEED" 'BEGIN {
			srand(seed); step = count / runs; if (step < 1) step = 1
			for (at = 1; at <= count; at += step) print int(at + rand() * step) }'
	fi
}

# scripted [SETTLE]: the incident that most of them play: each step leaves a line where it ran. What is restored is seen within
# SETTLE; a short one is for tests to which it makes no difference, as their faults keep the sensor from telling.
scripted() {
	cat >scripted.yaml <<Y
relight: 1
name: scripted
dependencies:
  - {id: made, check: {command: [test, -e, two.ran]}, every: 1s, timeout: 20s, stable: 0s}
steps:
  - {id: one, run: {shell: 'echo ran >>one.ran'}}
  - {id: two, run: {shell: 'echo ran >>two.ran'}, restores: [made], settle: ${1:-2m}}
  - {id: three, run: {shell: 'echo ran >>three.ran; echo "{\\"x\\":1}"'}}
Y
}

# resumed DIR OUT: goes on with it; its exit code in $came, or `unopened` where there is nothing to go on with: then
# nothing was acknowledged on OUT, and nothing done.
resumed() {
	came=0
	timeout 300 "$RELIGHT" resume "$1" --headless >it.resumed 2>it.why </dev/null || came=$?
	if [ "$came" = 2 ] && [ ! -s "$2" ] && ! ls ./*.ran >/dev/null 2>&1; then
		came=unopened
		return
	fi
	case $came in 0 | 1 | 3) ;; *) fail "$where: resume: exit $came: $(cat it.why)" ;; esac
	acknowledged "$1" "$2"
	"$RELIGHT" timeline verify "$1" >it.verified 2>&1 || fail "$where: not good: $(cat it.verified)"
	at_most_once one.ran two.ran three.ran
}

# all_done DIR: each step was, once.
all_done() {
	[ "$came" = 0 ] || fail "$where: resume: exit $came: $(cat it.why)"
	[ "$(cat one.ran two.ran three.ran | wc -l)" = 3 ] || fail "$where: something was not done"
	succeeded=$("$RELIGHT" timeline show --format jsonl "$1" | jq -s 'map(select(.kind=="step.result" and .data.outcome=="success")) | length')
	[ "$succeeded" = 3 ] || fail "$where: not the true outcomes"
}

# acknowledged DIR OUT: what was on stdout, whole lines of it, is in the record.
acknowledged() {
	[ -s "$2" ] || return 0
	lines=$(wc -l <"$2")
	[ "$lines" = 0 ] || head -n "$lines" "$2" >acknowledged
	[ "$lines" = 0 ] || "$RELIGHT" timeline show --format jsonl "$1" 2>/dev/null | head -n "$lines" | cmp -s - acknowledged ||
		fail "$where: $1: a line that was acknowledged is not in the record"
}

# at_most_once FILE…: no step was run twice.
at_most_once() {
	for effect in "$@"; do
		[ ! -e "$effect" ] || [ "$(wc -l <"$effect")" -le 1 ] || fail "$where: $effect was done $(wc -l <"$effect") times"
	done
}
