// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TERM_SCRIPT_H
#define RELIGHT_WORLD_TERM_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/err.h"

// Keys typed from a file (RELIGHT_KEYS=FILE), so that any screen can be reproduced. Words separated
// by blanks; `#` begins a comment:
//
//   s Enter            keys: one character, or Enter Esc Tab BackTab Space Up Down Left Right Home
//   End PageUp PageDown
//                      Insert Delete Backspace F1 C-a C-c C-d C-e C-k C-l C-u C-w, Hangup
//   "some text"        typed; \" and \\ within
//   paste "some text"  pasted
//   wait 500ms         a duration, as runbooks write it
//   wait-for "text"    until it stands in a row of the screen, for 30 s at most
//
// After each of them TERM_SCRIPT_PAUSE_MS pass, as a person would need: a dialog takes no answer
// that was typed before it was seen. A text in quotes is one.

#define TERM_SCRIPT_PAUSE_MS    160
#define TERM_SCRIPT_PATIENCE_MS 30000
#define TERM_SCRIPT_MAX_BYTES   (1u << 20)

struct term_script;

// Reads and checks the whole script. NULL with `err` ("RELIGHT_KEYS: FILE:3: …").
struct term_script *term_script_load(const char *path, struct err *err);
void term_script_free(struct term_script *script); // NULL is safe

enum term_script_step { SCRIPT_KEYS, SCRIPT_WAIT, SCRIPT_WAIT_FOR, SCRIPT_END };
struct term_script_action {
	enum term_script_step step;
	const int *keys; // SCRIPT_KEYS; lives as long as the script
	size_t key_count;
	int wait_ms;      // SCRIPT_WAIT
	const char *text; // SCRIPT_WAIT_FOR
};
// The next thing to do, in order.
struct term_script_action term_script_next(struct term_script *script);

#endif
