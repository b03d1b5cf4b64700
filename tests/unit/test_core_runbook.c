// SPDX-License-Identifier: Apache-2.0
#include "runbook_case.h"

// Every error of the format, with its line, its column and what is suggested.

// --- keys and types ------------------------------------------------------------------------------------------------------

static void keys_are_known_or_explained(void **unused)
{
	static const struct mistake mistakes[] = {
		{STEP "owenr: x\n", "unknown-key", 4, 1, "owner"},
		{STEP "zzzzzz: x\n", "unknown-key", 4, 1, NULL},
		{"steps:\n- {id: a, mnaual: x}\n", "unknown-key", 4, 11, "manual"},
		{"steps:\n- {id: a, run: {comand: [x], command: [x]}}\n", "unknown-key", 4, 17,
			"command"},
		{"scope: {regoin: x}\n" STEP, "unknown-key", 3, 9, "region"},
		{"targets: {t: {kubernetes: {contxt: x}}}\n" STEP, "unknown-key", 3, 28, "context"},
		{"dependencies:\n- {id: d, check: {tcp: {host: h, port: 1, expct: {}}}}\n" STEP,
			"unknown-key", 4, 43, "expect"},
		{"dependencies: [{id: d, check: {http: {url: 'http://h', expect: {exit: "
		 "0}}}}]\n" STEP,
			"unknown-key", 3, 65, NULL},
		{STEP "title: 1\ntitle: 2\n", "duplicate-key", 5, 1, NULL},
		{"owner: x\n", "missing-key", 1, 1, NULL},
		{"steps:\n- {title: x}\n", "missing-key", 4, 3, NULL},
		{"steps: [{id: a, decide: {question: q}}]\n", "missing-key", 3, 25, NULL},
		{"dependencies:\n- id: d\n" STEP, "missing-key", 4, 3, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

static void values_have_their_type(void **unused)
{
	static const struct mistake mistakes[] = {
		{STEP "title: 42\n", "wrong-type", 4, 8, NULL},
		{STEP "title: ~\n", "wrong-type", 4, 8, NULL},
		{STEP "title: [a]\n", "wrong-type", 4, 8, NULL},
		{STEP "env: HOME\n", "wrong-type", 4, 6, NULL},
		{STEP "scope: []\n", "wrong-type", 4, 8, NULL},
		{"steps: {id: a}\n", "wrong-type", 3, 8, NULL},
		{"steps: [a]\n", "wrong-type", 3, 9, NULL},
		{"steps:\n- id: a\n  needs: b\n", "wrong-type", 5, 10, NULL},
		{"steps:\n- id: a\n  destructive: yes\n", "wrong-type", 5, 16, NULL},
		{"steps:\n- id: a\n  retries: 1.5\n", "wrong-type", 5, 12, NULL},
		{"steps:\n- id: a\n  run: {command: ls}\n", "wrong-type", 5, 18, NULL},
		{"steps:\n- id: a\n  run: {command: [ls, ~]}\n", "wrong-type", 5, 23, NULL},
		{"steps:\n- id: a\n  run: ls\n", "wrong-type", 5, 8, NULL},
		{"steps: []\n", "empty", 3, 8, NULL},
		{"dependencies: [{id: d, checks: []}]\n" STEP, "empty", 3, 32, NULL},
	};
	struct runbook *runbook;

	(void)unused;
	ASSERT_MISTAKES(mistakes);
	// Where any scalar is a text, it is taken as it is written.
	runbook = good(HEAD "version: 1.10\nsteps: [{id: a, run: {command: [sleep, 0x10, true], "
			    "env: {N: 1.50}}}]\n");
	assert_string_equal(runbook->version, "1.10");
	assert_string_equal(runbook->steps[0].run.command.argv.items[1], "0x10");
	assert_string_equal(runbook->steps[0].run.command.argv.items[2], "true");
	assert_null(runbook->steps[0].run.command.argv.items[3]);
	assert_string_equal(runbook->steps[0].run.command.env.items[0].value, "1.50");
	runbook_free(runbook);
}

static void the_head_is_checked(void **unused)
{
	(void)unused;
	assert_null(load("relight: 2\nname: x\n" STEP));
	assert_string_equal(diags.items[0].code, "out-of-range");
	diags_fini(&diags);
	assert_null(load("name: x\n" STEP));
	assert_string_equal(diags.items[0].code, "missing-key");
	diags_fini(&diags);
	assert_null(load("relight: 1\nname: Not An Id\n" STEP));
	assert_string_equal(diags.items[0].code, "bad-id");
	assert_int_equal(diags.items[0].line, 2);
	diags_fini(&diags);
	assert_null(load("- a\n"));
	assert_string_equal(diags.items[0].code, "wrong-type");
	diags_fini(&diags);
	assert_null(load("relight: 1\nname: [\n"));
	assert_string_equal(diags.items[0].code, "yaml");
	diags_fini(&diags);
}

static void words_come_from_their_lists(void **unused)
{
	static const struct mistake mistakes[] = {
		{STEP "topology: pilot_light\n", "unknown-word", 4, 11, "pilot-light"},
		{STEP "scope: {level: clusters}\n", "unknown-word", 4, 16, "cluster"},
		{STEP "trigger: {disasters: [meteor]}\n", "unknown-word", 4, 23, NULL},
		{STEP "state: [{id: a, category: secret}]\n", "unknown-word", 4, 27, "secrets"},
		{STEP "evidence: [{kind: photo, what: x}]\n", "unknown-word", 4, 19, NULL},
		{"dependencies: [{id: d, layer: netwrok, check: {manual: q}}]\n" STEP,
			"unknown-word", 3, 31, "network"},
		{"dependencies: [{id: d, proves: L9, check: {manual: q}}]\n" STEP, "unknown-word",
			3, 32, NULL},
		{"steps: [{id: a, again: always}]\n", "unknown-word", 3, 24, NULL},
		{"steps: [{id: a, signal: SIGINT}]\n", "unknown-word", 3, 25, NULL},
		{"steps: [{id: a, modes: [live, practice]}]\n", "unknown-word", 3, 31, NULL},
		{"targets: {t: {role: sources, ssh: {host: h}}}\n" STEP, "unknown-word", 3, 21,
			"source"},
		{"targets: {t: {ssh: {host: h, via: ssh}}}\n" STEP, "unknown-word", 3, 35, NULL},
		{"dependencies: [{id: d, check: {dns: {name: n, type: AAAAA}}}]\n" STEP,
			"unknown-word", 3, 53, "AAAA"},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

static void numbers_are_in_their_range(void **unused)
{
	static const struct mistake mistakes[] = {
		{STEP "objectives: {rto: 15}\n", "bad-duration", 4, 19, NULL},
		{STEP "objectives: {rto: -15m}\n", "bad-duration", 4, 19, NULL},
		{STEP "objectives: {rpo: 1.5h}\n", "bad-duration", 4, 19, NULL},
		{STEP "objectives: {rto: 4h, mtd: 4h}\n", "rto-mtd", 4, 19, NULL},
		{STEP "functions: [{id: f, mtd: 1h, rto: 90m}]\n", "rto-mtd", 4, 35, NULL},
		{"steps: [{id: a, takes: soon}]\n", "bad-duration", 3, 24, NULL},
		{"steps: [{id: a, timeout: 0s}]\n", "bad-duration", 3, 26, NULL},
		{"steps: [{id: a, retries: -1}]\n", "out-of-range", 3, 26, NULL},
		{"targets: {t: {ssh: {host: h, port: 65536}}}\n" STEP, "out-of-range", 3, 36, NULL},
		{"dependencies: [{id: d, check: {tcp: {host: h, port: 0}}}]\n" STEP, "bad-port", 3,
			53, NULL},
		{"dependencies: [{id: d, check: {tcp: {host: h, port: 99999}}}]\n" STEP, "bad-port",
			3, 53, NULL},
		{"dependencies: [{id: d, check: {tls: {host: h, port: https}}}]\n" STEP, "bad-port",
			3, 53, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'http://h:70000/'}}}]\n" STEP,
			"bad-port", 3, 44, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'http://h', connect_to: "
		 "'a:b'}}}]\n" STEP,
			"bad-port", 3, 68, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'http://h', expect: {status: "
		 "99}}}}]\n" STEP,
			"out-of-range", 3, 73, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'ftp://h'}}}]\n" STEP, "bad-url", 3,
			44, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'http://'}}}]\n" STEP, "bad-url", 3,
			44, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'http://a b/'}}}]\n" STEP, "bad-url",
			3, 44, NULL},
		{"dependencies: [{id: d, every: 0s, check: {manual: q}}]\n" STEP, "bad-duration", 3,
			31, NULL},
		{STEP "validated: {at: yesterday}\n", "bad-time", 4, 17, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

// --- what excludes each other --------------------------------------------------------------------------------------------

static void exclusive_keys_are_reported_where_their_mapping_begins(void **unused)
{
	static const struct mistake mistakes[] = {
		{"steps:\n- id: a\n  manual: x\n  run: {command: [ls]}\n", "exclusive-keys", 4, 3,
			NULL},
		{"steps:\n- id: a\n  run: {command: [ls], shell: ls}\n", "exclusive-keys", 5, 8,
			NULL},
		{"steps:\n- id: a\n  run: {http: {url: 'http://h'}, dir: x}\n", "exclusive-keys", 5,
			8, NULL},
		{"steps:\n- id: a\n  manual: x\n  expect: {exit: 0}\n", "exclusive-keys", 4, 3,
			NULL},
		{"steps:\n- id: a\n  run: {http: {url: 'http://h'}}\n  expect: {exit: 0}\n",
			"exclusive-keys", 4, 3, NULL},
		{"dependencies:\n- id: d\n  check: {manual: q}\n  checks: [{manual: q}]\n" STEP,
			"exclusive-keys", 4, 3, NULL},
		{"dependencies:\n- id: d\n  check: {tcp: {host: h, port: 1}, manual: q}\n" STEP,
			"exclusive-keys", 5, 10, NULL},
		{"dependencies:\n- id: d\n  check: {tcp: {host: h, port: 1}, expect: {exit: "
		 "0}}\n" STEP,
			"exclusive-keys", 5, 10, NULL},
		{"targets:\n  t: {ssh: {host: h}, kubernetes: {}}\n" STEP, "exclusive-keys", 4, 6,
			NULL},
		{"targets: {t: {kubernetes: {}}}\ndependencies:\n- id: d\n"
		 "  check: {kubernetes: {target: t, resource: pods, name: a, selector: b}}\n" STEP,
			"exclusive-keys", 6, 23, NULL},
		{"dependencies: [{id: d, check: {dns: {name: n, server: a, servers: [b]}}}]\n" STEP,
			"exclusive-keys", 3, 37, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'http://h', expect: {unreachable: "
		 "true, status: 200}}}}]\n" STEP,
			"exclusive-keys", 3, 64, NULL},
		{"targets: {t: {role: source}}\n" STEP, "missing-key", 3, 14, NULL},
		{"steps: [{id: a, run: {dir: x}}]\n", "missing-key", 3, 22, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

static void a_short_mapping_is_named_by_its_keys(void **unused)
{
	struct buf out = {0};

	(void)unused;
	assert_null(load(HEAD "steps: [{id: a, decide: [x, y]}]\n"));
	diags_print(&diags, &out);
	assert_non_null(strstr(
		buf_str(&out), "decide: expected {question, options}, found a list [wrong-type]"));
	buf_fini(&out);
	diags_fini(&diags);
}

static void what_is_dangerous_is_an_error(void **unused)
{
	static const struct mistake mistakes[] = {
		{"steps:\n- id: a\n  destructive: true\n  retries: 1\n  run: {command: [ls]}\n",
			"destructive-retries", 6, 12, NULL},
		{"steps:\n- id: a\n  again: never\n  retries: 1\n  run: {command: [ls]}\n",
			"never-retries", 6, 12, NULL},
		{"steps: [{id: a, run: {command: []}}]\n", "empty-argv", 3, 32, NULL},
		{"steps: [{id: a, run: {command: ['']}}]\n", "empty-argv", 3, 32, NULL},
		{"steps: [{id: a, run: {shell: ' '}}]\n", "empty", 3, 30, NULL},
		{"steps: [{id: a, decide: {question: q, options: [{id: o}]}}]\n",
			"decision-options", 3, 48, NULL},
		// What hangs on a decision that cannot be read is no second error.
		{"steps:\n- {id: a, decide: [x, y]}\n- {id: b, when: {decision: a, is: x}}\n",
			"wrong-type", 4, 19, NULL},
		{"inputs: {s: {secret: true}}\nsteps:\n- id: a\n  run: {command: [x, "
		 "\"-p=${input.s}\"]}\n",
			"secret-argv", 6, 26, NULL},
		{"inputs: {s: {secret: true}}\nsteps:\n- id: a\n  rollback: {command: "
		 "[\"${input.s}\"]}\n",
			"secret-argv", 6, 25, NULL},
		{"inputs: {s: {secret: true}}\ndependencies: [{id: d, check: {command: "
		 "[\"${input.s}\"]}}]\n" STEP,
			"secret-argv", 4, 43, NULL},
		{"inputs: {a-b: {}, a_b: {}}\n" STEP, "input-collision", 3, 19, NULL},
		{"dependencies: [{id: d, check: {http: {url: 'http://h', headers: {A: \"b\\nC: "
		 "d\"}}}}]\n" STEP,
			"bad-value", 3, 69, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
	runbook_free(
		good(HEAD "inputs: {s: {secret: true}}\n"
			  "steps: [{id: a, run: {command: [x], env: {P: \"${input.s}\"}}}]\n"));
}

static void patterns_compile_and_stay_small(void **unused)
{
	static const struct mistake mistakes[] = {
		{"inputs: {a: {pattern: '[a'}}\n" STEP, "bad-pattern", 3, 23, NULL},
		{"inputs: {a: {pattern: '((((a{99}){99}){99}){99})'}}\n" STEP, "bad-pattern", 3, 23,
			NULL},
		{"inputs: {a: {pattern: '[0-9]{4}', default: '12345'}}\n" STEP, "bad-default", 3,
			44, NULL},
		{"steps: [{id: a, hints: [{match: '(a', say: b}]}]\n", "bad-pattern", 3, 33, NULL},
		{"dependencies: [{id: d, check: {command: [x], expect: {matches: 'a**('}}}]\n" STEP,
			"bad-pattern", 3, 64, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

// --- references ----------------------------------------------------------------------------------------------------------

static void references_lead_somewhere(void **unused)
{
	static const struct mistake mistakes[] = {
		{"steps:\n- {id: bootstrap}\n- {id: b, needs: [bootstrp]}\n", "unknown-step", 5, 19,
			"bootstrap"},
		{"dependencies: [{id: api, check: {manual: q}}]\nsteps: [{id: a, requires: "
		 "[apj]}]\n",
			"unknown-dependency", 4, 28, "api"},
		{"steps: [{id: a, restores: [x]}]\n", "unknown-dependency", 3, 28, NULL},
		{"steps: [{id: a, phase: clutser}]\n", "unknown-phase", 3, 24, "cluster"},
		{"steps: [{id: a, target: t}]\n", "unknown-target", 3, 25, NULL},
		{"targets: {t: {created_by: b, kubernetes: {}}}\n" STEP, "unknown-step", 3, 27,
			NULL},
		{"functions: [{id: f, journey: [d]}]\n" STEP, "unknown-dependency", 3, 31, NULL},
		{"restore_points: [{id: p, of: s, at: {command: [x], jq: .}}]\n" STEP,
			"unknown-state", 3, 30, NULL},
		{"dependencies: [{id: d, follows: [e], check: {manual: q}}]\n" STEP,
			"unknown-dependency", 3, 34, NULL},
		{STEP "abort: {steps: [b]}\n", "unknown-step", 4, 17, NULL},
		{STEP "abort: {when_unhealthy: [{dependency: d}]}\n", "unknown-dependency", 4, 39,
			NULL},
		{"steps:\n- {id: a}\n- {id: b, when: {decision: a, is: x}}\n", "no-decision", 5, 28,
			NULL},
		{"steps:\n- {id: a, decide: {question: q, options: [{id: yes-do}, {id: "
		 "no-dont}]}}\n"
		 "- {id: b, when: {decision: a, is: yes-d}}\n",
			"unknown-option", 5, 35, "yes-do"},
		{"targets: {t: {kubernetes: {}}}\nsteps: [{id: a, run: {ssh: {target: t, command: "
		 "[x]}}}]\n",
			"wrong-target", 4, 37, NULL},
		{"targets: {t: {ssh: {host: h}}}\ndependencies: [{id: d, check: {kubernetes: "
		 "{target: t, readyz: true}}}]\n" STEP,
			"wrong-target", 4, 53, NULL},
		{"dependencies: [{id: d, check: {manual: q}}]\nsteps: [{id: a, requires: [d, "
		 "d]}]\n",
			"duplicate", 4, 31, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
}

static void ids_are_well_formed_and_unique(void **unused)
{
	static const struct mistake mistakes[] = {
		{"steps: [{id: A}]\n", "bad-id", 3, 14, NULL},
		{"steps: [{id: -a}]\n", "bad-id", 3, 14, NULL},
		{"steps: [{id: a_b}]\n", "bad-id", 3, 14, NULL},
		{"steps: [{id: 7}]\n", "wrong-type", 3, 14, NULL},
		{"steps: [{id: "
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]\n",
			"bad-id", 3, 14, NULL},
		{"steps: [{id: a}, {id: a}]\n", "duplicate-id", 3, 23, NULL},
		{"steps: [{id: r, each: [x, y]}, {id: r-x}]\n", "duplicate-id", 3, 37, NULL},
		{"steps: [{id: r}, {id: r, each: [x]}]\n", "duplicate-id", 3, 23, NULL},
		{"steps: [{id: r, each: [X]}]\n", "bad-id", 3, 24, NULL},
		{"phases: [a, a]\n" STEP, "duplicate-id", 3, 13, NULL},
		{"phases: [open]\n" STEP, "bad-id", 3, 10, NULL},
		{"phases: []\n" STEP, "empty", 3, 9, NULL},
		{"phases: [traffic, journey]\n" STEP, "phase-order", 3, 10, NULL},
		{"state: [{id: s}, {id: s}]\n" STEP, "duplicate-id", 3, 23, NULL},
		{"dependencies: [{id: d, check: {manual: q}}, {id: d, check: {manual: q}}]\n" STEP,
			"duplicate-id", 3, 50, NULL},
	};

	(void)unused;
	ASSERT_MISTAKES(mistakes);
	runbook_free(good(HEAD "inputs: {a_b: {}}\n" STEP));
}

// --- variables -----------------------------------------------------------------------------------------------------------

static void variables_are_declared(void **unused)
{
	static const struct mistake mistakes[] = {
		{"inputs: {backup: {}}\nsteps: [{id: a, run: {command: [x, "
		 "\"${input.bakcup}\"]}}]\n",
			"unknown-input", 4, 37, "backup"},
		{"steps: [{id: a, run: {command: [x, \"${scope.region}\"]}}]\n", "unknown-variable",
			3, 37, NULL},
		{"env: [HOME]\nsteps: [{id: a, run: {command: [\"${env.HOMEE}/x\"]}}]\n",
			"unknown-variable", 4, 34, "HOME"},
		{"steps: [{id: a, run: {command: [\"${each}\"]}}]\n", "unknown-variable", 3, 34,
			NULL},
		{"dependencies: [{id: d, check: {command: [\"${attempt}\"]}}]\n" STEP,
			"unknown-variable", 3, 43, NULL},
		{"steps: [{id: a, run: {command: [\"${incident.name}\"]}}]\n", "unknown-variable",
			3, 34, "incident.id"},
		{"steps: [{id: a, run: {command: [\"${HOME}\"]}}]\n", "unknown-variable", 3, 34,
			NULL},
		{"steps: [{id: a, run: {command: [\"${}\"]}}]\n", "bad-variable", 3, 34, NULL},
		{"steps: [{id: a, run: {command: [\"${input.x\"]}}]\n", "bad-variable", 3, 34,
			NULL},
		{"steps:\n- id: a\n  manual: |\n    one\n      two ${incident.id} ${input.x}\n",
			"unknown-input", 7, 26, NULL},
		{"steps: [{id: a, run: {shell: 'echo $RELIGHT_INPUT_X'}}]\n", "unknown-input", 3,
			30, NULL},
	};
	struct runbook *runbook;

	(void)unused;
	ASSERT_MISTAKES(mistakes);
	runbook = good(
		HEAD "env: [HOME]\nscope: {region: r}\nsteps:\n- id: a\n  each: [x]\n"
		     "  run: {command: [\"${each} ${attempt} ${incident.id} ${env.HOME} "
		     "${scope.region} $${x} $\"]}\n"
		     "- {id: b, run: {shell: 'echo ${NOT_OURS} ${input.none} ${RELIGHT_INPUT_}'}}\n"
		     "- {id: c, run: {command: [x]}, expect: {jq: '\"${x}\"'}}\n");
	assert_int_equal(runbook->step_count, 3);
	runbook_free(runbook);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_known_or_explained),
		cmocka_unit_test(values_have_their_type),
		cmocka_unit_test(the_head_is_checked),
		cmocka_unit_test(words_come_from_their_lists),
		cmocka_unit_test(numbers_are_in_their_range),
		cmocka_unit_test(exclusive_keys_are_reported_where_their_mapping_begins),
		cmocka_unit_test(a_short_mapping_is_named_by_its_keys),
		cmocka_unit_test(what_is_dangerous_is_an_error),
		cmocka_unit_test(patterns_compile_and_stay_small),
		cmocka_unit_test(references_lead_somewhere),
		cmocka_unit_test(ids_are_well_formed_and_unique),
		cmocka_unit_test(variables_are_declared),
	};

	return cmocka_run_group_tests_name("core/runbook", tests, NULL, NULL);
}
