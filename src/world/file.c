// SPDX-License-Identifier: Apache-2.0
#include "relight/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_write(int fd, const void *bytes, size_t length, size_t *written)
{
	const char *at = bytes;
	size_t left = length;

	while (left) {
		ssize_t n = write(fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0) // not of a regular file, but it must not loop
				errno = EIO;
			break;
		}
		at += n;
		left -= (size_t)n;
	}
	if (written)
		*written = length - left;
	return !left;
}

bool file_share(int dir_fd, int fd)
{
	struct stat directory, is;

	if (dir_fd == AT_FDCWD || fstat(dir_fd, &directory) < 0 ||
		(directory.st_mode & 07777) != 0750)
		return true;
	if (fstat(fd, &is) < 0 ||
		(is.st_gid != directory.st_gid && fchown(fd, (uid_t)-1, directory.st_gid) < 0))
		return false;
	return fchmod(fd, S_ISDIR(is.st_mode) ? 0750 : 0640) == 0;
}

static int create_private(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

int file_create(int dir_fd, const char *name)
{
	int fd = create_private(dir_fd, name);

	if (fd >= 0 && !file_share(dir_fd, fd)) {
		int errnum = errno;

		close(fd);
		unlinkat(dir_fd, name, 0);
		errno = errnum;
		return -1;
	}
	return fd;
}

static bool rename_over(int dir_fd, const char *name, const char *beside, int fd, bool is_durable)
{
	if (is_durable && fsync(fd) < 0)
		return false;
	if (renameat(dir_fd, beside, dir_fd, name) < 0)
		return false;
	return !is_durable || fsync(dir_fd) == 0;
}

static bool name_beside(const char *name, char beside[256], struct err *err)
{
	return (size_t)snprintf(beside, 256, "%s.new", name) < 256 ||
	       err_errno(err, ENAMETOOLONG, "%s", name);
}

static int draft(int dir_fd, const char *name, int (*create)(int, const char *), struct err *err)
{
	char beside[256];

	if (!name_beside(name, beside, err))
		return -1;

	int fd = create(dir_fd, beside);

	if (fd < 0 && errno == EEXIST) { // what a killed process left there
		unlinkat(dir_fd, beside, 0);
		fd = create(dir_fd, beside);
	}
	if (fd < 0)
		err_errno(err, errno, "%s", beside);
	return fd;
}

int file_draft(int dir_fd, const char *name, struct err *err)
{
	return draft(dir_fd, name, file_create, err);
}

static bool put(int dir_fd, const char *name, int fd, const void *bytes, size_t length,
	bool is_durable, struct err *err)
{
	char beside[256];

	if (!name_beside(name, beside, err))
		return false;
	if (file_write(fd, bytes, length, NULL) &&
		rename_over(dir_fd, name, beside, fd, is_durable))
		return true;
	err_errno(err, errno, "%s", name);
	unlinkat(dir_fd, beside, 0);
	return false;
}

bool file_put(
	int dir_fd, const char *name, int fd, const void *bytes, size_t length, struct err *err)
{
	return put(dir_fd, name, fd, bytes, length, true, err);
}

bool file_publish(int dir_fd, const char *name, int fd, const void *bytes, size_t length,
	bool is_durable, struct err *err)
{
	bool is_saved = put(dir_fd, name, fd, bytes, length, is_durable, err);

	close(fd);
	return is_saved;
}

void file_forget_draft(int dir_fd, const char *name)
{
	char beside[256];

	if (name_beside(name, beside, NULL))
		unlinkat(dir_fd, beside, 0);
}

bool file_save(int dir_fd, const char *name, const void *bytes, size_t length, bool is_durable,
	struct err *err)
{
	int fd = file_draft(dir_fd, name, err);

	return fd >= 0 && file_publish(dir_fd, name, fd, bytes, length, is_durable, err);
}

bool file_save_private(
	int dir_fd, const char *name, const void *bytes, size_t length, struct err *err)
{
	int fd = draft(dir_fd, name, create_private, err);

	return fd >= 0 && file_publish(dir_fd, name, fd, bytes, length, true, err);
}

bool file_read_fd(int fd, const char *name, size_t most_bytes, struct buf *out, struct err *err)
{
	size_t start = out->length;

	for (;;) {
		buf_reserve(out, 16384);

		ssize_t n = read(fd, out->data + out->length, 16384);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "%s", name);
		out->length += (size_t)n;
		out->data[out->length] = '\0';
		if (out->length - start > most_bytes)
			return err_set(err, "%s: larger than %zu bytes", name, most_bytes);
		if (!n)
			return true;
	}
}

static bool read_regular(int dir_fd, const char *name, bool is_private, size_t most_bytes,
	struct buf *out, struct err *err)
{
	// Non-blocking: opening a FIFO would wait for its writer.
	int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat status;
	bool is_read;

	if (fd < 0)
		return err_errno(err, errno, "%s", name);
	if (fstat(fd, &status) < 0)
		is_read = err_errno(err, errno, "%s", name);
	else if (!S_ISREG(status.st_mode))
		is_read = err_set(err, "%s: not a regular file", name);
	else if (is_private && (status.st_mode & (S_IRWXG | S_IRWXO)))
		is_read = err_set(err, "%s: others may read it (mode %03o): chmod 600 it", name,
			(unsigned)status.st_mode & 0777);
	else
		is_read = file_read_fd(fd, name, most_bytes, out, err);
	close(fd);
	return is_read;
}

bool file_read(int dir_fd, const char *name, size_t most_bytes, struct buf *out, struct err *err)
{
	return read_regular(dir_fd, name, false, most_bytes, out, err);
}

bool file_read_private(
	int dir_fd, const char *name, size_t most_bytes, struct buf *out, struct err *err)
{
	return read_regular(dir_fd, name, true, most_bytes, out, err);
}

int file_open_directory(int dir_fd, const char *name, bool make, struct err *err)
{
	if (make && mkdirat(dir_fd, name, 0700) < 0 && errno != EEXIST) {
		err_errno(err, errno, "%s", name);
		return -1;
	}

	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (make ? O_NOFOLLOW : 0));

	if (fd >= 0 && make && !file_share(dir_fd, fd)) {
		int errnum = errno;

		close(fd);
		errno = errnum;
		fd = -1;
	}
	if (fd < 0)
		err_errno(err, errno, "%s", name);
	return fd;
}

bool file_is_locked(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;

	bool is_locked = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	close(fd);
	return is_locked;
}

char *file_expand_home(const char *path)
{
	const char *home = getenv("HOME");
	struct buf full = {0};

	if (strncmp(path, "~/", 2) == 0 && home)
		buf_printf(&full, "%s%s", home, path + 1);
	else
		buf_text(&full, path);
	return buf_take(&full);
}
