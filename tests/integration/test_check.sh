#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `relight check`: what it says, where, in both formats, and its exit codes (FORMATS.md §1 and §8).
set -eu

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
failed=0

# expect WHAT CODE OUTPUT ARGUMENT...
expect() {
	what=$1 code=$2 output=$3
	shift 3
	got=0
	(
		# shellcheck disable=SC3045 # dash and bash have it
		ulimit -t 10 # what it computes, however busy the machine is
		timeout 120 "$RELIGHT" check "$@" >"$here/out" 2>"$here/err" </dev/null
	) || got=$?
	if [ "$got" != "$code" ] || { [ -n "$output" ] && ! grep -qF -- "$output" "$here/out" "$here/err"; }; then
		echo "check: $what: exit $got, wanted $code and: $output" >&2
		head -c 2000 "$here/out" "$here/err" >&2
		failed=1
	fi
}

# says WHAT FILTER: the last JSON makes this jq filter true.
says() {
	jq -e "$2" "$here/out" >/dev/null || { echo "check: $1: not true of the JSON: $2" >&2; cat "$here/out" >&2; failed=1; }
}

cat >"$here/warned.yaml" <<'end'
relight: 1
name: warned
steps: [{id: a, run: {command: [ls]}}]
end
cat >"$here/broken.yaml" <<'end'
relight: 1
name: broken
dependencies:
- {id: d, check: {command: [x], expect: {jq: '.a |'}}}
steps:
- {id: bootstrap}
- {id: b, needs: [bootstrp]}
end
printf 'relight: 1\nname: [\n' >"$here/unparsable.yaml"

for runbook in case-management-eks restore-namespace velero-restore argocd-sync; do
	expect "a good one: $runbook" 0 "good" --strict runbooks/$runbook.yaml
done
expect "warnings alone" 0 "[no-owner]" "$here/warned.yaml"
expect "warnings, strictly" 1 "[no-timeout]" --strict "$here/warned.yaml"
expect "an error" 1 "broken.yaml:7:19: error: step b: there is no step bootstrp [unknown-step]" "$here/broken.yaml"
expect "its line" 1 "    - {id: b, needs: [bootstrp]}" "$here/broken.yaml"
expect "a suggestion" 1 "did you mean bootstrap?" "$here/broken.yaml"
expect "jq beside other errors" 1 "broken.yaml:4:46: error: the jq program does not compile" "$here/broken.yaml"

# A Secret is written out in a runbook by its own words, not by variables alone.
printf '%s\n' 'relight: 1' 'name: secrets' 'targets: {t: {kubernetes: {context: c}}}' 'inputs: {k: {ask: k, secret: true}}' 'steps:' \
	'- {id: a, run: {kubernetes: {target: t, apply: {apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {key: "${input.k}"}}}}}' \
	'- {id: b, run: {kubernetes: {target: t, apply: {apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {key: "x${input.k}"}}}}}' \
	'- {id: c, run: {kubernetes: {target: t, patch: {resource: secret, name: a, body: {stringData: {key: "${input.k}"}, data: {old: null}}}}}}' \
	'- {id: d, run: {kubernetes: {target: t, patch: {resource: secrets, name: a, body: {data: {key: eA==}}}}}}' \
	'- {id: e, run: {kubernetes: {target: t, patch: {resource: secret, name: a, type: json, body: [{op: add, path: /data/key, value: eA==}]}}}}' \
	'- {id: f, run: {kubernetes: {target: t, patch: {resource: secret, name: a, type: json, body: [{op: add, path: /metadata/labels/x, value: y}]}}}}' \
	'- {id: g, run: {kubernetes: {target: t, patch: {resource: configmap, name: a, body: {data: {key: x}}}}}}' \
	'- {id: h, run: {kubernetes: {target: t, patch: {resource: secret, name: a, body: "{\"stringData\": {\"key\": \"x\"}}"}}}}' \
	>"$here/secrets.yaml"
expect "Secrets in a runbook" 0 "" --format json "$here/secrets.yaml"
says "which of them is written out" '[.files[0].diagnostics[] | select(.code == "holds-secret") | .line] == [7,9,10,13]'

expect "JSON of several" 1 "" --format json "$here/warned.yaml" "$here/broken.yaml" "$here/unparsable.yaml"
says "files in order" '[.files[].file | split("/") | last] == ["warned.yaml","broken.yaml","unparsable.yaml"]'
says "counts" '[.files[].errors] == [0,2,1] and .files[0].warnings > 5'
says "a diagnostic" '.files[1].diagnostics[1] == {severity:"error",code:"unknown-step",line:7,column:19,
	message:"step b: there is no step bootstrp",suggestion:"did you mean bootstrap?"}'
says "unparsable YAML is a diagnostic" '.files[2].diagnostics[0].code == "yaml"'
says "the order of places" '.files[1].diagnostics | map(.line) == (map(.line) | sort)'

mkfifo "$here/fifo"
printf 'x' >"$here/unreadable.yaml"
head -c 4194305 /dev/zero | tr '\0' '#' >"$here/large.yaml"
expect "a missing file" 2 "relight: check: $here/missing: No such file" "$here/missing"
expect "a directory" 2 "$here: " "$here"
expect "a FIFO" 2 "$here/fifo: not a regular file" "$here/fifo"
expect "a large file" 2 "larger than 4194304 bytes" "$here/large.yaml"
if [ "$(id -u)" != 0 ]; then
	chmod 0 "$here/unreadable.yaml"
	expect "an unreadable file" 2 "Permission denied" "$here/unreadable.yaml"
fi
expect "one of two unreadable" 2 "good" "$here/missing" runbooks/case-management-eks.yaml
expect "an empty file" 1 "the document is empty" -
expect "nothing" 2 "needs a runbook"
expect "an unknown option" 2 "unknown option --sctrict" --sctrict "$here/warned.yaml"
expect "an unknown format" 2 "--format is text or json" --format yaml "$here/warned.yaml"
cat >"$here/live.yaml" <<'end'
relight: 1
name: live
dependencies:
- {id: there, check: {command: ["true"]}}
- {id: not-there, check: {command: ["false"]}}
- {id: by-name, check: {dns: {name: example.com, type: A}}}
steps: [{id: a, requires: [there, not-there], run: {command: [ls]}}]
end
expect "live" 1 "not-built" --live "$here/live.yaml" --format json
says "live: what is not built" '[.files[0].diagnostics[] | select(.code == "not-built") | .message] == ["dependency by-name: dns checks: not built yet"]'
says "live: what is not healthy" '[.files[0].diagnostics[] | select(.code == "not-healthy") | .message] == ["dependency not-there: degraded: exit 1"]'
expect "inputs without live" 2 "is for --live" "$here/live.yaml" --input a=b
expect "live: no such input" 2 "no such input" --live "$here/live.yaml" --input a=b
got=0
"$RELIGHT" check - <"$here/warned.yaml" >"$here/out" || got=$?
[ "$got" = 0 ] && grep -qF -- "-:1:1: warning" "$here/out" || { echo "check: standard input is not read" >&2; failed=1; }

# Colour and control characters from outside never reach the terminal.
printf 'relight: 1\nname: "\033[31m"\nsteps: [{id: a}]\n\033]0;x\007: 1\n' >"$here/hostile.yaml"
expect "control characters" 1 "" "$here/hostile.yaml"
! grep -q "$(printf '\033')" "$here/out" || { echo "check: escape sequences come through" >&2; failed=1; }

# 200 kB bombs: the limit of expect ends those that are not refused at once.
for unit in '[' '{' '- ' '? ' '{a: ' '&a ['; do
	yes -- "$unit" | tr -d '\n' | head -c 200000 >"$here/bomb.yaml" || :
	expect "a flood of $unit" 1 "[limit]" "$here/bomb.yaml"
done
{ seq -f '%%TAG !a%.0f! b' 1 12000; echo '--- a'; } >"$here/bomb.yaml"
expect "a flood of directives" 1 "[directive]" "$here/bomb.yaml"
[ "$failed" = 0 ]
