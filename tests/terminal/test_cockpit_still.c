// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* A terminal that stands still, keys that were typed too early, a cockpit that is stopped: nothing
 * is missed, and nothing starts by accident. */

static const char running[] =
	"relight: 1\n"
	"name: gone\n"
	"dependencies:\n"
	"  - {id: marker, title: The marker file, check: {command: [test, -e, marker]}, every: 1s, "
	"timeout: 5s}\n"
	"steps:\n"
	"  - {id: slow, needs: [], run: {shell: 'echo begun; " COCKPIT_HOLD
	"; echo ended'}, takes: 1s, timeout: 1h}\n"
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

static void assert_ended_once(struct cockpit *c)
{
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"slow\"");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.result\"", NULL), 1);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.intent\"", NULL), 1);
	assert_string_equal(
		cockpit_value(c, "\"kind\":\"step.result\"", NULL, "outcome"), "success");
}

static void a_terminal_that_stands_still_stops_nothing_else(void **unused)
{
	struct cockpit *c = with_slow_running();

	(void)unused;
	cockpit_stall(c, true);
	cockpit_touch(c, "marker");
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	cockpit_remove(c, "hold");
	assert_ended_once(c);
	/* What is typed now answers no question, as nobody has seen one. */
	cockpit_press(c, "Tab");
	screen_pause(c->screen, 300);
	cockpit_press(c, "s");
	screen_pause(c->screen, 500);
	cockpit_press(c, "y");
	screen_pause(c->screen, 500);
	cockpit_press(c, "Enter");
	screen_pause(c->screen, 500);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.intent\"", "\"step\":\"other\""), 0);
	cockpit_stall(c, false);
	cockpit_shows(c, "start other");
	cockpit_press(c, "Esc");
	cockpit_shows(c, "[x] slow");
	assert_false(cockpit_exists(c, "other.ran"));
	cockpit_free(c);
}

static void keys_typed_ahead_answer_nothing(void **unused)
{
	struct cockpit *c = cockpit_new(running);
	char keys[2002] = "s";

	(void)unused;
	cockpit_run_armed(c);
	cockpit_go(c, "other");
	memset(keys + 1, 'y', 2000);
	screen_type(c->screen, keys);
	assert_true(screen_flush(c->screen, COCKPIT_MS));
	cockpit_shows(c, "start other");
	cockpit_press(c, "Esc");
	cockpit_hides(c, "start other");
	cockpit_press(c, ":");
	cockpit_shows(c, "palette");
	screen_type(c->screen, "start other");
	screen_pause(c->screen, 300);
	for (int i = 0; i < 100; i++) { /* held down, as a keyboard repeats */
		screen_press(c->screen, "Enter");
		screen_pause(c->screen, 20);
	}
	cockpit_shows(c, "Enter opened this: y goes on");
	assert_false(screen_has(c->screen, "Enter or y goes on"));
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.intent\"", NULL), 0);
	cockpit_free(c);
}

static bool is_plain(struct screen *s, void *unused)
{
	(void)unused;
	return !screen_is_alternate(s);
}

static void stopped_and_continued_it_misses_nothing(void **unused)
{
	struct cockpit *c = with_slow_running();

	(void)unused;
	screen_kill(c->screen, SIGTSTP);
	if (!screen_wait(c->screen, is_plain, NULL, "the terminal to be given back", COCKPIT_MS))
		fail_msg("it is not stopped");
	assert_true(screen_is_cooked(c->screen));
	cockpit_remove(c, "hold");
	cockpit_touch(c, "marker");
	screen_pause(c->screen, 6500); /* longer than a sensor may be silent */
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"step.result\"", NULL), 0);
	screen_kill(c->screen, SIGCONT);
	cockpit_shows(c, "[x] slow");
	assert_true(screen_is_alternate(c->screen));
	assert_false(screen_is_cooked(c->screen));
	assert_ended_once(c);
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"sensor.down\"", NULL), 0);
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_that_stands_still_stops_nothing_else),
		cmocka_unit_test(keys_typed_ahead_answer_nothing),
		cmocka_unit_test(stopped_and_continued_it_misses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
