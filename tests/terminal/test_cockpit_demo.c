// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* The bundled disaster, as somebody plays it who tries the program for the first time. */

static void start_demo(struct cockpit *c, int rows, int cols)
{
	cockpit_start(c, rows, cols,
		(const char *const[]){"demo", "--speed", "300", "--dir", "INCIDENT", NULL}, NULL);
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_shows(c, "REHEARSAL");
	cockpit_shows(c, "ACT ON dr-apse3");
}

static void the_first_minute_of_the_demo(void **unused)
{
	struct cockpit *c = cockpit_new("");

	(void)unused;
	start_demo(c, 24, 80);
	cockpit_records(c, "\"kind\":\"target.pinned\"", NULL);
	cockpit_arm(c);
	cockpit_go(c, "topology");
	cockpit_press(c, "s");
	cockpit_answer(c, "decide topology", "the region is gone for hours", NULL);
	cockpit_records(c, "\"kind\":\"decision\"", "\"chosen\":\"failover\"");
	cockpit_go(c, "check-quota");
	cockpit_press(c, "s");
	cockpit_answer(c, "attest check-quota", "seen in the console", NULL);
	cockpit_records(c, "\"kind\":\"step.confirmed\"", "\"step\":\"check-quota\"");
	cockpit_go(c, "fence-source");
	cockpit_press(c, "s");
	cockpit_answer(c, "start fence-source", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"fence-source\"");
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.intent\"", NULL, "mode"), "rehearsal");
	screen_resize(c->screen, 45, 160);
	cockpit_shows(c, "SERVING 0/4");
	cockpit_shows(c, "DETAIL");
	cockpit_shows(c, "TIMELINE, newest first");
	cockpit_shows(c, "case-management-eks");
	cockpit_free(c);
}

static void a_rehearsal_goes_on_after_a_kill(void **unused)
{
	struct cockpit *c = cockpit_new("");

	(void)unused;
	start_demo(c, 45, 160);
	cockpit_records(c, "\"kind\":\"runbook.loaded\"", NULL);
	cockpit_arm(c);
	cockpit_press(c, "n");
	cockpit_answer(c, "Tab changes its type", "before the kill", NULL);
	cockpit_records(c, "\"kind\":\"note\"", "before the kill");
	screen_kill(c->screen, 9);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 128 + 9);
	cockpit_start(c, 45, 160, (const char *const[]){"resume", "INCIDENT", NULL}, NULL);
	cockpit_shows(c, "REHEARSAL  OBSERVER ana");
	cockpit_shows(c, "before the kill");
	cockpit_records(c, "\"kind\":\"session.resumed\"", "\"mode\":\"rehearsal\"");
	assert_int_equal(cockpit_quit(c), 1);
	cockpit_start(
		c, 24, 80, (const char *const[]){"timeline", "verify", "INCIDENT", NULL}, NULL);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 0);
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_minute_of_the_demo),
		cmocka_unit_test(a_rehearsal_goes_on_after_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
