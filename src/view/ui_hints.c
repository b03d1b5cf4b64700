// SPDX-License-Identifier: Apache-2.0
//
// The key bar: only keys that work on this line now, the most important first.
#include "ui_inner.h"

#include <stdint.h>
#include <string.h>

struct hints {
	const struct ui *ui;
	struct key_hint *items;
	size_t count, limit;
};

static void hint(struct hints *hints, const char *key, const char *label)
{
	if (hints->count < hints->limit)
		hints->items[hints->count++] = (struct key_hint){key, label};
}

static void hint_intent(
	struct hints *hints, enum intent_kind kind, const char *key, const char *label)
{
	if (ui_may(hints->ui, kind))
		hint(hints, key ? key : intent_table[kind].key,
			label ? label : intent_table[kind].label);
}

static void hint_command(struct hints *hints, const char *word)
{
	for (size_t i = 0; i < ui_command_count; i++)
		if (!strcmp(ui_commands[i].word, word))
			hint(hints, ui_commands[i].key, ui_commands[i].label);
}

static void hint_commands(struct hints *hints, const char *const *words)
{
	for (; *words; words++)
		hint_command(hints, *words);
}

// --- in a dialog -----------------------------------------------------------------------------------------------------

static void hint_dialog(struct hints *hints, const struct dialog *dialog)
{
	switch (dialog->kind) {
	case DIALOG_CONFIRM:
		hint(hints, "y", "go on");
		hint(hints, "Esc", "leave it");
		return;
	case DIALOG_QUIT:
		hint(hints, "y", "leave the screen");
		hint(hints, "Esc", "stay");
		return;
	case DIALOG_PALETTE:
		hint(hints, "Tab", "complete");
		hint(hints, "Up/Down", "choose");
		hint(hints, "Enter", "do it");
		break;
	case DIALOG_FILTER:
		hint(hints, "Enter", "keep");
		hint(hints, "Esc", "show everything");
		return;
	default:
		if (dialog->kind == DIALOG_CHOICE)
			hint(hints, "Up/Down", "choose");
		if (dialog->has_kinds)
			hint(hints, "Tab", "type");
		if (dialog->second_label)
			hint(hints, dialog->has_kinds ? "Down" : "Tab", "other field");
		hint(hints, "Enter", "go on");
		break;
	}
	hint(hints, "Esc", "leave it");
}

// --- on a line -------------------------------------------------------------------------------------------------------

// In the order in which they matter to somebody in trouble; the bar is cut where the screen ends.
static const enum intent_kind of_a_step[] = {
	INTENT_ACKNOWLEDGE,
	INTENT_START,
	INTENT_CANCEL,
	INTENT_AGAIN,
	INTENT_EXTEND,
	INTENT_AMEND,
	INTENT_VERIFY,
	INTENT_BY_HAND,
	INTENT_WAIVE,
	INTENT_REOPEN,
	INTENT_SKIP,
	INTENT_OVERRIDE,
};

#define MANY_STEP_KEYS 4 // from here on they leave no room for moving about

static const char *label_of(const struct facts *facts, enum intent_kind kind, int step)
{
	static const char *const starts[] = {
		[STEP_WAIT] = "start",
		[STEP_RUN] = "start",
		[STEP_MANUAL] = "attest",
		[STEP_DECIDE] = "decide",
	};

	return kind == INTENT_START ? starts[facts->runbook->steps[step].kind]
				    : intent_table[kind].label;
}

// A key that means something else in this pane is no key of the step here.
static bool is_taken(const struct ui *ui, const char *key)
{
	return command_of_key(ui, (unsigned char)key[0]) ||
	       (ui->pane == PANE_DEPENDENCIES && !strcmp(key, intent_table[INTENT_WAIVE].key));
}

// What one would do with a step in this state; the rest that is allowed stands at the end of the
// bar. Of one in trouble all is near.
#define KEY(kind) (UINT64_C(1) << (kind))
#define ALL_KEYS  UINT64_MAX
static const uint64_t near_keys[STEP_STATES] = {
	[STEP_WAITING] = KEY(INTENT_WAIVE),
	[STEP_READY] = KEY(INTENT_START),
	[STEP_RUNNING] = KEY(INTENT_CANCEL),
	[STEP_VERIFYING] = KEY(INTENT_VERIFY),
	[STEP_REGRESSED] = ALL_KEYS,
	[STEP_FAILED] = ALL_KEYS,
	[STEP_UNKNOWN] = ALL_KEYS,
	[STEP_SKIPPED] = KEY(INTENT_REOPEN),
};
_Static_assert(INTENT_KINDS <= 64, "a bit for every intent");

static void hint_step(
	struct hints *hints, const struct ui *ui, const struct facts *facts, int step, bool is_near)
{
	uint64_t near = near_keys[state_step(facts->state, step, facts->now.wall)];

	if (step_needs_person(facts, step))
		near |= KEY(INTENT_EXTEND);
	for (size_t i = 0; i < sizeof of_a_step / sizeof *of_a_step; i++) {
		enum intent_kind kind = of_a_step[i];

		if (((near & KEY(kind)) != 0) == is_near && !is_taken(ui, intent_table[kind].key) &&
			decide_allows(facts, kind, step, NULL))
			hint_intent(hints, kind, NULL, label_of(facts, kind, step));
	}
}

static void hint_rollback(struct hints *hints, const struct facts *facts, int step)
{
	if (state_rollback_is_open(facts->state, step) &&
		decide_allows(facts, INTENT_ROLLBACK, step, NULL))
		hint_intent(hints, INTENT_ROLLBACK, ":rollback", "again");
}

// What sets a step free that waits for a person's word alone.
static void hint_wanting(struct hints *hints, const struct facts *facts, int step)
{
	int target = facts->runbook->steps[step].target;

	if (!state_waits_for_person(facts->state, step, facts->now.wall))
		return;
	if (state_missing_input(facts->state, step) >= 0)
		hint_intent(hints, INTENT_INPUT, NULL, NULL);
	else if (target >= 0 && facts->state->is_armed &&
		 state_target_trouble(facts->state, target) == TARGET_CHANGED)
		hint_intent(hints, INTENT_REPIN, NULL, NULL);
}

static void hint_open_line(struct hints *hints, const struct ui *ui, const struct facts *facts)
{
	struct open_line line;

	open_line_get(facts->state, (size_t)ui->selected.index, &line);
	if (!strncmp(line.id, "open:input-", strlen("open:input-")))
		hint_intent(hints, INTENT_INPUT, NULL, NULL);
	else
		hint_intent(hints, INTENT_OPEN_LINE, "Enter", "answer");
}

static void hint_line(struct hints *hints, const struct ui *ui, const struct facts *facts)
{
	if (ui->is_nothing_shown)
		return;
	switch (ui->selected.kind) {
	case ROW_OPEN_LINE: hint_open_line(hints, ui, facts); break;
	case ROW_OPEN:
	case ROW_PHASE: hint(hints, "Space", "unfold or fold"); break;
	case ROW_STEP: hint_command(hints, "detail"); break;
	default: break;
	}
	if (ui_step(ui) >= 0 && facts->state->steps[ui_step(ui)].attempt > 0)
		hint_command(hints, "output");
}

// What the incident as a whole waits for.
static void hint_incident(struct hints *hints, const struct facts *facts)
{
	const struct state *state = facts->state;

	if (!state->is_armed && !wall_known(state->closed.wall))
		hint_intent(hints, INTENT_ARM, NULL, NULL);
	if (!facts->is_recording)
		hint_intent(hints, INTENT_CONTINUE_UNRECORDED, ":continue-unrecorded", "");
	if (state_is_recovered(state) && decide_allows(facts, INTENT_RECOVERED, -1, NULL))
		hint_intent(hints, INTENT_RECOVERED, ":recovered", "declare it");
	if (wall_known(state->recovered.wall) && decide_allows(facts, INTENT_CLOSE, -1, NULL))
		hint_intent(hints, INTENT_CLOSE, ":close", "the incident");
}

static bool is_attested_by_hand(const struct dependency *of)
{
	for (size_t i = 0; i < of->check_count; i++)
		if (of->checks[i].kind == CHECK_MANUAL)
			return true;
	return false;
}

static void hint_dependencies(struct hints *hints, const struct ui *ui, const struct facts *facts)
{
	static const char *const moves[] = {
		"next", "timeline", "palette", "help", "checklist", NULL};
	int selected = ui->selected_dependency;
	const struct dependency *of = selected < 0 ? NULL : &facts->runbook->dependencies[selected];

	if (of && of->restored_by.count)
		hint(hints, "Enter", "its step");
	if (of && facts->state->is_armed) {
		if (is_attested_by_hand(of))
			hint_intent(hints, INTENT_ATTEST, NULL, NULL);
		hint_intent(hints, INTENT_WAIVE_DEPENDENCY, intent_table[INTENT_WAIVE].key, NULL);
	}
	hint_intent(hints, INTENT_NOTE, NULL, NULL);
	hint_commands(hints, moves);
}

static void hint_output(struct hints *hints, const struct ui *ui)
{
	static const char *const moves[] = {"follow", "wrap", "filter", NULL};

	hint_commands(hints, moves);
	if (ui->output_search[0]) {
		hint_command(hints, "find-next");
		hint_command(hints, "find-previous");
	}
}

static bool is_worth_trying(const struct ui *ui, const struct facts *facts)
{
	if (!ui_can_try(ui, facts))
		return false;
	switch (state_step(facts->state, ui_step(ui), facts->now.wall)) {
	case STEP_WAITING:
	case STEP_READY:
	case STEP_FAILED:
	case STEP_REGRESSED: return true;
	default: return false;
	}
}

size_t ui_key_hints(
	const struct ui *ui, const struct facts *facts, struct key_hint *items, size_t limit)
{
	static const char *const moves[] = {
		"dependencies", "timeline", "palette", "help", "clocks", NULL};
	struct hints hints = {.ui = ui, .items = items, .limit = limit};
	struct key_hint of_step[sizeof of_a_step / sizeof *of_a_step + 2];
	struct hints near = {.ui = ui, .items = of_step, .limit = sizeof of_step / sizeof *of_step};
	int step = ui_step(ui);

	if (ui->dialog.kind != DIALOG_NONE) {
		hint_dialog(&hints, &ui->dialog);
		return hints.count;
	}
	hint_incident(&hints, facts);
	if (ui->pane == PANE_DEPENDENCIES) {
		hint_dependencies(&hints, ui, facts);
		return hints.count;
	}
	if (ui->pane == PANE_OUTPUT)
		hint_output(&hints, ui);
	if (step >= 0) {
		hint_wanting(&near, facts, step);
		hint_rollback(&near, facts, step);
		hint_step(&near, ui, facts, step, true);
	}
	if (ui->pane != PANE_ORDER)
		hint_command(&hints, "checklist");
	else if (near.count < MANY_STEP_KEYS)
		hint_line(&hints, ui, facts);
	for (size_t i = 0; i < near.count; i++)
		hint(&hints, near.items[i].key, near.items[i].label);
	if (is_worth_trying(ui, facts))
		hint_command(&hints, "dry-run");
	hint_command(&hints, "next");
	if (!is_taken(ui, intent_table[INTENT_NOTE].key))
		hint_intent(&hints, INTENT_NOTE, NULL, NULL);
	hint_commands(&hints, moves);
	if (ui->pane == PANE_ORDER)
		hint_command(&hints, "filter");
	if (ui->pane == PANE_ORDER && near.count >= MANY_STEP_KEYS)
		hint_line(&hints, ui, facts);
	if (step >= 0)
		hint_step(&hints, ui, facts, step, false);
	if (facts->state->is_armed && !facts->state->was_aborted)
		hint_intent(&hints, INTENT_ABORT, NULL, NULL);
	hint_command(&hints, "quit");
	return hints.count;
}
