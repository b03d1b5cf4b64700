// SPDX-License-Identifier: Apache-2.0
#include "relight/mask.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mask_patterns.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/shape.h"

#define OUR_NAMES_BYTES     16
#define GUESSED_LEAST_BYTES 8 // nobody has declared it: "test" would blank out the record

struct mask {
	struct patterns *patterns;
};

struct mask *mask_new(void)
{
	struct mask *mask = memory_zeroed(1, sizeof *mask);

	mask->patterns = patterns_new();
	return mask;
}

void mask_free(struct mask *mask)
{
	if (!mask)
		return;
	patterns_free(mask->patterns);
	free(mask);
}

// --- declaring -------------------------------------------------------------------------------------------------------

bool mask_secret(struct mask *mask, const char *name, const char *value)
{
	static const char space[] = " \t\r\n\v\f";

	if (!value)
		return false;
	value += strspn(value, space);

	size_t length = strlen(value);

	while (length && strchr(space, value[length - 1]))
		length--;
	if (length < PATTERN_LEAST_BYTES)
		return false;
	patterns_add(mask->patterns, name, value, length);
	return true;
}

void mask_environment(struct mask *mask, char *const *environment)
{
	for (; environment && *environment; environment++) {
		const char *equals = strchr(*environment, '=');

		if (!equals)
			continue;

		char *name = memory_copy_bytes(*environment, (size_t)(equals - *environment));

		if (shape_is_secret_key(name) && strlen(equals + 1) >= GUESSED_LEAST_BYTES)
			mask_secret(mask, name, equals + 1);
		free(name);
	}
}

// --- finding ---------------------------------------------------------------------------------------------------------

struct secret {
	struct shape_match match; // as in shape.h
	const char *name;         // "" when it was found by its shape
};

static enum shape_verdict declared_at(const struct mask *mask, const char *text, size_t length,
	size_t unbroken, bool is_whole, struct pattern_match *found)
{
	if (!mask || !patterns_may_begin(mask->patterns, (unsigned char)text[0]))
		return SHAPE_NONE;
	return patterns_at(mask->patterns, text, length, unbroken, is_whole, found);
}

// Secrets may overlap: what is hidden grows by those that begin inside it, whichever way they are
// broken into lines.
static enum shape_verdict widen(const struct mask *mask, const char *text, size_t length,
	bool is_whole, struct secret *secret)
{
	for (size_t i = 0; mask && i < secret->match.end; i++) {
		struct pattern_match found;
		enum shape_verdict verdict =
			declared_at(mask, text + i, length - i, SIZE_MAX, is_whole, &found);

		if (verdict == SHAPE_OPEN)
			return SHAPE_OPEN;
		if (verdict == SHAPE_NONE)
			continue;
		if (i < secret->match.from)
			secret->match.from = i;
		if (i + found.length > secret->match.end)
			secret->match.end = i + found.length;
	}
	return SHAPE_FOUND;
}

// `before` is the byte before the text, and `unbroken` as in mask_patterns.h.
static enum shape_verdict secret_at(const struct mask *mask, const char *text, size_t length,
	char before, size_t unbroken, bool is_whole, struct secret *secret)
{
	struct pattern_match found;
	enum shape_verdict verdict = declared_at(mask, text, length, unbroken, is_whole, &found);

	*secret = (struct secret){.name = ""};
	if (verdict == SHAPE_FOUND) {
		secret->match.end = found.length;
		secret->name = found.name;
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

// How many of the last bytes before text[at] could be of an encoded text; those before text[0]
// are known to be `unbroken`.
static size_t unbroken_before(const char *text, size_t at, size_t unbroken)
{
	size_t from = at;

	while (from && patterns_may_encode(text[from - 1]))
		from--;
	return at - from + (from ? 0 : unbroken);
}

// Masks up to the end, or up to where something is open, which *open describes. What stands before
// the text is as in secret_at(). Returns how many bytes it has dealt with.
static size_t mask_run(const struct mask *mask, const char *text, size_t length, char before,
	size_t unbroken, bool is_whole, struct buf *out, struct secret *open)
{
	size_t plain = 0, at = 0; // text[plain..at) goes out as it is

	while (at < length) {
		unsigned char byte = (unsigned char)text[at];
		enum shape_verdict verdict = SHAPE_NONE;
		struct secret secret = {.name = ""};

		if (shape_may_begin(byte) || (mask && patterns_may_begin(mask->patterns, byte)))
			verdict = secret_at(
				mask, text + at, length - at, before, unbroken, is_whole, &secret);
		if (verdict == SHAPE_OPEN) {
			*open = secret;
			break;
		}
		if (verdict == SHAPE_NONE) {
			unbroken = patterns_may_encode(text[at]) ? unbroken + 1 : 0;
			before = text[at++];
			continue;
		}
		buf_add(out, text + plain, at + secret.match.from - plain);
		write_masked(out, secret.name);
		unbroken = unbroken_before(text + at, secret.match.end, unbroken);
		at += secret.match.end;
		before = text[at - 1];
		plain = at;
	}
	buf_add(out, text + plain, at - plain);
	return at;
}

void mask_text(const struct mask *mask, const char *text, size_t length, struct buf *out)
{
	struct secret open;

	mask_run(mask, text, length, 0, 0, true, out, &open);
}

// --- JSON ------------------------------------------------------------------------------------------------------------

static void set_text(cJSON *value, const struct buf *text)
{
	if (strcmp(buf_str(text), value->valuestring) != 0 &&
		!cJSON_SetValuestring(value, buf_str(text)))
		memory_exhausted();
}

static void mask_string(const struct mask *mask, cJSON *value)
{
	struct buf out = {0};

	if (value->string && shape_is_secret_key(value->string) && value->valuestring[0])
		write_masked(&out, "");
	else
		mask_text(mask, value->valuestring, strlen(value->valuestring), &out);
	set_text(value, &out);
	buf_fini(&out);
}

// The names of the members of what relight writes itself must stay, whatever somebody has chosen as
// a password.
static bool may_be_ours(const char *name)
{
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name) &&
	       strlen(name) <= OUR_NAMES_BYTES;
}

static void mask_name(const struct mask *mask, cJSON *value)
{
	struct buf out = {0};

	if (!value->string || may_be_ours(value->string))
		return;
	mask_text(mask, value->string, strlen(value->string), &out);
	if (strcmp(buf_str(&out), value->string) != 0 && !(value->type & cJSON_StringIsConst)) {
		free(value->string);
		value->string = buf_take(&out);
	}
	buf_fini(&out);
}

static bool is_kind(const cJSON *object, const char *kind)
{
	const char *is = cJSON_IsObject(object) ? json_text(object, "kind") : NULL;

	return is && strcmp(is, kind) == 0;
}

// Whatever the data of a Secret look like.
static void mask_secret_data(cJSON *object)
{
	static const char *const members[] = {"data", "stringData"};
	struct buf out = {0};

	write_masked(&out, "");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		cJSON *data = cJSON_GetObjectItemCaseSensitive(object, members[i]);

		for (cJSON *item = data ? data->child : NULL; item; item = item->next) {
			if (cJSON_IsString(item))
				set_text(item, &out);
		}
	}
	buf_fini(&out);
}

void mask_json(const struct mask *mask, cJSON *value)
{
	if (cJSON_IsString(value)) {
		mask_string(mask, value);
		return;
	}
	if (is_kind(value, "Secret"))
		mask_secret_data(value);
	if (is_kind(value, "SecretList")) {
		cJSON *items = cJSON_GetObjectItemCaseSensitive(value, "items");

		for (cJSON *item = items ? items->child : NULL; item; item = item->next)
			mask_secret_data(item);
	}
	for (cJSON *item = value ? value->child : NULL; item; item = item->next) {
		mask_json(mask, item);
		mask_name(mask, item);
	}
}

// --- streams ---------------------------------------------------------------------------------------------------------

static void stream_drop(struct mask_stream *stream, size_t length)
{
	if (!length)
		return;
	stream->before = stream->held.data[length - 1];
	stream->unbroken = unbroken_before(stream->held.data, length, stream->unbroken);
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
			   stream->unbroken, true, &secret) != SHAPE_FOUND) {
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
		stream->unbroken = 0;
		length--;
	}
	if (!length)
		return;
	stream->swallowing = NULL;
	buf_add(&stream->held, bytes, length);
	while (stream->held.length) {
		struct secret open;

		stream_drop(stream, mask_run(stream->mask, stream->held.data, stream->held.length,
					    stream->before, stream->unbroken, false, out, &open));
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
	mask_run(stream->mask, stream->held.data, stream->held.length, stream->before,
		stream->unbroken, true, out, &open);
	stream_drop(stream, stream->held.length);
}

void mask_stream_fini(struct mask_stream *stream)
{
	buf_wipe(&stream->held);
	stream->swallowing = NULL;
}
