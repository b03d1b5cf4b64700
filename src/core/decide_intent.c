// SPDX-License-Identifier: Apache-2.0
//
// What a person wants, against what the state allows: one function for each intent, found through
// one table. A refusal says what stands in the way and which key goes on from there. The functions
// live by their subject: decide_start.c (attempts), decide_word.c (a person's word against the
// plan), decide_incident.c.
#include "decide_wish.h"

#include <string.h>

#include "relight/json.h"

const char *decide_verb(const struct facts *facts, enum intent_kind kind, int step)
{
	enum step_kind of = step >= 0 ? facts->runbook->steps[step].kind : STEP_RUN;
	if (kind != INTENT_START || (of != STEP_MANUAL && of != STEP_DECIDE))
		return intent_table[kind].word;
	return of == STEP_MANUAL ? "attest" : "decide";
}

bool wish_refuse(const struct wish *wish, const char *what, const char *next)
{
	const char *word = decide_verb(wish->facts, wish->intent->kind, wish->intent->step);
	return err_set(wish->why, "%s: %s: %s%s%s", word, wish->step ? wish->step->id : "incident",
		what, next ? "; " : "", next ? next : "");
}

bool wish_has_text(const char *text)
{
	return text && text[strspn(text, " \t\n")] != '\0';
}

void wish_sign(const struct wish *wish, struct event *event)
{
	event_set_by(event, wish->intent->by);
}

struct event *wish_add(const struct wish *wish, enum event_kind kind)
{
	int step = wish->step ? wish->intent->step : -1;
	struct event *event =
		decision_event(wish->decision, wish->facts, kind, step, wish->intent->dependency);
	wish_sign(wish, event);
	event->at = wish->intent->at;
	return event;
}

bool wish_needs_reason(const struct wish *wish)
{
	return wish_has_text(wish->intent->text) || wish_refuse(wish, "a reason is needed", NULL);
}

// --- the controls ---

static bool decide_arm(const struct wish *wish)
{
	const struct runbook *runbook = wish->facts->runbook;
	if (wish->state->is_armed)
		return wish_refuse(wish, "armed already", NULL);
	for (size_t t = 0; t < runbook->target_count; t++) {
		int twin = state_twin(wish->state, (int)t);
		if (runbook->targets[t].role == TARGET_SOURCE && twin >= 0)
			return err_set(wish->why,
				"arm: targets %s (source) and %s (recovery): they are the same "
				"cluster; correct the kubeconfig or the runbook first",
				runbook->targets[t].id, runbook->targets[twin].id);
	}
	json_add_text(wish_add(wish, EVENT_MODE_ARMED)->data, "why", wish->intent->text);
	return true;
}

static bool decide_disarm(const struct wish *wish)
{
	json_add_text(wish_add(wish, EVENT_MODE_DISARMED)->data, "why", wish->intent->text);
	return true;
}

// --- the table ---

enum gate {
	GATE_ARMED = 1,  // only who has taken the controls
	GATE_STEP = 2,   // names a step
	GATE_RECORD = 4, // acts, so its record must be writable
};

static const struct {
	bool (*decide)(const struct wish *wish);
	unsigned gates;
} deciders[INTENT_KINDS] = {
	[INTENT_ARM] = {decide_arm, GATE_RECORD},
	[INTENT_DISARM] = {decide_disarm, 0},
	[INTENT_START] = {decide_start, GATE_ARMED | GATE_STEP | GATE_RECORD},
	[INTENT_AGAIN] = {decide_again, GATE_ARMED | GATE_STEP | GATE_RECORD},
	[INTENT_AMEND] = {decide_amend, GATE_ARMED | GATE_STEP | GATE_RECORD},
	[INTENT_CANCEL] = {decide_cancel, GATE_ARMED | GATE_STEP},
	[INTENT_EXTEND] = {decide_extend, GATE_ARMED | GATE_STEP},
	[INTENT_VERIFY] = {decide_verify, GATE_STEP},
	[INTENT_BY_HAND] = {decide_by_hand, GATE_ARMED | GATE_STEP},
	[INTENT_OVERRIDE] = {decide_override, GATE_ARMED | GATE_STEP},
	[INTENT_SKIP] = {decide_skip, GATE_ARMED | GATE_STEP},
	[INTENT_REOPEN] = {decide_reopen, GATE_ARMED | GATE_STEP},
	[INTENT_WAIVE] = {decide_waive, GATE_ARMED | GATE_STEP},
	[INTENT_WAIVE_DEPENDENCY] = {decide_waive_dependency, GATE_ARMED},
	[INTENT_END_WAIVER] = {decide_end_waiver, GATE_ARMED},
	[INTENT_ROLLBACK] = {decide_rollback, GATE_ARMED | GATE_STEP | GATE_RECORD},
	[INTENT_ACKNOWLEDGE] = {decide_acknowledge, GATE_STEP},
	[INTENT_ATTEST] = {decide_attest, GATE_ARMED},
	[INTENT_OPEN_LINE] = {decide_open_line, 0},
	[INTENT_INPUT] = {decide_input, 0},
	[INTENT_IMPACT] = {decide_impact, 0},
	[INTENT_RESTORE_POINT] = {decide_restore_point, 0},
	[INTENT_NOTE] = {decide_note, 0},
	[INTENT_ASSIGN] = {decide_assign, GATE_STEP},
	[INTENT_ROLE] = {decide_role, 0},
	[INTENT_STATUS] = {decide_status, 0},
	[INTENT_REPIN] = {decide_repin, GATE_ARMED},
	[INTENT_ABORT] = {decide_abort, GATE_ARMED},
	[INTENT_RECOVERED] = {decide_recovered, GATE_ARMED},
	[INTENT_CLOSE] = {decide_close, GATE_ARMED},
};

static bool passes_gates(const struct wish *wish, unsigned gates)
{
	if ((gates & GATE_STEP) && !wish->step)
		return wish_refuse(wish, "choose a step first", NULL);
	if (wall_known(wish->state->closed.wall))
		return wish_refuse(wish, "the incident is closed", NULL);
	if ((gates & GATE_ARMED) && !wish->state->is_armed)
		return wish_refuse(wish, "you are only looking on", "A takes the controls");
	if ((gates & GATE_RECORD) && !wish->facts->is_recording)
		return wish_refuse(wish, "the record cannot be written",
			"free the disk, or :continue-unrecorded");
	return true;
}

bool decide_intent(const struct facts *facts, const struct intent *intent,
	struct decision *decision, struct err *why)
{
	struct wish wish = {.facts = facts,
		.intent = intent,
		.decision = decision,
		.state = facts->state,
		.why = why};
	if (intent->step >= 0) {
		wish.step = &facts->runbook->steps[intent->step];
		wish.progress = &facts->state->steps[intent->step];
		wish.is = state_step(facts->state, intent->step, facts->now.wall);
	}
	if (!deciders[intent->kind].decide)
		return err_set(why, "%s: not for the deciders",
			intent->kind ? intent_table[intent->kind].word : "nothing");
	if (passes_gates(&wish, deciders[intent->kind].gates) &&
		deciders[intent->kind].decide(&wish))
		return true;
	decision_clear(decision);
	return false;
}

// A reason, a choice and the typed name are asked for later, in the dialog: here they are taken as
// given.
bool decide_allows(const struct facts *facts, enum intent_kind kind, int step, struct err *why)
{
	static const char *const some_argv[] = {"true", NULL};
	struct intent intent = intent_of(kind);
	struct decision decision = {0};
	struct buf typed = {0};
	struct watch kept = step >= 0 ? facts->watches[step] : (struct watch){0};
	int64_t token = *facts->next_token;
	intent.step = step;
	intent.text = "…";
	intent.argv = some_argv;
	intent.extend_ms = MS_PER_S;
	intent.is_supposed = true;
	if (step >= 0) {
		const struct step *of = &facts->runbook->steps[step];
		intent.choice = of->option_count ? of->options[0].id : NULL;
		if (decide_typed_name(facts, step, &typed))
			intent.typed = buf_str(&typed);
		else if (of->again == AGAIN_NEVER)
			intent.typed = of->id;
	}
	bool is_allowed = decide_intent(facts, &intent, &decision, why);
	decision_fini(&decision);
	buf_fini(&typed);
	*facts->next_token = token;
	if (step >= 0)
		facts->watches[step] = kept;
	return is_allowed;
}
