#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A record in more places than one: the mirror, and going on behind damage.
set -eu
. "$(dirname "$0")/lib.sh"

cat >two.yaml <<'Y'
relight: 1
name: two
steps:
  - {id: one, run: {shell: 'echo ran >>one.ran'}}
  - {id: held, run: {shell: 'echo ran >>held.ran; test -e go'}}
Y
cat >answers.yaml <<'Y'
answers: 1
on_failure: stop
Y

# --- a mirror is an incident of its own ---
mkdir mirrors
expect_code 1 "$RELIGHT" run two.yaml --headless --answers answers.yaml --dir home --mirror mirrors
mirror=$(echo mirrors/*-two)
cmp home/timeline.jsonl "$mirror/timeline.jsonl" || fail "the mirror differs"
cmp home/frozen/runbook.yaml "$mirror/frozen/runbook.yaml" || fail "the mirror lacks the runbook"
[ "$(stat -c %a "$mirror" "$mirror/timeline.jsonl" | tr '\n' ' ')" = "700 600 " ] || fail "the mirror is open to others"
expect_code 0 "$RELIGHT" timeline verify "$mirror"
[ "$(events home 'map(select(.kind=="log.segment" and .data.mirror)) | length')" = 1 ] || fail "where the mirror is, is not recorded"

# --- resume goes on with it, without being told ---
rm held.ran
expect_code 1 "$RELIGHT" resume home --headless
cmp home/timeline.jsonl "$mirror/timeline.jsonl" || fail "the mirror differs after resume"

# --- and from it, when the incident's own directory is gone ---
cp -a home gone
rm -rf home
expect_code 1 "$RELIGHT" resume "$mirror" --headless
[ "$(wc -l <one.ran)" = 1 ] || fail "what was done was done again"
expect_code 0 "$RELIGHT" timeline verify "$mirror"

# --- whoever writes it has it for itself, as it has the incident's own directory ---
mkdir held
rm -f held.ran
cat >waits.yaml <<'Y'
relight: 1
name: two
steps:
  - {id: held, run: {shell: 'echo ran >>held.ran; while ! test -e go; do sleep 0.05; done'}}
Y
"$RELIGHT" run waits.yaml --headless --dir first --mirror held >run.out 2>run.err &
pid=$!
wait_for 60 test -e held.ran || fail "held: not started: $(cat run.err)"
mirror=$(echo held/*-two)
expect_code 2 "$RELIGHT" resume "$mirror" --headless
says err "another relight is writing it"
# Another incident with the name of that one: opened in the same second.
mkdir -p twin
cp -a first/timeline.jsonl first/frozen twin/
"$RELIGHT" resume twin --headless >twin.out 2>twin.err &
twin=$!
wait_for 60 grep -q '"what":"the mirror cannot be written".*another relight is writing it' twin/timeline.jsonl ||
	fail "a mirror that somebody has is not said to be: $(cat twin.err)"
touch go
wait "$twin" || :
wait "$pid" || fail "held: exit $?: $(cat run.err)"
cmp first/timeline.jsonl "$mirror/timeline.jsonl" || fail "somebody else wrote into the mirror"
rm go

# --- a mirror that is not there when it is named ---
for place in nowhere two.yaml; do
	expect_code 2 "$RELIGHT" run two.yaml --headless --dir lone --mirror "$place"
	says err "--mirror $place: "
	test ! -e lone || fail "it was opened without its mirror"
done

# --- damage in the middle ---
cat >slow.yaml <<'Y'
relight: 1
name: slow
steps:
  - {id: one, run: {shell: 'echo ran >>one.ran'}}
  - {id: slow, run: {shell: 'echo ran >>slow.ran; while ! test -e go; do sleep 0.05; done'}}
  - {id: last, run: {command: ["true"]}}
Y
rm -f one.ran
"$RELIGHT" run slow.yaml --headless --dir damaged >run.out 2>run.err &
pid=$!
wait_for 60 test -e slow.ran || fail "damaged: not started"
children=$(pgrep -P "$pid") # the launcher, which may still be making a spare attempt, and the sensor
kill -9 "$pid"
wait "$pid" 2>/dev/null || true
for child in $children; do
	wait_for 60 has_ended "$child" || fail "damaged: process $child, which it had started, goes on"
done
[ ! -e damaged/attempts/.spare ] || fail "damaged: a spare attempt is left"
cp -a damaged whole
line=$(grep -n '"kind":"step.result"' damaged/timeline.jsonl | head -n1 | cut -d: -f1)
sed -i "${line}s/success/failure/" damaged/timeline.jsonl
cp damaged/timeline.jsonl as-it-was
expect_code 2 "$RELIGHT" resume damaged --headless
says err "line $line"
says err "--past-damage"
expect_code 1 "$RELIGHT" timeline show damaged
says out "BAD  line $line"
expect_code 2 "$RELIGHT" resume whole --headless --past-damage
says err "not damaged"

# What the damaged line said is told by the attempt's own files; what runs is found.
touch go
expect_code 0 "$RELIGHT" resume damaged --headless --past-damage
cmp as-it-was damaged/timeline.jsonl || fail "the damaged file was touched"
head -n1 damaged/timeline-2.jsonl | grep -q '"kind":"log.segment".*"first_bad_line":'"$line" || fail "the segment does not say what it follows"
[ "$(wc -l <one.ran)$(wc -l <slow.ran)" = 11 ] || fail "a step was run twice"
expect_code 1 "$RELIGHT" timeline verify damaged
[ "$(grep -c ' line [0-9]' out)" = 1 ] || fail "more is said to be bad than is: $(cat out)"

# What reads it reads all of it, and the next session needs no insisting again.
expect_code 0 "$RELIGHT" status damaged
says out "recovered"
expect_code 1 "$RELIGHT" report damaged # what it tells rests on a broken chain
says out "| last | done"
expect_code 0 "$RELIGHT" resume damaged --headless
[ ! -e damaged/timeline-3.jsonl ] || fail "a segment for nothing"

# Damage behind that is damage again.
sed -i '3s/"by"/"bY"/' damaged/timeline-2.jsonl
expect_code 2 "$RELIGHT" resume damaged --headless
expect_code 0 "$RELIGHT" resume damaged --headless --past-damage
[ -s damaged/timeline-3.jsonl ] || fail "no third segment"
# Whichever line is lost, what was done is known, and the incident has its name.
cat >lines.yaml <<'Y'
relight: 1
name: lines
title: Each line in turn
steps:
  - {id: one, run: {shell: 'echo ran >>one.ran'}}
  - {id: two, manual: look}
Y
rm -f one.ran
expect_code 3 "$RELIGHT" run lines.yaml --headless --dir "$work/lines"
nobody_has_it() { ! pgrep -f -- "--dir $work/lines" >/dev/null; }
wait_for 60 nobody_has_it || fail "lines: its launcher goes on"
name=$(jq -r 'select(.kind == "incident.declared").data.id' lines/timeline.jsonl)
for line in $(seq 1 "$(wc -l <lines/timeline.jsonl)"); do
	rm -rf lost
	cp -a lines lost
	sed -i "${line}s/^.*$/lost/" lost/timeline.jsonl
	if sed -n "${line}p" lines/timeline.jsonl | grep -q runbook.loaded; then
		expect_code 2 "$RELIGHT" resume lost --headless --past-damage
		says err 'the line that says which runbook it was is damaged'
		continue
	fi
	expect_code 3 "$RELIGHT" resume lost --headless --past-damage
	# A declaration that is made again is named after the first line that is left.
	called=$name
	! sed -n "${line}p" lines/timeline.jsonl | grep -q incident.declared || called=-lines
	says err "$called: step two"
	[ "$(wc -l <one.ran)" = 1 ] || fail "line $line lost: what was done was done again"
	expect_code 0 "$RELIGHT" status lost
	says out "$called"
	says out 'Each line in turn'
	expect_code 0 "$RELIGHT" status lost --step one
done

# A file that says it continues the record from its middle on takes nothing out of it.
rm -rf lost
cp -a lines lost
sed -n 4p lost/timeline.jsonl >lost/timeline-2.jsonl
expect_code 1 "$RELIGHT" timeline verify lost
says out "lost/timeline-2.jsonl: line 1: begins with seq 3, and line 5 of timeline.jsonl, which is whole, does not stand in it again"
expect_code 1 "$RELIGHT" report lost
says err "lost/timeline-2.jsonl: line 1: "
says out "| one | done"
expect_code 2 "$RELIGHT" resume lost --headless
says err "lost/timeline-2.jsonl: line 1: "
expect_code 3 "$RELIGHT" resume lost --headless --past-damage
expect_code 3 "$RELIGHT" resume lost --headless
[ ! -e lost/timeline-4.jsonl ] || fail "insisted on twice"
[ "$(wc -l <one.ran)" = 1 ] || fail "what was done was done again"
mv lost/timeline-2.jsonl aside
expect_code 1 "$RELIGHT" timeline verify lost
says out "lost/timeline-3.jsonl: is there without timeline-2.jsonl"
expect_code 2 "$RELIGHT" resume lost --headless
says err "lost/timeline-3.jsonl: is there without timeline-2.jsonl"
echo "ok test_elsewhere.sh"
