// SPDX-License-Identifier: Apache-2.0
#include "check_secrets.h"

#include <stdlib.h>
#include <string.h>

#include "relight/file.h"
#include "relight/manifest.h"
#include "relight/manifest_files.h"
#include "relight/memory.h"
#include "relight/request.h"

struct looking {
	const struct runbook *runbook;
	struct diags *diags;
	struct substitution values;
};

// As the runbook names it; of a folder with the file's own name.
static void warn(
	struct looking *looking, const struct place *place, const char *named, const char *file)
{
	size_t length = strlen(named);

	while (length > 1 && named[length - 1] == '/')
		length--;
	diag_warning(looking->diags, place->line, place->column, "holds-secret",
		"%.*s%s holds a Secret; its data are copied into the incident, where only its "
		"owner can read them",
		(int)length, named, file);
}

static void look_at_files(struct looking *looking, const struct manifest_source *source,
	const struct place *place, const char *path)
{
	char *expanded = file_expand_home(path);
	struct manifest_files files = {0};
	bool is_read = manifest_files_add(&files, expanded, NULL);

	for (size_t i = 0; is_read && i < files.count; i++) {
		const struct manifest_file *file = &files.items[i];
		bool is_named = strcmp(file->path, expanded) == 0;

		if (manifest_holds_secret(buf_str(&file->text), file->text.length, file->path))
			warn(looking, place, source->path,
				is_named ? "" : strrchr(file->path, '/'));
	}
	manifest_files_fini(&files);
	free(expanded);
}

static bool is_variable(const cJSON *value)
{
	const char *text = cJSON_IsString(value) ? value->valuestring : "";
	size_t length = strlen(text);

	return length > 3 && strncmp(text, "${", 2) == 0 && strcspn(text, "}") == length - 1;
}

// What a variable stands for is not in the runbook. Depth is bounded by that of the runbook.
static void drop_variables(cJSON *object)
{
	for (cJSON *item = object->child, *next; item; item = next) {
		next = item->next;
		if (is_variable(item))
			cJSON_Delete(cJSON_DetachItemViaPointer(object, item));
		else
			drop_variables(item);
	}
}

static void warn_of_words(struct looking *looking, const struct place *place, const char *what)
{
	diag_warning(looking->diags, place->line, place->column, "holds-secret",
		"%s written out in the runbook, which is copied into the incident as it is, for "
		"whoever may read that; apply it from a file, or have it asked for as an input",
		what);
}

// The caller frees; NULL: it cannot be read, which is said elsewhere.
static cJSON *without_variables(const struct yaml_node *node)
{
	cJSON *object = manifest_value(node, "", NULL, NULL, NULL);

	if (object)
		drop_variables(object);
	return object;
}

static void look_at_object(
	struct looking *looking, const struct yaml_node *node, const struct place *place)
{
	cJSON *object = without_variables(node);

	if (manifest_is_filled_secret(object))
		warn_of_words(looking, place, "a Secret is");
	cJSON_Delete(object);
}

static void look_at_patch(struct looking *looking, const struct action *action)
{
	const struct kubernetes_action *patch = &action->kubernetes;

	if (!patch->body || !manifest_is_secret_resource(patch->resource))
		return;
	cJSON *body = without_variables(patch->body);
	if (manifest_is_filling_patch(body))
		warn_of_words(looking, &action->place, "what goes into a Secret is");
	cJSON_Delete(body);
}

static void look_at(struct looking *looking, const struct action *action)
{
	if (action->kind != ACTION_KUBERNETES)
		return;
	look_at_patch(looking, action);
	for (size_t i = 0; i < action->kubernetes.source_count; i++) {
		const struct manifest_source *source = &action->kubernetes.sources[i];
		struct buf path = {0};

		if (source->object)
			look_at_object(looking, source->object, &action->place);
		else if (request_manifest_path(
				 looking->runbook, source, &looking->values, &path, NULL))
			look_at_files(looking, source, &action->place, buf_str(&path));
		buf_fini(&path);
	}
}

static const char *environment(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

void check_secrets(const struct runbook *runbook, struct diags *diags)
{
	char **inputs = memory_zeroed(runbook->input_count + 1, sizeof *inputs);
	struct looking looking = {runbook, diags,
		{.runbook = runbook,
			.inputs = (const char *const *)inputs,
			.env = environment,
			.incident = "check"}};

	for (size_t s = 0; s < runbook->step_count; s++) {
		looking.values.each = runbook->steps[s].each;
		look_at(&looking, &runbook->steps[s].run);
		look_at(&looking, &runbook->steps[s].rollback);
	}
	free(inputs);
}
