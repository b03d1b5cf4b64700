// SPDX-License-Identifier: Apache-2.0
#include "relight/json.h"

#include <openssl/crypto.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "relight/memory.h"

#define WHOLE_MAX 9007199254740992.0 // 2^53: every whole number up to it is exact in a double

// --- reading members
// -------------------------------------------------------------------------------------------------

const cJSON *json_get(const cJSON *object, const char *key)
{
	if (!cJSON_IsObject(object))
		return NULL;
	json_each (member, object) {
		// Most keys differ in their first byte, and most time of reading a line goes by
		// here.
		if (member->string[0] == key[0] && !strcmp(member->string, key))
			return member;
	}
	return NULL;
}

const char *json_text(const cJSON *object, const char *key)
{
	const cJSON *member = json_get(object, key);

	return cJSON_IsString(member) ? member->valuestring : NULL;
}

bool json_bool(const cJSON *object, const char *key, bool otherwise)
{
	const cJSON *member = json_get(object, key);

	return cJSON_IsBool(member) ? cJSON_IsTrue(member) : otherwise;
}

static bool is_whole(double number)
{
	return number >= -WHOLE_MAX && number <= WHOLE_MAX && floor(number) == number;
}

int64_t json_int(const cJSON *object, const char *key, int64_t otherwise)
{
	const cJSON *member = json_get(object, key);

	if (!cJSON_IsNumber(member) || !is_whole(member->valuedouble))
		return otherwise;
	return (int64_t)member->valuedouble;
}

const cJSON *json_path(const cJSON *object, const char *path)
{
	for (;;) {
		size_t length = strcspn(path, ".");
		const cJSON *found = NULL;

		if (!cJSON_IsObject(object))
			return NULL;
		json_each (member, object) {
			if (strlen(member->string) == length &&
				!memcmp(member->string, path, length)) {
				found = member;
				break;
			}
		}
		if (!found || !path[length])
			return found;
		object = found;
		path += length + 1;
	}
}

const char *json_path_text(const cJSON *object, const char *path)
{
	const cJSON *found = json_path(object, path);

	return cJSON_IsString(found) ? found->valuestring : NULL;
}

// --- building
// --------------------------------------------------------------------------------------------------------

static cJSON *made(cJSON *value)
{
	if (!value)
		memory_exhausted();
	return value;
}

cJSON *json_object(void)
{
	return made(cJSON_CreateObject());
}

void json_add(cJSON *object, const char *key, cJSON *value)
{
	if (value && !cJSON_AddItemToObject(object, key, value))
		memory_exhausted();
}

void json_add_text(cJSON *object, const char *key, const char *text)
{
	if (text)
		json_add(object, key, made(cJSON_CreateString(text)));
}

void json_add_int(cJSON *object, const char *key, int64_t number)
{
	json_add(object, key, made(cJSON_CreateNumber((double)number)));
}

void json_add_wall(cJSON *object, const char *key, struct wall at)
{
	char text[WALL_TEXT_BYTES];
	if (!wall_known(at))
		return;
	wall_format(at, text);
	json_add_text(object, key, text);
}

void json_add_bool(cJSON *object, const char *key, bool value)
{
	json_add(object, key, made(cJSON_CreateBool(value)));
}

void json_append_text(cJSON *array, const char *text)
{
	if (text && !cJSON_AddItemToArray(array, made(cJSON_CreateString(text))))
		memory_exhausted();
}

cJSON *json_texts(const char *const *texts)
{
	cJSON *array = made(cJSON_CreateArray());

	for (; texts && *texts; texts++)
		json_append_text(array, *texts);
	return array;
}

// --- writing
// ---------------------------------------------------------------------------------------------------------

// What must not reach a terminal or reorder a line as it is: controls (C0, DEL, C1), format
// characters (Cf: all bidirectional controls, zero-width ones, the byte order mark) and the two
// separators that some readers take for the end of a line.
static bool is_escaped(utf8proc_int32_t point)
{
	if (point < 0x80)
		return point < 0x20 || point == 0x7f;

	switch (utf8proc_category(point)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP: return true;
	default: return false;
	}
}

static void write_escaped(struct buf *out, utf8proc_int32_t point)
{
	unsigned value = (unsigned)point;

	switch (value) {
	case '\t': buf_text(out, "\\t"); break;
	case '\n': buf_text(out, "\\n"); break;
	case '\r': buf_text(out, "\\r"); break;
	default:
		if (value < 0x10000)
			buf_printf(out, "\\u%04x", value);
		else
			buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((value - 0x10000) >> 10),
				0xdc00 + ((value - 0x10000) & 0x3ff));
	}
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

void json_write_text(struct buf *out, const char *text)
{
	if (!text) {
		buf_text(out, "null");
		return;
	}

	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text);

	buf_reserve(out, (size_t)left + 2);
	buf_byte(out, '"');
	while (left > 0) {
		utf8proc_ssize_t length = 0;
		utf8proc_int32_t point;

		while (length < left && is_plain(at[length]))
			length++;
		buf_add(out, at, (size_t)length);
		at += length;
		left -= length;
		if (!left)
			break;
		length = utf8proc_iterate(at, left, &point);
		if (length <= 0) {
			buf_text(out, "\xef\xbf\xbd");
			length = 1;
		} else if (is_escaped(point)) {
			write_escaped(out, point);
		} else {
			if (point == '"' || point == '\\')
				buf_byte(out, '\\');
			buf_add(out, at, (size_t)length);
		}
		at += length;
		left -= length;
	}
	buf_byte(out, '"');
}

static void write_number(struct buf *out, double number)
{
	char text[32];

	if (!isfinite(number)) {
		buf_text(out, "null");
		return;
	}
	if (is_whole(number)) {
		buf_printf(out, "%lld", (long long)number);
		return;
	}
	snprintf(text, sizeof text, "%.15g", number);
	if (strtod(text, NULL) != number)
		snprintf(text, sizeof text, "%.17g", number);
	// A locale may have another decimal point; it is never a character of the rest of a number.
	text[strcspn(text, ".,")] = strcspn(text, ".,") < strlen(text) ? '.' : '\0';
	buf_text(out, text);
}

void json_write(struct buf *out, const cJSON *value)
{
	bool is_object = cJSON_IsObject(value);

	if (!is_object && !cJSON_IsArray(value)) {
		if (cJSON_IsString(value))
			json_write_text(out, value->valuestring);
		else if (cJSON_IsNumber(value))
			write_number(out, value->valuedouble);
		else if (cJSON_IsBool(value))
			buf_text(out, cJSON_IsTrue(value) ? "true" : "false");
		else
			buf_text(out, "null");
		return;
	}
	buf_byte(out, is_object ? '{' : '[');
	json_each (item, value) {
		if (item != value->child)
			buf_byte(out, ',');
		if (is_object) {
			json_write_text(out, item->string);
			buf_byte(out, ':');
		}
		json_write(out, item);
	}
	buf_byte(out, is_object ? '}' : ']');
}

static void wipe_texts(cJSON *value)
{
	if (value->valuestring)
		OPENSSL_cleanse(value->valuestring, strlen(value->valuestring));
	for (cJSON *item = value->child; item; item = item->next)
		wipe_texts(item);
}

void json_wipe(cJSON *value)
{
	if (value)
		wipe_texts(value);
	cJSON_Delete(value);
}
