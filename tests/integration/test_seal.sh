#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The seal of a record: what is signed and by whom, what a seal tells that the chain cannot (a cut tail), whose key is taken,
# and where it goes when another process writes the timeline.
set -eu
. "$(dirname "$0")/lib.sh"

cat >r.yaml <<'Y'
relight: 1
name: sealed
steps:
  - {id: one, run: {command: ["true"]}}
  - {id: two, run: {command: ["true"]}}
Y
ssh-keygen -q -t ed25519 -N '' -C ana@example.com -f ana
ssh-keygen -q -t ed25519 -N '' -C eve@example.com -f eve
ssh-keygen -q -t ed25519 -N 'a phrase' -C locked -f locked
unset SSH_AUTH_SOCK
export GIT_CONFIG_GLOBAL="$work/gitconfig" GIT_CONFIG_NOSYSTEM=1
: >gitconfig
printf 'ana@example.com namespaces="relight-timeline" %s\n' "$(cat ana.pub)" >signers
expect_code 0 "$RELIGHT" run r.yaml --headless --dir d
events=$(wc -l <d/timeline.jsonl)
head=$(tail -n1 d/timeline.jsonl | jq -r .h)

# --- without a key ---
expect_code 2 "$RELIGHT" timeline seal d
says err 'name one with --key'
expect_code 2 "$RELIGHT" timeline seal d --key nothing
expect_code 2 setsid "$RELIGHT" timeline seal d --key locked
[ ! -e d/timeline.jsonl.seal ] || fail 'a seal without a signature was left'
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers signers
says out 'no good signature is in it or beside it'

# --- sealing ---
expect_code 0 "$RELIGHT" timeline seal d --key ana
says out "sealed: seq $((events - 1)), head $head"
says out "recorded as event $events"
[ "$(stat -c %a d/timeline.jsonl.seal)" = 600 ] || fail 'others may read the seal'
[ "$(events d '.[-1] | [.kind, .data.head, .prev] | join(" ")')" = "anchor $head $head" ] || fail "no anchor: $(tail -n1 d/timeline.jsonl)"
# Anybody can check it without relight.
jq -r .signature d/timeline.jsonl.seal >sig
printf '%s\n' "$head" | ssh-keygen -q -Y verify -f signers -I ana@example.com -n relight-timeline -s sig >/dev/null || fail 'ssh-keygen does not take the signature'

expect_code 0 "$RELIGHT" timeline verify d
says out "sealed up to seq $((events - 1)), signed with ED25519 SHA256:"
says out 'whose key that is was not asked'
expect_code 0 "$RELIGHT" timeline verify d --allowed-signers signers
says out 'signed by ana@example.com, ED25519 SHA256:'
expect_code 0 "$RELIGHT" timeline verify d --allowed-signers signers --format json
[ "$(jq -c '[.ok, (.seals | map(.ok, .who, .seq))]' out)" = "[true,[true,\"ana@example.com\",$((events - 1)),true,\"ana@example.com\",$((events - 1))]]" ] ||
	fail "verify json: $(cat out)"
printf 'eve@example.com %s\n' "$(cat eve.pub)" >others
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers others
says out 'whom others did not allow then'
printf 'ana@example.com namespaces="git" %s\n' "$(cat ana.pub)" >for-git
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers for-git
printf 'ana@example.com valid-before="20200101" %s\n' "$(cat ana.pub)" >expired
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers expired
expect_code 0 "$RELIGHT" report d --format json
[ "$(jq -r .integrity.ok out)" = true ] || fail 'the report of a sealed record is not good'

# --- what only a seal tells ---
copy() { rm -rf damaged && cp -r d damaged; }
copy
head -n $((events - 2)) d/timeline.jsonl >damaged/timeline.jsonl
expect_code 1 "$RELIGHT" timeline verify damaged
says out "the end was cut off: sealed up to seq $((events - 1)), the timeline ends at seq $((events - 3))"
expect_code 1 "$RELIGHT" report damaged
expect_code 1 "$RELIGHT" timeline seal damaged --key ana
says err 'not sealed: it is not good'
rm damaged/timeline.jsonl.seal
expect_code 0 "$RELIGHT" timeline verify damaged
expect_code 1 "$RELIGHT" timeline verify damaged --seal d/timeline.jsonl.seal
says out 'the end was cut off'
expect_code 1 "$RELIGHT" timeline verify damaged --head "$head"
says out 'no line has it'
expect_code 0 "$RELIGHT" timeline verify d --head "$head"
expect_code 2 "$RELIGHT" timeline verify d --head "$(echo "$head" | cut -c1-12)"
says err "--head is a whole head"
expect_code 2 "$RELIGHT" timeline verify - --seal d/timeline.jsonl.seal # its input is empty here
head -n $((events - 2)) d/timeline.jsonl >cut.jsonl
code=0
"$RELIGHT" timeline verify - --seal d/timeline.jsonl.seal <cut.jsonl >out 2>err || code=$?
[ $code = 1 ] || fail "verify - of a cut timeline: exit $code"
says out 'the end was cut off'

# --- altered signatures ---
copy
jq -c '.signature |= gsub("A"; "B")' d/timeline.jsonl.seal >damaged/timeline.jsonl.seal
expect_code 1 "$RELIGHT" timeline verify damaged
says out 'no signature of this head'
jq -c '.seq = 2' d/timeline.jsonl.seal >damaged/timeline.jsonl.seal
expect_code 1 "$RELIGHT" timeline verify damaged
says out 'not the record that was sealed: seq 2 had head'
jq -c '.log = "other"' d/timeline.jsonl.seal >damaged/timeline.jsonl.seal
expect_code 1 "$RELIGHT" timeline verify damaged
says out 'it is of another timeline'
echo '{"seal":2}' >damaged/timeline.jsonl.seal
expect_code 1 "$RELIGHT" timeline verify damaged
: >damaged/timeline.jsonl.seal
expect_code 1 "$RELIGHT" timeline verify damaged
expect_code 1 "$RELIGHT" timeline verify d --seal nothing

# --- which key ---
mkdir -p "$HOME/.ssh"
cp eve "$HOME/.ssh/id_ed25519"
expect_code 0 "$RELIGHT" timeline seal d
says out '(the key in ~/.ssh)'
git config -f gitconfig gpg.format ssh
git config -f gitconfig user.signingkey "$work/ana"
expect_code 0 "$RELIGHT" timeline seal d
says out "(git's user.signingkey)"
rm -rf copied && cp -r d copied
expect_code 0 "$RELIGHT" timeline seal copied --key auto
says out "(git's user.signingkey)"
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers others --format json
[ "$(jq -c '.seals | map(.ok)' out)" = '[false,true,false,false]' ] || fail "three seals, one of eve's: $(cat out)"

# --- where it goes ---
expect_code 0 "$RELIGHT" timeline seal d --key ana -o elsewhere.seal
[ "$(stat -c %a elsewhere.seal)" = 600 ] || fail 'others may read the seal'
expect_code 2 "$RELIGHT" timeline seal d --key ana -o elsewhere.seal
expect_code 0 "$RELIGHT" timeline seal d --key ana -o -
jq -e .signature out >/dev/null || fail "no seal on stdout: $(cat out)"
cp d/timeline.jsonl alone.jsonl
expect_code 0 "$RELIGHT" timeline seal alone.jsonl --key ana
says out 'not recorded in the timeline: it is a copy by itself'
cmp -s alone.jsonl d/timeline.jsonl || fail 'a copy was written to'
[ -e alone.jsonl.seal ] || fail 'no seal beside the copy'
expect_code 2 "$RELIGHT" timeline seal - --key ana
flock d/lock "$RELIGHT" timeline seal d --key ana >out
says out 'not recorded in the timeline: another relight is writing it'
expect_code 1 "$RELIGHT" timeline verify d --allowed-signers signers --format json # eve's is still there
[ "$(jq '.seals[-1].ok' out)" = true ] || fail "the seal of a live record: $(cat out)"

# Behind damage that was gone on with a line's number is not its place: the seal finds its line all the same.
copy
sealed=$(jq .seq damaged/timeline.jsonl.seal)
sed -i '2s/^.*$/lost/' damaged/timeline.jsonl
expect_code 0 "$RELIGHT" resume damaged --headless --past-damage
expect_code 1 "$RELIGHT" timeline verify damaged
says out "sealed up to seq $sealed, signed with"
! grep -q 'not the record that was sealed' out || fail 'the sealed line was looked for in a wrong place'
sed -i "$((sealed + 1))s/^.*$/lost/" damaged/timeline.jsonl
expect_code 1 "$RELIGHT" timeline verify damaged
says out "the line that it seals (seq $sealed) is damaged or missing"

# What an attempt that said nothing is said to have printed.
copy
echo forged >damaged/attempts/one/1/output.log
expect_code 1 "$RELIGHT" timeline verify damaged
says out 'attempts/one/1/output.log: was altered'

# --- from standard input ---
"$RELIGHT" timeline verify - <d/timeline.jsonl >out || fail "verify -: $(cat out)"
says out '-: good'
"$RELIGHT" report - --format json <d/timeline.jsonl >out || fail 'report -'
[ "$(jq -r .integrity.head out)" = "$(tail -n1 d/timeline.jsonl | jq -r .h)" ] || fail 'report - has another head'
"$RELIGHT" timeline show - <d/timeline.jsonl >out || fail 'show -'
says out 'anchored'
