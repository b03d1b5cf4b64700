// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/diag.h"

static char *printed(const struct diags *diags)
{
	struct buf out = {0};

	diags_print(diags, &out);
	return buf_take(&out);
}

static void diagnostics_are_kept_in_the_order_of_their_places(void **unused)
{
	struct diags diags = {.file = "f"};

	(void)unused;
	diag_error(&diags, 5, 2, "b", "second");
	diag_warning(&diags, 2, 9, "a", "first");
	diag_error(&diags, 5, 2, "c", "third");
	diag_error(&diags, 5, 3, "d", "fourth");
	assert_string_equal(diags.items[0].code, "a");
	assert_string_equal(diags.items[1].code, "b");
	assert_string_equal(diags.items[2].code, "c");
	assert_string_equal(diags.items[3].code, "d");
	assert_int_equal(diags.errors, 3);
	assert_int_equal(diags.warnings, 1);
	diags_fini(&diags);
}

static void suggestions_belong_to_the_newest(void **unused)
{
	static const char *const words[] = {"needs", "requires", NULL};
	struct diags diags = {.file = "f"};

	(void)unused;
	diag_error(&diags, 5, 1, "b", "second");
	diag_error(&diags, 1, 1, "a", "first");
	diag_suggest(&diags, "neds", words);
	assert_string_equal(diags.items[0].suggestion, "did you mean needs?");
	assert_null(diags.items[1].suggestion);
	diags_fini(&diags);
}

static void the_nearest_word_is_a_third_away_at_most(void **unused)
{
	static const char *const words[] = {"timeout", "title", "text", "restores", NULL};

	(void)unused;
	assert_string_equal(diag_nearest("timout", words), "timeout");
	assert_string_equal(diag_nearest("timeuot", words), "timeout");
	assert_string_equal(diag_nearest("tilte", words), "title");
	assert_string_equal(diag_nearest("restore", words), "restores");
	assert_null(diag_nearest("colour", words));
	assert_null(diag_nearest("t", words));
	assert_null(diag_nearest("", words));
	assert_null(diag_nearest(
		"timeouttimeouttimeouttimeouttimeouttimeouttimeouttimeouttimeouttimeout", words));
}

static void what_is_over_the_limit_is_counted(void **unused)
{
	static const char *const words[] = {"a", NULL};
	struct diags diags = {.file = "f"};

	(void)unused;
	for (int i = 0; i < DIAGS_KEPT + 7; i++)
		diag_error(&diags, i + 1, 1, "x", "no %d", i);
	diag_suggest(&diags, "b", words);
	assert_int_equal(diags.count, DIAGS_KEPT);
	assert_int_equal(diags.errors, DIAGS_KEPT + 7);
	char *text = printed(&diags);
	assert_non_null(strstr(text, "7 more are not shown"));
	free(text);
	diags_fini(&diags);
}

static void the_line_is_quoted_with_a_caret(void **unused)
{
	struct diags diags = {.file = "f.yaml", .source = "a: 1\nbé: 日本 x\r\n"};

	(void)unused;
	diag_error(&diags, 2, 8, "bad", "it is %s", "wrong");
	char *text = printed(&diags);
	// é is one cell, each of 日本 two: the caret stands below the x.
	assert_string_equal(
		text, "f.yaml:2:8: error: it is wrong [bad]\n    bé: 日本 x\n             ^\n");
	free(text);
	diags_fini(&diags);
}

static void long_lines_are_cut_around_the_column(void **unused)
{
	char source[1001];
	struct diags diags = {.file = "f", .source = source};

	(void)unused;
	memset(source, 'x', 1000);
	source[1000] = '\0';
	source[499] = '!';
	diag_error(&diags, 1, 500, "bad", "here");
	char *text = printed(&diags);
	const char *line = strchr(text, '\n') + 1;
	const char *below = strchr(line, '\n') + 1;
	assert_true(below - line < 120);
	// "…" is three bytes and one cell.
	assert_int_equal(strchr(line, '!') - line - 2, strchr(below, '^') - below);
	free(text);
	diags_fini(&diags);
}

static void what_would_move_the_cursor_is_made_visible(void **unused)
{
	struct diags diags = {.file = "f\033[2J", .source = "a\033[31m\xe2\x80\xae\xff\tz"};

	(void)unused;
	diag_error(&diags, 1, 1, "bad", "no \033]0;x\007");
	char *text = printed(&diags);
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\007'));
	assert_null(strstr(text, "\xe2\x80\xae"));
	assert_non_null(strstr(text, "a\\u001b[31m\\u202e\xef\xbf\xbd z"));
	free(text);
	diags_fini(&diags);
}

static void long_messages_are_cut_between_characters(void **unused)
{
	struct diags diags = {.file = "f"};
	struct buf long_text = {0};

	(void)unused;
	for (int i = 0; i < 1000; i++)
		buf_text(&long_text, "é");
	diag_error(&diags, 1, 1, "bad", "x%s", buf_str(&long_text));
	size_t length = strlen(diags.items[0].message);
	assert_true(length < 700);
	assert_string_equal(diags.items[0].message + length - 5, "é…");
	buf_fini(&long_text);
	diags_fini(&diags);
}

static void one_place_is_quoted_once(void **unused)
{
	struct diags diags = {.file = "f", .source = "relight: 1\n"};

	(void)unused;
	diag_warning(&diags, 1, 1, "a", "one");
	diag_warning(&diags, 1, 1, "b", "two");
	char *text = printed(&diags);
	const char *quoted = strstr(text, "    relight");
	assert_non_null(quoted);
	assert_null(strstr(quoted + 1, "    relight"));
	free(text);
	diags_fini(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(diagnostics_are_kept_in_the_order_of_their_places),
		cmocka_unit_test(suggestions_belong_to_the_newest),
		cmocka_unit_test(the_nearest_word_is_a_third_away_at_most),
		cmocka_unit_test(what_is_over_the_limit_is_counted),
		cmocka_unit_test(the_line_is_quoted_with_a_caret),
		cmocka_unit_test(long_lines_are_cut_around_the_column),
		cmocka_unit_test(what_would_move_the_cursor_is_made_visible),
		cmocka_unit_test(long_messages_are_cut_between_characters),
		cmocka_unit_test(one_place_is_quoted_once),
	};

	return cmocka_run_group_tests_name("core/diag", tests, NULL, NULL);
}
