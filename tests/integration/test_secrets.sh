#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# 200 secrets, planted as inputs, in an env_file, in the environment, and by their shape alone, and given away in every
# encoding by steps, checks and people: none is found in the timeline, in outputs, in exports, in what is printed, in the
# arguments of any process, or in a core.
set -eu
. "$(dirname "$0")/lib.sh"

planted() { python3 "$tests/secrets.py" "$@"; }
mkdir planted
[ "$(planted make planted)" = 200 ] || fail 'not 200 secrets'
. planted/environment.sh

# What every process's arguments are, as the steps see them.
cat >arguments.sh <<'S'
perl -e 'for (glob "/proc/[0-9]*/cmdline") { open my $in, "<", $_ or next; local $/; ($line = <$in>) =~ tr/\0/ /; $all .= "$line\n" }
	syswrite STDOUT, $all' >>"$1" 2>/dev/null
S
cat >r.yaml <<Y
relight: 1
name: leaky
env_file: planted/env_file
env: [PLANTED_0_TOKEN]
$(cat planted/runbook-inputs.yaml)
dependencies:
  - {id: noisy, check: {shell: 'sh arguments.sh argv; printf "%s" "\$RELIGHT_INPUT_S0 \$FILE_0"; exit 1'}, every: 1s, timeout: 60s}
  - {id: telling, check: {shell: "jq -n '{a: env.RELIGHT_INPUT_S1, b: env.FILE_1}'",
      expect: {jq: 'false', message: '"it is \(.a) and \(.b)"'}}, every: 1s, timeout: 60s}
  - {id: url, check: {http: {url: 'http://user:\${input.s2}@127.0.0.1:1/'}}, every: 1s, timeout: 60s}
steps:
  - {id: leak, run: {command: [python3, $tests/secrets.py, leak, planted/all.json, sh, arguments.sh, argv]}}
  - {id: shell, run: {shell: 'set -x; : "\$RELIGHT_INPUT_S3" "\$FILE_3" "\$PLANTED_3_TOKEN"; sh arguments.sh argv; env'}}
  - id: fail
    run: {shell: 'echo "cannot log in with \$RELIGHT_INPUT_S4 and \$FILE_4" >&2; exit 1'}
    hints: [{match: cannot, say: "look at the password"}]
  - {id: environment, run: {command: [env], env: {SHOWN: 'by \${input.s5}'}}}
  - {id: attest, manual: Look}
  - {id: pick, decide: {question: Which?, options: [{id: a, say: A}, {id: b, say: B}]}}
  - {id: slow, run: {shell: "while [ -e held ]; do sleep 0.1; done"}}
Y
attested=$(jq -r '.declared[6]' planted/all.json)
reason=$(jq -r '.declared[7]' planted/all.json)
jq -n --arg say "it is $attested" --arg why "because $reason" '{answers: 1, operator: "ana", on_failure: "skip",
	steps: {attest: {confirm: $say}, pick: {choose: "a", why: $why}}}' >answers.yaml
mkdir said
long=$(jq -r '.declared[8]' planted/all.json)
cockpit=
: >held
clean_up() {
	rm -f held
	[ -z "$cockpit" ] || kill -INT "$cockpit" 2>/dev/null || true
	[ -z "$cockpit" ] || wait "$cockpit" || true
	[ ! -d d/attempts/slow ] || wait_for 60 test -e d/attempts/slow/1/result.json || true
}
code=0
"$RELIGHT" run r.yaml --headless --answers answers.yaml --inputs planted/inputs.yaml --input s8="$long" \
	--dir d --parallel 2 >said/run 2>said/errors &
cockpit=$!
wait_for 300 test -e d/attempts/slow/1/request.json || fail "it did not come to its last step: $(tail -n2 said/run) $(cat said/errors)"
for told in 'it is \[masked s1\] and \[masked FILE_1\]' '\[masked s0\] \[masked FILE_0\]' '"dependency":"url"'; do
	wait_for 60 grep -q "$told" d/timeline.jsonl || fail "the sensor did not tell $told"
done
sh arguments.sh argv
"$RELIGHT" status d >said/status
"$RELIGHT" timeline show d >said/show
"$RELIGHT" report d >said/report.md
"$RELIGHT" report d --format json >said/report.json
# What --input sets is wiped before anything is asked; its check looks at the arguments.
code=0
"$RELIGHT" probe r.yaml --once --input s0="$(jq -r '.declared[0]' planted/all.json)" >said/probe 2>said/probe.errors || code=$?
[ "$code" = 1 ] || fail "probe: exit $code: $(cat said/probe.errors)"
grep -q 'probe r.yaml --once --input s0=\*' argv || fail 'the check did not see the arguments of its sensor'

# --- it was all said, … ---
grep -q '\[masked s4\] and \[masked FILE_4\]' d/attempts/fail/1/output.log || fail 'the step did not tell its secret'
grep -q 'it is \[masked s6\]' d/timeline.jsonl || fail 'the person did not tell the secret'
grep -q '\[masked PLANTED_3_TOKEN\]' d/attempts/shell/1/output.log || fail 'the shell did not tell the secret of the environment'
[ "$(grep -c 'masked' d/attempts/leak/1/output.log)" -gt 2000 ] || fail 'the step gave nothing away'
[ "$(wc -l <argv)" -gt 50 ] || fail 'nobody looked at the arguments'
grep -q 'secrets.py leak' argv || fail 'the arguments of the steps were not seen'

# --- … and none is found ---
planted find planted/all.json d said argv || fail 'secrets were found'
printf 'x %s y' "$reason" >control # the finder finds
planted find planted/all.json control >/dev/null && fail 'what is there is not found'

# --- nor in a core ---
descendants() {
	for child in $(pgrep -P "$1"); do
		echo "$child"
		descendants "$child"
	done
}
for process in "$cockpit" $(descendants "$cockpit"); do
	limit=$(awk '/Max core file size/ { print $5 }' "/proc/$process/limits" 2>/dev/null) || continue # it has ended
	[ -n "$limit" ] || continue # nobody has collected it yet
	[ "$limit" = 0 ] || fail "process $process may leave a core"
	looked_at="${looked_at:-} $process"
done
case ${looked_at:-} in
*" $cockpit "*) ;;
*) fail "not looked at: the limits of $cockpit, but those of ${looked_at:-none}" ;;
esac
mkdir cores
mkfifo hold
# was_read: whoever reads ./hold, to which descriptor 9 writes, has taken all of it.
was_read() {
	python3 -c 'import fcntl, struct, sys, termios
sys.exit(struct.unpack("i", fcntl.ioctl(9, termios.FIONREAD, b"\0" * 4))[0])'
}
# killed COMMAND...: aborts it, with no limit on its core, while it has a configuration with a secret to read.
killed() {
	(
		cd cores
		# shellcheck disable=SC3045
		ulimit -c unlimited 2>/dev/null || true
		exec "$@" <../hold >/dev/null 2>&1
	) &
	victim=$!
	exec 9>hold
	printf '{"inputs":{"s9":"%s"}}\n' "$reason" >&9
	wait_for 60 was_read || fail "$*: does not read"
	kill -ABRT "$victim"
	exec 9>&-
	aborted=0
	wait "$victim" || aborted=$?
	[ "$aborted" = 134 ] || fail "$*: ended with $aborted"
}
killed cat
others=$(ls -A cores | wc -l) # 0: cores go elsewhere here, or nowhere
rm -f cores/*
killed "$RELIGHT" probe ../r.yaml --configured
killed "$RELIGHT" jq
[ -z "$(ls -A cores)" ] || fail "a core was left: $(ls cores)"
echo "secrets: an aborted relight left no core, another program left $others"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	# Where cores go to a program, the limit counts for nothing: it must not be dumpable, so that its files are root's.
	owner() {
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@" <hold >/dev/null 2>&1 &
		exec 9>hold
		echo '{}' >&9
		wait_for 60 was_read || fail "$*: does not read"
		stat -c %u "/proc/$!/environ"
		exec 9>&-
	}
	[ "$(owner cat)" = 65534 ] || fail 'the owner of a process cannot be told here'
	[ "$(owner "$RELIGHT" jq)" = 0 ] || fail 'relight is dumpable'
fi

kill -INT "$cockpit"
wait "$cockpit" || code=$?
cockpit=
[ "$code" = 130 ] || fail "interrupted: exit $code"
