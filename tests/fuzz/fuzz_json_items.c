// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/buf.h"
#include "relight/json_items.h"

// Any bytes, as a list and as a stream, however they are cut: the same items come out, none is
// larger than it may be, and once it is refused it stays so.
//
// The first byte of the input says how long the pieces are, and what is asked for.

#define ITEM_BYTES 4096

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static bool on_item(void *context, const char *text, size_t length)
{
	struct buf *seen = context;

	if (!length || length > ITEM_BYTES)
		abort();
	buf_add(seen, text, length);
	buf_byte(seen, '\n');
	return true;
}

static void take(const char *bytes, size_t length, size_t piece, enum json_items_shape shape,
	bool drops, struct buf *seen)
{
	static const char *const dropped[] = {"managedFields", "containers", NULL};
	const struct json_items_config config = {
		.shape = shape,
		.max_item_bytes = ITEM_BYTES,
		.dropped_keys = drops ? dropped : NULL,
		.on_item = on_item,
		.context = seen,
	};
	struct json_items *items = json_items_new(&config);
	struct err err = {0};
	bool is_good = true;

	for (size_t at = 0; at < length; at += piece) {
		size_t size = length - at < piece ? length - at : piece;

		if (json_items_take(items, bytes + at, size, &err)) {
			if (!is_good)
				abort();
			continue;
		}
		if (is_good && !err.message[0])
			abort();
		is_good = false;
	}
	buf_printf(seen, "%d %d %s", is_good, is_good && json_items_are_whole(items),
		is_good ? json_items_head(items) : "");
	json_items_free(items);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buf whole = {0}, pieces = {0};

	for (int shape = 0; length > 1 && shape < 2; shape++) {
		const char *text = (const char *)bytes + 1;
		bool drops = bytes[0] & 1;

		buf_clear(&whole);
		buf_clear(&pieces);
		take(text, length - 1, length, (enum json_items_shape)shape, drops, &whole);
		take(text, length - 1, bytes[0] / 2 % 32 + 1, (enum json_items_shape)shape, drops,
			&pieces);
		// A name that is cut in two is not seen to be one that is left out.
		if (!drops && strcmp(buf_str(&whole), buf_str(&pieces)) != 0)
			abort();
	}
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
