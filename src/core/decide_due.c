// SPDX-License-Identifier: Apache-2.0
//
// What is due by itself: the checklist ticks and unticks from what is sensed. Source of the rules:
// FORMATS.md §5, "The fold", and DESIGN.md §5. Each rule looks at one dependency or one step and
// adds at most one event for it; the caller folds that and asks again until nothing is due.
#include "decide_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"

#define RETRY_FIRST_MS   (1 * MS_PER_S)
#define RETRY_LONGEST_MS (60 * MS_PER_S)

// --- steps: verification ---
//
// A step is verified when all that it restores is proven: healthy, by observations that were asked
// for after the result, for as long as the dependency's `stable`. What is not proven within
// `settle` has failed. The times are those of struct watch and struct sensed_dependency:
//
//    result   began            healthy_from            heard
//      |      asked, token          |                    |
//   ---+--------+-------------------+--------------------+-----------------+----> time
//               |                   |<----- stable ----->| proven          |
//               |<------------- settle, and what was given to it --------->| expired
//
// What was healthy when it was asked for counts from `asked` on. A time in which nobody looked
// proves nothing, and uses nothing of `settle` up.

// A person attested it after it was asked.
static bool is_attested_since(const struct facts *facts, int d, const struct watch *watch)
{
	const struct dependency_known *known = &facts->state->dependencies[d];
	return known->is_attested && known->since.mono.us >= watch->asked.mono.us;
}

// Since when the present run of healthy observations is evidence.
static int64_t counts_from_us(const struct sensed_dependency *seen, const struct watch *watch)
{
	bool is_asked_later = watch->token > 0 && watch->asked.mono.us > seen->healthy_from.us;
	return is_asked_later ? watch->asked.mono.us : seen->healthy_from.us;
}

// Healthy, asked after the result, and for so long as the dependency's `stable` asks.
static bool is_proven(const struct facts *facts, int d, const struct watch *watch)
{
	const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
	if (state_waiver(facts->state, -1, d, facts->now.wall))
		return true;
	if (!state_is_healthy(facts->state, d))
		return false;
	if (is_attested_since(facts, d, watch))
		return true;
	// It has lasted as long as observations say so, not as long as nobody looked.
	return seen->token >= watch->token && mono_known(seen->healthy_from) &&
	       seen->heard.us - counts_from_us(seen, watch) >= decision_stable_us(facts, d);
}

// `stable` has passed, but no observation is from after it: with a slow rhythm the proof would wait
// for the next one.
static bool wants_a_look(const struct facts *facts, int d, const struct watch *watch)
{
	const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
	if (!mono_known(seen->healthy_from) || seen->token < watch->token ||
		is_proven(facts, d, watch))
		return false;
	int64_t due_us = counts_from_us(seen, watch) + decision_stable_us(facts, d);
	return facts->now.mono.us >= due_us && seen->heard.us < due_us && watch->nudged.us < due_us;
}

static void look_when_stable(const struct facts *facts, int step, struct decision *decision)
{
	const struct refs *restores = &facts->runbook->steps[step].restores;
	bool is_wanted = false;
	for (size_t i = 0; i < restores->count; i++)
		is_wanted |= wants_a_look(facts, restores->items[i], &facts->watches[step]);
	if (!is_wanted)
		return;
	decision_look(decision, facts, step);
	facts->watches[step].nudged = facts->now.mono;
}

static bool all_proven(const struct facts *facts, int step)
{
	const struct refs *restores = &facts->runbook->steps[step].restores;
	for (size_t i = 0; i < restores->count; i++)
		if (!is_proven(facts, restores->items[i], &facts->watches[step]))
			return false;
	return true;
}

static void add_verified(const struct facts *facts, int step, struct decision *decision)
{
	struct event *event = decision_event(decision, facts, EVENT_STEP_VERIFIED, step, -1);
	event->attempt = facts->state->steps[step].attempt;
	json_add(event->data, "observations", decision_observations(facts, step));
	facts->watches[step] = (struct watch){0};
}

// Names the first restored dependency that is not proven: "settle of 5m is over: pg-primary
// progressing (creating)".
static char *unproven_words(const struct facts *facts, int step, int64_t settle_ms)
{
	const struct refs *restores = &facts->runbook->steps[step].restores;
	struct buf why = {0};
	char settle[DURATION_TEXT_BYTES];
	duration_format(settle_ms, settle);
	buf_printf(&why, "settle of %s is over:", settle);
	for (size_t i = 0; i < restores->count; i++) {
		int d = restores->items[i];
		const struct dependency_known *known = &facts->state->dependencies[d];
		if (is_proven(facts, d, &facts->watches[step]))
			continue;
		buf_printf(&why, " %s %s%s", facts->runbook->dependencies[d].id,
			status_word(known->status),
			state_is_healthy(facts->state, d) ? ", not for long enough" : "");
		if (known->message && known->message[0])
			buf_printf(&why, " (%s)", known->message);
		break;
	}
	return buf_take(&why);
}

static void add_expired(const struct facts *facts, int step, bool is_resolving, int64_t settle_ms,
	struct decision *decision)
{
	char *why = unproven_words(facts, step, settle_ms);
	struct event *event = decision_event(
		decision, facts, is_resolving ? EVENT_STEP_RESOLVED : EVENT_STEP_FAILED, step, -1);
	event->attempt = facts->state->steps[step].attempt;
	if (is_resolving)
		json_add_text(event->data, "to", "failed");
	json_add_text(event->data, is_resolving ? "how" : "why", why);
	facts->watches[step] = (struct watch){0};
	free(why);
}

static void verify(
	const struct facts *facts, int step, bool is_resolving, struct decision *decision)
{
	struct watch *watch = &facts->watches[step];
	const struct step_progress *progress = &facts->state->steps[step];
	if (watch->token == 0) {
		decision_recheck(decision, facts, step);
		return;
	}
	int64_t settle_ms = facts->runbook->steps[step].settle_ms +
			    (is_resolving ? watch->more_ms : progress->extended_ms);
	int64_t passed_us = facts->now.mono.us - watch->began.mono.us - watch->still_ms * US_PER_MS;
	if (all_proven(facts, step))
		add_verified(facts, step, decision);
	else if (passed_us >= settle_ms * US_PER_MS)
		add_expired(facts, step, is_resolving, settle_ms, decision);
	else
		look_when_stable(facts, step, decision);
}

static void look_at_verifying(const struct facts *facts, int step, struct decision *decision)
{
	verify(facts, step, false, decision);
}

// A person has it looked at; what comes of it is an event, whatever it is.
static void look_at_unknown(const struct facts *facts, int step, struct decision *decision)
{
	if (facts->watches[step].is_resolving)
		verify(facts, step, true, decision);
}

void decide_stood_still(const struct facts *facts, int64_t still_ms, struct decision *decision)
{
	struct event *event = decision_event(decision, facts, EVENT_FAULT, -1, -1);
	char length[DURATION_TEXT_BYTES], words[120];
	duration_clock(still_ms, length);
	snprintf(words, sizeof words,
		"for %s nothing was sensed or decided: the machine slept, or relight was stopped",
		length);
	json_add_text(event->data, "what", "relight stood still");
	json_add_text(event->data, "error", words);
	for (size_t s = 0; s < facts->runbook->step_count; s++)
		if (facts->watches[s].token > 0)
			facts->watches[s].still_ms += still_ms;
}

// --- steps: those that wait, and those that are done ---

static const char *not_chosen(const struct facts *facts, int s, struct buf *why)
{
	const struct step *step = &facts->runbook->steps[s];
	if (step->when_step < 0)
		return NULL;
	const struct step_progress *decision = &facts->state->steps[step->when_step];
	const char *id = facts->runbook->steps[step->when_step].id;
	if (decision->state == STEP_SKIPPED) {
		buf_printf(why, "decision %s was skipped", id);
		return buf_str(why);
	}
	if (decision->state != STEP_DONE || !decision->chosen)
		return NULL;
	for (size_t i = 0; i < step->when_is.count; i++)
		if (strcmp(step->when_is.items[i], decision->chosen) == 0)
			return NULL;
	buf_printf(why, "decision %s chose %s", id, decision->chosen);
	return buf_str(why);
}

static void look_at_wait(const struct facts *facts, int step, struct decision *decision)
{
	struct watch *watch = &facts->watches[step];
	if (state_step(facts->state, step, facts->now.wall) != STEP_READY) {
		*watch = (struct watch){0};
		return;
	}
	if (watch->token == 0 && facts->runbook->steps[step].restores.count > 0)
		decision_recheck(decision, facts, step);
	else if (all_proven(facts, step))
		add_verified(facts, step, decision);
	else
		look_when_stable(facts, step, decision);
}

static void look_at_waiting(const struct facts *facts, int step, struct decision *decision)
{
	struct buf why = {0};
	const char *reason = not_chosen(facts, step, &why);
	if (reason) {
		struct event *event = decision_event(decision, facts, EVENT_STEP_SKIPPED, step, -1);
		json_add_text(event->data, "why", reason);
	} else if (facts->runbook->steps[step].kind == STEP_WAIT) {
		look_at_wait(facts, step, decision);
	}
	buf_fini(&why);
}

static void look_at_done(const struct facts *facts, int step, struct decision *decision)
{
	const struct refs *restores = &facts->runbook->steps[step].restores;
	if (facts->state->steps[step].how == DONE_OVERRIDDEN)
		return;
	for (size_t i = 0; i < restores->count; i++) {
		int d = restores->items[i];
		bool is_bad = status_is_bad(facts->state->dependencies[d].status) &&
			      facts->state->dependencies[d].is_fresh &&
			      facts->sensed->dependencies[d].bad_streak >= 2;
		if (!is_bad || state_waiver(facts->state, -1, d, facts->now.wall))
			continue;
		struct event *event =
			decision_event(decision, facts, EVENT_STEP_REGRESSED, step, -1);
		json_add(event->data, "observations", decision_observations(facts, step));
		return;
	}
}

// Healthy again, and lastingly: every observation since the regression was asked after the result
// anyway.
static void look_at_regressed(const struct facts *facts, int step, struct decision *decision)
{
	if (all_proven(facts, step))
		add_verified(facts, step, decision);
	else
		look_when_stable(facts, step, decision);
}

static void retry(const struct facts *facts, int step, struct decision *decision)
{
	const struct step *of = &facts->runbook->steps[step];
	const struct step_progress *progress = &facts->state->steps[step];
	if (!facts->state->is_armed || !facts->is_recording || facts->state->was_aborted ||
		progress->outcome != OUTCOME_FAILED || progress->is_rollback ||
		progress->retried >= of->retries)
		return;
	int64_t pause_ms = RETRY_FIRST_MS << (progress->retried < 6 ? progress->retried : 6);
	if (pause_ms > RETRY_LONGEST_MS)
		pause_ms = RETRY_LONGEST_MS;
	// What must not be started must not be started again: a changed target, a need that is
	// lost.
	if (facts->now.mono.us - progress->result.mono.us < pause_ms * US_PER_MS ||
		state_blocked(facts->state, step, facts->now.wall, NULL))
		return;
	char why[64];
	snprintf(why, sizeof why, "automatic retry %d of %d", progress->retried + 1, of->retries);
	decision_launch(decision, facts, step, false, NULL, "relight", why, NULL);
}

static void look_at_failed(const struct facts *facts, int step, struct decision *decision)
{
	if (facts->watches[step].is_resolving)
		verify(facts, step, true, decision);
	else
		retry(facts, step, decision);
}

typedef void step_rule(const struct facts *facts, int step, struct decision *decision);
static step_rule *const step_rules[STEP_STATES] = {
	[STEP_WAITING] = look_at_waiting,
	[STEP_VERIFYING] = look_at_verifying,
	[STEP_DONE] = look_at_done,
	[STEP_REGRESSED] = look_at_regressed,
	[STEP_FAILED] = look_at_failed,
	[STEP_UNKNOWN] = look_at_unknown,
};

// --- the incident ---

static void look_at_waivers(const struct facts *facts, struct decision *decision)
{
	for (size_t w = 0; w < facts->state->waiver_count; w++) {
		const struct waiver *waiver = &facts->state->waivers[w];
		if (waiver->is_ended || !wall_known(waiver->until) ||
			facts->now.wall.us < waiver->until.us)
			continue;
		struct event *event = decision_event(
			decision, facts, EVENT_WAIVER_ENDED, waiver->step, waiver->dependency);
		json_add_int(event->data, "of", waiver->seq);
		json_add_text(event->data, "why", "its end has come");
	}
}

// The abort has come to its end. Where a runbook keeps no steps for it, a person says when that is.
static void look_at_abort(const struct facts *facts, struct decision *decision)
{
	if (facts->runbook->abort.steps.count == 0 || !decision_abort_is_over(facts) ||
		facts->state->running_count > 0 || wall_known(facts->state->closed.wall))
		return;
	struct event *event = decision_event(decision, facts, EVENT_INCIDENT_CLOSED, -1, -1);
	json_add_text(event->data, "result", "aborted");
	json_add(event->data, "open", decision_open_ends(facts));
	decision_effect(decision, EFFECT_END, -1);
}

void decide_due(const struct facts *facts, struct decision *decision)
{
	for (size_t d = 0; d < facts->runbook->dependency_count; d++)
		decision_look_at_dependency(facts, (int)d, decision);
	// Steps are judged by what is known, so what is known is folded first.
	if (decision->event_count > 0)
		return;
	look_at_waivers(facts, decision);
	for (size_t s = 0; s < facts->runbook->step_count; s++) {
		step_rule *rule = step_rules[facts->state->steps[s].state];
		if (rule)
			rule(facts, (int)s, decision);
	}
	decision_look_at_serving(facts, decision);
	if (decision->event_count == 0)
		look_at_abort(facts, decision);
}
