// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "frame_words.h"

// Where things stand on a line of the checklist. Fixed for a width, so that only digits change from
// second to second.
struct columns {
	int phase_name, phase_count, phase_word, phase_text;
	int step_glyph, step_name, step_word, step_text;
	int mark, owner, end; // owner: -1 where there is no room for it
	int text_end;         // of the reason beside a mark
	int owner_from;       // of the reason without one
};

#define WORD_COLUMNS  9 // "REGRESSED"
#define OWNER_LEAST   3
#define OWNER_MOST    8
#define ROOMY_COLUMNS 70

static struct columns columns_of(int width, int owner)
{
	bool is_roomy = width >= ROOMY_COLUMNS;
	int name = is_roomy ? 17 + (width - 74) / 8 : width >= 56 ? 16 : 14;
	struct columns at = {.phase_name = 5, .step_glyph = is_roomy ? 5 : 3, .end = width - 1};
	at.step_name = at.step_glyph + 4;
	at.step_word = at.step_name + name + 1;
	at.step_text = at.step_word + WORD_COLUMNS + 1;
	at.phase_count = at.step_word - 2;
	at.phase_word = at.step_word + 3;
	at.phase_text = at.phase_word + WORD_COLUMNS + 1;
	at.owner = is_roomy ? at.end - owner : -1;
	at.mark = is_roomy ? at.owner - 3 : at.end - 2;
	at.text_end = at.mark - 1;
	at.owner_from = is_roomy ? at.owner - 1 : at.end;
	return at;
}

static void draw_step(
	struct area area, int row, const struct columns *at, const struct scene *scene, int step)
{
	enum role role = step_role(scene, step);
	bool is_dim = role == ROLE_DIM;
	struct buf reason = {0};
	char mark[3];
	area_text(area, row, at->step_glyph, 3, role, step_glyph(scene, step));
	area_text(area, row, at->step_name, at->step_word - at->step_name - 1,
		is_dim ? ROLE_DIM : ROLE_NORMAL, scene->runbook->steps[step].id);
	area_text(area, row, at->step_word, WORD_COLUMNS, role, step_word(scene, step));
	step_reason(scene, step, &reason);
	scene_mark(scene, scene->root[step], mark);
	area_text(area, row, at->step_text,
		(mark[0] ? at->text_end : at->owner_from) - at->step_text,
		is_dim ? ROLE_DIM : ROLE_NORMAL, buf_str(&reason));
	buf_fini(&reason);
	area_text(area, row, at->mark, 2, ROLE_MARK, mark);
	if (at->owner >= 0)
		area_right(
			area, row, at->end, at->end - at->owner, ROLE_DIM, step_owner(scene, step));
}

// --- phases ---

// What a phase is like as a whole.
struct phase_sum {
	struct counts counts;
	struct moment done; // when its newest step became done
	int64_t finish_ms;
	int first_waiting, root;
	int doubted; // steps that are done, by what is not healthy now
	bool by_person, is_locked;
};

static struct phase_sum phase_sum(const struct scene *scene, int phase)
{
	struct phase_sum sum = {.counts = scene_counts(scene, phase),
		.done = MOMENT_NONE,
		.finish_ms = -1,
		.first_waiting = -1,
		.root = -1,
		.is_locked = scene_is_locked(scene, phase)};
	const struct refs *steps = &scene->plan->phase_steps[phase];
	for (size_t i = 0; i < steps->count; i++) {
		int step = steps->items[i];
		const struct step_progress *progress = &scene->state->steps[step];
		if (sum.root < 0)
			sum.root = scene->root[step];
		if (scene->shown[step] == STEP_DONE) {
			sum.by_person = sum.by_person || step_is_person(scene, step);
			sum.doubted += step_is_doubted(scene, step);
			if (wall_known(progress->done.wall) &&
				(!wall_known(sum.done.wall) ||
					progress->done.mono.us > sum.done.mono.us))
				sum.done = progress->done;
			continue;
		}
		if (scene->finish_ms[step] > sum.finish_ms)
			sum.finish_ms = scene->finish_ms[step];
		if (sum.first_waiting < 0 && scene->shown[step] == STEP_WAITING)
			sum.first_waiting = step;
	}
	return sum;
}

static bool phase_is_finished(const struct phase_sum *sum)
{
	return sum->counts.done + sum->counts.skipped == sum->counts.total;
}

static bool phase_is_untouched(const struct phase_sum *sum)
{
	return sum->counts.waiting + sum->counts.skipped == sum->counts.total;
}

// Where traffic waits: what is missing of the journey.
static void say_lock(const struct scene *scene, struct buf *out)
{
	int journey_phase = scene->plan->journey_phase;
	struct counts journey = scene_counts(scene, journey_phase);
	const struct refs *steps = &scene->plan->phase_steps[journey_phase];
	for (size_t i = 0; i < steps->count; i++) {
		int dependency = scene_unhealthy(scene, steps->items[i]);
		if (dependency < 0 || !status_is_bad(scene_status(scene, dependency)))
			continue;
		buf_printf(out, "journey %d/%d; %s %s", journey.done, journey.total,
			scene->runbook->dependencies[dependency].id,
			scene_message(scene, dependency));
		return;
	}
	buf_text(out, "until journey is done and healthy now");
}

static void say_phase(const struct scene *scene, const struct phase_sum *sum, struct buf *out)
{
	if (sum->is_locked) {
		say_lock(scene, out);
	} else if (phase_is_finished(sum)) {
		if (wall_known(sum->done.wall))
			elapsed_words(scene, sum->done, out);
		if (sum->counts.skipped > 0)
			buf_printf(
				out, "%s%d skipped", out->length ? ", " : "", sum->counts.skipped);
		if (sum->doubted > 0)
			buf_printf(
				out, "%s%d NOT HEALTHY NOW", out->length ? ", " : "", sum->doubted);
	} else if (phase_is_untouched(sum) && sum->first_waiting >= 0) {
		state_blocked(scene->state, sum->first_waiting, scene->now.wall, out);
	}
}

static void draw_phase_words(struct area area, int row, const struct columns *at,
	const struct scene *scene, const struct phase_sum *sum, bool is_marked)
{
	struct buf text = {0};
	const char *word = sum->is_locked            ? "LOCKED"
			   : phase_is_finished(sum)  ? "done"
			   : phase_is_untouched(sum) ? "waiting"
						     : "";
	enum role role = sum->is_locked || sum->doubted ? ROLE_WARN
			 : phase_is_finished(sum)       ? ROLE_GOOD
							: ROLE_DIM;
	if (word[0] == '\0' && sum->finish_ms >= 0) {
		finish_words(sum->finish_ms, &text);
		area_text(area, row, at->phase_word, WORD_COLUMNS, ROLE_DIM, buf_str(&text));
	} else {
		area_text(area, row, at->phase_word, WORD_COLUMNS, role, word);
	}
	buf_clear(&text);
	say_phase(scene, sum, &text);
	area_text(area, row, at->phase_text, (is_marked ? at->text_end : at->end) - at->phase_text,
		ROLE_DIM, buf_str(&text));
	buf_fini(&text);
}

static void draw_phase(
	struct area area, int row, const struct columns *at, const struct scene *scene, int phase)
{
	struct phase_sum sum = phase_sum(scene, phase);
	const char *glyph = sum.is_locked              ? "=|="
			    : phase_is_finished(&sum)  ? (sum.by_person ? "(x)" : "[x]")
			    : phase_is_untouched(&sum) ? " . "
						       : "   ";
	char count[24];
	char mark[3];
	snprintf(count, sizeof(count), "%d/%d", sum.counts.done, sum.counts.total);
	area_text(area, row, 1, 3,
		sum.is_locked || sum.doubted ? ROLE_WARN
		: phase_is_finished(&sum)    ? (sum.by_person ? ROLE_PERSON : ROLE_GOOD)
					     : ROLE_DIM,
		glyph);
	area_text(area, row, at->phase_name, at->phase_count - at->phase_name - 1,
		phase_is_untouched(&sum) ? ROLE_DIM : ROLE_TITLE,
		scene->runbook->phases.items[phase]);
	area_text(area, row, at->phase_count, 5, ROLE_NORMAL, count);
	// The lines of a phase that is under way have marks of their own.
	scene_mark(
		scene, phase_is_untouched(&sum) || phase_is_finished(&sum) ? sum.root : -1, mark);
	draw_phase_words(area, row, at, scene, &sum, mark[0] != '\0');
	area_text(area, row, at->mark, 2, ROLE_MARK, mark);
}

// --- the built-in phase, and the line before traffic ---

static void draw_open(
	struct area area, int row, const struct columns *at, const struct scene *scene)
{
	int done = 0;
	int total = (int)scene->state->open_line_count;
	char count[24];
	for (int i = 0; i < total; i++) {
		struct open_line line;
		open_line_get(scene->state, (size_t)i, &line);
		done += line.is_done;
	}
	snprintf(count, sizeof(count), "%d/%d", done, total);
	bool is_done = done == total;
	area_text(area, row, 1, 3, ROLE_GOOD, is_done ? "[x]" : "");
	area_text(area, row, at->phase_name, at->phase_count - at->phase_name - 1, ROLE_TITLE,
		"open");
	area_text(area, row, at->phase_count, 5, ROLE_NORMAL, count);
	area_text(area, row, at->phase_word, WORD_COLUMNS, is_done ? ROLE_GOOD : ROLE_DIM,
		is_done ? "done" : "");
	if (!is_done)
		area_printf(area, row, at->phase_text, at->end - at->phase_text, ROLE_DIM,
			"%d left; nothing waits for them", total - done);
}

static void draw_open_line(
	struct area area, int row, const struct columns *at, const struct scene *scene, int index)
{
	struct open_line line;
	open_line_get(scene->state, (size_t)index, &line);
	const char *glyph =
		line.is_attested ? (line.is_done ? "(x)" : "( )") : (line.is_done ? "[x]" : "[ ]");
	const char *id = strchr(line.id, ':');
	area_text(area, row, at->step_glyph, 3, line.is_done ? ROLE_GOOD : ROLE_DIM, glyph);
	area_text(area, row, at->step_name, at->step_word - at->step_name - 1, ROLE_NORMAL,
		id ? id + 1 : line.id);
	area_text(area, row, at->step_word, at->end - at->step_word, ROLE_DIM, line.text);
}

static void draw_return_line(struct area area, int row)
{
	static const char words[] = " point of no return ";
	int width = area.columns - 2;
	int left = (width - (int)sizeof(words) + 1) / 2;
	area_repeat(area, row, 1, width, ROLE_WARN, '=', "═");
	if (left > 0)
		area_text(area, row, 1 + left, width - left, ROLE_WARN, words);
}

// --- the pane ---

static bool row_same(const struct row *a, const struct row *b)
{
	return a->kind == b->kind && (a->index == b->index || a->kind == ROW_OPEN);
}

static void draw_row(struct area area, int line, const struct columns *at,
	const struct scene *scene, const struct row *row)
{
	switch (row->kind) {
	case ROW_OPEN: draw_open(area, line, at, scene); break;
	case ROW_OPEN_LINE: draw_open_line(area, line, at, scene, row->index); break;
	case ROW_PHASE: draw_phase(area, line, at, scene, row->index); break;
	case ROW_STEP: draw_step(area, line, at, scene, row->index); break;
	case ROW_RETURN_LINE: draw_return_line(area, line); break;
	case ROW_ABORT:
		area_text(area, line, at->phase_name, at->text_end - at->phase_name, ROLE_BAD,
			"abort");
		break;
	}
	if (row_same(row, &scene->ui->selected)) {
		area_paint(area, line, 0, area.columns, ROLE_SELECTED);
		area_text(area, line, 0, 1, ROLE_SELECTED, ">");
	}
}

static void say_counts(const struct scene *scene, struct buf *out)
{
	const struct counts *counts = &scene->counts;
	const struct {
		int count;
		const char *word;
	} parts[] = {{counts->regressed, "regressed"}, {counts->failed, "failed"},
		{counts->unknown, "unknown"}, {counts->running, "running"},
		{counts->verifying, "verifying"}, {counts->ready, "ready"}};
	size_t shown = 0;
	buf_printf(out, "%d of %d done", counts->done, counts->total);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && shown < 2; i++)
		if (parts[i].count > 0) {
			buf_printf(out, ", %d %s", parts[i].count, parts[i].word);
			shown++;
		}
}

static void draw_title(struct area area, const struct scene *scene)
{
	struct buf counts = {0};
	struct buf title = {0};
	buf_text(&title, "RESTORE ORDER");
	if (scene->ui->filter[0])
		buf_printf(&title, " /%s", scene->ui->filter);
	say_counts(scene, &counts);
	rule_draw(area, 0, scene->ui->pane == PANE_ORDER ? ROLE_TITLE : ROLE_RULE, buf_str(&title),
		buf_str(&counts));
	buf_fini(&counts);
	buf_fini(&title);
}

// The first line shown: what ui wishes, but never so that the selected line is out of sight.
static int top_row(int wished, int selected, int count, int height)
{
	int top = wished;
	if (selected >= 0 && selected >= top + height)
		top = selected - height + 1;
	if (selected >= 0 && selected < top)
		top = selected;
	if (top > count - height)
		top = count - height;
	return top < 0 ? 0 : top;
}

// As wide as the longest name, within reason.
static int owner_columns(const struct scene *scene)
{
	int most = OWNER_LEAST;
	for (size_t i = 0; i < scene->plan->count && most < OWNER_MOST; i++) {
		int columns =
			safe_columns(step_owner(scene, scene->plan->order[i]), scene->is_utf8);
		most = columns > most ? columns : most;
	}
	return most < OWNER_MOST ? most : OWNER_MOST;
}

struct hidden order_draw(struct area area, const struct scene *scene)
{
	size_t limit = scene->runbook->step_count + scene->runbook->phases.count +
		       scene->state->open_line_count + 3;
	struct row *rows = memory_zeroed(limit, sizeof(*rows));
	int count = (int)ui_rows(scene->ui, scene->facts, rows, limit);
	struct area body = area_part(area, 1, 0, area.rows - 1, area.columns);
	struct columns at = columns_of(area.columns, owner_columns(scene));
	int selected = -1;
	for (int i = 0; i < count; i++)
		if (row_same(&rows[i], &scene->ui->selected))
			selected = i;
	int top = top_row(scene->ui->order_top, selected, count, body.rows);
	draw_title(area, scene);
	for (int i = 0; i < body.rows && top + i < count; i++)
		draw_row(body, i, &at, scene, &rows[top + i]);
	if (count == 0 && scene->ui->filter[0])
		area_printf(body, 0, 1, area.columns - 1, ROLE_DIM,
			"Nothing matches /%s; Esc shows everything.", scene->ui->filter);
	free(rows);
	int below = count - top - body.rows;
	return (struct hidden){top, below > 0 ? below : 0};
}
