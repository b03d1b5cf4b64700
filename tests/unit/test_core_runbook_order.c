// SPDX-License-Identifier: Apache-2.0
#include "runbook_case.h"

// What each step waits for, and whether that can come.

// The needs of a step as one text.
static void assert_needs(const struct runbook *runbook, const char *id, const char *expected)
{
	const struct step *step = &runbook->steps[runbook_step(runbook, id)];
	struct buf text = {0};

	for (size_t i = 0; i < step->needs.count; i++)
		buf_printf(&text, "%s%s", i ? " " : "", runbook->steps[step->needs.items[i]].id);
	assert_string_equal(buf_str(&text), expected);
	buf_fini(&text);
}

static void steps_come_after_the_one_before_by_phase_then_file(void **unused)
{
	struct runbook *runbook = good(HEAD "steps:\n"
					    "- {id: d1, phase: data}\n"
					    "- {id: d2}\n"
					    "- {id: c1, phase: cluster}\n"
					    "- {id: d3, phase: data, needs: []}\n"
					    "- {id: d4}\n"
					    "- {id: d5, needs: [c1, d1]}\n");

	(void)unused;
	assert_int_equal(runbook->steps[1].phase, 4);
	assert_int_equal(runbook->steps[5].phase, 4);
	assert_needs(runbook, "c1", "");
	assert_needs(runbook, "d1", "c1");
	assert_needs(runbook, "d2", "d1");
	assert_needs(runbook, "d3", "");
	assert_needs(runbook, "d4", "d3");
	assert_needs(runbook, "d5", "c1 d1");
	assert_true(runbook->steps[3].needs_given);
	assert_false(runbook->steps[4].needs_given);
	runbook_free(runbook);
}

static void each_makes_steps_and_a_group(void **unused)
{
	struct runbook *runbook = good(HEAD "steps:\n"
					    "- {id: a}\n"
					    "- {id: r, each: [x, y], title: \"Restore ${each}\", "
					    "run: {command: [z, \"${each}\"]}}\n"
					    "- {id: p, each: [x, y], needs: [a]}\n"
					    "- {id: b, needs: [r, p-y]}\n"
					    "abort: {when_unhealthy: []}\n");

	(void)unused;
	assert_int_equal(runbook->step_count, 6);
	assert_int_equal(runbook_step(runbook, "r"), -1);
	const struct step *step = &runbook->steps[runbook_step(runbook, "r-y")];
	assert_string_equal(step->group, "r");
	assert_string_equal(step->each, "y");
	assert_string_equal(step->title, "Restore y");
	assert_needs(runbook, "r-x", "a");
	assert_needs(runbook, "r-y", "r-x");
	assert_needs(runbook, "p-x", "a");
	assert_needs(runbook, "p-y", "a");
	assert_needs(runbook, "b", "r-x r-y p-y");
	runbook_free(runbook);
}

static void each_is_short_and_literal(void **unused)
{
	struct buf text = {0};
	static const struct mistake mistakes[] = {
		{"steps: [{id: r, each: []}]\n", "limit", 3, 23, NULL},
		{"steps: [{id: r, each: x}]\n", "wrong-type", 3, 23, NULL},
		{"steps: [{id: r, each: [[x]]}]\n", "wrong-type", 3, 24, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
	buf_text(&text, HEAD "steps: [{id: r, each: [");
	for (int i = 0; i < 65; i++)
		buf_printf(&text, "x%d,", i);
	buf_text(&text, "]}]\n");
	assert_null(load(buf_str(&text)));
	assert_string_equal(diags.items[0].code, "limit");
	diags_fini(&diags);
	buf_fini(&text);
}

static void when_adds_its_decision(void **unused)
{
	struct runbook *runbook = good(
		HEAD "steps:\n"
		     "- {id: q, decide: {question: Which?, options: [{id: f}, {id: g}, {id: h}]}}\n"
		     "- {id: a}\n"
		     "- {id: b, when: {decision: q, is: f}}\n"
		     "- {id: c, needs: [a], when: {decision: q, is: [g, h]}}\n"
		     "- {id: d, needs: [q], when: {decision: q, is: g}}\n");
	const struct step *step = &runbook->steps[3];

	(void)unused;
	assert_string_equal(runbook->steps[0].title, "Which?");
	assert_int_equal(runbook->steps[0].option_count, 3);
	assert_needs(runbook, "b", "a q");
	assert_needs(runbook, "c", "a q");
	assert_needs(runbook, "d", "q");
	assert_int_equal(step->when_step, 0);
	assert_int_equal(step->when_is.count, 2);
	assert_string_equal(step->when_is.items[1], "h");
	runbook_free(runbook);
}

static void needs_point_back_and_never_in_a_circle(void **unused)
{
	static const struct mistake mistakes[] = {
		{"steps:\n- {id: a, phase: data}\n- {id: b, phase: cluster, needs: [a]}\n",
			"needs-later-phase", 5, 35, NULL},
		{"steps:\n- {id: a, phase: cluster, when: {decision: q, is: x}}\n"
		 "- {id: q, phase: data, decide: {question: q, options: [{id: x}, {id: y}]}}\n",
			"needs-later-phase", 4, 44, NULL},
		{"steps:\n- {id: z}\n- {id: a, needs: [b]}\n- {id: b, needs: [a]}\n", "cycle", 5, 3,
			NULL},
		{"steps:\n- {id: a, needs: [a]}\n", "cycle", 4, 3, NULL},
		// b comes after a, because nothing else is said.
		{"steps:\n- {id: a, needs: [c]}\n- {id: b}\n- {id: c}\n", "cycle", 4, 3, NULL},
		{"steps:\n- {id: a}\n- {id: r, each: [x, y], needs: [r-x]}\n", "cycle", 5, 3, NULL},
		{"dependencies:\n- {id: d, follows: [e], check: {manual: q}}\n- {id: e, follows: "
		 "[d], check: {manual: q}}\n" STEP,
			"cycle", 4, 3, NULL},
		{"steps:\n- {id: a}\n- {id: b, needs: [a]}\nabort: {steps: [a]}\n", "needs-abort",
			5, 19, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

static void every_circle_is_told_once(void **unused)
{
	(void)unused;
	assert_null(load(HEAD
		"steps:\n- {id: a, needs: [b]}\n- {id: b, needs: [a]}\n- {id: c, needs: [d, a]}\n"
		"- {id: d, needs: [e]}\n- {id: e, needs: [c]}\n- {id: f, needs: [c]}\n"));
	assert_int_equal(diags.errors, 2);
	assert_int_equal(diags.items[0].line, 4);
	assert_int_equal(diags.items[1].line, 6);
	assert_non_null(strstr(diags.items[1].message, "c needs d, d needs e, e needs c"));
	diags_fini(&diags);
}

static void abort_steps_stand_outside_the_order(void **unused)
{
	struct runbook *runbook = good(HEAD
		"steps:\n- {id: a}\n- {id: x}\n- {id: b}\n- {id: y}\n"
		"dependencies: [{id: d, check: {manual: q}}]\n"
		"abort: {steps: [y, x], when_unhealthy: [{dependency: d, after: b, for: 5m}]}\n");

	(void)unused;
	assert_needs(runbook, "b", "a");
	assert_needs(runbook, "y", "");
	assert_needs(runbook, "x", "y");
	assert_true(runbook->steps[1].is_abort);
	assert_int_equal(runbook->abort.steps.count, 2);
	assert_int_equal(runbook->abort.steps.items[0], 3);
	assert_int_equal(runbook->abort.when_unhealthy[0].after, 2);
	assert_int_equal(runbook->abort.when_unhealthy[0].for_ms, 300000);
	runbook_free(runbook);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_come_after_the_one_before_by_phase_then_file),
		cmocka_unit_test(each_makes_steps_and_a_group),
		cmocka_unit_test(each_is_short_and_literal),
		cmocka_unit_test(when_adds_its_decision),
		cmocka_unit_test(needs_point_back_and_never_in_a_circle),
		cmocka_unit_test(every_circle_is_told_once),
		cmocka_unit_test(abort_steps_stand_outside_the_order),
	};

	return cmocka_run_group_tests_name("core/runbook order", tests, NULL, NULL);
}
