// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_SIGHT_H
#define RELIGHT_VIEW_FRAME_SIGHT_H

#include "frame_concern.h"

// What has been lost from sight: nothing regresses by that, and nothing is proven. What is known to
// be bad is told elsewhere.

// Looks at each target once a frame: with thousands of dependencies that are all out of sight,
// asking again for each of them would stop the screen.
void sight_look(struct scene *scene);
// Milliseconds for which nothing at all has been known of what is asked at a target, -1: something
// is, or nobody has asked, or it is not there yet, or is told of as another one.
int64_t sight_target_ms(const struct scene *scene, int target);

// One concern for all of it: a cluster as a whole where nothing of it is known, else the first
// dependency.
void sight_find(struct scene *scene);
void sight_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);

#endif
