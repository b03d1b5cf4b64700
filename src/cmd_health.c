// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "health_output.h"
#include "load.h"
#include "load_health.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/json.h"
#include "relight/judge.h"
#include "relight/memory.h"

// `relight health`: judges Kubernetes objects without a cluster (FORMATS.md §2).

// One value of the input at most: a List of all pods of a large cluster is about 80 MB.
#define INPUT_MAX_BYTES (512u << 20)

// How long jq may take over one object.
#define JQ_MS 20000

struct judging {
	const char *file; // as the user named it
	struct wall now;
	struct health_output output;
	bool all_readable;
	bool has_values; // the input has any, be it an empty list
	bool is_mended;  // the value at hand held bytes that are no UTF-8
	uv_loop_t loop;
	struct jq *jq;
	struct judge *judge;
};

// An object that may have to wait for jq.
struct asked {
	struct judging *judging;
	struct health_line *line;
};

static void judged(void *context, const struct health *health)
{
	struct asked *asked = context;

	health_output_say(&asked->judging->output, asked->line, health);
	free(asked);
}

// Whether bytes of it were lost: what they said nobody knows.
static bool is_mended(const struct judging *judging, const cJSON *object)
{
	struct buf text = {0};

	if (!judging->is_mended)
		return false;
	json_write(&text, object);
	bool is_found = strstr(buf_str(&text), JSON_REPLACEMENT) != NULL;
	buf_fini(&text);
	return is_found;
}

static void judge(struct judging *judging, const cJSON *id, struct wall now, const cJSON *object)
{
	static const struct health mended = {.status = STATUS_UNKNOWN,
		.message = "bytes in it are no UTF-8",
		.rule = "input/utf-8"};

	struct asked *asked = memory_zeroed(1, sizeof *asked);

	*asked = (struct asked){judging, health_output_add(&judging->output, id, object)};
	if (is_mended(judging, object)) {
		judged(asked, &mended);
		return;
	}
	judge_object(judging->judge, object, now, JQ_MS, judged, asked);
	while (judge_is_busy(judging->judge))
		uv_run(&judging->loop, UV_RUN_ONCE);
}

// A value of the input: an object, a list of them, or {"id","now","object"}.
static void judge_value(struct judging *judging, cJSON *value)
{
	const cJSON *wrapped = json_get(value, "object"), *items = json_get(value, "items");
	const cJSON *id = json_get(value, "id");
	struct wall now = judging->now;

	judging->has_values = true;
	if ((wrapped || id) && !json_get(value, "kind")) {
		const char *text = json_text(value, "now");

		if (text)
			wall_parse(text, &now);
		judge(judging, id, now, wrapped ? wrapped : value);
	} else if (cJSON_IsArray(items) && health_is_list(value)) {
		for (cJSON *item = items->child; item; item = item->next) {
			health_name_item(item, value);
			judge(judging, NULL, now, item);
		}
	} else {
		judge(judging, NULL, now, value);
	}
}

// A value with bytes that are no UTF-8 is read without them: all of it but the objects that they
// are in can be judged.
static cJSON *parse(const char *text, size_t length, bool *is_mended, struct err *err)
{
	cJSON *value = json_parse(text, length, err);
	struct buf mended = {0};

	*is_mended = !value && json_mend(text, length, &mended);
	if (*is_mended)
		value = json_parse(mended.data, mended.length, err);
	buf_fini(&mended);
	return value;
}

static void judge_text(struct judging *judging, const char *text, size_t length, int line)
{
	struct err err;
	cJSON *value = parse(text, length, &judging->is_mended, &err);

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
	bool is_mended;
	cJSON *value = parse(line, length, &is_mended, NULL);
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
	else if (good && !judging->has_values && judging->all_readable)
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

static void open_judge(struct judging *judging, const struct health_tables *tables)
{
	uv_loop_init(&judging->loop);
	judging->jq = jq_new(&judging->loop, load_executable());
	judging->judge = judge_new(judging->jq, tables);
}

// Waits for what jq was asked, then lets go of everything.
static void close_judge(struct judging *judging)
{
	while (judging->output.first)
		uv_run(&judging->loop, UV_RUN_ONCE);
	judge_free(judging->judge);
	jq_free(judging->jq);
	uv_run(&judging->loop, UV_RUN_DEFAULT);
	uv_loop_close(&judging->loop);
}

static int judge_input(struct judging *judging, FILE *in)
{
	bool has_errors = false;
	struct health_files files;
	health_files_read(&files, NULL);
	struct health_tables *tables = load_health(&files, true, health_say_mistakes, &has_errors);
	struct err err;

	open_judge(judging, tables);
	bool good = judge_stream(judging, in, &err);
	close_judge(judging);
	health_tables_free(tables);
	health_files_fini(&files);
	if (!good) {
		err_prefix(&err, "health: %s", judging->file);
		return command_fail(EXIT_USAGE, &err);
	}
	if (fflush(stdout) != 0) {
		err_errno(&err, errno, "health: stdout");
		return command_fail(EXIT_USAGE, &err);
	}
	if (has_errors || !judging->all_readable)
		return EXIT_USAGE;
	return judging->output.all_healthy ? EXIT_GOOD : EXIT_NO;
}

int cmd_health(int argc, char **argv)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {0}};
	struct judging judging = {.file = "-", .now = clock_wall(), .all_readable = true};
	bool as_text = false;
	struct err err;

	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		if (option != 'f')
			return EXIT_USAGE;
		as_text = strcmp(optarg, "text") == 0;
		if (!as_text && strcmp(optarg, "jsonl") != 0)
			return command_usage("health", "--format is jsonl or text");
	}
	if (argc - optind > 1)
		return command_usage("health", "one file at most");
	if (optind < argc)
		judging.file = argv[optind];
	health_output_init(&judging.output, as_text);
	FILE *in = open_input(judging.file, &err);
	if (!in)
		return command_fail(EXIT_USAGE, &err);
	int code = judge_input(&judging, in);
	if (in != stdin)
		fclose(in);
	return code;
}
