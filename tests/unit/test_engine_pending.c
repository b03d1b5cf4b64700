// SPDX-License-Identifier: Apache-2.0
//
// What was decided waits for the disk: what acts does not act before, and can be called off.
#include "engine_case.h"

static const char runbook[] = "relight: 1\n"
			      "name: pending\n"
			      "steps:\n"
			      "- {id: one, run: {command: [x]}}\n";

static struct buf orders; // the words to the launcher, in order; looks are left out

static void note_order(struct engine_case *of, const char *word, const cJSON *body)
{
	(void)of;
	(void)body;
	if (strcmp(word, "look") != 0)
		buf_printf(&orders, "%s ", word);
}

static void want(struct engine_case *of, enum intent_kind kind)
{
	struct intent intent = intent_of(kind);
	struct err err = {0};

	intent.step = kind == INTENT_ARM ? -1 : 0;
	intent.text = kind == INTENT_CANCEL ? "wrong one" : NULL;
	if (!engine_want(&of->engine, &intent, &err))
		fail_msg("%s", err.message);
	case_turn(of);
}

static void assert_orders(struct engine_case *of, const char *expected)
{
	case_turn(of);
	case_orders(of, note_order);
	assert_string_equal(buf_str(&orders), expected);
}

// With the step started while the disk takes nothing.
static void begin_waiting(struct engine_case *of)
{
	*of = (struct engine_case){.runbook = runbook, .mode = EVENT_LIVE, .speed = 1};
	case_open(of);
	want(of, INTENT_ARM);
	assert_true(timeline_drain(of->engine.record.timeline, NULL));
	timeline_hold(of->engine.record.timeline, true);
	want(of, INTENT_START);
	assert_orders(of, "launch ");
}

static void end_waiting(struct engine_case *of)
{
	timeline_hold(of->engine.record.timeline, false);
	assert_true(timeline_drain(of->engine.record.timeline, NULL));
}

static void end(struct engine_case *of)
{
	buf_fini(&orders);
	case_leave(of);
	case_remove(of);
}

static void test_the_request_waits_for_the_disk(void **unused)
{
	struct engine_case of;

	(void)unused;
	begin_waiting(&of);
	end_waiting(&of);
	assert_orders(&of, "launch perform ");
	end(&of);
}

// The actuator looks for a cancel before it acts (test_world_attempt).
static void test_what_waits_is_called_off_before_it_acts(void **unused)
{
	struct engine_case of;

	(void)unused;
	begin_waiting(&of);
	want(&of, INTENT_CANCEL);
	assert_orders(&of, "launch cancel ");
	end_waiting(&of);
	assert_orders(&of, "launch cancel perform ");
	end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_request_waits_for_the_disk),
		cmocka_unit_test(test_what_waits_is_called_off_before_it_acts),
	};

	return cmocka_run_group_tests_name("engine_pending", tests, NULL, NULL);
}
