// SPDX-License-Identifier: Apache-2.0
#include "mask_patterns.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "relight/buf.h"
#include "relight/memory.h"

#define ENCODED_LEAST_BYTES 8 // of a value that is also looked for in base64, hex and URLs
#define PAIRS               4096
// What breaks an encoded text into lines fills them: 60 characters (xxd -p), 64 (openssl), 76
// (base64). After a shorter line the next one belongs to it only if this one looks like the secret
// already; else the end of every word that happens to begin like one would be held back.
#define FILLED_LINE_BYTES 32
#define LIKENESS_BYTES    8

struct pattern {
	char *bytes;
	size_t length;
	const char *name;                       // owned by the patterns; "" without
	bool may_wrap;                          // tools break it into lines
	struct pattern *next_first, *next_pair; // longer ones first
};

// Two indexes: by the first byte for the end of a text that goes on, by the first two for all else.
struct patterns {
	struct pattern *by_first[256], *by_pair[PAIRS];
	char **names;
	size_t name_count, name_capacity;
};

struct patterns *patterns_new(void)
{
	return memory_zeroed(1, sizeof(struct patterns));
}

void patterns_free(struct patterns *patterns)
{
	if (!patterns)
		return;
	for (size_t i = 0; i < 256; i++) {
		for (struct pattern *pattern = patterns->by_first[i], *next; pattern;
			pattern = next) {
			next = pattern->next_first;
			OPENSSL_cleanse(pattern->bytes, pattern->length);
			free(pattern->bytes);
			free(pattern);
		}
	}
	for (size_t i = 0; i < patterns->name_count; i++)
		free(patterns->names[i]);
	free(patterns->names);
	free(patterns);
}

// --- one pattern -----------------------------------------------------------------------------------------------------

static size_t pair_of(const char *bytes)
{
	return ((unsigned char)bytes[0] * 67u + (unsigned char)bytes[1]) % PAIRS;
}

static bool is_known(const struct patterns *patterns, const char *bytes, size_t length)
{
	const struct pattern *pattern = patterns->by_pair[pair_of(bytes)];

	while (pattern && (pattern->length != length || memcmp(pattern->bytes, bytes, length) != 0))
		pattern = pattern->next_pair;
	return pattern;
}

static void add(struct patterns *patterns, const char *name, const char *bytes, size_t length,
	bool may_wrap)
{
	if (length < PATTERN_LEAST_BYTES || is_known(patterns, bytes, length))
		return;

	struct pattern *pattern = memory_zeroed(1, sizeof *pattern);
	struct pattern **first = &patterns->by_first[(unsigned char)bytes[0]];
	struct pattern **pair = &patterns->by_pair[pair_of(bytes)];

	pattern->bytes = memory_copy_bytes(bytes, length);
	pattern->length = length;
	pattern->name = name;
	pattern->may_wrap = may_wrap;
	while (*first && (*first)->length > length)
		first = &(*first)->next_first;
	pattern->next_first = *first;
	*first = pattern;
	while (*pair && (*pair)->length > length)
		pair = &(*pair)->next_pair;
	pattern->next_pair = *pair;
	*pair = pattern;
}

// --- encodings -------------------------------------------------------------------------------------------------------

// How a text is written between quotes.
static const struct escaping {
	const char *backslashed; // get a backslash
	const char *as_unicode;  // become \u00XX
	bool is_ascii;           // so does whatever is no ASCII
	bool has_letters;        // \n, \r, \t, and other control characters as \u00XX
} escapings[] = {
	{"\"\\", "", false, true},                      // JSON, RFC 8259 §7
	{"\"\\", "<>&", false, true},                   // encoding/json of Go: kubectl, terraform
	{"\"\\", "", true, true},                       // json.dumps of Python: the AWS CLI
	{"\"\\/", "", false, true},                     // PHP
	{"'\\", "", false, true},                       // repr() of Python
	{"\"\\$`", "", false, false},                   // between double quotes of a shell
	{" !\"#$&'()*;<>?[\\]^`{|}", "", false, false}, // printf %q of bash
};

// The code point that begins at text[0], and how many bytes it takes; a byte that begins none
// stands for itself.
static unsigned long code_point(const char *text, size_t length, size_t *bytes)
{
	static const unsigned char leads[] = {0xc0, 0xe0, 0xf0}, masks[] = {0xe0, 0xf0, 0xf8};
	unsigned char lead = (unsigned char)text[0];

	*bytes = 1;
	for (size_t more = 1; more <= 3 && more < length; more++) {
		unsigned long point = lead & ~masks[more - 1];

		if ((lead & masks[more - 1]) != leads[more - 1])
			continue;
		for (size_t i = 1; i <= more; i++)
			point = point << 6 | ((unsigned char)text[i] & 0x3f);
		*bytes = more + 1;
		return point;
	}
	return lead;
}

static void write_unicode(struct buf *out, unsigned long point)
{
	if (point < 0x10000) {
		buf_printf(out, "\\u%04lx", point);
		return;
	}
	point -= 0x10000; // RFC 8259 §7: a surrogate pair
	buf_printf(out, "\\u%04lx\\u%04lx", 0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
}

static void write_escaped(
	const struct escaping *escaping, const char *value, size_t length, struct buf *out)
{
	static const char controls[] = "\b\f\n\r\t", letters[] = "bfnrt";

	for (size_t i = 0, bytes; i < length; i += bytes) {
		char c = value[i];
		unsigned long point = code_point(value + i, length - i, &bytes);
		const char *control = c ? strchr(controls, c) : NULL;

		if (strchr(escaping->as_unicode, c) || (escaping->is_ascii && point > 0x7f)) {
			write_unicode(out, point);
		} else if (escaping->has_letters && control) {
			buf_printf(out, "\\%c", letters[control - controls]);
		} else if (escaping->has_letters && point < ' ') {
			write_unicode(out, point);
		} else {
			if (strchr(escaping->backslashed, c))
				buf_byte(out, '\\');
			buf_add(out, value + i, bytes);
		}
	}
}

// 'it'\''s': within single quotes a shell knows no escape.
static void write_single_quoted(const char *value, size_t length, struct buf *out)
{
	for (size_t i = 0; i < length; i++) {
		if (value[i] == '\'')
			buf_text(out, "'\\''");
		else
			buf_byte(out, value[i]);
	}
}

static void write_html(const char *value, size_t length, struct buf *out)
{
	static const char plain[] = "&<>\"'";
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

	for (size_t i = 0; i < length; i++) {
		const char *found = strchr(plain, value[i]);

		if (found)
			buf_text(out, entities[found - plain]);
		else
			buf_byte(out, value[i]);
	}
}

static void add_taken(
	struct patterns *patterns, const char *name, struct buf *encoded, bool may_wrap)
{
	add(patterns, name, encoded->data, encoded->length, may_wrap);
	OPENSSL_cleanse(encoded->data, encoded->length);
	buf_clear(encoded);
}

static void add_quoted(
	struct patterns *patterns, const char *name, const char *value, size_t length)
{
	struct buf encoded = {0}, again = {0};

	for (size_t i = 0; i < sizeof escapings / sizeof *escapings; i++) {
		write_escaped(&escapings[i], value, length, &encoded);
		if (i < 2) // JSON in a text of JSON
			write_escaped(&escapings[i], encoded.data, encoded.length, &again);
		add_taken(patterns, name, &encoded, false);
		if (again.length)
			add_taken(patterns, name, &again, false);
	}
	write_single_quoted(value, length, &encoded);
	add_taken(patterns, name, &encoded, false);
	write_html(value, length, &encoded);
	add_taken(patterns, name, &encoded, false);
	buf_fini(&encoded);
	buf_fini(&again);
}

// In base64 a value looks differently by where it begins in a group of three bytes. Of each of the
// three only the characters are taken that no neighbour has a part in; at the front also the whole,
// padding included.
static void add_base64(
	struct patterns *patterns, const char *name, const char *value, size_t length)
{
	static const size_t foreign[] = {
		0, 2, 3}; // characters at the front that hold bits of a neighbour
	unsigned char *plain = memory_zeroed(length + 2, 1);
	char *encoded = memory_alloc((length + 4) / 3 * 4 + 1);

	for (size_t shift = 0; shift < 3; shift++) {
		memcpy(plain + shift, value, length);

		size_t total = (size_t)EVP_EncodeBlock(
			(unsigned char *)encoded, plain, (int)(length + shift));
		size_t own = (length + shift) * 8 / 6;

		for (int is_url_safe = 0; is_url_safe < 2; is_url_safe++) {
			if (shift == 0 && own < total)
				add(patterns, name, encoded, total, true);
			add(patterns, name, encoded + foreign[shift], own - foreign[shift], true);
			for (char *c = encoded; *c; c++)
				*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
		}
		memset(plain, 0, shift);
	}
	OPENSSL_cleanse(encoded, (length + 4) / 3 * 4);
	OPENSSL_cleanse(plain, length + 2);
	free(encoded);
	free(plain);
}

static void add_hex(struct patterns *patterns, const char *name, const char *value, size_t length)
{
	static const char *const formats[] = {"%02x", "%02X"};
	struct buf encoded = {0};

	for (size_t style = 0; style < sizeof formats / sizeof *formats; style++) {
		for (size_t i = 0; i < length; i++)
			buf_printf(&encoded, formats[style], (unsigned char)value[i]);
		add_taken(patterns, name, &encoded, true);
	}
	buf_fini(&encoded);
}

// RFC 3986 §2.1: everything but unreserved characters as %XX; the digits in either case, a space
// also as "+".
static void add_url(struct patterns *patterns, const char *name, const char *value, size_t length)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const struct {
		const char *format, *space;
	} styles[] = {{"%%%02X", "%20"}, {"%%%02x", "%20"}, {"%%%02X", "+"}};
	struct buf encoded = {0};

	for (size_t style = 0; style < sizeof styles / sizeof *styles; style++) {
		for (size_t i = 0; i < length; i++) {
			if (strchr(unreserved, value[i]))
				buf_byte(&encoded, value[i]);
			else if (value[i] == ' ')
				buf_text(&encoded, styles[style].space);
			else
				buf_printf(&encoded, styles[style].format, (unsigned char)value[i]);
		}
		add_taken(patterns, name, &encoded, false);
	}
	buf_fini(&encoded);
}

// Of a value of several lines each is a secret by itself, as it may be indented, or stand alone.
static void add_lines(struct patterns *patterns, const char *name, const char *value, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t end = at;

		while (end < length && value[end] != '\n' && value[end] != '\r')
			end++;
		while (at < end && (value[at] == ' ' || value[at] == '\t'))
			at++;
		if (end - at >= ENCODED_LEAST_BYTES && end - at < length) {
			add(patterns, name, value + at, end - at, false);
			add_quoted(patterns, name, value + at, end - at);
		}
		at = end + 1;
	}
}

static void add_piece(struct patterns *patterns, const char *name, const char *value, size_t length)
{
	add(patterns, name, value, length, false);
	add_quoted(patterns, name, value, length);
	add_lines(patterns, name, value, length);
	if (length < ENCODED_LEAST_BYTES)
		return;
	add_base64(patterns, name, value, length);
	add_hex(patterns, name, value, length);
	add_url(patterns, name, value, length);
}

static const char *keep_name(struct patterns *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->name_count; i++) {
		if (!strcmp(patterns->names[i], name))
			return patterns->names[i];
	}
	patterns->names = memory_grow(patterns->names, patterns->name_count,
		&patterns->name_capacity, sizeof *patterns->names);
	return patterns->names[patterns->name_count++] = memory_copy_text(name);
}

void patterns_add(struct patterns *patterns, const char *name, const char *value, size_t length)
{
	size_t pieces = (length + PATTERN_MOST_BYTES - 1) / PATTERN_MOST_BYTES;

	if (length < PATTERN_LEAST_BYTES)
		return;
	name = keep_name(patterns, name ? name : "");
	for (size_t i = 0; i < pieces; i++) {
		size_t from = length * i / pieces, to = length * (i + 1) / pieces;

		add_piece(patterns, name, value + from, to - from);
	}
}

// --- finding ---------------------------------------------------------------------------------------------------------

static bool is_break(char c)
{
	return c == '\n' || c == '\r' || c == '\\';
}

// Where the text goes on behind a line's end: the next line may be indented, and both may be
// written as JSON has them.
static size_t skip_break(const char *text, size_t length, size_t at)
{
	while (at < length) {
		if (text[at] == '\n' || text[at] == '\r')
			at++;
		else if (text[at] == '\\' && at + 1 < length &&
			 (text[at + 1] == 'n' || text[at + 1] == 'r'))
			at += 2;
		else
			break;
	}
	while (at < length && (text[at] == ' ' || text[at] == '\t'))
		at++;
	return at;
}

bool patterns_may_encode(char byte)
{
	return byte &&
	       strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_", byte);
}

static enum shape_verdict match_wrapped(const struct pattern *pattern, const char *text,
	size_t length, size_t unbroken, size_t *end)
{
	size_t at = 0;

	for (size_t i = 0; i < pattern->length; i++) {
		if (i && at < length && is_break(text[at]) && text[at] != pattern->bytes[i]) {
			if (i < LIKENESS_BYTES && unbroken < FILLED_LINE_BYTES - i)
				return SHAPE_NONE;
			at = skip_break(text, length, at);
		}
		if (at == length || (at + 1 == length && i && text[at] == '\\'))
			return SHAPE_OPEN;
		if (text[at++] != pattern->bytes[i])
			return SHAPE_NONE;
	}
	*end = at;
	return SHAPE_FOUND;
}

static enum shape_verdict match_one(const struct pattern *pattern, const char *text, size_t length,
	size_t unbroken, size_t *end)
{
	if (pattern->may_wrap)
		return match_wrapped(pattern, text, length, unbroken, end);
	*end = pattern->length;
	if (pattern->length <= length)
		return memcmp(pattern->bytes, text, pattern->length) == 0 ? SHAPE_FOUND
									  : SHAPE_NONE;
	return memcmp(pattern->bytes, text, length) == 0 ? SHAPE_OPEN : SHAPE_NONE;
}

bool patterns_may_begin(const struct patterns *patterns, unsigned char byte)
{
	return patterns->by_first[byte];
}

enum shape_verdict patterns_at(const struct patterns *patterns, const char *text, size_t length,
	size_t unbroken, bool is_whole, struct pattern_match *match)
{
	bool by_first = length < 2 || is_break(text[1]);
	const struct pattern *pattern = by_first ? patterns->by_first[(unsigned char)text[0]]
						 : patterns->by_pair[pair_of(text)];

	for (; pattern; pattern = by_first ? pattern->next_first : pattern->next_pair) {
		enum shape_verdict verdict =
			match_one(pattern, text, length, unbroken, &match->length);

		match->name = pattern->name;
		if (verdict == SHAPE_FOUND || (verdict == SHAPE_OPEN && !is_whole))
			return verdict;
	}
	return SHAPE_NONE;
}
