// SPDX-License-Identifier: Apache-2.0
#include "relight/template.h"

#include <string.h>

// The length of a scope or name at `text`. Spelt out, because what isalnum() takes depends on the
// locale.
static size_t word_length(const char *text)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	return strspn(text, letters);
}

static bool word_copy(char word[TEMPLATE_NAME_BYTES], const char *text, size_t length)
{
	if (length == 0 || length >= TEMPLATE_NAME_BYTES)
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	return true;
}

// Reads `${scope.name}` or `${name}`, where `text` stands on the dollar sign. Past it, or NULL.
static const char *read_variable(const char *text, struct template_part *part)
{
	const char *at = text + 2;
	size_t length = word_length(at);

	part->scope[0] = '\0';
	if (at[length] == '.') {
		if (!word_copy(part->scope, at, length))
			return NULL;
		at += length + 1;
		length = word_length(at);
	}
	return word_copy(part->name, at, length) && at[length] == '}' ? at + length + 1 : NULL;
}

static const char *read_text(const char *text, size_t length, struct template_part *part)
{
	part->kind = TEMPLATE_TEXT;
	part->text = text;
	part->length = length;
	return text + length;
}

bool template_next(const char **at, struct template_part *part)
{
	const char *text = *at;

	if (!*text)
		return false;
	if (strncmp(text, "${", 2) == 0) {
		const char *end = read_variable(text, part);
		part->kind = end ? TEMPLATE_VARIABLE : TEMPLATE_MALFORMED;
		*at = end ? end : text + 2;
	} else if (strncmp(text, "$${", 3) == 0) {
		*at = read_text(text + 1, 2, part);
	} else {
		// A dollar that begins nothing, and what follows up to the next one.
		*at = read_text(text, 1 + strcspn(text + 1, "$"), part);
	}
	return true;
}

void template_input_name(const char *id, struct buf *out)
{
	buf_text(out, "RELIGHT_INPUT_");
	// Not toupper(): in Turkish, i is not the small letter of I.
	for (; *id; id++)
		buf_byte(out, *id == '-'                 ? '_'
			      : *id >= 'a' && *id <= 'z' ? (char)(*id - 'a' + 'A')
							 : *id);
}
