// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "cockpit_parts.h"
#include "cockpit_theme.h"
#include "relight/clock.h"
#include "relight/incident.h"
#include "relight/memory.h"

#define FIRST_FRAME_MS 100 // longer than a terminal needs that takes anything
#define DETACHED_US    (15 * 60 * US_PER_S)

// --- what the engine tells ---

static void leave(struct cockpit *cockpit)
{
	cockpit->is_leaving = true;
	uv_stop(&cockpit->engine.loop);
}

static bool has_settled(const struct state *state)
{
	bool is_settled = state->running_count == 0;
	for (size_t s = 0; s < state->runbook->step_count; s++)
		is_settled &= state->steps[s].state != STEP_VERIFYING;
	return is_settled;
}

// Without a terminal it keeps sensing and recording until running attempts have settled, each with
// what it restores.
static void look_detached(struct cockpit *cockpit)
{
	const struct engine *engine = &cockpit->engine;
	bool is_settled = has_settled(engine->state);
	bool is_wanted = engine->is_open && !incident_is_offered(engine->directory);
	if (is_settled || is_wanted || clock_mono().us - cockpit->detached.us > DETACHED_US) {
		if (engine->is_open)
			incident_take(engine->directory);
		leave(cockpit);
	}
}

static void on_turn(void *context)
{
	struct cockpit *cockpit = context;
	// A picture that stands still must not be taken for the present.
	if (cockpit->engine.followed_fault.message[0]) {
		cockpit->failure = cockpit->engine.followed_fault;
		leave(cockpit);
	} else if (mono_known(cockpit->detached)) {
		look_detached(cockpit);
	} else {
		cockpit_draw_soon(cockpit);
	}
}

static void on_event(void *context, const struct event *event)
{
	struct cockpit *cockpit = context;
	cockpit_story_add(&cockpit->story, cockpit->engine.runbook, event);
}

static void on_closed(void *context)
{
	struct cockpit *cockpit = context;
	snprintf(cockpit->ui.message, sizeof cockpit->ui.message,
		"the incident is closed; q leaves, 'relight report' tells its story");
	cockpit->ui.message_is_bad = false;
	cockpit->ui.message_until_us = INT64_MAX;
}

static void on_taken(void *context, const char *words)
{
	struct cockpit *cockpit = context;
	free(cockpit->taken);
	cockpit->taken = memory_copy_text(words);
	if (mono_known(cockpit->detached))
		incident_take(cockpit->engine.directory);
	leave(cockpit);
}

// --- keys ---

static void want(struct cockpit *cockpit, const struct intent *intent)
{
	struct err why = {0};
	bool is_done = engine_want(&cockpit->engine, intent, &why);
	ui_answer(&cockpit->ui, is_done, is_done ? NULL : why.message);
}

static void try_selected(struct cockpit *cockpit)
{
	struct err why = {0};
	cockpit->ui.wants_trial = false;
	if (!cockpit_trials_ask(cockpit->trials, ui_step(&cockpit->ui), &why))
		ui_answer(&cockpit->ui, false, why.message);
}

static void take_key(struct cockpit *cockpit, int key)
{
	struct facts facts = engine_facts(&cockpit->engine);
	struct intent intent;
	cockpit->ui.now_us = clock_mono().us;
	cockpit_see_dialog(cockpit);
	cockpit->ui.is_behind = !cockpit->ui.dialog.is_shown;
	if (ui_key(&cockpit->ui, &facts, key, &intent))
		want(cockpit, &intent);
	if (cockpit->ui.wants_trial)
		try_selected(cockpit);
	if (cockpit->ui.wants_match) {
		int64_t line = cockpit_output_find(cockpit->output, cockpit->ui.output_search,
			cockpit->ui.output_top, cockpit->ui.wants_match);
		if (line >= 0)
			cockpit->ui.output_top = line;
		else
			ui_answer(&cockpit->ui, false, "no such line");
		cockpit->ui.wants_match = 0;
	}
}

static void on_keys(void *context, const int *keys, size_t count)
{
	struct cockpit *cockpit = context;
	for (size_t i = 0; i < count && !cockpit->ui.wants_quit; i++) {
		if (keys[i] == K_HANGUP) {
			cockpit->detached = clock_mono();
			cockpit->engine.is_watched = false;
			if (cockpit->engine.is_open)
				incident_offer(cockpit->engine.directory);
			term_stop(cockpit->term);
			cockpit->term = NULL;
			engine_wake(&cockpit->engine);
			return;
		}
		take_key(cockpit, keys[i]);
	}
	if (cockpit->ui.wants_quit)
		leave(cockpit);
	else
		cockpit_draw(cockpit);
}

static void begin_opening(struct cockpit *cockpit);

static void on_drawn(void *context)
{
	struct cockpit *cockpit = context;
	cockpit_see_dialog(cockpit);
	if (!cockpit->is_opened)
		begin_opening(cockpit);
}

static void on_resize(void *context, int rows, int columns)
{
	struct cockpit *cockpit = context;
	grid_resize(cockpit->grid, rows, columns);
	ui_resize(&cockpit->ui, rows, columns);
	cockpit_draw(cockpit);
}

// --- its life ---

static bool start_screen(struct cockpit *cockpit, const char *theme, struct err *err)
{
	struct engine *engine = &cockpit->engine;
	struct term_hooks hooks = {.context = cockpit,
		.on_keys = on_keys,
		.on_resize = on_resize,
		.on_drawn = on_drawn};
	struct look looks[ROLE_COUNT];
	int rows, columns;
	if (!cockpit_theme(theme, &cockpit->theme, err))
		return false;
	cockpit->term = term_start(&engine->loop, &hooks, err);
	if (!cockpit->term)
		return false;
	command_on_exhausted(term_restore);
	for (int role = 0; role < ROLE_COUNT; role++)
		looks[role] =
			theme_look(&cockpit->theme, (enum role)role, term_colours(cockpit->term));
	term_looks(cockpit->term, looks, ROLE_COUNT);
	term_size(cockpit->term, &rows, &columns);
	cockpit->grid = grid_new(rows, columns, term_is_utf8(cockpit->term));
	struct facts facts = engine_facts(engine);
	ui_init(&cockpit->ui, &facts, rows, columns);
	cockpit->ui.seat = engine->is_following ? SEAT_ONLOOKER
			   : cockpit->observes  ? SEAT_OBSERVER
						: SEAT_COCKPIT;
	uv_timer_init(&engine->loop, &cockpit->later);
	uv_timer_init(&engine->loop, &cockpit->patience);
	cockpit->patience.data = cockpit;
	cockpit->later.data = cockpit;
	cockpit->output = cockpit_output_new(engine);
	cockpit->trials = cockpit_trials_new(engine);
	return true;
}

static struct cockpit *cockpit_new(struct opening *opening, const struct launcher *launcher)
{
	struct cockpit *cockpit = memory_zeroed(1, sizeof *cockpit);
	cockpit->detached = MONO_NONE;
	cockpit->observes = opening->observes;
	engine_init(&cockpit->engine, &opening->setup, launcher);
	cockpit->engine.front = (struct engine_front){.context = cockpit,
		.on_turn = on_turn,
		.on_event = on_event,
		.on_closed = on_closed,
		.on_taken = on_taken};
	return cockpit;
}

static int exit_code(const struct engine *engine)
{
	const struct state *state = engine->state;
	if (engine->is_following)
		return EXIT_GOOD;
	if (!wall_known(state->closed.wall))
		return EXIT_NO;
	return state->closed_result && strcmp(state->closed_result, "recovered") == 0 ? EXIT_GOOD
										      : EXIT_NO;
}

static bool is_anything_under_way(const struct engine *engine)
{
	struct facts facts = engine_facts(engine);
	for (size_t s = 0; s < engine->runbook->step_count; s++) {
		const struct step_progress *step = &engine->state->steps[s];
		if (step->state == STEP_RUNNING && facts_is_under_way(&facts, step))
			return true;
	}
	return false;
}

// What became of the incident, for the shell's screen.
static char *farewell(const struct cockpit *cockpit)
{
	const struct engine *engine = &cockpit->engine;
	const struct state *state = engine->state;
	const char *running = is_anything_under_way(engine) ? ", and an attempt is running" : "";
	struct buf text = {0};
	if (cockpit->taken)
		buf_printf(&text,
			"relight: %s was %s%s; it goes on there, 'relight watch %s' looks on\n",
			state->incident, cockpit->taken, running, engine->directory);
	else if (wall_known(state->closed.wall))
		buf_printf(&text, "relight: %s is closed; 'relight report %s' tells its story\n",
			state->incident, engine->directory);
	else
		buf_printf(&text, "relight: %s is still open%s; 'relight resume %s' goes on\n",
			state->incident, running, engine->directory);
	return buf_take(&text);
}

// Says on the shell's screen what became of it, and frees everything.
static int cockpit_end(struct cockpit *cockpit)
{
	struct engine *engine = &cockpit->engine;
	int code = exit_code(engine);
	char *text = engine->is_open ? farewell(cockpit) : NULL;
	bool had_screen = cockpit->output != NULL;
	bool is_heard = !mono_known(cockpit->detached); // else there is nobody to say it to
	term_stop(cockpit->term);
	command_on_exhausted(NULL);
	if (had_screen) {
		cockpit_output_free(cockpit->output);
		cockpit_trials_free(cockpit->trials);
		uv_close((uv_handle_t *)&cockpit->later, NULL);
		uv_close((uv_handle_t *)&cockpit->patience, NULL);
		ui_fini(&cockpit->ui);
		grid_free(cockpit->grid);
	}
	engine->front.on_turn = NULL;
	engine_fini(engine, is_heard ? "left" : "the terminal is gone");
	cockpit_story_fini(&cockpit->story);
	buf_fini(&cockpit->preview);
	if (cockpit->failure.message[0])
		code = command_fail(EXIT_USAGE, &cockpit->failure);
	else if (is_heard && text)
		command_say(STDOUT_FILENO, text);
	free(text);
	free(cockpit->taken);
	free(cockpit->take_name);
	free(cockpit->take_account);
	free(cockpit);
	return code;
}

static void run(struct cockpit *cockpit)
{
	while (!cockpit->is_leaving)
		uv_run(&cockpit->engine.loop, UV_RUN_DEFAULT);
}

// --- opening: the first frame waits for no disk ---

static void prepare(uv_work_t *work)
{
	struct cockpit *cockpit = work->data;
	engine_prepare(&cockpit->engine, &cockpit->failure);
}

static void on_prepared(uv_work_t *work, int status)
{
	struct cockpit *cockpit = work->data;
	(void)status;
	cockpit->is_opened = true;
	if (!cockpit->engine.record.timeline) {
		leave(cockpit);
		return;
	}
	engine_begin(&cockpit->engine);
	cockpit->engine.is_watched = !mono_known(cockpit->detached);
	if (!engine_start(&cockpit->engine, &cockpit->failure))
		leave(cockpit);
}

// Once, when the first frame stands: its threads would compete with the one that draws.
static void begin_opening(struct cockpit *cockpit)
{
	if (cockpit->is_opening)
		return;
	cockpit->is_opening = true;
	cockpit->opening.data = cockpit;
	uv_queue_work(&cockpit->engine.loop, &cockpit->opening, prepare, on_prepared);
}

// A terminal that takes nothing is not waited for.
static void on_patience(uv_timer_t *timer)
{
	begin_opening(timer->data);
}

int cockpit_open(struct opening *opening, const struct launcher *launcher, bool *is_taken)
{
	struct cockpit *cockpit = cockpit_new(opening, launcher);
	if (!start_screen(cockpit, opening->theme, &cockpit->failure))
		return cockpit_end(cockpit);
	cockpit_draw(cockpit);
	uv_timer_start(&cockpit->patience, on_patience, FIRST_FRAME_MS, 0);
	run(cockpit);
	begin_opening(cockpit);
	while (!cockpit->is_opened) // the person left before it was open: it is on the disk all the
				    // same
		uv_run(&cockpit->engine.loop, UV_RUN_ONCE);
	*is_taken = cockpit->engine.is_taken;
	if (*is_taken) // no failure: the caller looks on
		cockpit->failure.message[0] = '\0';
	return cockpit_end(cockpit);
}

int cockpit_resume(struct opening *opening, const char *directory, const struct launcher *launcher)
{
	struct cockpit *cockpit = cockpit_new(opening, launcher);
	struct engine *engine = &cockpit->engine;
	cockpit->is_opened = true;
	engine_start_threads(engine);
	if (engine_resume(engine, directory, NULL, &cockpit->failure) &&
		start_screen(cockpit, opening->theme, &cockpit->failure)) {
		cockpit_draw(cockpit);
		engine->is_watched = true;
		if (engine_start(engine, &cockpit->failure))
			run(cockpit);
	}
	return cockpit_end(cockpit);
}

int cockpit_watch(struct opening *opening, const char *directory)
{
	struct cockpit *cockpit = cockpit_new(opening, NULL);
	cockpit->is_opened = true;
	cockpit->take_name = incident_shortest(directory);
	cockpit->take_account = incident_other_owner(directory);
	if (engine_follow(&cockpit->engine, directory, &cockpit->failure) &&
		start_screen(cockpit, opening->theme, &cockpit->failure)) {
		cockpit_draw(cockpit);
		run(cockpit);
	}
	return cockpit_end(cockpit);
}
