// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <string.h>

#include "runbook_load.h"

// The verbs of a runbook. All steps that `each` makes of one mapping are copies of the first and
// differ in their ids.

#define DEFAULT_GRACE_MS  (30 * MS_PER_S)
#define DEFAULT_SETTLE_MS (5 * 60 * MS_PER_S)

static const int must_last = 1;
static const struct bounds retry_bounds = {0, 100};
static const struct bounds approval_bounds = {0, 20};

// --- words -------------------------------------------------------------------------------------------------------------

static void load_signal(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const words[] = {
		"TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL", NULL};
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGKILL};
	int index = load_word_index(loader, key->name, node, words);

	if (index >= 0)
		*(int *)field = numbers[index];
}

static void load_again(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const words[] = {
		[AGAIN_SAFE] = "safe", [AGAIN_VERIFY] = "verify", [AGAIN_NEVER] = "never", NULL};
	int index = load_word_index(loader, key->name, node, words);

	if (index >= 0)
		*(enum again *)field = (enum again)index;
}

static void load_modes(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const words[] = {[EVENT_LIVE] = "live",
		[EVENT_DRILL] = "drill",
		[EVENT_REHEARSAL] = "rehearsal",
		NULL};
	unsigned modes = 0;

	if (!load_is(loader, key->name, node, YAML_LIST))
		return;
	for (size_t i = 0; i < node->count; i++) {
		int index = load_word_index(loader, key->name, node->items[i], words);
		if (index >= 0)
			modes |= MODE_BIT(index);
	}
	if (node->count == 0)
		load_error(loader, node, "empty", "%s: the step could run nowhere", key->name);
	*(unsigned *)field = modes;
}

static void load_phase(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	int phase = load_reference(loader, node, &loader->phases, "unknown-phase");

	(void)key;
	if (phase >= 0)
		*(int *)field = phase;
}

// --- what it does ------------------------------------------------------------------------------------------------------

static void load_decide(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const struct key option_keys[] = {
		{.name = "id",
			.load = load_plain,
			.offset = offsetof(struct decision_option, id),
			.is_required = true},
		{.name = "say",
			.load = load_string,
			.offset = offsetof(struct decision_option, say)},
		{0},
	};
	static const struct list_detail options_list = {option_keys, sizeof(struct decision_option),
		offsetof(struct step, option_count), NULL};
	static const struct key keys[] = {
		{.name = "question",
			.load = load_string,
			.offset = offsetof(struct step, question),
			.is_required = true},
		{.name = "options",
			.load = load_list,
			.offset = offsetof(struct step, options),
			.detail = &options_list,
			.is_required = true},
		{0},
	};
	const struct yaml_node *options = yaml_get(node, "options");

	if (!load_map(loader, key->name, node, keys, object) || !options ||
		options->type != YAML_LIST)
		return;
	list_ids_check(loader, "options", options);
	if (options->count < 2)
		load_error(loader, options, "decision-options",
			"a decision has at least two options, here are %zu", options->count);
}

// A rollback's inputs do not hold back the step itself.
static void load_rollback(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	loader->templates.notes_mentions = false;
	load_action(loader, key, node, field);
	loader->templates.notes_mentions = true;
}

static void load_learned(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {{.name = "jq",
						  .load = load_jq,
						  .offset = offsetof(struct learned_input, jq),
						  .is_required = true},
		{0}};
	bool is_map = node->type == YAML_MAP;
	struct step *step = (struct step *)((char *)field - key->offset);

	if (!is_map && !load_is(loader, key->name, node, YAML_LIST))
		return;
	struct learned_input *sets = arena_array(loader->arena, node->count + 1, sizeof *sets);
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *name = is_map ? node->keys[i] : node->items[i];
		struct learned_input *set = &sets[step->set_count];
		set->input = load_reference(loader, name, &loader->index->inputs, "unknown-input");
		if (is_map)
			load_map(loader, key->name, node->items[i], keys, set);
		if (set->input < 0)
			continue;
		step->set_count++;
	}
	step->sets = sets;
}

// --- when --------------------------------------------------------------------------------------------------------------

static void load_is_texts(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	const char **items;
	struct texts *texts = field;

	if (node->type == YAML_LIST) {
		load_scalars(loader, key, node, field);
		if (node->count == 0)
			load_error(loader, node, "empty", "%s: names no option", key->name);
		return;
	}
	items = arena_array(loader->arena, 2, sizeof *items);
	load_scalar(loader, key, node, &items[0]);
	*texts = (struct texts){items, items[0] ? 1 : 0};
}

static void load_decision(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct group group;

	(void)key;
	if (step_reference(loader, node, &group))
		*(int *)field = group.first;
}

static void load_when(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const struct key keys[] = {
		{.name = "decision",
			.load = load_decision,
			.offset = offsetof(struct step, when_step),
			.is_required = true},
		{.name = "is",
			.load = load_is_texts,
			.offset = offsetof(struct step, when_is),
			.is_required = true},
		{0},
	};

	load_map(loader, key->name, node, keys, object);
}

// After all steps are loaded: whether it is a decision, and has these options.
static void check_when(struct loader *loader, const struct group *group)
{
	const struct step *step = &loader->steps[group->first];
	const struct yaml_node *when = yaml_get(group->node, "when"), *is = yaml_get(when, "is");
	const struct step *decision = step->when_step >= 0 ? &loader->steps[step->when_step] : NULL;
	struct names options;

	if (!decision)
		return;
	// Of a decision whose options could not be read that has been said.
	if (decision->kind == STEP_DECIDE && decision->option_count == 0)
		return;
	if (decision->kind != STEP_DECIDE) {
		load_error(loader, yaml_get(when, "decision"), "no-decision",
			"when: %s is no decision", decision->id);
		return;
	}
	names_init(&options, loader->arena);
	for (size_t i = 0; i < decision->option_count; i++)
		if (decision->options[i].id)
			names_set(&options, decision->options[i].id, (int)i);
	size_t count = is && is->type == YAML_LIST ? is->count : 1;
	for (size_t i = 0; is && i < count; i++) {
		const struct yaml_node *item = is->type == YAML_LIST ? is->items[i] : is;
		if (!item->text || names_find(&options, item->text) >= 0)
			continue;
		load_error(loader, item, "unknown-option", "when: decision %s has no option %s",
			decision->id, item->text);
		load_suggest(loader, item->text, &options);
	}
}

// --- the step ----------------------------------------------------------------------------------------------------------

#define ROW(key_name, member, loader, ...)                                                         \
	{                                                                                          \
		.name = key_name, .load = loader, .offset = offsetof(struct step, member),         \
		##__VA_ARGS__                                                                      \
	}

static const struct key hint_keys[] = {
	{.name = "match",
		.load = load_pattern,
		.offset = offsetof(struct hint, match),
		.is_required = true},
	{.name = "say",
		.load = load_string,
		.offset = offsetof(struct hint, say),
		.is_required = true},
	{0},
};
static const struct list_detail hint_list = {
	hint_keys, sizeof(struct hint), offsetof(struct step, hint_count), NULL};

static const struct key step_keys[] = {
	{.name = "id"},
	{.name = "each"},
	ROW("phase", phase, load_phase),
	ROW("title", title, load_string),
	{.name = "needs"},
	ROW("requires", requires, load_dependencies),
	ROW("restores", restores, load_dependencies),
	ROW("text", text, load_string),
	ROW("run", run, load_action),
	ROW("manual", manual, load_string),
	{.name = "decide", .load = load_decide},
	{.name = "when", .load = load_when},
	{.name = "expect"},
	ROW("takes", takes_ms, load_duration),
	ROW("timeout", timeout_ms, load_duration, .detail = &must_last),
	ROW("signal", stop_signal, load_signal),
	ROW("grace", grace_ms, load_duration),
	ROW("settle", settle_ms, load_duration),
	ROW("retries", retries, load_int, .detail = &retry_bounds),
	ROW("again", again, load_again),
	ROW("destructive", destructive, load_flag),
	ROW("confirm", confirm, load_string),
	ROW("target", target, load_target),
	ROW("approvals", approvals, load_int, .detail = &approval_bounds),
	ROW("owner", owner, load_string),
	ROW("proves", proves, load_level),
	ROW("sets", sets, load_learned),
	ROW("modes", modes, load_modes),
	ROW("point_of_no_return", point_of_no_return, load_flag),
	ROW("hints", hints, load_list, .detail = &hint_list),
	ROW("rollback", rollback, load_rollback),
	{0},
};

static void step_init(struct step *step, int phase)
{
	step->phase = phase;
	step->when_step = -1;
	step->when_is = texts_none;
	step->takes_ms = step->timeout_ms = ABSENT_MS;
	step->stop_signal = SIGTERM;
	step->grace_ms = DEFAULT_GRACE_MS;
	step->settle_ms = DEFAULT_SETTLE_MS;
	step->again = AGAIN_VERIFY;
	step->target = -1;
	step->proves = -1;
	step->modes = MODE_BIT(EVENT_LIVE) | MODE_BIT(EVENT_DRILL) | MODE_BIT(EVENT_REHEARSAL);
}

static void load_step_expect(struct loader *loader, const struct yaml_node *node, struct step *step)
{
	const struct yaml_node *expect = yaml_get(node, "expect");
	const struct key key = {.name = "expect"};

	if (!expect)
		return;
	if (action_is_command(&step->run))
		load_command_expect(loader, &key, expect, &step->run.expect);
	else
		load_error(loader, node, "exclusive-keys",
			"expect stands beside a run of command, shell or ssh only%s",
			step->run.kind == ACTION_HTTP ? "; that of http stands inside it" : "");
}

static void check_safety(
	struct loader *loader, const struct yaml_node *node, const struct step *step)
{
	if (step->destructive && step->retries > 0)
		load_error(loader, yaml_get(node, "retries"), "destructive-retries",
			"a destructive step is never retried by itself");
	if (step->again == AGAIN_NEVER && step->retries > 0)
		load_error(loader, yaml_get(node, "retries"), "never-retries",
			"again: never excludes automatic retries");
}

// The first line of a text, or the text itself.
static const char *first_line(struct loader *loader, const char *text)
{
	size_t length = text ? strcspn(text, "\n") : 0;

	return text && text[length] ? arena_bytes(loader->arena, text, length) : text;
}

static const char *title_of(struct loader *loader, const struct step *step)
{
	if (step->title)
		return step->title;
	if (step->manual && *step->manual)
		return first_line(loader, step->manual);
	return step->question && *step->question ? first_line(loader, step->question) : NULL;
}

// A title with ${each} filled in, because it is shown where nothing else is substituted.
static const char *title_for(struct loader *loader, const char *title, const struct step *step)
{
	static const char variable[] = "${each}";
	struct buf text = {0};

	if (!title)
		return step->id;
	if (!step->each || !strstr(title, variable))
		return title;
	for (const char *found; (found = strstr(title, variable));
		title = found + sizeof variable - 1) {
		buf_add(&text, title, (size_t)(found - title));
		buf_text(&text, step->each);
	}
	buf_text(&text, title);
	const char *filled = arena_text(loader->arena, buf_str(&text));
	buf_fini(&text);
	return filled;
}

static void load_step(struct loader *loader, const struct yaml_node *node, struct step *step)
{
	static const char *const kinds[] = {"run", "manual", "decide", NULL};
	static const enum step_kind kind_of[] = {STEP_RUN, STEP_MANUAL, STEP_DECIDE};

	mentions_begin(loader);
	load_map(loader, "", node, step_keys, step);
	int kind = load_one_of(loader, node, kinds, true);
	step->kind = kind >= 0 ? kind_of[kind] : STEP_WAIT;
	load_step_expect(loader, node, step);
	check_safety(loader, node, step);
	if (step->target < 0)
		step->target = action_target(&step->run);
	else if (action_target(&step->run) >= 0 && action_target(&step->run) != step->target)
		load_error(loader, yaml_get(node, "target"), "target-mismatch",
			"its action is on another target, %s",
			loader->runbook->targets[action_target(&step->run)].id);
	step->mentions = mentions_end(loader);
}

// Loads the first step of a group and makes the others from it.
static void load_group(struct loader *loader, const struct group *group, int phase)
{
	struct step *first = &loader->steps[group->first];

	loader->subject =
		arena_printf(loader->arena, "step %s", *group->id ? group->id : "without an id");
	loader->templates.each = group->each;
	loader->templates.attempt = true;
	step_init(first, phase);
	load_step(loader, group->node, first);
	loader->templates.each = loader->templates.attempt = false;
	const char *title = title_of(loader, first);
	for (int i = 0; i < group->count; i++) {
		struct step *step = first + i;
		const char *id = step->id, *each = step->each;
		*step = *first;
		step->id = id;
		step->each = each;
		step->title = title_for(loader, title, step);
	}
}

// Turns the lists of what each step restores round.
static void fill_restored_by(struct loader *loader)
{
	struct runbook *runbook = loader->runbook;
	size_t *counts = arena_array(loader->arena, runbook->dependency_count + 1, sizeof *counts);

	for (size_t i = 0; i < runbook->step_count; i++)
		for (size_t j = 0; j < loader->steps[i].restores.count; j++)
			counts[loader->steps[i].restores.items[j]]++;
	int **lists = arena_array(loader->arena, runbook->dependency_count + 1, sizeof *lists);
	for (size_t i = 0; i < runbook->dependency_count; i++)
		lists[i] = arena_array(loader->arena, counts[i] + 1, sizeof **lists);
	for (size_t i = 0; i < runbook->step_count; i++) {
		const struct refs *restores = &loader->steps[i].restores;
		for (size_t j = 0; j < restores->count; j++) {
			struct refs *by = &loader->dependencies[restores->items[j]].restored_by;
			by->items = lists[restores->items[j]];
			lists[restores->items[j]][by->count++] = (int)i;
		}
	}
}

void load_step_list(
	struct loader *loader, const struct key *key, const struct yaml_node *list, void *field)
{
	int phase = 0;

	(void)field;
	if (list->type == YAML_LIST && list->count == 0)
		load_error(loader, list, "empty", "%s: a runbook has at least one", key->name);
	for (size_t i = 0; i < loader->group_count; i++) {
		const struct group *group = &loader->group_items[i];
		if (group->node->type != YAML_MAP) {
			step_init(
				&loader->steps[group->first], phase); // the error was told already
			continue;
		}
		load_group(loader, group, phase);
		phase = loader->steps[group->first].phase;
	}
	for (size_t i = 0; i < loader->group_count; i++) {
		loader->subject = arena_printf(loader->arena, "step %s", loader->group_items[i].id);
		check_when(loader, &loader->group_items[i]);
	}
	loader->subject = NULL;
	fill_restored_by(loader);
}
