// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_SIGHT_H
#define RELIGHT_VIEW_FRAME_SIGHT_H

#include "frame_concern.h"

// What has been lost from sight: nothing regresses by that, and nothing is proven. What is known to
// be bad is told elsewhere.

// Milliseconds for which nothing at all has been known of what is checked in a target's cluster,
// -1: something is, or nobody has asked, or it is not there yet. `teller` (may be NULL): the
// dependency that says best why.
int64_t sight_target_ms(const struct scene *scene, int target, int *teller);

// One concern for all of it: a cluster as a whole where nothing of it is known, else the first
// dependency.
void sight_find(struct scene *scene);
void sight_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);

#endif
