// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Two people before one incident: ana has it, and mei looks on from another terminal. */

static const char runbook[] =
	"relight: 1\n"
	"name: small\n"
	"title: A small platform comes back\n"
	"dependencies:\n"
	"  - {id: marker, title: The marker file, layer: journey, every: 1s, timeout: 2s,\n"
	"     stable: 1s, check: {command: [cat, marker], expect: {jq: .is, message: .say}}}\n"
	"steps:\n"
	"  - id: mark\n"
	"    phase: infrastructure\n"
	"    title: Leave a marker\n"
	"    restores: [marker]\n"
	"    takes: 2s\n"
	"    timeout: 5m\n"
	"    run: {shell: 'echo first words; " COCKPIT_HOLD "; echo last words'}\n"
	"  - {id: lamp, phase: cluster, manual: Is the lamp green?, takes: 1m, timeout: 10m}\n";

/* The owner's screen and, on the same incident, that of somebody who looks on. */
struct pair {
	struct cockpit *owner;
	struct cockpit onlooker;
};

static struct pair two_before_one_incident(void)
{
	struct pair pair = {.owner = cockpit_new(runbook)};

	cockpit_run_armed(pair.owner);
	pair.onlooker = *pair.owner;
	pair.onlooker.screen = NULL;
	cockpit_start(&pair.onlooker, 60, 200, (const char *const[]){"watch", "INCIDENT", NULL},
		(const char *const[]){"RELIGHT_OPERATOR=mei", NULL});
	cockpit_shows(&pair.onlooker, "OBSERVER mei, armed: ana");
	return pair;
}

static void pair_free(struct pair *pair)
{
	screen_free(pair->onlooker.screen);
	cockpit_free(pair->owner);
}

/* The number behind a text of the screen; -1: the text is not there. */
static int number_after(struct cockpit *c, const char *text)
{
	for (int row = 0; row < screen_rows(c->screen); row++) {
		const char *found = strstr(screen_row(c->screen, row), text);

		if (found)
			return atoi(found + strlen(text));
	}
	return -1;
}

/* After more seconds than these without anything new. */
static bool is_fresh(struct screen *s, void *onlooker)
{
	int sensor_s = number_after(onlooker, "sensor ");
	int marker_s = number_after(onlooker, "restores marker  degraded ");

	return sensor_s >= 0 && sensor_s <= 4 && marker_s >= 0 && marker_s <= 4 &&
	       !screen_has(s, "STALE");
}

static void start_mark(struct pair *pair)
{
	cockpit_go(pair->owner, "mark");
	cockpit_press(pair->owner, "s");
	cockpit_answer(pair->owner, "start mark", NULL, NULL);
}

static void sees_what_an_attempt_says(void **unused)
{
	struct pair pair = two_before_one_incident();

	(void)unused;
	start_mark(&pair);
	cockpit_shows(&pair.onlooker, "OUTPUT mark, attempt 1");
	cockpit_shows(&pair.onlooker, "first words");
	cockpit_remove(pair.owner, "hold");
	cockpit_shows(&pair.onlooker, "last words");
	cockpit_shows(&pair.onlooker, "exit 0, 2 lines");
	pair_free(&pair);
}

static void has_no_key_that_cannot_act_and_leaves_at_once(void **unused)
{
	struct pair pair = two_before_one_incident();

	(void)unused;
	cockpit_shows(&pair.onlooker, "START mark");
	assert_false(screen_has(pair.onlooker.screen, "s start"));
	assert_false(screen_has(pair.onlooker.screen, "X abort"));
	assert_false(screen_has(pair.onlooker.screen, "n note"));
	cockpit_press(&pair.onlooker, "n");
	cockpit_shows(&pair.onlooker, "note: this screen only looks on");
	assert_false(screen_has(pair.onlooker.screen, "Enter go on"));
	cockpit_press(&pair.onlooker, "q");
	assert_int_equal(screen_wait_exit(pair.onlooker.screen, COCKPIT_MS), 0);
	pair_free(&pair);
}

/* What is as it was is in no record: that it was looked at again, and what was said. */
static void sees_what_is_sensed_between_two_changes(void **unused)
{
	struct pair pair = two_before_one_incident();

	(void)unused;
	cockpit_shows(&pair.onlooker, "No such file");
	cockpit_write(pair.owner, "marker", "{\"is\": false, \"say\": \"lag 12\"}");
	cockpit_shows(&pair.onlooker, "lag 12");
	assert_int_equal(cockpit_recorded(pair.owner, "lag 12", NULL), 0);
	screen_pause(pair.onlooker.screen, 6000);
	if (!screen_wait(pair.onlooker.screen, is_fresh, &pair.onlooker, "what is sensed now",
		    COCKPIT_MS))
		fail_msg("it does not see what was sensed between two changes");
	pair_free(&pair);
}

/* Whoever was killed has ended no session: the record alone would call it all fresh for ever. */
static void tells_that_nobody_has_it(void **unused)
{
	struct pair pair = two_before_one_incident();

	(void)unused;
	cockpit_shows(&pair.onlooker, "ana has this incident");
	cockpit_shows(&pair.onlooker, "sensor ");
	cockpit_shows(&pair.onlooker, "restores marker  degraded ");
	screen_kill(pair.owner->screen, SIGKILL);
	cockpit_shows(&pair.onlooker, "NOBODY HERE HAS THIS INCIDENT OPEN");
	cockpit_shows(&pair.onlooker, "no sensor");
	cockpit_shows(&pair.onlooker, "STALE, was degraded");
	assert_false(screen_has(pair.onlooker.screen, "armed: ana"));
	cockpit_start(pair.owner, 24, 80, (const char *const[]){"resume", "INCIDENT", NULL},
		(const char *const[]){"RELIGHT_OPERATOR=ben", NULL});
	cockpit_shows(&pair.onlooker, "ben has this incident");
	cockpit_hides(&pair.onlooker, "STALE");
	assert_true(cockpit_exists(pair.owner, "incident/sensed.jsonl"));
	cockpit_quit(pair.owner);
	cockpit_shows(&pair.onlooker, "NOBODY HERE HAS THIS INCIDENT OPEN");
	assert_false(cockpit_exists(pair.owner, "incident/sensed.jsonl"));
	pair_free(&pair);
}

/* Of a record that is damaged, and gone on with, everybody knows the same. */
static void looks_on_behind_damage(void **unused)
{
	struct cockpit *c = cockpit_new(runbook);
	struct pair pair = {.owner = c};
	char *record, *line;

	(void)unused;
	cockpit_run_armed(c);
	cockpit_quit(c);
	record = cockpit_record(c);
	line = strstr(record, "\"kind\":\"mode.armed\"");
	assert_non_null(line);
	line[strlen("\"kin")] = 'D';
	cockpit_write(c, "incident/timeline.jsonl", record);
	free(record);
	cockpit_start(c, 24, 80, (const char *const[]){"resume", "--past-damage", "INCIDENT", NULL},
		NULL);
	cockpit_shows(c, "OBSERVER ana");
	pair.onlooker = *c;
	pair.onlooker.screen = NULL;
	cockpit_start(&pair.onlooker, 60, 200, (const char *const[]){"watch", "INCIDENT", NULL},
		(const char *const[]){"RELIGHT_OPERATOR=mei", NULL});
	cockpit_shows(&pair.onlooker, "OBSERVER mei");
	cockpit_shows(&pair.onlooker, "session RESUMED by");
	cockpit_arm(c);
	cockpit_shows(&pair.onlooker, "OBSERVER mei, armed: ana");
	cockpit_remove(c, "incident/timeline.jsonl"); /* it fits no schema */
	pair_free(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_what_an_attempt_says),
		cmocka_unit_test(sees_what_is_sensed_between_two_changes),
		cmocka_unit_test(tells_that_nobody_has_it),
		cmocka_unit_test(looks_on_behind_damage),
		cmocka_unit_test(has_no_key_that_cannot_act_and_leaves_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
