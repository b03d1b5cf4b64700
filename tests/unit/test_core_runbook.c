// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/runbook.h"

#define HEAD "relight: 1\nname: x\n" // two lines

static struct diags diags;

static struct runbook *load(const char *text)
{
	diags = (struct diags){.file = "t.yaml"};
	return runbook_load(text, strlen(text), "/base", &diags);
}

// One that must be good.
static struct runbook *good(const char *text)
{
	struct runbook *runbook = load(text);

	if (!runbook) {
		struct buf out = {0};
		diags_print(&diags, &out);
		print_error("%s", buf_str(&out));
		buf_fini(&out);
	}
	assert_non_null(runbook);
	diags_fini(&diags);
	return runbook;
}

struct mistake {
	const char *text; // after HEAD
	const char *code;
	int line, column;
	const char *suggestion; // NULL: none
};

// Each text has exactly this error, and no other.
static void assert_mistakes(const struct mistake *mistakes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct mistake *mistake = &mistakes[i];
		struct buf text = {0};
		buf_printf(&text, HEAD "%s", mistake->text);
		if (load(buf_str(&text)))
			fail_msg("no error in: %s", mistake->text);
		const struct diag *diag = &diags.items[0];
		struct buf out = {0};
		diags_print(&diags, &out);
		if (diags.errors != 1 || strcmp(diag->code, mistake->code) != 0 ||
			diag->line != mistake->line || diag->column != mistake->column)
			fail_msg("expected %s at %d:%d of\n%s\ngot\n%s", mistake->code,
				mistake->line, mistake->column, mistake->text, buf_str(&out));
		if (!mistake->suggestion != !diag->suggestion ||
			(diag->suggestion && !strstr(diag->suggestion, mistake->suggestion)))
			fail_msg("expected suggestion %s in\n%s", mistake->suggestion,
				buf_str(&out));
		buf_fini(&out);
		buf_fini(&text);
		diags_fini(&diags);
	}
}

#define ASSERT_MISTAKES(list) assert_mistakes(list, sizeof(list) / sizeof *(list))
#define STEP                  "steps: [{id: a}]\n"

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

// --- order ---------------------------------------------------------------------------------------------------------------

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

// --- the model -----------------------------------------------------------------------------------------------------------

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
	assert_int_equal(step->modes, MODE_LIVE | MODE_DRILL | MODE_REHEARSAL);
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
	struct runbook *runbook = good(HEAD "functions: [{id: f}]\n"
					    "dependencies: [{id: d, check: {dns: {name: n}}}]\n"
					    "steps: [{id: a, run: {shell: x}}]\n");

	(void)unused;
	assert_null(runbook->env.items[0]);
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
	struct runbook *runbook = good(HEAD "targets: {k: {kubernetes: {}}}\ninputs: {i: {choices: "
					    "{command: [x], jq: .}}, j: {choices: [a]}}\n"
					    "dependencies:\n- {id: d, check: {dns: {name: n}}}\n"
					    "- {id: e, renew: {command: [x]}, checks: [{manual: "
					    "q}, {kubernetes: {target: k, readyz: true}}]}\n"
					    "- {id: f, checks: [{manual: q}, {kubernetes: {target: "
					    "k, can_i: {verb: get, resource: pods}}}]}\n"
					    "steps: [{id: a, run: {http: {url: 'http://h'}}}, {id: "
					    "b, approvals: 1}, {id: c, run: {command: [x]}}]\n");

	(void)unused;
	assert_string_equal(dependency_unbuilt(&runbook->dependencies[0]), "dns checks");
	assert_null(dependency_unbuilt(&runbook->dependencies[1]));
	assert_string_equal(dependency_unbuilt(&runbook->dependencies[2]), "can_i checks");
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
		cmocka_unit_test(keys_are_known_or_explained),
		cmocka_unit_test(values_have_their_type),
		cmocka_unit_test(the_head_is_checked),
		cmocka_unit_test(words_come_from_their_lists),
		cmocka_unit_test(numbers_are_in_their_range),
		cmocka_unit_test(exclusive_keys_are_reported_where_their_mapping_begins),
		cmocka_unit_test(what_is_dangerous_is_an_error),
		cmocka_unit_test(patterns_compile_and_stay_small),
		cmocka_unit_test(references_lead_somewhere),
		cmocka_unit_test(ids_are_well_formed_and_unique),
		cmocka_unit_test(variables_are_declared),
		cmocka_unit_test(mentions_are_found_in_every_text),
		cmocka_unit_test(steps_come_after_the_one_before_by_phase_then_file),
		cmocka_unit_test(each_makes_steps_and_a_group),
		cmocka_unit_test(each_is_short_and_literal),
		cmocka_unit_test(when_adds_its_decision),
		cmocka_unit_test(needs_point_back_and_never_in_a_circle),
		cmocka_unit_test(every_circle_is_told_once),
		cmocka_unit_test(abort_steps_stand_outside_the_order),
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

	return cmocka_run_group_tests_name("core/runbook", tests, NULL, NULL);
}
