// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/arena.h"
#include "relight/buf.h"
#include "relight/err.h"
#include "relight/memory.h"
#include "relight/status.h"

static void test_buf_grows_and_drops(void **state)
{
	struct buf buf = {0};

	(void)state;
	assert_string_equal(buf_str(&buf), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i % 10);
	assert_int_equal(buf.length, 2000);
	assert_memory_equal(buf.data + 1990, "5,6,7,8,9,", 11);
	buf_drop(&buf, 1996);
	assert_string_equal(buf_str(&buf), "8,9,");
	buf_drop(&buf, 0);
	buf_add(&buf, "a\0b", 3);
	assert_int_equal(buf.length, 7);
	assert_memory_equal(buf.data, "8,9,a\0b", 8);
	buf_clear(&buf);
	assert_string_equal(buf_str(&buf), "");
	buf_byte(&buf, 'x');
	buf_text(&buf, "yz");

	char *taken = buf_take(&buf);

	assert_string_equal(taken, "xyz");
	free(taken);
	assert_null(buf.data);
	taken = buf_take(&buf);
	assert_string_equal(taken, "");
	free(taken);
	buf_fini(&buf);
}

static void test_arena_keeps_what_it_gave(void **state)
{
	struct arena *arena = arena_new();
	char *small[2000];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		small[i] = arena_printf(arena, "text %d", i);
		assert_int_equal((uintptr_t)small[i] % _Alignof(max_align_t), 0);
		if (i % 100 == 0)
			memset(arena_alloc(arena, 10000), 0xff, 10000);
	}
	for (int i = 0; i < 2000; i++)
		assert_int_equal(atoi(small[i] + 5), i);

	const int *zeroed = arena_array(arena, 1000, sizeof *zeroed);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(zeroed[i], 0);
	assert_null(arena_text(arena, NULL));
	assert_string_equal(arena_text(arena, "a"), "a");
	assert_string_equal(arena_bytes(arena, "abc", 2), "ab");
	arena_free(arena);
	arena_free(NULL);
}

static void test_err_says_what_and_where(void **state)
{
	struct err err = {0};
	char long_text[2000];

	(void)state;
	assert_false(err_set(&err, "runbook: %s: %d", "x", 7));
	err_place(&err, "a.yaml", 3, 14);
	assert_false(err_prefix(&err, "check"));
	assert_string_equal(err.message, "check: runbook: x: 7");
	assert_string_equal(err.place, "a.yaml:3:14");
	assert_false(err_errno(&err, ENOENT, "file: %s", "y"));
	assert_string_equal(err.message, "file: y: No such file or directory");
	assert_string_equal(err.place, "");
	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	err_set(&err, "%s", long_text);
	assert_int_equal(strlen(err.message), sizeof err.message - 1);
	err_prefix(&err, "start");
	assert_int_equal(strlen(err.message), sizeof err.message - 1);
	assert_memory_equal(err.message, "start: aaa", 10);
	assert_false(err_set(NULL, "ignored"));
	assert_false(err_errno(NULL, ENOENT, "ignored"));
	assert_false(err_prefix(NULL, "ignored"));
	err_place(NULL, "", 0, 0);
}

static void test_memory_grows_by_doubling(void **state)
{
	size_t capacity = 0, moves = 0;
	int *array = NULL;

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		size_t before = capacity;

		array = memory_grow(array, i, &capacity, sizeof *array);
		array[i] = (int)i;
		moves += capacity != before;
	}
	assert_int_equal(capacity, 1024);
	assert_int_equal(moves, 8);
	assert_int_equal(array[999], 999);
	free(array);
	assert_null(memory_copy_text(NULL));
	assert_null(memory_copy_bytes(NULL, 3));
}

static jmp_buf exhausted;
static char order[8];

static void restore(void)
{
	strcat(order, "r");
}

static void say(void)
{
	strcat(order, "s");
	longjmp(exhausted, 1);
}

static void test_exhaustion_restores_then_says(void **state)
{
	(void)state;
	memory_on_exhausted(restore, say);
	if (!setjmp(exhausted))
		free(memory_resize(NULL, SIZE_MAX / 2, 4));
	assert_string_equal(order, "rs");
}

static void test_status_words(void **state)
{
	enum status status = STATUS_COUNT;
	int level = -1;

	(void)state;
	for (int i = 0; i < STATUS_COUNT; i++) {
		assert_true(status_parse(status_word((enum status)i), &status));
		assert_int_equal(status, i);
	}
	assert_false(status_parse("Healthy", &status));
	assert_false(status_parse(NULL, &status));
	assert_int_equal(status_worse(STATUS_UNKNOWN, STATUS_HEALTHY), STATUS_UNKNOWN);
	assert_int_equal(status_worse(STATUS_UNKNOWN, STATUS_DEGRADED), STATUS_DEGRADED);
	assert_false(status_is_bad(STATUS_UNKNOWN));
	assert_true(status_is_bad(STATUS_MISSING));
	assert_true(level_parse("L4", &level));
	assert_int_equal(level, 4);
	assert_false(level_parse("L6", &level));
	assert_false(level_parse("L44", &level));
	assert_false(level_parse("4", &level));
	assert_false(level_parse(NULL, &level));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buf_grows_and_drops),
		cmocka_unit_test(test_arena_keeps_what_it_gave),
		cmocka_unit_test(test_err_says_what_and_where),
		cmocka_unit_test(test_memory_grows_by_doubling),
		cmocka_unit_test(test_exhaustion_restores_then_says),
		cmocka_unit_test(test_status_words),
	};

	return cmocka_run_group_tests_name("core_buf", tests, NULL, NULL);
}
