// SPDX-License-Identifier: Apache-2.0
//
// What the NOW box says while nothing needs a person: what goes on, what could go on beside it, or
// why nothing can.
#include "frame_concern.h"

#include <string.h>

#include "frame_serving.h"
#include "frame_words.h"

static void say_over(const struct scene *scene, struct concern_words *words)
{
	const struct state *state = scene->state;
	if (wall_known(state->closed.wall)) {
		buf_printf(&words->lines[0], "The incident is closed: %s.",
			state->closed_result ? state->closed_result : "");
		buf_text(&words->lines[1],
			"relight report tells its story; relight timeline show reads its record.");
		return;
	}
	if (scene->forecast.is_declared) {
		words->role = ROLE_WARN;
		buf_text(&words->lines[0], "Declared ");
		declared_words(scene, &words->lines[0]);
	} else {
		buf_text(&words->lines[0], "Recovered at ");
		elapsed_words(scene, state->recovered, &words->lines[0]);
	}
	if (state->recovered_level >= 0)
		buf_printf(&words->lines[0], " with evidence L%d", state->recovered_level);
	if (scene->forecast.is_declared)
		buf_printf(&words->lines[0], "; %s", state_unproven(state));
	buf_text(&words->lines[0],
		ui_has_incident(scene->ui) ? ". :close closes the incident." : ".");
	if (state->recovered_why)
		buf_text(&words->lines[1], state->recovered_why);
}

static void say_all_done(const struct scene *scene, struct concern_words *words)
{
	int level = state_evidence_level(scene->state);
	buf_printf(&words->lines[0], "All %d steps are done or skipped.%s", scene->counts.total,
		ui_has_incident(scene->ui) ? " :recovered declares the recovery." : "");
	if (level >= 4)
		buf_printf(&words->lines[1], "Evidence is L%d.", level);
	else if (level >= 0)
		buf_printf(&words->lines[1], "Evidence is L%d, below L4: it will ask why.", level);
	else
		buf_text(&words->lines[1], "No evidence level is proven: it will ask why.");
}

static const char *nothing(const struct scene *scene)
{
	return concerns_are_quiet(scene) ? "" : "Nothing needs you. ";
}

static void say_going_on(const struct scene *scene, struct concern_words *words)
{
	struct buf *lines = words->lines;
	int step = scene->running;
	const char *id = scene->runbook->steps[step].id;
	if (scene->shown[step] == STEP_RUNNING && scene_is_recording(scene, step)) {
		buf_printf(
			&lines[0], "%s%s starts when the disk has its record.", nothing(scene), id);
		return;
	}
	if (state_is_stopping(scene->state, step)) {
		words->role = ROLE_WARN;
		stopping_say(scene, step, &lines[0]);
		return;
	}
	buf_printf(&lines[0], "%s%s is ", nothing(scene), id);
	if (scene->shown[step] == STEP_RUNNING) {
		buf_text(&lines[0], scene->state->steps[step].is_rollback ? "being rolled back: "
									  : "running: ");
		running_words(scene, step, &lines[0]);
		const int64_t *ages_ms = scene->input->output_age_ms;
		if (ages_ms && ages_ms[step] >= 0) {
			buf_text(&lines[0], ", output ");
			age_words(ages_ms[step], &lines[0]);
			buf_text(&lines[0], " ago");
		}
	} else {
		buf_text(&lines[0], "verifying: ");
		step_reason(scene, step, &lines[0]);
	}
	buf_byte(&lines[0], '.');
}

// The first waiting step in the order, and why.
static void say_next(const struct scene *scene, struct buf *out)
{
	for (size_t i = 0; i < scene->plan->count; i++) {
		int step = scene->plan->order[i];
		if (scene->shown[step] != STEP_WAITING)
			continue;
		buf_printf(out, "Next: %s ", scene->runbook->steps[step].id);
		state_blocked(scene->state, step, scene->now.wall, out);
		if (state_waits_for_person(scene->state, step, scene->now.wall))
			buf_printf(out, "; Tab goes there%s",
				ui_may(scene->ui, INTENT_INPUT) &&
						state_missing_input(scene->state, step) >= 0
					? ", i sets it"
					: "");
		return;
	}
}

static void say_stuck(const struct scene *scene, struct concern_words *words)
{
	for (size_t i = 0; i < scene->plan->count; i++) {
		int step = scene->plan->order[i];
		if (scene->shown[step] != STEP_READY)
			continue; // what could be started is a concern: this is a pure wait
		buf_printf(
			&words->lines[0], "%s%s ", nothing(scene), scene->runbook->steps[step].id);
		step_reason(scene, step, &words->lines[0]);
		buf_byte(&words->lines[0], '.');
		return;
	}
	words->role = ROLE_WARN;
	buf_text(&words->lines[0], "Nothing can be started.");
}

// What could go on beside what runs, else what comes next.
static void say_beside(const struct scene *scene, struct buf *out)
{
	if (scene->running < 0 || scene->ready_count == 0) {
		say_next(scene, out);
		return;
	}
	buf_text(out, scene->can_act ? "You may start beside it: " : "Ready beside it: ");
	concern_list_ready(scene, 0, out);
	buf_byte(out, '.');
	if (scene->can_act)
		concern_say_way(scene, out);
}

void calm_say_next(const struct scene *scene, bool is_thorough, struct buf *out)
{
	if (scene_is_over(scene) || scene->state->was_aborted || !scene->facts->is_recording)
		return;
	if (scene->ready_count > 0) {
		buf_text(out, scene->can_act ? "You may start: " : "Ready: ");
		concern_list_ready(scene, 0, out);
		buf_byte(out, '.');
	} else if (scene->running >= 0) {
		buf_printf(out, "%s %s.", scene->runbook->steps[scene->running].id,
			state_is_stopping(scene->state, scene->running) ? "is being stopped"
									: "goes on");
	} else if (state_is_recovered(scene->state)) {
		buf_text(out,
			ui_has_incident(scene->ui)
				? "All steps are done or skipped; :recovered declares the recovery."
				: "All steps are done or skipped.");
	} else if (is_thorough) {
		say_next(scene, out);
	}
}

static void say_aborted(const struct scene *scene, struct concern_words *words)
{
	const char *why = scene->state->abort_why;
	words->role = ROLE_WARN;
	if (scene->running >= 0) {
		say_going_on(scene, words);
		buf_printf(&words->lines[1], "ABORTED: %s", why ? why : "");
		return;
	}
	buf_printf(&words->lines[0], "ABORTED: %s", why ? why : "");
	buf_printf(&words->lines[1], "Nothing new starts.%s",
		ui_has_incident(scene->ui) ? " :close closes the incident." : "");
}

void calm_say(const struct scene *scene, struct concern_words *words)
{
	memset(words, 0, sizeof(*words));
	words->role = ROLE_NOW;
	if (scene_is_over(scene)) {
		say_over(scene, words);
		return;
	}
	if (scene->state->was_aborted) {
		say_aborted(scene, words);
	} else if (scene->running >= 0) {
		say_going_on(scene, words);
		say_beside(scene, &words->lines[1]);
	} else if (state_is_recovered(scene->state)) {
		say_all_done(scene, words);
	} else {
		say_stuck(scene, words);
		say_beside(scene, &words->lines[1]);
	}
	concern_say_seat(scene, words);
}
