// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/mask.h"

// A declared secret never comes out, however it is written, and text that arrives in pieces is
// masked as the whole text is, wherever it is cut.

#define SECRET "s3cr3t"
#define QUOTED "a\"b\\c d/e"

static const char *const forms[] = {SECRET, QUOTED, "YSJiXGMgZC9l", "a\\\"b\\\\c d/e",
	"a%22b%5Cc%20d%2Fe", "6122625c6320642f65"};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_hidden(const struct buf *out)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (out->length && memmem(out->data, out->length, forms[i], strlen(forms[i])))
			abort();
	}
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
		check_hidden(&whole);
		check_hidden(&pieces);
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
