#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is too large for a line of the timeline stands in evidence/, and counts as if it stood in the line: the scripts that
# must be as they were, the value of an input.
set -eu
. "$(dirname "$0")/lib.sh"

mkdir scripts
for n in $(seq 1 80); do
	printf '#!/bin/sh\necho %s >>"%s/ran"\n' "$n" "$work" >"scripts/a-script-with-a-long-name-$n"
done
chmod +x scripts/*
head -c 20000 /dev/zero | tr '\0' x >big
{
	printf 'relight: 1\nname: large\ninputs: {big: {ask: Something large}}\nsteps:\n'
	printf -- '- {id: wait, manual: wait}\n'
	for n in $(seq 1 80); do
		printf -- '- {id: s%d, needs: [wait], run: {command: [./scripts/a-script-with-a-long-name-%d]}}\n' "$n" "$n"
	done
	# shellcheck disable=SC2016
	printf -- '- {id: size, needs: [wait], run: {shell: '\''printf %%s "$RELIGHT_INPUT_BIG" | wc -c >size'\''}}\n'
} >r.yaml
printf 'answers: 1\nsteps: {wait: {confirm: yes}}\n' >a.yaml
begin() { expect_code 3 "$RELIGHT" run r.yaml --headless --dir "$1" --input big=@big; }
blob_of() { jq -r "select(.kind == \"$2\") | .data.$3.blob" "$1/timeline.jsonl"; }

# --- it counts after a resume, and before ---
begin it
[ "$(blob_of it runbook.loaded files)" != null ] || fail 'the list of scripts is not too large'
[ "$(blob_of it input.set value)" != null ] || fail 'the input is not too large'
echo 'echo altered' >>scripts/a-script-with-a-long-name-50
expect_code 1 "$RELIGHT" resume it --headless --answers a.yaml
says err 's50'
[ "$(grep -c . ran)" = 49 ] || fail "$(wc -l <ran) scripts were run, not those before the altered one"
events it 'map(select(.step == "s50" and .kind == "step.result"))[0].data' >result
says result 'a-script-with-a-long-name-50'
sed -i '$d' scripts/a-script-with-a-long-name-50
rm -f ran
begin again
expect_code 0 "$RELIGHT" resume again --headless --answers a.yaml
[ "$(cat size)" = 20000 ] || fail "the input has $(cat size) bytes after a resume, not 20000"
[ "$(grep -c . ran)" = 80 ] || fail 'not all scripts were run'
expect_code 0 "$RELIGHT" timeline verify again

# --- what is lost is not taken for nothing ---
begin lost
rm "lost/evidence/$(blob_of lost input.set value)"
expect_code 3 "$RELIGHT" resume lost --headless --answers a.yaml
says err 'input big'
begin changed
echo '[]' >"changed/evidence/$(blob_of changed runbook.loaded files)"
expect_code 2 "$RELIGHT" resume changed --headless --answers a.yaml
says err "was altered; the runbook's scripts are listed there: put it back"
expect_code 1 "$RELIGHT" timeline verify changed
echo "ok test_large.sh"
