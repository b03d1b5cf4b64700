// SPDX-License-Identifier: Apache-2.0
//
// `relight plan RUNBOOK`: the order in which a recovery goes, how long it takes at best, and
// whether that fits the objectives (FORMATS.md §8). It plans whatever can be loaded.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "load.h"
#include "plain.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/plan.h"

#define ID_COLUMNS_MOST 32

struct planning {
	const struct runbook *runbook;
	const struct plan *plan;
	int64_t *finish_ms; // by step index: when it is done at the earliest
	bool *is_critical;  // by step index
	int *next_critical; // by step index: the step after it on the critical path, -1: none
	struct buf out;
};

static int64_t takes_ms(const struct step *step)
{
	return step->takes_ms == ABSENT_MS ? 0 : step->takes_ms;
}

static void add_duration(struct buf *out, int64_t ms)
{
	char text[DURATION_TEXT_BYTES];
	duration_format(ms, text);
	buf_text(out, text);
}

// --- json ---

static cJSON *ids_json(const struct runbook *runbook, const int *steps, size_t count)
{
	cJSON *list = cJSON_CreateArray();
	for (size_t i = 0; i < count; i++)
		json_append_text(list, runbook->steps[steps[i]].id);
	return list;
}

static void add_seconds(cJSON *object, const char *key, int64_t ms)
{
	json_add(object, key,
		ms == ABSENT_MS ? cJSON_CreateNull() : cJSON_CreateNumber((double)ms / MS_PER_S));
}

static void plan_json(struct planning *planning)
{
	const struct runbook *runbook = planning->runbook;
	const struct plan *plan = planning->plan;
	cJSON *object = json_object();
	json_add_text(object, "runbook", runbook->name);
	cJSON *phases = cJSON_AddArrayToObject(object, "phases");
	for (size_t p = 0; p < runbook->phases.count; p++) {
		cJSON *phase = json_object();
		json_add_text(phase, "id", runbook->phases.items[p]);
		json_add(phase, "steps",
			ids_json(runbook, plan->phase_steps[p].items, plan->phase_steps[p].count));
		cJSON_AddItemToArray(phases, phase);
	}
	json_add(object, "order", ids_json(runbook, plan->order, plan->count));
	cJSON *critical = cJSON_AddObjectToObject(object, "critical_path");
	json_add(critical, "steps", ids_json(runbook, plan->critical, plan->critical_count));
	add_seconds(critical, "seconds", plan->critical_ms);
	cJSON *objectives = cJSON_AddObjectToObject(object, "objectives");
	add_seconds(objectives, "rpo_seconds", runbook->objectives.rpo_ms);
	add_seconds(objectives, "rto_seconds", runbook->objectives.rto_ms);
	add_seconds(objectives, "mtd_seconds", runbook->objectives.mtd_ms);
	add_seconds(object, "serving_seconds", plan->serving_ms);
	json_add(object, "fits_rto",
		runbook->objectives.rto_ms == ABSENT_MS
			? cJSON_CreateNull()
			: cJSON_CreateBool(plan->serving_ms <= runbook->objectives.rto_ms));
	json_write(&planning->out, object);
	buf_byte(&planning->out, '\n');
	cJSON_Delete(object);
}

// --- text ---

static void add_objective(struct buf *out, const char *name, int64_t target_ms, int64_t forecast_ms)
{
	if (target_ms == ABSENT_MS)
		return;
	buf_printf(out, "%s ", name);
	add_duration(out, target_ms);
	buf_text(out, forecast_ms <= target_ms ? ": fits, " : ": MISSED by ");
	add_duration(
		out, forecast_ms <= target_ms ? target_ms - forecast_ms : forecast_ms - target_ms);
	buf_text(out, forecast_ms <= target_ms ? " to spare\n" : "\n");
}

static void add_head(struct planning *planning)
{
	const struct runbook *runbook = planning->runbook;
	const struct plan *plan = planning->plan;
	struct buf *out = &planning->out;
	plain_add(out, runbook->title ? runbook->title : runbook->name);
	buf_printf(out, "\n%zu steps; at best it serves again after ", plan->count);
	add_duration(out, plan->serving_ms);
	buf_text(out, " and all is done after ");
	add_duration(out, plan->critical_ms);
	buf_text(out, " (* the critical path)\n");
	add_objective(out, "RTO", runbook->objectives.rto_ms, plan->serving_ms);
	add_objective(out, "MTD", runbook->objectives.mtd_ms, plan->serving_ms);
	if (runbook->objectives.rto_ms == ABSENT_MS)
		buf_text(out, "no RTO given\n");
}

// "label a, b", behind a semicolon where something stands before it.
static void add_names(
	struct planning *planning, const char *label, const struct refs *refs, bool are_steps)
{
	const struct buf *line = &planning->out;
	const char *separator = label;
	if (refs->count > 0 && !strchr(" \n", line->data[line->length - 1]))
		buf_text(&planning->out, "; ");
	for (size_t i = 0; i < refs->count; i++) {
		buf_text(&planning->out, separator);
		plain_add(&planning->out,
			are_steps ? planning->runbook->steps[refs->items[i]].id
				  : planning->runbook->dependencies[refs->items[i]].id);
		separator = ", ";
	}
}

static const char *mark_of(const struct step *step)
{
	static const char *const marks[] = {
		[STEP_WAIT] = "[~]",
		[STEP_RUN] = "[ ]",
		[STEP_MANUAL] = "( )",
		[STEP_DECIDE] = "(?)",
	};
	return marks[step->kind];
}

static void add_step(struct planning *planning, int s, int id_columns)
{
	const struct step *step = &planning->runbook->steps[s];
	struct buf *out = &planning->out;
	struct buf when = {0};
	add_duration(&when, takes_ms(step));
	buf_printf(out, "  %c %s %-*s %7s", planning->is_critical[s] ? '*' : ' ', mark_of(step),
		id_columns, step->id, step->takes_ms == ABSENT_MS ? "?" : buf_str(&when));
	buf_clear(&when);
	add_duration(&when, planning->finish_ms[s]);
	buf_printf(out, "  T+%-9s", buf_str(&when));
	add_names(planning, "needs ", &planning->plan->waits_for[s], true);
	add_names(planning, "requires ", &step->requires, false);
	add_names(planning, "restores ", &step->restores, false);
	buf_text(out, step->destructive ? "; destructive" : "");
	buf_text(out, step->point_of_no_return ? "; point of no return" : "");
	buf_byte(out, '\n');
	buf_fini(&when);
}

static int longest_id(const struct planning *planning)
{
	size_t longest = 0;
	for (size_t i = 0; i < planning->plan->count; i++) {
		size_t length = strlen(planning->runbook->steps[planning->plan->order[i]].id);
		if (length > longest)
			longest = length;
	}
	return longest > ID_COLUMNS_MOST ? ID_COLUMNS_MOST : (int)longest;
}

static void plan_text(struct planning *planning)
{
	const struct runbook *runbook = planning->runbook;
	const struct plan *plan = planning->plan;
	int id_columns = longest_id(planning);
	add_head(planning);
	for (size_t p = 0; p < runbook->phases.count; p++) {
		if (plan->phase_steps[p].count == 0)
			continue;
		buf_byte(&planning->out, '\n');
		plain_add(&planning->out, runbook->phases.items[p]);
		buf_text(
			&planning->out, (int)p == plan->traffic_phase &&
							plan->phase_steps[plan->journey_phase].count
						? ", locked until journey is done and healthy\n"
						: "\n");
		for (size_t i = 0; i < plan->phase_steps[p].count; i++)
			add_step(planning, plan->phase_steps[p].items[i], id_columns);
	}
	if (runbook->abort.steps.count > 0) {
		buf_byte(&planning->out, '\n');
		add_names(planning, "kept for aborting: ", &runbook->abort.steps, true);
		buf_byte(&planning->out, '\n');
	}
}

// --- graphs ---

// A title inside the quotes of either language; `entity` has the form that its escapes take.
static void add_label(struct buf *out, const char *text, bool is_mermaid)
{
	struct buf safe = {0};
	plain_add(&safe, text);
	for (const char *at = buf_str(&safe); *at; at++) {
		if (is_mermaid && strchr("\"<>&#;`", *at))
			buf_printf(out, "#%d;", *at);
		else if (!is_mermaid && strchr("\"\\", *at))
			buf_printf(out, "\\%c", *at);
		else
			buf_byte(out, *at);
	}
	buf_fini(&safe);
}

static void add_dot_step(struct planning *planning, int s)
{
	static const char *const shapes[] = {
		[STEP_WAIT] = "ellipse",
		[STEP_RUN] = "box",
		[STEP_MANUAL] = "hexagon",
		[STEP_DECIDE] = "diamond",
	};
	const struct step *step = &planning->runbook->steps[s];
	buf_printf(&planning->out, "\t\t\"%s\" [shape=%s%s label=\"%s\\n", step->id,
		shapes[step->kind], planning->is_critical[s] ? " penwidth=3" : "", step->id);
	add_label(&planning->out, step->title, false);
	if (step->takes_ms != ABSENT_MS) {
		buf_text(&planning->out, "\\n");
		add_duration(&planning->out, step->takes_ms);
	}
	buf_text(&planning->out, "\"];\n");
}

static void plan_dot(struct planning *planning)
{
	const struct runbook *runbook = planning->runbook;
	const struct plan *plan = planning->plan;
	struct buf *out = &planning->out;
	buf_printf(out, "digraph \"%s\" {\n\trankdir=LR;\n", runbook->name);
	for (size_t p = 0; p < runbook->phases.count; p++) {
		if (plan->phase_steps[p].count == 0)
			continue;
		buf_printf(out, "\tsubgraph \"cluster_%zu\" {\n\t\tlabel=\"", p);
		add_label(out, runbook->phases.items[p], false);
		buf_text(out, "\";\n");
		for (size_t i = 0; i < plan->phase_steps[p].count; i++)
			add_dot_step(planning, plan->phase_steps[p].items[i]);
		buf_text(out, "\t}\n");
	}
	for (size_t i = 0; i < plan->count; i++) {
		int to = plan->order[i];
		for (size_t n = 0; n < plan->waits_for[to].count; n++) {
			int from = plan->waits_for[to].items[n];
			buf_printf(out, "\t\"%s\" -> \"%s\"%s;\n", runbook->steps[from].id,
				runbook->steps[to].id,
				planning->next_critical[from] == to ? " [penwidth=3]" : "");
		}
	}
	buf_text(out, "}\n");
}

static void plan_mermaid(struct planning *planning)
{
	const struct runbook *runbook = planning->runbook;
	const struct plan *plan = planning->plan;
	struct buf *out = &planning->out;
	buf_text(out, "flowchart LR\n");
	for (size_t p = 0; p < runbook->phases.count; p++) {
		if (plan->phase_steps[p].count == 0)
			continue;
		buf_printf(out, "\tsubgraph p%zu[\"", p);
		add_label(out, runbook->phases.items[p], true);
		buf_text(out, "\"]\n");
		for (size_t i = 0; i < plan->phase_steps[p].count; i++) {
			int s = plan->phase_steps[p].items[i];
			buf_printf(out, "\t\ts%d[\"%s<br/>", s, runbook->steps[s].id);
			add_label(out, runbook->steps[s].title, true);
			buf_text(out, "\"]\n");
		}
		buf_text(out, "\tend\n");
	}
	for (size_t i = 0; i < plan->count; i++) {
		int to = plan->order[i];
		for (size_t n = 0; n < plan->waits_for[to].count; n++) {
			int from = plan->waits_for[to].items[n];
			buf_printf(out, "\ts%d %s s%d\n", from,
				planning->next_critical[from] == to ? "==>" : "-->", to);
		}
	}
}

// --- the command ---

static const struct format {
	const char *word;
	void (*write)(struct planning *planning);
} formats[] = {
	{"text", plan_text},
	{"json", plan_json},
	{"dot", plan_dot},
	{"mermaid", plan_mermaid},
};

static void print_plan(const struct runbook *runbook, const struct format *format)
{
	struct plan *plan = plan_new(runbook);
	int64_t *weight_ms = memory_zeroed(runbook->step_count + 1, sizeof *weight_ms);
	struct planning planning = {
		.runbook = runbook,
		.plan = plan,
		.finish_ms = memory_zeroed(runbook->step_count + 1, sizeof(int64_t)),
		.is_critical = memory_zeroed(runbook->step_count + 1, sizeof(bool)),
		.next_critical = memory_alloc((runbook->step_count + 1) * sizeof(int)),
	};
	for (size_t s = 0; s < runbook->step_count; s++) {
		weight_ms[s] = takes_ms(&runbook->steps[s]);
		planning.next_critical[s] = -1;
	}
	plan_finishes(plan, weight_ms, planning.finish_ms);
	for (size_t i = 0; i < plan->critical_count; i++)
		planning.is_critical[plan->critical[i]] = true;
	for (size_t i = 1; i < plan->critical_count; i++)
		planning.next_critical[plan->critical[i - 1]] = plan->critical[i];
	format->write(&planning);
	fwrite(planning.out.data, 1, planning.out.length, stdout);
	buf_fini(&planning.out);
	free(planning.finish_ms);
	free(planning.is_critical);
	free(planning.next_critical);
	free(weight_ms);
	plan_free(plan);
}

int cmd_plan(int argc, char **argv)
{
	static const struct option options[] = {
		{"format", required_argument, NULL, 'f'},
		{0},
	};
	const struct format *format = &formats[0];
	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		if (option != 'f')
			return EXIT_USAGE;
		for (format = formats; format < formats + sizeof formats / sizeof *formats;
			format++)
			if (strcmp(format->word, optarg) == 0)
				break;
		if (format == formats + sizeof formats / sizeof *formats)
			return command_usage(argv[0], "--format is text, json, dot or mermaid");
	}
	if (argc - optind != 1)
		return command_usage(argv[0], "name one runbook");
	struct runbook *runbook = load_runbook(argv[optind], NULL);
	if (!runbook)
		return EXIT_USAGE;
	print_plan(runbook, format);
	runbook_free(runbook);
	return EXIT_GOOD;
}
