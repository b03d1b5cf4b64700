// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_SUBPROCESS_H
#define RELIGHT_WORLD_SUBPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "relight/err.h"

// A process on a loop that is talked to in lines, in a session of its own: what a terminal does to
// this one is not done to it.

struct subprocess;

struct subprocess_config {
	const char *const *argv; // the file first, then its arguments; NULL-terminated
	bool is_bare;            // with an empty environment, in "/"; else with this process's
	const char *const *env;  // NAME=VALUE, instead of this process's; NULL: that
	bool is_silent;          // nothing is told to it: its stdin is /dev/null
	bool keeps_words;        // the end of stderr is kept; else it is /dev/null
	bool gives_rest;         // what comes after the last line feed is a line, too
	size_t max_line_bytes; // one that writes a longer line is killed; 0: SUBPROCESS_LINE_BYTES
	void (*on_line)(void *context, const char *line, size_t length); // without its line feed
	// It has ended and everything that it wrote was given. `words`: the last line of stderr, or
	// "". Called last; the subprocess is gone afterwards.
	void (*on_end)(void *context, int status, int signal, const char *words);
	void *context;
};

#define SUBPROCESS_LINE_BYTES (64u << 20)

// NULL with `err`, and no callback, when it cannot be started.
struct subprocess *subprocess_start(
	uv_loop_t *loop, const struct subprocess_config *config, struct err *err);
// Queues bytes for its stdin (copied). Those to one that does not read any more are dropped.
void subprocess_send(struct subprocess *process, const char *bytes, size_t length);
// Ends its stdin behind what was queued.
void subprocess_end_stdin(struct subprocess *process);
void subprocess_kill(struct subprocess *process, int signal);
// Kills it and whatever it has started in its process group.
void subprocess_kill_group(struct subprocess *process);
// What of its stderr is kept so far, with its line feeds; borrowed until the loop runs on.
const char *subprocess_words(const struct subprocess *process);
int subprocess_pid(const struct subprocess *process);
// Kills it; no callback comes any more, and the pointer is no longer valid. Reaping it takes a few
// more turns of the loop.
void subprocess_abandon(struct subprocess *process);

#endif
