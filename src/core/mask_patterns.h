// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_MASK_PATTERNS_H
#define RELIGHT_MASK_PATTERNS_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/shape.h"

// What the declared secrets look like: each as it is, line by line, escaped and quoted as JSON,
// shells and HTML do it, URL-encoded, in base64 and in hexadecimal.

#define PATTERN_LEAST_BYTES 4 // shorter ones would blank out the whole record
// Bytes of a value that one pattern stands for: no encoding makes more than seven of one, so that
// none is longer than what a stream holds back.
#define PATTERN_MOST_BYTES 1024

struct patterns;

struct patterns *patterns_new(void);
void patterns_free(struct patterns *patterns); // wipes them; NULL is safe
// Adds all that `value` may look like. `name` stands in the mask's text; both are copied.
void patterns_add(struct patterns *patterns, const char *name, const char *value, size_t length);

struct pattern_match {
	size_t length; // bytes of the text
	const char *name;
};

// Whether any pattern begins with this byte: a cheap first look.
bool patterns_may_begin(const struct patterns *patterns, unsigned char byte);
// Whether a byte occurs in base64 or hexadecimal.
bool patterns_may_encode(char byte);
// Whether a pattern begins at text[0] (length > 0), before which stand `unbroken` bytes that may
// encode something. `is_whole`: nothing follows the text, so that the verdict is never SHAPE_OPEN.
// The longest one counts.
enum shape_verdict patterns_at(const struct patterns *patterns, const char *text, size_t length,
	size_t unbroken, bool is_whole, struct pattern_match *match);

#endif
