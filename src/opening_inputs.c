// SPDX-License-Identifier: Apache-2.0
//
// The values of inputs that are known when an incident opens. Of several the last one counts: the
// runbook's default, the scenario's, the answers', --inputs, --input.
#include "opening.h"

#include "input_option.h"
#include "load.h"
#include "relight/arena.h"
#include "relight/input.h"
#include "relight/memory.h"
#include "relight/yaml.h"

static void set_input(struct opening *opening, int input, const char *value, const char *from)
{
	struct engine_setup *setup = &opening->setup;
	if (!value)
		return;
	memory_wipe(setup->inputs[input]);
	setup->inputs[input] = memory_copy_text(value);
	setup->input_from[input] = from;
}

static bool name_input(struct opening *opening, const char *name, const char *value)
{
	int input = runbook_input(opening->setup.runbook, name);
	struct err err;
	if (input >= 0 && !input_fits(&opening->setup.runbook->inputs[input], value, &err))
		return opening_say(&err);
	if (input >= 0) {
		set_input(opening, input, value, "person");
		return true;
	}
	err_set(&err, "input: %s: the runbook has no such input", name);
	return opening_say(&err);
}

static bool take_input(struct opening *opening, const char *assignment)
{
	struct err err = {0};
	char *value;
	int input = input_option(opening->setup.runbook, assignment, &value, &err);
	if (input < 0)
		return opening_say(&err);
	set_input(opening, input, value, "person");
	memory_wipe(value);
	return true;
}

static bool take_map(struct opening *opening, const struct yaml_node *map, struct diags *diags)
{
	if (map->type != YAML_MAP) {
		diag_error(diags, map->line, map->column, "wrong-type",
			"expected a mapping of names to values, found %s",
			yaml_type_name(map->type));
		return opening_say_diags(diags, "inputs");
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct yaml_node *name = map->keys[i], *value = map->items[i];
		if (!value->text) {
			diag_error(diags, value->line, value->column, "wrong-type",
				"%s: expected one value, found %s", name->text,
				yaml_type_name(value->type));
			return opening_say_diags(diags, "inputs");
		}
		if (!name_input(opening, name->text, value->text))
			return false;
	}
	return true;
}

// --inputs FILE: a YAML mapping of names to values.
static bool take_inputs_file(struct opening *opening)
{
	struct diags diags = {.file = opening->inputs_path};
	struct buf text = {0};
	struct err err = {0};
	struct arena *arena = arena_new();
	const struct yaml_node *map = NULL;
	bool is_taken = false;
	if (!load_text(opening->inputs_path, &text, &err))
		opening_say(&err);
	else if (!(map = yaml_parse(
			   arena, buf_str(&text), text.length, &yaml_limits_default, &diags)))
		opening_say_diags(&diags, "inputs");
	else
		is_taken = take_map(opening, map, &diags);
	arena_free(arena);
	diags_fini(&diags);
	buf_fini(&text);
	return is_taken;
}

bool opening_take_inputs(struct opening *opening)
{
	const struct runbook *runbook = opening->setup.runbook;
	opening->setup.inputs =
		memory_zeroed(runbook->input_count + 1, sizeof *opening->setup.inputs);
	opening->setup.input_from =
		memory_zeroed(runbook->input_count + 1, sizeof *opening->setup.input_from);
	for (size_t i = 0; i < runbook->input_count; i++) {
		// Of an incident that is open the record knows all values but those of secrets.
		if (opening->is_recalled && !runbook->inputs[i].secret)
			continue;
		set_input(opening, (int)i, runbook->inputs[i].fallback, "default");
		if (opening->setup.scenario)
			set_input(opening, (int)i, opening->setup.scenario->inputs[i], "scenario");
		if (opening->answers)
			set_input(opening, (int)i, opening->answers->inputs[i], "answers");
	}
	if (opening->inputs_path && !take_inputs_file(opening))
		return false;
	for (size_t i = 0; i < opening->input_count; i++)
		if (!take_input(opening, opening->inputs[i]))
			return false;
	return true;
}
