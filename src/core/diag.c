// SPDX-License-Identifier: Apache-2.0
#include "relight/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "relight/memory.h"

#define MAX_WORD          64 // bytes of a word that is worth a suggestion
#define MAX_MESSAGE_BYTES 600
#define QUOTE_BEFORE      60 // characters of a long line that are shown left of the column
#define QUOTE_CHARS       100

// --- collecting
// ------------------------------------------------------------------------------------------------------

void diags_fini(struct diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		free(diags->items[i].message);
		free(diags->items[i].suggestion);
	}
	free(diags->items);
	*diags = (struct diags){.file = diags->file, .source = diags->source};
}

static bool is_before(const struct diag *item, int line, int column)
{
	return item->line < line || (item->line == line && item->column <= column);
}

// Where a diagnostic of this place goes: after all that stand before it or at the same place.
static size_t position_of(const struct diags *diags, int line, int column)
{
	size_t at = diags->count;

	while (at > 0 && !is_before(&diags->items[at - 1], line, column))
		at--;
	return at;
}

static void add(struct diags *diags, enum severity severity, int line, int column, const char *code,
	const char *format, va_list arguments)
{
	struct buf message = {0};

	*(severity == SEVERITY_ERROR ? &diags->errors : &diags->warnings) += 1;
	diags->newest = NULL;
	if (diags->count == DIAGS_KEPT)
		return;
	buf_vprintf(&message, format, arguments);
	if (message.length > MAX_MESSAGE_BYTES) {
		size_t cut = MAX_MESSAGE_BYTES;
		while (cut > 0 && ((unsigned char)message.data[cut] & 0xC0) == 0x80)
			cut--;
		message.length = cut;
		buf_text(&message, "…");
	}
	diags->items =
		memory_grow(diags->items, diags->count, &diags->capacity, sizeof *diags->items);
	size_t at = position_of(diags, line, column);
	memmove(&diags->items[at + 1], &diags->items[at],
		(diags->count - at) * sizeof *diags->items);
	diags->count++;
	diags->newest = &diags->items[at];
	*diags->newest = (struct diag){
		.severity = severity,
		.code = code,
		.line = line,
		.column = column,
		.message = buf_take(&message),
	};
}

void diag_error(
	struct diags *diags, int line, int column, const char *code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diags, SEVERITY_ERROR, line, column, code, format, arguments);
	va_end(arguments);
}

void diag_warning(
	struct diags *diags, int line, int column, const char *code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(diags, SEVERITY_WARNING, line, column, code, format, arguments);
	va_end(arguments);
}

// --- did you mean
// ----------------------------------------------------------------------------------------------------

static int least(int a, int b, int c)
{
	int lower = a < b ? a : b;

	return lower < c ? lower : c;
}

// Damerau-Levenshtein distance in its optimal string alignment form: insert, delete, replace, swap
// neighbours. Both words are at most MAX_WORD bytes.
static int distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int rows[3][MAX_WORD + 1];
	int *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = (int)j;
	for (size_t i = 1; i <= a_length; i++) {
		row[0] = (int)i;
		for (size_t j = 1; j <= b_length; j++) {
			int replace = above[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(above[j] + 1, row[j - 1] + 1, replace);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		int *unused = before;
		before = above;
		above = row;
		row = unused;
	}
	return above[b_length];
}

const char *diag_nearest(const char *wrong, const char *const *words)
{
	size_t length = strlen(wrong);
	const char *nearest = NULL;
	int best = MAX_WORD;

	if (length > MAX_WORD)
		return NULL;
	for (; *words; words++) {
		size_t word_length = strlen(*words);
		if (word_length > MAX_WORD)
			continue;
		size_t longer = length > word_length ? length : word_length;
		size_t shorter = length < word_length ? length : word_length;
		int allowed = (int)longer / 3;
		if (longer - shorter > (size_t)allowed)
			continue;
		int away = distance(wrong, length, *words, word_length);
		if (away <= allowed && away < best && away < (int)longer) {
			best = away;
			nearest = *words;
		}
	}
	return nearest;
}

void diag_suggest(struct diags *diags, const char *wrong, const char *const *words)
{
	struct buf text = {0};

	if (!diags->newest)
		return;
	const char *nearest = diag_nearest(wrong, words);
	if (!nearest)
		return;
	buf_printf(&text, "did you mean %s?", nearest);
	free(diags->newest->suggestion);
	diags->newest->suggestion = buf_take(&text);
}

// --- printing
// --------------------------------------------------------------------------------------------------------

// Characters that would move the cursor, hide or reorder text.
static bool is_unsafe(utf8proc_int32_t codepoint)
{
	switch (utf8proc_category(codepoint)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP: return true;
	default: return false;
	}
}

// Appends one character of `text`, made visible, and says how many bytes it was and how many cells
// it takes.
static size_t show_character(const char *text, size_t length, struct buf *out, int *cells)
{
	utf8proc_int32_t codepoint;
	utf8proc_ssize_t bytes = utf8proc_iterate(
		(const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &codepoint);

	*cells = 1;
	if (bytes <= 0) {
		buf_text(out, "\xef\xbf\xbd");
		return 1;
	}
	if (codepoint == '\t') {
		buf_byte(out, ' ');
	} else if (is_unsafe(codepoint)) {
		size_t before = out->length;
		buf_printf(out, "\\u%04x", (unsigned)codepoint);
		*cells = (int)(out->length - before);
	} else {
		buf_add(out, text, (size_t)bytes);
		*cells = utf8proc_charwidth(codepoint);
	}
	return (size_t)bytes;
}

static void show_text(const char *text, struct buf *out)
{
	size_t length = strlen(text);
	int cells;

	while (length > 0) {
		size_t bytes = show_character(text, length, out, &cells);
		text += bytes;
		length -= bytes;
	}
}

// The start of a 1-based line of the source, and its length; NULL where there is no such line.
static const char *line_of(const char *source, int line, size_t *length)
{
	for (int number = 1; number < line; number++) {
		source = strchr(source, '\n');
		if (!source)
			return NULL;
		source++;
	}
	*length = strcspn(source, "\r\n");
	return source;
}

// The line, cut around the column, and a caret below that column.
static void quote(const struct diags *diags, const struct diag *item, struct buf *out)
{
	size_t length = 0;
	const char *line = line_of(diags->source, item->line, &length);
	int first = item->column > QUOTE_CHARS - 20 ? item->column - QUOTE_BEFORE : 1;
	int caret = 0, column = 1;
	struct buf skipped = {0};

	if (!line || length == 0)
		return;
	buf_text(out, first > 1 ? "    …" : "    ");
	for (; length > 0 && column < first + QUOTE_CHARS; column++) {
		int cells;
		bool is_shown = column >= first;
		size_t bytes = show_character(line, length, is_shown ? out : &skipped, &cells);
		if (is_shown && column < item->column)
			caret += cells;
		line += bytes;
		length -= bytes;
	}
	buf_text(out, length > 0 ? "…\n" : "\n");
	buf_printf(out, "    %*s^\n", caret + (first > 1), "");
	buf_fini(&skipped);
}

void diags_print(const struct diags *diags, struct buf *out)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *item = &diags->items[i];
		show_text(diags->file ? diags->file : "-", out);
		if (item->line > 0)
			buf_printf(out, ":%d:%d", item->line, item->column);
		buf_text(out, item->severity == SEVERITY_ERROR ? ": error: " : ": warning: ");
		show_text(item->message, out);
		buf_printf(out, " [%s]\n", item->code);
		// What several say about one place is quoted once, below the last of them.
		bool is_last = i + 1 == diags->count || item[1].line != item->line ||
			       item[1].column != item->column;
		if (item->line > 0 && diags->source && is_last)
			quote(diags, item, out);
		if (item->suggestion) {
			buf_text(out, "    ");
			show_text(item->suggestion, out);
			buf_byte(out, '\n');
		}
	}
	size_t kept = diags->count;
	size_t all = diags->errors + diags->warnings;
	if (all > kept)
		buf_printf(out, "%s: %zu more are not shown\n", diags->file ? diags->file : "-",
			all - kept);
}
