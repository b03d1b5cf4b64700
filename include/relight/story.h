// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_STORY_H
#define RELIGHT_STORY_H

#include "relight/buf.h"
#include "relight/event.h"
#include "relight/runbook.h"

// One event in words: for the timeline pane, the report, and `relight timeline show`.

// What a line of the timeline is like; decides its colour.
enum tone { TONE_PLAIN, TONE_DIM, TONE_PERSON, TONE_GOOD, TONE_WARN, TONE_BAD };

struct story {
	const char *who; // "sensed", "relight", or the person; lives as long as the event
	struct buf text; // one line without its LF, never empty. Untrusted: whoever shows it makes
			 // it safe
	enum tone tone;
};

// Tells one event: "FAILED workflow-worker, attempt 2, exit 1". `out` is cleared first and must be
// zeroed before its first use; story_fini frees it. `runbook` may be NULL, then less is said (how
// long something must stay healthy). An unknown kind is shown by its word.
void story_tell(const struct runbook *runbook, const struct event *event, struct story *out);
void story_fini(struct story *story);

#endif
