// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_AUTOPILOT_H
#define RELIGHT_AUTOPILOT_H

#include <stdbool.h>

#include "relight/answers.h"
#include "relight/buf.h"
#include "relight/decide.h"

// The operator of a run without a screen: wants what the answers file says, one intent at a time
// (FORMATS.md §7). Pure.

struct autopilot {
	const struct answers *answers; // borrowed
	int parallel;                  // attempts at once, at least 1
	bool *was_retried;             // by step index: `retry-once` is used up
	int64_t seen_events;           // how far the timeline was at the last look, …
	struct mono moved;             // … and when it last moved
	size_t step_count;
	int failed_step;  // what stopped it, -1: nothing
	bool *is_refused; // by step index, the last one for what is about no step: not wanted again
			  // until something moves
	char typed[256];  // texts of the last intent
	struct buf text;
	struct buf refused; // why the last intent was refused; empty: it was not
};

enum autopilot_turn {
	AUTOPILOT_ACT,  // *intent is wanted now; ask again after it was decided
	AUTOPILOT_WAIT, // nothing to do until something happens
	AUTOPILOT_OVER, // the incident is closed; *exit_code and `why` say whether that is good
	AUTOPILOT_STOP, // it cannot go on: *exit_code and `why` say how and over what
};

// `answers` must outlive it.
void autopilot_init(struct autopilot *autopilot, const struct facts *facts,
	const struct answers *answers, int parallel);
void autopilot_fini(struct autopilot *autopilot);

// What to do now. The intent's texts are valid until the next call. *exit_code is 0, 1
// or 3 (FORMATS.md §8): closed as recovered is 1 where steps failed and were left out, and
// something is not healthy.
enum autopilot_turn autopilot_next(struct autopilot *autopilot, const struct facts *facts,
	struct intent *intent, int *exit_code, struct buf *why);
// The wanted intent was refused, for this reason; it counts as a missing answer of that step.
void autopilot_refused(
	struct autopilot *autopilot, const struct intent *intent, const struct err *why);

#endif
