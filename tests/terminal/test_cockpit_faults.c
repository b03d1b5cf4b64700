// SPDX-License-Identifier: Apache-2.0
#include "cockpit.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* What relight itself stands on gives way: the record's disk, the sensor. */

static const char plain[] =
	"relight: 1\n"
	"name: plain\n"
	"dependencies:\n"
	"  - {id: marker, title: The marker file, check: {command: [test, -e, marker]}, every: 1s, "
	"timeout: 1s}\n"
	"steps:\n"
	"  - {id: one, needs: [], run: {command: [touch, one.ran]}, takes: 1s, timeout: 1m}\n"
	"  - {id: two, needs: [], requires: [marker], run: {command: [touch, two.ran]}, "
	"takes: "
	"1s, timeout: 1m}\n"
	"  - {id: held, needs: [], run: {shell: '" COCKPIT_HOLD "'}, takes: 1s, timeout: 1m}\n";

/* --- the record ------------------------------------------------------------------------------- */

/* From now on the cockpit's files may not be larger than the record is now; or as large as it
 * likes. */
static void limit_record(struct cockpit *c, bool is_limited)
{
	struct rlimit limit;
	struct stat is;
	char path[192];

	snprintf(path, sizeof path, "%s/timeline.jsonl", c->incident);
	assert_int_equal(stat(path, &is), 0);
	assert_int_equal(prlimit(screen_pid(c->screen), RLIMIT_FSIZE, NULL, &limit), 0);
	limit.rlim_cur = is_limited ? (rlim_t)is.st_size + 100 : limit.rlim_max;
	assert_int_equal(prlimit(screen_pid(c->screen), RLIMIT_FSIZE, &limit, NULL), 0);
}

static struct cockpit *with_a_full_disk(void)
{
	struct cockpit *c = cockpit_new(plain);

	cockpit_touch(c, "marker");
	cockpit_run_armed(c);
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	limit_record(c, true);
	cockpit_press(c, "n");
	cockpit_answer(c, "Tab changes its type", "the disk is full", NULL);
	cockpit_shows(c, "!! THE RECORD CANNOT BE WRITTEN");
	return c;
}

static void expect_verified(struct cockpit *c)
{
	cockpit_start(
		c, 24, 80, (const char *const[]){"timeline", "verify", "INCIDENT", NULL}, NULL);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 0);
}

static void a_full_disk_stops_new_actions(void **unused)
{
	struct cockpit *c = with_a_full_disk();

	(void)unused;
	cockpit_shows(c, "record FAULT");
	cockpit_shows(c, "File too large");
	cockpit_go(c, "one");
	cockpit_press(c, "s");
	cockpit_shows(c, "the record cannot be written");
	assert_false(screen_has(c->screen, "start one"));
	assert_false(cockpit_exists(c, "one.ran"));
	limit_record(c, false);
	cockpit_hides(c, "THE RECORD CANNOT BE WRITTEN");
	cockpit_records(c, "\"kind\":\"note\"", "the disk is full");
	cockpit_records(c, "\"kind\":\"fault\"", "File too large");
	cockpit_press(c, "s");
	cockpit_answer(c, "start one", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"one\"");
	assert_int_equal(cockpit_quit(c), 1);
	expect_verified(c);
	cockpit_free(c);
}

static void going_on_unrecorded_is_typed_in_full(void **unused)
{
	struct cockpit *c = with_a_full_disk();

	(void)unused;
	cockpit_palette(c, "continue-unrecorded");
	cockpit_fill(c, "go on UNRECORDED", "yes", NULL);
	cockpit_shows(c, "that is not it");
	cockpit_press(c, "Backspace Backspace Backspace");
	cockpit_answer(c, "go on UNRECORDED", "continue unrecorded", NULL);
	cockpit_shows(c, "  UNRECORDED");
	cockpit_go(c, "one");
	cockpit_press(c, "s");
	cockpit_answer(c, "start one", NULL, NULL);
	cockpit_shows(c, "[x] one");
	assert_true(cockpit_exists(c, "one.ran"));
	assert_int_equal(cockpit_recorded(c, "\"step\":\"one\"", NULL), 0);
	limit_record(c, false);
	cockpit_hides(c, "UNRECORDED");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"one\"");
	cockpit_records(c, "\"kind\":\"fault\"", "goes on unrecorded");
	assert_int_equal(cockpit_quit(c), 1);
	expect_verified(c);
	cockpit_free(c);
}

static void what_the_disk_never_took_is_saved_elsewhere(void **unused)
{
	struct cockpit *c = with_a_full_disk();
	char command[512];

	(void)unused;
	assert_int_equal(cockpit_quit(c), 1);
	assert_true(screen_has(c->screen, "once there is room: cp /"));
	assert_int_equal(cockpit_recorded(c, "the disk is full", NULL), 0);
	snprintf(command, sizeof command,
		"cp '%s'/relight-$(sed -n 's/.*\"id\":\"\\([^\"]*\\)\".*/\\1/p' %s/timeline.jsonl "
		"| head -n1)-pending-* %s/timeline-2.jsonl",
		c->folder, c->incident, c->incident);
	assert_int_equal(system(command), 0);
	expect_verified(c);
	cockpit_free(c);
}

/* What `relight WORD INCIDENT MORE` says while the cockpit has the incident, and its exit code. */
static int asked(struct cockpit *c, const char *word, const char *more, char said[1024])
{
	char command[512];

	snprintf(command, sizeof command, "timeout 20 \"$RELIGHT\" %s '%s' %s 2>&1 >/dev/null",
		word, c->incident, more);
	FILE *out = popen(command, "r");

	assert_non_null(out);
	said[fread(said, 1, 1023, out)] = '\0';
	return WEXITSTATUS(pclose(out));
}

/* What only this session has would be lost to whoever takes the incident. */
static void nobody_takes_what_is_not_on_disk(void **unused)
{
	struct cockpit *c = with_a_full_disk();
	char said[1024], kill[64];

	(void)unused;
	assert_int_equal(asked(c, "note", "'from elsewhere'", said), 1);
	assert_non_null(strstr(said, "note: not on disk yet: "));
	assert_non_null(strstr(said, "do not repeat it"));
	assert_int_equal(asked(c, "take", "--headless", said), 1);
	assert_non_null(strstr(said, " events are not on disk yet: "));
	assert_non_null(strstr(said, "File too large; make room, then take it; or end it: "));
	snprintf(kill, sizeof kill, "kill %d: ", (int)screen_pid(c->screen));
	assert_non_null(strstr(said, kill));
	cockpit_shows(c, "!! THE RECORD CANNOT BE WRITTEN");
	limit_record(c, false);
	cockpit_hides(c, "THE RECORD CANNOT BE WRITTEN");
	cockpit_records(c, "\"kind\":\"note\"", "from elsewhere");
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"note\"", "from elsewhere"), 1);
	asked(c, "take", "--headless --why 'there is room'", said);
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 1);
	assert_int_equal(cockpit_recorded(c, "\"kind\":\"session.ended\"", "there is room"), 1);
	expect_verified(c);
	cockpit_free(c);
}

/* Where the home takes nothing, the record goes on in a refuge, and the recovery with it. */
static void a_refuge_takes_the_record_meanwhile(void **unused)
{
	struct cockpit *c = cockpit_new(plain);
	char runtime[160];

	(void)unused;
	snprintf(runtime, sizeof runtime, "XDG_RUNTIME_DIR=%s", c->folder);
	cockpit_touch(c, "marker");
	cockpit_start(c, 24, 80, (const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL},
		(const char *const[]){runtime, NULL});
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	cockpit_arm(c);
	limit_record(c, true);
	cockpit_press(c, "n");
	cockpit_answer(c, "Tab changes its type", "the disk is full", NULL);
	cockpit_shows(c, "!! THE RECORD IS NOT AT HOME: File too large");
	cockpit_shows(c, "It goes on in /tmp/relight-cockpit-");
	cockpit_shows(c, "record AWAY");
	assert_int_equal(cockpit_recorded(c, "the disk is full", NULL), 0);
	assert_true(cockpit_anywhere(c, "the disk is full"));
	cockpit_go(c, "one");
	cockpit_press(c, "s");
	cockpit_answer(c, "start one", NULL, NULL);
	cockpit_shows(c, "[x] one");
	assert_int_equal(cockpit_recorded(c, "\"step\":\"one\"", NULL), 0);
	limit_record(c, false);
	cockpit_hides(c, "THE RECORD IS NOT AT HOME");
	cockpit_records(c, "\"kind\":\"step.result\"", "\"step\":\"one\"");
	cockpit_records(c, "\"kind\":\"log.segment\"", "/relight/");
	assert_int_equal(cockpit_quit(c), 1);
	expect_verified(c);
	cockpit_free(c);
}

static void a_slow_disk_leaves_the_screen_alive(void **unused)
{
	struct cockpit *c = cockpit_new(plain);
	char said[1024];

	(void)unused;
	cockpit_touch(c, "marker");
	cockpit_start_with(c, "slow", "SLOW_WHILE",
		(const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL});
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	cockpit_arm(c);
	cockpit_records(c, "\"kind\":\"mode.armed\"", NULL);
	cockpit_touch(c, "slow");
	cockpit_go(c, "one");
	cockpit_press(c, "s");
	cockpit_answer(c, "start one", NULL, NULL);
	cockpit_shows(c, "recording");
	cockpit_press(c, "?");
	cockpit_shows(c, "Moving about");
	cockpit_press(c, "Esc");
	cockpit_hides(c, "Moving about");
	assert_true(screen_has(c->screen, "recording"));
	/* Whoever took it over now might go on without what is on its way to the disk. */
	screen_pause(c->screen, 1200);
	assert_int_equal(asked(c, "take", "--headless", said), 1);
	assert_non_null(strstr(said, " events are not on disk yet: "));
	cockpit_shows(c, "!! THE RECORD CANNOT BE WRITTEN: the disk has not answered for 1");
	assert_false(cockpit_exists(c, "one.ran")); /* its intent is not on the disk */
	cockpit_remove(c, "slow");
	cockpit_hides(c, "THE RECORD CANNOT BE WRITTEN");
	cockpit_shows(c, "[x] one");
	cockpit_hides(c, "recording");
	assert_true(cockpit_exists(c, "one.ran"));
	assert_int_equal(cockpit_quit(c), 1);
	expect_verified(c);
	cockpit_free(c);
}

/* What waits for the disk has not begun, and whoever leaves is told so, and what is waited for. */
static void leaving_while_the_disk_is_slow(void **unused)
{
	struct cockpit *c = cockpit_new(plain);

	(void)unused;
	cockpit_start_with(c, "slow", "SLOW_WHILE",
		(const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL});
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_records(c, "\"kind\":\"dependency.status\"", NULL);
	cockpit_arm(c);
	cockpit_records(c, "\"kind\":\"mode.armed\"", NULL);
	cockpit_go(c, "held");
	cockpit_press(c, "s");
	cockpit_answer(c, "start held", NULL, NULL);
	cockpit_records(c, "\"kind\":\"step.spawned\"", NULL);
	cockpit_touch(c, "slow");
	cockpit_go(c, "one");
	cockpit_press(c, "s");
	cockpit_answer(c, "start one", NULL, NULL);
	cockpit_shows(c, "recording");
	cockpit_press(c, "q");
	cockpit_shows(c, "one waits for the disk and does not start then.");
	cockpit_shows(c, "held is running and goes on.");
	cockpit_confirm(c, "The incident stays open");
	cockpit_shows(
		c, "relight: record: "); /* that it waits; of a slow machine that it did not */
	cockpit_remove(c, "slow");
	assert_int_equal(screen_wait_exit(c->screen, COCKPIT_MS), 1);
	assert_true(screen_has(c->screen, "an attempt is running"));
	assert_false(cockpit_exists(c, "one.ran"));
	cockpit_remove(c, "hold");
	expect_verified(c);
	cockpit_free(c);
}

/* What a step has become is said when the disk has it, and not before. */
static void a_slow_disk_has_the_result_first(void **unused)
{
	struct cockpit *c = cockpit_new(plain);

	(void)unused;
	cockpit_start_with(c, "slow", "SLOW_WHILE",
		(const char *const[]){"run", "RUNBOOK", "--dir", "INCIDENT", NULL});
	cockpit_shows(c, "RESTORE ORDER");
	cockpit_arm(c);
	cockpit_go(c, "held");
	cockpit_press(c, "s");
	cockpit_answer(c, "start held", NULL, NULL);
	cockpit_shows(c, "[>] held              running");
	cockpit_records(c, "\"kind\":\"step.spawned\"", NULL);
	cockpit_touch(c, "slow");
	cockpit_remove(c, "hold");
	cockpit_shows(c, "[>] held              recording");
	assert_false(screen_has(c->screen, "[x]"));
	cockpit_remove(c, "slow");
	cockpit_shows(c, "[x] held");
	cockpit_free(c);
}

/* --- the sensor ------------------------------------------------------------------------------- */

static pid_t sensor_of(struct cockpit *c)
{
	pid_t sensor = 0;

	for (int i = 0; i < 500 && !sensor; i++) {
		sensor = cockpit_child(c, "probe");
		screen_pause(c->screen, 20);
	}
	assert_true(sensor > 0);
	return sensor;
}

static void a_killed_sensor_comes_back(void **unused)
{
	struct cockpit *c = cockpit_new(plain);
	pid_t first;

	(void)unused;
	cockpit_run(c);
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"degraded\"");
	first = sensor_of(c);
	assert_int_equal(kill(first, SIGKILL), 0);
	cockpit_shows(c, "THE SENSOR IS DOWN");
	cockpit_records(c, "\"kind\":\"sensor.down\"", "\"why\":\"");
	cockpit_hides(c, "THE SENSOR IS DOWN");
	cockpit_records(c, "\"kind\":\"sensor.up\"", NULL);
	assert_int_not_equal(sensor_of(c), first);
	cockpit_touch(c, "marker");
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	cockpit_free(c);
}

static void a_silent_sensor_is_not_believed(void **unused)
{
	struct cockpit *c = cockpit_new(plain);
	pid_t sensor;

	(void)unused;
	cockpit_touch(c, "marker");
	cockpit_run_armed(c);
	cockpit_shows(c, "two");
	cockpit_records(c, "\"kind\":\"dependency.status\"", "\"to\":\"healthy\"");
	cockpit_press(c, "d");
	cockpit_shows(c, "marker healthy");
	sensor = sensor_of(c);
	assert_int_equal(kill(sensor, SIGSTOP), 0);
	cockpit_shows(c, "marker stale");
	cockpit_records(c, "\"kind\":\"dependency.stale\"", "\"dependency\":\"marker\"");
	cockpit_shows(c, "THE SENSOR IS DOWN");
	cockpit_shows(c, "sensor DOWN");
	cockpit_records(c, "\"kind\":\"sensor.down\"", NULL);
	cockpit_go(c, "two");
	cockpit_press(c, "s");
	cockpit_shows(c, "healthy once, now stale");
	assert_int_equal(cockpit_recorded(c, "step.intent", NULL), 0);
	kill(sensor, SIGCONT); /* on a slow machine it was started again by now */
	cockpit_hides(c, "THE SENSOR IS DOWN");
	cockpit_records(c, "\"kind\":\"sensor.up\"", NULL);
	cockpit_records(c, "\"kind\":\"dependency.fresh\"", NULL);
	cockpit_shows(c, "[ ] two");
	cockpit_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_disk_stops_new_actions),
		cmocka_unit_test(going_on_unrecorded_is_typed_in_full),
		cmocka_unit_test(what_the_disk_never_took_is_saved_elsewhere),
		cmocka_unit_test(nobody_takes_what_is_not_on_disk),
		cmocka_unit_test(a_refuge_takes_the_record_meanwhile),
		cmocka_unit_test(a_slow_disk_leaves_the_screen_alive),
		cmocka_unit_test(a_slow_disk_has_the_result_first),
		cmocka_unit_test(leaving_while_the_disk_is_slow),
		cmocka_unit_test(a_killed_sensor_comes_back),
		cmocka_unit_test(a_silent_sensor_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
