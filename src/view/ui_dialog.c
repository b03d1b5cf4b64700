// SPDX-License-Identifier: Apache-2.0
//
// Keys in a dialog, and what its answer is as an intent. What a dialog may not be answered with: a
// key that was typed before it could be read, and one that is still held down from before.
#include "ui_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/arena.h"
#include "relight/memory.h"

// --- opening and closing ---------------------------------------------------------------------------------------------

void dialog_clear_choices(struct dialog *dialog)
{
	for (size_t i = 0; i < dialog->choice_count; i++) {
		free(dialog->choices[i]);
		free(dialog->choice_texts[i]);
	}
	free(dialog->choices);
	free(dialog->choice_texts);
	dialog->choices = dialog->choice_texts = NULL;
	dialog->choice_count = dialog->choice = 0;
}

void dialog_close(struct ui *ui)
{
	dialog_clear_choices(&ui->dialog);
	field_fini(&ui->dialog.field);
	field_fini(&ui->dialog.second);
	free(ui->dialog.body);
	free(ui->dialog.wanted);
	ui->dialog = (struct dialog){0};
}

struct dialog *dialog_open(
	struct ui *ui, enum dialog_kind kind, enum intent_kind intent, const char *format, ...)
{
	static const char *const labels[] = {
		[DIALOG_TYPE] = "typed",
		[DIALOG_TEXT] = "text",
		[DIALOG_PALETTE] = ":",
		[DIALOG_FILTER] = "/",
		[DIALOG_QUIT] = NULL,
	};
	struct dialog *dialog = &ui->dialog;
	va_list arguments;

	dialog_close(ui);
	*dialog = (struct dialog){
		.kind = kind,
		.intent = intent,
		.step = -1,
		.dependency = -1,
		.input = -1,
		.target = -1,
		.open_line = -1,
		.restore_point = -1,
		.opened_us = ui->now_us,
		.pressed_us = ui->now_us,
		.opened_by = ui->key,
		.label = labels[kind],
	};
	va_start(arguments, format);
	vsnprintf(dialog->title, sizeof dialog->title, format, arguments);
	va_end(arguments);
	field_set(&dialog->field, "");
	field_set(&dialog->second, "");
	return dialog;
}

void dialog_add_choice(struct dialog *dialog, size_t *capacity, const char *id, const char *text)
{
	size_t texts_capacity = *capacity;

	dialog->choice_texts = memory_grow(dialog->choice_texts, dialog->choice_count,
		&texts_capacity, sizeof *dialog->choice_texts);
	dialog->choices = memory_grow(
		dialog->choices, dialog->choice_count, capacity, sizeof *dialog->choices);
	dialog->choices[dialog->choice_count] = memory_copy_text(id);
	dialog->choice_texts[dialog->choice_count++] = memory_copy_text(text ? text : "");
}

void dialog_complain(struct ui *ui, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ui->dialog.complaint, sizeof ui->dialog.complaint, format, arguments);
	va_end(arguments);
}

// --- the answer as an intent -----------------------------------------------------------------------------------------

static const char *said(struct ui *ui, const char *text)
{
	if (!ui->said)
		ui->said = arena_new();
	return arena_text(ui->said, text);
}

static const char *said_or_null(struct ui *ui, const struct field *field)
{
	return field->length ? said(ui, field->text) : NULL;
}

static const char *chosen(struct ui *ui)
{
	const struct dialog *dialog = &ui->dialog;

	return dialog->choice < dialog->choice_count ? said(ui, dialog->choices[dialog->choice])
						     : NULL;
}

static bool take_time(struct ui *ui, const struct facts *facts, const struct field *field,
	bool is_ahead, struct wall *at)
{
	if (time_parse(field->text, facts->now.wall, is_ahead, at))
		return true;
	dialog_complain(ui, "%.40s: no time; write %s, or 2026-07-03T02:47:00Z", field->text,
		is_ahead ? "06:00, 1h" : "02:47, -5m");
	return false;
}

// One function for each intent whose answer is more than a text; they fill what the common part has
// not. False: a complaint.
typedef bool taker(struct ui *ui, const struct facts *facts, struct intent *intent);

static bool take_amend(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	(void)facts;
	if (!ui->said)
		ui->said = arena_new();
	intent->argv = argv_parse(ui->said, ui->dialog.field.text);
	intent->text = NULL;
	if (!intent->argv) {
		dialog_complain(ui, "a quote is not closed");
		return false;
	}
	intent->typed = ui->dialog.second_label ? said(ui, ui->dialog.second.text) : NULL;
	return true;
}

static bool take_extend(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	(void)facts;
	intent->text = NULL;
	if (duration_parse(ui->dialog.field.text, &intent->extend_ms))
		return true;
	dialog_complain(ui, "%.40s: no duration; 5m and 1h30m are some", ui->dialog.field.text);
	return false;
}

static bool take_until(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	if (!take_time(ui, facts, &ui->dialog.second, true, &intent->until))
		return false;
	if (!wall_known(intent->until) || intent->until.us > facts->now.wall.us)
		return true;
	dialog_complain(ui, "%.40s has passed; leave it empty for a waiver without an end",
		ui->dialog.second.text);
	return false;
}

static bool take_at_second(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	return take_time(ui, facts, &ui->dialog.second, false, &intent->at);
}

static bool take_remains(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	(void)facts;
	intent->remains = said_or_null(ui, &ui->dialog.second);
	return true;
}

static bool take_impact(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	intent->text = NULL;
	return take_time(ui, facts, &ui->dialog.field, false, &intent->at) &&
	       take_time(ui, facts, &ui->dialog.second, false, &intent->detected_at);
}

// The first answer says which restore point, the second its time.
static bool take_restore_point(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	if (ui->dialog.kind == DIALOG_CHOICE) {
		ask_restore_point_time(ui, facts, (int)ui->dialog.choice);
		return false;
	}
	intent->text = NULL;
	return take_time(ui, facts, &ui->dialog.field, false, &intent->at);
}

static bool take_input(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	if (ui->dialog.input < 0) {
		ask_input_value(ui, facts, runbook_input(facts->runbook, intent->choice));
		return false;
	}
	if (ui->dialog.kind == DIALOG_CHOICE)
		intent->text = intent->choice;
	intent->choice = NULL;
	return true;
}

static bool take_repin(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	if (ui->dialog.kind == DIALOG_CHOICE)
		return ask_repin_of(
			ui, facts, runbook_target(facts->runbook, intent->choice), intent);
	intent->of = ui->dialog.of;
	intent->choice = NULL;
	return true;
}

static bool take_end_waiver(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	(void)facts;
	(void)ui;
	intent->of = strtoll(intent->choice, NULL, 10);
	intent->choice = NULL;
	return true;
}

// Typing "abort" is not the reason; that is the second field.
static bool take_abort(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	(void)facts;
	intent->text = said_or_null(ui, &ui->dialog.second);
	if (intent->text)
		return true;
	ui->dialog.on_second = true;
	dialog_complain(ui, "say why");
	return false;
}

// The second field of an attestation is the name to type, or an input that the step asks for.
static bool take_start(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	(void)facts;
	if (ui->dialog.second_label && ui->dialog.wanted)
		intent->typed = said(ui, ui->dialog.second.text);
	else if (ui->dialog.second_label)
		intent->choice = said_or_null(ui, &ui->dialog.second);
	return true;
}

static taker *const takers[INTENT_KINDS] = {
	[INTENT_START] = take_start,
	[INTENT_AGAIN] = take_start,
	[INTENT_AMEND] = take_amend,
	[INTENT_EXTEND] = take_extend,
	[INTENT_BY_HAND] = take_at_second,
	[INTENT_OVERRIDE] = take_remains,
	[INTENT_WAIVE] = take_until,
	[INTENT_WAIVE_DEPENDENCY] = take_until,
	[INTENT_END_WAIVER] = take_end_waiver,
	[INTENT_INPUT] = take_input,
	[INTENT_IMPACT] = take_impact,
	[INTENT_RESTORE_POINT] = take_restore_point,
	[INTENT_NOTE] = take_at_second,
	[INTENT_REPIN] = take_repin,
	[INTENT_ABORT] = take_abort,
};

static bool submit(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	const struct dialog *dialog = &ui->dialog;

	if (dialog->kind == DIALOG_TYPE && strcmp(dialog->field.text, dialog->wanted)) {
		dialog_complain(ui, "that is not it: type %.100s in full, or Esc", dialog->wanted);
		return false;
	}
	*intent = intent_of(dialog->intent);
	intent->step = dialog->step;
	intent->dependency = dialog->dependency;
	intent->input = dialog->input;
	intent->target = dialog->target;
	intent->open_line = dialog->open_line;
	intent->restore_point = dialog->restore_point;
	if (dialog->kind == DIALOG_TYPE)
		intent->typed = said(ui, dialog->field.text);
	else
		intent->text = said_or_null(ui, &dialog->field);
	if (dialog->kind == DIALOG_CHOICE || dialog->has_kinds)
		intent->choice = chosen(ui);
	return !takers[dialog->intent] || takers[dialog->intent](ui, facts, intent);
}

// --- keys ------------------------------------------------------------------------------------------------------------

static bool is_answer(const struct dialog *dialog, int key)
{
	bool is_asked = dialog->kind == DIALOG_CONFIRM || dialog->kind == DIALOG_QUIT;

	return key == K_ENTER || (key == 'y' && is_asked);
}

// Whether the answer was given by somebody who could read the question.
static bool was_read(struct ui *ui, int key)
{
	struct dialog *dialog = &ui->dialog;
	bool is_asked = dialog->kind == DIALOG_CONFIRM || dialog->kind == DIALOG_QUIT;
	bool is_anew = ui->now_us - dialog->pressed_us >= UI_ANEW_US;

	if (key == dialog->opened_by)
		dialog->pressed_us = ui->now_us;
	if (ui->is_behind) {
		dialog->opened_us = ui->now_us;
		dialog_complain(ui, "the screen was still being drawn: once more, please");
	}
	if (ui->now_us - dialog->opened_us < UI_DIALOG_US)
		return false;
	// Where y can be pressed as well, Enter is not needed.
	if (key != dialog->opened_by || dialog->is_touched || (is_anew && !is_asked))
		return true;
	dialog_complain(ui, "%s",
		key != K_ENTER ? "press Enter to go on"
		: is_asked     ? "Enter opened this: y goes on"
			       : "Enter opened this: let go of it, then press it once more");
	return false;
}

static struct field *focused(struct dialog *dialog)
{
	return dialog->on_second ? &dialog->second : dialog->label ? &dialog->field : NULL;
}

static void move_choice(struct dialog *dialog, int by)
{
	size_t count = dialog->choice_count;

	if (count)
		dialog->choice =
			(dialog->choice + count + (size_t)(by < 0 ? count - 1 : 1)) % count;
}

// Tab goes round: through the kinds of a note, else to the other field. Up and Down: through the
// choices, else to the other field. Tab goes through choices only where nothing is written beside
// them: whoever means to go on to the reason must not change the answer.
static void move_in_dialog(struct dialog *dialog, bool is_tab, int by)
{
	bool has_choices = dialog->kind == DIALOG_CHOICE;
	bool has_text = dialog->label || dialog->second_label;

	if (dialog->has_kinds ? is_tab : has_choices && !(is_tab && has_text))
		move_choice(dialog, by);
	else if (dialog->second_label)
		dialog->on_second = !dialog->on_second;
}

static void apply_filter(struct ui *ui, const struct facts *facts)
{
	bool is_search = ui->pane == PANE_OUTPUT;

	snprintf(is_search ? ui->output_search : ui->filter, UI_FILTER_BYTES, "%s",
		ui->dialog.field.text);
	if (is_search)
		return;
	if (ui->filter[0] && ui->selected.kind != ROW_STEP)
		ui->selected = (struct row){ROW_STEP, -1};
	rows_settle(ui, facts);
}

static void after_edit(struct ui *ui, const struct facts *facts)
{
	if (ui->dialog.kind == DIALOG_PALETTE)
		palette_match(ui, facts);
	if (ui->dialog.kind == DIALOG_FILTER)
		apply_filter(ui, facts);
}

static size_t room_bytes(const struct dialog *dialog)
{
	return dialog->kind == DIALOG_FILTER ? UI_FILTER_BYTES - 1 - 4 : UI_FIELD_BYTES;
}

static bool edit(struct ui *ui, int key)
{
	struct field *field = focused(&ui->dialog);
	bool is_full = false;

	if (!field)
		return false;
	if (key < KEY_CODE_BASE && !field->is_offered && field->length >= room_bytes(&ui->dialog))
		is_full = true;
	else if (!field_key(field, key, &is_full))
		return false;
	if (is_full)
		dialog_complain(ui, "no more than %zu bytes fit", room_bytes(&ui->dialog));
	return true;
}

static bool take_answer(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	switch (ui->dialog.kind) {
	case DIALOG_QUIT:
		ui->wants_quit = true;
		dialog_close(ui);
		return false;
	case DIALOG_FILTER:
		if (ui->pane == PANE_OUTPUT && ui->output_search[0])
			ui->wants_match = 1;
		dialog_close(ui);
		return false;
	case DIALOG_PALETTE: return palette_run(ui, facts, intent);
	default: return submit(ui, facts, intent);
	}
}

static void leave(struct ui *ui, const struct facts *facts)
{
	if (ui->dialog.kind == DIALOG_FILTER) {
		field_set(&ui->dialog.field, "");
		apply_filter(ui, facts);
	}
	dialog_close(ui);
}

static bool is_no(const struct dialog *dialog, int key)
{
	bool is_asked = dialog->kind == DIALOG_CONFIRM || dialog->kind == DIALOG_QUIT;

	return key == K_ESCAPE || key == K_CTRL_C || (is_asked && (key == 'n' || key == 'q'));
}

bool dialog_key(struct ui *ui, const struct facts *facts, int key, struct intent *intent)
{
	struct dialog *dialog = &ui->dialog;

	dialog->complaint[0] = '\0';
	if (is_no(dialog, key)) {
		leave(ui, facts);
		return false;
	}
	if (is_answer(dialog, key))
		return was_read(ui, key) && take_answer(ui, facts, intent);
	dialog->is_touched |= key != dialog->opened_by;
	if (key == K_TAB && dialog->kind == DIALOG_PALETTE)
		palette_complete(ui, facts);
	else if ((key == K_UP || key == K_DOWN) && dialog->kind == DIALOG_PALETTE)
		move_choice(dialog, key == K_UP ? -1 : 1);
	else if (key == K_TAB || key == K_BACK_TAB || key == K_UP || key == K_DOWN)
		move_in_dialog(dialog, key == K_TAB || key == K_BACK_TAB,
			key == K_UP || key == K_BACK_TAB ? -1 : 1);
	else if (edit(ui, key))
		after_edit(ui, facts);
	return false;
}

void dialog_paste(struct ui *ui, const struct facts *facts, int key)
{
	ui->dialog.is_touched = true;
	if (edit(ui, key == '\n' || key == '\t' ? ' ' : key))
		after_edit(ui, facts);
}
