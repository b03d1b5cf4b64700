#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `relight health`: the forms of its input, its output and its exit codes (FORMATS.md §2).
set -eu

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export XDG_CONFIG_HOME="$here/config"
failed=0

# expect WHAT CODE OUTPUT INPUT [OPTION...]
expect() {
	what=$1 code=$2 output=$3 input=$4
	shift 4
	got=0
	printf '%s' "$input" | "$RELIGHT" health "$@" >"$here/out" 2>"$here/err" || got=$?
	if [ "$got" != "$code" ] || { [ -n "$output" ] && ! grep -qF -- "$output" "$here/out" "$here/err"; }; then
		echo "health: $what: exit $got, wanted $code and: $output" >&2
		cat "$here/out" "$here/err" >&2
		failed=1
	fi
}

pod='{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"n"},"status":{"phase":"Succeeded"}}'
expect "a healthy object" 0 '{"group":"","kind":"Pod","namespace":"n","name":"a","status":"healthy","message":' "$pod"
expect "one over many lines" 0 '"name":"a"' "$(echo "$pod" | sed 's/,/,\n/g')"
expect "an unhealthy one" 1 '"status":"progressing"' '{"kind":"Pod","apiVersion":"v1"}'
expect "a line with id and now" 0 '{"id":"x7","group":' "{\"id\":\"x7\",\"now\":\"2026-07-03T00:00:00Z\",\"object\":$pod}"
expect "a list" 1 '"name":"b"' '{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"b"}}]}'
expect "an empty list" 0 '' '{"kind":"PodList","apiVersion":"v1","items":[]}'
expect "an empty list on a line of its own" 0 '' '{"kind":"List","apiVersion":"v1","items":[]}
'
[ ! -s "$here/out" ] || { echo "health: an empty list has a line" >&2; failed=1; }
expect "no object has an id" 1 '{"id":"n","group":"","status":"unknown","message":"this is no Kubernetes object' '{"id":"n","object":null}'
expect "nor is one there" 1 '{"id":"o","group":"","status":"unknown"' '{"id":"o"}'
expect "bytes that are no UTF-8" 1 '{"id":"b","group":"","kind":"Pod","name":"x�y","status":"unknown","message":"bytes in it are no UTF-8"' \
	"$(printf '{"id":"b","object":{"kind":"Pod","metadata":{"name":"x\377\300y"}}}\n{"id":"c","object":%s}' "$pod")"
grep -q '"id":"c".*"status":"healthy"' "$here/out" || { echo "health: the object after a bad one is not judged" >&2; failed=1; }
expect "bytes that are no UTF-8 in a list" 1 '"name":"b�","status":"unknown"' \
	"$(printf '{"kind":"List","apiVersion":"v1",\n"items":[{"kind":"Pod","metadata":{"name":"b\200"}},\n%s]}' "$pod")"
grep -q '"name":"a","status":"healthy"' "$here/out" || { echo "health: the items beside a bad one are not judged" >&2; failed=1; }
expect "text" 0 'healthy     Pod n/a: ended' "$pod" --format text
expect "escape sequences in a name" 1 'Pod ?/\u001b[31m' '{"kind":"Pod","metadata":{"namespace":"?","name":"\u001b[31m"}}' \
	--format text
expect "a broken line among good ones" 2 '-: line 2: ' "$(printf '%s\n{broken\n%s' "$pod" "$pod")"
[ "$(wc -l <"$here/out")" = 2 ] || { echo "health: the good lines around a broken one are not judged" >&2; failed=1; }
expect "nothing" 2 'is empty' ''
expect "no JSON" 2 'relight: health: -: ' 'kind: Pod'
expect "a directory" 2 'is a directory' '' /
expect "a missing file" 2 'No such file' '' "$here/missing"
expect "an unknown format" 2 '--format is jsonl or text' '' --format xml
[ "$failed" = 0 ]
echo "health: passed"
