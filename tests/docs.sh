#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: docs.sh check|write GENERATOR   (in the top of the tree)
#
# The KEYS section of relight(1) comes from the program's own tables: `check` fails where it differs, `write` brings it up to
# date. Every command that the program knows must be described, and the pages must be good mdoc.
set -eu

page=man/relight.1
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
"$2" >"$wanted.keys"
sed -e "/keys:begin/r $wanted.keys" -e '/keys:begin/,/keys:end/{/keys:begin/!{/keys:end/!d}}' $page >"$wanted"
rm -f "$wanted.keys"
case $1 in
write) cat "$wanted" >$page ;;
check)
	diff -u $page "$wanted" || { echo "relight: docs: $page: its keys are out of date; 'make docs' writes them" >&2; exit 1; }
	;;
*) echo "relight: docs: usage: docs.sh check|write GENERATOR" >&2; exit 2 ;;
esac
for command in $(sed -n 's/^	{"\([a-z-]*\)", cmd_.*/\1/p' src/main.c); do
	grep -q "^\.Cm $command\b\|^\.It Cm $command\b" $page || { echo "relight: docs: $page: command $command is not described" >&2; exit 1; }
done
