// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <ctype.h>
#include <string.h>

#include "frame_sheet.h"
#include "frame_words.h"

#define TAB_COLUMNS 8

// Whether `wanted` begins at `at`, without regard to case.
static bool begins_here(const char *at, const char *end, const char *wanted)
{
	for (; *wanted; at++, wanted++)
		if (at >= end || tolower((unsigned char)*at) != tolower((unsigned char)*wanted))
			return false;
	return true;
}

// Draws one line of output from row on; returns the rows that it takes, drawn or not. Escape
// sequences are shown, never obeyed.
static int draw_line(struct area area, int row, const char *text, const struct ui *ui)
{
	struct safe_text safe;
	struct cell cell;
	size_t length = strlen(text);
	int width = area.columns > 2 ? area.columns - 2 : 1;
	int used_rows = 1;
	int column = 0;
	const char *found_until = text;
	safe_begin(&safe, text, length, area.grid->is_utf8, TAB_COLUMNS);
	for (const char *at = text; safe_next(&safe, &cell); at = safe.next) {
		if (ui->output_search[0] && begins_here(at, safe.end, ui->output_search))
			found_until = at + strlen(ui->output_search);
		if (column + cell.width > width) {
			if (!ui->output_wrap) {
				area_text(area, row, width - 1, 2, ROLE_DIM, "..");
				break;
			}
			used_rows++;
			column = 0;
		}
		area_cell(area, row + used_rows - 1, 1 + column,
			at < found_until ? ROLE_FOUND : ROLE_NORMAL, &cell);
		column += cell.width;
	}
	return used_rows;
}

static int line_rows(struct area area, const char *text, const struct ui *ui)
{
	return draw_line(area_part(area, 0, 0, 0, area.columns), 0, text, ui);
}

// The first line to show, so that the newest one is at the bottom.
static size_t following_top(
	struct area area, const struct frame_output *output, const struct ui *ui)
{
	size_t top = output->count;
	int rows = 0;
	while (top > 0) {
		rows += line_rows(
			area_part(area, 0, 0, area.rows, area.columns), output->lines[top - 1], ui);
		if (rows > area.rows)
			break;
		top--;
	}
	return top;
}

static void draw_title(struct area area, const struct scene *scene)
{
	const struct frame_output *output = &scene->input->output;
	const struct step_progress *progress = &scene->state->steps[output->step];
	struct buf title = {0};
	struct buf right = {0};
	buf_printf(&title, "OUTPUT %s, attempt %d", scene->runbook->steps[output->step].id,
		output->attempt);
	if (scene->ui->output_search[0])
		buf_printf(&title, " /%s", scene->ui->output_search);
	if (progress->attempt == output->attempt && missing_words(progress, "", &right))
		buf_text(&right, " at its end, ");
	if (progress->attempt == output->attempt && progress->exit >= 0)
		buf_printf(&right, "exit %d, ", progress->exit);
	else if (scene->ui->output_top < 0)
		buf_text(&right, "following, ");
	if (scene->ui->output_top >= 0 && output->total >= area.rows)
		buf_printf(&right, "from line %lld of ", (long long)scene->ui->output_top + 1);
	buf_printf(&right, "%lld lines", (long long)output->total);
	if (output->age_ms >= 0) {
		buf_text(&right, ", ");
		age_words(output->age_ms, &right);
		buf_text(&right, " ago");
	}
	rule_draw(area, 0, scene->ui->pane == PANE_OUTPUT ? ROLE_TITLE : ROLE_RULE, buf_str(&title),
		buf_str(&right));
	buf_fini(&title);
	buf_fini(&right);
}

// Before the first attempt: what it will run.
static struct hidden draw_preview(struct area area, const struct scene *scene)
{
	struct sheet sheet = {.arena = scene->arena, .label_columns = 2};
	rule_draw(area, 0, scene->ui->pane == PANE_OUTPUT ? ROLE_TITLE : ROLE_RULE, "OUTPUT",
		"no attempt yet");
	if (scene->input->preview) {
		sheet_add(&sheet, "", ROLE_DIM, "It will run:");
		sheet_add(&sheet, "", ROLE_NORMAL, scene->input->preview);
	} else {
		sheet_add(&sheet, "", ROLE_DIM, "Nothing has run here.");
	}
	return sheet_draw(area_part(area, 1, 0, area.rows - 1, area.columns), &sheet, 0);
}

struct hidden output_draw(struct area area, const struct scene *scene)
{
	const struct frame_output *output = &scene->input->output;
	const struct ui *ui = scene->ui;
	struct area body = area_part(area, 1, 0, area.rows - 1, area.columns);
	if (output->step < 0 || output->attempt <= 0)
		return draw_preview(area, scene);
	draw_title(area, scene);
	if (output->count == 0 && output->fault)
		area_printf(body, 0, 1, body.columns - 1, ROLE_WARN, "It cannot be read: %s.",
			output->fault);
	else if (output->count == 0)
		area_text(body, 0, 1, body.columns - 1, ROLE_DIM, "It has said nothing yet.");
	size_t top = 0;
	if (ui->output_top < 0)
		top = following_top(body, output, ui);
	else if (ui->output_top > output->first)
		top = (size_t)(ui->output_top - output->first);
	int row = 0;
	size_t at = top < output->count ? top : output->count;
	for (; at < output->count && row < body.rows; at++)
		row += draw_line(body, row, output->lines[at], ui);
	return (struct hidden){(int)(output->first + (int64_t)top), (int)(output->count - at)};
}
