// SPDX-License-Identifier: Apache-2.0
#include "decide_parts.h"

#include <stdlib.h>

#include "relight/json.h"
#include "relight/memory.h"
#include "relight/request.h"

struct event *decision_event(struct decision *decision, const struct facts *facts,
	enum event_kind kind, int step, int dependency)
{
	struct event *event = event_new(kind);
	event_set_by(event, "relight");
	if (step >= 0)
		event_set_step(event, facts->runbook->steps[step].id);
	if (dependency >= 0)
		event_set_dependency(event, facts->runbook->dependencies[dependency].id);
	decision->events = memory_grow(decision->events, decision->event_count,
		&decision->event_capacity, sizeof *decision->events);
	decision->events[decision->event_count++] = event;
	return event;
}

struct effect *decision_effect(struct decision *decision, enum effect_kind kind, int step)
{
	decision->effects = memory_grow(decision->effects, decision->effect_count,
		&decision->effect_capacity, sizeof *decision->effects);
	struct effect *effect = &decision->effects[decision->effect_count++];
	*effect = (struct effect){.kind = kind, .step = step, .dependency = -1};
	return effect;
}

void decision_clear(struct decision *decision)
{
	for (size_t i = 0; i < decision->event_count; i++)
		event_free(decision->events[i]);
	for (size_t i = 0; i < decision->effect_count; i++) {
		json_wipe(decision->effects[i].request);
		free(decision->effects[i].why);
	}
	decision->event_count = decision->effect_count = 0;
}

void decision_fini(struct decision *decision)
{
	decision_clear(decision);
	free(decision->events);
	free(decision->effects);
	*decision = (struct decision){0};
}

cJSON *decision_observations(const struct facts *facts, int step)
{
	const struct refs *restores = &facts->runbook->steps[step].restores;
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < restores->count; i++) {
		int d = restores->items[i];
		const struct dependency_known *known = &facts->state->dependencies[d];
		const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
		// The newest observation is the one that proves; a person's word has none.
		bool is_sensed = seen->is_seen && seen->status == known->status;
		cJSON *one = json_object();
		json_add_text(one, "dependency", facts->runbook->dependencies[d].id);
		json_add_text(one, "status", status_word(known->status));
		json_add_text(one, "message", is_sensed ? seen->message : known->message);
		json_add_wall(
			one, "observed_at", is_sensed ? seen->observed_at : known->observed_at);
		cJSON_AddItemToArray(list, one);
	}
	return list;
}

void decision_look(struct decision *decision, const struct facts *facts, int step)
{
	const struct refs *restores = &facts->runbook->steps[step].restores;
	int64_t token = ++*facts->next_token;
	for (size_t i = 0; i < restores->count; i++) {
		struct effect *effect = decision_effect(decision, EFFECT_RECHECK, step);
		effect->dependency = restores->items[i];
		effect->token = token;
	}
}

void decision_recheck(struct decision *decision, const struct facts *facts, int step)
{
	struct watch *watch = &facts->watches[step];
	decision_look(decision, facts, step);
	if (watch->token == 0)
		watch->began = facts->now;
	watch->token = *facts->next_token;
	watch->asked = facts->now;
}

// What the runbook would have had this attempt do.
static void add_amended(cJSON *data, const struct facts *facts, const struct request_plan *plan)
{
	struct request_plan as_written = *plan;
	as_written.argv = NULL;
	json_add_bool(data, "amended", true);
	json_add(data, "was", request_action(facts, &as_written, NULL));
}

// A secret is set but its value gone: it is not stored, and this session has not been told.
static bool knows_inputs(const struct facts *facts, int step, struct err *err)
{
	const struct refs *mentions = &facts->runbook->steps[step].mentions;
	for (size_t i = 0; i < mentions->count; i++)
		if (!facts->values->inputs[mentions->items[i]])
			return err_set(err,
				"%s: needs input %s: secrets are not stored; set it again (i)",
				facts->runbook->steps[step].id,
				facts->runbook->inputs[mentions->items[i]].id);
	return true;
}

bool decision_launch(struct decision *decision, const struct facts *facts, int step,
	bool is_rollback, const char *const *argv, const char *by, const char *why, struct err *err)
{
	const struct step *of = &facts->runbook->steps[step];
	struct request_plan plan = {
		.step = step,
		.attempt = facts->state->steps[step].attempt + 1,
		.is_rollback = is_rollback,
		.argv = argv,
	};
	cJSON *action = knows_inputs(facts, step, err) ? request_action(facts, &plan, err) : NULL;
	cJSON *request = action ? request_new(facts, &plan, err) : NULL;
	if (!request) {
		cJSON_Delete(action);
		return false;
	}
	request_redact(action);
	struct event *event = decision_event(decision, facts, EVENT_STEP_INTENT, step, -1);
	event->attempt = plan.attempt;
	event_set_by(event, by);
	json_add_text(event->data, "role", event_role_word(is_rollback));
	json_add(event->data, "action", action);
	int target = step_acts_on(of, is_rollback);
	if (target >= 0)
		json_add_text(event->data, "target", facts->runbook->targets[target].id);
	if (of->timeout_ms != ABSENT_MS)
		json_add_int(event->data, "timeout_s", of->timeout_ms / MS_PER_S);
	if (argv)
		add_amended(event->data, facts, &plan);
	json_add_text(event->data, "why", why);
	struct effect *effect = decision_effect(decision, EFFECT_LAUNCH, step);
	effect->attempt = plan.attempt;
	effect->request = request;
	facts->watches[step] = (struct watch){0};
	return true;
}

bool decide_preview(
	const struct facts *facts, int step, bool rollback, struct buf *out, struct err *err)
{
	struct request_plan plan = {
		.step = step,
		.attempt = facts->state->steps[step].attempt + 1,
		.is_rollback = rollback,
	};
	cJSON *action = request_action(facts, &plan, err);
	if (!action)
		return false;
	request_redact(action);
	request_show(action, out);
	request_show_objects(action, out);
	cJSON_Delete(action);
	return true;
}

int64_t decision_stable_us(const struct facts *facts, int dependency)
{
	return facts->runbook->dependencies[dependency].stable_ms * US_PER_MS;
}

bool decision_abort_is_over(const struct facts *facts)
{
	const struct refs *steps = &facts->runbook->abort.steps;
	if (!facts->state->was_aborted)
		return false;
	for (size_t i = 0; i < steps->count; i++) {
		enum step_state is = facts->state->steps[steps->items[i]].state;
		if (is != STEP_DONE && is != STEP_SKIPPED)
			return false;
	}
	return true;
}
