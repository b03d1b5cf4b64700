// SPDX-License-Identifier: Apache-2.0
#include "panes.h"

#include "sheet.h"

#define MOST_HINTS 48

void keys_draw(struct area area, const struct scene *scene)
{
	struct key_hint hints[MOST_HINTS];
	size_t count = ui_key_hints(scene->ui, scene->facts, hints, MOST_HINTS);
	struct pen pen = pen_at(area, 0, 1, area.columns);
	for (size_t i = 0; i < count; i++) {
		int needed = safe_columns(hints[i].key, scene->is_utf8) + 1 +
			     safe_columns(hints[i].label, scene->is_utf8);
		if (pen.column + needed > pen.end)
			return;
		pen_text(&pen, ROLE_KEY, hints[i].key);
		pen_skip(&pen, 1);
		pen_text(&pen, ROLE_DIM, hints[i].label);
		pen_skip(&pen, 2);
	}
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

void message_draw(struct area area, const struct scene *scene)
{
	const struct frame_input *input = scene->input;
	if (scene->ui->message[0]) {
		area_text(area, 0, 1, area.columns - 1,
			scene->ui->message_is_bad ? ROLE_COMPLAINT : ROLE_MESSAGE,
			scene->ui->message);
	} else if (input->line_count > 0) {
		timeline_line(area, 0, scene, &input->lines[input->line_count - 1]);
	}
}
