// SPDX-License-Identifier: Apache-2.0
#include "relight/state.h"

#include "relight/json.h"

static void add_wall(cJSON *object, const char *key, struct wall at)
{
	char text[WALL_TEXT_BYTES];
	if (!wall_known(at))
		return;
	wall_format(at, text);
	json_add_text(object, key, text);
}

static cJSON *dump_step(const struct state *state, int s)
{
	const struct step_progress *step = &state->steps[s];
	cJSON *out = json_object();
	json_add_text(out, "id", state->runbook->steps[s].id);
	json_add_text(out, "state", step_state_word(state_step(state, s, state->last.wall)));
	json_add_int(out, "how", step->how);
	json_add_int(out, "attempt", step->attempt);
	json_add_text(out, "outcome", outcome_word(step->outcome));
	json_add_int(out, "exit", step->exit);
	json_add_int(out, "signal", step->signal);
	json_add_int(out, "duration_ms", step->duration_ms);
	json_add_int(out, "extended_ms", step->extended_ms);
	json_add_int(out, "timeout_ms", step->timeout_ms);
	json_add_int(out, "retried", step->retried);
	json_add_int(out, "never_started", step->never_started);
	json_add_bool(out, "rollback", step->is_rollback);
	json_add_bool(out, "cancel_asked", step->cancel_asked);
	json_add_bool(out, "by_hand", step->by_hand);
	json_add_bool(out, "acknowledged", step->is_acknowledged);
	json_add_bool(out, "over_regression", state_over_regression(state, s));
	add_wall(out, "intent", step->intent.wall);
	add_wall(out, "result", step->result.wall);
	add_wall(out, "done", step->done.wall);
	add_wall(out, "since", step->since.wall);
	add_wall(out, "first_started", step->first_started);
	json_add_text(out, "by", step->by);
	json_add_text(out, "said", step->said);
	json_add_text(out, "remains", step->remains);
	json_add_text(out, "chosen", step->chosen);
	json_add_text(out, "owner", step->owner);
	json_add_int(out, "seq", step->seq);
	return out;
}

static cJSON *dump_dependency(const struct state *state, int d)
{
	const struct dependency_known *known = &state->dependencies[d];
	cJSON *out = json_object();
	json_add_text(out, "id", state->runbook->dependencies[d].id);
	json_add_text(out, "status", status_word(known->status));
	json_add_text(out, "expectation", expectation_word(state_expectation(state, d)));
	json_add_bool(out, "fresh", known->is_fresh);
	json_add_bool(out, "attested", known->is_attested);
	json_add_text(out, "message", known->message);
	add_wall(out, "observed_at", known->observed_at);
	add_wall(out, "since", known->since.wall);
	json_add_int(out, "flaps", known->flaps);
	json_add_int(out, "seq", known->seq);
	return out;
}

static cJSON *dump_waiver(const struct state *state, const struct waiver *waiver)
{
	cJSON *out = json_object();
	json_add_int(out, "seq", waiver->seq);
	if (waiver->step >= 0)
		json_add_text(out, "step", state->runbook->steps[waiver->step].id);
	if (waiver->dependency >= 0)
		json_add_text(
			out, "dependency", state->runbook->dependencies[waiver->dependency].id);
	json_add_text(out, "edge", waiver->edge);
	json_add_int(out, "as", waiver->as);
	json_add_text(out, "why", waiver->why);
	json_add_text(out, "by", waiver->by);
	add_wall(out, "until", waiver->until);
	json_add_bool(out, "ended", waiver->is_ended);
	return out;
}

static cJSON *dump_remark(const struct remark *remark)
{
	cJSON *out = json_object();
	json_add_int(out, "seq", remark->seq);
	json_add_text(out, "kind", event_kind_word(remark->kind));
	add_wall(out, "at", remark->at);
	json_add_text(out, "by", remark->by);
	json_add_text(out, "type", remark->type);
	json_add_text(out, "text", remark->text);
	json_add_text(out, "step", remark->step);
	return out;
}

static void dump_incident(const struct state *state, cJSON *out)
{
	json_add_text(out, "incident", state->incident);
	json_add_text(out, "mode", event_mode_word(state->mode));
	json_add_int(out, "events", state->events);
	json_add_bool(out, "open", state->is_open);
	json_add_bool(out, "armed", state->is_armed);
	json_add_bool(out, "aborted", state->was_aborted);
	add_wall(out, "declared", state->declared.wall);
	add_wall(out, "impact_at", state->impact_at);
	add_wall(out, "detected_at", state->detected_at);
	add_wall(out, "recovered", state->recovered.wall);
	add_wall(out, "closed", state->closed.wall);
	add_wall(out, "journey_serving", state->journey_serving.wall);
	add_wall(out, "last", state->last.wall);
	json_add_int(out, "mono_offset_us", state->mono_offset_us);
	json_add_int(out, "recovered_level", state->recovered_level);
	json_add_int(out, "highest_level", state->highest_level);
	json_add_text(out, "result", state->closed_result);
	json_add_int(out, "sessions", state->session_count);
}

static void dump_people(const struct state *state, cJSON *out)
{
	const struct runbook *runbook = state->runbook;
	cJSON *inputs = json_object(), *pins = json_object(), *roles = json_object(),
	      *serving = json_object();
	for (size_t i = 0; i < runbook->input_count; i++)
		if (state->input_is_set[i])
			json_add_text(inputs, runbook->inputs[i].id, state->inputs[i]);
	for (size_t t = 0; t < runbook->target_count; t++) {
		json_add_text(pins, runbook->targets[t].id, state->pins[t].fingerprint);
		if (state->pins[t].has_changed)
			json_add_text(pins, "changed", runbook->targets[t].id);
	}
	for (size_t r = 0; r < state->role_count; r++)
		json_add_text(roles, state->roles[r].role, state->roles[r].who);
	for (size_t f = 0; f < runbook->function_count; f++)
		add_wall(serving, runbook->functions[f].id, state->serving[f].wall);
	for (size_t r = 0; r < runbook->restore_point_count; r++)
		add_wall(serving, runbook->restore_points[r].id, state->restore_point_at[r]);
	json_add(out, "inputs", inputs);
	json_add(out, "pins", pins);
	json_add(out, "roles", roles);
	json_add(out, "serving", serving);
}

cJSON *state_dump(const struct state *state)
{
	cJSON *out = json_object();
	cJSON *steps = cJSON_AddArrayToObject(out, "steps"),
	      *dependencies = cJSON_AddArrayToObject(out, "dependencies");
	cJSON *waivers = cJSON_AddArrayToObject(out, "waivers"),
	      *remarks = cJSON_AddArrayToObject(out, "remarks");
	cJSON *open = cJSON_AddArrayToObject(out, "open_lines");
	dump_incident(state, out);
	dump_people(state, out);
	for (size_t s = 0; s < state->runbook->step_count; s++)
		cJSON_AddItemToArray(steps, dump_step(state, (int)s));
	for (size_t d = 0; d < state->runbook->dependency_count; d++)
		cJSON_AddItemToArray(dependencies, dump_dependency(state, (int)d));
	for (size_t w = 0; w < state->waiver_count; w++)
		cJSON_AddItemToArray(waivers, dump_waiver(state, &state->waivers[w]));
	for (size_t r = 0; r < state->remark_count; r++)
		cJSON_AddItemToArray(remarks, dump_remark(&state->remarks[r]));
	for (size_t i = 0; i < state->open_line_count; i++)
		cJSON_AddItemToArray(open, cJSON_CreateBool(state->open_confirmed[i]));
	return out;
}
