// SPDX-License-Identifier: Apache-2.0
#include "relight/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

// --- what the timeline says ----------------------------------------------------------------------

struct scenario_facts *scenario_facts_new(const struct runbook *runbook)
{
	struct scenario_facts *facts = memory_zeroed(1, sizeof *facts);

	facts->runbook = runbook;
	facts->opened = facts->session_at = WALL_NONE;
	facts->session_mono = MONO_NONE;
	facts->speed = 1;
	facts->steps = memory_zeroed(runbook->step_count + 1, sizeof *facts->steps);
	facts->words = memory_zeroed(runbook->dependency_count + 1, sizeof *facts->words);
	for (size_t i = 0; i < runbook->step_count; i++)
		facts->steps[i].first = facts->steps[i].last = WALL_NONE;
	for (size_t i = 0; i < runbook->dependency_count; i++)
		facts->words[i].at = WALL_NONE;
	return facts;
}

void scenario_facts_free(struct scenario_facts *facts)
{
	if (!facts)
		return;
	free(facts->steps);
	free(facts->words);
	free(facts);
}

static void session_starts(struct scenario_facts *facts, const struct event *event)
{
	facts->session_at = event->ts;
	facts->session_mono = event->mono;
	facts->is_session_open = true;
	facts->speed = event_speed(event);
	if (!wall_known(facts->opened))
		facts->opened = event->ts;
}

static void step_succeeds(struct scenario_step_fact *fact, struct wall at)
{
	if (!wall_known(fact->first))
		fact->first = at;
	fact->last = at;
}

// What a rollback has undone is as if it had never been done.
static void step_result(struct scenario_step_fact *fact, const struct event *event)
{
	const char *outcome = json_text(event->data, "outcome");

	if (!outcome || strcmp(outcome, "success") != 0)
		return;
	if (fact->rollback != 0 && fact->rollback == event->attempt)
		fact->first = fact->last = WALL_NONE;
	else
		step_succeeds(fact, event->ts);
}

static void step_intent(struct scenario_step_fact *fact, const struct event *event)
{
	fact->is_left_out = false;
	if (event_is_rollback(event))
		fact->rollback = event->attempt;
}

static void step_event(struct scenario_facts *facts, int step, const struct event *event)
{
	struct scenario_step_fact *fact = &facts->steps[step];

	switch (event->kind) {
	case EVENT_STEP_INTENT: step_intent(fact, event); break;
	case EVENT_STEP_RESULT: step_result(fact, event); break;
	case EVENT_STEP_CONFIRMED:
	case EVENT_DECISION: step_succeeds(fact, event->ts); break;
	case EVENT_STEP_VERIFIED:
		// A wait has no other success; an action's was its result.
		if (facts->runbook->steps[step].kind == STEP_WAIT)
			step_succeeds(fact, event->ts);
		break;
	case EVENT_STEP_SKIPPED:
	case EVENT_STEP_OVERRIDDEN: fact->is_left_out = true; break;
	case EVENT_STEP_REOPENED: fact->is_left_out = false; break;
	default: break;
	}
}

static void word_given(struct scenario_facts *facts, const struct event *event)
{
	int dependency = runbook_dependency(facts->runbook, event->dependency);
	const char *word = json_text(event->data, "status");
	enum status status;

	if (dependency >= 0 && word && status_parse(word, &status))
		facts->words[dependency] = (struct scenario_word){event->ts, status};
}

void scenario_facts_apply(struct scenario_facts *facts, const struct event *event)
{
	int step = event->step ? runbook_step(facts->runbook, event->step) : -1;

	if (step >= 0)
		step_event(facts, step, event);
	switch (event->kind) {
	case EVENT_SESSION_OPEN:
	case EVENT_SESSION_RESUMED: session_starts(facts, event); break;
	case EVENT_SESSION_ENDED:
		facts->is_session_open = false;
		facts->session_at = event->ts;
		break;
	case EVENT_INCIDENT_DECLARED:
		// A later declaration corrects the times of the impact; T0 stays.
		if (!facts->is_declared)
			facts->opened = event->ts;
		facts->is_declared = true;
		break;
	case EVENT_DEPENDENCY_CONFIRMED:
		if (event->dependency)
			word_given(facts, event);
		break;
	default: break;
	}
}

struct wall scenario_now(const struct scenario_facts *facts, struct mono now)
{
	struct wall at = facts->session_at;

	if (!wall_known(at) || !facts->is_session_open || !mono_known(facts->session_mono) ||
		now.us <= facts->session_mono.us)
		return at;
	at.us += (int64_t)((double)(now.us - facts->session_mono.us) * facts->speed);
	return at;
}

// --- the world -----------------------------------------------------------------------------------

static struct wall wall_after(struct wall from, int64_t ms)
{
	if (wall_known(from))
		from.us += ms * US_PER_MS;
	return from;
}

// When an event happens, or WALL_NONE while that is not known.
static struct wall event_time(
	const struct scenario_event *event, const struct scenario_facts *facts)
{
	struct wall from = event->after.count > 0 ? WALL_NONE : facts->opened;

	for (size_t i = 0; i < event->after.count; i++) {
		struct wall success = facts->steps[event->after.items[i]].first;

		if (!wall_known(success))
			return WALL_NONE;
		if (!wall_known(from) || success.us > from.us)
			from = success;
	}
	return wall_after(from, event->delay_ms);
}

// When the steps that restore a dependency have healed it, or WALL_NONE while they have not all
// succeeded.
static struct wall healing_time(
	const struct scenario *scenario, const struct scenario_facts *facts, size_t dependency)
{
	struct refs by = scenario->runbook->dependencies[dependency].restored_by;
	struct wall last = WALL_NONE;

	for (size_t i = 0; i < by.count; i++) {
		const struct step *step = &scenario->runbook->steps[by.items[i]];
		const struct scenario_step_fact *fact = &facts->steps[by.items[i]];

		if (step->kind == STEP_WAIT || fact->is_left_out)
			continue;
		if (step->is_abort && !wall_known(fact->last))
			continue;
		if (!wall_known(fact->last))
			return WALL_NONE;
		if (!wall_known(last) || fact->last.us > last.us)
			last = fact->last;
	}
	return wall_after(last, scenario->heals_after_ms);
}

// False, with *next brought forward to it, for what is still to come.
static bool has_come(struct wall at, struct wall now, struct wall *next)
{
	if (!wall_known(at))
		return false;
	if (at.us <= now.us)
		return true;
	if (!wall_known(*next) || at.us < next->us)
		*next = at;
	return false;
}

static const char *default_message(enum status status)
{
	static const char *const messages[STATUS_COUNT] = {
		[STATUS_HEALTHY] = "ok",
		[STATUS_SUSPENDED] = "suspended",
		[STATUS_PROGRESSING] = "not ready yet",
		[STATUS_UNKNOWN] = "no answer",
		[STATUS_DEGRADED] = "not as expected",
		[STATUS_MISSING] = "not found",
	};
	return messages[status];
}

// Events, each against what came before it: a later one at the same instant wins.
static void play_events(const struct scenario *scenario, const struct scenario_facts *facts,
	struct wall now, struct scenario_seen *seen, struct wall *changed,
	const char **healthy_words, struct wall *next)
{
	for (size_t e = 0; e < scenario->event_count; e++) {
		const struct scenario_event *event = &scenario->events[e];
		struct wall at = event_time(event, facts);

		if (!has_come(at, now, next))
			continue;
		for (size_t i = 0; i < event->set.count; i++) {
			const struct scenario_change *change = &event->set.items[i];
			int d = change->dependency;

			if (change->status == STATUS_HEALTHY && change->message)
				healthy_words[d] = change->message;
			if (wall_known(changed[d]) && changed[d].us > at.us)
				continue;
			changed[d] = at;
			seen[d] = (struct scenario_seen){change->status, change->message};
		}
	}
}

// A check that asks a person knows nothing but that person's word.
static void play_words(const struct scenario *scenario, const struct scenario_facts *facts,
	struct scenario_seen *seen, struct wall *changed)
{
	for (size_t d = 0; d < scenario->runbook->dependency_count; d++) {
		const struct scenario_word *word = &facts->words[d];

		if (scenario->runbook->dependencies[d].checks[0].kind != CHECK_MANUAL ||
			!wall_known(word->at) ||
			(wall_known(changed[d]) && changed[d].us > word->at.us))
			continue;
		changed[d] = word->at;
		seen[d] = (struct scenario_seen){word->status, "attested"};
	}
}

struct wall scenario_world(const struct scenario *scenario, const struct scenario_facts *facts,
	struct wall now, struct scenario_seen *seen)
{
	size_t count = scenario->runbook->dependency_count;
	struct wall *changed = memory_zeroed(count + 1, sizeof *changed);
	const char **healthy_words = memory_zeroed(count + 1, sizeof *healthy_words);
	struct wall next = WALL_NONE;

	for (size_t d = 0; d < count; d++) {
		changed[d] = WALL_NONE;
		seen[d] = (struct scenario_seen){
			scenario->start[d].status, scenario->start[d].message};
	}
	play_events(scenario, facts, now, seen, changed, healthy_words, &next);
	for (size_t d = 0; d < count; d++) {
		struct wall at = healing_time(scenario, facts, d);

		if (!has_come(at, now, &next) || (wall_known(changed[d]) && at.us <= changed[d].us))
			continue;
		changed[d] = at;
		seen[d] = (struct scenario_seen){STATUS_HEALTHY, healthy_words[d]};
	}
	play_words(scenario, facts, seen, changed);
	for (size_t d = 0; d < count; d++)
		if (!seen[d].message)
			seen[d].message = default_message(seen[d].status);
	free(changed);
	free(healthy_words);
	return next;
}
