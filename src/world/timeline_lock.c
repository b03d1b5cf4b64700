// SPDX-License-Identifier: Apache-2.0
//
// Who writes. The lock is on a file of its own, which only the owner can open: whoever can read a
// file can also lock it, and a shared record is read by others. The record's file is locked too,
// for those: it tells them that somebody writes, and decides nothing.
#include "timeline_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/incident_files.h"

#define TRIES  400 // a look takes no time, but a busy machine may leave it standing in the middle
#define TRY_MS 5

// Whoever only looks shares the lock for a moment, and is waited for; a writer has it for itself,
// and is not.
static bool has_writer(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	flock(fd, LOCK_UN);
	return false;
}

static bool lock_exclusively(int fd)
{
	for (int i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (has_writer(fd))
			break;
		nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000L}, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

int writer_lock(int dir_fd)
{
	const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dir_fd, TIMELINE_LOCK_NAME, flags, 0600);

	// One that was copied may have been open to others.
	if (fd >= 0 && fchmod(fd, 0600) == 0 && lock_exclusively(fd))
		return fd;
	if (fd >= 0) {
		int errnum = errno;

		close(fd);
		errno = errnum;
	}
	return -1;
}

bool writer_tell(int fd)
{
	return lock_exclusively(fd);
}

bool writer_is_there(int dir_fd)
{
	// Whoever may not open the one looks at the other.
	bool is_owner = faccessat(dir_fd, TIMELINE_LOCK_NAME, R_OK, AT_EACCESS) == 0;

	return file_is_locked(dir_fd, is_owner ? TIMELINE_LOCK_NAME : TIMELINE_NAME);
}
