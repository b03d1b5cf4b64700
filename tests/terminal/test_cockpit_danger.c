// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What is too dangerous for one key, giving up, and a step that comes undone. */

static const char many[] =
	"relight: 1\n"
	"name: many\n"
	"dependencies:\n"
	"  - id: marker\n"
	"    title: The marker\n"
	"    check: {command: [test, -e, marker]}\n"
	"    every: 1s\n"
	"    timeout: 5s\n"
	"    stable: 1s\n"
	"steps:\n"
	"  - id: mark\n"
	"    needs: []\n"
	"    restores: [marker]\n"
	"    run: {command: [touch, marker]}\n"
	"    takes: 1s\n"
	"    timeout: 1m\n"
	"  - id: after\n"
	"    needs: [mark]\n"
	"    requires: [marker]\n"
	"    run: {command: ['true']}\n"
	"    takes: 1s\n"
	"    timeout: 1m\n"
	"  - id: wipe\n"
	"    needs: []\n"
	"    run: {command: [touch, wiped]}\n"
	"    destructive: true\n"
	"    confirm: prod.example.com\n"
	"    takes: 1s\n"
	"    timeout: 1m\n"
	"  - {id: undo, run: {command: [touch, aborted]}, takes: 1s, timeout: 1m}\n"
	"abort: {steps: [undo], criteria: [errors above 20 %]}\n";

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

static void destruction_takes_a_name_in_full(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	press_on(c, "wipe", "s");
	cockpit_shows(c, "start wipe: DESTRUCTIVE");
	cockpit_shows(c, "run    touch wiped");
	cockpit_fill(c, "start wipe", "y", NULL);
	cockpit_shows(c, "that is not it: type prod.example.com in full");
	cockpit_fill(c, "start wipe", "prod.example", NULL);
	cockpit_shows(c, "that is not it");
	assert_int_equal(cockpit_recorded(c, "step.intent", NULL), 0);
	assert_false(cockpit_exists(c, "wiped"));
	for (int i = 0; i < 20; i++)
		cockpit_press(c, "Backspace");
	cockpit_answer(c, "start wipe", "prod.example.com", NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"wipe\"");
	cockpit_free(c);
}

static void abort_leaves_only_its_own_steps(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	cockpit_press(c, "X");
	cockpit_shows(c, "errors above 20 %");
	cockpit_fill(c, "ABORT the recovery", "abor", NULL);
	cockpit_shows(c, "that is not it");
	cockpit_answer(c, "ABORT the recovery", "t", "the data is wrong");
	cockpit_records(c, "\"kind\":\"abort\"", "\"why\":\"the data is wrong\"");
	cockpit_shows(c, "ABORTED. YOURS: START undo");
	press_on(c, "mark", "s");
	cockpit_shows(c, "start: mark: the recovery was aborted");
	screen_pause(c->screen, 300);
	assert_int_equal(cockpit_recorded(c, "step.intent", NULL), 0);
	press_on(c, "undo", "s");
	cockpit_answer(c, "start undo", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"undo\"");
	cockpit_records(c, "\"kind\":\"incident.closed\"", "\"result\":\"aborted\"");
	assert_int_equal(cockpit_quit(c), 1);
	cockpit_free(c);
}

static void what_comes_undone_unticks(void **unused)
{
	struct cockpit *c = armed();

	(void)unused;
	press_on(c, "mark", "s");
	cockpit_answer(c, "start mark", NULL, NULL);
	cockpit_shows(c, "[x] mark");
	cockpit_records(c, "\"kind\":\"step.verified\"", "\"step\":\"mark\"");
	cockpit_remove(c, "marker");
	cockpit_shows(c, "[<] mark");
	cockpit_shows(c, "!! REGRESSED mark");
	cockpit_shows(c, "marker, seen ");
	cockpit_shows(c, " ago: exit 1");
	cockpit_records(c, "\"kind\":\"step.regressed\"", "\"step\":\"mark\"");
	cockpit_shows(c, "needs mark, which regressed"); /* what has not started waits */
	press_on(c, "mark", "a");
	cockpit_records(c, "\"kind\":\"acknowledged\"", "\"step\":\"mark\"");
	cockpit_touch(c, "marker");
	cockpit_shows(c, "[x] mark");
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(destruction_takes_a_name_in_full),
		cmocka_unit_test(abort_leaves_only_its_own_steps),
		cmocka_unit_test(what_comes_undone_unticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
