// SPDX-License-Identifier: Apache-2.0
//
// Moving about: the table of commands, which are those keys that change only the screen.
#include "ui_inner.h"

#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

#define FAR         1000000 // lines
#define DETAIL_MOST 2000    // lines that a detail, or the help, may have

typedef void command_doer(struct ui *ui, const struct facts *facts);

// --- lines -----------------------------------------------------------------------------------------------------------

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

static void move_dependency(struct ui *ui, const struct facts *facts, int by)
{
	int count = (int)facts->runbook->dependency_count, at = 0, page = page_rows(ui);
	int *dependencies = memory_zeroed((size_t)count, sizeof *dependencies);

	ui_dependencies(facts, dependencies);
	while (at < count && dependencies[at] != ui->selected_dependency)
		at++;
	at = (int)clamp(at == count ? 0 : at + by, 0, count - 1);
	if (count) {
		ui->selected_dependency = dependencies[at];
		ui->dependencies_top = (int)clamp(ui->dependencies_top, at - page + 1, at);
	}
	free(dependencies);
}

// The end of the output is followed, from above it is not.
static void move_output(struct ui *ui, int by)
{
	int64_t last = clamp(ui->output_total - page_rows(ui), 0, INT64_MAX);
	int64_t top = ui->output_top < 0 ? last : ui->output_top;

	top = clamp(top + by, 0, last);
	ui->output_top = by > 0 && top == last ? -1 : top;
}

static void move_lines(struct ui *ui, const struct facts *facts, int by)
{
	switch (ui->pane) {
	case PANE_ORDER: rows_move(ui, facts, by); break;
	case PANE_DEPENDENCIES: move_dependency(ui, facts, by); break;
	case PANE_OUTPUT: move_output(ui, by); break;
	case PANE_TIMELINE:
		ui->timeline_top = (int)clamp(
			ui->timeline_top + by, 0, clamp(facts->state->events - 1, 0, FAR));
		break;
	case PANE_DETAIL: ui->detail_top = (int)clamp(ui->detail_top + by, 0, DETAIL_MOST); break;
	case PANE_CLOCKS:
	case PANE_HELP: ui->help_top = (int)clamp(ui->help_top + by, 0, DETAIL_MOST); break;
	default: break;
	}
}

static void go_up(struct ui *ui, const struct facts *facts)
{
	move_lines(ui, facts, -1);
}

static void go_down(struct ui *ui, const struct facts *facts)
{
	move_lines(ui, facts, 1);
}

static void go_page_up(struct ui *ui, const struct facts *facts)
{
	move_lines(ui, facts, -page_rows(ui));
}

static void go_page_down(struct ui *ui, const struct facts *facts)
{
	move_lines(ui, facts, page_rows(ui));
}

static void go_first(struct ui *ui, const struct facts *facts)
{
	move_lines(ui, facts, -FAR);
}

static void go_last(struct ui *ui, const struct facts *facts)
{
	move_lines(ui, facts, FAR);
}

// --- what needs a person ---------------------------------------------------------------------------------------------

static void walk(struct ui *ui, const struct facts *facts, int by)
{
	size_t limit = facts->runbook->step_count, needing, at = 0;
	int *steps = memory_zeroed(limit, sizeof *steps);
	size_t count = ui_attention(facts, steps, limit, &needing);

	while (at < count && steps[at] != ui_step(ui))
		at++;
	if (count == 0) {
		ui_say(ui, "nothing needs %s, and nothing is ready to start",
			ui_has_incident(ui) ? "you" : "anybody");
	} else {
		// From a line that needs nobody to the worst one.
		at = at == count ? (by > 0 ? 0 : count - 1)
				 : (at + count + (size_t)(by < 0 ? count - 1 : 1)) % count;
		ui->pane = ui->pane == PANE_HELP ? PANE_ORDER : ui->pane;
		rows_select_step(ui, facts, steps[at]);
		ui->detail_top = 0;
		ui->output_top = -1;
	}
	free(steps);
}

static void go_next(struct ui *ui, const struct facts *facts)
{
	walk(ui, facts, 1);
}

static void go_previous(struct ui *ui, const struct facts *facts)
{
	walk(ui, facts, -1);
}

// --- panes -----------------------------------------------------------------------------------------------------------

// The same key goes there and back. Each pane opens at its top: the newest of the timeline, the end
// of the output.
static void toggle_pane(struct ui *ui, enum pane pane)
{
	ui->pane = ui->pane == pane ? PANE_ORDER : pane;
	ui->detail_top = ui->help_top = ui->timeline_top = 0;
	ui->output_top = -1;
}

static void go_output(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	toggle_pane(ui, PANE_OUTPUT);
}

static void go_dependencies(struct ui *ui, const struct facts *facts)
{
	toggle_pane(ui, PANE_DEPENDENCIES);
	if (ui->selected_dependency < 0)
		move_dependency(ui, facts, 0);
}

static void go_timeline(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	toggle_pane(ui, PANE_TIMELINE);
}

static void go_clocks(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	toggle_pane(ui, PANE_CLOCKS);
}

static void go_help(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	toggle_pane(ui, PANE_HELP);
}

// From a dependency to the step that restores it.
static void go_restoring_step(struct ui *ui, const struct facts *facts)
{
	const struct refs *steps;

	if (ui->selected_dependency < 0)
		return;
	steps = &facts->runbook->dependencies[ui->selected_dependency].restored_by;
	if (steps->count) {
		ui->pane = PANE_ORDER;
		rows_select_step(ui, facts, steps->items[0]);
	} else {
		ui_say(ui, "%s: no step of this runbook restores it",
			facts->runbook->dependencies[ui->selected_dependency].id);
	}
}

static void go_detail(struct ui *ui, const struct facts *facts)
{
	struct about about = about_selected(ui, facts);
	struct intent none;

	if (ui->pane == PANE_DEPENDENCIES) {
		go_restoring_step(ui, facts);
	} else if (ui->pane != PANE_ORDER) {
		return;
	} else if (ui->is_nothing_shown) {
		ui_refuse(ui, "detail: nothing matches the filter; Esc shows everything");
	} else if (ui->selected.kind == ROW_STEP) {
		toggle_pane(ui, PANE_DETAIL);
	} else if (ui->selected.kind == ROW_OPEN_LINE) {
		ask(ui, facts, INTENT_OPEN_LINE, &about, &none);
	} else {
		rows_fold(ui, facts);
	}
}

// Back, one thing after the other: a search, the pane, a filter.
static void go_checklist(struct ui *ui, const struct facts *facts)
{
	if (ui->pane == PANE_OUTPUT && ui->output_search[0]) {
		ui->output_search[0] = '\0';
	} else if (ui->pane != PANE_ORDER) {
		ui->pane = PANE_ORDER;
	} else {
		ui->filter[0] = '\0';
		rows_settle(ui, facts);
	}
}

static void fold(struct ui *ui, const struct facts *facts)
{
	if (ui->filter[0])
		ui_refuse(ui, "fold: a filtered list has no folds; Esc shows everything");
	else
		rows_fold(ui, facts);
}

// --- before it is started --------------------------------------------------------------------------------------------

bool ui_can_try(const struct ui *ui, const struct facts *facts)
{
	int step = ui_step(ui);

	return step >= 0 && !facts->scenario && ui_has_incident(ui) &&
	       facts->runbook->steps[step].run.kind == ACTION_KUBERNETES;
}

static void dry_run(struct ui *ui, const struct facts *facts)
{
	int step = ui_step(ui);

	if (!ui_has_incident(ui)) {
		ui_refuse_seat(ui, "dry run");
	} else if (step < 0) {
		ui_refuse(ui, "dry run: choose a step first");
	} else if (facts->scenario) {
		ui_refuse(ui, "dry run: a rehearsal has no API server to ask");
	} else if (!ui_can_try(ui, facts)) {
		ui_refuse(ui, "dry run: %s changes nothing in a cluster; Enter shows what it does",
			facts->runbook->steps[step].id);
	} else {
		ui->pane = PANE_DETAIL;
		ui->detail_top = 0;
		ui->wants_trial = true;
	}
}

// --- the output ------------------------------------------------------------------------------------------------------

static void follow(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	ui->output_top = -1;
}

static void wrap(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	ui->output_wrap = !ui->output_wrap;
}

static void find_next(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	ui->wants_match = 1;
}

static void find_previous(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	ui->wants_match = -1;
}

// --- the rest --------------------------------------------------------------------------------------------------------

static void filter(struct ui *ui, const struct facts *facts)
{
	bool is_search = ui->pane == PANE_OUTPUT;

	(void)facts;
	if (!is_search && ui->pane != PANE_ORDER) {
		ui_refuse(ui, "filter: it is for the restore order (Esc goes there); in the "
			      "output / searches");
		return;
	}

	struct dialog *dialog =
		dialog_open(ui, DIALOG_FILTER, INTENT_NONE, is_search ? "search" : "filter");

	field_offer(&dialog->field, is_search ? ui->output_search : ui->filter);
}

static void redraw(struct ui *ui, const struct facts *facts)
{
	(void)facts;
	ui->wants_redraw = true;
}

static void quit(struct ui *ui, const struct facts *facts)
{
	if (!ui_has_incident(ui)) { // nothing ends with this screen
		ui->wants_quit = true;
		return;
	}

	struct dialog *dialog = dialog_open(ui, DIALOG_QUIT, INTENT_NONE, "leave");
	struct buf body = {0};

	buf_text(&body, "The incident stays open: relight resume goes on with it (the shell will "
			"say how).\n");
	for (size_t s = 0; s < facts->runbook->step_count; s++) {
		const struct step_progress *step = &facts->state->steps[s];

		if (step->state == STEP_RUNNING)
			buf_printf(&body,
				facts_is_under_way(facts, step)
					? "%s is running and goes on.\n"
					: "%s waits for the disk and does not start then.\n",
				facts->runbook->steps[s].id);
	}
	dialog->body = buf_take(&body);
}

// --- the table -------------------------------------------------------------------------------------------------------

#define EVERYWHERE      0
#define ONLY(pane)      (1u << (pane))
#define WHILE_SEARCHING (1u << PANES) // only in the output, and only after a search

// X(word, key as shown, key, the same by another key, where, what it does, label, help)
#define COMMANDS(X)                                                                                \
	X("detail", "Enter", K_ENTER, KEY_NONE, EVERYWHERE, go_detail, "detail",                   \
		"show the step, or unfold the phase; of a dependency: the step that restores it")  \
	X("output", "o", 'o', KEY_NONE, EVERYWHERE, go_output, "output",                           \
		"show the output of the step")                                                     \
	X("dependencies", "d", 'd', KEY_NONE, EVERYWHERE, go_dependencies, "deps",                 \
		"show what must be healthy, by what is expected")                                  \
	X("dry-run", "D", 'D', KEY_NONE, EVERYWHERE, dry_run, "dry run",                           \
		"ask the API server what it would say to the step; nothing is changed")            \
	X("timeline", "t", 't', KEY_NONE, EVERYWHERE, go_timeline, "time",                         \
		"show what has happened")                                                          \
	X("clocks", "C", 'C', KEY_NONE, EVERYWHERE, go_clocks, "clocks",                           \
		"show the objectives and what their forecast rests on")                            \
	X("checklist", "Esc", K_ESCAPE, KEY_NONE, EVERYWHERE, go_checklist, "back",                \
		"back to the restore order, and drop the filter")                                  \
	X("next", "Tab", K_TAB, KEY_NONE, EVERYWHERE, go_next, "next",                             \
		"go to the next step that needs you, worst first, then to what is ready")          \
	X("previous", "Back-Tab", K_BACK_TAB, KEY_NONE, EVERYWHERE, go_previous, "previous",       \
		"the same the other way round")                                                    \
	X("up", "k", 'k', K_UP, EVERYWHERE, go_up, "up", "a line up")                              \
	X("down", "j", 'j', K_DOWN, EVERYWHERE, go_down, "down", "a line down")                    \
	X("page-up", "PgUp", K_PAGE_UP, KEY_NONE, EVERYWHERE, go_page_up, "page up", "a page up")  \
	X("page-down", "PgDn", K_PAGE_DOWN, ' ', EVERYWHERE, go_page_down, "page down",            \
		"a page down; Space too, but in the restore order")                                \
	X("first", "g", 'g', K_HOME, EVERYWHERE, go_first, "first", "to the first line")           \
	X("last", "G", 'G', K_END, EVERYWHERE, go_last, "last", "to the last line")                \
	X("fold", "Space", ' ', KEY_NONE, ONLY(PANE_ORDER), fold, "fold",                          \
		"fold or unfold the phase")                                                        \
	X("follow", "f", 'f', KEY_NONE, ONLY(PANE_OUTPUT), follow, "follow",                       \
		"in the output: stay at its end")                                                  \
	X("wrap", "w", 'w', KEY_NONE, ONLY(PANE_OUTPUT), wrap, "wrap",                             \
		"in the output: wrap long lines, or cut them")                                     \
	X("find-next", "n", 'n', KEY_NONE, WHILE_SEARCHING, find_next, "next match",               \
		"in the output, after a search: the next match")                                   \
	X("find-previous", "N", 'N', KEY_NONE, WHILE_SEARCHING, find_previous, "last match",       \
		"in the output, after a search: the match before")                                 \
	X("filter", "/", '/', KEY_NONE, EVERYWHERE, filter, "filter",                              \
		"show only the steps that match; in the output: search")                           \
	X("palette", ":", ':', KEY_NONE, EVERYWHERE, palette_open, "more",                         \
		"everything by its word, with completion")                                         \
	X("help", "?", '?', K_F1, EVERYWHERE, go_help, "help", "this help")                        \
	X("redraw", "Ctrl-L", K_CTRL_L, KEY_NONE, EVERYWHERE, redraw, "redraw",                    \
		"draw the screen anew")                                                            \
	X("quit", "q", 'q', K_CTRL_C, EVERYWHERE, quit, "quit", "leave the screen; attempts go on")

const struct ui_command ui_commands[] = {
#define X(word_, shown, key_, other, where_, doer, label_, help_)                                  \
	{.word = word_, .key = shown, .label = label_, .help = help_},
	COMMANDS(X)
#undef X
};
const size_t ui_command_count = sizeof ui_commands / sizeof *ui_commands;

static const struct {
	int key, other_key;
	unsigned where;
	command_doer *carry_out;
} behaviours[] = {
#define X(word_, shown, key_, other, where_, doer, label_, help_) {key_, other, where_, doer},
	COMMANDS(X)
#undef X
};

static bool is_here(const struct ui *ui, unsigned where)
{
	if (where == WHILE_SEARCHING)
		return ui->pane == PANE_OUTPUT && ui->output_search[0];
	return where == EVERYWHERE || (where & ONLY(ui->pane));
}

// What a key is for in this pane goes before what it is for everywhere.
const struct ui_command *command_of_key(const struct ui *ui, int key)
{
	const struct ui_command *found = NULL;

	for (size_t i = 0; i < ui_command_count; i++)
		if ((behaviours[i].key == key || behaviours[i].other_key == key) &&
			is_here(ui, behaviours[i].where) &&
			(!found || behaviours[i].where != EVERYWHERE))
			found = &ui_commands[i];
	return found;
}

void key_name(int key, struct buf *out)
{
	static const char *const names[] = {
		[K_UP - KEY_CODE_BASE] = "Up",
		[K_DOWN - KEY_CODE_BASE] = "Down",
		[K_LEFT - KEY_CODE_BASE] = "Left",
		[K_RIGHT - KEY_CODE_BASE] = "Right",
		[K_HOME - KEY_CODE_BASE] = "Home",
		[K_END - KEY_CODE_BASE] = "End",
		[K_PAGE_UP - KEY_CODE_BASE] = "PgUp",
		[K_PAGE_DOWN - KEY_CODE_BASE] = "PgDn",
		[K_INSERT - KEY_CODE_BASE] = "Ins",
		[K_DELETE - KEY_CODE_BASE] = "Del",
		[K_BACKSPACE - KEY_CODE_BASE] = "Backspace",
		[K_ENTER - KEY_CODE_BASE] = "Enter",
		[K_ESCAPE - KEY_CODE_BASE] = "Esc",
		[K_TAB - KEY_CODE_BASE] = "Tab",
		[K_BACK_TAB - KEY_CODE_BASE] = "Back-Tab",
		[K_F1 - KEY_CODE_BASE] = "F1",
		[K_CTRL_A - KEY_CODE_BASE] = "^A",
		[K_CTRL_C - KEY_CODE_BASE] = "^C",
		[K_CTRL_D - KEY_CODE_BASE] = "^D",
		[K_CTRL_E - KEY_CODE_BASE] = "^E",
		[K_CTRL_K - KEY_CODE_BASE] = "^K",
		[K_CTRL_L - KEY_CODE_BASE] = "^L",
		[K_CTRL_U - KEY_CODE_BASE] = "^U",
		[K_CTRL_W - KEY_CODE_BASE] = "^W",
		[K_CTRL_Z - KEY_CODE_BASE] = "^Z",
	};
	int named = key - KEY_CODE_BASE;
	struct field character = {0};

	if (named >= 0) {
		bool is_known = (size_t)named < sizeof names / sizeof *names && names[named];

		buf_text(out, is_known ? names[named] : "this key");
		return;
	}
	field_set(&character, "");
	field_key(&character, key, NULL);
	buf_text(out, character.length ? character.text : "this key");
	field_fini(&character);
}

bool command_run(struct ui *ui, const struct facts *facts, const char *word)
{
	for (size_t i = 0; i < ui_command_count; i++)
		if (!strcmp(ui_commands[i].word, word)) {
			behaviours[i].carry_out(ui, facts);
			return true;
		}
	return false;
}
