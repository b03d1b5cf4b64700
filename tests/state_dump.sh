#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: state_dump.sh   (in the top of the tree)
# Whether state_dump() leaves out no member of what a state is made of: equality of two states is judged by their dumps.
set -eu

# members STRUCT: the names of its members in state.h, one a line.
members() {
	sed -n "/^struct $1 {/,/^};/p" include/relight/state.h | sed 's,//.*,,; s/\[[^]]*\]//g' | tr '\n' ' ' |
		sed 's/^[^{]*{//; s/enum [a-z_]* {[^}]*}//g' | tr ';' '\n' | tr ',' '\n' | grep -o '[a-z_]*[ \t]*$' | tr -d ' \t' | grep .
}

missing=
for struct in state step_progress dependency_known waiver remark role_holder script pin; do
	for member in $(members "$struct"); do
		case $member in
		runbook | plan | *_capacity) ;; # borrowed, or no content
		*) grep -qE "(->|\.)$member\b" src/core/state_dump.c || missing="$missing $struct.$member" ;;
		esac
	done
done
[ -z "$missing" ] || { echo "relight: walls: src/core/state_dump.c: leaves out$missing" >&2; exit 1; }
