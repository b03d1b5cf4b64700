// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_FRAME_H
#define RELIGHT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/cells.h"
#include "relight/decide.h"
#include "relight/layout.h"
#include "relight/moment.h"
#include "relight/story.h"
#include "relight/ui.h"

// The whole screen, drawn from values: the incident (facts), what the person at the screen does
// (ui), and what only the hall knows. Pure: the same input gives the same grid.

// One event in words, as story.h tells it.
struct frame_line {
	int64_t seq;
	struct wall ts;
	const char *who;  // "sensed", "relight", or a person
	const char *text; // one line
	enum tone tone;
};

// The output of the newest attempt of the selected step, or a window of it.
struct frame_output {
	int step, attempt;        // -1, 0: none
	const char *const *lines; // without their LF; untrusted
	size_t count;
	int64_t first;     // the number of lines[0] in the whole output
	int64_t total;     // lines of the whole output
	int64_t age_ms;    // since the newest byte; -1: nothing yet
	const char *fault; // why it cannot be read; NULL: it can, or is not there yet
};

// What the API server said to the action of the selected step by a dry run.
enum trial_state {
	TRIAL_NONE,
	TRIAL_ASKING,
	TRIAL_ACCEPTED,
	TRIAL_REFUSED,
	TRIAL_NOT_YET,   // what it changes is not there
	TRIAL_NOT_KNOWN, // it could not be asked, or could not say
};
struct frame_trial {
	enum trial_state state;
	int64_t age_ms;           // since it was asked, while it is; since it was answered
	const char *why;          // NULL: nothing to say
	const char *const *lines; // what was said on the way, secrets masked; untrusted
	size_t line_count;
	size_t left_out; // lines that are not there
};

struct frame_input {
	const struct facts *facts;
	const struct ui *ui;
	const char *person;               // at this screen; NULL: not known
	const char *signing;              // the key that signs the opening just now; NULL: none
	int64_t newest_seq;               // of the record; -1 before the first
	int64_t durable_seq;              // on disk for good
	const char *fault;                // why the record cannot be written; NULL: it can
	const char *away_path, *away_why; // where it is on disk alone, and why not at home; NULL
	const char *mirror_fault;         // why its mirror cannot be written; NULL: it can
	int64_t sensor_silence_ms;        // since the sensor last spoke; -1: it never did
	const char *sensor_why;           // why it is down, where facts->sensed does not say; NULL
	const char *take_name; // onlooker: what `relight take` calls the incident; NULL: not known
	const char
		*take_account; // onlooker: the only account that can take it; NULL: the present one
	int lookers;           // other screens that look on
	const struct frame_line
		*lines; // timeline, oldest first; may be a window that ends with the newest
	size_t line_count;
	struct frame_output output;
	const char *preview; // what the selected step will run, secrets masked, lines separated by
			     // LF; NULL: nothing
	struct frame_trial trial, rollback_trial; // of the selected step
	const int64_t *output_age_ms; // by step index: since the newest byte of its output, -1
				      // none; NULL: not known
};

// Draws everything, on a grid of any size from 1×1 up. Clears the grid first. Returns how many
// lines of the focused pane stand above those that are shown (ui_scrolled).
int frame_draw(struct grid *grid, const struct frame_input *input);

#endif
