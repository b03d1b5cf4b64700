// SPDX-License-Identifier: Apache-2.0
#include "relight/answers.h"

#include <string.h>

#include "fields.h"

#define DEFAULT_WAIT_MS (300 * MS_PER_S)

static const char *const answers_keys[] = {"answers", "operator", "inputs", "on_failure", "unknown",
	"wait", "dependencies", "approvals", "steps", NULL};
static const char *const answer_keys[] = {"confirm", "choose", "why", "type", NULL};
static const char *const on_failure_words[] = {
	[ON_FAILURE_STOP] = "stop",
	[ON_FAILURE_RETRY_ONCE] = "retry-once",
	[ON_FAILURE_SKIP] = "skip",
	NULL,
};
static const char *const on_unknown_words[] = {
	[ON_UNKNOWN_VERIFY] = "verify",
	[ON_UNKNOWN_RETRY] = "retry",
	NULL,
};

struct loading {
	struct answers *answers;
	const struct runbook *runbook;
	struct arena *arena;
	struct diags *diags;
};

static bool asks_a_person(const struct dependency *dependency)
{
	for (size_t i = 0; i < dependency->check_count; i++)
		if (dependency->checks[i].kind == CHECK_MANUAL)
			return true;
	return false;
}

static void load_attestations(struct loading *l, const struct yaml_node *map)
{
	if (!map || !fields_is(map, YAML_MAP, "dependencies", l->diags))
		return;
	struct answer_attestation *given = arena_array(l->arena, map->count + 1, sizeof *given);

	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->keys[i];
		int dependency = fields_dependency(l->runbook, key, l->diags);
		enum status status = fields_status(map->items[i], l->diags);

		if (dependency < 0)
			continue;
		if (!asks_a_person(&l->runbook->dependencies[dependency]))
			diag_warning(l->diags, key->line, key->column, "not-manual",
				"%s: its check is not manual, nobody is asked about it", key->text);
		given[l->answers->attestation_count++] =
			(struct answer_attestation){dependency, status};
	}
	l->answers->attestations = given;
}

// A list of names, or one.
static struct texts load_names(struct loading *l, const struct yaml_node *node, const char *what)
{
	bool is_list = node->type == YAML_LIST;
	size_t count = is_list ? node->count : 1;
	const char **names = arena_array(l->arena, count + 1, sizeof *names);
	struct texts texts = {names, 0};

	for (size_t i = 0; i < count; i++) {
		const struct yaml_node *name = is_list ? node->items[i] : node;

		if (name->type == YAML_LIST || name->type == YAML_MAP || name->type == YAML_NULL)
			diag_error(l->diags, name->line, name->column, "wrong-type",
				"%s: names of persons are wanted here, not %s", what,
				yaml_type_name(name->type));
		else
			names[texts.count++] = name->text;
	}
	return texts;
}

static void load_approvals(struct loading *l, const struct yaml_node *map)
{
	size_t step_count = l->runbook->step_count;
	const char **none = arena_array(l->arena, 1, sizeof *none);
	struct texts *approvals = arena_array(l->arena, step_count + 1, sizeof *approvals);

	for (size_t i = 0; i < step_count; i++)
		approvals[i] = (struct texts){none, 0};
	l->answers->approvals = approvals;
	if (!map || !fields_is(map, YAML_MAP, "approvals", l->diags))
		return;
	for (size_t i = 0; i < map->count; i++) {
		struct refs steps = fields_steps(l->runbook, map->keys[i], l->arena, l->diags);
		struct texts who = load_names(l, map->items[i], map->keys[i]->text);

		for (size_t k = 0; k < steps.count; k++)
			approvals[steps.items[k]] = who;
	}
}

static void check_choice(
	struct loading *l, const struct step *step, const struct yaml_node *map, const char *choose)
{
	const struct yaml_node *node = yaml_get(map, "choose");
	const char **options = arena_array(l->arena, step->option_count + 1, sizeof *options);

	for (size_t i = 0; i < step->option_count; i++) {
		options[i] = step->options[i].id;
		if (strcmp(options[i], choose) == 0)
			return;
	}
	diag_error(l->diags, node->line, node->column, "unknown-option",
		"%s: unknown option \"%s\"", step->id, choose);
	diag_suggest(l->diags, choose, options);
}

// An answer that the step never asks for is a mistake in the file: the run would stop where nobody
// expects it.
static void check_fits(struct loading *l, const struct yaml_node *map, const char *key, bool fits,
	const struct step *step, const char *asks)
{
	const struct yaml_node *node = yaml_get(map, key);

	if (node && !fits)
		diag_error(l->diags, node->line, node->column, "no-question",
			"%s: \"%s\" answers nothing: the step is not %s", step->id, key, asks);
}

static void load_answer(struct loading *l, const struct step *step, const struct yaml_node *map,
	struct answer *answer)
{
	bool is_decision = step->kind == STEP_DECIDE;

	answer->confirm = field_text(map, "confirm", l->diags);
	answer->choose = field_text(map, "choose", l->diags);
	answer->why = field_text(map, "why", l->diags);
	answer->type = field_text(map, "type", l->diags);
	check_fits(l, map, "confirm", step->kind == STEP_MANUAL, step, "manual");
	check_fits(l, map, "choose", is_decision, step, "a decision");
	check_fits(l, map, "why", is_decision, step, "a decision");
	check_fits(l, map, "type", step->destructive, step, "destructive");
	if (is_decision && answer->choose)
		check_choice(l, step, map, answer->choose);
}

static void load_steps(struct loading *l, const struct yaml_node *map)
{
	struct answer *answers = arena_array(l->arena, l->runbook->step_count + 1, sizeof *answers);

	l->answers->steps = answers;
	if (!map || !fields_is(map, YAML_MAP, "steps", l->diags))
		return;
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->keys[i], *value = map->items[i];
		struct refs steps = fields_steps(l->runbook, key, l->arena, l->diags);

		if (!fields_is(value, YAML_MAP, key->text, l->diags))
			continue;
		fields_check(value, answer_keys, key->text, l->diags);
		for (size_t k = 0; k < steps.count; k++)
			load_answer(l, &l->runbook->steps[steps.items[k]], value,
				&answers[steps.items[k]]);
	}
}

static void load_all(struct loading *l, const struct yaml_node *top)
{
	struct answers *answers = l->answers;

	if (!top)
		return;
	if (!yaml_get(top, "answers"))
		diag_error(l->diags, top->line, top->column, "missing-key",
			"answers: \"answers: 1\" is required");
	field_int(top, "answers", 1, 1, 1, l->diags);
	fields_check(top, answers_keys, "answers", l->diags);
	answers->operator= field_text(top, "operator", l->diags);
	answers->on_failure = (enum on_failure)field_word(
		top, "on_failure", on_failure_words, ON_FAILURE_STOP, l->diags);
	answers->on_unknown = (enum on_unknown)field_word(
		top, "unknown", on_unknown_words, ON_UNKNOWN_VERIFY, l->diags);
	answers->wait_ms = field_ms(top, "wait", DEFAULT_WAIT_MS, l->diags);
}

// The answers that `top` gives; NULL gives none.
static struct answers *answers_of(struct arena *arena, const struct yaml_node *top,
	const struct runbook *runbook, struct diags *diags)
{
	struct answers *answers = arena_alloc(arena, sizeof *answers);
	struct loading l = {answers, runbook, arena, diags};

	answers->arena = arena;
	answers->wait_ms = DEFAULT_WAIT_MS;
	load_all(&l, top);
	answers->inputs = fields_inputs(runbook, yaml_get(top, "inputs"), arena, diags);
	load_attestations(&l, yaml_get(top, "dependencies"));
	load_approvals(&l, yaml_get(top, "approvals"));
	load_steps(&l, yaml_get(top, "steps"));
	return answers;
}

struct answers *answers_load(
	const char *text, size_t length_bytes, const struct runbook *runbook, struct diags *diags)
{
	struct arena *arena = arena_new();
	size_t errors = diags->errors;

	diags->source = text;
	const struct yaml_node *top =
		yaml_parse(arena, text, length_bytes, &yaml_limits_default, diags);
	if (top && fields_is(top, YAML_MAP, "answers", diags)) {
		struct answers *answers = answers_of(arena, top, runbook, diags);

		answers->file = arena_text(arena, diags->file);
		if (diags->errors == errors)
			return answers;
	}
	arena_free(arena);
	return NULL;
}

struct answers *answers_none(const struct runbook *runbook)
{
	struct diags unheard = {0};

	return answers_of(arena_new(), NULL, runbook, &unheard);
}

void answers_free(struct answers *answers)
{
	if (answers)
		arena_free(answers->arena);
}
