// SPDX-License-Identifier: Apache-2.0
#include "screen_parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

/* Puts the cells of one row from a column on into s->text at an offset, without trailing blanks;
 * returns its end. */
static size_t row_put(struct screen *s, int row, int from_col, size_t offset)
{
	VTermRect rect = {
		.start_row = row, .end_row = row + 1, .start_col = from_col, .end_col = s->cols};
	size_t bytes = vterm_screen_get_text(s->cells, NULL, 0, rect);

	if (offset + bytes + 2 > s->text_size) {
		s->text_size = (offset + bytes + 2) * 2;
		s->text = screen_reallocate(s->text, s->text_size);
	}
	vterm_screen_get_text(s->cells, s->text + offset, bytes, rect);
	while (bytes > 0 && s->text[offset + bytes - 1] == ' ')
		bytes--;
	s->text[offset + bytes] = '\0';
	return offset + bytes;
}

const char *screen_row(struct screen *s, int row)
{
	assert(row >= 0 && row < s->rows);
	row_put(s, row, 0, 0);
	return s->text;
}

int screen_rows(const struct screen *s)
{
	return s->rows;
}

const char *screen_text(struct screen *s)
{
	size_t end = 0;

	for (int row = 0; row < s->rows; row++) {
		end = row_put(s, row, 0, end);
		s->text[end++] = '\n';
	}
	s->text[end] = '\0';
	return s->text;
}

bool screen_find(struct screen *s, const char *text, int *row, int *col)
{
	int r = 0;
	int c = 0;

	while (r < s->rows && strstr(screen_row(s, r), text) == NULL)
		r++;
	if (r == s->rows)
		return false;
	/* The rightmost column from which the rest of the row still holds it, unless it stands
	 * there twice. */
	for (int from = 0; from < s->cols; from++) {
		row_put(s, r, from, 0);
		if (strncmp(s->text, text, strlen(text)) == 0) {
			c = from;
			break;
		}
	}
	if (row)
		*row = r;
	if (col)
		*col = c;
	return true;
}

bool screen_has(struct screen *s, const char *text)
{
	return screen_find(s, text, NULL, NULL);
}

static int colour_of(const VTermColor *colour)
{
	if (VTERM_COLOR_IS_DEFAULT_FG(colour) || VTERM_COLOR_IS_DEFAULT_BG(colour))
		return SCREEN_DEFAULT;
	if (VTERM_COLOR_IS_INDEXED(colour))
		return colour->indexed.idx;
	return SCREEN_RGB | colour->rgb.red << 16 | colour->rgb.green << 8 | colour->rgb.blue;
}

struct screen_cell screen_cell(struct screen *s, int row, int col)
{
	VTermRect rect = {
		.start_row = row, .end_row = row + 1, .start_col = col, .end_col = col + 1};
	struct screen_cell out = {.text = ""};
	VTermScreenCell cell;

	assert(row >= 0 && row < s->rows && col >= 0 && col < s->cols);
	vterm_screen_get_cell(s->cells, (VTermPos){.row = row, .col = col}, &cell);
	vterm_screen_get_text(s->cells, out.text, sizeof out.text - 1, rect);
	out.width_cells = (unsigned char)cell.width;
	out.bold = cell.attrs.bold;
	out.italic = cell.attrs.italic;
	out.underline = cell.attrs.underline != VTERM_UNDERLINE_OFF;
	out.blink = cell.attrs.blink;
	out.reverse = cell.attrs.reverse;
	out.foreground = colour_of(&cell.fg);
	out.background = colour_of(&cell.bg);
	return out;
}

bool screen_cursor(struct screen *s, int *row, int *col)
{
	VTermPos at;

	vterm_state_get_cursorpos(s->state, &at);
	if (row)
		*row = at.row;
	if (col)
		*col = at.col;
	return s->is_cursor_visible;
}

bool screen_is_alternate(const struct screen *s)
{
	return s->is_alternate;
}

bool screen_is_cooked(const struct screen *s)
{
	const tcflag_t wanted = ICANON | ECHO | ISIG;
	struct termios modes;

	/* On Linux the master answers for its slave. */
	return s->master >= 0 && tcgetattr(s->master, &modes) == 0 &&
	       (modes.c_lflag & wanted) == wanted && (modes.c_oflag & OPOST);
}

unsigned screen_bells(const struct screen *s)
{
	return s->bells;
}

const char *screen_title(const struct screen *s)
{
	return s->title;
}

size_t screen_bytes(const struct screen *s)
{
	return s->received_bytes;
}

void screen_dump(struct screen *s, const char *why)
{
	int row, col;
	bool shown = screen_cursor(s, &row, &col);

	fprintf(stderr, "screen: %s; %dx%d, %zu bytes read, %zu typed ones not taken, ", why,
		s->cols, s->rows, s->received_bytes, s->typed_bytes);
	if (s->pid > 0)
		fprintf(stderr, "program %d runs", (int)s->pid);
	else
		fprintf(stderr, "program exited with %d", s->exit_code);
	fprintf(stderr, ", cursor %s at row %d column %d:\n", shown ? "shown" : "hidden", row, col);
	for (row = 0; row < s->rows; row++)
		fprintf(stderr, "%3d |%s\n", row, screen_row(s, row));
}
