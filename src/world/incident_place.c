// SPDX-License-Identifier: Apache-2.0
#include "incident_place.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/incident.h"
#include "relight/incident_files.h"
#include "relight/memory.h"

static const char *kind_word(mode_t mode)
{
	return S_ISLNK(mode)    ? "a symbolic link"
	       : S_ISFIFO(mode) ? "a FIFO"
	       : S_ISSOCK(mode) ? "a socket"
	       : S_ISDIR(mode)  ? "a directory"
	       : S_ISREG(mode)  ? "a file"
				: "a device";
}

// --- above it --------------------------------------------------------------------------------------------------------

// The nearest directory above `path` that is there, without symbolic links; freed by the caller.
static char *existing_above(const char *path)
{
	char *above = memory_copy_text(path), *real = NULL;
	while (!real) {
		size_t length = strlen(above);
		while (length > 1 && above[length - 1] == '/')
			above[--length] = '\0';
		char *slash = strrchr(above, '/');
		if (!slash) {
			free(above);
			return realpath(".", NULL);
		}
		slash[slash == above] = '\0';
		real = realpath(above, NULL);
		if (slash == above)
			break;
	}
	free(above);
	return real;
}

static bool passes(const struct stat *is, gid_t group)
{
	return is->st_mode & (is->st_gid == group ? S_IXGRP : S_IXOTH);
}

static bool check_above(const char *above, gid_t group, struct err *err)
{
	struct stat is;
	if (stat(above, &is) < 0)
		return err_errno(err, errno, "incident directory: %s", above);
	if ((is.st_mode & S_IWOTH) && !(is.st_mode & S_ISVTX))
		return err_set(err,
			"incident directory: %s: everybody may put something else in the place of "
			"what is below it; chmod o-w it or name another with --dir",
			above);
	if (group != INCIDENT_PRIVATE && !passes(&is, group))
		return err_set(err,
			"incident directory: %s: mode %03o: the group cannot pass there; name "
			"another place with --dir, or let it pass: chmod g+x or o+x",
			above, (unsigned)is.st_mode & 0777);
	return true;
}

bool incident_place_above(const char *path, gid_t group, struct err *err)
{
	char *above = existing_above(path);
	if (!above)
		return err_errno(err, errno, "incident directory: %s", path);
	bool is_good = check_above("/", group, err);
	for (char *slash = above; is_good && slash[1] != '\0';) {
		char *next = strchr(slash + 1, '/');
		if (next)
			*next = '\0';
		is_good = check_above(above, group, err);
		if (!next)
			break;
		*next = '/';
		slash = next;
	}
	free(above);
	return is_good;
}

// --- itself ----------------------------------------------------------------------------------------------------------

bool incident_place_is_ours(int dir_fd, const char *path, struct err *err)
{
	struct stat is;
	if (fstat(dir_fd, &is) < 0)
		return err_errno(err, errno, "incident directory: %s", path);
	struct passwd *owner = is.st_uid != geteuid() ? getpwuid(is.st_uid) : NULL;
	if (is.st_uid != geteuid())
		return err_set(err,
			"incident directory: %s: belongs to %s (uid %u): only the owner performs; "
			"'relight watch' looks on",
			path, owner ? owner->pw_name : "another user", (unsigned)is.st_uid);
	if (is.st_mode & S_IWOTH)
		return err_set(err,
			"incident directory: %s: everybody may write there; chmod 700 it or name "
			"another with --dir",
			path);
	return true;
}

bool incident_place_refuse(const char *path, int errnum, struct err *err)
{
	struct stat is;
	if (lstat(path, &is) == 0 && !S_ISDIR(is.st_mode))
		return err_set(err, "incident directory: %s: is %s, not a directory%s", path,
			kind_word(is.st_mode),
			S_ISLNK(is.st_mode) ? "; name the directory that it leads to" : "");
	return err_errno(err, errnum, "incident directory: %s", path);
}

bool incident_place_is_clean(int dir_fd, const char *path, struct err *err)
{
	static const struct {
		const char *name;
		bool is_directory;
	} parts[] = {
		{TIMELINE_NAME, false},
		{TIMELINE_LOCK_NAME, false},
		{INCIDENT_MIRROR, false},
		{INCIDENT_FROZEN, true},
		{INCIDENT_ATTEMPTS, true},
		{INCIDENT_EVIDENCE, true},
	};
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		struct stat is;
		if (fstatat(dir_fd, parts[i].name, &is, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		bool is_right = parts[i].is_directory ? S_ISDIR(is.st_mode) : S_ISREG(is.st_mode);
		if (!is_right)
			return err_set(err,
				"incident directory: %s/%s: is %s, not a %s; remove it or name "
				"another directory",
				path, parts[i].name, kind_word(is.st_mode),
				parts[i].is_directory ? "directory" : "regular file");
		if (is.st_uid != geteuid())
			return err_set(err,
				"incident directory: %s/%s: belongs to another user (uid %u)", path,
				parts[i].name, (unsigned)is.st_uid);
	}
	return true;
}
