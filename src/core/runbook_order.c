// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "runbook_load.h"

// The order of the steps (FORMATS.md §1, "Order"): what each of them waits for, and whether that
// can ever come.

// All `needs` together: groups multiply what a list names.
#define MAX_EDGES       1000000
#define MAX_CIRCLE_TOLD 8

struct ordering {
	struct loader *loader;
	int *before; // by step: the one before it, by phase, then file order; -1: none, or it is an
		     // abort step
	int *noted_for; // by step: the last group for which it was noted as a need
	size_t edges;
};

static void find_steps_before(struct ordering *ordering)
{
	const struct runbook *runbook = ordering->loader->runbook;
	int *last = memory_alloc((runbook->phases.count + 1) * sizeof *last);
	int *first = memory_alloc((runbook->phases.count + 1) * sizeof *first);

	for (size_t phase = 0; phase < runbook->phases.count; phase++)
		first[phase] = last[phase] = -1;
	for (size_t i = 0; i < runbook->step_count; i++) {
		const struct step *step = &runbook->steps[i];
		ordering->before[i] = -1;
		if (step->is_abort)
			continue;
		ordering->before[i] = last[step->phase];
		if (first[step->phase] < 0)
			first[step->phase] = (int)i;
		last[step->phase] = (int)i;
	}
	int end = -1;
	for (size_t phase = 0; phase < runbook->phases.count; phase++) {
		if (first[phase] < 0)
			continue;
		ordering->before[first[phase]] = end;
		end = last[phase];
	}
	for (size_t i = 1; i < runbook->abort.steps.count; i++)
		ordering->before[runbook->abort.steps.items[i]] = runbook->abort.steps.items[i - 1];
	free(first);
	free(last);
}

// Whether `group` may wait for step `need`, which stands at `node`.
static bool check_need(
	struct loader *loader, const struct group *group, const struct yaml_node *node, int need)
{
	const struct step *step = &loader->steps[group->first], *needed = &loader->steps[need];

	if (step->is_abort)
		return true;
	if (needed->is_abort) {
		load_error(loader, node, "needs-abort",
			"needs %s, which is kept for aborting and never comes in the order",
			needed->id);
		return false;
	}
	if (needed->phase > step->phase) {
		const char *const *phases = loader->runbook->phases.items;
		load_error(loader, node, "needs-later-phase",
			"needs %s of the later phase %s (this step is in %s)", needed->id,
			phases[needed->phase], phases[step->phase]);
		return false;
	}
	return true;
}

static void note_need(struct ordering *ordering, int group, int need, struct ints *needs)
{
	if (ordering->noted_for[need] == group)
		return;
	ordering->noted_for[need] = group;
	ints_add(needs, need);
}

// The needs that are written, with the decision that the group hangs on.
static void written_needs(struct ordering *ordering, int index, struct ints *needs)
{
	struct loader *loader = ordering->loader;
	const struct group *group = &loader->group_items[index];
	const struct yaml_node *list = group->needs;
	size_t count = list && list->type == YAML_LIST ? list->count : 0;
	struct group named;

	for (size_t i = 0; i < count && ordering->edges < MAX_EDGES; i++) {
		if (!step_reference(loader, list->items[i], &named))
			continue;
		if (!check_need(loader, group, list->items[i], named.first))
			continue;
		for (int j = 0; j < named.count; j++)
			note_need(ordering, index, named.first + j, needs);
		ordering->edges += (size_t)named.count;
	}
	int decision = loader->steps[group->first].when_step;
	if (decision < 0)
		return;
	const struct yaml_node *when = yaml_get(group->node, "when");
	if (check_need(loader, group, yaml_get(when, "decision"), decision))
		note_need(ordering, index, decision, needs);
}

static void resolve_group(struct ordering *ordering, int index)
{
	struct loader *loader = ordering->loader;
	const struct group *group = &loader->group_items[index];
	bool is_given = group->needs && load_is(loader, "needs", group->needs, YAML_LIST);
	struct ints needs = {0};

	written_needs(ordering, index, &needs);
	size_t written = needs.count;
	struct refs shared = ints_take(loader, &needs);
	for (int i = group->first; i < group->first + group->count; i++) {
		struct step *step = &loader->steps[i];
		step->needs_given = is_given;
		step->needs = shared;
		int before = ordering->before[i];
		if (is_given || before < 0 || ordering->noted_for[before] == index)
			continue;
		int *items = arena_array(loader->arena, written + 2, sizeof *items);
		items[0] = before;
		memcpy(items + 1, shared.items, written * sizeof *items);
		step->needs = (struct refs){items, written + 1};
	}
}

// --- circles -----------------------------------------------------------------------------------------------------------

static void step_circle(struct loader *loader, const int *circle, size_t length)
{
	const struct step *steps = loader->steps;
	struct buf text = {0};

	for (size_t i = 0; i < length && i < MAX_CIRCLE_TOLD; i++) {
		const struct step *step = &steps[circle[i]],
				  *next = &steps[circle[(i + 1) % length]];
		buf_printf(&text, "%s%s %s %s", i ? ", " : "", step->id,
			step->needs_given || step->when_step == circle[(i + 1) % length]
				? "needs"
				: "comes after",
			next->id);
	}
	const struct place *place = &steps[circle[0]].place;
	diag_error(loader->diags, place->line, place->column, "cycle",
		"these steps wait for each other: %s%s", buf_str(&text),
		length > MAX_CIRCLE_TOLD ? " …" : "");
	buf_fini(&text);
}

static void dependency_circle(struct loader *loader, const int *circle, size_t length)
{
	const struct dependency *dependencies = loader->dependencies;
	struct buf text = {0};

	for (size_t i = 0; i < length && i < MAX_CIRCLE_TOLD; i++)
		buf_printf(&text, "%s%s follows %s", i ? ", " : "", dependencies[circle[i]].id,
			dependencies[circle[(i + 1) % length]].id);
	const struct place *place = &dependencies[circle[0]].place;
	diag_error(loader->diags, place->line, place->column, "cycle",
		"these dependencies are folded under each other: %s%s", buf_str(&text),
		length > MAX_CIRCLE_TOLD ? " …" : "");
	buf_fini(&text);
}

static void find_circles(struct loader *loader)
{
	const struct runbook *runbook = loader->runbook;
	size_t most = runbook->step_count > runbook->dependency_count ? runbook->step_count
								      : runbook->dependency_count;
	struct refs *edges = memory_zeroed(most + 1, sizeof *edges);

	for (size_t i = 0; i < runbook->step_count; i++)
		edges[i] = loader->steps[i].needs;
	cycles_find(runbook->step_count, edges, step_circle, loader);
	for (size_t i = 0; i < runbook->dependency_count; i++)
		edges[i] = loader->dependencies[i].follows;
	cycles_find(runbook->dependency_count, edges, dependency_circle, loader);
	free(edges);
}

void order_resolve(struct loader *loader)
{
	struct ordering ordering = {.loader = loader};
	size_t count = loader->runbook->step_count;

	ordering.before = memory_zeroed(count + 1, sizeof *ordering.before);
	ordering.noted_for = memory_zeroed(count + 1, sizeof *ordering.noted_for);
	for (size_t i = 0; i < count; i++)
		ordering.noted_for[i] = -1;
	find_steps_before(&ordering);
	for (size_t i = 0; i < loader->group_count; i++) {
		loader->subject = arena_printf(loader->arena, "step %s", loader->group_items[i].id);
		resolve_group(&ordering, (int)i);
	}
	loader->subject = NULL;
	if (ordering.edges >= MAX_EDGES)
		diag_error(loader->diags, 1, 1, "limit",
			"more than %d needs, groups counted with all their steps", MAX_EDGES);
	find_circles(loader);
	free(ordering.before);
	free(ordering.noted_for);
}
