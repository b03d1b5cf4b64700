// SPDX-License-Identifier: Apache-2.0
//
// The report for people, from the report as JSON: what stands above its lists.
#include "relight/report.h"

#include <string.h>

#include "relight/json.h"
#include "relight/request.h"
#include "report_markdown_parts.h"

// --- summary ---

static bool is_declared(const cJSON *goal)
{
	const char *proof = json_text(goal, "proof");
	return proof && strcmp(proof, "declared") == 0;
}

// `none` is what there is where the runbook sets no target.
static void add_goal(struct buf *out, const char *name, const char *none, const cJSON *goal)
{
	const cJSON *met = json_get(goal, "met"), *target = json_get(goal, "target_seconds");
	const char *verdict = cJSON_IsFalse(met)       ? "**MISSED**"
			      : is_declared(goal)      ? "declared, not proven"
			      : cJSON_IsTrue(met)      ? "**met**"
			      : cJSON_IsNumber(target) ? "not known"
						       : "–";
	buf_printf(out, "| %s | ", name);
	if (cJSON_IsNumber(target))
		markdown_seconds(out, target);
	else
		buf_text(out, none);
	buf_text(out, " | ");
	markdown_seconds(out, json_get(goal, "actual_seconds"));
	buf_printf(out, " | %s", verdict);
	markdown_rests(out, json_get(goal, "rests_on"));
	buf_text(out, " |\n");
}

static int count_state(const cJSON *steps, const char *state)
{
	int count = 0;
	json_each (step, steps) {
		const char *is = json_text(step, "state");
		count += is && strcmp(is, state) == 0;
	}
	return count;
}

static void add_integrity(struct buf *out, const cJSON *integrity)
{
	bool is_ok = json_bool(integrity, "ok", false);
	buf_printf(out, "- Record: %s, %lld events, head `%.64s`\n",
		is_ok ? "whole and unchanged" : "**NOT GOOD**",
		(long long)json_int(integrity, "events", 0),
		json_text(integrity, "head") ? json_text(integrity, "head") : "");
	json_each (problem, json_get(integrity, "problems")) {
		buf_text(out, "  - ");
		markdown_text(out, problem->valuestring);
		buf_byte(out, '\n');
	}
}

static const char *result_words(const cJSON *report)
{
	if (json_text(report, "result"))
		return json_text(report, "result");
	if (json_text(report, "recovered"))
		return "recovered, not closed";
	return json_text(report, "aborted") ? "aborted, not closed" : "open";
}

// Of the steps of the recovery, which those of an abort are not.
static void count_undone(const cJSON *steps, int *undone, int *all)
{
	*undone = *all = 0;
	json_each (step, steps) {
		const char *is = json_text(step, "state");
		if (json_bool(step, "abort", false))
			continue;
		(*all)++;
		*undone += !is || (strcmp(is, "done") != 0 && strcmp(is, "skipped") != 0);
	}
}

// Against what it was declared, why, and whose word that is.
static void add_declaration(struct buf *out, const cJSON *report)
{
	int undone, all;
	if (!json_text(report, "recovered"))
		return;
	count_undone(json_get(report, "steps"), &undone, &all);
	if (undone > 0)
		buf_printf(out, ", although %d of %d steps %s not done", undone, all,
			undone == 1 ? "is" : "are");
	markdown_detail(out, report, ": ", "recovered_why");
	markdown_detail(out, report, " (", "recovered_by");
	buf_text(out, json_text(report, "recovered_by") ? ")" : "");
	markdown_detail(out, json_get(report, "rto"), "; ", "unproven");
	markdown_rests(out, json_get(report, "recovered_rests_on"));
}

static void add_result(struct buf *out, const cJSON *report)
{
	const char *words = result_words(report);
	bool is_word_alone =
		is_declared(json_get(report, "rto")) && strncmp(words, "recovered", 9) == 0;
	buf_printf(out, "\n- Result: **%s", is_word_alone ? "declared " : "");
	markdown_text(out, words);
	buf_text(out, "**");
	markdown_rests(out, json_get(report, "closed_rests_on"));
	add_declaration(out, report);
}

static void add_summary(struct buf *out, const cJSON *report)
{
	const cJSON *steps = json_get(report, "steps");
	buf_text(out, "## Summary\n\n| Objective | Target | Actual | |\n|---|---|---|---|\n");
	const char *none = json_text(report, "runbook") ? "none" : "not known";
	add_goal(out, "RTO", none, json_get(report, "rto"));
	add_goal(out, "RPO", none, json_get(report, "rpo"));
	add_goal(out, "MTD", none, json_get(report, "mtd"));
	add_result(out, report);
	buf_text(out, "\n- Evidence level: ");
	markdown_text(out, json_text(report, "evidence_level") ? json_text(report, "evidence_level")
							       : "nothing proven");
	markdown_rests(out, json_get(report, "evidence_level_rests_on"));
	buf_printf(out, "\n- Steps: %d of %d done, %d skipped, %d failed, %d regressed\n",
		count_state(steps, "done"), cJSON_GetArraySize(steps),
		count_state(steps, "skipped"), count_state(steps, "failed"),
		count_state(steps, "regressed"));
	buf_text(out, "- Waited for people: ");
	markdown_seconds(out, json_get(report, "waiting_on_people_seconds"));
	if (cJSON_GetArraySize(json_get(report, "unwatched")) > 0) {
		buf_text(out, "\n- Nobody at the screen: ");
		markdown_seconds(out, json_get(report, "unwatched_seconds"));
	}
	buf_byte(out, '\n');
	add_integrity(out, json_get(report, "integrity"));
	buf_byte(out, '\n');
}

static void add_title(struct buf *out, const cJSON *report)
{
	static const struct {
		const char *key, *label;
	} times[] = {{"impact_at", "impact"}, {"detected_at", "detected"}, {"opened", "opened"},
		{"aborted", "aborted"}, {"recovered", "recovered"}, {"closed", "closed"}};
	const char *title = json_text(report, "title") ? json_text(report, "title")
						       : json_text(report, "runbook");
	buf_text(out, "# ");
	markdown_text(out, title ? title : "A recovery whose runbook is not there");
	buf_text(out, "\n\nIncident ");
	markdown_member(out, report, "incident");
	buf_text(out, ", mode ");
	markdown_member(out, report, "mode");
	buf_text(out, ", runbook ");
	markdown_member(out, report, "runbook");
	markdown_detail(out, report, " version ", "version");
	buf_text(out, ". Times are UTC; #n is the number of the event in the timeline.\n\n");
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		if (!json_text(report, times[i].key))
			continue;
		buf_printf(out, "- %s ", times[i].label);
		markdown_time(out, json_text(report, times[i].key), true);
		buf_byte(out, '\n');
	}
	if (json_text(report, "counts_from") && !json_text(report, "impact_at"))
		buf_text(out, "- impact **not stated**: what counts from it, as the RTO and the "
			      "RPO do, counts from the opening\n");
	buf_byte(out, '\n');
}

// --- the steps ---

// What was run instead is what a reviewer has to read.
static void add_amended(struct buf *out, const cJSON *try)
{
	struct buf command = {0};
	if (!json_bool(try, "amended", false))
		return;
	request_show(json_get(try, "action"), &command);
	buf_text(out, command.length ? ", **amended** to: " : ", **amended**");
	markdown_text(out, buf_str(&command));
	buf_fini(&command);
}

static void add_tries(struct buf *out, const cJSON *step)
{
	const char *separator = "";
	json_each (try, json_get(step, "tries")) {
		const char *outcome = json_text(try, "outcome");
		buf_text(out, separator);
		buf_printf(out, "%lld: ", (long long)json_int(try, "attempt", 0));
		const char *role = json_text(try, "role");
		if (role && strcmp(role, "rollback") == 0)
			buf_text(out, "rollback, ");
		markdown_text(out, outcome ? outcome : "no result");
		if (json_get(try, "exit") && json_int(try, "exit", 0) != 0)
			buf_printf(out, " exit %lld", (long long)json_int(try, "exit", 0));
		if (cJSON_IsNumber(json_get(try, "duration_seconds"))) {
			buf_text(out, " in ");
			markdown_seconds(out, json_get(try, "duration_seconds"));
		}
		add_amended(out, try);
		separator = "; ";
	}
	if (!*separator)
		buf_text(out, "–");
}

static void add_step(struct buf *out, const cJSON *step)
{
	buf_text(out, "| ");
	markdown_member(out, step, "id");
	buf_text(out, " | ");
	if (json_bool(step, "rolled_back", false))
		buf_text(out, "rolled back");
	else
		markdown_member(out, step, "state");
	if (json_text(step, "how")) {
		buf_text(out, ", ");
		markdown_member(out, step, "how");
	}
	if (json_bool(step, "over_regression", false))
		buf_text(out, ", over a regression");
	int64_t regressed = json_int(step, "regressed", 0);
	if (regressed == 1)
		buf_text(out, ", regressed once");
	else if (regressed > 1)
		buf_printf(out, ", regressed %lld times", (long long)regressed);
	buf_text(out, " | ");
	markdown_time(out, json_text(step, "started"), false);
	buf_text(out, " | ");
	markdown_time(out, json_text(step, "ended"), false);
	buf_text(out, " | ");
	if (cJSON_IsNumber(json_get(step, "duration_seconds")))
		markdown_seconds(out, json_get(step, "duration_seconds"));
	buf_text(out, " | ");
	if (cJSON_IsNumber(json_get(step, "takes_seconds")))
		markdown_seconds(out, json_get(step, "takes_seconds"));
	buf_text(out, " | ");
	add_tries(out, step);
	buf_text(out, " | ");
	markdown_member(out, step, "by");
	buf_text(out, " |\n");
}

static void add_steps(struct buf *out, const cJSON *report)
{
	buf_text(out,
		"## Steps\n\nTook: from the beginning of the work on it until it was done, with "
		"what failed and waited in between; where it was undone and worked on again, both "
		"together.\n\n| Step | State | Started | Ended | Took | Expected | Attempts | By "
		"|\n|---|---|---|---|---|---|---|---|\n");
	json_each (step, json_get(report, "steps"))
		add_step(out, step);
	buf_byte(out, '\n');
}

void report_markdown(const cJSON *report, struct buf *out)
{
	add_title(out, report);
	add_summary(out, report);
	add_steps(out, report);
	markdown_lists(out, report);
}
