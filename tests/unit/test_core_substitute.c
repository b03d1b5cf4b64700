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

static void note_variable(void *context, const char *scope, const char *name, size_t offset)
{
	buf_printf(context, "%s|%s@%zu ", scope, name ? name : "?", offset);
}

static void scanning_finds_all_and_reports_bad_ones(void **unused)
{
	struct buf found = {0};

	(void)unused;
	substitute_scan(
		"a ${input.x-1_Y} $${no} ${each}${} ${a.b.c} ${env.X", note_variable, &found);
	assert_string_equal(buf_str(&found), "input|x-1_Y@2 |each@24 |?@31 |?@35 |?@44 ");
	buf_fini(&found);
}

static void a_very_long_name_is_no_variable(void **unused)
{
	struct buf text = {0}, found = {0};

	(void)unused;
	buf_text(&text, "${input.");
	for (int i = 0; i < 100000; i++)
		buf_byte(&text, 'x');
	buf_text(&text, "}");
	substitute_scan(buf_str(&text), note_variable, &found);
	assert_string_equal(buf_str(&found), "|?@0 ");
	buf_fini(&text);
	buf_fini(&found);
}

static void shell_names_are_upper_case(void **unused)
{
	struct buf name = {0};

	(void)unused;
	substitute_input_name("db-token_2", &name);
	assert_string_equal(buf_str(&name), "RELIGHT_INPUT_DB_TOKEN_2");
	buf_fini(&name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_are_replaced_in_one_pass),
		cmocka_unit_test(other_dollars_are_plain),
		cmocka_unit_test(what_has_no_value_is_said),
		cmocka_unit_test(scanning_finds_all_and_reports_bad_ones),
		cmocka_unit_test(a_very_long_name_is_no_variable),
		cmocka_unit_test(shell_names_are_upper_case),
	};

	return cmocka_run_group_tests_name("core/substitute", tests, set_up, tear_down);
}
