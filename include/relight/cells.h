// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CELLS_H
#define RELIGHT_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/grid.h"
#include "relight/theme.h"

// The screen as a value: rows and columns of cells, each one character with its combining marks and
// the role it plays. Every text that is drawn is treated as untrusted. What is drawn outside of its
// area is cut off, never written elsewhere.

// A blank grid of at least 1×1. The caller frees with grid_free.
struct grid *grid_new(int rows, int columns, bool is_utf8);
void grid_free(struct grid *grid); // NULL is safe
// Another size; everything is blank afterwards.
void grid_resize(struct grid *grid, int rows, int columns);
void grid_clear(struct grid *grid);
// NULL outside of the grid.
const struct cell *grid_at(const struct grid *grid, int row, int column);
// Appends the rows as text, each with its trailing blanks cut and a LF.
void grid_text(const struct grid *grid, struct buf *out);

// A rectangle of a grid that drawing cannot leave; rows and columns of what is drawn count from its
// corner. By value.
struct area {
	struct grid *grid;
	int row, column, rows, columns; // inside the grid always
};
struct area area_all(struct grid *grid); // the whole grid, until its size changes
// A part of an area, clipped to it. May be empty; drawing on it is then a no-op.
struct area area_part(struct area area, int row, int column, int rows, int columns);

// Draws `text` from (row, column) in at most `width` columns; what does not fit is cut and ends in
// "..". Returns the columns used. Control characters become ^X, format characters (bidi overrides
// among them) <U+202E>, bytes that are no UTF-8 \xNN, all in ROLE_HIDDEN; a tab is one blank. Marks
// that do not fit into a cell are dropped, a wide character is never cut in half. On a grid that is
// not UTF-8 letters lose their accents, and what has no likeness becomes "?". NULL draws nothing.
int area_text(struct area area, int row, int column, int width, enum role role, const char *text);
int area_printf(struct area area, int row, int column, int width, enum role role,
	const char *format, ...) __attribute__((format(printf, 6, 7)));
// The same, ending at column `end` (exclusive). Returns the column where it begins.
int area_right(struct area area, int row, int end, int width, enum role role, const char *text);
// Draws one cell that safe_next gave; a part that was made visible stays ROLE_HIDDEN. Nothing when
// it does not fit.
void area_cell(struct area area, int row, int column, enum role role, const struct cell *cell);
// Repeats an ASCII character, or on a UTF-8 grid `fine` (one character of width 1) where that is
// not NULL.
void area_repeat(struct area area, int row, int column, int width, enum role role, char ascii,
	const char *fine);
// Gives cells another role and leaves their text.
void area_paint(struct area area, int row, int column, int width, enum role role);
// Blanks the area.
void area_clear(struct area area, enum role role);
// Puts the terminal's cursor there.
void area_cursor(struct area area, int row, int column);

// Untrusted text, taken apart into cells that are safe to show. What area_text does, for those who
// wrap and scroll.
struct safe_text {
	const char *next, *end; // unread bytes
	bool is_utf8;           // of the grid
	int tab_columns;        // a tab goes on to the next multiple of this; 0: a tab is one blank
	int column;             // columns given so far
	char rest[16];          // of something that takes several cells: "U+202E>"
	int rest_next;
	uint8_t rest_role;
};
// `tab_columns` at most 8.
void safe_begin(struct safe_text *text, const char *bytes, size_t length_bytes, bool is_utf8,
	int tab_columns);
// The next cell, with ROLE_NORMAL or ROLE_HIDDEN; false at the end.
bool safe_next(struct safe_text *text, struct cell *cell);
// Columns that a text takes when it is drawn whole; NULL: 0.
int safe_columns(const char *text, bool is_utf8);

#endif
