// SPDX-License-Identifier: Apache-2.0
//
// What is no failure, and must not be forgotten: each takes one line of the NOW box, above what
// would be said without it.
#include "frame_concern.h"

#include <string.h>

#include "frame_sight.h"
#include "frame_words.h"

// The first restore point that has a time, -1.
static int chosen_point(const struct scene *scene)
{
	for (size_t i = 0; i < scene->runbook->restore_point_count; i++)
		if (wall_known(scene->state->restore_point_at[i]) ||
			wall_known(scene->state->restore_point_found[i]))
			return (int)i;
	return -1;
}

// The data is being restored, and nobody has said to which moment, or to one after the impact:
// either of the two is mistaken.
static bool is_loss_forgotten(const struct scene *scene)
{
	const struct runbook *runbook = scene->runbook;
	if (!scene->forecast.has_rpo || runbook->restore_point_count == 0)
		return false;
	if (chosen_point(scene) >= 0)
		return scene->forecast.loss_ms < -1;
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
	int aside = given_next_aside(scene, 0);
	sight_find(scene);
	if (overdue_count(scene) > 0)
		concern_add(scene, CONCERN_UPDATE, -1, -1, -1);
	if (is_loss_forgotten(scene))
		concern_add(scene, CONCERN_LOSS, -1, -1, -1);
	if (aside >= 0)
		concern_add(scene, CONCERN_ASIDE, -1, aside, -1);
}

// --- in words ---

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
	int point = chosen_point(scene);
	if (point >= 0)
		buf_printf(&words->lines[0],
			"loss not known: restore point %s is after the impact%s",
			scene->runbook->restore_points[point].id,
			ui_has_incident(scene->ui) ? "; P or I corrects it" : "");
	else if (ui_has_incident(scene->ui))
		buf_printf(&words->lines[0], "loss not known: %s chooses the restore point",
			intent_table[INTENT_RESTORE_POINT].key);
	else
		buf_text(&words->lines[0], "loss not known: nobody chose a restore point");
}
