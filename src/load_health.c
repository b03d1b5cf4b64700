// SPDX-License-Identifier: Apache-2.0
#include "load_health.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carried.h"
#include "load.h"
#include "relight/file.h"
#include "relight/jq.h"
#include "relight/memory.h"

#define CARRIED_FOLDER "runbooks/health/"
#define FILES_MAX      200

struct loading {
	struct health_tables *tables;
	bool checks_jq;
	health_file_read *read;
	void *context;
	size_t checked; // of the user's expressions
};

// --- those that the program carries ----------------------------------------------------------------------------------

static void add_carried(struct health_tables *tables)
{
	const struct carried_file *file;

	for (size_t i = 0; (file = carried_below(CARRIED_FOLDER, i)); i++) {
		struct diags diags = {.file = file->path};
		health_tables_add(
			tables, HEALTH_CARRIED, (const char *)file->bytes, file->length, &diags);
		diags_fini(&diags); // tests see to it that there are none
	}
}

// --- the user's ------------------------------------------------------------------------------------------------------

struct checking {
	const struct loading *loading;
	struct diags *diags;
};

static void on_bad_program(void *context, size_t index, const char *message)
{
	const struct checking *checking = context;
	const struct loading *loading = checking->loading;
	const char *file;
	int line, column;

	if (health_tables_expression(
		    loading->tables, HEALTH_USER, loading->checked + index, &file, &line, &column))
		diag_error(checking->diags, line, column, "bad-jq", "jq: %s", message);
}

// Compiles what was added since the last time.
static void check_expressions(struct loading *loading, struct diags *diags)
{
	struct checking checking = {loading, diags};
	const char **texts = NULL;
	size_t count = 0, capacity = 0;
	const char *text, *file;
	int line, column;
	struct err err;

	while ((text = health_tables_expression(loading->tables, HEALTH_USER,
			loading->checked + count, &file, &line, &column))) {
		texts = memory_grow(texts, count, &capacity, sizeof *texts);
		texts[count++] = text;
	}
	if (count > 0 && !jq_check_programs(
				 load_executable(), texts, count, on_bad_program, &checking, &err))
		diag_error(
			diags, 0, 0, "jq", "its jq expressions were not checked: %s", err.message);
	loading->checked += count;
	free(texts);
}

static void add_file(struct loading *loading, const struct health_file *file)
{
	struct diags diags = {.file = file->path, .source = buf_str(&file->text)};

	if (file->err.message[0]) {
		diag_error(&diags, 0, 0, "unreadable", "%s", file->err.message);
	} else {
		health_tables_add(loading->tables, HEALTH_USER, buf_str(&file->text),
			file->text.length, &diags);
		if (loading->checks_jq)
			check_expressions(loading, &diags);
	}
	loading->read(loading->context, &diags);
	diags_fini(&diags);
}

static void say_cut(const struct loading *loading)
{
	struct diags diags = {.file = "health.d"};

	diag_error(&diags, 0, 0, "too-many", "over %d files; the others are left out", FILES_MAX);
	loading->read(loading->context, &diags);
	diags_fini(&diags);
}

void health_say_mistakes(void *context, const struct diags *diags)
{
	bool *has_errors = context;
	struct buf words = {0};

	if (diags->errors == 0)
		return;
	*has_errors = true;
	diags_print(diags, &words);
	fputs(buf_str(&words), stderr);
	buf_fini(&words);
}

struct health_tables *load_health(
	const struct health_files *files, bool checks_jq, health_file_read *read, void *context)
{
	struct loading loading = {.tables = health_tables_new(),
		.checks_jq = checks_jq,
		.read = read,
		.context = context};

	for (size_t i = 0; i < files->count; i++)
		add_file(&loading, &files->items[i]);
	if (files->is_cut)
		say_cut(&loading);
	add_carried(loading.tables);
	return loading.tables;
}

// --- files -----------------------------------------------------------------------------------------------------------

static int is_table(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && strcmp(dot, ".yaml") == 0;
}

static int is_frozen_table(const struct dirent *entry)
{
	return strncmp(entry->d_name, FROZEN_HEALTH, strlen(FROZEN_HEALTH)) == 0 && is_table(entry);
}

static bool user_folder(struct buf *out)
{
	const char *configuration = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (configuration && configuration[0] == '/')
		buf_printf(out, "%s/relight/health.d", configuration);
	else if (home && home[0] == '/')
		buf_printf(out, "%s/.config/relight/health.d", home);
	return out->length > 0;
}

static void read_file(struct health_file *file, const char *folder, const char *name)
{
	struct buf path = {0};

	buf_printf(&path, "%s/%s", folder, name);
	file->path = buf_take(&path);
	file_read(AT_FDCWD, file->path, HEALTH_TABLE_MAX_BYTES, &file->text, &file->err);
}

void health_files_read(struct health_files *files, const char *folder)
{
	struct dirent **entries = NULL;
	struct buf own = {0};
	int count = -1;

	if (folder)
		count = scandir(folder, &entries, is_frozen_table, alphasort);
	else if (user_folder(&own))
		count = scandir(buf_str(&own), &entries, is_table, alphasort);
	*files = (struct health_files){.is_cut = count > FILES_MAX};
	if (count > 0)
		files->items = memory_zeroed((size_t)count, sizeof *files->items);
	for (int i = 0; i < count; i++) {
		if (i < FILES_MAX)
			read_file(&files->items[files->count++], folder ? folder : buf_str(&own),
				entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	buf_fini(&own);
}

void health_files_fini(struct health_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->items[i].path);
		buf_fini(&files->items[i].text);
	}
	free(files->items);
	*files = (struct health_files){0};
}
