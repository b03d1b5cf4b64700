// SPDX-License-Identifier: Apache-2.0
#include "incident_case.h"

static void assert_order(const struct incident_case *of, const char *expected)
{
	struct buf order = {0};
	for (size_t i = 0; i < of->plan->count; i++) {
		buf_printf(&order, "%s%s", i ? " " : "", of->runbook->steps[of->plan->order[i]].id);
		assert_int_equal(of->plan->position[of->plan->order[i]], i);
	}
	assert_string_equal(buf_str(&order), expected);
	buf_fini(&order);
}

static void assert_critical(const struct incident_case *of, const char *expected, int64_t seconds)
{
	struct buf path = {0};
	for (size_t i = 0; i < of->plan->critical_count; i++)
		buf_printf(
			&path, "%s%s", i ? " " : "", of->runbook->steps[of->plan->critical[i]].id);
	assert_string_equal(buf_str(&path), expected);
	assert_int_equal(of->plan->critical_ms, seconds * MS_PER_S);
	buf_fini(&path);
}

static void test_a_checklist_is_a_chain(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "steps:\n- {id: a, manual: x, takes: 1m}\n- {id: b, manual: x, takes: "
			"2m}\n- {id: c, manual: x, takes: 3m}\n");
	assert_order(&of, "a b c");
	assert_critical(&of, "a b c", 360);
	assert_int_equal(of.plan->waits_for[1].count, 1);
	assert_int_equal(of.plan->waits_for[1].items[0], 0);
	assert_int_equal(of.plan->dependants[0].count, 1);
	assert_int_equal(of.plan->dependants[2].count, 0);
	case_end(&of);
}

static void test_phases_come_before_the_file(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "phases: [one, two]\nsteps:\n"
			"- {id: z, phase: two, needs: [], manual: x}\n"
			"- {id: y, phase: one, needs: [], manual: x}\n"
			"- {id: x, phase: two, needs: [], manual: x}\n"
			"- {id: w, phase: one, needs: [], manual: x}\n");
	assert_order(&of, "y w z x");
	assert_int_equal(of.plan->phase_steps[0].count, 2);
	assert_int_equal(of.plan->phase_steps[1].items[0], 0);
	case_end(&of);
}

static void test_a_need_goes_before_what_needs_it(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "steps:\n"
			"- {id: late, needs: [early], manual: x, takes: 1m}\n"
			"- {id: free, needs: [], manual: x, takes: 30s}\n"
			"- {id: early, needs: [], manual: x, takes: 10m}\n");
	assert_order(&of, "free early late");
	assert_critical(&of, "early late", 660);
	case_end(&of);
}

static void test_when_waits_for_its_decision(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of,
		"steps:\n"
		"- {id: other, needs: [], when: {decision: choose, is: b}, manual: x, takes: 5s}\n"
		"- {id: choose, needs: [], decide: {question: q, options: [{id: a, say: a}, {id: "
		"b, say: b}]}, takes: 7s}\n");
	assert_order(&of, "choose other");
	assert_critical(&of, "choose other", 12);
	assert_int_equal(of.plan->waits_for[0].count, 1);
	case_end(&of);
}

static void test_abort_steps_stand_outside(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "steps:\n"
			"- {id: a, manual: x, takes: 1m}\n"
			"- {id: undo, manual: x, takes: 9h}\n"
			"- {id: b, manual: x, takes: 1m}\n"
			"abort: {steps: [undo]}\n");
	assert_order(&of, "a b");
	assert_int_equal(of.plan->position[1], -1);
	assert_critical(&of, "a b", 120);
	case_end(&of);
}

static void test_ties_on_the_critical_path_go_to_the_first(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "steps:\n"
			"- {id: a, needs: [], manual: x, takes: 1m}\n"
			"- {id: b, needs: [], manual: x, takes: 1m}\n"
			"- {id: c, needs: [b, a], manual: x}\n");
	// c takes nothing, so a, b and c all end after one minute.
	assert_critical(&of, "a", 60);
	case_end(&of);
}

static const char journey[] =
	"dependencies:\n"
	"- {id: proof, layer: journey, check: {manual: q}}\n"
	"- {id: api, layer: workloads, check: {manual: q}}\n"
	"steps:\n"
	"- {id: api-up, phase: workloads, needs: [], restores: [api], manual: x, takes: 20m}\n"
	"- {id: prove, phase: journey, needs: [api-up], restores: [proof], manual: x, takes: 5m}\n"
	"- {id: shift, phase: traffic, needs: [], manual: x, takes: 1m}\n"
	"- {id: clean, phase: recovery, needs: [shift], manual: x, takes: 2h}\n";

static void test_traffic_waits_for_the_journey(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, journey);
	assert_int_equal(of.plan->waits_for[step_of(&of, "shift")].count, 0);
	assert_critical(&of, "api-up prove shift clean", (20 + 5 + 1 + 120) * 60);
	case_end(&of);
}

static void test_serving_is_what_the_rto_is_about(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, journey);
	assert_true(of.plan->has_serving);
	assert_true(of.plan->has_journey);
	assert_true(of.plan->serves[step_of(&of, "prove")]);
	assert_false(of.plan->serves[step_of(&of, "api-up")]);
	assert_int_equal(of.plan->serving_ms, 25 * 60 * MS_PER_S);
	case_end(&of);
	// Nothing restores a journey: it serves when all is done.
	case_begin(&of, "steps:\n- {id: a, manual: x, takes: 3m}\n");
	assert_false(of.plan->has_serving);
	assert_false(of.plan->has_journey);
	assert_int_equal(of.plan->serving_ms, 180 * MS_PER_S);
	case_end(&of);
}

static void test_functions_name_the_journey(void **unused)
{
	(void)unused;
	struct incident_case of;
	bool is_journey[3];
	case_begin(&of, "functions:\n- {id: f, title: F, journey: [b]}\n- {id: g, title: G, "
			"journey: [b, c]}\n"
			"dependencies:\n- {id: a, layer: journey, check: {manual: q}}\n- {id: b, "
			"check: {manual: q}}\n"
			"- {id: c, check: {manual: q}}\nsteps: [{id: s, manual: x}]\n");
	assert_int_equal(plan_journey(of.runbook, is_journey), 2);
	assert_false(is_journey[0]);
	assert_true(is_journey[1]);
	assert_true(is_journey[2]);
	case_end(&of);
	// Functions that name none leave it to the layer.
	case_begin(&of, "functions:\n- {id: f, title: F}\n"
			"dependencies:\n- {id: a, layer: journey, check: {manual: q}}\n- {id: b, "
			"check: {manual: q}}\n"
			"steps: [{id: s, manual: x}]\n");
	assert_int_equal(plan_journey(of.runbook, is_journey), 1);
	assert_true(is_journey[0]);
	case_end(&of);
}

static void test_finishes_follow_the_weights(void **unused)
{
	(void)unused;
	struct incident_case of;
	int64_t weight_ms[4] = {5, 7, 0, 1}, finish_ms[4] = {0};
	int chain[4];
	case_begin(&of, "steps:\n- {id: a, needs: [], manual: x}\n- {id: b, needs: [], manual: x}\n"
			"- {id: c, needs: [a, b], manual: x}\n- {id: d, needs: [a], manual: x}\n");
	plan_finishes(of.plan, weight_ms, finish_ms);
	assert_int_equal(finish_ms[0], 5);
	assert_int_equal(finish_ms[1], 7);
	assert_int_equal(finish_ms[2], 7);
	assert_int_equal(finish_ms[3], 6);
	assert_int_equal(plan_chain(of.plan, weight_ms, finish_ms, 2, chain), 2);
	assert_int_equal(chain[0], 1);
	assert_int_equal(chain[1], 2);
	case_end(&of);
}

// 10,000 steps, of which 5,000 hang on one and 5,000 are a chain.
static void test_ten_thousand_steps(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf text = {0};
	buf_text(&text, "steps:\n- {id: s0, manual: x, takes: 1s}\n");
	for (int i = 1; i < 5000; i++)
		buf_printf(&text, "- {id: s%d, manual: x, takes: 1s}\n", i);
	for (int i = 5000; i < RUNBOOK_MAX_STEPS; i++)
		buf_printf(&text, "- {id: s%d, needs: [s0], manual: x, takes: 2s}\n", i);
	case_begin(&of, buf_str(&text));
	assert_int_equal(of.plan->count, RUNBOOK_MAX_STEPS);
	assert_int_equal(of.plan->critical_count, 5000);
	assert_int_equal(of.plan->critical_ms, 5000 * MS_PER_S);
	assert_int_equal(of.plan->dependants[0].count, 5001);
	for (size_t i = 0; i < of.plan->count; i++) {
		const struct refs *waits_for = &of.plan->waits_for[of.plan->order[i]];
		for (size_t n = 0; n < waits_for->count; n++)
			assert_true(of.plan->position[waits_for->items[n]] < (int)i);
	}
	buf_fini(&text);
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_checklist_is_a_chain),
		cmocka_unit_test(test_phases_come_before_the_file),
		cmocka_unit_test(test_a_need_goes_before_what_needs_it),
		cmocka_unit_test(test_when_waits_for_its_decision),
		cmocka_unit_test(test_abort_steps_stand_outside),
		cmocka_unit_test(test_ties_on_the_critical_path_go_to_the_first),
		cmocka_unit_test(test_traffic_waits_for_the_journey),
		cmocka_unit_test(test_serving_is_what_the_rto_is_about),
		cmocka_unit_test(test_functions_name_the_journey),
		cmocka_unit_test(test_finishes_follow_the_weights),
		cmocka_unit_test(test_ten_thousand_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
