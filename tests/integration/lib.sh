# SPDX-License-Identifier: Apache-2.0
# Sourced by the integration tests: a folder of their own, and checks that say what they saw.
# RELIGHT names the program under test.

: "${RELIGHT:?names the program under test}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export HOME="$work/home" XDG_STATE_HOME="$work/state" RELIGHT_OPERATOR=tester
mkdir -p "$HOME"
tests=$(cd "$(dirname "$0")" && pwd)
cd "$work"

fail() {
	echo "FAILED $(basename "$0"): $*" >&2
	exit 1
}

# expect_code CODE WORDS -- COMMAND...: runs it, its output in ./out and ./err.
expect_code() {
	wanted=$1
	shift
	code=0
	"$@" >out 2>err </dev/null || code=$?
	[ "$code" = "$wanted" ] || fail "$*: exit $code, expected $wanted; stderr: $(head -c 600 err)"
}

# says FILE TEXT
says() {
	grep -qF -- "$2" "$1" || fail "$1 does not say '$2' but: $(head -c 800 "$1")"
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	tries=$(($1 * 20))
	shift
	while ! "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# events DIR JQ-FILTER: over the timeline's events as one list.
events() {
	jq -s -r "$2" "$1/timeline.jsonl"
}
