// SPDX-License-Identifier: Apache-2.0
#include "relight/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/event.h"
#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/memory.h"
#include "timeline_copy.h"

#define CHUNK_BYTES (256u << 10)
#define ROOM_BYTES                                                                                 \
	(EVENT_MAX_BYTES + 1 + CHUNK_BYTES) // an unfinished line, and what is read behind it

struct scan {
	const char *name;
	timeline_each *each_line;
	void *context;
	struct chain *chain;
};

// The whole lines of bytes[0..length). *used: how many bytes they are.
static bool take_lines(
	const struct scan *scan, const char *bytes, size_t length, size_t *used, struct err *err)
{
	*used = 0;
	for (;;) {
		const char *line = bytes + *used;
		const char *end = memchr(line, '\n', length - *used);
		size_t line_length = end ? (size_t)(end - line) : length - *used;

		if (line_length > EVENT_MAX_BYTES)
			return err_set(err, "timeline: %s: line %lld: longer than %u bytes",
				scan->name, (long long)scan->chain->lines + 1, EVENT_MAX_BYTES);
		if (!end)
			return true;
		if (!chain_link(scan->chain, line, line_length, err))
			return err_prefix(err, "timeline: %s", scan->name);
		if (scan->each_line && !scan->each_line(scan->context, line, line_length, err))
			return false;
		*used += line_length + 1;
	}
}

bool timeline_scan(int fd, const char *name, timeline_each *each_line, void *context,
	struct chain *chain, size_t *torn_bytes, struct err *err)
{
	const struct scan scan = {name, each_line, context, chain};
	char *room = memory_alloc(ROOM_BYTES);
	size_t length = 0, used;
	bool is_read = false;

	for (;;) {
		ssize_t n = read(fd, room + length, CHUNK_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_errno(err, errno, "timeline: %s", name);
			break;
		}
		length += (size_t)n;
		if (!take_lines(&scan, room, length, &used, err))
			break;
		length -= used;
		memmove(room, room + used, length);
		if (!n) {
			*torn_bytes = length;
			is_read = true;
			break;
		}
	}
	free(room);
	return is_read;
}

// Non-blocking, as a FIFO would wait for its writer.
#define READ_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static int open_first(int dir_fd, const char *path, struct err *err)
{
	int fd = openat(dir_fd, TIMELINE_NAME, READ_FLAGS);

	if (fd < 0 && errno == ENOENT)
		err_set(err, "timeline: %s: no " TIMELINE_NAME " in it", path);
	else if (fd < 0)
		err_errno(err, errno, "timeline: %s", path);
	return fd;
}

// A refuge that is looked at, not taken up: all it has as one file; -1 with `err`.
static int join_refuge(const char *path, struct err *err)
{
	int dir_fd = file_open_directory(AT_FDCWD, path, false, err);
	int fd = dir_fd >= 0 ? segments_join(dir_fd, path, NULL, err) : -1;

	if (dir_fd >= 0)
		close(dir_fd);
	return fd;
}

// What the refuge has behind the home's lines, appended to them, as the next session will have it:
// an unfinished line at their end is what the home failed to take.
static bool add_refuge(int fd, int away_fd, struct timeline_refuge *refuge, struct err *err)
{
	struct chain chain;
	struct buf rest = {0};
	size_t torn = 0;

	chain_init(&chain);
	if (!timeline_scan(fd, refuge->path, NULL, NULL, &chain, &torn, err))
		return err_set(err, "the record is damaged before it");
	if (!segment_seek(away_fd, &chain))
		return err_set(err, "does not go on from seq %lld, the last one at home",
			(long long)chain.next_seq - 1);

	off_t end = lseek(fd, 0, SEEK_END) - (off_t)torn;
	bool is_read = file_read_fd(away_fd, refuge->path, SEGMENT_MOST_BYTES, &rest, err);

	refuge->from_seq = chain.next_seq;
	for (size_t i = 0; i < rest.length; i++)
		refuge->lines += rest.data[i] == '\n';
	if (is_read && refuge->lines > 0)
		is_read = (ftruncate(fd, end) == 0 && lseek(fd, end, SEEK_SET) == end &&
				  file_write(fd, rest.data, rest.length, NULL)) ||
			  err_errno(err, errno, "cannot be read");
	buf_fini(&rest);
	return is_read;
}

// The refuge first: what comes home meanwhile is read there.
static int open_directory(
	int dir_fd, const char *path, struct timeline_refuge *refuge, struct err *err)
{
	refuge->path = refuge_find(path);

	int away_fd = refuge->path ? join_refuge(refuge->path, &refuge->why) : -1;
	int fd = refuge->path || segment_count(dir_fd) > 1 ? segments_join(dir_fd, path, NULL, err)
							   : open_first(dir_fd, path, err);

	if (away_fd < 0 && !refuge_has_lines(refuge->path)) // it has just come home
		refuge->why.message[0] = '\0';
	if (fd >= 0 && away_fd >= 0 && !add_refuge(fd, away_fd, refuge, &refuge->why))
		refuge->lines = 0;
	if (away_fd >= 0)
		close(away_fd);
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

int timeline_open_all(const char *path, struct timeline_refuge *refuge, struct err *err)
{
	int fd = open(path, READ_FLAGS);
	struct stat status;

	*refuge = (struct timeline_refuge){0};
	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		int dir_fd = fd;

		fd = open_directory(dir_fd, path, refuge, err);
		close(dir_fd);
		if (fd < 0)
			return -1;
	}
	if (fd < 0 || fstat(fd, &status) < 0) {
		err_errno(err, errno, "timeline: %s", path);
	} else if (!S_ISREG(status.st_mode)) {
		err_set(err, "timeline: %s: not a regular file", path);
	} else {
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

int timeline_open_file(const char *path, struct err *err)
{
	struct timeline_refuge refuge;
	int fd = timeline_open_all(path, &refuge, err);

	free(refuge.path);
	return fd;
}

bool timeline_goes_on(const char *directory)
{
	int dir_fd = file_open_directory(AT_FDCWD, directory, false, NULL);
	char *refuge = refuge_find(directory);
	bool goes_on = refuge || (dir_fd >= 0 && segment_count(dir_fd) > 1);

	if (dir_fd >= 0)
		close(dir_fd);
	free(refuge);
	return goes_on;
}

#define BLOB_MOST_BYTES ((size_t)64 << 20)

static bool read_blob_in(
	const char *directory, const char *sha256, struct buf *bytes, struct err *err)
{
	struct buf path = {0};
	size_t before = bytes->length;
	char hex[65] = "";

	buf_printf(&path, "%s/" INCIDENT_EVIDENCE "/%s", directory, sha256);

	bool is_read = file_read(AT_FDCWD, buf_str(&path), BLOB_MOST_BYTES, bytes, err);

	if (is_read)
		sha256_hex(bytes->data + before, bytes->length - before, hex);
	if (is_read && strcmp(hex, sha256) != 0)
		is_read = err_set(err, "%s: was altered", buf_str(&path));
	if (!is_read)
		bytes->length = before;
	buf_fini(&path);
	return is_read;
}

bool timeline_read_blob(
	const char *directory, const char *sha256, struct buf *bytes, struct err *err)
{
	char *refuge;
	bool is_read = read_blob_in(directory, sha256, bytes, err);

	if (is_read)
		return true;
	refuge = refuge_find(directory);
	is_read = refuge && read_blob_in(refuge, sha256, bytes, NULL);
	free(refuge);
	return is_read;
}

// --- looking on ------------------------------------------------------------------------------------------------------

bool timeline_follow(struct timeline_follower *follower, const char *directory, struct err *err)
{
	*follower = (struct timeline_follower){.dir_fd = -1, .fd = -1, .segment = 1};
	chain_init(&follower->chain);
	follower->dir_fd = file_open_directory(AT_FDCWD, directory, false, err);
	if (follower->dir_fd < 0)
		return err_prefix(err, "timeline");
	follower->fd = open_first(follower->dir_fd, directory, err);
	if (follower->fd >= 0)
		return true;
	timeline_unfollow(follower);
	return false;
}

bool timeline_follow_from(struct timeline_follower *follower, const char *directory,
	const struct chain *chain, struct err *err)
{
	char name[32];

	*follower = (struct timeline_follower){.dir_fd = -1, .fd = -1, .chain = *chain};
	follower->dir_fd = file_open_directory(AT_FDCWD, directory, false, err);
	if (follower->dir_fd < 0)
		return err_prefix(err, "timeline");
	follower->segment = segment_count(follower->dir_fd);
	segment_name(follower->segment, name);
	follower->fd = openat(follower->dir_fd, name, READ_FLAGS);
	if (follower->fd >= 0 && segment_seek(follower->fd, chain))
		return true;
	timeline_unfollow(follower);
	return err_set(
		err, "timeline: %s/%s: does not go on from what is before it", directory, name);
}

static bool take_more(struct timeline_follower *follower, timeline_each *each_line, void *context,
	struct err *err)
{
	char name[32];
	size_t torn_bytes = 0;

	segment_name(follower->segment, name);
	if (!timeline_scan(
		    follower->fd, name, each_line, context, &follower->chain, &torn_bytes, err))
		return false;
	return lseek(follower->fd, -(off_t)torn_bytes, SEEK_CUR) >= 0 ||
	       err_errno(err, errno, "timeline: %s", name);
}

// A segment whose name could not be synced is replaced by one that has all of its lines, and more.
static bool is_replaced(const struct timeline_follower *follower)
{
	struct stat ours, there;
	char name[32];

	segment_name(follower->segment, name);
	return fstat(follower->fd, &ours) == 0 &&
	       fstatat(follower->dir_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (ours.st_ino != there.st_ino || ours.st_dev != there.st_dev);
}

bool timeline_follow_on(struct timeline_follower *follower, timeline_each *each_line, void *context,
	struct err *err)
{
	for (;;) {
		if (!take_more(follower, each_line, context, err))
			return false;

		int from = follower->segment - is_replaced(follower);
		int next = segment_continue(follower->dir_fd, from, &follower->chain);

		if (next < 0)
			return true;
		close(follower->fd);
		follower->fd = next;
		follower->segment = from + 1;
	}
}

void timeline_unfollow(struct timeline_follower *follower)
{
	if (follower->dir_fd > 0)
		close(follower->dir_fd);
	if (follower->fd > 0)
		close(follower->fd);
	follower->dir_fd = follower->fd = -1;
}

bool timeline_read(const char *path, timeline_each *each_line, void *context, struct chain *chain,
	size_t *torn_bytes, struct err *err)
{
	int fd = timeline_open_file(path, err);
	size_t torn;

	chain_init(chain);
	if (fd < 0)
		return false;

	bool is_read = timeline_scan(fd, path, each_line, context, chain, &torn, err);

	if (is_read && torn_bytes)
		*torn_bytes = torn;
	close(fd);
	return is_read;
}
