// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "relight/chain.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/story.h"

static struct event *event_of(enum event_kind kind, const char *by, const char *step,
	const char *dependency, const char *data)
{
	struct event *event = event_new(kind);
	event->by = memory_copy_text(by);
	wall_parse("2026-07-03T03:05:31Z", &event->ts);
	event->at = WALL_NONE;
	if (step)
		event_set_step(event, step);
	if (dependency)
		event_set_dependency(event, dependency);
	cJSON_Delete(event->data);
	event->data = cJSON_Parse(data);
	assert_non_null(event->data);
	return event;
}

static void assert_told(const struct runbook *runbook, struct event *event, const char *who,
	enum tone tone, const char *text)
{
	struct story story = {0};
	story_tell(runbook, event, &story);
	assert_string_equal(story.who, who);
	assert_string_equal(buf_str(&story.text), text);
	assert_int_equal(story.tone, tone);
	story_fini(&story);
	event_free(event);
}

static const struct told {
	enum event_kind kind;
	const char *by, *step, *dependency;
	int attempt;
	const char *data, *who;
	enum tone tone;
	const char *text;
} tales[] = {
	{EVENT_STEP_INTENT, "ana", "restore-postgres", NULL, 1, "{\"role\":\"run\"}", "ana",
		TONE_PERSON, "STARTED restore-postgres, attempt 1"},
	{EVENT_STEP_INTENT, "relight", "restore-postgres", NULL, 2,
		"{\"role\":\"run\",\"why\":\"automatic retry 1 of 2\"}", "relight", TONE_PLAIN,
		"STARTED restore-postgres, attempt 2: automatic retry 1 of 2"},
	{EVENT_STEP_INTENT, "ana", "restore-postgres", NULL, 2, "{\"role\":\"rollback\"}", "ana",
		TONE_PERSON, "ROLLS BACK restore-postgres, attempt 2"},
	{EVENT_STEP_INTENT, "ana", "restore-postgres", NULL, 2,
		"{\"role\":\"run\",\"amended\":true,\"why\":\"no lock\"}", "ana", TONE_PERSON,
		"STARTED restore-postgres, attempt 2, amended: no lock"},
	{EVENT_STEP_INTENT, "ana", "restore-postgres", NULL, 2,
		"{\"role\":\"run\",\"amended\":true,\"action\":{\"command\":[\"sh\",\"-c\",\"a "
		"b\"]}}",
		"ana", TONE_PERSON, "STARTED restore-postgres, attempt 2, amended to: sh -c 'a b'"},
	{EVENT_STEP_RESULT, "relight", "workflow-worker", NULL, 2,
		"{\"outcome\":\"failed\",\"exit\":1,\"why\":\"exit 1; hint: wait\"}", "relight",
		TONE_BAD, "FAILED workflow-worker, attempt 2, exit 1; hint: wait"},
	{EVENT_STEP_RESULT, "relight", "workflow-worker", NULL, 2,
		"{\"outcome\":\"failed\",\"exit\":1}", "relight", TONE_BAD,
		"FAILED workflow-worker, attempt 2, exit 1"},
	{EVENT_STEP_RESULT, "relight", "workflow-worker", NULL, 2,
		"{\"outcome\":\"failed\",\"signal\":9,\"why\":\"out of\\nmemory\"}", "relight",
		TONE_BAD, "FAILED workflow-worker, attempt 2, signal 9: out of memory"},
	{EVENT_STEP_RESULT, "relight", "a", NULL, 1,
		"{\"outcome\":\"success\",\"exit\":0,\"duration_ms\":61400}", "relight", TONE_PLAIN,
		"ENDED a, attempt 1, good, in 1m1s"},
	{EVENT_STEP_RESULT, "relight", "a", NULL, 1,
		"{\"outcome\":\"timeout\",\"duration_ms\":900}", "relight", TONE_BAD,
		"TIMED OUT a, attempt 1, after 900ms"},
	{EVENT_LOG_SEGMENT, "relight", NULL, NULL, 0, "{\"path\":\"/d/timeline-2.jsonl\"}",
		"relight", TONE_DIM, "record goes on in /d/timeline-2.jsonl"},
	{EVENT_LOG_SEGMENT, "ana", NULL, NULL, 0,
		"{\"path\":\"/d/timeline-2.jsonl\",\"bad_lines\":2,\"first_bad_line\":4}", "ana",
		TONE_BAD, "DAMAGED RECORD, 2 bad, from line 4 on: goes on in /d/timeline-2.jsonl"},
	{EVENT_STEP_EXTENDED, "ana", "a", NULL, 1, "{\"by_s\":5400}", "ana", TONE_PERSON,
		"MORE TIME a: 1h30m"},
	{EVENT_STEP_STOPPING, "relight", "a", NULL, 1,
		"{\"cause\":\"timeout\",\"after_ms\":9,\"signal\":15,\"grace_ms\":30000,"
		"\"too_late_s\":300}",
		"relight", TONE_WARN,
		"STOPPING a, attempt 1: its time is up, signal 15, KILL in 30s; 5m more came TOO "
		"LATE"},
	{EVENT_STEP_STOPPING, "relight", "a", NULL, 1, "{\"cause\":\"cancel\",\"after_ms\":9}",
		"relight", TONE_WARN, "STOPPING a, attempt 1: cancelled"},
	{EVENT_STEP_RESULT, "relight", "a", NULL, 1, "{\"outcome\":\"never-started\",\"why\":\"\"}",
		"relight", TONE_WARN, "NEVER STARTED a, attempt 1"},
	{EVENT_DEPENDENCY_STATUS, "relight", NULL, "pg-primary", 0,
		"{\"from\":\"missing\",\"to\":\"progressing\",\"message\":\"creating\","
		"\"expectation\":\"due\"}",
		"sensed", TONE_DIM, "pg-primary: missing -> progressing \"creating\""},
	{EVENT_DEPENDENCY_STATUS, "relight", NULL, "kms", 0,
		"{\"from\":\"healthy\",\"to\":\"degraded\",\"expectation\":\"held\"}", "sensed",
		TONE_BAD, "kms: healthy -> degraded"},
	{EVENT_DEPENDENCY_STATUS, "relight", NULL, "kms", 0,
		"{\"from\":\"degraded\",\"to\":\"unknown\",\"expectation\":\"given\",\"flaps\":4}",
		"sensed", TONE_WARN, "kms: degraded -> unknown, 4 changes held back"},
	{EVENT_DEPENDENCY_STATUS, "relight", NULL, "kms", 0,
		"{\"from\":\"degraded\",\"to\":\"healthy\"}", "sensed", TONE_GOOD,
		"kms: degraded -> healthy"},
	{EVENT_STEP_VERIFIED, "relight", "restore-postgres", NULL, 1,
		"{\"observations\":[{\"dependency\":\"pg-primary\",\"status\":\"healthy\"},{"
		"\"dependency\":\"pg-replica\","
		"\"status\":\"healthy\"}]}",
		"sensed", TONE_GOOD,
		"pg-primary healthy, pg-replica healthy; restore-postgres done"},
	{EVENT_STEP_VERIFIED, "relight", "wait", NULL, 0, "{}", "sensed", TONE_GOOD, "wait done"},
	{EVENT_STEP_REGRESSED, "relight", "kms-grants", NULL, 0,
		"{\"observations\":[{\"dependency\":\"fine\",\"status\":\"healthy\"},{"
		"\"dependency\":\"case-api-decrypts\","
		"\"status\":\"degraded\"}]}",
		"sensed", TONE_BAD, "LOST case-api-decrypts; kms-grants unticks"},
	{EVENT_STEP_REGRESSED, "relight", "kms-grants", NULL, 0, "{}", "sensed", TONE_BAD,
		"kms-grants unticks"},
	{EVENT_STEP_CONFIRMED, "ben", "check-quota", NULL, 0, "{\"say\":\"AWS case 1187-22\"}",
		"ben", TONE_PERSON, "ATTESTS check-quota \"AWS case 1187-22\""},
	{EVENT_STEP_CONFIRMED, "ben", "db-credentials", NULL, 0,
		"{\"say\":\"rotated\",\"by_hand\":true}", "ben", TONE_PERSON,
		"by hand db-credentials \"rotated\""},
	{EVENT_STEP_SKIPPED, "relight", "shift", NULL, 0,
		"{\"why\":\"decision topology chose degraded\"}", "relight", TONE_PLAIN,
		"SKIPPED shift: decision topology chose degraded"},
	{EVENT_STEP_RESOLVED, "relight", "a", NULL, 1,
		"{\"to\":\"failed\",\"how\":\"settle is over\"}", "relight", TONE_BAD,
		"RESOLVED a: failed: settle is over"},
	{EVENT_STEP_RESOLVED, "relight", "a", NULL, 1, "{\"to\":\"done\"}", "relight", TONE_GOOD,
		"RESOLVED a: done"},
	{EVENT_DECISION, "ana", "topology", NULL, 0,
		"{\"chosen\":\"failover\",\"why\":\"the region is gone\",\"view\":{}}", "ana",
		TONE_PERSON, "DECIDED topology: failover \"the region is gone\""},
	{EVENT_WAIVER, "mei", NULL, "search", 0,
		"{\"as\":\"degraded\",\"why\":\"intake works\",\"until\":\"2026-07-03T06:00:00Z\"}",
		"mei", TONE_WARN, "WAIVED search until 06:00:00 \"intake works\""},
	{EVENT_WAIVER, "mei", "b", NULL, 0,
		"{\"as\":\"start-anyway\",\"edge\":\"a\",\"why\":\"so\"}", "mei", TONE_WARN,
		"WAIVED b, a \"so\""},
	{EVENT_INCIDENT_DECLARED, "ana", NULL, NULL, 0,
		"{\"id\":\"x\",\"impact_at\":\"2026-07-03T02:47:00Z\"}", "ana", TONE_PERSON,
		"DECLARED x; impact 02:47:00"},
	{EVENT_INCIDENT_SERVING, "relight", NULL, NULL, 0, "{\"since\":\"2026-07-03T03:40:00Z\"}",
		"sensed", TONE_GOOD, "SERVING since 03:40:00"},
	{EVENT_INCIDENT_INTERRUPTED, "relight", NULL, "intake", 0,
		"{\"function\":\"f\",\"since\":\"2026-07-03T03:40:00Z\",\"status\":\"degraded\","
		"\"message\":\"HTTP 502\"}",
		"sensed", TONE_BAD,
		"NO LONGER SERVING f since 03:40:00: intake degraded \"HTTP 502\""},
	{EVENT_RUNBOOK_LOADED, "relight", NULL, NULL, 0,
		"{\"name\":\"r\",\"sha256\":\"0123456789abcdef0123\"}", "relight", TONE_DIM,
		"runbook r, sha256 0123456789ab"},
	{EVENT_TARGET_PINNED, "relight", NULL, NULL, 0,
		"{\"target\":\"recovery\",\"endpoint\":\"https://"
		"h\",\"fingerprint\":{\"uid\":\"0b1c\",\"ca_sha256\":\"9f\"}}",
		"sensed", TONE_PLAIN, "PINNED recovery at https://h: uid 0b1c ca_sha256 9f"},
	{EVENT_MARK, "ana", NULL, NULL, 0,
		"{\"awaited\":1,\"due\":0,\"held\":2,\"lost\":4,\"given\":3,\"oldest_age_s\":7}",
		"ana", TONE_DIM,
		"still at the screen: 4 lost, 2 held, 3 given, 1 not restored yet; the oldest seen "
		"7s before"},
	{EVENT_MARK, "ana", NULL, NULL, 0,
		"{\"awaited\":0,\"due\":0,\"held\":0,\"lost\":0,\"given\":0,\"oldest_age_s\":0}",
		"ana", TONE_DIM, "still at the screen"},
	{EVENT_MARK, "ana", NULL, NULL, 0, "{\"held\":\"many\"}", "ana", TONE_DIM,
		"still at the screen"},
	{EVENT_CLOCK_STEP, "relight", NULL, NULL, 0, "{\"delta_us\":-2699999977}", "relight",
		TONE_WARN, "the wall clock stepped by -45m, from 03:50:30 to 03:05:31"},
	{EVENT_CLOCK_STEP, "relight", NULL, NULL, 0, "{\"delta_us\":17999999977}", "relight",
		TONE_WARN,
		"the wall clock stepped by +5h, from 2026-07-02T22:05:31 to 2026-07-03T03:05:31"},
	{EVENT_CLOCK_STEP, "relight", NULL, NULL, 0, "{\"delta_us\":600000}", "relight", TONE_WARN,
		"the wall clock stepped by +1s, from 03:05:30 to 03:05:31"},
	{EVENT_CLOCK_STEP, "relight", NULL, NULL, 0, "{\"delta_us\":8e15}", "relight", TONE_WARN,
		"the wall clock stepped by more than a hundred years"},
	{EVENT_SOURCE_GONE, "mei", NULL, NULL, 0,
		"{\"targets\":[\"prod-a\",\"prod-b\"],\"why\":\"burnt\"}", "mei", TONE_PERSON,
		"SOURCE GONE prod-a, prod-b: burnt"},
	{EVENT_NOTE, "ben", NULL, NULL, 0,
		"{\"type\":\"hypothesis\",\"text\":\"the grant went with it\"}", "ben", TONE_PERSON,
		"hypothesis: the grant went with it"},
	{EVENT_NOTE, "ben", NULL, NULL, 0, "{\"text\":\"hm\"}", "ben", TONE_PERSON, "note: hm"},
	{EVENT_FOLLOWUP, "ben", NULL, NULL, 0, "{\"text\":\"test it\",\"owner\":\"raj\"}", "ben",
		TONE_PERSON, "follow-up: test it, for raj"},
	{EVENT_FOLLOWUP, "ben", NULL, NULL, 0,
		"{\"text\":\"test it\",\"owner\":\"raj\",\"done\":true}", "ben", TONE_PERSON,
		"follow-up done: test it"},
	{EVENT_WAIVER_ENDED, "relight", NULL, "search", 0,
		"{\"of\":212,\"why\":\"its end has come\"}", "relight", TONE_PLAIN,
		"waiver #212 of search ended: its end has come"},
	{EVENT_INPUT_SET, "ana", NULL, NULL, 0, "{\"name\":\"db_token\",\"from\":\"person\"}",
		"ana", TONE_PERSON, "set input db_token, from person"},
	// What the kind needs and the line lacks.
	{EVENT_STEP_SKIPPED, "ana", NULL, NULL, 0, "{}", "ana", TONE_PERSON, "SKIPPED ?"},
	{EVENT_DEPENDENCY_STATUS, "relight", NULL, "kms", 0, "{\"to\":7}", "sensed", TONE_DIM,
		"kms: 7"},
};

static void test_tales(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof tales / sizeof *tales; i++) {
		const struct told *tale = &tales[i];
		struct event *event =
			event_of(tale->kind, tale->by, tale->step, tale->dependency, tale->data);
		event->attempt = tale->attempt;
		assert_told(NULL, event, tale->who, tale->tone, tale->text);
	}
}

static void test_every_kind_has_a_sentence(void **unused)
{
	(void)unused;
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		struct event *event = event_of((enum event_kind)kind, "ana", "a", "d", "{}");
		struct story story = {0};
		story_tell(NULL, event, &story);
		assert_true(story.text.length > 0);
		assert_null(strchr(buf_str(&story.text), '{'));
		assert_null(strchr(buf_str(&story.text), ']'));
		assert_string_not_equal(
			buf_str(&story.text), event_kind_word((enum event_kind)kind));
		story_fini(&story);
		event_free(event);
	}
}

static void test_unknown_kinds_are_shown_by_their_word(void **unused)
{
	(void)unused;
	static const char line[] =
		"{\"v\":1,\"seq\":0,\"ts\":\"2026-07-03T03:05:31.000000Z\",\"mono_us\":1,\"boot\":"
		"\"b\",\"sid\":\"s\",\"by\":\"ana\","
		"\"mode\":\"live\",\"kind\":\"step.teleported\",\"step\":\"pg\",\"data\":{},"
		"\"prev\":\"" CHAIN_START "\",\"h\":\"" CHAIN_START "\"}";
	struct event *event = event_decode(line, sizeof line - 1, NULL);
	assert_non_null(event);
	assert_told(NULL, event, "ana", TONE_DIM, "step.teleported pg");
}

static void test_another_time_is_said(void **unused)
{
	(void)unused;
	struct event *event = event_of(
		EVENT_NOTE, "ben", NULL, NULL, "{\"type\":\"action\",\"text\":\"rotated\"}");
	wall_parse("2026-07-03T03:01:40Z", &event->at);
	assert_told(NULL, event, "ben", TONE_PERSON, "action: rotated (of 03:01:40)");
}

static void test_the_runbook_knows_how_long(void **unused)
{
	(void)unused;
	static const char text[] = "relight: 1\nname: r\ndependencies:\n- {id: pg, check: {manual: "
				   "up?}, stable: 30s}\n"
				   "steps: [{id: a, restores: [pg]}]\n";
	struct diags diags = {.file = "r.yaml"};
	struct runbook *runbook = runbook_load(text, sizeof text - 1, ".", &diags);
	assert_non_null(runbook);
	struct event *event = event_of(EVENT_STEP_VERIFIED, "relight", "a", NULL,
		"{\"observations\":[{\"dependency\":\"pg\",\"status\":\"healthy\"},{\"dependency\":"
		"\"of another\"}]}");
	assert_told(
		runbook, event, "sensed", TONE_GOOD, "pg healthy for 30s, of another ?; a done");
	runbook_free(runbook);
	diags_fini(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tales),
		cmocka_unit_test(test_every_kind_has_a_sentence),
		cmocka_unit_test(test_unknown_kinds_are_shown_by_their_word),
		cmocka_unit_test(test_another_time_is_said),
		cmocka_unit_test(test_the_runbook_knows_how_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
