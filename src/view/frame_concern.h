// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_CONCERN_H
#define RELIGHT_VIEW_FRAME_CONCERN_H

#include "relight/buf.h"
#include "frame_scene.h"

// Fills scene->concerns and scene->ready.
void concerns_find(struct scene *scene);
// -1: it is about no step, dependency or target.
void concern_add(struct scene *scene, enum concern_kind kind, int step, int dependency, int target);

// A concern in words: what it is, what is seen of it, and what may help. Lines may be empty.
#define CONCERN_LINES 3
struct concern_words {
	struct buf lines[CONCERN_LINES];
	enum role role; // of the first line
};
void concern_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);
// The same, without the way to it and without what the seat may do.
void concern_say_itself(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);
// What goes on, can be started, or is left to say while something else needs a person; where
// nothing of that is, and `is_thorough`, why not. Nothing after the end.
void calm_say_next(const struct scene *scene, bool is_thorough, struct buf *out);
// The same where nothing needs a person: what goes on, or why nothing can.
void calm_say(const struct scene *scene, struct concern_words *words);
void concern_words_fini(struct concern_words *words);
// What NOW says: the worst of what needs a person, else what can be started or what goes on, below
// the lines of what is quiet.
void now_say(const struct scene *scene, struct concern_words *words);
// In a few words, for the list of what else needs a person: "workflow-worker failed".
void concern_name(const struct scene *scene, const struct concern *concern, struct buf *out);
// How many of the concerns need a person before anything that can merely be started.
size_t concerns_needing(const struct scene *scene);

// Quiet concerns need one line each and push nothing aside: what cannot be seen any more, what
// should have been told, what nobody has chosen.
bool concern_is_quiet(const struct concern *concern);
bool concerns_are_quiet(const struct scene *scene); // there are such
void quiet_find(struct scene *scene);
void quiet_say_update(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);
void quiet_say_loss(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);

// Targets that are not what they should be.
void target_find(struct scene *scene);
void target_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);

// Criteria for aborting that are met (abort.when_unhealthy).
void abort_find(struct scene *scene);
void abort_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);

// A dependency that nothing restores is degraded or missing, for itself, and nobody does without
// it.
bool given_is_bad(const struct scene *scene, int dependency);
// A step that is left requires it, and nobody has waived that.
bool given_is_required(const struct scene *scene, int dependency);
// The first from `from` on that is bad, and that no step which is left requires, -1.
int given_next_aside(const struct scene *scene, int from);
void given_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);
void given_say_aside(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);

// "Required by a, b and 2 more.": steps that are left and require the dependency.
void concern_say_requirers(const struct scene *scene, int dependency, struct buf *out);

// Recovered or closed: nothing is asked of anyone any more.
bool scene_is_over(const struct scene *scene);
// Steps that can be started, from the `from`th on: "velero-restore, ~6m, for ben; and 2 more".
void concern_list_ready(const struct scene *scene, size_t from, struct buf *out);
// Adds how to get to the step that is spoken of, where the line has room for it.
void concern_say_way(const struct scene *scene, struct buf *text);
// Tells whoever only looks on that nothing can be started from here.
void concern_say_seat(const struct scene *scene, struct concern_words *words);

#endif
