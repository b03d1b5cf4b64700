// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SHAPE_H
#define RELIGHT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

// What looks like a secret by its shape alone: Authorization and bearer values, cookies, passwords
// and tokens beside their names or as options, passwords in URLs, PEM private keys, JWTs, the keys
// of AWS, Azure, Google, GitHub, GitLab, Slack and others, signed URLs, the data of Kubernetes
// Secrets. One table of them; mask.h is its only user.

enum shape_verdict {
	SHAPE_NONE, // no secret begins here
	SHAPE_FOUND,
	SHAPE_OPEN, // what follows the text decides, or where the secret ends
};

struct shape_match {
	size_t from, end;                    // of the bytes to hide, counted from the text's start
	bool (*is_part)(unsigned char byte); // SHAPE_OPEN: of what the secret consists, NULL while
					     // it is not certain to be one
};

// Whether any shape begins with this byte: a cheap first look.
bool shape_may_begin(unsigned char byte);
// Whether a secret's shape begins at text[0]. `before` is the byte before it (0: none); `is_whole`:
// nothing follows the text, so that the verdict is never SHAPE_OPEN. Reads at most to the end of
// the secret.
enum shape_verdict shape_at(
	const char *text, size_t length, char before, bool is_whole, struct shape_match *match);
// Whether a JSON member of this name holds a secret, whatever it looks like ("Authorization",
// "SecretAccessKey").
bool shape_is_secret_key(const char *key);

#endif
