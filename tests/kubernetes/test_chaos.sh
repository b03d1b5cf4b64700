#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sensor behind an API server that is killed and started again, and behind a proxy that cuts, stalls, breaks off and
# refuses, while objects change all the time. CHAOS_RESTARTS (3) and CHAOS_SECONDS (45) say for how long. What it says in
# the end is what the server has; what it says on the way was never replaced before it was asked; a refused resource is
# asked at most once a second; its memory stays.
set -eu
# shellcheck source=tests/kubernetes/probing.sh
. "$(dirname "$0")/probing.sh"
: "${SUPPORT:?is where the programs for these tests are}"
restarts=${CHAOS_RESTARTS:-3}
seconds=${CHAOS_SECONDS:-45}

api POST /api/v1/namespaces - >/dev/null <<'END'
{"metadata":{"name":"chaos"}}
END
api POST /api/v1/namespaces/chaos/configmaps - >/dev/null <<'END'
{"metadata":{"name":"clock","labels":{"of":"chaos"}},"data":{"n":"0"}}
END

# The clock: its hands move three times a second, and each move that the server has taken is noted.
: >"$work/moves"
clock() {
	n=1
	while [ ! -e "$work/stop" ] && [ "$n" -lt 20000 ]; do
		printf '{"data":{"n":"%d"}}' "$n" >"$work/hand.json"
		if api PATCH /api/v1/namespaces/chaos/configmaps/clock "$work/hand.json" >/dev/null 2>&1; then
			printf '%d %s\n' "$n" "$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)" >>"$work/moves"
			n=$((n + 1))
		fi
		sleep 0.3
	done
}
clock &
clock=$!

# sensor NAME KUBECONFIG: one that watches the clock alone, as one of a list, and the namespace; its lines in $work/NAME
dependencies='- {id: clock, every: 2s, timeout: 2s, check: {kubernetes: {target: main, resource: cm, name: clock, expect: {jq: "true", message: .data.n}}}}
- {id: clocks, every: 2s, timeout: 2s, check: {kubernetes: {target: main, resource: cm, selector: of=chaos, expect: {jq: "\"degraded\"", message: .data.n}}}}
- {id: services, every: 2s, timeout: 2s, check: {kubernetes: {target: main, resource: svc, min: 0}}}'
sensor() {
	runbook "  main: {kubernetes: {kubeconfig: $2, context: test, namespace: chaos}}" "$dependencies"
	cp "$work/runbook.yaml" "$work/$1.yaml"
	mkfifo "$work/$1.stdin"
	"$RELIGHT" probe "$work/$1.yaml" <"$work/$1.stdin" >"$work/$1" 2>"$work/$1.errors" &
	sensor=$!
}
# memory PID: its resident kilobytes
memory() {
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"
}
say() {
	echo "test_chaos.sh: $*" >&2
	failed=1
}

# settles NAME: within 25 s its newest words on the clock are of a move that was made after now
settles() {
	last=$(tail -n 1 "$work/moves" | cut -d' ' -f1)
	tries=0
	for of in clock clocks; do
		until said=$(grep '}$' "$work/$1" | jq -r --arg id "$of" 'select(.dependency == $id and (.status == "healthy" or
			.status == "degraded")) | .message | capture("(?<n>[0-9]+)$").n' | tail -n 1) && [ "${said:-0}" -gt "$last" ]; do
			tries=$((tries + 1))
			[ "$tries" -lt 250 ] || { say "$1: $of stayed at ${said:-nothing} after move $last"; return; }
			sleep 0.1
		done
	done
}
# never_stale NAME: no observation shows a hand that had been moved on half a second before it was asked
never_stale() {
	grep '}$' "$work/$1" | jq -r 'select((.dependency == "clock" or .dependency == "clocks") and
		(.status == "healthy" or .status == "degraded")) |
		"\(.asked) \(.message | capture("(?<n>[0-9]+)$").n) \(.dependency)"' >"$work/said"
	[ -s "$work/said" ] || say "$1: it said nothing of the clock"
	awk 'function at(t, p) { split(t, p, /[-T:Z]/); return ((p[3] * 24 + p[4]) * 60 + p[5]) * 60 + p[6] }
		NR == FNR { time[$1] = at($2); moves = $1; next }
		{ next_move = $2 + 1; if (next_move in time && at($1) - time[next_move] > 0.5) {
			print $3 " showed " $2 ", asked " at($1) - time[next_move] " s after it was replaced"; stale++ } }
		END { exit stale > 0 }' "$work/moves" "$work/said" >"$work/stale" ||
		say "$1: $(wc -l <"$work/stale") stale observations, the first: $(head -n 1 "$work/stale")"
}
# flat NAME BEFORE PID
flat() {
	now=$(memory "$3")
	[ "$now" -le $(($2 + 6144)) ] || say "$1: resident memory went from $2 to $now kB"
	if grep -q Sanitizer "$work/$1.errors"; then
		cat "$work/$1.errors" >&2
		failed=1
	fi
}

trap 'touch "$work/stop"; kill $sensor $clock ${proxy:-} 2>/dev/null || true; wait $clock 2>/dev/null || true; rm -rf "$work"' EXIT

# --- a server that is killed and comes back ---

sensor restarts "$CLUSTER/kubeconfig"
exec 3>"$work/restarts.stdin"
sleep 3
before=$(memory $sensor)
turn=0
while [ "$turn" -lt "$restarts" ]; do
	kill -9 "$(cat "$CLUSTER/apiserver.pid")"
	sh "$(dirname "$0")/cluster.sh" restart "$CLUSTER" 3>&-
	sleep 2
	turn=$((turn + 1))
done
settles restarts
never_stale restarts
flat restarts "$before" $sensor
grep -q '"status":"unknown"' "$work/restarts" || say "restarts: it never said that the server is gone"
exec 3>&-
wait $sensor || true

# --- a proxy that misbehaves ---

port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
"$SUPPORT/chaos" $port "$(sed 's/.*://' "$CLUSTER/url")" "$CLUSTER/server.crt" "$CLUSTER/server.key" "${CHAOS_SEED:-7}" \
	"$seconds" "$work/requests" 3>&- &
proxy=$!
sed "s|server: .*|server: https://127.0.0.1:$port|" "$CLUSTER/kubeconfig-token" >"$work/kubeconfig"
sleep 0.5
sensor faults "$work/kubeconfig"
exec 3>"$work/faults.stdin"
sleep 3
before=$(memory $sensor)
sleep "$((seconds - 2))"
settles faults
never_stale faults
flat faults "$before" $sensor
# Of one resource, no request follows a refusal within a second, but one that was on its way already. What is not asked by a
# watch (/readyz, who the cluster is) has rhythms of its own.
awk '$3 ~ /configmaps|services/ { key = $3; if (key in refused && $1 - refused[key] > 50 && $1 - refused[key] < 950) { print; n++ }
		delete refused[key]; if ($2 ~ /429|500|503/) refused[key] = $1 }
	END { exit n > 0 }' "$work/requests" >"$work/hasty" ||
	say "faults: $(wc -l <"$work/hasty") requests within a second of a refusal, the first: $(head -n 1 "$work/hasty")"
[ "$(awk '$2 != "pass"' "$work/requests" | wc -l)" -gt 3 ] || say "faults: the proxy did hardly anything"
exec 3>&-
wait $sensor || true
kill $proxy
touch "$work/stop"
done_probing
