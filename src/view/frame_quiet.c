// SPDX-License-Identifier: Apache-2.0
//
// What is no failure, and must not be forgotten: each takes one line of the NOW box, above what
// would be said without it.
#include "frame_concern.h"

#include <string.h>

#include "frame_words.h"

// Held, and not known just now: nothing regresses by that, and nothing is proven.
// What is known to be bad is told by the step that regresses.
static bool is_lost_from_sight(const struct scene *scene, int dependency)
{
	return state_expectation(scene->state, dependency) == HELD &&
	       !scene_is_known(scene, dependency) &&
	       state_folded_under(scene->state, dependency) < 0 &&
	       !state_waiver(scene->state, -1, dependency, scene->now.wall);
}

static int next_lost_from_sight(const struct scene *scene, int from)
{
	for (int i = from; i < (int)scene->runbook->dependency_count; i++)
		if (is_lost_from_sight(scene, i))
			return i;
	return -1;
}

// The data is being restored, and nobody has said to which moment.
static bool is_loss_forgotten(const struct scene *scene)
{
	const struct runbook *runbook = scene->runbook;
	if (!scene->forecast.has_rpo || runbook->restore_point_count == 0)
		return false;
	for (size_t i = 0; i < runbook->restore_point_count; i++)
		if (wall_known(scene->state->restore_point_at[i]) ||
			wall_known(scene->state->restore_point_found[i]))
			return false;
	for (size_t i = 0; i < runbook->step_count; i++)
		if (strcmp(runbook->phases.items[runbook->steps[i].phase], "data") == 0 &&
			scene->shown[i] != STEP_WAITING && scene->shown[i] != STEP_SKIPPED)
			return true;
	return false;
}

static size_t overdue_count(const struct scene *scene)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->runbook->cadence_count; i++) {
		struct buf text = {0};
		count += cadence_say(scene, i, &text);
		buf_fini(&text);
	}
	return count;
}

void quiet_find(struct scene *scene)
{
	// A sensor that is down has lost sight of everything, and that is told as such.
	bool has_sight = !ui_has_incident(scene->ui) || scene->sensed->is_up;
	int dependency = has_sight ? next_lost_from_sight(scene, 0) : -1;
	if (dependency >= 0)
		concern_add(scene, CONCERN_SIGHT, -1, dependency, -1);
	if (overdue_count(scene) > 0)
		concern_add(scene, CONCERN_UPDATE, -1, -1, -1);
	if (is_loss_forgotten(scene))
		concern_add(scene, CONCERN_LOSS, -1, -1, -1);
}

// --- in words ---

// "? web is not known: connection refused, 14s; serve rests on it"
void quiet_say_sight(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	struct buf *line = &words->lines[0];
	const struct dependency *of = &scene->runbook->dependencies[concern->dependency];
	const char *message = scene_message(scene, concern->dependency);
	bool is_stale = !scene->state->dependencies[concern->dependency].is_fresh;
	int64_t seen_ms = scene_seen_ms(scene, concern->dependency);
	size_t others = 0;
	for (int i = concern->dependency; (i = next_lost_from_sight(scene, i + 1)) >= 0;)
		others++;
	buf_printf(line, "? %s", of->id);
	if (others > 0)
		buf_printf(line, " and %zu more", others);
	buf_printf(line, " %s not known: %s", others > 0 ? "are" : "is",
		is_stale     ? "not seen"
		: message[0] ? message
			     : "no answer");
	if (seen_ms >= 0) {
		buf_text(line, is_stale ? " for " : ", ");
		age_words(seen_ms, line);
	}
	buf_printf(line, "; %s rests on it", scene->runbook->steps[of->restored_by.items[0]].id);
}

void quiet_say_update(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	struct buf *line = &words->lines[0];
	size_t others = overdue_count(scene) - 1;
	(void)concern;
	for (size_t i = 0; i < scene->runbook->cadence_count; i++) {
		buf_clear(line);
		if (cadence_say(scene, i, line))
			break;
	}
	if (others > 0)
		buf_printf(line, " and %zu more", others);
	if (ui_has_incident(scene->ui))
		buf_printf(line, "; %s records it", intent_table[INTENT_STATUS].key);
}

void quiet_say_loss(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	(void)concern;
	if (ui_has_incident(scene->ui))
		buf_printf(&words->lines[0], "loss not known: %s chooses the restore point",
			intent_table[INTENT_RESTORE_POINT].key);
	else
		buf_text(&words->lines[0], "loss not known: nobody chose a restore point");
}
