// SPDX-License-Identifier: Apache-2.0
//
// Finish time = now + remaining critical path: expected durations, for running steps what is left
// of them (DESIGN.md §5). The clock against the RTO stops when the business journey serves, not
// when the last line is ticked.
#include "relight/state.h"

#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

// Since when a pure wait has had nothing but itself to wait for; MONO_NONE: something is unmet.
static struct mono waits_since(const struct state *state, int step, struct moment now)
{
	const struct refs *waits_for = &state->plan->waits_for[step];
	struct mono since = state->declared.mono;
	if (state_step(state, step, now.wall) != STEP_READY)
		return MONO_NONE;
	for (size_t i = 0; i < waits_for->count; i++) {
		struct mono met = state->steps[waits_for->items[i]].since.mono;
		if (!mono_known(since) || (mono_known(met) && met.us > since.us))
			since = met;
	}
	return since;
}

static int64_t rest_ms(int64_t takes_ms, struct mono since, struct moment now)
{
	int64_t left = takes_ms - (now.mono.us - since.us) / US_PER_MS;
	return left > 0 ? left : 0;
}

static int64_t left_ms(const struct state *state, int step, struct moment now)
{
	const struct step_progress *progress = &state->steps[step];
	int64_t takes_ms = state->runbook->steps[step].takes_ms;
	if (takes_ms == ABSENT_MS)
		return 0;
	switch (progress->state) {
	case STEP_DONE:
	case STEP_SKIPPED:
	case STEP_VERIFYING: return 0;
	case STEP_RUNNING: // once it is rolled back, all of it is still to come
		return progress->is_rollback ? takes_ms
					     : rest_ms(takes_ms, progress->intent.mono, now);
	case STEP_WAITING: break;
	default: return takes_ms;
	}
	struct mono since = state->runbook->steps[step].kind == STEP_WAIT
				    ? waits_since(state, step, now)
				    : MONO_NONE;
	return mono_known(since) ? rest_ms(takes_ms, since, now) : takes_ms;
}

static int64_t *weights(const struct state *state, struct moment now)
{
	int64_t *weight_ms = memory_zeroed(state->runbook->step_count + 1, sizeof *weight_ms);
	for (size_t s = 0; s < state->runbook->step_count; s++)
		weight_ms[s] = left_ms(state, (int)s, now);
	return weight_ms;
}

void state_finishes(const struct state *state, struct moment now, int64_t *finish_ms)
{
	int64_t *weight_ms = weights(state, now);
	plan_finishes(state->plan, weight_ms, finish_ms);
	free(weight_ms);
}

// Until the journey serves, or where no step restores it until everything is done.
static void find_path(const struct state *state, struct moment now, struct forecast *forecast)
{
	const struct plan *plan = state->plan;
	int64_t *weight_ms = weights(state, now);
	int64_t *finish_ms = memory_zeroed(state->runbook->step_count + 1, sizeof *finish_ms);
	int *chain = memory_zeroed(plan->count + 1, sizeof *chain);
	int end = -1;
	plan_finishes(plan, weight_ms, finish_ms);
	for (size_t i = 0; i < plan->count; i++) {
		int step = plan->order[i];
		bool counts = !plan->has_serving ||
			      (plan->serves[step] && state->steps[step].state != STEP_SKIPPED);
		if (counts && (end < 0 || finish_ms[step] > finish_ms[end]))
			end = step;
	}
	forecast->remaining_ms = end < 0 ? 0 : finish_ms[end];
	size_t length = end < 0 ? 0 : plan_chain(plan, weight_ms, finish_ms, end, chain);
	for (size_t i = 0; i < length && forecast->rests_on < 0; i++)
		if (weight_ms[chain[i]] > 0 ||
			(state->steps[chain[i]].state != STEP_DONE &&
				state->steps[chain[i]].state != STEP_SKIPPED))
			forecast->rests_on = chain[i];
	free(weight_ms);
	free(finish_ms);
	free(chain);
}

// The moment from which every function serves, a function without a journey left aside; MOMENT_NONE
// while one does not. Where there is no journey to be seen, a declaration counts that had all done
// and healthy to rest on; what a person says alone is no proof.
static struct moment serving_since(const struct state *state)
{
	struct moment latest = state->journey_serving;
	bool has_journey = false;
	for (size_t f = 0; f < state->runbook->function_count; f++) {
		if (state->runbook->functions[f].journey.count == 0)
			continue;
		if (!wall_known(state->serving[f].wall))
			return MOMENT_NONE;
		if (!has_journey || state->serving[f].wall.us > latest.wall.us)
			latest = state->serving[f];
		has_journey = true;
	}
	if (state->plan->has_journey)
		return latest;
	return state->recovered_with_proof ? state->recovered : MOMENT_NONE;
}

const char *state_unproven(const struct state *state)
{
	for (size_t f = 0; f < state->runbook->function_count; f++)
		if (wall_known(state->serving[f].wall))
			return "not every function was seen to serve";
	return "nothing was seen to serve";
}

static bool is_replayable(const struct runbook *runbook, const char *store)
{
	for (size_t i = 0; store && i < runbook->store_count; i++)
		if (strcmp(runbook->stores[i].id, store) == 0)
			return runbook->stores[i].replayable;
	return false;
}

static int64_t loss_ms(const struct state *state, struct wall impact)
{
	struct wall oldest = WALL_NONE;
	for (size_t r = 0; r < state->runbook->restore_point_count; r++) {
		struct wall at = wall_known(state->restore_point_found[r])
					 ? state->restore_point_found[r]
					 : state->restore_point_at[r];
		if (!wall_known(at) ||
			is_replayable(state->runbook, state->runbook->restore_points[r].of))
			continue;
		if (!wall_known(oldest) || at.us < oldest.us)
			oldest = at;
	}
	return wall_known(oldest) && wall_known(impact) ? (impact.us - oldest.us) / US_PER_MS : -1;
}

struct wall state_origin(const struct state *state)
{
	return wall_known(state->impact_at) ? state->impact_at : state->declared.wall;
}

const char *state_origin_word(const struct state *state)
{
	return wall_known(state->impact_at) ? "impact" : "declaration";
}

int64_t state_elapsed_ms(const struct state *state, struct moment at)
{
	if (!wall_known(state->declared.wall) || !mono_known(at.mono))
		return -1;
	return (at.mono.us - state->declared.mono.us + state->declared.wall.us -
		       state_origin(state).us) /
	       US_PER_MS;
}

// When the clocks ended, or `now`.
static struct moment clocks_end(const struct state *state, const struct forecast *forecast,
	struct moment served, struct moment now)
{
	if (forecast->is_serving)
		return served;
	if (forecast->is_declared && !state->plan->has_journey)
		return state->recovered;
	return wall_known(state->closed.wall) ? state->closed : now;
}

struct forecast state_forecast(const struct state *state, struct moment now)
{
	const struct objectives *objectives = &state->runbook->objectives;
	struct forecast forecast = {.rests_on = -1, .loss_ms = -1};
	struct moment served = serving_since(state);
	find_path(state, now, &forecast);
	forecast.is_serving = wall_known(served.wall);
	forecast.is_declared = !forecast.is_serving && wall_known(state->recovered.wall);
	if (wall_known(state->declared.wall))
		forecast.elapsed_ms =
			state_elapsed_ms(state, clocks_end(state, &forecast, served, now));
	if (forecast.is_serving || forecast.is_declared)
		forecast.remaining_ms = 0;
	forecast.finish_ms = forecast.elapsed_ms + forecast.remaining_ms;
	forecast.has_rto = objectives->rto_ms != ABSENT_MS;
	forecast.has_mtd = objectives->mtd_ms != ABSENT_MS;
	forecast.has_rpo = objectives->rpo_ms != ABSENT_MS;
	forecast.rto_left_ms = forecast.has_rto ? objectives->rto_ms - forecast.elapsed_ms : 0;
	forecast.mtd_left_ms = forecast.has_mtd ? objectives->mtd_ms - forecast.elapsed_ms : 0;
	forecast.misses_rto = forecast.has_rto && forecast.finish_ms > objectives->rto_ms;
	forecast.misses_mtd = forecast.has_mtd && forecast.finish_ms > objectives->mtd_ms;
	forecast.misses_rto_by_ms =
		forecast.misses_rto ? forecast.finish_ms - objectives->rto_ms : 0;
	forecast.loss_ms = loss_ms(state, state_origin(state));
	return forecast;
}
