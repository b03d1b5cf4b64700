// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_EXPIRY_H
#define RELIGHT_VIEW_FRAME_EXPIRY_H

#include "frame_concern.h"

// How long credentials still live, as the checks tell that use them.
enum expiry {
	EXPIRY_NONE, // nothing is told of it
	EXPIRY_FAR,  // over a day, or it is replaced by itself in time
	EXPIRY_NEAR,
	EXPIRY_SOON, // while there is time to renew it
	EXPIRY_OVER,
};

// Of one dependency; `left_ms` is below zero once it is over.
enum expiry expiry_of(const struct scene *scene, int dependency, int64_t *left_ms);
// "expires in 28m", "EXPIRED 3m ago".
void expiry_words(int64_t left_ms, struct buf *out);
// The dependency whose credential ends first, of those that are not far away; -1: none.
int expiry_first(const struct scene *scene);

// The concerns: each credential once, however many checks use it.
void expiry_find(struct scene *scene);
void expiry_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);

#endif
