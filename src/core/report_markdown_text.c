// SPDX-License-Identifier: Apache-2.0
#include "report_markdown_parts.h"

#include <string.h>

#include "relight/json.h"
#include "relight/moment.h"

// Escapes one character. What only means something at the beginning of a line is escaped there:
// lists, headings underlined, ordered lists.
static void add_escaped(struct buf *out, char c, bool is_first)
{
	if (c == '<')
		buf_text(out, "&lt;");
	else if (c == '>')
		buf_text(out, "&gt;");
	else if (c == '&')
		buf_text(out, "&amp;");
	else if (strchr("\\`*_{}[]#|!~$", c) || (is_first && strchr("+-=", c)))
		buf_printf(out, "\\%c", c);
	else
		buf_byte(out, c);
}

void markdown_text(struct buf *out, const char *text)
{
	struct buf json = {0};
	size_t digits = 0;
	json_write_text(&json, text ? text : "");
	for (const char *at = json.data + 1; at[1]; at++) {
		bool is_first = at == json.data + 1;
		if (at[0] == '\\' && strchr("nrt", at[1])) {
			buf_byte(out, ' ');
			at++;
			continue;
		}
		if (at[0] == '\\' && strchr("\"/\\", at[1]))
			at++;
		digits = at[0] >= '0' && at[0] <= '9' && (is_first || digits) ? digits + 1 : 0;
		add_escaped(out, at[0], is_first);
		// "1." at the beginning would be a list.
		if (digits > 0 && (at[1] == '.' || at[1] == ')')) {
			buf_byte(out, '\\');
			digits = 0;
		}
	}
	buf_fini(&json);
}

void markdown_member(struct buf *out, const cJSON *object, const char *key)
{
	const char *text = json_text(object, key);
	markdown_text(out, text ? text : "–");
}

void markdown_rests(struct buf *out, const cJSON *list)
{
	const char *separator = " (#";
	json_each (seq, list) {
		buf_printf(out, "%s%lld", separator, (long long)seq->valuedouble);
		separator = ", #";
	}
	if (list && list->child)
		buf_byte(out, ')');
}

void markdown_seconds(struct buf *out, const cJSON *seconds)
{
	const double most = (double)DURATION_MOST_MS / MS_PER_S;
	char text[DURATION_TEXT_BYTES];
	// What was recorded with a decision may be any number.
	if (!cJSON_IsNumber(seconds) || seconds->valuedouble > most ||
		seconds->valuedouble < -most) {
		buf_text(out, "not known");
		return;
	}
	duration_format((int64_t)seconds->valuedouble * MS_PER_S, text);
	buf_text(out, text);
}

void markdown_time(struct buf *out, const char *text, bool with_day)
{
	struct wall at;
	char clock[16];
	if (!text || !wall_parse(text, &at)) {
		buf_text(out, "–");
		return;
	}
	wall_clock(at, true, clock);
	if (with_day)
		buf_printf(out, "%.10s ", text);
	buf_text(out, clock);
}

void markdown_detail(struct buf *out, const cJSON *item, const char *label, const char *key)
{
	const char *text = json_text(item, key);
	if (!text || !*text)
		return;
	buf_printf(out, "%s", label);
	markdown_text(out, text);
}
