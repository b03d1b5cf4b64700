// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_COCKPIT_PARTS_H
#define RELIGHT_COCKPIT_PARTS_H

#include <stdbool.h>
#include <uv.h>

#include "cockpit_output.h"
#include "cockpit_story.h"
#include "cockpit_trial.h"
#include "engine.h"
#include "relight/cells.h"
#include "relight/frame.h"
#include "relight/term.h"

// Shared by cockpit.c, which moves the cockpit, and cockpit_draw.c, which only draws it.

struct cockpit {
	struct engine engine;
	struct term *term;
	struct ui ui;
	struct grid *grid;
	struct theme theme;
	struct cockpit_output *output;
	struct cockpit_trials *trials;
	struct cockpit_story story;
	struct buf preview;   // of what the selected step would run, masked
	uv_work_t opening;    // makes the incident while the first frame is on the screen
	uv_timer_t patience;  // with a terminal that does not take the first frame
	uv_timer_t later;     // draws what came too soon after the last frame
	struct mono drawn;    // when the last frame was
	struct mono detached; // since when there is no terminal any more; MONO_NONE: there is
	bool is_opening;      // the making of the incident has begun, …
	bool is_opened; // … and is over, well or not; always, where the incident was there already
	bool is_leaving;    // the loop is not entered again
	bool observes;      // --observe
	char *take_name;    // onlooker: what `take` calls the incident
	char *take_account; // onlooker: the only account that can take it; NULL: the present one
	char *taken;        // who has taken the incident from here, in words; NULL: nobody
	struct err failure; // why it has to end; empty: it need not
};

// Draws what is known now, and hands it to the terminal, which takes it in its own time; without a
// terminal nothing. Never blocks.
void cockpit_draw(struct cockpit *cockpit);
// The same, but at once only where the last frame is a thirtieth of a second old,
// else as soon as it is: for what nobody typed for.
void cockpit_draw_soon(struct cockpit *cockpit);
// A dialog can be answered once the terminal shows it, however many grids came after it: on a slow
// link there is always a newer one. Sees whether it does.
void cockpit_see_dialog(struct cockpit *cockpit);

#endif
