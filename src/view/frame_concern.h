// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_CONCERN_H
#define RELIGHT_VIEW_FRAME_CONCERN_H

#include "relight/buf.h"
#include "frame_scene.h"

// Fills scene->concerns and scene->ready.
void concerns_find(struct scene *scene);

// A concern in words: what it is, what is seen of it, and what may help. Lines may be empty.
#define CONCERN_LINES 3
struct concern_words {
	struct buf lines[CONCERN_LINES];
	enum role role; // of the first line
};
void concern_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);
// The same where nothing needs a person: what goes on, or why nothing can.
void calm_say(const struct scene *scene, struct concern_words *words);
void concern_words_fini(struct concern_words *words);
// In a few words, for the list of what else needs a person: "workflow-worker failed".
void concern_name(const struct scene *scene, const struct concern *concern, struct buf *out);
// How many of the concerns need a person before anything that can merely be started.
size_t concerns_needing(const struct scene *scene);

// Recovered or closed: nothing is asked of anyone any more.
bool scene_is_over(const struct scene *scene);
// Steps that can be started, from the `from`th on: "velero-restore, ~6m, for ben; and 2 more".
void concern_list_ready(const struct scene *scene, size_t from, struct buf *out);
// Tells whoever only looks on that nothing can be started from here.
void concern_say_seat(const struct scene *scene, struct concern_words *words);

#endif
