// SPDX-License-Identifier: Apache-2.0
//
// The fold: one function for each kind of event, found through one table. Each writes down what the
// event says and nothing else; what follows from the whole (waiting or ready, expectation words,
// forecasts) is asked of state_blocked.c, state_query.c and state_forecast.c. An event that names
// an id which this runbook does not have changes nothing.
#include "fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

void fold_text(char **text, const char *with)
{
	char *copy = memory_copy_text(with);
	free(*text);
	*text = copy;
}

static struct wall wall_of(const cJSON *data, const char *key)
{
	struct wall at = WALL_NONE;
	wall_parse(json_text(data, key), &at);
	return at;
}

void fold_level(struct state *state, int level)
{
	if (level > state->highest_level)
		state->highest_level = level;
}

// --- sessions and the incident ---

static void forget_freshness(struct state *state)
{
	for (size_t d = 0; d < state->runbook->dependency_count; d++)
		state->dependencies[d].is_fresh = false;
}

static void fold_log_open(const struct fold *fold)
{
	fold->state->mode = fold->event->mode;
}

static void fold_log_segment(const struct fold *fold)
{
	int64_t line = json_int(fold->data, "first_bad_line", 0);
	if (fold->state->first_bad_line == 0 && line > 0)
		fold->state->first_bad_line = line;
}

static void fold_session(const struct fold *fold)
{
	struct state *state = fold->state;
	forget_freshness(state);
	state->is_armed = false;
	state->session_count++;
	state->speed = event_speed(fold->event);
	fold_text(&state->session_by, fold->event->by);
}

static void fold_session_ended(const struct fold *fold)
{
	forget_freshness(fold->state);
	fold->state->is_armed = false;
}

// What served before the impact says nothing of the time after it.
static void forget_serving(struct state *state)
{
	size_t functions = state->runbook->function_count;
	for (size_t f = 0; f < functions; f++)
		if (state->serving[f].wall.us < state->impact_at.us)
			state->serving[f] = MOMENT_NONE;
	if (state->journey_serving.wall.us < state->impact_at.us)
		state->journey_serving = MOMENT_NONE;
}

static void fold_declared(const struct fold *fold)
{
	struct state *state = fold->state;
	if (!state->is_open) {
		state->is_open = true;
		state->declared = fold->at;
		fold_text(&state->declared_by, fold->event->by);
		fold_text(&state->incident, json_text(fold->data, "id"));
	}
	if (json_text(fold->data, "impact_at")) {
		state->impact_at = wall_of(fold->data, "impact_at");
		forget_serving(state);
	}
	if (json_text(fold->data, "detected_at"))
		state->detected_at = wall_of(fold->data, "detected_at");
}

// What a function, or without any the whole journey, has served since.
static void set_serving(struct state *state, const char *function, struct moment since)
{
	if (!function)
		state->journey_serving = since;
	for (size_t f = 0; function && f < state->runbook->function_count; f++)
		if (strcmp(state->runbook->functions[f].id, function) == 0)
			state->serving[f] = since;
}

static void fold_serving(const struct fold *fold)
{
	struct moment since = fold->at;
	struct wall since_wall = wall_of(fold->data, "since");
	if (wall_known(since_wall)) {
		since.mono.us -= since.wall.us - since_wall.us;
		since.wall = since_wall;
	}
	set_serving(fold->state, json_text(fold->data, "function"), since);
}

static void fold_interrupted(const struct fold *fold)
{
	set_serving(fold->state, json_text(fold->data, "function"), MOMENT_NONE);
}

static void fold_recovered(const struct fold *fold)
{
	fold->state->recovered = fold->at;
	fold->state->recovered_with_proof = state_proves_recovery(fold->state);
	fold_text(&fold->state->recovered_by, fold->event->by);
	level_parse(json_text(fold->data, "level"), &fold->state->recovered_level);
	fold_text(&fold->state->recovered_why, json_text(fold->data, "why"));
}

static void fold_closed(const struct fold *fold)
{
	fold->state->closed = fold->at;
	fold->state->is_armed = false;
	fold_text(&fold->state->closed_result, json_text(fold->data, "result"));
}

static void fold_abort(const struct fold *fold)
{
	fold->state->was_aborted = true;
	fold->state->aborted = fold->at;
	fold_text(&fold->state->abort_why, json_text(fold->data, "why"));
}

// Files outside frozen/ are scripts: an attempt that names one runs only what it was then.
static void fold_runbook(const struct fold *fold)
{
	struct state *state = fold->state;
	const char *applied = json_path_text(fold->data, "applied.sha256");
	if (applied)
		snprintf(state->applied_sha256, sizeof state->applied_sha256, "%s", applied);
	json_each (file, json_get(fold->data, "files")) {
		const char *path = json_text(file, "path"), *sha256 = json_text(file, "sha256");
		if (!path || path[0] != '/' || !sha256)
			continue;
		state->scripts = memory_grow(state->scripts, state->script_count,
			&state->script_capacity, sizeof *state->scripts);
		state->scripts[state->script_count++] =
			(struct script){memory_copy_text(path), memory_copy_text(sha256)};
	}
}

static void fold_armed(const struct fold *fold)
{
	fold->state->is_armed = true;
	fold_text(&fold->state->armed_by, fold->event->by);
}

static void fold_disarmed(const struct fold *fold)
{
	fold->state->is_armed = false;
}

static void fold_input(const struct fold *fold)
{
	int input = runbook_input(fold->state->runbook, json_text(fold->data, "name"));
	if (input < 0)
		return;
	const cJSON *value = json_get(fold->data, "value");
	// None is recorded of a secret. One that was too large for its line and is lost must be
	// given again.
	bool is_lost = value && !cJSON_IsString(value);
	fold->state->input_is_set[input] = !is_lost;
	fold_text(&fold->state->inputs[input], is_lost ? NULL : value ? value->valuestring : "");
}

static void fold_restore_point(const struct fold *fold)
{
	const struct runbook *runbook = fold->state->runbook;
	const char *id = json_text(fold->data, "id");
	for (size_t r = 0; id && r < runbook->restore_point_count; r++)
		if (strcmp(runbook->restore_points[r].id, id) == 0) {
			fold->state->restore_point_at[r] = wall_of(fold->data, "at");
			fold->state->restore_point_found[r] = wall_of(fold->data, "found");
		}
}

static void fold_role(const struct fold *fold)
{
	struct state *state = fold->state;
	const char *role = json_text(fold->data, "role"), *who = json_text(fold->data, "who");
	if (!role || !who)
		return;
	for (size_t r = 0; r < state->role_count; r++)
		if (strcmp(state->roles[r].role, role) == 0) {
			fold_text(&state->roles[r].who, who);
			return;
		}
	state->roles = memory_grow(
		state->roles, state->role_count, &state->role_capacity, sizeof *state->roles);
	state->roles[state->role_count++] =
		(struct role_holder){memory_copy_text(role), memory_copy_text(who)};
}

// --- targets ---

static struct pin *fold_pin(const struct fold *fold)
{
	int target = runbook_target(fold->state->runbook, json_text(fold->data, "target"));
	return target < 0 ? NULL : &fold->state->pins[target];
}

// What was seen before who answers was known to be another one may have been seen there.
static void forget_doubted(struct state *state)
{
	for (size_t d = 0; d < state->runbook->dependency_count; d++)
		if (state->dependencies[d].status != STATUS_UNKNOWN &&
			state_doubts(state, (int)d, NULL))
			state->dependencies[d].is_fresh = false;
}

static void fold_pinned(const struct fold *fold)
{
	struct pin *pin = fold_pin(fold);
	if (!pin)
		return;
	pin->is_pinned = true;
	pin->has_changed = false;
	pin->seq = fold->event->seq;
	free(pin->fingerprint);
	pin->fingerprint = pin_text(json_get(fold->data, "fingerprint"));
	fold_text(&pin->now, NULL);
	fold_text(&pin->now_endpoint, NULL);
	if (json_text(fold->data, "endpoint"))
		fold_text(&pin->endpoint, json_text(fold->data, "endpoint"));
	if (json_text(fold->data, "context"))
		fold_text(&pin->context, json_text(fold->data, "context"));
	forget_doubted(fold->state);
}

static void fold_target_changed(const struct fold *fold)
{
	struct pin *pin = fold_pin(fold);
	if (!pin)
		return;
	pin->has_changed = true;
	pin->changed_seq = fold->event->seq;
	fold_text(&pin->now_endpoint, json_text(fold->data, "endpoint"));
	free(pin->now);
	pin->now = pin_text(json_get(fold->data, "fingerprint"));
	forget_doubted(fold->state);
}

// --- dependencies ---

// Whatever is told of what another one answers, it is not known.
static void dependency_take(const struct fold *fold, enum status status, const char *message)
{
	struct dependency_known *known = fold->dependency;
	struct buf doubt = {0};
	if (state_doubts(fold->state, fold->dependency_index, &doubt)) {
		status = STATUS_UNKNOWN;
		message = buf_str(&doubt);
	}
	if (known->status != status || known->seq < 0)
		known->since = fold->at;
	known->status = status;
	known->is_fresh = true;
	known->seq = fold->event->seq;
	known->observed_at = wall_of(fold->data, "observed_at");
	if (!wall_known(known->observed_at))
		known->observed_at = fold->event->ts;
	fold_text(&known->message, message);
	buf_fini(&doubt);
	if (status == STATUS_HEALTHY)
		fold_level(fold->state,
			fold->state->runbook->dependencies[fold->dependency_index].proves);
}

static void fold_dependency_status(const struct fold *fold)
{
	const char *to = json_text(
		fold->data, fold->event->kind == EVENT_DEPENDENCY_FRESH ? "status" : "to");
	enum status status;
	if (!fold->dependency || !status_parse(to, &status))
		return;
	if (fold->event->kind == EVENT_DEPENDENCY_STATUS)
		fold->dependency->is_attested = false;
	fold->dependency->flaps = (int)json_int(fold->data, "flaps", 0);
	dependency_take(fold, status, json_text(fold->data, "message"));
}

static void fold_dependency_stale(const struct fold *fold)
{
	if (fold->dependency)
		fold->dependency->is_fresh = false;
}

static void fold_dependency_confirmed(const struct fold *fold)
{
	enum status status;
	if (!fold->dependency || !status_parse(json_text(fold->data, "status"), &status))
		return;
	fold->dependency->is_attested = true;
	dependency_take(fold, status, json_text(fold->data, "say"));
	fold->dependency->since = fold->at;
}

// --- waivers and what people said ---

static void fold_waiver(const struct fold *fold)
{
	struct state *state = fold->state;
	const char *step = json_text(fold->data, "step");
	const char *dependency = json_text(fold->data, "dependency");
	int step_index = step ? runbook_step(state->runbook, step) : fold->step_index;
	int dependency_index = dependency ? runbook_dependency(state->runbook, dependency)
					  : fold->dependency_index;
	if (step_index < 0 && dependency_index < 0)
		return;
	struct waiver waiver = {
		.seq = fold->event->seq,
		.step = step_index,
		.dependency = dependency_index,
		.edge = memory_copy_text(json_text(fold->data, "edge")),
		.as = waiver_as_parse(json_text(fold->data, "as")),
		.why = memory_copy_text(json_text(fold->data, "why")),
		.by = memory_copy_text(fold->event->by),
		.since = fold->at,
		.until = wall_of(fold->data, "until"),
	};
	state->waivers = memory_grow(state->waivers, state->waiver_count, &state->waiver_capacity,
		sizeof *state->waivers);
	state->waivers[state->waiver_count++] = waiver;
}

static void fold_waiver_ended(const struct fold *fold)
{
	int64_t of = json_int(fold->data, "of", -1);
	for (size_t w = 0; w < fold->state->waiver_count; w++)
		if (fold->state->waivers[w].seq == of)
			fold->state->waivers[w].is_ended = true;
}

// Notes, updates and the like decide nothing; they are kept for the report and the timeline pane.
void fold_remark(const struct fold *fold)
{
	static const char *const text_keys[] = {"text", "say", "why", "title", NULL};
	struct state *state = fold->state;
	const char *text = NULL;
	for (size_t i = 0; text_keys[i] && !text; i++)
		text = json_text(fold->data, text_keys[i]);
	state->remarks = memory_grow(state->remarks, state->remark_count, &state->remark_capacity,
		sizeof *state->remarks);
	state->remarks[state->remark_count++] = (struct remark){
		.seq = fold->event->seq,
		.kind = fold->event->kind,
		.ts = fold->event->ts,
		.at = wall_known(fold->event->at) ? fold->event->at : fold->event->ts,
		.by = memory_copy_text(fold->event->by),
		.type = memory_copy_text(json_text(fold->data, "type")),
		.text = memory_copy_text(text ? text : ""),
		.step = memory_copy_text(fold->event->step),
	};
}

// --- applying ---

static fold_function *const fold_table[EVENT_KIND_COUNT] = {
	[EVENT_LOG_OPEN] = fold_log_open,
	[EVENT_LOG_SEGMENT] = fold_log_segment,
	[EVENT_SESSION_OPEN] = fold_session,
	[EVENT_SESSION_RESUMED] = fold_session,
	[EVENT_SESSION_ENDED] = fold_session_ended,
	[EVENT_INCIDENT_DECLARED] = fold_declared,
	[EVENT_INCIDENT_STATUS] = fold_remark,
	[EVENT_INCIDENT_SERVING] = fold_serving,
	[EVENT_INCIDENT_INTERRUPTED] = fold_interrupted,
	[EVENT_INCIDENT_RECOVERED] = fold_recovered,
	[EVENT_INCIDENT_CLOSED] = fold_closed,
	[EVENT_RESTORE_POINT] = fold_restore_point,
	[EVENT_RUNBOOK_LOADED] = fold_runbook,
	[EVENT_INPUT_SET] = fold_input,
	[EVENT_TARGET_PINNED] = fold_pinned,
	[EVENT_TARGET_CHANGED] = fold_target_changed,
	[EVENT_TARGET_REPINNED] = fold_pinned,
	[EVENT_MODE_ARMED] = fold_armed,
	[EVENT_MODE_DISARMED] = fold_disarmed,
	[EVENT_DEPENDENCY_STATUS] = fold_dependency_status,
	[EVENT_DEPENDENCY_FRESH] = fold_dependency_status,
	[EVENT_DEPENDENCY_STALE] = fold_dependency_stale,
	[EVENT_DEPENDENCY_CONFIRMED] = fold_dependency_confirmed,
	[EVENT_STEP_INTENT] = fold_intent,
	[EVENT_STEP_EXTENDED] = fold_extended,
	[EVENT_STEP_CANCEL] = fold_cancel,
	[EVENT_STEP_STOPPING] = fold_stopping,
	[EVENT_STEP_RESULT] = fold_result,
	[EVENT_STEP_VERIFIED] = fold_verified,
	[EVENT_STEP_FAILED] = fold_step_failed,
	[EVENT_STEP_UNKNOWN] = fold_step_unknown,
	[EVENT_STEP_RESOLVED] = fold_resolved,
	[EVENT_STEP_CONFIRMED] = fold_confirmed,
	[EVENT_STEP_SKIPPED] = fold_skipped,
	[EVENT_STEP_REOPENED] = fold_reopened,
	[EVENT_STEP_OVERRIDDEN] = fold_overridden,
	[EVENT_STEP_REGRESSED] = fold_regressed,
	[EVENT_STEP_ASSIGNED] = fold_assigned,
	[EVENT_WAIVER] = fold_waiver,
	[EVENT_WAIVER_ENDED] = fold_waiver_ended,
	[EVENT_ACKNOWLEDGED] = fold_acknowledged,
	[EVENT_DECISION] = fold_decision,
	[EVENT_ROLE_ASSIGNED] = fold_role,
	[EVENT_NOTE] = fold_remark,
	[EVENT_CORRECTION] = fold_remark,
	[EVENT_EVIDENCE] = fold_remark,
	[EVENT_FOLLOWUP] = fold_remark,
	[EVENT_REMINDER] = fold_remark,
	[EVENT_SOURCE_GONE] = fold_remark,
	[EVENT_SOURCE_RETURNED] = fold_remark,
	[EVENT_FAULT] = fold_remark,
	[EVENT_ABORT] = fold_abort,
};

// Its place on the clock that durations are measured with: simulated time in a rehearsal, else its
// monotonic time made comparable across boots.
static struct moment moment_of(const struct state *state, const struct event *event)
{
	if (event->mode == EVENT_REHEARSAL)
		return (struct moment){event->ts, {event->ts.us}};
	return (struct moment){event->ts, {event->mono.us + state->mono_offset_us}};
}

// A record of many boots, each of which says that thousands of years had gone by, must not overflow
// what is added to the newest.
#define COMPARABLE_MOST_US (INT64_MAX / 2)

// After a reboot the monotonic clock begins again: the gap to the newest event is taken from the
// wall clocks.
static void follow_boot(struct state *state, const struct event *event)
{
	if (strcmp(state->boot, event->boot) == 0)
		return;
	if (state->boot[0] && mono_known(state->last.mono)) {
		int64_t gap_us = event->ts.us - state->last.wall.us;
		int64_t now_us = state->last.mono.us + (gap_us > 0 ? gap_us : 0);

		if (now_us > COMPARABLE_MOST_US)
			now_us = COMPARABLE_MOST_US;
		state->mono_offset_us = now_us - event->mono.us;
	}
	memcpy(state->boot, event->boot, sizeof state->boot);
}

void state_apply(struct state *state, const struct event *event)
{
	follow_boot(state, event);
	struct fold fold = {
		.state = state,
		.event = event,
		.data = event->data,
		.at = moment_of(state, event),
		.step_index = event->step ? runbook_step(state->runbook, event->step) : -1,
		.dependency_index = event->dependency
					    ? runbook_dependency(state->runbook, event->dependency)
					    : -1,
	};
	fold.step = fold.step_index < 0 ? NULL : &state->steps[fold.step_index];
	fold.dependency =
		fold.dependency_index < 0 ? NULL : &state->dependencies[fold.dependency_index];
	if (event->kind < EVENT_KIND_COUNT && fold_table[event->kind])
		fold_table[event->kind](&fold);
	state->events = event->seq + 1;
	state->last = fold.at;
}
