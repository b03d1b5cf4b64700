#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: lint.sh BUILD-DIRECTORY   (in the top of the tree, with the generated files made: make lint)
#
# Looks at every tracked file without running it: clang-format, clang-tidy (.clang-tidy), cppcheck, mandoc and, where it is
# installed, shellcheck. Prints what they find; exits 1 if any found something.
set -eu

[ $# = 1 ] || { echo "relight: lint: usage: lint.sh BUILD-DIRECTORY" >&2; exit 2; }
generated=$1/generated
jobs=$(nproc 2>/dev/null || echo 2)
failed=

# run NAME COMMAND...: says what is being done, and remembers a failure.
run() {
	name=$1
	shift
	echo "relight: lint: $name"
	"$@" || failed="$failed $name"
}

format() {
	unformatted=$(git ls-files '*.[ch]' | while read -r file; do
		clang-format "$file" | cmp -s - "$file" || echo "$file: not as clang-format would have it; make format"
	done)
	[ -z "$unformatted" ] || { echo "$unformatted"; return 1; }
}

tidy() {
	flags="-std=c11 -D_GNU_SOURCE -DRELIGHT_VERSION=\"0\" -DRELIGHT_DATADIR=\"/\""
	flags="$flags -Iinclude -Isrc -Itests/terminal -I$generated"
	flags="$flags $(pkg-config --cflags ncursesw libuv libcjson yaml-0.1 libcrypto libutf8proc libcurl)"
	# What it counts in system headers is no finding, and is all that it says on stderr.
	git ls-files '*.c' | xargs -P "$jobs" -n 4 sh -c '
		flags=$1
		shift
		clang-tidy --quiet "$@" -- $flags 2>/dev/null' sh "$flags"
}

check() {
	git ls-files '*.c' | xargs cppcheck -q -j "$jobs" --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability --suppressions-list=tests/cppcheck.suppressions \
		-D_GNU_SOURCE -DRELIGHT_VERSION='"0"' -DRELIGHT_DATADIR='"/"' -Iinclude -Isrc -Itests/terminal \
		-I"$generated"
}

manual() {
	mandoc -T lint -W warning "$@"
}

shell() {
	# Left out: what is set here and used by a sourced file, or the other way round, and what set -e does anyway.
	git ls-files '*.sh' | xargs shellcheck -s sh -S warning -e SC2034,SC2154,SC2164,SC2046 && shellcheck -S warning .ci/run
}

run clang-format format
run clang-tidy tidy
run cppcheck check
pages=$(git ls-files 'man/*.[15]')
# shellcheck disable=SC2086
[ -z "$pages" ] || run mandoc manual $pages
if command -v shellcheck >/dev/null; then
	run shellcheck shell
fi

if [ -n "$failed" ]; then
	echo "relight: lint: findings of:$failed" >&2
	exit 1
fi
echo "relight: lint: nothing found"
