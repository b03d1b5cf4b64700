#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A sensor behind an API server that is killed and started again while etcd is compacted, and behind a proxy that cuts, stalls,
# breaks off and refuses, while objects change all the time. CHAOS_RESTARTS (3) and CHAOS_SECONDS (45) say for how long. What
# it says in the end is what the server has; what it says on the way was never replaced before it was asked; a refused
# resource is asked at most once a second; its memory stays.
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

# compact: etcd forgets all but the present, which is one that no watch has heard of.
compact() {
	etcd=$(cat "$CLUSTER/etcd.url")
	revision=$(curl -sf "$etcd/v3/kv/put" -d '{"key":"cmVsaWdodA==","value":"MQ=="}' | jq -r .header.revision)
	said=$(curl -s "$etcd/v3/kv/compaction" -d "{\"revision\":\"$revision\"}")
	case $said in
	*"has been compacted"*) ;; # the clock was quicker, with a later one
	*error*) fail "etcd: $said" ;;
	esac
}

# The clock: its hands move three times a second, and each move that the server has taken is noted.
: >"$work/moves"
clock() {
	n=1
	while [ ! -e "$work/stop" ] && [ "$n" -lt 20000 ]; do
		printf '{"data":{"n":"%d"}}' "$n" >"$work/hand.json"
		if api PATCH /api/v1/namespaces/chaos/configmaps/clock "$work/hand.json" >/dev/null 2>&1; then
			printf '%d %s\n' "$n" "$(date +%s.%N)" >>"$work/moves"
			n=$((n + 1))
			[ $((n % 60)) != 0 ] || compact
		fi
		sleep 0.3
	done
}
clock &
clock=$!
heartbeat
clean_up() {
	touch "$work/stop"
	rm -f "$work/compacting"
	kill ${sensor:-} ${direct:-} $clock $heartbeat ${proxy:-} 2>/dev/null
	wait
}

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

# settles NAME: its newest words on the clock are of a move that was made after now
settles() {
	last=$(tail -n 1 "$work/moves" | cut -d' ' -f1)
	tries=0
	for of in clock clocks; do
		until said=$(grep '}$' "$work/$1" | jq -r --arg id "$of" 'select(.dependency == $id and (.status == "healthy" or
			.status == "degraded")) | .message | capture("(?<n>[0-9]+)$").n' | tail -n 1) && [ "${said:-0}" -gt "$last" ]; do
			tries=$((tries + 1))
			[ "$tries" -lt 900 ] || { say "$1: $of stayed at ${said:-nothing} after move $last"; return; }
			sleep 0.1
		done
	done
}
# never_stale NAME: no observation shows a hand that had been moved on half a second before it was asked, not counting what the
# machine withheld from everybody in between (heartbeat)
never_stale() {
	grep '}$' "$work/$1" | jq -r 'select((.dependency == "clock" or .dependency == "clocks") and
		(.status == "healthy" or .status == "degraded")) |
		"\((.asked[0:19] + "Z" | fromdate) + ("0" + .asked[19:26] | tonumber)) \(.message | capture("(?<n>[0-9]+)$").n) \(.dependency)"' >"$work/said"
	[ -s "$work/said" ] || say "$1: it said nothing of the clock"
	awk 'NR == FNR { time[$1] = $2; next }
		($2 + 1) in time && $1 - time[$2 + 1] > 0.5 { printf "%s %.6f %s %d\n", time[$2 + 1], $1, $3, $2 }' "$work/moves" "$work/said" >"$work/old"
	: >"$work/stale"
	while read -r replaced asked of hand; do
		awk -v from="$replaced" -v to="$asked" -v lost="$(withheld "$replaced" "$asked")" 'BEGIN { exit !(to - from > 0.5 + lost) }' &&
			echo "$of showed $hand, asked at $asked, replaced at $replaced" >>"$work/stale"
	done <"$work/old"
	[ ! -s "$work/stale" ] || say "$1: $(wc -l <"$work/stale") stale observations, the first: $(head -n 1 "$work/stale")"
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

# --- a server that is killed and comes back ---

# proxy SECONDS LOG: one that misbehaves for so long; $work/kubeconfig leads to it
proxy() {
	serve chaos "$(sed 's/.*://' "$CLUSTER/url")" "$CLUSTER/server.crt" "$CLUSTER/server.key" "${CHAOS_SEED:-7}" "$1" "$2"
	proxy=$server
	sed "s|server: .*|server: https://127.0.0.1:$port|" "$CLUSTER/kubeconfig-token" >"$work/kubeconfig"
}

# One sensor asks the server itself, another one through an honest proxy, which sees how often the server says 410.
sensor restarts "$CLUSTER/kubeconfig"
direct=$sensor
exec 3>"$work/restarts.stdin"
proxy 0 "$work/answers"
sensor proxied "$work/kubeconfig"
exec 4>"$work/proxied.stdin"
# knows NAME: it has told of all that it is asked for
knows() {
	for of in clock clocks services; do
		grep "\"$of\"" "$work/$1" | grep -q '"status":"\(healthy\|degraded\)"' || return 1
	done
}
for name in restarts proxied; do
	wait_for 60 knows $name || say "$name: it does not find its way: $(tail -n 3 "$work/$name")"
done
sleep 3
before=$(memory $direct)
proxied_before=$(memory $sensor)
turn=0
while [ "$turn" -lt "$restarts" ]; do
	kill -9 "$(cat "$CLUSTER/apiserver.pid")"
	compact
	sh "$tests/cluster.sh" restart "$CLUSTER" 3>&- 4>&-
	sleep 5
	turn=$((turn + 1))
done
for name in restarts proxied; do
	settles $name
	never_stale $name
	grep -q '"status":"unknown"' "$work/$name" || say "$name: it never said that the server is gone"
done
flat restarts "$before" $direct
flat proxied "$proxied_before" $sensor
gone=$(grep -c ' gone ' "$work/answers" || true)
[ "$gone" -gt 0 ] || say "proxied: the server said only $gone times that what was known is too old"
[ -z "${CHAOS_RESTARTS:-}" ] || echo "test_chaos.sh: $restarts restarts, $gone times 410, resident $before to $(memory $direct) kB"
watches_again() {
	tries=0
	until tail -n +"$1" "$work/answers" | grep -q "$2 watch=true.*$3"; do
		tries=$((tries + 1))
		[ "$tries" -lt 900 ] || { say "proxied: $2 $3 is not watched any more"; return; }
		sleep 0.1
	done
}
from=$(wc -l <"$work/answers")
watches_again "$from" configmaps labelSelector
watches_again "$from" configmaps fieldSelector
watches_again "$from" services ""
exec 3>&- 4>&-
wait $direct $sensor || true

# --- pages that etcd forgets half-way ---

api POST /api/v1/namespaces - >/dev/null <<'END'
{"metadata":{"name":"crowd"}}
END
seq 1 1200 | while read -r n; do
	[ "$n" = 1 ] || echo next
	printf 'silent\noutput = "/dev/null"\nurl = "%s/api/v1/namespaces/crowd/configmaps"\n' "$(cat "$CLUSTER/url")"
	printf 'cacert = "%s"\ncert = "%s"\nkey = "%s"\n' "$CLUSTER/ca.crt" "$CLUSTER/admin.crt" "$CLUSTER/admin.key"
	printf 'header = "Content-Type: application/json"\ndata = "{\\"metadata\\":{\\"name\\":\\"c%d\\",\\"labels\\":{\\"of\\":\\"crowd\\"}}}"\n' "$n"
done >"$work/crowd"
curl -K "$work/crowd"
runbook "  main: {kubernetes: {kubeconfig: $work/kubeconfig, context: test}}" \
	"- {id: crowd, timeout: 60s, check: {kubernetes: {target: main, resource: configmaps, namespace: crowd, selector: of=crowd}}}"
: >"$work/compacting"
while [ -e "$work/compacting" ]; do
	compact
	sleep 0.02
done &
compacting=$!
lists=0
expired=0
while [ "$lists" -lt 10 ] || { [ "$expired" = 0 ] && [ "$lists" -lt 200 ]; }; do
	observe
	expect crowd healthy "1200 configmaps"
	lists=$((lists + 1))
	expired=$(grep -c ' gone .*continue=' "$work/answers" || true)
done
rm "$work/compacting"
wait $compacting
[ "$expired" -gt 0 ] || say "pages: of $lists lists, no page was forgotten"
[ -z "${CHAOS_RESTARTS:-}" ] || echo "test_chaos.sh: $expired of $lists lists lost their pages"
kill $proxy

# --- a proxy that misbehaves ---

proxy "$seconds" "$work/requests"
sensor faults "$work/kubeconfig"
exec 3>"$work/faults.stdin"
wait_for 60 knows faults || say "faults: it does not find its way: $(tail -n 3 "$work/faults")"
before=$(memory $sensor)
sleep "$((seconds - 2))"
settles faults
never_stale faults
flat faults "$before" $sensor
# Of one resource, no request follows a refusal within a second, or within the two seconds that a 429 asks for, but one that
# was on its way already: its connection had come by then, as far as the proxy could see. What is not asked by a watch (/readyz, who the cluster is) has rhythms of its own.
awk 'function hasty(key, rest) { return key in refused && $1 - refused[key] > 100 && $1 - refused[key] < rest }
	$4 ~ /configmaps|services/ { own = $4 " " ($5 ~ /fieldSelector/) ($5 ~ /labelSelector/)
		if (hasty($4, 950) || hasty(own, 1950)) { print; n++ }
		delete refused[$4]; delete refused[own]
		if ($3 ~ /429|500|503/) refused[$4] = $2
		if ($3 == 429) refused[own] = $2 }
	END { exit n > 0 }' "$work/requests" >"$work/hasty" ||
	say "faults: $(wc -l <"$work/hasty") requests within a second of a refusal, the first: $(head -n 1 "$work/hasty")"
[ "$(awk '$3 != "pass"' "$work/requests" | wc -l)" -gt 3 ] || say "faults: the proxy did hardly anything"
[ -z "${CHAOS_SECONDS:-}" ] || {
	echo "test_chaos.sh: $seconds s of faults, resident $before to $(memory $sensor) kB; requests:"
	cut -d' ' -f3 "$work/requests" | sort | uniq -c
}
exec 3>&-
wait $sensor || true
kill $proxy
touch "$work/stop"
done_probing
