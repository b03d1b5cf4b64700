// SPDX-License-Identifier: Apache-2.0
#include "relight/runbook.h"

#include <stdlib.h>
#include <string.h>

#include "relight/chain.h"
#include "runbook_load.h"

static void loader_init(struct loader *loader, struct arena *arena, struct diags *diags)
{
	*loader = (struct loader){.arena = arena, .diags = diags};
	loader->runbook = arena_alloc(arena, sizeof *loader->runbook);
	loader->index = arena_alloc(arena, sizeof *loader->index);
	names_init(&loader->phases, arena);
	names_init(&loader->stores, arena);
	names_init(&loader->env_names, arena);
	names_init(&loader->scope_names, arena);
	names_init(&loader->groups, arena);
	names_init(&loader->input_variables, arena);
	names_init(&loader->index->steps, arena);
	names_init(&loader->index->dependencies, arena);
	names_init(&loader->index->inputs, arena);
	names_init(&loader->index->targets, arena);

	struct runbook *runbook = loader->runbook;
	runbook->arena = arena;
	runbook->index = loader->index;
	runbook->scope.data_stores = runbook->disasters = runbook->env = runbook->known_gaps =
		runbook->roles = runbook->reconcile = runbook->abort.criteria = texts_none;
}

// What the table of top-level keys leaves to its own order: targets before what mentions them,
// dependencies and steps before what refers to them.
static void load_parts(struct loader *loader, const struct yaml_node *root)
{
	struct runbook *runbook = loader->runbook;
	const struct key parts[] = {
		{.name = "inputs", .load = load_inputs},
		{.name = "targets",
			.load = load_targets,
			.offset = offsetof(struct runbook, targets)},
		{.name = "restore_points",
			.load = load_restore_points,
			.offset = offsetof(struct runbook, restore_points)},
		{.name = "dependencies", .load = load_dependency_list},
		{.name = "steps", .load = load_step_list},
		{.name = "abort", .load = load_abort},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const struct yaml_node *part = yaml_get(root, parts[i].name);
		if (part)
			parts[i].load(loader, &parts[i], part, (char *)runbook + parts[i].offset);
	}
}

static void load_root(
	struct loader *loader, const struct yaml_node *root, const char *text, size_t length_bytes)
{
	struct runbook *runbook = loader->runbook;

	runbook->place = (struct place){root->line, root->column};
	sha256_hex(text, length_bytes, runbook->sha256);
	index_declare(loader, root);
	header_load(loader, root);
	load_parts(loader, root);
	order_resolve(loader);

	struct jq_text *programs =
		arena_array(loader->arena, loader->program_count + 1, sizeof *programs);
	if (loader->program_count)
		memcpy(programs, loader->programs, loader->program_count * sizeof *programs);
	runbook->programs = programs;
	runbook->program_count = loader->program_count;
}

struct runbook *runbook_examine(
	const char *text, size_t length_bytes, const char *base, struct diags *diags)
{
	struct arena *arena = arena_new();
	struct loader loader;

	diags->source = text;
	const struct yaml_node *root =
		yaml_parse(arena, text, length_bytes, &yaml_limits_default, diags);
	loader_init(&loader, arena, diags);
	loader.runbook->file = arena_text(arena, diags->file);
	loader.runbook->base = arena_text(arena, base ? base : ".");
	if (root && load_is(&loader, "a runbook", root, YAML_MAP))
		load_root(&loader, root, text, length_bytes);
	free(loader.programs);
	free(loader.mentions.items);
	return loader.runbook;
}

struct runbook *runbook_load(
	const char *text, size_t length_bytes, const char *base, struct diags *diags)
{
	struct runbook *runbook = runbook_examine(text, length_bytes, base, diags);

	if (diags->errors == 0)
		return runbook;
	runbook_free(runbook);
	return NULL;
}

void runbook_free(struct runbook *runbook)
{
	if (runbook)
		arena_free(runbook->arena);
}

int runbook_step(const struct runbook *runbook, const char *id)
{
	return names_find(&runbook->index->steps, id);
}

int runbook_dependency(const struct runbook *runbook, const char *id)
{
	return names_find(&runbook->index->dependencies, id);
}

int runbook_input(const struct runbook *runbook, const char *id)
{
	return names_find(&runbook->index->inputs, id);
}

int runbook_target(const struct runbook *runbook, const char *id)
{
	return names_find(&runbook->index->targets, id);
}

bool action_is_command(const struct action *action)
{
	return action->kind == ACTION_COMMAND || action->kind == ACTION_SHELL ||
	       action->kind == ACTION_SSH;
}

int action_target(const struct action *action)
{
	switch (action->kind) {
	case ACTION_SSH: return action->command.target;
	case ACTION_KUBERNETES: return action->kubernetes.target;
	default: return -1;
	}
}

int step_acts_on(const struct step *step, bool is_rollback)
{
	int named = action_target(is_rollback ? &step->rollback : &step->run);
	return named >= 0 ? named : step->target;
}

const char *step_typed_name(const struct runbook *runbook, const struct step *step,
	const char *current_context, bool *is_fallback)
{
	const struct target *target = step->target >= 0 ? &runbook->targets[step->target] : NULL;
	const char *name = step->confirm;
	bool unused;

	if (!is_fallback)
		is_fallback = &unused;
	*is_fallback = false;
	if (!name && target && target->is_ssh)
		name = target->host;
	else if (!name && target)
		name = target->context ? target->context : current_context;
	if (name)
		return name;
	*is_fallback = true;
	if (runbook->scope.cluster)
		return runbook->scope.cluster;
	return runbook->scope.application ? runbook->scope.application : runbook->name;
}
