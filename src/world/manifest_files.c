// SPDX-License-Identifier: Apache-2.0
#include "relight/manifest_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "relight/file.h"
#include "relight/manifest.h"
#include "relight/memory.h"

static bool add_file(struct manifest_files *files, const char *path, struct err *err)
{
	struct buf text = {0};

	if (!file_read(AT_FDCWD, path, MANIFEST_MAX_BYTES, &text, err)) {
		buf_fini(&text);
		return false;
	}
	files->bytes += text.length;
	if (files->bytes > MANIFEST_FILES_BYTES) {
		buf_fini(&text);
		return err_set(err, "%s: with it there are more than %u MiB to apply", path,
			MANIFEST_FILES_BYTES >> 20);
	}
	files->items =
		memory_grow(files->items, files->count, &files->capacity, sizeof *files->items);
	files->items[files->count++] = (struct manifest_file){memory_copy_text(path), text};
	return true;
}

static int is_manifest(const struct dirent *entry)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	size_t length = strlen(entry->d_name);

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t ending = strlen(endings[i]);
		if (length > ending && strcmp(entry->d_name + length - ending, endings[i]) == 0)
			return 1;
	}
	return 0;
}

// Not alphasort(), which goes by the locale.
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add_folder(struct manifest_files *files, const char *path, struct err *err)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_manifest, compare_names);
	bool is_added = true;

	if (count < 0)
		return err_errno(err, errno, "%s", path);
	if (count == 0)
		is_added = err_set(err, "%s: holds no .yaml, .yml or .json file", path);
	else if (count > MANIFEST_FILES_MOST)
		is_added = err_set(err, "%s: holds more than %d files", path, MANIFEST_FILES_MOST);
	for (int i = 0; i < count; i++) {
		struct buf name = {0};
		buf_printf(&name, "%s/%s", path, entries[i]->d_name);
		is_added = is_added && add_file(files, buf_str(&name), err);
		buf_fini(&name);
		free(entries[i]);
	}
	free(entries);
	return is_added;
}

bool manifest_files_add(struct manifest_files *files, const char *path, struct err *err)
{
	struct stat info;

	if (stat(path, &info) < 0)
		return err_errno(err, errno, "%s", path);
	return S_ISDIR(info.st_mode) ? add_folder(files, path, err) : add_file(files, path, err);
}

void manifest_files_fini(struct manifest_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		buf_fini(&files->items[i].text);
	}
	free(files->items);
	*files = (struct manifest_files){0};
}
