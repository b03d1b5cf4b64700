// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_THEME_H
#define RELIGHT_THEME_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/diag.h"
#include "relight/grid.h"

// What things on the screen are (roles), and how a terminal shows each (looks). Panes speak of
// roles only, so that a theme can change every colour and nothing else. Words and glyphs carry the
// meaning; a look only makes it quicker to find.

//   X(NAME, word, attributes without colour, what it marks)
#define ROLES(X)                                                                                   \
	X(NORMAL, "normal", 0, "text")                                                             \
	X(DIM, "dim", 0, "what is not now: waiting, awaited, ages, help")                          \
	X(TITLE, "title", LOOK_BOLD, "names of panes, labels in capitals")                         \
	X(RULE, "rule", 0, "lines between panes")                                                  \
	X(NOW, "now", LOOK_BOLD, "the first line of the NOW box")                                  \
	X(BAD, "bad", LOOK_BOLD, "lost, failed, regressed, a missed RTO")                          \
	X(WARN, "warn", LOOK_BOLD, "due, unknown, expiring, near its timeout")                     \
	X(GOOD, "good", 0, "done, held, healthy")                                                  \
	X(ACTIVE, "active", LOOK_BOLD, "running, verifying")                                       \
	X(READY, "ready", LOOK_BOLD, "yours: can be started now")                                  \
	X(PERSON, "person", 0, "a person's word: attested, decided, by hand, waived")              \
	X(MARK, "mark", LOOK_BOLD, "^k: follows a root cause")                                     \
	X(KEY, "key", LOOK_BOLD, "a key in the key bar or in a text")                              \
	X(SELECTED, "selected", LOOK_REVERSE, "the line under the cursor")                         \
	X(FIELD, "field", LOOK_UNDERLINE, "where something is typed")                              \
	X(FOUND, "found", LOOK_REVERSE, "a match of the search")                                   \
	X(DIALOG, "dialog", 0, "text of a dialog")                                                 \
	X(DIALOG_TITLE, "dialog-title", LOOK_REVERSE, "frame and title of a dialog")               \
	X(MESSAGE, "message", 0, "the answer to the last key")                                     \
	X(COMPLAINT, "complaint", LOOK_BOLD, "why the last key did nothing")                       \
	X(HIDDEN, "hidden", LOOK_REVERSE, "a control or invalid character made visible")           \
	X(MODE_LIVE, "mode-live", LOOK_REVERSE | LOOK_BOLD, "LIVE")                                \
	X(MODE_DRILL, "mode-drill", LOOK_REVERSE, "DRILL")                                         \
	X(MODE_REHEARSAL, "mode-rehearsal", LOOK_REVERSE, "REHEARSAL")                             \
	X(MODE_REPLAY, "mode-replay", LOOK_REVERSE, "REPLAY")                                      \
	X(MODE_OBSERVER, "mode-observer", 0, "OBSERVER: keys change nothing")                      \
	X(MODE_ARMED, "mode-armed", LOOK_BOLD, "ARMED: keys act")

enum role {
#define X(name, word, attributes, help) ROLE_##name,
	ROLES(X)
#undef X
		ROLE_COUNT,
};

#define PALETTES 3 // 256, 16 and 8 colours
struct theme_role {
	int fg[PALETTES], bg[PALETTES];
	unsigned attributes; // with colour
	unsigned plain;      // without
};

#define THEME_NAME_BYTES 64
struct theme {
	char name[THEME_NAME_BYTES], title[160];
	struct theme_role roles[ROLE_COUNT];
};

// The theme without colours: attributes only. It needs no file and reads on every terminal.
void theme_plain(struct theme *theme);

// Reads a theme file:
//   theme: 1
//   name: default
//   title: For dark and light backgrounds
//   roles:
//     bad: {fg: 196, fg16: bright-red, fg8: red, bg: default, attributes: [bold], plain: [bold,
//     reverse]}
// A colour is `default`, a name (black red green yellow blue magenta cyan white, bright-red, …) or
// a number of the 256 colour palette; fg16, fg8, bg16 and bg8 are the nearest colours where they
// are not given. Roles that are left out look like `normal`, with the attributes of theme_plain.
// False, with `theme` untouched, after an error was added to `diags`.
bool theme_load(struct theme *theme, const char *text, size_t length_bytes, struct diags *diags);

// The look of a role on a terminal of so many colours (0: none, 8, 16, 256 or more).
struct look theme_look(const struct theme *theme, enum role role, int colours);

// What a theme calls a role, and what that is for. Static.
const char *role_word(enum role role);
const char *role_help(enum role role);

#endif
