// SPDX-License-Identifier: Apache-2.0
//
// `relight timeline verify|show TIMELINE`: whether the record is what was written, and what is in
// it.
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "history.h"
#include "plain.h"
#include "relight/json.h"
#include "show.h"

// --- verify ---

static void print_verified(const struct history *history)
{
	struct buf out = {0};
	for (size_t i = 0; i < history->problem_count; i++) {
		plain_add(&out, history->problems[i]);
		buf_byte(&out, '\n');
	}
	plain_add(&out, history->path);
	buf_printf(&out, ": %s: %lld good lines, head %s\n",
		history->problem_count ? "NOT good" : "good", (long long)history->chain.lines,
		history->chain.head);
	if (history->directory)
		buf_printf(&out,
			"as recorded: %zu frozen, %zu pieces of evidence, %zu outputs of "
			"attempts\n",
			history->frozen_count, history->blob_count, history->output_count);
	else
		buf_text(&out, "no frozen/ beside it: only the chain of its lines was looked at\n");
	fputs(buf_str(&out), stdout);
	buf_fini(&out);
}

static void print_verified_json(const struct history *history)
{
	cJSON *object = json_object();
	struct buf out = {0};
	json_add_text(object, "timeline", history->path);
	json_add_bool(object, "ok", history->problem_count == 0);
	json_add_int(object, "events", history->chain.lines);
	json_add_text(object, "head", history->chain.head);
	if (history->is_broken)
		json_add_int(object, "first_bad_line", history->chain.lines + 1);
	json_add_int(object, "torn_bytes", (int64_t)history->torn_bytes);
	json_add_int(object, "frozen", (int64_t)history->frozen_count);
	json_add_int(object, "evidence", (int64_t)history->blob_count);
	json_add_int(object, "outputs", (int64_t)history->output_count);
	cJSON *problems = cJSON_AddArrayToObject(object, "problems");
	for (size_t i = 0; i < history->problem_count; i++)
		json_append_text(problems, history->problems[i]);
	json_write(&out, object);
	puts(buf_str(&out));
	buf_fini(&out);
	cJSON_Delete(object);
}

static int verify(const char *name, const char *format)
{
	struct history history;
	struct err err = {0};
	bool is_json = format && strcmp(format, "json") == 0;
	int code = EXIT_USAGE;
	if (format && !is_json && strcmp(format, "text") != 0)
		return command_usage("timeline", "verify --format is text or json");
	if (history_open(&history, name, &err)) {
		history_verify(&history);
		if (is_json)
			print_verified_json(&history);
		else
			print_verified(&history);
		code = history.problem_count ? EXIT_NO : EXIT_GOOD;
	} else {
		command_fail(EXIT_USAGE, &err);
	}
	history_fini(&history);
	return code;
}

// --- the command ---

static int show(const char *name, const char *format)
{
	struct err err = {0};
	bool is_jsonl = format && strcmp(format, "jsonl") == 0, is_damaged = false;
	if (format && !is_jsonl && strcmp(format, "text") != 0)
		return command_usage("timeline", "show --format is text or jsonl");
	if (!show_timeline(name, is_jsonl, &is_damaged, &err))
		return command_fail(EXIT_USAGE, &err);
	return is_damaged ? EXIT_NO : EXIT_GOOD;
}

static int seal(const char *name, const char *format)
{
	(void)name;
	(void)format;
	return command_usage("timeline", "seal: not built yet");
}

int cmd_timeline(int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{0},
	};
	static const struct {
		const char *word;
		int (*run)(const char *name, const char *format);
	} words[] = {{"verify", verify}, {"show", show}, {"seal", seal}};
	const char *format = NULL;
	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		if (option != 'f')
			return EXIT_USAGE;
		format = optarg;
	}
	if (argc - optind != 2)
		return command_usage(argv[0], "say verify or show, and name a timeline");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, argv[optind]) == 0)
			return words[i].run(argv[optind + 1], format);
	return command_usage(argv[0], "say verify or show, and name a timeline");
}
