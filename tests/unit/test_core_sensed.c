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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
