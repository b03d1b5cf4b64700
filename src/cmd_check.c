// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_live.h"
#include "check_secrets.h"
#include "command.h"
#include "input_option.h"
#include "load.h"
#include "load_health.h"
#include "relight/jq.h"
#include "relight/json.h"
#include "relight/lint.h"
#include "relight/memory.h"

// `relight check`: everything that is wrong with a runbook, or that good recovery needs and it
// lacks (FORMATS.md §8).

struct checking {
	bool is_strict, is_json, is_live;
	const char **assignments; // --input, as given
	size_t assignment_count, assignment_capacity;
	cJSON *files; // for JSON
	enum exit_code code;
};

static void worsen(struct checking *checking, enum exit_code code)
{
	if (code > checking->code)
		checking->code = code;
}

// --- jq ----------------------------------------------------------------------------------------------------------------

struct compiling {
	const struct runbook *runbook;
	struct diags *diags;
};

static void report_program(void *context, size_t index, const char *message)
{
	const struct compiling *compiling = context;
	const struct place *place = &compiling->runbook->programs[index].place;

	diag_error(compiling->diags, place->line, place->column, "bad-jq",
		"the jq program does not compile: %s", message);
}

static bool compile_programs(const struct runbook *runbook, struct diags *diags, struct err *err)
{
	struct compiling compiling = {runbook, diags};
	bool is_asked = true;

	if (runbook->program_count == 0)
		return true;
	const char **texts = memory_alloc(runbook->program_count * sizeof *texts);
	for (size_t i = 0; i < runbook->program_count; i++)
		texts[i] = runbook->programs[i].text;
	is_asked = jq_check_programs(
		load_executable(), texts, runbook->program_count, report_program, &compiling, err);
	free(texts);
	return is_asked || err_prefix(err, "check: %s: jq programs", runbook->file);
}

// --- what is said --------------------------------------------------------------------------------------------------------

static cJSON *diag_json(const struct diag *diag)
{
	cJSON *object = json_object();

	json_add_text(object, "severity", diag->severity == SEVERITY_ERROR ? "error" : "warning");
	json_add_text(object, "code", diag->code);
	json_add_int(object, "line", diag->line);
	json_add_int(object, "column", diag->column);
	json_add_text(object, "message", diag->message);
	json_add(object, "suggestion",
		diag->suggestion ? cJSON_CreateString(diag->suggestion) : cJSON_CreateNull());
	return object;
}

static cJSON *diags_json(const struct diags *diags)
{
	cJSON *object = json_object();
	cJSON *items = cJSON_CreateArray();

	json_add_text(object, "file", diags->file);
	json_add_int(object, "errors", (int64_t)diags->errors);
	json_add_int(object, "warnings", (int64_t)diags->warnings);
	for (size_t i = 0; i < diags->count; i++)
		cJSON_AddItemToArray(items, diag_json(&diags->items[i]));
	json_add(object, "diagnostics", items);
	return object;
}

static void print_text(const struct diags *diags)
{
	struct buf words = {0};

	diags_print(diags, &words);
	if (diags->errors + diags->warnings == 0)
		buf_printf(&words, "%s: good\n", diags->file);
	else
		buf_printf(&words, "%s: %zu error%s, %zu warning%s\n", diags->file, diags->errors,
			diags->errors == 1 ? "" : "s", diags->warnings,
			diags->warnings == 1 ? "" : "s");
	fputs(buf_str(&words), stdout);
	buf_fini(&words);
}

// --- the command -----------------------------------------------------------------------------------------------------------

static void say(struct checking *checking, const struct diags *diags)
{
	if (diags->errors > 0 || (checking->is_strict && diags->warnings > 0))
		worsen(checking, EXIT_NO);
	if (checking->is_json)
		cJSON_AddItemToArray(checking->files, diags_json(diags));
	else
		print_text(diags);
}

// --- preflight -------------------------------------------------------------------------------------------------------------

static bool take_inputs(
	const struct checking *checking, const struct runbook *runbook, char **inputs)
{
	struct err err = {0};

	for (size_t i = 0; i < runbook->input_count; i++)
		inputs[i] = memory_copy_text(runbook->inputs[i].fallback);
	for (size_t i = 0; i < checking->assignment_count; i++) {
		char *value;
		int input = input_option(runbook, checking->assignments[i], &value, &err);

		if (input < 0) {
			command_fail(EXIT_USAGE, &err);
			return false;
		}
		memory_wipe(inputs[input]);
		inputs[input] = value;
	}
	return true;
}

static void ask(struct checking *checking, const char *path, const struct runbook *runbook,
	struct diags *diags)
{
	char **inputs = memory_zeroed(runbook->input_count + 1, sizeof *inputs);
	struct buf found = {0};
	struct check_live live = {runbook, path, (const char *const *)inputs};

	if (take_inputs(checking, runbook, inputs)) {
		check_live(&live, diags, &found);
		if (!checking->is_json)
			fputs(buf_str(&found), stdout);
	} else {
		worsen(checking, EXIT_USAGE);
	}
	for (size_t i = 0; i < runbook->input_count; i++)
		memory_wipe(inputs[i]);
	free(inputs);
	buf_fini(&found);
}

// --- the command -----------------------------------------------------------------------------------------------------------

static void check_text(struct checking *checking, const char *path, const struct buf *text)
{
	struct diags diags = {.file = path};
	struct err err = {0};
	char *base = load_base(path);
	struct runbook *runbook = runbook_examine(buf_str(text), text->length, base, &diags);

	free(base);
	if (!compile_programs(runbook, &diags, &err))
		worsen(checking, command_fail(EXIT_USAGE, &err));
	if (diags.errors == 0) {
		lint_runbook(runbook, &diags);
		check_secrets(runbook, &diags);
	}
	if (checking->is_live && diags.errors == 0)
		ask(checking, path, runbook, &diags);
	say(checking, &diags);
	runbook_free(runbook);
	diags_fini(&diags);
}

static void check_file(struct checking *checking, const char *path)
{
	struct buf text = {0};
	struct err err = {0};

	if (load_text(path, &text, &err)) {
		check_text(checking, path, &text);
	} else {
		err_prefix(&err, "check");
		worsen(checking, command_fail(EXIT_USAGE, &err));
	}
	buf_fini(&text);
}

static void table_read(void *context, const struct diags *diags)
{
	say(context, diags);
}

// What else judges once the runbook is used: the user's own health tables.
static void check_tables(struct checking *checking)
{
	struct health_files files;

	health_files_read(&files, NULL);
	health_tables_free(load_health(&files, true, table_read, checking));
	health_files_fini(&files);
}

static void print_json(cJSON *files)
{
	cJSON *all = json_object();
	struct buf out = {0};

	json_add(all, "files", files);
	json_write(&out, all);
	puts(buf_str(&out));
	buf_fini(&out);
	cJSON_Delete(all);
}

static int take_options(struct checking *checking, int argc, char **argv)
{
	static const struct option options[] = {
		{"strict", no_argument, NULL, 's'},
		{"live", no_argument, NULL, 'l'},
		{"input", required_argument, NULL, 'i'},
		{"format", required_argument, NULL, 'f'},
		{0},
	};

	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		switch (option) {
		case 's': checking->is_strict = true; break;
		case 'l': checking->is_live = true; break;
		case 'i':
			checking->assignments = memory_grow(checking->assignments,
				checking->assignment_count, &checking->assignment_capacity,
				sizeof *checking->assignments);
			checking->assignments[checking->assignment_count++] = optarg;
			break;
		case 'f':
			checking->is_json = strcmp(optarg, "json") == 0;
			if (!checking->is_json && strcmp(optarg, "text") != 0)
				return command_usage(argv[0], "--format is text or json");
			break;
		default: return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return command_usage(argv[0], "it needs a runbook to check");
	if (checking->assignment_count > 0 && !checking->is_live)
		return command_usage(argv[0], "--input is for --live");
	return EXIT_GOOD;
}

int cmd_check(int argc, char **argv)
{
	struct checking checking = {0};
	int code = take_options(&checking, argc, argv);

	if (code != EXIT_GOOD)
		goto out;
	checking.files = cJSON_CreateArray();
	for (; optind < argc; optind++)
		check_file(&checking, argv[optind]);
	check_tables(&checking);
	if (checking.is_json)
		print_json(checking.files);
	else
		cJSON_Delete(checking.files);
	code = checking.code;
out:
	free(checking.assignments);
	return code;
}
