// SPDX-License-Identifier: Apache-2.0
//
// What the runbook names and what is executed later, as it was when the incident opened: scripts
// are hashed, files of objects that are applied to a cluster and the user's health tables are
// copied. What is not there yet, or
// whose path is not known yet, will not be missed before its step.
#include "engine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "relight/attempt.h"
#include "relight/chain.h"
#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/manifest.h"
#include "relight/memory.h"
#include "relight/request.h"

void engine_add_file(cJSON *files, const char *path, const struct buf *bytes, const char *of)
{
	char hex[65];
	cJSON *file = json_object();
	sha256_hex(buf_str(bytes), bytes->length, hex);
	json_add_text(file, "path", path);
	json_add_text(file, "sha256", hex);
	json_add_text(file, "of", of);
	cJSON_AddItemToArray(files, file);
}

static bool is_known(const struct engine *engine, const char *key, const char *path)
{
	json_each (file, engine->files) {
		const char *text = json_text(file, key);
		if (text && strcmp(text, path) == 0)
			return true;
	}
	return false;
}

// --- scripts ---

static void add_script(struct engine *engine, const struct action *action)
{
	struct buf path = {0}, bytes = {0};
	request_script(engine->runbook, action, &path);
	if (path.length && !is_known(engine, "path", buf_str(&path)) &&
		file_read(AT_FDCWD, buf_str(&path), SCRIPT_MOST_BYTES, &bytes, NULL))
		engine_add_file(engine->files, buf_str(&path), &bytes, NULL);
	buf_fini(&path);
	buf_fini(&bytes);
}

// --- objects ---

// "applied-012-gate.yaml": files from everywhere come into one folder.
static char *frozen_name(const char *kind, size_t number, const char *path)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *slash = strrchr(path, '/');
	struct buf name = {0};
	buf_printf(&name, "%s%03zu-", kind, number);
	for (const char *at = slash ? slash + 1 : path; *at && name.length < 200; at++)
		buf_byte(&name, strchr(plain, *at) ? *at : '-');
	return buf_take(&name);
}

static struct frozen_file *add_frozen(
	struct engine_frozen *frozen, char *name, const struct buf *text)
{
	frozen->items =
		memory_grow(frozen->items, frozen->count, &frozen->capacity, sizeof *frozen->items);
	struct frozen_file *file = &frozen->items[frozen->count++];
	*file = (struct frozen_file){.name = name, .bytes = text->data, .length = text->length};
	return file;
}

// `path` is a file, or a folder whose files those of `read` from `first` on are.
static void add_applied(
	struct engine *engine, struct engine_frozen *frozen, size_t first, const char *path)
{
	struct manifest_files *read = &frozen->read;
	char *expanded = file_expand_home(path);
	for (size_t i = first; i < read->count; i++) {
		struct buf of = {0}, kept = {0};
		const struct manifest_file *file = &read->items[i];
		buf_text(&of, path);
		if (strcmp(file->path, expanded) != 0)
			buf_text(&of, strrchr(file->path, '/'));
		if (!is_known(engine, "of", buf_str(&of))) {
			bool is_secret = manifest_holds_secret(
				buf_str(&file->text), file->text.length, file->path);
			char *name = frozen_name(is_secret ? FROZEN_SECRET : FROZEN_OBJECTS,
				++frozen->applied, file->path);
			buf_printf(&kept, INCIDENT_FROZEN "/%s", name);
			engine_add_file(engine->files, buf_str(&kept), &file->text, buf_str(&of));
			add_frozen(frozen, name, &file->text)->is_private = is_secret;
		}
		buf_fini(&of);
		buf_fini(&kept);
	}
	free(expanded);
}

static void read_source(struct engine *engine, struct engine_frozen *frozen,
	const struct manifest_source *source, const struct substitution *values)
{
	struct buf path = {0};
	struct err ignored;
	if (request_manifest_path(engine->runbook, source, values, &path, &ignored) &&
		!is_known(engine, "of", buf_str(&path))) {
		size_t first = frozen->read.count;
		char *expanded = file_expand_home(buf_str(&path));
		// A folder of which one file cannot be read is not frozen in parts.
		if (manifest_files_add(&frozen->read, expanded, NULL))
			add_applied(engine, frozen, first, buf_str(&path));
		free(expanded);
	}
	buf_fini(&path);
}

static void add_objects(struct engine *engine, struct engine_frozen *frozen,
	const struct step *step, const struct action *action)
{
	struct substitution values = engine->values;
	values.each = step->each;
	values.incident = engine->id;
	if (action->kind != ACTION_KUBERNETES)
		return;
	for (size_t i = 0; i < action->kubernetes.source_count; i++)
		read_source(engine, frozen, &action->kubernetes.sources[i], &values);
}

// --- health tables ---

// The user's, numbered in their order; one that cannot be read does not judge here either.
static void add_tables(struct engine *engine, struct engine_frozen *frozen)
{
	health_files_read(&frozen->health, NULL);
	for (size_t i = 0; i < frozen->health.count; i++) {
		const struct health_file *file = &frozen->health.items[i];
		struct buf kept = {0};
		if (file->err.message[0])
			continue;
		char *name = frozen_name(FROZEN_HEALTH, i + 1, file->path);
		buf_printf(&kept, INCIDENT_FROZEN "/%s", name);
		engine_add_file(engine->files, buf_str(&kept), &file->text, file->path);
		add_frozen(frozen, name, &file->text);
		buf_fini(&kept);
	}
}

// --- all of it ---

static void add_text(struct engine_frozen *frozen, const char *name, const struct buf *text)
{
	if (text->length > 0)
		add_frozen(frozen, memory_copy_text(name), text);
}

static bool holds_objects(const char *path)
{
	static const char *const names[] = {
		INCIDENT_FROZEN "/" FROZEN_OBJECTS, INCIDENT_FROZEN "/" FROZEN_SECRET};
	bool holds = false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		holds |= strncmp(path, names[i], strlen(names[i])) == 0;
	return holds;
}

// The list that the actuator goes by. It is a file, because a timeline's line is short.
static void add_list(struct engine *engine, struct engine_frozen *frozen)
{
	cJSON *list = cJSON_CreateArray();
	json_each (file, engine->files)
		if (holds_objects(json_text(file, "path")))
			cJSON_AddItemToArray(list, cJSON_Duplicate(file, true));
	if (list->child) {
		json_write(&frozen->list, list);
		add_text(frozen, FROZEN_APPLIED, &frozen->list);
		engine_add_file(
			engine->files, INCIDENT_FROZEN "/" FROZEN_APPLIED, &frozen->list, NULL);
		sha256_hex(frozen->list.data, frozen->list.length, engine->applied_sha256);
	}
	cJSON_Delete(list);
}

void engine_freeze(struct engine *engine, struct engine_frozen *frozen)
{
	const struct engine_setup *setup = &engine->setup;
	*frozen = (struct engine_frozen){0};
	engine->files = cJSON_CreateArray();
	add_text(frozen, FROZEN_RUNBOOK, &setup->runbook_text);
	add_text(frozen, FROZEN_SCENARIO, &setup->scenario_text);
	if (!setup->scenario)
		add_tables(engine, frozen);
	for (size_t s = 0; !setup->scenario && s < engine->runbook->step_count; s++) {
		const struct step *step = &engine->runbook->steps[s];
		add_script(engine, &step->run);
		add_script(engine, &step->rollback);
		add_objects(engine, frozen, step, &step->run);
		add_objects(engine, frozen, step, &step->rollback);
	}
	add_list(engine, frozen);
}

void engine_frozen_fini(struct engine_frozen *frozen)
{
	for (size_t i = 0; i < frozen->count; i++)
		free((char *)frozen->items[i].name);
	free(frozen->items);
	manifest_files_fini(&frozen->read);
	buf_fini(&frozen->list);
	health_files_fini(&frozen->health);
}
