// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relight/answers.h"

#define ANSWERS "answers: 1\n"

static const char runbook_text[] =
	"relight: 1\n"
	"name: small\n"
	"inputs: {backup: {ask: which}}\n"
	"dependencies:\n"
	"  - {id: mirror, check: {manual: 'is it there?'}}\n"
	"  - {id: api, check: {tcp: {host: h, port: 1}}}\n"
	"steps:\n"
	"  - {id: quota, manual: look}\n"
	"  - {id: topology, decide: {question: q, options: [{id: failover, say: F}, {id: wait, "
	"say: W}]}}\n"
	"  - {id: shift, destructive: true, approvals: 2, run: {command: [x]}}\n"
	"  - {id: tell, each: [a, b], manual: 'tell ${each}'}\n";

static struct runbook *runbook;

static int load_runbook(void **state)
{
	struct diags diags = {.file = "small.yaml"};

	(void)state;
	runbook = runbook_load(runbook_text, strlen(runbook_text), ".", &diags);
	diags_fini(&diags);
	return runbook ? 0 : -1;
}

static int free_runbook(void **state)
{
	(void)state;
	runbook_free(runbook);
	return 0;
}

static struct answers *loaded(const char *text)
{
	struct diags diags = {.file = "answers.yaml"};
	struct answers *answers = answers_load(text, strlen(text), runbook, &diags);

	if (!answers)
		fail_msg("refused: %s", diags.count ? diags.items[0].message : "without a word");
	diags_fini(&diags);
	return answers;
}

static void assert_refused(const char *text, const char *code, int line, int column)
{
	struct diags diags = {.file = "answers.yaml"};
	struct answers *answers = answers_load(text, strlen(text), runbook, &diags);

	if (answers)
		fail_msg("accepted: %s", text);
	if (diags.errors != 1 || strcmp(diags.items[0].code, code) != 0 ||
		diags.items[0].line != line || diags.items[0].column != column)
		fail_msg("%s: %zu errors, first %s at %d:%d (%s)", text, diags.errors,
			diags.items[0].code, diags.items[0].line, diags.items[0].column,
			diags.items[0].message);
	diags_fini(&diags);
}

static void test_loads_everything(void **state)
{
	struct answers *answers = loaded(
		ANSWERS "operator: ana\ninputs: {backup: nightly-1}\non_failure: retry-once\n"
			"unknown: retry\nwait: 90s\ndependencies: {mirror: degraded}\n"
			"approvals: {shift: [mei, raj]}\n"
			"steps:\n  quota: {confirm: seen}\n"
			"  topology: {choose: failover, why: gone}\n"
			"  shift: {type: dr-apse3}\n  tell: {confirm: told}\n");
	const struct answer *topology = &answers->steps[runbook_step(runbook, "topology")];
	const struct texts *shift = &answers->approvals[runbook_step(runbook, "shift")];

	(void)state;
	assert_string_equal(answers->operator, "ana");
	assert_string_equal(answers->inputs[0], "nightly-1");
	assert_int_equal(answers->on_failure, ON_FAILURE_RETRY_ONCE);
	assert_int_equal(answers->on_unknown, ON_UNKNOWN_RETRY);
	assert_int_equal(answers->wait_ms, 90000);
	assert_int_equal(answers->attestation_count, 1);
	assert_int_equal(
		answers->attestations[0].dependency, runbook_dependency(runbook, "mirror"));
	assert_int_equal(answers->attestations[0].status, STATUS_DEGRADED);
	assert_int_equal(shift->count, 2);
	assert_string_equal(shift->items[1], "raj");
	assert_null(shift->items[2]);
	assert_int_equal(answers->approvals[runbook_step(runbook, "quota")].count, 0);
	assert_null(answers->approvals[runbook_step(runbook, "quota")].items[0]);
	assert_string_equal(answers->steps[runbook_step(runbook, "quota")].confirm, "seen");
	assert_string_equal(topology->choose, "failover");
	assert_string_equal(topology->why, "gone");
	assert_string_equal(answers->steps[runbook_step(runbook, "shift")].type, "dr-apse3");
	// The name before `each` expanded it means all of them.
	assert_string_equal(answers->steps[runbook_step(runbook, "tell-a")].confirm, "told");
	assert_string_equal(answers->steps[runbook_step(runbook, "tell-b")].confirm, "told");
	answers_free(answers);
}

static void assert_defaults(const struct answers *answers)
{
	assert_null(answers->operator);
	assert_int_equal(answers->on_failure, ON_FAILURE_STOP);
	assert_int_equal(answers->on_unknown, ON_UNKNOWN_VERIFY);
	assert_int_equal(answers->wait_ms, 300000);
	assert_null(answers->inputs[0]);
	assert_null(answers->steps[runbook_step(runbook, "quota")].confirm);
	assert_int_equal(answers->approvals[0].count, 0);
	assert_int_equal(answers->attestation_count, 0);
}

static void test_defaults(void **state)
{
	struct answers *answers = loaded(ANSWERS);

	(void)state;
	assert_defaults(answers);
	answers_free(answers);
	answers = answers_none(runbook);
	assert_defaults(answers);
	answers_free(answers);
}

static void test_refuses(void **state)
{
	(void)state;
	assert_refused("operator: ana\n", "missing-key", 1, 1);
	assert_refused("answers: 2\n", "bad-number", 1, 10);
	assert_refused("- 1\n", "wrong-type", 1, 1);
	assert_refused(ANSWERS "oprator: ana\n", "unknown-key", 2, 1);
	assert_refused(ANSWERS "inputs: {bakup: x}\n", "unknown-input", 2, 10);
	assert_refused(ANSWERS "on_failure: give-up\n", "unknown-word", 2, 13);
	assert_refused(ANSWERS "unknown: retry-once\n", "unknown-word", 2, 10);
	assert_refused(ANSWERS "wait: -1s\n", "bad-duration", 2, 7);
	assert_refused(ANSWERS "dependencies: {miror: healthy}\n", "unknown-dependency", 2, 16);
	assert_refused(ANSWERS "dependencies: {mirror: fine}\n", "unknown-status", 2, 24);
	assert_refused(ANSWERS "approvals: {shft: [mei]}\n", "unknown-step", 2, 13);
	assert_refused(ANSWERS "approvals: {shift: [[mei]]}\n", "wrong-type", 2, 21);
	assert_refused(ANSWERS "steps: {qouta: {confirm: x}}\n", "unknown-step", 2, 9);
	assert_refused(ANSWERS "steps: {quota: x}\n", "wrong-type", 2, 16);
	assert_refused(ANSWERS "steps: {quota: {comfirm: x}}\n", "unknown-key", 2, 17);
	assert_refused(ANSWERS "steps: {quota: {confirm: [x]}}\n", "wrong-type", 2, 26);
	assert_refused(ANSWERS "steps: {topology: {choose: failovr}}\n", "unknown-option", 2, 28);
	assert_refused(ANSWERS "steps: {topology: {confirm: x}}\n", "no-question", 2, 29);
	assert_refused(ANSWERS "steps: {quota: {choose: x}}\n", "no-question", 2, 25);
	assert_refused(ANSWERS "steps: {quota: {type: x}}\n", "no-question", 2, 23);
}

static void test_suggests(void **state)
{
	struct diags diags = {.file = "answers.yaml"};
	const char *text = ANSWERS "steps: {topology: {choose: failovr}, qouta: {confirm: x}}\n";

	(void)state;
	assert_null(answers_load(text, strlen(text), runbook, &diags));
	assert_int_equal(diags.errors, 2);
	assert_non_null(strstr(diags.items[0].suggestion, "failover"));
	assert_non_null(strstr(diags.items[1].suggestion, "quota"));
	diags_fini(&diags);
}

static void test_warns_of_attestations_nobody_asks_for(void **state)
{
	struct diags diags = {.file = "answers.yaml"};
	const char *text = ANSWERS "dependencies: {api: healthy}\n";
	struct answers *answers = answers_load(text, strlen(text), runbook, &diags);

	(void)state;
	assert_non_null(answers);
	assert_int_equal(diags.warnings, 1);
	assert_string_equal(diags.items[0].code, "not-manual");
	answers_free(answers);
	diags_fini(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_everything),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_suggests),
		cmocka_unit_test(test_warns_of_attestations_nobody_asks_for),
	};
	return cmocka_run_group_tests(tests, load_runbook, free_runbook);
}
