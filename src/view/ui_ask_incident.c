// SPDX-License-Identifier: Apache-2.0
//
// Dialogs about the incident, its dependencies, inputs and people.
#include "ui_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

static const char label_at[] = "about when (02:47, -5m; empty: now)";

static struct dialog *open_text(struct ui *ui, enum intent_kind kind, const struct about *about,
	const char *label, const char *body)
{
	struct dialog *dialog = dialog_open(ui, DIALOG_TEXT, kind, "%s", intent_table[kind].label);

	dialog->label = label;
	dialog->body = memory_copy_text(body ? body : intent_table[kind].help);
	field_set(&dialog->field, about->text);
	return dialog;
}

// --- the controls ----------------------------------------------------------------------------------------------------

static const char *const mode_words[] = {
	[EVENT_LIVE] = "LIVE: these are the real systems.",
	[EVENT_DRILL] = "DRILL: these are real systems, and this is practice.",
	[EVENT_REHEARSAL] = "REHEARSAL: the world is simulated, nothing real is touched.",
};

static const char *role_of_target(enum target_role role)
{
	return role == TARGET_SOURCE ? "source" : role == TARGET_RECOVERY ? "recovery" : "shared";
}

static void say_targets(const struct facts *facts, struct buf *body)
{
	for (size_t t = 0; t < facts->runbook->target_count; t++) {
		const struct target *of = &facts->runbook->targets[t];
		const struct pin *pin = &facts->state->pins[t];

		buf_printf(body, "  %-12s %-9s ", of->id, role_of_target(of->role));
		facts_target_name(facts, (int)t, body);
		buf_text(body, "  ");
		if (pin->is_pinned && pin->fingerprint)
			pin_say(pin->fingerprint, body);
		else
			buf_text(body, "not reached yet");
		buf_text(body, "  ");
		state_trouble_say(facts->state, (int)t, body);
		buf_byte(body, '\n');
	}
}

bool ask_arm(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct dialog *dialog = dialog_open(ui, DIALOG_CONFIRM, kind, "take the controls");
	struct buf body = {0};

	(void)about;
	(void)intent;
	buf_printf(&body, "%s\nFrom now on keys act%s\n", mode_words[facts->state->mode],
		facts->runbook->target_count ? ", on:" : ".");
	say_targets(facts, &body);
	if (facts->state->armed_by)
		buf_printf(&body, "%s had them before.\n", facts->state->armed_by);
	dialog->body = buf_take(&body);
	return false;
}

bool ask_abort(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct dialog *dialog = dialog_open(ui, DIALOG_TYPE, kind, "ABORT the recovery");
	struct buf body = {0};

	(void)intent;
	size_t steps = facts->runbook->abort.steps.count;
	if (steps > 0)
		buf_printf(&body,
			"Nothing new starts any more but the %zu abort step%s; when %s done the "
			"incident closes. ",
			steps, steps == 1 ? "" : "s", steps == 1 ? "it is" : "all are");
	else
		buf_text(&body, "Nothing new starts any more; :close closes the incident. ");
	buf_text(&body, "What runs goes on. There is no way back.\n");
	for (size_t i = 0; i < facts->runbook->abort.criteria.count; i++)
		buf_printf(&body, "  criterion: %s\n", facts->runbook->abort.criteria.items[i]);
	if (facts->runbook->abort.escalation)
		buf_printf(&body, "  who decides: %s\n", facts->runbook->abort.escalation);
	dialog->body = buf_take(&body);
	dialog->wanted = memory_copy_text("abort");
	dialog->second_label = "why";
	field_set(&dialog->second, about->text);
	return false;
}

bool ask_unrecorded(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	(void)about;
	(void)intent;
	if (facts->is_recording) {
		ui_refuse(ui, "%s: the record can be written", intent_table[kind].word);
		return false;
	}

	struct dialog *dialog = dialog_open(ui, DIALOG_TYPE, kind, "go on UNRECORDED");

	dialog->body = memory_copy_text("The record cannot be written. What is done from now on "
					"may be missing in it for good.\n");
	dialog->wanted = memory_copy_text("continue unrecorded");
	return false;
}

// Declaring the recovery, and closing: what stands against it is said first.
bool ask_ending(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct counts counts = state_counts(facts->state, -1, facts->now.wall);
	int level = state_evidence_level(facts->state);
	struct buf body = {0};

	(void)intent;
	buf_printf(&body, "%s\n%d of %d steps done or skipped; ", intent_table[kind].help,
		counts.done + counts.skipped, counts.total);
	if (level < 0)
		buf_text(&body, "nothing is proven.\n");
	else
		buf_printf(&body, "evidence L%d of L4.\n", level);
	open_text(ui, kind, about, "why (where it is not complete)", buf_str(&body));
	buf_fini(&body);
	return false;
}

// --- dependencies ----------------------------------------------------------------------------------------------------

static bool has_dependency(struct ui *ui, enum intent_kind kind, const struct about *about)
{
	if (about->dependency < 0)
		ui_refuse(ui, "%s: choose a dependency first: d shows them, or :%s NAME",
			intent_table[kind].word, intent_table[kind].word);
	return about->dependency >= 0;
}

static void say_dependency(const struct facts *facts, int dependency, struct buf *body)
{
	const struct dependency_known *known = &facts->state->dependencies[dependency];

	buf_printf(body, "%s: %s, %s%s%s\n", facts->runbook->dependencies[dependency].title,
		expectation_word(state_expectation(facts->state, dependency)),
		status_word(known->status), known->message && *known->message ? ": " : "",
		known->message ? known->message : "");
}

bool ask_dependency(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct buf body = {0};

	(void)intent;
	if (!has_dependency(ui, kind, about))
		return false;
	say_dependency(facts, about->dependency, &body);
	if (facts->runbook->dependencies[about->dependency].degraded)
		buf_printf(&body, "degraded mode: %s\n",
			facts->runbook->dependencies[about->dependency].degraded);

	struct dialog *dialog = open_text(ui, kind, about, "why", buf_str(&body));

	dialog->dependency = about->dependency;
	dialog->second_label = LABEL_UNTIL;
	buf_fini(&body);
	return false;
}

bool ask_attest(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	size_t capacity = 0;
	struct buf body = {0};

	(void)intent;
	if (!has_dependency(ui, kind, about))
		return false;

	const struct dependency *of = &facts->runbook->dependencies[about->dependency];
	const char *question = NULL;

	for (size_t i = 0; i < of->check_count && !question; i++)
		question = of->checks[i].kind == CHECK_MANUAL ? of->checks[i].manual : NULL;
	if (!question) {
		ui_refuse(ui,
			"attest: %s: it is sensed, a word does not change it; w does without it",
			of->id);
		return false;
	}
	buf_printf(&body, "%s\n", question);
	say_dependency(facts, about->dependency, &body);

	struct dialog *dialog = dialog_open(ui, DIALOG_CHOICE, kind, "attest %s", of->id);

	dialog->dependency = about->dependency;
	dialog->label = "what you saw";
	dialog->body = buf_take(&body);
	for (int status = 0; status < STATUS_COUNT; status++)
		dialog_add_choice(dialog, &capacity, status_word((enum status)status), "");
	return false;
}

bool ask_end_waiver(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct dialog *dialog = dialog_open(ui, DIALOG_CHOICE, kind, "end a waiver");
	size_t capacity = 0;

	(void)about;
	(void)intent;
	for (size_t w = 0; w < facts->state->waiver_count; w++) {
		const struct waiver *waiver = &facts->state->waivers[w];
		char seq[24];
		struct buf text = {0};

		if (waiver->is_ended)
			continue;
		snprintf(seq, sizeof seq, "%lld", (long long)waiver->seq);
		buf_printf(&text, "%s: %s",
			waiver->step >= 0 ? facts->runbook->steps[waiver->step].id
			: waiver->dependency >= 0
				? facts->runbook->dependencies[waiver->dependency].id
				: "",
			waiver->why ? waiver->why : "");
		dialog_add_choice(dialog, &capacity, seq, buf_str(&text));
		buf_fini(&text);
	}
	dialog->label = "why";
	if (dialog->choice_count == 0) {
		dialog_close(ui);
		ui_refuse(ui, "end-waiver: none is in force");
	}
	return false;
}

// --- the open phase --------------------------------------------------------------------------------------------------

bool ask_impact(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct dialog *dialog = open_text(ui, kind, about, "impact began (02:47, -10m)", NULL);

	(void)facts;
	(void)intent;
	dialog->second_label = "detected (may be empty)";
	return false;
}

bool ask_role(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	static const char *const usual[] = {
		"incident commander", "operations", "communications", "scribe"};
	struct dialog *dialog = dialog_open(ui, DIALOG_CHOICE, kind, "who has which role");
	const struct texts *roles = &facts->runbook->roles;
	size_t capacity = 0;

	(void)intent;
	for (size_t i = 0; i < (roles->count ? roles->count : sizeof usual / sizeof *usual); i++) {
		const char *role = roles->count ? roles->items[i] : usual[i], *who = "";

		for (size_t h = 0; h < facts->state->role_count; h++)
			if (!strcmp(facts->state->roles[h].role, role))
				who = facts->state->roles[h].who;
		dialog_add_choice(dialog, &capacity, role, who);
	}
	dialog->label = "who";
	field_set(&dialog->field, about->text);
	return false;
}

void ask_input_value(struct ui *ui, const struct facts *facts, int input)
{
	const struct input *of = &facts->runbook->inputs[input];
	bool has_choices = of->choices.count > 0;
	struct dialog *dialog = dialog_open(
		ui, has_choices ? DIALOG_CHOICE : DIALOG_TEXT, INTENT_INPUT, "input %s", of->id);
	struct buf body = {0};
	size_t capacity = 0;

	buf_printf(&body, "%s\n", of->ask ? of->ask : of->id);
	if (of->pattern)
		buf_printf(&body, "It must match %s\n", of->pattern);
	dialog->input = input;
	dialog->body = buf_take(&body);
	dialog->label = has_choices ? NULL : "value";
	dialog->field.is_secret = of->secret;
	for (size_t i = 0; i < of->choices.count; i++)
		dialog_add_choice(dialog, &capacity, of->choices.items[i], "");
	if (!has_choices && !of->secret)
		field_offer(&dialog->field,
			facts->state->inputs[input] ? facts->state->inputs[input] : of->fallback);
}

// The input that the selected line is about, -1: none, or several.
static int input_of_line(const struct facts *facts, const struct about *about)
{
	static const char prefix[] = "open:input-";
	struct open_line line;

	if (about->input >= 0)
		return about->input;
	if (about->open_line >= 0) {
		open_line_get(facts->state, (size_t)about->open_line, &line);
		if (!strncmp(line.id, prefix, strlen(prefix)))
			return runbook_input(facts->runbook, line.id + strlen(prefix));
	}
	if (about->step >= 0 && state_missing_input(facts->state, about->step) >= 0)
		return state_missing_input(facts->state, about->step);
	return facts->runbook->input_count == 1 ? 0 : -1;
}

bool ask_input(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	int input = input_of_line(facts, about);
	size_t capacity = 0;

	(void)intent;
	if (facts->runbook->input_count == 0) {
		ui_refuse(ui, "input: this runbook has none");
	} else if (input >= 0) {
		ask_input_value(ui, facts, input);
	} else {
		struct dialog *dialog = dialog_open(ui, DIALOG_CHOICE, kind, "which input");

		for (size_t i = 0; i < facts->runbook->input_count; i++)
			dialog_add_choice(dialog, &capacity, facts->runbook->inputs[i].id,
				facts->state->input_is_set[i] ? "set" : "not set");
	}
	return false;
}

void ask_restore_point_time(struct ui *ui, const struct facts *facts, int restore_point)
{
	const struct restore_point *of = &facts->runbook->restore_points[restore_point];
	struct dialog *dialog = dialog_open(ui, DIALOG_TEXT, INTENT_RESTORE_POINT,
		"restore point %s", of->title ? of->title : of->id);
	char half_an_hour_ago[16];

	dialog->restore_point = restore_point;
	wall_clock((struct wall){facts->now.wall.us - 30 * 60 * US_PER_S}, false, half_an_hour_ago);
	snprintf(dialog->label_text, sizeof dialog->label_text,
		"comes back as it was at (%s, -30m)", half_an_hour_ago);
	dialog->label = dialog->label_text;
	dialog->body = memory_copy_text(
		"How old may it come back? What was written after that is lost.\n");
}

bool ask_restore_point(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	size_t count = facts->runbook->restore_point_count, capacity = 0;

	(void)about;
	(void)intent;
	if (count == 0) {
		ui_refuse(ui, "restore-point: this runbook has none");
		return false;
	}
	if (count == 1) {
		ask_restore_point_time(ui, facts, 0);
		return false;
	}

	struct dialog *dialog = dialog_open(ui, DIALOG_CHOICE, kind, "which restore point");

	for (size_t i = 0; i < count; i++) {
		const struct restore_point *of = &facts->runbook->restore_points[i];
		char at[WALL_TEXT_BYTES];

		wall_format(facts->state->restore_point_at[i], at);
		dialog_add_choice(dialog, &capacity, of->id, *at ? at : of->title);
	}
	return false;
}

// Attests the line, or goes where it is answered.
bool ask_open_line(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct open_line line;

	if (about->open_line < 0) {
		ui_refuse(ui, "open-line: choose a line of the open phase first");
		return false;
	}
	open_line_get(facts->state, (size_t)about->open_line, &line);
	if (!strcmp(line.id, "open:impact"))
		return ask_impact(ui, facts, INTENT_IMPACT, about, intent);
	if (!strcmp(line.id, "open:roles"))
		return ask_role(ui, facts, INTENT_ROLE, about, intent);
	if (!strncmp(line.id, "open:input-", 11))
		return ask_input(ui, facts, INTENT_INPUT, about, intent);
	if (!line.is_attested) {
		ui_refuse(ui, "%s: this line ticks itself", line.id);
		return false;
	}

	struct dialog *dialog = open_text(ui, kind, about, "what you saw", line.text);

	dialog->open_line = about->open_line;
	return false;
}

// --- words -----------------------------------------------------------------------------------------------------------

bool ask_note(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct dialog *dialog = open_text(ui, kind, about, "note", "Tab changes its type.");
	size_t capacity = 0;

	(void)intent;
	dialog->has_kinds = true;
	for (size_t i = 0; intent_note_types[i]; i++)
		dialog_add_choice(dialog, &capacity, intent_note_types[i], "");
	dialog->second_label = label_at;
	dialog->step = about->step;
	if (about->step >= 0)
		snprintf(dialog->title, sizeof dialog->title, "note on %s",
			facts->runbook->steps[about->step].id);
	return false;
}

bool ask_status(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	(void)facts;
	(void)intent;
	open_text(ui, kind, about, "update", NULL);
	return false;
}
