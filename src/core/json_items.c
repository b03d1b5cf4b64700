// SPDX-License-Identifier: Apache-2.0
#include "relight/json_items.h"

#include <stdlib.h>
#include <string.h>

#include "relight/buf.h"
#include "relight/memory.h"

#define MAX_DEPTH 100 // as json_parse

struct json_items {
	struct json_items_config config;
	char closing[MAX_DEPTH + 1]; // the brackets that are open
	size_t depth, item_depth;    // at which the items stand
	bool is_broken, is_over;     // is_over: the list's own closing bracket has come
	bool in_string, is_escaped, in_scalar;
	size_t string_length; // bytes so far of the string at hand
	bool in_items;        // within the list's array `items`
	bool in_item;
	bool after_items_key;   // of a list: the last thing was its key "items"
	bool after_dropped_key; // the last thing was a string that is one to leave out, if a key
	size_t skipped_depth;   // at which a value is being left out; 0: none is
	struct buf item, head;
};

// A run of bytes of the chunk at hand that was not copied yet.
struct run {
	const char *start, *at;
};

struct json_items *json_items_new(const struct json_items_config *config)
{
	struct json_items *items = memory_zeroed(1, sizeof *items);

	items->config = *config;
	items->item_depth = config->shape == JSON_ITEMS_OF_LIST ? 2 : 0;
	return items;
}

void json_items_free(struct json_items *items)
{
	if (!items)
		return;
	buf_fini(&items->item);
	buf_fini(&items->head);
	free(items);
}

static bool fail(struct json_items *items, struct err *err, const char *why)
{
	items->is_broken = true;
	return err_set(err, "JSON: %s", why);
}

static void add_head(struct json_items *items, const char *bytes, size_t length)
{
	if (items->config.shape == JSON_ITEMS_OF_LIST)
		buf_add(&items->head, bytes, length);
}

// Copies the run up to `end` to where it belongs, and begins a new one there.
static bool flush(struct json_items *items, struct run *run, const char *end, struct err *err)
{
	size_t length = (size_t)(end - run->start);

	if (!items->skipped_depth && items->in_item)
		buf_add(&items->item, run->start, length);
	else if (!items->in_item && !items->in_items)
		add_head(items, run->start, length);
	run->start = end;
	if (items->item.length > items->config.max_item_bytes)
		return fail(items, err, "an object is larger than it may be");
	if (items->head.length > items->config.max_item_bytes)
		return fail(items, err, "there is too much around the list's items");
	return true;
}

static bool begin_item(struct json_items *items, struct run *run, struct err *err)
{
	if (items->depth != items->item_depth || items->in_item)
		return true;
	if (items->config.shape == JSON_ITEMS_OF_LIST && !items->in_items)
		return true;
	if (!flush(items, run, run->at, err))
		return false;
	items->in_item = true;
	return true;
}

// After the last byte of a value, which `run->at` is just behind.
static bool end_value(struct json_items *items, struct run *run, struct err *err)
{
	if (items->skipped_depth && items->depth <= items->skipped_depth) {
		run->start = run->at;
		items->skipped_depth = 0;
	}
	if (!items->in_item || items->depth != items->item_depth)
		return true;
	// Most often the whole item stands in one chunk and need not be copied.
	const char *text = run->start;
	size_t length = (size_t)(run->at - run->start);
	if (items->item.length > 0) {
		if (!flush(items, run, run->at, err))
			return false;
		text = buf_str(&items->item);
		length = items->item.length;
	}
	if (length > items->config.max_item_bytes)
		return fail(items, err, "an object is larger than it may be");
	bool goes_on = items->config.on_item(items->config.context, text, length);
	buf_clear(&items->item);
	run->start = run->at;
	items->in_item = false;
	if (!goes_on) {
		items->is_broken = true;
		return err_set(err, "%s", "");
	}
	return true;
}

static bool open_bracket(struct json_items *items, struct run *run, struct err *err)
{
	char bracket = *run->at;
	bool is_list = items->config.shape == JSON_ITEMS_OF_LIST;

	if (items->is_over || (is_list && items->depth == 0 && bracket != '{'))
		return fail(items, err, "it is no list");
	if (items->depth == MAX_DEPTH)
		return fail(items, err, "nested over 100 deep");
	if (!begin_item(items, run, err))
		return false;
	items->closing[items->depth++] = bracket == '{' ? '}' : ']';
	run->at++;
	if (is_list && items->depth == 2 && bracket == '[' && items->after_items_key) {
		if (!flush(items, run, run->at, err))
			return false;
		items->in_items = true;
	}
	items->after_items_key = false;
	return true;
}

static bool close_bracket(struct json_items *items, struct run *run, struct err *err)
{
	if (items->depth == 0 || items->closing[items->depth - 1] != *run->at)
		return fail(items, err, "a bracket that closes nothing");
	if (items->in_items && items->depth == items->item_depth) {
		run->start = run->at; // what is between the items goes nowhere
		items->in_items = false;
	}
	items->depth--;
	run->at++;
	items->is_over |= items->depth == 0 && items->config.shape == JSON_ITEMS_OF_LIST;
	return end_value(items, run, err);
}

static bool ends_with(const struct run *run, const char *string, size_t length)
{
	return (size_t)(run->at - run->start) > length + 1 &&
	       memcmp(run->at - 1 - length, string, length) == 0;
}

// Whether the string that has just ended is one to leave out, if a key.
static bool is_dropped(const struct json_items *items, const struct run *run)
{
	const char *const *key = items->config.dropped_keys;

	if (!items->in_item || items->skipped_depth)
		return false;
	for (; key && *key; key++) {
		size_t length = strlen(*key);
		if (items->string_length == length && ends_with(run, *key, length))
			return true;
	}
	return false;
}

// A string has ended. One that is to be left out is not noticed where it spans two chunks: then its
// value stays in.
static bool end_string(struct json_items *items, struct run *run, struct err *err)
{
	static const char list_key[] = "items";

	items->in_string = false;
	if (items->config.shape == JSON_ITEMS_OF_LIST && items->depth == 1 &&
		items->string_length == sizeof list_key - 1) {
		if (!flush(items, run, run->at, err))
			return false;
		items->after_items_key =
			memcmp(items->head.data + items->head.length - sizeof list_key, list_key,
				sizeof list_key - 1) == 0;
	}
	items->after_dropped_key = is_dropped(items, run);
	return end_value(items, run, err);
}

static bool take_colon(struct json_items *items, struct run *run, struct err *err)
{
	run->at++;
	if (!items->after_dropped_key)
		return true;
	items->after_dropped_key = false;
	if (!flush(items, run, run->at, err))
		return false;
	buf_text(&items->item, "[]");
	items->skipped_depth = items->depth;
	return true;
}

static bool take_string(struct json_items *items, struct run *run, const char *end, struct err *err)
{
	while (run->at < end) {
		const char *begin = run->at, *at = begin;

		while (at < end && *at != '"' && *at != '\\' && !items->is_escaped)
			at++;
		items->string_length += (size_t)(at - begin);
		run->at = at;
		if (at == end)
			break;
		char byte = *run->at++;

		if (items->is_escaped)
			items->is_escaped = false;
		else if (byte == '\\')
			items->is_escaped = true;
		else if (byte == '"')
			return end_string(items, run, err);
		items->string_length++;
	}
	return true;
}

static bool ends_scalar(char byte)
{
	return byte == ',' || byte == ']' || byte == '}' || byte == ' ' || byte == '\n' ||
	       byte == '\r' || byte == '\t' || byte == ':' || byte == '"' || byte == '[' ||
	       byte == '{';
}

// One byte outside strings, or all of a string that begins here.
static bool take_token(struct json_items *items, struct run *run, struct err *err)
{
	char byte = *run->at;

	if (items->in_scalar && ends_scalar(byte)) {
		items->in_scalar = false;
		if (!end_value(items, run, err))
			return false;
	}
	switch (byte) {
	case '{':
	case '[': return open_bracket(items, run, err);
	case '}':
	case ']': return close_bracket(items, run, err);
	case ' ':
	case '\t':
	case '\r':
	case '\n': run->at++; return true;
	case ':': return take_colon(items, run, err);
	case ',':
		items->after_items_key = items->after_dropped_key = false;
		run->at++;
		return true;
	default: break;
	}
	if (items->depth == 0 && items->config.shape == JSON_ITEMS_OF_LIST)
		return fail(items, err, "it is no list");
	if (!items->in_scalar && !begin_item(items, run, err))
		return false;
	items->in_scalar = byte != '"';
	items->in_string = byte == '"';
	items->string_length = 0;
	run->at++;
	return true;
}

bool json_items_take(struct json_items *items, const char *bytes, size_t length, struct err *err)
{
	struct run run = {bytes, bytes};
	const char *end = bytes + length;

	if (items->is_broken)
		return err_set(err, "%s", "");
	while (run.at < end) {
		bool good = items->in_string ? take_string(items, &run, end, err)
					     : take_token(items, &run, err);
		if (!good)
			return false;
	}
	return flush(items, &run, end, err);
}

bool json_items_are_whole(const struct json_items *items)
{
	if (items->is_broken || items->depth > 0 || items->in_string)
		return false;
	return items->config.shape == JSON_ITEMS_OF_LIST ? items->is_over : !items->in_item;
}

const char *json_items_head(struct json_items *items)
{
	return buf_str(&items->head);
}
