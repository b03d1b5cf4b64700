// SPDX-License-Identifier: Apache-2.0
#include "relight/env_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/buf.h"

static void list(void *context, const char *name, const char *value)
{
	buf_printf(context, "[%s|%s]", name, value);
}

static void assert_parsed(const char *text, const char *wanted)
{
	struct buf out = {0};
	struct err err = {0};
	if (!env_file_parse(text, list, &out, &err))
		buf_text(&out, err.message);
	assert_string_equal(buf_str(&out), wanted);
	buf_fini(&out);
}

static void test_variables(void **state)
{
	(void)state;
	assert_parsed("", "");
	assert_parsed("A=1\n\n# no\n  B = 2\n", "[A|1]line 4: it is not NAME=VALUE");
	assert_parsed("A=1\nexport B_2=two words \t\r\nC=", "[A|1][B_2|two words][C|]");
	assert_parsed("A=a=b#c", "[A|a=b#c]");
	assert_parsed("exported=1", "[exported|1]");
}

static void test_quotes(void **state)
{
	(void)state;
	assert_parsed("A=\" a \"", "[A| a ]");
	assert_parsed("A='a\\n$b'", "[A|a\\n$b]");
	assert_parsed("A=\"a\\n\\\"\\$\\x\"  ", "[A|a\n\"$\\x]");
	assert_parsed("A=\"a", "line 1: the value of A does not end with its quote");
	assert_parsed("A='a' b", "line 1: the value of A does not end with its quote");
}

static void test_what_is_none(void **state)
{
	(void)state;
	assert_parsed("secret", "line 1: it is not NAME=VALUE");
	assert_parsed("1A=2", "line 1: it is not NAME=VALUE");
	assert_parsed("=2", "line 1: it is not NAME=VALUE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_what_is_none),
	};
	return cmocka_run_group_tests_name("env_file", tests, NULL, NULL);
}
