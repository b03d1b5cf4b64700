// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TOOL_H
#define RELIGHT_TOOL_H

#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/moment.h"

#define TOOL_MOST_BYTES (1u << 20) // of what a tool prints
#define TOOL_LATE       (-2)

// A run of a program of this machine.
struct tool {
	const char *const *argv;        // ends with NULL
	const char *input;              // on its standard input; at most 4096 bytes
	const char *const *environment; // NAME=VALUE before those of this process; NULL: none
	// MONO_NONE: it may take as long as it wants, has the terminal, and may ask there. Else it
	// has no terminal, and is killed then with all that it started.
	struct mono until;
};

// Runs it to its end and waits for that; what it prints is appended to `out` and `words` (stderr).
// Its exit code; -1 with `err` when it could not be started, was killed, or printed more than
// TOOL_MOST_BYTES; TOOL_LATE with `err` when its time was over.
int tool_run(const struct tool *tool, struct buf *out, struct buf *words, struct err *err);

#endif
