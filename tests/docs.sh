#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: docs.sh check|write GENERATOR   (in the top of the tree)
#
# Parts of the manual come from the program's own tables: the keys of relight(1) from GENERATOR, the keys and kinds of
# relight-timeline(5) from the JSON Schema of a line. `check` fails where a page differs, `write` brings it up to date. Every
# command and every kind of event that the program knows must be described, and the pages must be good mdoc.
set -eu

[ $# = 2 ] || { echo "relight: docs: usage: docs.sh check|write GENERATOR" >&2; exit 2; }
how=$1
generator=$2
schema=src/schemas/timeline.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	echo "relight: docs: $*" >&2
	exit 1
}

# part PAGE NAME: puts what is on standard input between the page's marks NAME:begin and NAME:end, or compares it.
part() {
	cat >"$work/part"
	sed -e "/$2:begin/r $work/part" -e "/$2:begin/,/$2:end/{/$2:begin/!{/$2:end/!d}}" "$1" >"$work/page"
	case $how in
	write) cat "$work/page" >"$1" ;;
	check) diff -u "$1" "$work/page" || fail "$1: its $2 are out of date; 'make docs' writes them" ;;
	*) fail "usage: docs.sh check|write GENERATOR" ;;
	esac
}

"$generator" | part man/relight.1 keys
for part in line values kinds; do
	jq -r --arg part $part -f tests/docs/timeline.jq $schema | part man/relight-timeline.5 $part
done

for command in $(sed -n 's/^	{"\([a-z-]*\)", cmd_.*/\1/p' src/main.c); do
	grep -q "^\.Cm $command\b\|^\.It Cm $command\b" man/relight.1 || fail "man/relight.1: command $command is not described"
done

grep -o 'X([A-Z_]*, "[a-z._-]*")' include/relight/event.h | sed 's/.*"\(.*\)".*/\1/' >"$work/kinds"
jq -r '.allOf[].if.properties.kind.const' $schema >"$work/described"
diff -u "$work/kinds" "$work/described" || fail "$schema: its kinds of events are not those of event.h, in their order"
