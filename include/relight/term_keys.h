// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TERM_KEYS_H
#define RELIGHT_TERM_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "relight/key.h"

// Bytes from a terminal become keys (key.h). curses is not asked to do it: it blocks on a lone ESC,
// and lets go of what it does not know piece by piece, so that the tail of an unknown sequence
// reads as commands.
//
// Known: UTF-8; the cursor, editing and F1 keys as xterm, VTE, rxvt, tmux, screen, PuTTY, the Linux
// console and VT220s send them, with any modifier; bracketed paste. All else that ECMA-48 calls a
// control sequence or control string, answers of the terminal and mouse reports included, is
// swallowed whole, and so is Alt with a character. Bytes that are no UTF-8 are dropped.

#define TERM_KEYS_ESCAPE_US   25000  // after so long a lone ESC was the key
#define TERM_KEYS_SEQUENCE_US 500000 // after so long a sequence that has begun will not go on

enum term_keys_state {
	TERM_KEYS_GROUND,
	TERM_KEYS_CHARACTER,
	TERM_KEYS_ESCAPE,
	TERM_KEYS_CSI,
	TERM_KEYS_SS3,
	TERM_KEYS_STRING,
	TERM_KEYS_STRING_ESCAPE,
	TERM_KEYS_SWALLOW,
};

// A zeroed struct has seen nothing yet.
struct term_keys {
	enum term_keys_state state;
	char parameters[32]; // of a control sequence; what does not fit is counted, not kept
	size_t length;       // bytes of the sequence after its introducer
	uint32_t character, character_least;
	int more;            // bytes that are still to come of a character, or to be swallowed
	int escapes;         // ESC bytes pending, 1 or 2
	int64_t since_us;    // when the newest byte came
	unsigned is_alt : 1; // ESC stood before the sequence or character: no key
	unsigned is_pasting : 1;
	unsigned was_return : 1; // of a paste: the last byte was CR, whose LF is not another line
				 // end
};

// How many keys `bytes` bytes may become.
#define TERM_KEYS_ROOM(bytes) ((bytes) + 8)

// Takes bytes that came at `now_us` (any monotonic clock) and stores the keys that they complete;
// returns their number.
size_t term_keys_feed(struct term_keys *decoder, const void *bytes, size_t count, int64_t now_us,
	int keys[/* TERM_KEYS_ROOM(count) */]);
// When term_keys_expire is due, on the same clock; -1: nothing is pending.
int64_t term_keys_deadline_us(const struct term_keys *decoder);
// The deadline has passed, and nothing more can be read: a lone ESC becomes the key, or ends a
// paste whose end was lost; any other unfinished sequence is forgotten. Before the deadline nothing
// happens. Returns the number of keys stored.
size_t term_keys_expire(
	struct term_keys *decoder, int64_t now_us, int keys[/* TERM_KEYS_ROOM(0) */]);

#endif
