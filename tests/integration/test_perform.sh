#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `relight perform`: one attempt, its files, and what is left of it when things are killed (DESIGN.md §2).
set -u

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
failed=0

fail() {
	echo "perform: $*" >&2
	failed=1
}

# perform STEP CODE MEMBERS: performs attempt 1 of STEP, whose request has these members besides step and attempt.
perform() {
	got=0
	printf '{"step":"%s","attempt":1,%s}\n' "$1" "$3" |
		"$RELIGHT" perform --dir "$here" --step "$1" --attempt 1 2>"$here/err" || got=$?
	[ "$got" = "$2" ] || { fail "$1: exit $got, wanted $2: $(cat "$here/err")"; return 1; }
}

file() { echo "$here/attempts/$1/1/$2"; }

# has STEP FILE TEXT, lacks STEP FILE TEXT
has() { grep -qF -- "$3" "$(file "$1" "$2")" || fail "$1: $2 lacks $3: $(cat "$(file "$1" "$2")" 2>&1)"; }
lacks() { ! grep -qF -- "$3" "$(file "$1" "$2")" || fail "$1: $2 has $3"; }

is_free() { flock -n "$(file "$1" "$2")" true; }

# eventually WHAT COMMAND...: within a minute or so
eventually() {
	what=$1
	shift
	for _ in $(seq 1200); do
		if "$@"; then
			return
		fi
		sleep 0.05
	done
	fail "$what"
}

# --- outcomes ------------------------------------------------------------------------------------------------------------

perform good 0 '"action":{"command":["echo","it went well"]}'
has good result.json '{"outcome":"success","exit":0,"duration_ms":'
has good result.json '"tail":"it went well"'
has good result.json "\"sha256\":\"$(sha256sum <"$(file good output.log)" | cut -c1-64)\""
[ "$(stat -c %a "$(file good result.json)")" = 600 ] || fail "good: result.json is not private"
perform good 2 '"action":{"command":["false"]}'
grep -q 'performed already' "$here/err" || fail "good: performed twice: $(cat "$here/err")"
has good result.json '"outcome":"success"'

perform bad 1 '"action":{"shell":"echo AccessDenied; exit 7"},"hints":[{"match":"Access","say":"wait two minutes"}]'
has bad result.json '{"outcome":"failed","exit":7,'
has bad result.json '"hint":"wait two minutes"'

# A stream does not write into a line of the other one, and the end of a line that begins as a secret is not held back.
perform two-streams 1 '"secrets":[{"name":"token","value":"tok-SECRET-98765"}],"hints":[{"match":"token has expired","say":"sign in again"}],"action":{"shell":"echo error: the token has expired >&2; echo Apply incomplete; printf half >&2; sleep 0.1; echo four; exit 1"}'
for line in 'error: the token has expired' 'Apply incomplete' half four; do
	grep -qxF "$line" "$(file two-streams output.log)" || fail "two-streams: no line $line: $(cat "$(file two-streams output.log)")"
done
has two-streams result.json '"hint":"sign in again"'

perform absent 1 '"action":{"command":["./no-such-program"]},"dir":"/"'
has absent result.json '{"outcome":"failed","exit":127,'
has absent output.log 'No such file or directory'

perform slow 1 '"action":{"shell":"sleep 60"},"timeout_ms":200,"grace_ms":1000'
has slow result.json '{"outcome":"timeout","signal":15,'

# --- what jq decides -----------------------------------------------------------------------------------------------------

json='echo {\\\"ok\\\":true,\\\"arn\\\":\\\"a:b\\\",\\\"n\\\":[1]}'
perform jq-true 0 "\"action\":{\"shell\":\"$json\"},\"expect\":{\"exit\":0,\"jq\":\".ok\"},\"sets\":[{\"input\":\"role_arn\",\"jq\":\".arn\"},{\"input\":\"list\",\"jq\":\".n\"},{\"input\":\"none\",\"jq\":\".none\"}]"
has jq-true result.json '"sets":{"role_arn":"a:b","list":"[1]"}'
has jq-true result.json '"why":"input none was not learned: jq gave null"'
perform jq-false 1 "\"action\":{\"shell\":\"$json\"},\"expect\":{\"jq\":\".ok|not\"}"
has jq-false result.json 'jq says false'
perform jq-text 1 '"action":{"command":["echo","no json"]},"expect":{"jq":".ok"}'
has jq-text result.json '"why":"jq: '

# --- secrets -------------------------------------------------------------------------------------------------------------

perform secret 0 '"action":{"shell":"printf hunter; sleep 0.2; echo 2-horse; echo $TOKEN"},"env":{"TOKEN":"hunter2-horse"},"secrets":[{"name":"db","value":"hunter2-horse"}]'
[ "$(cat "$(file secret output.log)")" = "[masked db]
[masked db]" ] || fail "secret: output.log: $(cat "$(file secret output.log)")"
grep -rlF hunter2 "$here" && fail "secret: it is on the disk"
printf 'TOKEN=abc\n' >"$here/open.env"
chmod 644 "$here/open.env"
perform openly 2 "\"action\":{\"command\":[\"touch\",\"$here/ran\"]},\"env_file\":\"$here/open.env\""
has openly result.json '"outcome":"never-started"'
has openly result.json 'chmod 600'
[ ! -e "$here/ran" ] || fail "openly: it ran all the same"

# --- stopping ------------------------------------------------------------------------------------------------------------

perform stubborn 1 '"action":{"shell":"trap : INT; echo up; while :; do sleep 0.1 || :; done"},"signal":2,"grace_ms":500' &
eventually "stubborn: does not come up" grep -qs up "$(file stubborn output.log)"
printf '{"why":"wrong region"}\n' >"$(file stubborn cancel)"
wait $! || failed=1
has stubborn result.json '{"outcome":"cancelled","signal":9,'
has stubborn result.json '"why":"wrong region"'

# --- what outlives what --------------------------------------------------------------------------------------------------

# Who holds the output open is heard for a second more. On a busy machine it may say nothing in that second, but not each time.
for holder in holder holder-2 holder-3; do
	perform $holder 0 '"action":{"shell":"(sleep 0.3; echo late; exec sleep 20) & echo done"}'
	[ "$(cat "$(file $holder output.log)")" != "done
late" ] || break
done
[ "$(cat "$(file $holder output.log)")" = "done
late" ] || fail "holder: output.log: $(cat "$(file $holder output.log)")"

mkfifo "$here/request"
: >"$here/hold"
"$RELIGHT" perform --dir "$here" --step orphan --attempt 1 <"$here/request" 2>"$here/err" &
actuator=$!
printf '{"step":"orphan","attempt":1,"action":{"shell":"echo up; while test -e %s; do sleep 0.05; done; echo unheard; echo on >%s"}}\n' \
	"$here/hold" "$here/mark" \
	>"$here/request"
eventually "orphan: does not come up" grep -qs up "$(file orphan output.log)"
is_free orphan lock && fail "orphan: its lock is free while it runs"
kill -9 "$actuator"
wait "$actuator" 2>"$here/err"
is_free orphan lock || fail "orphan: its lock is held by the dead"
is_free orphan alive && fail "orphan: the command lives, but alive is free"
rm "$here/hold"
[ ! -e "$(file orphan result.json)" ] || fail "orphan: there is a result"
eventually "orphan: alive is never free" is_free orphan alive
[ -e "$here/mark" ] || fail "orphan: the command died of what nobody read"
[ -e "$(file orphan request.json)" ] || fail "orphan: there is no request"

got=0
printf '{"step":"unasked"' | "$RELIGHT" perform --dir "$here" --step unasked --attempt 1 2>"$here/err" || got=$?
[ "$got" = 2 ] || fail "unasked: exit $got, wanted 2"
has unasked result.json '"outcome":"never-started"'
[ ! -e "$(file unasked request.json)" ] || fail "unasked: there is a request"

# --- much output ---------------------------------------------------------------------------------------------------------

# An address space that holds the program and its libraries, but not the output too. (The sanitizer's shadow would not fit.)
if ! nm "$RELIGHT" 2>"$here/err" | grep -q __asan_init; then
	(
		# shellcheck disable=SC3045 # dash and bash have it
		ulimit -v 98304
		perform much 0 '"action":{"shell":"head -c 50000000 /dev/zero | tr \\\\0 x"}'
		exit "$failed"
	) || failed=1
	[ "$(stat -c %s "$(file much output.log)")" = 50000000 ] || fail "much: output.log is not whole"
fi

# --- dry runs: no file, one line, and nothing but a dry run --------------------------------------------------------------

# tried REQUEST WORDS: what is said to it contains these words, and is not good.
tried() {
	before=$(find "$here" | sort)
	got=0
	said=$(printf '%s' "$1" | "$RELIGHT" perform --dry-run --dir "$here" 2>"$here/err") || got=$?
	[ "$got" = 1 ] || fail "dry run: exit $got, wanted 1: $said"
	case $said in
	*"$2"*) ;;
	*) fail "dry run: lacks $2: $said" ;;
	esac
	[ "$(printf '%s\n' "$said" | wc -l)" = 1 ] || fail "dry run: not one line: $said"
	[ "$(find "$here" | sort)" = "$before" ] || fail "dry run: it left something behind"
}
nowhere='"cluster":{"kubeconfig":"/nonexistent"}'
delete='"action":{"kubernetes":{"target":"dr","delete":{"resource":"cm","name":"x"}}}'
: >"$here/err"
tried "{\"dry_run\":true,$delete,$nowhere}
" '"outcome":"failed","duration_ms"'
tried "{\"dry_run\":true,$delete,$nowhere}
" '/nonexistent'
tried "{$delete,$nowhere}
" '"outcome":"never-started"'
tried "{\"dry_run\":true,\"action\":{\"command\":[\"touch\",\"$here/touched\"]}}
" 'only what is done to a cluster can be tried'
tried "{\"dry_run\":true,$delete" 'the input ended before a whole line'

# --- wrong usage ---------------------------------------------------------------------------------------------------------

for options in "" "--dir $here --step x" "--dir $here --step x --attempt 0" "--dir $here --step x --attempt 1 more" \
	"--dry-run --step x" "--dry-run more" "--dir $here --step ../x --attempt 1" "--dir $here/none --step x --attempt 1"; do
	got=0
	# shellcheck disable=SC2086
	"$RELIGHT" perform $options </dev/null 2>"$here/err" || got=$?
	[ "$got" = 2 ] || fail "perform $options: exit $got, wanted 2"
	[ "$(wc -l <"$here/err")" = 1 ] || fail "perform $options: not one line: $(cat "$here/err")"
done

[ "$failed" = 0 ]
