// SPDX-License-Identifier: Apache-2.0
//
// All of a state as text: each member of state.h is here (tests/state_dump.sh holds the two against
// each other), so that two folds are equal if and only if their dumps are.
#include "relight/state.h"

#include "relight/json.h"

// Durations come from the monotonic part, so both count.
static void add_moment(cJSON *object, const char *key, struct moment at)
{
	if (!mono_known(at.mono) && !wall_known(at.wall))
		return;
	cJSON *moment = cJSON_AddObjectToObject(object, key);
	json_add_wall(moment, "wall", at.wall);
	json_add_int(moment, "mono_us", at.mono.us);
}

static void dump_attempt(const struct step_progress *step, cJSON *out)
{
	json_add_int(out, "attempt", step->attempt);
	json_add_bool(out, "rollback", step->is_rollback);
	add_moment(out, "intent", step->intent);
	add_moment(out, "result", step->result);
	json_add_text(out, "outcome", outcome_word(step->outcome));
	json_add_int(out, "exit", step->exit);
	json_add_int(out, "signal", step->signal);
	json_add_int(out, "duration_ms", step->duration_ms);
	json_add_int(out, "missing_bytes", step->missing_bytes);
	json_add_int(out, "extended_ms", step->extended_ms);
	json_add_int(out, "put_off_ms", step->put_off_ms);
	json_add_int(out, "timeout_ms", step->timeout_ms);
	json_add_bool(out, "cancel_asked", step->cancel_asked);
	json_add_int(out, "stopping_after_ms", step->stopping.after_ms);
	json_add_int(out, "stopping_signal", step->stopping.signal);
	json_add_int(out, "stopping_grace_ms", step->stopping.grace_ms);
	json_add_int(out, "too_late_ms", step->stopping.too_late_ms);
	json_add_int(out, "retried", step->retried);
	json_add_int(out, "never_started", step->never_started);
	json_add_int(out, "intent_seq", step->intent_seq);
}

static cJSON *dump_step(const struct state *state, int s)
{
	const struct step_progress *step = &state->steps[s];
	cJSON *out = json_object();
	json_add_text(out, "id", state->runbook->steps[s].id);
	json_add_text(out, "state", step_state_word(state_step(state, s, state->last.wall)));
	json_add_text(out, "folded", step_state_word(step->state));
	json_add_int(out, "how", step->how);
	dump_attempt(step, out);
	json_add_bool(out, "by_hand", step->by_hand);
	json_add_bool(out, "acknowledged", step->is_acknowledged);
	json_add_bool(out, "over_regression", state_over_regression(state, s));
	add_moment(out, "done", step->done);
	add_moment(out, "since", step->since);
	add_moment(out, "verifying_from", step->verifying_from);
	json_add_wall(out, "first_started", step->first_started);
	json_add_text(out, "by", step->by);
	json_add_text(out, "said", step->said);
	json_add_text(out, "remains", step->remains);
	json_add_text(out, "chosen", step->chosen);
	json_add_text(out, "owner", step->owner);
	json_add_int(out, "submitted_seq", step->submitted_seq);
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
	json_add_wall(out, "observed_at", known->observed_at);
	add_moment(out, "since", known->since);
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
	add_moment(out, "since", waiver->since);
	json_add_wall(out, "until", waiver->until);
	json_add_bool(out, "ended", waiver->is_ended);
	return out;
}

static cJSON *dump_remark(const struct remark *remark)
{
	cJSON *out = json_object();
	json_add_int(out, "seq", remark->seq);
	json_add_text(out, "kind", event_kind_word(remark->kind));
	json_add_wall(out, "ts", remark->ts);
	json_add_wall(out, "at", remark->at);
	json_add_text(out, "by", remark->by);
	json_add_text(out, "type", remark->type);
	json_add_text(out, "text", remark->text);
	json_add_text(out, "step", remark->step);
	return out;
}

static cJSON *dump_target(const struct state *state, int t)
{
	const struct pin *pin = &state->pins[t];
	cJSON *out = json_object();
	json_add_text(out, "id", state->runbook->targets[t].id);
	json_add_bool(out, "pinned", pin->is_pinned);
	json_add_text(out, "endpoint", pin->endpoint);
	json_add_text(out, "fingerprint", pin->fingerprint);
	json_add_bool(out, "changed", pin->has_changed);
	json_add_text(out, "now", pin->now);
	json_add_text(out, "now_endpoint", pin->now_endpoint);
	json_add_text(out, "context", pin->context);
	json_add_int(out, "seq", pin->seq);
	json_add_int(out, "changed_seq", pin->changed_seq);
	json_add_int(out, "trouble", state_target_trouble(state, t));
	return out;
}

static void dump_course(const struct state *state, cJSON *out)
{
	json_add_bool(out, "open", state->is_open);
	json_add_bool(out, "armed", state->is_armed);
	json_add_text(out, "armed_by", state->armed_by);
	json_add_bool(out, "was_aborted", state->was_aborted);
	json_add_text(out, "abort_why", state->abort_why);
	add_moment(out, "declared", state->declared);
	json_add_text(out, "declared_by", state->declared_by);
	json_add_wall(out, "impact_at", state->impact_at);
	json_add_wall(out, "detected_at", state->detected_at);
	add_moment(out, "aborted", state->aborted);
	add_moment(out, "recovered", state->recovered);
	json_add_int(out, "recovered_level", state->recovered_level);
	json_add_text(out, "recovered_why", state->recovered_why);
	json_add_text(out, "recovered_by", state->recovered_by);
	json_add_bool(out, "recovered_with_proof", state->recovered_with_proof);
	json_add_int(out, "highest_level", state->highest_level);
	add_moment(out, "closed", state->closed);
	json_add_text(out, "closed_result", state->closed_result);
	add_moment(out, "journey_serving", state->journey_serving);
}

static void dump_incident(const struct state *state, cJSON *out)
{
	json_add_text(out, "incident", state->incident);
	json_add_text(out, "mode", event_mode_word(state->mode));
	json_add_int(out, "events", state->events);
	json_add_int(out, "first_bad_line", state->first_bad_line);
	add_moment(out, "last", state->last);
	json_add_text(out, "boot", state->boot);
	json_add_int(out, "mono_offset_us", state->mono_offset_us);
	json_add_int(out, "session_count", state->session_count);
	json_add_text(out, "session_by", state->session_by);
	json_add_int(out, "speed_millionths", (int64_t)(state->speed * 1e6));
	json_add_int(out, "running_count", state->running_count);
	json_add_int(out, "regressed_count", state->regressed_count);
	json_add_text(out, "applied_sha256", state->applied_sha256);
}

static void dump_values(const struct state *state, cJSON *out)
{
	const struct runbook *runbook = state->runbook;
	cJSON *inputs = cJSON_AddObjectToObject(out, "inputs"),
	      *roles = cJSON_AddObjectToObject(out, "roles"),
	      *serving = cJSON_AddObjectToObject(out, "serving"),
	      *points = cJSON_AddObjectToObject(out, "restore_points"),
	      *scripts = cJSON_AddArrayToObject(out, "scripts");
	for (size_t i = 0; i < runbook->input_count; i++)
		if (state->input_is_set[i])
			json_add_text(inputs, runbook->inputs[i].id, state->inputs[i]);
	for (size_t r = 0; r < state->role_count; r++)
		json_add_text(roles, state->roles[r].role, state->roles[r].who);
	for (size_t f = 0; f < runbook->function_count; f++)
		add_moment(serving, runbook->functions[f].id, state->serving[f]);
	for (size_t r = 0; r < runbook->restore_point_count; r++) {
		cJSON *point = cJSON_AddObjectToObject(points, runbook->restore_points[r].id);
		json_add_wall(point, "at", state->restore_point_at[r]);
		json_add_wall(point, "found", state->restore_point_found[r]);
	}
	for (size_t i = 0; i < state->script_count; i++) {
		cJSON *script = json_object();
		json_add_text(script, "path", state->scripts[i].path);
		json_add_text(script, "sha256", state->scripts[i].sha256);
		cJSON_AddItemToArray(scripts, script);
	}
}

cJSON *state_dump(const struct state *state)
{
	cJSON *out = json_object();
	dump_incident(state, out);
	dump_course(state, out);
	dump_values(state, out);
	cJSON *steps = cJSON_AddArrayToObject(out, "steps"),
	      *dependencies = cJSON_AddArrayToObject(out, "dependencies"),
	      *targets = cJSON_AddArrayToObject(out, "pins"),
	      *waivers = cJSON_AddArrayToObject(out, "waivers"),
	      *remarks = cJSON_AddArrayToObject(out, "remarks"),
	      *open = cJSON_AddArrayToObject(out, "open_confirmed");
	for (size_t s = 0; s < state->runbook->step_count; s++)
		cJSON_AddItemToArray(steps, dump_step(state, (int)s));
	for (size_t d = 0; d < state->runbook->dependency_count; d++)
		cJSON_AddItemToArray(dependencies, dump_dependency(state, (int)d));
	for (size_t t = 0; t < state->runbook->target_count; t++)
		cJSON_AddItemToArray(targets, dump_target(state, (int)t));
	for (size_t w = 0; w < state->waiver_count; w++)
		cJSON_AddItemToArray(waivers, dump_waiver(state, &state->waivers[w]));
	for (size_t r = 0; r < state->remark_count; r++)
		cJSON_AddItemToArray(remarks, dump_remark(&state->remarks[r]));
	for (size_t i = 0; i < state->open_line_count; i++)
		cJSON_AddItemToArray(open, cJSON_CreateBool(state->open_confirmed[i]));
	return out;
}
