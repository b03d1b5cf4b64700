// SPDX-License-Identifier: Apache-2.0
#include "report_parts.h"

#include "relight/json.h"

static const char *how_word(const struct step_progress *progress)
{
	static const char *const words[] = {
		[DONE_VERIFIED] = "verified",
		[DONE_RESULT] = "result",
		[DONE_CONFIRMED] = "confirmed",
		[DONE_DECIDED] = "decided",
		[DONE_OVERRIDDEN] = "overridden",
		[DONE_RESOLVED] = "resolved",
	};
	return progress->by_hand ? "by-hand" : words[progress->how];
}

// When it came to its end, done or failed; one that is under way or was left out has none.
static struct wall ended(const struct step_progress *progress, const struct report_step *walked)
{
	if (progress->state == STEP_DONE || progress->state == STEP_REGRESSED)
		return walked->end.wall;
	return progress->state == STEP_FAILED ? progress->since.wall : WALL_NONE;
}

static int64_t duration_ms(
	enum step_kind kind, const struct step_progress *progress, const struct report_step *walked)
{
	int64_t worked_us = walked->worked_us;
	// What a person decides or attests is written down when it is over; how long it took is not
	// known.
	if (kind != STEP_RUN && kind != STEP_WAIT && worked_us == 0)
		return -1;
	if (!wall_known(ended(progress, walked)) || walked->first_seq < 0)
		return -1;
	if (progress->state == STEP_FAILED && mono_known(walked->from.mono))
		worked_us += progress->since.mono.us - walked->from.mono.us;
	return worked_us / US_PER_MS;
}

static cJSON *step_json(const struct report_source *source, struct report_step *walked, int s)
{
	const struct step *step = &source->runbook->steps[s];
	const struct step_progress *progress = &source->state->steps[s];
	const int64_t seqs[] = {walked->first_seq, walked->end_seq, progress->seq};
	cJSON *one = json_object();
	json_add_text(one, "id", step->id);
	json_add_text(one, "title", step->title);
	json_add_text(one, "phase", source->runbook->phases.items[step->phase]);
	json_add_text(one, "state",
		step_state_word(state_step(source->state, s, source->state->last.wall)));
	json_add_text(one, "how", how_word(progress));
	report_add_wall(one, "started", progress->first_started);
	report_add_wall(one, "ended", ended(progress, walked));
	report_add_seconds(one, "duration_seconds", duration_ms(step->kind, progress, walked));
	report_add_seconds(one, "takes_seconds", step->takes_ms);
	json_add_int(one, "attempts", progress->attempt);
	json_add(one, "tries", walked->tries);
	walked->tries = NULL;
	json_add_text(one, "by", progress->by);
	json_add_text(one, "said", progress->said);
	json_add_text(one, "remains", progress->remains);
	json_add_text(one, "chosen", progress->chosen);
	json_add_text(one, "owner", progress->owner ? progress->owner : step->owner);
	if (step->is_abort)
		json_add_bool(one, "abort", true);
	if (state_is_rolled_back(source->state, s))
		json_add_bool(one, "rolled_back", true);
	if (state_over_regression(source->state, s))
		json_add_bool(one, "over_regression", true);
	if (walked->regressed > 0)
		json_add_int(one, "regressed", walked->regressed);
	report_add_rests(one, "rests_on", seqs, 3);
	return one;
}

static void say_why_not(const struct report_source *source, const struct report_step *walked, int s,
	struct buf *why)
{
	const struct step_progress *progress = &source->state->steps[s];
	struct wall now = source->state->last.wall;
	if (progress->state == STEP_SKIPPED)
		buf_text(why, progress->said ? progress->said : "");
	else if (state_is_rolled_back(source->state, s))
		buf_printf(why, "%s by %s",
			walked->end_seq >= 0 ? "done, then rolled back" : "rolled back",
			progress->by ? progress->by : "nobody known");
	else if (source->state->was_aborted && !source->runbook->steps[s].is_abort)
		buf_text(why, "the recovery was aborted");
	else if (!state_lacks(source->state, s, now, why))
		buf_text(why,
			wall_known(source->state->closed.wall) ? "it could have been started" : "");
}

// Left out, never begun or rolled back: what a reviewer should ask about.
static void add_not_executed(
	cJSON *list, const struct report_source *source, const struct report_step *walked, int s)
{
	const struct step_progress *progress = &source->state->steps[s];
	struct wall now = source->state->last.wall;
	enum step_state is = state_step(source->state, s, now);
	if (is != STEP_SKIPPED && is != STEP_WAITING && is != STEP_READY)
		return;
	struct buf why = {0};
	cJSON *one = json_object();
	json_add_text(one, "id", source->runbook->steps[s].id);
	json_add_text(one, "title", source->runbook->steps[s].title);
	json_add_text(one, "state", step_state_word(is));
	if (state_is_rolled_back(source->state, s))
		json_add_bool(one, "rolled_back", true);
	say_why_not(source, walked, s, &why);
	report_add_text(one, "why", why.length ? buf_str(&why) : NULL);
	if (is == STEP_SKIPPED)
		report_add_text(one, "by", progress->by);
	report_add_rests(one, "rests_on", &progress->seq, 1);
	cJSON_AddItemToArray(list, one);
	buf_fini(&why);
}

void report_add_steps(cJSON *report, const struct report_source *source, struct report_walk *walk)
{
	cJSON *steps = cJSON_AddArrayToObject(report, "steps");
	cJSON *not_executed = cJSON_AddArrayToObject(report, "not_executed");
	const struct runbook *runbook = source->runbook;
	if (!source->has_runbook)
		return;
	for (size_t i = 0; i < source->plan->count; i++) {
		int s = source->plan->order[i];
		cJSON_AddItemToArray(steps, step_json(source, &walk->steps[s], s));
		add_not_executed(not_executed, source, &walk->steps[s], s);
	}
	// The steps of an abort are no part of a recovery that was not aborted.
	for (size_t i = 0; source->state->was_aborted && i < runbook->abort.steps.count; i++) {
		int s = runbook->abort.steps.items[i];
		cJSON_AddItemToArray(steps, step_json(source, &walk->steps[s], s));
		add_not_executed(not_executed, source, &walk->steps[s], s);
	}
}
