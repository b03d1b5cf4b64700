#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The end of a record is in its refuge alone: whoever reads it reads that too, and is told what was covered; where it
# cannot be read with it, that is said.
set -eu
. "$(dirname "$0")/lib.sh"
scripted
mkdir run
export XDG_RUNTIME_DIR="$work/run"
where=refuge

# The home syncs nothing any more from the third group of lines on.
expect_code 0 env LD_PRELOAD="$SUPPORT/failing.so" FAIL_BELOW="$work/it" FAIL_SYNC=3 FAIL_ON=1 \
	"$RELIGHT" run scripted.yaml --headless --dir it
cp out it.out
refuge=$(find run -name timeline.jsonl)
[ -s "$refuge" ] || fail "no refuge"
all=$(wc -l <it.out)
from=$(head -n1 "$refuge" | jq .seq)

# As after a power cut: what was not synced is gone.
jq -c "select(.seq < $from)" it/timeline.jsonl >whole
head -n "$(wc -l <whole)" it/timeline.jsonl >short
printf '{"v":1,"seq":' >>short
cp short it/timeline.jsonl
rm -f it/timeline-*.jsonl
head=$(tail -n1 "$refuge" | jq -r .h)

covered() {
	says "$1" "seq $from to $((all - 1)) are in the record's refuge alone, $(dirname "$work/$refuge"), and were read with it"
}
expect_code 0 "$RELIGHT" timeline verify it
says out "it: good: $all good lines, head $head"
covered out
expect_code 0 "$RELIGHT" timeline verify --format json it
[ "$(jq -c '[.ok, .events, .refuge.from_seq, .refuge.events]' out)" = "[true,$all,$from,$((all - from))]" ] || fail "verify --format json: $(cat out)"
expect_code 0 "$RELIGHT" timeline show --format jsonl it
cmp -s out it.out || fail "show does not show what was acknowledged"
covered err
expect_code 0 "$RELIGHT" report it
says out "| three | done"
covered err
expect_code 0 "$RELIGHT" status it
says out "$head"
expect_code 0 "$RELIGHT" status it --step three

# Its files one by one are no whole record.
expect_code 1 "$RELIGHT" timeline verify it/timeline.jsonl
says out "this file alone was read, and the record goes on in others: name $work/it"

# Nothing was written by those who read.
cmp -s short it/timeline.jsonl || fail "the record was written to"

# A line of it that was altered is found.
cp -a run altered
sed -i 's/"success"/"failure"/' "altered/${refuge#run/}"
expect_code 1 env XDG_RUNTIME_DIR="$work/altered" "$RELIGHT" timeline verify it
says out 'was changed: its digest is not that of its bytes'

# One that does not go on from the home's last line is not taken for its end, and not passed over.
cp -a run other
sed -i 1d "other/${refuge#run/}"
expect_code 1 env XDG_RUNTIME_DIR="$work/other" "$RELIGHT" timeline verify it
says out "the record's refuge, which was not read: does not go on from seq $((from - 1)), the last one at home"

# Evidence that it alone has is looked for there.
expect_code 0 "$RELIGHT" resume it --headless
[ -z "$(find run -type f)" ] || fail "the refuge did not come home"
expect_code 0 "$RELIGHT" timeline verify it
! grep -q refuge out || fail "of a refuge that came home is spoken: $(cat out)"
[ "$(head -n "$all" it/timeline.jsonl)" = "$(cat it.out)" ] || fail "what came home is not what was acknowledged"

# Whoever has no runtime directory finds the one of the incident's owner, where there is one.
owners=/run/user/$(id -u)
if [ -d "$owners" ] && [ -w "$owners" ]; then
	mkdir -p "$owners/relight"
	name=$(basename "$(dirname "$refuge")")
	cp -a "altered/relight/$name" "$owners/relight/$name"
	cp short it/timeline.jsonl
	expect_code 1 env -u XDG_RUNTIME_DIR "$RELIGHT" timeline verify it
	rm -rf "$owners/relight/$name"
	rmdir "$owners/relight" 2>/dev/null || :
	says out "in the record's refuge alone, $owners/relight/$name"
fi
echo "ok test_refuge.sh"
