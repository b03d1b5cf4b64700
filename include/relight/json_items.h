// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_JSON_ITEMS_H
#define RELIGHT_JSON_ITEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/err.h"

// Takes JSON apart while it arrives, so that of an answer of any size only one item is ever held:
// the elements of a list as the Kubernetes API answers it, or the values of a stream (a watch).
// Only brackets and strings are followed here; each item is for json_parse to judge.

enum json_items_shape {
	JSON_ITEMS_OF_LIST,  // {…,"items":[ITEM,…],…}
	JSON_ITEMS_OF_STREAM // ITEM ITEM …
};

struct json_items_config {
	enum json_items_shape shape;
	size_t max_item_bytes; // of one item; also of what stands around a list's items
	// Keys, ended by NULL, of which no item keeps the value, wherever they stand: it has []
	// there. NULL: none. Borrowed.
	const char *const *dropped_keys;
	// One whole item, borrowed, not terminated. False ends it: nothing more is taken.
	bool (*on_item)(void *context, const char *text, size_t length);
	void *context;
};

struct json_items;

// The caller frees.
struct json_items *json_items_new(const struct json_items_config *config);
void json_items_free(struct json_items *items); // NULL is safe; not from within on_item

// Takes what has arrived. False with `err` when it cannot become what it should be: too large an
// item, over 100 deep, a bracket that does not match; or when on_item has ended it, then with an
// empty message. After that it stays false.
bool json_items_take(struct json_items *items, const char *bytes, size_t length, struct err *err);

// Whether everything that was begun is complete: the whole list, or no half value of a stream.
bool json_items_are_whole(const struct json_items *items);

// Of a list: the text around its items, `{"kind":…,"metadata":{…},"items":[]}`, as far as it has
// come; NUL-terminated, valid until the next call. Of a stream: "".
const char *json_items_head(struct json_items *items);

#endif
