// SPDX-License-Identifier: Apache-2.0
#include "timeline_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/chain.h"
#include "relight/event.h"
#include "relight/file.h"
#include "relight/incident_files.h"

// A record that goes on in a further file is one chain all the same: the first line of that file
// names the last one that counts in the file before it. What the earlier file has behind that line
// is what the disk failed to take, and stands in the later one again: whatever of it is whole is
// looked for there, as else a further file would do to take lines out of the record.

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

// "timeline-7.jsonl" to 7; 0: it is none.
static int number_of(const char *file)
{
	char name[32];
	int number = 0;

	if (sscanf(file, "timeline-%3d.jsonl", &number) != 1 || number < 2)
		return 0;
	segment_name(number, name);
	return strcmp(name, file) == 0 ? number : 0;
}

bool segments_are_all_there(int dir_fd, const char *name, struct err *err)
{
	int count = segment_count(dir_fd), copy_fd = openat(dir_fd, ".", O_RDONLY | O_CLOEXEC);
	DIR *directory = copy_fd < 0 ? NULL : fdopendir(copy_fd);
	const struct dirent *entry;
	char missing[32];
	int beyond = 0;

	if (!directory && copy_fd >= 0)
		close(copy_fd);
	if (!directory)
		return err_errno(err, errno, "timeline: %s", name);
	while ((entry = readdir(directory))) {
		int number = number_of(entry->d_name);

		if (number > count && (!beyond || number < beyond))
			beyond = number;
	}
	closedir(directory);
	if (!beyond)
		return true;
	segment_name(count + 1, missing);
	if (beyond == count + 1)
		return err_set(err,
			"timeline: %s/%s: not a regular file: what the record has from there on is "
			"not read; put the file itself there, or move this out of the directory",
			name, missing);
	return err_set(err,
		"timeline: %s/timeline-%d.jsonl: is there without %s: what the record has from "
		"there on is not read; put %s back, or move this out of the directory",
		name, beyond, missing, missing);
}

int segment_count(int dir_fd)
{
	int count = 0;

	while (count < SEGMENTS_MOST && is_there(dir_fd, count + 1))
		count++;
	return count;
}

// The newest one may have been about to be replaced.
void segment_forget_drafts(int dir_fd, int count)
{
	char name[32];

	for (int number = count; number <= count + 1; number++) {
		segment_name(number, name);
		file_forget_draft(dir_fd, name);
	}
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

// Whether the line is what was written, whatever became of those before it.
static bool is_as_written(const char *line, size_t length)
{
	char digest[65];

	if (length <= EVENT_TAIL_BYTES)
		return false;
	sha256_hex(line, length - EVENT_TAIL_BYTES, digest);
	return memcmp(line + length - 2 - EVENT_DIGEST_CHARS, digest, EVENT_DIGEST_CHARS) == 0;
}

// Behind the line in bytes[at..) that is the same as `line`, its LF included; 0: there is none.
static size_t behind_same(const struct buf *bytes, size_t at, const char *line, size_t length)
{
	while (at < bytes->length) {
		const char *found = memmem(bytes->data + at, bytes->length - at, line, length);

		if (!found)
			return 0;
		at = (size_t)(found - bytes->data) + length;
		if (found == bytes->data || found[-1] == '\n')
			return at;
	}
	return 0;
}

// Where the first whole line of bytes[at..length) begins that is as it was written and does not
// stand in `next` as well; `length`: none.
static size_t find_lost(const struct buf *bytes, size_t at, size_t length, const struct buf *next)
{
	size_t in_next = 0;

	while (at < length) {
		const char *line = bytes->data + at;
		const char *end = memchr(line, '\n', length - at);
		size_t bytes_long = (size_t)(end - line) + 1;

		if (is_as_written(line, bytes_long - 1)) {
			in_next = behind_same(next, in_next, line, bytes_long);
			if (!in_next)
				return at;
		}
		at += bytes_long;
	}
	return length;
}

static void name_lost(const char *name, int number, const struct buf *bytes, size_t at,
	int64_t from, struct err *lost)
{
	char file[32], later[32];
	long long line = 1;

	for (size_t i = 0; i < at; i++)
		line += bytes->data[i] == '\n';
	segment_name(number, file);
	segment_name(number + 1, later);
	err_set(lost,
		"timeline: %s/%s: line 1: begins with seq %lld, and line %lld of %s, which is "
		"whole, "
		"does not stand in it again: it does not continue this record",
		name, later, (long long)from, line, file);
}

// How much of a segment counts, given the one that follows it, which is empty for the last. Where
// the latter would hide a line, all of the former counts: the chain is broken then for whoever
// reads on, and `lost`, unless it has something, says what it is.
static size_t counted(const char *name, int number, const struct buf *bytes, const struct buf *next,
	struct err *lost)
{
	int64_t from = first_seq(next);

	if (from < 0)
		return bytes->length;

	size_t length = whole_lines(bytes, find_seq(bytes, from));
	size_t whole = whole_lines(bytes, bytes->length);
	size_t at = find_lost(bytes, length, whole, next);

	if (at == whole)
		return length;
	if (lost && !lost->message[0])
		name_lost(name, number, bytes, at, from, lost);
	return whole;
}

int segments_join(int dir_fd, const char *name, struct err *lost, struct err *err)
{
	struct buf bytes = {0}, next = {0};
	int count = segment_count(dir_fd);
	int fd = memfd_create("timeline", MFD_CLOEXEC);
	bool is_good = fd >= 0 || err_errno(err, errno, "timeline: %s", name);

	is_good = is_good && read_segment(dir_fd, 1, name, &bytes, err);
	for (int number = 1; is_good && number <= count; number++) {
		buf_clear(&next);
		is_good = number == count || read_segment(dir_fd, number + 1, name, &next, err);
		if (is_good && !file_write(fd, bytes.data,
				       counted(name, number, &bytes, &next, lost), NULL))
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

bool timeline_is_one(const char *directory, struct err *err)
{
	struct err lost = {0}, unread = {0};
	int dir_fd = file_open_directory(AT_FDCWD, directory, false, err);

	if (dir_fd < 0)
		return err_prefix(err, "timeline");

	bool is_one = segments_are_all_there(dir_fd, directory, err);
	int fd = is_one ? segments_join(dir_fd, directory, &lost, &unread) : -1;

	if (fd >= 0)
		close(fd);
	close(dir_fd);
	if (!is_one || fd < 0 || !lost.message[0])
		return is_one; // what cannot be read is said by whoever reads it
	*err = lost;
	return false;
}
