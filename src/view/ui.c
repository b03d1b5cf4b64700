// SPDX-License-Identifier: Apache-2.0
//
// One key after the other: to the paste, the dialog, the command or the intent that it is for.
#include "ui_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/arena.h"
#include "relight/memory.h"

void ui_tick(struct ui *ui, const struct facts *facts, int64_t now_us)
{
	if (now_us >= ui->message_until_us)
		ui->message[0] = '\0';
	ui->now_us = now_us;
	look_tell(ui, facts);
}

void ui_scrolled(struct ui *ui, int above_lines)
{
	switch (ui->pane) {
	case PANE_DETAIL: ui->detail_top = above_lines; break;
	case PANE_CLOCKS:
	case PANE_HELP: ui->help_top = above_lines; break;
	case PANE_TIMELINE: ui->timeline_top = above_lines; break;
	default: break;
	}
}

// A character that was cut in two would be shown as broken bytes.
static void drop_half_character(char *text)
{
	size_t length = strlen(text), at = length;

	while (at > 0 && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
		at--;
	if (at > 0 && (unsigned char)text[at - 1] >= 0xc0)
		text[at - 1] = '\0';
}

static void put_message(struct ui *ui, bool is_bad, const char *format, va_list arguments)
{
	int wanted = vsnprintf(ui->message, sizeof ui->message, format, arguments);

	if (wanted >= (int)sizeof ui->message)
		drop_half_character(ui->message);
	ui->message_is_bad = is_bad;
	ui->message_until_us = ui->now_us + UI_MESSAGE_US;
}

void ui_say(struct ui *ui, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_message(ui, false, format, arguments);
	va_end(arguments);
}

void ui_refuse(struct ui *ui, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put_message(ui, true, format, arguments);
	va_end(arguments);
}

void ui_init(struct ui *ui, const struct facts *facts, int rows, int columns)
{
	size_t phases = facts->runbook->phases.count + 1, needing;
	int first;

	*ui = (struct ui){
		.selected = {ROW_OPEN, 0},
		.selected_dependency = -1,
		.output_top = -1,
		.phase_open = memory_zeroed(phases, sizeof *ui->phase_open),
		.phase_touched = memory_zeroed(phases, sizeof *ui->phase_touched),
	};
	ui_resize(ui, rows, columns);
	if (ui_attention(facts, &first, 1, &needing))
		ui->selected = (struct row){ROW_STEP, first};
	rows_settle(ui, facts);
}

void ui_fini(struct ui *ui)
{
	dialog_close(ui);
	arena_free(ui->said);
	free(ui->phase_open);
	free(ui->phase_touched);
	*ui = (struct ui){0};
}

void ui_resize(struct ui *ui, int rows, int columns)
{
	ui->rows = rows > 0 ? rows : 1;
	ui->columns = columns > 0 ? columns : 1;
}

// What is pasted goes into a text field or nowhere; line ends in it are blanks, never Enter.
static void take_pasted(struct ui *ui, const struct facts *facts, int key)
{
	if (ui->dialog.kind != DIALOG_NONE)
		dialog_paste(ui, facts, key);
	else
		ui_refuse(ui, "what was pasted is dropped: text goes into a field, and keys are "
			      "not pasted");
}

bool ui_has_incident(const struct ui *ui)
{
	return ui->seat == SEAT_COCKPIT || ui->seat == SEAT_OBSERVER;
}

bool ui_may(const struct ui *ui, enum intent_kind kind)
{
	return ui_has_incident(ui) && !(ui->seat == SEAT_OBSERVER && kind == INTENT_ARM);
}

void ui_refuse_seat(struct ui *ui, const char *what)
{
	static const char *const whys[] = {
		[SEAT_COCKPIT] = "not from here",
		[SEAT_OBSERVER] = "this screen only looks on (--observe)",
		[SEAT_ONLOOKER] =
			"this screen only looks on; 'relight take' takes the incident over",
		[SEAT_REPLAY] = "this is a replay of what was",
	};

	ui_refuse(ui, "%s: %s", what, whys[ui->seat]);
}

// The intent of a key in the present pane.
static enum intent_kind intent_of_key(const struct ui *ui, int key)
{
	for (int kind = INTENT_NONE + 1; kind < INTENT_KINDS; kind++)
		if (intent_table[kind].key[0] && intent_table[kind].key[0] == key)
			return kind == INTENT_WAIVE && ui->pane == PANE_DEPENDENCIES
				       ? INTENT_WAIVE_DEPENDENCY
				       : (enum intent_kind)kind;
	return INTENT_NONE;
}

// `s` on a line of the open phase answers it.
static enum intent_kind intent_of_line(const struct ui *ui, enum intent_kind kind)
{
	return kind == INTENT_START && ui->selected.kind == ROW_OPEN_LINE ? INTENT_OPEN_LINE : kind;
}

// A key that does nothing says so: else it seems that the screen is stuck.
static void say_unknown(struct ui *ui, int key)
{
	struct buf name = {0};

	key_name(key, &name);
	ui_say(ui, "%s does nothing here; ? lists the keys", buf_str(&name));
	buf_fini(&name);
}

static bool take_key(struct ui *ui, const struct facts *facts, int key, struct intent *intent)
{
	const struct ui_command *command = command_of_key(ui, key);
	struct about about = about_selected(ui, facts);

	ui->message[0] = '\0';
	if (command) {
		command_run(ui, facts, command->word);
		return false;
	}

	enum intent_kind kind =
		intent_of_line(ui, key < 0x80 ? intent_of_key(ui, key) : INTENT_NONE);

	if (kind == INTENT_NONE) {
		say_unknown(ui, key);
		return false;
	}
	return ask(ui, facts, kind, &about, intent);
}

bool ui_key(struct ui *ui, const struct facts *facts, int key, struct intent *intent)
{
	*intent = intent_of(INTENT_NONE);
	arena_free(ui->said);
	ui->said = NULL;
	ui->key = key;
	if (key == K_HANGUP) {
		ui->wants_quit = true;
		return false;
	}
	if (key == K_PASTE_BEGIN || key == K_PASTE_END) {
		ui->is_pasting = key == K_PASTE_BEGIN;
		return false;
	}
	if (ui->is_pasting) {
		take_pasted(ui, facts, key);
		return false;
	}
	if (ui->dialog.kind != DIALOG_NONE)
		return dialog_key(ui, facts, key, intent);
	return take_key(ui, facts, key, intent);
}

void ui_answer(struct ui *ui, bool done, const char *message)
{
	if (done) {
		if (ui->dialog.kind != DIALOG_NONE)
			dialog_close(ui);
		if (message)
			ui_say(ui, "%s", message);
	} else if (ui->dialog.kind != DIALOG_NONE) {
		dialog_complain(ui, "%s", message ? message : "refused");
	} else {
		ui->look_token = 0; // nobody looks
		ui_refuse(ui, "%s", message ? message : "refused");
	}
}
