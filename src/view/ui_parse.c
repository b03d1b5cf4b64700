// SPDX-License-Identifier: Apache-2.0
//
// What is typed into a field, as values.
#include "ui_inner.h"

#include <stdio.h>
#include <string.h>

#define US_PER_DAY (86400 * US_PER_S)

// One or two digits, at most `most`.
static bool take_number(const char **at, int most, int *value)
{
	const char *text = *at;

	for (*value = 0; *at < text + 2 && **at >= '0' && **at <= '9'; ++*at)
		*value = *value * 10 + (**at - '0');
	return *at > text && *value <= most;
}

// "02:47" or "02:47:10". False for anything else.
static bool clock_parse(const char *text, int64_t *of_day_us)
{
	int hours, minutes, seconds = 0;

	if (!take_number(&text, 23, &hours) || *text++ != ':' || !take_number(&text, 59, &minutes))
		return false;
	if (*text == ':' && (text++, !take_number(&text, 59, &seconds)))
		return false;
	*of_day_us = ((hours * 60 + minutes) * 60 + seconds) * US_PER_S;
	return *text == '\0';
}

static void nearest(struct wall now, int64_t of_day_us, bool is_ahead, struct wall *at)
{
	int64_t day = now.us - (now.us % US_PER_DAY + US_PER_DAY) % US_PER_DAY;

	at->us = day + of_day_us;
	if (is_ahead && at->us <= now.us)
		at->us += US_PER_DAY;
	if (!is_ahead && at->us > now.us)
		at->us -= US_PER_DAY;
}

bool time_parse(const char *text, struct wall now, bool is_ahead, struct wall *at)
{
	char word[64];
	int64_t us;

	text += strspn(text, " ");
	if (snprintf(word, sizeof word, "%s", text) >= (int)sizeof word)
		return false;
	for (size_t end = strlen(word); end > 0 && word[end - 1] == ' ';)
		word[--end] = '\0';
	if (!*word) {
		*at = WALL_NONE;
		return true;
	}
	if (!strcmp(word, "now")) {
		*at = now;
		return true;
	}
	if (clock_parse(word, &us)) {
		nearest(now, us, is_ahead, at);
		return true;
	}
	if (wall_parse(word, at))
		return true;

	bool has_sign = *word == '-' || *word == '+';

	if (!duration_parse(word + has_sign, &us))
		return false;
	us *= US_PER_MS;
	at->us = now.us + ((has_sign ? *word == '+' : is_ahead) ? us : -us);
	return true;
}

// --- argv ------------------------------------------------------------------------------------------------------------

// The next word of `*text` in `word`. False: a quote is not closed.
static bool next_word(const char **text, struct buf *word)
{
	const char *at = *text;
	char quote = 0;

	for (; *at && (quote || !strchr(" \t\n", *at)); at++) {
		if (quote ? *at == quote : *at == '\'' || *at == '"')
			quote = quote ? 0 : *at;
		else if (*at == '\\' && quote != '\'' && at[1] &&
			 (!quote || strchr("\"\\$`", at[1])))
			buf_byte(word, *++at);
		else
			buf_byte(word, *at);
	}
	*text = at;
	return !quote;
}

const char *const *argv_parse(struct arena *arena, const char *text)
{
	const char **argv = arena_array(arena, strlen(text) / 2 + 2, sizeof *argv);
	struct buf word = {0};
	size_t count = 0;
	bool is_whole = true;

	while (is_whole && *(text += strspn(text, " \t\n"))) {
		buf_clear(&word);
		is_whole = next_word(&text, &word);
		argv[count++] = arena_text(arena, buf_str(&word));
	}
	buf_fini(&word);
	return is_whole ? argv : NULL;
}

void argv_quote(struct buf *out, const char *word)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./:,@%^";

	if (*word && strspn(word, plain) == strlen(word)) {
		buf_text(out, word);
		return;
	}
	buf_byte(out, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			buf_text(out, "'\\''");
		else
			buf_byte(out, *word);
	}
	buf_byte(out, '\'');
}
