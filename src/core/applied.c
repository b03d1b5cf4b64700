// SPDX-License-Identifier: Apache-2.0
#include "relight/applied.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/manifest.h"
#include "relight/memory.h"

#define MOST_FILES   8
#define MOST_OBJECTS 12 // of one file

void applied_fini(struct applied *applied)
{
	if (!applied)
		return;
	for (size_t i = 0; i < applied->count; i++) {
		free(applied->items[i].path);
		free(applied->items[i].objects);
	}
	free(applied->items);
	*applied = (struct applied){0};
}

// --- what a file holds ---

static void name_object(const cJSON *object, struct buf *out)
{
	const char *api_version = json_text(object, "apiVersion"),
		   *kind = json_text(object, "kind");
	const char *name = json_path_text(object, "metadata.name");
	const char *namespace = json_path_text(object, "metadata.namespace");
	char group[256], version[64];

	if (!name)
		name = json_path_text(object, "metadata.generateName");
	manifest_group_version(api_version ? api_version : "", group, version);
	manifest_name(kind ? kind : "?", group, name ? name : "?", out);
	if (namespace)
		buf_printf(out, " in %s", namespace);
}

static void add(struct applied *applied, const char *path, struct buf *words, size_t count)
{
	applied->items = memory_grow(
		applied->items, applied->count, &applied->capacity, sizeof *applied->items);
	applied->items[applied->count++] =
		(struct applied_file){memory_copy_text(path), buf_take(words), count};
}

void applied_add_unread(struct applied *applied, const char *path, const char *why)
{
	struct buf words = {0};

	buf_printf(&words, "CANNOT BE READ: %s", why);
	add(applied, path, &words, 0);
}

void applied_add(struct applied *applied, const char *path, const char *text, size_t length_bytes)
{
	struct manifest manifest = {0};
	struct err err = {0};
	struct buf out = {0};
	bool is_read = manifest_read(&manifest, text, length_bytes, path, true, &err);

	if (!is_read)
		buf_printf(&out, "CANNOT BE READ: %s", err.message);
	for (size_t i = 0; is_read && i < manifest.count && i < MOST_OBJECTS; i++) {
		buf_text(&out, i ? ", " : "");
		name_object(manifest.objects[i].value, &out);
	}
	if (is_read && manifest.count > MOST_OBJECTS)
		buf_printf(&out, " and %zu more", manifest.count - MOST_OBJECTS);
	if (is_read && manifest.count == 0)
		buf_text(&out, "holds no object");
	add(applied, path, &out, is_read ? manifest.count : 0);
	manifest_fini(&manifest);
}

// --- which files ---

// "" for the file itself, "/api.yaml" for one in the folder, NULL for others.
static const char *rest_of(const char *file, const char *path)
{
	size_t length = strlen(path);

	if (strncmp(file, path, length) != 0)
		return NULL;
	file += length;
	return *file == '\0' || (*file == '/' && !strchr(file + 1, '/')) ? file : NULL;
}

void applied_say(const struct applied *applied, const char *path, const char *named,
	const char *label, struct buf *out)
{
	size_t files = 0, others = 0, length = strlen(named);

	// A folder is the same with and without its last slash.
	while (length > 1 && named[length - 1] == '/')
		length--;
	for (size_t i = 0; applied && i < applied->count; i++) {
		const char *rest = rest_of(applied->items[i].path, path);

		if (!rest)
			continue;
		if (++files <= MOST_FILES)
			buf_printf(out, "%s%.*s%s: %s\n", label, (int)length, named, rest,
				applied->items[i].objects);
		else
			others += applied->items[i].count;
	}
	if (files > MOST_FILES)
		buf_printf(out, "%sand %zu more files with %zu objects\n", label,
			files - MOST_FILES, others);
	if (files == 0)
		buf_printf(out, "%s%.*s: %s\n", label, (int)length, named,
			applied ? "not frozen at the opening; read when it is applied"
				: "what it holds is not known here yet");
}
