#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh bench.sh   (make bench-kubernetes)
# What watching 10,000 pods costs, as ratios against curl and kubectl in the same run. BENCH_PODS sets another number. Fails
# where a number is not what is wanted.
set -eu
. "$(dirname "$0")/api.sh"
: "${SUPPORT:?is where the programs for these tests are}"
pods=${BENCH_PODS:-10000}
work=$(mktemp -d)
trap 'kill ${sensor:-} ${kubectl:-} 2>/dev/null || true; rm -rf "$work"' EXIT

now() {
	date +%s%N
}
# ticks PID: its processor time and that of its children that have ended, in ticks
ticks() {
	awk '{print $14 + $15 + $16 + $17}' "/proc/$1/stat"
}
# within WHAT NUMBER LIMIT
within() {
	awk -v is="$2" -v most="$3" 'BEGIN {exit !(is <= most)}' || {
		echo "bench: $1: $2, wanted at most $3" >&2
		missed=1
	}
}
missed=0
ratio() {
	awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'
}
# first SECONDS: waits for the sensor's first observation
first() {
	tries=0
	until grep -q '"dependency":"pods".*"status":"healthy"' "$work/lines"; do
		tries=$((tries + 1))
		[ "$tries" -lt $(($1 * 100)) ] || { tail -n 2 "$work/lines" >&2; exit 1; }
		sleep 0.01
	done
}

echo "bench: making $pods pods"
"$SUPPORT/load" "$CLUSTER" fill "$pods"
api POST /api/v1/namespaces/default/configmaps - >/dev/null <<'END'
{"metadata":{"name":"clock"},"data":{"n":"0"}}
END
cat >"$work/runbook.yaml" <<END
relight: 1
name: bench
targets: {main: {role: recovery, kubernetes: {context: test, namespace: default}}}
dependencies:
- {id: pods, every: 10s, timeout: 60s, check: {kubernetes: {target: main, resource: pods, namespace: "*"}}}
- {id: clock, every: 10s, timeout: 5s, check: {kubernetes: {target: main, resource: cm, name: clock, expect: {jq: "true", message: '"n=\(.data.n)"'}}}}
steps:
- {id: nothing, manual: nothing}
END

# The same pages, one after the other, to a file.
download() {
	token=
	: >"$work/pages"
	while :; do
		api GET "/api/v1/pods?limit=500${token:+&continue=$token}" >"$work/page"
		token=$(head -c 4096 "$work/page" | sed -n 's/.*"continue": *"\([^"]*\)".*/\1/p')
		cat "$work/page" >>"$work/pages"
		[ -n "$token" ] || return 0
	done
}
mkfifo "$work/open"
exec 7<>"$work/open" # a stdin that does not end
best_curl=''
best_probe=''
for round in 1 2 3; do
	began=$(now)
	download
	took=$((($(now) - began) / 1000000))
	[ -n "$best_curl" ] && [ "$best_curl" -le "$took" ] || best_curl=$took
	: >"$work/lines"
	began=$(now)
	"$RELIGHT" probe "$work/runbook.yaml" --only pods <"$work/open" >"$work/lines" &
	sensor=$!
	first 60
	took=$((($(now) - began) / 1000000))
	[ -n "$best_probe" ] && [ "$best_probe" -le "$took" ] || best_probe=$took
	[ "$round" = 3 ] || { kill $sensor; wait $sensor || true; }
done
bytes=$(wc -c <"$work/pages")
echo "first verdict on $pods pods ($((bytes / 1000000)) MB): $best_probe ms, curl $best_curl ms: $(ratio "$best_probe" "$best_curl") (wanted: 1.5)"
within "first verdict" "$(ratio "$best_probe" "$best_curl")" 1.5

if [ -x "$ASSETS/kubectl" ]; then
	: >"$work/kubectl"
	"$ASSETS/kubectl" get pods -A -w >"$work/kubectl" 2>&1 &
	kubectl=$!
	tries=0
	until [ "$(wc -l <"$work/kubectl")" -gt "$pods" ] || [ "$tries" = 600 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	sleep 2
	sensor_before=$(ticks $sensor)
	kubectl_before=$(ticks $kubectl)
	changes=$("$SUPPORT/load" "$CLUSTER" churn "$pods" 200 20)
	sleep 1
	sensor_ticks=$(($(ticks $sensor) - sensor_before))
	kubectl_ticks=$(($(ticks $kubectl) - kubectl_before))
	echo "$changes changes in 20 s: $((sensor_ticks * 10)) ms of a core, kubectl get -w $((kubectl_ticks * 10)) ms: $(ratio "$sensor_ticks" "$kubectl_ticks") (wanted: 0.25)"
	within "processor time" "$(ratio "$sensor_ticks" "$kubectl_ticks")" 0.25
	kill $kubectl
	wait $kubectl 2>/dev/null || true
fi
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$sensor/status)
echo "sensor: $peak kB at most (wanted: 49152)"
within "sensor's memory" "$peak" 49152
kill $sensor
wait $sensor || true
sensor=

"$SUPPORT/load" "$CLUSTER" churn "$pods" 200 40 >/dev/null &
churn=$!
XDG_STATE_HOME=$work/state "$SUPPORT/change_latency" "$CLUSTER" 150 'RESTORE ORDER' -- \
	"$RELIGHT" run "$work/runbook.yaml" >"$work/latency"
wait $churn
read -r median p99 most <"$work/latency"
echo "change to screen, under 200 other changes a second: median $median ms, p99 $p99 ms, most $most ms (wanted: p99 250)"
within "change to screen" "$p99" 250
[ "$missed" = 0 ]
