// SPDX-License-Identifier: Apache-2.0
#include "relight/timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/event.h"
#include "relight/memory.h"

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
int timeline_open_file(const char *path, struct err *err)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(path, flags);
	struct stat status;

	if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		int dir_fd = fd;

		fd = openat(dir_fd, "timeline.jsonl", flags);
		if (fd < 0 && errno == ENOENT) {
			err_set(err, "timeline: %s: no timeline.jsonl in it", path);
			close(dir_fd);
			return -1;
		}
		close(dir_fd);
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
