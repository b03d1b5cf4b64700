// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_LOAD_H
#define RELIGHT_LOAD_H

#include <stdbool.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/runbook.h"

// Runbook files, for the commands. Everything here blocks on the disk.

// Appends the bytes of a file of at most RUNBOOK_MAX_BYTES; "-" is standard input. False with
// `err`: it cannot be read, is no regular file, or is too large.
bool load_text(const char *path, struct buf *text, struct err *err);

// Loads a runbook for using it. NULL when it cannot be read or has errors: everything was said on
// stderr then, and the caller returns EXIT_USAGE. Warnings are left to `relight check`. `text` (may
// be NULL) gets the file's bytes, so that what is frozen is what was loaded. The caller frees with
// runbook_free.
struct runbook *load_runbook(const char *path, struct buf *text);

// The folder that a runbook's paths are relative to, absolute where it exists; the caller frees.
char *load_base(const char *path);

// This program's own file, for starting it again in another role; valid for ever.
const char *load_executable(void);

#endif
