// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <string.h>

#include "frame_sheet.h"

#define DIALOG_COLUMNS 76 // at most
#define MARGIN         2

// Lines that a dialog needs below its body.
struct parts {
	int wanted, fields, choices, complaint;
};

static bool is_field(const struct dialog *dialog)
{
	return dialog->kind == DIALOG_TYPE || dialog->kind == DIALOG_TEXT ||
	       dialog->kind == DIALOG_PALETTE || dialog->kind == DIALOG_FILTER ||
	       (dialog->kind == DIALOG_CHOICE && dialog->label);
}

static int body_rows(const struct dialog *dialog, int width, bool is_utf8)
{
	int rows = 0;
	size_t length = dialog->body ? strlen(dialog->body) : 0;
	for (size_t at = 0; at < length; rows++)
		at += wrap_piece(dialog->body + at, length - at, width, is_utf8);
	return rows;
}

static struct parts parts_of(const struct dialog *dialog)
{
	struct parts parts = {0};
	parts.wanted = dialog->kind == DIALOG_TYPE && dialog->wanted ? 1 : 0;
	parts.fields = is_field(dialog) + (dialog->second_label != NULL);
	parts.choices = (int)(dialog->choice_count > 200 ? 200 : dialog->choice_count);
	parts.complaint = dialog->complaint[0] ? 1 : 0;
	return parts;
}

// Body lines; the last one tells what did not fit.
static int draw_body(struct area area, int row, int rows, const char *body)
{
	size_t length = body ? strlen(body) : 0;
	int width = area.columns - 2 * MARGIN;
	int drawn = 0;
	for (size_t at = 0; at < length && drawn < rows; drawn++) {
		size_t piece = wrap_piece(
			body + at, length - at, width < 1 ? 1 : width, area.grid->is_utf8);
		if (drawn + 1 == rows && at + piece < length) {
			area_text(area, row + drawn, MARGIN, width, ROLE_WARN,
				"(more than fits here; a larger screen or the detail pane shows "
				"it)");
			return drawn + 1;
		}
		piece_draw(area, row + drawn, MARGIN, ROLE_DIALOG, body + at, piece);
		at += piece;
	}
	return drawn;
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

static int draw_choices(struct area area, int row, int rows, const struct dialog *dialog)
{
	int count = (int)dialog->choice_count;
	int chosen = (int)dialog->choice;
	int top = chosen >= rows ? chosen - rows + 1 : 0;
	int width = area.columns - 2 * MARGIN;
	for (int i = 0; i < rows && top + i < count; i++) {
		bool is_chosen = top + i == chosen;
		const char *id = dialog->choices[top + i];
		const char *text = dialog->choice_texts ? dialog->choice_texts[top + i] : NULL;
		area_printf(area, row + i, MARGIN, width, ROLE_DIALOG, "%s %s%s%s",
			is_chosen ? ">" : " ", id, text && text[0] ? "  " : "", text ? text : "");
		if (is_chosen)
			area_paint(area, row + i, MARGIN, width, ROLE_SELECTED);
	}
	return row + (count < rows ? count : rows);
}

static const char *keys_of(const struct dialog *dialog)
{
	switch (dialog->kind) {
	case DIALOG_CONFIRM: return "Enter or y goes on   Esc leaves everything as it is";
	case DIALOG_TYPE: return "Enter goes on once the name is typed   Esc leaves";
	case DIALOG_TEXT:
		return dialog->choice_count > 0 || dialog->second_label
			       ? "Enter goes on   Tab next field   Esc leaves"
			       : "Enter goes on   Esc leaves";
	case DIALOG_CHOICE: return "Up/Down choose   Enter goes on   Tab next field   Esc leaves";
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

// Shrinks what may be cut until everything fits: choices first, then the body. Fields, the
// complaint and the keys always stay.
static void fit(int room, const struct parts *parts, int *body, int *choices)
{
	int fixed = parts->wanted + parts->fields + parts->complaint;
	room -= fixed;
	if (*body + *choices <= room)
		return;
	int least = *choices < 3 ? *choices : 3;
	*choices = room - *body > least ? room - *body : least;
	if (*body + *choices > room)
		*body = room - *choices;
	if (*body < 0) {
		*body = 0;
		*choices = room > 0 ? room : 0;
	}
}

void dialog_draw(struct area area, const struct scene *scene)
{
	const struct dialog *dialog = &scene->ui->dialog;
	struct parts parts = parts_of(dialog);
	int columns = area.columns - 2 < DIALOG_COLUMNS ? area.columns : DIALOG_COLUMNS;
	int width = columns - 2 * MARGIN;
	int body = body_rows(dialog, width < 1 ? 1 : width, area.grid->is_utf8);
	int choices = parts.choices;
	fit(area.rows - 3, &parts, &body, &choices);
	int rows = 3 + body + parts.wanted + parts.fields + choices + parts.complaint;
	bool is_typed = parts.fields + choices > 0;
	int gap = is_typed && rows + 2 <= area.rows
			  ? 1
			  : 0; // a blank line before what is typed, and after
	rows += gap + (gap && !parts.complaint);
	struct area box = area_part(
		area, (area.rows - rows) / 2, (area.columns - columns) / 2, rows, columns);
	if (box.rows < 1 || box.columns < 1)
		return;
	// Nothing of the panes is left beside it, to be read as part of it.
	area_clear(area_part(area, (area.rows - rows) / 2, 0, rows, area.columns), ROLE_NORMAL);
	draw_frame(box, dialog);
	int row = 1 + draw_body(box, 1, body, dialog->body);
	row += gap;
	if (parts.wanted && width < 40)
		area_text(box, row++, MARGIN, width, ROLE_WARN, dialog->wanted);
	else if (parts.wanted)
		area_printf(
			box, row++, MARGIN, width, ROLE_WARN, "Type %s in full:", dialog->wanted);
	row = draw_choices(box, row, choices, dialog);
	row = draw_fields(box, row, dialog);
	row += gap && !parts.complaint;
	if (parts.complaint)
		area_text(box, row++, MARGIN, width, ROLE_COMPLAINT, dialog->complaint);
	area_text(box, row, MARGIN, width, ROLE_DIM, keys_of(dialog));
}
