// SPDX-License-Identifier: Apache-2.0
//
// `run`, `resume`, `take` and `demo`: four ways to the cockpit, or to a run without a screen.
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "carried.h"
#include "cockpit.h"
#include "engine.h"
#include "headless.h"
#include "history.h"
#include "holder.h"
#include "load.h"
#include "opening.h"
#include "plain.h"
#include "relight/incident.h"
#include "relight/jq.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/term.h"
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

// Where no screen says it.
static void say_signing(const struct opening *opening)
{
	if (opening->key && isatty(STDERR_FILENO))
		fprintf(stderr, "relight: your key signs who you are; touch it if it waits\n");
}

static int open_headless(struct opening *opening, const struct launcher *launcher)
{
	struct engine engine;
	struct err err = {0};
	if (!opening->setup.scenario && !programs_compile(opening->setup.runbook))
		return EXIT_USAGE;
	engine_init(&engine, &opening->setup, launcher);
	headless_attach(&engine);
	say_signing(opening);
	if (!engine_prepare(&engine, &err)) {
		engine_fini(&engine, "could not be opened");
		return command_fail(EXIT_USAGE, &err);
	}
	engine_begin(&engine);
	return headless_run(&engine, opening->answers, opening->parallel);
}

static int no_launcher(const struct err *err)
{
	return command_fail(EXIT_USAGE, err);
}

#define BEGINNING_LOOKS   1000
#define BEGINNING_LOOK_MS 10

static bool see_runbook(void *context, const char *line, size_t length, struct err *err)
{
	bool *is_there = context;
	(void)err;
	*is_there |= event_peek(line, length) == EVENT_RUNBOOK_LOADED;
	return !*is_there;
}

// Whoever opens an incident at this moment is about to say which runbook it is.
static void await_beginning(const char *directory)
{
	bool is_there = false;
	for (int i = 0; i < BEGINNING_LOOKS; i++) {
		struct chain chain;
		struct err ignored;
		timeline_read(directory, see_runbook, &is_there, &chain, NULL, &ignored);
		if (is_there || !timeline_is_held(directory))
			return;
		uv_sleep(BEGINNING_LOOK_MS);
	}
}

static int look_on(struct opening *opening, const char *directory)
{
	int code = EXIT_USAGE;
	await_beginning(directory);
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
		return no_launcher(&err);
	int code = is_there ? look_on_or_refuse(&opening) : open_incident(&opening, &launcher);
	opening_fini(&opening);
	return code;
}

static int resume_headless(
	struct opening *opening, const char *directory, const struct launcher *launcher)
{
	struct engine engine;
	struct err err = {0};
	engine_init(&engine, &opening->setup, launcher);
	headless_attach(&engine);
	if (!engine_resume(&engine, directory, NULL, &err)) {
		engine_fini(&engine, "could not be resumed");
		err_prefix(&err, "resume");
		return command_fail(EXIT_USAGE, &err);
	}
	return headless_run(&engine, opening->answers, opening->parallel);
}

#define TAKEOVER_LOOKS   100
#define TAKEOVER_LOOK_MS 50

static bool skip_line(void *context, const char *line, size_t length, struct err *err)
{
	(void)context, (void)line, (void)length, (void)err;
	return true;
}

// Whoever has it lets go of it, or the end of a line is set aside, before it is known whether the
// opening can be signed.
static bool is_touched_by_opening(const char *directory)
{
	struct chain chain;
	size_t torn_bytes = 0;
	struct err ignored;
	return timeline_is_held(directory) ||
	       !timeline_read(directory, skip_line, NULL, &chain, &torn_bytes, &ignored) ||
	       torn_bytes > 0;
}

// Whoever has the incident but no terminal any more lets go of it within a turn; a key that cannot
// sign shows it before that. False with `err`.
static bool take_over(const struct opening *opening, const char *directory, struct err *err)
{
	if (opening->key && is_touched_by_opening(directory) && !engine_try_key(opening->key, err))
		return err_prefix(err, "resume");
	bool is_taken = incident_take(directory);
	for (int i = 0; is_taken && i < TAKEOVER_LOOKS && timeline_is_held(directory); i++)
		uv_sleep(TAKEOVER_LOOK_MS);
	return true;
}

static int go_on(struct opening *opening, const char *directory, const struct launcher *launcher)
{
	return opening->is_headless ? resume_headless(opening, directory, launcher)
				    : cockpit_resume(opening, directory, launcher);
}

// A terminal that cannot be drawn on must leave no trace in the record.
static bool has_screen(const struct opening *opening)
{
	struct err err = {0};
	bool has = opening->is_headless || term_is_there(&err);
	if (!has)
		command_fail(EXIT_USAGE, &err);
	return has;
}

int cmd_resume(int argc, char **argv)
{
	struct opening opening;
	struct launcher launcher;
	struct err err = {0};
	int code = EXIT_USAGE;
	if (!opening_options(&opening, argc, argv))
		return EXIT_USAGE;
	if (argc - optind > 1)
		return command_usage("resume", "one incident at a time");
	const char *named = optind < argc ? argv[optind] : opening.directory;
	char *directory = named ? incident_find(named, &err) : history_newest_open(&err);
	if (!directory)
		return command_fail(EXIT_USAGE, &err);
	if (!launcher_start(&launcher, &err))
		return no_launcher(&err);
	say_signing(&opening);
	// Nor is it taken then from the one that goes on without a screen.
	if (incident_is_offered(directory) && !has_screen(&opening))
		code = EXIT_USAGE;
	else if (!take_over(&opening, directory, &err))
		command_fail(EXIT_USAGE, &err);
	else if (opening_recall(&opening, directory) && has_screen(&opening))
		code = go_on(&opening, directory, &launcher);
	opening_fini(&opening);
	free(directory);
	return code;
}

// --- take: from whoever has it -----------------------------------------------------------------------------------------

#define TAKE_TRIES 5 // each time somebody else has taken it meanwhile

// Whether this process could go on with it: a session that works is not ended for one that cannot
// begin.
static bool can_go_on(struct opening *opening, const char *directory)
{
	struct err err = {0};
	await_beginning(directory);
	if (incident_is_ours(directory, &err) && (opening->is_headless || term_is_there(&err)) &&
		(!opening->key || engine_try_key(opening->key, &err)))
		return opening_recall(opening, directory);
	err_prefix(&err, "take");
	command_fail(EXIT_USAGE, &err);
	return false;
}

// The disk has failed whoever had it in the very end.
static void say_what_is_missing(const char *directory, const cJSON *taken)
{
	const char *fault = json_text(taken, "fault"), *saved = json_text(taken, "saved");
	struct buf words = {0};
	if (!fault)
		return;
	buf_printf(&words,
		"relight: take: %s: the last events of whoever had it are not in the record: ",
		directory);
	plain_add(&words, fault);
	if (saved) {
		buf_text(&words, "; read them in ");
		plain_add(&words, saved);
	}
	buf_byte(&words, '\n');
	command_say(STDERR_FILENO, buf_str(&words));
	buf_fini(&words);
}

// Asks for it and waits until it is free. EXIT_GOOD: it may be gone on with, whoever had it.
static int ask_for_it(struct opening *opening, const char *directory)
{
	cJSON *body = json_object(), *answer = NULL;
	struct err err = {0};
	int code = EXIT_NO;
	enum holder_word said = HOLDER_LOST;
	json_add_text(body, "why", opening->why);
	json_add_text(body, "as", opening->setup.person);
	for (int i = 0; i < TAKE_TRIES && said == HOLDER_LOST; i++)
		said = holder_ask(directory, "take", body, &answer, &err);
	switch (said) {
	case HOLDER_ANSWERED:
		opening->setup.taken_seq = json_int(json_get(answer, "taken"), "seq", 0);
		say_what_is_missing(directory, json_get(answer, "taken"));
		code = EXIT_GOOD;
		break;
	case HOLDER_NOBODY: code = EXIT_GOOD; break;
	case HOLDER_MISUSED: code = EXIT_USAGE; break;
	case HOLDER_REFUSED:
	case HOLDER_LOST:
	case HOLDER_SILENT: break;
	}
	if (code == EXIT_GOOD) {
		holder_await_end(directory);
	} else {
		err_prefix(&err, "take");
		command_fail(code, &err);
	}
	cJSON_Delete(body);
	cJSON_Delete(answer);
	return code;
}

int cmd_take(int argc, char **argv)
{
	struct opening opening;
	struct launcher launcher;
	struct err err = {0};
	int code = EXIT_USAGE;
	if (!opening_options(&opening, argc, argv))
		return EXIT_USAGE;
	if (argc - optind != 1)
		return command_usage("take", "name one incident");
	char *directory = incident_find(argv[optind], &err);
	if (!directory)
		return command_fail(EXIT_USAGE, &err);
	if (!launcher_start(&launcher, &err))
		return no_launcher(&err);
	say_signing(&opening);
	if (can_go_on(&opening, directory))
		code = ask_for_it(&opening, directory);
	if (code == EXIT_GOOD)
		code = go_on(&opening, directory, &launcher);
	opening_fini(&opening);
	free(directory);
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
		return no_launcher(&err);
	int code = open_incident(&opening, &launcher);
	opening_fini(&opening);
	buf_fini(&path);
	return code;
}
