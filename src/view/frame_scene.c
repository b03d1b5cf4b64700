// SPDX-License-Identifier: Apache-2.0
#include "frame_scene.h"

#include "relight/arena.h"
#include "relight/known.h"
#include "frame_concern.h"
#include "frame_sight.h"

int64_t scene_age_ms(const struct scene *scene, struct mono from)
{
	if (!mono_known(from) || scene->now.mono.us <= from.us)
		return 0;
	return (scene->now.mono.us - from.us) / US_PER_MS;
}

int64_t scene_wall_age_ms(const struct scene *scene, struct wall from)
{
	if (!wall_known(from) || scene->now.wall.us <= from.us)
		return 0;
	return (scene->now.wall.us - from.us) / US_PER_MS;
}

// --- root causes ---

static bool is_bad(enum step_state state)
{
	return state == STEP_REGRESSED || state == STEP_FAILED || state == STEP_UNKNOWN;
}

// Everything after a bad step follows from it, the first one in plan order if there are several;
// the order is topological, so one walk finds them.
static void find_roots(struct scene *scene)
{
	const struct plan *plan = scene->plan;
	for (size_t i = 0; i < scene->runbook->step_count; i++)
		scene->root[i] = -1;
	for (size_t i = 0; i < plan->count; i++) {
		int step = plan->order[i];
		for (size_t n = 0; n < plan->waits_for[step].count; n++) {
			int before = plan->waits_for[step].items[n];
			int root = scene->root[before];
			if (root < 0 && is_bad(scene->shown[before]))
				root = before;
			if (root >= 0 && scene->root[step] < 0 &&
				scene->shown[step] != STEP_SKIPPED)
				scene->root[step] = root;
		}
	}
}

// Letters by which the roots are named on other lines: one of their id's where it is free.
static void name_roots(struct scene *scene)
{
	bool is_taken[26] = {false};
	for (size_t i = 0; i < scene->plan->count; i++) {
		int root = scene->root[scene->plan->order[i]];
		if (root < 0 || scene->letter[root])
			continue;
		const char *id = scene->runbook->steps[root].id;
		const char *from[] = {id, "abcdefghijklmnopqrstuvwxyz"};
		for (size_t f = 0; f < 2 && !scene->letter[root]; f++)
			for (const char *c = from[f]; *c && !scene->letter[root]; c++)
				if (*c >= 'a' && *c <= 'z' && !is_taken[*c - 'a']) {
					is_taken[*c - 'a'] = true;
					scene->letter[root] = *c;
				}
	}
}

void scene_mark(const struct scene *scene, int root, char mark[3])
{
	mark[0] = '\0';
	if (root >= 0 && scene->letter[root]) {
		mark[0] = '^';
		mark[1] = scene->letter[root];
		mark[2] = '\0';
	}
}

int scene_dependency_root(const struct scene *scene, int dependency)
{
	if (scene_status(scene, dependency) == STATUS_HEALTHY)
		return -1;
	const struct refs *by = &scene->runbook->dependencies[dependency].restored_by;
	for (size_t i = 0; i < by->count; i++)
		if (scene->root[by->items[i]] >= 0)
			return scene->root[by->items[i]];
	int under = state_folded_under(scene->state, dependency);
	if (under < 0)
		return -1;
	by = &scene->runbook->dependencies[under].restored_by;
	for (size_t i = 0; i < by->count; i++)
		if (scene->letter[by->items[i]])
			return by->items[i];
	return -1;
}

// --- what is sensed ---

enum status scene_status(const struct scene *scene, int dependency)
{
	return known_status(scene->facts, dependency);
}

// The record says so, and where it is another one who records, what he sees is not old.
static bool is_fresh(const struct scene *scene, int dependency)
{
	return scene->state->dependencies[dependency].is_fresh &&
	       (ui_has_incident(scene->ui) || !scene_is_stale(scene, dependency));
}

bool scene_is_known(const struct scene *scene, int dependency)
{
	return is_fresh(scene, dependency) && scene_status(scene, dependency) != STATUS_UNKNOWN;
}

bool scene_is_healthy(const struct scene *scene, int dependency)
{
	return scene_status(scene, dependency) == STATUS_HEALTHY && is_fresh(scene, dependency) &&
	       state_is_healthy(scene->state, dependency);
}

const char *scene_message(const struct scene *scene, int dependency)
{
	return known_message(scene->facts, dependency);
}

int64_t scene_seen_ms(const struct scene *scene, int dependency)
{
	return known_seen_ms(scene->facts, dependency);
}

bool scene_is_stale(const struct scene *scene, int dependency)
{
	return known_is_stale(scene->facts, dependency);
}

int64_t scene_unknown_ms(const struct scene *scene, int dependency)
{
	return known_unknown_ms(scene->facts, dependency);
}

int64_t scene_still_ms(const struct scene *scene, int dependency)
{
	if (scene->state->dependencies[dependency].is_attested)
		return -1;
	return sensed_still_ms(scene->sensed, scene->runbook, dependency, scene->now.mono);
}

bool scene_is_recording(const struct scene *scene, int step)
{
	return scene->state->steps[step].seq > scene->input->durable_seq &&
	       !scene->facts->is_unrecorded;
}

int scene_unhealthy(const struct scene *scene, int step)
{
	const struct refs *restores = &scene->runbook->steps[step].restores;
	for (size_t i = 0; i < restores->count; i++)
		if (scene_status(scene, restores->items[i]) != STATUS_HEALTHY)
			return restores->items[i];
	for (size_t i = 0; i < restores->count; i++)
		if (!state_is_healthy(scene->state, restores->items[i]))
			return restores->items[i];
	return -1;
}

bool scene_is_locked(const struct scene *scene, int phase)
{
	const struct plan *plan = scene->plan;
	if (phase != plan->traffic_phase || plan->journey_phase < 0)
		return false;
	for (size_t i = 0; i < plan->phase_steps[phase].count; i++) {
		enum step_state state = scene->shown[plan->phase_steps[phase].items[i]];
		if (state != STEP_WAITING && state != STEP_SKIPPED)
			return false;
	}
	const struct refs *journey = &plan->phase_steps[plan->journey_phase];
	for (size_t i = 0; i < journey->count; i++) {
		enum step_state state = scene->shown[journey->items[i]];
		if ((state != STEP_DONE && state != STEP_SKIPPED) ||
			(state == STEP_DONE && scene_unhealthy(scene, journey->items[i]) >= 0))
			return true;
	}
	return false;
}

// --- the whole ---

struct counts scene_counts(const struct scene *scene, int phase)
{
	size_t tally[STEP_STATES] = {0};
	struct counts counts = {0};
	for (size_t i = 0; i < scene->plan->count; i++) {
		int step = scene->plan->order[i];
		if (phase >= 0 && scene->runbook->steps[step].phase != phase)
			continue;
		tally[scene->shown[step]]++;
		counts.total++;
	}
	counts.waiting = (int)tally[STEP_WAITING];
	counts.ready = (int)tally[STEP_READY];
	counts.running = (int)tally[STEP_RUNNING];
	counts.verifying = (int)tally[STEP_VERIFYING];
	counts.done = (int)tally[STEP_DONE];
	counts.regressed = (int)tally[STEP_REGRESSED];
	counts.failed = (int)tally[STEP_FAILED];
	counts.unknown = (int)tally[STEP_UNKNOWN];
	counts.skipped = (int)tally[STEP_SKIPPED];
	return counts;
}

// What is being stopped comes before what goes on.
static int longest_running(const struct scene *scene)
{
	int longest = -1;
	bool is_stopping = false;
	for (size_t i = 0; i < scene->runbook->step_count; i++) {
		enum step_state is = scene->state->steps[i].state;
		if (is != STEP_RUNNING && is != STEP_VERIFYING)
			continue;
		bool is_stopped = state_is_stopping(scene->state, (int)i);
		if (is_stopping && !is_stopped)
			continue;
		if (longest < 0 || is_stopped != is_stopping ||
			scene->state->steps[i].since.mono.us <
				scene->state->steps[longest].since.mono.us)
			longest = (int)i;
		is_stopping = is_stopped;
	}
	return longest;
}

static int64_t elapsed_ms(const struct state *state, struct moment now)
{
	int64_t ms = state_elapsed_ms(state, wall_known(state->closed.wall) ? state->closed : now);
	return ms > 0 ? ms : 0;
}

// state_finishes counts from now; lines of the checklist say T+.
static void find_finishes(struct scene *scene)
{
	size_t count = scene->runbook->step_count;
	for (size_t i = 0; i < count; i++)
		scene->finish_ms[i] = -1;
	state_finishes(scene->state, scene->now, scene->finish_ms);
	for (size_t i = 0; i < count; i++)
		if (scene->finish_ms[i] >= 0)
			scene->finish_ms[i] += scene->elapsed_ms;
}

struct scene *scene_new(const struct frame_input *input, const struct grid *grid)
{
	struct arena *arena = arena_new();
	struct scene *scene = arena_alloc(arena, sizeof(*scene));
	const struct facts *facts = input->facts;
	size_t steps = facts->runbook->step_count + 1;
	*scene = (struct scene){
		.input = input,
		.facts = facts,
		.runbook = facts->runbook,
		.plan = facts->plan,
		.state = facts->state,
		.sensed = facts->sensed,
		.ui = input->ui,
		.now = facts->now,
		.rows = grid->rows,
		.columns = grid->columns,
		.is_utf8 = grid->is_utf8,
		.forecast = state_forecast(facts->state, facts->now),
		.elapsed_ms = elapsed_ms(facts->state, facts->now),
		.selected_step = ui_step(input->ui),
		.shown = arena_array(arena, steps, sizeof(*scene->shown)),
		.root = arena_array(arena, steps, sizeof(*scene->root)),
		.letter = arena_array(arena, steps, sizeof(*scene->letter)),
		.finish_ms = arena_array(arena, steps, sizeof(*scene->finish_ms)),
		.arena = arena,
	};
	scene->origin = state_origin(scene->state);
	for (size_t i = 0; i < scene->runbook->step_count; i++)
		scene->shown[i] = scene_is_recording(scene, (int)i)
					  ? STEP_RUNNING
					  : state_step(scene->state, (int)i, scene->now.wall);
	scene->counts = scene_counts(scene, -1);
	scene->can_act = input->ui->seat == SEAT_COCKPIT && scene->state->is_armed;
	find_roots(scene);
	name_roots(scene);
	find_finishes(scene);
	scene->running = longest_running(scene);
	sight_look(scene);
	concerns_find(scene);
	return scene;
}

void scene_free(struct scene *scene)
{
	if (scene)
		arena_free(scene->arena);
}
