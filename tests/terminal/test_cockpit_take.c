// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* An incident that somebody has open, and somebody else who needs it. */

static const char running[] =
	"relight: 1\n"
	"name: taken\n"
	"steps:\n"
	"  - {id: slow, needs: [], run: {shell: 'echo begun; " COCKPIT_HOLD
	"; exit 7'}, takes: 1s, timeout: 1h}\n"
	"  - {id: lamp, needs: [], manual: Is the lamp green?, takes: 1m, timeout: 10m}\n";

struct two {
	struct cockpit *first;
	struct cockpit second; /* before another terminal, on the same incident */
};

static struct two with_slow_running(void)
{
	struct two two = {.first = cockpit_new(running)};

	cockpit_run_armed(two.first);
	cockpit_go(two.first, "slow");
	cockpit_press(two.first, "s");
	cockpit_answer(two.first, "start slow", NULL, NULL);
	cockpit_records(two.first, "\"kind\":\"step.spawned\"", "\"step\":\"slow\"");
	two.second = *two.first;
	two.second.screen = NULL;
	return two;
}

static void second_starts(struct two *two, int rows, int columns, const char *const arguments[])
{
	cockpit_start(&two->second, rows, columns, arguments,
		(const char *const[]){"RELIGHT_OPERATOR=mei", NULL});
}

static void second_takes(struct two *two)
{
	second_starts(two, 24, 80,
		(const char *const[]){"take", "INCIDENT", "--why", "ana is offline", NULL});
}

static void two_free(struct two *two)
{
	screen_free(two->second.screen);
	cockpit_free(two->first);
}

static void expect_verified(const struct cockpit *c)
{
	char command[512];

	snprintf(command, sizeof command, "'%s' timeline verify '%s' >/dev/null", getenv("RELIGHT"),
		c->incident);
	assert_int_equal(system(command), 0);
}

/* The second one has it, the attempt of the first one is found, and its true outcome recorded. */
static void expect_taken(struct two *two)
{
	cockpit_shows(&two->second, "OBSERVER mei");
	cockpit_records(two->first, "\"kind\":\"session.resumed\"", "\"identity\":\"peer\"");
	assert_int_equal(cockpit_recorded(two->first, "\"kind\":\"session.ended\"",
				 ") as mei: ana is offline\",\"taken_by\":{\"user\":"),
		1);
	cockpit_shows(&two->second, "slow");
	cockpit_remove(two->first, "hold");
	cockpit_records(two->first, "\"kind\":\"step.result\"", "\"exit\":7");
	assert_int_equal(cockpit_recorded(two->first, "\"kind\":\"step.intent\"", NULL), 1);
	expect_verified(two->first);
}

static void one_that_is_used_lets_go_and_says_who_has_it(void **unused)
{
	struct two two = with_slow_running();

	(void)unused;
	second_takes(&two);
	assert_int_equal(screen_wait_exit(two.first->screen, COCKPIT_MS), 1);
	assert_true(screen_has(two.first->screen, " was taken by "));
	assert_true(screen_is_cooked(two.first->screen));
	assert_false(screen_is_alternate(two.first->screen));
	expect_taken(&two);
	two_free(&two);
}

static void one_whose_terminal_stands_still_lets_go_all_the_same(void **unused)
{
	struct two two = with_slow_running();

	(void)unused;
	cockpit_stall(two.first, true);
	second_takes(&two);
	expect_taken(&two);
	/* And it is gone, although nobody has read what it said. */
	assert_int_not_equal(screen_wait_exit(two.first->screen, COCKPIT_MS), -1);
	screen_stall(two.first->screen, false);
	two_free(&two);
}

static void one_without_a_terminal_lets_go(void **unused)
{
	struct two two = with_slow_running();

	(void)unused;
	screen_hang_up(two.first->screen);
	second_takes(&two);
	assert_int_equal(screen_wait_exit(two.first->screen, COCKPIT_MS), 1);
	expect_taken(&two);
	assert_false(cockpit_exists(two.first, "incident/detached"));
	two_free(&two);
}

static void one_that_is_stopped_is_named_and_left_alone(void **unused)
{
	struct two two = with_slow_running();
	char pid[64];

	(void)unused;
	snprintf(pid, sizeof pid, "kill -CONT %d", (int)screen_pid(two.first->screen));
	screen_kill(two.first->screen, SIGSTOP);
	second_starts(&two, 24, 200, (const char *const[]){"take", "INCIDENT", NULL});
	assert_int_equal(screen_wait_exit(two.second.screen, COCKPIT_MS), 1);
	assert_true(screen_has(two.second.screen, "ana has it"));
	assert_true(screen_has(two.second.screen, "is stopped"));
	assert_true(screen_has(two.second.screen, pid));
	/* Whoever has given up is not obeyed afterwards. */
	screen_kill(two.first->screen, SIGCONT);
	cockpit_go(two.first, "lamp");
	screen_pause(two.first->screen, 500);
	assert_int_equal(cockpit_recorded(two.first, "\"kind\":\"session.ended\"", NULL), 0);
	two_free(&two);
}

static void one_that_was_killed_is_resumed(void **unused)
{
	struct two two = with_slow_running();

	(void)unused;
	screen_kill(two.first->screen, SIGKILL);
	screen_wait_exit(two.first->screen, COCKPIT_MS);
	second_takes(&two);
	cockpit_shows(&two.second, "OBSERVER mei");
	cockpit_records(two.first, "\"kind\":\"session.resumed\"", "\"identity\":\"asserted\"");
	two_free(&two);
}

static void an_onlooker_is_told_the_way(void **unused)
{
	struct two two = with_slow_running();
	char way[200];

	(void)unused;
	cockpit_remove(two.first, "hold");
	cockpit_records(two.first, "\"kind\":\"step.result\"", NULL);
	cockpit_go(two.first, "slow");
	cockpit_press(two.first, "x");
	cockpit_answer(two.first, "skip slow", "not now", NULL);
	snprintf(way, sizeof way, "You look on: ana has this incident; relight take %s",
		two.first->incident);
	second_starts(&two, 60, 200, (const char *const[]){"watch", "INCIDENT", NULL});
	cockpit_shows(&two.second, way);
	two_free(&two);
}

static void a_note_from_elsewhere_is_shown(void **unused)
{
	struct two two = with_slow_running();

	(void)unused;
	second_starts(&two, 24, 80,
		(const char *const[]){"note", "INCIDENT", "the queue is draining", "--type",
			"hypothesis", "--at", "-10m", NULL});
	assert_int_equal(screen_wait_exit(two.second.screen, COCKPIT_MS), 0);
	assert_true(screen_has(two.second.screen, "noted: event "));
	cockpit_press(two.first, "t");
	cockpit_shows(two.first, "hypothesis as mei: the queue is draining");
	assert_int_equal(
		cockpit_recorded(two.first, "\"kind\":\"note\"",
			"\"type\":\"hypothesis\",\"text\":\"the queue is draining\",\"uid\":"),
		1);
	assert_int_equal(cockpit_recorded(two.first, "\"kind\":\"note\"", "\"at\":\""), 1);
	two_free(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_used_lets_go_and_says_who_has_it),
		cmocka_unit_test(one_whose_terminal_stands_still_lets_go_all_the_same),
		cmocka_unit_test(one_without_a_terminal_lets_go),
		cmocka_unit_test(one_that_is_stopped_is_named_and_left_alone),
		cmocka_unit_test(one_that_was_killed_is_resumed),
		cmocka_unit_test(an_onlooker_is_told_the_way),
		cmocka_unit_test(a_note_from_elsewhere_is_shown),
	};

	return cmocka_run_group_tests_name("cockpit, take", tests, NULL, NULL);
}
