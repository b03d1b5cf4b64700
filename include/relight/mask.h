// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_MASK_H
#define RELIGHT_MASK_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"

// Keeps secrets from the disk and the screen: every text of the record and all output pass through
// here once. Masked are the values that were declared secret, also escaped as JSON, shells and HTML
// do it, line by line, and (8 or more bytes) in base64, hexadecimal and URLs; and what looks like a
// secret by its shape (shape.h). A masked value reads as "[masked]" or "[masked NAME]".

struct mask;

struct mask *mask_new(void);       // knows shapes only; the caller frees
void mask_free(struct mask *mask); // NULL is safe
// Declares a value secret, white space around it not counted. Values under 4 bytes are not masked
// (they would blank out the whole record): false for those. `name` stands in the mask's text; NULL
// or "": none.
bool mask_secret(struct mask *mask, const char *name, const char *value);

// Declares the values of an environment (NAME=VALUE, NULL-terminated) whose names say that they are
// secret: AWS_SECRET_ACCESS_KEY, DB_PASSWORD, GITHUB_TOKEN. Of 8 or more bytes.
void mask_environment(struct mask *mask, char *const *environment);

// Appends the masked text. A NULL mask still masks by shape.
void mask_text(const struct mask *mask, const char *text, size_t length, struct buf *out);
// Masks every string value in place, at any depth. A member that is named like a secret
// ("Authorization") hides its whole text, and so does the data of a Kubernetes Secret. Names are
// masked too, unless they could be relight's own: short, of lower-case letters, digits and _.
void mask_json(const struct mask *mask, cJSON *value);

// For output that arrives in pieces: a secret may be cut in two by a read. What might be the
// beginning of one is held back until it is decided or mask_flush is called. Held back at most
// MASK_HELD_BYTES; of a longer secret the rest is dropped as it comes. A zeroed struct with its
// mask set is ready.
#define MASK_HELD_BYTES 8192
struct mask_stream {
	const struct mask *mask;
	struct buf held;
	char before;     // the byte before `held`, 0 at the start
	size_t unbroken; // bytes before `held` that could be of an encoded text, without a gap
	bool (*swallowing)(
		unsigned char byte); // in a long secret: what still belongs to it; else NULL
};
// Appends what is decided by now; at the end the rest.
void mask_feed(struct mask_stream *stream, const char *bytes, size_t length, struct buf *out);
void mask_flush(struct mask_stream *stream, struct buf *out);
void mask_stream_fini(struct mask_stream *stream); // what is still held is wiped

#endif
