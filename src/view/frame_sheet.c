// SPDX-License-Identifier: Apache-2.0
#include "frame_sheet.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "relight/arena.h"
#include "relight/memory.h"

// --- pen ---

struct pen pen_at(struct area area, int row, int column, int end)
{
	return (struct pen){area, row, column, end < area.columns ? end : area.columns};
}

void pen_text(struct pen *pen, enum role role, const char *text)
{
	if (pen->column < pen->end)
		pen->column += area_text(
			pen->area, pen->row, pen->column, pen->end - pen->column, role, text);
}

void pen_printf(struct pen *pen, enum role role, const char *format, ...)
{
	struct buf text = {0};
	va_list arguments;
	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	pen_text(pen, role, buf_str(&text));
	buf_fini(&text);
}

void pen_skip(struct pen *pen, int columns)
{
	pen->column += columns;
}

// --- wrapping ---

size_t wrap_piece(const char *text, size_t length_bytes, int width, bool is_utf8)
{
	const char *line_end = memchr(text, '\n', length_bytes);
	size_t line_bytes = line_end ? (size_t)(line_end - text) : length_bytes;
	const char *after_blank = NULL;
	const char *before = text;
	struct safe_text safe;
	struct cell cell;
	safe_begin(&safe, text, line_bytes, is_utf8, 0);
	while (safe_next(&safe, &cell)) {
		if (safe.column > width && cell.text[0] != ' ') {
			if (after_blank)
				return (size_t)(after_blank - text);
			return (size_t)((before > text ? before : safe.next) - text);
		}
		if (cell.text[0] == ' ')
			after_blank = safe.next;
		before = safe.next;
	}
	return line_bytes + (line_end != NULL);
}

void piece_draw(struct area area, int row, int column, enum role role, const char *text,
	size_t length_bytes)
{
	if (row < 0 || row >= area.rows)
		return;
	if (length_bytes > 0 && text[length_bytes - 1] == '\n')
		length_bytes--;
	char *piece = memory_copy_bytes(text, length_bytes);
	area_text(area, row, column, area.columns - column, role, piece);
	free(piece);
}

// --- sheet ---

static void sheet_put(struct sheet *sheet, const char *label, enum role role, const char *text)
{
	if (sheet->count == sheet->capacity) {
		size_t capacity = sheet->capacity ? 2 * sheet->capacity : 32;
		struct sheet_line *lines =
			arena_array(sheet->arena, capacity, sizeof(*sheet->lines));
		if (sheet->count > 0)
			memcpy(lines, sheet->lines, sheet->count * sizeof(*lines));
		sheet->lines = lines;
		sheet->capacity = capacity;
	}
	sheet->lines[sheet->count++] = (struct sheet_line){label, text, role};
}

void sheet_add(struct sheet *sheet, const char *label, enum role role, const char *text)
{
	if (text && text[0])
		sheet_put(sheet, label, role, arena_text(sheet->arena, text));
}

void sheet_printf(struct sheet *sheet, const char *label, enum role role, const char *format, ...)
{
	struct buf text = {0};
	va_list arguments;
	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	sheet_add(sheet, label, role, buf_str(&text));
	buf_fini(&text);
}

void sheet_blank(struct sheet *sheet)
{
	sheet_put(sheet, "", ROLE_NORMAL, "");
}

// Draws one labelled text from `row` on, rows outside of the area left out. Returns the rows that
// it takes.
static int line_draw(struct area area, int row, int label_columns, const struct sheet_line *line)
{
	int left = line->label ? label_columns : 1;
	int width = area.columns - left - 1;
	size_t length = strlen(line->text);
	size_t at = 0;
	int rows = 0;
	if (line->label)
		area_text(area, row, 1, left - 1, ROLE_DIM, line->label);
	do {
		size_t piece = wrap_piece(
			line->text + at, length - at, width > 0 ? width : 1, area.grid->is_utf8);
		piece_draw(area, row + rows, left, line->role, line->text + at, piece);
		at += piece;
		rows++;
	} while (at < length);
	return rows;
}

// Draws all lines, the first one at row -top. Returns how many rows there are.
static int sheet_walk(struct area area, const struct sheet *sheet, int top)
{
	int row = 0;
	for (size_t i = 0; i < sheet->count; i++)
		row += line_draw(area, row - top, sheet->label_columns, &sheet->lines[i]);
	return row;
}

struct hidden sheet_draw(struct area area, const struct sheet *sheet, int top)
{
	int total = sheet_walk(area_part(area, 0, 0, 0, area.columns), sheet, 0);
	int last_top = total > area.rows ? total - area.rows : 0;
	top = top < 0 ? 0 : top > last_top ? last_top : top;
	sheet_walk(area, sheet, top);
	int below = total - top - area.rows;
	return (struct hidden){top, below > 0 ? below : 0};
}
