// SPDX-License-Identifier: Apache-2.0
#include "relight/timeline.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/file.h"
#include "relight/memory.h"

// The writer is a thread behind a queue. Whatever has gathered while it waited for the disk goes
// out in one write and one fdatasync: the slower the disk, the larger the groups, and a burst never
// queues behind a sync of its own for each event.
//
// How far the file can be trusted: a line is durable when the fdatasync after its write has
// returned. A failed write is tried again every second, as disks are made room on. After a failed
// sync nothing is written any more, and it is not tried again: Linux marks the pages clean after
// it, so that the second one would report a success that is none (PostgreSQL's "fsyncgate", 2018).

#define FILE_NAME "timeline.jsonl"

#define RETRY_SLICES   10 // after a fault: a second in all
#define RETRY_SLICE_NS 100000000

struct blob {
	struct blob *next;
	char sha256[65];
	struct buf bytes;
};

struct timeline {
	char *directory;
	int dir_fd, fd; // fd is locked
	pthread_t thread;
	timeline_notify *notify;
	void *context;
	bool directory_is_synced; // of the writer alone
	bool is_final;            // of the writer alone: a sync has failed
	off_t durable_bytes;      // of the writer alone: what is behind them was never acknowledged

	pthread_mutex_t lock;   // of all below
	pthread_cond_t changed; // something was queued, written or has failed
	struct buf queued;      // whole lines
	struct buf lost;        // the group that a fault kept from being durable
	struct blob *blobs, **blobs_end;
	int64_t queued_seq, durable_seq;
	bool is_busy, is_closing, is_faulty;
	bool has_given_up; // what is pending is saved elsewhere
	struct err fault;
};

// --- the writer's thread ---------------------------------------------------------------------------------------------

static bool write_blobs(struct timeline *timeline, const struct blob *blobs, struct err *err)
{
	if (!blobs)
		return true;

	int evidence_fd = file_open_directory(timeline->dir_fd, "evidence", true, err);
	bool is_written = evidence_fd >= 0;

	for (const struct blob *blob = blobs; blob && is_written; blob = blob->next)
		is_written = file_save(evidence_fd, blob->sha256, buf_str(&blob->bytes),
			blob->bytes.length, true, err);
	if (!is_written)
		err_prefix(err, "timeline: %s/evidence", timeline->directory);
	if (evidence_fd >= 0)
		close(evidence_fd);
	return is_written;
}

// The name of the file, and that of its directory in the one above, which may be none of ours to
// open.
static bool sync_directory(struct timeline *timeline)
{
	int parent_fd = openat(timeline->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent_fd >= 0) {
		fsync(parent_fd);
		close(parent_fd);
	}
	return fsync(timeline->dir_fd) == 0;
}

// What a failed write left behind is cut off before it is tried again.
static bool write_lines(struct timeline *timeline, const struct buf *lines, struct err *err)
{
	if (timeline->lost.length && ftruncate(timeline->fd, timeline->durable_bytes) < 0)
		return err_errno(err, errno, "timeline: %s/" FILE_NAME ": cannot be written",
			timeline->directory);
	if (!file_write(timeline->fd, buf_str(lines), lines->length, NULL))
		return err_errno(err, errno, "timeline: %s/" FILE_NAME ": cannot be written",
			timeline->directory);
	timeline->is_final = fdatasync(timeline->fd) < 0 ||
			     (!timeline->directory_is_synced && !sync_directory(timeline));
	if (timeline->is_final)
		return err_errno(err, errno,
			"timeline: %s/" FILE_NAME ": cannot be synced to the disk",
			timeline->directory);
	timeline->directory_is_synced = true;
	timeline->durable_bytes += (off_t)lines->length;
	return true;
}

static void free_blobs(struct blob *blob)
{
	for (struct blob *next; blob; blob = next) {
		next = blob->next;
		buf_fini(&blob->bytes);
		free(blob);
	}
}

// Before those that came since.
static void put_back(struct timeline *timeline, struct blob *blobs, struct blob **blobs_end)
{
	if (!blobs)
		return;
	*blobs_end = timeline->blobs;
	if (!timeline->blobs)
		timeline->blobs_end = blobs_end;
	timeline->blobs = blobs;
}

// Writes what is queued; called and returns with the lock held, which it gives up meanwhile.
static void write_group(struct timeline *timeline, struct buf *lines)
{
	struct blob *blobs = timeline->blobs, **blobs_end = timeline->blobs_end;
	int64_t seq = timeline->queued_seq;
	struct err err = {0};

	buf_clear(lines);
	buf_add(lines, timeline->lost.data, timeline->lost.length);
	buf_add(lines, timeline->queued.data, timeline->queued.length);
	timeline->blobs = NULL;
	timeline->blobs_end = &timeline->blobs;
	timeline->is_busy = true;
	size_t taken = timeline->queued.length;
	pthread_mutex_unlock(&timeline->lock);

	bool is_written = write_blobs(timeline, blobs, &err) &&
			  (!lines->length || write_lines(timeline, lines, &err));

	pthread_mutex_lock(&timeline->lock);
	timeline->is_busy = false;
	timeline->is_faulty = !is_written;
	timeline->fault = err;
	buf_drop(&timeline->queued, taken);
	buf_clear(&timeline->lost);
	if (is_written) {
		timeline->durable_seq = seq;
		free_blobs(blobs);
	} else {
		buf_add(&timeline->lost, lines->data, lines->length);
		put_back(timeline, blobs, blobs_end);
	}
	pthread_cond_broadcast(&timeline->changed);
}

static bool has_work(const struct timeline *timeline)
{
	return timeline->lost.length || timeline->queued.length || timeline->blobs;
}

// After a fault it tries again now and then: disks are made room on.
static void wait_after_fault(struct timeline *timeline)
{
	for (int slice = 0; slice < RETRY_SLICES && !timeline->has_given_up; slice++) {
		pthread_mutex_unlock(&timeline->lock);
		nanosleep(&(struct timespec){.tv_nsec = RETRY_SLICE_NS}, NULL);
		pthread_mutex_lock(&timeline->lock);
	}
}

static void *writer_main(void *argument)
{
	struct timeline *timeline = argument;
	struct buf lines = {0};

	pthread_mutex_lock(&timeline->lock);
	for (;;) {
		while (!has_work(timeline) && !timeline->is_closing)
			pthread_cond_wait(&timeline->changed, &timeline->lock);
		if (timeline->is_faulty)
			wait_after_fault(timeline);
		if (!has_work(timeline) || timeline->is_final || timeline->has_given_up)
			break;
		write_group(timeline, &lines);
		if (timeline->notify) {
			pthread_mutex_unlock(&timeline->lock);
			timeline->notify(timeline->context);
			pthread_mutex_lock(&timeline->lock);
		}
	}
	// What is saved elsewhere continues the whole lines.
	if (timeline->is_faulty && !timeline->is_final &&
		ftruncate(timeline->fd, timeline->durable_bytes) < 0)
		timeline->is_final = true;
	pthread_mutex_unlock(&timeline->lock);
	buf_fini(&lines);
	return NULL;
}

// --- opening and closing ---------------------------------------------------------------------------------------------

static void release(struct timeline *timeline)
{
	if (timeline->fd >= 0)
		close(timeline->fd);
	if (timeline->dir_fd >= 0)
		close(timeline->dir_fd);
	free_blobs(timeline->blobs);
	buf_fini(&timeline->queued);
	buf_fini(&timeline->lost);
	free(timeline->directory);
	free(timeline);
}

static struct timeline *prepare(
	const char *directory, timeline_notify *notify, void *context, struct err *err)
{
	struct timeline *timeline = memory_zeroed(1, sizeof *timeline);

	timeline->directory = memory_copy_text(directory);
	timeline->fd = -1;
	timeline->notify = notify;
	timeline->context = context;
	timeline->blobs_end = &timeline->blobs;
	timeline->queued_seq = timeline->durable_seq = -1;
	timeline->dir_fd = file_open_directory(AT_FDCWD, directory, false, err);
	if (timeline->dir_fd < 0) {
		err_prefix(err, "timeline");
		release(timeline);
		return NULL;
	}
	return timeline;
}

// Starts the writer, which takes no signals: they are for the thread that has the loop.
static bool start_writer(struct timeline *timeline, struct err *err)
{
	sigset_t all, before;
	struct stat status;

	if (fstat(timeline->fd, &status) < 0)
		return err_errno(err, errno, "timeline: %s/" FILE_NAME, timeline->directory);
	timeline->durable_bytes = status.st_size;
	pthread_mutex_init(&timeline->lock, NULL);
	pthread_cond_init(&timeline->changed, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);

	int errnum = pthread_create(&timeline->thread, NULL, writer_main, timeline);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!errnum)
		return true;
	pthread_cond_destroy(&timeline->changed);
	pthread_mutex_destroy(&timeline->lock);
	return err_errno(err, errnum, "timeline: cannot start its writer");
}

struct timeline *timeline_create(
	const char *directory, timeline_notify *notify, void *context, struct err *err)
{
	struct timeline *timeline = prepare(directory, notify, context, err);

	if (!timeline)
		return NULL;
	timeline->fd = openat(timeline->dir_fd, FILE_NAME,
		O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (timeline->fd < 0 && errno == EEXIST)
		err_set(err,
			"timeline: %s: an incident is there already; go on with it: relight resume "
			"%s",
			directory, directory);
	else if (timeline->fd < 0 || !file_share(timeline->dir_fd, timeline->fd) ||
		 flock(timeline->fd, LOCK_EX | LOCK_NB) < 0)
		err_errno(err, errno, "timeline: %s/" FILE_NAME, directory);
	else if (start_writer(timeline, err))
		return timeline;
	release(timeline);
	return NULL;
}

// Moves an unfinished last line to evidence/, and only when it is safe there cuts it off.
static bool set_aside(struct timeline *timeline, struct timeline_tail *tail, struct err *err)
{
	struct stat status;
	struct buf torn = {0};
	bool is_done = false;

	if (fstat(timeline->fd, &status) < 0)
		return err_errno(err, errno, "timeline: %s/" FILE_NAME, timeline->directory);

	off_t good = status.st_size - (off_t)tail->torn_bytes;

	buf_reserve(&torn, tail->torn_bytes);
	if (pread(timeline->fd, torn.data, tail->torn_bytes, good) != (ssize_t)tail->torn_bytes) {
		err_errno(err, errno, "timeline: %s/" FILE_NAME, timeline->directory);
		goto out;
	}
	torn.length = tail->torn_bytes;
	sha256_hex(torn.data, torn.length, tail->torn_sha256);

	struct blob blob = {.bytes = torn};

	memcpy(blob.sha256, tail->torn_sha256, sizeof blob.sha256);
	if (!write_blobs(timeline, &blob, err))
		goto out;
	is_done = ftruncate(timeline->fd, good) == 0 && fsync(timeline->fd) == 0;
	if (!is_done)
		err_errno(err, errno,
			"timeline: %s/" FILE_NAME ": its torn last line cannot be cut off",
			timeline->directory);
out:
	buf_fini(&torn);
	return is_done;
}

// Opens and locks what must be there already.
static bool open_locked(struct timeline *timeline, bool *is_held, struct err *err)
{
	const char *directory = timeline->directory;
	struct stat status;

	timeline->fd = openat(timeline->dir_fd, FILE_NAME,
		O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (timeline->fd < 0 || fstat(timeline->fd, &status) < 0)
		return err_errno(err, errno, "timeline: %s/" FILE_NAME, directory);
	if (!S_ISREG(status.st_mode))
		return err_set(err, "timeline: %s/" FILE_NAME ": not a regular file", directory);
	if (flock(timeline->fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	*is_held = errno == EWOULDBLOCK;
	if (*is_held)
		return err_set(err,
			"timeline: %s: another relight is writing it; look on: relight watch %s",
			directory, directory);
	return err_errno(err, errno, "timeline: %s/" FILE_NAME, directory);
}

struct timeline *timeline_open(const char *directory, timeline_each *each_line, void *each_context,
	timeline_notify *notify, void *notify_context, struct timeline_tail *tail, bool *is_held,
	struct err *err)
{
	struct timeline *timeline = prepare(directory, notify, notify_context, err);

	*tail = (struct timeline_tail){0};
	chain_init(&tail->chain);
	*is_held = false;
	if (!timeline)
		return NULL;
	if (open_locked(timeline, is_held, err) &&
		timeline_scan(timeline->fd, directory, each_line, each_context, &tail->chain,
			&tail->torn_bytes, err) &&
		(!tail->torn_bytes || set_aside(timeline, tail, err))) {
		timeline->queued_seq = timeline->durable_seq = tail->chain.next_seq - 1;
		if (start_writer(timeline, err))
			return timeline;
	}
	release(timeline);
	return NULL;
}

void timeline_close(struct timeline *timeline)
{
	if (!timeline)
		return;
	pthread_mutex_lock(&timeline->lock);
	timeline->is_closing = true;
	timeline->has_given_up |= timeline->is_faulty;
	pthread_cond_broadcast(&timeline->changed);
	pthread_mutex_unlock(&timeline->lock);
	pthread_join(timeline->thread, NULL);
	pthread_cond_destroy(&timeline->changed);
	pthread_mutex_destroy(&timeline->lock);
	release(timeline);
}

// --- the queue -------------------------------------------------------------------------------------------------------

void timeline_append(struct timeline *timeline, int64_t seq, const char *line, size_t length_bytes)
{
	pthread_mutex_lock(&timeline->lock);
	assert(seq == timeline->queued_seq + 1);
	buf_add(&timeline->queued, line, length_bytes);
	buf_byte(&timeline->queued, '\n');
	timeline->queued_seq = seq;
	pthread_cond_broadcast(&timeline->changed);
	pthread_mutex_unlock(&timeline->lock);
}

void timeline_blob(
	struct timeline *timeline, const char sha256[65], const void *bytes, size_t length_bytes)
{
	struct blob *blob = memory_zeroed(1, sizeof *blob);

	memcpy(blob->sha256, sha256, sizeof blob->sha256);
	buf_add(&blob->bytes, bytes, length_bytes);
	pthread_mutex_lock(&timeline->lock);
	*timeline->blobs_end = blob;
	timeline->blobs_end = &blob->next;
	pthread_cond_broadcast(&timeline->changed);
	pthread_mutex_unlock(&timeline->lock);
}

int64_t timeline_durable(struct timeline *timeline)
{
	pthread_mutex_lock(&timeline->lock);

	int64_t seq = timeline->durable_seq;

	pthread_mutex_unlock(&timeline->lock);
	return seq;
}

bool timeline_fault(struct timeline *timeline, struct err *err)
{
	pthread_mutex_lock(&timeline->lock);

	bool is_faulty = timeline->is_faulty;

	if (is_faulty && err)
		*err = timeline->fault;
	pthread_mutex_unlock(&timeline->lock);
	return is_faulty;
}

void timeline_pending(struct timeline *timeline, struct buf *out)
{
	pthread_mutex_lock(&timeline->lock);
	timeline->has_given_up = true;
	while (timeline->is_busy)
		pthread_cond_wait(&timeline->changed, &timeline->lock);
	buf_add(out, timeline->lost.data, timeline->lost.length);
	buf_add(out, timeline->queued.data, timeline->queued.length);
	pthread_mutex_unlock(&timeline->lock);
}

bool timeline_drain(struct timeline *timeline, struct err *err)
{
	pthread_mutex_lock(&timeline->lock);
	while (!timeline->is_faulty && (has_work(timeline) || timeline->is_busy))
		pthread_cond_wait(&timeline->changed, &timeline->lock);

	bool is_faulty = timeline->is_faulty;

	if (is_faulty && err)
		*err = timeline->fault;
	pthread_mutex_unlock(&timeline->lock);
	return !is_faulty;
}

bool timeline_is_held(const char *directory)
{
	struct buf path = {0};

	buf_printf(&path, "%s/timeline.jsonl", directory);

	int fd = open(buf_str(&path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool is_held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	buf_fini(&path);
	return is_held;
}
