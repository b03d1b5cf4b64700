// SPDX-License-Identifier: Apache-2.0
//
// What is inferred from the state: expectation words, what is folded under what, waivers, counts,
// evidence. FORMATS.md §1 "Expectation" is the source of the rules.
#include "relight/state.h"

#include <stdlib.h>

#include "relight/memory.h"

static const char *const expectation_words[EXPECTATION_WORDS] = {
	[AWAITED] = "awaited",
	[DUE] = "due",
	[HELD] = "held",
	[LOST] = "lost",
	[GIVEN] = "given",
};

const char *expectation_word(enum expectation_word word)
{
	return expectation_words[word];
}

// --- dependencies ---

bool state_is_healthy(const struct state *state, int dependency)
{
	const struct dependency_known *known = &state->dependencies[dependency];
	return known->is_fresh && known->status == STATUS_HEALTHY;
}

static bool step_has_started(const struct step_progress *step)
{
	return step->state != STEP_WAITING && step->state != STEP_SKIPPED;
}

static bool step_is_finished(const struct step_progress *step)
{
	return step->state == STEP_DONE || step->state == STEP_REGRESSED;
}

enum expectation_word state_expectation(const struct state *state, int dependency)
{
	const struct refs *by = &state->runbook->dependencies[dependency].restored_by;
	size_t counting = 0, started = 0, finished = 0;
	if (by->count == 0)
		return GIVEN;
	for (size_t i = 0; i < by->count; i++) {
		const struct step_progress *step = &state->steps[by->items[i]];
		counting += step->state != STEP_SKIPPED;
		started += step_has_started(step);
		finished += step_is_finished(step);
	}
	if (started == 0)
		return AWAITED;
	if (finished < counting)
		return DUE;
	return status_is_bad(state->dependencies[dependency].status) ? LOST : HELD;
}

static int folded_under(const struct state *state, int dependency, bool *was_seen)
{
	const struct refs *follows = &state->runbook->dependencies[dependency].follows;
	for (size_t i = 0; i < follows->count; i++) {
		int cause = follows->items[i];
		if (was_seen[cause])
			continue;
		was_seen[cause] = true;
		if (!state_is_healthy(state, cause))
			return cause;
		int farther = folded_under(state, cause, was_seen);
		if (farther >= 0)
			return farther;
	}
	return -1;
}

int state_folded_under(const struct state *state, int dependency)
{
	if (state_is_healthy(state, dependency) ||
		state->runbook->dependencies[dependency].follows.count == 0)
		return -1;
	bool *was_seen = memory_zeroed(state->runbook->dependency_count, sizeof *was_seen);
	was_seen[dependency] = true;
	int cause = folded_under(state, dependency, was_seen);
	free(was_seen);
	return cause;
}

int64_t state_limit_ms(const struct state *state, int step)
{
	const struct step_progress *of = &state->steps[step];
	return of->timeout_ms == ABSENT_MS ? ABSENT_MS
					   : of->timeout_ms + of->extended_ms + of->put_off_ms;
}

bool state_is_near_timeout(const struct state *state, int step, struct mono now)
{
	const struct step_progress *of = &state->steps[step];
	int64_t left_ms = state_limit_ms(state, step) - (now.us - of->intent.mono.us) / US_PER_MS;
	return of->timeout_ms > 0 && mono_known(of->intent.mono) &&
	       left_ms <= (of->timeout_ms + of->extended_ms) * (100 - RUNBOOK_ASKS_PER_CENT) / 100;
}

bool state_is_stopping(const struct state *state, int step)
{
	const struct step_progress *of = &state->steps[step];
	return of->state == STEP_RUNNING &&
	       (of->cancel_asked || of->stopping.after_ms != ABSENT_MS);
}

bool waiver_is_in_force(const struct waiver *waiver, struct wall now)
{
	return !waiver->is_ended && !(wall_known(waiver->until) && now.us >= waiver->until.us);
}

const struct waiver *state_waiver(
	const struct state *state, int step, int dependency, struct wall now)
{
	for (size_t w = state->waiver_count; w-- > 0;) {
		const struct waiver *waiver = &state->waivers[w];
		if (waiver->step == step && waiver->dependency == dependency &&
			waiver_is_in_force(waiver, now))
			return waiver;
	}
	return NULL;
}

// --- steps ---

bool state_rollback_is_open(const struct state *state, int step)
{
	const struct step_progress *progress = &state->steps[step];
	bool is_lost = progress->state == STEP_FAILED || progress->state == STEP_UNKNOWN;
	return is_lost && progress->is_rollback && progress->submitted_seq < progress->intent_seq;
}

static bool over_regression(const struct state *state, int step, bool *was_seen)
{
	const struct refs *waits_for = &state->plan->waits_for[step];
	for (size_t i = 0; i < waits_for->count; i++) {
		int need = waits_for->items[i];
		if (was_seen[need])
			continue;
		was_seen[need] = true;
		if (state->steps[need].state == STEP_REGRESSED ||
			over_regression(state, need, was_seen))
			return true;
	}
	return false;
}

bool state_over_regression(const struct state *state, int step)
{
	if (state->regressed_count == 0 || state->steps[step].state != STEP_DONE)
		return false;
	bool *was_seen = memory_zeroed(state->runbook->step_count, sizeof *was_seen);
	bool is_over = over_regression(state, step, was_seen);
	free(was_seen);
	return is_over;
}

// --- counts ---

struct counts state_counts(const struct state *state, int phase, struct wall now)
{
	struct counts counts = {0};
	int *const counters[STEP_STATES] = {
		[STEP_WAITING] = &counts.waiting,
		[STEP_READY] = &counts.ready,
		[STEP_RUNNING] = &counts.running,
		[STEP_VERIFYING] = &counts.verifying,
		[STEP_DONE] = &counts.done,
		[STEP_REGRESSED] = &counts.regressed,
		[STEP_FAILED] = &counts.failed,
		[STEP_UNKNOWN] = &counts.unknown,
		[STEP_SKIPPED] = &counts.skipped,
	};
	for (size_t i = 0; i < state->plan->count; i++) {
		int step = state->plan->order[i];
		if (phase >= 0 && state->runbook->steps[step].phase != phase)
			continue;
		counts.total++;
		(*counters[state_step(state, step, now)])++;
	}
	return counts;
}

bool state_is_rolled_back(const struct state *state, int step)
{
	const struct step_progress *progress = &state->steps[step];
	return progress->state == STEP_WAITING && progress->is_rollback &&
	       progress->outcome == OUTCOME_SUCCESS &&
	       progress->submitted_seq < progress->intent_seq;
}

bool state_is_recovered(const struct state *state)
{
	for (size_t i = 0; i < state->plan->count; i++) {
		enum step_state is = state->steps[state->plan->order[i]].state;
		if (is != STEP_DONE && is != STEP_SKIPPED)
			return false;
	}
	return true;
}

bool state_proves_recovery(const struct state *state)
{
	size_t count = state->runbook->dependency_count;
	for (size_t d = 0; d < count; d++)
		if (!state_is_healthy(state, (int)d))
			return false;
	return count > 0 && state_is_recovered(state);
}

int state_evidence_level(const struct state *state)
{
	int level = -1;
	for (size_t s = 0; s < state->runbook->step_count; s++) {
		bool is_proven = state->steps[s].state == STEP_DONE &&
				 state->steps[s].how != DONE_OVERRIDDEN;
		if (is_proven && state->runbook->steps[s].proves > level)
			level = state->runbook->steps[s].proves;
	}
	for (size_t d = 0; d < state->runbook->dependency_count; d++)
		if (state->runbook->dependencies[d].proves > level &&
			state_is_healthy(state, (int)d))
			level = state->runbook->dependencies[d].proves;
	return level;
}

bool state_should_abort(const struct state *state, size_t criterion, struct moment now)
{
	const struct abort_criterion *of = &state->runbook->abort.when_unhealthy[criterion];
	const struct dependency_known *known = &state->dependencies[of->dependency];
	const struct step_progress *after = of->after < 0 ? NULL : &state->steps[of->after];
	if (state->was_aborted || !known->is_fresh || !status_is_bad(known->status) ||
		(after && after->state != STEP_DONE))
		return false;
	int64_t since_us = known->since.mono.us;
	if (after && after->done.mono.us > since_us)
		since_us = after->done.mono.us;
	return now.mono.us - since_us >= of->for_ms * US_PER_MS;
}
