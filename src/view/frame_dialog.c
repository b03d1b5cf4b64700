// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <string.h>

#include "relight/key.h"
#include "frame_sheet.h"

#define DIALOG_COLUMNS 76 // at most
#define MARGIN         2

// Lines of each part of a dialog, from top to bottom.
struct parts {
	int body, wanted, choices, fields, complaint;
	int gap; // blank lines around what is chosen and typed, each
};

static bool is_field(const struct dialog *dialog)
{
	return dialog->kind == DIALOG_TYPE || dialog->kind == DIALOG_TEXT ||
	       dialog->kind == DIALOG_PALETTE || dialog->kind == DIALOG_FILTER ||
	       (dialog->kind == DIALOG_CHOICE && dialog->label);
}

static int wrapped_rows(const char *text, size_t length, int width, bool is_utf8)
{
	int rows = 0;
	for (size_t at = 0; at < length; rows++)
		at += wrap_piece(text + at, length - at, width, is_utf8);
	return rows;
}

// Line feeds at its end are no lines.
static size_t body_length(const struct dialog *dialog)
{
	size_t length = dialog->body ? strlen(dialog->body) : 0;
	while (length > 0 && dialog->body[length - 1] == '\n')
		length--;
	return length;
}

static void choice_say(const struct dialog *dialog, size_t choice, struct buf *out)
{
	const char *text = dialog->choice_texts ? dialog->choice_texts[choice] : NULL;
	buf_text(out, dialog->choices[choice]);
	if (text && text[0])
		buf_printf(out, "  %s", text);
}

// Beside the mark of the chosen one, which takes two columns.
static int choice_rows(const struct dialog *dialog, size_t choice, int width, bool is_utf8)
{
	struct buf text = {0};
	choice_say(dialog, choice, &text);
	int rows = wrapped_rows(buf_str(&text), text.length, width > 3 ? width - 2 : 1, is_utf8);
	buf_fini(&text);
	return rows > 0 ? rows : 1;
}

// All that the dialog would like to have.
static struct parts parts_of(const struct dialog *dialog, int width, bool is_utf8)
{
	struct parts parts = {
		.body = wrapped_rows(dialog->body, body_length(dialog), width, is_utf8),
		.wanted = dialog->kind == DIALOG_TYPE && dialog->wanted ? 1 : 0,
		.fields = is_field(dialog) + (dialog->second_label != NULL),
		.complaint =
			wrapped_rows(dialog->complaint, strlen(dialog->complaint), width, is_utf8),
	};
	for (size_t i = 0; i < dialog->choice_count && parts.choices < GRID_MAX_ROWS; i++)
		parts.choices += choice_rows(dialog, i, width, is_utf8);
	return parts;
}

// Body lines; the last one tells what did not fit.
static void draw_body(struct area area, int row, int rows, const struct dialog *dialog)
{
	const char *body = dialog->body;
	size_t length = body_length(dialog);
	int width = area.columns - 2 * MARGIN;
	int drawn = 0;
	for (size_t at = 0; at < length && drawn < rows; drawn++) {
		size_t piece = wrap_piece(
			body + at, length - at, width < 1 ? 1 : width, area.grid->is_utf8);
		if (drawn + 1 == rows && at + piece < length) {
			area_text(area, row + drawn, MARGIN, width, ROLE_WARN,
				"(more than fits here; a larger screen or the detail pane shows "
				"it)");
			return;
		}
		piece_draw(area, row + drawn, MARGIN, ROLE_DIALOG, body + at, piece);
		at += piece;
	}
}

// The text as it is shown (dots for a secret), cut on the left where the cursor would be beyond the
// edge.
static void draw_field(
	struct area area, int row, const char *label, const struct field *field, bool has_cursor)
{
	int column = MARGIN;
	if (label && label[0])
		column += area_text(area, row, MARGIN, area.columns / 2, ROLE_TITLE, label) + 1;
	int width = area.columns - MARGIN - column;
	if (width < 1)
		return;
	area_repeat(area, row, column, width, ROLE_FIELD, ' ', NULL);
	const char *text = field->text ? field->text : "";
	size_t cursor = field->text ? field->cursor : 0;
	struct safe_text safe;
	struct cell cell;
	safe_begin(&safe, text, cursor, area.grid->is_utf8, 0);
	while (safe_next(&safe, &cell)) {
	}
	int hidden = safe.column >= width ? safe.column - width + 1 : 0;
	int at = 0;
	safe_begin(&safe, text, strlen(text), area.grid->is_utf8, 0);
	int cursor_column = 0;
	const char *before = text;
	while (safe_next(&safe, &cell)) {
		if (before < text + cursor)
			cursor_column = at + cell.width;
		if (field->is_secret) {
			cell = (struct cell){
				.text = "*", .width = cell.width == 2 ? 1 : cell.width};
			cursor_column = before < text + cursor ? at + cell.width : cursor_column;
		}
		if (at >= hidden)
			area_cell(area_part(area, row, column, 1, width), 0, at - hidden,
				ROLE_FIELD, &cell);
		at += cell.width;
		before = safe.next;
	}
	if (has_cursor && field->is_offered)
		area_paint(area, row, column, at < width ? at : width, ROLE_SELECTED);
	if (has_cursor)
		area_cursor(area, row, column + cursor_column - hidden);
}

static int draw_fields(struct area area, int row, const struct dialog *dialog)
{
	if (is_field(dialog)) {
		const char *label = dialog->label                    ? dialog->label
				    : dialog->kind == DIALOG_PALETTE ? ":"
				    : dialog->kind == DIALOG_FILTER  ? "/"
								     : "";
		draw_field(area, row++, label, &dialog->field, !dialog->on_second);
	}
	if (dialog->second_label)
		draw_field(area, row++, dialog->second_label, &dialog->second, dialog->on_second);
	return row;
}

static void draw_choice(
	struct area area, int row, const struct dialog *dialog, size_t choice, int width)
{
	struct buf text = {0};
	int part_width = width > 3 ? width - 2 : 1;
	bool is_chosen = choice == dialog->choice;
	choice_say(dialog, choice, &text);
	area_text(area, row, MARGIN, 1, ROLE_DIALOG, is_chosen ? ">" : " ");
	for (size_t at = 0; at < text.length; row++) {
		size_t piece = wrap_piece(
			text.data + at, text.length - at, part_width, area.grid->is_utf8);
		piece_draw(area, row, MARGIN + 2, ROLE_DIALOG, text.data + at, piece);
		if (is_chosen)
			area_paint(area, row, MARGIN, width, ROLE_SELECTED);
		at += piece;
	}
	buf_fini(&text);
}

// As many choices as `rows` hold, the chosen one among them.
static void draw_choices(struct area area, int row, int rows, const struct dialog *dialog)
{
	int width = area.columns - 2 * MARGIN;
	bool is_utf8 = area.grid->is_utf8;
	size_t top = 0;
	int needed = 0;
	struct area part = area_part(area, row, 0, rows, area.columns);
	for (size_t i = 0; i <= dialog->choice && i < dialog->choice_count; i++)
		needed += choice_rows(dialog, i, width, is_utf8);
	for (; needed > rows && top < dialog->choice; top++)
		needed -= choice_rows(dialog, top, width, is_utf8);
	int at = 0;
	for (size_t i = top; i < dialog->choice_count && at < rows; i++) {
		draw_choice(part, at, dialog, i, width);
		at += choice_rows(dialog, i, width, is_utf8);
	}
}

static void draw_wanted(struct area area, int row, int rows, const struct dialog *dialog)
{
	int width = area.columns - 2 * MARGIN;
	if (rows > 0 && width < 40)
		area_text(area, row, MARGIN, width, ROLE_WARN, dialog->wanted);
	else if (rows > 0)
		area_printf(
			area, row, MARGIN, width, ROLE_WARN, "Type %s in full:", dialog->wanted);
}

static void draw_complaint(struct area area, int row, int rows, const struct dialog *dialog)
{
	size_t length = strlen(dialog->complaint);
	size_t at = 0;
	for (int i = 0; i < rows; i++) {
		size_t piece = wrap_piece(dialog->complaint + at, length - at,
			area.columns - 2 * MARGIN, area.grid->is_utf8);
		piece_draw(area, row + i, MARGIN, ROLE_COMPLAINT, dialog->complaint + at, piece);
		at += piece;
	}
}

static const char *keys_of(const struct dialog *dialog)
{
	if (dialog->field.is_offered && !dialog->on_second)
		return dialog->kind == DIALOG_FILTER
			       ? "Typing replaces it   Enter keeps it   Esc shows everything"
			       : "Typing replaces it   Enter goes on   Esc leaves";
	// The Enter that opened it does not answer it (ui_dialog.c).
	bool is_enter_no_answer = dialog->opened_by == K_ENTER && !dialog->is_touched;
	if (is_enter_no_answer && dialog->kind == DIALOG_CONFIRM)
		return "y goes on   Esc leaves everything as it is";
	if (is_enter_no_answer && dialog->kind == DIALOG_QUIT)
		return "y leaves the screen   Esc stays";
	switch (dialog->kind) {
	case DIALOG_CONFIRM: return "Enter or y goes on   Esc leaves everything as it is";
	case DIALOG_TYPE: return "Enter goes on once the name is typed   Esc leaves";
	case DIALOG_TEXT:
		if (dialog->has_kinds)
			return "Enter goes on   Tab its type   Down its time   Esc leaves";
		return dialog->second_label ? "Enter goes on   Tab next field   Esc leaves"
					    : "Enter goes on   Esc leaves";
	case DIALOG_CHOICE:
		return dialog->second_label
			       ? "Up/Down choose   Enter goes on   Tab next field   Esc leaves"
			       : "Up/Down choose   Enter goes on   Esc leaves";
	case DIALOG_PALETTE: return "Tab completes   Enter goes on   Esc leaves";
	case DIALOG_FILTER: return "Enter keeps the filter   Esc shows everything";
	case DIALOG_QUIT: return "Enter or y leaves the screen   Esc stays";
	case DIALOG_NONE: break;
	}
	return "Esc leaves";
}

static void draw_frame(struct area box, const struct dialog *dialog)
{
	area_clear(box, ROLE_DIALOG);
	area_repeat(box, 0, 0, box.columns, ROLE_DIALOG_TITLE, ' ', NULL);
	area_text(box, 0, MARGIN, box.columns - 2 * MARGIN, ROLE_DIALOG_TITLE, dialog->title);
	area_repeat(box, box.rows - 1, 0, box.columns, ROLE_RULE, '-', "─");
	for (int row = 1; row < box.rows; row++) {
		area_repeat(box, row, 0, 1, ROLE_RULE, '|', "│");
		area_repeat(box, row, box.columns - 1, 1, ROLE_RULE, '|', "│");
	}
	area_repeat(box, box.rows - 1, 0, 1, ROLE_RULE, '+', "└");
	area_repeat(box, box.rows - 1, box.columns - 1, 1, ROLE_RULE, '+', "┘");
}

// Shrinks what may be cut until everything fits into `room` lines: choices first, then the body.
// What is typed, the complaint and the keys always stay.
static void fit(struct parts *parts, int room)
{
	room -= parts->wanted + parts->fields + parts->complaint;
	if (parts->body + parts->choices <= room) {
		bool is_answered = parts->fields + parts->choices > 0;
		parts->gap = is_answered && parts->body + parts->choices + 2 <= room;
		return;
	}
	int least = parts->choices < 3 ? parts->choices : 3;
	parts->choices = room - parts->body > least ? room - parts->body : least;
	if (parts->body + parts->choices > room)
		parts->body = room - parts->choices;
	if (parts->body < 0) {
		parts->body = 0;
		parts->choices = room > 0 ? room : 0;
	}
}

static void draw_parts(struct area box, const struct dialog *dialog, const struct parts *parts)
{
	int row = 1;
	draw_body(box, row, parts->body, dialog);
	row += parts->body + parts->gap;
	draw_wanted(box, row, parts->wanted, dialog);
	row += parts->wanted;
	draw_choices(box, row, parts->choices, dialog);
	row = draw_fields(box, row + parts->choices, dialog);
	row += parts->complaint ? 0 : parts->gap;
	draw_complaint(box, row, parts->complaint, dialog);
	area_text(box, row + parts->complaint, MARGIN, box.columns - 2 * MARGIN, ROLE_DIM,
		keys_of(dialog));
}

void dialog_draw(struct area area, const struct scene *scene)
{
	const struct dialog *dialog = &scene->ui->dialog;
	int columns = area.columns - 2 < DIALOG_COLUMNS ? area.columns : DIALOG_COLUMNS;
	int width = columns > 2 * MARGIN + 1 ? columns - 2 * MARGIN : 1;
	struct parts parts = parts_of(dialog, width, area.grid->is_utf8);
	fit(&parts, area.rows - 3);
	int rows = 3 + parts.body + parts.wanted + parts.choices + parts.fields + parts.complaint +
		   parts.gap + (parts.complaint ? 0 : parts.gap);
	int top = (area.rows - rows) / 2;
	int left = (area.columns - columns) / 2;
	struct area box = area_part(area, top, left, rows, columns);
	if (box.rows < 1 || box.columns < 1)
		return;
	// Nothing of the panes is left close to it, to be read as part of it.
	area_clear(area_part(area, top, left - MARGIN, rows, columns + 2 * MARGIN), ROLE_NORMAL);
	draw_frame(box, dialog);
	draw_parts(box, dialog, &parts);
}
