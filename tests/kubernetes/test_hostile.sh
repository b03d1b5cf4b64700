#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Answers that no API server should give: each is bounded, said in words, and survived.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"
: "${SUPPORT:?is where the programs for these tests are}"

clean_up() {
	kill ${server:-} ${sensor:-} 2>/dev/null
}
serve hostile
cat >"$work/kubeconfig" <<END
clusters: [{name: c, cluster: {server: 'http://127.0.0.1:$port'}}]
contexts: [{name: c, context: {cluster: c}}]
current-context: c
END
dependencies="- {id: api, every: 1s, timeout: 3s, check: {kubernetes: {target: main, readyz: true}}}"
for resource in giants crowds deeps garbles heads liars pages drips lines; do
	patience=30s
	[ $resource != drips ] || patience=3s
	dependencies="$dependencies
- {id: $resource, every: 1s, timeout: $patience, check: {kubernetes: {target: main, resource: $resource, expect: exists}}}"
done
runbook "  main: {kubernetes: {kubeconfig: $work/kubeconfig}}" "$dependencies"

mkfifo "$work/stdin"
"$RELIGHT" probe "$work/runbook.yaml" <"$work/stdin" >"$work/lines" 2>"$work/errors" &
sensor=$!
exec 3>"$work/stdin"
# was DEPENDENCY STATUS WORDS: one of its observations said so
was() {
	grep '}$' "$work/lines" | jq -e --arg id "$1" --arg status "$2" --arg words "$3" -n \
		'[inputs | select(.type == "observation" and .dependency == $id and .status == $status and
		(.message | contains($words)))] | length > 0' >/dev/null
}
# of DEPENDENCY STATUS WORDS: so it is said, sooner or later.
of() {
	wait_for 120 was "$@" || {
		echo "test_hostile.sh: $1 never was '$2: ...$3'; last:" >&2
		grep "\"$1\"" "$work/lines" | tail -n 1 | cut -c1-300 >&2
		failed=1
	}
}
began=$(date +%s)
of api healthy ready
of giants unknown "an object is larger than it may be"
of crowds healthy "10000 crowds in default"
of deeps unknown "nested over 100 deep"
of garbles unknown "no UTF-8"
of heads unknown "headers"
of liars unknown "broke off"
of pages unknown "it is no list"
of drips unknown "no answer yet"
# Its list is good, and what is watched cannot be used.
of lines healthy "1 lines in default"
# All of it goes on for a while.
ran=$(($(date +%s) - began))
[ "$ran" -ge 20 ] || sleep $((20 - ran))
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$sensor/status") || fail "the sensor has ended: $(cat "$work/errors")"
ticks=$(cut -d' ' -f14,15 "/proc/$sensor/stat")
exec 3>&-
code=0
wait $sensor || code=$?
[ "$code" = 0 ] || {
	cat "$work/errors" >&2
	echo "test_hostile.sh: the sensor ended with $code" >&2
	failed=1
}

# Built for looking into it, a sensor is larger.
if ! grep -q Sanitizer "$RELIGHT" && [ "${peak:-99999}" -gt 49152 ]; then
	echo "test_hostile.sh: the sensor took $peak kB (processor: $ticks)" >&2
	failed=1
fi
done_probing
