// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* LD_PRELOAD: keeps in $LOSSY_KEEP what a power cut would leave, as strictly as POSIX allows. Of a
 * file that is what it held when it was synced last; of a directory the names that it had when it
 * was synced last, whatever was done to its files. With $LOSSY_BOOT set, the machine has that boot
 * id: it was restarted since.
 *
 * $LOSSY_KEEP/file/INODE-BIRTH is a file's content, $LOSSY_KEEP/names/INODE-BIRTH lines of
 * "INODE-BIRTH NAME". rebuild.sh makes a directory of that. */

static const char *keep(void)
{
	return getenv("LOSSY_KEEP");
}

static void key_of(const struct statx *is, char key[64])
{
	snprintf(key, 64, "%llu-%lld.%09u", (unsigned long long)is->stx_ino,
		(long long)is->stx_btime.tv_sec, is->stx_btime.tv_nsec);
}

static bool look(int fd, const char *name, struct statx *is)
{
	return statx(fd, name, AT_SYMLINK_NOFOLLOW | (name[0] ? 0 : AT_EMPTY_PATH),
		       STATX_BASIC_STATS | STATX_BTIME, is) == 0;
}

static FILE *kept(const char *kind, const struct statx *is, char path[512])
{
	char key[64];

	key_of(is, key);
	snprintf(path, 512, "%s/%s/%s.%d", keep(), kind, key, (int)gettid());
	return fopen(path, "w");
}

/* Whole or not at all: the process may be killed meanwhile. */
static void publish(FILE *file, char path[512])
{
	char final[512];

	fclose(file);
	snprintf(final, sizeof final, "%s", path);
	*strrchr(final, '.') = '\0';
	rename(path, final);
}

static void keep_file(int fd, const struct statx *is)
{
	char path[512], self[64], bytes[65536];
	FILE *file = kept("file", is, path);
	ssize_t n;
	off_t at = 0;
	int from;

	if (!file)
		return;
	/* It may be open for writing only. */
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	from = (int)syscall(SYS_openat, AT_FDCWD, self, O_RDONLY | O_CLOEXEC);
	while (from >= 0 && (n = pread(from, bytes, sizeof bytes, at)) > 0) {
		fwrite(bytes, 1, (size_t)n, file);
		at += n;
	}
	if (from >= 0)
		close(from);
	publish(file, path);
}

static void keep_names(int fd, const struct statx *is)
{
	char path[512], key[64];
	FILE *file = kept("names", is, path);
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = again >= 0 ? fdopendir(again) : NULL;
	struct statx of;

	for (struct dirent *entry; file && directory && (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			!look(fd, entry->d_name, &of))
			continue;
		key_of(&of, key);
		fprintf(file, "%s %s\n", key, entry->d_name);
	}
	if (directory)
		closedir(directory);
	if (file)
		publish(file, path);
}

/* Before the caller hears of it: what is acknowledged must have been kept. */
static int synced(int fd, long number)
{
	int result = (int)syscall(number, fd);
	struct statx is;

	if (result == 0 && keep() && look(fd, "", &is)) {
		if (S_ISREG(is.stx_mode))
			keep_file(fd, &is);
		else if (S_ISDIR(is.stx_mode))
			keep_names(fd, &is);
	}
	return result;
}

int fsync(int fd)
{
	return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return synced(fd, SYS_fdatasync);
}

static int opened(int dir_fd, const char *path, int flags, mode_t mode)
{
	const char *boot = getenv("LOSSY_BOOT");

	if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
		path = boot;
	return (int)syscall(SYS_openat, dir_fd, path, flags, mode);
}

int openat(int dir_fd, const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = va_arg(rest, mode_t);
	va_end(rest);
	return opened(dir_fd, path, flags, mode);
}

int openat64(int dir_fd, const char *path, int flags, ...) __attribute__((alias("openat")));
int __openat_2(int dir_fd, const char *path, int flags);
int __openat_2(int dir_fd, const char *path, int flags)
{
	return opened(dir_fd, path, flags, 0);
}
