// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_COCKPIT_TRIAL_H
#define RELIGHT_COCKPIT_TRIAL_H

#include "engine.h"
#include "relight/frame.h"

// Dry runs that the person at the screen asks for: what the API server says to the action of a step
// before it is started. Nothing is changed by them, and nothing recorded.

struct cockpit_trials;

struct cockpit_trials *cockpit_trials_new(struct engine *engine);
// Gives up what is under way. To be called before engine_fini, whose loop lets go of it.
void cockpit_trials_free(struct cockpit_trials *trials);

// Asks what the step's action, and its rollback where that is done to a cluster too, would do now.
// Never blocks. False with `err`: it cannot be asked.
bool cockpit_trials_ask(struct cockpit_trials *trials, int step, struct err *err);
// What is known of the step's action, or of its rollback; valid until the loop's next turn. Before
// another attempt, or of other inputs, it was another action: then nothing is known. A step of -1
// has none.
struct frame_trial cockpit_trials_view(
	const struct cockpit_trials *trials, int step, bool is_rollback);

#endif
