// SPDX-License-Identifier: Apache-2.0
#include "decide_wish.h"

#include <string.h>

#include "relight/input.h"
#include "relight/json.h"
#include "relight/memory.h"

// --- starting ---

bool decide_typed_name(const struct facts *facts, int step, struct buf *out)
{
	const struct step *of = &facts->runbook->steps[step];
	const char *context =
		of->target >= 0 && facts->contexts ? facts->contexts[of->target] : NULL;
	if (!of->destructive)
		return false;
	struct substitution values = *facts->values;
	values.each = of->each;
	const char *template = step_typed_name(facts->runbook, of, context, NULL);
	if (!substitute(template, &values, out, NULL)) {
		buf_clear(out);
		buf_text(out, of->id);
	}
	return true;
}

static bool name_is_typed(const struct wish *wish)
{
	struct buf wanted = {0};
	bool is_right = true;
	if (decide_typed_name(wish->facts, wish->intent->step, &wanted)) {
		is_right =
			wish->intent->typed && strcmp(wish->intent->typed, buf_str(&wanted)) == 0;
		if (!is_right)
			err_set(wish->why,
				"%s: %s is destructive: type its target's name, %s, in full",
				decide_verb(wish->facts, wish->intent->kind, wish->intent->step),
				wish->step->id, buf_str(&wanted));
	}
	buf_fini(&wanted);
	return is_right;
}

static bool is_unblocked(const struct wish *wish)
{
	struct buf why = {0};
	bool is_blocked =
		state_blocked(wish->state, wish->intent->step, wish->facts->now.wall, &why);
	if (is_blocked)
		wish_refuse(wish, buf_str(&why), wish->state->was_aborted ? NULL : "w waives it");
	buf_fini(&why);
	return !is_blocked;
}

static bool launch(const struct wish *wish, bool is_rollback, const char *const *argv)
{
	if (!(wish->step->modes & MODE_BIT(wish->state->mode)))
		return wish_refuse(
			wish, "it is not for this mode", "do it by hand (b) or skip it (x)");
	if (!name_is_typed(wish))
		return false;
	return decision_launch(wish->decision, wish->facts, wish->intent->step, is_rollback, argv,
		wish->intent->by, wish->intent->text, wish->why);
}

bool wish_input_fits(const struct wish *wish, int index, const char *value)
{
	return input_fits(&wish->facts->runbook->inputs[index], value, wish->why);
}

void wish_add_input(const struct wish *wish, int index, const char *value, const char *from)
{
	const struct input *input = &wish->facts->runbook->inputs[index];
	struct event *event = decision_event(wish->decision, wish->facts, EVENT_INPUT_SET, -1, -1);
	wish_sign(wish, event);
	json_add_text(event->data, "name", input->id);
	if (!input->secret)
		json_add_text(event->data, "value", value);
	json_add_text(event->data, "from", from);
	decision_effect(wish->decision, EFFECT_INPUTS, -1);
}

// Inputs that the step asks for when it is confirmed: one can come with the confirmation, others
// are set before.
static bool take_asked_inputs(const struct wish *wish)
{
	int input = state_asked_input(wish->state, wish->intent->step, 0);
	int other = state_asked_input(wish->state, wish->intent->step, 1);
	if (input < 0 || wish->intent->is_supposed)
		return true;
	if (other >= 0 || !wish_has_text(wish->intent->choice))
		return err_set(wish->why, "attest: %s asks for input %s: set it first (i)",
			wish->step->id,
			wish->facts->runbook->inputs[other >= 0 ? other : input].id);
	if (!wish_input_fits(wish, input, wish->intent->choice))
		return false;
	wish_add_input(wish, input, wish->intent->choice, "person");
	return true;
}

static bool confirm(const struct wish *wish)
{
	if (!wish_has_text(wish->intent->text))
		return wish_refuse(wish, "say what you did or saw", NULL);
	if (!name_is_typed(wish) || !take_asked_inputs(wish))
		return false;
	json_add_text(wish_add(wish, EVENT_STEP_CONFIRMED)->data, "say", wish->intent->text);
	wish->facts->watches[wish->intent->step] = (struct watch){0};
	return true;
}

// What the screen showed when it was decided, with ages, so that a reviewer can judge it by what
// was known.
static cJSON *view_of_dependency(const struct facts *facts, int d)
{
	const struct dependency_known *known = &facts->state->dependencies[d];
	const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
	cJSON *one = json_object();
	json_add_text(one, "dependency", facts->runbook->dependencies[d].id);
	json_add_text(one, "status", status_word(known->status));
	// What is recorded is a change; it has been asked for again and again since.
	if (seen->is_seen && seen->status == known->status)
		json_add_int(one, "age_s", (facts->now.mono.us - seen->asked.us) / US_PER_S);
	else if (wall_known(known->observed_at))
		json_add_int(one, "age_s", (facts->now.wall.us - known->observed_at.us) / US_PER_S);
	if (known->seq >= 0)
		json_add_int(one, "for_s", (facts->now.mono.us - known->since.mono.us) / US_PER_S);
	return one;
}

static cJSON *decision_view(const struct wish *wish)
{
	cJSON *view = json_object();
	struct forecast forecast = state_forecast(wish->state, wish->facts->now);
	json_add_int(view, "elapsed_s", forecast.elapsed_ms / MS_PER_S);
	if (forecast.remaining_ms >= 0)
		json_add_int(view, "forecast_s", forecast.finish_ms / MS_PER_S);
	cJSON *list = cJSON_AddArrayToObject(view, "unhealthy");
	for (size_t d = 0;
		d < wish->facts->runbook->dependency_count && cJSON_GetArraySize(list) < 20; d++) {
		if (!state_is_healthy(wish->state, (int)d))
			cJSON_AddItemToArray(list, view_of_dependency(wish->facts, (int)d));
	}
	return view;
}

static void reopen_chosen(const struct wish *wish, const char *chosen)
{
	const struct runbook *runbook = wish->facts->runbook;
	for (size_t s = 0; s < runbook->step_count; s++) {
		const struct step *step = &runbook->steps[s];
		if (step->when_step != wish->intent->step ||
			wish->state->steps[s].state != STEP_SKIPPED)
			continue;
		for (size_t i = 0; i < step->when_is.count; i++)
			if (strcmp(step->when_is.items[i], chosen) == 0) {
				struct event *event = decision_event(wish->decision, wish->facts,
					EVENT_STEP_REOPENED, (int)s, -1);
				json_add_text(event->data, "why", "chosen by the decision");
			}
	}
}

static bool choose(const struct wish *wish)
{
	const struct decision_option *chosen = NULL;
	for (size_t i = 0; i < wish->step->option_count; i++)
		if (wish->intent->choice &&
			strcmp(wish->step->options[i].id, wish->intent->choice) == 0)
			chosen = &wish->step->options[i];
	if (!chosen)
		return wish_refuse(wish, "choose one of its options", NULL);
	if (!wish_has_text(wish->intent->text))
		return wish_refuse(wish, "a decision needs its reason", NULL);
	struct event *event = wish_add(wish, EVENT_DECISION);
	json_add_text(event->data, "question", wish->step->question);
	cJSON *options = cJSON_AddArrayToObject(event->data, "options");
	for (size_t i = 0; i < wish->step->option_count; i++)
		json_append_text(options, wish->step->options[i].id);
	json_add_text(event->data, "chosen", chosen->id);
	json_add_text(event->data, "why", wish->intent->text);
	json_add(event->data, "view", decision_view(wish));
	reopen_chosen(wish, chosen->id);
	return true;
}

static bool carry_out(const struct wish *wish)
{
	switch (wish->step->kind) {
	case STEP_RUN: return launch(wish, false, NULL);
	case STEP_MANUAL: return confirm(wish);
	case STEP_DECIDE: return choose(wish);
	case STEP_WAIT: break;
	}
	return wish_refuse(wish,
		"nobody starts it: it ticks itself when what it restores is healthy",
		"w waives, O overrides");
}

bool decide_start(const struct wish *wish)
{
	switch (wish->is) {
	case STEP_READY: return carry_out(wish);
	case STEP_WAITING: return is_unblocked(wish);
	case STEP_RUNNING: return wish_refuse(wish, "it is running", "c cancels it");
	case STEP_VERIFYING: return wish_refuse(wish, "it is being verified", "r runs it again");
	case STEP_SKIPPED: return wish_refuse(wish, "it was skipped", "U reopens it");
	case STEP_DONE: return wish_refuse(wish, "it is done", "r runs it again");
	default: return wish_refuse(wish, step_state_word(wish->is), "r runs it again");
	}
}

static bool may_repeat(const struct wish *wish)
{
	static const bool repeatable[STEP_STATES] = {
		[STEP_FAILED] = true,
		[STEP_UNKNOWN] = true,
		[STEP_REGRESSED] = true,
		[STEP_VERIFYING] = true,
		[STEP_DONE] = true,
	};
	if (!repeatable[wish->is])
		return wish_refuse(wish, step_state_word(wish->is),
			wish->is == STEP_READY ? "s starts it" : NULL);
	if (wish->step->kind == STEP_RUN && wish->step->again == AGAIN_NEVER &&
		!(wish->intent->typed && strcmp(wish->intent->typed, wish->step->id) == 0) &&
		!wish->step->destructive)
		return err_set(wish->why,
			"again: %s must not be repeated (again: never): type its id in full to do "
			"it all the same",
			wish->step->id);
	return is_unblocked(wish);
}

bool decide_again(const struct wish *wish)
{
	return may_repeat(wish) && carry_out(wish);
}

bool decide_amend(const struct wish *wish)
{
	if (wish->step->kind != STEP_RUN ||
		(wish->step->run.kind != ACTION_COMMAND && wish->step->run.kind != ACTION_SHELL))
		return wish_refuse(wish, "only a command can be amended", NULL);
	if (!wish->intent->argv || !wish->intent->argv[0])
		return wish_refuse(wish, "the amended command is empty", NULL);
	if (wish->is != STEP_READY && !may_repeat(wish))
		return false;
	return launch(wish, false, wish->intent->argv);
}

bool decide_rollback(const struct wish *wish)
{
	static const bool undoable[STEP_STATES] = {[STEP_FAILED] = true,
		[STEP_UNKNOWN] = true,
		[STEP_REGRESSED] = true,
		[STEP_DONE] = true};
	static const char *const troubles[] = {
		[TARGET_CHANGED] = "its target is another one now",
		[TARGET_TWIN] = "its target is source and recovery in one",
		[TARGET_WRONG] = "its target is not the cluster that the runbook names",
	};
	if (wish->step->rollback.kind == ACTION_NONE)
		return wish_refuse(wish, "it has no rollback", NULL);
	if (!undoable[wish->is])
		return wish_refuse(wish, step_state_word(wish->is), NULL);
	int target = step_acts_on(wish->step, true);
	enum target_trouble trouble =
		target >= 0 ? state_target_trouble(wish->state, target) : TARGET_FINE;
	if (trouble != TARGET_FINE)
		return wish_refuse(wish, troubles[trouble],
			trouble == TARGET_CHANGED ? "p re-pins it"
						  : "correct the kubeconfig or the runbook");
	return launch(wish, true, NULL);
}

// --- while it runs ---

bool decide_cancel(const struct wish *wish)
{
	if (wish->is != STEP_RUNNING)
		return wish_refuse(wish, "it is not running", NULL);
	if (wish->progress->stopping.after_ms != ABSENT_MS)
		return wish_refuse(wish, "it is being stopped already", "o shows its output");
	struct event *event = wish_add(wish, EVENT_STEP_CANCEL);
	event->attempt = wish->progress->attempt;
	json_add_text(event->data, "why", wish->intent->text);
	struct effect *effect = decision_effect(wish->decision, EFFECT_CANCEL, wish->intent->step);
	effect->attempt = wish->progress->attempt;
	effect->why = memory_copy_text(wish->intent->text);
	return true;
}

bool decide_extend(const struct wish *wish)
{
	const struct watch *watch = &wish->facts->watches[wish->intent->step];
	bool is_running = wish->is == STEP_RUNNING;
	bool is_resolving =
		(wish->is == STEP_UNKNOWN || wish->is == STEP_FAILED) && watch->is_resolving;
	if (!is_running && wish->is != STEP_VERIFYING && !is_resolving)
		return wish_refuse(wish, "it is neither running nor being verified", NULL);
	if (is_running && state_is_stopping(wish->state, wish->intent->step))
		return wish_refuse(wish, "too late: it is being stopped", "o shows its output");
	if (is_running && wish->progress->timeout_ms == ABSENT_MS)
		return wish_refuse(wish, "it has no timeout, so nothing ends it", NULL);
	if (wish->intent->extend_ms < MS_PER_S)
		return wish_refuse(wish, "say by how much, for example 5m", NULL);
	struct event *event = wish_add(wish, EVENT_STEP_EXTENDED);
	event->attempt = wish->progress->attempt;
	json_add_int(event->data, "by_s", wish->intent->extend_ms / MS_PER_S);
	if (is_resolving)
		wish->facts->watches[wish->intent->step].more_ms += wish->intent->extend_ms;
	if (!is_running)
		return true;
	struct effect *effect = decision_effect(wish->decision, EFFECT_EXTEND, wish->intent->step);
	effect->attempt = wish->progress->attempt;
	effect->extend_ms = (int64_t)((double)wish->intent->extend_ms / wish->facts->speed);
	return true;
}

bool decide_verify(const struct wish *wish)
{
	if (wish->step->restores.count == 0)
		return wish_refuse(wish, "it restores nothing that could be looked at", NULL);
	if (state_rollback_is_open(wish->state, wish->intent->step))
		return wish_refuse(wish, "what it restores does not prove its rollback",
			":rollback runs that again, U says that it was undone by hand");
	if (wish->is != STEP_UNKNOWN && wish->is != STEP_FAILED) {
		// What is being verified keeps the moment from which its evidence counts.
		decision_look(wish->decision, wish->facts, wish->intent->step);
		return true;
	}
	wish->facts->watches[wish->intent->step] = (struct watch){.is_resolving = true};
	decision_recheck(wish->decision, wish->facts, wish->intent->step);
	return true;
}
