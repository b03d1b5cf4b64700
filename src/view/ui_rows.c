// SPDX-License-Identifier: Apache-2.0
//
// The checklist as lines, and what of it needs a person.
#include "ui_inner.h"

#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

int ui_step(const struct ui *ui)
{
	return ui->selected.kind == ROW_STEP && !ui->is_nothing_shown ? ui->selected.index : -1;
}

int page_rows(const struct ui *ui)
{
	int rows = layout_page_rows(ui->rows, ui->columns, ui->pane);

	return rows > 1 ? rows : 1;
}

// --- folding ---------------------------------------------------------------------------------------------------------

struct rows {
	struct row *items;
	size_t count, limit;
};

static void add(struct rows *rows, enum row_kind kind, int index)
{
	if (rows->count < rows->limit)
		rows->items[rows->count++] = (struct row){kind, index};
}

static bool is_selected_phase(const struct ui *ui, const struct facts *facts, int phase)
{
	int step = ui_step(ui);

	return step >= 0 && !facts->runbook->steps[step].is_abort &&
	       facts->runbook->steps[step].phase == phase;
}

// The lines of the open phase block nothing, so they stand open only at the beginning, and where
// they leave room for the phases and a few steps.
#define STEPS_IN_SIGHT 4
static bool open_is_unfolded(
	const struct ui *ui, const struct facts *facts, const struct counts *all)
{
	size_t open = OPEN_PHASE(facts), lines = facts->state->open_line_count;
	size_t page = (size_t)layout_page_rows(ui->rows, ui->columns, PANE_ORDER);
	bool has_begun = all->waiting + all->ready + all->skipped < all->total;
	bool is_done = true;

	if (ui->phase_touched[open])
		return ui->phase_open[open];
	if (ui->selected.kind == ROW_OPEN_LINE)
		return true;
	if (has_begun || 1 + lines + facts->runbook->phases.count + 1 + STEPS_IN_SIGHT > page)
		return false;
	for (size_t i = 0; i < lines && is_done; i++) {
		struct open_line line;

		open_line_get(facts->state, i, &line);
		is_done = line.is_done;
	}
	return !is_done;
}

enum folding { FOLDED, UNFOLDED, IF_IT_FITS };

// Finished phases fold, what goes on and what is wrong unfolds; what is still to come unfolds as
// far as there is room.
static enum folding phase_folding(
	const struct ui *ui, const struct facts *facts, int phase, bool is_first_unfinished)
{
	struct counts counts = state_counts(facts->state, phase, facts->now.wall);

	if (ui->phase_touched[phase])
		return ui->phase_open[phase] ? UNFOLDED : FOLDED;
	if (is_selected_phase(ui, facts, phase))
		return UNFOLDED;
	if (counts.done + counts.skipped == counts.total)
		return FOLDED;
	if (counts.waiting + counts.skipped == counts.total && !is_first_unfinished)
		return IF_IT_FITS;
	return UNFOLDED;
}

static void fold_phases(
	const struct ui *ui, const struct facts *facts, enum folding *folding, size_t other_rows)
{
	const struct plan *plan = facts->plan;
	size_t phases = facts->runbook->phases.count, used = other_rows;
	size_t page = (size_t)layout_page_rows(ui->rows, ui->columns, PANE_ORDER);
	bool is_first = true, is_full = false;

	for (size_t p = 0; p < phases; p++) {
		struct counts counts = state_counts(facts->state, (int)p, facts->now.wall);

		folding[p] = phase_folding(ui, facts, (int)p, is_first);
		if (counts.done + counts.skipped < counts.total)
			is_first = false;
		used += plan->phase_steps[p].count > 0;
		used += folding[p] == UNFOLDED ? plan->phase_steps[p].count : 0;
	}
	for (size_t p = 0; p < phases; p++) {
		if (folding[p] != IF_IT_FITS)
			continue;
		is_full = is_full || used + plan->phase_steps[p].count > page;
		folding[p] = is_full ? FOLDED : UNFOLDED;
		used += is_full ? 0 : plan->phase_steps[p].count;
	}
}

// The phase before which the line of no return stands: that of the first such step, else traffic.
static int return_phase(const struct facts *facts)
{
	for (size_t i = 0; i < facts->plan->count; i++) {
		const struct step *step = &facts->runbook->steps[facts->plan->order[i]];

		if (step->point_of_no_return)
			return step->phase;
	}
	return facts->plan->traffic_phase;
}

// --- the rows --------------------------------------------------------------------------------------------------------

static bool contains(const char *text, const char *part)
{
	return text && strcasestr(text, part);
}

static bool step_matches(const struct facts *facts, int step, const char *filter)
{
	const struct step *of = &facts->runbook->steps[step];

	return contains(of->id, filter) || contains(of->title, filter) ||
	       contains(of->owner, filter) || contains(facts->state->steps[step].owner, filter) ||
	       contains(step_state_word(state_step(facts->state, step, facts->now.wall)), filter) ||
	       contains(facts->runbook->phases.items[of->phase], filter);
}

static void add_matching(struct rows *rows, const struct ui *ui, const struct facts *facts)
{
	for (size_t p = 0; p < facts->runbook->phases.count; p++) {
		const struct refs *steps = &facts->plan->phase_steps[p];
		bool has_header = false;

		for (size_t i = 0; i < steps->count; i++) {
			if (!step_matches(facts, steps->items[i], ui->filter))
				continue;
			if (!has_header)
				add(rows, ROW_PHASE, (int)p);
			has_header = true;
			add(rows, ROW_STEP, steps->items[i]);
		}
	}
}

static void add_abort_steps(struct rows *rows, const struct facts *facts)
{
	const struct refs *steps = &facts->runbook->abort.steps;

	if (!facts->state->was_aborted || steps->count == 0)
		return;
	add(rows, ROW_ABORT, 0);
	for (size_t i = 0; i < steps->count; i++)
		add(rows, ROW_STEP, steps->items[i]);
}

static void add_phases(struct rows *rows, const struct ui *ui, const struct facts *facts)
{
	size_t phases = facts->runbook->phases.count;
	enum folding *folding = memory_zeroed(phases, sizeof *folding);
	int line = return_phase(facts);

	fold_phases(ui, facts, folding, rows->count + (line >= 0));
	for (size_t p = 0; p < phases; p++) {
		const struct refs *steps = &facts->plan->phase_steps[p];

		if (steps->count == 0)
			continue;
		if ((int)p == line)
			add(rows, ROW_RETURN_LINE, 0);
		add(rows, ROW_PHASE, (int)p);
		for (size_t i = 0; folding[p] == UNFOLDED && i < steps->count; i++)
			add(rows, ROW_STEP, steps->items[i]);
	}
	free(folding);
}

size_t ui_rows(const struct ui *ui, const struct facts *facts, struct row *rows, size_t limit)
{
	struct rows all = {.items = rows, .limit = limit};

	if (ui->filter[0]) {
		add_matching(&all, ui, facts);
		return all.count;
	}

	struct counts counts = state_counts(facts->state, -1, facts->now.wall);

	add(&all, ROW_OPEN, 0);
	if (open_is_unfolded(ui, facts, &counts))
		for (size_t i = 0; i < facts->state->open_line_count; i++)
			add(&all, ROW_OPEN_LINE, (int)i);
	add_phases(&all, ui, facts);
	add_abort_steps(&all, facts);
	return all.count;
}

// All rows, in an array that the caller frees.
static struct row *rows_new(const struct ui *ui, const struct facts *facts, size_t *count)
{
	size_t limit = facts->runbook->step_count + facts->runbook->phases.count +
		       facts->state->open_line_count + 3;
	struct row *rows = memory_zeroed(limit, sizeof *rows);

	*count = ui_rows(ui, facts, rows, limit);
	return rows;
}

// --- the selected line -----------------------------------------------------------------------------------------------

static bool row_is(const struct row *row, enum row_kind kind, int index)
{
	return row->kind == kind && row->index == index;
}

// The index of the selected line in `rows`, -1: it is not among them.
static int rows_selected(const struct ui *ui, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (row_is(&rows[i], ui->selected.kind, ui->selected.index))
			return (int)i;
	return -1;
}

static void scroll_to(struct ui *ui, int at)
{
	int page = layout_page_rows(ui->rows, ui->columns, PANE_ORDER);

	if (at < ui->order_top)
		ui->order_top = at;
	if (at >= ui->order_top + page)
		ui->order_top = at - page + 1;
	// The first line stands under nothing that is worth hiding.
	if (at <= 1)
		ui->order_top = 0;
}

void rows_settle(struct ui *ui, const struct facts *facts)
{
	size_t count;

	// The step that was selected before is one again as soon as it is shown.
	ui->is_nothing_shown = false;

	struct row *rows = rows_new(ui, facts, &count);
	int at = rows_selected(ui, rows, count), step = ui_step(ui);

	for (size_t i = 0; i < count && at < 0 && step >= 0; i++)
		if (row_is(&rows[i], ROW_PHASE, facts->runbook->steps[step].phase))
			at = (int)i;
	// Of a filtered list the first step is what was looked for.
	for (size_t i = 0; i < count && ui->filter[0] && at < 0; i++)
		if (rows[i].kind == ROW_STEP)
			at = (int)i;
	if (at < 0 && count)
		at = 0;
	if (at >= 0) {
		ui->selected = rows[at];
		scroll_to(ui, at);
	}
	ui->is_nothing_shown = count == 0;
	free(rows);
}

void rows_move(struct ui *ui, const struct facts *facts, int by)
{
	size_t count;
	struct row *rows = rows_new(ui, facts, &count);
	int from = rows_selected(ui, rows, count), last = (int)count - 1,
	    at = from < 0 ? 0 : from + by;

	at = at < 0 ? 0 : at > last ? last : at;
	if (count && rows[at].kind == ROW_RETURN_LINE)
		at += by < 0 && at > 0 ? -1 : 1;
	if (count) {
		ui->selected = rows[at > last ? last : at];
		scroll_to(ui, at);
	}
	free(rows);
	// Moving out of a phase may fold it.
	rows_settle(ui, facts);
}

void rows_select_step(struct ui *ui, const struct facts *facts, int step)
{
	const struct step *of = &facts->runbook->steps[step];

	ui->selected = (struct row){ROW_STEP, step};
	if (ui->filter[0] && !step_matches(facts, step, ui->filter))
		ui->filter[0] = '\0';
	if (ui->phase_touched[of->phase])
		ui->phase_open[of->phase] = true;
	rows_settle(ui, facts);
}

void rows_fold(struct ui *ui, const struct facts *facts)
{
	size_t count, phase;
	struct row *rows = rows_new(ui, facts, &count);
	int at = rows_selected(ui, rows, count), step = ui_step(ui);
	bool is_open = false;

	if (ui->selected.kind == ROW_PHASE ||
		(step >= 0 && !facts->runbook->steps[step].is_abort)) {
		phase = (size_t)(step >= 0 ? facts->runbook->steps[step].phase
					   : ui->selected.index);
		is_open = step >= 0 ||
			  (at >= 0 && at + 1 < (int)count && rows[at + 1].kind == ROW_STEP);
		ui->selected = (struct row){ROW_PHASE, (int)phase};
	} else if (ui->selected.kind == ROW_OPEN || ui->selected.kind == ROW_OPEN_LINE) {
		phase = OPEN_PHASE(facts);
		is_open = ui->selected.kind == ROW_OPEN_LINE ||
			  (at >= 0 && at + 1 < (int)count && rows[at + 1].kind == ROW_OPEN_LINE);
		ui->selected = (struct row){ROW_OPEN, 0};
	} else {
		free(rows);
		return;
	}
	free(rows);
	ui->phase_touched[phase] = true;
	ui->phase_open[phase] = !is_open;
	rows_settle(ui, facts);
}

// --- what needs a person ---------------------------------------------------------------------------------------------

// What has a deadline comes first.
enum rank {
	RANK_TIMEOUT,
	RANK_REGRESSED,
	RANK_FAILED,
	RANK_UNKNOWN,
	RANK_SEEN_REGRESSED,
	RANK_SEEN_FAILED,
	RANK_SEEN_UNKNOWN,
	RANK_LATE,
	RANK_READY, // from here on nobody is needed
	RANK_WANTING,
	RANK_NONE,
};

static bool is_nearly(struct mono from, struct mono now, int64_t limit_ms)
{
	return mono_known(from) && limit_ms > 0 &&
	       (now.us - from.us) / US_PER_MS >= limit_ms * RUNBOOK_ASKS_PER_CENT / 100;
}

static enum rank step_rank(const struct facts *facts, int step)
{
	const struct step *of = &facts->runbook->steps[step];
	const struct step_progress *progress = &facts->state->steps[step];
	int seen = progress->is_acknowledged ? RANK_SEEN_REGRESSED - RANK_REGRESSED : 0;

	// After an abort nothing else starts.
	if (of->is_abort != facts->state->was_aborted)
		return RANK_NONE;
	switch (state_step(facts->state, step, facts->now.wall)) {
	case STEP_REGRESSED: return (enum rank)(RANK_REGRESSED + seen);
	case STEP_FAILED: return (enum rank)(RANK_FAILED + seen);
	case STEP_UNKNOWN: return (enum rank)(RANK_UNKNOWN + seen);
	case STEP_RUNNING:
		// Nobody can help what is being stopped.
		return !state_is_stopping(facts->state, step) &&
				       state_is_near_timeout(facts->state, step, facts->now.mono)
			       ? RANK_TIMEOUT
			       : RANK_NONE;
	case STEP_VERIFYING:
		return is_nearly(progress->verifying_from.mono, facts->now.mono,
			       of->settle_ms + progress->extended_ms)
			       ? RANK_LATE
			       : RANK_NONE;
	case STEP_READY: return of->kind == STEP_WAIT ? RANK_NONE : RANK_READY;
	case STEP_WAITING:
		return state_waits_for_person(facts->state, step, facts->now.wall) ? RANK_WANTING
										   : RANK_NONE;
	default: return RANK_NONE;
	}
}

bool step_needs_person(const struct facts *facts, int step)
{
	return step_rank(facts, step) < RANK_READY;
}

size_t ui_attention(const struct facts *facts, int *steps, size_t limit, size_t *needing)
{
	const struct refs *abort_steps = &facts->runbook->abort.steps;
	size_t candidates = facts->state->was_aborted ? abort_steps->count : facts->plan->count,
	       count = 0;
	const int *order = facts->state->was_aborted ? abort_steps->items : facts->plan->order;
	enum rank *ranks = memory_zeroed(candidates, sizeof *ranks);

	for (size_t i = 0; i < candidates; i++)
		ranks[i] = step_rank(facts, order[i]);
	*needing = 0;
	for (int rank = 0; rank < RANK_NONE; rank++) {
		for (size_t i = 0; i < candidates && count < limit; i++)
			if ((int)ranks[i] == rank)
				steps[count++] = order[i];
		if (rank < RANK_READY)
			*needing = count;
	}
	free(ranks);
	return count;
}

// --- dependencies ----------------------------------------------------------------------------------------------------

static int dependency_rank(const struct facts *facts, int dependency)
{
	static const int ranks[EXPECTATION_WORDS] = {
		[LOST] = 0, [DUE] = 2, [HELD] = 4, [GIVEN] = 6, [AWAITED] = 8};

	if (state_waiver(facts->state, -1, dependency, facts->now.wall))
		return 10;
	return ranks[state_expectation(facts->state, dependency)] +
	       state_is_healthy(facts->state, dependency);
}

#define DEPENDENCY_RANKS 11

void ui_dependencies(const struct facts *facts, int *dependencies)
{
	int count = (int)facts->runbook->dependency_count;
	int *ranks = memory_zeroed((size_t)count, sizeof *ranks);
	size_t stored = 0;

	for (int d = 0; d < count; d++)
		ranks[d] = dependency_rank(facts, d);
	for (int rank = 0; rank < DEPENDENCY_RANKS; rank++)
		for (int d = 0; d < count; d++)
			if (ranks[d] == rank)
				dependencies[stored++] = d;
	free(ranks);
}
