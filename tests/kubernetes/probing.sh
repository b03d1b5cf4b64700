# SPDX-License-Identifier: Apache-2.0
# Read by the tests here with `.`, after `set -eu`: asks `relight probe --once` about one dependency after another, and
# compares what it says. On top of the integration tests' lib.sh, whose folder $work and whose end of a test it uses.

# shellcheck source=tests/kubernetes/api.sh
. "$(dirname "$0")/api.sh"
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/../integration/lib.sh"
failed=0

# runbook TARGETS DEPENDENCIES: writes $work/runbook.yaml of these YAML texts.
runbook() {
	cat >"$work/runbook.yaml" <<END
relight: 1
name: probing
targets:
$1
dependencies:
$2
steps:
- {id: nothing, manual: nothing}
END
}

# observe [OPTION...]: asks about all dependencies of the runbook; the lines are in $work/lines.
observe() {
	code=0
	"$RELIGHT" probe "$work/runbook.yaml" --once "$@" >"$work/lines" 2>"$work/errors" </dev/null || code=$?
	if [ "$code" -gt 1 ] || grep -q Sanitizer "$work/errors"; then
		fail "probe: exit $code: $(cat "$work/errors")"
	fi
}

# expect DEPENDENCY STATUS WORDS: what the last observe said of it; WORDS are a part of the message.
expect() {
	said=$(jq -r --arg id "$1" 'select(.type == "observation" and .dependency == $id) | "\(.status): \(.message)"' "$work/lines")
	case $said in
	"$2: "*"$3"*) ;;
	*)
		echo "$(basename "$0"): $1: said '$said', wanted '$2: ...$3'" >&2
		failed=1
		;;
	esac
}

# until_observed SECONDS DEPENDENCY STATUS: observes again and again until it has that status.
until_observed() {
	end=$(($(date +%s) + $1))
	while :; do
		observe --only "$2"
		[ "$(jq -r 'select(.type == "observation") | .status' "$work/lines")" != "$3" ] || return 0
		[ "$(date +%s)" -lt "$end" ] || break
		sleep 0.2
	done
	expect "$2" "$3" ""
}

# eventually SECONDS EXPECTATIONS [OPTION...]: observes with these options and calls that function, again and again until it
# finds nothing wrong. For what the API server knows from caches of its own, or controllers set: both come a little later.
eventually() {
	end=$(($(date +%s) + $1))
	expectations=$2 failed_before=$failed
	shift 2
	while :; do
		failed=0
		observe "$@"
		"$expectations" 2>"$work/wrong"
		[ "$failed" = 1 ] && [ "$(date +%s)" -lt "$end" ] || break
		sleep 0.2
	done
	cat "$work/wrong" >&2
	[ "$failed_before" = 0 ] || failed=1
}

# heartbeat: a process that does nothing but wake up ten times a second, and notes when it did, in $work/beats; to be ended, as
# $heartbeat. What it is late by, the machine kept from every process.
heartbeat() {
	while [ -d "$work" ] && sleep 0.1; do
		date +%s.%N
	done >"$work/beats" 3>&- 4>&- &
	heartbeat=$!
}
# withheld FROM TO: the seconds that the machine withheld from the heartbeat between these times, in seconds since 1970.
withheld() {
	awk -v from="$1" -v to="$2" '$1 > from && last && last < to && $1 - last > 0.15 {lost += $1 - last - 0.11} {last = $1}
		END {printf "%.1f\n", lost}' "$work/beats"
}

done_probing() {
	[ "$failed" = 0 ] || fail "not as it should be, see above"
}
