// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TOOL_H
#define RELIGHT_TOOL_H

#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"

#define TOOL_MOST_BYTES (1u << 20) // of what a tool prints

// Runs a program of this machine to its end and waits for it, however long that takes: it has the
// terminal, and may ask there. It reads `input` (at most 4096 bytes) on its standard input; what it
// prints is appended to `out` and `words` (stderr). Its exit code; -1 with `err` when it could not
// be started, was killed, or printed more than TOOL_MOST_BYTES. `argv` ends with NULL.
int tool_run(const char *const *argv, const char *input, struct buf *out, struct buf *words,
	struct err *err);

#endif
