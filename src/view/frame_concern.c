// SPDX-License-Identifier: Apache-2.0
//
// Which concerns there are, the most pressing first; what they say is in frame_concern_words.c.
#include "frame_concern.h"

#include <assert.h>
#include <string.h>

#include "relight/arena.h"
#include "frame_expiry.h"

void concern_add(struct scene *scene, enum concern_kind kind, int step, int dependency, int target)
{
	assert(scene->concern_count < scene->concern_limit);
	scene->concerns[scene->concern_count++] = (struct concern){kind, step, dependency, target};
}

static bool step_concern(const struct scene *scene, int step, enum concern_kind *kind)
{
	switch (scene->shown[step]) {
	case STEP_REGRESSED: *kind = CONCERN_REGRESSED; return true;
	case STEP_FAILED: *kind = CONCERN_FAILED; return true;
	case STEP_UNKNOWN: *kind = CONCERN_UNKNOWN; return true;
	case STEP_RUNNING: *kind = CONCERN_TIMEOUT; return !scene_is_recording(scene, step);
	case STEP_VERIFYING: *kind = CONCERN_LATE; return true;
	default: return false;
	}
}

static void find_dependencies(struct scene *scene)
{
	int count = (int)scene->runbook->dependency_count;
	for (int i = 0; i < count; i++)
		if (given_is_bad(scene, i) && given_is_required(scene, i))
			concern_add(scene, CONCERN_GIVEN, -1, i, -1);
	expiry_find(scene);
}

// The steps whose concern is one of these kinds.
static void take_steps(struct scene *scene, const int *steps, size_t count, enum concern_kind first,
	enum concern_kind last)
{
	for (size_t i = 0; i < count; i++) {
		enum concern_kind kind;
		if (step_concern(scene, steps[i], &kind) && kind >= first && kind <= last)
			concern_add(scene, kind, steps[i], -1, -1);
	}
}

// What was declared recovered and is aborted after that has its abort steps before it.
bool scene_is_over(const struct scene *scene)
{
	return wall_known(scene->state->closed.wall) ||
	       (wall_known(scene->state->recovered.wall) && !scene->state->was_aborted);
}

// Of what can be started, what the cursor is on is spoken of.
static void take_selected_first(struct scene *scene)
{
	for (size_t i = 1; i < scene->ready_count; i++)
		if (scene->ready[i] == scene->selected_step) {
			memmove(&scene->ready[1], &scene->ready[0], i * sizeof(*scene->ready));
			scene->ready[0] = scene->selected_step;
		}
}

static size_t concerns_most(const struct runbook *runbook)
{
	enum { ALONE = 8 }; // deserted, record, sensor, sight, update, loss, aside, ready
	// A step is in one state, so it has one; a dependency may be bad and expire.
	return runbook->step_count + runbook->target_count + 2 * runbook->dependency_count +
	       runbook->abort.when_unhealthy_count + ALONE;
}

// Of `steps` those that can be started.
static void find_ready(struct scene *scene, const int *steps, size_t count)
{
	scene->ready = arena_array(scene->arena, count + 1, sizeof(*scene->ready));
	for (size_t i = 0; i < count; i++)
		if (scene->shown[steps[i]] == STEP_READY &&
			scene->runbook->steps[steps[i]].kind != STEP_WAIT)
			scene->ready[scene->ready_count++] = steps[i];
}

// The calls stand in the order of enum concern_kind: the first concern is what NOW says, and all
// that need a person come before the quiet ones. `steps` are those that need one.
static void find_concerns(struct scene *scene, const int *steps, size_t count)
{
	bool has_trouble = scene->input->fault || scene->input->away_path;
	if (scene->facts->is_deserted)
		concern_add(scene, CONCERN_DESERTED, -1, -1, -1);
	if (has_trouble && !scene->facts->is_unrecorded)
		concern_add(scene, CONCERN_RECORD, -1, -1, -1);
	take_steps(scene, steps, count, CONCERN_TIMEOUT, CONCERN_TIMEOUT);
	target_find(scene);
	take_steps(scene, steps, count, CONCERN_REGRESSED, CONCERN_UNKNOWN);
	abort_find(scene);
	if (!scene->sensed->is_up && !scene->facts->is_deserted &&
		(scene->sensed->why_down || scene->input->sensor_why))
		concern_add(scene, CONCERN_SENSOR, -1, -1, -1);
	find_dependencies(scene);
	take_steps(scene, steps, count, CONCERN_LATE, CONCERN_LATE);
	quiet_find(scene);
	if (scene->running < 0 && scene->ready_count > 0) {
		take_selected_first(scene);
		concern_add(scene, CONCERN_READY, scene->ready[0], -1, -1);
	}
}

void concerns_find(struct scene *scene)
{
	size_t limit = scene->runbook->step_count + 1, needing = 0;
	int *steps = arena_array(scene->arena, limit, sizeof(*steps));
	size_t count = ui_attention(scene->facts, steps, limit, &needing);
	scene->concern_limit = concerns_most(scene->runbook);
	scene->concerns = arena_array(scene->arena, scene->concern_limit, sizeof(*scene->concerns));
	find_ready(scene, steps + needing, count - needing);
	if (!scene_is_over(scene))
		find_concerns(scene, steps, needing);
}

size_t concerns_needing(const struct scene *scene)
{
	size_t count = 0;
	while (count < scene->concern_count && scene->concerns[count].kind < CONCERN_SIGHT)
		count++;
	return count;
}

bool concern_is_quiet(const struct concern *concern)
{
	return concern->kind >= CONCERN_SIGHT && concern->kind < CONCERN_READY;
}

bool concerns_are_quiet(const struct scene *scene)
{
	size_t needing = concerns_needing(scene);
	return needing < scene->concern_count && concern_is_quiet(&scene->concerns[needing]);
}
