// SPDX-License-Identifier: Apache-2.0
//
// Line editing by graphemes (UAX #29, as utf8proc has it): what looks like one character is one.
#include "ui_inner.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "relight/memory.h"

void field_set(struct field *field, const char *text)
{
	char *copy = memory_copy_text(text ? text : "");

	field_fini(field);
	field->text = copy;
	field->length = field->cursor = strlen(copy);
}

void field_offer(struct field *field, const char *text)
{
	field_set(field, text);
	field->is_offered = field->length > 0;
}

// A secret does not stay behind in freed memory.
void field_fini(struct field *field)
{
	if (field->text && field->is_secret)
		explicit_bzero(field->text, field->length);
	free(field->text);
	field->text = NULL;
	field->length = field->cursor = 0;
	field->is_offered = false;
}

static size_t next_grapheme(const struct field *field, size_t from)
{
	utf8proc_int32_t state = 0, before = -1;
	size_t at = from;

	while (at < field->length) {
		utf8proc_int32_t character;
		utf8proc_ssize_t bytes =
			utf8proc_iterate((const utf8proc_uint8_t *)field->text + at,
				(utf8proc_ssize_t)(field->length - at), &character);

		if (bytes <= 0)
			return at + 1;
		if (before >= 0 && utf8proc_grapheme_break_stateful(before, character, &state))
			break;
		before = character;
		at += (size_t)bytes;
	}
	return at;
}

// Breaks are found forwards only, so from the beginning: fields are short.
static size_t last_grapheme(const struct field *field)
{
	size_t at = 0;

	for (size_t next = 0; next < field->cursor; next = next_grapheme(field, next))
		at = next;
	return at;
}

static void cut(struct field *field, size_t from, size_t to)
{
	memmove(field->text + from, field->text + to, field->length - to + 1);
	field->length -= to - from;
	field->cursor = from;
}

static size_t word_begin(const struct field *field)
{
	size_t at = field->cursor;

	while (at > 0 && field->text[at - 1] == ' ')
		at--;
	while (at > 0 && field->text[at - 1] != ' ')
		at--;
	return at;
}

// False: there is no room.
static bool insert(struct field *field, int character)
{
	utf8proc_uint8_t bytes[4];
	size_t count = (size_t)utf8proc_encode_char(character, bytes);

	if (field->length + count > UI_FIELD_BYTES)
		return false;

	char *text = memory_alloc(field->length + count + 1);

	memcpy(text, field->text, field->cursor);
	memcpy(text + field->cursor, bytes, count);
	memcpy(text + field->cursor + count, field->text + field->cursor,
		field->length - field->cursor + 1);
	if (field->is_secret)
		explicit_bzero(field->text, field->length);
	free(field->text);
	field->text = text;
	field->length += count;
	field->cursor += count;
	return true;
}

static bool is_character(int key)
{
	return key >= 0x20 && key < KEY_CODE_BASE && utf8proc_codepoint_valid(key);
}

// Takes away what was only offered. Returns whether that was all the key asks for.
static bool take_place(struct field *field, int key)
{
	bool is_deletion = key == K_BACKSPACE || key == K_DELETE || key == K_CTRL_D;

	if (!field->is_offered || !(is_deletion || is_character(key)))
		return false;
	cut(field, 0, field->length);
	field->is_offered = false;
	return is_deletion;
}

bool field_key(struct field *field, int key, bool *is_full)
{
	if (is_full)
		*is_full = false;
	if (take_place(field, key))
		return true;
	if (is_character(key)) {
		bool is_in = insert(field, key);

		if (is_full)
			*is_full = !is_in;
		return true;
	}
	switch (key) {
	case K_LEFT: field->cursor = last_grapheme(field); break;
	case K_RIGHT: field->cursor = next_grapheme(field, field->cursor); break;
	case K_HOME:
	case K_CTRL_A: field->cursor = 0; break;
	case K_END:
	case K_CTRL_E: field->cursor = field->length; break;
	case K_BACKSPACE: cut(field, last_grapheme(field), field->cursor); break;
	case K_DELETE:
	case K_CTRL_D: cut(field, field->cursor, next_grapheme(field, field->cursor)); break;
	case K_CTRL_U: cut(field, 0, field->cursor); break;
	case K_CTRL_K: cut(field, field->cursor, field->length); break;
	case K_CTRL_W: cut(field, word_begin(field), field->cursor); break;
	default: return false;
	}
	field->is_offered = false;
	return true;
}
