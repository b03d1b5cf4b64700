// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CHANNEL_H
#define RELIGHT_CHANNEL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

// The sensor's end of the JSON lines of FORMATS.md §2, for the real sensor and the simulated one:
// stdin in, stdout out, on a loop. Writing never blocks and never changes the flags of a descriptor
// that others may share: while the reader does not read, the newest line of each slot waits and
// older ones are forgotten.

struct channel;

struct channel_config {
	bool reads;      // stdin is read
	bool heartbeats; // one a second, in real time
	size_t slots;    // how many there are, numbered from 0
	// {"recheck":"ID","token":N}
	void (*on_recheck)(void *context, const char *dependency, int64_t token);
	// {"inputs":…,"env":…,"incident":…,"speed":…}
	void (*on_configure)(void *context, const cJSON *configuration);
	// {"ask":"inputs.backup","token":N}
	void (*on_ask)(void *context, const char *what, int64_t token);
	// The end of stdin (where it is read), or nobody reads stdout any more. Called once.
	void (*on_end)(void *context);
	// The end of stdin where that is a file or a device, which nobody has open to ask more:
	// called instead. NULL: on_end is.
	void (*on_file_end)(void *context);
	void *context;
};

// A NULL handler ignores its lines; so are lines that are no such thing (said once on stderr).
struct channel *channel_open(uv_loop_t *loop, const struct channel_config *config);

// Sends one object as a line; takes ownership. In a slot from 0 a newer line replaces one that
// still waits, and inherits its "token" where it has none itself; lines of slot -1 (answers) are
// all kept, in order, up to 256.
void channel_send(struct channel *channel, int slot, cJSON *line);

// Stops reading and beating; tries to write what waits for up to `patience_ms`, blocking; then
// frees it. The loop must run once more before it is closed.
void channel_close(struct channel *channel, int64_t patience_ms);

#endif
