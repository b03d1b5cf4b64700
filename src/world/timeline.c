// SPDX-License-Identifier: Apache-2.0
#include "relight/timeline.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/clock.h"
#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/memory.h"
#include "timeline_parts.h"

// The record has one copy at home, in the incident directory. A mirror has all of it elsewhere,
// from the start. A refuge has, elsewhere, what the home does not take, for as long as that lasts.
//
// What is durable, so that it may be acted on: what all copies that are well have on disk; where
// the home is not, what one of the others has. The mirror is waited for a little only: it is there
// so that the record survives, not so that a dead mirror stops the recovery.

#define MIRROR_STALLED_US (3 * US_PER_S)
#define SLOW_US           US_PER_S
#define DRAIN_LOOK_MS     100 // a stalled disk shows by time alone

// --- what is durable, with the lock held -----------------------------------------------------------------------------

struct looks {
	struct copy_status home, mirror, refuge;
	bool is_safe; // somebody takes what is recorded
};

static struct looks look(const struct timeline *timeline)
{
	struct looks is = {.home = copy_look(timeline->home, COPY_STALLED_US)};

	is.is_safe = is.home.is_well;
	if (timeline->mirror) {
		is.mirror = copy_look(timeline->mirror, MIRROR_STALLED_US);
		is.is_safe |= is.mirror.is_well;
	}
	if (timeline->refuge) {
		is.refuge = copy_look(timeline->refuge, COPY_STALLED_US);
		is.is_safe |= is.refuge.is_well;
	}
	return is;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t durable_now(struct timeline *timeline, const struct looks *is)
{
	int64_t durable = is->home.durable_seq;

	if (is->home.is_well && is->mirror.is_well && is->mirror.durable_seq < durable)
		durable = is->mirror.durable_seq;
	if (!is->home.is_well && timeline->mirror)
		durable = most(durable, is->mirror.durable_seq);
	if (!is->home.is_well && timeline->refuge)
		durable = most(durable, is->refuge.durable_seq);
	timeline->durable_seq = most(timeline->durable_seq, durable);
	return timeline->durable_seq;
}

// --- opening and closing ---------------------------------------------------------------------------------------------

static void release(struct timeline *timeline)
{
	pthread_cond_destroy(&timeline->shared.changed);
	pthread_mutex_destroy(&timeline->shared.lock);
	mirror_free(timeline->mirror_files);
	free(timeline->refuge_path);
	free(timeline->directory);
	free(timeline);
}

struct timeline *timeline_prepare(const char *directory, timeline_notify *notify, void *context)
{
	struct timeline *timeline = memory_zeroed(1, sizeof *timeline);
	pthread_condattr_t attributes;

	timeline->directory = memory_copy_text(directory);
	timeline->shared.notify = notify;
	timeline->shared.context = context;
	pthread_mutex_init(&timeline->shared.lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&timeline->shared.changed, &attributes);
	pthread_condattr_destroy(&attributes);
	timeline->queued_seq = timeline->durable_seq = -1;
	return timeline;
}

bool timeline_open_directory(const char *directory, struct copy_files *files, struct err *err)
{
	*files = copy_no_files;
	files->dir_fd = file_open_directory(AT_FDCWD, directory, false, err);
	return files->dir_fd >= 0 || err_prefix(err, "timeline");
}

// The files are the home's from here on, whatever comes of it.
static bool start_home(struct timeline *timeline, const struct copy_files *files, struct err *err)
{
	timeline->home = copy_new(&timeline->shared, timeline->directory, timeline->queued_seq);
	return copy_start(timeline->home, files, err);
}

static bool create_file(const char *directory, struct copy_files *files, struct err *err)
{
	files->lock_fd = writer_lock(files->dir_fd);
	if (files->lock_fd < 0 && errno != EWOULDBLOCK)
		return err_errno(err, errno, "timeline: %s: its lock", directory);
	if (files->lock_fd >= 0)
		files->fd = openat(files->dir_fd, TIMELINE_NAME,
			O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (files->lock_fd < 0 || (files->fd < 0 && errno == EEXIST))
		return err_set(err,
			"timeline: %s: an incident is there already; go on with it: relight resume "
			"%s",
			directory, directory);
	if (files->fd < 0 || !file_share(files->dir_fd, files->fd))
		return err_errno(err, errno, "timeline: %s/" TIMELINE_NAME, directory);
	writer_tell(files->fd);
	return true;
}

struct timeline *timeline_create(
	const char *directory, timeline_notify *notify, void *context, struct err *err)
{
	struct timeline *timeline = timeline_prepare(directory, notify, context);
	struct copy_files files;

	if (!timeline_open_directory(directory, &files, err) ||
		!create_file(directory, &files, err)) {
		copy_close_files(&files);
		release(timeline);
		return NULL;
	}
	timeline->refuge_path = refuge_path(directory);
	if (timeline->refuge_path)
		refuge_remove(timeline->refuge_path); // of another incident, which is gone
	if (start_home(timeline, &files, err))
		return timeline;
	copy_close(timeline->home);
	release(timeline);
	return NULL;
}

void timeline_discard(struct timeline *timeline)
{
	struct buf path = {0};

	assert(timeline->queued_seq < 0);
	buf_printf(&path, "%s/" TIMELINE_NAME, timeline->directory);
	unlink(buf_str(&path));
	buf_fini(&path);
	timeline_close(timeline);
}

void timeline_close(struct timeline *timeline)
{
	bool is_over = true;

	if (!timeline)
		return;

	timeline_tend(timeline);

	struct copy *const copies[] = {timeline->home, timeline->mirror, timeline->refuge};

	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
		if (copies[i] && !copy_close(copies[i]))
			is_over = false; // its thread still has what they share
	}
	if (is_over)
		release(timeline);
}

// --- elsewhere -------------------------------------------------------------------------------------------------------

static void begin_refuge(struct timeline *timeline)
{
	struct copy *refuge;
	struct err ignored;

	pthread_mutex_lock(&timeline->shared.lock);

	struct copy_status home = copy_look(timeline->home, COPY_STALLED_US);

	refuge = copy_new(&timeline->shared, timeline->refuge_path, home.durable_seq);
	copy_pending_to(timeline->home, refuge);
	timeline->refuge = refuge;
	pthread_mutex_unlock(&timeline->shared.lock);
	if (!copy_start_later(refuge, refuge_begin, timeline->refuge_path, &ignored)) {
		timeline->refuge = NULL;
		copy_close(refuge);
	}
}

static void leave_refuge(struct timeline *timeline)
{
	struct copy *refuge = timeline->refuge;

	timeline->refuge = NULL;
	if (copy_close(refuge))
		refuge_remove(timeline->refuge_path);
}

void timeline_tend(struct timeline *timeline)
{
	if (!timeline->home)
		return;
	pthread_mutex_lock(&timeline->shared.lock);

	struct looks is = look(timeline);

	pthread_mutex_unlock(&timeline->shared.lock);
	if (!is.is_safe && !timeline->refuge && timeline->refuge_path)
		begin_refuge(timeline);
	else if (timeline->refuge && is.home.is_well && is.home.durable_seq >= is.refuge.queued_seq)
		leave_refuge(timeline);
}

bool timeline_mirror(struct timeline *timeline, const char *path, gid_t group, struct err *err)
{
	struct mirror *files = memory_zeroed(1, sizeof *files);
	struct copy_status home;

	files->path = memory_copy_text(path);
	files->directory = memory_copy_text(timeline->directory);
	files->group = group;
	files->joined_fd = timeline_open_file(timeline->directory, err);
	timeline->mirror_files = files; // a mirror that hangs has them until the end
	pthread_mutex_lock(&timeline->shared.lock);
	home = copy_look(timeline->home, COPY_STALLED_US);
	timeline->mirror = copy_new(&timeline->shared, path, home.durable_seq);
	copy_pending_to(timeline->home, timeline->mirror);
	pthread_mutex_unlock(&timeline->shared.lock);
	files->bytes = files->joined_fd < 0 ? 0 : segment_end(files->joined_fd, home.durable_seq);

	bool is_good = files->joined_fd >= 0 &&
		       copy_start_later(timeline->mirror, mirror_begin, files, err);

	if (!is_good) {
		copy_close(timeline->mirror);
		timeline->mirror = NULL;
	}
	return is_good;
}

// --- the queue -------------------------------------------------------------------------------------------------------

void timeline_append(struct timeline *timeline, int64_t seq, const char *line, size_t length_bytes)
{
	struct copy *const copies[] = {timeline->home, timeline->mirror, timeline->refuge};

	pthread_mutex_lock(&timeline->shared.lock);
	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
		if (copies[i])
			copy_line(copies[i], seq, line, length_bytes);
	}
	timeline->queued_seq = seq;
	pthread_cond_broadcast(&timeline->shared.changed);
	pthread_mutex_unlock(&timeline->shared.lock);
}

void timeline_hold(struct timeline *timeline, bool is_held)
{
	pthread_mutex_lock(&timeline->shared.lock);
	timeline->shared.is_held = is_held;
	pthread_cond_broadcast(&timeline->shared.changed);
	pthread_mutex_unlock(&timeline->shared.lock);
}

void timeline_blob(
	struct timeline *timeline, const char sha256[65], const void *bytes, size_t length_bytes)
{
	struct copy *const copies[] = {timeline->home, timeline->mirror, timeline->refuge};

	pthread_mutex_lock(&timeline->shared.lock);
	for (size_t i = 0; i < sizeof copies / sizeof *copies; i++) {
		if (copies[i])
			copy_blob(copies[i], sha256, bytes, length_bytes);
	}
	pthread_cond_broadcast(&timeline->shared.changed);
	pthread_mutex_unlock(&timeline->shared.lock);
}

int64_t timeline_durable(struct timeline *timeline)
{
	pthread_mutex_lock(&timeline->shared.lock);

	struct looks is = look(timeline);
	int64_t seq = durable_now(timeline, &is);

	pthread_mutex_unlock(&timeline->shared.lock);
	return seq;
}

// A refuge that has not been tried yet may still save it.
static bool is_faulty(const struct timeline *timeline, const struct looks *is)
{
	return !is->is_safe && (timeline->refuge || !timeline->refuge_path);
}

bool timeline_fault(struct timeline *timeline, struct err *err)
{
	pthread_mutex_lock(&timeline->shared.lock);

	struct looks is = look(timeline);
	bool has_fault = is_faulty(timeline, &is);

	pthread_mutex_unlock(&timeline->shared.lock);
	if (has_fault && err)
		*err = is.home.fault;
	return has_fault;
}

bool timeline_is_slow(struct timeline *timeline, struct err *err)
{
	pthread_mutex_lock(&timeline->shared.lock);

	struct copy_status is = copy_look(timeline->home, SLOW_US);

	pthread_mutex_unlock(&timeline->shared.lock);
	*err = is.fault;
	return !is.is_well;
}

bool timeline_is_elsewhere(struct timeline *timeline, struct buf *path, struct err *err)
{
	pthread_mutex_lock(&timeline->shared.lock);

	struct looks is = look(timeline);

	pthread_mutex_unlock(&timeline->shared.lock);
	if (is.home.is_well || !is.is_safe)
		return false;
	*err = is.home.fault;
	buf_text(path, is.refuge.is_well ? timeline->refuge_path : timeline->mirror_files->path);
	return true;
}

bool timeline_mirror_fault(struct timeline *timeline, struct err *err)
{
	bool has_fault = false;

	pthread_mutex_lock(&timeline->shared.lock);
	if (timeline->mirror) {
		struct copy_status is = copy_look(timeline->mirror, MIRROR_STALLED_US);

		has_fault = !is.is_well;
		*err = is.fault;
	}
	pthread_mutex_unlock(&timeline->shared.lock);
	return has_fault;
}

bool timeline_segment(
	struct timeline *timeline, enum timeline_place *place, struct buf *path, char head[65])
{
	bool has_begun = true;
	char name[32] = TIMELINE_NAME;

	pthread_mutex_lock(&timeline->shared.lock);
	if (timeline->home && copy_segment_begun(timeline->home, name, head)) {
		*place = TIMELINE_HOME;
		buf_printf(path, "%s/%s", timeline->directory, name);
	} else if (timeline->mirror && copy_has_begun(timeline->mirror, head)) {
		*place = TIMELINE_MIRROR;
		buf_printf(path, "%s/%s", timeline->mirror_files->path, name);
	} else if (timeline->refuge && copy_has_begun(timeline->refuge, head)) {
		*place = TIMELINE_REFUGE;
		buf_printf(path, "%s/%s", timeline->refuge_path, name);
	} else {
		has_begun = false;
	}
	pthread_mutex_unlock(&timeline->shared.lock);
	return has_begun;
}

void timeline_pending(struct timeline *timeline, struct buf *out, char segment[32])
{
	pthread_mutex_lock(&timeline->shared.lock);
	copy_give_up(timeline->home, out);
	segment_name(copy_look(timeline->home, COPY_STALLED_US).segment + 1, segment);
	pthread_mutex_unlock(&timeline->shared.lock);
}

bool timeline_drain_for(struct timeline *timeline, int64_t most_ms, struct err *err)
{
	int64_t until_us = clock_mono().us + most_ms * US_PER_MS;
	bool is_drained = false, has_fault = false;

	err->message[0] = '\0';
	while (!is_drained && !has_fault) {
		timeline_tend(timeline);
		pthread_mutex_lock(&timeline->shared.lock);

		struct looks is = look(timeline);
		bool is_over = clock_mono().us >= until_us;

		has_fault = is_faulty(timeline, &is);
		is_drained = durable_now(timeline, &is) >= timeline->queued_seq &&
			     (!is.home.is_well || !copy_has_work(timeline->home));
		if (has_fault)
			*err = is.home.fault;
		if (!is_drained && !has_fault && !is_over)
			copy_wait(&timeline->shared, DRAIN_LOOK_MS);
		pthread_mutex_unlock(&timeline->shared.lock);
		if (is_over)
			break;
	}
	return is_drained;
}

bool timeline_drain(struct timeline *timeline, struct err *err)
{
	struct err why = {0};
	bool is_drained = false;

	while (!is_drained && !why.message[0])
		is_drained = timeline_drain_for(timeline, MS_PER_S, &why);
	if (!is_drained && err)
		*err = why;
	return is_drained;
}

bool timeline_is_held(const char *directory)
{
	int dir_fd = file_open_directory(AT_FDCWD, directory, false, NULL);
	bool is_held = dir_fd >= 0 && writer_is_there(dir_fd);

	if (dir_fd >= 0)
		close(dir_fd);
	return is_held;
}
