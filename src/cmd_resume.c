// SPDX-License-Identifier: Apache-2.0
//
// `resume` and `take` go on with an incident that is open, on a screen or without one: the first
// with one that nobody works at, the second with one that somebody may.
#include "command.h"

#include <stdlib.h>
#include <unistd.h>

#include "cockpit.h"
#include "engine.h"
#include "headless.h"
#include "history.h"
#include "holder.h"
#include "opening.h"
#include "plain.h"
#include "relight/incident.h"
#include "relight/json.h"
#include "relight/term.h"
#include "relight/timeline.h"

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

// Makes the incident in `directory` this process's and loads what it is made of. EXIT_GOOD: it may
// be gone on with; else it was said why not.
typedef int win_incident(struct opening *opening, const char *directory);

// Goes on with the incident that is called `named`, or with the newest that is open for NULL, once
// it is won. Frees what the options brought.
static int go_on(struct opening *opening, const char *named, win_incident *win)
{
	struct launcher launcher;
	struct err err = {0};
	int code = EXIT_USAGE;
	char *directory = named ? incident_find(named, &err) : history_newest_open(&err);
	if (!directory || !launcher_start(&launcher, &err)) {
		command_fail(EXIT_USAGE, &err);
	} else {
		opening_say_signing(opening);
		code = win(opening, directory);
		if (code == EXIT_GOOD)
			code = opening->is_headless ? resume_headless(opening, directory, &launcher)
						    : cockpit_resume(opening, directory, &launcher);
	}
	opening_fini(opening);
	free(directory);
	return code;
}

// --- resume: what nobody works at ---

// A terminal that cannot be drawn on must leave no trace in the record.
static bool has_screen(const struct opening *opening)
{
	struct err err = {0};
	bool has = opening->is_headless || term_is_there(&err);
	if (!has)
		command_fail(EXIT_USAGE, &err);
	return has;
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

static int win_unattended(struct opening *opening, const char *directory)
{
	struct err err = {0};
	// Without a screen here it is not taken from the one that goes on without a screen.
	if (incident_is_offered(directory) && !has_screen(opening))
		return EXIT_USAGE;
	if (!take_over(opening, directory, &err))
		return command_fail(EXIT_USAGE, &err);
	return opening_recall(opening, directory) && has_screen(opening) ? EXIT_GOOD : EXIT_USAGE;
}

int cmd_resume(int argc, char **argv)
{
	struct opening opening;
	if (!opening_options(&opening, argc, argv))
		return EXIT_USAGE;
	if (argc - optind > 1)
		return command_usage("resume", "one incident at a time");
	return go_on(&opening, optind < argc ? argv[optind] : opening.directory, win_unattended);
}

// --- take: from whoever has it ---

#define TAKE_TRIES 5 // each time somebody else has taken it meanwhile

// Whether this process could go on with it: a session that works is not ended for one that cannot
// begin.
static bool can_go_on(struct opening *opening, const char *directory)
{
	struct err err = {0};
	opening_await(directory);
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

static int win_from_holder(struct opening *opening, const char *directory)
{
	return can_go_on(opening, directory) ? ask_for_it(opening, directory) : EXIT_USAGE;
}

int cmd_take(int argc, char **argv)
{
	struct opening opening;
	if (!opening_options(&opening, argc, argv))
		return EXIT_USAGE;
	if (argc - optind != 1)
		return command_usage("take", "name one incident");
	return go_on(&opening, argv[optind], win_from_holder);
}
