// SPDX-License-Identifier: Apache-2.0
#include "sheet.h"

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

// Walks all drawn lines; draws those that fall between `top` and the area's end. Returns how many
// there are.
static int sheet_walk(struct area area, const struct sheet *sheet, int top, bool draws)
{
	int left = sheet->label_columns;
	int width = area.columns - left - 1;
	int drawn = 0;
	if (width < 1)
		width = 1;
	for (size_t i = 0; i < sheet->count; i++) {
		const struct sheet_line *line = &sheet->lines[i];
		size_t length = strlen(line->text);
		size_t at = 0;
		int row = drawn - top;
		if (draws && row >= 0 && row < area.rows)
			area_text(area, row, 1, left - 1, ROLE_DIM, line->label);
		do {
			size_t piece =
				wrap_piece(line->text + at, length - at, width, area.grid->is_utf8);
			row = drawn - top;
			if (draws && row >= 0 && row < area.rows) {
				char *text = memory_copy_bytes(line->text + at, piece);
				text[strcspn(text, "\n")] = '\0';
				area_text(area, row, left, area.columns - left, line->role, text);
				free(text);
			}
			at += piece;
			drawn++;
		} while (at < length);
	}
	return drawn;
}

struct hidden sheet_draw(struct area area, const struct sheet *sheet, int top)
{
	int total = sheet_walk(area, sheet, 0, false);
	int last_top = total > area.rows ? total - area.rows : 0;
	top = top < 0 ? 0 : top > last_top ? last_top : top;
	sheet_walk(area, sheet, top, true);
	int below = total - top - area.rows;
	return (struct hidden){top, below > 0 ? below : 0};
}
