// SPDX-License-Identifier: Apache-2.0
#include "relight/plan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

static int phase_index(const struct runbook *runbook, const char *name)
{
	for (size_t i = 0; i < runbook->phases.count; i++)
		if (strcmp(runbook->phases.items[i], name) == 0)
			return (int)i;
	return -1;
}

static bool refs_have(const int *items, size_t count, int wanted)
{
	for (size_t i = 0; i < count; i++)
		if (items[i] == wanted)
			return true;
	return false;
}

static void find_edges(struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;
	size_t *dependants = memory_zeroed(runbook->step_count + 1, sizeof *dependants);
	for (size_t s = 0; s < runbook->step_count; s++) {
		const struct step *step = &runbook->steps[s];
		int *edges = arena_array(plan->arena, step->needs.count + 1, sizeof *edges);
		size_t count = 0;
		for (size_t i = 0; i < step->needs.count; i++)
			edges[count++] = step->needs.items[i];
		if (step->when_step >= 0 && !refs_have(edges, count, step->when_step))
			edges[count++] = step->when_step;
		plan->waits_for[s] = (struct refs){edges, count};
		for (size_t i = 0; i < count; i++)
			dependants[edges[i]]++;
	}
	for (size_t s = 0; s < runbook->step_count; s++)
		plan->dependants[s] =
			(struct refs){arena_array(plan->arena, dependants[s] + 1, sizeof(int)), 0};
	for (size_t s = 0; s < runbook->step_count; s++)
		for (size_t i = 0; i < plan->waits_for[s].count; i++) {
			struct refs *from = &plan->dependants[plan->waits_for[s].items[i]];
			((int *)from->items)[from->count++] = (int)s;
		}
	free(dependants);
}

// A binary heap of steps, the one of the earliest phase and then of the earliest line on top.
struct heap {
	const struct runbook *runbook;
	int *items;
	size_t count;
};

static bool comes_before(const struct heap *heap, int a, int b)
{
	int pa = heap->runbook->steps[a].phase, pb = heap->runbook->steps[b].phase;
	return pa != pb ? pa < pb : a < b;
}

static void heap_swap(struct heap *heap, size_t i, size_t j)
{
	int kept = heap->items[i];
	heap->items[i] = heap->items[j];
	heap->items[j] = kept;
}

static void heap_push(struct heap *heap, int step)
{
	size_t i = heap->count++;
	heap->items[i] = step;
	for (; i > 0 && comes_before(heap, heap->items[i], heap->items[(i - 1) / 2]);
		i = (i - 1) / 2)
		heap_swap(heap, i, (i - 1) / 2);
}

static int heap_pop(struct heap *heap)
{
	int top = heap->items[0];
	heap->items[0] = heap->items[--heap->count];
	for (size_t i = 0;;) {
		size_t first = i;
		for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < heap->count; child++)
			if (comes_before(heap, heap->items[child], heap->items[first]))
				first = child;
		if (first == i)
			return top;
		heap_swap(heap, i, first);
		i = first;
	}
}

// Kahn's algorithm; the heap breaks ties.
static void find_order(struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;
	size_t *unmet = memory_zeroed(runbook->step_count + 1, sizeof *unmet);
	struct heap heap = {runbook, memory_zeroed(runbook->step_count + 1, sizeof(int)), 0};
	for (size_t s = 0; s < runbook->step_count; s++) {
		plan->position[s] = -1;
		unmet[s] = plan->waits_for[s].count;
		if (unmet[s] == 0 && !runbook->steps[s].is_abort)
			heap_push(&heap, (int)s);
	}
	while (heap.count > 0) {
		int step = heap_pop(&heap);
		plan->position[step] = (int)plan->count;
		plan->order[plan->count++] = step;
		for (size_t i = 0; i < plan->dependants[step].count; i++) {
			int next = plan->dependants[step].items[i];
			if (--unmet[next] == 0 && !runbook->steps[next].is_abort)
				heap_push(&heap, next);
		}
	}
	free(unmet);
	free(heap.items);
}

static void find_phase_steps(struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;
	size_t *counts = memory_zeroed(runbook->phases.count + 1, sizeof *counts);
	for (size_t i = 0; i < plan->count; i++)
		counts[runbook->steps[plan->order[i]].phase]++;
	for (size_t p = 0; p < runbook->phases.count; p++)
		plan->phase_steps[p] =
			(struct refs){arena_array(plan->arena, counts[p] + 1, sizeof(int)), 0};
	for (size_t i = 0; i < plan->count; i++) {
		struct refs *steps = &plan->phase_steps[runbook->steps[plan->order[i]].phase];
		((int *)steps->items)[steps->count++] = plan->order[i];
	}
	free(counts);
}

size_t plan_journey(const struct runbook *runbook, bool *is_journey)
{
	size_t marked = 0;
	memset(is_journey, 0, runbook->dependency_count * sizeof *is_journey);
	for (size_t f = 0; f < runbook->function_count; f++)
		for (size_t i = 0; i < runbook->functions[f].journey.count; i++) {
			bool *mark = &is_journey[runbook->functions[f].journey.items[i]];
			marked += !*mark;
			*mark = true;
		}
	if (marked > 0)
		return marked;
	for (size_t d = 0; d < runbook->dependency_count; d++) {
		const char *layer = runbook->dependencies[d].layer;
		is_journey[d] = layer && strcmp(layer, "journey") == 0;
		marked += is_journey[d];
	}
	return marked;
}

static void find_serving(struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;
	bool *is_journey = memory_zeroed(runbook->dependency_count + 1, sizeof *is_journey);
	plan->has_journey = plan_journey(runbook, is_journey) > 0;
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &runbook->steps[plan->order[i]];
		for (size_t r = 0; r < step->restores.count; r++)
			plan->serves[plan->order[i]] |= is_journey[step->restores.items[r]];
		plan->has_serving |= plan->serves[plan->order[i]];
	}
	free(is_journey);
}

// The step among `from` whose chain is the longest; -1 for none. The first one wins a tie.
static int longest_of(const int64_t *finish_ms, const struct refs *from)
{
	int longest = -1;
	for (size_t i = 0; i < from->count; i++)
		if (longest < 0 || finish_ms[from->items[i]] > finish_ms[longest])
			longest = from->items[i];
	return longest;
}

static int predecessor(
	const struct plan *plan, const int64_t *finish_ms, int step, int longest_journey)
{
	int before = longest_of(finish_ms, &plan->waits_for[step]);
	bool is_locked =
		plan->traffic_phase >= 0 && plan->runbook->steps[step].phase == plan->traffic_phase;
	if (is_locked && longest_journey >= 0 &&
		(before < 0 || finish_ms[longest_journey] > finish_ms[before]))
		return longest_journey;
	return before;
}

static int longest_journey(const struct plan *plan, const int64_t *finish_ms)
{
	return plan->journey_phase < 0
		       ? -1
		       : longest_of(finish_ms, &plan->phase_steps[plan->journey_phase]);
}

void plan_finishes(const struct plan *plan, const int64_t *weight_ms, int64_t *finish_ms)
{
	int journey = -1;
	bool journey_is_known = false;
	for (size_t i = 0; i < plan->count; i++) {
		int step = plan->order[i];
		if (!journey_is_known && plan->runbook->steps[step].phase == plan->traffic_phase) {
			journey = longest_journey(plan, finish_ms);
			journey_is_known = true;
		}
		int before = predecessor(plan, finish_ms, step, journey);
		finish_ms[step] = weight_ms[step] + (before < 0 ? 0 : finish_ms[before]);
	}
}

size_t plan_chain(const struct plan *plan, const int64_t *weight_ms, const int64_t *finish_ms,
	int end, int *chain)
{
	int journey = longest_journey(plan, finish_ms);
	size_t count = 0;
	for (int step = end; step >= 0; step = predecessor(plan, finish_ms, step, journey)) {
		assert(count < plan->count && finish_ms[step] >= weight_ms[step]);
		chain[count++] = step;
	}
	for (size_t i = 0; i < count / 2; i++) {
		int kept = chain[i];
		chain[i] = chain[count - 1 - i];
		chain[count - 1 - i] = kept;
	}
	return count;
}

static void find_critical_path(struct plan *plan)
{
	const struct runbook *runbook = plan->runbook;
	int64_t *weight_ms = memory_zeroed(runbook->step_count + 1, sizeof *weight_ms);
	int64_t *finish_ms = memory_zeroed(runbook->step_count + 1, sizeof *finish_ms);
	for (size_t s = 0; s < runbook->step_count; s++)
		weight_ms[s] =
			runbook->steps[s].takes_ms == ABSENT_MS ? 0 : runbook->steps[s].takes_ms;
	plan_finishes(plan, weight_ms, finish_ms);
	int end = longest_of(finish_ms, &(struct refs){plan->order, plan->count});
	if (end >= 0) {
		plan->critical_count = plan_chain(plan, weight_ms, finish_ms, end, plan->critical);
		plan->critical_ms = finish_ms[end];
	}
	for (size_t i = 0; i < plan->count; i++)
		if (plan->serves[plan->order[i]] && finish_ms[plan->order[i]] > plan->serving_ms)
			plan->serving_ms = finish_ms[plan->order[i]];
	if (!plan->has_serving)
		plan->serving_ms = plan->critical_ms;
	free(weight_ms);
	free(finish_ms);
}

struct plan *plan_new(const struct runbook *runbook)
{
	struct arena *arena = arena_new();
	struct plan *plan = arena_alloc(arena, sizeof *plan);
	size_t steps = runbook->step_count + 1;
	*plan = (struct plan){
		.runbook = runbook,
		.arena = arena,
		.order = arena_array(arena, steps, sizeof(int)),
		.position = arena_array(arena, steps, sizeof(int)),
		.critical = arena_array(arena, steps, sizeof(int)),
		.serves = arena_array(arena, steps, sizeof(bool)),
		.waits_for = arena_array(arena, steps, sizeof(struct refs)),
		.dependants = arena_array(arena, steps, sizeof(struct refs)),
		.phase_steps = arena_array(arena, runbook->phases.count + 1, sizeof(struct refs)),
		.traffic_phase = phase_index(runbook, "traffic"),
		.journey_phase = phase_index(runbook, "journey"),
	};
	if (plan->journey_phase > plan->traffic_phase || plan->journey_phase < 0)
		plan->journey_phase = plan->traffic_phase = -1;
	find_edges(plan);
	find_order(plan);
	find_phase_steps(plan);
	find_serving(plan);
	find_critical_path(plan);
	return plan;
}

void plan_free(struct plan *plan)
{
	if (plan)
		arena_free(plan->arena);
}
