// SPDX-License-Identifier: Apache-2.0
//
// `note`: a person's word in the record, from another terminal.
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "holder.h"
#include "opening.h"
#include "relight/file.h"
#include "relight/incident.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/session.h"
#include "relight/ui.h"

#define TEXT_MOST_BYTES (64 * 1024) // far more than a note may have: whoever records it says so

#define TRIES 50 // each time somebody else has opened it meanwhile

static const struct option options[] = {
	{"type", required_argument, NULL, 't'},
	{"at", required_argument, NULL, 'a'},
	{NULL, 0, NULL, 0},
};

struct note {
	const char *name; // of the incident
	const char *type, *at;
	struct buf text;
};

static bool take_text(struct note *note, const char *text, struct err *err)
{
	if (strcmp(text, "-") != 0) {
		buf_text(&note->text, text);
		return true;
	}
	if (!file_read_fd(STDIN_FILENO, "standard input", TEXT_MOST_BYTES, &note->text, err))
		return err_prefix(err, "note");
	while (note->text.length > 0 && note->text.data[note->text.length - 1] == '\n')
		note->text.data[--note->text.length] = '\0';
	return true;
}

static int take_arguments(struct note *note, int argc, char **argv)
{
	struct err err = {0};
	int option;
	while ((option = command_option(argc, argv, options)) != -1) {
		if (option == 't')
			note->type = optarg;
		else if (option == 'a')
			note->at = optarg;
		else
			return EXIT_USAGE;
	}
	if (argc - optind != 2)
		return command_usage("note", argc - optind < 2 ? "name an incident, and the text"
							       : "one text: put it in quotes");
	note->name = argv[optind];
	return take_text(note, argv[optind + 1], &err) ? EXIT_GOOD : command_fail(EXIT_USAGE, &err);
}

static int say_noted(int64_t seq)
{
	printf("noted: event %lld\n", (long long)seq);
	return EXIT_GOOD;
}

// --- where nobody has the incident open --------------------------------------------------------------------------------

static bool want_note(struct engine *engine, const struct note *note, struct err *err)
{
	struct intent intent = intent_of(INTENT_NOTE);
	intent.text = buf_str(&note->text);
	intent.choice = note->type;
	if (note->at && !time_parse(note->at, engine_now(engine).wall, false, &intent.at))
		return err_set(err,
			"note: --at %.60s: not a time; 14:05, -10m or 2026-07-03T02:47:00Z",
			note->at);
	return engine_want(engine, &intent, err);
}

// A session of its own, which does nothing else. Nothing is sensed and nothing is started.
// *is_held: somebody has opened it meanwhile, and nothing was said.
static int note_alone(const struct note *note, const char *directory, bool *is_held)
{
	struct opening opening = {.parallel = 1};
	struct engine engine;
	struct err err = {0};
	int code = EXIT_USAGE;
	if (!incident_is_ours(directory, &err)) {
		err_prefix(&err, "note: nobody has it open");
		return command_fail(EXIT_USAGE, &err);
	}
	if (!opening_recall(&opening, directory)) {
		opening_fini(&opening);
		return EXIT_USAGE;
	}
	opening.setup.is_brief = true;
	engine_init(&engine, &opening.setup, NULL);
	engine_start_threads(&engine);
	bool is_resumed = engine_resume(&engine, directory, is_held, &err);
	bool is_open = is_resumed && !wall_known(engine.state->closed.wall);
	if (!is_resumed || !want_note(&engine, note, &err)) {
		engine_fini(&engine, "no note was written");
		if (!*is_held)
			code = command_fail(is_open ? EXIT_USAGE : EXIT_NO, &err);
	} else {
		int64_t seq = engine.record.chain.next_seq - 1;
		bool is_durable = timeline_drain(engine.record.timeline, &err);
		engine_fini(&engine, "wrote a note");
		code = is_durable ? say_noted(seq) : command_fail(EXIT_NO, &err);
	}
	opening_fini(&opening);
	return code;
}

// --- the command -------------------------------------------------------------------------------------------------------

// *is_held: somebody came and is to be asked again.
static int ask_holder(const struct note *note, const char *directory, bool *is_held)
{
	cJSON *body = json_object(), *answer = NULL;
	char *person = session_person();
	struct err err = {0};
	int code = EXIT_NO;
	json_add_text(body, "text", buf_str(&note->text));
	json_add_text(body, "type", note->type);
	json_add_text(body, "at", note->at);
	json_add_text(body, "as", person);
	switch (holder_ask(directory, "note", body, &answer, &err)) {
	case HOLDER_ANSWERED:
		code = say_noted(json_int(json_get(answer, "noted"), "seq", -1));
		break;
	case HOLDER_NOBODY: code = note_alone(note, directory, is_held); break;
	case HOLDER_MISUSED: code = command_fail(EXIT_USAGE, &err); break;
	case HOLDER_LOST:
		err_set(&err,
			"note: %s: whoever had it open ended before it was acknowledged; 'relight "
			"timeline show %s' tells whether it is there",
			directory, directory);
		command_fail(EXIT_NO, &err);
		break;
	case HOLDER_SILENT: err_prefix(&err, "note"); // fall through
	case HOLDER_REFUSED: command_fail(EXIT_NO, &err); break;
	}
	free(person);
	cJSON_Delete(body);
	cJSON_Delete(answer);
	return code;
}

int cmd_note(int argc, char **argv)
{
	struct note note = {0};
	struct err err = {0};
	int code = take_arguments(&note, argc, argv);
	char *directory = code == EXIT_GOOD ? incident_find(note.name, &err) : NULL;
	bool is_held = directory != NULL;
	for (int i = 0; i < TRIES && is_held; i++) {
		is_held = false;
		code = ask_holder(&note, directory, &is_held);
	}
	if (is_held)
		err_set(&err, "note: %s: others open and close it all the time; try again",
			directory);
	if (is_held || (code == EXIT_GOOD && !directory))
		code = command_fail(is_held ? EXIT_NO : EXIT_USAGE, &err);
	buf_fini(&note.text);
	free(directory);
	return code;
}
