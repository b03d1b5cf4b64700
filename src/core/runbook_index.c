// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "runbook_load.h"

// Declares everything that has an id, so that what refers to it may stand before it in the file.

#define MAX_EACH 64

const char *const runbook_layers[] = {"network", "cluster", "identity", "storage", "secrets",
	"policies", "data", "images", "workloads", "edge", "journey", "external", NULL};
static const char *const default_phases[] = {"infrastructure", "cluster", "identity", "secrets",
	"data", "workloads", "internal-validation", "journey", "traffic", "recovery", NULL};

// Gives `id` its number; an error at `node` where it is no id or another has it.
void id_declare(struct loader *loader, const struct yaml_node *node, const char *id,
	struct names *names, int index, bool is_input)
{
	if (!load_id_valid(id, is_input)) {
		load_error(loader, node, "bad-id",
			"%s is no id: 1 to 63 of a-z, 0-9 and -%s, not beginning with -", id,
			is_input ? " or _" : "");
		return;
	}
	int before = names_set(names, id, index);
	if (before < 0)
		return;
	names_set(names, id, before);
	load_error(loader, node, "duplicate-id", "id %s is taken already", id);
}

// The node of an item's id, or NULL with an error.
static const struct yaml_node *id_of(
	struct loader *loader, const char *what, const struct yaml_node *item)
{
	if (!load_is(loader, what, item, YAML_MAP))
		return NULL;
	const struct yaml_node *id = yaml_get(item, "id");
	if (!id)
		load_error(loader, item, "missing-key", "%s: key id is missing", what);
	return id && load_is(loader, "id", id, YAML_STRING) ? id : NULL;
}

// The list under a key, or NULL; it is cut (with an error) at `most` items.
static const struct yaml_node *list_of(struct loader *loader, const struct yaml_node *root,
	const char *key, size_t most, size_t *count)
{
	const struct yaml_node *list = yaml_get(root, key);

	*count = 0;
	if (!list || !load_is(loader, key, list, YAML_LIST))
		return NULL;
	*count = list->count;
	if (list->count <= most)
		return list;
	load_error(loader, list, "limit", "%s: at most %zu are allowed, here are %zu", key, most,
		list->count);
	*count = most;
	return list;
}

static void declare_list(struct loader *loader, const struct yaml_node *root, const char *key,
	struct names *names, size_t most, size_t *count)
{
	const struct yaml_node *list = list_of(loader, root, key, most, count);

	for (size_t i = 0; i < *count; i++) {
		const struct yaml_node *id = id_of(loader, key, list->items[i]);
		if (id)
			id_declare(loader, id, id->text, names, (int)i, false);
	}
}

static size_t declare_map(
	struct loader *loader, const struct yaml_node *root, const char *key, struct names *names)
{
	const struct yaml_node *map = yaml_get(root, key);

	if (!map || !load_is(loader, key, map, YAML_MAP))
		return 0;
	for (size_t i = 0; i < map->count; i++)
		id_declare(loader, map->keys[i], map->keys[i]->text, names, (int)i, false);
	return map->count;
}

static void use_default_phases(struct loader *loader)
{
	struct texts *phases = &loader->runbook->phases;

	*phases = (struct texts){.items = default_phases};
	for (; phases->items[phases->count]; phases->count++)
		names_set(&loader->phases, phases->items[phases->count], (int)phases->count);
}

static void declare_phases(struct loader *loader, const struct yaml_node *root)
{
	struct texts *phases = &loader->runbook->phases;
	const struct yaml_node *list = yaml_get(root, "phases");

	if (!list || !load_is(loader, "phases", list, YAML_LIST)) {
		use_default_phases(loader);
		return;
	}
	const char **items = arena_array(loader->arena, list->count + 1, sizeof *items);
	phases->items = items;
	for (size_t i = 0; i < list->count; i++) {
		const struct yaml_node *item = list->items[i];
		if (!load_is(loader, "phases", item, YAML_STRING))
			continue;
		if (strcmp(item->text, "open") == 0)
			load_error(loader, item, "bad-id",
				"phases: open is built in before all others");
		id_declare(loader, item, item->text, &loader->phases, (int)phases->count, false);
		items[phases->count++] = item->text;
	}
	int journey = names_find(&loader->phases, "journey");
	int traffic = names_find(&loader->phases, "traffic");
	if (traffic >= 0 && traffic < journey)
		load_error(loader, list->items[traffic], "phase-order",
			"phases: traffic stands before journey, whose steps it waits for");
	if (list->count == 0)
		load_error(loader, list, "empty", "phases: at least one is needed");
	// Every step is in a phase, also while the rest is checked.
	if (phases->count == 0)
		use_default_phases(loader);
}

static void declare_scope(struct loader *loader, const struct yaml_node *root)
{
	const struct yaml_node *scope = yaml_get(root, "scope"), *env = yaml_get(root, "env");

	for (size_t i = 0; scope && scope->type == YAML_MAP && i < scope->count; i++)
		if (scope->items[i]->text)
			names_set(&loader->scope_names, scope->keys[i]->text, (int)i);
	for (size_t i = 0; env && env->type == YAML_LIST && i < env->count; i++)
		if (env->items[i]->text)
			names_set(&loader->env_names, env->items[i]->text, (int)i);
}

// --- steps -----------------------------------------------------------------------------------------------------------

static const struct yaml_node *each_of(struct loader *loader, const struct yaml_node *item)
{
	const struct yaml_node *each = yaml_get(item, "each");

	if (!each || !load_is(loader, "each", each, YAML_LIST))
		return NULL;
	if (each->count == 0 || each->count > MAX_EACH) {
		load_error(loader, each, "limit", "each: a list of 1 to %d texts, here are %zu",
			MAX_EACH, each->count);
		return NULL;
	}
	for (size_t i = 0; i < each->count; i++) {
		if (each->items[i]->text && each->items[i]->type != YAML_NULL)
			continue;
		load_wrong_type(loader, "each", each->items[i], "a text");
		return NULL;
	}
	return each;
}

// Makes the steps of one group, which differ in nothing but id and ${each}.
static void expand(struct loader *loader, struct group *group, const struct yaml_node *id)
{
	for (int i = 0; i < group->count; i++) {
		struct step *step = &loader->steps[group->first + i];
		const struct yaml_node *value = group->each ? group->each->items[i] : NULL;
		step->id = group->id;
		step->group = group->id;
		step->place = (struct place){group->node->line, group->node->column};
		if (value) {
			step->each = value->text;
			step->id = arena_printf(loader->arena, "%s-%s", group->id, value->text);
		}
		if (id)
			id_declare(loader, value ? value : id, step->id, &loader->index->steps,
				group->first + i, false);
	}
}

// A group's own id must be free too: elsewhere it stands for all of its steps.
static void check_group_ids(struct loader *loader)
{
	for (size_t i = 0; i < loader->group_count; i++) {
		const struct group *group = &loader->group_items[i];
		const struct yaml_node *id = yaml_get(group->node, "id");
		if (!group->each || !id)
			continue;
		if (!load_id_valid(group->id, false))
			load_error(loader, id, "bad-id",
				"%s is no id: 1 to 63 of a-z, 0-9 and -, not beginning with -",
				group->id);
		else if (names_find(&loader->index->steps, group->id) >= 0)
			load_error(loader, id, "duplicate-id", "id %s is taken already", group->id);
		else if (names_set(&loader->groups, group->id, (int)i) >= 0)
			load_error(loader, id, "duplicate-id", "id %s is taken already", group->id);
	}
}

static void declare_steps(struct loader *loader, const struct yaml_node *root)
{
	size_t entries, count = 0;
	const struct yaml_node *list = list_of(loader, root, "steps", RUNBOOK_MAX_STEPS, &entries);

	loader->group_items = arena_array(loader->arena, entries + 1, sizeof *loader->group_items);
	for (size_t i = 0; i < entries; i++) {
		struct group *group = &loader->group_items[i];
		*group = (struct group){
			.id = "", .first = (int)count, .count = 1, .node = list->items[i]};
		group->each = each_of(loader, group->node);
		group->needs = yaml_get(group->node, "needs");
		if (group->each)
			group->count = (int)group->each->count;
		if (count + (size_t)group->count > RUNBOOK_MAX_STEPS) {
			load_error(loader, list, "limit",
				"steps: at most %d are allowed, each expanded", RUNBOOK_MAX_STEPS);
			break;
		}
		count += (size_t)group->count;
		loader->group_count = i + 1;
	}
	loader->runbook->step_count = count;
	loader->runbook->steps = loader->steps =
		arena_array(loader->arena, count + 1, sizeof *loader->steps);
	for (size_t i = 0; i < loader->group_count; i++) {
		struct group *group = &loader->group_items[i];
		const struct yaml_node *id = id_of(loader, "steps", group->node);
		if (id)
			group->id = id->text;
		expand(loader, group, id);
	}
	check_group_ids(loader);
}

void index_declare(struct loader *loader, const struct yaml_node *root)
{
	struct runbook *runbook = loader->runbook;
	struct runbook_index *index = loader->index;
	size_t stores;

	declare_phases(loader, root);
	declare_scope(loader, root);
	inputs_declare(loader, root);
	runbook->target_count = declare_map(loader, root, "targets", &index->targets);
	loader->target_mentions = arena_array(
		loader->arena, runbook->target_count + 1, sizeof *loader->target_mentions);
	declare_list(loader, root, "state", &loader->stores, RUNBOOK_MAX_DEPENDENCIES, &stores);
	declare_list(loader, root, "dependencies", &index->dependencies, RUNBOOK_MAX_DEPENDENCIES,
		&runbook->dependency_count);
	runbook->dependencies = loader->dependencies = arena_array(
		loader->arena, runbook->dependency_count + 1, sizeof *loader->dependencies);
	declare_steps(loader, root);
}

bool step_reference(struct loader *loader, const struct yaml_node *node, struct group *group)
{
	int step = node->text ? names_find(&loader->index->steps, node->text) : -1;

	if (step >= 0) {
		*group = (struct group){.id = node->text, .first = step, .count = 1};
		return true;
	}
	int index = load_reference(loader, node, &loader->groups, "unknown-step");
	if (index < 0) {
		if (node->text)
			load_suggest(loader, node->text, &loader->index->steps);
		return false;
	}
	*group = loader->group_items[index];
	return true;
}

void list_ids_check(struct loader *loader, const char *what, const struct yaml_node *list)
{
	struct names seen;

	names_init(&seen, loader->arena);
	for (size_t i = 0; list->type == YAML_LIST && i < list->count; i++) {
		const struct yaml_node *id = yaml_get(list->items[i], "id");
		if (!id || !id->text)
			continue;
		if (!load_id_valid(id->text, false))
			load_error(loader, id, "bad-id",
				"%s: %s is no id: 1 to 63 of a-z, 0-9 and -, not beginning with -",
				what, id->text);
		else if (names_set(&seen, id->text, (int)i) >= 0)
			load_error(loader, id, "duplicate-id", "%s: id %s is taken already", what,
				id->text);
	}
}
