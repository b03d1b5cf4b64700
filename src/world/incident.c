// SPDX-License-Identifier: Apache-2.0
#include "relight/incident.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "incident_place.h"
#include "relight/buf.h"
#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/memory.h"

char *incident_id(struct wall opened, const char *runbook_name)
{
	char text[WALL_TEXT_BYTES];
	struct buf id = {0};
	wall_format(opened, text);
	for (const char *at = text; *at && *at != '.'; at++)
		if (*at != '-' && *at != ':')
			buf_byte(&id, *at);
	buf_printf(&id, "Z-%s", runbook_name);
	return buf_take(&id);
}

char *incident_home(struct err *err)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	struct buf path = {0};
	if (state && state[0] == '/')
		buf_text(&path, state);
	else if (home && home[0] == '/')
		buf_printf(&path, "%s/.local/state", home);
	else
		return err_set(err, "incident directory: neither XDG_STATE_HOME nor HOME is set; "
				    "name one with --dir"),
		       NULL;
	buf_text(&path, "/relight/incidents");
	return buf_take(&path);
}

// --- making one ---

// Every directory above `path`, as far as it is missing.
static bool make_parents(const char *path, gid_t group, struct err *err)
{
	char *above = memory_copy_text(path);
	bool is_made = true;
	for (char *slash = strchr(above + 1, '/'); slash && is_made;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool is_new = mkdir(above, 0700) == 0;
		if (!is_new && errno != EEXIST)
			is_made = err_errno(err, errno, "incident directory: %s", above);
		if (is_new && group != INCIDENT_PRIVATE)
			is_made =
				(chown(above, (uid_t)-1, group) == 0 && chmod(above, 0750) == 0) ||
				err_errno(err, errno, "incident directory: %s", above);
		*slash = '/';
	}
	free(above);
	return is_made;
}

// One that was there before may have been open to others.
static bool set_rights(int dir_fd, const char *path, gid_t group, struct err *err)
{
	bool is_set = group == INCIDENT_PRIVATE
			      ? fchmod(dir_fd, 0700) == 0
			      : fchown(dir_fd, (uid_t)-1, group) == 0 && fchmod(dir_fd, 0750) == 0;
	return is_set || err_errno(err, errno, "incident directory: %s", path);
}

static bool make_parts(int dir_fd, struct err *err)
{
	static const char *const below[] = {INCIDENT_ATTEMPTS, INCIDENT_EVIDENCE, INCIDENT_FROZEN};
	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		int made = file_open_directory(dir_fd, below[i], true, err);
		if (made < 0)
			return false;
		close(made);
	}
	return fsync(dir_fd) == 0 || err_errno(err, errno, "cannot be synced");
}

static bool make_directory(const char *path, bool may_exist, gid_t group, struct err *err)
{
	if (!incident_place_above(path, group, err) || !make_parents(path, group, err))
		return false;
	if (mkdir(path, 0700) == 0 || (errno == EEXIST && may_exist))
		return true;
	return err_errno(err, errno, "incident directory: %s", path);
}

static int open_place(const char *path, struct err *err)
{
	int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir_fd < 0)
		incident_place_refuse(path, errno, err);
	return dir_fd;
}

// The path of the new one, as far as it is given; freed by the caller.
static char *path_of(const char *directory, const char *id, struct err *err)
{
	struct buf path = {0};
	char *home = directory ? NULL : incident_home(err);
	if (!directory && !home)
		return NULL;
	buf_printf(&path, "%s%s%s", home ? home : directory, home ? "/" : "", home ? id : "");
	while (path.length > 1 && path.data[path.length - 1] == '/')
		path.data[--path.length] = '\0';
	free(home);
	return buf_take(&path);
}

char *incident_create(const char *directory, const char *id, gid_t group, struct err *err)
{
	char *path = path_of(directory, id, err), *absolute = NULL;
	if (!path)
		return NULL;
	int dir_fd =
		make_directory(path, directory != NULL, group, err) ? open_place(path, err) : -1;
	if (dir_fd < 0 || !incident_place_is_ours(dir_fd, path, err) ||
		!incident_place_is_clean(dir_fd, path, err) ||
		!set_rights(dir_fd, path, group, err))
		goto done;
	if (!make_parts(dir_fd, err)) {
		err_prefix(err, "incident directory: %s", path);
		goto done;
	}
	absolute = realpath(path, NULL);
	if (!absolute)
		err_errno(err, errno, "incident directory: %s", path);
done:
	if (dir_fd >= 0)
		close(dir_fd);
	free(path);
	return absolute;
}

bool incident_is_ours(const char *directory, struct err *err)
{
	int dir_fd = open_place(directory, err);
	bool is_ours = dir_fd >= 0 && incident_place_is_ours(dir_fd, directory, err) &&
		       incident_place_is_clean(dir_fd, directory, err);
	if (dir_fd >= 0)
		close(dir_fd);
	return is_ours;
}

bool incident_group(const char *name, gid_t *group, struct err *err)
{
	struct group *found = getgrnam(name);
	gid_t groups[1024];
	if (!found)
		return err_set(err, "--share: %s: there is no such group", name);
	*group = found->gr_gid;
	int count = getgroups((int)(sizeof groups / sizeof *groups), groups);
	bool is_member = geteuid() == 0 || getegid() == *group;
	for (int i = 0; i < count; i++)
		is_member |= groups[i] == *group;
	return is_member || err_set(err, "--share: %s: you are not in that group", name);
}

// --- finding one ---

bool incident_has_timeline(const char *directory)
{
	struct buf path = {0};
	buf_printf(&path, "%s/" TIMELINE_NAME, directory);
	struct stat is;
	bool is_there = lstat(buf_str(&path), &is) == 0 && S_ISREG(is.st_mode);
	buf_fini(&path);
	return is_there;
}

// --- handing over ---

static char *offer_path(const char *directory)
{
	struct buf path = {0};
	buf_printf(&path, "%s/detached", directory);
	return buf_take(&path);
}

void incident_offer(const char *directory)
{
	char *path = offer_path(directory);
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	free(path);
}

bool incident_is_offered(const char *directory)
{
	char *path = offer_path(directory);
	bool is_offered = access(path, F_OK) == 0;
	free(path);
	return is_offered;
}

bool incident_take(const char *directory)
{
	char *path = offer_path(directory);
	bool was_offered = unlink(path) == 0;
	free(path);
	return was_offered;
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

char **incident_names(struct err *err)
{
	char *home = incident_home(err);
	if (!home)
		return NULL;
	size_t count = 0, capacity = 0;
	char **names = memory_grow(NULL, 0, &capacity, sizeof *names);
	DIR *directory = opendir(home);
	struct dirent *entry;
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] == '.')
			continue;
		names = memory_grow(names, count + 1, &capacity, sizeof *names);
		names[count++] = memory_copy_text(entry->d_name);
	}
	if (directory)
		closedir(directory);
	free(home);
	qsort(names, count, sizeof *names, newest_first);
	names[count] = NULL;
	return names;
}

static char *join(const char *home, const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", home, name);
	return buf_take(&path);
}

static void names_free(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

// The one name that begins with `wanted`; an exact one wins. NULL with `err`.
static const char *match_name(char *const *names, const char *wanted, struct err *err)
{
	const char *found = NULL;
	size_t count = 0;
	for (size_t i = 0; names[i]; i++) {
		if (strcmp(names[i], wanted) == 0)
			return names[i];
		if (strncmp(names[i], wanted, strlen(wanted)) == 0) {
			found = names[i];
			count++;
		}
	}
	if (count == 1)
		return found;
	if (count > 1)
		err_set(err, "incident: %s: %zu begin so, %s the oldest of them; name more of it",
			wanted, count, found);
	else
		err_set(err,
			"incident: %s: no such directory, and no incident begins so; 'relight "
			"list' shows them",
			wanted);
	return NULL;
}

char *incident_find(const char *name, struct err *err)
{
	bool is_path = name && (strchr(name, '/') || incident_has_timeline(name));
	if (is_path) {
		char *absolute = realpath(name, NULL);
		if (!absolute)
			err_errno(err, errno, "incident: %s", name);
		return absolute;
	}
	char *home = incident_home(err), *found = NULL;
	char **names = home ? incident_names(err) : NULL;
	if (names && !name && !names[0])
		err_set(err, "incident: there is none in %s; 'relight run RUNBOOK' opens one",
			home);
	const char *match = !names ? NULL : name ? match_name(names, name, err) : names[0];
	if (match)
		found = join(home, match);
	names_free(names);
	free(home);
	return found;
}

static bool begins_one(char *const *names, const char *beginning)
{
	size_t count = 0;
	for (size_t i = 0; names && names[i]; i++)
		count += strncmp(names[i], beginning, strlen(beginning)) == 0;
	return count == 1;
}

char *incident_other_owner(const char *directory)
{
	struct stat is;
	if (stat(directory, &is) < 0 || is.st_uid == geteuid())
		return NULL;
	struct passwd *owner = getpwuid(is.st_uid);
	char number[24];
	snprintf(number, sizeof number, "uid %u", (unsigned)is.st_uid);
	return memory_copy_text(owner ? owner->pw_name : number);
}

char *incident_shortest(const char *directory)
{
	const char *slash = strrchr(directory, '/'), *name = slash ? slash + 1 : directory;
	char *home = incident_home(NULL), **names = home ? incident_names(NULL) : NULL;
	char *above = memory_copy_bytes(directory, (size_t)(name - directory) - (slash != NULL));
	char *real = home ? realpath(home, NULL) : NULL, *shortest;
	const char *zone = strchr(name, 'Z');
	char *time = memory_copy_bytes(name, zone ? (size_t)(zone + 1 - name) : 0);
	if (!real || strcmp(real, above) != 0)
		shortest = memory_copy_text(directory);
	else
		shortest = memory_copy_text(zone && begins_one(names, time) ? time : name);
	names_free(names);
	free(real);
	free(home);
	free(above);
	free(time);
	return shortest;
}
