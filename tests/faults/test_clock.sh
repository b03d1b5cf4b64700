#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The wall clock is set under way: it is recorded, and durations are what they were.
set -eu
. "$(dirname "$0")/lib.sh"
library=$(dpkg -L libfaketime 2>/dev/null | grep 'libfaketimeMT.so.1$' || true)
if [ -z "$library" ]; then
	echo "skipped test_clock.sh: libfaketime is not installed"
	exit 0
fi
cat >slow.yaml <<'Y'
relight: 1
name: slow
objectives: {rto: 1h, mtd: 2h}
steps:
  - {id: slow, run: {shell: 'touch begun; while ! test -e go; do sleep 0.05; done'}, timeout: 30m}
  - {id: brief, run: {command: [sleep, "1"]}}
Y

# set_clock OFFSET: for those that run under faked.
set_clock() {
	echo "$1" >offset.new
	mv offset.new offset
}
faked="env LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE=$work/offset FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1 \
	FAKETIME_DONT_FAKE_MONOTONIC=1"
# begin: a headless run in the background, its slow step begun.
begin() {
	rm -rf it go begun
	set_clock +0
	$faked "$RELIGHT" run slow.yaml --headless --dir it >it.out 2>it.err &
	pid=$!
	wait_for 60 test -e begun || fail "$where: not started: $(cat it.err)"
}
steps_of_clock() { events it 'map(select(.kind=="clock.step").data.delta_us / 3600e6 | round) | tostring'; }

for jump in 2 -2; do
	where="clock set by $jump hours"
	begin
	set_clock "$(printf %+d "$jump")h"
	wait_for 60 grep -q clock.step it/timeline.jsonl || fail "$where: not recorded"
	"$RELIGHT" status it >status || fail "$where: no status"
	grep -q '^T+0:' status || fail "$where: status says $(grep '^T' status)"
	set_clock +0
	wait_for 60 sh -c '[ "$(grep -c clock.step it/timeline.jsonl)" = 2 ]' || fail "$where: not recorded when it was set back"
	touch go
	wait "$pid" || fail "$where: exit $?: $(cat it.err)"
	expect_code 0 "$RELIGHT" timeline verify it
	[ "$(steps_of_clock)" = "[$jump,$((-jump))]" ] || fail "$where: recorded as $(steps_of_clock)"
	[ "$(events it 'map(select(.kind=="step.result").data.duration_ms) | max < 3600000')" = true ] || fail "$where: a duration has jumped"
	"$RELIGHT" report it >report.md || fail "$where: no report"
	grep -q "the wall clock stepped by $(printf %+d "$jump")h, from " report.md || fail "$where: told as $(grep 'clock stepped' report.md)"
	"$RELIGHT" report it --format json >report.json || fail "$where: no report"
	[ "$(jq '.rto.actual_seconds < 3600 and .rto.met' report.json)" = true ] || fail "$where: the report's duration has jumped: $(jq -c .rto report.json)"
done

# Set while nobody recorded: the next session says so.
where="clock set between sessions"
begin
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
touch go
set_clock -3h
$faked "$RELIGHT" resume it --headless >it.out 2>it.err || fail "$where: exit $?: $(cat it.err)"
[ "$(steps_of_clock)" = "[-3]" ] || fail "$where: recorded as $(steps_of_clock)"
echo "ok test_clock.sh"
