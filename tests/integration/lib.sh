# SPDX-License-Identifier: Apache-2.0
# Sourced by the integration tests: a folder of their own, and checks that say what they saw.
# RELIGHT names the program under test, RELIGHT_TIMELINES a folder for the timelines that they make; without one they are
# held against the schema at the end of the test.

: "${RELIGHT:?names the program under test}"
work=$(mktemp -d)
trap 'finish $?' EXIT
trap 'exit 130' INT TERM HUP
has_said_why=
unset XDG_RUNTIME_DIR
export HOME="$work/home" XDG_STATE_HOME="$work/state" XDG_CONFIG_HOME="$work/config" RELIGHT_OPERATOR=tester
export TMPDIR="$work/tmp" # for what relight saves there, too
mkdir -p "$HOME" "$TMPDIR"
tests=$(cd "$(dirname "$0")" && pwd)
cd "$work"

# finish STATUS: the one end of every test. One that starts what must be ended, or makes what must go, defines `clean_up`, which
# is called whatever the outcome is; one that `set -e` ends has said nothing yet.
finish() {
	trap - EXIT
	[ "$1" = 0 ] || [ "$1" = 130 ] || [ -n "$has_said_why" ] ||
		echo "FAILED $(basename "$0"): a command that must not fail did: exit status $1" >&2
	! command -v clean_up >/dev/null || clean_up || true
	if [ "$1" = 0 ] && [ -n "${RELIGHT_TIMELINES:-}" ]; then
		find "$work" -name 'timeline*.jsonl' -type f | while read -r timeline; do
			cp "$timeline" "$(mktemp "$RELIGHT_TIMELINES/timeline-$(basename "$0" .sh)-XXXXXX.jsonl")"
		done
	elif [ "$1" = 0 ] && [ -n "$(find "$work" -name 'timeline*.jsonl' -type f -size +0)" ]; then
		python3 "$tests/../schema.py" "$tests/../../src/schemas/timeline.json" "$work" || set -- 1
	fi
	[ -n "${KEEP:-}" ] || rm -rf "$work"
	exit "$1"
}

fail() {
	has_said_why=yes
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

count() { # DIR JQ-CONDITION: how many events it holds of.
	events "$1" "map(select($2)) | length"
}

is_verified() { # DIR
	expect_code 0 "$RELIGHT" timeline verify "$1"
}

# alter FROM TO PROGRAM: a copy of the incident FROM as alter.py makes it.
alter() {
	rm -rf "$2" && cp -r "$1" "$2"
	python3 "$tests/alter.py" "$2/timeline.jsonl" "$3"
}

# has_ended PID: whether nothing runs under that number; whoever should may not have collected it yet.
has_ended() {
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	'' | Z* | X*) return 0 ;;
	*) return 1 ;;
	esac
}

# within SECONDS COMMAND...: runs it, at most three times, until it takes no longer; how long in $took. A machine that
# stands still meanwhile makes anything late, but not each time.
within() {
	most=$1
	shift
	for _ in 1 2 3; do
		began=$(date +%s)
		"$@"
		took=$(($(date +%s) - began))
		[ "$took" -gt "$most" ] || return 0
	done
	fail "$* took $took s three times, more than $most"
}
