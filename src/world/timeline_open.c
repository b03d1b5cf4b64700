// SPDX-License-Identifier: Apache-2.0
//
// Opening a record that is there: who writes, what is torn, and what an earlier session had to
// leave in its refuge.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/chain.h"
#include "relight/incident_files.h"
#include "timeline_parts.h"

// Opens and locks what must be there already; *joined_fd has all of its lines.
static bool open_locked(const char *directory, struct copy_files *files, int *joined_fd,
	bool *is_held, struct err *err)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct stat status;
	char name[32];

	files->fd = openat(files->dir_fd, TIMELINE_NAME, flags);
	if (files->fd < 0 || fstat(files->fd, &status) < 0)
		return err_errno(err, errno, "timeline: %s/" TIMELINE_NAME, directory);
	if (!S_ISREG(status.st_mode))
		return err_set(
			err, "timeline: %s/" TIMELINE_NAME ": not a regular file", directory);
	files->lock_fd = writer_lock(files->dir_fd);
	*is_held = files->lock_fd < 0 && errno == EWOULDBLOCK;

	// Where there is no room for its lock either, the record's own one must do.
	bool is_told = !*is_held && writer_tell(files->fd);

	*is_held |= files->lock_fd < 0 && !is_told;
	if (*is_held)
		return err_set(err,
			"timeline: %s: another relight is writing it; look on: relight watch %s; "
			"take it over: relight take %s",
			directory, directory, directory);
	if (!segments_are_all_there(files->dir_fd, directory, err))
		return false;
	files->segment = segment_count(files->dir_fd);
	segment_forget_drafts(files->dir_fd, files->segment);
	if (files->segment > 1) {
		segment_name(files->segment, name);
		files->held_fd = files->fd;
		files->fd = openat(files->dir_fd, name, flags);
		*joined_fd = segments_join(files->dir_fd, directory, NULL, err);
	} else {
		*joined_fd = openat(files->dir_fd, TIMELINE_NAME, O_RDONLY | O_CLOEXEC);
	}
	if (files->fd >= 0 && *joined_fd >= 0)
		return true;
	return err->message[0] ? false : err_errno(err, errno, "timeline: %s", directory);
}

// An unfinished last line becomes evidence, and only when it is safe there it is cut off.
static bool set_aside(struct timeline *timeline, struct copy_files *files,
	struct timeline_tail *tail, struct err *err)
{
	struct stat status;
	struct buf torn = {0};

	if (fstat(files->fd, &status) < 0)
		return err_errno(err, errno, "timeline: %s", timeline->directory);
	buf_reserve(&torn, tail->torn_bytes);
	torn.length = tail->torn_bytes;

	bool is_read = pread(files->fd, torn.data, torn.length,
			       status.st_size - (off_t)torn.length) == (ssize_t)torn.length ||
		       err_errno(err, errno, "timeline: %s", timeline->directory);

	if (is_read) {
		sha256_hex(torn.data, torn.length, tail->torn_sha256);
		copy_blob(timeline->home, tail->torn_sha256, torn.data, torn.length);
		files->torn_bytes = torn.length;
	}
	buf_fini(&torn);
	return is_read;
}

struct taken {
	struct timeline *timeline;
	const struct timeline_reader *reader;
	size_t bytes;
};

static bool take_from_refuge(void *context, const char *line, size_t length, struct err *err)
{
	struct taken *taken = context;
	struct timeline *timeline = taken->timeline;

	copy_line(timeline->home, timeline->queued_seq + 1, line, length);
	timeline->queued_seq++;
	taken->bytes += length + 1;
	return !taken->reader->each_line ||
	       taken->reader->each_line(taken->reader->context, line, length, err);
}

static void take_blob(void *context, const char *sha256, const struct buf *bytes)
{
	copy_blob(context, sha256, bytes->data, bytes->length);
}

// What an earlier session could only write to its refuge is read too, and comes home now. One that
// is not about this record is left alone.
static bool return_from_refuge(struct timeline *timeline, struct timeline_tail *tail,
	const struct timeline_reader *reader, struct err *err)
{
	struct taken taken = {timeline, reader, 0};
	struct copy_files files;
	struct err ignored;
	size_t torn = 0;
	int joined_fd;

	if (!timeline->refuge_path ||
		!refuge_reopen(timeline->refuge_path, &files, &joined_fd, &ignored))
		return true;

	bool is_ours = segment_seek(joined_fd, &tail->chain);
	bool is_whole = is_ours && timeline_scan(joined_fd, timeline->refuge_path, take_from_refuge,
					   &taken, &tail->chain, &torn, &ignored);

	close(joined_fd);
	if (!is_ours) {
		copy_close_files(&files);
		return true;
	}
	files.torn_bytes = torn;
	files.is_ended = !is_whole; // up to the damage it is good
	tail->returned_bytes = taken.bytes;
	refuge_each_blob(timeline->refuge_path, take_blob, timeline->home);
	timeline->refuge = copy_new(&timeline->shared, timeline->refuge_path, timeline->queued_seq);
	timeline->durable_seq = timeline->queued_seq;
	return copy_start(timeline->refuge, &files, err);
}

static bool read_all(void *context, int fd, struct timeline_tail *tail, struct err *err)
{
	const struct timeline_reader *reader = context;

	return timeline_scan(fd, reader->name, reader->each_line, reader->context, &tail->chain,
		&tail->torn_bytes, err);
}

// Everything between the lock and the writer's start. The files are the home's once it is started.
static bool take_up(struct timeline *timeline, struct copy_files *files, int joined_fd,
	const struct timeline_reader *reader, struct timeline_tail *tail, struct err *err)
{
	bool is_damaged = reader->read != NULL;
	timeline_read_whole *read = is_damaged ? reader->read : read_all;
	void *context = is_damaged ? reader->context : (void *)reader;

	if (!read(context, joined_fd, tail, err)) {
		timeline_is_one(timeline->directory, err); // says better what it is
		return false;
	}
	timeline->queued_seq = timeline->durable_seq = tail->chain.next_seq - 1;
	timeline->home = copy_new(&timeline->shared, timeline->directory, timeline->queued_seq);
	files->is_ended = tail->is_ended;
	segment_name(files->segment + 1, tail->segment);
	if (tail->torn_bytes && !tail->is_ended && !set_aside(timeline, files, tail, err))
		return false;
	return return_from_refuge(timeline, tail, reader, err);
}

struct timeline *timeline_take_up(const char *directory, const struct timeline_reader *reader,
	timeline_notify *notify, void *notify_context, struct timeline_tail *tail, bool *is_held,
	struct err *err)
{
	struct timeline *timeline = timeline_prepare(directory, notify, notify_context);
	struct copy_files files;
	int joined_fd = -1;

	*tail = (struct timeline_tail){0};
	chain_init(&tail->chain);
	*is_held = false;
	timeline->refuge_path = refuge_find(directory);
	if (!timeline->refuge_path)
		timeline->refuge_path = refuge_path(directory);

	bool is_good = timeline_open_directory(directory, &files, err) &&
		       open_locked(directory, &files, &joined_fd, is_held, err) &&
		       take_up(timeline, &files, joined_fd, reader, tail, err);

	if (joined_fd >= 0)
		close(joined_fd);
	if (is_good && copy_start(timeline->home, &files, err))
		return timeline;
	if (!is_good)
		copy_close_files(&files);
	timeline_close(timeline);
	return NULL;
}

struct timeline *timeline_open(const char *directory, timeline_each *each_line, void *each_context,
	timeline_notify *notify, void *notify_context, struct timeline_tail *tail, bool *is_held,
	struct err *err)
{
	const struct timeline_reader reader = {
		.name = directory, .each_line = each_line, .context = each_context};

	return timeline_take_up(directory, &reader, notify, notify_context, tail, is_held, err);
}
