#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: walls_test.sh
# Proves walls.sh: builds small trees, one good and one for each way to break a wall, and looks at what it says.
set -eu

walls=$(cd "$(dirname "$0")" && pwd)/walls.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
mkdir made
passed=0
failed=0

# A tree in which every arrow that is allowed is used once.
good_tree() {
	rm -rf src include objects
	mkdir -p src/core src/view src/world include/relight objects
	for header in plan frame term engine status; do
		printf '#include <stddef.h>\nsize_t %s_use(const char *text);\n' $header >include/relight/$header.h
	done
	module core/plan '#include "relight/status.h"' 'strlen(text)'
	module view/frame '#include "relight/plan.h"' 'plan_use(text)'
	module world/term '#include "relight/plan.h"' '(puts(text), plan_use(text))'
	module engine '#include "relight/frame.h"
#include "relight/term.h"' 'frame_use(text) + term_use(text)'
}

# module PATH INCLUDES EXPRESSION: writes src/PATH.c, a module whose one function returns the expression.
module() {
	name=$(basename "$1")
	printf '#include "relight/%s.h"\n%s\n#include <stdio.h>\n#include <string.h>\n' "$name" "$2" >"src/$1.c"
	printf 'size_t %s_use(const char *text)\n{\n\treturn (size_t)(%s);\n}\n' "$name" "$3" >>"src/$1.c"
}

# expect NAME STATUS [PATTERN]: builds the tree; walls.sh must exit with that status and say what matches.
expect() {
	find src -name '*.c' | while read -r source; do
		object=objects/${source#src/}
		made=made/$(cksum <"$source" | tr ' ' -).o # most trees differ in one file only
		[ -e "$made" ] || ${CC:-cc} -Iinclude -D_GNU_SOURCE -c -o "$made" "$source"
		mkdir -p "$(dirname "$object")"
		cp "$made" "${object%.c}.o"
	done
	status=0
	sh "$walls" objects >said 2>&1 || status=$?
	if [ $status = "$2" ] && grep -q -e "${3:-.}" said; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "walls_test: $1: expected exit $2 and '${3:-.}', got exit $status and:"
		cat said
	fi
}

good_tree
expect 'a good tree passes' 0 'they stand'

good_tree
module core/plan '#include <fcntl.h>' 'open(text, 0)'
expect 'core opens a file' 1 '^objects/core/plan.o: imports open,.* in core$'

good_tree
module core/plan '#include <time.h>' 'time(NULL) + strlen(text)'
expect 'core reads the clock' 1 'core/plan.o: imports time,'

good_tree
module core/plan '' '(printf("%s %d", text, 1), strlen(text))'
expect 'core prints' 1 'core/plan.o: imports _*printf'

good_tree
module view/frame '#include <stdlib.h>' '*getenv(text)'
expect 'view reads the environment' 1 '^objects/view/frame.o: imports getenv,.* in view$'

good_tree
module view/frame '#include <stddef.h>
void *cJSON_New_Item(const char *);' 'cJSON_New_Item(text)'
expect 'what core may import is not thereby allowed in view' 1 'view/frame.o: imports cJSON_New_Item,'

good_tree
module core/plan 'int yaml_parser_set_input_file(const char *);' 'yaml_parser_set_input_file(text)'
expect 'a forbidden name of an allowed family' 1 'imports yaml_parser_set_input_file,'

good_tree
module core/plan 'size_t frame_use(const char *);' 'frame_use(text)'
expect 'core calls view without its header' 1 'core/plan.o: imports frame_use,'

good_tree
module core/plan '#include "relight/term.h"' 'strlen(text)'
expect 'core includes world' 1 '^src/core/plan.c:2: core includes include/relight/term.h, which belongs to world$'

good_tree
echo '#include "relight/frame.h"' >>include/relight/plan.h
expect 'a header of core includes view' 1 '^include/relight/plan.h:3: core includes include/relight/frame.h'

good_tree
module view/frame '#  include "relight/term.h"' 'strlen(text)'
expect 'view includes world' 1 '^src/view/frame.c:2: view includes include/relight/term.h, which belongs to world$'

good_tree
module world/term '#include "relight/frame.h"' 'strlen(text)'
expect 'world includes view' 1 '^src/world/term.c:2: world includes include/relight/frame.h, which belongs to view$'

good_tree
module world/term '#include "relight/engine.h"' 'strlen(text)'
expect 'world includes the hall' 1 'src/world/term.c:2: world includes include/relight/engine.h, which belongs to hall$'

good_tree
echo 'int private_to_world;' >src/world/secret.h
module view/frame '#include "../world/secret.h"' 'strlen(text)'
expect 'view includes a private header of world' 1 'view includes src/world/secret.h, which belongs to world$'

good_tree
printf '#include <stddef.h>\nsize_t graph_use(const char *text);\n' >include/relight/graph.h
module core/graph '#include "relight/plan.h"' 'plan_use(text)'
module core/plan '#include "relight/graph.h"' 'graph_use(text)'
expect 'two modules include each other' 1 'closes a circle of includes: core/\(plan -> core/graph -> core/plan\|graph -> core/plan -> core/graph\)$'

good_tree
echo '#include "relight/plan.h"' >src/core/plan_order.h
printf '#include "plan_order.h"\nint plan_order;\n' >src/core/plan_order.c
module core/plan '#include "plan_order.h"' 'strlen(text)'
expect 'private files are a part of their module' 0 'they stand'

good_tree
printf '#pragma once\n#include "plan_rank.h"\n' >src/core/plan_order.h
printf '#pragma once\n#include "plan_order.h"\n' >src/core/plan_rank.h
module core/plan '#include "plan_order.h"' 'strlen(text)'
expect 'two private headers include each other' 1 'circle of includes: src/core/plan_[a-z]*.h -> src/core/plan_[a-z]*.h -> '

good_tree
rm -rf objects/core
mkdir -p objects/core
status=0
sh "$walls" objects >said 2>&1 || status=$?
if [ $status = 2 ] && grep -q 'plan.o: missing' said; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
	echo "walls_test: objects that were not built: exit $status:"
	cat said
fi

echo "walls_test: $passed passed, $failed failed"
[ $failed = 0 ]
