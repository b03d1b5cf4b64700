// SPDX-License-Identifier: Apache-2.0
#include "incident_case.h"

#include "relight/autopilot.h"

// The operator of a run without a screen takes an incident over in which a rollback went wrong: the
// answers say nothing of that, whatever they say of failures.

static const char one_step[] = "dependencies: [{id: d, check: {command: [x]}}]\n"
			       "steps:\n"
			       "- id: a\n"
			       "  run: {command: [x]}\n"
			       "  restores: [d]\n"
			       "  retries: 2\n"
			       "  rollback: {command: [undo]}\n";

static void undo_begins(struct incident_case *of)
{
	case_begin_armed(of, one_step);
	succeeds(of, "a");
	tell_attempt(of, "ana", EVENT_STEP_INTENT, "a", 2, "{'role':'rollback'}");
}

static void assert_waits_for_person(
	const struct incident_case *of, const struct answers *answers, const char *expected)
{
	struct autopilot autopilot;
	struct intent intent;
	struct buf why = {0};
	int exit_code = -1;
	autopilot_init(&autopilot, &of->facts, answers, 1);
	assert_int_equal(
		autopilot_next(&autopilot, &of->facts, &intent, &exit_code, &why), AUTOPILOT_STOP);
	assert_int_equal(exit_code, 3);
	assert_non_null(strstr(buf_str(&why), expected));
	buf_fini(&why);
	autopilot_fini(&autopilot);
}

static void test_a_rollback_that_failed_is_no_failure_of_its_step(void **unused)
{
	(void)unused;
	struct incident_case of;
	undo_begins(&of);
	ends(&of, "a", "{'outcome':'failed','exit':1}");
	struct answers *answers = answers_none(of.runbook);
	for (int how = ON_FAILURE_STOP; how <= ON_FAILURE_SKIP; how++) {
		answers->on_failure = (enum on_failure)how;
		assert_waits_for_person(
			&of, answers, "step a: its rollback failed: a person decides");
	}
	answers_free(answers);
	case_end(&of);
}

static void test_a_rollback_whose_outcome_is_unknown_is_not_verified(void **unused)
{
	(void)unused;
	struct incident_case of;
	undo_begins(&of);
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 2, NULL);
	struct answers *answers = answers_none(of.runbook);
	for (int how = ON_UNKNOWN_VERIFY; how <= ON_UNKNOWN_RETRY; how++) {
		answers->on_unknown = (enum on_unknown)how;
		assert_waits_for_person(&of, answers,
			"step a: the outcome of its rollback is unknown: a person decides");
	}
	answers_free(answers);
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rollback_that_failed_is_no_failure_of_its_step),
		cmocka_unit_test(test_a_rollback_whose_outcome_is_unknown_is_not_verified),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
