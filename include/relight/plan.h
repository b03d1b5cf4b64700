// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PLAN_H
#define RELIGHT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/runbook.h"

// The order of a runbook's steps (FORMATS.md §1, "Order"). abort.steps stand outside it.

struct plan {
	const struct runbook *runbook;	// borrowed
	int *order;			// step indexes: a topological order, ties by phase, then file order
	size_t count;
	int *position;			// by step index: its place in `order`, -1 for abort steps
	struct refs *dependants;	// by step index: steps that wait for it, traffic's lock included
	struct refs *waits_for;		// by step index: needs, its `when` decision, and for traffic all of journey
	int traffic_phase, journey_phase; // -1: the runbook has none
	int *critical;			// steps of the critical path, in order
	size_t critical_count;
	int64_t critical_ms;
	struct arena *arena;		// holds all of the above
};

// Never fails for a runbook that runbook_load accepted. The caller frees with plan_free.
struct plan *plan_new(const struct runbook *runbook);
void plan_free(struct plan *plan); // NULL is safe

// The length of the longest chain of steps, in milliseconds, where `weight_ms` gives what is left of each step; its steps, first
// to last, are left in `chain` (room for plan->count), their number in *chain_count. Linear in steps and edges.
int64_t plan_longest(const struct plan *plan, const int64_t *weight_ms, int *chain, size_t *chain_count);

#endif
