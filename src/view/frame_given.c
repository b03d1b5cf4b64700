// SPDX-License-Identifier: Apache-2.0
//
// Dependencies that no step restores, and that are bad: in the way of a step that requires them, or
// of none.
#include "frame_concern.h"

#include "frame_words.h"
#include "relight/known.h"

bool given_is_bad(const struct scene *scene, int dependency)
{
	const struct state *state = scene->state;
	return state_expectation(state, dependency) == GIVEN &&
	       status_is_bad(scene_status(scene, dependency)) &&
	       state_folded_under(state, dependency) < 0 &&
	       !known_waits_for_its_cluster(scene->facts, dependency) &&
	       !state_waiver(state, -1, dependency, scene->now.wall);
}

static bool is_required_by(const struct scene *scene, int step, int dependency)
{
	const struct refs *requires = &scene->runbook->steps[step].requires;
	if (scene->shown[step] == STEP_DONE || scene->shown[step] == STEP_SKIPPED)
		return false;
	for (size_t r = 0; r < requires->count; r++)
		if (requires->items[r] == dependency)
			return true;
	return false;
}

bool given_is_required(const struct scene *scene, int dependency)
{
	for (size_t i = 0; i < scene->plan->count; i++) {
		int step = scene->plan->order[i];
		if (is_required_by(scene, step, dependency) &&
			!state_requirement_is_met(scene->state, step, dependency, scene->now.wall))
			return true;
	}
	return false;
}

int given_next_aside(const struct scene *scene, int from)
{
	for (int i = from; i < (int)scene->runbook->dependency_count; i++)
		if (given_is_bad(scene, i) && !given_is_required(scene, i))
			return i;
	return -1;
}

// --- in words ---

void concern_say_requirers(const struct scene *scene, int dependency, struct buf *out)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->plan->count; i++) {
		int step = scene->plan->order[i];
		if (is_required_by(scene, step, dependency) && ++count <= 3)
			buf_printf(out, "%s%s", count == 1 ? "Required by " : ", ",
				scene->runbook->steps[step].id);
	}
	if (count > 3)
		buf_printf(out, " and %zu more", count - 3);
	buf_text(out, count ? "." : "No step that is left requires it.");
}

void given_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	const struct dependency *of = &scene->runbook->dependencies[concern->dependency];
	buf_printf(&words->lines[0],
		"!! GIVEN, but %s: ", status_word(scene_status(scene, concern->dependency)));
	observation_words(scene, concern->dependency, &words->lines[0]);
	buf_text(&words->lines[1], "No step restores it. ");
	concern_say_requirers(scene, concern->dependency, &words->lines[1]);
	if (of->degraded)
		buf_printf(&words->lines[1], "   degraded: %s", of->degraded);
	else if (of->owner)
		buf_printf(&words->lines[1], "   owner: %s", of->owner);
}

// "! websvc is missing, required by no step that is left: not found"
void given_say_aside(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	struct buf *line = &words->lines[0];
	int dependency = concern->dependency;
	const char *message = scene_message(scene, dependency);
	size_t others = 0;
	for (int i = dependency; (i = given_next_aside(scene, i + 1)) >= 0;)
		others++;
	buf_printf(line, "! %s", scene->runbook->dependencies[dependency].id);
	if (others > 0)
		buf_printf(line, " and %zu more are bad", others);
	else
		buf_printf(line, " is %s", status_word(scene_status(scene, dependency)));
	buf_printf(line, ", and no step that is left waits for it%s%s", message[0] ? ": " : "",
		message);
}
