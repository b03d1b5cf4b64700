// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The main job, as a person sees it: look, arm, start, watch it verified, decide, attest, declare,
 * close; leave and come back. */

static const char small[] =
	"relight: 1\n"
	"name: small\n"
	"title: A small platform comes back\n"
	"objectives: {rpo: 5m, rto: 30m, mtd: 1h}\n"
	"dependencies:\n"
	"  - {id: marker, title: The marker file, layer: journey, proves: L4,\n"
	"     check: {command: [test, -e, marker]}, every: 1s, timeout: 5s, stable: 1s}\n"
	"steps:\n"
	"  - id: mark\n"
	"    phase: infrastructure\n"
	"    title: Leave a marker\n"
	"    restores: [marker]\n"
	"    takes: 2s\n"
	"    timeout: 5m\n"
	"    run:\n"
	"      shell: |\n"
	"        echo first words\n"
	"        printf 'wiped \\033[2J\\033[1;1H\\033]2;owned\\007 not\\n'\n"
	"        " COCKPIT_HOLD "\n"
	"        echo last words\n"
	"  - {id: lamp, phase: cluster, manual: Is the lamp green?, takes: 1m, timeout: 10m}\n"
	"  - id: way\n"
	"    phase: data\n"
	"    decide: {question: Which way?, options: [{id: left, say: Go left}, {id: right, say: "
	"Go "
	"right}]}\n"
	"  - {id: leftmost, when: {decision: way, is: left}, run: {command: ['true']}, takes: 1s, "
	"timeout: 1m}\n"
	"  - {id: rightmost, when: {decision: way, is: right}, run: {command: ['true']}, takes: "
	"1s, "
	"timeout: 1m}\n";

static void first_frame_tells_where_one_is(void **unused)
{
	struct cockpit *c = cockpit_new(small);

	(void)unused;
	cockpit_start(c, 24, 80, (const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL},
		NULL);
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_shows(c, " LIVE  OBSERVER ana");
	cockpit_shows(c, "RTO 29:");
	cockpit_shows(c, "MTD 59:");
	cockpit_shows(c, "A arms you");
	cockpit_shows(c, "START mark");
	cockpit_shows(c, "of 5 done");
	cockpit_shows(c, "A arm");
	assert_true(screen_is_alternate(c->screen));
	assert_false(screen_is_cooked(c->screen));
	cockpit_records(c, "\"kind\":\"session.open\"", "\"mode\":\"live\"");
	assert_int_equal(cockpit_recorded(c, "step.intent", NULL), 0);
	cockpit_free(c);
}

static void an_observer_starts_nothing(void **unused)
{
	struct cockpit *c = cockpit_new(small);

	(void)unused;
	cockpit_run(c);
	cockpit_press(c, "s");
	cockpit_shows(c, "start: you are only looking on; A takes the controls");
	cockpit_press(c, "x");
	cockpit_shows(c, "skip: you are only looking on");
	cockpit_press(c, "A");
	cockpit_shows(c, "take the controls");
	cockpit_press(c, "Esc");
	cockpit_hides(c, "take the controls");
	cockpit_shows(c, "OBSERVER");
	cockpit_arm(c);
	cockpit_records(c, "\"kind\":\"mode.armed\"", "\"by\":\"ana\"");
	cockpit_press(c, "A");
	cockpit_shows(c, "OBSERVER");
	cockpit_records(c, "\"kind\":\"mode.disarmed\"", "\"by\":\"ana\"");
	assert_int_equal(cockpit_recorded(c, "step.intent", NULL), 0);
	assert_int_equal(cockpit_recorded(c, "step.skipped", NULL), 0);
	cockpit_free(c);
}

/* Starts `mark` and waits until its output is there. */
static void start_mark(struct cockpit *c)
{
	cockpit_shows(c, "START mark");
	cockpit_press(c, "s");
	cockpit_shows(c, "run    echo first words");
	cockpit_shows(c, "done   when healthy: marker");
	cockpit_answer(c, "start mark", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.spawned\"", "\"step\":\"mark\"");
}

static void attest_the_lamp(struct cockpit *c)
{
	cockpit_shows(c, "ATTEST lamp");
	cockpit_press(c, "Tab s");
	cockpit_shows(c, "Is the lamp green?");
	cockpit_answer(c, "attest lamp", "it is green", NULL);
	cockpit_records(c, "\"kind\":\"step.confirmed\"", "\"say\":\"it is green\"");
}

static void decide_to_the_right(struct cockpit *c)
{
	cockpit_shows(c, "DECIDE way");
	cockpit_press(c, "Tab s");
	cockpit_shows(c, "Which way?");
	cockpit_press(c, "Down");
	cockpit_answer(c, "decide way", "left is under water", NULL);
	cockpit_records(c, "\"kind\":\"decision\"", "\"chosen\":\"right\"");
	cockpit_records(c, "\"kind\":\"decision\"", "\"why\":\"left is under water\"");
}

static void from_start_to_close(void **unused)
{
	struct cockpit *c = cockpit_new(small);

	(void)unused;
	cockpit_run_armed(c);
	start_mark(c);
	cockpit_shows(c, "[>] mark");
	cockpit_remove(c, "hold");
	cockpit_shows(c, "verifying");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"outcome\":\"success\"");
	assert_int_equal(cockpit_recorded(c, "step.verified", NULL), 0);
	cockpit_touch(c, "marker");
	cockpit_records(c, "\"kind\":\"step.verified\"", "\"step\":\"mark\"");
	cockpit_shows(c, "1 of 5 done");
	attest_the_lamp(c);
	decide_to_the_right(c);
	cockpit_records(c, "\"kind\":\"step.skipped\"", "\"step\":\"leftmost\"");
	cockpit_press(c, "Tab s");
	cockpit_answer(c, "start rightmost", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"rightmost\"");
	cockpit_shows(c, ":recovered");
	cockpit_palette(c, "recovered");
	cockpit_answer(c, "steps done or skipped; evidence L4", NULL, NULL);
	cockpit_records(c, "\"kind\":\"incident.recovered\"", "\"level\":\"L4\"");
	cockpit_palette(c, "close");
	cockpit_answer(c, "steps done or skipped; evidence L4", NULL, NULL);
	cockpit_records(c, "\"kind\":\"incident.closed\"", "\"result\":\"recovered\"");
	cockpit_shows(c, "the incident is closed; q leaves");
	assert_int_equal(cockpit_quit(c), 0);
	assert_true(screen_has(c->screen, "is closed; 'relight report"));
	assert_false(screen_is_alternate(c->screen));
	assert_true(screen_is_cooked(c->screen));
	assert_true(screen_cursor(c->screen, NULL, NULL));
	cockpit_free(c);
}

static void output_is_shown_and_never_obeyed(void **unused)
{
	struct cockpit *c = cockpit_new(small);

	(void)unused;
	cockpit_run_armed(c);
	start_mark(c);
	cockpit_press(c, "o");
	cockpit_shows(c, "OUTPUT mark, attempt 1");
	cockpit_shows(c, "first words");
	cockpit_shows(c, "wiped ^[[2J^[[1;1H^[]2;owned^G not");
	cockpit_shows(c, "following");
	assert_string_not_equal(screen_title(c->screen), "owned");
	assert_true(screen_has(c->screen, "ARMED ana"));
	assert_false(screen_has(c->screen, "last words"));
	cockpit_remove(c, "hold");
	cockpit_shows(c, "last words");
	cockpit_shows(c, "exit 0");
	cockpit_press(c, "/");
	cockpit_answer(c, "search", "WIPED", NULL);
	cockpit_shows(c, "attempt 1 /WIPED");
	cockpit_press(c, "Esc");
	cockpit_hides(c, "/WIPED");
	cockpit_press(c, "Esc");
	cockpit_hides(c, "OUTPUT mark");
	cockpit_free(c);
}

static void quits_and_goes_on_where_it_was(void **unused)
{
	struct cockpit *c = cockpit_new(small);

	(void)unused;
	cockpit_run_armed(c);
	start_mark(c);
	cockpit_press(c, "q");
	cockpit_shows(c, "mark is running and goes on");
	cockpit_press(c, "Esc");
	cockpit_hides(c, "mark is running and goes on");
	assert_int_equal(cockpit_quit(c), 1);
	assert_true(screen_has(c->screen, "is still open, and an attempt is running"));
	cockpit_records(c, "\"kind\":\"session.ended\"", NULL);
	cockpit_start(c, 24, 80, (const char *const[]){"resume", "INCIDENT", NULL}, NULL);
	cockpit_shows(c, "OBSERVER");
	cockpit_shows(c, "[>] mark");
	cockpit_remove(c, "hold");
	cockpit_touch(c, "marker");
	cockpit_records(c, "\"kind\":\"step.verified\"", "\"step\":\"mark\"");
	cockpit_shows(c, "1 of 5 done");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.intent\"", NULL), 1);
	assert_int_equal(cockpit_quit(c), 1);
	cockpit_free(c);
}

static void a_second_one_looks_on(void **unused)
{
	struct cockpit *c = cockpit_new(small), second = {0};

	(void)unused;
	cockpit_run_armed(c);
	second = *c;
	second.screen = NULL;
	cockpit_start(&second, 24, 80, (const char *const[]){"watch", "INCIDENT", NULL}, NULL);
	cockpit_shows(&second, "OBSERVER ana, armed: ana");
	cockpit_press(&second, "A");
	cockpit_shows(&second, "only looks on");
	start_mark(c);
	cockpit_shows(&second, "[>] mark");
	cockpit_remove(c, "hold");
	cockpit_shows(&second, "verifying");
	screen_free(second.screen);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"session.", NULL), 1);
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_frame_tells_where_one_is),
		cmocka_unit_test(an_observer_starts_nothing),
		cmocka_unit_test(from_start_to_close),
		cmocka_unit_test(output_is_shown_and_never_obeyed),
		cmocka_unit_test(quits_and_goes_on_where_it_was),
		cmocka_unit_test(a_second_one_looks_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
