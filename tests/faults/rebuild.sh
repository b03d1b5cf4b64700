#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: rebuild.sh KEEP DIRECTORY NEW
# Makes NEW what a power cut would have left of DIRECTORY: lossy.c kept in KEEP what was synced.
set -eu
keep=$1

key() { stat -c '%i-%.9W' "$1"; }

# rebuild KEY PATH
rebuild() {
	if [ -e "$keep/names/$1" ]; then
		mkdir -m 700 "$2"
		while read -r of name; do
			(rebuild "$of" "$2/$name")
		done <"$keep/names/$1"
	elif [ -e "$keep/file/$1" ]; then
		cp "$keep/file/$1" "$2"
		chmod 600 "$2"
	elif [ -n "$(find "$directory" -type d -inum "${1%%-*}")" ]; then
		mkdir -m 700 "$2" # its name was kept, and nothing in it
	else
		: >"$2" # its name was kept, its bytes were not
		chmod 600 "$2"
	fi
}

directory=$2
rebuild "$(key "$2")" "$3"
