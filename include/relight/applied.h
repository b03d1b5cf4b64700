// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_APPLIED_H
#define RELIGHT_APPLIED_H

#include <stddef.h>

#include "relight/buf.h"

// What files that are applied to a cluster hold, by name: to be shown before it is done. Pure; the
// files were read when the incident opened, and are applied as they were then.

struct applied_file {
	char *path;    // of the original, as requests have it
	char *objects; // "deployment.apps/api, service/api in shop", or why it cannot be read
	size_t count;  // of the objects; 0: it cannot be read
};

// In the order in which they are applied. Zeroed is empty.
struct applied {
	struct applied_file *items;
	size_t count, capacity;
};
void applied_fini(struct applied *applied); // NULL is safe

// Adds one with this text. Of many objects the first ones are named and the others counted.
void applied_add(struct applied *applied, const char *path, const char *text, size_t length_bytes);
// Adds one that is not to be had, and why.
void applied_add_unread(struct applied *applied, const char *path, const char *why);

// Appends a line for each file at `path`, a file or a folder, which the runbook calls `named`:
// "case/api.yaml: service/api" behind the label; of many files the first ones are named and the
// others counted. Where there is none, or `applied` is NULL, a line says so.
void applied_say(const struct applied *applied, const char *path, const char *named,
	const char *label, struct buf *out);

#endif
