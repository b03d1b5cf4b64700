// SPDX-License-Identifier: Apache-2.0
#include "relight/cells.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

static const struct cell blank_cell = {.text = " ", .width = 1, .role = ROLE_NORMAL};

static int between(int low, int value, int high)
{
	return value < low ? low : value > high ? high : value;
}

struct grid *grid_new(int rows, int columns, bool is_utf8)
{
	struct grid *grid = memory_zeroed(1, sizeof(*grid));
	grid->is_utf8 = is_utf8;
	grid_resize(grid, rows, columns);
	return grid;
}

void grid_free(struct grid *grid)
{
	if (grid) {
		free(grid->cells);
		free(grid);
	}
}

void grid_resize(struct grid *grid, int rows, int columns)
{
	grid->rows = between(1, rows, GRID_MAX_ROWS);
	grid->columns = between(1, columns, GRID_MAX_COLUMNS);
	grid->cells = memory_resize(
		grid->cells, (size_t)grid->rows * (size_t)grid->columns, sizeof(*grid->cells));
	grid_clear(grid);
}

void grid_clear(struct grid *grid)
{
	size_t count = (size_t)grid->rows * (size_t)grid->columns;
	for (size_t i = 0; i < count; i++)
		grid->cells[i] = blank_cell;
	grid->cursor_row = -1;
	grid->cursor_column = -1;
}

static struct cell *cell_of(struct grid *grid, int row, int column)
{
	assert(row >= 0 && row < grid->rows && column >= 0 && column < grid->columns);
	return &grid->cells[(size_t)row * (size_t)grid->columns + (size_t)column];
}

const struct cell *grid_at(const struct grid *grid, int row, int column)
{
	if (row < 0 || row >= grid->rows || column < 0 || column >= grid->columns)
		return NULL;
	return &grid->cells[(size_t)row * (size_t)grid->columns + (size_t)column];
}

void grid_text(const struct grid *grid, struct buf *out)
{
	for (int row = 0; row < grid->rows; row++) {
		size_t kept = out->length;
		for (int column = 0; column < grid->columns; column++) {
			const struct cell *cell = grid_at(grid, row, column);
			buf_text(out, cell->text);
			if (cell->width > 0 && strcmp(cell->text, " ") != 0)
				kept = out->length;
		}
		if (out->length > kept) {
			out->length = kept;
			out->data[kept] = '\0';
		}
		buf_byte(out, '\n');
	}
}

struct area area_all(struct grid *grid)
{
	return (struct area){.grid = grid, .rows = grid->rows, .columns = grid->columns};
}

struct area area_part(struct area area, int row, int column, int rows, int columns)
{
	int top = between(0, row, area.rows);
	int left = between(0, column, area.columns);
	int bottom = between(top, row + rows, area.rows);
	int right = between(left, column + columns, area.columns);
	return (struct area){.grid = area.grid,
		.row = area.row + top,
		.column = area.column + left,
		.rows = bottom - top,
		.columns = right - left};
}

// Before a cell is overwritten: what is left of a wide character that it was half of becomes blank.
static void cell_part(struct grid *grid, int row, int column)
{
	struct cell *cell = cell_of(grid, row, column);
	if (cell->width == 0 && column > 0) {
		struct cell *left = cell_of(grid, row, column - 1);
		uint8_t role = left->role;
		*left = blank_cell;
		left->role = role;
	}
	if (cell->width == 2 && column + 1 < grid->columns) {
		struct cell *right = cell_of(grid, row, column + 1);
		uint8_t role = right->role;
		*right = blank_cell;
		right->role = role;
	}
}

// Puts a cell; it lies in the area already.
static void cell_put(struct area area, int row, int column, const struct cell *cell, enum role role)
{
	row += area.row;
	column += area.column;
	cell_part(area.grid, row, column);
	struct cell *place = cell_of(area.grid, row, column);
	*place = *cell;
	place->role = cell->role == ROLE_HIDDEN ? ROLE_HIDDEN : (uint8_t)role;
	if (cell->width == 2) {
		cell_part(area.grid, row, column + 1);
		*cell_of(area.grid, row, column + 1) =
			(struct cell){.width = 0, .role = place->role};
	}
}

// Columns that a call may use at this place.
static int room(struct area area, int row, int column, int width)
{
	if (row < 0 || row >= area.rows || column < 0 || column >= area.columns)
		return 0;
	return between(0, width, area.columns - column);
}

void area_cell(struct area area, int row, int column, enum role role, const struct cell *cell)
{
	if (room(area, row, column, cell->width) == cell->width && cell->width > 0)
		cell_put(area, row, column, cell, role);
}

static bool text_fits(const char *text, bool is_utf8, int width)
{
	struct safe_text safe;
	struct cell cell;
	safe_begin(&safe, text, strlen(text), is_utf8, 0);
	while (safe_next(&safe, &cell))
		if (safe.column > width)
			return false;
	return true;
}

// Draws as many whole characters as `width` columns hold.
static int draw_whole(
	struct area area, int row, int column, int width, enum role role, const char *text)
{
	struct safe_text safe;
	struct cell cell;
	int used = 0;
	safe_begin(&safe, text, strlen(text), area.grid->is_utf8, 0);
	while (safe_next(&safe, &cell) && used + cell.width <= width) {
		cell_put(area, row, column + used, &cell, role);
		used += cell.width;
	}
	return used;
}

int area_text(struct area area, int row, int column, int width, enum role role, const char *text)
{
	width = room(area, row, column, width);
	if (width == 0 || !text)
		return 0;
	bool is_cut = !text_fits(text, area.grid->is_utf8, width);
	int dots = is_cut && width > 2 ? 2 : 0;
	int used = draw_whole(area, row, column, width - dots, role, text);
	struct cell dot = {.text = ".", .width = 1};
	for (int i = 0; i < dots; i++)
		cell_put(area, row, column + used++, &dot, role);
	return used;
}

int area_printf(
	struct area area, int row, int column, int width, enum role role, const char *format, ...)
{
	struct buf text = {0};
	va_list arguments;
	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	int used = area_text(area, row, column, width, role, buf_str(&text));
	buf_fini(&text);
	return used;
}

int area_right(struct area area, int row, int end, int width, enum role role, const char *text)
{
	int columns = safe_columns(text, area.grid->is_utf8);
	int used = columns < width ? columns : width;
	area_text(area, row, end - used, used, role, text);
	return end - used;
}

void area_repeat(struct area area, int row, int column, int width, enum role role, char ascii,
	const char *fine)
{
	struct cell cell = {.width = 1};
	if (area.grid->is_utf8 && fine) {
		assert(strlen(fine) < sizeof(cell.text));
		memcpy(cell.text, fine, strlen(fine) + 1);
	} else {
		cell.text[0] = ascii;
	}
	width = room(area, row, column, width);
	for (int i = 0; i < width; i++)
		cell_put(area, row, column + i, &cell, role);
}

void area_paint(struct area area, int row, int column, int width, enum role role)
{
	width = room(area, row, column, width);
	for (int i = 0; i < width; i++)
		cell_of(area.grid, area.row + row, area.column + column + i)->role = (uint8_t)role;
}

void area_clear(struct area area, enum role role)
{
	for (int row = 0; row < area.rows; row++)
		area_repeat(area, row, 0, area.columns, role, ' ', NULL);
}

void area_cursor(struct area area, int row, int column)
{
	if (row >= 0 && row < area.rows && column >= 0 && column < area.columns) {
		area.grid->cursor_row = area.row + row;
		area.grid->cursor_column = area.column + column;
	}
}
