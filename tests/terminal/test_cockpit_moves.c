// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Moving about: every pane by its key and back by Esc, the palette, the filter, the help, what Tab
 * walks and Space folds; and that no size, terminal or locale makes the screen wrong. */

static const char wide[] =
	"relight: 1\n"
	"name: moves\n"
	"title: Something to move about in\n"
	"dependencies:\n"
	"  - {id: marker, title: The marker file, check: {command: [test, -e, marker]}, every: 1s, "
	"timeout: 5s}\n"
	"steps:\n"
	"  - {id: alpha, phase: infrastructure, title: The first of all, run: {command: "
	"['false']}, "
	"takes: 1s, timeout: 1m}\n"
	"  - {id: beta, phase: cluster, needs: [], run: {shell: '" COCKPIT_HOLD
	"'}, takes: 1s, timeout: 1h}\n"
	"  - {id: gamma, phase: data, needs: [], run: {command: ['true']}, takes: 1s, timeout: "
	"1m}\n"
	"  - {id: delta, phase: data, run: {command: ['true']}, takes: 1s, timeout: 1m}\n";

/* Whether the line with the cursor contains the text. */
static bool is_on(struct screen *s, void *context)
{
	for (int row = 0; row < screen_rows(s); row++)
		if (screen_row(s, row)[0] == '>' && strstr(screen_row(s, row), context))
			return true;
	return false;
}

static void on(struct cockpit *c, const char *text)
{
	if (!screen_wait(c->screen, is_on, (void *)text, text, COCKPIT_MS))
		fail_msg("the cursor is not on %s", text);
}

static void every_pane_has_its_key(void **unused)
{
	static const struct {
		const char *key, *shows;
	} panes[] = {
		{"Enter", "DETAIL alpha"},
		{"o", "OUTPUT"},
		{"d", "DEPENDENCIES"},
		{"t", "TIMELINE, newest first"},
		{"C", "CLOCKS"},
		{"?", "Moving about"},
	};
	struct cockpit *c = cockpit_new(wide);

	(void)unused;
	cockpit_run(c);
	cockpit_go(c, "alpha");
	for (size_t i = 0; i < sizeof panes / sizeof *panes; i++) {
		cockpit_press(c, panes[i].key);
		cockpit_shows(c, panes[i].shows);
		cockpit_hides(c, "RESTORE ORDER");
		cockpit_press(c, "Esc");
		cockpit_shows(c, "RESTORE ORDER");
		cockpit_hides(c, panes[i].shows);
		on(c, "alpha");
	}
	cockpit_press(c, "d");
	cockpit_shows(c, "marker");
	cockpit_press(c, "d");
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_press(c, "?");
	cockpit_shows(c, "Moving about");
	cockpit_press(c, "G");
	cockpit_hides(c, "Moving about");
	cockpit_press(c, "g");
	cockpit_shows(c, "Moving about");
	cockpit_free(c);
}

static void the_palette_completes_and_refuses(void **unused)
{
	struct cockpit *c = cockpit_new(wide);

	(void)unused;
	cockpit_run_armed(c);
	cockpit_press(c, ":");
	cockpit_shows(c, "palette");
	screen_type(c->screen, "ski");
	cockpit_shows(c, "> skip");
	cockpit_press(c, "Tab");
	cockpit_shows(c, ": skip");
	cockpit_shows(c, "> alpha");
	screen_type(c->screen, "ga");
	cockpit_shows(c, "> gamma");
	cockpit_press(c, "Tab");
	cockpit_shows(c, ": skip gamma");
	screen_type(c->screen, "not today");
	cockpit_answer(c, "palette", NULL, NULL);
	cockpit_answer(c, "skip gamma", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.skipped\"", "\"why\":\"not today\"");
	cockpit_palette(c, "start nosuchstep because");
	cockpit_shows(c, "start: nosuchstep: there is no such step");
	cockpit_palette(c, "zzz");
	cockpit_shows(c, "zzz: there is no such command or step");
	cockpit_palette(c, "timeline");
	cockpit_shows(c, "TIMELINE, newest first");
	cockpit_shows(c, "SKIPPED gamma");
	cockpit_free(c);
}

static void filter_fold_and_tab(void **unused)
{
	struct cockpit *c = cockpit_new(wide);

	(void)unused;
	cockpit_run_armed(c);
	cockpit_press(c, "/");
	cockpit_answer(c, "Esc show everything", "elta", NULL);
	cockpit_hides(c, "] alpha");
	on(c, "delta");
	cockpit_press(c, "Esc");
	cockpit_shows(c, "] alpha");
	cockpit_go(c, "gamma");
	cockpit_press(c, "k");
	on(c, "data");
	cockpit_press(c, "Space");
	cockpit_hides(c, "] gamma");
	cockpit_press(c, "Space");
	cockpit_shows(c, "] gamma");
	/* What is ready in its order; then, what failed before it. */
	cockpit_go(c, "alpha");
	cockpit_press(c, "Tab");
	on(c, "beta");
	cockpit_press(c, "Tab");
	on(c, "gamma");
	cockpit_press(c, "Tab");
	on(c, "alpha");
	cockpit_press(c, "S-Tab");
	on(c, "gamma");
	cockpit_go(c, "alpha");
	cockpit_press(c, "s");
	cockpit_answer(c, "start alpha", NULL, NULL);
	cockpit_shows(c, "[!] alpha");
	cockpit_go(c, "delta");
	cockpit_press(c, "Tab");
	on(c, "alpha");
	cockpit_free(c);
}

/* --- sizes, terminals, languages -------------------------------------------------------------- */

static void any_size_while_things_run(void **unused)
{
	static const int sizes[][2] = {{60, 200}, {45, 160}, {24, 120}, {15, 60}, {14, 59}, {5, 20},
		{20, 5}, {1, 1}, {24, 80}};
	struct cockpit *c = cockpit_new(wide);

	(void)unused;
	cockpit_run_armed(c);
	cockpit_go(c, "beta");
	cockpit_press(c, "s");
	cockpit_answer(c, "start beta", NULL, NULL);
	cockpit_shows(c, "[>] beta");
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			screen_resize(c->screen, sizes[i][0], sizes[i][1]);
			if (round) /* once as fast as a window is dragged, once to look at it */
				continue;
			if (sizes[i][1] >= 20)
				cockpit_shows(c, " LIVE ");
			if (sizes[i][0] >= 15 && sizes[i][1] >= 60)
				cockpit_shows(c, "[>] beta");
			if (sizes[i][0] >= 24 && sizes[i][1] >= 120)
				cockpit_shows(c, "DETAIL beta");
			if (sizes[i][0] == 5)
				cockpit_shows(c, "too small");
		}
	cockpit_shows(c, "[>] beta");
	cockpit_remove(c, "hold");
	cockpit_shows(c, "[x] beta");
	cockpit_hides(c, "DETAIL");
	assert_int_equal(cockpit_quit(c), 1);
	cockpit_free(c);
}

static void a_dialog_survives_a_resize(void **unused)
{
	struct cockpit *c = cockpit_new(wide);

	(void)unused;
	cockpit_run_armed(c);
	cockpit_go(c, "gamma");
	cockpit_press(c, "n");
	cockpit_shows(c, "note on gamma");
	screen_type(c->screen, "half a ");
	screen_resize(c->screen, 5, 20);
	screen_type(c->screen, "sentence");
	screen_resize(c->screen, 45, 160);
	cockpit_shows(c, "half a sentence");
	cockpit_answer(c, "note on gamma", NULL, NULL);
	cockpit_records(c, "\"kind\":\"note\"", "\"text\":\"half a sentence\"");
	cockpit_free(c);
}

static void start_in(struct cockpit *c, const char *term, const char *other, const char *theme)
{
	const char *const env[] = {term, other, NULL};

	cockpit_start(c, 24, 80,
		(const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT",
			theme ? "--theme" : NULL, theme, NULL},
		env);
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_shows(c, "START alpha");
}

static void any_terminal_will_do(void **unused)
{
	static const char *const terms[] = {
		"TERM=vt100", "TERM=linux", "TERM=xterm-256color", "TERM=screen"};

	(void)unused;
	for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
		struct cockpit *c = cockpit_new(wide);

		start_in(c, terms[i], NULL, NULL);
		cockpit_records(c, "\"kind\":\"runbook.loaded\"", NULL);
		cockpit_arm(c);
		cockpit_press(c, "Down Down");
		cockpit_press(c, "?");
		cockpit_shows(c, "Moving about");
		cockpit_press(c, "Esc");
		cockpit_shows(c, "RESTORE ORDER");
		assert_int_equal(cockpit_quit(c), 1);
		assert_true(screen_is_cooked(c->screen));
		assert_true(screen_cursor(c->screen, NULL, NULL));
		cockpit_free(c);
	}
}

/* Whether any cell has this or that. */
static bool has_colour(struct screen *s)
{
	for (int row = 0; row < 24; row++)
		for (int col = 0; col < 80; col++) {
			struct screen_cell cell = screen_cell(s, row, col);

			if (cell.foreground != SCREEN_DEFAULT || cell.background != SCREEN_DEFAULT)
				return true;
		}
	return false;
}

static bool has_bytes_beyond_ascii(struct screen *s)
{
	for (const char *at = screen_text(s); *at; at++)
		if ((unsigned char)*at >= 0x80)
			return true;
	return false;
}

static void colour_and_glyphs_go_by_what_there_is(void **unused)
{
	static const struct {
		const char *term, *other, *theme;
		bool is_coloured, is_utf8;
	} cases[] = {
		{"TERM=xterm-256color", NULL, NULL, true, true},
		{"TERM=xterm-256color", "NO_COLOR=1", NULL, false, true},
		{"TERM=xterm-256color", "LC_ALL=C", NULL, true, false},
		{"TERM=vt100", "LC_ALL=C", NULL, false, false},
		{"TERM=xterm-256color", NULL, "light", true, true},
		{"TERM=xterm-256color", NULL, "mono", false, true},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cockpit *c = cockpit_new(wide);

		start_in(c, cases[i].term, cases[i].other, cases[i].theme);
		cockpit_shows(c, "A arms you");
		assert_true(screen_wait_settled(c->screen, COCKPIT_MS));
		assert_int_equal(has_colour(c->screen), cases[i].is_coloured);
		assert_int_equal(has_bytes_beyond_ascii(c->screen), cases[i].is_utf8);
		cockpit_free(c);
	}
}

static void what_cannot_be_begun_says_so_in_one_line(void **unused)
{
	static const struct {
		const char *arguments[7], *env, *says;
	} cases[] = {
		{{"run", "FOLDER", "--dir", "INCIDENT"}, NULL, "not a regular file"},
		{{"run", "RUNBOOK", "--dir", "INCIDENT", "--theme", "nosuch"}, NULL,
			"theme: nosuch"},
		{{"run", "RUNBOOK", "--dir", "INCIDENT"}, "TERM=dumb", "TERM=dumb cannot move"},
		{{"run", "RUNBOOK", "--dir", "INCIDENT"}, "TERM=nosuch", "TERM=nosuch is not in"},
		{{"run", "RUNBOOK"}, "HOME", "neither XDG_STATE_HOME nor HOME is set"},
		{{"run", "RUNBOOK", "--dir", "/dev/null/incident"}, NULL, "/dev/null"},
		{{"resume", "INCIDENT"}, NULL, "incident"},
		{{"watch", "INCIDENT"}, NULL, "incident"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cockpit *c = cockpit_new(wide);

		cockpit_start(
			c, 24, 80, cases[i].arguments, (const char *const[]){cases[i].env, NULL});
		assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 2);
		cockpit_shows(c, "relight: ");
		cockpit_shows(c, cases[i].says);
		assert_false(screen_is_alternate(c->screen));
		assert_true(screen_is_cooked(c->screen));
		assert_true(screen_cursor(c->screen, NULL, NULL));
		assert_false(cockpit_exists(c, "incident/timeline.jsonl"));
		cockpit_free(c);
	}
}

static void a_broken_runbook_is_named_with_its_place(void **unused)
{
	struct cockpit *c =
		cockpit_new("relight: 1\nname: broken\nsteps:\n  - {id: a, needz: []}\n");

	(void)unused;
	cockpit_start(c, 24, 80, (const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL},
		NULL);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 2);
	assert_true(screen_has(c->screen, "runbook.yaml:4:13"));
	assert_true(screen_has(c->screen, "needs"));
	assert_true(screen_is_cooked(c->screen));
	assert_false(cockpit_exists(c, "incident"));
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pane_has_its_key),
		cmocka_unit_test(the_palette_completes_and_refuses),
		cmocka_unit_test(filter_fold_and_tab),
		cmocka_unit_test(any_size_while_things_run),
		cmocka_unit_test(a_dialog_survives_a_resize),
		cmocka_unit_test(any_terminal_will_do),
		cmocka_unit_test(colour_and_glyphs_go_by_what_there_is),
		cmocka_unit_test(what_cannot_be_begun_says_so_in_one_line),
		cmocka_unit_test(a_broken_runbook_is_named_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
