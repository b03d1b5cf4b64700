// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_COCKPIT_OUTPUT_H
#define RELIGHT_COCKPIT_OUTPUT_H

#include <stdint.h>

#include "engine.h"
#include "relight/frame.h"

// The output of attempts, for the screen: follows the file of the selected one on a worker thread,
// so that a slow disk holds up nothing. The newest lines are kept in memory, all of them are on the
// disk.

struct cockpit_output;

struct cockpit_output *cockpit_output_new(struct engine *engine);
void cockpit_output_free(struct cockpit_output *output);

// Which attempt is to be followed; step -1 or attempt 0: none. Cheap when it is the same as before.
void cockpit_output_follow(struct cockpit_output *output, int step, int attempt);
// What is there of it now; valid until the loop's next turn.
struct frame_output cockpit_output_window(struct cockpit_output *output);
// By step index: milliseconds since the newest byte of a running attempt's output, -1: none.
const int64_t *cockpit_output_ages(const struct cockpit_output *output);
// The next line (direction 1) or last line (-1) from `from` that holds `text`, going round once;
// -1: none in memory.
int64_t cockpit_output_find(
	const struct cockpit_output *output, const char *text, int64_t from, int direction);

#endif
