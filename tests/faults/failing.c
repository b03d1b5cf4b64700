// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mark.h"

/* LD_PRELOAD: a disk that fails to sync what is below $FAIL_BELOW: the $FAIL_SYNC-th fdatasync, and
 * with $FAIL_ON every sync from then on. From the failure on, which is a mark for killpoint, files
 * of a record take a few hundred bytes a write, so that a kill finds them half written. */

#define SHORT_BYTES 300

static atomic_int syncs;
static atomic_bool has_failed;

static bool path_of(int fd, char path[512])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, path, 511);
	path[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static bool is_below(int fd)
{
	const char *below = getenv("FAIL_BELOW");
	char path[512];

	return below && path_of(fd, path) && strncmp(path, below, strlen(below)) == 0;
}

static bool fails(int fd, bool is_counted)
{
	const char *which = getenv("FAIL_SYNC");
	bool is_first;

	if (!which || (!is_counted && !has_failed) || !is_below(fd))
		return false;
	is_first = is_counted && ++syncs == atoi(which);
	if (is_first) {
		has_failed = true;
		prctl(KILLPOINT_MARK);
	}
	return is_first || (has_failed && getenv("FAIL_ON"));
}

static int sync_or_fail(int fd, long number)
{
	if (fails(fd, number == SYS_fdatasync)) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(number, fd);
}

int fsync(int fd)
{
	return sync_or_fail(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_or_fail(fd, SYS_fdatasync);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	char path[512];

	if (has_failed && length > SHORT_BYTES && path_of(fd, path) && strstr(path, "/timeline"))
		length = SHORT_BYTES;
	return syscall(SYS_write, fd, bytes, length);
}
