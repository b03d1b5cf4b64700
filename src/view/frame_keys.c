// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <string.h>

#include "frame_sheet.h"
#include "frame_words.h"

#define MOST_HINTS 48

static int hint_columns(const struct key_hint *hint, bool is_utf8)
{
	return safe_columns(hint->key, is_utf8) + 1 + safe_columns(hint->label, is_utf8);
}

// The way to everything else, which stays in sight where the other keys do not all fit.
static bool is_way_out(const struct key_hint *hint)
{
	return strcmp(hint->key, ":") == 0 || strcmp(hint->key, "?") == 0;
}

static void draw_hints(struct pen *pen, const struct scene *scene, const struct key_hint *hints,
	size_t count, bool are_ways_out)
{
	for (size_t i = 0; i < count; i++) {
		if (is_way_out(&hints[i]) != are_ways_out)
			continue;
		if (pen->column + hint_columns(&hints[i], scene->is_utf8) > pen->end)
			return;
		pen_text(pen, ROLE_KEY, hints[i].key);
		pen_skip(pen, 1);
		pen_text(pen, ROLE_DIM, hints[i].label);
		pen_skip(pen, 2);
	}
}

void keys_draw(struct area area, const struct scene *scene)
{
	struct key_hint hints[MOST_HINTS];
	size_t count = ui_key_hints(scene->ui, scene->facts, hints, MOST_HINTS);
	int reserved = 0;
	for (size_t i = 0; i < count; i++)
		if (is_way_out(&hints[i]))
			reserved += hint_columns(&hints[i], scene->is_utf8) + 2;
	struct pen pen = pen_at(area, 0, 1, area.columns - reserved);
	draw_hints(&pen, scene, hints, count, false);
	pen.end = area.columns;
	draw_hints(&pen, scene, hints, count, true);
}

enum role tone_role(enum tone tone)
{
	static const enum role roles[] = {
		[TONE_PLAIN] = ROLE_NORMAL,
		[TONE_DIM] = ROLE_DIM,
		[TONE_PERSON] = ROLE_PERSON,
		[TONE_GOOD] = ROLE_GOOD,
		[TONE_WARN] = ROLE_WARN,
		[TONE_BAD] = ROLE_BAD,
	};
	return roles[tone];
}

// A wide screen shows the timeline anyway: what stands, and what is promised next.
static void draw_standing(struct area area, const struct scene *scene)
{
	size_t needing = concerns_needing(scene);
	const char *whom = ui_has_incident(scene->ui) ? "you" : "a person";
	struct buf cadence = {0};
	struct pen pen = pen_at(area, 0, 1, area.columns);
	pen_text(&pen, ROLE_DIM, scene->can_act ? "armed; " : "looking on; ");
	if (needing == 0 && scene->ready_count > 0)
		pen_printf(&pen, ROLE_DIM, "%zu ready to start", scene->ready_count);
	else if (needing == 0)
		pen_printf(&pen, ROLE_DIM, "nothing waits for %s", whom);
	else
		pen_printf(&pen, ROLE_WARN, "%zu %s %s", needing, needing == 1 ? "needs" : "need",
			whom);
	if (cadence_say(scene, 0, &cadence))
		pen_printf(&pen, ROLE_WARN, "   %s", buf_str(&cadence));
	else if (cadence.length)
		pen_printf(&pen, ROLE_DIM, "   %s", buf_str(&cadence));
	buf_fini(&cadence);
}

void message_draw(struct area area, const struct scene *scene)
{
	const struct frame_input *input = scene->input;
	if (scene->ui->message[0]) {
		area_text(area, 0, 1, area.columns - 1,
			scene->ui->message_is_bad ? ROLE_COMPLAINT : ROLE_MESSAGE,
			scene->ui->message);
	} else if (layout_is_wide(scene->rows, scene->columns)) {
		draw_standing(area, scene);
	} else if (input->line_count > 0) {
		timeline_line(area, 0, scene, &input->lines[input->line_count - 1]);
	}
}
