// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_SERVING_H
#define RELIGHT_VIEW_FRAME_SERVING_H

#include "frame_scene.h"

// What customers get now. That a function serves is on the record and stops the clock of the RTO,
// until the record says that it was interrupted; whether it serves this moment is what its journey
// shows now.
enum serving {
	SERVING_UNSEEN,  // nobody has seen yet whether it does
	SERVING_NEVER,   // not since the impact: something of its journey is not healthy
	SERVING_NOW,     // all of its journey is healthy and fresh
	SERVING_UNKNOWN, // it served; what it rests on is not known now
	SERVING_LOST,    // it served; something that it rests on is not healthy now
};

// Of one function.
enum serving serving_function(const struct scene *scene, size_t function);
// Of the whole: of the functions what is worth most attention; without functions that of the layer
// `journey`, without one of these that of every dependency.
enum serving serving_whole(const struct scene *scene);
// Whether there is anything that could be seen to serve, or not to.
bool serving_is_shown(const struct scene *scene);
// How many functions are like that.
size_t serving_count(const struct scene *scene, enum serving serving);
// "recovered by ana at T+12", of a recovery that is declared.
void declared_words(const struct scene *scene, struct buf *out);

#endif
