// SPDX-License-Identifier: Apache-2.0
#include "relight/mask.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"
#include "relight/shape.h"

#define MIN_SECRET_BYTES  4
#define MIN_ENCODED_BYTES 8    // shorter ones are looked for as they are only
#define MAX_PATTERN_BYTES 1024 // before encoding, which makes at most three bytes of one

struct pattern {
	char *bytes;
	size_t length;
	const char *name;     // owned by the mask; "" without
	struct pattern *next; // with the same first byte; longer ones first
};

struct mask {
	struct pattern *by_first_byte[256];
	char **names;
	size_t names_count, names_capacity;
};

struct mask *mask_new(void)
{
	return memory_zeroed(1, sizeof(struct mask));
}

void mask_free(struct mask *mask)
{
	if (!mask)
		return;
	for (size_t i = 0; i < 256; i++) {
		for (struct pattern *pattern = mask->by_first_byte[i], *next; pattern;
			pattern = next) {
			next = pattern->next;
			OPENSSL_cleanse(pattern->bytes, pattern->length);
			free(pattern->bytes);
			free(pattern);
		}
	}
	for (size_t i = 0; i < mask->names_count; i++)
		free(mask->names[i]);
	free(mask->names);
	free(mask);
}

// --- declaring -------------------------------------------------------------------------------------------------------

static void add_pattern(struct mask *mask, const char *name, const char *bytes, size_t length)
{
	if (length < MIN_SECRET_BYTES)
		return;

	struct pattern *pattern = memory_zeroed(1, sizeof *pattern);
	struct pattern **at = &mask->by_first_byte[(unsigned char)bytes[0]];

	pattern->bytes = memory_copy_bytes(bytes, length);
	pattern->length = length;
	pattern->name = name;
	while (*at && (*at)->length > length)
		at = &(*at)->next;
	pattern->next = *at;
	*at = pattern;
}

// In base64 a value looks differently by where it begins in a group of three bytes. Of each of the
// three only the characters are taken that no neighbour has a part in; at the front also the whole,
// padding included.
static void add_base64(struct mask *mask, const char *name, const char *value, size_t length)
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
				add_pattern(mask, name, encoded, total);
			add_pattern(mask, name, encoded + foreign[shift], own - foreign[shift]);
			for (char *c = encoded; *c; c++)
				*c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
		}
		memset(plain, 0, length + 2);
	}
	OPENSSL_cleanse(encoded, (length + 4) / 3 * 4);
	free(encoded);
	free(plain);
}

// RFC 3986 §2.1: everything but unreserved characters as %XX; the digits in either case, a space
// also as "+".
static void add_url(struct mask *mask, const char *name, const char *value, size_t length)
{
	static const char unreserved[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	static const struct {
		const char *format, *space;
	} styles[] = {{"%%%02X", "%20"}, {"%%%02x", "%20"}, {"%%%02X", "+"}};

	for (size_t style = 0; style < sizeof styles / sizeof *styles; style++) {
		struct buf encoded = {0};

		for (size_t i = 0; i < length; i++) {
			if (strchr(unreserved, value[i]))
				buf_byte(&encoded, value[i]);
			else if (value[i] == ' ')
				buf_text(&encoded, styles[style].space);
			else
				buf_printf(&encoded, styles[style].format, (unsigned char)value[i]);
		}
		if (encoded.length != length || memcmp(encoded.data, value, length) != 0)
			add_pattern(mask, name, encoded.data, encoded.length);
		OPENSSL_cleanse(encoded.data, encoded.length);
		buf_fini(&encoded);
	}
}

// As it stands in JSON, where it has quotes, backslashes or line feeds.
static void add_escaped(struct mask *mask, const char *name, const char *value, size_t length)
{
	struct buf escaped = {0};
	char *copy = memory_copy_bytes(value, length);

	json_write_text(&escaped, copy);
	if (escaped.length != length + 2)
		add_pattern(mask, name, escaped.data + 1, escaped.length - 2);
	OPENSSL_cleanse(copy, length);
	OPENSSL_cleanse(escaped.data, escaped.length);
	free(copy);
	buf_fini(&escaped);
}

bool mask_secret(struct mask *mask, const char *name, const char *value)
{
	static const char space[] = " \t\r\n\v\f";

	if (!value)
		return false;
	value += strspn(value, space);

	size_t length = strlen(value);

	while (length && strchr(space, value[length - 1]))
		length--;
	if (length < MIN_SECRET_BYTES)
		return false;
	mask->names = memory_grow(
		mask->names, mask->names_count, &mask->names_capacity, sizeof *mask->names);
	name = mask->names[mask->names_count++] = memory_copy_text(name ? name : "");

	// A long one in even pieces, so that none of them, however encoded, is longer than what a
	// stream holds back.
	size_t pieces = (length + MAX_PATTERN_BYTES - 1) / MAX_PATTERN_BYTES;

	for (size_t i = 0; i < pieces; i++) {
		const char *piece = value + length * i / pieces;
		size_t piece_length = length * (i + 1) / pieces - length * i / pieces;

		add_pattern(mask, name, piece, piece_length);
		add_escaped(mask, name, piece, piece_length);
		if (piece_length < MIN_ENCODED_BYTES)
			continue;
		add_base64(mask, name, piece, piece_length);
		add_url(mask, name, piece, piece_length);
	}
	return true;
}

// --- finding ---------------------------------------------------------------------------------------------------------

struct secret {
	struct shape_match match; // as in shape.h
	const char *name;         // "" when it was found by its shape
};

static enum shape_verdict declared_at(const struct mask *mask, const char *text, size_t length,
	bool is_whole, const struct pattern **found)
{
	const struct pattern *pattern = mask ? mask->by_first_byte[(unsigned char)text[0]] : NULL;

	for (; pattern; pattern = pattern->next) {
		if (pattern->length <= length) {
			if (!memcmp(pattern->bytes, text, pattern->length)) {
				*found = pattern;
				return SHAPE_FOUND;
			}
		} else if (!is_whole && !memcmp(pattern->bytes, text, length)) {
			return SHAPE_OPEN;
		}
	}
	return SHAPE_NONE;
}

// Secrets may overlap: what is hidden grows by those that begin inside it.
static enum shape_verdict widen(const struct mask *mask, const char *text, size_t length,
	bool is_whole, struct secret *secret)
{
	for (size_t i = 0; mask && i < secret->match.end; i++) {
		const struct pattern *pattern;
		enum shape_verdict verdict =
			declared_at(mask, text + i, length - i, is_whole, &pattern);

		if (verdict == SHAPE_OPEN)
			return SHAPE_OPEN;
		if (verdict == SHAPE_NONE)
			continue;
		if (i < secret->match.from)
			secret->match.from = i;
		if (i + pattern->length > secret->match.end)
			secret->match.end = i + pattern->length;
	}
	return SHAPE_FOUND;
}

static enum shape_verdict secret_at(const struct mask *mask, const char *text, size_t length,
	char before, bool is_whole, struct secret *secret)
{
	const struct pattern *pattern;
	enum shape_verdict verdict = declared_at(mask, text, length, is_whole, &pattern);

	*secret = (struct secret){.name = ""};
	if (verdict == SHAPE_FOUND) {
		secret->match.end = pattern->length;
		secret->name = pattern->name;
	} else if (verdict == SHAPE_NONE && shape_may_begin((unsigned char)text[0])) {
		verdict = shape_at(text, length, before, is_whole, &secret->match);
	}
	if (verdict == SHAPE_FOUND) {
		secret->match.is_part = NULL;
		verdict = widen(mask, text, length, is_whole, secret);
	}
	return verdict;
}

static void write_masked(struct buf *out, const char *name)
{
	if (name[0])
		buf_printf(out, "[masked %s]", name);
	else
		buf_text(out, "[masked]");
}

// Masks up to the end, or up to where something is open, which *open describes. Returns how many
// bytes it has dealt with.
static size_t mask_run(const struct mask *mask, const char *text, size_t length, char before,
	bool is_whole, struct buf *out, struct secret *open)
{
	size_t plain = 0, at = 0; // text[plain..at) goes out as it is

	while (at < length) {
		unsigned char byte = (unsigned char)text[at];
		struct secret secret;

		if (!shape_may_begin(byte) && !(mask && mask->by_first_byte[byte])) {
			at++;
			continue;
		}

		enum shape_verdict verdict = secret_at(mask, text + at, length - at,
			at ? text[at - 1] : before, is_whole, &secret);

		if (verdict == SHAPE_OPEN) {
			*open = secret;
			break;
		}
		if (verdict == SHAPE_NONE) {
			at++;
			continue;
		}
		buf_add(out, text + plain, at + secret.match.from - plain);
		write_masked(out, secret.name);
		at += secret.match.end;
		plain = at;
	}
	buf_add(out, text + plain, at - plain);
	return at;
}

void mask_text(const struct mask *mask, const char *text, size_t length, struct buf *out)
{
	struct secret open;

	mask_run(mask, text, length, 0, true, out, &open);
}

static void mask_string(const struct mask *mask, cJSON *value)
{
	struct buf out = {0};

	if (value->string && shape_is_secret_key(value->string) && value->valuestring[0])
		write_masked(&out, "");
	else
		mask_text(mask, value->valuestring, strlen(value->valuestring), &out);
	if (strcmp(buf_str(&out), value->valuestring) != 0 &&
		!cJSON_SetValuestring(value, buf_str(&out)))
		memory_exhausted();
	buf_fini(&out);
}

void mask_json(const struct mask *mask, cJSON *value)
{
	if (cJSON_IsString(value)) {
		mask_string(mask, value);
		return;
	}
	for (cJSON *item = value ? value->child : NULL; item; item = item->next)
		mask_json(mask, item);
}

// --- streams ---------------------------------------------------------------------------------------------------------

static void stream_drop(struct mask_stream *stream, size_t length)
{
	if (!length)
		return;
	stream->before = stream->held.data[length - 1];
	buf_drop(&stream->held, length);
}

// More is held than may be: what is open is decided now. A secret whose end has not come is hidden
// at once, and the rest of it swallowed; anything else is judged by what is there.
static void stream_decide(struct mask_stream *stream, const struct secret *open, struct buf *out)
{
	struct secret secret = *open;

	if (open->match.is_part) {
		stream->swallowing = open->match.is_part;
		secret.match.end = stream->held.length;
	} else if (secret_at(stream->mask, stream->held.data, stream->held.length, stream->before,
			   true, &secret) != SHAPE_FOUND) {
		buf_byte(out, stream->held.data[0]);
		stream_drop(stream, 1);
		return;
	}
	buf_add(out, stream->held.data, secret.match.from);
	write_masked(out, secret.name);
	stream_drop(stream, secret.match.end);
}

void mask_feed(struct mask_stream *stream, const char *bytes, size_t length, struct buf *out)
{
	while (stream->swallowing && length && stream->swallowing((unsigned char)*bytes)) {
		stream->before = *bytes++;
		length--;
	}
	if (!length)
		return;
	stream->swallowing = NULL;
	buf_add(&stream->held, bytes, length);
	while (stream->held.length) {
		struct secret open;

		stream_drop(stream, mask_run(stream->mask, stream->held.data, stream->held.length,
					    stream->before, false, out, &open));
		if (stream->held.length < MASK_HELD_BYTES)
			break;
		stream_decide(stream, &open, out);
	}
}

void mask_flush(struct mask_stream *stream, struct buf *out)
{
	struct secret open;

	if (!stream->held.length)
		return;
	mask_run(stream->mask, stream->held.data, stream->held.length, stream->before, true, out,
		&open);
	stream_drop(stream, stream->held.length);
}

void mask_stream_fini(struct mask_stream *stream)
{
	if (stream->held.data)
		OPENSSL_cleanse(stream->held.data, stream->held.capacity);
	buf_fini(&stream->held);
	stream->swallowing = NULL;
}
