#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A file system that is full when the incident is opened, or fills up under way: it is said, nothing acts unrecorded, and
# once there is room the incident goes on.
set -eu
. "$(dirname "$0")/lib.sh"
scripted 4s
runs=0
mkdir disk
if ! mount -t tmpfs -o size=1m,mode=700 tmpfs disk 2>/dev/null; then
	echo "skipped test_full.sh: no file system can be mounted here"
	exit 0
fi
clean_up() {
	umount "$work/disk"
}

# with_room KIB: the incident on a disk that has so much room left.
with_room() {
	rm -rf disk/* it.* ./*.ran
	mount -o remount,size=1m disk
	room=$(df --output=avail -k disk | tail -n1)
	head -c $(((room - $1) * 1024)) /dev/zero >disk/ballast
	code=0
	timeout 300 "$RELIGHT" run scripted.yaml --headless --dir disk/it >it.out 2>it.err </dev/null || code=$?
	cp it.err run.err
	runs=$((runs + 1))
	[ "$code" != 124 ] || fail "$where: hangs"
	[ "$code" = 0 ] || grep -q 'No space left\|a full disk' it.err || fail "$where: exit $code: it is not said: $(cat it.err)"
	# Whatever acted had its intent on the disk.
	for step in one two three; do
		[ ! -e "$step.ran" ] || grep -q '"kind":"step.intent","step":"'"$step" it.out || fail "$where: $step acted unrecorded"
	done
	mount -o remount,size=2m disk
	resumed disk/it it.out
	[ "$came" = unopened ] || [ "$came" = 1 ] || all_done disk/it
}

for kib in $(points 40 2); do
	where="$((kib * 4)) KiB left"
	with_room $((kib * 4))
done
where="nothing left"
with_room 0
[ "$came" = unopened ] || fail "opened on a full disk"
grep -q -- --dir run.err || fail "what to do is not said: $(cat run.err)"

# With a refuge it goes on, and comes home.
export XDG_RUNTIME_DIR="$work/run"
mkdir -m 700 run
where="full, with a refuge"
for kib in 20 28 36 44 60; do
	with_room "$kib"
	[ -z "$(find run -type f)" ] || fail "$where: the refuge is not empty"
done
# What a full disk kept from beginning is said to have, at once: it does not run.
where="full, with a refuge, before a step begins"
cat >asked.yaml <<'Y'
relight: 1
name: asked
steps:
  - {id: asked, manual: look}
  - {id: after, run: {shell: 'touch after.ran'}}
Y
cat >asked.answers.yaml <<'Y'
answers: 1
steps: {asked: {confirm: seen}}
Y
rm -rf disk/* it.* ./*.ran
mount -o remount,size=1m disk
expect_code 3 "$RELIGHT" run asked.yaml --headless --dir disk/it
head -c 2000000 /dev/zero >disk/ballast 2>ballast.err || :
timeout 300 "$RELIGHT" resume disk/it --headless --answers asked.answers.yaml >it.out 2>it.err </dev/null &
pid=$!
wait_for 60 grep -q '"step.result","step":"after".*"never-started"' it.out || fail "$where: it is not said: $(tail -n3 it.out)"
wait "$pid" || :
[ ! -e after.ran ] || fail "$where: it ran"
runs=$((runs + 1))
# What it swallowed of an output is said by all that tell of it.
where="full, then not any more"
cat >long.yaml <<'Y'
relight: 1
name: long
steps:
  - {id: long, run: {shell: 'head -c 3000000 /dev/zero | tr "\0" x | fold -w 80; echo restored with 3 errors; rm -f disk/ballast'}}
Y
rm -rf disk/* it.*
mount -o remount,size=2m disk
head -c 200000 /dev/zero >disk/ballast
timeout 300 "$RELIGHT" run long.yaml --headless --dir disk/it >it.out 2>it.err </dev/null || fail "$where: exit $?: $(cat it.err)"
[ "$(jq -s 'map(select(.kind == "step.result"))[0].data.output | .missing_bytes > 0 and .bytes + .missing_bytes > 3000000' disk/it/timeline.jsonl)" = true ] ||
	fail "$where: the record does not say it: $(grep step.result disk/it/timeline.jsonl)"
expect_code 0 "$RELIGHT" timeline verify disk/it
says out "not whole: the end of 1 of these outputs"
"$RELIGHT" report disk/it >report.md || fail "$where: no report"
says report.md "are MISSING at its end"
cp -r disk/it kept # against the schema; the disk is gone by then
runs=$((runs + 1))
echo "ok test_full.sh: $runs runs, seed $FAULTS_SEED"
