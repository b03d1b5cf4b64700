// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/substitute.h"

static struct runbook *runbook;

static int set_up(void **unused)
{
	static const char text[] =
		"relight: 1\nname: x\nscope: {region: r1, cluster: \"${scope.region}\"}\n"
		"inputs: {backup: {}, db-token: {}}\nsteps: [{id: a}]\n";
	struct diags diags = {.file = "t"};

	(void)unused;
	runbook = runbook_load(text, sizeof text - 1, ".", &diags);
	diags_fini(&diags);
	return runbook ? 0 : -1;
}

static int tear_down(void **unused)
{
	(void)unused;
	runbook_free(runbook);
	return 0;
}

static char home[] = "/home/ana";

static const char *from_env(void *context, const char *name)
{
	return strcmp(name, "HOME") == 0 ? context : NULL;
}

static const char *const inputs[] = {"nightly-1 ${each}", NULL};

static struct substitution values(void)
{
	return (struct substitution){
		.runbook = runbook,
		.inputs = inputs,
		.env = from_env,
		.env_context = home,
		.incident = "20260703-x",
		.each = "case-api",
		.attempt = 3,
	};
}

static void assert_becomes(const char *template, const char *expected)
{
	struct substitution all = values();
	struct buf out = {0};
	struct err err = {0};

	if (!substitute(template, &all, &out, &err))
		fail_msg("%s: %s", template, err.message);
	assert_string_equal(buf_str(&out), expected);
	buf_fini(&out);
}

static void assert_fails(
	const struct substitution *given, const char *template, const char *expected)
{
	struct buf out = {0};
	struct err err = {0};

	assert_false(substitute(template, given, &out, &err));
	assert_string_equal(err.message, expected);
	buf_fini(&out);
}

static void variables_are_replaced_in_one_pass(void **unused)
{
	(void)unused;
	assert_becomes("plain", "plain");
	assert_becomes("", "");
	assert_becomes("${scope.region}-${attempt}", "r1-3");
	assert_becomes("${env.HOME}/${incident.id}/${each}", "/home/ana/20260703-x/case-api");
	// What was put in is not looked at again.
	assert_becomes("[${input.backup}]", "[nightly-1 ${each}]");
	assert_becomes("${scope.cluster}", "${scope.region}");
}

static void other_dollars_are_plain(void **unused)
{
	(void)unused;
	assert_becomes("$HOME $1 $$ a$", "$HOME $1 $$ a$");
	assert_becomes("$${each}", "${each}");
	assert_becomes("$$${each}", "$${each}");
	assert_becomes("$${each} ${each}", "${each} case-api");
	assert_becomes("{each} $ {each}", "{each} $ {each}");
}

static void what_has_no_value_is_said(void **unused)
{
	struct substitution all = values(), none = {0};

	(void)unused;
	assert_fails(&all, "x ${input.db-token}", "needs input db-token");
	assert_fails(&all, "${env.AWS_PROFILE}", "environment name AWS_PROFILE is not set");
	assert_fails(&all, "${scope.zone}", "${scope.zone} has no value here");
	assert_fails(&all, "${}", "${}: not a variable");
	assert_fails(&none, "${attempt}", "${attempt} has no value here");
	assert_fails(&none, "${each}", "${each} has no value here");
	assert_fails(&none, "${incident.id}", "${incident.id} has no value here");
	assert_fails(&none, "${env.HOME}", "${env.HOME} has no value here");
	assert_fails(&none, "${input.backup}", "needs input backup");
	assert_fails(&none, "${scope.region}", "${scope.region} has no value here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_are_replaced_in_one_pass),
		cmocka_unit_test(other_dollars_are_plain),
		cmocka_unit_test(what_has_no_value_is_said),
	};

	return cmocka_run_group_tests_name("core/substitute", tests, set_up, tear_down);
}
