// SPDX-License-Identifier: Apache-2.0
#include "timeline_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/event.h"
#include "relight/file.h"
#include "relight/incident_files.h"

// A record that goes on in a further file is one chain all the same: the first line of that file
// names the last one that counts in the file before it. What the earlier file has behind that line
// is what the disk failed to take, and stands in the later one again.

#define SEGMENT_MOST_BYTES ((size_t)1 << 30)

void segment_name(int number, char name[32])
{
	if (number <= 1)
		snprintf(name, 32, "%s", TIMELINE_NAME);
	else
		snprintf(name, 32, "timeline-%d.jsonl", number);
}

static bool is_there(int dir_fd, int number)
{
	struct stat status;
	char name[32];

	segment_name(number, name);
	return fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

int segment_count(int dir_fd)
{
	int count = 0;

	while (count < SEGMENTS_MOST && is_there(dir_fd, count + 1))
		count++;
	return count;
}

// Where the line with that number begins; `bytes->length` when it is not there.
static size_t find_seq(const struct buf *bytes, int64_t seq)
{
	char head[64];
	int length = snprintf(head, sizeof head, "{\"v\":1,\"seq\":%lld,", (long long)seq);
	const char *at = bytes->data, *end = bytes->data + bytes->length;

	while (at < end) {
		const char *found = memmem(at, (size_t)(end - at), head, (size_t)length);

		if (!found)
			break;
		if (found == bytes->data || found[-1] == '\n')
			return (size_t)(found - bytes->data);
		at = found + 1;
	}
	return bytes->length;
}

// Of the first whole line; -1 when there is none that says so.
static int64_t first_seq(const struct buf *bytes)
{
	long long seq;

	if (!bytes->length || !memchr(bytes->data, '\n', bytes->length) ||
		sscanf(bytes->data, "{\"v\":1,\"seq\":%lld,", &seq) != 1)
		return -1;
	return seq;
}

static bool read_segment(
	int dir_fd, int number, const char *name, struct buf *bytes, struct err *err)
{
	char file[32];

	segment_name(number, file);
	return file_read(dir_fd, file, SEGMENT_MOST_BYTES, bytes, err) ||
	       err_prefix(err, "timeline: %s", name);
}

static bool read_whole(int fd, struct buf *bytes)
{
	return lseek(fd, 0, SEEK_SET) == 0 &&
	       file_read_fd(fd, "timeline", SEGMENT_MOST_BYTES, bytes, NULL);
}

static size_t whole_lines(const struct buf *bytes, size_t length)
{
	while (length && bytes->data[length - 1] != '\n')
		length--;
	return length;
}

// Whether the line at `at` says that it comes after the one with that digest.
static bool follows(const struct buf *bytes, size_t at, const char *head)
{
	const char *end = memchr(bytes->data + at, '\n', bytes->length - at);
	const size_t prev = EVENT_TAIL_BYTES + 1 + EVENT_DIGEST_CHARS;

	return end && (size_t)(end - bytes->data) - at > prev &&
	       memcmp(end - prev, head, EVENT_DIGEST_CHARS) == 0;
}

bool segment_seek(int fd, const struct chain *chain)
{
	struct buf bytes = {0};
	bool is_good = read_whole(fd, &bytes);
	int64_t first = first_seq(&bytes);
	size_t at = is_good ? find_seq(&bytes, chain->next_seq) : 0;

	is_good = is_good && first >= 0 && first <= chain->next_seq;
	// All of it may be known already.
	if (is_good && at == bytes.length)
		at = whole_lines(&bytes, at);
	else if (is_good)
		is_good = follows(&bytes, at, chain->head);
	buf_fini(&bytes);
	return is_good && lseek(fd, (off_t)at, SEEK_SET) >= 0;
}

off_t segment_end(int fd, int64_t seq)
{
	struct buf bytes = {0};
	off_t end = 0;

	if (seq >= 0 && read_whole(fd, &bytes))
		end = (off_t)whole_lines(&bytes, find_seq(&bytes, seq + 1));
	buf_fini(&bytes);
	return end;
}

int segment_continue(int dir_fd, int number, const struct chain *chain)
{
	char name[32];
	int fd;

	if (!is_there(dir_fd, number + 1))
		return -1;
	segment_name(number + 1, name);
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && segment_seek(fd, chain))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int segments_join(int dir_fd, const char *name, struct err *err)
{
	struct buf bytes = {0}, next = {0};
	int count = segment_count(dir_fd);
	int fd = memfd_create("timeline", MFD_CLOEXEC);
	bool is_good = fd >= 0 || err_errno(err, errno, "timeline: %s", name);

	is_good = is_good && read_segment(dir_fd, 1, name, &bytes, err);
	for (int number = 1; is_good && number <= count; number++) {
		buf_clear(&next);
		is_good = number == count || read_segment(dir_fd, number + 1, name, &next, err);

		int64_t from = first_seq(&next);
		size_t length = from < 0 ? bytes.length : find_seq(&bytes, from);

		length = from < 0 ? length : whole_lines(&bytes, length);
		if (is_good && !file_write(fd, bytes.data, length, NULL))
			is_good = err_errno(err, errno, "timeline: %s", name);

		struct buf read = bytes;

		bytes = next;
		next = read;
	}
	buf_fini(&bytes);
	buf_fini(&next);
	if (is_good && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}
