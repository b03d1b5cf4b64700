// SPDX-License-Identifier: Apache-2.0
#include "relight/env_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

static const char *skip_blanks(const char *at)
{
	return at + strspn(at, " \t\r");
}

static size_t name_length(const char *at)
{
	size_t length = 0;
	while (isalnum((unsigned char)at[length]) || at[length] == '_')
		length++;
	return isdigit((unsigned char)*at) ? 0 : length;
}

static char escaped(char letter)
{
	return letter == 'n' ? '\n' : letter == 't' ? '\t' : letter;
}

// In place: between double quotes, or between single ones where nothing is an escape. False: the
// closing quote is not the end.
static bool unquote(char *value)
{
	char quote = *value, *to = value;
	const char *from = value + 1;
	while (*from && *from != quote) {
		if (quote == '"' && *from == '\\' && from[1] && strchr("nt\"\\$", from[1])) {
			*to++ = escaped(from[1]);
			from += 2;
		} else {
			*to++ = *from++;
		}
	}
	bool is_whole = *from == quote && *skip_blanks(from + 1) == '\0';
	*to = '\0';
	return is_whole;
}

static void trim_end(char *value)
{
	size_t length = strlen(value);
	while (length > 0 && strchr(" \t\r", value[length - 1]))
		value[--length] = '\0';
}

// `line` is modified.
static bool parse_line(char *line, env_file_pair *pair, void *context, struct err *err)
{
	char *at = (char *)skip_blanks(line);
	if (*at == '\0' || *at == '#')
		return true;
	if (strncmp(at, "export", 6) == 0 && (at[6] == ' ' || at[6] == '\t'))
		at = (char *)skip_blanks(at + 6);
	size_t length = name_length(at);
	if (length == 0 || at[length] != '=')
		return err_set(err, "it is not NAME=VALUE");
	char *value = (char *)skip_blanks(at + length + 1);
	at[length] = '\0';
	if (*value == '"' || *value == '\'') {
		if (!unquote(value))
			return err_set(err, "the value of %.60s does not end with its quote", at);
	} else {
		trim_end(value);
	}
	pair(context, at, value);
	return true;
}

bool env_file_parse(const char *text, env_file_pair *pair, void *context, struct err *err)
{
	for (int number = 1; *text; number++) {
		size_t length = strcspn(text, "\n");
		char *line = memory_copy_bytes(text, length);
		bool is_good = parse_line(line, pair, context, err);
		free(line);
		if (!is_good)
			return err_prefix(err, "line %d", number);
		text += length + (text[length] == '\n');
	}
	return true;
}
