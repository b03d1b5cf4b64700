// SPDX-License-Identifier: Apache-2.0
#include "timeline_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/incident.h"
#include "relight/incident_files.h"
#include "relight/memory.h"

#define PIECE_MOST_BYTES ((size_t)64 << 20)

// --- a refuge --------------------------------------------------------------------------------------------------------

// Its name follows from the incident's path, so that whoever resumes the incident finds it. NULL:
// there is no such directory.
static char *refuge_below(const char *runtime, const char *directory)
{
	char *absolute = realpath(directory, NULL), hex[65];
	struct buf path = {0};

	if (absolute) {
		sha256_hex(absolute, strlen(absolute), hex);
		buf_printf(&path, "%s/relight/%.16s", runtime, hex);
	}
	free(absolute);
	return path.length ? buf_take(&path) : NULL;
}

char *refuge_path(const char *directory)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	return runtime && runtime[0] == '/' ? refuge_below(runtime, directory) : NULL;
}

bool refuge_has_lines(const char *path)
{
	int dir_fd = path ? file_open_directory(AT_FDCWD, path, false, NULL) : -1;
	struct stat first;
	bool has = dir_fd >= 0 &&
		   fstatat(dir_fd, TIMELINE_NAME, &first, AT_SYMLINK_NOFOLLOW) == 0 &&
		   S_ISREG(first.st_mode) && first.st_size > 0;

	if (dir_fd >= 0)
		close(dir_fd);
	return has;
}

// pam_systemd(8): the runtime directory of whoever the incident belongs to.
char *refuge_find(const char *directory)
{
	char *path = refuge_path(directory), runtime[64];
	struct stat status;

	if (!refuge_has_lines(path) && stat(directory, &status) == 0) {
		snprintf(runtime, sizeof runtime, "/run/user/%lu", (unsigned long)status.st_uid);
		free(path);
		path = refuge_below(runtime, directory);
	}
	if (refuge_has_lines(path))
		return path;
	free(path);
	return NULL;
}

// Nobody else may be able to write there.
static int open_private(int above_fd, const char *name, struct err *err)
{
	int fd = file_open_directory(above_fd, name, true, err);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid() && !(status.st_mode & 022))
		return fd;
	close(fd);
	err_set(err, "%s: others may write there", name);
	return -1;
}

static int lock_segment(int dir_fd, const char *name, int flags, struct err *err)
{
	int fd = openat(dir_fd, name,
		O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err_errno(err, errno, "%s", name);
	if (fd >= 0)
		close(fd);
	return -1;
}

bool refuge_begin(struct copy *copy, void *context, struct err *err)
{
	char *above = memory_copy_text(context), *slash = strrchr(above, '/');
	struct copy_files files = copy_no_files;

	*slash = '\0';

	int above_fd = open_private(AT_FDCWD, above, err);

	if (above_fd >= 0) {
		files.dir_fd = open_private(above_fd, slash + 1, err);
		close(above_fd);
	}
	free(above);
	// Its file is made with its first lines in it.
	files.segment = 0;
	files.is_ended = true;
	if (files.dir_fd >= 0 && segment_count(files.dir_fd) == 0) {
		copy_opened(copy, &files);
		return true;
	}
	if (files.dir_fd >= 0) {
		err_set(err, "has another record, which nobody has brought home");
		close(files.dir_fd);
	}
	return err_prefix(err, "timeline: %s", (const char *)context);
}

bool refuge_reopen(const char *path, struct copy_files *files, int *joined_fd, struct err *err)
{
	char name[32];

	*files = copy_no_files;
	*joined_fd = -1;
	files->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (files->dir_fd < 0)
		return false;
	files->segment = segment_count(files->dir_fd);
	segment_forget_drafts(files->dir_fd, files->segment);
	segment_name(files->segment, name);
	if (files->segment >= 1)
		*joined_fd = segments_join(files->dir_fd, path, NULL, err);
	if (*joined_fd >= 0)
		files->fd = lock_segment(files->dir_fd, name, 0, err);
	if (files->fd >= 0)
		return true;
	if (*joined_fd >= 0)
		close(*joined_fd);
	close(files->dir_fd);
	return false;
}

static DIR *list(int dir_fd, const char *name)
{
	int fd = dir_fd >= 0 ? file_open_directory(dir_fd, name, false, NULL) : -1;
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && !directory)
		close(fd);
	return directory;
}

void refuge_each_blob(const char *path,
	void (*give)(void *context, const char *sha256, const struct buf *bytes), void *context)
{
	int dir_fd = file_open_directory(AT_FDCWD, path, false, NULL);
	DIR *evidence = list(dir_fd, INCIDENT_EVIDENCE);
	struct buf bytes = {0};

	for (struct dirent *entry; evidence && (entry = readdir(evidence));) {
		buf_clear(&bytes);
		if (strlen(entry->d_name) == 64 &&
			file_read(dirfd(evidence), entry->d_name, PIECE_MOST_BYTES, &bytes, NULL))
			give(context, entry->d_name, &bytes);
	}
	buf_fini(&bytes);
	if (evidence)
		closedir(evidence);
	if (dir_fd >= 0)
		close(dir_fd);
}

void refuge_remove(const char *path)
{
	int dir_fd = file_open_directory(AT_FDCWD, path, false, NULL);
	DIR *evidence = list(dir_fd, INCIDENT_EVIDENCE);
	char name[32];

	if (dir_fd < 0)
		return;

	int count = segment_count(dir_fd);

	segment_forget_drafts(dir_fd, count);
	for (; count > 0; count--) {
		segment_name(count, name);
		unlinkat(dir_fd, name, 0);
	}
	for (struct dirent *entry; evidence && (entry = readdir(evidence));)
		unlinkat(dirfd(evidence), entry->d_name, 0);
	if (evidence)
		closedir(evidence);
	unlinkat(dir_fd, INCIDENT_EVIDENCE, AT_REMOVEDIR);
	close(dir_fd);
	rmdir(path);
}

// --- a mirror --------------------------------------------------------------------------------------------------------

// What a folder of the incident has and the mirror has not, but for what is nobody's but the
// owner's. (What evidence is called is a digest.)
static bool copy_folder(int from_fd, int to_fd, const char *name, struct err *err)
{
	DIR *from = list(from_fd, name);
	int into_fd = from ? file_open_directory(to_fd, name, true, err) : -1;
	bool is_copied = !from || into_fd >= 0;

	for (struct dirent *entry; is_copied && from && (entry = readdir(from));) {
		struct buf bytes = {0};
		const char *file = entry->d_name;

		if (file[0] == '.' || strncmp(file, FROZEN_SECRET, strlen(FROZEN_SECRET)) == 0 ||
			faccessat(into_fd, file, F_OK, 0) == 0)
			continue;
		is_copied = file_read(dirfd(from), file, PIECE_MOST_BYTES, &bytes, err) &&
			    file_save(into_fd, file, bytes.data, bytes.length, true, err);
		buf_fini(&bytes);
	}
	if (into_fd >= 0)
		close(into_fd);
	if (from)
		closedir(from);
	return is_copied || err_prefix(err, "%s", name);
}

// Whoever comes to it later, a person or `timeline verify`, can tell it from a damaged incident.
static bool say_what_it_is(int dir_fd, const char *directory, struct err *err)
{
	struct buf text = {0};
	bool is_said = faccessat(dir_fd, INCIDENT_MIRROR, F_OK, 0) == 0;

	buf_printf(&text,
		"A mirror of %s: its record, what was frozen but files that hold Secrets, and the "
		"evidence. Outputs of attempts stayed there.\n",
		directory);
	is_said = is_said || file_save(dir_fd, INCIDENT_MIRROR, text.data, text.length, true, err);
	buf_fini(&text);
	return is_said;
}

// Whether all of what the mirror has is the beginning of the record; *end is how much that is.
static bool is_beginning(const struct mirror *mirror, int has_fd, off_t *end, struct err *err)
{
	char ours[65536], theirs[65536];
	ssize_t has;

	for (*end = 0; (has = read(has_fd, theirs, sizeof theirs)) > 0; *end += has) {
		if (*end + has > mirror->bytes ||
			pread(mirror->joined_fd, ours, (size_t)has, *end) != has ||
			memcmp(ours, theirs, (size_t)has) != 0)
			return err_set(err, "has another record, or more of it, than the incident");
	}
	return has == 0 || err_errno(err, errno, "cannot be read");
}

// The mirror may lack the end of what was recorded; it must have nothing else.
static bool catch_up(const struct mirror *mirror, int has_fd, int fd, struct err *err)
{
	char ours[65536];
	off_t at;

	if (!is_beginning(mirror, has_fd, &at, err))
		return false;
	while (at < mirror->bytes) {
		ssize_t n = pread(mirror->joined_fd, ours, sizeof ours, at);

		if (n < 0)
			return err_errno(err, errno, "the record so far cannot be read");
		if (n == 0)
			return err_set(err, "the record so far has become shorter");
		n = n < mirror->bytes - at ? n : (ssize_t)(mirror->bytes - at);
		if (!file_write(fd, ours, (size_t)n, NULL))
			return err_errno(err, errno, "cannot be written");
		at += n;
	}
	return fdatasync(fd) == 0 || err_errno(err, errno, "cannot be synced");
}

static bool open_mirror(struct copy_files *files, const struct mirror *mirror, struct err *err)
{
	char name[32];

	files->dir_fd = file_open_directory(AT_FDCWD, mirror->path, false, err);
	if (files->dir_fd < 0)
		return false;
	files->lock_fd = writer_lock(files->dir_fd);
	if (files->lock_fd < 0 && errno == EWOULDBLOCK)
		return err_set(err, "another relight is writing it");
	if (files->lock_fd < 0)
		return err_errno(err, errno, "its lock");
	files->segment = segment_count(files->dir_fd);
	files->segment = files->segment ? files->segment : 1;
	segment_forget_drafts(files->dir_fd, files->segment);
	segment_name(files->segment, name);
	if (files->segment > 1)
		files->held_fd = lock_segment(files->dir_fd, TIMELINE_NAME, 0, err);
	if (files->segment == 1 || files->held_fd >= 0)
		files->fd = lock_segment(files->dir_fd, name, O_CREAT, err);

	int from_fd =
		files->fd >= 0 ? file_open_directory(AT_FDCWD, mirror->directory, false, err) : -1;
	int has_fd = from_fd >= 0 ? segments_join(files->dir_fd, mirror->path, NULL, err) : -1;
	bool is_good = has_fd >= 0 && file_share(files->dir_fd, files->fd) &&
		       say_what_it_is(files->dir_fd, mirror->directory, err) &&
		       copy_folder(from_fd, files->dir_fd, INCIDENT_FROZEN, err) &&
		       copy_folder(from_fd, files->dir_fd, INCIDENT_EVIDENCE, err) &&
		       catch_up(mirror, has_fd, files->fd, err);

	if (has_fd >= 0)
		close(has_fd);
	if (from_fd >= 0)
		close(from_fd);
	return is_good;
}

bool mirror_begin(struct copy *copy, void *context, struct err *err)
{
	const struct mirror *mirror = context;
	struct copy_files files = copy_no_files;
	struct stat status;
	char *above = memory_copy_text(mirror->path), *made = NULL, *slash = strrchr(above, '/');

	if (slash)
		slash[slash == above] = '\0'; // of "/it" the root
	// A name that was mistyped must not become a folder somewhere on the disk that fails.
	if (!slash)
		err_set(err, "not a path");
	else if (stat(above, &status) < 0)
		err_errno(err, errno, "%s", above);
	else
		made = incident_create(mirror->path, "", mirror->group, err);
	free(above);

	bool is_begun = made && open_mirror(&files, mirror, err);

	free(made);
	if (is_begun) {
		copy_opened(copy, &files);
		return true;
	}

	copy_close_files(&files);
	return err_prefix(err, "mirror: %s", mirror->path);
}

void mirror_free(struct mirror *mirror)
{
	if (!mirror)
		return;
	if (mirror->joined_fd >= 0)
		close(mirror->joined_fd);
	free(mirror->path);
	free(mirror->directory);
	free(mirror);
}
