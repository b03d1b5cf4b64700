// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A terminal that is gone, a cockpit that is killed: what runs goes on, and what happened meanwhile
 * gets into the record. */

static const char running[] =
	"relight: 1\n"
	"name: gone\n"
	"dependencies:\n"
	"  - {id: marker, title: The marker file, check: {command: [test, -e, marker]}, every: 1s, "
	"timeout: 5s}\n"
	"steps:\n"
	"  - {id: slow, needs: [], run: {shell: 'echo begun; " COCKPIT_HOLD
	"; echo ended'}, takes: 1s, timeout: 1h}\n"
	"  - {id: mark, needs: [], run: {command: ['true']}, restores: [marker], takes: 1s, "
	"timeout: 1m, settle: 1m}\n"
	"  - {id: other, needs: [], run: {command: [touch, other.ran]}, takes: 1s, timeout: 1m}\n";

static struct cockpit *with_slow_running(void)
{
	struct cockpit *c = cockpit_new(running);

	cockpit_run_armed(c);
	cockpit_go(c, "slow");
	cockpit_press(c, "s");
	cockpit_answer(c, "start slow", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.spawned\"", "\"step\":\"slow\"");
	return c;
}

static void resume(struct cockpit *c)
{
	cockpit_start(c, 24, 80, (const char *const[]){"resume", "INCIDENT", NULL}, NULL);
	cockpit_shows(c, "OBSERVER");
	cockpit_records(c, "\"kind\":\"session.resumed\"", NULL);
}

static void assert_ended_once(struct cockpit *c)
{
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"slow\"");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.result\"", NULL), 1);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.intent\"", NULL), 1);
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.result\"", NULL, "outcome"), "success");
}

static void a_terminal_that_goes_takes_no_attempt_with_it(void **unused)
{
	struct cockpit *c = with_slow_running();

	(void)unused;
	screen_hang_up(c->screen);
	cockpit_touch(c, "marker");
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	assert_true(screen_runs(c->screen));
	cockpit_remove(c, "hold");
	assert_ended_once(c);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 1);
	cockpit_records(c, "\"kind\":\"session.ended\"", "the terminal is gone");
	resume(c);
	cockpit_shows(c, "[x] slow");
	cockpit_free(c);
}

/* What is being verified has not settled either. */
static void what_is_verified_is_looked_at_without_a_terminal(void **unused)
{
	struct cockpit *c = cockpit_new(running);

	(void)unused;
	cockpit_run_armed(c);
	cockpit_go(c, "mark");
	cockpit_press(c, "s");
	cockpit_answer(c, "start mark", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"mark\"");
	screen_hang_up(c->screen);
	cockpit_finds(c, "incident/detached");
	screen_pause(c->screen, 1500);
	assert_true(screen_runs(c->screen));
	cockpit_touch(c, "marker");
	cockpit_records(c, "\"kind\":\"step.verified\"", "\"step\":\"mark\"");
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 1);
	cockpit_records(c, "\"kind\":\"session.ended\"", "the terminal is gone");
	cockpit_free(c);
}

/* The one without a terminal lets go at once, and the attempt goes on under the new one. */
static void whoever_has_a_terminal_takes_over(void **unused)
{
	struct cockpit *c = with_slow_running();
	struct screen *gone = c->screen;

	(void)unused;
	screen_hang_up(gone);
	cockpit_finds(c, "incident/detached");
	c->screen = NULL;
	resume(c);
	assert_int_equal(screen_wait_exit(gone, COCKPIT_MS), 1);
	screen_free(gone);
	cockpit_shows(c, "[>] slow");
	cockpit_remove(c, "hold");
	cockpit_shows(c, "[x] slow");
	assert_ended_once(c);
	cockpit_free(c);
}

static void what_runs_outlives_a_killed_cockpit(void **unused)
{
	struct cockpit *c = with_slow_running();

	(void)unused;
	screen_kill(c->screen, SIGKILL);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 128 + SIGKILL);
	resume(c);
	cockpit_shows(c, "[>] slow");
	cockpit_press(c, "Tab");
	cockpit_palette(c, "slow");
	cockpit_press(c, "o");
	cockpit_shows(c, "begun");
	cockpit_remove(c, "hold");
	cockpit_shows(c, "ended");
	cockpit_press(c, "Esc");
	cockpit_shows(c, "[x] slow");
	assert_ended_once(c);
	cockpit_free(c);
}

static void ended_while_nobody_looked(void **unused)
{
	struct cockpit *c = with_slow_running();

	(void)unused;
	screen_kill(c->screen, SIGKILL);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 128 + SIGKILL);
	cockpit_remove(c, "hold");
	cockpit_finds(c, "incident/attempts/slow/1/result.json");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.result\"", NULL), 0);
	resume(c);
	cockpit_shows(c, "[x] slow");
	assert_ended_once(c);
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_that_goes_takes_no_attempt_with_it),
		cmocka_unit_test(what_is_verified_is_looked_at_without_a_terminal),
		cmocka_unit_test(whoever_has_a_terminal_takes_over),
		cmocka_unit_test(what_runs_outlives_a_killed_cockpit),
		cmocka_unit_test(ended_while_nobody_looked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
