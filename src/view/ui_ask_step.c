// SPDX-License-Identifier: Apache-2.0
//
// Dialogs about a step. Before anything runs they show exactly what it is, on what, and how long it
// should take.
#include "ui_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/arena.h"
#include "relight/json.h"
#include "relight/mask.h"
#include "relight/request.h"

// --- what will run ---------------------------------------------------------------------------------------------------

// The name to type before this runs: the target's of a destructive step, its own of one that must
// not be repeated. False: none.
static bool name_to_type(const struct facts *facts, int step, bool is_repeat, struct buf *out)
{
	const struct step *of = &facts->runbook->steps[step];

	if (decide_typed_name(facts, step, out))
		return true;
	if (!is_repeat || of->again != AGAIN_NEVER)
		return false;
	buf_text(out, of->id);
	return true;
}

static const char *label_type(struct dialog *dialog)
{
	snprintf(dialog->label_text, sizeof dialog->label_text, "type %s in full", dialog->wanted);
	return dialog->label_text;
}

static void open_run(struct ui *ui, const struct facts *facts, enum intent_kind kind, int step)
{
	const struct step *of = &facts->runbook->steps[step];
	struct buf name = {0};
	bool is_typed = name_to_type(facts, step, kind == INTENT_AGAIN, &name);
	struct dialog *dialog =
		dialog_open(ui, is_typed ? DIALOG_TYPE : DIALOG_CONFIRM, kind, "%s %s%s",
			intent_table[kind].label, of->id, of->destructive ? ": DESTRUCTIVE" : "");

	dialog->step = step;
	dialog->body = plan_say(facts, step, kind == INTENT_ROLLBACK);
	dialog->wanted = is_typed ? buf_take(&name) : NULL;
	buf_fini(&name);
}

// --- starting --------------------------------------------------------------------------------------------------------

static void open_attest(struct ui *ui, const struct facts *facts, enum intent_kind kind, int step)
{
	const struct step *of = &facts->runbook->steps[step];
	struct dialog *dialog = dialog_open(ui, DIALOG_TEXT, kind, "attest %s", of->id);
	int input = state_asked_input(facts->state, step, 0);
	struct buf body = {0}, name = {0};

	plan_add_paragraphs(&body, facts, of->manual);
	plan_say_text(&body, facts, of);
	plan_say_restores(&body, facts, of);
	dialog->step = step;
	dialog->body = buf_take(&body);
	dialog->label = "what you did or saw";
	if (decide_typed_name(facts, step, &name)) {
		dialog->wanted = buf_take(&name);
		dialog->second_label = label_type(dialog);
	} else if (input >= 0) {
		dialog->second_label = facts->runbook->inputs[input].ask
					       ? facts->runbook->inputs[input].ask
					       : facts->runbook->inputs[input].id;
		dialog->second.is_secret = facts->runbook->inputs[input].secret;
	}
	buf_fini(&name);
}

// An attestation has room for one input, and for none beside a name to type: the others are asked
// for before it. False: there is none.
static bool ask_other_inputs(struct ui *ui, const struct facts *facts, int step)
{
	bool is_typed = facts->runbook->steps[step].destructive;

	if (state_asked_input(facts->state, step, is_typed ? 0 : 1) < 0)
		return false;
	ask_input_value(ui, facts, state_asked_input(facts->state, step, 0));
	return true;
}

static void open_decision(struct ui *ui, const struct facts *facts, enum intent_kind kind, int step)
{
	const struct step *of = &facts->runbook->steps[step];
	struct dialog *dialog = dialog_open(ui, DIALOG_CHOICE, kind, "decide %s", of->id);
	struct buf body = {0};
	size_t capacity = 0;

	plan_add_paragraphs(&body, facts, of->question);
	plan_say_text(&body, facts, of);
	dialog->step = step;
	dialog->body = buf_take(&body);
	dialog->label = "why";
	for (size_t i = 0; i < of->option_count; i++)
		dialog_add_choice(dialog, &capacity, of->options[i].id, of->options[i].say);
}

bool ask_start(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	(void)intent;
	switch (facts->runbook->steps[about->step].kind) {
	case STEP_MANUAL:
		if (!ask_other_inputs(ui, facts, about->step))
			open_attest(ui, facts, kind, about->step);
		break;
	case STEP_DECIDE: open_decision(ui, facts, kind, about->step); break;
	default: open_run(ui, facts, kind, about->step); break;
	}
	return false;
}

bool ask_again(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	return ask_start(ui, facts, kind, about, intent);
}

bool ask_rollback(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	(void)intent;
	open_run(ui, facts, kind, about->step);
	return false;
}

// The command as it would run, to be edited; of a shell text the argv that runs it.
static void quote_command(const struct facts *facts, const struct step *of, struct buf *out)
{
	struct substitution values = *facts->values;
	struct buf word = {0};

	values.each = of->each;
	values.attempt = facts->state->steps[of - facts->runbook->steps].attempt + 1;
	for (size_t i = 0; i < of->run.command.argv.count; i++) {
		buf_clear(&word);
		if (!substitute(of->run.command.argv.items[i], &values, &word, NULL)) {
			buf_clear(&word);
			buf_text(&word, of->run.command.argv.items[i]);
		}
		if (i)
			buf_byte(out, ' ');
		argv_quote(out, buf_str(&word));
	}
	if (of->run.command.shell) {
		buf_text(out, "sh -euc ");
		argv_quote(out, of->run.command.shell);
	}
	buf_fini(&word);
}

bool ask_amend(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	const struct step *of = &facts->runbook->steps[about->step];
	struct dialog *dialog =
		dialog_open(ui, DIALOG_TEXT, kind, "edit and run %s, this once", of->id);
	struct buf command = {0}, name = {0};
	bool is_repeat = state_step(facts->state, about->step, facts->now.wall) != STEP_READY;

	(void)intent;
	quote_command(facts, of, &command);
	dialog->step = about->step;
	dialog->label = "command";
	field_set(&dialog->field, buf_str(&command));
	if (name_to_type(facts, about->step, is_repeat, &name)) {
		dialog->wanted = buf_take(&name);
		dialog->second_label = label_type(dialog);
	}
	dialog->body = plan_say(facts, about->step, false);
	buf_fini(&command);
	buf_fini(&name);
	return false;
}

// --- while it runs, and a person's word ------------------------------------------------------------------------------

static struct dialog *open_text(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, const char *label)
{
	const struct step *of = &facts->runbook->steps[about->step];
	struct dialog *dialog =
		dialog_open(ui, DIALOG_TEXT, kind, "%s %s", intent_table[kind].label, of->id);
	struct buf body = {0};

	buf_printf(&body, "%s\n%s\n", of->title, intent_table[kind].help);
	dialog->step = about->step;
	dialog->label = label;
	dialog->body = buf_take(&body);
	field_set(&dialog->field, about->text);
	return dialog;
}

bool ask_cancel(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	(void)intent;
	open_text(ui, facts, kind, about, "why");
	return false;
}

// What it has now, and how much of that is used up.
static void say_limit(const struct facts *facts, int step, struct buf *out)
{
	const struct step_progress *progress = &facts->state->steps[step];
	const struct step *of = &facts->runbook->steps[step];
	const struct watch *watch = &facts->watches[step];
	bool is_running = progress->state == STEP_RUNNING;
	bool is_resolving = !is_running && watch->is_resolving;
	struct mono from = is_running     ? progress->intent.mono
			   : is_resolving ? watch->began.mono
					  : progress->verifying_from.mono;
	int64_t more_ms = is_resolving ? watch->more_ms : progress->extended_ms;
	int64_t limit_ms =
		is_running ? state_limit_ms(facts->state, step) : of->settle_ms + more_ms;
	char limit[DURATION_TEXT_BYTES], passed[DURATION_TEXT_BYTES];

	duration_format(limit_ms, limit);
	duration_clock((facts->now.mono.us - from.us) / US_PER_MS, passed);
	buf_printf(out, "It has %s, of which %s have passed.\n", limit, passed);
}

bool ask_extend(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct dialog *dialog = open_text(ui, facts, kind, about, "how much longer");
	struct buf body = {0};

	(void)intent;
	buf_printf(&body, "%s\n", facts->runbook->steps[about->step].title);
	say_limit(facts, about->step, &body);
	free(dialog->body);
	dialog->body = buf_take(&body);
	if (!dialog->field.length)
		field_offer(&dialog->field, "5m");
	return false;
}

bool ask_assign(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	(void)intent;
	open_text(ui, facts, kind, about, "to whom");
	return false;
}

bool ask_reason(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	bool is_undone = kind == INTENT_REOPEN && state_rollback_is_open(facts->state, about->step);
	struct dialog *dialog = open_text(ui, facts, kind, about,
		is_undone                ? "how it was undone, or seen to be"
		: kind == INTENT_BY_HAND ? "what was done, and how"
					 : "why");

	(void)intent;
	if (kind == INTENT_BY_HAND)
		dialog->second_label = "when (02:47, -5m; empty: now)";
	if (kind == INTENT_OVERRIDE)
		dialog->second_label = "what is left to do (may be empty)";
	return false;
}

// --- waivers ---------------------------------------------------------------------------------------------------------

// What the waiver would be about: the reason why it waits, or what it restores and is not healthy.
static void say_unmet(const struct facts *facts, int step, struct buf *body)
{
	const struct refs *restores = &facts->runbook->steps[step].restores;
	struct buf why = {0};

	if (state_blocked(facts->state, step, facts->now.wall, &why)) {
		buf_printf(body, "It waits: %s\n", buf_str(&why));
		buf_fini(&why);
		return;
	}
	for (size_t i = 0; i < restores->count; i++)
		if (!state_is_healthy(facts->state, restores->items[i]))
			buf_printf(body, "You do without: %s, %s\n",
				facts->runbook->dependencies[restores->items[i]].id,
				status_word(facts->state->dependencies[restores->items[i]].status));
	buf_fini(&why);
}

bool ask_waive(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct dialog *dialog = open_text(ui, facts, kind, about, "why");
	struct buf body = {0};

	(void)intent;
	buf_printf(&body, "%s\n", facts->runbook->steps[about->step].title);
	say_unmet(facts, about->step, &body);
	free(dialog->body);
	dialog->body = buf_take(&body);
	dialog->second_label = LABEL_UNTIL;
	return false;
}
