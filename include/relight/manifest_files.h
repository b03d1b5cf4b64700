// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_MANIFEST_FILES_H
#define RELIGHT_MANIFEST_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"

// The files behind a path that an action applies. Blocks on the disk.

#define MANIFEST_FILES_MOST  1000        // of a folder
#define MANIFEST_FILES_BYTES (64u << 20) // together

struct manifest_file {
	char *path;
	struct buf text;
};

struct manifest_files {
	struct manifest_file *items;
	size_t count, capacity;
	size_t bytes;
};

// Adds a file; of a folder, those in it (not below it) that end in .yaml, .yml or .json, by the
// bytes of their names, as kubectl does. False with `err`: it is not there, cannot be read, is too
// large, or the folder has none such. What was added before stays.
bool manifest_files_add(struct manifest_files *files, const char *path, struct err *err);
void manifest_files_fini(struct manifest_files *files);

#endif
