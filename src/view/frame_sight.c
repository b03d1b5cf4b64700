// SPDX-License-Identifier: Apache-2.0
#include "frame_sight.h"

#include "frame_words.h"
#include "relight/arena.h"
#include "relight/known.h"

// --- a whole cluster ---

void sight_look(struct scene *scene)
{
	size_t count = scene->runbook->target_count + 1;
	scene->unseen_ms = arena_array(scene->arena, count, sizeof(*scene->unseen_ms));
	scene->unseen_teller = arena_array(scene->arena, count, sizeof(*scene->unseen_teller));
	scene->has_trouble = arena_array(scene->arena, count, sizeof(*scene->has_trouble));
	for (int t = 0; t < (int)scene->runbook->target_count; t++) {
		scene->has_trouble[t] = state_target_trouble(scene->state, t) != TARGET_FINE;
		scene->unseen_teller[t] = scene->unseen_ms[t] = -1;
		if (!scene->has_trouble[t])
			scene->unseen_ms[t] =
				known_target_unknown_ms(scene->facts, t, &scene->unseen_teller[t]);
	}
}

int64_t sight_target_ms(const struct scene *scene, int target)
{
	return scene->unseen_ms[target];
}

static int next_target_out_of_sight(const struct scene *scene, int from)
{
	for (int t = from; t < (int)scene->runbook->target_count; t++)
		if (sight_target_ms(scene, t) >= 0)
			return t;
	return -1;
}

// --- one dependency ---

static bool is_told_by_its_target(const struct scene *scene, const struct dependency *of)
{
	for (size_t i = 0; i < of->check_count; i++)
		if (of->checks[i].kind == CHECK_KUBERNETES &&
			(sight_target_ms(scene, of->checks[i].kubernetes.target) >= 0 ||
				scene->has_trouble[of->checks[i].kubernetes.target]))
			return true;
	return false;
}

// What should be there: held, or given by others. What a person has to attest is an open question,
// and was never in sight.
static bool is_lost_from_sight(const struct scene *scene, int dependency)
{
	const struct dependency *of = &scene->runbook->dependencies[dependency];
	enum expectation_word expected = state_expectation(scene->state, dependency);
	if (expected != HELD && (expected != GIVEN || of->checks[0].kind == CHECK_MANUAL))
		return false;
	return scene_unknown_ms(scene, dependency) >= 0 &&
	       state_folded_under(scene->state, dependency) < 0 &&
	       !state_waiver(scene->state, -1, dependency, scene->now.wall) &&
	       !known_waits_for_its_cluster(scene->facts, dependency) &&
	       !is_told_by_its_target(scene, of);
}

static int next_lost_from_sight(const struct scene *scene, int from)
{
	for (int i = from; i < (int)scene->runbook->dependency_count; i++)
		if (is_lost_from_sight(scene, i))
			return i;
	return -1;
}

static size_t count_lost_from_sight(const struct scene *scene)
{
	size_t count = 0;
	for (int i = -1; (i = next_lost_from_sight(scene, i + 1)) >= 0;)
		count++;
	return count;
}

void sight_find(struct scene *scene)
{
	// A sensor that is down has lost sight of everything, and that is told as such; so is that
	// there is none. Without an own one it may be that nobody tells.
	bool is_told = ui_has_incident(scene->ui) || scene->input->sensor_silence_ms >= 0;
	if ((is_told && !scene->sensed->is_up) || scene->facts->is_deserted)
		return;
	int target = next_target_out_of_sight(scene, 0);
	int dependency = next_lost_from_sight(scene, 0);
	if (target >= 0)
		concern_add(scene, CONCERN_SIGHT, -1, -1, target);
	else if (dependency >= 0)
		concern_add(scene, CONCERN_SIGHT, -1, dependency, -1);
}

// --- in words ---

// " for 12s: connection refused"
static void say_since(const struct scene *scene, int dependency, int64_t ms, struct buf *line)
{
	const char *message = scene_message(scene, dependency);
	buf_text(line, " for ");
	duration_words(ms, line);
	buf_printf(line, ": %s",
		scene_is_stale(scene, dependency) ? "no observation any more"
		: message[0]                      ? message
						  : "no answer");
}

// "; before, 4 of 5 were healthy there"
static void say_before(const struct scene *scene, int target, struct buf *line)
{
	size_t count = 0, healthy = 0;
	for (int i = 0; i < (int)scene->runbook->dependency_count; i++) {
		enum status before;
		if (!known_is_of_target(scene->facts, i, target) ||
			!known_before(scene->facts, i, &before))
			continue;
		count++;
		healthy += before == STATUS_HEALTHY;
	}
	if (count == 0)
		return;
	if (healthy == count)
		buf_text(line, "; before, all was healthy there");
	else
		buf_printf(line, "; before, %zu of %zu were healthy there", healthy, count);
}

// "? Nothing known of dr-apse3 for 12s: connection refused; 2 more not known"
static void say_target(const struct scene *scene, int target, struct buf *line)
{
	size_t others = count_lost_from_sight(scene);
	buf_text(line, "? Nothing known of ");
	target_words(scene, target, line);
	for (int t = target; (t = next_target_out_of_sight(scene, t + 1)) >= 0;) {
		buf_text(line, ", nor of ");
		target_words(scene, t, line);
	}
	say_since(scene, scene->unseen_teller[target], sight_target_ms(scene, target), line);
	if (others > 0)
		buf_printf(line, "; %zu more not known", others);
	say_before(scene, target, line);
}

// Whoever needs it: the step that has restored it, else one that is left and requires it.
static void say_who_needs(const struct scene *scene, int dependency, struct buf *line)
{
	const struct refs *by = &scene->runbook->dependencies[dependency].restored_by;
	if (by->count > 0) {
		buf_printf(line, "; %s rests on it", scene->runbook->steps[by->items[0]].id);
		return;
	}
	for (size_t i = 0; i < scene->plan->count; i++) {
		int step = scene->plan->order[i];
		const struct refs *requires = &scene->runbook->steps[step].requires;
		bool is_left =
			scene->shown[step] == STEP_WAITING || scene->shown[step] == STEP_READY;
		for (size_t r = 0; is_left && r < requires->count; r++)
			if (requires->items[r] == dependency) {
				buf_printf(
					line, "; %s requires it", scene->runbook->steps[step].id);
				return;
			}
	}
}

// "? web not known for 14s: connection refused; serve rests on it"
void sight_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	struct buf *line = &words->lines[0];
	int dependency = concern->dependency;
	if (dependency < 0) {
		say_target(scene, concern->target, line);
		return;
	}
	size_t others = count_lost_from_sight(scene) - 1;
	buf_printf(line, "? %s", scene->runbook->dependencies[dependency].id);
	if (others > 0)
		buf_printf(line, " and %zu more", others);
	buf_text(line, " not known");
	say_since(scene, dependency, scene_unknown_ms(scene, dependency), line);
	say_who_needs(scene, dependency, line);
}
