// SPDX-License-Identifier: Apache-2.0
#include "decide_parts.h"

#include <stdlib.h>

#include "relight/json.h"
#include "relight/memory.h"
#include "relight/plan.h"

// Whether what was lost serves again. Both ways it takes as long as a dependency's `stable`: to
// serve, and to have stopped.

static struct wall wall_at(const struct facts *facts, struct mono at)
{
	return (struct wall){facts->now.wall.us - (facts->now.mono.us - at.us)};
}

static void add_serving(const struct facts *facts, const char *function, struct mono since,
	struct decision *decision)
{
	struct event *event = decision_event(decision, facts, EVENT_INCIDENT_SERVING, -1, -1);
	json_add_text(event->data, "function", function);
	json_add_wall(event->data, "since", wall_at(facts, since));
}

static struct mono began(const struct facts *facts)
{
	struct wall at = state_origin(facts->state);
	return (struct mono){facts->now.mono.us - (facts->now.wall.us - at.us)};
}

// Since when this dependency has been healthy for its `stable`, not counting what was before the
// impact; MONO_NONE: it is not.
static struct mono lasting_since(const struct facts *facts, int d)
{
	const struct dependency_known *known = &facts->state->dependencies[d];
	bool is_attested = known->is_attested;
	struct mono since =
		is_attested ? known->since.mono : facts->sensed->dependencies[d].healthy_from;
	if (!state_is_healthy(facts->state, d) || !mono_known(since))
		return MONO_NONE;
	if (since.us < began(facts).us)
		since = began(facts);
	bool is_lasting = is_attested || facts->sensed->dependencies[d].heard.us - since.us >=
						 decision_stable_us(facts, d);
	return is_lasting ? since : MONO_NONE;
}

static struct mono journey_since(const struct facts *facts, const struct refs *journey)
{
	struct mono latest = MONO_NONE;
	for (size_t i = 0; i < journey->count; i++) {
		struct mono since = lasting_since(facts, journey->items[i]);
		if (!mono_known(since))
			return MONO_NONE;
		if (!mono_known(latest) || since.us > latest.us)
			latest = since;
	}
	return latest;
}

// Since when something of a journey has been known to be bad for its `stable`, and what; MONO_NONE:
// nothing has. What is not known has not stopped to serve.
static struct mono broken_since(const struct facts *facts, const struct refs *journey, int *which)
{
	struct mono earliest = MONO_NONE;
	for (size_t i = 0; i < journey->count; i++) {
		int d = journey->items[i];
		const struct dependency_known *known = &facts->state->dependencies[d];
		struct mono heard = facts->sensed->dependencies[d].heard;
		bool is_broken = known->is_fresh && status_is_bad(known->status);
		bool is_lasting = known->is_attested ||
				  (mono_known(heard) && heard.us - known->since.mono.us >=
								decision_stable_us(facts, d));
		if (!is_broken || !is_lasting ||
			(mono_known(earliest) && earliest.us <= known->since.mono.us))
			continue;
		earliest = known->since.mono;
		*which = d;
	}
	return earliest;
}

static void add_interrupted(const struct facts *facts, const char *function, int d,
	struct mono since, struct decision *decision)
{
	const struct dependency_known *known = &facts->state->dependencies[d];
	struct event *event = decision_event(decision, facts, EVENT_INCIDENT_INTERRUPTED, -1, d);
	json_add_text(event->data, "function", function);
	json_add_wall(event->data, "since", wall_at(facts, since));
	json_add_text(event->data, "status", status_word(known->status));
	json_add_text(event->data, "message", known->message);
}

// One function, or the whole journey (NULL), which by the record serves since `serving`.
static void look_at_journey(const struct facts *facts, const char *function,
	const struct refs *journey, const struct moment *serving, struct decision *decision)
{
	int which = -1;
	bool serves = wall_known(serving->wall);
	struct mono since =
		serves ? broken_since(facts, journey, &which) : journey_since(facts, journey);
	if (!mono_known(since))
		return;
	if (serves)
		add_interrupted(facts, function, which, since, decision);
	else
		add_serving(facts, function, since, decision);
}

void decision_look_at_serving(const struct facts *facts, struct decision *decision)
{
	const struct runbook *runbook = facts->runbook;
	const struct state *state = facts->state;
	if (!state->is_open || wall_known(state->recovered.wall) || wall_known(state->closed.wall))
		return;
	bool has_functions = false;
	for (size_t f = 0; f < runbook->function_count; f++) {
		const struct function *function = &runbook->functions[f];
		look_at_journey(
			facts, function->id, &function->journey, &state->serving[f], decision);
		has_functions |= function->journey.count > 0;
	}
	if (has_functions)
		return;
	bool *is_journey = memory_zeroed(runbook->dependency_count + 1, sizeof *is_journey);
	int *items = memory_zeroed(runbook->dependency_count + 1, sizeof *items);
	struct refs journey = {items, 0};
	plan_journey(runbook, is_journey);
	for (size_t d = 0; d < runbook->dependency_count; d++)
		if (is_journey[d])
			items[journey.count++] = (int)d;
	look_at_journey(facts, NULL, &journey, &state->journey_serving, decision);
	free(is_journey);
	free(items);
}
