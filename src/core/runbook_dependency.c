// SPDX-License-Identifier: Apache-2.0

#include "runbook_load.h"

// The nouns of a runbook: what must be healthy, and how it is asked.

#define DEFAULT_EVERY_MS   (10 * MS_PER_S)
#define DEFAULT_TIMEOUT_MS (10 * MS_PER_S)

static const int must_last = 1;

static void load_one_check(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	struct check *check = arena_alloc(loader->arena, sizeof *check);
	struct dependency *dependency = object;

	load_check(loader, key, node, check);
	dependency->checks = check;
	dependency->check_count = 1;
}

static void load_checks(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	struct dependency *dependency = object;

	if (!load_is(loader, key->name, node, YAML_LIST))
		return;
	if (node->count == 0)
		load_error(loader, node, "empty", "%s: at least one is needed", key->name);
	struct check *checks = arena_array(loader->arena, node->count + 1, sizeof *checks);
	for (size_t i = 0; i < node->count; i++)
		load_check(loader, key, node->items[i], &checks[i]);
	dependency->checks = checks;
	dependency->check_count = node->count;
}

#define ROW(key_name, member, loader, ...)                                                         \
	{                                                                                          \
		.name = key_name, .load = loader, .offset = offsetof(struct dependency, member),   \
		##__VA_ARGS__                                                                      \
	}

static const struct key dependency_keys[] = {
	ROW("id", id, load_plain),
	ROW("title", title, load_string),
	ROW("layer", layer, load_word, .detail = runbook_layers),
	{.name = "check", .load = load_one_check},
	{.name = "checks", .load = load_checks},
	ROW("every", every_ms, load_duration, .detail = &must_last),
	ROW("timeout", timeout_ms, load_duration, .detail = &must_last),
	ROW("stable", stable_ms, load_duration),
	ROW("follows", follows, load_dependencies),
	ROW("proves", proves, load_level),
	ROW("owner", owner, load_string),
	ROW("degraded", degraded, load_string),
	ROW("renew", renew, load_action),
	{0},
};

void load_dependency_list(
	struct loader *loader, const struct key *key, const struct yaml_node *list, void *field)
{
	static const char *const forms[] = {"check", "checks", NULL};

	(void)field;
	for (size_t i = 0; i < loader->runbook->dependency_count; i++) {
		const struct yaml_node *node = list->items[i];
		struct dependency *dependency = &loader->dependencies[i];
		if (node->type != YAML_MAP)
			continue; // said when it was declared
		*dependency = (struct dependency){
			.every_ms = DEFAULT_EVERY_MS,
			.timeout_ms = DEFAULT_TIMEOUT_MS,
			.stable_ms = ABSENT_MS,
			.proves = -1,
			.place = {node->line, node->column},
		};
		const struct yaml_node *id = yaml_get(node, "id");
		loader->subject = arena_printf(loader->arena, "dependency %s",
			id && id->text ? id->text : "without an id");
		mentions_begin(loader);
		load_map(loader, key->name, node, dependency_keys, dependency);
		load_one_of(loader, node, forms, false);
		dependency->mentions = mentions_end(loader);
		if (!dependency->title)
			dependency->title = dependency->id;
		if (dependency->stable_ms == ABSENT_MS)
			dependency->stable_ms = 2 * dependency->every_ms;
	}
	loader->subject = NULL;
}
