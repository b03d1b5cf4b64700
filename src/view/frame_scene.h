// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_SCENE_H
#define RELIGHT_VIEW_FRAME_SCENE_H

#include "relight/frame.h"

// What several panes need to know of one frame, worked out once: which failure each line follows
// from, when each step will be done, and what needs a person. Lives as long as one call of
// frame_draw.

// What needs a person, worst first.
enum concern_kind {
	CONCERN_DESERTED,  // nobody has what is looked on at: everything is old
	CONCERN_RECORD,    // the record cannot be written: nothing may start
	CONCERN_TIMEOUT,   // a running step is near its timeout: what waits ends it
	CONCERN_TARGET,    // a target is another one than the pinned: nothing acts on it
	CONCERN_REGRESSED, // a step
	CONCERN_FAILED,
	CONCERN_UNKNOWN,
	CONCERN_ABORT, // a criterion for aborting is met
	CONCERN_SENSOR,
	CONCERN_GIVEN,   // a dependency that nothing restores, and a step requires, is bad
	CONCERN_EXPIRES, // a credential
	CONCERN_LATE,    // a verification is near its end
	CONCERN_SIGHT,   // a cluster or a dependency is not known any more; from here on quiet
	CONCERN_UPDATE,  // what was promised to be told is overdue
	CONCERN_LOSS,    // data is being restored, and nobody has said to which moment
	CONCERN_ASIDE,   // what nothing restores is bad, and no step that is left requires it
	CONCERN_READY,   // nothing runs, and this can be started
};
struct concern {
	enum concern_kind kind;
	int step, dependency, target; // -1: none
};

struct scene {
	const struct frame_input *input;
	const struct facts *facts;
	const struct runbook *runbook;
	const struct plan *plan;
	const struct state *state;
	const struct sensed *sensed;
	const struct ui *ui;
	struct moment now;
	struct wall
		origin; // what T+ counts from: the impact, else the declaration; WALL_NONE before
	int64_t elapsed_ms; // T+: since the origin, until the incident was closed; 0 before
	int rows, columns;  // of the grid
	bool is_utf8;
	struct forecast forecast;
	struct counts counts;   // of all phases
	int selected_step;      // of the checklist, -1
	enum step_state *shown; // by step: state_step, but of what is being recorded
	int *root;    // by step: the failed, regressed or unknown step that it follows from, -1
	char *letter; // by step: the letter of ^k of a root cause; 0: it has no followers
	int64_t *finish_ms; // by step: when it will be done, since the origin
	int64_t *unseen_ms; // by target: for how long nothing has been known of it, -1 …
	int *unseen_teller; // … and the dependency that says best why
	bool *has_trouble;  // by target: it is told of as not being what it should be
	struct concern *concerns;
	size_t concern_count, concern_limit; // the second: how many there can be
	int *ready;                          // steps that can be started, in the order of Tab
	size_t ready_count;
	int running;  // the step that runs longest, -1
	bool can_act; // armed here, recorded, open
	struct arena *arena;
};

struct scene *scene_new(const struct frame_input *input, const struct grid *grid);
void scene_free(struct scene *scene);

// The steps of a phase by what they are now; -1: all but the abort steps.
struct counts scene_counts(const struct scene *scene, int phase);
// Milliseconds from `from` to now, never negative.
int64_t scene_age_ms(const struct scene *scene, struct mono from);
int64_t scene_wall_age_ms(const struct scene *scene, struct wall from);
// The root cause that a dependency which is not healthy follows from, -1.
int scene_dependency_root(const struct scene *scene, int dependency);
// "^k", or "" where it follows from nothing.
void scene_mark(const struct scene *scene, int root, char mark[3]);
// What the step has become is not on disk for good: the screen does not say it yet. Whoever goes on
// unrecorded waits for no disk.
bool scene_is_recording(const struct scene *scene, int step);
// The first dependency that the step restores and that is not healthy, -1.
int scene_unhealthy(const struct scene *scene, int step);
// Where traffic is locked: its steps have not begun and the journey is not proven.
bool scene_is_locked(const struct scene *scene, int phase);
// The newest words of the sensor about a dependency, else those of the record, never NULL.
const char *scene_message(const struct scene *scene, int dependency);
enum status scene_status(const struct scene *scene, int dependency);
// Its newest status says something, and is not stale.
bool scene_is_known(const struct scene *scene, int dependency);
// Healthy by the record and by the newest observation, which is not stale.
bool scene_is_healthy(const struct scene *scene, int dependency);
// Age of what the newest observation tells in milliseconds, -1: never seen.
int64_t scene_seen_ms(const struct scene *scene, int dependency);
// It was known once, and what was last known is too old to hold now.
bool scene_is_stale(const struct scene *scene, int dependency);
// Milliseconds for which nothing has been known of it, -1: something is, or nobody has asked yet.
int64_t scene_unknown_ms(const struct scene *scene, int dependency);
// Milliseconds since something under way last moved, -1: it is not under way, or not known now.
int64_t scene_still_ms(const struct scene *scene, int dependency);

#endif
