// SPDX-License-Identifier: Apache-2.0
#include "relight/state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

static const char *const step_state_words[STEP_STATES] = {
	[STEP_WAITING] = "waiting",
	[STEP_READY] = "ready",
	[STEP_RUNNING] = "running",
	[STEP_VERIFYING] = "verifying",
	[STEP_DONE] = "done",
	[STEP_REGRESSED] = "regressed",
	[STEP_FAILED] = "failed",
	[STEP_UNKNOWN] = "unknown",
	[STEP_SKIPPED] = "skipped",
};

static const char *const outcome_words[] = {
	[OUTCOME_NONE] = "none",
	[OUTCOME_SUCCESS] = "success",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_TIMEOUT] = "timeout",
	[OUTCOME_CANCELLED] = "cancelled",
	[OUTCOME_NEVER_STARTED] = "never-started",
};

static const char *const waiver_as_words[WAIVER_WAYS] = {
	[WAIVER_START_ANYWAY] = "start-anyway",
	[WAIVER_MUTED] = "muted",
	[WAIVER_DEGRADED] = "degraded",
};

const char *waiver_as_word(enum waiver_as as)
{
	return waiver_as_words[as];
}

enum waiver_as waiver_as_parse(const char *word)
{
	for (int as = 0; word && as < WAIVER_WAYS; as++)
		if (strcmp(waiver_as_words[as], word) == 0)
			return (enum waiver_as)as;
	return WAIVER_START_ANYWAY;
}

const char *step_state_word(enum step_state state)
{
	assert(state < STEP_STATES);
	return step_state_words[state];
}

const char *outcome_word(enum outcome outcome)
{
	return outcome_words[outcome];
}

bool outcome_parse(const char *word, enum outcome *outcome)
{
	for (size_t i = OUTCOME_SUCCESS; word && i <= OUTCOME_NEVER_STARTED; i++)
		if (strcmp(outcome_words[i], word) == 0) {
			*outcome = (enum outcome)i;
			return true;
		}
	return false;
}

static void init_steps(struct state *state)
{
	for (size_t s = 0; s < state->runbook->step_count; s++) {
		struct step_progress *step = &state->steps[s];
		step->exit = step->signal = -1;
		step->duration_ms = -1;
		step->timeout_ms = step->stopping.after_ms = ABSENT_MS;
		step->seq = step->intent_seq = step->submitted_seq = -1;
		step->intent = step->result = step->done = step->since = step->verifying_from =
			MOMENT_NONE;
		step->first_started = WALL_NONE;
	}
}

struct state *state_new(const struct runbook *runbook, const struct plan *plan)
{
	struct state *state = memory_zeroed(1, sizeof *state);
	state->runbook = runbook;
	state->plan = plan;
	state->steps = memory_zeroed(runbook->step_count + 1, sizeof *state->steps);
	state->dependencies =
		memory_zeroed(runbook->dependency_count + 1, sizeof *state->dependencies);
	state->inputs = memory_zeroed(runbook->input_count + 1, sizeof *state->inputs);
	state->input_is_set = memory_zeroed(runbook->input_count + 1, sizeof *state->input_is_set);
	state->pins = memory_zeroed(runbook->target_count + 1, sizeof *state->pins);
	state->serving = memory_zeroed(runbook->function_count + 1, sizeof *state->serving);
	state->restore_point_at =
		memory_zeroed(runbook->restore_point_count + 1, sizeof(struct wall));
	state->restore_point_found =
		memory_zeroed(runbook->restore_point_count + 1, sizeof(struct wall));
	state->open_line_count = open_line_count(runbook);
	state->open_confirmed =
		memory_zeroed(state->open_line_count + 1, sizeof *state->open_confirmed);
	state->impact_at = state->detected_at = WALL_NONE;
	state->declared = state->recovered = state->closed = state->aborted =
		state->journey_serving = MOMENT_NONE;
	state->last = MOMENT_NONE;
	state->recovered_level = state->highest_level = -1;
	state->speed = 1;
	init_steps(state);
	for (size_t t = 0; t < runbook->target_count; t++)
		state->pins[t].seq = state->pins[t].changed_seq = -1;
	for (size_t d = 0; d < runbook->dependency_count; d++) {
		state->dependencies[d].status = STATUS_UNKNOWN;
		state->dependencies[d].observed_at = WALL_NONE;
		state->dependencies[d].since = MOMENT_NONE;
		state->dependencies[d].seq = -1;
	}
	for (size_t f = 0; f < runbook->function_count; f++)
		state->serving[f] = MOMENT_NONE;
	for (size_t r = 0; r < runbook->restore_point_count; r++)
		state->restore_point_at[r] = state->restore_point_found[r] = WALL_NONE;
	return state;
}

static void free_lists(struct state *state)
{
	for (size_t w = 0; w < state->waiver_count; w++) {
		free(state->waivers[w].edge);
		free(state->waivers[w].why);
		free(state->waivers[w].by);
	}
	for (size_t r = 0; r < state->remark_count; r++) {
		free(state->remarks[r].by);
		free(state->remarks[r].type);
		free(state->remarks[r].text);
		free(state->remarks[r].step);
	}
	for (size_t r = 0; r < state->role_count; r++) {
		free(state->roles[r].role);
		free(state->roles[r].who);
	}
	for (size_t i = 0; i < state->script_count; i++) {
		free(state->scripts[i].path);
		free(state->scripts[i].sha256);
	}
	free(state->scripts);
	free(state->waivers);
	free(state->remarks);
	free(state->roles);
}

void state_free(struct state *state)
{
	if (!state)
		return;
	for (size_t s = 0; s < state->runbook->step_count; s++) {
		struct step_progress *step = &state->steps[s];
		char *texts[] = {step->by, step->said, step->remains, step->chosen, step->owner};
		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
			free(texts[i]);
	}
	for (size_t d = 0; d < state->runbook->dependency_count; d++)
		free(state->dependencies[d].message);
	for (size_t i = 0; i < state->runbook->input_count; i++)
		free(state->inputs[i]);
	for (size_t t = 0; t < state->runbook->target_count; t++) {
		free(state->pins[t].endpoint);
		free(state->pins[t].fingerprint);
		free(state->pins[t].now);
		free(state->pins[t].now_endpoint);
		free(state->pins[t].context);
	}
	free_lists(state);
	void *blocks[] = {state->steps, state->dependencies, state->inputs, state->input_is_set,
		state->pins, state->serving, state->open_confirmed, state->restore_point_at,
		state->restore_point_found, state->incident, state->declared_by, state->armed_by,
		state->abort_why, state->recovered_why, state->recovered_by, state->closed_result,
		state->session_by};
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
		free(blocks[i]);
	free(state);
}
