// SPDX-License-Identifier: Apache-2.0
#include "jq_program.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

// Functions and keywords that read files, the environment or the protocol's own input, write to
// stderr, or end the process.
static const char *const forbidden[] = {"import", "include", "input", "inputs", "debug", "stderr",
	"input_filename", "input_line_number", "env", "halt", "halt_error", "modulemeta",
	"get_search_list", NULL};
static const char *const forbidden_variables[] = {"ENV", "__loc__", "__prog_args", NULL};

#define NESTING_MAX 256

// Where the scan stands. `open` holds what closes each bracket that is open; '"' is a string, which
// \( … ) may interrupt.
struct scan {
	const char *at;
	char open[NESTING_MAX];
	int depth;
	char before; // the last token's first character, 0 at the beginning; white space and
		     // comments do not count
};

static bool is_listed(const char *const *list, const char *name, size_t length)
{
	for (; *list; list++)
		if (strlen(*list) == length && memcmp(*list, name, length) == 0)
			return true;
	return false;
}

static bool open_bracket(struct scan *scan, char closer, struct err *err)
{
	if (scan->depth == NESTING_MAX)
		return err_set(err, "brackets are nested over %d deep", NESTING_MAX);
	scan->open[scan->depth++] = closer;
	return true;
}

static bool close_bracket(struct scan *scan, char closer, struct err *err)
{
	if (scan->depth == 0 || scan->open[scan->depth - 1] != closer)
		return err_set(err, "'%c' has no opening bracket that matches", closer);
	scan->depth--;
	return true;
}

static bool is_in_string(const struct scan *scan)
{
	return scan->depth > 0 && scan->open[scan->depth - 1] == '"';
}

static bool scan_string_byte(struct scan *scan, struct buf *out, struct err *err)
{
	if (*scan->at == '\\' && scan->at[1]) {
		bool is_interpolation = scan->at[1] == '(';
		buf_add(out, scan->at, 2);
		scan->at += 2;
		scan->before = '(';
		return !is_interpolation || open_bracket(scan, ')', err);
	}
	buf_byte(out, *scan->at);
	if (*scan->at++ == '"') {
		scan->depth--;
		scan->before = '"';
	}
	return true;
}

// jq 1.7.1 lets a backslash continue a comment on the next line, 1.6 does not: refused, so that
// both see the same program.
static bool skip_comment(struct scan *scan, struct buf *out, struct err *err)
{
	const char *end = scan->at + strcspn(scan->at, "\n");
	const char *last = end[-1] == '\r' ? end - 2 : end - 1;
	if (*last == '\\')
		return err_set(err, "a comment must not end in a backslash");
	buf_byte(out, ' ');
	scan->at = end;
	return true;
}

// A name directly inside {…} where a key stands, or after a dot, names a field; `env: …` is
// harmless there.
static bool is_field(const struct scan *scan)
{
	bool is_key = scan->depth > 0 && scan->open[scan->depth - 1] == '}' &&
		      (scan->before == '{' || scan->before == ',');
	return is_key || scan->before == '.';
}

static bool scan_name(struct scan *scan, struct buf *out, struct err *err)
{
	size_t length = 1;
	while (isalnum((unsigned char)scan->at[length]) || scan->at[length] == '_')
		length++;
	const char *const *list = scan->before == '$' ? forbidden_variables : forbidden;
	if (!is_field(scan) && is_listed(list, scan->at, length))
		return err_set(err, "%s%.*s is not available here", scan->before == '$' ? "$" : "",
			(int)length, scan->at);
	buf_add(out, scan->at, length);
	scan->at += length;
	scan->before = 'a';
	return true;
}

static bool scan_sign(struct scan *scan, struct buf *out, struct err *err)
{
	char sign = *scan->at;
	bool is_good = true;
	switch (sign) {
	case '(': is_good = open_bracket(scan, ')', err); break;
	case '[': is_good = open_bracket(scan, ']', err); break;
	case '{': is_good = open_bracket(scan, '}', err); break;
	case '"': is_good = open_bracket(scan, '"', err); break;
	case ')':
	case ']':
	case '}': is_good = close_bracket(scan, sign, err); break;
	default: break;
	}
	buf_byte(out, sign);
	scan->at++;
	// `. env` is no field in jq 1.6, and `..env` never is one.
	bool is_dot = sign == '.' && scan->before != '.';
	scan->before = sign == '.' && !is_dot ? 'a' : sign;
	return is_good;
}

static bool scan_token(struct scan *scan, struct buf *out, struct err *err)
{
	unsigned char byte = (unsigned char)*scan->at;
	if (is_in_string(scan))
		return scan_string_byte(scan, out, err);
	if (byte == '#')
		return skip_comment(scan, out, err);
	if (isalpha(byte) || byte == '_')
		return scan_name(scan, out, err);
	if (!isspace(byte))
		return scan_sign(scan, out, err);
	if (scan->before == '.')
		scan->before = 'a';
	buf_byte(out, *scan->at++);
	return true;
}

bool jq_program_guard(const char *text, struct buf *out, struct err *err)
{
	struct scan scan = {.at = text};
	while (*scan.at)
		if (!scan_token(&scan, out, err))
			return false;
	if (is_in_string(&scan))
		return err_set(err, "a string does not end");
	if (scan.depth > 0)
		return err_set(err, "'%c' is missing at the end", scan.open[scan.depth - 1]);
	if (scan.before == 0)
		return err_set(err, "the program is empty");
	return true;
}

static int count_lines(const char *text)
{
	int lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void join_tree(size_t low, size_t high, struct buf *out)
{
	if (high - low == 1) {
		buf_printf(out, "relight_program_%zu", low);
		return;
	}
	size_t middle = low + (high - low) / 2;
	buf_printf(out, "if $__number < %zu then ", middle);
	join_tree(low, middle, out);
	buf_text(out, " else ");
	join_tree(middle, high, out);
	buf_text(out, " end");
}

void jq_program_join(const char *const *guarded, size_t count, struct buf *out, int *first_lines)
{
	int line = 1;
	for (size_t i = 0; i < count; i++) {
		first_lines[i] = line;
		const char *text = guarded[i] ? guarded[i] : "error(\"does not compile\")";
		buf_printf(out, "def relight_program_%zu: (\n%s\n);\n", i, text);
		line += count_lines(text) + 3;
	}
	first_lines[count] = line;
	buf_text(out, ".[0] as $__number | .[1] | ");
	join_tree(0, count, out);
}

void jq_program_input(const char *text, size_t length_bytes, struct buf *out)
{
	char *copy = memory_copy_bytes(text, length_bytes);
	char *end = copy + length_bytes;
	for (char *nul = copy; (nul = memchr(nul, '\0', (size_t)(end - nul)));)
		*nul = '\1';
	json_write_text(out, copy);
	free(copy);
}
