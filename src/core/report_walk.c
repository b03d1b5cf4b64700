// SPDX-License-Identifier: Apache-2.0
#include "report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

// --- the attempts of steps ---

static void add_try(struct report_step *step, const struct event *event)
{
	const char *role = json_text(event->data, "role");
	cJSON *try = json_object();
	json_add_int(try, "attempt", event->attempt);
	json_add_text(try, "role", role ? role : "run");
	report_add_text(try, "by", event->by);
	report_add_wall(try, "started", event->ts);
	if (json_bool(event->data, "amended", false))
		json_add_bool(try, "amended", true);
	json_add_text(try, "why", json_text(event->data, "why"));
	json_add(try, "action", cJSON_Duplicate(json_get(event->data, "action"), true));
	report_add_rests(try, "rests_on", &event->seq, 1);
	cJSON_AddItemToArray(step->tries, try);
}

// The attempt that a result belongs to; NULL: it was never announced.
static cJSON *find_try(const struct report_step *step, int attempt)
{
	cJSON *found = NULL;
	json_each (try, step->tries)
		if (json_int(try, "attempt", -1) == attempt)
			found = (cJSON *)try;
	return found;
}

static void end_try(struct report_step *step, const struct event *event)
{
	cJSON *try = find_try(step, event->attempt);
	const char *outcome =
		event->kind == EVENT_STEP_RESULT ? json_text(event->data, "outcome") : "unknown";
	if (!try || json_get(try, "ended"))
		return;
	report_add_wall(try, "ended", event->ts);
	report_add_text(try, "outcome", outcome);
	static const char *const numbers[] = {"exit", "signal", "http_status"};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		json_add(
			try, numbers[i], cJSON_Duplicate(json_get(event->data, numbers[i]), false));
	report_add_seconds(try, "duration_seconds", json_int(event->data, "duration_ms", -1));
	json_add_text(try, "reason", json_text(event->data, "why"));
	cJSON_AddItemToArray(
		(cJSON *)json_get(try, "rests_on"), cJSON_CreateNumber((double)event->seq));
}

// Work is from a start until the step is done, failed attempts and what lies between them included.
// What is healthy again by itself after a regression is no work.
static void walk_work(struct report_step *step, const struct step_progress *progress,
	struct moment now, const struct event *event)
{
	bool is_start = event->kind == EVENT_STEP_INTENT || event->kind == EVENT_STEP_CONFIRMED ||
			event->kind == EVENT_DECISION;
	bool is_working = mono_known(step->from.mono);
	step->regressed += event->kind == EVENT_STEP_REGRESSED;
	if (event->kind == EVENT_STEP_REOPENED)
		step->from = step->end = MOMENT_NONE;
	if (is_start && !is_working)
		step->from = now;
	if (progress->state != STEP_DONE || (!mono_known(step->from.mono) && step->end_seq >= 0))
		return;
	if (mono_known(step->from.mono))
		step->worked_us += progress->done.mono.us - step->from.mono.us;
	step->from = MOMENT_NONE;
	step->end = progress->done;
	step->end_seq = event->seq;
}

static void walk_step(
	struct report_walk *walk, const struct state *state, const struct event *event)
{
	int index = event->step ? runbook_step(state->runbook, event->step) : -1;
	if (index < 0)
		return;
	struct report_step *step = &walk->steps[index];
	walk_work(step, &state->steps[index], state->last, event);
	switch (event->kind) {
	case EVENT_STEP_INTENT: add_try(step, event); break;
	case EVENT_STEP_RESULT:
	case EVENT_STEP_UNKNOWN: end_try(step, event); return;
	case EVENT_STEP_CONFIRMED:
	case EVENT_DECISION: break;
	default: return;
	}
	if (step->first_seq < 0) {
		step->first_seq = event->seq;
		step->first = state->last;
	}
}

// --- the incident ---

static void walk_serving(
	struct report_walk *walk, const struct state *state, const struct event *event, int64_t seq)
{
	const struct runbook *runbook = state->runbook;
	const char *id = json_text(event->data, "function");
	size_t function = 0;
	while (id && function < runbook->function_count &&
		strcmp(runbook->functions[function].id, id) != 0)
		function++;
	if (!id)
		function = runbook->function_count;
	if (!id || function < runbook->function_count)
		walk->serving_seq[function] = seq;
}

static void walk_restore_point(
	struct report_walk *walk, const struct state *state, const struct event *event)
{
	const char *id = json_text(event->data, "id");
	for (size_t r = 0; id && r < state->runbook->restore_point_count; r++)
		if (strcmp(state->runbook->restore_points[r].id, id) == 0)
			walk->restore_point_seq[r] = event->seq;
}

static void walk_incident(
	struct report_walk *walk, const struct state *state, const struct event *event)
{
	switch (event->kind) {
	case EVENT_INCIDENT_DECLARED:
		if (walk->declared_seq < 0)
			walk->declared_seq = event->seq;
		if (json_text(event->data, "impact_at"))
			walk->impact_seq = event->seq;
		break;
	case EVENT_INCIDENT_SERVING: walk_serving(walk, state, event, event->seq); break;
	case EVENT_INCIDENT_INTERRUPTED: walk_serving(walk, state, event, -1); break;
	case EVENT_INCIDENT_RECOVERED: walk->recovered_seq = event->seq; break;
	case EVENT_INCIDENT_CLOSED: walk->closed_seq = event->seq; break;
	case EVENT_ABORT: walk->abort_seq = event->seq; break;
	case EVENT_RESTORE_POINT: walk_restore_point(walk, state, event); break;
	default: break;
	}
}

// --- waiting for people ---

static bool needs_person(const struct state *state, int step, struct wall now)
{
	switch (state->steps[step].state) {
	case STEP_FAILED:
	case STEP_UNKNOWN:
	case STEP_REGRESSED: return true;
	case STEP_WAITING:
		return state->runbook->steps[step].kind != STEP_WAIT &&
		       !state_blocked(state, step, now, NULL);
	default: return false;
	}
}

// A person is waited for while no attempt runs, nothing is being verified, and there is a step that
// a person could act on. Gives that step, else -1.
static int waits_for_person(const struct state *state)
{
	int first = -1;
	if (!state->is_open || wall_known(state->closed.wall) || state->running_count > 0)
		return -1;
	for (size_t s = 0; s < state->runbook->step_count; s++) {
		if (state->steps[s].state == STEP_VERIFYING)
			return -1;
		if (first < 0 && needs_person(state, (int)s, state->last.wall))
			first = (int)s;
	}
	return first;
}

static void begin_wait(struct report_walk *walk, const char *id, int64_t from_seq)
{
	walk->newest_wait = json_object();
	walk->newest_wait_us = 0;
	json_add_int(walk->newest_wait, "from", from_seq);
	cJSON_AddNumberToObject(walk->newest_wait, "to", 0);
	json_add_text(walk->newest_wait, "for", id);
	cJSON_AddNumberToObject(walk->newest_wait, "seconds", 0);
	cJSON_AddItemToArray(walk->waits, walk->newest_wait);
}

static void set_number(cJSON *object, const char *key, double number)
{
	cJSON *member = (cJSON *)json_get(object, key);
	if (member)
		cJSON_SetNumberValue(member, number);
}

// The time between two events in which a person was waited for. Neighbours that wait for the same
// step are one entry.
static void add_wait(struct report_walk *walk, const char *id, int64_t from_seq, int64_t to_seq,
	int64_t passed_us)
{
	cJSON *newest = walk->newest_wait;
	if (!newest || json_int(newest, "to", -1) != from_seq ||
		strcmp(json_text(newest, "for"), id) != 0)
		begin_wait(walk, id, from_seq);
	walk->waited_us += passed_us;
	walk->newest_wait_us += passed_us;
	int64_t ms = walk->newest_wait_us / US_PER_MS;
	set_number(walk->newest_wait, "to", (double)to_seq);
	set_number(walk->newest_wait, "seconds", (double)ms / (double)MS_PER_S);
}

// --- nobody at the screen ---

#define UNWATCHED_US (6 * 60 * US_PER_S) // a mark comes every five minutes

// A mark, and what a person does. What relight records by itself goes on without anybody.
static bool is_sign_of_person(const struct event *event)
{
	return event->by && strcmp(event->by, "relight") != 0;
}

// Marks come in real time, a rehearsal is measured in its own.
static void walk_unwatched(
	struct report_walk *walk, const struct state *state, const struct event *event)
{
	bool is_closed = wall_known(state->closed.wall) && event->kind != EVENT_INCIDENT_CLOSED;
	if (!is_sign_of_person(event) || is_closed)
		return;
	int64_t passed_us =
		mono_known(walk->looked.mono) ? state->last.mono.us - walk->looked.mono.us : 0;
	if ((double)passed_us > UNWATCHED_US * state->speed) {
		cJSON *one = json_object();
		json_add_int(one, "from", walk->looked_seq);
		json_add_int(one, "to", event->seq);
		report_add_seconds(one, "seconds", passed_us / US_PER_MS);
		cJSON_AddItemToArray(walk->unwatched, one);
		walk->unwatched_us += passed_us;
	}
	walk->looked = state->last;
	walk->looked_seq = event->seq;
}

// --- what was not known ---

static int count_not_known(struct report_walk *walk, const struct state *state)
{
	int count = 0;
	for (size_t d = 0; d < state->runbook->dependency_count; d++) {
		const struct dependency_known *known = &state->dependencies[d];
		bool is_known = known->is_fresh && known->status != STATUS_UNKNOWN;
		walk->was_known[d] |= is_known;
		count += walk->was_known[d] && !is_known;
	}
	return count;
}

static void begin_gap(
	struct report_walk *walk, const struct state *state, const struct event *event)
{
	const char *why = json_text(event->data, "message");
	walk->gap = json_object();
	walk->gap_from = state->last;
	report_add_wall(walk->gap, "from", event->ts);
	cJSON_AddNumberToObject(walk->gap, "most", 0);
	json_add_text(walk->gap, "first", event->dependency);
	json_add_text(walk->gap, "why",
		why                 ? why
		: event->dependency ? json_text(event->data, "why")
				    : event->kind_word);
	report_add_rests(walk->gap, "rests_on", &event->seq, 1);
	cJSON_AddItemToArray(walk->gaps, walk->gap);
}

static void end_gap(struct report_walk *walk, const struct state *state, const struct event *event)
{
	cJSON *rests = (cJSON *)json_get(walk->gap, "rests_on");
	report_add_seconds(
		walk->gap, "seconds", (state->last.mono.us - walk->gap_from.mono.us) / US_PER_MS);
	if (event) {
		report_add_wall(walk->gap, "to", event->ts);
		cJSON_AddItemToArray(rests, cJSON_CreateNumber((double)event->seq));
	}
	walk->gap = NULL;
}

static void walk_known(
	struct report_walk *walk, const struct state *state, const struct event *event)
{
	int count = count_not_known(walk, state);
	if (count > 0 && !walk->gap)
		begin_gap(walk, state, event);
	if (walk->gap && count > json_int(walk->gap, "most", 0))
		set_number(walk->gap, "most", count);
	if (walk->gap && count == 0)
		end_gap(walk, state, event);
}

static bool may_change_what_is_known(const struct event *event)
{
	return event->dependency || event->kind == EVENT_SESSION_OPEN ||
	       event->kind == EVENT_SESSION_RESUMED || event->kind == EVENT_SESSION_ENDED ||
	       event->kind == EVENT_TARGET_CHANGED || event->kind == EVENT_TARGET_REPINNED;
}

// --- the walk ---

static void walk_events(struct report_walk *walk, const struct report_source *source)
{
	struct state *state = state_new(source->runbook, source->plan);
	for (size_t i = 0; i < source->event_count; i++) {
		const struct event *event = source->events[i];
		struct moment before = state->last;
		int level = state->highest_level;
		int person = i > 0 ? waits_for_person(state) : -1;
		state_apply(state, event);
		int64_t passed_us =
			mono_known(before.mono) ? state->last.mono.us - before.mono.us : 0;
		if (person >= 0 && passed_us >= US_PER_MS)
			add_wait(walk, source->runbook->steps[person].id, event->seq - 1,
				event->seq, passed_us);
		if (state->highest_level > level)
			walk->level_seq = event->seq;
		walk_step(walk, state, event);
		walk_incident(walk, state, event);
		walk_unwatched(walk, state, event);
		if (may_change_what_is_known(event) && !wall_known(state->closed.wall))
			walk_known(walk, state, event);
	}
	if (walk->gap)
		end_gap(walk, state, NULL);
	state_free(state);
}

void report_walk_init(struct report_walk *walk, const struct report_source *source)
{
	const struct runbook *runbook = source->runbook;
	*walk = (struct report_walk){
		.steps = memory_zeroed(runbook->step_count + 1, sizeof *walk->steps),
		.declared_seq = -1,
		.impact_seq = -1,
		.recovered_seq = -1,
		.closed_seq = -1,
		.abort_seq = -1,
		.level_seq = -1,
		.serving_seq =
			memory_zeroed(runbook->function_count + 1, sizeof *walk->serving_seq),
		.restore_point_seq = memory_zeroed(
			runbook->restore_point_count + 1, sizeof *walk->restore_point_seq),
		.waits = cJSON_CreateArray(),
		.looked = MOMENT_NONE,
		.unwatched = cJSON_CreateArray(),
		.gaps = cJSON_CreateArray(),
		.was_known = memory_zeroed(runbook->dependency_count + 1, sizeof(bool)),
	};
	for (size_t s = 0; s < runbook->step_count; s++)
		walk->steps[s] = (struct report_step){.first = MOMENT_NONE,
			.first_seq = -1,
			.from = MOMENT_NONE,
			.end = MOMENT_NONE,
			.end_seq = -1,
			.tries = cJSON_CreateArray()};
	for (size_t f = 0; f <= runbook->function_count; f++)
		walk->serving_seq[f] = -1;
	for (size_t r = 0; r < runbook->restore_point_count; r++)
		walk->restore_point_seq[r] = -1;
	walk_events(walk, source);
}

void report_walk_fini(struct report_walk *walk, const struct report_source *source)
{
	for (size_t s = 0; s < source->runbook->step_count; s++)
		cJSON_Delete(walk->steps[s].tries);
	cJSON_Delete(walk->waits);
	cJSON_Delete(walk->unwatched);
	cJSON_Delete(walk->gaps);
	free(walk->was_known);
	free(walk->steps);
	free(walk->serving_seq);
	free(walk->restore_point_seq);
}
