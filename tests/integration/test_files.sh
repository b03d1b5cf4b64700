#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who may get at the files of an incident, and what is refused as a place for one: each with words that say what to do.
set -eu
. "$(dirname "$0")/lib.sh"

cat >r.yaml <<'Y'
relight: 1
name: places
inputs: {big: {ask: Something large, default: small}}
dependencies: [{id: up, check: {command: ["true"]}, every: 1s, timeout: 1s}]
steps:
  - {id: one, run: {command: [echo, done]}, restores: [up]}
Y
head -c 20000 /dev/zero | tr '\0' x >big
chmod 755 "$work"

# modes DIR MODE-OF-DIRECTORIES MODE-OF-FILES: of all that is in it; the locks are nobody else's in any case.
modes() {
	find "$1" -type d ! -perm "$2" | grep . && fail "directories of $1 that are not $2"
	find "$1" -type f ! -perm "$3" ! -name lock | grep . && fail "files of $1 that are not $3"
	return 0
}

(umask 0 && expect_code 0 "$RELIGHT" run r.yaml --headless --dir private --input big=@big)
modes private 0700 0600
[ -n "$(ls private/evidence)" ] || fail 'nothing went to evidence/'
mkdir open && chmod 755 open
expect_code 0 "$RELIGHT" run r.yaml --headless --dir open
modes open 0700 0600

# --- what is refused as a place ---
refused() { # WORDS DIR
	expect_code 2 timeout 60 "$RELIGHT" run r.yaml --headless --dir "$2"
	says err "$1"
	[ "$(wc -l <err)" = 1 ] || fail "more than one line: $(cat err)"
}
mkdir real
ln -s real link
refused 'link: is a symbolic link, not a directory; name the directory that it leads to' link
grep -q 'make room' err && fail "a link is taken for a full disk: $(cat err)"
[ -z "$(ls -A real)" ] || fail 'a symbolic link was followed'
mkfifo fifo
refused 'fifo: is a FIFO, not a directory' fifo
: >file
refused 'file: is a file, not a directory' file
mkdir everybody && chmod 777 everybody
refused 'everybody: everybody may write there; chmod 700 it' everybody
refused 'everybody: everybody may put something else in the place' everybody/below
refused 'everybody: everybody may put something else in the place' everybody/not/there/yet
[ -z "$(ls -A everybody)" ] || fail "something was left in a directory that was refused: $(ls -A everybody)"
mkdir sticky && chmod 1777 sticky
expect_code 0 "$RELIGHT" run r.yaml --headless --dir sticky/below
for part in timeline.jsonl frozen evidence attempts; do
	mkdir "planted-$part"
	ln -s "$work/real" "planted-$part/$part"
	refused "$part: is a symbolic link, not a" "planted-$part"
	rm "planted-$part/$part"
	mkfifo "planted-$part/$part"
	refused "$part: is a FIFO, not a" "planted-$part"
done
[ -z "$(ls -A real)" ] || fail 'something was written through a symbolic link'
cp -r private taken
rm taken/timeline.jsonl
ln -s ../private/timeline.jsonl taken/timeline.jsonl
expect_code 2 "$RELIGHT" resume ./taken --headless
says err 'taken/timeline.jsonl: is a symbolic link, not a regular file'

if [ "$(id -u)" = 0 ]; then
	mkdir foreign && chown 65534 foreign
	refused 'foreign: belongs to' foreign
	cp -r private theirs && chown -R 65534 theirs
	expect_code 2 "$RELIGHT" resume theirs --headless
	says err "only the owner performs; 'relight watch' looks on"
fi

# --- sharing ---
expect_code 2 "$RELIGHT" run r.yaml --headless --dir shared --share no-such-group
says err '--share: no-such-group: there is no such group'
group=$(id -Gn | tr ' ' '\n' | tail -n1)
if [ "$(id -u)" = 0 ]; then
	group=$(getent group | awk -F: '$3 > 0 && $3 < 60 { print $1; exit }')
fi
mkdir -m 700 "$XDG_STATE_HOME"
expect_code 2 "$RELIGHT" run r.yaml --headless --share "$group"
says err 'the group cannot pass there; name another place with --dir'
mkdir closed && chmod 700 closed
expect_code 2 "$RELIGHT" run r.yaml --headless --share "$group" --dir closed/below
says err "closed: mode 700: the group cannot pass there"
[ ! -e closed/below ] || fail 'a directory was left where the group cannot pass'
expect_code 0 "$RELIGHT" run r.yaml --headless --share "$group" --dir new/shared --input big=@big
modes new 0750 0640
find new ! -group "$group" ! -name lock | grep . && fail "not of group $group"
[ "$(stat -c %a new/shared/attempts/one/1/lock)" = 600 ] || fail 'others can hold the lock of an attempt'
expect_code 0 "$RELIGHT" timeline verify new/shared

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	as() { setpriv --reuid=65534 --regid=65534 "$@"; }
	member() { as --groups="$(getent group "$group" | cut -d: -f3)" "$@"; }
	# Who can read a file can lock it: that must keep nobody from going on.
	printf 'relight: 1\nname: held\nsteps: [{id: one, manual: look}]\n' >held.yaml
	expect_code 3 "$RELIGHT" run held.yaml --headless --share "$group" --dir new/held
	: >lock.hold
	member flock -n new/held/timeline.jsonl sh -c 'echo locked; while test -e lock.hold; do sleep 0.1; done' >held.out &
	holder=$!
	wait_for 60 grep -q locked held.out || fail 'the timeline could not be locked'
	member flock -n new/held/lock true 2>err && fail 'a member of the group can lock the record'
	says err 'Permission denied'
	expect_code 3 "$RELIGHT" resume new/held --headless
	rm lock.hold
	wait "$holder" || fail "whoever locked the timeline: exit $?"
	# What is sensed now stands beside the record for those who look on, while somebody has it.
	cat >seen.yaml <<'Y'
relight: 1
name: seen
dependencies: [{id: d, check: {command: ["true"]}, every: 1s}]
steps: [{id: one, run: {shell: 'while test -e seen.hold; do sleep 0.1; done'}}]
Y
	: >seen.hold
	"$RELIGHT" run seen.yaml --headless --share "$group" --dir new/seen >seen.out 2>&1 &
	owner=$!
	wait_for 60 grep -q '"status":"healthy"' new/seen/sensed.jsonl || fail 'nothing is left of what is sensed'
	[ "$(stat -c '%a %G' new/seen/sensed.jsonl)" = "640 $group" ] || fail "sensed.jsonl: $(stat -c '%a %G' new/seen/sensed.jsonl)"
	member grep -q '"dependency":"d"' new/seen/sensed.jsonl || fail 'a member of the group cannot read what is sensed'
	rm seen.hold
	wait "$owner" || fail "seen: $(cat seen.out)"
	[ ! -e new/seen/sensed.jsonl ] || fail 'what was sensed is left when the session has ended'
	member "$RELIGHT" timeline verify "$PWD/new/shared" >out || fail "a member of the group cannot read: $(cat out)"
	member "$RELIGHT" report "$PWD/new/shared" >out || fail "a member of the group cannot report: $(cat out)"
	as --clear-groups "$RELIGHT" timeline verify "$PWD/new/shared" >out 2>err && fail 'anybody can read a shared incident'
	as --clear-groups "$RELIGHT" run "$PWD/r.yaml" --headless --dir /tmp/never --share "$group" 2>err && fail 'shared with a group of others'
	says err 'you are not in that group'
	code=0
	member "$RELIGHT" resume "$PWD/new/shared" --headless >out 2>err || code=$?
	[ "$code" = 2 ] || fail "a member of the group resumes: exit $code"
	says err 'only the owner performs'
fi
