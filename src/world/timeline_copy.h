// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TIMELINE_COPY_H
#define RELIGHT_WORLD_TIMELINE_COPY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/timeline.h"

// One copy of the record: a directory with timeline.jsonl, the segments that continue it, and
// evidence/, written by a thread of its own. A record has one at home, perhaps a mirror, and a
// refuge while its home takes nothing.

#define COPY_STALLED_US (10 * (int64_t)1000000) // a disk that is silent for so long has failed

// What all copies of a record share.
struct copy_shared {
	pthread_mutex_t lock;
	pthread_cond_t changed; // on CLOCK_MONOTONIC: something was queued, written or has failed
	timeline_notify *notify;
	void *context;
	bool is_held; // the writers wait for more
};

struct copy;

// Opens the copy's files, on its own thread, because its disk may hang: copy_opened() says where.
// False with `err`: it is tried again in a second.
typedef bool copy_begin(struct copy *copy, void *context, struct err *err);

// Takes the descriptors over, of the directory and of the newest segment, which is open for
// appending. `held_fd` is the first segment where that is another one, else -1.
// Where there is none yet, `fd` is -1, `segment` 0 and `is_ended` true.
struct copy_files {
	int dir_fd, fd, held_fd;
	int lock_fd;       // of timeline_lock.c; -1: none
	int segment;       // the number of `fd`
	size_t torn_bytes; // at its end: cut off once the evidence that is queued first has them
	bool is_ended;     // nothing may be added to it
};
extern const struct copy_files copy_no_files;
void copy_close_files(struct copy_files *files);

// Where the copy begins: what was queued before is none of its business. `name` is for messages.
struct copy *copy_new(struct copy_shared *shared, const char *name, int64_t durable_seq);
// Starts the thread on files that are open, or on ones that `begin` opens.
bool copy_start(struct copy *copy, const struct copy_files *files, struct err *err);
bool copy_start_later(struct copy *copy, copy_begin *begin, void *context, struct err *err);
void copy_opened(struct copy *copy, const struct copy_files *files);

struct copy_status {
	int64_t queued_seq, durable_seq;
	bool is_well;     // it takes what it is given, in time
	struct err fault; // where it is not
	int segment;
};
// All of these are called with shared->lock held.
void copy_line(struct copy *copy, int64_t seq, const char *line, size_t length);
void copy_blob(struct copy *copy, const char sha256[65], const void *bytes, size_t length);
struct copy_status copy_look(const struct copy *copy, int64_t stalled_us);
// Queues for `to`, which is new, all that `from` has not got on disk for good.
void copy_pending_to(const struct copy *from, struct copy *to);
// Waits out what is being written; from then on nothing is. Appends the whole lines that are not
// known to be durable.
void copy_give_up(struct copy *copy, struct buf *lines);
// The segment that was begun since this was asked last: its name, and the digest of the line
// before its first one. False: none.
bool copy_segment_begun(struct copy *copy, char name[32], char head[65]);
// The same of a copy as a whole, once its first line is durable.
bool copy_has_begun(struct copy *copy, char head[65]);
bool copy_has_work(const struct copy *copy);
// Waits until something changes, giving up the lock meanwhile.
void copy_wait(struct copy_shared *shared, int64_t most_ms);

// Without the lock: stops the thread, unlocks, closes and frees. False: the thread hangs in its
// disk; nothing is freed, and what it shares must not be either.
bool copy_close(struct copy *copy);

// --- timeline_segment.c ----------------------------------------------------------------------------------------------

#define SEGMENTS_MOST      999
#define SEGMENT_MOST_BYTES ((size_t)1 << 30)
// timeline.jsonl, timeline-2.jsonl, …
void segment_name(int number, char name[32]);
// How many there are without a gap.
int segment_count(int dir_fd);
// Removes what whoever was killed while it began a segment has left of it: it was acknowledged to
// nobody. `count` is how many there are; only for who writes.
void segment_forget_drafts(int dir_fd, int count);
// The segment that follows number `number`, open for reading from where `chain` goes on; -1: there
// is none, or it does not have that line yet.
int segment_continue(int dir_fd, int number, const struct chain *chain);
// Moves `fd`, a record or the end of one, to where `chain` goes on. False: it does not follow from
// it.
bool segment_seek(int fd, const struct chain *chain);
// How many bytes of a record are those of the lines up to that number.
off_t segment_end(int fd, int64_t seq);
// Whether there are no more of them than that: none behind a gap, none that is no regular file.
// False with `err`.
bool segments_are_all_there(int dir_fd, const char *name, struct err *err);
// All segments as one file, read from its beginning. What a later segment has again is taken from
// it alone: of an earlier one that the disk failed it is not known what it holds. Where that would
// hide a line that is as it was written, all of the earlier one counts, so that the chain breaks
// there, and `lost`, which may be NULL and begins empty, names file and line. -1 with `err`.
int segments_join(int dir_fd, const char *name, struct err *lost, struct err *err);

// --- timeline_lock.c -------------------------------------------------------------------------------------------------

// Makes this process the one that writes what the directory has, until the descriptor is closed. -1
// with errno; EWOULDBLOCK: another one is. Takes up to 0.1 s.
int writer_lock(int dir_fd);
// Tells those who can only read, by a lock on the record's first segment; false with errno where
// that cannot be.
bool writer_tell(int fd);
// Whether somebody writes.
bool writer_is_there(int dir_fd);

// --- timeline_elsewhere.c --------------------------------------------------------------------------------------------

// Where a record finds refuge: below $XDG_RUNTIME_DIR, found by the path of the incident. NULL:
// there is none. Freed by the caller.
char *refuge_path(const char *directory);
// The one that is there, with lines in it: whoever looks may have another $XDG_RUNTIME_DIR than who
// wrote it, or none (sudo, cron). NULL: there is none. Freed by the caller.
char *refuge_find(const char *directory);
bool refuge_has_lines(const char *path); // false for NULL
copy_begin refuge_begin;                 // of its path
// Opens one that was left: its files, and all its lines for reading. False: there is none.
bool refuge_reopen(const char *path, struct copy_files *files, int *joined_fd, struct err *err);
// Gives each piece of its evidence.
void refuge_each_blob(const char *path,
	void (*give)(void *context, const char *sha256, const struct buf *bytes), void *context);
void refuge_remove(const char *path);

// What a mirror is made of: the record so far, and what is frozen beside it.
struct mirror {
	char *path;      // of the mirror's own directory
	char *directory; // of the incident
	int joined_fd;   // all lines so far, …
	off_t bytes;     // … as long as this
	gid_t group;
};
copy_begin mirror_begin; // of a struct mirror
void mirror_free(struct mirror *mirror);

#endif
