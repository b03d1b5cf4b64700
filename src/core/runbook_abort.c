// SPDX-License-Identifier: Apache-2.0
#include "runbook_load.h"

// What happens when the recovery itself is given up.

static void load_dependency(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	(void)key;
	*(int *)field =
		load_reference(loader, node, &loader->index->dependencies, "unknown-dependency");
}

static void load_after(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct group group;

	(void)key;
	if (step_reference(loader, node, &group))
		*(int *)field = group.first + group.count - 1;
}

static void criterion_init(void *item)
{
	*(struct abort_criterion *)item = (struct abort_criterion){.dependency = -1, .after = -1};
}

static const struct key criterion_keys[] = {
	{.name = "dependency",
		.load = load_dependency,
		.offset = offsetof(struct abort_criterion, dependency),
		.is_required = true},
	{.name = "after", .load = load_after, .offset = offsetof(struct abort_criterion, after)},
	{.name = "for", .load = load_duration, .offset = offsetof(struct abort_criterion, for_ms)},
	{0},
};
static const struct list_detail criterion_list = {criterion_keys, sizeof(struct abort_criterion),
	offsetof(struct runbook, abort.when_unhealthy_count), criterion_init};

static void load_steps(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct ints steps = {0};

	if (!load_is(loader, key->name, node, YAML_LIST))
		return;
	for (size_t i = 0; i < node->count; i++) {
		struct group group;
		if (!step_reference(loader, node->items[i], &group))
			continue;
		for (int j = group.first; j < group.first + group.count; j++) {
			if (loader->steps[j].is_abort) {
				load_error(loader, node->items[i], "duplicate",
					"abort.steps: %s stands here twice", loader->steps[j].id);
				break;
			}
			loader->steps[j].is_abort = true;
			ints_add(&steps, j);
		}
	}
	*(struct refs *)field = ints_take(loader, &steps);
}

void load_abort(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {
		{.name = "criteria",
			.load = load_texts,
			.offset = offsetof(struct runbook, abort.criteria)},
		{.name = "when_unhealthy",
			.load = load_list,
			.offset = offsetof(struct runbook, abort.when_unhealthy),
			.detail = &criterion_list},
		{.name = "steps",
			.load = load_steps,
			.offset = offsetof(struct runbook, abort.steps)},
		{.name = "escalation",
			.load = load_string,
			.offset = offsetof(struct runbook, abort.escalation)},
		{0},
	};

	(void)field;
	load_map(loader, key->name, node, keys, loader->runbook);
}
