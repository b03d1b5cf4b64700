// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* Two people open the same incident. RELIGHT_RACES says how often, RELIGHT_SEED which delays. */

#define RACES   8
#define LATE_MS 400 /* the second one comes at most so much later */

static const char runbook[] = "relight: 1\n"
			      "name: raced\n"
			      "steps:\n"
			      "- {id: one, manual: look}\n";

static long asked_for(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : otherwise;
}

static double now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static struct screen *person(const struct cockpit *c, const char *verb, const char *name)
{
	char path[160], home[160], operator[64];
	const char *run[] = {getenv("RELIGHT"), "run", path, "--dir", c->incident, NULL};
	const char *resume[] = {getenv("RELIGHT"), "resume", c->incident, NULL};
	const char *env[] = {home, operator, "XDG_STATE_HOME", "XDG_RUNTIME_DIR", NULL};

	snprintf(path, sizeof path, "%s/runbook.yaml", c->folder);
	snprintf(home, sizeof home, "HOME=%s", c->folder);
	snprintf(operator, sizeof operator, "RELIGHT_OPERATOR=%s", name);
	return screen_start(24, 80, verb[2] == 'n' ? run : resume, env);
}

static bool looks_on(struct screen *s)
{
	return screen_has(s, " has this incident");
}

static bool writes(struct screen *s)
{
	return screen_has(s, "until A arms you");
}

struct race {
	struct screen *first, *second;
	double began_ms, seen_ms; /* of the second: when it was started, and when it showed */
};

static bool await_both(struct race *race)
{
	double until = now_ms() + COCKPIT_MS;

	/* Both are read in turn, so that neither waits for its terminal. */
	while (now_ms() < until) {
		screen_pause(race->first, 1);
		screen_pause(race->second, 1);
		if (race->seen_ms == 0 && looks_on(race->second))
			race->seen_ms = now_ms();
		if (looks_on(race->first) != looks_on(race->second) &&
			writes(race->first) != writes(race->second))
			return true;
	}
	screen_dump(race->first, "the first");
	screen_dump(race->second, "the second");
	return false;
}

/* Lines of the record that do not have the session of its first one. */
static int lines_of_others(const struct cockpit *c)
{
	char *record = cockpit_record(c), *sid = strstr(record, "\"sid\":\"");
	int others = 0;

	assert_non_null(sid);
	for (char *line = record, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		others += strncmp(strstr(line, "\"sid\":\""), sid, 20) != 0;
	}
	free(record);
	return others;
}

static void expect_verified(const struct cockpit *c)
{
	char command[512];

	snprintf(command, sizeof command, "'%s' timeline verify '%s' >/dev/null", getenv("RELIGHT"),
		c->incident);
	assert_int_equal(system(command), 0);
}

/* One writes, the other looks on, and the record has the lines of one session alone. Returns after
 * how many milliseconds the second one looked on; negative: it is the one that writes. */
static double one_writes(int late_ms)
{
	struct cockpit *c = cockpit_new(runbook);
	struct race race = {.first = person(c, "run", "ana")};

	if (late_ms > 0)
		screen_pause(race.first, late_ms);
	race.began_ms = now_ms();
	race.second = person(c, "run", "mei");
	if (!await_both(&race))
		fail_msg("not one writes and one looks on, the second one %d ms later", late_ms);

	cockpit_records(c, "\"kind\":\"session.open\"", NULL);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"session.open\"", NULL), 1);
	assert_int_equal(lines_of_others(c), 0);
	expect_verified(c);
	if (!looks_on(race.second))
		race.seen_ms = race.began_ms - 1;
	screen_free(race.first);
	screen_free(race.second);
	cockpit_free(c);
	return race.seen_ms - race.began_ms;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void report(const char *what, double *ms, long count)
{
	qsort(ms, (size_t)count, sizeof *ms, by_value);
	if (count > 0)
		print_message("%s: %ld, the second one looks on after %.0f ms (median), %.0f ms "
			      "(p99), %.0f ms (most)\n",
			what, count, ms[count / 2], ms[(count * 99) / 100], ms[count - 1]);
}

static void of_two_that_open_it_one_writes(void **unused)
{
	long races = asked_for("RELIGHT_RACES", RACES), together = 0, later = 0;
	double *at_once = calloc((size_t)races, sizeof *at_once),
	       *late = calloc((size_t)races, sizeof *late);

	(void)unused;
	srand((unsigned)asked_for("RELIGHT_SEED", 1));
	for (long i = 0; i < races; i++) {
		int late_ms = i % 2 ? 0 : rand() % LATE_MS;
		double ms = one_writes(late_ms);

		if (ms >= 0 && late_ms)
			late[later++] = ms;
		else if (ms >= 0)
			at_once[together++] = ms;
	}
	report("started together", at_once, together);
	report("started later", late, later);
	free(at_once);
	free(late);
}

/* One goes on, the other one is told who has it. */
static void one_goes_on(void)
{
	struct cockpit *c = cockpit_new(runbook);

	cockpit_run(c);
	assert_int_equal(cockpit_quit(c), 1);

	struct screen *people[] = {person(c, "resume", "ana"), person(c, "resume", "mei")};
	double until = now_ms() + COCKPIT_MS;
	int shown = 0, refused = 0;

	while (shown + refused < 2 && now_ms() < until) {
		shown = refused = 0;
		for (int i = 0; i < 2; i++) {
			screen_pause(people[i], 1);
			shown += screen_has(people[i], "until A arms you");
			refused += screen_has(people[i], "another relight is");
		}
	}
	if (shown != 1 || refused != 1) {
		screen_dump(people[0], "the first");
		screen_dump(people[1], "the second");
		fail_msg("%d go on, %d are refused", shown, refused);
	}
	cockpit_records(c, "\"kind\":\"session.resumed\"", NULL);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"session.resumed\"", NULL), 1);
	expect_verified(c);
	screen_free(people[0]);
	screen_free(people[1]);
	cockpit_free(c);
}

static void of_two_that_resume_it_one_goes_on(void **unused)
{
	long races = asked_for("RELIGHT_RACES", RACES) / 4;

	(void)unused;
	for (long i = 0; i < races; i++)
		one_goes_on();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_that_open_it_one_writes),
		cmocka_unit_test(of_two_that_resume_it_one_goes_on),
	};

	return cmocka_run_group_tests_name("cockpit_races", tests, NULL, NULL);
}
