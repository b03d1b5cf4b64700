// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TIMELINE_H
#define RELIGHT_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/chain.h"
#include "relight/err.h"

// The file timeline.jsonl: its lock, its writer thread, and reading it back. Bytes go in and out;
// what they mean is event.h's business. A second segment, or a mirror, can stand behind the same
// interface.

struct timeline;

// Called on the writer's thread when `durable` or the fault has changed; must only wake the loop
// (uv_async_send).
typedef void timeline_notify(void *context);

// Creates `directory`/timeline.jsonl (O_EXCL, 0600) and locks it; the directory exists already. The
// file is synced with its directory when the first line is. NULL with `err` when it exists already,
// is locked, or cannot be made.
struct timeline *timeline_create(
	const char *directory, timeline_notify *notify, void *context, struct err *err);

// What opening an existing timeline for writing found.
struct timeline_tail {
	struct chain chain; // after the last good line
	size_t torn_bytes; // of an unfinished last line, moved to evidence/<torn_sha256>, 0 if none
	char torn_sha256[65];
};
// Locks an existing timeline and gives each whole line to `each_line` in order (false from it stops
// with its `err`). A torn last line is set aside in evidence/ and the file is cut to its last whole
// line. NULL when another process holds the lock
// (*is_held true), when a line is damaged (the message names the line number), or the file cannot
// be read.
typedef bool timeline_each(void *context, const char *line, size_t length_bytes, struct err *err);
struct timeline *timeline_open(const char *directory, timeline_each *each_line, void *each_context,
	timeline_notify *notify, void *notify_context, struct timeline_tail *tail, bool *is_held,
	struct err *err);

// Whether another process has the timeline in `directory` open for writing now.
bool timeline_is_held(const char *directory);

// Reads a timeline without locking: `path` is the file or an incident directory. Lines go to
// each_line as above, the chain is checked on the way. *torn_bytes (may be NULL) counts an
// unfinished last line. A broken chain: false, `err` names the line.
bool timeline_read(const char *path, timeline_each *each_line, void *context, struct chain *chain,
	size_t *torn_bytes, struct err *err);

// Opens the file itself, or timeline.jsonl of the directory that `path` names, for reading. The
// descriptor is close-on-exec; -1 with `err` when it cannot be read or is no regular file.
int timeline_open_file(const char *path, struct err *err);

// The same as timeline_read on an open file, read from where it stands to its end with bounded
// memory; `name` is for messages. *chain is where that place is: chain_init at the beginning, else
// what the last scan made of it.
bool timeline_scan(int fd, const char *name, timeline_each *each_line, void *context,
	struct chain *chain, size_t *torn_bytes, struct err *err);

// Queues one line (without LF; seq follows on the line before), or a blob to be written and synced
// as evidence/<sha256> before any later line. Copies; never blocks, never fails.
void timeline_append(struct timeline *timeline, int64_t seq, const char *line, size_t length_bytes);
void timeline_blob(
	struct timeline *timeline, const char sha256[65], const void *bytes, size_t length_bytes);

// The newest seq that is on disk for good; -1 before the first.
int64_t timeline_durable(struct timeline *timeline);
// True with the reason when the last write or sync has failed. What is pending stays in memory; a
// failed write is tried again every second, a failed sync never.
bool timeline_fault(struct timeline *timeline, struct err *err);
// Appends to `out` the whole lines, each with its LF, that are not known to be durable. From then
// on nothing is written: after a fault, what should be saved elsewhere before closing.
void timeline_pending(struct timeline *timeline, struct buf *out);
// Waits until everything queued is durable or has failed (false, with the fault).
bool timeline_drain(struct timeline *timeline, struct err *err);
// Drains, stops the thread, unlocks, closes. NULL is safe. What a fault kept from the disk is lost
// with it.
void timeline_close(struct timeline *timeline);

#endif
