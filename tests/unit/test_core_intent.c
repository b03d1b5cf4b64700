// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/intent.h"

static void every_intent_is_complete(void **state)
{
	(void)state;
	assert_null(intent_table[INTENT_NONE].word);
	for (int kind = 1; kind < INTENT_KINDS; kind++) {
		const struct intent_info *info = &intent_table[kind];

		assert_non_null(info->word);
		assert_true(strlen(info->word) > 0 && !strchr(info->word, ' '));
		assert_true(strlen(info->label) > 0 && strlen(info->label) <= 16);
		assert_true(strlen(info->help) > 10);
		assert_non_null(strchr("sdit-", info->needs));
		assert_int_equal(intent_parse(info->word), kind);
	}
}

static void no_word_and_no_key_is_given_twice(void **state)
{
	(void)state;
	for (int a = 1; a < INTENT_KINDS; a++)
		for (int b = a + 1; b < INTENT_KINDS; b++) {
			assert_string_not_equal(intent_table[a].word, intent_table[b].word);
			if (*intent_table[a].key)
				assert_string_not_equal(intent_table[a].key, intent_table[b].key);
		}
}

static void unknown_words_are_none(void **state)
{
	(void)state;
	assert_int_equal(intent_parse("star"), INTENT_NONE);
	assert_int_equal(intent_parse(""), INTENT_NONE);
	assert_int_equal(intent_parse(NULL), INTENT_NONE);
}

static void a_new_intent_is_about_nothing(void **state)
{
	struct intent intent = intent_of(INTENT_WAIVE);

	(void)state;
	assert_int_equal(intent.kind, INTENT_WAIVE);
	assert_int_equal(intent.step, -1);
	assert_int_equal(intent.dependency, -1);
	assert_int_equal(intent.input, -1);
	assert_int_equal(intent.target, -1);
	assert_int_equal(intent.restore_point, -1);
	assert_int_equal(intent.open_line, -1);
	assert_int_equal(intent.of, -1);
	assert_null(intent.text);
	assert_false(wall_known(intent.at));
	assert_false(wall_known(intent.until));
	assert_false(wall_known(intent.detected_at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_intent_is_complete),
		cmocka_unit_test(no_word_and_no_key_is_given_twice),
		cmocka_unit_test(unknown_words_are_none),
		cmocka_unit_test(a_new_intent_is_about_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
