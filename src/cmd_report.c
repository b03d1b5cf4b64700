// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "history.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/report.h"

// `relight report TIMELINE`: what a reviewer reads. It writes nothing but the report.

static void write_json(const cJSON *report, struct buf *out)
{
	json_write(out, report);
	buf_byte(out, '\n');
}

static const struct format {
	const char *word;
	void (*write)(const cJSON *report, struct buf *out); // NULL: not built yet
} formats[] = {
	{"markdown", report_markdown},
	{"json", write_json},
	{"html", NULL},
	{"csv", NULL},
	{"trace", NULL},
	{"otlp", NULL},
	{"cloudevents", NULL},
	{"junit", NULL},
};

static const struct format *find_format(const char *word)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i].word, word) == 0)
			return &formats[i];
	return NULL;
}

// A file that is there stays: what was there may be the report that somebody has signed.
static bool save(const char *path, const struct buf *text, struct err *err)
{
	int fd = file_create(AT_FDCWD, path);
	if (fd < 0 && errno == EEXIST)
		return err_set(
			err, "report: %s: is there already; remove it or name another", path);
	if (fd < 0)
		return err_errno(err, errno, "report: %s", path);
	bool is_written = file_write(fd, text->data, text->length, NULL) && fsync(fd) == 0;
	if (!is_written) {
		err_errno(err, errno, "report: %s", path);
		unlink(path);
	}
	close(fd);
	return is_written;
}

static int report(const struct history *history, const struct format *format, const char *path)
{
	const struct report_source source = {
		.runbook = history->runbook,
		.plan = history->plan,
		.state = history->state,
		.has_runbook = history->has_runbook,
		.events = (const struct event *const *)history->events,
		.event_count = history->event_count,
		.head = history->chain.head,
		.lines = history->chain.lines,
		.problems = (const char *const *)history->problems,
		.problem_count = history->problem_count,
		.proofs = history->sessions,
		.proof_count = history->session_count,
	};
	struct buf text = {0};
	struct err err = {0};
	int code = history->problem_count ? EXIT_NO : EXIT_GOOD;
	cJSON *json = report_json(&source);
	format->write(json, &text);
	if (!path || strcmp(path, "-") == 0)
		fwrite(text.data, 1, text.length, stdout);
	else if (!save(path, &text, &err))
		code = command_fail(EXIT_USAGE, &err);
	history_say_cover(history, "report: ");
	history_say_problems(history, "report: ");
	cJSON_Delete(json);
	buf_fini(&text);
	return code;
}

int cmd_report(int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{"o", required_argument, NULL, 'o'},
		{0},
	};
	const struct history_trust trust = {.heads_only = true};
	const struct format *format = &formats[0];
	const char *path = NULL;
	struct history history;
	struct err err = {0};
	int code = EXIT_USAGE;
	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		if (option == 'o')
			path = optarg;
		else if (option != 'f')
			return EXIT_USAGE;
		else if (!(format = find_format(optarg)))
			return command_usage(argv[0], "--format is markdown or json");
	}
	if (!format->write)
		return command_usage(
			argv[0], "this format is not built yet; --format markdown or json");
	if (argc - optind > 1)
		return command_usage(argv[0], "one timeline or incident at a time");
	if (history_open(&history, optind < argc ? argv[optind] : NULL, &err)) {
		history_verify(&history);
		history_check_seals(&history, &trust);
		history_check_sessions(&history, &trust);
		code = report(&history, format, path);
	} else {
		command_fail(EXIT_USAGE, &err);
	}
	history_fini(&history);
	return code;
}
