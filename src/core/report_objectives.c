// SPDX-License-Identifier: Apache-2.0
//
// Whether the objectives were met (FORMATS.md §8). The clocks are those of state_forecast, stopped
// at the newest event.
#include "report_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

// A goal that was not reached yet is missed all the same once its time is over.
static int is_met(int64_t target_ms, int64_t actual_ms, int64_t passed_ms)
{
	if (target_ms == ABSENT_MS)
		return -1;
	if (actual_ms >= 0)
		return actual_ms <= target_ms;
	return passed_ms > target_ms ? 0 : -1;
}

static cJSON *goal(int64_t target_ms, int64_t actual_ms, int64_t passed_ms)
{
	cJSON *object = json_object();
	report_add_seconds(object, "target_seconds", target_ms);
	report_add_seconds(object, "actual_seconds", actual_ms);
	report_add_met(object, "met", is_met(target_ms, actual_ms, passed_ms));
	return object;
}

// --- time ---

static int64_t start_seq(const struct report_walk *walk)
{
	return walk->impact_seq >= 0 ? walk->impact_seq : walk->declared_seq;
}

static void add_serving_rests(cJSON *object, const struct report_source *source,
	const struct report_walk *walk, const struct forecast *forecast)
{
	size_t functions = source->runbook->function_count, count = 0;
	int64_t *seqs = memory_zeroed(functions + 4, sizeof *seqs);
	seqs[count++] = walk->declared_seq;
	seqs[count++] = start_seq(walk);
	for (size_t f = 0; forecast->is_serving && f <= functions; f++)
		seqs[count++] = walk->serving_seq[f];
	// Where there is no journey that could be seen to serve, the declaration ends it.
	if (forecast->is_declared || (forecast->is_serving && !source->plan->has_journey))
		seqs[count++] = walk->recovered_seq;
	report_add_rests(object, "rests_on", seqs, count);
	free(seqs);
}

// Where there is no journey the declaration ends it, and `met` compares the times; that nothing was
// seen to serve stands beside it, and goes first where it is told to people.
static cJSON *time_goal(int64_t target_ms, const struct report_source *source,
	const struct report_walk *walk, const struct forecast *forecast)
{
	bool is_known = wall_known(source->state->declared.wall) && source->has_runbook;
	bool has_ended =
		forecast->is_serving || (forecast->is_declared && !source->plan->has_journey);
	int64_t passed_ms = is_known ? forecast->elapsed_ms : -1;
	int64_t actual_ms = is_known && has_ended ? forecast->elapsed_ms : -1;
	cJSON *object = json_object();
	report_add_seconds(object, "target_seconds", target_ms);
	report_add_seconds(object, "actual_seconds", actual_ms);
	report_add_met(object, "met", is_met(target_ms, actual_ms, passed_ms));
	if (is_known && (forecast->is_serving || forecast->is_declared))
		json_add_text(object, "proof", forecast->is_serving ? "seen" : "declared");
	if (is_known && forecast->is_declared)
		json_add_text(object, "unproven", state_unproven(source->state));
	add_serving_rests(object, source, walk, forecast);
	return object;
}

static void add_time_goals(cJSON *report, const struct report_source *source,
	const struct report_walk *walk, const struct forecast *forecast)
{
	const struct objectives *objectives = &source->runbook->objectives;
	json_add(report, "rto", time_goal(objectives->rto_ms, source, walk, forecast));
	json_add(report, "mtd", time_goal(objectives->mtd_ms, source, walk, forecast));
}

// From the impact (or the declaration) until this function served.
static int64_t function_ms(const struct state *state, size_t function)
{
	struct moment since = state->serving[function];
	if (!wall_known(since.wall) || !wall_known(state->declared.wall))
		return -1;
	int64_t ms = state_elapsed_ms(state, since);
	return ms < 0 ? 0 : ms;
}

static void add_functions(cJSON *report, const struct report_source *source,
	const struct report_walk *walk, const struct forecast *forecast)
{
	cJSON *list = cJSON_AddArrayToObject(report, "functions");
	for (size_t f = 0; f < source->runbook->function_count; f++) {
		const struct function *function = &source->runbook->functions[f];
		const int64_t seqs[] = {walk->declared_seq, start_seq(walk), walk->serving_seq[f]};
		cJSON *one = json_object();
		json_add_text(one, "id", function->id);
		json_add_text(one, "title", function->title);
		report_add_wall(one, "serving_since", source->state->serving[f].wall);
		cJSON *rto = goal(function->objectives.rto_ms, function_ms(source->state, f),
			forecast->is_serving ? -1 : forecast->elapsed_ms);
		report_add_rests(rto, "rests_on", seqs, 3);
		json_add(one, "rto", rto);
		cJSON_AddItemToArray(list, one);
	}
}

// --- data ---

static const struct store *store_of(
	const struct runbook *runbook, const struct restore_point *point)
{
	for (size_t i = 0; point->of && i < runbook->store_count; i++)
		if (strcmp(runbook->stores[i].id, point->of) == 0)
			return &runbook->stores[i];
	return NULL;
}

// Negative: after it.
static void add_before_impact(cJSON *one, const struct state *state, size_t r)
{
	struct wall impact = state_origin(state);
	struct wall found = state->restore_point_found[r];
	struct wall at = wall_known(found) ? found : state->restore_point_at[r];
	if (wall_known(at) && wall_known(impact))
		json_add_int(one, "before_impact_seconds", (impact.us - at.us) / US_PER_S);
	else
		cJSON_AddNullToObject(one, "before_impact_seconds");
}

static void add_restore_points(
	cJSON *report, const struct report_source *source, const struct report_walk *walk)
{
	cJSON *list = cJSON_AddArrayToObject(report, "restore_points");
	for (size_t r = 0; r < source->runbook->restore_point_count; r++) {
		const struct restore_point *point = &source->runbook->restore_points[r];
		const struct store *store = store_of(source->runbook, point);
		cJSON *one = json_object();
		json_add_text(one, "id", point->id);
		json_add_text(one, "title", point->title);
		json_add_text(one, "of", point->of);
		json_add_bool(one, "replayable", store && store->replayable);
		report_add_wall(one, "at", source->state->restore_point_at[r]);
		report_add_wall(one, "found", source->state->restore_point_found[r]);
		json_add_text(one, "before", state_origin_word(source->state));
		add_before_impact(one, source->state, r);
		report_add_rests(one, "rests_on", &walk->restore_point_seq[r], 1);
		cJSON_AddItemToArray(list, one);
	}
}

static void add_data_goal(cJSON *report, const struct report_source *source,
	const struct report_walk *walk, const struct forecast *forecast)
{
	const struct runbook *runbook = source->runbook;
	int64_t actual_ms = forecast->loss_ms;
	int64_t *seqs = memory_zeroed(runbook->restore_point_count + 2, sizeof *seqs);
	size_t count = 0;
	cJSON *rpo = goal(runbook->objectives.rpo_ms, actual_ms, -1);
	if (actual_ms >= 0)
		seqs[count++] = start_seq(walk);
	for (size_t r = 0; actual_ms >= 0 && r < runbook->restore_point_count; r++) {
		const struct store *store = store_of(runbook, &runbook->restore_points[r]);
		if (!store || !store->replayable)
			seqs[count++] = walk->restore_point_seq[r];
	}
	report_add_rests(rpo, "rests_on", seqs, count);
	json_add(report, "rpo", rpo);
	free(seqs);
}

// --- evidence ---

static void add_evidence(
	cJSON *report, const struct report_source *source, const struct report_walk *walk)
{
	const struct state *state = source->state;
	bool is_recovered = wall_known(state->recovered.wall);
	int level = is_recovered ? state->recovered_level : state->highest_level;
	char word[8];
	snprintf(word, sizeof word, "L%d", level);
	report_add_text(report, "evidence_level", level < 0 ? NULL : word);
	report_add_rests(report, "evidence_level_rests_on",
		is_recovered ? &walk->recovered_seq : &walk->level_seq, 1);
}

void report_add_objectives(
	cJSON *report, const struct report_source *source, const struct report_walk *walk)
{
	struct forecast forecast = state_forecast(source->state, source->state->last);
	add_time_goals(report, source, walk, &forecast);
	add_data_goal(report, source, walk, &forecast);
	add_functions(report, source, walk, &forecast);
	add_restore_points(report, source, walk);
	add_evidence(report, source, walk);
}
