// SPDX-License-Identifier: Apache-2.0
#include "decide_wish.h"

#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

bool decide_by_hand(const struct wish *wish)
{
	if (wish->is == STEP_DONE || wish->is == STEP_RUNNING || wish->is == STEP_SKIPPED)
		return wish_refuse(wish, step_state_word(wish->is), NULL);
	if (wish->step->kind == STEP_DECIDE)
		return wish_refuse(wish, "a decision is made by choosing", "s opens it");
	if (!wish_needs_reason(wish))
		return false;
	struct event *event = wish_add(wish, EVENT_STEP_CONFIRMED);
	json_add_text(event->data, "say", wish->intent->text);
	json_add_bool(event->data, "by_hand", true);
	json_add_text(event->data, "how", wish->intent->choice);
	wish->facts->watches[wish->intent->step] = (struct watch){0};
	return true;
}

bool decide_override(const struct wish *wish)
{
	if (wish->is == STEP_DONE || wish->is == STEP_RUNNING || wish->is == STEP_SKIPPED)
		return wish_refuse(wish, step_state_word(wish->is), NULL);
	if (!wish_needs_reason(wish))
		return false;
	struct event *event = wish_add(wish, EVENT_STEP_OVERRIDDEN);
	json_add_text(event->data, "why", wish->intent->text);
	if (wish_has_text(wish->intent->remains))
		json_add_text(event->data, "remains", wish->intent->remains);
	return true;
}

bool decide_skip(const struct wish *wish)
{
	if (wish->is != STEP_WAITING && wish->is != STEP_READY && wish->is != STEP_FAILED)
		return wish_refuse(wish, step_state_word(wish->is), NULL);
	if (!wish_needs_reason(wish))
		return false;
	json_add_text(wish_add(wish, EVENT_STEP_SKIPPED)->data, "why", wish->intent->text);
	return true;
}

bool decide_reopen(const struct wish *wish)
{
	if (wish->is != STEP_SKIPPED && !state_rollback_is_open(wish->state, wish->intent->step))
		return wish_refuse(
			wish, "only what was skipped, or undone by hand, can be reopened", NULL);
	if (!wish_needs_reason(wish))
		return false;
	json_add_text(wish_add(wish, EVENT_STEP_REOPENED)->data, "why", wish->intent->text);
	return true;
}

static void add_waiver(const struct wish *wish, int dependency, enum waiver_as as)
{
	int step = dependency < 0 ? wish->intent->step : -1;
	struct event *event =
		decision_event(wish->decision, wish->facts, EVENT_WAIVER, step, dependency);
	wish_sign(wish, event);
	if (step >= 0)
		json_add_text(event->data, "step", wish->facts->runbook->steps[step].id);
	else
		json_add_text(event->data, "dependency",
			wish->facts->runbook->dependencies[dependency].id);
	if (step >= 0)
		json_add_text(event->data, "edge", wish->intent->edge);
	json_add_text(event->data, "as", waiver_as_word(as));
	json_add_text(event->data, "why", wish->intent->text);
	json_add_wall(event->data, "until", wish->intent->until);
}

// A waiting step may start without what is unmet; of one that cannot be verified what is not
// healthy is done without.
bool decide_waive(const struct wish *wish)
{
	if (!wish_needs_reason(wish))
		return false;
	if (wish->is == STEP_WAITING) {
		add_waiver(wish, -1, WAIVER_START_ANYWAY);
		return true;
	}
	bool waits_for_health = wish->is == STEP_REGRESSED || wish->is == STEP_VERIFYING ||
				(wish->is == STEP_READY && wish->step->kind == STEP_WAIT);
	if (!waits_for_health)
		return wish_refuse(wish, "nothing is unmet", NULL);
	for (size_t i = 0; i < wish->step->restores.count; i++)
		if (!state_is_healthy(wish->state, wish->step->restores.items[i]))
			add_waiver(wish, wish->step->restores.items[i], WAIVER_DEGRADED);
	return wish->decision->event_count > 0 || wish_refuse(wish, "nothing is unmet", NULL);
}

bool decide_waive_dependency(const struct wish *wish)
{
	if (wish->intent->dependency < 0)
		return wish_refuse(wish, "name a dependency", NULL);
	if (!wish_needs_reason(wish))
		return false;
	add_waiver(wish, wish->intent->dependency, WAIVER_DEGRADED);
	return true;
}

bool decide_end_waiver(const struct wish *wish)
{
	for (size_t w = 0; w < wish->state->waiver_count; w++)
		if (wish->state->waivers[w].seq == wish->intent->of &&
			!wish->state->waivers[w].is_ended) {
			struct event *event = wish_add(wish, EVENT_WAIVER_ENDED);
			json_add_int(event->data, "of", wish->intent->of);
			json_add_text(event->data, "why", wish->intent->text);
			return true;
		}
	return err_set(wish->why, "end-waiver: #%lld: no such waiver in force",
		(long long)wish->intent->of);
}

bool decide_acknowledge(const struct wish *wish)
{
	if (wish->progress->is_acknowledged)
		return wish_refuse(wish, "seen already", NULL);
	if (wish->is != STEP_REGRESSED && wish->is != STEP_FAILED && wish->is != STEP_UNKNOWN)
		return wish_refuse(wish, "nothing to acknowledge", NULL);
	wish_add(wish, EVENT_ACKNOWLEDGED);
	return true;
}

bool decide_attest(const struct wish *wish)
{
	enum status status;
	if (wish->intent->dependency < 0)
		return wish_refuse(wish, "name a dependency", NULL);
	if (!status_parse(wish->intent->choice ? wish->intent->choice : "healthy", &status))
		return wish_refuse(wish, "say healthy, degraded, missing …", NULL);
	bool is_manual = false;
	const struct dependency *of = &wish->facts->runbook->dependencies[wish->intent->dependency];
	for (size_t i = 0; i < of->check_count; i++)
		is_manual |= of->checks[i].kind == CHECK_MANUAL;
	if (!is_manual)
		return err_set(wish->why,
			"attest: %s: it is sensed, a word does not change it; waive-dependency "
			"does without it",
			of->id);
	struct event *event = wish_add(wish, EVENT_DEPENDENCY_CONFIRMED);
	json_add_text(event->data, "status", status_word(status));
	json_add_text(event->data, "say", wish->intent->text);
	return true;
}
