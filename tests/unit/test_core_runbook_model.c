// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include "runbook_case.h"

// What a good runbook becomes, and how large it may be.

static void mentions_are_found_in_every_text(void **unused)
{
	struct runbook *runbook =
		good(HEAD "inputs: {i: {}, j: {}, k: {}, l-m: {}, n: {}}\n"
			  "targets: {t: {kubernetes: {context: \"${input.k}\"}}}\n"
			  "dependencies: [{id: d, check: {kubernetes: {target: t, resource: pods, "
			  "name: \"${input.j}\"}}}]\n"
			  "steps:\n"
			  "- {id: a, run: {command: [x, \"${input.i}${input.i}\"], env: {A: "
			  "\"${input.j}\"}}, rollback: {command: [\"${input.n}\"]}}\n"
			  "- {id: b, target: t, run: {shell: 'echo \"$RELIGHT_INPUT_L_M\"'}}\n"
			  "- {id: c, run: {command: [x, \"$${input.i}\"]}}\n");
	const struct step *steps = runbook->steps;

	(void)unused;
	assert_int_equal(steps[0].mentions.count, 2);
	assert_int_equal(steps[0].mentions.items[0], 0);
	assert_int_equal(steps[0].mentions.items[1], 1);
	assert_int_equal(steps[1].mentions.count, 2);
	assert_int_equal(steps[2].mentions.count, 0);
	assert_int_equal(runbook->dependencies[0].mentions.count, 2);
	assert_true(runbook->inputs[4].is_used);
	runbook_free(runbook);
}

static void defaults_are_filled_in(void **unused)
{
	struct runbook *runbook =
		good(HEAD "targets: {t: {kubernetes: {}}, s: {ssh: {host: h}}}\n"
			  "dependencies:\n"
			  "- {id: d, every: 7s, check: {kubernetes: {target: t, resource: pods}}}\n"
			  "- {id: e, check: {tls: {host: h}}}\n"
			  "- {id: f, check: {http: {url: \"${input.u}\"}}}\n"
			  "inputs: {u: {}}\n"
			  "steps: [{id: a, run: {ssh: {target: s, command: [x]}}}, {id: b, manual: "
			  "\"One.\\nTwo.\"}]\n");
	const struct step *step = &runbook->steps[0];
	const struct dependency *dependency = &runbook->dependencies[0];

	(void)unused;
	assert_int_equal(step->kind, STEP_RUN);
	assert_int_equal(step->run.expect.exit, 0);
	assert_int_equal(step->takes_ms, ABSENT_MS);
	assert_int_equal(step->timeout_ms, ABSENT_MS);
	assert_int_equal(step->stop_signal, SIGTERM);
	assert_int_equal(step->grace_ms, 30000);
	assert_int_equal(step->settle_ms, 300000);
	assert_int_equal(step->again, AGAIN_VERIFY);
	assert_int_equal(step->modes,
		MODE_BIT(EVENT_LIVE) | MODE_BIT(EVENT_DRILL) | MODE_BIT(EVENT_REHEARSAL));
	assert_int_equal(step->target, 1);
	assert_int_equal(step->when_step, -1);
	assert_int_equal(step->proves, -1);
	assert_string_equal(step->title, "a");
	assert_string_equal(runbook->steps[1].title, "One.");
	assert_int_equal(dependency->stable_ms, 14000);
	assert_int_equal(dependency->timeout_ms, 10000);
	assert_int_equal(dependency->checks[0].kubernetes.min, 1);
	assert_int_equal(dependency->checks[0].expect.object, EXPECT_HEALTHY);
	assert_string_equal(runbook->dependencies[1].checks[0].tls.port, "443");
	assert_int_equal(runbook->dependencies[1].checks[0].tls.min_days, -1);
	assert_int_equal(runbook->targets[1].port, 22);
	assert_int_equal(runbook->targets[0].role, TARGET_SHARED);
	assert_int_equal(runbook->objectives.rto_ms, ABSENT_MS);
	assert_int_equal(runbook->phases.count, 10);
	assert_string_equal(runbook->base, "/base");
	assert_int_equal(strlen(runbook->sha256), 64);
	runbook_free(runbook);
}

static void lists_are_never_null(void **unused)
{
	struct runbook *runbook = good(HEAD "functions: [{id: f}]\nbackup_policy: [{what: w}]\n"
					    "dependencies: [{id: d, check: {dns: {name: n}}}]\n"
					    "steps: [{id: a, run: {shell: x}}]\n");

	(void)unused;
	assert_null(runbook->env.items[0]);
	assert_null(runbook->backups[0].copies.items[0]);
	assert_null(runbook->known_gaps.items[0]);
	assert_null(runbook->abort.criteria.items[0]);
	assert_null(runbook->scope.data_stores.items[0]);
	assert_null(runbook->steps[0].run.command.argv.items[0]);
	assert_null(runbook->steps[0].when_is.items[0]);
	assert_null(runbook->dependencies[0].checks[0].dns.servers.items[0]);
	runbook_free(runbook);
}

static void ids_are_looked_up(void **unused)
{
	struct runbook *runbook = good(
		HEAD "inputs: {i: {}}\ntargets: {t: {ssh: {host: h}}}\n"
		     "dependencies: [{id: same, check: {manual: q}}]\n"
		     "steps: [{id: a}, {id: same, restores: [same]}, {id: c, restores: [same]}]\n");

	(void)unused;
	assert_int_equal(runbook_step(runbook, "same"), 1);
	assert_int_equal(runbook_dependency(runbook, "same"), 0);
	assert_int_equal(runbook_input(runbook, "i"), 0);
	assert_int_equal(runbook_target(runbook, "t"), 0);
	assert_int_equal(runbook_step(runbook, "t"), -1);
	assert_int_equal(runbook_step(runbook, NULL), -1);
	assert_int_equal(runbook->dependencies[0].restored_by.count, 2);
	assert_int_equal(runbook->dependencies[0].restored_by.items[1], 2);
	runbook_free(runbook);
}

static void a_step_may_learn_an_input_that_has_no_entry(void **unused)
{
	static const char text[] =
		HEAD "inputs: {ticket: {}}\nsteps:\n"
		     "- {id: a, run: {command: [x]}, sets: {role: {jq: .r}, ticket: {jq: .t}}}\n"
		     "- {id: b, manual: m, sets: [tikcet, role]}\n"
		     "- {id: c, run: {command: [x, \"${input.role}\"]}}\n";

	(void)unused;
	diags = (struct diags){.file = "t"};
	struct runbook *runbook = runbook_load(text, sizeof text - 1, ".", &diags);
	assert_non_null(runbook);
	assert_int_equal(runbook->input_count, 3);
	assert_int_equal(runbook->steps[0].set_count, 2);
	assert_int_equal(runbook->steps[0].sets[0].input, runbook_input(runbook, "role"));
	assert_int_equal(runbook->steps[1].sets[1].input, runbook_input(runbook, "role"));
	assert_int_equal(runbook->steps[2].mentions.items[0], runbook_input(runbook, "role"));
	assert_true(runbook->inputs[0].is_learned);
	assert_int_equal(diags.warnings, 2);
	assert_string_equal(diags.items[0].code, "undeclared-set");
	assert_int_equal(diags.items[0].line, 5);
	assert_null(diags.items[0].suggestion);
	assert_int_equal(diags.items[1].line, 6);
	assert_non_null(strstr(diags.items[1].suggestion, "ticket"));
	diags_fini(&diags);
	runbook_free(runbook);
}

static void preconditions_are_dependencies_or_texts(void **unused)
{
	diags = (struct diags){.file = "t"};
	static const char text[] = HEAD "preconditions: [mirror, the role can be assumed, miror]\n"
					"dependencies: [{id: mirror, check: {manual: q}}]\n" STEP;
	struct runbook *runbook = runbook_load(text, sizeof text - 1, ".", &diags);

	(void)unused;
	assert_int_equal(runbook->precondition_count, 3);
	assert_int_equal(runbook->preconditions[0].dependency, 0);
	assert_int_equal(runbook->preconditions[1].dependency, -1);
	assert_int_equal(diags.warnings, 1);
	assert_string_equal(diags.items[0].code, "precondition-id");
	assert_non_null(strstr(diags.items[0].suggestion, "mirror"));
	diags_fini(&diags);
	runbook_free(runbook);
}

static void jq_programs_are_collected_with_their_places(void **unused)
{
	struct runbook *runbook = good(HEAD
		"dependencies:\n- {id: d, check: {command: [x], expect: {jq: .a, message: .b}}}\n"
		"steps: [{id: a, each: [x, y], run: {command: [x]}, expect: {jq: .c}}]\n");

	(void)unused;
	assert_int_equal(runbook->program_count, 3);
	assert_string_equal(runbook->programs[1].text, ".b");
	assert_int_equal(runbook->programs[1].place.line, 4);
	assert_int_equal(runbook->programs[1].place.column, 59);
	assert_string_equal(runbook->programs[2].text, ".c");
	runbook_free(runbook);
}

static void the_typed_name_is_the_targets_or_the_scopes(void **unused)
{
	struct runbook *runbook = good(
		HEAD "targets: {k: {kubernetes: {context: ctx}}, c: {kubernetes: {}}, s: {ssh: "
		     "{host: h}}}\n"
		     "steps: [{id: a, target: k}, {id: b, target: c}, {id: c, target: s}, {id: d}, "
		     "{id: e, target: k, confirm: typed}]\n");
	bool is_fallback;

	(void)unused;
	assert_string_equal(
		step_typed_name(runbook, &runbook->steps[0], NULL, &is_fallback), "ctx");
	assert_false(is_fallback);
	assert_string_equal(step_typed_name(runbook, &runbook->steps[1], "now", NULL), "now");
	assert_string_equal(step_typed_name(runbook, &runbook->steps[1], NULL, &is_fallback), "x");
	assert_true(is_fallback);
	assert_string_equal(step_typed_name(runbook, &runbook->steps[2], "now", NULL), "h");
	assert_string_equal(step_typed_name(runbook, &runbook->steps[3], "now", NULL), "x");
	assert_string_equal(
		step_typed_name(runbook, &runbook->steps[4], NULL, &is_fallback), "typed");
	assert_false(is_fallback);
	runbook_free(runbook);
}

static void what_is_not_built_yet_has_a_name(void **unused)
{
	struct runbook *runbook =
		good(HEAD "targets: {k: {kubernetes: {}}}\ninputs: {i: {choices: "
			  "{command: [x], jq: .}}, j: {choices: [a]}}\n"
			  "dependencies:\n- {id: d, check: {dns: {name: n}}}\n"
			  "- {id: e, renew: {command: [x]}, checks: [{manual: "
			  "q}, {kubernetes: {target: k, readyz: true}}]}\n"
			  "- {id: f, checks: [{manual: q}, {kubernetes: {target: "
			  "k, can_i: {verb: get, resource: pods}}}, {tls: {host: h}}]}\n"
			  "- {id: g, checks: [{kubernetes: {target: k, can_i: "
			  "{verb: get, resource: pods}}}, {kubernetes: {target: "
			  "k, namespace: n, service: s, port: 80}}]}\n"
			  "steps: [{id: a, run: {http: {url: 'http://h'}}}, {id: "
			  "b, approvals: 1}, {id: c, run: {command: [x]}}]\n");

	(void)unused;
	assert_string_equal(dependency_unbuilt(&runbook->dependencies[0]), "dns checks");
	assert_null(dependency_unbuilt(&runbook->dependencies[1]));
	assert_string_equal(dependency_unbuilt(&runbook->dependencies[2]), "tls checks");
	assert_null(dependency_unbuilt(&runbook->dependencies[3]));
	assert_string_equal(step_unbuilt(&runbook->steps[0]), "http actions");
	assert_string_equal(step_unbuilt(&runbook->steps[1]), "approvals");
	assert_null(step_unbuilt(&runbook->steps[2]));
	assert_non_null(input_unbuilt(&runbook->inputs[0]));
	assert_null(input_unbuilt(&runbook->inputs[1]));
	runbook_free(runbook);
}

// --- size ----------------------------------------------------------------------------------------------------------------

static void ten_thousand_steps_load_and_one_more_does_not(void **unused)
{
	struct buf text = {0};

	(void)unused;
	alarm(20);
	buf_text(&text, HEAD "steps:\n");
	for (int i = 0; i < RUNBOOK_MAX_STEPS; i++)
		buf_printf(&text, "- {id: s%d}\n", i);
	struct runbook *runbook = good(buf_str(&text));
	assert_int_equal(runbook->step_count, RUNBOOK_MAX_STEPS);
	assert_int_equal(
		runbook->steps[RUNBOOK_MAX_STEPS - 1].needs.items[0], RUNBOOK_MAX_STEPS - 2);
	runbook_free(runbook);
	buf_text(&text, "- {id: s}\n");
	assert_null(load(buf_str(&text)));
	assert_string_equal(diags.items[0].code, "limit");
	diags_fini(&diags);
	buf_fini(&text);
	alarm(0);
}

static void hostile_sizes_take_time_in_proportion(void **unused)
{
	struct buf text = {0};

	(void)unused;
	alarm(20);
	// One circle of 5,000 steps.
	buf_text(&text, HEAD "steps:\n");
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "- {id: s%d, needs: [s%d]}\n", i, (i + 1) % 5000);
	assert_null(load(buf_str(&text)));
	assert_int_equal(diags.errors, 1);
	diags_fini(&diags);

	// Groups multiply needs: 5,000 × 4 × 64.
	buf_clear(&text);
	buf_text(&text, HEAD "steps:\n- {id: r, each: [");
	for (int i = 0; i < 64; i++)
		buf_printf(&text, "x%d,", i);
	buf_text(&text, "]}\n");
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "- {id: s%d, needs: [r, r, r, r]}\n", i);
	assert_null(load(buf_str(&text)));
	assert_string_equal(diags.items[0].code, "limit");
	diags_fini(&diags);

	// One large pattern, aliased.
	buf_clear(&text);
	buf_text(&text, HEAD "steps:\n- {id: s, hints: &h [{match: '.{0,1999}', say: x}]}\n");
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "- {id: s%d, hints: *h}\n", i);
	assert_null(load(buf_str(&text)));
	assert_string_equal(diags.items[0].code, "limit");
	diags_fini(&diags);

	// 40,000 errors.
	buf_clear(&text);
	for (int i = 0; i < 40000; i++)
		buf_printf(&text, "key%d: x\n", i);
	assert_null(load(buf_str(&text)));
	assert_true(diags.errors > 40000);
	diags_fini(&diags);
	buf_fini(&text);
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mentions_are_found_in_every_text),
		cmocka_unit_test(defaults_are_filled_in),
		cmocka_unit_test(lists_are_never_null),
		cmocka_unit_test(ids_are_looked_up),
		cmocka_unit_test(a_step_may_learn_an_input_that_has_no_entry),
		cmocka_unit_test(preconditions_are_dependencies_or_texts),
		cmocka_unit_test(jq_programs_are_collected_with_their_places),
		cmocka_unit_test(the_typed_name_is_the_targets_or_the_scopes),
		cmocka_unit_test(what_is_not_built_yet_has_a_name),
		cmocka_unit_test(ten_thousand_steps_load_and_one_more_does_not),
		cmocka_unit_test(hostile_sizes_take_time_in_proportion),
	};

	return cmocka_run_group_tests_name("core/runbook model", tests, NULL, NULL);
}
