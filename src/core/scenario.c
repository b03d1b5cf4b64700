// SPDX-License-Identifier: Apache-2.0
#include "relight/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "relight/memory.h"

static const char *const scenario_keys[] = {"scenario", "name", "title", "runbook", "seed",
	"inputs", "answers", "start", "heals_after", "steps", "events", "injects", NULL};
static const char *const change_keys[] = {"status", "message", NULL};
static const char *const step_keys[] = {"attempts", NULL};
static const char *const attempt_keys[] = {"takes", "exit", "output", NULL};
static const char *const event_keys[] = {"at", "after", "in", "set", NULL};
static const char *const inject_keys[] = {
	"id", "title", "set", "until", "say", "to", "hint", "good", NULL};

struct loading {
	struct scenario *scenario;
	const struct runbook *runbook;
	struct arena *arena;
	struct diags *diags;
};

// The map at the top, with its version checked; NULL after an error.
static const struct yaml_node *parse_top(
	struct arena *arena, const char *text, size_t length_bytes, struct diags *diags)
{
	const struct yaml_node *top =
		yaml_parse(arena, text, length_bytes, &yaml_limits_default, diags);

	if (!top || !fields_is(top, YAML_MAP, "scenario", diags))
		return NULL;
	const struct yaml_node *version = yaml_get(top, "scenario");
	if (!version)
		diag_error(diags, top->line, top->column, "missing-key",
			"scenario: \"scenario: 1\" is required");
	else
		field_int(top, "scenario", 1, 1, 1, diags);
	return top;
}

// {dependency: status} or {dependency: {status, message}}.
static struct scenario_changes load_changes(
	struct loading *l, const struct yaml_node *map, const char *what)
{
	if (!map || !fields_is(map, YAML_MAP, what, l->diags))
		return (struct scenario_changes){NULL, 0};
	struct scenario_change *changes = arena_array(l->arena, map->count + 1, sizeof *changes);
	size_t count = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *value = map->items[i];
		struct scenario_change change = {
			.dependency = fields_dependency(l->runbook, map->keys[i], l->diags)};

		if (value->type == YAML_MAP) {
			const struct yaml_node *status = yaml_get(value, "status");

			fields_check(value, change_keys, map->keys[i]->text, l->diags);
			change.message = field_text(value, "message", l->diags);
			if (status)
				change.status = fields_status(status, l->diags);
			else
				field_required(value, "status", map->keys[i]->text, l->diags);
		} else {
			change.status = fields_status(value, l->diags);
		}
		if (change.dependency >= 0)
			changes[count++] = change;
	}
	return (struct scenario_changes){changes, count};
}

static void load_start(struct loading *l, const struct yaml_node *map)
{
	const struct runbook *runbook = l->runbook;
	struct scenario_change *start =
		arena_array(l->arena, runbook->dependency_count + 1, sizeof *start);
	struct scenario_changes given = load_changes(l, map, "start");

	for (size_t i = 0; i < runbook->dependency_count; i++) {
		bool is_manual = runbook->dependencies[i].checks[0].kind == CHECK_MANUAL;

		start[i] = (struct scenario_change){.dependency = (int)i,
			.status = is_manual ? STATUS_UNKNOWN : STATUS_HEALTHY};
	}
	for (size_t i = 0; i < given.count; i++)
		start[given.items[i].dependency] = given.items[i];
	l->scenario->start = start;
}

static struct scenario_attempt load_attempt(
	struct loading *l, const struct yaml_node *map, const struct step *step)
{
	int64_t takes_ms = step->takes_ms == ABSENT_MS ? 0 : step->takes_ms;
	struct scenario_attempt attempt = {.takes_ms = takes_ms, .output = ""};

	if (!fields_is(map, YAML_MAP, "attempt", l->diags))
		return attempt;
	fields_check(map, attempt_keys, "attempt", l->diags);
	attempt.takes_ms = field_ms(map, "takes", takes_ms, l->diags);
	attempt.exit = (int)field_int(map, "exit", 0, 255, 0, l->diags);
	const char *output = field_text(map, "output", l->diags);
	if (output)
		attempt.output = output;
	return attempt;
}

// The attempts of one step, for each step that the key names.
static void load_step(struct loading *l, const struct yaml_node *key, const struct yaml_node *map,
	struct scenario_step *steps)
{
	struct refs named = fields_steps(l->runbook, key, l->arena, l->diags);

	if (!fields_is(map, YAML_MAP, key->text, l->diags))
		return;
	fields_check(map, step_keys, key->text, l->diags);
	const struct yaml_node *list = yaml_get(map, "attempts");
	if (!list || list->count == 0) {
		diag_error(l->diags, key->line, key->column, "no-attempts",
			"%s: \"attempts\" with at least one entry is required", key->text);
		return;
	}
	if (!fields_is(list, YAML_LIST, "attempts", l->diags))
		return;
	for (size_t i = 0; i < named.count; i++) {
		const struct step *step = &l->runbook->steps[named.items[i]];
		struct scenario_attempt *attempts =
			arena_array(l->arena, list->count, sizeof *attempts);

		if (step->kind != STEP_RUN) {
			diag_error(l->diags, key->line, key->column, "no-action",
				"%s: has no action that could be attempted", step->id);
			return;
		}
		// What is wrong with an attempt is said once, not for each step of an `each`.
		struct loading quiet = *l;
		struct diags unheard = {0};
		if (i > 0)
			quiet.diags = &unheard;
		for (size_t k = 0; k < list->count; k++)
			attempts[k] = load_attempt(&quiet, list->items[k], step);
		diags_fini(&unheard);
		steps[named.items[i]] = (struct scenario_step){attempts, list->count};
	}
}

static void load_steps(struct loading *l, const struct yaml_node *map)
{
	struct scenario_step *steps =
		arena_array(l->arena, l->runbook->step_count + 1, sizeof *steps);

	l->scenario->steps = steps;
	if (!map || !fields_is(map, YAML_MAP, "steps", l->diags))
		return;
	for (size_t i = 0; i < map->count; i++)
		load_step(l, map->keys[i], map->items[i], steps);
}

static struct scenario_event load_event(struct loading *l, const struct yaml_node *map)
{
	struct scenario_event event = {.place = {map->line, map->column}};

	if (!fields_is(map, YAML_MAP, "event", l->diags))
		return event;
	fields_check(map, event_keys, "event", l->diags);
	const struct yaml_node *after = yaml_get(map, "after");
	if (!after == !yaml_get(map, "at"))
		diag_error(l->diags, map->line, map->column, "at-or-after",
			"event: exactly one of \"at\" and \"after\" is required");
	if (yaml_get(map, "in") && !after)
		diag_error(l->diags, map->line, map->column, "at-or-after",
			"event: \"in\" counts from a step: \"after\" is required with it");
	if (after && field_required(map, "after", "event", l->diags))
		event.after = fields_steps(l->runbook, after, l->arena, l->diags);
	event.delay_ms = field_ms(map, after ? "in" : "at", 0, l->diags);
	if (!yaml_get(map, "set"))
		diag_error(l->diags, map->line, map->column, "missing-key",
			"event: \"set\" is required");
	event.set = load_changes(l, yaml_get(map, "set"), "set");
	return event;
}

static void load_events(struct loading *l, const struct yaml_node *list)
{
	if (!list || !fields_is(list, YAML_LIST, "events", l->diags))
		return;
	struct scenario_event *events = arena_array(l->arena, list->count + 1, sizeof *events);

	for (size_t i = 0; i < list->count; i++)
		events[i] = load_event(l, list->items[i]);
	l->scenario->events = events;
	l->scenario->event_count = list->count;
}

static struct scenario_inject load_inject(struct loading *l, const struct yaml_node *map)
{
	struct scenario_inject inject = {.until_ms = ABSENT_MS};

	if (!fields_is(map, YAML_MAP, "inject", l->diags))
		return inject;
	fields_check(map, inject_keys, "inject", l->diags);
	inject.id = field_required(map, "id", "inject", l->diags);
	inject.title = field_text(map, "title", l->diags);
	inject.say = field_text(map, "say", l->diags);
	inject.to = field_text(map, "to", l->diags);
	inject.hint = field_text(map, "hint", l->diags);
	inject.good = field_text(map, "good", l->diags);
	inject.until_ms = field_ms(map, "until", ABSENT_MS, l->diags);
	inject.set = load_changes(l, yaml_get(map, "set"), "set");
	if (!yaml_get(map, "set") && !inject.say)
		diag_error(l->diags, map->line, map->column, "empty-inject",
			"inject: \"set\" or \"say\" is required");
	return inject;
}

static void load_injects(struct loading *l, const struct yaml_node *list)
{
	if (!list || !fields_is(list, YAML_LIST, "injects", l->diags))
		return;
	struct scenario_inject *injects = arena_array(l->arena, list->count + 1, sizeof *injects);

	for (size_t i = 0; i < list->count; i++) {
		injects[i] = load_inject(l, list->items[i]);
		for (size_t k = 0; k < i; k++)
			if (injects[i].id && injects[k].id &&
				strcmp(injects[i].id, injects[k].id) == 0)
				diag_error(l->diags, list->items[i]->line, list->items[i]->column,
					"duplicate-id", "inject: the id \"%s\" stands twice",
					injects[i].id);
	}
	l->scenario->injects = injects;
	l->scenario->inject_count = list->count;
}

static bool is_healed_by_step(const struct runbook *runbook, int dependency)
{
	struct refs by = runbook->dependencies[dependency].restored_by;

	for (size_t i = 0; i < by.count; i++)
		if (runbook->steps[by.items[i]].kind != STEP_WAIT)
			return true;
	return false;
}

// Who could make each dependency healthy again: every one that is not so at the start, or that an
// event makes ill, needs somebody. Without that nobody could win.
static void check_healing(struct loading *l, const struct yaml_node *start)
{
	const struct scenario *scenario = l->scenario;
	const struct runbook *runbook = l->runbook;
	bool *heals = memory_zeroed(runbook->dependency_count + 1, sizeof *heals);

	for (size_t i = 0; i < runbook->dependency_count; i++)
		heals[i] = is_healed_by_step(runbook, (int)i) ||
			   runbook->dependencies[i].checks[0].kind == CHECK_MANUAL;
	for (size_t e = 0; e < scenario->event_count; e++)
		for (size_t i = 0; i < scenario->events[e].set.count; i++)
			if (scenario->events[e].set.items[i].status == STATUS_HEALTHY)
				heals[scenario->events[e].set.items[i].dependency] = true;
	for (size_t i = 0; start && start->type == YAML_MAP && i < start->count; i++) {
		int dependency = runbook_dependency(runbook, start->keys[i]->text);

		if (dependency >= 0 && !heals[dependency] &&
			scenario->start[dependency].status != STATUS_HEALTHY)
			diag_error(l->diags, start->keys[i]->line, start->keys[i]->column,
				"never-heals",
				"%s: starts unhealthy, and neither a step nor an event heals it",
				start->keys[i]->text);
	}
	for (size_t e = 0; e < scenario->event_count; e++)
		for (size_t i = 0; i < scenario->events[e].set.count; i++) {
			const struct scenario_change *change = &scenario->events[e].set.items[i];

			if (!heals[change->dependency] && change->status != STATUS_HEALTHY)
				diag_warning(l->diags, scenario->events[e].place.line,
					scenario->events[e].place.column, "never-heals",
					"%s: nothing heals it after this event",
					runbook->dependencies[change->dependency].id);
		}
	free(heals);
}

static void load_all(struct loading *l, const struct yaml_node *top)
{
	struct scenario *scenario = l->scenario;

	fields_check(top, scenario_keys, "scenario", l->diags);
	scenario->name = field_required(top, "name", "scenario", l->diags);
	scenario->title = field_text(top, "title", l->diags);
	if (!scenario->title)
		scenario->title = scenario->name;
	scenario->runbook_path = field_text(top, "runbook", l->diags);
	scenario->answers_path = field_text(top, "answers", l->diags);
	scenario->seed = field_int(top, "seed", 0, INT64_MAX, 0, l->diags);
	scenario->heals_after_ms = field_ms(top, "heals_after", 0, l->diags);
	scenario->inputs = fields_inputs(l->runbook, yaml_get(top, "inputs"), l->arena, l->diags);
	load_start(l, yaml_get(top, "start"));
	load_steps(l, yaml_get(top, "steps"));
	load_events(l, yaml_get(top, "events"));
	load_injects(l, yaml_get(top, "injects"));
	check_healing(l, yaml_get(top, "start"));
}

struct scenario *scenario_load(
	const char *text, size_t length_bytes, const struct runbook *runbook, struct diags *diags)
{
	struct arena *arena = arena_new();
	size_t errors = diags->errors;

	diags->source = text;
	const struct yaml_node *top = parse_top(arena, text, length_bytes, diags);
	struct scenario *scenario = arena_alloc(arena, sizeof *scenario);
	scenario->arena = arena;
	scenario->runbook = runbook;
	scenario->file = arena_text(arena, diags->file);
	if (top)
		load_all(&(struct loading){scenario, runbook, arena, diags}, top);
	if (top && diags->errors == errors)
		return scenario;
	arena_free(arena);
	return NULL;
}

void scenario_free(struct scenario *scenario)
{
	if (scenario)
		arena_free(scenario->arena);
}

char *scenario_runbook_path(const char *text, size_t length_bytes, struct diags *diags)
{
	struct arena *arena = arena_new();
	size_t errors = diags->errors;

	diags->source = text;
	const struct yaml_node *top = parse_top(arena, text, length_bytes, diags);
	const char *path = top ? field_required(top, "runbook", "scenario", diags) : NULL;
	char *copy = diags->errors == errors ? memory_copy_text(path) : NULL;
	arena_free(arena);
	return copy;
}

struct scenario_attempt scenario_attempt(
	const struct scenario *scenario, int step, int attempt, bool is_rollback)
{
	const struct scenario_step *given = &scenario->steps[step];
	int64_t takes_ms = scenario->runbook->steps[step].takes_ms;

	if (is_rollback || given->count == 0)
		return (struct scenario_attempt){takes_ms == ABSENT_MS ? 0 : takes_ms, 0, ""};
	size_t index = attempt < 1 ? 0 : (size_t)attempt - 1;
	return given->attempts[index < given->count ? index : given->count - 1];
}
