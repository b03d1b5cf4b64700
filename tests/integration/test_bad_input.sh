#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whatever is broken, missing or of the wrong kind: one clear line that names it, exit 2 (or 1), no crash, no wait, nothing lost.
set -eu
. "$(dirname "$0")/lib.sh"

cat >good.yaml <<'Y'
relight: 1
name: good
dependencies:
  - {id: marker, title: A marker, check: {command: [test, -e, marker]}, every: 1s, timeout: 1s}
steps:
  - {id: one, needs: [], run: {command: ["true"]}, takes: 1s, timeout: 10s}
Y
"$RELIGHT" run good.yaml --headless --dir good >/dev/null 2>&1 || fail "the good runbook does not run"
mkdir folder
mkfifo pipe
printf 'relight: 1\nname: x\nsteps: [{id: a' >broken.yaml
printf '\377\376\000\001' >binary
: >empty
head -c 5000000 /dev/zero >large

# refused CODE WORD -- COMMAND...: in 10 s it ends with the code, and its first words on stderr name WORD and are no report of a crash.
refused() {
	wanted=$1 word=$2
	shift 3
	code=0
	timeout 60 "$@" >out 2>err </dev/null || code=$?
	[ "$code" = "$wanted" ] || fail "$*: exit $code, expected $wanted; stderr: $(head -c 600 err)"
	grep -q . err || fail "$*: says nothing"
	grep -qF -- "$word" err || fail "$*: does not name '$word' but says: $(head -c 600 err)"
	! grep -qE 'Sanitizer|runtime error|Assertion|core dumped' err || fail "$*: $(head -c 600 err)"
	[ "$(grep -c '^relight: ' err)" -le 1 ] || fail "$*: more than one line: $(head -c 600 err)"
}

# --- files that are runbooks, for each command that reads one ---
for command in 'check' 'plan' 'probe --once' 'run --headless'; do
	no=2
	[ "$command" != check ] || no=1
	for file in nowhere.yaml folder; do
		# shellcheck disable=SC2086 # the command's own words
		refused 2 "$file" -- "$RELIGHT" $command "$file"
	done
	refused 2 pipe -- "$RELIGHT" $command pipe
	for file in broken.yaml binary large; do
		code=0
		timeout 60 "$RELIGHT" $command "$file" >out 2>err </dev/null || code=$?
		[ "$code" = "$no" ] || [ "$code" = 2 ] || fail "$command $file: exit $code: $(head -c 300 err)"
		cat out err | grep -qF "$file" || fail "$command $file: does not name it: $(cat out err | head -c 300)"
	done
	code=0
	timeout 60 "$RELIGHT" $command empty >out 2>err </dev/null || code=$?
	[ "$code" = "$no" ] || [ "$code" = 2 ] || fail "$command empty: exit $code"
done
if [ "$(id -u)" != 0 ]; then
	cp good.yaml secret.yaml && chmod 000 secret.yaml
	refused 2 secret.yaml -- "$RELIGHT" check secret.yaml
fi

# --- files beside it ---
for file in nowhere folder pipe binary; do
	refused 2 "$file" -- "$RELIGHT" run good.yaml --headless --dir d1 --answers "$file"
	refused 2 "$file" -- "$RELIGHT" run good.yaml --headless --dir d1 --scenario "$file"
	refused 2 "$file" -- "$RELIGHT" run good.yaml --headless --dir d1 --inputs "$file"
done
printf -- '- one\n' >list.yaml && printf 'one\n' >text.yaml && printf 'one: [two]\n' >nested.yaml
for file in list.yaml text.yaml nested.yaml; do
	refused 2 "$file:1" -- "$RELIGHT" run good.yaml --headless --dir d1 --inputs "$file"
done
printf 'answers: 1\nsteps: {nobody: {confirm: x}}\n' >answers.yaml
refused 2 nobody -- "$RELIGHT" run good.yaml --headless --dir d1 --answers answers.yaml
printf 'scenario: 1\nname: s\ntitle: t\nrunbook: good.yaml\nsteps: {nobody: {}}\n' >scenario.yaml
refused 2 nobody -- "$RELIGHT" run good.yaml --headless --dir d1 --scenario scenario.yaml
refused 2 nosuch -- "$RELIGHT" run good.yaml --headless --dir d1 --input nosuch=1
refused 2 nosuch -- "$RELIGHT" run good.yaml --headless --dir d1 --input nosuch
refused 2 nosuch -- "$RELIGHT" demo --scenario nosuch
[ ! -e d1 ] || fail "a refused run left a directory behind"

# --- themes, and screens that cannot be drawn on ---
refused 2 nosuch -- "$RELIGHT" demo --dir d2 --theme nosuch
refused 2 folder -- "$RELIGHT" demo --dir d2 --theme folder
refused 2 pipe -- "$RELIGHT" demo --dir d2 --theme ./pipe
printf 'theme: 1\nroles: {nosuch: {fg: blue}}\n' >theme.yaml
refused 2 theme.yaml -- "$RELIGHT" demo --dir d2 --theme ./theme.yaml
refused 2 terminal -- setsid "$RELIGHT" demo --dir d2
[ ! -e d2 ] || fail "a screen that could not be begun left a directory behind"

# --- timelines ---
for command in status report 'timeline verify' 'timeline show'; do
	for file in nowhere folder pipe; do
		# shellcheck disable=SC2086
		refused 2 "$file" -- "$RELIGHT" $command "$file"
	done
done
refused 2 nowhere -- "$RELIGHT" resume nowhere
refused 2 nowhere -- "$RELIGHT" watch nowhere
refused 2 folder -- "$RELIGHT" resume folder
refused 2 good -- "$RELIGHT" run good.yaml --headless --dir good
cp -r good broken && sed -i '3s/"by":"/"by":"x/' broken/timeline.jsonl
expect_code 1 "$RELIGHT" timeline verify broken
says out 'line 3'
cp broken/timeline.jsonl before
refused 2 'line 3' -- "$RELIGHT" resume broken --headless
cmp -s before broken/timeline.jsonl || fail "a resume that was refused wrote into the record"
cp -r good torn && printf '{"v":1,"seq":' >>torn/timeline.jsonl
expect_code 1 "$RELIGHT" timeline verify torn
cp -r good altered && sed -i 's/a marker/another/; s/A marker/Another/' altered/frozen/runbook.yaml
refused 2 altered -- "$RELIGHT" resume altered --headless

# --- objects and requests ---
code=0
printf '{"kind":"Pod"' | timeout 60 "$RELIGHT" health - >out 2>err || code=$?
[ "$code" = 2 ] || [ "$code" = 1 ] || fail "health: half an object: exit $code"
grep -q . err || fail "health: half an object: says nothing"
refused 2 nowhere -- "$RELIGHT" health nowhere
refused 2 folder -- "$RELIGHT" health folder
code=0
printf 'no json\n' | timeout 60 "$RELIGHT" perform --dir good --step one --attempt 9 >out 2>err || code=$?
[ "$code" = 2 ] || [ "$code" = 1 ] || fail "perform: no request: exit $code"

# --- a kubeconfig ---
cat >cluster.yaml <<'Y'
relight: 1
name: cluster
targets: {there: {role: recovery, kubernetes: {kubeconfig: ./kubeconfig, context: there}}}
dependencies:
  - {id: api, title: The API, check: {kubernetes: {target: there, readyz: true}}, every: 1s, timeout: 2s}
steps: [{id: one, run: {command: ["true"]}, takes: 1s, timeout: 10s}]
Y
for content in '' '{' 'apiVersion: v1' 'contexts: 7' 'clusters: [{name: a, cluster: {server: 7}}]'; do
	printf '%s\n' "$content" >kubeconfig
	code=0
	timeout 60 "$RELIGHT" probe --once cluster.yaml >out 2>err </dev/null || code=$?
	[ "$code" = 1 ] || fail "probe with the kubeconfig '$content': exit $code: $(head -c 300 err)"
	jq -e 'select(.type=="observation") | .status != "healthy" and (.message | length > 0)' out >/dev/null ||
		fail "probe with the kubeconfig '$content': $(cat out)"
done
rm kubeconfig && mkfifo kubeconfig
code=0
timeout 60 "$RELIGHT" probe --once cluster.yaml >out 2>err </dev/null || code=$?
[ "$code" = 1 ] || fail "probe with a FIFO as kubeconfig: exit $code"

# --- words ---
refused 2 nosuch -- "$RELIGHT" nosuch
refused 2 --nosuch -- "$RELIGHT" --nosuch
for command in demo run resume watch status report list timeline check plan probe health perform; do
	"$RELIGHT" "$command" --help >out 2>err || [ "$command" = plan ] || fail "$command --help: exit $?"
	refused 2 --nosuch -- "$RELIGHT" "$command" --nosuch
done
refused 2 --speed -- "$RELIGHT" demo --speed fast
refused 2 --speed -- "$RELIGHT" demo --speed 0
printf '%s\n' 'relight: 1' 'name: n' 'steps: [{id: a, run: {command: ["true"]}}]' >real.yaml
refused 2 '--speed is for a rehearsal' -- "$RELIGHT" run real.yaml --speed 2 --headless --dir real
refused 2 --parallel -- "$RELIGHT" run good.yaml --headless --parallel 0
refused 2 runbook -- "$RELIGHT" run
refused 2 "" -- "$RELIGHT"

# --- where the incident goes ---
refused 2 HOME -- env -u HOME -u XDG_STATE_HOME "$RELIGHT" run good.yaml --headless
refused 2 XDG_STATE_HOME -- env -u HOME -u XDG_STATE_HOME "$RELIGHT" run good.yaml --headless
expect_code 0 env -u HOME -u XDG_STATE_HOME "$RELIGHT" run good.yaml --headless --dir without-home
refused 2 empty -- "$RELIGHT" run good.yaml --headless --dir empty/below
refused 2 empty -- "$RELIGHT" run good.yaml --headless --dir empty
long=$work/$(printf '%0200d' 1)/$(printf '%0100d' 2)
expect_code 0 "$RELIGHT" run good.yaml --headless --dir "$long"
expect_code 0 "$RELIGHT" timeline verify "$long"
expect_code 0 "$RELIGHT" report "$long"

# --- a disk that takes no more ---
# on_a_disk BLOCKS DIR: a run whose files may have so many blocks of 512 bytes; its words in ./said, the last of them its exit code.
on_a_disk() {
	(
		ulimit -f "$1"
		code=0
		TMPDIR=$work timeout 60 "$RELIGHT" run many.yaml --headless --dir "$2" 2>&1 >/dev/null </dev/null || code=$?
		echo "exit $code"
	) | cat >said
}
printf 'relight: 1\nname: many\nsteps:\n' >many.yaml
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	printf '  - {id: s%s, run: {command: ["true"]}, takes: 1s, timeout: 10s}\n' "$i" >>many.yaml
done
on_a_disk 0 full
says said "full: frozen: runbook.yaml: File too large"
says said "exit 2"
on_a_disk 32 fuller
says said "fuller/timeline.jsonl: cannot be written: File too large"
says said "exit 1"
says said "could not be written; before it is resumed, once there is room: cp $work/relight-"
"$RELIGHT" timeline verify fuller >/dev/null || fail "what is there after a full disk is not whole"
# What it says is done as it stands there.
sed -n 's/.*once there is room: //p' said | sh -eu
"$RELIGHT" timeline verify fuller >/dev/null || fail "what was saved elsewhere does not continue the record"
if [ -w /dev/full ]; then
	for command in 'plan good.yaml' 'check good.yaml' 'report good' 'timeline show good' '--help' 'probe --once good.yaml'; do
		code=0
		# shellcheck disable=SC2086
		timeout 60 "$RELIGHT" $command >/dev/full 2>err </dev/null || code=$?
		[ "$code" = 1 ] || [ "$code" = 2 ] || fail "$command on a full disk: exit $code"
	done
fi
echo "ok test_bad_input.sh"
