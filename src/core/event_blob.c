// SPDX-License-Identifier: Apache-2.0
#include "relight/event.h"

#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

// What decides something, or is a person's word. The rest stays away: a fold has no use for it.
static const struct {
	const char *key;
	bool is_json; // texts went out as their bytes
} wanted[] = {
	{"files", true},
	{"open", true},
	{"value", false},
	{"text", false},
	{"say", false},
	{"why", false},
};

const char *event_blob(const cJSON *value)
{
	const char *sha256 = json_text(value, "blob");

	return event_is_digest(sha256) && cJSON_IsNumber(json_get(value, "bytes")) ? sha256 : NULL;
}

static cJSON *read_back(const struct buf *bytes, bool is_json)
{
	if (is_json)
		return json_parse(bytes->data, bytes->length, NULL);

	cJSON *text = cJSON_CreateString(buf_str(bytes));

	if (!text)
		memory_exhausted();
	return text;
}

static bool restore(
	struct event *event, const char *key, bool is_json, event_fetch *fetch, void *context)
{
	const cJSON *reference = json_get(event->data, key);
	const char *sha256 = event_blob(reference);
	struct buf bytes = {0};
	cJSON *value = NULL;

	if (!sha256)
		return true;
	if (fetch(context, sha256, &bytes))
		value = read_back(&bytes, is_json);
	buf_fini(&bytes);
	if (value && !cJSON_ReplaceItemInObjectCaseSensitive(event->data, key, value))
		memory_exhausted();
	return value != NULL;
}

bool event_restore(struct event *event, event_fetch *fetch, void *context)
{
	bool is_whole = true;

	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		is_whole &= restore(event, wanted[i].key, wanted[i].is_json, fetch, context);
	return is_whole;
}
