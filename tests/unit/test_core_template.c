// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/template.h"

// The parts of a template as one text: what is put out in (), variables as <scope|name>, what is
// malformed as <!>.
static void assert_parts(const char *template, const char *expected)
{
	struct template_part part;
	struct buf out = {0};

	for (const char *at = template; template_next(&at, &part);) {
		switch (part.kind) {
		case TEMPLATE_TEXT: buf_printf(&out, "(%.*s)", (int)part.length, part.text); break;
		case TEMPLATE_VARIABLE: buf_printf(&out, "<%s|%s>", part.scope, part.name); break;
		case TEMPLATE_MALFORMED: buf_text(&out, "<!>"); break;
		}
	}
	assert_string_equal(buf_str(&out), expected);
	buf_fini(&out);
}

static void variables_have_a_scope_or_stand_alone(void **unused)
{
	(void)unused;
	assert_parts("", "");
	assert_parts("plain", "(plain)");
	assert_parts("a ${input.x-1_Y}${each} b", "(a )<input|x-1_Y><|each>( b)");
}

static void other_dollars_are_plain(void **unused)
{
	(void)unused;
	assert_parts("$1 $", "($1 )($)");
	assert_parts("$${each}", "(${)(each})");
	assert_parts("$$${each}", "($)(${)(each})");
}

static void what_is_no_name_is_malformed(void **unused)
{
	(void)unused;
	assert_parts("${}", "<!>(})");
	assert_parts("${a.b.c}", "<!>(a.b.c})");
	assert_parts("${.a}", "<!>(.a})");
	assert_parts("${a.}", "<!>(a.})");
	assert_parts("${a b}", "<!>(a b})");
	assert_parts("${env.X", "<!>(env.X)");
	assert_parts("${${a}}", "<!><|a>(})");
	assert_parts("${\xc3\xa9}", "<!>(\xc3\xa9})");
}

static void a_very_long_name_is_malformed(void **unused)
{
	char text[300] = "${";
	struct template_part part;
	const char *at = text;

	(void)unused;
	memset(text + 2, 'x', TEMPLATE_NAME_BYTES - 1);
	text[TEMPLATE_NAME_BYTES + 1] = '}';
	assert_true(template_next(&at, &part));
	assert_int_equal(part.kind, TEMPLATE_VARIABLE);
	text[TEMPLATE_NAME_BYTES + 1] = 'x';
	text[TEMPLATE_NAME_BYTES + 2] = '}';
	at = text;
	assert_true(template_next(&at, &part));
	assert_int_equal(part.kind, TEMPLATE_MALFORMED);
}

static void shell_names_are_upper_case(void **unused)
{
	struct buf name = {0};

	(void)unused;
	template_input_name("db-token_2", &name);
	assert_string_equal(buf_str(&name), "RELIGHT_INPUT_DB_TOKEN_2");
	buf_fini(&name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variables_have_a_scope_or_stand_alone),
		cmocka_unit_test(other_dollars_are_plain),
		cmocka_unit_test(what_is_no_name_is_malformed),
		cmocka_unit_test(a_very_long_name_is_malformed),
		cmocka_unit_test(shell_names_are_upper_case),
	};

	return cmocka_run_group_tests_name("core/template", tests, NULL, NULL);
}
