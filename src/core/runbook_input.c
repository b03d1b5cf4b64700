// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "relight/pattern.h"
#include "relight/template.h"
#include "runbook_load.h"

// What a runbook is told and where it acts: inputs, targets, restore points.

// --- a command with a program that reads its output ----------------------------------------------------------------------

struct question {
	struct command command;
	struct jq_text jq;
};

static void load_question(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const forms[] = {"command", "shell", NULL};
	static const struct key keys[] = {
		{.name = "command",
			.load = load_argv,
			.offset = offsetof(struct question, command.argv)},
		{.name = "shell",
			.load = load_shell,
			.offset = offsetof(struct question, command.shell)},
		{.name = "dir",
			.load = load_string,
			.offset = offsetof(struct question, command.dir)},
		{.name = "env", .load = load_env, .offset = offsetof(struct question, command.env)},
		{.name = "jq",
			.load = load_jq,
			.offset = offsetof(struct question, jq),
			.is_required = true},
		{0},
	};
	struct question *question = field;

	question->command = command_none;
	if (load_map(loader, key->name, node, keys, question))
		load_one_of(loader, node, forms, false);
}

// --- inputs ------------------------------------------------------------------------------------------------------------

static void load_choices(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct input *input = field;

	if (node->type == YAML_MAP) {
		struct question question;
		load_question(loader, key, node, &question);
		input->choices_command = question.command;
		input->choices_jq = question.jq;
	} else {
		load_scalars(loader, key, node, &input->choices);
	}
}

static void check_default(
	struct loader *loader, const struct yaml_node *map, const struct input *input)
{
	const struct yaml_node *fallback = yaml_get(map, "default");
	struct err err = {0};

	if (!fallback || !input->fallback)
		return;
	if (input->secret)
		load_warning(loader, fallback, "secret-default",
			"default: a secret does not belong in a file");
	if (input->pattern && !strstr(input->fallback, "${") &&
		!pattern_matches(input->pattern, input->fallback, true, &err) && !*err.message)
		load_error(loader, fallback, "bad-default",
			"default: %s does not match the pattern %s as a whole", input->fallback,
			input->pattern);
}

// One more input, named by `name`; `definition` is its mapping, or NULL.
static void declare_input(
	struct loader *loader, const struct yaml_node *name, const struct yaml_node *definition)
{
	const struct yaml_node *secret = yaml_get(definition, "secret");
	int index = (int)loader->runbook->input_count++;
	struct buf variable = {0};

	loader->input_items[index] = (struct input){
		.id = name->text,
		.secret = secret && secret->type == YAML_BOOL && secret->boolean,
		.choices = texts_none,
		.choices_command = command_none,
		.place = {name->line, name->column},
	};
	id_declare(loader, name, name->text, &loader->index->inputs, index, true);
	template_input_name(name->text, &variable);
	int before = names_set(
		&loader->input_variables, arena_text(loader->arena, buf_str(&variable)), index);
	if (before >= 0 && strcmp(loader->input_items[before].id, name->text) != 0)
		load_error(loader, name, "input-collision",
			"inputs %s and %s are both %s in a shell text",
			loader->input_items[before].id, name->text, buf_str(&variable));
	buf_fini(&variable);
}

// What the steps' `sets` name: the keys of a mapping or the items of a list.
static const struct yaml_node *const *learned_names(const struct yaml_node *step, size_t *count)
{
	const struct yaml_node *sets = yaml_get(step, "sets");

	*count = sets && (sets->type == YAML_MAP || sets->type == YAML_LIST) ? sets->count : 0;
	return !sets ? NULL : sets->type == YAML_MAP ? sets->keys : sets->items;
}

// An input that a step learns needs no entry of its own; but it may also be the misspelt name of
// one that has.
static void declare_learned(struct loader *loader, const struct yaml_node *name)
{
	if (!name->text || name->type != YAML_STRING)
		return; // told when the step is loaded
	if (names_find(&loader->index->inputs, name->text) < 0) {
		load_warning(loader, name, "undeclared-set",
			"sets: inputs does not declare %s; nobody can be asked for it", name->text);
		load_suggest(loader, name->text, &loader->index->inputs);
		declare_input(loader, name, NULL);
	}
	int input = names_find(&loader->index->inputs, name->text);
	if (input >= 0)
		loader->input_items[input].is_learned = loader->input_items[input].is_used = true;
}

void inputs_declare(struct loader *loader, const struct yaml_node *root)
{
	const struct yaml_node *map = yaml_get(root, "inputs"), *steps = yaml_get(root, "steps");
	size_t most = 0, learned;

	if (map && !load_is(loader, "inputs", map, YAML_MAP))
		map = NULL;
	if (steps && steps->type != YAML_LIST)
		steps = NULL;
	for (size_t i = 0; steps && i < steps->count; i++) {
		learned_names(steps->items[i], &learned);
		most += learned;
	}
	most += map ? map->count : 0;
	loader->runbook->inputs = loader->input_items =
		arena_array(loader->arena, most + 1, sizeof *loader->input_items);
	loader->is_mentioned = arena_array(loader->arena, most + 1, sizeof *loader->is_mentioned);
	for (size_t i = 0; map && i < map->count; i++)
		declare_input(loader, map->keys[i], map->items[i]);
	for (size_t i = 0; steps && i < steps->count; i++) {
		const struct yaml_node *const *names = learned_names(steps->items[i], &learned);
		for (size_t j = 0; j < learned; j++)
			declare_learned(loader, names[j]);
	}
}

void load_inputs(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {
		{.name = "ask", .load = load_string, .offset = offsetof(struct input, ask)},
		{.name = "pattern",
			.load = load_pattern,
			.offset = offsetof(struct input, pattern)},
		{.name = "default",
			.load = load_scalar,
			.offset = offsetof(struct input, fallback)},
		{.name = "secret", .load = load_flag, .offset = offsetof(struct input, secret)},
		{.name = "choices", .load = load_choices},
		{0},
	};

	(void)field;
	for (size_t i = 0; node->type == YAML_MAP && i < node->count; i++) {
		struct input *input = &loader->input_items[i];
		loader->subject = arena_printf(loader->arena, "input %s", input->id);
		if (load_map(loader, key->name, node->items[i], keys, input))
			check_default(loader, node->items[i], input);
	}
	loader->subject = NULL;
}

// --- targets -----------------------------------------------------------------------------------------------------------

static void load_role(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const words[] = {[TARGET_SHARED] = "shared",
		[TARGET_SOURCE] = "source",
		[TARGET_RECOVERY] = "recovery",
		NULL};
	int role = load_word_index(loader, key->name, node, words);

	if (role >= 0)
		*(enum target_role *)field = (enum target_role)role;
}

static void load_via(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const words[] = {"libssh2", "openssh", NULL};
	int via = load_word_index(loader, key->name, node, words);

	*(bool *)field = via == 1;
}

static void load_step_reference(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct group group;

	(void)key;
	// Of a group the last: when it is done, all are.
	if (step_reference(loader, node, &group))
		*(int *)field = group.first + group.count - 1;
}

static const struct key kubernetes_keys[] = {
	{.name = "kubeconfig", .load = load_string, .offset = offsetof(struct target, kubeconfig)},
	{.name = "context", .load = load_string, .offset = offsetof(struct target, context)},
	{.name = "namespace", .load = load_string, .offset = offsetof(struct target, namespace)},
	{.name = "uid", .load = load_string, .offset = offsetof(struct target, uid)},
	{0},
};
static const struct bounds port_bounds = {1, 65535};
static const struct key ssh_keys[] = {
	{.name = "host",
		.load = load_string,
		.offset = offsetof(struct target, host),
		.is_required = true},
	{.name = "port",
		.load = load_int,
		.offset = offsetof(struct target, port),
		.detail = &port_bounds},
	{.name = "user", .load = load_string, .offset = offsetof(struct target, user)},
	{.name = "via", .load = load_via, .offset = offsetof(struct target, via_openssh)},
	{0},
};

void load_targets(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const forms[] = {"kubernetes", "ssh", NULL};
	static const struct key keys[] = {
		{.name = "role", .load = load_role, .offset = offsetof(struct target, role)},
		{.name = "created_by",
			.load = load_step_reference,
			.offset = offsetof(struct target, created_by)},
		{.name = "kubernetes", .load = load_object, .detail = kubernetes_keys},
		{.name = "ssh", .load = load_object, .detail = ssh_keys},
		{0},
	};
	struct target *targets =
		arena_array(loader->arena, loader->runbook->target_count + 1, sizeof *targets);

	(void)key;
	*(const struct target **)field = targets;
	for (size_t i = 0; i < loader->runbook->target_count; i++) {
		struct target *target = &targets[i];
		*target = (struct target){.id = node->keys[i]->text, .port = 22, .created_by = -1};
		target->place = (struct place){node->keys[i]->line, node->keys[i]->column};
		loader->subject = arena_printf(loader->arena, "target %s", target->id);
		mentions_begin(loader);
		if (load_map(loader, "target", node->items[i], keys, target))
			target->is_ssh = load_one_of(loader, node->items[i], forms, false) == 1;
		loader->target_mentions[i] = mentions_end(loader);
	}
	loader->subject = NULL;
}

// --- restore points ----------------------------------------------------------------------------------------------------

struct restore_point_parts {
	struct restore_point point;
	struct question at, found;
};

static void load_store(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	(void)key;
	if (load_reference(loader, node, &loader->stores, "unknown-state") >= 0)
		*(const char **)field = node->text;
}

void load_restore_points(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {
		{.name = "id",
			.load = load_plain,
			.offset = offsetof(struct restore_point_parts, point.id),
			.is_required = true},
		{.name = "title",
			.load = load_string,
			.offset = offsetof(struct restore_point_parts, point.title)},
		{.name = "of",
			.load = load_store,
			.offset = offsetof(struct restore_point_parts, point.of)},
		{.name = "at",
			.load = load_question,
			.offset = offsetof(struct restore_point_parts, at)},
		{.name = "found",
			.load = load_question,
			.offset = offsetof(struct restore_point_parts, found)},
		{0},
	};

	if (!load_is(loader, key->name, node, YAML_LIST))
		return;
	struct restore_point *points = arena_array(loader->arena, node->count + 1, sizeof *points);
	for (size_t i = 0; i < node->count; i++) {
		struct restore_point_parts parts = {
			.at = {.command = command_none}, .found = {.command = command_none}};
		load_map(loader, key->name, node->items[i], keys, &parts);
		points[i] = parts.point;
		points[i].at = parts.at.command;
		points[i].at_jq = parts.at.jq;
		points[i].found = parts.found.command;
		points[i].found_jq = parts.found.jq;
	}
	list_ids_check(loader, key->name, node);
	*(const struct restore_point **)field = points;
	loader->runbook->restore_point_count = node->count;
}
