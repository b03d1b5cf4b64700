// SPDX-License-Identifier: Apache-2.0
#include "opening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "carried.h"
#include "command.h"
#include "load.h"
#include "relight/incident.h"
#include "relight/memory.h"
#include "relight/session.h"

#define SPEED_MOST    10000.0
#define PARALLEL_MOST 1000

// --- options ---

enum {
	OPTION_INPUT = 256,
	OPTION_INPUTS,
	OPTION_DIR,
	OPTION_OPERATOR,
	OPTION_DRILL,
	OPTION_SCENARIO,
	OPTION_OBSERVE,
	OPTION_SHARE,
	OPTION_SPEED,
	OPTION_HEADLESS,
	OPTION_AUTO,
	OPTION_ANSWERS,
	OPTION_PARALLEL,
	OPTION_THEME,
	OPTION_MIRROR,
	OPTION_PAST_DAMAGE,
	OPTION_KEY,
	OPTION_WHY,
};

static const struct option options[] = {
	{"input", required_argument, NULL, OPTION_INPUT},
	{"inputs", required_argument, NULL, OPTION_INPUTS},
	{"dir", required_argument, NULL, OPTION_DIR},
	{"operator", required_argument, NULL, OPTION_OPERATOR},
	{"drill", no_argument, NULL, OPTION_DRILL},
	{"scenario", required_argument, NULL, OPTION_SCENARIO},
	{"observe", no_argument, NULL, OPTION_OBSERVE},
	{"share", required_argument, NULL, OPTION_SHARE},
	{"speed", required_argument, NULL, OPTION_SPEED},
	{"headless", no_argument, NULL, OPTION_HEADLESS},
	{"auto", no_argument, NULL, OPTION_AUTO},
	{"answers", required_argument, NULL, OPTION_ANSWERS},
	{"parallel", required_argument, NULL, OPTION_PARALLEL},
	{"theme", required_argument, NULL, OPTION_THEME},
	{"mirror", required_argument, NULL, OPTION_MIRROR},
	{"past-damage", no_argument, NULL, OPTION_PAST_DAMAGE},
	{"key", required_argument, NULL, OPTION_KEY},
	{"why", required_argument, NULL, OPTION_WHY},
	{NULL, 0, NULL, 0},
};

static bool usage(const char *command, const char *what)
{
	command_usage(command, what);
	return false;
}

static bool take_number(const char *command, const char *option, const char *text, double least,
	double most, double *number)
{
	char *end = NULL;
	*number = strtod(text, &end);
	if (end != text && *end == '\0' && *number >= least && *number <= most)
		return true;
	char what[200];
	snprintf(what, sizeof what, "%s %.60s: not a number from %g to %g", option, text, least,
		most);
	return usage(command, what);
}

static bool take_group(struct opening *opening, const char *name)
{
	struct err err = {0};
	opening->is_shared = true;
	if (incident_group(name, &opening->group, &err))
		return true;
	command_fail(EXIT_USAGE, &err);
	return false;
}

static bool take_option(struct opening *opening, const char *command, int option)
{
	double number = 0;
	switch (option) {
	case OPTION_INPUT:
		opening->inputs = memory_grow(opening->inputs, opening->input_count,
			&opening->input_capacity, sizeof *opening->inputs);
		opening->inputs[opening->input_count++] = command_confide(optarg);
		return true;
	case OPTION_INPUTS: opening->inputs_path = optarg; return true;
	case OPTION_DIR: opening->directory = optarg; return true;
	case OPTION_OPERATOR: opening->person = optarg; return true;
	case OPTION_DRILL: opening->is_drill = true; return true;
	case OPTION_SCENARIO: opening->scenario_path = optarg; return true;
	case OPTION_OBSERVE: opening->observes = true; return true;
	case OPTION_SHARE: return take_group(opening, optarg);
	case OPTION_SPEED:
		return take_number(command, "--speed", optarg, 0.01, SPEED_MOST, &opening->speed);
	case OPTION_HEADLESS:
	case OPTION_AUTO: opening->is_headless = true; return true;
	case OPTION_ANSWERS: opening->answers_path = optarg; return true;
	case OPTION_PARALLEL:
		if (!take_number(command, "--parallel", optarg, 1, PARALLEL_MOST, &number))
			return false;
		opening->parallel = (int)number;
		return true;
	case OPTION_THEME: opening->theme = optarg; return true;
	case OPTION_MIRROR: opening->mirror = optarg; return true;
	case OPTION_WHY: opening->why = optarg; return true;
	case OPTION_PAST_DAMAGE: opening->goes_past_damage = true; return true;
	case OPTION_KEY: opening->key = optarg; return true;
	default: return false; // command_option has said why
	}
}

bool opening_options(struct opening *opening, int argc, char **argv)
{
	int option;
	*opening = (struct opening){.parallel = 1};
	while ((option = command_option(argc, argv, options)) != -1)
		if (!take_option(opening, argv[0], option))
			return false;
	if (opening->answers_path && !opening->is_headless)
		return usage(argv[0], "--answers is for --headless");
	if (opening->why && strcmp(argv[0], "take") != 0)
		return usage(argv[0], "--why is for take");
	return true;
}

// --- files ---

// Text of a file, or of one that the program carries where it was named so.
static bool read_text(const char *path, struct buf *text, struct err *err)
{
	const struct carried_file *carried = carried_find(path);
	if (!carried)
		return load_text(path, text, err);
	buf_add(text, carried->bytes, carried->length);
	return true;
}

bool opening_say_diags(struct diags *diags, const char *what)
{
	struct buf words = {0};
	struct err err;
	diags_print(diags, &words);
	fputs(buf_str(&words), stderr);
	buf_fini(&words);
	err_set(&err, "%s: %s: %zu error%s", what, diags->file, diags->errors,
		diags->errors == 1 ? "" : "s");
	command_fail(EXIT_USAGE, &err);
	return false;
}

bool opening_say(const struct err *err)
{
	command_fail(EXIT_USAGE, err);
	return false;
}

// A path that stands in a file is relative to that file's folder; "a/b/../c" becomes "a/c", so that
// carried names are found.
static char *beside(const char *file, const char *path)
{
	struct buf joined = {0};
	const char *slash = strrchr(file, '/');
	if (path[0] != '/' && slash)
		buf_add(&joined, file, (size_t)(slash - file) + 1);
	while (strncmp(path, "../", 3) == 0 && joined.length > 1) {
		size_t length = joined.length - 1;
		while (length > 0 && joined.data[length - 1] != '/')
			length--;
		if (strcmp(joined.data + length, "../") == 0)
			break;
		joined.length = length;
		joined.data[length] = '\0';
		path += 3;
	}
	buf_text(&joined, path);
	return buf_take(&joined);
}

bool opening_load_scenario(struct opening *opening, const char *path)
{
	struct engine_setup *setup = &opening->setup;
	struct diags diags = {.file = path};
	struct err err = {0};
	if (setup->scenario_text.length == 0 && !read_text(path, &setup->scenario_text, &err)) {
		err_prefix(&err, "scenario");
		return opening_say(&err);
	}
	setup->scenario = scenario_load(
		setup->scenario_text.data, setup->scenario_text.length, setup->runbook, &diags);
	bool is_loaded = setup->scenario || opening_say_diags(&diags, "scenario");
	diags_fini(&diags);
	return is_loaded;
}

// Without a runbook on the command line the scenario names it.
static bool find_runbook(struct opening *opening)
{
	struct diags diags = {.file = opening->scenario_path};
	struct err err = {0};
	if (!read_text(opening->scenario_path, &opening->setup.scenario_text, &err)) {
		err_prefix(&err, "scenario");
		return opening_say(&err);
	}
	char *named = scenario_runbook_path(
		opening->setup.scenario_text.data, opening->setup.scenario_text.length, &diags);
	bool is_found = named || opening_say_diags(&diags, "scenario");
	if (named)
		opening->runbook_path = opening->found_path = beside(opening->scenario_path, named);
	free(named);
	diags_fini(&diags);
	return is_found;
}

static bool load_answers(struct opening *opening)
{
	char *path = opening->answers_path ? memory_copy_text(opening->answers_path) : NULL;
	struct diags diags = {0};
	struct err err = {0};
	if (!path && opening->scenario_path && opening->setup.scenario &&
		opening->setup.scenario->answers_path)
		path = beside(opening->scenario_path, opening->setup.scenario->answers_path);
	if (!path) {
		opening->answers = answers_none(opening->setup.runbook);
		return true;
	}
	if (!read_text(path, &opening->answers_text, &err)) {
		free(path);
		err_prefix(&err, "answers");
		return opening_say(&err);
	}
	diags.file = path;
	opening->answers = answers_load(opening->answers_text.data, opening->answers_text.length,
		opening->setup.runbook, &diags);
	bool is_loaded = opening->answers || opening_say_diags(&diags, "answers");
	diags_fini(&diags);
	free(path);
	return is_loaded;
}

// --- putting it together ---

static bool unbuilt(const struct runbook *runbook, const char *what, const char *id,
	const char *feature, struct place place)
{
	struct err err;
	err_set(&err, "%s %s: %s: not built yet; a rehearsal (--scenario) plays it", what, id,
		feature);
	err_place(&err, runbook->file, place.line, place.column);
	return opening_say(&err);
}

// A secret that a step prints would be in its output before it is known to be one.
static bool learns_a_secret(const struct runbook *runbook, const struct step *step)
{
	for (size_t i = 0; i < step->set_count; i++)
		if (step->sets[i].jq.text && runbook->inputs[step->sets[i].input].secret)
			return true;
	return false;
}

// A feature that is not built yet is a clear error where real systems are asked or changed.
static bool is_built(const struct opening *opening)
{
	const struct runbook *runbook = opening->setup.runbook;
	if (opening->setup.scenario)
		return true;
	for (size_t s = 0; s < runbook->step_count; s++) {
		const struct step *step = &runbook->steps[s];
		const char *feature = step_unbuilt(step);
		if (!feature && learns_a_secret(runbook, step))
			feature = "sets of a secret input";
		if (feature)
			return unbuilt(runbook, "step", step->id, feature, step->place);
	}
	for (size_t d = 0; d < runbook->dependency_count; d++) {
		const struct dependency *dependency = &runbook->dependencies[d];
		const char *feature = dependency_unbuilt(dependency);
		if (feature)
			return unbuilt(
				runbook, "dependency", dependency->id, feature, dependency->place);
	}
	for (size_t i = 0; i < runbook->input_count; i++) {
		const char *feature = input_unbuilt(&runbook->inputs[i]);
		if (feature)
			return unbuilt(runbook, "input", runbook->inputs[i].id, feature,
				runbook->inputs[i].place);
	}
	return true;
}

static void name_person(struct opening *opening)
{
	const char *answering = opening->answers ? opening->answers->operator: NULL;
	if (opening->person || answering)
		opening->setup.person =
			memory_copy_text(opening->person ? opening->person : answering);
	else
		opening->setup.person = session_person();
}

// Absolute, as the record says it. One that fails later stops nothing and is told of; one that is
// not there when it is named is most likely another one than was meant.
static bool take_mirror(struct opening *opening)
{
	struct engine_setup *setup = &opening->setup;
	struct err err = {0};
	struct stat is;
	char *absolute = realpath(opening->mirror, NULL);
	if (!absolute || stat(absolute, &is) < 0 || !S_ISDIR(is.st_mode)) {
		err_set(&err, "--mirror %s: %s; make that folder, or leave --mirror out",
			opening->mirror, absolute ? "not a folder" : strerror(errno));
		free(absolute);
		return opening_say(&err);
	}
	free(setup->mirror);
	setup->mirror = absolute;
	setup->is_mirror_itself = false;
	return true;
}

// Only simulated time can run faster.
static bool speed_fits(const struct opening *opening)
{
	struct err err = {0};
	if (opening->speed <= 0 || opening->setup.scenario)
		return true;
	err_set(&err, "--speed is for a rehearsal (--scenario); this is %s",
		opening->setup.mode == EVENT_DRILL ? "a drill, which is real" : "live");
	return opening_say(&err);
}

bool opening_finish(struct opening *opening)
{
	struct engine_setup *setup = &opening->setup;
	if (opening->is_headless && !opening->answers && !load_answers(opening))
		return false;
	if (!speed_fits(opening) || !opening_take_inputs(opening) || !is_built(opening))
		return false;
	name_person(opening);
	setup->executable = load_executable();
	setup->directory = memory_copy_text(opening->directory);
	setup->key = opening->key;
	setup->goes_past_damage = opening->goes_past_damage;
	if (opening->mirror && !take_mirror(opening))
		return false;
	setup->is_shared = opening->is_shared;
	setup->group = opening->group;
	return true;
}

static bool load_carried_runbook(struct opening *opening, const struct carried_file *carried)
{
	struct diags diags = {.file = carried->path};
	struct engine_setup *setup = &opening->setup;
	buf_add(&setup->runbook_text, carried->bytes, carried->length);
	setup->runbook = runbook_load(
		buf_str(&setup->runbook_text), setup->runbook_text.length, ".", &diags);
	bool is_loaded = setup->runbook || opening_say_diags(&diags, "runbook");
	diags_fini(&diags);
	return is_loaded;
}

bool opening_load(struct opening *opening)
{
	struct engine_setup *setup = &opening->setup;
	if (!opening->runbook_path && !find_runbook(opening))
		return false;
	const struct carried_file *carried = carried_find(opening->runbook_path);
	if (carried && opening->scenario_path && carried_find(opening->scenario_path)) {
		if (!load_carried_runbook(opening, carried))
			return false;
	} else {
		setup->runbook = load_runbook(opening->runbook_path, &setup->runbook_text);
	}
	if (!setup->runbook ||
		(opening->scenario_path && !opening_load_scenario(opening, opening->scenario_path)))
		return false;
	setup->mode = setup->scenario     ? EVENT_REHEARSAL
		      : opening->is_drill ? EVENT_DRILL
					  : EVENT_LIVE;
	setup->speed = opening->speed > 0 ? opening->speed : 1;
	return opening_finish(opening);
}

void opening_say_signing(const struct opening *opening)
{
	if (opening->key && isatty(STDERR_FILENO))
		fprintf(stderr, "relight: your key signs who you are; touch it if it waits\n");
}

void opening_fini(struct opening *opening)
{
	engine_setup_fini(&opening->setup);
	answers_free(opening->answers);
	buf_fini(&opening->answers_text);
	free(opening->found_path);
	for (size_t i = 0; i < opening->input_count; i++)
		memory_wipe(opening->inputs[i]);
	free(opening->inputs);
}
