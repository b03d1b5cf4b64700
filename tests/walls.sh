#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: walls.sh OBJECTS-DIRECTORY   (in the top of the tree, with all objects built)
#
# Holds the rooms of src/ apart:
#   core   imports nothing but what walls.allow lists, includes core only
#   view   the same, and may use core
#   world  includes world and core
#   hall   (src/*.c) includes anything; nothing includes it
# and neither a header nor a module (X.h, X.c and their private parts X_*.[ch]) reaches itself through its includes. A header of
# include/relight belongs to the room in which a .c of the same name lives; one that has none is core. Prints one line a
# finding and exits 1 if there is any.
set -eu

[ $# = 1 ] || { echo "relight: walls: usage: walls.sh OBJECTS-DIRECTORY" >&2; exit 2; }
objects=$1
allow=$(dirname "$0")/walls.allow
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

# --- what the objects import ---------------------------------------------------------------------------------------------

objects_of() {
	for source in src/"$1"/*.c; do
		[ ! -e "$source" ] || echo "$objects/$1/$(basename "$source" .c).o"
	done
}
for object in $(objects_of core) $(objects_of view); do
	[ -e "$object" ] || { echo "relight: walls: $object: missing; build first: make walls" >&2; exit 2; }
done

# symbols ROOM: "allow PATTERN", "forbid PATTERN", "have SYMBOL" and "want OBJECT SYMBOL" lines for the judge below.
symbols() {
	awk -v room="$1" '
		{ sub(/#.*/, "") }
		NF == 2 && $1 == "!both" || $1 == "!" room { print "forbid", $2; next }
		NF == 2 && $1 == "both" || $1 == room { print "allow", $2 }' "$allow"
	provided=$(objects_of core)
	[ "$1" = core ] || provided="$provided $(objects_of "$1")"
	# shellcheck disable=SC2086
	nm -P -g --defined-only $provided | awk 'NF >= 2 { print "have", $1 }'
	# shellcheck disable=SC2046
	nm -P -A -u $(objects_of "$1") | awk '{ sub(/:$/, "", $1); print "want", $1, $2 }'
}

judge='
	function as_regex(glob) {
		gsub(/[.]/, "[.]", glob)
		gsub(/[*]/, ".*", glob)
		return "^" glob "$"
	}
	function is_matched(symbol, list, n,   i) {
		for (i = 1; i <= n; i++)
			if (symbol ~ list[i])
				return 1
		return 0
	}
	$1 == "allow" { allowed[++allowed_count] = as_regex($2) }
	$1 == "forbid" { forbidden[++forbidden_count] = as_regex($2) }
	$1 == "have" { have[$2] = 1 }
	$1 == "want" && !($3 in have) {
		if (is_matched($3, forbidden, forbidden_count) || !is_matched($3, allowed, allowed_count))
			print $2 ": imports " $3 ", which tests/walls.allow does not allow in " room
	}'

for room in core view; do
	[ -n "$(objects_of $room)" ] || continue
	symbols $room | awk -v room=$room "$judge" >>"$findings"
done

# --- who includes whom ---------------------------------------------------------------------------------------------------

# Reads "FILE" lines (every source and header), then "FILE:LINE:#include "NAME"" lines.
graph='
	function room_of(file,   name) {
		if (file ~ /^include\/relight\//) {
			name = file
			sub(/^include\/relight\//, "", name)
			sub(/[.]h$/, ".c", name)
			if (("src/core/" name) in files) return "core"
			if (("src/view/" name) in files) return "view"
			if (("src/world/" name) in files) return "world"
			if (("src/" name) in files) return "hall"
			return "core"
		}
		if (file ~ /^src\/(core|view|world)\//) {
			split(file, part, "/")
			return part[2]
		}
		return "hall"
	}
	# A file that has no header in include/relight is a part of the module there whose name its own begins with: yaml_scalar.c
	# and yaml_scalar.h of yaml.
	function module_of(file,   room, name, owner) {
		room = room_of(file)
		name = file
		sub(/.*\//, "", name)
		sub(/[.][ch]$/, "", name)
		for (owner = name; !is_public(room, owner); )
			if (!sub(/_[^_]*$/, "", owner))
				return room "/" name
		return room "/" owner
	}
	function is_public(room, name) {
		name = "include/relight/" name ".h"
		return (name in files) && room_of(name) == room
	}
	# The file that the compiler would take; "" for what is generated.
	function resolved(from, name,   folder) {
		folder = from
		sub(/[^\/]*$/, "", folder)
		folder = folder name
		while (sub(/[^\/.]+\/[.][.]\//, "", folder))
			;
		if (folder in files) return folder
		if (("include/" name) in files) return "include/" name
		if (("src/" name) in files) return "src/" name
		return ""
	}
	function may_include(from, to) {
		return from == "hall" || from == to || to == "core"
	}
	function edge_add(from, to, at) {
		if (from == to || (from, to) in where)
			return
		where[from, to] = at
		uses[from] = uses[from] " " to
		nodes[++nodes_count] = from
	}
	function visit(node,   i, n, list, next_node, j, circle) {
		color[node] = "open"
		path[++depth] = node
		n = split(uses[node], list, " ")
		for (i = 1; i <= n; i++) {
			next_node = list[i]
			if (color[next_node] == "open") {
				circle = next_node
				for (j = depth; path[j] != next_node; j--)
					circle = path[j] " -> " circle
				circle = next_node " -> " circle
				print where[node, next_node] ": closes a circle of includes: " circle
			} else if (color[next_node] == "")
				visit(next_node)
		}
		depth--
		color[node] = "closed"
	}
	!/#/ { files[$0] = 1; next }
	{
		split($0, place, ":")
		from = place[1]
		name = $0
		sub(/^[^"]*"/, "", name)
		sub(/".*/, "", name)
		to = resolved(from, name)
		if (to == "")
			next
		at = from ":" place[2]
		if (!may_include(room_of(from), room_of(to)))
			print at ": " room_of(from) " includes " to ", which belongs to " room_of(to)
		edge_add(module_of(from), module_of(to), at)
		if (from ~ /[.]h$/)
			edge_add(from, to, at)
	}
	END {
		for (i = 1; i <= nodes_count; i++)
			if (color[nodes[i]] == "")
				visit(nodes[i])
	}'

files=$(find src include -name '*.[ch]' | sort)
# shellcheck disable=SC2086
{
	printf '%s\n' $files
	grep -Hn '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $files || true
} | awk "$graph" >>"$findings"

if [ -s "$findings" ]; then
	cat "$findings" >&2
	echo "relight: walls: $(wc -l <"$findings") findings; move the code to the room that may do this" >&2
	exit 1
fi
echo "relight: walls: they stand"
