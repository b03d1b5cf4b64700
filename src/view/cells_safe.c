// SPDX-License-Identifier: Apache-2.0
#include "relight/cells.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

// Text from outside, made safe to show. A terminal obeys control characters, reorders text at bidi
// overrides and disagrees with everyone else about the width of what it does not know; so none of
// these ever reaches a cell as itself.

// What ASCII has in place of punctuation that runbooks and tools like to use.
static const struct likeness {
	int32_t character;
	const char *ascii;
} likenesses[] = {
	{0x2010, "-"},
	{0x2011, "-"},
	{0x2012, "-"},
	{0x2013, "-"},
	{0x2014, "--"},
	{0x2018, "'"},
	{0x2019, "'"},
	{0x201c, "\""},
	{0x201d, "\""},
	{0x2022, "*"},
	{0x2026, "..."},
	{0x2190, "<-"},
	{0x2192, "->"},
	{0x21d2, "=>"},
	{0x2212, "-"},
	{0x2264, "<="},
	{0x2265, ">="},
	{0x2500, "-"},
	{0x2502, "|"},
	{0x2713, "v"},
	{0x2717, "x"},
	{0x00a7, "par."},
	{0x00b0, "deg"},
	{0x00b5, "u"},
	{0x00b7, "."},
	{0x00d7, "x"},
	{0x00df, "ss"},
};

static bool is_variation_selector(int32_t c)
{
	return (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
}

// Marks that take no column of their own: they share a cell with the character before.
static bool is_mark(int32_t c)
{
	utf8proc_category_t category = utf8proc_category(c);
	return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_ME ||
	       (c >= 0x1160 && c <= 0x11ff);
}

static bool is_showable(int32_t c)
{
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP: return false;
	default: return true;
	}
}

// Reads one character: its length in bytes, with *character -1 for a byte that is no UTF-8.
static int read_character(const char *bytes, const char *end, int32_t *character)
{
	utf8proc_int32_t c = -1;
	utf8proc_ssize_t length =
		utf8proc_iterate((const utf8proc_uint8_t *)bytes, end - bytes, &c);
	if (length <= 0 || c < 0) {
		*character = -1;
		return 1;
	}
	*character = c;
	return (int)length;
}

static void give(struct safe_text *text, struct cell *cell, const char *bytes, size_t length,
	int width, enum role role)
{
	memcpy(cell->text, bytes, length);
	memset(cell->text + length, 0, sizeof(cell->text) - length);
	cell->width = (uint8_t)width;
	cell->role = (uint8_t)role;
	text->column += width;
}

// Gives the first character of an ASCII text now and keeps the rest for the next calls.
static void give_text(struct safe_text *text, struct cell *cell, const char *ascii, enum role role)
{
	snprintf(text->rest, sizeof(text->rest), "%s", ascii + 1);
	text->rest_next = 0;
	text->rest_role = (uint8_t)role;
	give(text, cell, ascii, 1, 1, role);
}

static void give_visible(
	struct safe_text *text, struct cell *cell, int32_t character, unsigned char byte)
{
	char form[16];
	if (character < 0)
		snprintf(form, sizeof(form), "\\x%02x", byte);
	else if (character < 0x20 || character == 0x7f)
		snprintf(form, sizeof(form), "^%c", character == 0x7f ? '?' : character + 64);
	else
		snprintf(form, sizeof(form), "<U+%04X>", (unsigned)character);
	give_text(text, cell, form, ROLE_HIDDEN);
}

static void give_tab(struct safe_text *text, struct cell *cell)
{
	int blanks = 1;
	if (text->tab_columns > 0)
		blanks = text->tab_columns - text->column % text->tab_columns;
	char spaces[9];
	memset(spaces, ' ', sizeof(spaces));
	spaces[blanks] = '\0';
	give_text(text, cell, spaces, ROLE_NORMAL);
}

// What a terminal without UTF-8 shows instead.
static void give_likeness(struct safe_text *text, struct cell *cell, int32_t character)
{
	for (size_t i = 0; i < sizeof(likenesses) / sizeof(likenesses[0]); i++) {
		if (likenesses[i].character == character) {
			give_text(text, cell, likenesses[i].ascii, ROLE_NORMAL);
			return;
		}
	}
	utf8proc_int32_t parts[32];
	int boundary = 0;
	utf8proc_ssize_t count = utf8proc_decompose_char(
		character, parts, 32, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
	char letter = '?';
	if (count > 0 && count <= 32 && parts[0] >= 0x20 && parts[0] < 0x7f)
		letter = (char)parts[0];
	give(text, cell, &letter, 1, 1, ROLE_NORMAL);
}

// Takes the marks that follow a base character; those beyond the cell's room are passed over.
static void take_marks(struct safe_text *text, struct cell *cell)
{
	size_t length = strlen(cell->text);
	while (text->next < text->end && (unsigned char)*text->next >= 0x80) {
		int32_t mark;
		int bytes = read_character(text->next, text->end, &mark);
		if (mark < 0 || !is_mark(mark))
			return;
		if (text->is_utf8 && !is_variation_selector(mark) &&
			length + (size_t)bytes < sizeof(cell->text)) {
			memcpy(cell->text + length, text->next, (size_t)bytes);
			length += (size_t)bytes;
			cell->text[length] = '\0';
		}
		text->next += bytes;
	}
}

void safe_begin(struct safe_text *text, const char *bytes, size_t length_bytes, bool is_utf8,
	int tab_columns)
{
	*text = (struct safe_text){
		.next = bytes,
		.end = bytes + length_bytes,
		.is_utf8 = is_utf8,
		.tab_columns = tab_columns > 8 ? 8 : tab_columns,
	};
}

bool safe_next(struct safe_text *text, struct cell *cell)
{
	if (text->rest[text->rest_next] != '\0') {
		give(text, cell, &text->rest[text->rest_next++], 1, 1, (enum role)text->rest_role);
		return true;
	}
	if (text->next >= text->end)
		return false;
	const char *from = text->next;
	int32_t character;
	int bytes = read_character(from, text->end, &character);
	text->next += bytes;
	if (character == '\t') {
		give_tab(text, cell);
		return true;
	}
	if (character == 0xa0) { // a blank that does not break
		give(text, cell, " ", 1, 1, ROLE_NORMAL);
		return true;
	}
	if (character < 0 || !is_showable(character) || is_mark(character)) {
		give_visible(text, cell, character, (unsigned char)*from);
		return true;
	}
	if (character >= 0x80 && !text->is_utf8) {
		give_likeness(text, cell, character);
	} else {
		give(text, cell, from, (size_t)bytes,
			character >= 0x80 && utf8proc_charwidth(character) == 2 ? 2 : 1,
			ROLE_NORMAL);
	}
	take_marks(text, cell);
	return true;
}

int safe_columns(const char *text, bool is_utf8)
{
	if (!text)
		return 0;
	struct safe_text safe;
	struct cell cell;
	safe_begin(&safe, text, strlen(text), is_utf8, 0);
	while (safe_next(&safe, &cell)) {
	}
	return safe.column;
}
