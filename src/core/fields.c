// SPDX-License-Identifier: Apache-2.0
#include "fields.h"

#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "relight/moment.h"
#include "relight/pattern.h"

static bool is_scalar(const struct yaml_node *node)
{
	return node->type != YAML_LIST && node->type != YAML_MAP;
}

bool fields_is(
	const struct yaml_node *node, enum yaml_type type, const char *what, struct diags *diags)
{
	if (!node)
		return false;
	if (node->type == type)
		return true;
	diag_error(diags, node->line, node->column, "wrong-type", "%s: %s is wanted here, not %s",
		what, yaml_type_name(type), yaml_type_name(node->type));
	return false;
}

void fields_check(const struct yaml_node *map, const char *const *known, const char *what,
	struct diags *diags)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->keys[i];
		size_t k = 0;

		while (known[k] && strcmp(known[k], key->text) != 0)
			k++;
		if (known[k])
			continue;
		diag_error(diags, key->line, key->column, "unknown-key", "%s: unknown key \"%s\"",
			what, key->text);
		diag_suggest(diags, key->text, known);
	}
}

const char *field_text(const struct yaml_node *map, const char *key, struct diags *diags)
{
	const struct yaml_node *value = yaml_get(map, key);

	if (!value || value->type == YAML_NULL)
		return NULL;
	if (is_scalar(value))
		return value->text;
	fields_is(value, YAML_STRING, key, diags);
	return NULL;
}

const char *field_required(
	const struct yaml_node *map, const char *key, const char *what, struct diags *diags)
{
	const char *text = field_text(map, key, diags);

	if (!text && map && (!yaml_get(map, key) || yaml_get(map, key)->type == YAML_NULL))
		diag_error(diags, map->line, map->column, "missing-key", "%s: \"%s\" is required",
			what, key);
	return text;
}

int64_t field_ms(
	const struct yaml_node *map, const char *key, int64_t otherwise, struct diags *diags)
{
	const struct yaml_node *value = yaml_get(map, key);
	int64_t ms = otherwise;

	if (!value)
		return otherwise;
	if (!is_scalar(value) || !duration_parse(value->text, &ms))
		diag_error(diags, value->line, value->column, "bad-duration",
			"%s: a duration such as 90s, 15m or 1h30m is wanted here", key);
	return ms;
}

int64_t field_int(const struct yaml_node *map, const char *key, int64_t least, int64_t most,
	int64_t otherwise, struct diags *diags)
{
	const struct yaml_node *value = yaml_get(map, key);

	if (!value)
		return otherwise;
	if (value->type == YAML_INT && value->integer >= least && value->integer <= most)
		return value->integer;
	diag_error(diags, value->line, value->column, "bad-number",
		"%s: a whole number from %lld to %lld is wanted here", key, (long long)least,
		(long long)most);
	return otherwise;
}

int field_word(const struct yaml_node *map, const char *key, const char *const *words,
	int otherwise, struct diags *diags)
{
	const struct yaml_node *value = yaml_get(map, key);
	const char *text = field_text(map, key, diags);

	if (!text)
		return otherwise;
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], text) == 0)
			return i;
	diag_error(diags, value->line, value->column, "unknown-word", "%s: unknown word \"%s\"",
		key, text);
	diag_suggest(diags, text, words);
	return otherwise;
}

// Says that a scalar names nothing, and what was perhaps meant: one of `count` names.
static void report_unknown(const struct yaml_node *scalar, const char *code, const char *what,
	const char *(*name)(const struct runbook *runbook, size_t index),
	const struct runbook *runbook, size_t count, struct diags *diags)
{
	const char **names = memory_zeroed(count + 1, sizeof *names);

	for (size_t i = 0; i < count; i++)
		names[i] = name(runbook, i);
	diag_error(diags, scalar->line, scalar->column, code,
		"unknown %s \"%s\": not in runbook %s", what, scalar->text, runbook->name);
	diag_suggest(diags, scalar->text, names);
	free(names);
}

static const char *dependency_name(const struct runbook *runbook, size_t index)
{
	return runbook->dependencies[index].id;
}

static const char *input_name(const struct runbook *runbook, size_t index)
{
	return runbook->inputs[index].id;
}

static const char *step_name(const struct runbook *runbook, size_t index)
{
	return runbook->steps[index].id;
}

int fields_dependency(
	const struct runbook *runbook, const struct yaml_node *scalar, struct diags *diags)
{
	int found = runbook_dependency(runbook, scalar->text);

	if (found < 0)
		report_unknown(scalar, "unknown-dependency", "dependency", dependency_name, runbook,
			runbook->dependency_count, diags);
	return found;
}

static void check_pattern(
	const struct input *input, const struct yaml_node *value, struct diags *diags)
{
	struct err err;

	if (input->pattern && !pattern_matches(input->pattern, value->text, true, &err))
		diag_error(diags, value->line, value->column, "bad-input",
			"%s: %s does not match the pattern %s as a whole", input->id,
			input->secret ? "the value" : value->text, input->pattern);
}

const char *const *fields_inputs(const struct runbook *runbook, const struct yaml_node *map,
	struct arena *arena, struct diags *diags)
{
	const char **values = arena_array(arena, runbook->input_count + 1, sizeof *values);

	if (!fields_is(map, YAML_MAP, "inputs", diags))
		return values;
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *key = map->keys[i];
		int input = runbook_input(runbook, key->text);
		const char *value = field_required(map, key->text, "inputs", diags);

		if (input >= 0)
			values[input] = value;
		if (input >= 0 && value)
			check_pattern(&runbook->inputs[input], map->items[i], diags);
		if (input < 0)
			report_unknown(key, "unknown-input", "input", input_name, runbook,
				runbook->input_count, diags);
	}
	return values;
}

struct refs fields_steps(const struct runbook *runbook, const struct yaml_node *scalar,
	struct arena *arena, struct diags *diags)
{
	int one = runbook_step(runbook, scalar->text);
	size_t count = one >= 0;

	for (size_t i = 0; one < 0 && i < runbook->step_count; i++)
		count += strcmp(runbook->steps[i].group, scalar->text) == 0;
	int *steps = arena_array(arena, count + 1, sizeof *steps);
	if (one >= 0)
		steps[0] = one;
	for (size_t i = 0, n = 0; one < 0 && i < runbook->step_count; i++)
		if (strcmp(runbook->steps[i].group, scalar->text) == 0)
			steps[n++] = (int)i;
	if (count == 0)
		report_unknown(scalar, "unknown-step", "step", step_name, runbook,
			runbook->step_count, diags);
	return (struct refs){steps, count};
}

enum status fields_status(const struct yaml_node *scalar, struct diags *diags)
{
	const char *words[STATUS_COUNT + 1] = {NULL};
	enum status status = STATUS_UNKNOWN;

	if (is_scalar(scalar) && status_parse(scalar->text, &status))
		return status;
	if (!is_scalar(scalar)) {
		fields_is(scalar, YAML_STRING, "status", diags);
		return STATUS_UNKNOWN;
	}
	for (int i = 0; i < STATUS_COUNT; i++)
		words[i] = status_word((enum status)i);
	diag_error(diags, scalar->line, scalar->column, "unknown-status", "unknown status \"%s\"",
		scalar->text);
	diag_suggest(diags, scalar->text, words);
	return STATUS_UNKNOWN;
}
