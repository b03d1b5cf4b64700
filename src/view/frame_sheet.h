// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_SHEET_H
#define RELIGHT_VIEW_FRAME_SHEET_H

#include "relight/buf.h"
#include "frame_panes.h"

// Text that runs along a line, part by part, until the line is full.
struct pen {
	struct area area;
	int row, column, end; // end: exclusive
};
struct pen pen_at(struct area area, int row, int column, int end);
void pen_text(struct pen *pen, enum role role, const char *text);
void pen_printf(struct pen *pen, enum role role, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void pen_skip(struct pen *pen, int columns);

// The next piece of a text that fits into `width` columns (at least 1), broken at a blank where
// there is one: its length in bytes, blanks at the break included; at least one character while
// there is any. A LF ends a piece and is part of it.
size_t wrap_piece(const char *text, size_t length_bytes, int width, bool is_utf8);

// Draws such a piece, without its LF.
void piece_draw(struct area area, int row, int column, enum role role, const char *text,
	size_t length_bytes);

// Labelled texts, one below the other: "label  text, wrapped beside its label". Lives in an arena.
struct sheet_line {
	const char *label, *text;
	enum role role; // of the text
};
struct sheet {
	struct arena *arena;
	struct sheet_line *lines;
	size_t count, capacity;
	int label_columns;
};
// An empty text adds nothing; so does NULL. Without a label (NULL) it begins at the left.
void sheet_add(struct sheet *sheet, const char *label, enum role role, const char *text);
void sheet_printf(struct sheet *sheet, const char *label, enum role role, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void sheet_blank(struct sheet *sheet);
// Draws from the `top`th drawn line on; a top beyond the end shows the last page.
struct hidden sheet_draw(struct area area, const struct sheet *sheet, int top);

#endif
