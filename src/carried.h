// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CARRIED_H
#define RELIGHT_CARRIED_H

#include <stddef.h>

// Files that the program carries inside itself, so that it needs nothing beside it: themes/ and
// runbooks/ of the source tree.

struct carried_file {
	const char *path; // as in the source tree, e.g. "runbooks/hello.yaml"
	const unsigned char *bytes;
	size_t length;
};

// NULL: there is none of that path.
const struct carried_file *carried_find(const char *path);
// The nth one below a folder ("runbooks/scenarios/"), or NULL past the last.
const struct carried_file *carried_below(const char *folder, size_t nth);

#endif
