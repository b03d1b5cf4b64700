#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# control.sock: an incident is taken from whoever has it, and notes come from other terminals. Never two writers, nothing that
# was acknowledged is lost, and whoever may not is refused.
set -eu
. "$(dirname "$0")/lib.sh"

cat >held.yaml <<'Y'
relight: 1
name: held
steps:
  - {id: slow, run: {shell: 'echo begun; while test -e "$RELIGHT_HOLD"; do sleep 0.05; done; echo ended; exit 7'}}
Y

# start DIR [OPTION...]: a run without a screen whose one step goes on while DIR.hold is there; its process id in $pid.
start() {
	dir=$1
	shift
	: >"$dir.hold"
	RELIGHT_HOLD="$work/$dir.hold" "$RELIGHT" run held.yaml --headless --dir "$dir" "$@" >"$dir.out" 2>"$dir.err" &
	pid=$!
	wait_for 60 grep -q step.spawned "$dir/timeline.jsonl" || fail "$dir: not started: $(cat "$dir.err")"
	wait_for 60 test -S "$dir/control.sock" || fail "$dir: no socket"
}

# let_end DIR: what runs there may end.
let_end() { rm -f "$1.hold"; }

# ask DIR BYTES: what the socket answers to them, from Python as it has no client of ours.
ask() {
	python3 - "$1/control.sock" "$2" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect(sys.argv[1])
s.sendall(sys.argv[2].encode())
answer = b""
while not answer.endswith(b"\n"):
    got = s.recv(65536)
    if not got:
        break
    answer += got
sys.stdout.write(answer.decode())
P
}

# --- notes, into the record of whoever has it ---
start noted
[ "$(stat -c %a noted/control.sock)" = 600 ] || fail "control.sock is $(stat -c %a noted/control.sock)"
expect_code 0 "$RELIGHT" note noted "the queue drains; token ghp_0123456789abcdefghijABCDEFGHIJ012345"
says out "noted: event "
seq=$(sed 's/.*event //' out)
[ "$(events noted ".[$seq].data.type + \" \" + .[$seq].data.identity + \" \" + (.[$seq].data.uid|tostring) + \" \" + .[$seq].by + \" as \" + .[$seq].data.as")" = \
	"observation peer $(id -u) $(id -un) as tester" ] || fail "the note is $(events noted ".[$seq]")"
events noted ".[$seq].data.text" | grep -q 'the queue drains; token .*masked' || fail "not masked: $(events noted ".[$seq].data.text")"
! grep -rq ghp_0123456789 noted || fail "the token is on disk"
echo "by a pipe" | "$RELIGHT" note noted - --type milestone --at 2026-07-03T02:47:00Z >out || fail "a note by a pipe: $?"
[ "$(count noted '.kind=="note" and .at=="2026-07-03T02:47:00.000000Z" and .data.text=="by a pipe"')" = 1 ] || fail "the time that it is about"
expect_code 2 "$RELIGHT" note noted text --type rumour
says err "note: type rumour"
expect_code 2 "$RELIGHT" note noted text --at yesterday
says err "not a time"
expect_code 2 "$RELIGHT" note noted " "
says err "an empty note says nothing"
expect_code 2 "$RELIGHT" note noted "$(head -c 20000 /dev/zero | tr '\0' x)"
says err "over 16 KiB"
expect_code 2 "$RELIGHT" note noted
expect_code 2 "$RELIGHT" note nowhere text
[ "$(count noted '.kind=="note"')" = 2 ] || fail "what was refused is recorded"

# --- what is no request harms nobody ---
ask noted "$(printf 'GET / HTTP/1.1\r\n\r\n')
" | grep -q '"error":"request: ' || fail "garbage is not refused"
ask noted '{"do":{"argv":["rm"]}}
' | grep -q 'nothing that can be asked here' || fail "an unknown word is not refused"
ask noted "$(head -c 100000 /dev/zero | tr '\0' x)" | grep -q 'over 64 KiB' || fail "an endless line is not refused"
ask noted '{"who":{}}
' | grep -q "\"pid\":$pid" || fail "who: $(ask noted '{"who":{}}
')"

# --- taken: the attempt goes on, and its true outcome is recorded by the one who took it ---
"$RELIGHT" take noted --headless --why "shift ends" >take.out 2>take.err &
taker=$!
code=0
wait "$pid" || code=$?
[ "$code" = 3 ] || fail "taken: exit $code"
says noted.err "taken by $(id -un) (uid $(id -u), pid $taker) as tester: shift ends; it goes on there"
wait_for 60 grep -q session.resumed noted/timeline.jsonl || fail "taken: nobody has it: $(cat take.err)"
ended=$(events noted 'map(select(.kind=="session.ended"))[0] | .data.why + "|" + (.data.taken_by.pid|tostring) + "|" + .data.taken_by.identity + "|" + .data.taken_by.as')
[ "$ended" = "taken by $(id -un) (uid $(id -u), pid $taker) as tester: shift ends|$taker|peer|tester" ] || fail "session.ended says $ended"
[ "$(events noted 'map(select(.kind=="session.resumed"))[0] | .data.identity')" = peer ] || fail "not the socket's peer"
[ "$(events noted '(map(select(.kind=="session.resumed"))[0] | .cause) == (map(select(.kind=="session.ended"))[0] | .seq)')" = true ] ||
	fail "session.resumed does not say why"
let_end noted
code=0
wait "$taker" || code=$?
[ "$code" = 1 ] || fail "the taker: exit $code: $(cat take.err)"
[ "$(events noted 'map(select(.kind=="step.result")) | map(.data.exit|tostring) | join(",")')" = 7 ] || fail "not the true outcome"
[ "$(count noted '.kind=="step.intent"')" = 1 ] || fail "run again"
[ ! -e noted/control.sock ] || fail "control.sock is left behind"
is_verified noted

# --- whoever alters the record, and chains it anew, is not taken for one whom the session before has seen ---
alter noted altered 'pass'
is_verified altered
alter noted altered 'first("session.ended")["data"].pop("taken_by")'
expect_code 1 "$RELIGHT" timeline verify altered
says out "it says that the session before saw who it is, which does not say so"
alter noted altered 'first("session.resumed")["data"]["uid"] = 12345'
expect_code 1 "$RELIGHT" timeline verify altered
says out "it says another uid than the one that the session before saw"
alter noted altered 'lines.insert(first("session.resumed")["seq"], dict(lines[4], kind="mode.disarmed"))'
expect_code 1 "$RELIGHT" timeline verify altered
says out "which does not say so"
rm -rf altered

# --- nobody has it: a note is a session of its own, take is a resume ---
expect_code 0 "$RELIGHT" note noted "afterwards"
[ "$(events noted '.[-3:] | map(.kind) | join(",")')" = session.resumed,note,session.ended ] || fail "alone: $(events noted '.[-3:]')"
[ "$(events noted '.[-3].data.identity')" = asserted ] || fail "alone: identity"
[ "$(count noted '.kind=="step.intent"')" = 1 ] || fail "a note ran something"
expect_code 2 "$RELIGHT" note noted text --type rumour
expect_code 1 "$RELIGHT" take noted --headless
[ "$(events noted 'map(select(.kind=="session.resumed"))[-1].data.identity')" = asserted ] || fail "a resume by take is not asserted"
expect_code 2 "$RELIGHT" take noted # no terminal
says err "terminal"
is_verified noted

# --- one that cannot go on takes nothing from one that can ---
start kept
expect_code 2 "$RELIGHT" take kept
says err "take: terminal"
cp kept/frozen/runbook.yaml frozen.yaml
echo "# altered" >>kept/frozen/runbook.yaml
expect_code 2 "$RELIGHT" take kept --headless
says err "altered"
cp frozen.yaml kept/frozen/runbook.yaml
[ "$(count kept '.kind=="session.ended"')" = 0 ] || fail "kept: taken all the same"

# --- one that is stopped: said within seconds, who it is and what next; and afterwards it is not obeyed ---
kill -STOP "$pid"
within 8 expect_code 1 "$RELIGHT" take kept --headless
says err "tester has it (pid $pid, on $(uname -n)) and is stopped"
says err "kill -CONT $pid"
expect_code 1 "$RELIGHT" note kept "not now"
kill -CONT "$pid"
expect_code 0 "$RELIGHT" note kept "and now"
[ "$(count kept '.kind=="session.ended"')" = 0 ] || fail "stopped: taken when nobody waited any more"
[ "$(count kept '.kind=="note"')" = 1 ] || fail "stopped: a note that was given up is recorded"
let_end kept
wait "$pid" || :
is_verified kept

# --- something else in the place of the socket: nothing is done to it, the incident goes on, and it is said ---
: >precious
ln -s "$work/precious" kept/control.sock
: >kept.hold
RELIGHT_HOLD="$work/kept.hold" "$RELIGHT" resume kept --headless >out 2>err || :
[ "$(count kept '.kind=="fault" and (.data.error|test("not a socket"))')" = 1 ] || fail "not said: $(tail -n 3 kept/timeline.jsonl)"
[ -L kept/control.sock ] && [ -f precious ] || fail "the link or what it leads to was changed"
rm kept/control.sock

# --- a path that is longer than a socket's address ---
long=$(head -c 200 /dev/zero | tr '\0' l)
mkdir "$long"
start "$long/long"
expect_code 0 "$RELIGHT" note "$long/long" "from afar"
let_end "$long/long"
wait "$pid" || :
is_verified "$long/long"

# --- twenty take it at the same time: one after the other has it, everybody is told, never two ---
start raced
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	{
		code=0
		"$RELIGHT" take raced --headless >raced.$i.out 2>raced.$i.err </dev/null || code=$?
		echo "$code" >raced.$i.code
	} &
done
code=0
wait "$pid" || code=$?
[ "$code" = 3 ] || fail "raced: the first one: exit $code"
# All but the one that has it have an answer; then that one may end.
ended_takes() { [ "$(ls raced.*.code 2>/dev/null | wc -l)" -ge 19 ]; }
wait_for 300 ended_takes || fail "raced: $(ls raced.*.code | wc -l) have an answer"
let_end raced
wait
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	case $(cat raced.$i.code) in
	1 | 2 | 3) [ -s raced.$i.err ] || fail "raced: $i was told nothing" ;;
	*) fail "raced: $i: exit $(cat raced.$i.code): $(cat raced.$i.err)" ;;
	esac
done
# A session's lines stand together, and each ends before the next begins.
[ "$(events raced '[.[].sid] | (. as $all | reduce range(1; length) as $i (1; if $all[$i] != $all[$i-1] then .+1 else . end)) == (unique | length)')" = true ] ||
	fail "raced: two sessions wrote at the same time"
[ "$(events raced 'map(select(.kind=="session.open" or .kind=="session.resumed" or .kind=="session.ended") | .kind == "session.ended") |
	. == [range(length) | . % 2 == 1]')" = true ] || fail "raced: a session began before the one before ended"
[ "$(count raced '.kind=="step.intent"')" = 1 ] && [ "$(count raced '.kind=="step.result" and .data.exit==7')" = 1 ] || fail "raced: the attempt"
[ "$(count raced '.kind=="session.resumed" and .data.identity=="peer"')" -ge 1 ] || fail "raced: nobody took it"
is_verified raced

# --- ten write notes while whoever has it is killed: what was acknowledged is there, and once ---
start killed
for i in 1 2 3 4 5 6 7 8 9 10; do
	{
		j=0
		while [ $j -lt 10 ]; do
			j=$((j + 1))
			"$RELIGHT" note killed "note $i.$j." >note.out.$i 2>>killed.notes.err </dev/null && echo "note $i.$j." >>killed.acknowledged.$i
		done
		:
	} &
	writers="${writers:-} $!"
done
some_notes() { [ "$(cat killed.acknowledged.* 2>/dev/null | wc -l)" -ge 10 ]; }
wait_for 60 some_notes || fail "killed: no notes"
kill -9 "$pid"
wait "$pid" 2>/dev/null || :
for writer in $writers; do
	wait "$writer"
done
let_end killed
cat killed.acknowledged.* >acknowledged
while read -r note; do
	[ "$(count killed ".kind==\"note\" and .data.text==\"$note\"")" = 1 ] || fail "killed: '$note' is there $(count killed ".kind==\"note\" and .data.text==\"$note\"") times"
done <acknowledged
[ "$(events killed 'map(select(.kind=="note").data.text) | length == (unique | length)')" = true ] || fail "killed: a note is there twice"
[ "$(wc -l <acknowledged)" -ge 50 ] || fail "killed: only $(wc -l <acknowledged) of 100 notes were acknowledged: $(tail -n 3 killed.notes.err)"
is_verified killed

# --- a closed one ---
cat >over.yaml <<'Y'
relight: 1
name: over
steps:
  - {id: one, run: {command: ["true"]}}
Y
expect_code 0 "$RELIGHT" run over.yaml --headless --dir over
expect_code 1 "$RELIGHT" note over "too late"
says err "the incident is closed"
expect_code 0 "$RELIGHT" take over --headless
is_verified over

# --- another user ---
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && group=$(getent group 65534 | cut -d: -f1) && [ -n "$group" ]; then
	chmod 711 "$work"
	start shared --share "$group"
	[ "$(stat -c %a:%g shared/control.sock)" = 660:65534 ] || fail "shared: control.sock is $(stat -c %a:%g shared/control.sock)"
	cp "$RELIGHT" relight.copy
	chmod 755 relight.copy
	as_other() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent XDG_STATE_HOME=/nonexistent "$@"; }
	code=0
	as_other ./relight.copy take "$work/shared" --headless >out 2>err || code=$?
	[ "$code" = 2 ] || fail "another user takes it: exit $code"
	says err "only the owner performs"
	code=0
	as_other ./relight.copy note "$work/shared" "seen from the group" >out 2>err || code=$?
	[ "$code" = 0 ] || fail "a note of the group: exit $code: $(cat err)"
	[ "$(count shared '.kind=="note" and .data.uid==65534 and .by=="nobody"')" = 1 ] || fail "the note of another user is signed as $(events shared 'map(select(.kind=="note"))')"
	# Whoever does without our client is refused by the one who has it.
	as_other python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"{\"take\":{}}\n")
print(s.recv(4096).decode())' "$work/shared/control.sock" >out
	says out "only the owner of the incident (uid 0) or root may take it, and you are nobody"
	[ "$(count shared '.kind=="session.ended"')" = 0 ] || fail "taken by another user"
	let_end shared
	wait "$pid" || :
	is_verified shared
fi

echo "ok $(basename "$0")"
