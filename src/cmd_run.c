// SPDX-License-Identifier: Apache-2.0
//
// `run` and `demo` open an incident, on a screen or without one; `watch` looks on at one.
#include "command.h"

#include <stdlib.h>

#include "carried.h"
#include "cockpit.h"
#include "engine.h"
#include "headless.h"
#include "load.h"
#include "opening.h"
#include "relight/incident.h"
#include "relight/jq.h"
#include "relight/memory.h"
#include "relight/timeline.h"

#define DEMO_SPEED      20
#define DEMO_AUTO_SPEED 240 // an hour in a quarter of a minute

struct bad_program {
	const struct runbook *runbook;
	bool is_bad;
};

static void on_bad_program(void *context, size_t index, const char *message)
{
	struct bad_program *bad = context;
	struct err err;
	const struct jq_text *program = &bad->runbook->programs[index];
	bad->is_bad = true;
	err_set(&err, "jq program does not compile: %s", message);
	err_place(&err, bad->runbook->file, program->place.line, program->place.column);
	command_fail(EXIT_USAGE, &err);
}

// On a screen the sensor says it of the one dependency; without one nobody would look.
static bool programs_compile(const struct runbook *runbook)
{
	struct bad_program bad = {.runbook = runbook};
	const char **texts = memory_zeroed(runbook->program_count + 1, sizeof *texts);
	struct err err = {0};
	for (size_t i = 0; i < runbook->program_count; i++)
		texts[i] = runbook->programs[i].text;
	bool is_checked = runbook->program_count == 0 ||
			  jq_check_programs(load_executable(), texts, runbook->program_count,
				  on_bad_program, &bad, &err);
	free(texts);
	if (!is_checked)
		command_fail(EXIT_USAGE, &err);
	return is_checked && !bad.is_bad;
}

static int open_headless(struct opening *opening, const struct launcher *launcher)
{
	struct engine engine;
	struct err err = {0};
	if (!opening->setup.scenario && !programs_compile(opening->setup.runbook))
		return EXIT_USAGE;
	engine_init(&engine, &opening->setup, launcher);
	headless_attach(&engine);
	opening_say_signing(opening);
	if (!engine_prepare(&engine, &err)) {
		engine_fini(&engine, "could not be opened");
		return command_fail(EXIT_USAGE, &err);
	}
	engine_begin(&engine);
	return headless_run(&engine, opening->answers, opening->parallel);
}

static int look_on(struct opening *opening, const char *directory)
{
	int code = EXIT_USAGE;
	opening_await(directory);
	if (opening_recall(opening, directory))
		code = cockpit_watch(opening, directory);
	return code;
}

// Where there is a timeline already: whoever has it open is looked on at; one that nobody has is
// not opened twice.
static int look_on_or_refuse(struct opening *opening)
{
	struct err err = {0};
	char *directory = incident_find(opening->directory, &err);
	int code;
	if (!directory) {
		code = command_fail(EXIT_USAGE, &err);
	} else if (timeline_is_held(directory) && !opening->is_headless) {
		code = look_on(opening, directory);
	} else {
		err_set(&err,
			"run: %s: holds an incident already; 'relight resume %s' goes on with it",
			opening->directory, opening->directory);
		code = command_fail(EXIT_USAGE, &err);
	}
	free(directory);
	return code;
}

// Loads, opens and runs what the options say. Of two that open one in the same place at the same
// time the other one looks on.
static int open_incident(struct opening *opening, const struct launcher *launcher)
{
	bool is_taken = false;
	int code = EXIT_USAGE;
	if (opening_load(opening))
		code = opening->is_headless ? open_headless(opening, launcher)
					    : cockpit_open(opening, launcher, &is_taken);
	return is_taken ? look_on_or_refuse(opening) : code;
}

int cmd_watch(int argc, char **argv)
{
	struct opening opening;
	struct err err = {0};
	if (!opening_options(&opening, argc, argv))
		return EXIT_USAGE;
	if (argc - optind > 1)
		return command_usage("watch", "one incident at a time");
	if (opening.key)
		return command_usage("watch", "whoever looks on records nothing: there is nothing "
					      "that --key could sign");
	char *directory = incident_find(optind < argc ? argv[optind] : opening.directory, &err);
	if (!directory)
		return command_fail(EXIT_USAGE, &err);
	int code = look_on(&opening, directory);
	opening_fini(&opening);
	free(directory);
	return code;
}

int cmd_run(int argc, char **argv)
{
	struct opening opening;
	struct launcher launcher;
	struct err err = {0};
	if (!opening_options(&opening, argc, argv))
		return EXIT_USAGE;
	if (argc - optind != 1)
		return command_usage(
			"run", argc == optind ? "name a runbook" : "one runbook at a time");
	opening.runbook_path = argv[optind];
	bool is_there = opening.directory && incident_has_timeline(opening.directory);
	if (!is_there && !launcher_start(&launcher, &err))
		return command_fail(EXIT_USAGE, &err);
	int code = is_there ? look_on_or_refuse(&opening) : open_incident(&opening, &launcher);
	opening_fini(&opening);
	return code;
}

int cmd_demo(int argc, char **argv)
{
	struct opening opening;
	struct launcher launcher;
	struct err err = {0};
	struct buf path = {0};
	if (!opening_options(&opening, argc, argv))
		return EXIT_USAGE;
	if (optind < argc)
		return command_usage("demo",
			"it takes no runbook; 'relight run RUNBOOK --scenario FILE' rehearses one");
	if (!opening.scenario_path)
		opening.scenario_path = "eks-cluster-loss";
	buf_printf(&path, "runbooks/scenarios/%s.yaml", opening.scenario_path);
	if (carried_find(buf_str(&path)))
		opening.scenario_path = buf_str(&path);
	if (opening.speed <= 0)
		opening.speed = opening.is_headless ? DEMO_AUTO_SPEED : DEMO_SPEED;
	if (!launcher_start(&launcher, &err))
		return command_fail(EXIT_USAGE, &err);
	int code = open_incident(&opening, &launcher);
	opening_fini(&opening);
	buf_fini(&path);
	return code;
}
