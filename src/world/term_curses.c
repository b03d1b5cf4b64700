// SPDX-License-Identifier: Apache-2.0
#include "term_curses.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "relight/memory.h"

struct canvas {
	struct term_traits traits;
	int fd;
	FILE *file; // which has taken `fd` over; NULL before
	SCREEN *screen;
	struct cell *before; // what curses was given, or NULL: nothing
	int before_rows, before_columns;
	attr_t attributes[TERM_LOOKS];
	short pairs[TERM_LOOKS];
};

struct canvas *canvas_new(const struct term_traits *traits, int fd)
{
	struct canvas *canvas = memory_zeroed(1, sizeof *canvas);

	canvas->traits = *traits;
	canvas->fd = fd;
	return canvas;
}

void canvas_free(struct canvas *canvas)
{
	if (canvas->file)
		fclose(canvas->file);
	else
		close(canvas->fd);
	free(canvas->before);
	free(canvas);
}

// --- cells -----------------------------------------------------------------------------------------------------------

static attr_t attributes_of(unsigned attributes)
{
	return ((attributes & LOOK_BOLD) ? A_BOLD : A_NORMAL) |
	       ((attributes & LOOK_DIM) ? A_DIM : A_NORMAL) |
	       ((attributes & LOOK_UNDERLINE) ? A_UNDERLINE : A_NORMAL) |
	       ((attributes & LOOK_REVERSE) ? A_REVERSE : A_NORMAL) |
	       ((attributes & LOOK_ITALIC) ? A_ITALIC : A_NORMAL);
}

static void prepare_looks(struct canvas *canvas, const struct look *looks)
{
	for (int i = 0; i < TERM_LOOKS; i++) {
		bool is_own = looks[i].fg == COLOUR_OWN && looks[i].bg == COLOUR_OWN;

		canvas->attributes[i] = attributes_of(looks[i].attributes);
		canvas->pairs[i] = 0;
		// Pair 0 is the terminal's own; a pair that cannot be had is drawn in those colours
		// too.
		if (canvas->traits.colours && !is_own && i + 1 < COLOR_PAIRS &&
			init_pair((short)(i + 1), (short)looks[i].fg, (short)looks[i].bg) == OK)
			canvas->pairs[i] = (short)(i + 1);
	}
}

// The cell as wide characters that this C library measures as the drawing side did, else "?": a row
// in which they disagree would be shifted from there on.
static void wide_of_cell(const struct cell *cell, wchar_t wide[CCHARW_MAX + 1], int *width)
{
	size_t length = mbstowcs(wide, cell->text, CCHARW_MAX);

	*width = length && length != (size_t)-1 ? wcwidth(wide[0]) : -1;
	if (*width < 1 || *width > cell->width) {
		wide[0] = cell->text[0] ? L'?' : L' ';
		length = 1;
		*width = 1;
	}
	wide[length] = L'\0';
}

static void put_cell(struct canvas *canvas, int row, int column, const struct cell *cell)
{
	unsigned role = cell->role < TERM_LOOKS ? cell->role : 0;
	wchar_t wide[CCHARW_MAX + 1];
	cchar_t drawn;
	int width;

	wide_of_cell(cell, wide, &width);
	if (setcchar(&drawn, wide, canvas->attributes[role], canvas->pairs[role], NULL) == ERR &&
		setcchar(&drawn, L"?", canvas->attributes[role], canvas->pairs[role], NULL) == ERR)
		return;
	// The last cell of the screen is put although ERR says that the cursor could not go on.
	mvadd_wch(row, column, &drawn);
	if (width < cell->width &&
		setcchar(&drawn, L" ", canvas->attributes[role], canvas->pairs[role], NULL) == OK)
		mvadd_wch(row, column + 1, &drawn);
}

static void put_row(struct canvas *canvas, int row, const struct cell *cells, int columns)
{
	for (int column = 0; column < columns; column++) {
		if (cells[column].width == 2 && column + 1 == columns) {
			struct cell cut = {.text = " ", .width = 1, .role = cells[column].role};

			put_cell(canvas, row, column, &cut);
		} else if (cells[column].width) {
			put_cell(canvas, row, column, &cells[column]);
		}
	}
}

static void put_grid(struct canvas *canvas, const struct grid *grid)
{
	bool is_other = !canvas->before || canvas->before_rows != grid->rows ||
			canvas->before_columns != grid->columns;
	int columns = grid->columns < COLS ? grid->columns : COLS;
	size_t count = (size_t)grid->rows * (size_t)grid->columns;

	if (is_other) {
		erase();
		canvas->before = memory_resize(canvas->before, count, sizeof *canvas->before);
		canvas->before_rows = grid->rows;
		canvas->before_columns = grid->columns;
	}
	for (int row = 0; row < grid->rows && row < LINES; row++) {
		const struct cell *cells = grid->cells + (size_t)row * (size_t)grid->columns;
		const struct cell *before = canvas->before + (size_t)row * (size_t)grid->columns;

		if (is_other || memcmp(cells, before, (size_t)grid->columns * sizeof *cells))
			put_row(canvas, row, cells, columns);
	}
	memcpy(canvas->before, grid->cells, count * sizeof *canvas->before);
	if (grid->cursor_row >= 0 && grid->cursor_row < LINES && grid->cursor_column >= 0 &&
		grid->cursor_column < COLS) {
		move(grid->cursor_row, grid->cursor_column);
		curs_set(1);
	} else {
		curs_set(0);
	}
}

bool canvas_has_size(const struct canvas *canvas, int rows, int columns)
{
	(void)canvas; // curses keeps it itself
	return LINES == rows && COLS == columns;
}

void canvas_draw(struct canvas *canvas, const struct drawing *drawing)
{
	bool is_resized = !canvas_has_size(canvas, drawing->rows, drawing->columns);

	if (is_resized)
		resize_term(drawing->rows, drawing->columns);
	if (is_resized || drawing->is_redraw) {
		free(canvas->before);
		canvas->before = NULL;
		clearok(curscr, TRUE);
	}
	if (drawing->grid) {
		prepare_looks(canvas, drawing->looks);
		put_grid(canvas, drawing->grid);
		refresh();
	}
}

// --- the screen ------------------------------------------------------------------------------------------------------

static void write_all(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t written = write(fd, text, length);

		if (written <= 0)
			return;
		text += written;
		length -= (size_t)written;
	}
}

bool canvas_enter(struct canvas *canvas)
{
	canvas->file = fdopen(canvas->fd, "r+");
	if (!canvas->file)
		return false;
	// LINES and COLUMNS of the environment may be those of another terminal; and with a size
	// that is not its own the scrolling region would stay wrong.
	use_env(FALSE);
	use_tioctl(TRUE);
	canvas->screen = newterm(canvas->traits.type, canvas->file, canvas->file);
	if (!canvas->screen)
		return false;
	raw();
	noecho();
	nonl();
	typeahead(-1); // keys that wait must not keep the screen from being drawn
	if (canvas->traits.colours && start_color() == OK)
		use_default_colors();
	if (canvas->traits.is_ansi)
		write_all(canvas->fd, PASTE_ON);
	return true;
}

void canvas_leave(struct canvas *canvas)
{
	if (canvas->traits.is_ansi)
		write_all(canvas->fd, PASTE_OFF);
	endwin();
}

void canvas_come_back(struct canvas *canvas)
{
	if (canvas->traits.is_ansi)
		write_all(canvas->fd, PASTE_ON);
}

void canvas_end(struct canvas *canvas)
{
	canvas_leave(canvas);
	delscreen(canvas->screen);
}
