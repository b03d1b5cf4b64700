// SPDX-License-Identifier: Apache-2.0
//
// What somebody sees who looks on at an incident that another relight has.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view_case.h"

static char *screen(struct view_case *of, int rows, int columns)
{
	struct buf text = {0};
	struct grid *grid = grid_new(rows, columns, false);
	ui_resize(&of->ui, rows, columns);
	frame_draw(grid, &of->input);
	grid_text(grid, &text);
	grid_free(grid);
	return buf_take(&text);
}

static void assert_shows(struct view_case *of, const char *text, bool is_shown)
{
	char *all = screen(of, 60, 200);
	if (!strstr(all, text) == is_shown)
		fail_msg("%s: %s in\n%s", text, is_shown ? "not" : "it stands", all);
	free(all);
}

static void begin(struct view_case *of)
{
	case_calm(of);
	of->ui.seat = SEAT_ONLOOKER;
	of->input.person = "mei";
}

// An output that cannot be read has not said nothing.
static void test_unreadable_output(void **state)
{
	struct view_case of;
	(void)state;
	begin(&of);
	of.input.output.count = 0;
	assert_shows(&of, "It has said nothing yet.", true);
	of.input.output.fault = "Permission denied";
	assert_shows(&of, "It has said nothing yet.", false);
	assert_shows(&of, "It cannot be read: Permission denied.", true);
	case_end(&of);
}

// A key that waits to be touched is not touched by somebody who does not know that it waits.
static void test_signing(void **state)
{
	struct view_case of;
	(void)state;
	case_calm(&of);
	of.state->is_armed = false;
	assert_shows(&of, "NOT OPEN YET", false);
	of.input.signing = "id_\x1b[31m";
	assert_shows(&of,
		"NOT OPEN YET: your key signs who you are; touch it if it waits (id_^[[31m).",
		true);
	case_end(&of);
}

// --- keys ---

static bool is_of_an_intent(const char *key)
{
	for (int i = INTENT_NONE + 1; i < INTENT_KINDS; i++)
		if (strcmp(key[0] == ':' ? key + 1 : key,
			    key[0] == ':' ? intent_table[i].word : intent_table[i].key) == 0)
			return true;
	return false;
}

// A key that means something else in a pane ("w" wraps the output) is no intent there.
static bool is_a_command(const char *key)
{
	for (size_t i = 0; i < ui_command_count; i++)
		if (strcmp(ui_commands[i].key, key) == 0)
			return true;
	return false;
}

static void assert_no_acting_key(struct view_case *of)
{
	struct key_hint hints[48];
	size_t count = ui_key_hints(&of->ui, &of->facts, hints, 48);
	assert_true(count > 3);
	for (size_t i = 0; i < count; i++)
		if (is_of_an_intent(hints[i].key) && !is_a_command(hints[i].key))
			fail_msg("pane %d offers %s %s", of->ui.pane, hints[i].key, hints[i].label);
}

// The bar offers what works here, on every line and in every pane, whoever is armed elsewhere.
static void test_no_key_that_cannot_act(void **state)
{
	struct view_case of;
	(void)state;
	for (int is_failing = 0; is_failing < 2; is_failing++) {
		if (is_failing)
			case_failing(&of);
		else
			case_calm(&of);
		of.ui.seat = SEAT_ONLOOKER;
		of.ui.selected_dependency = 0;
		for (int pane = 0; pane < PANES; pane++)
			for (size_t s = 0; s < of.runbook->step_count; s++) {
				of.ui.pane = (enum pane)pane;
				of.ui.selected = (struct row){ROW_STEP, (int)s};
				assert_no_acting_key(&of);
			}
		of.ui.pane = PANE_ORDER;
		of.ui.selected = (struct row){ROW_OPEN_LINE, 0};
		assert_no_acting_key(&of);
		case_end(&of);
	}
}

// Refused at once: nobody types a note that is then not taken.
static void test_intents_are_refused_before_they_are_asked(void **state)
{
	struct view_case of;
	struct intent intent;
	(void)state;
	begin(&of);
	of.ui.pane = PANE_ORDER;
	for (int i = INTENT_NONE + 1; i < INTENT_KINDS; i++) {
		if (!intent_table[i].key[0])
			continue;
		assert_false(ui_key(&of.ui, &of.facts, intent_table[i].key[0], &intent));
		assert_int_equal(of.ui.dialog.kind, DIALOG_NONE);
		assert_non_null(strstr(of.ui.message, "this screen only looks on"));
		assert_true(of.ui.message_is_bad);
	}
	ui_key(&of.ui, &of.facts, 'D', &intent);
	assert_string_equal(of.ui.message,
		"dry run: this screen only looks on; 'relight take' takes the incident over");
	assert_false(of.ui.wants_trial);
	case_end(&of);
}

static void test_palette_has_what_works(void **state)
{
	struct view_case of;
	struct intent intent;
	(void)state;
	begin(&of);
	ui_key(&of.ui, &of.facts, ':', &intent);
	assert_true(of.ui.dialog.choice_count > ui_command_count);
	for (size_t i = 0; i < of.ui.dialog.choice_count; i++)
		assert_true(intent_parse(of.ui.dialog.choices[i]) == INTENT_NONE ||
			    runbook_step(of.runbook, of.ui.dialog.choices[i]) >= 0);
	case_end(&of);
}

// Nothing ends with a screen that only looks on.
static void test_leaves_at_once(void **state)
{
	struct view_case of;
	struct intent intent;
	(void)state;
	begin(&of);
	ui_key(&of.ui, &of.facts, 'q', &intent);
	assert_true(of.ui.wants_quit);
	of.ui.wants_quit = false;
	of.ui.seat = SEAT_OBSERVER;
	ui_key(&of.ui, &of.facts, 'q', &intent);
	assert_false(of.ui.wants_quit);
	assert_int_equal(of.ui.dialog.kind, DIALOG_QUIT);
	case_end(&of);
}

// Whoever was told to look on has the incident all the same: it takes notes, and is never armed.
static void test_observer(void **state)
{
	struct view_case of;
	struct intent intent;
	(void)state;
	begin(&of);
	tell(&of, "03:05:40", "ana", EVENT_MODE_DISARMED, NULL, 0, "{}");
	of.ui.seat = SEAT_OBSERVER;
	assert_shows(&of, "You look on: this screen was opened for that only (--observe).", true);
	assert_shows(&of, "A arm", false);
	assert_shows(&of, "n note", true);
	assert_shows(&of, "sensor 1s", true);
	ui_key(&of.ui, &of.facts, 'A', &intent);
	assert_int_equal(of.ui.dialog.kind, DIALOG_NONE);
	assert_string_equal(of.ui.message, "arm: this screen only looks on (--observe)");
	ui_key(&of.ui, &of.facts, 'n', &intent);
	assert_int_equal(of.ui.dialog.kind, DIALOG_TEXT);
	case_end(&of);
}

// --- words ---

// What needs a person does not need the one who looks on, and no key is named that does nothing.
static void test_words_are_for_who_looks_on(void **state)
{
	struct view_case of;
	(void)state;
	case_failing(&of);
	of.ui.seat = SEAT_ONLOOKER;
	assert_shows(&of, "NOW 1 of 4 that need a person", true);
	assert_shows(&of, "looking on; 4 need a person", true);
	assert_shows(&of, "need you", false);
	case_end(&of);
	begin(&of);
	tell(&of, "03:05:00", "relight", EVENT_STEP_UNKNOWN, "restore-postgres", 1, "{}");
	assert_shows(&of, "UNKNOWN outcome of restore-postgres", true);
	assert_shows(&of, "r runs it again", false);
	of.ui.pane = PANE_HELP;
	char *help = screen(&of, 120, 80);
	assert_non_null(strstr(help, "No key acts: this screen only looks on"));
	assert_null(strstr(help, "take the controls"));
	free(help);
	case_end(&of);
}

// --- what is sensed ---

// What the one who has the incident has left is as good as an own sensor.
static void test_sees_the_sensor_of_another_one(void **state)
{
	struct view_case of;
	(void)state;
	begin(&of);
	assert_shows(&of, "You look on: ana has this incident; relight take NAME", true);
	of.input.take_account = "mei";
	assert_shows(&of, "ana has this incident; only the account mei can take it", true);
	assert_shows(&of, "relight take", false);
	of.input.take_account = NULL;
	assert_shows(&of, "sensor 1s", true);
	assert_shows(&of, "progressing creating", true);
	assert_shows(&of, "Nothing known", false);
	of.input.sensor_silence_ms = -1;
	assert_shows(&of, "sensor not seen", true);
	of.facts.now = moment_of("03:08:42"); // three minutes later, and nothing was heard
	of.input.sensor_silence_ms = 181 * MS_PER_S;
	assert_shows(&of, "sensor 3m", true);
	assert_shows(&of, "stale       creating", true);
	assert_shows(&of, "? Nothing known of dr-apse3 for 3m: no observation any more", true);
	case_end(&of);
}

static void test_nobody_has_it(void **state)
{
	struct view_case of;
	(void)state;
	begin(&of);
	of.facts.is_deserted = true;
	assert_shows(&of, "!! NOBODY HERE HAS THIS INCIDENT OPEN: nothing is sensed.", true);
	assert_shows(&of, "no sensor", true);
	assert_shows(&of, "armed: ana", false);
	assert_shows(&of, "stale       readyz", true);
	assert_shows(&of, "NOT KNOWN", false);
	tell(&of, "03:05:00", "relight", EVENT_INCIDENT_CLOSED, NULL, 0,
		"{\"result\":\"recovered\"}");
	assert_shows(&of, "NOBODY HERE", false);
	case_end(&of);
}

// That a service serves rests on what is seen now.
static void test_serving_is_not_known_when_it_is_old(void **state)
{
	struct view_case of;
	(void)state;
	begin(&of);
	sense(&of, "intake-public", "healthy", "200", 1);
	tell(&of, "03:05:00", "relight", EVENT_INCIDENT_SERVING, NULL, 0,
		"{\"function\":\"intake\",\"since\":\"2026-07-03T03:05:00Z\"}");
	assert_shows(&of, "intake SERVING", true);
	of.facts.is_deserted = true;
	assert_shows(&of, "intake SERVING", false);
	assert_shows(&of, "intake NOT KNOWN", true);
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreadable_output),
		cmocka_unit_test(test_signing),
		cmocka_unit_test(test_no_key_that_cannot_act),
		cmocka_unit_test(test_intents_are_refused_before_they_are_asked),
		cmocka_unit_test(test_palette_has_what_works),
		cmocka_unit_test(test_leaves_at_once),
		cmocka_unit_test(test_observer),
		cmocka_unit_test(test_sees_the_sensor_of_another_one),
		cmocka_unit_test(test_nobody_has_it),
		cmocka_unit_test(test_serving_is_not_known_when_it_is_old),
		cmocka_unit_test(test_words_are_for_who_looks_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
