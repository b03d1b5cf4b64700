// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/buf.h"
#include "relight/pattern.h"

static void usual_patterns_pass(void **unused)
{
	static const char *const patterns[] = {"", "a", "^[0-9a-f]{40}$",
		"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
		"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z]{2,63})*", "[]{}()]+", "[^]]",
		"[[:alpha:]][[.-.]]", "a\\{2\\}", "is not empty|current state is Stable", "x{1,}"};

	(void)unused;
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		struct err err = {0};
		if (!pattern_check(patterns[i], &err))
			fail_msg("%s: %s", patterns[i], err.message);
	}
}

static void bad_and_huge_patterns_are_refused_at_once(void **unused)
{
	static const char *const patterns[] = {"[a", "(a", "a)|(b", "((((a{99}){99}){99}){99})",
		"(.{0,9999}){0,9999}", "a{2001}", "(ab){1001}", "a*{9999}",
		"a++++++++++++++++++++++++++++++++", "a{99}{99}{99}", "(a{40})*{60}", "a{40,}+{30}",
		"(a)\\1", "((((((((((((((((((((((a))))))))))))))))))))))"};

	(void)unused;
	alarm(10);
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		struct err err = {0};
		if (pattern_check(patterns[i], &err))
			fail_msg("%s passes", patterns[i]);
		assert_true(*err.message);
	}
	alarm(0);
}

static void the_longest_pattern_is_a_thousand_bytes(void **unused)
{
	struct buf pattern = {0};
	struct err err = {0};

	(void)unused;
	for (int i = 0; i < PATTERN_MAX_BYTES; i++)
		buf_byte(&pattern, 'a');
	assert_true(pattern_check(buf_str(&pattern), &err));
	buf_byte(&pattern, 'a');
	assert_false(pattern_check(buf_str(&pattern), &err));
	buf_fini(&pattern);
}

static void matching_is_anywhere_or_whole(void **unused)
{
	struct err err = {0};

	(void)unused;
	assert_true(pattern_matches("b+", "abbc", false, &err));
	assert_false(pattern_matches("b+", "abbc", true, &err));
	assert_true(pattern_matches("b+|abbc", "abbc", true, &err));
	assert_true(pattern_matches("a|ab", "ab", true, &err));
	assert_false(pattern_matches("a|ab", "abc", true, &err));
	assert_false(*err.message);
	assert_false(pattern_matches("a)|(b", "a", true, &err));
	assert_true(*err.message);
	assert_true(pattern_matches("a", "a", false, &err));
	assert_false(*err.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual_patterns_pass),
		cmocka_unit_test(bad_and_huge_patterns_are_refused_at_once),
		cmocka_unit_test(the_longest_pattern_is_a_thousand_bytes),
		cmocka_unit_test(matching_is_anywhere_or_whole),
	};

	return cmocka_run_group_tests_name("core/pattern", tests, NULL, NULL);
}
