// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TERM_CURSES_H
#define RELIGHT_WORLD_TERM_CURSES_H

#include <stdbool.h>

#include "relight/grid.h"
#include "relight/term.h"
#include "term_traits.h"

// Drawing with curses: the only code that does. There is one screen; whatever touches it is for one
// thread, and may block for as long as the terminal takes nothing.

struct canvas;

// `fd` (blocking, owned from now on) is the terminal, in raw mode. Touches it not yet.
struct canvas *canvas_new(const struct term_traits *traits, int fd);
// After canvas_end, or where canvas_enter has failed. Closes the terminal.
void canvas_free(struct canvas *canvas);

// Takes the screen; false: curses would not have this terminal after all.
bool canvas_enter(struct canvas *canvas);
// Gives it back for a while, …
void canvas_leave(struct canvas *canvas);
// … takes it again, whose picture is to be drawn anew then, …
void canvas_come_back(struct canvas *canvas);
// … or gives it back for good.
void canvas_end(struct canvas *canvas);

// Whether it was last drawn for a terminal of this size.
bool canvas_has_size(const struct canvas *canvas, int rows, int columns);

struct drawing {
	const struct grid *grid; // NULL: nothing but what follows
	struct look looks[TERM_LOOKS];
	bool is_redraw;    // everything anew, whatever the screen shows
	int rows, columns; // of the terminal
};
void canvas_draw(struct canvas *canvas, const struct drawing *drawing);

#endif
