// SPDX-License-Identifier: Apache-2.0
#include "cockpit_story.h"

#include <stdlib.h>

#include "relight/memory.h"
#include "relight/story.h"

static void line_clear(struct frame_line *line)
{
	free((char *)line->who);
	free((char *)line->text);
	*line = (struct frame_line){0};
}

void cockpit_story_add(
	struct cockpit_story *story, const struct runbook *runbook, const struct event *event)
{
	struct story told = {0};
	if (event->kind == EVENT_MARK) // whoever reads this sees as much
		return;
	if (!story->lines)
		story->lines = memory_zeroed(COCKPIT_STORY_LINES, sizeof *story->lines);
	if (story->count == COCKPIT_STORY_LINES) {
		// A quarter goes at once, so that an addition costs next to nothing.
		size_t gone = COCKPIT_STORY_LINES / 4;
		for (size_t i = 0; i < gone; i++)
			line_clear(&story->lines[i]);
		story->count -= gone;
		for (size_t i = 0; i < story->count; i++)
			story->lines[i] = story->lines[i + gone];
		for (size_t i = story->count; i < COCKPIT_STORY_LINES; i++)
			story->lines[i] = (struct frame_line){0};
	}
	story_tell(runbook, event, &told);
	story->lines[story->count++] = (struct frame_line){
		.seq = event->seq,
		.ts = event->ts,
		.who = memory_copy_text(told.who),
		.text = buf_take(&told.text),
		.tone = told.tone,
	};
	story_fini(&told);
}

void cockpit_story_fini(struct cockpit_story *story)
{
	for (size_t i = 0; i < story->count; i++)
		line_clear(&story->lines[i]);
	free(story->lines);
	*story = (struct cockpit_story){0};
}
