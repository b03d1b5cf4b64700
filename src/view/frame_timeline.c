// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <stdio.h>

#include "frame_sheet.h"

#define WHO_COLUMNS 7

void timeline_line(
	struct area area, int row, const struct scene *scene, const struct frame_line *line)
{
	char time[16];
	wall_clock(line->ts, true, time);
	struct pen pen = pen_at(area, row, 1, area.columns);
	pen_text(&pen, ROLE_DIM, time);
	area_text(area, row, pen.column + 1, WHO_COLUMNS, ROLE_DIM, line->who);
	pen.column += WHO_COLUMNS + 2;
	if (line->seq > scene->input->durable_seq)
		pen_text(&pen, ROLE_WARN, "recording.. ");
	pen_text(&pen, tone_role(line->tone), line->text);
}

struct hidden timeline_draw(struct area area, const struct scene *scene)
{
	const struct frame_input *input = scene->input;
	int count = (int)input->line_count;
	int height = area.rows - 1;
	int skipped = scene->ui->timeline_top;
	char newest[32];
	snprintf(newest, sizeof(newest), "#%lld", (long long)input->newest_seq);
	rule_draw(area, 0, scene->ui->pane == PANE_TIMELINE ? ROLE_TITLE : ROLE_RULE,
		"TIMELINE, newest first", newest);
	if (skipped > count - height)
		skipped = count - height;
	if (skipped < 0)
		skipped = 0;
	for (int i = 0; i < height && skipped + i < count; i++)
		timeline_line(area, 1 + i, scene, &input->lines[count - 1 - skipped - i]);
	int below = count - skipped - height;
	return (struct hidden){skipped, below > 0 ? below : 0};
}
