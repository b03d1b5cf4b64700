// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PLAN_H
#define RELIGHT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/runbook.h"

// The order of a runbook's steps (FORMATS.md §1, "Order"). abort.steps stand outside it.
//
// Phases only group, but a need never points to a later phase, so the order is phase by phase all
// the same. The lock of the traffic phase ("all steps of journey first") is no edge here: it would
// be a product of two phases, and every walk in plan order meets journey before traffic anyway.

struct plan {
	const struct runbook *runbook; // borrowed
	int *order; // step indexes: a topological order, ties by phase, then file order
	size_t count;
	int *position;            // by step index: its place in `order`, -1 for abort steps
	struct refs *waits_for;   // by step index: its needs and the decision of its `when`
	struct refs *dependants;  // by step index: the steps whose waits_for names it
	struct refs *phase_steps; // by phase: its steps in plan order
	int traffic_phase,
		journey_phase; // -1: the runbook has none, or has them the other way round
	bool *serves;          // by step index: it restores a dependency of the business journey
	bool has_serving;      // any does
	bool has_journey;      // there is a business journey that could be seen to serve
	int *critical;         // steps of the critical path, in order
	size_t critical_count;
	int64_t critical_ms; // its length
	int64_t serving_ms;  // until the journey is restored; critical_ms where no step restores it
	struct arena *arena; // holds all of the above
};

// Never fails for a runbook that runbook_load accepted. The caller frees with plan_free; the
// runbook must outlive it.
struct plan *plan_new(const struct runbook *runbook);
void plan_free(struct plan *plan); // NULL is safe

// For each step the length in milliseconds of the longest chain of steps that ends with it, where
// `weight_ms` gives what each step takes; both by step index. Linear in steps and edges (the
// critical path method, forward pass).
void plan_finishes(const struct plan *plan, const int64_t *weight_ms, int64_t *finish_ms);

// The chain behind finish_ms[end], first step to `end`; `chain` has room for plan->count. Returns
// its length.
size_t plan_chain(const struct plan *plan, const int64_t *weight_ms, const int64_t *finish_ms,
	int end, int *chain);

// Marks in `is_journey` (by dependency index) what the business journey rests on: the journeys of
// the functions; where they have none all dependencies of layer `journey` (FORMATS.md §8, report).
// Returns how many were marked.
size_t plan_journey(const struct runbook *runbook, bool *is_journey);

#endif
