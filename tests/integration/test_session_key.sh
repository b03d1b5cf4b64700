#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Who sits there, proved by an SSH key: what is signed, what a verifier tells of a session that was altered, moved or taken from
# another record, whose key is taken, and that a key which cannot sign holds nobody up for long and touches nothing.
set -eu
. "$(dirname "$0")/lib.sh"

cat >r.yaml <<'Y'
relight: 1
name: keyed
env: [HOME]
inputs: {token: {ask: Token, secret: true}}
steps:
  - {id: one, run: {command: ["true"]}}
  - {id: two, manual: Is it there?}
Y
printf 'answers: 1\nsteps: {two: {confirm: seen}}\n' >answers.yaml
ssh-keygen -q -t ed25519 -N '' -C ana@example.com -f ana
ssh-keygen -q -t rsa -b 3072 -N '' -C raj@example.com -f raj
ssh-keygen -q -t ed25519 -N 'a phrase' -C locked -f locked
unset SSH_AUTH_SOCK DISPLAY SSH_ASKPASS
export GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_CONFIG_NOSYSTEM=1
: >gitconfig
{
	printf 'ana@example.com namespaces="relight-session,relight-timeline" %s\n' "$(cat ana.pub)"
	printf 'raj@example.com %s\n' "$(cat raj.pub)"
} >signers

fingerprint() { ssh-keygen -l -f "$1.pub" | cut -d' ' -f2; }
# open_one DIR OPTIONS...: opens one that waits for a person, and leaves it so.
open_one() {
	directory=$1
	shift
	expect_code 3 "$RELIGHT" run r.yaml --headless --dir "$directory" "$@"
}

# --- what it says ---
open_one plain
[ "$(events plain '.[1].data | [.identity, has("proof")] | map(tostring) | join(" ")')" = 'asserted false' ] || fail 'without --key it is not asserted'
open_one d --key ana --operator ana
[ "$(events d '.[1].data | [.identity, .proof.key] | join(" ")')" = "key ED25519 $(fingerprint ana)" ] || fail "no proof: $(events d '.[1].data')"
expect_code 0 "$RELIGHT" timeline verify d
says out "session of event 1, ana, proved by SSH key ED25519 $(fingerprint ana); whose that is was not asked"
expect_code 0 "$RELIGHT" timeline show d
says out ", key ED25519 $(fingerprint ana)"
expect_code 0 "$RELIGHT" timeline show plain
says out ', asserted'
expect_code 0 "$RELIGHT" report d
says out "), proved by SSH key ED25519 $(fingerprint ana)"
expect_code 0 "$RELIGHT" report plain
says out '), asserted'

# Another person goes on, with another kind of key; then somebody without one.
expect_code 3 "$RELIGHT" resume d --headless --key raj --operator raj
expect_code 0 "$RELIGHT" resume d --headless --operator eve --answers answers.yaml
expect_code 0 "$RELIGHT" timeline verify d --format json
[ "$(jq -c '[.ok, (.sessions | map([.ok, .key]))]' out)" = \
	"[true,[[true,\"ED25519 $(fingerprint ana)\"],[true,\"RSA $(fingerprint raj)\"]]]" ] || fail "two sessions with a key: $(cat out)"
expect_code 0 "$RELIGHT" report d --format json
[ "$(jq -c '.people | map([.by, .identity, .proved])' out)" = '[["ana","key",true],["raj","key",true],["eve","asserted",null]]' ] ||
	fail "people: $(jq -c .people out)"

# Anybody can check it without relight, as relight-timeline(5) says.
jq -c 'select(.data.proof)' d/timeline.jsonl | head -n 1 >session
jq -r .data.proof.signature session >signature
jq -cj '.data.proof as $p | del(.data.proof) | {kind, sid, by, mode, data} + ($p | {log, after, at})' session |
	sha256sum | cut -c 1-64 |
	ssh-keygen -q -Y verify -f signers -I ana@example.com -n relight-session -s signature >/dev/null || fail 'ssh-keygen does not take the signature'

# --- whose key it is ---
expect_code 0 "$RELIGHT" timeline seal d --key ana
expect_code 0 "$RELIGHT" timeline verify d --allowed-signers signers
says out "session of event 1, ana, proved by SSH key ED25519 $(fingerprint ana) of ana@example.com"
says out 'of raj@example.com'
grep raj signers >without-ana
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers without-ana
says out "session: event 1 (line 2), session.open, ana: signed with ED25519 $(fingerprint ana), whom without-ana did not allow then"
sed 's/relight-session,//' signers >for-seals
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers for-seals
says out 'session: event 1 (line 2), session.open, ana: ana@example.com: ssh-keygen: '

# --- what was altered, by somebody who chains it anew ---
# refused PROGRAM WORDS: on a copy of d
refused() {
	alter d altered "$1"
	rm -f altered/timeline.jsonl.seal
	expect_code 1 "$RELIGHT" timeline verify altered
	says out "$2"
	! grep -q 'timeline: altered' out || fail "the chain of the altered copy is not good: $(cat out)"
}
at1='session: event 1 (line 2), session.open'
alter d altered 'pass'
expect_code 0 "$RELIGHT" timeline verify altered
refused 'lines[1]["by"] = "eve"' "$at1, eve: not what was signed: ssh-keygen: "
for change in 'data"]["host"] = "other' 'data"]["user"] = "eve' 'data"]["exe_sha256"] = "'"$(printf %064d 1)" 'data"]["proof"]["at"] = "2020-01-01T00:00:00.000000Z' \
	'sid"] = "0000000000000000' 'data"]["tty"] = "/dev/pts/1' 'data"]["proof"]["log"] = "00000000-0000-4000-8000-000000000000'; do
	refused "lines[1][\"$change\"" "$at1, ana: not what was signed"
done
refused 'lines[1]["data"]["uid"] = 4711' "$at1, ana: not what was signed"
refused 'lines[1]["data"]["identity"] = "peer"' "$at1, ana: not what was signed"
refused 'del lines[1]["data"]["proof"]' "$at1, ana: it says that a key proves who it was, and carries no signature"
refused 'lines[1]["data"]["proof"]["key"] = "ED25519 SHA256:mallory"' "$at1, ana: it names the key ED25519 SHA256:mallory, and was signed with ED25519 $(fingerprint ana)"
refused 'lines[1]["data"]["proof"]["signature"] = "x"' "$at1, ana: not what was signed"
# A seal's signature over the very digest is none of a session.
refused 'import subprocess
p = lines[1]["data"].pop("proof")
said = {k: lines[1][k] for k in ("kind", "sid", "by", "mode", "data")} | {k: p[k] for k in ("log", "after", "at")}
digest = hashlib.sha256(json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest() + "\n"
sign = lambda space: subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-f", "ana", "-n", space], input=digest.encode(), capture_output=True, check=True).stdout.decode()
assert sign("relight-session") == p["signature"], "ed25519 signs the same the same way: what is signed is another"
p["signature"] = sign("relight-timeline")
lines[1]["data"]["proof"] = p' "$at1, ana: not what was signed"

# --- what was moved ---
resumed=$(events d 'map(.kind) | index("session.resumed")')
refused "lines[$resumed - 1], lines[$resumed] = lines[$resumed], lines[$resumed - 1]" \
	"session: event $((resumed - 1)) (line $resumed), session.resumed, raj: it was signed for another place"
refused "lines.insert($resumed, lines[$resumed].copy())" "session: event $((resumed + 1)) (line $((resumed + 2))), session.resumed, raj: it was signed for another place"
refused "del lines[$resumed - 1]" "session: event $((resumed - 1)) (line $resumed), session.resumed, raj: it was signed for another place"
open_one other --key ana --operator ana
refused 'lines[1] = read("other/timeline.jsonl")[1]' "$at1, ana: it was signed for another record, log $(events other '.[0].data.log')"
refused "lines[$resumed] = read(\"other/timeline.jsonl\")[1]" "session: event $resumed (line $((resumed + 1))), session.open, ana: it was signed for another record"
expect_code 1 "$RELIGHT" report altered
says out '**NOT PROVED** by the key that it names: it was signed for another record'
expect_code 1 "$RELIGHT" timeline seal altered --key ana
says err 'not sealed: it is not good'

# --- what is recorded otherwise than it was given ---
printf 'ana-the-secret' >secret
open_one masked --key ana --operator ana-the-secret --input token=@secret
! grep -q ana-the-secret masked/timeline.jsonl || fail 'a secret is in the record'
expect_code 0 "$RELIGHT" timeline verify masked
says out 'session of event 1, '
open_one odd --key ana --operator "$(printf 'a\342\200\256na \377\033[31m"\\')"
expect_code 0 "$RELIGHT" timeline verify odd
says out 'session of event 1, '
expect_code 0 "$RELIGHT" demo --auto --speed 2000.7 --dir rehearsed --key ana
expect_code 0 "$RELIGHT" timeline verify rehearsed
says out 'session of event 1, '

# --- behind damage ---
rm -rf damaged && cp -r plain damaged
sed -i '4s/"seq"/"sqe"/' damaged/timeline.jsonl
expect_code 3 "$RELIGHT" resume damaged --past-damage --headless --key ana
expect_code 1 "$RELIGHT" timeline verify damaged
says out "proved by SSH key ED25519 $(fingerprint ana)"
! grep -q '^session: ' out || fail "behind damage: $(cat out)"

# --- which key ---
eval "$(ssh-agent -s)" >/dev/null
agent=$SSH_AGENT_PID
clean_up() {
	kill $agent 2>/dev/null
}
ssh-add -q raj
open_one by-agent --key auto
says by-agent/timeline.jsonl "RSA $(fingerprint raj)"
mkdir only-public && cp raj.pub only-public/
open_one by-public --key only-public/raj.pub
says by-public/timeline.jsonl "RSA $(fingerprint raj)"
printf '#!/bin/sh\necho "a phrase"\n' >askpass && chmod +x askpass
SSH_ASKPASS="$work/askpass" SSH_ASKPASS_REQUIRE=force ssh-add -q locked </dev/null
open_one unlocked --key locked
expect_code 0 "$RELIGHT" timeline verify unlocked
says out "proved by SSH key ED25519 $(fingerprint locked)"
clean_up
agent=
unset SSH_AUTH_SOCK SSH_AGENT_PID

# --- what cannot sign opens nothing ---
# refuses WORDS COMMAND...
refuses() {
	words=$1
	shift
	expect_code 2 "$@"
	says err "$words"
	says err 'nothing was opened: without --key it opens as asserted'
	[ "$(wc -l <err)" = 1 ] || fail "more than a line: $(cat err)"
}
refuses 'locked: it has a passphrase, and no SSH agent has it: ssh-add locked' "$RELIGHT" run r.yaml --headless --dir none --key locked
# Neither on a terminal, nor by a program that asks.
printf '#!/bin/sh\ntouch %s/asked\necho "a phrase"\n' "$work" >askpass
code=0
SSH_ASKPASS="$work/askpass" DISPLAY=:9 script -qec "$RELIGHT run r.yaml --headless --dir none --key locked" said >/dev/null </dev/null || code=$?
[ "$code" = 2 ] || fail "on a terminal: exit $code: $(cat said)"
says said 'locked: it has a passphrase'
[ ! -e asked ] || fail 'a passphrase was asked for'
refuses 'nothing: No such file' "$RELIGHT" run r.yaml --headless --dir none --key nothing
long=$(printf %0250d 0)
refuses "$long/$long" "$RELIGHT" run r.yaml --headless --dir none --key "./$long/$long/$long/$long/nothing"
refuses 'no key: git signs with none of SSH' "$RELIGHT" run r.yaml --headless --dir none --key auto
refuses 'ssh-keygen: cannot be started' env PATH=/nonexistent "$RELIGHT" run r.yaml --headless --dir none --key ana
[ ! -e none ] || fail 'an incident was opened'
expect_code 2 "$RELIGHT" watch plain --key ana
says err 'there is nothing that --key could sign'

# One that is open stays as it is: its end too, and whoever has it.
printf '{"v":1,' >>plain/timeline.jsonl
cp plain/timeline.jsonl before
refuses 'locked: it has a passphrase' "$RELIGHT" resume plain --headless --key locked
cmp -s before plain/timeline.jsonl || fail 'a resume that was refused changed the record'
expect_code 3 "$RELIGHT" resume plain --headless --key ana
expect_code 0 "$RELIGHT" timeline verify plain
says out "proved by SSH key ED25519 $(fingerprint ana)"
says plain/timeline.jsonl '"log.recovered"'

# --- an agent that hangs ---
# It takes questions, says in hangs.asked that there was one, and answers none. Under its name once it can be asked.
python3 -c 'import os, socket
listener = socket.socket(socket.AF_UNIX)
listener.bind("hangs.new")
listener.listen(64)
listener.settimeout(600)
os.rename("hangs.new", "hangs")
held = []
while True:
	held.append(listener.accept())
	open("hangs.asked", "a").write("asked\n")' 2>hangs.err &
agent=$!
wait_for 60 test -S hangs || fail "no agent hangs: $(cat hangs.err)"
export SSH_AUTH_SOCK="$work/hangs"
open_one despite --key ana
[ ! -e hangs.asked ] || fail 'an agent was asked for a key that needs none'
within 20 refuses 'the SSH agent hangs, or the key waits to be touched' "$RELIGHT" run r.yaml --headless --dir none --key "$work/only-public/raj.pub"
[ "$took" -ge 9 ] || fail "an agent that hangs had only ${took}s"
[ -e hangs.asked ] || fail 'no agent was asked for a key that only an agent can have'
within 20 refuses "the SSH agent at $work/hangs does not answer" "$RELIGHT" run r.yaml --headless --dir none --key auto
[ ! -e none ] || fail 'an incident was opened'
nobody_signs() { ! pgrep -f -- "-f $work/only-public/raj.pub" >/dev/null; }
wait_for 60 nobody_signs || fail "ssh-keygen was left: $(pgrep -af -- "-f $work/only-public/raj.pub")"
