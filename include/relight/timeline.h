// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TIMELINE_H
#define RELIGHT_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "relight/buf.h"
#include "relight/chain.h"
#include "relight/err.h"

// The record's files: their lock, their writer threads, and reading them back. Bytes go in and out;
// what they mean is event.h's business.
//
// At home, in the incident directory, that is timeline.jsonl; where a sync of it has failed, it
// goes on in timeline-2.jsonl and so on, as one chain. A mirror has the same elsewhere from the
// start. While the home takes nothing, what is recorded goes to a refuge below $XDG_RUNTIME_DIR,
// and comes home as soon as that takes it, or with the next timeline_open.

struct timeline;

// Called on the writer's thread when `durable` or the fault has changed; must only wake the loop
// (uv_async_send).
typedef void timeline_notify(void *context);

// Creates `directory`/timeline.jsonl (O_EXCL, 0600) and locks the record; the directory exists
// already. The file is synced with its directory when the first line is. NULL with `err` when it
// exists already, is locked, or cannot be made.
struct timeline *timeline_create(
	const char *directory, timeline_notify *notify, void *context, struct err *err);

// Of one that was created and to which nothing was added: removes its file and closes it.
void timeline_discard(struct timeline *timeline);

// What opening an existing timeline for writing found.
struct timeline_tail {
	struct chain chain; // after the last good line
	size_t torn_bytes; // of an unfinished last line, moved to evidence/<torn_sha256>, 0 if none
	char torn_sha256[65];
	size_t returned_bytes; // of lines that were in the refuge alone, which are read last
	bool is_ended;    // said by the reader of a damaged one: nothing may be added to it, the
			  // next line begins a new segment, …
	char segment[32]; // … of this name
};
// Locks an existing timeline and gives each whole line to `each_line` in order (false from it stops
// with its `err`). A torn last line is set aside in evidence/ and the file is cut to its last whole
// line, by the writer: neither needs to succeed for the incident to go on. NULL when another
// process holds the lock (*is_held true), when a line is damaged (the message names the line
// number), or the file cannot be read.
typedef bool timeline_each(void *context, const char *line, size_t length_bytes, struct err *err);
struct timeline *timeline_open(const char *directory, timeline_each *each_line, void *each_context,
	timeline_notify *notify, void *notify_context, struct timeline_tail *tail, bool *is_held,
	struct err *err);

// The same of a timeline that is damaged: `read` reads all of it, from `fd`, while it is locked,
// and says in tail->chain where it goes on; nothing is added to its file any more, the next line
// begins a new segment.
typedef bool timeline_read_whole(
	void *context, int fd, struct timeline_tail *tail, struct err *err);
struct timeline_reader {
	const char *name; // for messages
	timeline_each *each_line;
	timeline_read_whole *read; // NULL: it is not damaged
	void *context;             // of both
};
struct timeline *timeline_take_up(const char *directory, const struct timeline_reader *reader,
	timeline_notify *notify, void *notify_context, struct timeline_tail *tail, bool *is_held,
	struct err *err);

// Whether another process has the timeline in `directory` open for writing now.
bool timeline_is_held(const char *directory);

// Reads a timeline without locking: `path` is the file or an incident directory. Lines go to
// each_line as above, the chain is checked on the way. *torn_bytes (may be NULL) counts an
// unfinished last line. A broken chain: false, `err` names the line.
bool timeline_read(const char *path, timeline_each *each_line, void *context, struct chain *chain,
	size_t *torn_bytes, struct err *err);

// Appends what evidence/`sha256` of the incident in `directory` holds, at home or in its refuge.
// False with `err` when it is not there, is over 64 MiB, or is not what the digest says.
bool timeline_read_blob(
	const char *directory, const char *sha256, struct buf *bytes, struct err *err);

// Opens the file itself, or what the directory that `path` names has, for reading: several segments
// are read as one, of the time of the call, with what its refuge has (timeline_open_all). The
// descriptor is close-on-exec; -1 with `err` when it cannot be read or is no regular file.
int timeline_open_file(const char *path, struct err *err);
// What a directory's record has in its refuge: it is read behind what the home has, as the next
// timeline_open will have it.
struct timeline_refuge {
	char *path;       // NULL: there is none with lines in it; freed by the caller
	int64_t from_seq; // of the first line that it alone has
	int64_t lines;    // so many whole ones; 0: none, …
	struct err why;   // … or it could not be read with it, where this says why
};
// The same as timeline_open_file; *refuge is set in any case.
int timeline_open_all(const char *path, struct timeline_refuge *refuge, struct err *err);
// Whether the record in `directory` has more files than timeline.jsonl.
bool timeline_goes_on(const char *directory);

// Whether the segments in that directory are one record, without a gap, and none of them in the
// place of whole lines of the one before it. False: `err` names file and line, or says why the
// directory cannot be looked at. Reads all of them.
bool timeline_is_one(const char *directory, struct err *err);

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

// While it is held nothing is written: what is queued meanwhile becomes durable in one go, or none
// of it.
void timeline_hold(struct timeline *timeline, bool is_held);

// Keeps all of the record at `path` too, a directory of its own that is made with its own thread:
// frozen/ and evidence/ beside the timeline, so that it can be resumed from there. What the
// incident has already is copied. False with `err` only where it cannot even be tried; how it goes
// says timeline_mirror_fault.
bool timeline_mirror(struct timeline *timeline, const char *path, gid_t group, struct err *err);

// The newest seq that is on disk for good; -1 before the first. Where there is a mirror, there too,
// as long as it answers.
int64_t timeline_durable(struct timeline *timeline);
// Goes to the refuge when the home takes nothing any more, and leaves it when that takes all again.
// To be called now and then; does not block.
void timeline_tend(struct timeline *timeline);
// True with the reason when nobody takes what is recorded: the last write or sync has failed, or
// the disk has not answered for 10 s. What is pending stays in memory; a failed write is tried
// again every second, a failed sync never: the lines go to a new segment.
bool timeline_fault(struct timeline *timeline, struct err *err);
// True when the home has not answered for a second, which is no fault yet; `err` says for how long.
bool timeline_is_slow(struct timeline *timeline, struct err *err);
// True when the home takes nothing and what is durable is so at `path` alone, which is appended;
// `err` says what is wrong with the home.
bool timeline_is_elsewhere(struct timeline *timeline, struct buf *path, struct err *err);
// True when there is a mirror that cannot be written, or has not answered for 3 s.
bool timeline_mirror_fault(struct timeline *timeline, struct err *err);
// Whether another file of the record was begun since this was asked last: its path, appended, and
// the digest of the line before its first one.
enum timeline_place { TIMELINE_HOME, TIMELINE_MIRROR, TIMELINE_REFUGE };
bool timeline_segment(
	struct timeline *timeline, enum timeline_place *place, struct buf *path, char head[65]);
// Appends to `out` the whole lines, each with its LF, that are not known to be durable at home.
// From then on nothing is written there: after a fault, what should be saved elsewhere before
// closing. `segment` is the name under which the home would take it.
void timeline_pending(struct timeline *timeline, struct buf *out, char segment[32]);
// Waits until everything queued is durable or has failed (false, with the fault).
bool timeline_drain(struct timeline *timeline, struct err *err);
// The same for so long at most. False without a message in `err`, which is not NULL: that was not
// long enough.
bool timeline_drain_for(struct timeline *timeline, int64_t most_ms, struct err *err);
// Writes what can be written, stops the threads, unlocks, closes. NULL is safe. What a fault kept
// from the disk is lost with it. A thread that hangs in its disk is left to the end of the process.
void timeline_close(struct timeline *timeline);

// Looking on while another process writes: goes on from segment to segment.
struct timeline_follower {
	int dir_fd, fd; // -1: not open
	int segment;
	struct chain chain;
};
// From the first line on. False with `err`, and nothing open.
bool timeline_follow(struct timeline_follower *follower, const char *directory, struct err *err);
// The same from where `chain` goes on, in the newest segment: of a record that has damage before.
bool timeline_follow_from(struct timeline_follower *follower, const char *directory,
	const struct chain *chain, struct err *err);
// Gives the whole lines that have come since the last call; a line that is being written waits for
// the next one. False with `err`: it cannot be followed any more.
bool timeline_follow_on(struct timeline_follower *follower, timeline_each *each_line, void *context,
	struct err *err);
void timeline_unfollow(struct timeline_follower *follower); // zero or unfollowed is safe

#endif
