// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_COCKPIT_STORY_H
#define RELIGHT_COCKPIT_STORY_H

#include <stddef.h>

#include "relight/event.h"
#include "relight/frame.h"
#include "relight/runbook.h"

// The newest events in words, oldest first, for the timeline pane. Zeroed is empty.

#define COCKPIT_STORY_LINES 2000

struct cockpit_story {
	struct frame_line *lines; // texts are owned
	size_t count;
};

void cockpit_story_add(
	struct cockpit_story *story, const struct runbook *runbook, const struct event *event);
void cockpit_story_fini(struct cockpit_story *story);

#endif
