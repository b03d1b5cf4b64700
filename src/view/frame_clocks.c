// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include "frame_expiry.h"
#include "frame_serving.h"
#include "frame_sheet.h"
#include "frame_words.h"

#define LABEL_COLUMNS 13

static void add_objective(struct sheet *sheet, const char *label, bool is_declared,
	int64_t objective_ms, int64_t left_ms)
{
	struct buf text = {0};
	duration_words(objective_ms, &text);
	buf_text(&text, left_ms < 0 ? ", PASSED by " : ", left ");
	clock_words(left_ms < 0 ? -left_ms : left_ms, &text);
	if (is_declared)
		buf_text(&text, "; declared, not proven");
	sheet_add(sheet, label,
		left_ms < 0   ? ROLE_BAD
		: is_declared ? ROLE_WARN
			      : ROLE_NORMAL,
		buf_str(&text));
	buf_fini(&text);
}

static void add_wall(
	struct sheet *sheet, const struct scene *scene, const char *label, struct wall at)
{
	char time[16];
	struct buf text = {0};
	if (!wall_known(at))
		return;
	wall_clock(at, true, time);
	buf_printf(&text, "%sZ  ", time);
	wall_elapsed_words(scene, at, &text);
	sheet_add(sheet, label, ROLE_NORMAL, buf_str(&text));
	buf_fini(&text);
}

// Where there is no more to forecast: the clocks have stopped, or somebody said that it is over.
static void add_end(struct sheet *sheet, const struct scene *scene)
{
	const struct forecast *forecast = &scene->forecast;
	bool serves = serving_whole(scene) == SERVING_NOW;
	struct buf text = {0};
	if (forecast->is_declared) {
		buf_text(&text, "declared ");
		declared_words(scene, &text);
		if (scene->state->recovered_why)
			buf_printf(&text, ": %s", scene->state->recovered_why);
		buf_printf(&text, "; %s", state_unproven(scene->state));
		sheet_add(sheet, "forecast", ROLE_WARN, buf_str(&text));
	} else {
		clock_words(forecast->elapsed_ms, &text);
		sheet_printf(sheet, "forecast", ROLE_GOOD,
			"every %s; the RTO and the MTD ended at T+%s",
			scene->plan->has_journey
				? serves ? "function serves" : "function has served"
			: serves ? "step is done or skipped, every dependency healthy"
				 : "step was done or skipped, every dependency healthy",
			buf_str(&text));
	}
	buf_fini(&text);
}

static void add_forecast(struct sheet *sheet, const struct scene *scene)
{
	const struct forecast *forecast = &scene->forecast;
	struct buf text = {0};
	if (forecast->is_serving || forecast->is_declared) {
		add_end(sheet, scene);
		return;
	}
	buf_printf(&text, "T+%02lld", (long long)(forecast->finish_ms / (60 * MS_PER_S)));
	if (forecast->rests_on >= 0) {
		buf_printf(&text, ", rests on %s, ", scene->runbook->steps[forecast->rests_on].id);
		duration_words(forecast->remaining_ms, &text);
		buf_text(&text, " more on the longest path");
	}
	if (forecast->misses_rto) {
		buf_text(&text, "; MISSES the RTO by ");
		duration_words(forecast->misses_rto_by_ms, &text);
	}
	sheet_add(sheet, "forecast", forecast->misses_rto ? ROLE_BAD : ROLE_NORMAL, buf_str(&text));
	buf_fini(&text);
}

// Between a restore point and what T+ counts from.
static void add_distance(const struct scene *scene, struct wall at, struct buf *out)
{
	int64_t ms = (scene->origin.us - at.us) / US_PER_MS;
	duration_words(ms < 0 ? -ms : ms, out);
	buf_printf(out, " %s the %s", ms < 0 ? "AFTER" : "before", state_origin_word(scene->state));
}

static void add_data(struct sheet *sheet, const struct scene *scene)
{
	for (size_t i = 0; i < scene->runbook->restore_point_count; i++) {
		const struct restore_point *point = &scene->runbook->restore_points[i];
		struct wall at = scene->state->restore_point_at[i];
		struct wall found = scene->state->restore_point_found[i];
		struct buf text = {0};
		char time[16];
		buf_printf(&text, "%s: ", point->title ? point->title : point->id);
		if (wall_known(at)) {
			wall_clock(at, true, time);
			buf_printf(&text, "%sZ, ", time);
			add_distance(scene, at, &text);
		} else {
			buf_text(&text, "not chosen");
		}
		if (wall_known(found)) {
			wall_clock(found, true, time);
			buf_printf(&text, "; proven by its last row, %sZ", time);
		}
		sheet_add(sheet, i ? "" : "restore point", ROLE_NORMAL, buf_str(&text));
		buf_fini(&text);
	}
}

static const struct {
	const char *words;
	enum role role;
} serving_table[] = {
	[SERVING_UNSEEN] = {"not seen to serve yet", ROLE_NORMAL},
	[SERVING_NEVER] = {"DOWN", ROLE_NORMAL},
	[SERVING_NOW] = {"SERVING since ", ROLE_GOOD},
	[SERVING_UNKNOWN] = {"NOT KNOWN now, served since ", ROLE_WARN},
	[SERVING_LOST] = {"NOT HEALTHY now, served since ", ROLE_BAD},
};

static void add_functions(struct sheet *sheet, const struct scene *scene)
{
	for (size_t i = 0; i < scene->runbook->function_count; i++) {
		const struct function *function = &scene->runbook->functions[i];
		enum serving serving = serving_function(scene, i);
		struct buf text = {0};
		buf_printf(&text, "%s: %s", function->title ? function->title : function->id,
			serving_table[serving].words);
		if (wall_known(scene->state->serving[i].wall))
			elapsed_words(scene, scene->state->serving[i], &text);
		sheet_add(sheet, i ? "" : "functions", serving_table[serving].role, buf_str(&text));
		buf_fini(&text);
	}
}

static void add_credentials(struct sheet *sheet, const struct scene *scene)
{
	size_t shown = 0;
	for (size_t i = 0; i < scene->sensed->count; i++) {
		int64_t left_ms;
		struct buf text = {0};
		enum expiry expiry = expiry_of(scene, (int)i, &left_ms);
		if (expiry == EXPIRY_NONE)
			continue;
		buf_printf(&text, "%s ", scene->runbook->dependencies[i].id);
		if (expiry == EXPIRY_NEAR || expiry == EXPIRY_SOON) {
			buf_text(&text, "expires in ");
			clock_words(left_ms, &text);
		} else {
			expiry_words(left_ms, &text);
		}
		if (scene->sensed->dependencies[i].renews)
			buf_text(&text, ", replaced by itself");
		sheet_add(sheet, shown++ ? "" : "credentials",
			expiry == EXPIRY_OVER   ? ROLE_BAD
			: expiry == EXPIRY_SOON ? ROLE_WARN
						: ROLE_NORMAL,
			buf_str(&text));
		buf_fini(&text);
	}
}

static void add_cadences(struct sheet *sheet, const struct scene *scene)
{
	for (size_t i = 0; i < scene->runbook->cadence_count; i++) {
		struct buf text = {0};
		bool is_overdue = cadence_say(scene, i, &text);
		sheet_add(sheet, i ? "" : "updates", is_overdue ? ROLE_WARN : ROLE_NORMAL,
			buf_str(&text));
		buf_fini(&text);
	}
}

static void add_record(struct sheet *sheet, const struct scene *scene)
{
	const struct frame_input *input = scene->input;
	if (input->fault)
		sheet_printf(sheet, "record", ROLE_BAD, "FAULT: %s; #%lld of #%lld on disk",
			input->fault, (long long)input->durable_seq, (long long)input->newest_seq);
	else
		sheet_printf(sheet, "record", ROLE_NORMAL, "#%lld, on disk #%lld%s",
			(long long)input->newest_seq, (long long)input->durable_seq,
			scene->facts->is_unrecorded ? "; going on UNRECORDED" : "");
	if (input->away_path)
		sheet_printf(
			sheet, "", ROLE_BAD, "in %s alone: %s", input->away_path, input->away_why);
	if (input->mirror_fault)
		sheet_printf(sheet, "mirror", ROLE_WARN, "FAULT: %s", input->mirror_fault);
	sheet_printf(sheet, "incident", ROLE_NORMAL, "%s",
		scene->state->incident ? scene->state->incident : "not declared");
}

static void add_abort(struct sheet *sheet, const struct scene *scene)
{
	size_t steps = scene->runbook->abort.steps.count;
	if (scene->state->was_aborted)
		sheet_printf(sheet, "abort", ROLE_BAD, "ABORTED: %s",
			scene->state->abort_why ? scene->state->abort_why : "");
	else if (steps > 0)
		sheet_printf(sheet, "abort plan", ROLE_NORMAL, "%zu step%s, not lit", steps,
			steps == 1 ? "" : "s");
	for (size_t i = 0; i < scene->runbook->abort.criteria.count; i++)
		sheet_add(sheet, i ? "" : "abort when", ROLE_NORMAL,
			scene->runbook->abort.criteria.items[i]);
}

struct hidden clocks_draw(struct area area, const struct scene *scene)
{
	const struct forecast *forecast = &scene->forecast;
	const struct objectives *objectives = &scene->runbook->objectives;
	struct sheet sheet = {.arena = scene->arena, .label_columns = LABEL_COLUMNS + 2};
	struct buf text = {0};
	clock_words(scene->elapsed_ms, &text);
	sheet_printf(&sheet, "elapsed", ROLE_TITLE, "T+%s", buf_str(&text));
	buf_fini(&text);
	if (forecast->has_rto)
		add_objective(&sheet, "RTO", forecast->is_declared, objectives->rto_ms,
			forecast->rto_left_ms);
	if (forecast->has_mtd)
		add_objective(&sheet, "MTD", forecast->is_declared, objectives->mtd_ms,
			forecast->mtd_left_ms);
	add_forecast(&sheet, scene);
	add_wall(&sheet, scene, "impact", scene->state->impact_at);
	add_wall(&sheet, scene, "detected", scene->state->detected_at);
	add_wall(&sheet, scene, "declared", scene->state->declared.wall);
	add_wall(&sheet, scene, "recovered", scene->state->recovered.wall);
	add_functions(&sheet, scene);
	add_data(&sheet, scene);
	add_credentials(&sheet, scene);
	add_cadences(&sheet, scene);
	add_abort(&sheet, scene);
	add_record(&sheet, scene);
	rule_draw(area, 0, scene->ui->pane == PANE_CLOCKS ? ROLE_TITLE : ROLE_RULE, "CLOCKS", NULL);
	return sheet_draw(
		area_part(area, 1, 0, area.rows - 1, area.columns), &sheet, scene->ui->help_top);
}
