// SPDX-License-Identifier: Apache-2.0
//
// What the screen shows, put together from the engine and what the cockpit follows beside it.
#include "cockpit_parts.h"

#include <string.h>

#include "relight/clock.h"
#include "relight/mask.h"

#define FRAME_US (33 * US_PER_MS) // what nobody typed for is drawn at most so often

// What the selected step would run, without its secrets.
static const char *preview(struct cockpit *cockpit, const struct facts *facts)
{
	int step = ui_step(&cockpit->ui);
	struct buf plain = {0};
	struct err why = {0};
	buf_clear(&cockpit->preview);
	if (step < 0 || facts->runbook->steps[step].kind != STEP_RUN)
		return NULL;
	if (!decide_preview(facts, step, false, &plain, &why))
		buf_printf(&plain, "(%s)", why.message);
	mask_text(cockpit->engine.record.mask, buf_str(&plain), plain.length, &cockpit->preview);
	buf_fini(&plain);
	return buf_str(&cockpit->preview);
}

void cockpit_see_dialog(struct cockpit *cockpit)
{
	struct dialog *dialog = &cockpit->ui.dialog;
	if (dialog->is_shown || dialog->grid == 0 || !term_has_drawn(cockpit->term, dialog->grid))
		return;
	dialog->is_shown = true;
	dialog->opened_us = clock_mono().us;
}

// Why the record cannot be written. Its path stands in the timeline; before the reason it would
// push that over the edge of a small screen.
static const char *fault_words(const char *message)
{
	const char *reason = message;
	for (const char *at = message; (at = strstr(at, ": ")); reason = at)
		at += 2;
	return reason;
}

// What is wrong with the record, as far as the screen needs the words.
struct troubles {
	struct err fault, away, mirror;
	struct buf path;
};

static void see_troubles(
	const struct engine *engine, struct troubles *troubles, struct frame_input *input)
{
	struct timeline *timeline = engine->record.timeline;
	*troubles = (struct troubles){0};
	if (engine_fault(engine, &troubles->fault))
		input->fault = fault_words(troubles->fault.message);
	if (timeline && timeline_is_elsewhere(timeline, &troubles->path, &troubles->away)) {
		input->away_path = buf_str(&troubles->path);
		input->away_why = fault_words(troubles->away.message);
	}
	if (timeline && timeline_mirror_fault(timeline, &troubles->mirror))
		input->mirror_fault = troubles->mirror.message;
}

void cockpit_draw(struct cockpit *cockpit)
{
	struct engine *engine = &cockpit->engine;
	struct facts facts = engine_facts(engine);
	struct troubles troubles;
	if (!cockpit->term)
		return;
	int step = ui_step(&cockpit->ui);
	cockpit_output_follow(
		cockpit->output, step, step < 0 ? 0 : engine->state->steps[step].attempt);
	struct frame_input input = {
		.facts = &facts,
		.ui = &cockpit->ui,
		.person = engine->setup.person,
		.signing = cockpit->is_opened ? NULL : engine->setup.key,
		.take_name = cockpit->take_name,
		.take_account = cockpit->take_account,
		.newest_seq = engine->state->events - 1,
		.durable_seq = engine->is_following ? engine->state->events - 1
						    : engine_durable_seq(engine),
		.sensor_silence_ms = engine_sensor_silence_ms(engine),
		.lines = cockpit->story.lines,
		.line_count = cockpit->story.count,
		.output = cockpit_output_window(cockpit->output),
		.preview = preview(cockpit, &facts),
		.trial = cockpit_trials_view(cockpit->trials, step, false),
		.rollback_trial = cockpit_trials_view(cockpit->trials, step, true),
		.output_age_ms = cockpit_output_ages(cockpit->output),
	};
	see_troubles(engine, &troubles, &input);
	cockpit_see_dialog(cockpit);
	cockpit->ui.output_total = input.output.total;
	ui_tick(&cockpit->ui, &facts, clock_mono().us);
	ui_scrolled(&cockpit->ui, frame_draw(cockpit->grid, &input));
	if (cockpit->ui.wants_redraw)
		term_redraw(cockpit->term);
	cockpit->ui.wants_redraw = false;
	int64_t grid = term_show(cockpit->term, cockpit->grid);
	if (cockpit->ui.dialog.kind != DIALOG_NONE && cockpit->ui.dialog.grid == 0)
		cockpit->ui.dialog.grid = grid;
	cockpit->drawn = clock_mono();
	buf_fini(&troubles.path);
}

static void on_later(uv_timer_t *timer)
{
	cockpit_draw(timer->data);
}

void cockpit_draw_soon(struct cockpit *cockpit)
{
	int64_t since_us = clock_mono().us - cockpit->drawn.us;
	if (since_us >= FRAME_US)
		cockpit_draw(cockpit);
	else if (!uv_is_active((uv_handle_t *)&cockpit->later))
		uv_timer_start(&cockpit->later, on_later,
			(uint64_t)((FRAME_US - since_us) / US_PER_MS + 1), 0);
}
