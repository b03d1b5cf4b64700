// SPDX-License-Identifier: Apache-2.0
#include "relight/autopilot.h"

#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

#define NAMED_MOST 4 // of what is left at the end

void autopilot_init(struct autopilot *autopilot, const struct facts *facts,
	const struct answers *answers, int parallel)
{
	*autopilot = (struct autopilot){
		.answers = answers,
		.parallel = parallel,
		.was_retried = memory_zeroed(facts->runbook->step_count + 1, sizeof(bool)),
		.is_refused = memory_zeroed(facts->runbook->step_count + 1, sizeof(bool)),
		.step_count = facts->runbook->step_count,
		.moved = facts->now.mono,
		.failed_step = -1,
	};
}

void autopilot_fini(struct autopilot *autopilot)
{
	free(autopilot->was_retried);
	free(autopilot->is_refused);
	buf_fini(&autopilot->text);
	buf_fini(&autopilot->refused);
}

// One look over the steps, in plan order.
struct look {
	struct autopilot *autopilot;
	const struct facts *facts;
	const struct state *state;
	struct intent *intent;
	struct buf missing; // the first answer that is not there, in words
	bool is_busy;       // something runs, verifies, or will be retried by itself
	bool may_move;      // something waits for nothing but what is sensed
};

static bool act(struct look *look, enum intent_kind kind, int step, const char *text)
{
	*look->intent = intent_of(kind);
	look->intent->step = step;
	look->intent->text = text;
	look->intent->is_automatic = true;
	return true;
}

static const struct answer *answer_to(const struct look *look, int step)
{
	return &look->autopilot->answers->steps[step];
}

static bool missing(struct look *look, int step, const char *what)
{
	if (look->missing.length == 0)
		buf_printf(
			&look->missing, "step %s: %s", look->facts->runbook->steps[step].id, what);
	return false;
}

static bool missing_input(struct look *look, int step, int input)
{
	struct buf what = {0};
	buf_printf(&what, "needs input %s: no answer gives it; --input %s=VALUE does",
		look->facts->runbook->inputs[input].id, look->facts->runbook->inputs[input].id);
	missing(look, step, buf_str(&what));
	buf_fini(&what);
	return false;
}

static const char *by_answers(struct look *look, const char *rule)
{
	const char *file = look->autopilot->answers->file;
	buf_clear(&look->autopilot->text);
	buf_printf(&look->autopilot->text, "%s, as %s says", rule,
		file ? file : "the default without answers");
	return buf_str(&look->autopilot->text);
}

// --- what a step asks for ---

static bool type_name(struct look *look, int step)
{
	struct buf wanted = {0};
	const char *typed = answer_to(look, step)->type;
	bool is_right = true;
	if (decide_typed_name(look->facts, step, &wanted)) {
		is_right = typed && strcmp(typed, buf_str(&wanted)) == 0;
		if (!typed)
			missing(look, step, "is destructive: its answer needs `type`");
		else if (!is_right)
			missing(look, step,
				"is destructive, and the name typed by the answers is not its "
				"target's");
		look->intent->typed = typed;
	}
	buf_fini(&wanted);
	return is_right;
}

static bool perform(struct look *look, int step, enum intent_kind kind)
{
	if (look->state->running_count >= look->autopilot->parallel) {
		look->is_busy = true;
		return false;
	}
	act(look, kind, step, NULL);
	return type_name(look, step);
}

static bool attest(struct look *look, int step, enum intent_kind kind)
{
	const char *confirm = answer_to(look, step)->confirm;
	if (!confirm)
		return missing(look, step, "needs a person: no answer `confirm`");
	act(look, kind, step, confirm);
	return type_name(look, step);
}

static bool choose(struct look *look, int step, enum intent_kind kind)
{
	const struct answer *answer = answer_to(look, step);
	if (!answer->choose)
		return missing(look, step, "needs a decision: no answer `choose`");
	act(look, kind, step, answer->why ? answer->why : by_answers(look, "chosen"));
	look->intent->choice = answer->choose;
	return true;
}

static bool carry_out(struct look *look, int step, enum intent_kind kind)
{
	switch (look->facts->runbook->steps[step].kind) {
	case STEP_RUN: return perform(look, step, kind);
	case STEP_MANUAL: return attest(look, step, kind);
	case STEP_DECIDE: return choose(look, step, kind);
	case STEP_WAIT: look->may_move = true; break;
	}
	return false;
}

// --- by the state that it is in ---

static bool stop_at(struct look *look, int step)
{
	if (look->autopilot->failed_step < 0)
		look->autopilot->failed_step = step;
	return false;
}

static bool at_trouble(struct look *look, int s)
{
	const struct step *step = &look->facts->runbook->steps[s];
	struct autopilot *autopilot = look->autopilot;
	switch (autopilot->answers->on_failure) {
	case ON_FAILURE_STOP: break;
	case ON_FAILURE_RETRY_ONCE:
		if (autopilot->was_retried[s] || step->destructive || step->again == AGAIN_NEVER ||
			step->kind == STEP_WAIT)
			break;
		if (!carry_out(look, s, INTENT_AGAIN))
			return false;
		if (step->kind == STEP_RUN)
			look->intent->text = by_answers(look, "retried once");
		autopilot->was_retried[s] = true;
		return true;
	case ON_FAILURE_SKIP:
		if (look->state->steps[s].state == STEP_FAILED)
			return act(look, INTENT_SKIP, s,
				by_answers(look, "skipped after its failure"));
		return act(look, INTENT_OVERRIDE, s,
			by_answers(look, "left as it is after its regression"));
	}
	return stop_at(look, s);
}

static bool at_failed(struct look *look, int step)
{
	const struct step_progress *progress = &look->state->steps[step];
	if (state_rollback_is_open(look->state, step))
		return missing(look, step, "its rollback failed: a person decides");
	if (progress->outcome == OUTCOME_FAILED &&
		progress->retried < look->facts->runbook->steps[step].retries) {
		look->is_busy = true;
		return false;
	}
	if (progress->outcome == OUTCOME_NEVER_STARTED && progress->never_started == 1)
		return perform(look, step, INTENT_AGAIN);
	return at_trouble(look, step);
}

static bool at_regressed(struct look *look, int step)
{
	int64_t for_us = look->facts->now.mono.us - look->state->steps[step].since.mono.us;
	if (for_us < look->facts->runbook->steps[step].settle_ms * US_PER_MS) {
		look->is_busy = true;
		return false;
	}
	return at_trouble(look, step);
}

static bool at_unknown(struct look *look, int s)
{
	const struct step *step = &look->facts->runbook->steps[s];
	if (state_rollback_is_open(look->state, s))
		return missing(look, s, "the outcome of its rollback is unknown: a person decides");
	if (look->facts->watches[s].is_resolving) {
		look->is_busy = true;
		return false;
	}
	if (look->autopilot->answers->on_unknown == ON_UNKNOWN_RETRY && !step->destructive &&
		step->again != AGAIN_NEVER)
		return perform(look, s, INTENT_AGAIN);
	if (step->restores.count == 0)
		return missing(look, s,
			"the outcome of its attempt is unknown and nothing it restores can tell");
	return act(look, INTENT_VERIFY, s, NULL);
}

static bool at_waiting(struct look *look, int step)
{
	const struct refs *mentions = &look->facts->runbook->steps[step].mentions;
	const struct refs *waits_for = &look->facts->plan->waits_for[step];
	for (size_t i = 0; i < waits_for->count; i++)
		if (!state_need_is_met(
			    look->state, step, waits_for->items[i], look->facts->now.wall))
			return false;
	for (size_t i = 0; i < mentions->count; i++)
		if (!look->state->input_is_set[mentions->items[i]])
			return missing_input(look, step, mentions->items[i]);
	look->may_move = true;
	return false;
}

static bool at_step(struct look *look, int step)
{
	enum step_state is = state_step(look->state, step, look->facts->now.wall);
	if (look->autopilot->is_refused[step])
		return false;
	switch (is) {
	case STEP_READY: return carry_out(look, step, INTENT_START);
	case STEP_FAILED: return at_failed(look, step);
	case STEP_REGRESSED: return at_regressed(look, step);
	case STEP_UNKNOWN: return at_unknown(look, step);
	case STEP_WAITING: return at_waiting(look, step);
	case STEP_RUNNING:
	case STEP_VERIFYING: look->is_busy = true; return false;
	default: return false;
	}
}

// --- dependencies that only a person can check ---

// A step that is being verified wants a word that is newer than its result.
static bool wants_word(const struct look *look, int dependency)
{
	const struct dependency_known *known = &look->state->dependencies[dependency];
	const struct refs *by = &look->facts->runbook->dependencies[dependency].restored_by;
	if (!known->is_attested)
		return true;
	for (size_t i = 0; i < by->count; i++) {
		const struct watch *watch = &look->facts->watches[by->items[i]];
		if (watch->token > 0 && known->since.mono.us < watch->asked.mono.us)
			return true;
	}
	return false;
}

static bool give_word(struct look *look)
{
	const struct answers *answers = look->autopilot->answers;
	if (look->autopilot->is_refused[look->autopilot->step_count])
		return false;
	for (size_t i = 0; i < answers->attestation_count; i++) {
		const struct answer_attestation *answer = &answers->attestations[i];
		if (!wants_word(look, answer->dependency))
			continue;
		act(look, INTENT_ATTEST, -1, by_answers(look, "attested"));
		look->intent->dependency = answer->dependency;
		look->intent->choice = status_word(answer->status);
		return true;
	}
	return false;
}

// --- the end ---

static void name_blocker(const struct look *look, struct buf *why)
{
	const struct plan *plan = look->facts->plan;
	for (size_t i = 0; i < plan->count; i++) {
		int step = plan->order[i];
		enum step_state is = state_step(look->state, step, look->facts->now.wall);
		if (is == STEP_DONE || is == STEP_SKIPPED)
			continue;
		buf_printf(
			why, "%s is %s", look->facts->runbook->steps[step].id, step_state_word(is));
		struct buf reason = {0};
		if (is == STEP_WAITING &&
			state_blocked(look->state, step, look->facts->now.wall, &reason))
			buf_printf(why, ": %s", buf_str(&reason));
		for (size_t r = 0;
			is == STEP_READY && r < look->facts->runbook->steps[step].restores.count;
			r++) {
			int dependency = look->facts->runbook->steps[step].restores.items[r];
			if (!state_is_healthy(look->state, dependency)) {
				buf_printf(why, ": waits for %s, which is %s",
					look->facts->runbook->dependencies[dependency].id,
					status_word(look->state->dependencies[dependency].status));
				break;
			}
		}
		buf_fini(&reason);
		return;
	}
}

static void name_failure(const struct look *look, int step, struct buf *why)
{
	const struct step_progress *progress = &look->state->steps[step];
	buf_printf(why, "step %s %s", look->facts->runbook->steps[step].id,
		step_state_word(progress->state));
	if (progress->said && progress->said[0])
		buf_printf(why, ": %s", progress->said);
}

// Steps that were tried, failed, and were left out.
static size_t name_given_up(const struct look *look, struct buf *out)
{
	size_t count = 0;
	for (size_t s = 0; s < look->facts->runbook->step_count; s++) {
		const struct step_progress *progress = &look->state->steps[s];
		if (progress->state != STEP_SKIPPED || progress->attempt == 0)
			continue;
		if (count++ < NAMED_MOST)
			buf_printf(out, "%s%s", count > 1 ? ", " : "",
				look->facts->runbook->steps[s].id);
	}
	if (count > NAMED_MOST)
		buf_printf(out, " and %zu more", count - NAMED_MOST);
	return count;
}

static size_t name_unhealthy(const struct look *look, struct buf *out)
{
	size_t count = 0;
	for (size_t d = 0; d < look->facts->runbook->dependency_count; d++) {
		if (state_is_healthy(look->state, (int)d) ||
			state_waiver(look->state, -1, (int)d, look->facts->now.wall))
			continue;
		if (count++ < NAMED_MOST)
			buf_printf(out, "%s%s %s", count > 1 ? ", " : "",
				look->facts->runbook->dependencies[d].id,
				status_word(look->state->dependencies[d].status));
	}
	if (count > NAMED_MOST)
		buf_printf(out, " and %zu more", count - NAMED_MOST);
	return count;
}

// How things stand when there is nothing left to do. True: steps failed and were left out, and
// something is not healthy.
static bool say_what_is_left(const struct look *look, struct buf *out)
{
	struct buf given_up = {0}, unhealthy = {0};
	size_t skipped = name_given_up(look, &given_up), bad = name_unhealthy(look, &unhealthy);
	if (skipped > 0)
		buf_printf(out, ", %zu skipped after failing (%s)", skipped, buf_str(&given_up));
	if (bad > 0)
		buf_printf(out, "; %zu %s not healthy (%s)", bad,
			bad == 1 ? "dependency is" : "dependencies are", buf_str(&unhealthy));
	buf_fini(&given_up);
	buf_fini(&unhealthy);
	return skipped > 0 && bad > 0;
}

static enum autopilot_turn close_recovered(struct look *look, int *exit_code, struct buf *why)
{
	struct buf left = {0};
	bool is_aborted = look->state->was_aborted;
	if (is_aborted || say_what_is_left(look, &left)) {
		*exit_code = 1;
		buf_printf(why, "the recovery %s%s", is_aborted ? "was aborted" : "is not complete",
			buf_str(&left));
	}
	buf_fini(&left);
	return AUTOPILOT_OVER;
}

static void want_recovered(struct look *look)
{
	struct buf words = {0};
	const char *file = look->autopilot->answers->file;
	buf_text(&words, "every step is done or skipped");
	say_what_is_left(look, &words);
	buf_printf(&words, "; nobody was asked: a run without a screen, by %s",
		file ? file : "the default without answers");
	buf_clear(&look->autopilot->text);
	buf_text(&look->autopilot->text, buf_str(&words));
	act(look, INTENT_RECOVERED, -1, buf_str(&look->autopilot->text));
	buf_fini(&words);
}

static enum autopilot_turn finish(struct look *look, int *exit_code, struct buf *why)
{
	struct buf given_up = {0};
	*exit_code = 0;
	if (wall_known(look->state->closed.wall))
		return close_recovered(look, exit_code, why);
	bool is_proven =
		state_evidence_level(look->state) >= 4 && name_given_up(look, &given_up) == 0;
	buf_fini(&given_up);
	if (wall_known(look->state->recovered.wall))
		act(look, INTENT_CLOSE, -1, NULL);
	else if (is_proven)
		act(look, INTENT_RECOVERED, -1, NULL);
	else
		want_recovered(look);
	return AUTOPILOT_ACT;
}

static enum autopilot_turn idle(struct look *look, int *exit_code, struct buf *why)
{
	struct autopilot *autopilot = look->autopilot;
	if (autopilot->failed_step >= 0) {
		if (look->state->running_count > 0)
			return AUTOPILOT_WAIT;
		*exit_code = 1;
		name_failure(look, autopilot->failed_step, why);
		return AUTOPILOT_STOP;
	}
	if (look->is_busy)
		return AUTOPILOT_WAIT;
	const struct buf *answer = autopilot->refused.length ? &autopilot->refused : &look->missing;
	int64_t waited_us = look->facts->now.mono.us - autopilot->moved.us;
	bool has_waited = waited_us >= autopilot->answers->wait_ms * US_PER_MS;
	if (answer->length > 0 && (has_waited || !look->may_move)) {
		*exit_code = 3;
		buf_text(why, buf_str(answer));
		return AUTOPILOT_STOP;
	}
	if (!has_waited)
		return AUTOPILOT_WAIT;
	char waited[DURATION_TEXT_BYTES];
	duration_format(autopilot->answers->wait_ms, waited);
	*exit_code = 1;
	buf_printf(why, "nothing has moved for %s: ", waited);
	name_blocker(look, why);
	return AUTOPILOT_STOP;
}

enum autopilot_turn autopilot_next(struct autopilot *autopilot, const struct facts *facts,
	struct intent *intent, int *exit_code, struct buf *why)
{
	struct look look = {
		.autopilot = autopilot, .facts = facts, .state = facts->state, .intent = intent};
	enum autopilot_turn turn = AUTOPILOT_WAIT;
	bool acts = false;
	if (facts->state->events != autopilot->seen_events) {
		autopilot->seen_events = facts->state->events;
		autopilot->moved = facts->now.mono;
		buf_clear(&autopilot->refused);
		memset(autopilot->is_refused, 0,
			(autopilot->step_count + 1) * sizeof *autopilot->is_refused);
	}
	if (state_is_recovered(facts->state) || wall_known(facts->state->closed.wall))
		return finish(&look, exit_code, why);
	acts = give_word(&look);
	for (size_t i = 0; !acts && autopilot->failed_step < 0 && i < facts->plan->count; i++)
		acts = at_step(&look, facts->plan->order[i]);
	turn = acts ? AUTOPILOT_ACT : idle(&look, exit_code, why);
	buf_fini(&look.missing);
	return turn;
}

void autopilot_refused(
	struct autopilot *autopilot, const struct intent *intent, const struct err *why)
{
	autopilot->is_refused[intent->step >= 0 ? (size_t)intent->step : autopilot->step_count] =
		true;
	buf_clear(&autopilot->refused);
	buf_text(&autopilot->refused, why->message);
}
