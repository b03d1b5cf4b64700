// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Attempts that fail, run late, are cancelled, run again or undone. */

static const char many[] =
	"relight: 1\n"
	"name: many\n"
	"dependencies: [{id: it, check: {command: ['true']}, every: 1s, stable: 1s}]\n"
	"steps:\n"
	"  - id: wobbly\n"
	"    needs: []\n"
	"    run: {shell: 'echo try; test -e good'}\n"
	"    takes: 1s\n"
	"    timeout: 1m\n"
	"    again: safe\n"
	"    rollback: {command: [touch, undone]}\n"
	"  - {id: undone, needs: [], run: {command: ['true']}, restores: [it], takes: 1s, timeout: "
	"1m,\n"
	"     rollback: {shell: 'echo protected; exit 1'}}\n"
	"  - {id: slow, needs: [], run: {shell: '" COCKPIT_HOLD "'}, takes: 1s, timeout: 1h}\n"
	"  - {id: late, needs: [], run: {shell: '" COCKPIT_HOLD "'}, takes: 1s, timeout: 12s}\n";

static struct cockpit *armed(void)
{
	struct cockpit *c = cockpit_new(many);

	cockpit_run_armed(c);
	return c;
}

static void press_on(struct cockpit *c, const char *step, const char *key)
{
	cockpit_go(c, step);
	cockpit_press(c, key);
}

static void what_failed_is_seen_and_run_again(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	press_on(c, "wobbly", "s");
	cockpit_answer(c, "start wobbly", NULL, NULL);
	cockpit_shows(c, "!! FAILED wobbly, exit 1");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"exit\":1");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"acknowledged\"", NULL), 0);
	press_on(c, "wobbly", "a");
	cockpit_records(c, "\"kind\":\"acknowledged\"", "\"step\":\"wobbly\"");
	cockpit_hides(c, "not yet seen");
	cockpit_touch(c, "good");
	press_on(c, "wobbly", "r");
	cockpit_shows(c, "before attempt 1: failed, exit 1");
	cockpit_answer(c, "run again wobbly", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"attempt\":2");
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.result\"", "\"attempt\":2", "outcome"),
		"success");
	cockpit_shows(c, "[x] wobbly");
	cockpit_palette(c, "rollback wobbly");
	cockpit_confirm(c, "undo   touch undone");
	cockpit_records(c, "\"kind\":\"step.reopened\"", "\"step\":\"wobbly\"");
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.intent\"", "\"attempt\":3", "role"), "rollback");
	assert_true(cockpit_exists(c, "undone"));
	cockpit_shows(c, "[ ] wobbly");
	cockpit_free(c);
}

/* What the step restores is healthy all along: that does not tell whether it was undone. */
static void a_rollback_that_failed_is_resolved_by_hand(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	press_on(c, "undone", "s");
	cockpit_answer(c, "start undone", NULL, NULL);
	cockpit_shows(c, "[x] undone");
	cockpit_palette(c, "rollback undone");
	cockpit_shows(c, "then the step is open again");
	cockpit_hides(c, "done   when healthy");
	cockpit_confirm(c, "then the step is open again");
	cockpit_shows(c, "FAILED undone, rollback, try 2, exit 1");
	cockpit_shows(c, "U says that it was undone by hand");
	cockpit_press(c, "v");
	cockpit_shows(c, "does not prove its rollback");
	cockpit_press(c, "U");
	cockpit_shows(c, "how it was undone, or seen to be");
	cockpit_answer(c, "reopen undone", "took the protection off", NULL);
	cockpit_records(c, "\"kind\":\"step.reopened\"", "\"why\":\"took the protection off\"");
	cockpit_shows(c, "[ ] undone");
	cockpit_free(c);
}

static void a_running_attempt_is_cancelled_or_given_time(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	press_on(c, "slow", "s");
	cockpit_answer(c, "start slow", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.spawned\"", "\"step\":\"slow\"");
	press_on(c, "late", "s");
	cockpit_answer(c, "start late", NULL, NULL);
	cockpit_press(c, "T");
	cockpit_answer(c, "how much longer", "6m", NULL);
	cockpit_records(c, "\"kind\":\"step.extended\"", "\"by_s\":360");
	press_on(c, "slow", "c");
	cockpit_answer(c, "cancel slow", "it is the wrong one", NULL);
	cockpit_records(c, "\"kind\":\"step.cancel\"", "\"why\":\"it is the wrong one\"");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"outcome\":\"cancelled\"");
	cockpit_shows(c, "[!] slow");
	screen_pause(c->screen, 13000); /* beyond the first timeout of `late` */
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.result\"", "\"step\":\"late\""), 0);
	cockpit_remove(c, "hold");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"late\"");
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.result\"", "\"step\":\"late\"", "outcome"),
		"success");
	cockpit_free(c);
}

static void a_timeout_ends_what_nobody_answers_for(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	press_on(c, "late", "s");
	cockpit_answer(c, "start late", NULL, NULL);
	cockpit_shows(c, "late is near its timeout");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"outcome\":\"timeout\"");
	cockpit_shows(c, "FAILED late, timeout");
	cockpit_free(c);
}

/* From the signal on nothing that a person gives is taken, or said to have been. */
static void what_is_being_stopped_is_given_no_more_time(void **unused)
{
	struct cockpit *c = cockpit_new("relight: 1\n"
					"name: deaf\n"
					"steps:\n"
					"  - {id: deaf, takes: 1s, timeout: 2s, grace: 1h,\n"
					"     run: {shell: 'trap \"\" TERM; " COCKPIT_HOLD "'}}\n");

	(void)unused;
	cockpit_run_armed(c);
	cockpit_shows(c, "nothing to sense");
	press_on(c, "deaf", "s");
	cockpit_answer(c, "start deaf", NULL, NULL);
	cockpit_shows(c, "STOPPING deaf, out of time: TERM was sent at 0:02; KILL in 59:");
	cockpit_shows(c, "STOPPING, TERM at 0:02; KILL in 59:");
	cockpit_hides(c, "T more time");
	cockpit_press(c, "T");
	cockpit_shows(c, "too late: it is being stopped");
	cockpit_press(c, "c");
	cockpit_shows(c, "it is being stopped already");
	cockpit_remove(c, "hold");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"outcome\":\"timeout\"");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.extended\"", NULL), 0);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.stopping\"", NULL), 1);
	cockpit_free(c);
}

/* Such as download tools write: each state of the line ends in a carriage return. */
static void a_line_that_is_written_over_shows_its_newest_state(void **unused)
{
	struct cockpit *c = cockpit_new("relight: 1\n"
					"name: counting\n"
					"steps:\n"
					"  - id: fetch\n"
					"    takes: 1s\n"
					"    timeout: 1m\n"
					"    run:\n"
					"      shell: |\n"
					"        printf 'at 10%%\\r'\n"
					"        " COCKPIT_HOLD "\n"
					"        printf 'at 20%%\\r'\n"
					"        while test -e after; do sleep 0.05; done\n");

	(void)unused;
	cockpit_touch(c, "after");
	cockpit_run_armed(c);
	press_on(c, "fetch", "s");
	cockpit_answer(c, "start fetch", NULL, NULL);
	cockpit_press(c, "o");
	cockpit_shows(c, "OUTPUT fetch"); /* no more the dialog, which has the same words */
	cockpit_shows(c, "at 10%");
	cockpit_remove(c, "hold");
	cockpit_shows(c, "at 20%");
	cockpit_hides(c, "at 10%");
	cockpit_remove(c, "after");
	cockpit_shows(c, "exit 0");
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_is_seen_and_run_again),
		cmocka_unit_test(a_rollback_that_failed_is_resolved_by_hand),
		cmocka_unit_test(a_running_attempt_is_cancelled_or_given_time),
		cmocka_unit_test(a_timeout_ends_what_nobody_answers_for),
		cmocka_unit_test(what_is_being_stopped_is_given_no_more_time),
		cmocka_unit_test(a_line_that_is_written_over_shows_its_newest_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
