// SPDX-License-Identifier: Apache-2.0
//
// What the sensor said last: how old it is, and when what is under way last moved.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"
#include "relight/sensed.h"

#define RUNBOOK                                                                                    \
	"relight: 1\nname: a\n"                                                                    \
	"targets: {prod: {kubernetes: {}}}\n"                                                      \
	"dependencies: [{id: db, check: {command: [x]}, every: 10s, timeout: 5s}]\n"               \
	"steps: [{id: s, manual: x}]\n"
#define SEEN_S 1000 // of the cockpit's clock, which has nothing to do with the sensor's

struct sensed_case {
	struct diags diags;
	struct runbook *runbook;
	struct plan *plan;
	struct state *state;
	struct sensed *sensed;
};

static void begin(struct sensed_case *of)
{
	memset(of, 0, sizeof *of);
	of->diags.file = "runbook.yaml";
	of->runbook = runbook_load(RUNBOOK, strlen(RUNBOOK), ".", &of->diags);
	assert_non_null(of->runbook);
	of->plan = plan_new(of->runbook);
	of->state = state_new(of->runbook, of->plan);
	of->sensed = sensed_new(of->runbook->dependency_count);
}

static void end(struct sensed_case *of)
{
	sensed_free(of->sensed);
	state_free(of->state);
	plan_free(of->plan);
	runbook_free(of->runbook);
	diags_fini(&of->diags);
}

static struct mono at(int64_t s)
{
	return (struct mono){s * US_PER_S};
}

// An observation of 12:00:00 by the sensor's clock; `more` are further members.
static void see(struct sensed_case *of, int64_t heard_s, const char *status, const char *more)
{
	char text[512];
	snprintf(text, sizeof text,
		"{\"dependency\":\"db\",\"ts\":\"2026-07-03T12:00:00Z\",\"status\":\"%s\"%s%s}",
		status, *more ? "," : "", more);
	cJSON *line = json_parse(text, strlen(text), NULL);
	assert_non_null(line);
	assert_int_equal(sensed_observe(of->sensed, of->state, line, at(heard_s), NULL), 0);
	cJSON_Delete(line);
}

static int64_t still_s(const struct sensed_case *of, int64_t now_s)
{
	int64_t ms = sensed_still_ms(of->sensed, of->runbook, 0, at(now_s));
	return ms < 0 ? -1 : ms / MS_PER_S;
}

#define TOLD(TIME) "\"evidence\":{\"progressed\":\"2026-07-03T" TIME "Z\"}"

static void what_is_told_counts_and_goes_on(void **state)
{
	struct sensed_case of;
	(void)state;
	begin(&of);
	see(&of, SEEN_S, "progressing", TOLD("11:58:00"));
	assert_int_equal(still_s(&of, SEEN_S), 120);
	assert_int_equal(still_s(&of, SEEN_S + 7), 127);
	see(&of, SEEN_S + 10, "degraded", TOLD("11:59:50"));
	assert_int_equal(still_s(&of, SEEN_S + 10), 10);
	// A clock ahead of the sensor's tells of the future.
	see(&of, SEEN_S + 11, "progressing", TOLD("12:10:00"));
	assert_int_equal(still_s(&of, SEEN_S + 12), 1);
	// What is fine, gone or not known is not under way.
	static const char *const others[] = {"healthy", "missing", "unknown", "suspended"};
	for (size_t i = 0; i < 4; i++) {
		see(&of, SEEN_S + 13, others[i], TOLD("11:58:00"));
		assert_int_equal(still_s(&of, SEEN_S + 13), -1);
	}
	end(&of);
}

static void what_is_stale_tells_nothing(void **state)
{
	struct sensed_case of;
	(void)state;
	begin(&of);
	assert_int_equal(still_s(&of, SEEN_S), -1);
	see(&of, SEEN_S, "progressing", TOLD("11:58:00"));
	assert_int_equal(still_s(&of, SEEN_S + 25), 145);
	assert_int_equal(still_s(&of, SEEN_S + 26), -1);
	end(&of);
}

// Where nothing is told: the changes that were heard of. How long it stood still before is not
// known, and not said until it is long in any case.
static void what_is_heard_to_change_counts_else(void **state)
{
	struct sensed_case of;
	(void)state;
	begin(&of);
	see(&of, SEEN_S, "progressing", "");
	assert_int_equal(still_s(&of, SEEN_S), -1);
	see(&of, SEEN_S + 50, "progressing", "\"message\":\"other words\"");
	assert_int_equal(still_s(&of, SEEN_S + 59), -1);
	assert_int_equal(still_s(&of, SEEN_S + 60), 60);
	see(&of, SEEN_S + 61, "progressing", "\"progress\":{\"done\":1,\"total\":3}");
	assert_int_equal(still_s(&of, SEEN_S + 64), 3);
	see(&of, SEEN_S + 70, "progressing", "\"progress\":{\"done\":1,\"total\":3}");
	assert_int_equal(still_s(&of, SEEN_S + 71), 10);
	// What is merely bad is not known to be on its way.
	see(&of, SEEN_S + 80, "degraded", "");
	assert_int_equal(still_s(&of, SEEN_S + 81), -1);
	see(&of, SEEN_S + 90, "progressing", "");
	assert_int_equal(still_s(&of, SEEN_S + 92), 2);
	end(&of);
}

// An outage is no progress, and what it ends with is none where it is as before.
static void losing_sight_is_no_progress(void **state)
{
	struct sensed_case of;
	(void)state;
	begin(&of);
	see(&of, SEEN_S, "healthy", "");
	see(&of, SEEN_S + 10, "progressing", "");
	see(&of, SEEN_S + 20, "unknown", "");
	assert_int_equal(still_s(&of, SEEN_S + 20), -1);
	see(&of, SEEN_S + 30, "progressing", "");
	assert_int_equal(still_s(&of, SEEN_S + 30), 20);
	see(&of, SEEN_S + 40, "unknown", "");
	see(&of, SEEN_S + 50, "progressing", "\"progress\":{\"done\":1,\"total\":3}");
	assert_int_equal(still_s(&of, SEEN_S + 52), 2);
	end(&of);
}

// A watch repeats what it knows: how old that is tells `asked`, and how long nothing has been
// known.
static void knowledge_is_as_old_as_what_was_asked(void **state)
{
	struct sensed_case of;
	const struct sensed_dependency *one;
	(void)state;
	begin(&of);
	one = &of.sensed->dependencies[0];
	see(&of, SEEN_S, "healthy", "\"asked\":\"2026-07-03T11:59:56Z\"");
	assert_int_equal(one->heard.us, at(SEEN_S).us);
	assert_int_equal(one->asked.us, at(SEEN_S - 4).us);
	see(&of, SEEN_S + 10, "unknown", "\"asked\":\"2026-07-03T11:59:59Z\"");
	assert_int_equal(one->asked.us, at(SEEN_S + 9).us);
	assert_int_equal(one->known_at.us, at(SEEN_S - 4).us);
	// Asked in the future, or at no time: as if it were now.
	see(&of, SEEN_S + 20, "healthy", "\"asked\":\"2026-07-03T12:00:09Z\"");
	assert_int_equal(one->asked.us, at(SEEN_S + 20).us);
	see(&of, SEEN_S + 21, "healthy", "\"asked\":7");
	assert_int_equal(one->known_at.us, at(SEEN_S + 21).us);
	end(&of);
}

static void nonsense_is_nothing_told(void **state)
{
	struct sensed_case of;
	(void)state;
	begin(&of);
	see(&of, SEEN_S, "degraded", "\"evidence\":{\"progressed\":\"yesterday\"}");
	assert_int_equal(still_s(&of, SEEN_S + 1), -1);
	see(&of, SEEN_S, "degraded", "\"evidence\":{\"progressed\":12}");
	assert_int_equal(still_s(&of, SEEN_S + 1), -1);
	see(&of, SEEN_S, "degraded", "\"evidence\":[]");
	assert_int_equal(still_s(&of, SEEN_S + 1), -1);
	see(&of, SEEN_S, "degraded", TOLD("00:00:00"));
	assert_int_equal(still_s(&of, SEEN_S + 1), 12 * 3600 + 1);
	end(&of);
}

// A sensor in a rehearsal that runs fast needs some real time, too.
static void staleness_has_a_least_age(void **state)
{
	struct sensed_case of;
	(void)state;
	begin(&of);
	assert_true(sensed_is_stale(of.sensed, of.runbook, 0, at(SEEN_S)));
	see(&of, SEEN_S, "healthy", "");
	assert_false(sensed_is_stale(of.sensed, of.runbook, 0, at(SEEN_S + 25)));
	assert_true(sensed_is_stale(of.sensed, of.runbook, 0, at(SEEN_S + 26)));
	of.sensed->least_stale_us = 60 * US_PER_S;
	assert_false(sensed_is_stale(of.sensed, of.runbook, 0, at(SEEN_S + 60)));
	assert_true(sensed_is_stale(of.sensed, of.runbook, 0, at(SEEN_S + 61)));
	end(&of);
}

// --- what is left for those who look on ---

static const struct sensed_left left_at_noon = {.boot = "11111111-2222-3333-4444-555555555555",
	.real = {77 * US_PER_S},
	.wall = {1783080000 * US_PER_S},
	.session = 2,
	.silence_ms = 400};

static void leave(struct sensed_case *of, int64_t now_s, const struct mask *mask, struct buf *out)
{
	sensed_leave_first(of->sensed, of->runbook, &left_at_noon, mask, out);
	assert_int_equal(sensed_leave(of->sensed, of->runbook, 0, 9, mask, at(now_s), out), 1);
	assert_int_equal(sensed_leave(of->sensed, of->runbook, 1, 9, mask, at(now_s), out), 1);
}

// A reader whose clock has nothing to do with the writer's sees the same, as old as it was.
static void what_is_left_is_taken_over(void **state)
{
	struct sensed_case of, reader;
	struct sensed_left left;
	struct buf text = {0};
	(void)state;
	begin(&of);
	begin(&reader);
	sensed_set_up(of.sensed, true, NULL);
	see(&of, SEEN_S, "progressing",
		"\"asked\":\"2026-07-03T11:59:57Z\",\"message\":\"2/3 "
		"\\\"ready\\\"\",\"check\":\"kubernetes\",\"latency_ms\":12,"
		"\"progress\":{\"done\":2,\"total\":3,\"unit\":\"pods\"},"
		"\"expires\":\"2026-07-03T13:00:00Z\",\"renews\":true,"
		"\"evidence\":{\"progressed\":\"2026-07-03T11:58:00Z\"}");
	leave(&of, SEEN_S + 4, NULL, &text);
	assert_true(sensed_take_first(reader.sensed, text.data, text.length, &left, NULL));
	assert_string_equal(left.boot, left_at_noon.boot);
	assert_int_equal(left.real.us, left_at_noon.real.us);
	assert_int_equal(left.wall.us, left_at_noon.wall.us);
	assert_int_equal(left.session, 2);
	assert_int_equal(left.silence_ms, 400);
	assert_true(reader.sensed->is_up);
	assert_true(sensed_take_over(
		reader.sensed, reader.state, text.data, text.length, at(5000), NULL));
	const struct sensed_dependency *one = &reader.sensed->dependencies[0];
	assert_true(one->is_seen);
	assert_int_equal(one->status, STATUS_PROGRESSING);
	assert_string_equal(one->message, "2/3 \"ready\"");
	assert_string_equal(one->check, "kubernetes");
	assert_int_equal(one->latency_ms, 12);
	assert_int_equal((int)one->done, 2);
	assert_int_equal((int)one->total, 3);
	assert_string_equal(one->unit, "pods");
	assert_true(one->renews);
	assert_int_equal(one->expires.us, of.sensed->dependencies[0].expires.us);
	assert_int_equal(one->observed_at.us, of.sensed->dependencies[0].observed_at.us);
	assert_int_equal(one->heard.us, (5000 - 4) * US_PER_S);
	assert_int_equal(one->asked.us, (5000 - 7) * US_PER_S);
	assert_int_equal(sensed_still_ms(reader.sensed, reader.runbook, 0, at(5000)),
		sensed_still_ms(of.sensed, of.runbook, 0, at(SEEN_S + 4)));
	assert_int_equal(sensed_still_ms(reader.sensed, reader.runbook, 0, at(5000)), 124000);
	assert_false(sensed_is_stale(reader.sensed, reader.runbook, 0, at(5021)));
	assert_true(sensed_is_stale(reader.sensed, reader.runbook, 0, at(5022)));
	buf_fini(&text);
	end(&reader);
	end(&of);
}

// Who comes while nothing can be seen is told what was known before, and since when it is not.
static void what_was_known_before_is_left(void **state)
{
	struct sensed_case of, reader;
	struct buf text = {0};
	(void)state;
	begin(&of);
	begin(&reader);
	see(&of, SEEN_S, "degraded", "\"progress\":{\"done\":2,\"total\":3}");
	see(&of, SEEN_S + 60, "unknown", "\"message\":\"connection refused\"");
	leave(&of, SEEN_S + 62, NULL, &text);
	assert_true(sensed_take_over(
		reader.sensed, reader.state, text.data, text.length, at(5000), NULL));
	const struct sensed_dependency *one = &reader.sensed->dependencies[0];
	assert_int_equal(one->status, STATUS_UNKNOWN);
	assert_string_equal(one->message, "connection refused");
	assert_int_equal(one->known, STATUS_DEGRADED);
	assert_int_equal((int)one->known_done, 2);
	assert_int_equal((int)one->known_total, 3);
	assert_int_equal(one->known_at.us, (5000 - 62) * US_PER_S);
	buf_fini(&text);
	end(&reader);
	end(&of);
}

static void namespaces_are_left(void **state)
{
	static const char line[] = "{\"target\":\"prod\",\"namespace\":\"shop\"}";
	struct sensed_case of, reader;
	struct buf text = {0};
	cJSON *told = json_parse(line, strlen(line), NULL);
	(void)state;
	begin(&of);
	begin(&reader);
	sensed_take_target(of.sensed, of.runbook, told);
	leave(&of, SEEN_S, NULL, &text);
	assert_null(sensed_namespace(reader.sensed, 0));
	assert_true(sensed_take_over(
		reader.sensed, reader.state, text.data, text.length, at(5000), NULL));
	assert_string_equal(sensed_namespace(reader.sensed, 0), "shop");
	buf_fini(&text);
	cJSON_Delete(told);
	end(&reader);
	end(&of);
}

static void a_sensor_that_is_down_is_told(void **state)
{
	struct sensed_case of, reader;
	struct sensed_left left;
	struct buf text = {0};
	(void)state;
	begin(&of);
	begin(&reader);
	sensed_set_up(of.sensed, false, "killed by signal 9");
	leave(&of, SEEN_S, NULL, &text);
	sensed_set_up(reader.sensed, true, NULL);
	assert_true(sensed_take_first(reader.sensed, text.data, text.length, &left, NULL));
	assert_false(reader.sensed->is_up);
	assert_string_equal(reader.sensed->why_down, "killed by signal 9");
	assert_true(
		sensed_take_over(reader.sensed, reader.state, text.data, text.length, at(9), NULL));
	assert_false(reader.sensed->dependencies[0].is_seen);
	buf_fini(&text);
	end(&reader);
	end(&of);
}

static void secrets_are_not_left(void **state)
{
	struct sensed_case of;
	struct buf text = {0};
	struct mask *mask = mask_new();
	(void)state;
	begin(&of);
	assert_true(mask_secret(mask, "db_token", "hunter22"));
	see(&of, SEEN_S, "degraded", "\"message\":\"login hunter22 refused\"");
	leave(&of, SEEN_S, mask, &text);
	assert_null(strstr(buf_str(&text), "hunter22"));
	assert_non_null(strstr(buf_str(&text), "login [masked db_token] refused"));
	buf_fini(&text);
	mask_free(mask);
	end(&of);
}

#define FIRST                                                                                      \
	"{\"type\":\"sensed\",\"ts\":\"2026-07-03T12:00:00Z\",\"mono_us\":5,\"boot\":\"b\","       \
	"\"session\":1,\"up\":true}\n"

#define BEFORE_BOOT                                                                                \
	"{\"type\":\"sensed\",\"ts\":\"2026-07-03T12:00:00Z\",\"mono_us\":-1,\"boot\":\"b\"}\n"

// Whoever wrote it may be hostile: what is no such file is refused, and never older than the clock.
static void what_is_left_may_be_hostile(void **state)
{
	static const char *const no_first[] = {"", "\n", "{}\n", "nonsense\n",
		"{\"type\":\"sensed\"}\n", "{\"type\":\"sensed\",\"ts\":\"never\",\"mono_us\":1}\n",
		BEFORE_BOOT,
		"{\"type\":\"observation\",\"dependency\":\"db\",\"status\":\"healthy\"}\n"};
	static const char *const no_rest[] = {FIRST "{\"type\"", FIRST "nonsense\n", FIRST "\n"};
	static const char strange[] =
		FIRST "{\"dependency\":\"another\",\"status\":\"healthy\"}\n"
		      "{\"dependency\":\"db\",\"status\":\"splendid\"}\n"
		      "{\"dependency\":\"db\",\"status\":\"healthy\",\"age_ms\":9e300,"
		      "\"moved_ms\":-7}\n";
	struct sensed_case of;
	struct sensed_left left;
	(void)state;
	begin(&of);
	for (size_t i = 0; i < sizeof no_first / sizeof *no_first; i++) {
		struct err err = {0};
		if (sensed_take_first(of.sensed, no_first[i], strlen(no_first[i]), &left, &err))
			fail_msg("it is taken: %s", no_first[i]);
		assert_true(strncmp(err.message, "sensed.jsonl: ", 14) == 0);
	}
	assert_false(of.sensed->is_up);
	for (size_t i = 0; i < sizeof no_rest / sizeof *no_rest; i++) {
		struct err err = {0};
		if (sensed_take_over(
			    of.sensed, of.state, no_rest[i], strlen(no_rest[i]), at(9), &err))
			fail_msg("it is taken over: %s", no_rest[i]);
		assert_true(strncmp(err.message, "sensed.jsonl: ", 14) == 0);
	}
	assert_false(of.sensed->dependencies[0].is_seen);
	assert_true(sensed_take_over(of.sensed, of.state, strange, strlen(strange), at(9), NULL));
	assert_int_equal(of.sensed->dependencies[0].status, STATUS_HEALTHY);
	assert_in_range(of.sensed->dependencies[0].heard.us, 0, 9 * US_PER_S);
	assert_int_equal(of.sensed->dependencies[0].moved.us, 9 * US_PER_S);
	end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_counts_and_goes_on),
		cmocka_unit_test(what_is_stale_tells_nothing),
		cmocka_unit_test(what_is_heard_to_change_counts_else),
		cmocka_unit_test(losing_sight_is_no_progress),
		cmocka_unit_test(knowledge_is_as_old_as_what_was_asked),
		cmocka_unit_test(nonsense_is_nothing_told),
		cmocka_unit_test(staleness_has_a_least_age),
		cmocka_unit_test(what_is_left_is_taken_over),
		cmocka_unit_test(what_was_known_before_is_left),
		cmocka_unit_test(namespaces_are_left),
		cmocka_unit_test(a_sensor_that_is_down_is_told),
		cmocka_unit_test(secrets_are_not_left),
		cmocka_unit_test(what_is_left_may_be_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
