// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/health.h"
#include "relight/json.h"

// `relight health`: judges Kubernetes objects without a cluster (FORMATS.md §2).

// One value of the input at most: a List of all pods of a large cluster is about 80 MB.
#define INPUT_MAX_BYTES (512u << 20)

struct judging {
	const char *file; // as the user named it
	bool as_text;
	struct wall now;
	struct buf out;
	size_t objects;
	bool all_healthy, all_readable;
};

static void write_json(
	struct judging *judging, const cJSON *id, const cJSON *object, const struct health *health)
{
	cJSON *line = json_object();
	char group[128];

	health_group(object, group);
	json_add(line, "id", id ? cJSON_Duplicate(id, true) : NULL);
	json_add_text(line, "group", group);
	json_add_text(line, "kind", json_text(object, "kind"));
	json_add_text(line, "namespace", json_path_text(object, "metadata.namespace"));
	json_add_text(line, "name", json_path_text(object, "metadata.name"));
	json_add_text(line, "status", status_word(health->status));
	json_add_text(line, "message", health->message);
	json_add_text(line, "rule", health->rule);
	json_write(&judging->out, line);
	buf_byte(&judging->out, '\n');
	cJSON_Delete(line);
}

// Words from outside, safe to show: escaped as in JSON, without the quotes and what only JSON needs
// to escape.
static void write_visible(struct buf *out, const char *words)
{
	struct buf escaped = {0};

	json_write_text(&escaped, words);
	for (size_t i = 1; i + 1 < escaped.length; i++) {
		bool is_needless = escaped.data[i] == '\\' && strchr("\\\"", escaped.data[i + 1]);
		buf_byte(out, escaped.data[is_needless ? ++i : i]);
	}
	buf_fini(&escaped);
}

static void write_text(struct judging *judging, const cJSON *object, const struct health *health)
{
	const char *kind = json_text(object, "kind"),
		   *name = json_path_text(object, "metadata.name");
	const char *namespace = json_path_text(object, "metadata.namespace");
	struct buf what = {0};

	buf_printf(&what, "%s %s%s%s", kind ? kind : "?", namespace ? namespace : "",
		namespace ? "/" : "", name ? name : "?");
	buf_printf(&judging->out, "%-12s", status_word(health->status));
	write_visible(&judging->out, buf_str(&what));
	buf_text(&judging->out, ": ");
	write_visible(&judging->out, health->message);
	buf_byte(&judging->out, '\n');
	buf_fini(&what);
}

static void judge(struct judging *judging, const cJSON *id, struct wall now, const cJSON *object)
{
	struct health health;

	health_judge(object, now, &health);
	judging->objects++;
	if (health.status != STATUS_HEALTHY)
		judging->all_healthy = false;
	if (judging->as_text)
		write_text(judging, object, &health);
	else
		write_json(judging, id, object, &health);
	fwrite(judging->out.data, 1, judging->out.length, stdout);
	buf_clear(&judging->out);
}

// A value of the input: an object, a list of them, or {"id","now","object"}.
static void judge_value(struct judging *judging, cJSON *value)
{
	const cJSON *wrapped = json_get(value, "object"), *items = json_get(value, "items");
	struct wall now = judging->now;

	if (cJSON_IsObject(wrapped) && !json_get(value, "kind")) {
		const char *text = json_text(value, "now");

		if (text)
			wall_parse(text, &now);
		judge(judging, json_get(value, "id"), now, wrapped);
	} else if (cJSON_IsArray(items) && health_is_list(value)) {
		for (cJSON *item = items->child; item; item = item->next) {
			health_name_item(item, value);
			judge(judging, NULL, now, item);
		}
	} else {
		judge(judging, NULL, now, value);
	}
}

static void judge_text(struct judging *judging, const char *text, size_t length, int line)
{
	struct err err;
	cJSON *value = json_parse(text, length, &err);

	if (value) {
		judge_value(judging, value);
		cJSON_Delete(value);
		return;
	}
	judging->all_readable = false;
	if (line > 0)
		err_prefix(&err, "health: %s: line %d", judging->file, line);
	else
		err_prefix(&err, "health: %s", judging->file);
	command_fail(EXIT_USAGE, &err);
}

static bool is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(" \t\r\n", text[i]))
			return false;
	return true;
}

// Whether a line is a whole JSON value by itself: then the input is one value a line.
static bool is_whole(const char *line, size_t length)
{
	cJSON *value = json_parse(line, length, NULL);
	bool whole = value != NULL;

	cJSON_Delete(value);
	return whole;
}

// The input, read by and by: what has not been judged yet, and whether it is one value a line or
// one over many lines.
struct reading {
	struct buf pending;
	int line; // number of the first pending line, from 1
	enum { UNDECIDED, LINES, ONE_VALUE } form;
};

// Judges the pending lines that are complete; what remains is the beginning of a line, or of the
// one value.
static void judge_lines(struct judging *judging, struct reading *reading)
{
	const char *text = reading->pending.data;
	size_t done = 0, left = reading->pending.length;
	const char *end;

	while (reading->form != ONE_VALUE && (end = memchr(text + done, '\n', left))) {
		size_t length = (size_t)(end - (text + done));

		if (!is_blank(text + done, length)) {
			if (reading->form == UNDECIDED)
				reading->form = is_whole(text + done, length) ? LINES : ONE_VALUE;
			if (reading->form == ONE_VALUE)
				break;
			judge_text(judging, text + done, length, reading->line);
		}
		reading->line++;
		done += length + 1;
		left -= length + 1;
	}
	buf_drop(&reading->pending, done);
}

static bool judge_stream(struct judging *judging, FILE *in, struct err *err)
{
	struct reading reading = {.line = 1};
	char chunk[65536];
	ssize_t got;
	bool good = true;

	while (good && (got = read(fileno(in), chunk, sizeof chunk)) > 0) {
		buf_add(&reading.pending, chunk, (size_t)got);
		judge_lines(judging, &reading);
		if (reading.pending.length > INPUT_MAX_BYTES)
			good = err_set(err, "larger than %u MiB; give one object a line",
				INPUT_MAX_BYTES >> 20);
	}
	if (good && got < 0)
		good = err_errno(err, errno, "cannot be read");
	if (good && !is_blank(buf_str(&reading.pending), reading.pending.length))
		judge_text(judging, reading.pending.data, reading.pending.length,
			reading.form == LINES ? reading.line : 0);
	else if (good && judging->objects == 0 && judging->all_readable)
		good = err_set(err, "is empty; expected Kubernetes objects as JSON");
	buf_fini(&reading.pending);
	return good;
}

static FILE *open_input(const char *file, struct err *err)
{
	struct stat info;

	if (strcmp(file, "-") == 0)
		return stdin;
	FILE *in = fopen(file, "re");
	if (!in) {
		err_errno(err, errno, "health: %s", file);
		return NULL;
	}
	if (fstat(fileno(in), &info) == 0 && S_ISDIR(info.st_mode)) {
		fclose(in);
		err_set(err,
			"health: %s: is a directory; name a file of Kubernetes objects as JSON, or "
			"- for stdin",
			file);
		return NULL;
	}
	return in;
}

int cmd_health(int argc, char **argv)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {0}};
	struct judging judging = {
		.file = "-", .now = clock_wall(), .all_healthy = true, .all_readable = true};
	struct err err;

	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		if (option != 'f')
			return EXIT_USAGE;
		judging.as_text = strcmp(optarg, "text") == 0;
		if (!judging.as_text && strcmp(optarg, "jsonl") != 0)
			return command_usage("health", "--format is jsonl or text");
	}
	if (argc - optind > 1)
		return command_usage("health", "one file at most");
	if (optind < argc)
		judging.file = argv[optind];
	FILE *in = open_input(judging.file, &err);
	if (!in)
		return command_fail(EXIT_USAGE, &err);
	bool good = judge_stream(&judging, in, &err);
	if (in != stdin)
		fclose(in);
	buf_fini(&judging.out);
	if (!good) {
		err_prefix(&err, "health: %s", judging.file);
		return command_fail(EXIT_USAGE, &err);
	}
	if (fflush(stdout) != 0) {
		err_errno(&err, errno, "health: stdout");
		return command_fail(EXIT_USAGE, &err);
	}
	return !judging.all_readable ? EXIT_USAGE : judging.all_healthy ? EXIT_GOOD : EXIT_NO;
}
