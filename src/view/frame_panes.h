// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_PANES_H
#define RELIGHT_VIEW_FRAME_PANES_H

#include "relight/cells.h"
#include "frame_concern.h"
#include "frame_scene.h"

// One function a pane, each in its own file; each draws on its area and nowhere else. Those that
// scroll tell what they could not show.
struct hidden {
	int above, below; // lines
};

// 3 rows, 4 on a screen of 160 columns and more, 2 on a tiny one.
void header_draw(struct area area, const struct scene *scene);
// What needs a person, or what goes on. Said once a frame, since the height of the box goes by it.
void now_draw(struct area area, const struct scene *scene, const struct concern_words *words);
void now_rule(struct area area, int row, const struct scene *scene);

// Their rule is in row 0.
struct hidden order_draw(struct area area, const struct scene *scene);
struct hidden detail_draw(struct area area, const struct scene *scene);
struct hidden output_draw(struct area area, const struct scene *scene);
struct hidden dependencies_draw(struct area area, const struct scene *scene);
struct hidden timeline_draw(struct area area, const struct scene *scene);
struct hidden clocks_draw(struct area area, const struct scene *scene);
struct hidden help_draw(struct area area, const struct scene *scene);

void dialog_draw(struct area area, const struct scene *scene);
void keys_draw(struct area area, const struct scene *scene);
// The answer to the last key; without one what a narrow screen has no pane for, the newest line of
// the timeline.
void message_draw(struct area area, const struct scene *scene);

// "-- TITLE ------------------ right --" over the whole width. Either may be empty.
void rule_draw(struct area area, int row, enum role role, const char *title, const char *right);
enum role tone_role(enum tone tone);
// Draws one line of the timeline, the time of day at its beginning.
void timeline_line(
	struct area area, int row, const struct scene *scene, const struct frame_line *line);

#endif
