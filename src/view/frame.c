// SPDX-License-Identifier: Apache-2.0
//
// Where things are on the screen. Header, NOW box and key bar are always there; between them is one
// pane on a narrow screen, and on a wide one the restore order with the others beside it. Where not
// even that fits, what is left says so and still tells the mode, the clock and what needs a person.
//
//        narrow                        wide                            tiny
//   +---------------------+  +----------------+----------------+  +----------------+
//   | header, 3 rows      |  | header, 3 or 4 rows             |  | header, 1 or 2 |
//   | NOW, its rule and   |  | NOW, the same                   |  | NOW, 1 to 3    |
//   | 2 or 3 rows         |  +----------------+----------------+  | the pane       |
//   | the pane with the   |  | restore order  | detail         |  | "too small"    |
//   | focus               |  |                | output         |  +----------------+
//   | rule: what is hidden|  |                | dependencies   |
//   | message             |  | legend         | timeline       |
//   | keys                |  | keys                            |
//   +---------------------+  | message                         |
//                            +---------------------------------+
#include "relight/frame.h"

#include "frame_panes.h"
#include "frame_sheet.h"

#define LEFT_LEAST 60
#define LEFT_MOST  96

typedef struct hidden pane_drawer(struct area area, const struct scene *scene);
static pane_drawer *const drawers[PANES] = {
	[PANE_ORDER] = order_draw,
	[PANE_DETAIL] = detail_draw,
	[PANE_OUTPUT] = output_draw,
	[PANE_DEPENDENCIES] = dependencies_draw,
	[PANE_TIMELINE] = timeline_draw,
	[PANE_CLOCKS] = clocks_draw,
	[PANE_HELP] = help_draw,
};

void rule_draw(struct area area, int row, enum role role, const char *title, const char *right)
{
	int width = area.columns;
	area_repeat(area, row, 0, width, ROLE_RULE, '-', "─");
	int end = width;
	if (right && right[0]) {
		int columns = safe_columns(right, area.grid->is_utf8) + 2;
		end = width - 2 - columns;
		if (end < 0)
			end = 0;
		area_text(area, row, end, 1, ROLE_RULE, " ");
		int used = area_text(area, row, end + 1, width - end - 2, role, right);
		area_text(area, row, end + 1 + used, 1, ROLE_RULE, " ");
	}
	if (title && title[0] && end > 4) {
		area_text(area, row, 2, 1, ROLE_RULE, " ");
		int used = area_text(area, row, 3, end - 4, role, title);
		area_text(area, row, 3 + used, 1, ROLE_RULE, " ");
	}
}

// --- the NOW box ---

// Rows that the words take: lines that are too long go on below.
static int now_rows(const struct concern_words *words, int columns, bool is_utf8)
{
	int rows = 0;
	int width = columns > 3 ? columns - 2 : 1;
	for (int i = 0; i < CONCERN_LINES; i++) {
		int needed = safe_columns(buf_str(&words->lines[i]), is_utf8);
		rows += (needed + width - 1) / width;
	}
	return rows < LAYOUT_NOW_ROWS ? LAYOUT_NOW_ROWS
	       : rows > CONCERN_LINES ? CONCERN_LINES
				      : rows;
}

// --- wide ---

static void say_hidden(struct hidden hidden, struct buf *out)
{
	if (hidden.above > 0)
		buf_printf(out, "%d above", hidden.above);
	if (hidden.below > 0)
		buf_printf(out, "%s%d line%s below", hidden.above > 0 ? ", " : "", hidden.below,
			hidden.below == 1 ? "" : "s");
}

// The last line of the left column: what is hidden, else what the glyphs mean.
static void draw_legend(struct area area, const struct scene *scene, struct hidden hidden)
{
	struct buf text = {0};
	size_t roots = 0;
	say_hidden(hidden, &text);
	for (size_t i = 0; i < scene->plan->count; i++) {
		int step = scene->plan->order[i];
		if (scene->letter[step] && roots++ < 3)
			buf_printf(&text, "%s^%c follows %s", text.length ? "   " : "",
				scene->letter[step], scene->runbook->steps[step].id);
	}
	if (text.length == 0)
		buf_text(
			&text, "[ ] sensed by relight  ( ) a person's word  . waiting  =|= locked");
	area_text(area, 0, 1, area.columns - 1, ROLE_DIM, buf_str(&text));
	buf_fini(&text);
}

static bool has_output(const struct scene *scene)
{
	const struct frame_output *output = &scene->input->output;
	return output->step >= 0 && output->attempt > 0;
}

// A pane that says less than it has to says so in its last line; the output and the timeline are
// never whole, and say where they are.
static struct hidden draw_marked(struct area area, const struct scene *scene, enum pane pane)
{
	struct hidden hidden = drawers[pane](area, scene);
	struct buf text = {0};
	if (hidden.below == 0 || area.rows < 3 || pane == PANE_OUTPUT || pane == PANE_TIMELINE)
		return hidden;
	area_clear(area, ROLE_NORMAL);
	hidden = drawers[pane](area_part(area, 0, 0, area.rows - 1, area.columns), scene);
	say_hidden(hidden, &text);
	area_right(
		area, area.rows - 1, area.columns - 2, area.columns - 2, ROLE_DIM, buf_str(&text));
	buf_fini(&text);
	return hidden;
}

// Detail, output, dependencies and timeline share the right column; the one with the focus gets
// more of it. Returns what is above in that one.
static int draw_right(struct area area, const struct scene *scene)
{
	static const enum pane panes[] = {
		PANE_DETAIL, PANE_OUTPUT, PANE_DEPENDENCIES, PANE_TIMELINE};
	enum pane focus = scene->ui->pane;
	if (focus == PANE_HELP || focus == PANE_CLOCKS) {
		return draw_marked(area, scene, focus).above;
	}
	int weights[] = {11, 7, 10, 6}; // by what they have to say
	int sum = 0;
	for (int i = 0; i < 4; i++) {
		if (panes[i] == PANE_OUTPUT && !has_output(scene) && focus != PANE_OUTPUT)
			weights[i] = 0;
		if (panes[i] == focus)
			weights[i] *= 3;
		sum += weights[i];
	}
	int row = 0, above = 0;
	for (int i = 0; i < 4; i++) {
		int rows = i == 3 ? area.rows - row : area.rows * weights[i] / sum;
		if (rows < 2)
			continue;
		struct hidden hidden =
			draw_marked(area_part(area, row, 0, rows, area.columns), scene, panes[i]);
		if (panes[i] == focus)
			above = hidden.above;
		row += rows;
	}
	return above;
}

static int left_columns(int columns)
{
	int left = columns * 47 / 100;
	return left < LEFT_LEAST ? LEFT_LEAST : left > LEFT_MOST ? LEFT_MOST : left;
}

static int draw_wide(struct area body, const struct scene *scene)
{
	int left = left_columns(body.columns);
	struct area order = area_part(body, 0, 0, body.rows - 1, left);
	struct hidden hidden = order_draw(order, scene);
	draw_legend(area_part(body, body.rows - 1, 0, 1, left), scene, hidden);
	for (int row = 0; row < body.rows; row++)
		area_repeat(body, row, left, 1, ROLE_RULE, '|', row == 0 ? "┬" : "│");
	return draw_right(area_part(body, 0, left + 1, body.rows, body.columns - left - 1), scene);
}

// --- narrow ---

static int draw_narrow(struct area body, const struct scene *scene)
{
	struct area pane = area_part(body, 0, 0, body.rows - 1, body.columns);
	struct hidden hidden = drawers[scene->ui->pane](pane, scene);
	struct buf text = {0};
	say_hidden(hidden, &text);
	rule_draw(body, body.rows - 1, ROLE_RULE, NULL, buf_str(&text));
	buf_fini(&text);
	return hidden.above;
}

// --- tiny ---

static int draw_tiny(struct area all, const struct scene *scene, const struct concern_words *words)
{
	int header = all.rows >= 4 ? 2 : 1;
	int now = all.rows >= 11 ? 3 : all.rows >= 4 ? all.rows - 3 : all.rows - 1;
	if (now > 3)
		now = 3;
	header_draw(area_part(all, 0, 0, header, all.columns), scene);
	now_draw(area_part(all, header, 0, now, all.columns), scene, words);
	int from = header + now;
	int rows = all.rows - from - 1, above = 0;
	if (rows >= 2)
		above = drawers[scene->ui->pane](area_part(all, from, 0, rows, all.columns), scene)
				.above;
	if (all.rows < 4)
		return above;
	struct area last = area_part(all, all.rows - 1, 0, 1, all.columns);
	if (scene->ui->message[0])
		message_draw(last, scene);
	else
		area_printf(last, 0, 1, all.columns - 1, ROLE_WARN,
			"too small: %dx%d; %dx%d shows all", all.columns, all.rows,
			LAYOUT_TINY_COLUMNS, LAYOUT_TINY_ROWS);
	return above;
}

// --- the whole ---

static int draw_full(struct area all, const struct scene *scene, const struct concern_words *words)
{
	bool is_wide = layout_is_wide(all.rows, all.columns);
	int header = is_wide && all.columns >= LAYOUT_TALL_COLUMNS ? 4 : 3;
	int now = now_rows(words, all.columns, scene->is_utf8);
	int from = header + 1 + now;
	int below = is_wide ? LAYOUT_WIDE_BELOW : LAYOUT_NARROW_BELOW - 1;
	struct area body = area_part(all, from, 0, all.rows - from - below, all.columns);
	header_draw(area_part(all, 0, 0, header, all.columns), scene);
	now_rule(all, header, scene);
	now_draw(area_part(all, header + 1, 0, now, all.columns), scene, words);
	int above = is_wide ? draw_wide(body, scene) : draw_narrow(body, scene);
	int keys = is_wide ? all.rows - 2 : all.rows - 1;
	int message = is_wide ? all.rows - 1 : all.rows - 2;
	keys_draw(area_part(all, keys, 0, 1, all.columns), scene);
	message_draw(area_part(all, message, 0, 1, all.columns), scene);
	return above;
}

int frame_draw(struct grid *grid, const struct frame_input *input)
{
	struct area all = area_all(grid);
	struct concern_words words;
	grid_clear(grid);
	struct scene *scene = scene_new(input, grid);
	now_say(scene, &words);
	bool is_tiny = layout_is_tiny(grid->rows, grid->columns);
	int above = is_tiny ? draw_tiny(all, scene, &words) : draw_full(all, scene, &words);
	if (scene->ui->dialog.kind != DIALOG_NONE)
		dialog_draw(all, scene);
	concern_words_fini(&words);
	scene_free(scene);
	return above;
}
