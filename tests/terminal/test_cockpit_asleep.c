// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A laptop that is shut while an attempt runs, and a terminal that does not come back: long times
 * pass, played by the clock alone (tests/faults/asleep.c). */

#define SLEPT_S    28800
#define SLEPT_MS   (SLEPT_S * 1000L)
#define TIMEOUT_MS 12000 /* of the short step */
#define MINUTES_S  60

static const char running[] =
	"relight: 1\n"
	"name: asleep\n"
	"dependencies:\n"
	"  - {id: marker, title: The marker file, check: {command: [test, -e, marker]}, every: 1s, "
	"timeout: 5s}\n"
	"steps:\n"
	"  - {id: short, needs: [], run: {shell: 'touch begun; " COCKPIT_HOLD
	"'}, takes: 1s, timeout: 12s, grace: 1s}\n"
	"  - {id: long, needs: [], run: {shell: 'touch begun; " COCKPIT_HOLD
	"'}, takes: 1s, timeout: 8h}\n";

static void sleep_for(const struct cockpit *c, long seconds)
{
	char text[32];

	snprintf(text, sizeof text, "%ld", seconds);
	cockpit_write(c, "asleep", text);
}

static struct cockpit *with_running(const char *step)
{
	struct cockpit *c = cockpit_new(running);
	char title[40];

	cockpit_start_with(c, "asleep", "ASLEEP",
		(const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL});
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_records(c, "\"kind\":\"runbook.loaded\"", NULL);
	cockpit_arm(c);
	cockpit_go(c, step);
	cockpit_press(c, "s");
	snprintf(title, sizeof title, "start %s", step);
	cockpit_answer(c, title, NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.spawned\"", NULL);
	cockpit_finds(c, "begun");
	return c;
}

static void resume(struct cockpit *c)
{
	cockpit_start_with(
		c, "asleep", "ASLEEP", (const char *const[]){"resume", "INCIDENT", NULL});
	cockpit_shows(c, "OBSERVER");
	cockpit_records(c, "\"kind\":\"session.resumed\"", NULL);
}

/* It ended by its timeout, which came later by the sleep: when it had had its twelve seconds. */
static void assert_timed_out_later(struct cockpit *c)
{
	long took_ms;

	cockpit_records(c, "\"kind\":\"step.result\"", NULL);
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.result\"", NULL, "outcome"), "timeout");
	took_ms = atol(cockpit_value(c, "\"kind\":\"step.result\"", NULL, "duration_ms"));
	assert_true(took_ms >= SLEPT_MS + TIMEOUT_MS);
	assert_true(took_ms < SLEPT_MS + TIMEOUT_MS + COCKPIT_MS);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.extended\"", NULL), 1);
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.extended\"", NULL, "slept_s"), "28800");
}

static void a_sleep_takes_no_attempt_its_time(void **unused)
{
	struct cockpit *c = with_running("short");

	(void)unused;
	sleep_for(c, SLEPT_S);
	cockpit_records(c, "\"kind\":\"step.extended\"", "the machine slept");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.result\"", NULL), 0);
	cockpit_shows(c, "!! short is near its timeout: 8:00:");
	assert_timed_out_later(c);
	cockpit_free(c);
}

/* Who wakes it when next to nothing is left has the time of one who is asked. */
static void after_a_sleep_there_is_time_to_ask(void **unused)
{
	struct cockpit *c = with_running("short");

	(void)unused;
	cockpit_shows(c, "!! short is near its timeout");
	sleep_for(c, SLEPT_S);
	cockpit_records(c, "\"kind\":\"step.extended\"", "the machine slept");
	assert_true(atol(cockpit_value(c, "\"kind\":\"step.extended\"", NULL, "by_s")) > SLEPT_S);
	assert_timed_out_later(c);
	cockpit_free(c);
}

/* Nobody is there to put anything off: the timeout holds, and whoever comes is told why so late. */
static void a_timeout_holds_without_a_cockpit(void **unused)
{
	struct cockpit *c = with_running("short");

	(void)unused;
	screen_kill(c->screen, SIGKILL);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 128 + SIGKILL);
	sleep_for(c, SLEPT_S);
	cockpit_finds(c, "incident/attempts/short/1/result.json");
	resume(c);
	assert_timed_out_later(c);
	cockpit_free(c);
}

/* --- without a terminal ------------------------------------------------------------------------------ */

static void a_terminal_is_waited_for_a_quarter_of_an_hour(void **unused)
{
	struct cockpit *c = with_running("long");

	(void)unused;
	screen_hang_up(c->screen);
	cockpit_finds(c, "incident/detached");
	sleep_for(c, 14 * MINUTES_S);
	screen_pause(c->screen, 1500);
	assert_true(screen_runs(c->screen));
	cockpit_touch(c, "marker");
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"session.ended\"", NULL), 0);
	sleep_for(c, 15 * MINUTES_S);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 1);
	cockpit_records(c, "\"kind\":\"session.ended\"", "the terminal is gone");
	assert_false(cockpit_exists(c, "incident/detached"));

	/* What ran goes on, and is found. */
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.result\"", NULL), 0);
	resume(c);
	cockpit_shows(c, "[>] long");
	cockpit_remove(c, "hold");
	cockpit_shows(c, "[x] long");
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sleep_takes_no_attempt_its_time),
		cmocka_unit_test(after_a_sleep_there_is_time_to_ask),
		cmocka_unit_test(a_timeout_holds_without_a_cockpit),
		cmocka_unit_test(a_terminal_is_waited_for_a_quarter_of_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
