# SPDX-License-Identifier: Apache-2.0
# Read by the tests here with `.`, after `set -eu`: asks `relight probe --once` about one dependency after another, and
# compares what it says. Gives $work, a folder of the test's own.

# shellcheck source=tests/kubernetes/api.sh
. "$(dirname "$0")/api.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
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
		cat "$work/errors" >&2
		exit 1
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

done_probing() {
	[ "$failed" = 0 ] || exit 1
}
