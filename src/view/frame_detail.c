// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <signal.h>
#include <string.h>

#include "frame_sheet.h"
#include "ui_plan.h"
#include "frame_trial.h"
#include "frame_words.h"

#define LABEL_COLUMNS 9
#define MOST_NAMED    6 // steps in a list

// --- what it is and why it waits ---

static void add_state(struct sheet *sheet, const struct scene *scene, int step)
{
	struct buf text = {0};
	const struct step_progress *progress = &scene->state->steps[step];
	buf_printf(&text, "%s  ", step_word(scene, step));
	step_reason(scene, step, &text);
	sheet_add(sheet, "state", step_role(scene, step), buf_str(&text));
	buf_clear(&text);
	bool is_told = progress->said && progress->said[0] &&
		       (scene->shown[step] == STEP_FAILED || scene->shown[step] == STEP_DONE ||
			       scene->shown[step] == STEP_UNKNOWN);
	if (is_told)
		sheet_printf(sheet, "said", ROLE_NORMAL, "%s%s%s%s",
			progress->by && scene->shown[step] == STEP_DONE ? progress->by : "",
			progress->by && scene->shown[step] == STEP_DONE ? ": \"" : "",
			progress->said,
			progress->by && scene->shown[step] == STEP_DONE ? "\"" : "");
	int root = scene->root[step];
	if (root >= 0)
		sheet_printf(sheet, "cause", ROLE_WARN, "^%c %s, which is %s", scene->letter[root],
			scene->runbook->steps[root].id, step_state_word(scene->shown[root]));
	buf_fini(&text);
}

static void add_needs(struct sheet *sheet, const struct scene *scene, int step)
{
	const struct refs *needs = &scene->plan->waits_for[step];
	struct buf text = {0};
	for (size_t i = 0; i < needs->count && i < MOST_NAMED; i++)
		buf_printf(&text, "%s%s (%s)", i ? ", " : "",
			scene->runbook->steps[needs->items[i]].id,
			step_state_word(scene->shown[needs->items[i]]));
	if (needs->count > MOST_NAMED)
		buf_printf(&text, " and %zu more", needs->count - MOST_NAMED);
	sheet_add(sheet, "needs", ROLE_NORMAL, buf_str(&text));
	buf_fini(&text);
}

static void add_frees(struct sheet *sheet, const struct scene *scene, int step)
{
	const struct refs *frees = &scene->plan->dependants[step];
	struct buf text = {0};
	for (size_t i = 0; i < frees->count && i < MOST_NAMED; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", scene->runbook->steps[frees->items[i]].id);
	if (frees->count > MOST_NAMED)
		buf_printf(&text, " and %zu more", frees->count - MOST_NAMED);
	sheet_add(sheet, "frees", ROLE_NORMAL, buf_str(&text));
	buf_fini(&text);
}

// --- what it does ---

static void add_kind(struct sheet *sheet, const struct scene *scene, int step)
{
	const struct step *of = &scene->runbook->steps[step];
	switch (of->kind) {
	case STEP_MANUAL: sheet_add(sheet, "a person", ROLE_PERSON, of->manual); break;
	case STEP_DECIDE:
		sheet_add(sheet, "question", ROLE_PERSON, of->question);
		for (size_t i = 0; i < of->option_count; i++)
			sheet_printf(sheet, i ? "" : "options", ROLE_NORMAL, "%s: %s",
				of->options[i].id, of->options[i].say ? of->options[i].say : "");
		break;
	case STEP_WAIT:
		sheet_add(sheet, "run", ROLE_DIM,
			"nothing: it ticks itself when what it waits for is healthy");
		break;
	case STEP_RUN:
		if (step == scene->selected_step)
			sheet_add(sheet, "run", ROLE_NORMAL, scene->input->preview);
		break;
	}
	if (action_is_command(&of->run))
		sheet_add(sheet, "in", ROLE_DIM, of->run.command.dir);
}

static void add_objects(struct sheet *sheet, const struct scene *scene, int step)
{
	struct buf text = {0};
	plan_say_files(&text, scene->facts, step, false, "");
	if (text.length > 0)
		text.data[--text.length] = '\0';
	sheet_add(sheet, "files", ROLE_NORMAL, buf_str(&text));
	buf_clear(&text);
	if (plan_say_namespace(&text, scene->facts, step, false))
		sheet_add(sheet, "in", ROLE_NORMAL, buf_str(&text));
	buf_fini(&text);
}

static void add_target(struct sheet *sheet, const struct scene *scene, int step)
{
	int target = scene->runbook->steps[step].target;
	if (target < 0)
		return;
	const struct pin *pin = &scene->state->pins[target];
	struct buf text = {0};
	bool is_fine = state_target_trouble(scene->state, target) == TARGET_FINE;
	const char *now = state_pin_now(pin);
	buf_printf(&text, "%s%s", scene->runbook->targets[target].id, is_fine ? "" : " ");
	state_trouble_say(scene->state, target, &text);
	buf_text(&text, is_fine ? ", " : ": ");
	if (pin->is_pinned)
		pin_say(now ? now : "?", &text);
	else
		buf_text(&text, "not pinned yet");
	sheet_add(sheet, "target", is_fine ? ROLE_NORMAL : ROLE_BAD, buf_str(&text));
	buf_fini(&text);
}

static void add_times(struct sheet *sheet, const struct scene *scene, int step)
{
	const struct step *of = &scene->runbook->steps[step];
	struct buf text = {0};
	if (of->takes_ms > 0) {
		buf_text(&text, "~");
		duration_words(of->takes_ms, &text);
	} else if (of->kind == STEP_RUN) {
		buf_text(&text, "not said");
	}
	if (of->timeout_ms != ABSENT_MS && of->kind != STEP_RUN) {
		buf_text(&text, text.length ? "; timeout " : "timeout ");
		duration_words(of->timeout_ms, &text);
	} else if (of->timeout_ms != ABSENT_MS) {
		buf_text(&text, ", stopped after ");
		duration_words(of->timeout_ms, &text);
	} else if (of->kind == STEP_RUN) {
		buf_text(&text, ", no timeout");
	}
	if (of->timeout_ms != ABSENT_MS && action_is_command(&of->run)) {
		buf_printf(&text, " by %s, KILL ", signal_word(of->stop_signal));
		duration_words(of->grace_ms, &text);
		buf_text(&text, " later");
	}
	int64_t stable_ms = 0;
	for (size_t i = 0; i < of->restores.count; i++)
		if (scene->runbook->dependencies[of->restores.items[i]].stable_ms > stable_ms)
			stable_ms = scene->runbook->dependencies[of->restores.items[i]].stable_ms;
	if (stable_ms > 0) {
		buf_text(&text, text.length ? "; then healthy for " : "healthy for ");
		duration_words(stable_ms, &text);
	}
	sheet_add(sheet, "takes", ROLE_NORMAL, buf_str(&text));
	buf_fini(&text);
}

static void add_again(struct sheet *sheet, const struct scene *scene, int step)
{
	static const char *const words[] = {
		[AGAIN_SAFE] = "safe to run again",
		[AGAIN_VERIFY] = "look first, then run again",
		[AGAIN_NEVER] = "NEVER run it again",
	};
	const struct step *of = &scene->runbook->steps[step];
	if (of->kind != STEP_RUN)
		return;
	// What restores nothing cannot be looked at by a key.
	bool is_looked_at = of->again == AGAIN_VERIFY && of->restores.count > 0;
	sheet_printf(sheet, "again", of->again == AGAIN_NEVER ? ROLE_WARN : ROLE_NORMAL,
		"%s   undo: %s",
		state_rollback_is_open(scene->state, step) ? "look first whether it was undone"
		: is_looked_at                             ? "look first (v), then run again"
							   : words[of->again],
		of->rollback.kind == ACTION_NONE ? "none" : ":rollback");
	if (of->destructive)
		sheet_add(sheet, "care", ROLE_WARN,
			"DESTRUCTIVE: the name is typed in full before it runs");
	if (of->approvals > 0)
		sheet_printf(sheet, "approval", ROLE_WARN, "%d people", of->approvals);
}

// --- what it restores, and what helps ---

static void add_dependency(
	struct sheet *sheet, const struct scene *scene, const char *label, int dependency)
{
	const struct dependency *of = &scene->runbook->dependencies[dependency];
	enum status status = scene_status(scene, dependency);
	struct buf text = {0};
	const char *message = scene_message(scene, dependency);
	bool is_stale = scene_is_stale(scene, dependency);
	int64_t still_ms = scene_still_ms(scene, dependency);
	int64_t unknown_ms = is_stale ? -1 : scene_unknown_ms(scene, dependency);
	buf_printf(&text, "%s  %s%s", of->id, is_stale ? "STALE, was " : "", status_word(status));
	if (unknown_ms >= 0) {
		buf_text(&text, " for ");
		duration_words(unknown_ms, &text);
		before_words(scene, dependency, &text);
	}
	if (scene_seen_ms(scene, dependency) >= 0) {
		buf_text(&text, unknown_ms >= 0 ? ", asked " : " ");
		duration_words(scene_seen_ms(scene, dependency), &text);
		buf_text(&text, " ago");
	} else {
		buf_text(&text, ", never seen");
	}
	buf_text(&text, still_ms >= 0 ? ", " : "");
	still_words(still_ms, false, &text);
	buf_printf(&text, "%s%s", message[0] ? ": " : "", message);
	sheet_add(sheet, label,
		is_stale                   ? ROLE_WARN
		: status == STATUS_HEALTHY ? ROLE_GOOD
					   : ROLE_NORMAL,
		buf_str(&text));
	buf_fini(&text);
}

static void add_dependencies(struct sheet *sheet, const struct scene *scene, int step)
{
	const struct step *of = &scene->runbook->steps[step];
	for (size_t i = 0; i < of->restores.count; i++)
		add_dependency(sheet, scene, i ? "" : "restores", of->restores.items[i]);
	for (size_t i = 0; i < of->requires.count; i++)
		add_dependency(sheet, scene, i ? "" : "requires", of->requires.items[i]);
	for (size_t i = 0; i < of->mentions.count; i++)
		sheet_printf(sheet, i ? "" : "inputs",
			scene->state->input_is_set[of->mentions.items[i]] ? ROLE_NORMAL : ROLE_WARN,
			"%s%s", scene->runbook->inputs[of->mentions.items[i]].id,
			scene->state->input_is_set[of->mentions.items[i]] ? ""
			: ui_may(scene->ui, INTENT_INPUT)                 ? " is not set; i sets it"
									  : " is not set");
	for (size_t i = 0; state_asked_input(scene->state, step, i) >= 0; i++)
		sheet_printf(sheet, i ? "" : "asks for", ROLE_NORMAL, "%s, when it is attested",
			scene->runbook->inputs[state_asked_input(scene->state, step, i)].id);
}

static void add_help(struct sheet *sheet, const struct scene *scene, int step)
{
	const struct step *of = &scene->runbook->steps[step];
	struct buf text = {0};
	if (of->text)
		plan_join_lines(&text, of->text, strlen(of->text));
	sheet_add(sheet, "why", ROLE_NORMAL, buf_str(&text));
	buf_fini(&text);
	for (size_t i = 0; i < of->hint_count; i++)
		sheet_printf(sheet, i ? "" : "hints", ROLE_NORMAL, "%s: %s", of->hints[i].match,
			of->hints[i].say ? of->hints[i].say : "");
	for (size_t i = 0; i < scene->state->waiver_count; i++) {
		const struct waiver *waiver = &scene->state->waivers[i];
		if (waiver->step != step || !waiver_is_in_force(waiver, scene->now.wall))
			continue;
		char until[16] = "";
		if (wall_known(waiver->until))
			wall_clock(waiver->until, false, until);
		sheet_printf(sheet, "WAIVED", ROLE_PERSON, "%s%s%s%s%s: %s",
			waiver->edge ? waiver->edge : "everything unmet", waiver->by ? ", by " : "",
			waiver->by ? waiver->by : "", until[0] ? ", until " : "", until,
			waiver->why ? waiver->why : "");
	}
}

static void say_attempt(const struct scene *scene, int step, struct buf *out)
{
	const struct step_progress *progress = &scene->state->steps[step];
	const char *owner = step_owner(scene, step);
	if (progress->attempt > 0)
		buf_printf(out, "attempt %d", progress->attempt);
	if (owner)
		buf_printf(out, "%s%s", out->length ? ", " : "", owner);
}

static void add_step(struct sheet *sheet, const struct scene *scene, int step)
{
	sheet_add(sheet, NULL, ROLE_TITLE, scene->runbook->steps[step].title);
	add_state(sheet, scene, step);
	if (step == scene->selected_step) // above what it was asked of, which may be long
		trial_add(sheet, scene);
	add_kind(sheet, scene, step);
	add_objects(sheet, scene, step);
	add_target(sheet, scene, step);
	add_dependencies(sheet, scene, step);
	add_times(sheet, scene, step);
	add_again(sheet, scene, step);
	add_help(sheet, scene, step);
	add_needs(sheet, scene, step);
	add_frees(sheet, scene, step);
}

static void add_phase(struct sheet *sheet, const struct scene *scene, int phase)
{
	struct counts counts = scene_counts(scene, phase);
	sheet_printf(sheet, NULL, ROLE_TITLE, "Phase %s: %d of %d done",
		scene->runbook->phases.items[phase], counts.done + counts.skipped, counts.total);
	const struct refs *steps = &scene->plan->phase_steps[phase];
	for (size_t i = 0; i < steps->count; i++)
		sheet_printf(sheet, step_word(scene, steps->items[i]),
			step_role(scene, steps->items[i]), "%s: %s",
			scene->runbook->steps[steps->items[i]].id,
			scene->runbook->steps[steps->items[i]].title);
}

static void add_open(struct sheet *sheet, const struct scene *scene)
{
	sheet_add(sheet, NULL, ROLE_TITLE, "Opening the incident. Nothing waits for these lines.");
	for (size_t i = 0; i < scene->state->open_line_count; i++) {
		struct open_line line;
		open_line_get(scene->state, i, &line);
		sheet_add(sheet, line.is_done ? "done" : "open", ROLE_NORMAL, line.text);
	}
}

struct hidden detail_draw(struct area area, const struct scene *scene)
{
	const struct row *selected = &scene->ui->selected;
	bool has_focus = scene->ui->pane == PANE_DETAIL;
	struct sheet sheet = {.arena = scene->arena, .label_columns = LABEL_COLUMNS + 1};
	struct buf title = {0};
	struct buf right = {0};
	buf_text(&title, "DETAIL");
	int step = ui_step(scene->ui);
	if (step >= 0) {
		buf_printf(&title, " %s", scene->runbook->steps[step].id);
		say_attempt(scene, step, &right);
		add_step(&sheet, scene, step);
	} else if (selected->kind == ROW_STEP) { // the filter matches nothing
		sheet_add(&sheet, NULL, ROLE_DIM, "No step is selected.");
	} else if (selected->kind == ROW_PHASE) {
		add_phase(&sheet, scene, selected->index);
	} else if (selected->kind == ROW_RETURN_LINE) {
		sheet_add(&sheet, NULL, ROLE_TITLE,
			"From here on customers are served from the recovery side.");
		sheet_add(&sheet, "", ROLE_NORMAL,
			"Traffic moves when all of journey is done and what it restores is healthy "
			"now.");
	} else {
		add_open(&sheet, scene);
	}
	rule_draw(area, 0, has_focus ? ROLE_TITLE : ROLE_RULE, buf_str(&title), buf_str(&right));
	buf_fini(&title);
	buf_fini(&right);
	return sheet_draw(area_part(area, 1, 0, area.rows - 1, area.columns), &sheet,
		has_focus ? scene->ui->detail_top : 0);
}
