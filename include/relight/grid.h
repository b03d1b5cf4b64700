// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_GRID_H
#define RELIGHT_GRID_H

#include <stdbool.h>
#include <stdint.h>

// The screen as plain values, which is all that the drawing side (cells.h, theme.h) and the
// terminal (term.h) share: what stands where, and how it looks.

#define CELL_TEXT_BYTES 17 // 16 bytes of UTF-8 and a NUL

struct cell {
	char text[CELL_TEXT_BYTES]; // one base character and its marks; " " where blank; "" in the
				    // right half of a wide one
	uint8_t width;              // columns: 1 or 2; 0: right half of the cell before
	uint8_t role;               // enum role
};

struct grid {
	int rows, columns;
	bool is_utf8;                  // false: only ASCII is ever put into cells
	int cursor_row, cursor_column; // where the terminal's cursor is shown; -1: hidden
	struct cell *cells;            // rows × columns, row by row
};

// Limits of a terminal's size; larger ones are cut down to these.
#define GRID_MAX_ROWS    1000
#define GRID_MAX_COLUMNS 2000

#define LOOK_BOLD      1u
#define LOOK_DIM       2u
#define LOOK_UNDERLINE 4u
#define LOOK_REVERSE   8u
#define LOOK_ITALIC    16u

#define COLOUR_OWN (-1) // the terminal's own foreground or background

// How one role is shown on one terminal.
struct look {
	int fg, bg; // a colour of that terminal's palette, or COLOUR_OWN
	unsigned attributes;
};

#endif
