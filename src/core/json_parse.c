// SPDX-License-Identifier: Apache-2.0
#include "relight/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "relight/memory.h"

// The grammar of RFC 8259 is checked here, before cJSON sees the text, because cJSON (1.7.15) is
// more forgiving than it may be with what comes from outside: it takes any byte up to 32 for white
// space, raw control characters in strings, "01", "1.", bad UTF-8 and what follows the value, and
// ends a string at \u0000. After it only duplicate keys are left to be looked for.

#define MAX_DEPTH         100
#define MAX_NUMBER_LENGTH 63 // cJSON copies a number into so many bytes

struct scan {
	const char *text;
	char *copy; // in which escapes that stand for no character are replaced; NULL: none was met
	size_t at, length;
	struct err *err;
};

static bool scan_fail(struct scan *scan, const char *why)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < scan->at; i++) {
		column++;
		if (scan->text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	return err_set(scan->err, "JSON: line %zu, column %zu: %s", line, column, why);
}

// The byte at hand; NUL at the end (a NUL in the text is refused wherever it stands, as it begins
// nothing).
static char scan_peek(const struct scan *scan)
{
	return scan->at < scan->length ? scan->text[scan->at] : '\0';
}

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void scan_space(struct scan *scan)
{
	while (scan->at < scan->length && is_space(scan->text[scan->at]))
		scan->at++;
}

static bool scan_literal(struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	if (scan->length - scan->at < length || memcmp(scan->text + scan->at, word, length) != 0)
		return scan_fail(scan, "not a value");
	scan->at += length;
	return true;
}

static size_t scan_digits(struct scan *scan)
{
	size_t start = scan->at;

	while (scan_peek(scan) >= '0' && scan_peek(scan) <= '9')
		scan->at++;
	return scan->at - start;
}

static bool scan_number(struct scan *scan)
{
	size_t start = scan->at;

	if (scan_peek(scan) == '-')
		scan->at++;

	bool leads_with_zero = scan_peek(scan) == '0';
	size_t digits = scan_digits(scan);

	if (!digits || (leads_with_zero && digits > 1))
		return scan_fail(scan, "not a number");
	if (scan_peek(scan) == '.') {
		scan->at++;
		if (!scan_digits(scan))
			return scan_fail(scan, "a number that ends in its point");
	}
	if (scan_peek(scan) == 'e' || scan_peek(scan) == 'E') {
		scan->at++;
		if (scan_peek(scan) == '+' || scan_peek(scan) == '-')
			scan->at++;
		if (!scan_digits(scan))
			return scan_fail(scan, "a number without its exponent");
	}
	if (scan->at - start > MAX_NUMBER_LENGTH)
		return scan_fail(scan, "a number of over 63 characters");
	return true;
}

// Four hexadecimal digits after "\u", at `at`; -1 if they are none.
static int hex4(const struct scan *scan, size_t at)
{
	int value = 0;

	if (scan->length < 4 || at > scan->length - 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		char c = scan->text[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

// A copy is made for the few texts that need it: on the heap a text is most often the one large
// piece among many small ones, and asking for such a piece is what takes malloc long.
static void scan_replace(struct scan *scan, size_t at, const char *with)
{
	if (!scan->copy)
		scan->copy = memory_copy_bytes(scan->text, scan->length);
	memcpy(scan->copy + at, with, strlen(with));
	scan->text = scan->copy;
}

// At the u of "\uXXXX". NUL, which C strings cannot hold, and surrogates without their partner
// become U+FFFD.
static bool scan_unicode(struct scan *scan)
{
	int unit = hex4(scan, scan->at + 1);

	if (unit < 0)
		return scan_fail(scan, "\\u without four hexadecimal digits");
	scan->at += 5;
	if (unit >= 0xd800 && unit <= 0xdbff && scan->at + 1 < scan->length &&
		!memcmp(scan->text + scan->at, "\\u", 2)) {
		int low = hex4(scan, scan->at + 2);

		if (low >= 0xdc00 && low <= 0xdfff) {
			scan->at += 6;
			return true;
		}
	}
	if (!unit || (unit >= 0xd800 && unit <= 0xdfff))
		scan_replace(scan, scan->at - 4, "fffd");
	return true;
}

// What most of a string consists of.
static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

static bool scan_string(struct scan *scan)
{
	if (scan_peek(scan) != '"')
		return scan_fail(scan, "a string was expected");
	scan->at++;
	for (;;) {
		while (scan->at < scan->length && is_plain((unsigned char)scan->text[scan->at]))
			scan->at++;
		if (scan->at == scan->length || scan->text[scan->at] == '"')
			break;
		unsigned char byte = (unsigned char)scan->text[scan->at];
		utf8proc_int32_t point;

		if (byte < 0x20)
			return scan_fail(scan, "a control character in a string");
		if (byte == '\\') {
			scan->at++;
			if (scan_peek(scan) == 'u') {
				if (!scan_unicode(scan))
					return false;
				continue;
			}
			if (!scan_peek(scan) || !strchr("\"\\/bfnrt", scan_peek(scan)))
				return scan_fail(scan, "an unknown escape in a string");
			scan->at++;
		} else {
			utf8proc_ssize_t length =
				utf8proc_iterate((const utf8proc_uint8_t *)scan->text + scan->at,
					(utf8proc_ssize_t)(scan->length - scan->at), &point);

			if (length <= 0)
				return scan_fail(scan, "bytes in a string that are no UTF-8");
			scan->at += (size_t)length;
		}
	}
	if (scan->at == scan->length)
		return scan_fail(scan, "the text ends inside a string");
	scan->at++;
	return true;
}

static bool scan_scalar(struct scan *scan)
{
	switch (scan_peek(scan)) {
	case '"': return scan_string(scan);
	case 't': return scan_literal(scan, "true");
	case 'f': return scan_literal(scan, "false");
	case 'n': return scan_literal(scan, "null");
	default:
		if (scan->at == scan->length)
			return scan_fail(scan, "the text ends where a value was expected");
		return scan_number(scan);
	}
}

// The key of a member and its colon.
static bool scan_key(struct scan *scan)
{
	scan_space(scan);
	if (!scan_string(scan))
		return false;
	scan_space(scan);
	if (scan_peek(scan) != ':')
		return scan_fail(scan, "a colon was expected");
	scan->at++;
	scan_space(scan);
	return true;
}

// One value, its containers kept on a stack of their closing brackets: the machine's stack does not
// grow with the text.
static bool scan_value(struct scan *scan)
{
	char closing[MAX_DEPTH];
	size_t depth = 0;

	scan_space(scan);
	for (;;) {
		char c = scan_peek(scan);
		bool is_empty = false;

		if (c == '{' || c == '[') {
			if (depth == MAX_DEPTH)
				return scan_fail(scan, "nested over 100 deep");
			closing[depth++] = c == '{' ? '}' : ']';
			scan->at++;
			scan_space(scan);
			is_empty = scan_peek(scan) == closing[depth - 1];
			if (!is_empty && c == '{' && !scan_key(scan))
				return false;
			if (!is_empty)
				continue;
		} else if (!scan_scalar(scan)) {
			return false;
		}
		while (depth) {
			scan_space(scan);
			if (scan_peek(scan) != closing[depth - 1])
				break;
			scan->at++;
			depth--;
		}
		if (!depth)
			return true;
		if (scan_peek(scan) != ',')
			return scan_fail(scan, "a comma or the closing bracket was expected");
		scan->at++;
		scan_space(scan);
		if (closing[depth - 1] == '}' && !scan_key(scan))
			return false;
	}
}

static int key_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool stands_twice(const char *key, struct err *err)
{
	err_set(err, "JSON: key \"%.100s\" stands twice in one object", key);
	return false;
}

// Few are compared each with each: most differ in their first byte, and sorting them takes longer.
#define FEW_KEYS 16

static bool few_are_unique(const cJSON *object, struct err *err)
{
	json_each (member, object) {
		for (const cJSON *later = member->next; later; later = later->next) {
			if (later->string[0] == member->string[0] &&
				!strcmp(later->string, member->string))
				return stands_twice(later->string, err);
		}
	}
	return true;
}

static bool keys_are_unique(const cJSON *object, struct err *err)
{
	size_t count = 0, i = 0;
	bool is_unique = true;

	json_each (member, object)
		count++;
	if (count <= FEW_KEYS)
		return few_are_unique(object, err);

	const char **keys = memory_alloc(count * sizeof *keys);

	json_each (member, object)
		keys[i++] = member->string;
	qsort(keys, count, sizeof *keys, key_order);
	for (i = 1; i < count && is_unique; i++)
		is_unique = strcmp(keys[i - 1], keys[i]) != 0 || stands_twice(keys[i], err);
	free(keys);
	return is_unique;
}

// What only the parsed value shows. The depth is bounded by the scan.
static bool check_value(const cJSON *value, struct err *err)
{
	if (cJSON_IsNumber(value) && !isfinite(value->valuedouble))
		return err_set(err, "JSON: a number is out of range");
	if (cJSON_IsObject(value) && !keys_are_unique(value, err))
		return false;
	json_each (item, value) {
		if (!check_value(item, err))
			return false;
	}
	return true;
}

cJSON *json_parse(const char *text, size_t length_bytes, struct err *err)
{
	struct scan scan = {.text = text, .length = length_bytes, .err = err};
	cJSON *value = NULL;

	if (!scan_value(&scan))
		goto out;
	scan_space(&scan);
	if (scan.at < scan.length) {
		scan_fail(&scan, "something follows the value");
		goto out;
	}
	value = cJSON_ParseWithLength(scan.text, scan.length);
	if (!value) // all that it could refuse was refused above
		memory_exhausted();
	if (!check_value(value, err)) {
		cJSON_Delete(value);
		value = NULL;
	}
out:
	free(scan.copy);
	return value;
}

// --- mending -----------------------------------------------------------------------------------------------------------

// How many bytes from the beginning on are UTF-8.
static size_t good_length(const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		utf8proc_int32_t point;
		utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
			(utf8proc_ssize_t)(length - at), &point);
		if (bytes <= 0)
			break;
		at += (size_t)bytes;
	}
	return at;
}

bool json_mend(const char *text, size_t length, struct buf *out)
{
	size_t good = good_length(text, length);

	if (good == length)
		return false;
	while (length > 0) {
		buf_add(out, text, good);
		if (good < length)
			buf_text(out, JSON_REPLACEMENT);
		text += good;
		length -= good;
		for (good = 0; good == 0 && length > 0; text++, length--)
			if ((good = good_length(text, length)) > 0)
				break;
	}
	return true;
}
