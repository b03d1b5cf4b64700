#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh [--check] RELIGHT [frame|keys|chain|idle|resume|append]...
#
# Measures ./relight beside a named reference, in the same run, interleaved, and prints one line a number: what was measured,
# the reference, the ratio, the goal. Exits 1 if a measurement could not be made, and with --check if a goal is missed.
# RELIGHT_BENCH_REPEAT (default 11) is how often the short ones are repeated; medians count.
set -eu

must_reach=
[ "${1:-}" != --check ] || { must_reach=1; shift; }
[ $# -ge 1 ] || { echo "relight: bench: usage: run.sh [--check] RELIGHT [frame|keys|chain|idle|resume|append]..." >&2; exit 2; }
relight=$(realpath "$1")
shift
[ $# -gt 0 ] || set -- frame keys chain idle resume append
repeat=${RELIGHT_BENCH_REPEAT:-11}

top=$(cd "$(dirname "$0")/../.." && pwd)
make -s -C "$top" bench-programs
programs=$top/build/release/bench
work=$(mktemp -d "$programs/work-XXXXXX") # on the disk of the tree: /tmp may be memory, where a sync costs nothing
nginx_pid=
cleanup() {
	[ -z "$nginx_pid" ] || kill "$nginx_pid" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
export XDG_STATE_HOME="$work/state" XDG_CONFIG_HOME="$work/config"
missed=0
broken=0

# --- numbers -------------------------------------------------------------------------------------------------------------

# The middle one of the numbers in a file.
median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

calculate() {
	awk "BEGIN { printf \"%.${2:-2}f\", $1 }"
}

# verdict VALUE LIMIT: says ok or MISSED, and counts.
verdict() {
	if awk "BEGIN { exit !($1 <= $2) }"; then
		echo ok
	else
		echo MISSED
	fi
}

# report TEXT VALUE LIMIT
report() {
	word=$(verdict "$2" "$3")
	[ "$word" = ok ] || missed=$((missed + 1))
	echo "$1 $word"
}

cannot() {
	broken=$((broken + 1))
	echo "relight: bench: $1: could not be measured; its messages stand above" >&2
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# timed COMMAND...: its duration in milliseconds; its output goes to a file that is shown if it fails.
timed() {
	began=$(now_ms)
	"$@" >"$work/said" 2>&1 </dev/null || { tail -n 20 "$work/said" >&2; return 1; }
	echo $(($(now_ms) - began))
}

# --- start to first complete frame ---------------------------------------------------------------------------------------

# Complete is a frame when its first line, the order and the bottom line with the keys stand.
frame_relight() {
	"$programs/first_frame" 24 80 REHEARSAL 'RESTORE ORDER' 'Tab next' '? help' -- "$relight" "$@"
}

bench_frame() {
	runbook=$top/runbooks/case-management-eks.yaml
	scenario=$top/runbooks/scenarios/eks-cluster-loss.yaml
	i=0
	while [ $i -le "$repeat" ]; do
		# The first round only warms the caches.
		[ $i != 1 ] || rm -f "$work"/frame.*
		"$programs/first_frame" 24 80 '^G Help' '^X Exit' -- nano >>"$work/frame.nano" || return 1
		frame_relight demo --speed 20 --dir "$work/demo-$i" >>"$work/frame.demo" || return 1
		frame_relight run "$runbook" --scenario "$scenario" --dir "$work/run-$i" >>"$work/frame.run" || return 1
		i=$((i + 1))
	done
	nano=$(median "$work/frame.nano")
	for what in demo run; do
		ms=$(median "$work/frame.$what")
		ratio=$(calculate "$ms / $nano" 1)
		report "first frame of relight $what: $ms ms, nano $nano ms: ${ratio}x (goal 3x)" "$ratio" 3
	done
}

# --- key to changed screen -----------------------------------------------------------------------------------------------

# A runbook whose 1,000 dependencies all change once a second, for a minute.
keys_write() {
	awk 'BEGIN {
		print "relight: 1\nname: bench-keys\ndependencies:"
		for (d = 0; d < 1000; d++)
			printf "- {id: d%d, layer: workloads, every: 1s, timeout: 1s, check: {tcp: {host: 127.0.0.1, port: 9}}}\n", d
		print "steps:"
		for (s = 0; s < 40; s++)
			printf "- {id: step-%d, needs: [], takes: 1m, timeout: 5m, manual: look at number %d}\n", s, s
	}' >"$work/keys.yaml"
	awk 'BEGIN {
		print "scenario: 1\nname: bench-keys\nrunbook: keys.yaml\nseed: 7\nevents:"
		for (t = 1; t <= 60; t++) {
			printf "- at: %ds\n  set: {", t
			for (d = 0; d < 1000; d++)
				printf "%sd%d: %s", d ? ", " : "", d, (t + d) % 2 ? "degraded" : "healthy"
			print "}"
		}
	}' >"$work/keys-scenario.yaml"
	seq 1000 >"$work/keys.txt"
}

bench_keys() {
	keys_write
	"$programs/key_latency" 45 160 200 Down Up '^X Exit' -- nano "$work/keys.txt" >"$work/keys.nano" || return 1
	"$programs/key_latency" 45 160 500 j k 'RESTORE ORDER' -- \
		"$relight" run "$work/keys.yaml" --scenario "$work/keys-scenario.yaml" --dir "$work/keys" >"$work/keys.relight" || return 1
	read -r nano_median nano_p99 nano_max <"$work/keys.nano"
	read -r half p99 max <"$work/keys.relight"
	ratio=$(calculate "$p99 / $nano_p99" 1)
	report "key to changed screen, 1,000 dependencies changing each second: p99 $p99 ms, median $half, max $max;\
 nano's p99 $nano_p99 ms, median $nano_median, max $nano_max: ${ratio}x (goal p99 under 16 ms)" "$p99" 16
}

# --- 1,000 steps ---------------------------------------------------------------------------------------------------------

chain_write() {
	awk 'BEGIN {
		print "relight: 1\nname: bench-chain\nsteps:"
		for (s = 0; s < 1000; s++)
			printf "- {id: step-%d, takes: 1s, timeout: 1m, run: {command: [\"true\"]}}\n", s
	}' >"$work/chain.yaml"
	awk 'BEGIN {
		print "step-999:"
		for (s = 999; s >= 0; s--)
			printf "step-%d:%s\n\ttrue\n", s, s ? " step-" s - 1 : ""
	}' >"$work/chain.mk"
	printf 'answers: 1\noperator: bench\n' >"$work/answers.yaml"
}

bench_chain() {
	chain_write
	for i in 1 2 3; do
		timed make -j1 -f "$work/chain.mk" >>"$work/chain.make" || return 1
		timed "$programs/append_sync" 3000 450 "$work/chain.append-$i" >>"$work/chain.sync" || return 1
		timed "$relight" run "$work/chain.yaml" --headless --parallel 1 --answers "$work/answers.yaml" \
			--dir "$work/chain-$i" >>"$work/chain.relight" || return 1
	done
	make_ms=$(median "$work/chain.make")
	sync_ms=$(median "$work/chain.sync")
	ms=$(median "$work/chain.relight")
	ratio=$(calculate "$ms / ($make_ms + $sync_ms)" 1)
	report "1,000 no-op steps: $ms ms, make $make_ms ms + 3,000 synced lines $sync_ms ms: ${ratio}x (goal 3x)" "$ratio" 3
}

# --- idle ----------------------------------------------------------------------------------------------------------------

# Starts nginx on the first free port at or after the one given; sets port and nginx_pid.
nginx_start() {
	port=$1
	while [ "$port" -lt $(($1 + 50)) ]; do
		cat >"$work/nginx.conf" <<-EOT
			daemon off;
			worker_processes 1;
			pid $work/nginx.pid;
			error_log $work/nginx.log;
			events {}
			http {
				access_log off;
				client_body_temp_path $work/nginx-tmp;
				proxy_temp_path $work/nginx-tmp;
				fastcgi_temp_path $work/nginx-tmp;
				uwsgi_temp_path $work/nginx-tmp;
				scgi_temp_path $work/nginx-tmp;
				server {
					listen 127.0.0.1:$port;
					location / { return 200 "well\n"; }
				}
			}
		EOT
		PATH=$PATH:/usr/sbin nginx -c "$work/nginx.conf" 2>"$work/nginx.err" &
		nginx_pid=$!
		tries=0
		while kill -0 "$nginx_pid" 2>/dev/null && [ $tries -lt 50 ]; do
			if curl -sf -o /dev/null "http://127.0.0.1:$port/"; then
				return 0
			fi
			sleep 0.1
			tries=$((tries + 1))
		done
		kill "$nginx_pid" 2>/dev/null || true
		port=$((port + 1))
	done
	cat "$work/nginx.err" >&2
	nginx_pid=
	return 1
}

idle_write() {
	awk -v port="$port" 'BEGIN {
		print "relight: 1\nname: bench-idle\ndependencies:"
		for (d = 0; d < 50; d++)
			printf "- {id: http-%d, layer: edge, every: 10s, timeout: 3s, check: {http: {url: \"http://127.0.0.1:%d/%d\", expect: {status: 200}}}}\n", d, port, d
		for (d = 0; d < 50; d++)
			printf "- {id: tcp-%d, layer: network, every: 10s, timeout: 3s, check: {tcp: {host: 127.0.0.1, port: %d}}}\n", d, port
		print "steps:\n- {id: wait, takes: 1m, timeout: 5m, manual: wait}"
	}' >"$work/idle.yaml"
}

# Both at the same time, so that what else the machine does meets both.
bench_idle() {
	nginx_start 18480 || return 1
	idle_write
	"$programs/idle" 24 80 15 30 'load average' -- top -d 1 >"$work/idle.top" &
	top_pid=$!
	"$programs/idle" 45 160 15 30 'RESTORE ORDER' -- "$relight" run "$work/idle.yaml" --dir "$work/idle" >"$work/idle.relight" || return 1
	wait $top_pid || return 1
	read -r top_cpu top_rss _ _ <"$work/idle.top"
	read -r cpu rss pss processes <"$work/idle.relight"
	healthy=$(grep -c '"kind":"dependency.status".*"to":"healthy"' "$work/idle/timeline.jsonl" || true)
	[ "$healthy" -ge 100 ] || { echo "relight: bench: only $healthy of 100 dependencies became healthy" >&2; return 1; }
	report "idle, 100 healthy http and tcp dependencies: $cpu % of a core, top -d 1 $top_cpu %:\
 $(calculate "$cpu / ($top_cpu + 0.001)" 1)x (goal under 1 %)" "$cpu" 1
	report "resident memory of its $processes processes: $(calculate "$rss / 1024" 1) MiB,\
 shared pages counted once $(calculate "$pss / 1024" 1) MiB, top $(calculate "$top_rss / 1024" 1) MiB:\
 $(calculate "$rss / $top_rss" 1)x (goal under 40 MiB)" "$(calculate "$rss / 1024")" 40
	kill "$nginx_pid"
	nginx_pid=
}

# --- the record: going on with a long one, and what a line costs -----------------------------------------------------------

resume_write() {
	awk 'BEGIN {
		print "relight: 1\nname: bench-long\ndependencies:"
		for (d = 0; d < 100; d++)
			printf "- {id: d%d, every: 60s, check: {tcp: {host: 127.0.0.1, port: 9}}}\n", d
		print "steps:\n- {id: wait, manual: wait}"
		for (s = 0; s < 20; s++)
			printf "- {id: s%d, takes: 1m, timeout: 10m, run: {command: [\"false\"]}}\n", s
	}' >"$work/long.yaml"
}

bench_resume() {
	resume_write
	code=0
	"$relight" run "$work/long.yaml" --headless --dir "$work/long" >/dev/null 2>&1 </dev/null || code=$?
	[ "$code" = 3 ] || return 1
	python3 "$top/tests/bench/grow.py" "$work/long" 100000 || return 1
	for i in 1 2 3 4 5; do
		timed jq -n 'reduce inputs as $event (0; . + 1)' "$work/long/timeline.jsonl" >>"$work/long.jq" || return 1
		"$programs/first_frame" 24 80 'RESTORE ORDER' '? help' -- "$relight" resume "$work/long" >>"$work/long.relight" || return 1
	done
	ms=$(median "$work/long.relight")
	kib=$(cut -d' ' -f2 "$work/long.relight" | sort -n | tail -n1)
	jq_ms=$(median "$work/long.jq")
	report "resume of 100,000 events to the first frame: $ms ms, jq reads them in $jq_ms ms:\
 $(calculate "$ms / $jq_ms")x (goal under 1000 ms)" "$ms" 1000
	report "its memory by then: $(calculate "$kib / 1024" 1) MiB (goal under 200 MiB)" "$(calculate "$kib / 1024")" 200
}

bench_append() {
	mkdir "$work/append"
	"$programs/append_latency" 2000 "$work/append" >"$work/append.us" || return 1
	read -r half p99 bare_half bare_p99 <"$work/append.us"
	ratio=$(calculate "$p99 / $bare_p99")
	report "an event recorded and synced: p99 $p99 us, median $half; write and fdatasync alone: p99 $bare_p99 us,\
 median $bare_half: ${ratio}x (goal 1.5x)" "$ratio" 1.5
}

# --- all of it -----------------------------------------------------------------------------------------------------------

for bench in "$@"; do
	case $bench in
	frame | keys | chain | idle | resume | append) ;;
	*) echo "relight: bench: unknown: $bench" >&2; exit 2 ;;
	esac
done
for bench in "$@"; do
	"bench_$bench" || cannot "$bench"
done

[ $broken = 0 ] || exit 1
[ -z "$must_reach" ] || [ $missed = 0 ]
