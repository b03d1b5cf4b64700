// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "load.h"
#include "load_health.h"
#include "relight/diag.h"
#include "relight/memory.h"
#include "relight/probe.h"
#include "relight/simulate.h"

// `relight probe`: the sensor (FORMATS.md §2).

enum {
	OPTION_ONCE = 1,
	OPTION_ONLY,
	OPTION_INPUT,
	OPTION_CONFIGURED,
	OPTION_SCENARIO,
	OPTION_TIMELINE,
	OPTION_BASE,
	OPTION_FROZEN,
	OPTION_FORMAT
};

static const struct option options[] = {
	{"once", no_argument, NULL, OPTION_ONCE},
	{"only", required_argument, NULL, OPTION_ONLY},
	{"input", required_argument, NULL, OPTION_INPUT},
	{"configured", no_argument, NULL, OPTION_CONFIGURED},
	{"scenario", required_argument, NULL, OPTION_SCENARIO},
	{"timeline", required_argument, NULL, OPTION_TIMELINE},
	{"base", required_argument, NULL, OPTION_BASE},
	{"frozen", required_argument, NULL, OPTION_FROZEN},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{NULL, 0, NULL, 0},
};

struct probing_command {
	struct probe_options probe;
	const char *runbook_path, *scenario_path, *base;
	const char *frozen; // the folder that an incident's health tables are in; NULL: the user's
	const char **assignments,
		**only_lists; // as given; those of the first are the command's own
	char **only;          // ids, owned, NULL-terminated
	const char **inputs;  // by input index
	size_t assignment_count, only_list_count;
	struct runbook *runbook;
};

static void append(const char ***list, size_t *count, const char *text)
{
	*list = memory_resize(*list, *count + 2, sizeof **list);
	(*list)[(*count)++] = text;
	(*list)[*count] = NULL;
}

static bool take_option(struct probing_command *command, int option)
{
	switch (option) {
	case OPTION_ONCE: command->probe.once = true; return true;
	case OPTION_CONFIGURED: command->probe.configured = true; return true;
	case OPTION_SCENARIO: command->scenario_path = optarg; return true;
	case OPTION_TIMELINE: command->probe.timeline = optarg; return true;
	case OPTION_BASE: command->base = optarg; return true;
	case OPTION_FROZEN: command->frozen = optarg; return true;
	case OPTION_ONLY:
		append(&command->only_lists, &command->only_list_count, optarg);
		return true;
	case OPTION_INPUT:
		append(&command->assignments, &command->assignment_count, command_confide(optarg));
		return true;
	case OPTION_FORMAT:
		if (strcmp(optarg, "jsonl") == 0)
			return true;
		command_usage("probe", "--format: only jsonl is there");
		return false;
	default: return false; // said already
	}
}

static bool read_options(struct probing_command *command, int argc, char **argv)
{
	int option;
	while ((option = command_option(argc, argv, options)) != -1)
		if (!take_option(command, option))
			return false;
	if (optind + 1 == argc) {
		command->runbook_path = argv[optind];
		return true;
	}
	command_usage(argv[0], optind == argc ? "it needs a RUNBOOK" : "it takes one RUNBOOK");
	return false;
}

// --- ids and inputs --------------------------------------------------------------------------------------------------

static bool say_unknown(const char *what, const char *name, const char *near)
{
	struct err err;
	if (near)
		err_set(&err,
			"probe: %s: %.200s: the runbook has none of that name; did you mean '%s'?",
			what, name, near);
	else
		err_set(&err, "probe: %s: %.200s: the runbook has none of that name", what, name);
	command_fail(EXIT_USAGE, &err);
	return false;
}

static const char *nearest_dependency(const struct runbook *runbook, const char *name)
{
	const char **ids = memory_zeroed(runbook->dependency_count + 1, sizeof *ids);
	for (size_t i = 0; i < runbook->dependency_count; i++)
		ids[i] = runbook->dependencies[i].id;
	const char *near = diag_nearest(name, ids);
	free(ids);
	return near;
}

static const char *nearest_input(const struct runbook *runbook, const char *name)
{
	const char **ids = memory_zeroed(runbook->input_count + 1, sizeof *ids);
	for (size_t i = 0; i < runbook->input_count; i++)
		ids[i] = runbook->inputs[i].id;
	const char *near = diag_nearest(name, ids);
	free(ids);
	return near;
}

// "a,b": each id is checked.
static bool take_only(struct probing_command *command, const char *list)
{
	size_t count = 0;
	while (command->only && command->only[count])
		count++;
	for (const char *at = list; *at;) {
		size_t length = strcspn(at, ",");
		char *id = memory_copy_bytes(at, length);
		command->only = memory_resize(command->only, count + 2, sizeof *command->only);
		command->only[count++] = id;
		command->only[count] = NULL;
		if (runbook_dependency(command->runbook, id) < 0)
			return say_unknown("--only", id, nearest_dependency(command->runbook, id));
		at += length + (at[length] == ',');
	}
	return true;
}

static bool take_input(struct probing_command *command, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	if (!equals) {
		command_usage("probe", "--input takes NAME=VALUE");
		return false;
	}
	char *name = memory_copy_bytes(assignment, (size_t)(equals - assignment));
	int input = runbook_input(command->runbook, name);
	if (input >= 0)
		command->inputs[input] = equals + 1;
	else
		say_unknown("--input", name, nearest_input(command->runbook, name));
	free(name);
	return input >= 0;
}

static bool take_words(struct probing_command *command)
{
	command->inputs = memory_zeroed(command->runbook->input_count + 1, sizeof *command->inputs);
	for (size_t i = 0; i < command->only_list_count; i++)
		if (!take_only(command, command->only_lists[i]))
			return false;
	for (size_t i = 0; i < command->assignment_count; i++)
		if (!take_input(command, command->assignments[i]))
			return false;
	command->probe.only = (const char *const *)command->only;
	command->probe.inputs = command->inputs;
	command->probe.executable = load_executable();
	return true;
}

// --- running ---------------------------------------------------------------------------------------------------------

static int say_broken_scenario(const struct diags *diags, const char *path)
{
	struct buf words = {0};
	struct err err;
	diags_print(diags, &words);
	fputs(buf_str(&words), stderr);
	buf_fini(&words);
	err_set(&err, "scenario: %s: it has errors", path);
	return command_fail(EXIT_USAGE, &err);
}

static int simulate(const struct probing_command *command)
{
	struct diags diags = {.file = command->scenario_path};
	struct buf text = {0};
	struct err err;
	int code;
	if (!load_text(command->scenario_path, &text, &err)) {
		err_prefix(&err, "scenario");
		return command_fail(EXIT_USAGE, &err);
	}
	struct scenario *scenario =
		scenario_load(buf_str(&text), text.length, command->runbook, &diags);
	if (scenario)
		code = simulate_run(command->runbook, scenario, &command->probe);
	else
		code = say_broken_scenario(&diags, command->scenario_path);
	scenario_free(scenario);
	diags_fini(&diags);
	buf_fini(&text);
	return code;
}

static int run(struct probing_command *command)
{
	command->runbook = load_runbook(command->runbook_path, NULL);
	if (!command->runbook)
		return EXIT_USAGE;
	if (command->base)
		command->runbook->base = arena_text(command->runbook->arena, command->base);
	if (!take_words(command))
		return EXIT_USAGE;
	if (command->scenario_path)
		return simulate(command);
	// A wrong table must not keep the sensor from looking: what it matches is unknown.
	bool has_errors = false;
	struct health_files files;
	health_files_read(&files, command->frozen);
	struct health_tables *tables = load_health(&files, false, health_say_mistakes, &has_errors);
	health_files_fini(&files);
	command->probe.health_tables = tables;
	int code = probe_run(command->runbook, &command->probe);
	health_tables_free(tables);
	return code;
}

int cmd_probe(int argc, char **argv)
{
	struct probing_command command = {0};
	int code = EXIT_USAGE;
	if (read_options(&command, argc, argv))
		code = run(&command);
	for (char **id = command.only; id && *id; id++)
		free(*id);
	free(command.only);
	free(command.inputs);
	free(command.only_lists);
	for (size_t i = 0; i < command.assignment_count; i++)
		memory_wipe((char *)command.assignments[i]);
	free(command.assignments);
	runbook_free(command.runbook);
	return code;
}
