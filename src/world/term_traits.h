// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TERM_TRAITS_H
#define RELIGHT_WORLD_TERM_TRAITS_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/err.h"
#include "term_restore.h"

// What terminfo says of the terminal. Apart from term_curses.c because curses' own <term.h> takes
// words like `columns` for macros.

#define PASTE_ON  "\033[?2004h" // bracketed paste (xterm's ctlseqs), where is_ansi
#define PASTE_OFF "\033[?2004l"

struct term_traits {
	char type[64]; // TERM
	int colours;   // 0, 8, 16, 256
	bool is_utf8;
	bool is_ansi; // sequences begin with ESC [: bracketed paste may be asked for
	char restore[TERM_RESTORE_BYTES]; // leaves the alternate screen, shows the cursor, …
	size_t restore_length;
};

// What kind of terminal $TERM says that this is. False with `err` ("terminal: …") for one that
// cannot be drawn on. `fd`: the terminal. Neither writes to it nor waits for it.
bool term_traits_read(struct term_traits *traits, int fd, struct err *err);

#endif
