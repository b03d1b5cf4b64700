// SPDX-License-Identifier: Apache-2.0
#include "timeline_copy.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relight/clock.h"
#include "relight/event.h"
#include "relight/memory.h"
#include "timeline_disk.h"

// The writer is a thread behind a queue. Whatever has gathered while it waited for the disk goes
// out in one write and one fdatasync: the slower the disk, the larger the groups, and a burst never
// queues behind a sync of its own for each event.

#define RETRY_MS   1000
#define LEAVING_MS 3000 // how long a thread that hangs in its disk is waited for

struct copy {
	struct copy_shared *shared;
	pthread_t thread;
	bool has_thread;

	// of the writer alone
	copy_begin *begin;
	void *begin_context;
	struct disk disk;

	// of whoever has the lock
	struct buf queued; // whole lines
	struct buf lost;   // the group that a fault kept from being durable
	struct blob *blobs, **blobs_end;
	const struct blob *writing; // blobs that the writer has taken
	int64_t queued_seq, durable_seq;
	int64_t busy_us; // since when the disk has been asked; 0: it is not
	bool is_begun, is_closing, is_faulty, is_over;
	bool has_given_up;
	struct err fault;
	int segment;
	bool has_begun_segment, has_told_begin;
	char begun_head[65]; // the digest of the line before the newest segment's first
};

// --- the writer's thread ----------------------------------------------------------------------------------------------

// The digest that the first of the lines says the one before it has.
static void head_before(const struct buf *lines, char head[65])
{
	const char *end = memchr(lines->data, '\n', lines->length);
	size_t length = end ? (size_t)(end - lines->data) : 0;

	if (length > EVENT_TAIL_BYTES + EVENT_DIGEST_CHARS + 1) {
		memcpy(head, end - EVENT_TAIL_BYTES - 1 - EVENT_DIGEST_CHARS, EVENT_DIGEST_CHARS);
		head[EVENT_DIGEST_CHARS] = '\0';
	}
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
static void put_back(struct copy *copy, struct blob *blobs, struct blob **blobs_end)
{
	if (!blobs)
		return;
	*blobs_end = copy->blobs;
	if (!copy->blobs)
		copy->blobs_end = blobs_end;
	copy->blobs = blobs;
}

static void settle(struct copy *copy, bool is_done, const struct err *err)
{
	copy->busy_us = 0;
	copy->is_faulty = !is_done;
	copy->fault = *err;
	pthread_cond_broadcast(&copy->shared->changed);
}

// Called and returns with the lock held, which it gives up meanwhile; as do those below.
static void open_files(struct copy *copy)
{
	struct err err = {0};

	copy->busy_us = clock_mono().us;
	pthread_mutex_unlock(&copy->shared->lock);

	bool is_begun = copy->begin(copy, copy->begin_context, &err);

	pthread_mutex_lock(&copy->shared->lock);
	copy->is_begun = is_begun;
	copy->segment = copy->disk.files.segment;
	settle(copy, is_begun, &err);
}

static void note_segment(struct copy *copy, const struct buf *lines)
{
	if (!copy->begun_head[0])
		head_before(lines, copy->begun_head);
	if (copy->segment == copy->disk.files.segment)
		return;
	copy->segment = copy->disk.files.segment;
	copy->has_begun_segment = true;
	head_before(lines, copy->begun_head);
}

static void write_group(struct copy *copy, struct buf *lines)
{
	struct blob *blobs = copy->blobs, **blobs_end = copy->blobs_end;
	int64_t seq = copy->queued_seq;
	struct err err = {0};

	buf_clear(lines);
	buf_add(lines, copy->lost.data, copy->lost.length);
	buf_add(lines, copy->queued.data, copy->queued.length);
	copy->blobs = NULL;
	copy->blobs_end = &copy->blobs;
	copy->writing = blobs;
	copy->busy_us = clock_mono().us;
	size_t taken = copy->queued.length;
	pthread_mutex_unlock(&copy->shared->lock);

	bool is_written = disk_write(&copy->disk, blobs, lines, &err);

	pthread_mutex_lock(&copy->shared->lock);
	buf_drop(&copy->queued, taken);
	buf_clear(&copy->lost);
	copy->writing = NULL;
	if (is_written) {
		copy->durable_seq = seq;
		note_segment(copy, lines);
		free_blobs(blobs);
	} else {
		buf_add(&copy->lost, lines->data, lines->length);
		put_back(copy, blobs, blobs_end);
	}
	settle(copy, is_written, &err);
}

bool copy_has_work(const struct copy *copy)
{
	return !copy->is_begun || copy->lost.length || copy->queued.length || copy->blobs;
}

void copy_wait(struct copy_shared *shared, int64_t most_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += most_ms / MS_PER_S;
	until.tv_nsec += most_ms % MS_PER_S * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&shared->changed, &shared->lock, &until);
}

// After a fault it tries again now and then: disks are made room on.
static void wait_after_fault(struct copy *copy)
{
	int64_t until_us = clock_mono().us + RETRY_MS * US_PER_MS;

	while (!copy->has_given_up && clock_mono().us < until_us)
		copy_wait(copy->shared, (until_us - clock_mono().us) / US_PER_MS + 1);
}

static void tell(struct copy *copy)
{
	if (!copy->shared->notify)
		return;
	pthread_mutex_unlock(&copy->shared->lock);
	copy->shared->notify(copy->shared->context);
	pthread_mutex_lock(&copy->shared->lock);
}

static void *writer_main(void *argument)
{
	struct copy *copy = argument;
	struct copy_shared *shared = copy->shared;
	struct buf lines = {0};

	pthread_mutex_lock(&shared->lock);
	for (;;) {
		while ((shared->is_held || !copy_has_work(copy)) && !copy->is_closing)
			pthread_cond_wait(&shared->changed, &shared->lock);
		if (copy->is_faulty)
			wait_after_fault(copy);
		if (!copy_has_work(copy) || copy->has_given_up)
			break;
		if (!copy->is_begun)
			open_files(copy);
		else
			write_group(copy, &lines);
		tell(copy);
	}
	// What is saved elsewhere continues the whole lines.
	if (copy->is_faulty)
		disk_cut_tail(&copy->disk);
	copy->is_over = true;
	pthread_cond_broadcast(&shared->changed);
	pthread_mutex_unlock(&shared->lock);
	buf_fini(&lines);
	return NULL;
}

// --- its life --------------------------------------------------------------------------------------------------------

struct copy *copy_new(struct copy_shared *shared, const char *name, int64_t durable_seq)
{
	struct copy *copy = memory_zeroed(1, sizeof *copy);

	copy->shared = shared;
	copy->disk = (struct disk){.name = memory_copy_text(name), .files = copy_no_files};
	copy->segment = 1;
	copy->blobs_end = &copy->blobs;
	copy->queued_seq = copy->durable_seq = durable_seq;
	return copy;
}

// The writer takes no signals: they are for the thread that has the loop.
static bool start(struct copy *copy, struct err *err)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);

	int errnum = pthread_create(&copy->thread, NULL, writer_main, copy);

	pthread_sigmask(SIG_SETMASK, &before, NULL);
	copy->has_thread = !errnum;
	return copy->has_thread || err_errno(err, errnum, "timeline: cannot start its writer");
}

void copy_opened(struct copy *copy, const struct copy_files *files)
{
	disk_opened(&copy->disk, files);
}

bool copy_start(struct copy *copy, const struct copy_files *files, struct err *err)
{
	copy_opened(copy, files);
	copy->is_begun = true;
	copy->segment = files->segment + files->is_ended; // whoever ended it knows
	return start(copy, err);
}

bool copy_start_later(struct copy *copy, copy_begin *begin, void *context, struct err *err)
{
	copy->begin = begin;
	copy->begin_context = context;
	return start(copy, err);
}

static void release(struct copy *copy)
{
	copy_close_files(&copy->disk.files);
	free_blobs(copy->blobs);
	buf_fini(&copy->queued);
	buf_fini(&copy->lost);
	free(copy->disk.name);
	free(copy);
}

bool copy_close(struct copy *copy)
{
	struct copy_shared *shared = copy->shared;
	int64_t until_us = 0;

	if (!copy->has_thread) {
		release(copy);
		return true;
	}
	pthread_mutex_lock(&shared->lock);
	copy->is_closing = true;
	pthread_cond_broadcast(&shared->changed);
	while (!copy->is_over && (!until_us || clock_mono().us < until_us)) {
		struct copy_status status = copy_look(copy, COPY_STALLED_US);

		copy->has_given_up |= copy->is_faulty;
		if (!until_us && !status.is_well)
			until_us = clock_mono().us + LEAVING_MS * US_PER_MS;
		pthread_cond_broadcast(&shared->changed);
		copy_wait(shared, 100);
	}

	bool is_over = copy->is_over;

	copy->has_given_up = true;
	pthread_mutex_unlock(&shared->lock);
	if (!is_over) {
		pthread_detach(copy->thread);
		return false;
	}
	pthread_join(copy->thread, NULL);
	release(copy);
	return true;
}

// --- the queue, with the lock held -----------------------------------------------------------------------------------

void copy_line(struct copy *copy, int64_t seq, const char *line, size_t length)
{
	assert(seq == copy->queued_seq + 1);
	buf_add(&copy->queued, line, length);
	buf_byte(&copy->queued, '\n');
	copy->queued_seq = seq;
}

void copy_blob(struct copy *copy, const char sha256[65], const void *bytes, size_t length)
{
	struct blob *blob = memory_zeroed(1, sizeof *blob);

	memcpy(blob->sha256, sha256, sizeof blob->sha256);
	buf_add(&blob->bytes, bytes, length);
	*copy->blobs_end = blob;
	copy->blobs_end = &blob->next;
}

struct copy_status copy_look(const struct copy *copy, int64_t stalled_us)
{
	struct copy_status status = {
		.queued_seq = copy->queued_seq,
		.durable_seq = copy->durable_seq,
		.is_well = !copy->is_faulty,
		.fault = copy->fault,
		.segment = copy->segment,
	};
	int64_t busy_us = copy->busy_us ? clock_mono().us - copy->busy_us : 0;

	if (status.is_well && busy_us > stalled_us) {
		status.is_well = false;
		err_set(&status.fault, "timeline: %s: the disk has not answered for %lld s",
			copy->disk.name, (long long)(busy_us / US_PER_S));
	}
	return status;
}

void copy_pending_to(const struct copy *from, struct copy *to)
{
	const struct blob *const lists[] = {from->writing, from->blobs};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		for (const struct blob *blob = lists[i]; blob; blob = blob->next)
			copy_blob(to, blob->sha256, blob->bytes.data, blob->bytes.length);
	}
	buf_add(&to->queued, from->lost.data, from->lost.length);
	buf_add(&to->queued, from->queued.data, from->queued.length);
	to->queued_seq = from->queued_seq;
}

void copy_give_up(struct copy *copy, struct buf *lines)
{
	copy->has_given_up = true;
	pthread_cond_broadcast(&copy->shared->changed);
	while (copy->busy_us && copy_look(copy, COPY_STALLED_US).is_well)
		copy_wait(copy->shared, 100);
	buf_add(lines, copy->lost.data, copy->lost.length);
	buf_add(lines, copy->queued.data, copy->queued.length);
}

bool copy_segment_begun(struct copy *copy, char name[32], char head[65])
{
	bool has_begun = copy->has_begun_segment;

	copy->has_begun_segment = false;
	segment_name(copy->segment, name);
	memcpy(head, copy->begun_head, sizeof copy->begun_head);
	return has_begun;
}

bool copy_has_begun(struct copy *copy, char head[65])
{
	bool has_begun = copy->begun_head[0] && !copy->has_told_begin;

	copy->has_told_begin |= has_begun;
	memcpy(head, copy->begun_head, sizeof copy->begun_head);
	return has_begun;
}
