// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/mask.h"

// A declared secret never comes out, and text that arrives in pieces is masked as the whole text
// is, wherever it is cut.

#define SECRET "s3cr3t"
#define QUOTED "a\"b\\c d/e"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_hidden(const struct buf *out, const char *secret)
{
	if (out->length && memmem(out->data, out->length, secret, strlen(secret)))
		abort();
}

// The first byte of the input says how long the pieces are.
static void feed(
	const struct mask *mask, const char *text, size_t length, size_t piece, struct buf *out)
{
	struct mask_stream stream = {.mask = mask};

	for (size_t at = 0; at < length; at += piece) {
		mask_feed(&stream, text + at, length - at < piece ? length - at : piece, out);
		if (stream.held.length > MASK_HELD_BYTES)
			abort();
	}
	mask_flush(&stream, out);
	mask_stream_fini(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buf whole = {0}, pieces = {0};
	struct mask *mask = mask_new();

	if (length > 1) {
		const char *text = (const char *)bytes + 1;

		mask_secret(mask, "one", SECRET);
		mask_secret(mask, "two", QUOTED);
		mask_text(mask, text, length - 1, &whole);
		feed(mask, text, length - 1, bytes[0] % 64 + 1, &pieces);
		check_hidden(&whole, SECRET);
		check_hidden(&whole, QUOTED);
		check_hidden(&pieces, SECRET);
		check_hidden(&pieces, QUOTED);
		// Beyond what may be held back the pieces are judged by less than the whole is.
		if (length < MASK_HELD_BYTES &&
			(whole.length != pieces.length ||
				(whole.length &&
					memcmp(whole.data, pieces.data, whole.length) != 0)))
			abort();
	}
	mask_free(mask);
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
