// SPDX-License-Identifier: Apache-2.0
//
// The fold of a step. What brings it into which state:
//
//   waiting    step.reopened; step.result, success of its rollback
//   running    step.intent
//   verifying  step.result, success, and step.confirmed, where it restores something
//   done       the same where it restores nothing; step.verified, step.resolved (done),
//              step.overridden, decision
//   regressed  step.regressed
//   failed     step.result, no success; step.failed, step.resolved (failed)
//   unknown    step.unknown
//   skipped    step.skipped
//
// Ready is never folded: state_step infers it of what waits. In which state an event may come is
// for decide.h to know: what was recorded is folded as it is, but for what is said of an attempt
// that is not the newest.
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

#define SIGNAL_MOST 64

static void step_enter(const struct fold *fold, enum step_state to)
{
	struct step_progress *step = fold->step;
	struct state *state = fold->state;
	state->running_count += (to == STEP_RUNNING) - (step->state == STEP_RUNNING);
	state->regressed_count += (to == STEP_REGRESSED) - (step->state == STEP_REGRESSED);
	step->state = to;
	step->since = fold->at;
	step->is_acknowledged = false;
	step->seq = fold->event->seq;
	if (to != STEP_DONE)
		step->how = DONE_NOT;
}

static void step_done(const struct fold *fold, enum done_how how)
{
	step_enter(fold, STEP_DONE);
	fold->step->how = how;
	fold->step->done = fold->at;
	fold_text(&fold->step->remains, NULL);
	fold->step->retried = 0;
	if (how != DONE_OVERRIDDEN)
		fold_level(fold->state, fold->state->runbook->steps[fold->step_index].proves);
}

// The action succeeded, or a person attests it: what the step restores decides.
static void step_submitted(const struct fold *fold, enum done_how how)
{
	fold->step->submitted_seq = fold->event->seq;
	if (fold->state->runbook->steps[fold->step_index].restores.count == 0) {
		step_done(fold, how);
		return;
	}
	step_enter(fold, STEP_VERIFYING);
	fold->step->verifying_from = fold->at;
	fold->step->extended_ms = 0;
}

static void step_touched(const struct fold *fold)
{
	if (!wall_known(fold->step->first_started))
		fold->step->first_started = fold->event->ts;
}

// Whose word it is, and what was said.
static void step_word_of(const struct fold *fold, const char *key)
{
	fold_text(&fold->step->by, fold->event->by);
	fold_text(&fold->step->said, json_text(fold->data, key));
}

// Seconds of the event's data in milliseconds. A record that claims centuries has one of them.
static int64_t data_ms(const struct fold *fold, const char *key, int64_t absent_ms)
{
	int64_t seconds = json_int(fold->data, key, -1);
	if (seconds < 0)
		return absent_ms;
	return seconds < DURATION_MOST_MS / MS_PER_S ? seconds * MS_PER_S : DURATION_MOST_MS;
}

static int64_t span_ms(const struct fold *fold, const char *key)
{
	int64_t ms = json_int(fold->data, key, 0);
	return ms < 0 ? 0 : ms < DURATION_MOST_MS ? ms : DURATION_MOST_MS;
}

void fold_intent(const struct fold *fold)
{
	struct step_progress *step = fold->step;
	if (!step || fold->event->attempt <= step->attempt)
		return;
	bool is_automatic = fold->event->by && strcmp(fold->event->by, "relight") == 0;
	step_enter(fold, STEP_RUNNING);
	step->attempt = fold->event->attempt;
	step->is_rollback = event_is_rollback(fold->event);
	step->intent = fold->at;
	step->intent_seq = fold->event->seq;
	step->outcome = OUTCOME_NONE;
	step->exit = step->signal = -1;
	step->duration_ms = -1;
	step->result = MOMENT_NONE;
	step->missing_bytes = 0;
	step->extended_ms = step->put_off_ms = 0;
	step->timeout_ms = data_ms(fold, "timeout_s", ABSENT_MS);
	step->cancel_asked = step->by_hand = false;
	step->stopping = (struct stopping){.after_ms = ABSENT_MS};
	step->retried = is_automatic ? step->retried + 1 : 0;
	step_word_of(fold, "why");
	step_touched(fold);
}

static bool is_newest_attempt(const struct fold *fold)
{
	return fold->step &&
	       (fold->event->attempt == 0 || fold->event->attempt == fold->step->attempt);
}

void fold_result(const struct fold *fold)
{
	struct step_progress *step = fold->step;
	enum outcome outcome;
	if (!is_newest_attempt(fold) || !outcome_parse(json_text(fold->data, "outcome"), &outcome))
		return;
	step->outcome = outcome;
	step->exit = (int)json_int(fold->data, "exit", -1);
	step->signal = (int)json_int(fold->data, "signal", -1);
	step->duration_ms = json_int(fold->data, "duration_ms", -1);
	step->result = fold->at;
	step->missing_bytes = json_int(json_get(fold->data, "output"), "missing_bytes", 0);
	step->never_started = outcome == OUTCOME_NEVER_STARTED ? step->never_started + 1 : 0;
	fold_text(&step->said, json_text(fold->data, "why"));
	if (outcome != OUTCOME_SUCCESS)
		step_enter(fold, STEP_FAILED);
	else if (step->is_rollback)
		step_enter(fold, STEP_WAITING);
	else
		step_submitted(fold, DONE_RESULT);
}

// A rollback's proof is not the step's.
void fold_verified(const struct fold *fold)
{
	if (!fold->step || state_rollback_is_open(fold->state, fold->step_index))
		return;
	// Why it counted as failed is not what is said of it now.
	if (fold->step->state == STEP_FAILED || fold->step->state == STEP_UNKNOWN)
		fold_text(&fold->step->said, NULL);
	step_done(fold, DONE_VERIFIED);
}

void fold_step_failed(const struct fold *fold)
{
	if (!fold->step)
		return;
	step_enter(fold, STEP_FAILED);
	fold_text(&fold->step->said, json_text(fold->data, "why"));
}

void fold_step_unknown(const struct fold *fold)
{
	if (!is_newest_attempt(fold))
		return;
	step_enter(fold, STEP_UNKNOWN);
	fold_text(&fold->step->said, json_text(fold->data, "why"));
}

void fold_resolved(const struct fold *fold)
{
	const char *to = json_text(fold->data, "to");
	if (!fold->step || !to)
		return;
	bool has_failed = fold->step->state == STEP_FAILED && strcmp(to, "failed") == 0;
	if (strcmp(to, "done") == 0)
		step_done(fold, DONE_RESOLVED);
	else if (strcmp(to, "failed") == 0 && !has_failed)
		step_enter(fold, STEP_FAILED);
	// What was looked at in vain has failed when it did, and for the reason that its attempt
	// gave.
	if (!has_failed || fold->step->outcome == OUTCOME_SUCCESS)
		fold_text(&fold->step->said, json_text(fold->data, "how"));
}

void fold_confirmed(const struct fold *fold)
{
	struct state *state = fold->state;
	if (fold->event->step && strncmp(fold->event->step, "open:", 5) == 0) {
		for (size_t i = 0; i < state->open_line_count; i++) {
			struct open_line line;
			open_line_get(state, i, &line);
			if (strcmp(line.id, fold->event->step) == 0)
				state->open_confirmed[i] = true;
		}
		return;
	}
	if (!fold->step)
		return;
	step_touched(fold);
	step_word_of(fold, "say");
	fold->step->by_hand = json_bool(fold->data, "by_hand", false);
	step_submitted(fold, DONE_CONFIRMED);
}

void fold_skipped(const struct fold *fold)
{
	if (!fold->step)
		return;
	step_enter(fold, STEP_SKIPPED);
	step_word_of(fold, "why");
}

void fold_reopened(const struct fold *fold)
{
	if (!fold->step)
		return;
	step_enter(fold, STEP_WAITING);
	fold_text(&fold->step->said, json_text(fold->data, "why"));
}

void fold_overridden(const struct fold *fold)
{
	if (!fold->step)
		return;
	step_done(fold, DONE_OVERRIDDEN);
	step_word_of(fold, "why");
	fold_text(&fold->step->remains, json_text(fold->data, "remains"));
}

void fold_regressed(const struct fold *fold)
{
	if (fold->step)
		step_enter(fold, STEP_REGRESSED);
}

void fold_extended(const struct fold *fold)
{
	if (!is_newest_attempt(fold))
		return;
	int64_t *more_ms = json_get(fold->data, "slept_s") ? &fold->step->put_off_ms
							   : &fold->step->extended_ms;
	*more_ms += data_ms(fold, "by_s", 0);
	if (*more_ms > DURATION_MOST_MS)
		*more_ms = DURATION_MOST_MS;
}

void fold_cancel(const struct fold *fold)
{
	if (is_newest_attempt(fold))
		fold->step->cancel_asked = true;
}

// What came too late was never its time.
void fold_stopping(const struct fold *fold)
{
	if (!is_newest_attempt(fold))
		return;
	struct step_progress *step = fold->step;
	int signal = (int)json_int(fold->data, "signal", 0);
	int64_t too_late_ms = data_ms(fold, "too_late_s", 0);
	step->stopping = (struct stopping){
		.after_ms = span_ms(fold, "after_ms"),
		.signal = signal > 0 && signal <= SIGNAL_MOST ? signal : 0,
		.grace_ms = span_ms(fold, "grace_ms"),
		.too_late_ms = too_late_ms,
	};
	step->extended_ms = step->extended_ms > too_late_ms ? step->extended_ms - too_late_ms : 0;
}

void fold_assigned(const struct fold *fold)
{
	if (fold->step)
		fold_text(&fold->step->owner, json_text(fold->data, "who"));
}

void fold_acknowledged(const struct fold *fold)
{
	if (fold->step)
		fold->step->is_acknowledged = true;
}

void fold_decision(const struct fold *fold)
{
	fold_remark(fold);
	const char *chosen = json_text(fold->data, "chosen");
	if (!fold->step || !chosen)
		return;
	fold_text(&fold->step->chosen, chosen);
	step_word_of(fold, "why");
	step_touched(fold);
	step_done(fold, DONE_DECIDED);
}
