// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_JSON_H
#define RELIGHT_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/moment.h"

// Strict JSON on top of cJSON, which by itself ignores the case of keys, accepts trailing bytes and
// duplicate keys, and cuts strings at \u0000. All values here are cJSON values; the caller frees
// what it is given with cJSON_Delete.

// One whole JSON value, nothing but white space after it. Refused: duplicate keys in an object,
// nesting over 100, and anything RFC 8259 refuses. "\u0000" becomes U+FFFD. NULL with `err` set on
// failure.
cJSON *json_parse(const char *text, size_t length_bytes, struct err *err);

// What stands for bytes that are no UTF-8, U+FFFD.
#define JSON_REPLACEMENT "\xEF\xBF\xBD"
// Appends the text with that for each run of such bytes. False: there were none, nothing is
// appended.
bool json_mend(const char *text, size_t length, struct buf *out);

// Appends compact JSON in one line: keys in their order, integers without a fraction, bytes that
// are no UTF-8 as U+FFFD, and control, bidirectional and other format characters escaped as \uXXXX
// (FORMATS.md §5), so that the line is safe to show.
void json_write(struct buf *out, const cJSON *value);
// Appends one JSON string, quotes included, by the same rules. NULL writes null.
void json_write_text(struct buf *out, const char *text);

// Members of an object, by exact key. `object` may be NULL or no object: then nothing is found.
const cJSON *json_get(const cJSON *object, const char *key);
const char *json_text(const cJSON *object, const char *key); // NULL unless a string
bool json_bool(const cJSON *object, const char *key, bool otherwise);
int64_t json_int(
	const cJSON *object, const char *key, int64_t otherwise); // otherwise unless a whole number
const char *json_path_text(
	const cJSON *object, const char *path); // "metadata.name"; NULL unless a string
const cJSON *json_path(const cJSON *object, const char *path);

// Builders. Adding NULL text adds nothing, so that absent keys stay absent.
cJSON *json_object(void);
void json_add_text(cJSON *object, const char *key, const char *text);
void json_add_int(cJSON *object, const char *key, int64_t number);
void json_add_bool(cJSON *object, const char *key, bool value);
// As wall_format writes it; a time that is not known adds nothing.
void json_add_wall(cJSON *object, const char *key, struct wall at);
void json_add(cJSON *object, const char *key, cJSON *value); // takes ownership; NULL adds nothing
void json_append_text(cJSON *array, const char *text);
// Overwrites every text in it, which may be secret, and deletes it. NULL is safe.
void json_wipe(cJSON *value);
// An array of strings from a NULL-terminated list, e.g. an argv.
cJSON *json_texts(const char *const *texts);

#define json_each(item, array)                                                                     \
	for (const cJSON *item = (array) ? (array)->child : NULL; item; item = item->next)

#endif
