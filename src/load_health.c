// SPDX-License-Identifier: Apache-2.0
#include "load_health.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "carried.h"
#include "command.h"
#include "load.h"
#include "relight/file.h"
#include "relight/jq.h"
#include "relight/memory.h"

#define CARRIED_FOLDER "runbooks/health/"
#define FILES_MAX      200

struct loading {
	struct health_tables *tables;
	bool checks_jq, has_errors;
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

static void add_file(struct loading *loading, const char *path)
{
	struct diags diags = {.file = path};
	struct buf text = {0}, words = {0};
	struct err err;

	if (!file_read(AT_FDCWD, path, HEALTH_TABLE_MAX_BYTES, &text, &err)) {
		err_prefix(&err, "health table");
		command_fail(EXIT_USAGE, &err);
		loading->has_errors = true;
		buf_fini(&text);
		return;
	}
	diags.source = buf_str(&text);
	health_tables_add(loading->tables, HEALTH_USER, buf_str(&text), text.length, &diags);
	if (loading->checks_jq)
		check_expressions(loading, &diags);
	if (diags.errors > 0) {
		diags_print(&diags, &words);
		fputs(buf_str(&words), stderr);
		loading->has_errors = true;
	}
	buf_fini(&words);
	buf_fini(&text);
	diags_fini(&diags);
}

static int is_table(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot && strcmp(dot, ".yaml") == 0;
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

static void add_user(struct loading *loading)
{
	struct dirent **entries = NULL;
	struct buf folder = {0};
	int count = user_folder(&folder) ? scandir(folder.data, &entries, is_table, alphasort) : -1;

	for (int i = 0; i < count; i++) {
		struct buf path = {0};
		buf_printf(&path, "%s/%s", folder.data, entries[i]->d_name);
		if (i < FILES_MAX)
			add_file(loading, buf_str(&path));
		buf_fini(&path);
		free(entries[i]);
	}
	if (count > FILES_MAX) {
		struct err err;
		err_set(&err, "health tables: %s: over %d files, the others are left out",
			folder.data, FILES_MAX);
		command_fail(EXIT_USAGE, &err);
		loading->has_errors = true;
	}
	free(entries);
	buf_fini(&folder);
}

struct health_tables *load_health(bool checks_jq, bool *has_errors)
{
	struct loading loading = {.tables = health_tables_new(), .checks_jq = checks_jq};

	add_user(&loading);
	add_carried(loading.tables);
	*has_errors = loading.has_errors;
	return loading.tables;
}
