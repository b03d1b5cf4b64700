// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/cells.h"

// Draws one text on one row and compares the row.
static void assert_drawn(const char *text, int width, bool is_utf8, const char *expected)
{
	struct grid *grid = grid_new(1, 40, is_utf8);
	struct buf got = {0};
	int used = area_text(area_all(grid), 0, 0, width, ROLE_NORMAL, text);
	grid_text(grid, &got);
	assert_int_equal(got.data[got.length - 1], '\n');
	got.data[got.length - 1] = '\0';
	assert_string_equal(got.data, expected);
	assert_true(used <= width);
	buf_fini(&got);
	grid_free(grid);
}

static void test_plain_text_is_drawn_and_cut(void **state)
{
	(void)state;
	assert_drawn("velero-restore", 20, false, "velero-restore");
	assert_drawn("velero-restore", 14, false, "velero-restore");
	assert_drawn("velero-restore", 13, false, "velero-rest..");
	assert_drawn("velero-restore", 3, false, "v..");
	assert_drawn("velero-restore", 2, false, "ve");
	assert_drawn("velero-restore", 0, false, "");
	assert_drawn(NULL, 10, false, "");
}

static void test_what_a_terminal_obeys_is_shown(void **state)
{
	(void)state;
	assert_drawn("\x1b[31mred", 40, true, "^[[31mred");
	assert_drawn("a\rb\nc\x07", 40, true, "a^Mb^Jc^G");
	assert_drawn("a\tb", 40, true, "a b");
	assert_drawn("\x7f", 40, true, "^?");
	assert_drawn("\xc2\x9b"
		     "31m",
		40, true, "<U+009B>31m"); // CSI as one character
	assert_drawn("a\xe2\x80\xae"
		     "b",
		40, true, "a<U+202E>b"); // right-to-left override
	assert_drawn("a\xe2\x80\x8b"
		     "b",
		40, true, "a<U+200B>b");                         // zero width space
	assert_drawn("\xf3\xa0\x81\x81", 40, true, "<U+E0041>"); // a tag character
	assert_drawn("\xef\xbf\xbf", 40, true, "<U+FFFF>");
}

static void test_invalid_utf8_is_shown_byte_by_byte(void **state)
{
	(void)state;
	assert_drawn("a\xff"
		     "b",
		40, true, "a\\xffb");
	assert_drawn("\xc3", 40, true, "\\xc3");
	assert_drawn("\xc0\xaf", 40, true, "\\xc0\\xaf");
	assert_drawn("\xed\xa0\x80", 40, true, "\\xed\\xa0\\x80"); // a surrogate
	assert_drawn("\xf4\x90\x80\x80", 40, true, "\\xf4\\x90\\x80\\x80");
}

static void test_visible_forms_have_a_role_of_their_own(void **state)
{
	(void)state;
	struct grid *grid = grid_new(1, 10, true);
	area_text(area_all(grid), 0, 0, 10, ROLE_GOOD, "a\x1b");
	assert_int_equal(grid_at(grid, 0, 0)->role, ROLE_GOOD);
	assert_int_equal(grid_at(grid, 0, 1)->role, ROLE_HIDDEN);
	assert_int_equal(grid_at(grid, 0, 2)->role, ROLE_HIDDEN);
	grid_free(grid);
}

static void test_wide_characters_are_never_cut_in_half(void **state)
{
	(void)state;
	assert_drawn("日本語", 6, true, "日本語");
	assert_drawn("日本語", 5, true, "日..");
	assert_drawn("a日", 2, true, "a");
	struct grid *grid = grid_new(1, 6, true);
	struct area area = area_all(grid);
	area_text(area, 0, 0, 6, ROLE_NORMAL, "日本語");
	assert_int_equal(grid_at(grid, 0, 0)->width, 2);
	assert_int_equal(grid_at(grid, 0, 1)->width, 0);
	area_text(area, 0, 1, 2, ROLE_NORMAL,
		"xy"); // over the right half of one and the left half of the next
	assert_string_equal(grid_at(grid, 0, 0)->text, " ");
	assert_string_equal(grid_at(grid, 0, 1)->text, "x");
	assert_string_equal(grid_at(grid, 0, 2)->text, "y");
	assert_string_equal(grid_at(grid, 0, 3)->text, " ");
	assert_int_equal(grid_at(grid, 0, 3)->width, 1);
	assert_int_equal(grid_at(grid, 0, 4)->width, 2);
	grid_free(grid);
}

static void test_marks_share_a_cell_and_are_bounded(void **state)
{
	(void)state;
	struct buf zalgo = {0};
	assert_drawn("e\xcc\x81t", 40, true, "e\xcc\x81t");
	assert_drawn("\xcc\x81t", 40, true, "<U+0301>t"); // nothing to sit on
	buf_text(&zalgo, "a");
	for (int i = 0; i < 100; i++)
		buf_text(&zalgo, "\xcc\x81");
	buf_text(&zalgo, "b");
	struct grid *grid = grid_new(1, 4, true);
	assert_int_equal(area_text(area_all(grid), 0, 0, 4, ROLE_NORMAL, buf_str(&zalgo)), 2);
	assert_int_equal(strlen(grid_at(grid, 0, 0)->text), 15); // 1 + 7 × 2
	assert_string_equal(grid_at(grid, 0, 1)->text, "b");
	grid_free(grid);
	buf_fini(&zalgo);
}

static void test_ascii_has_likenesses(void **state)
{
	(void)state;
	assert_drawn(
		"caf\xc3\xa9 \xe2\x80\x94 \xe2\x86\x92 \xe2\x80\xa6", 40, false, "cafe -- -> ...");
	assert_drawn("日", 40, false, "?");
	assert_drawn("e\xcc\x81", 40, false, "e");
	assert_drawn("\xe2\x80\xae", 40, false, "<U+202E>");
}

static void test_nothing_leaves_its_area(void **state)
{
	(void)state;
	struct buf text = {0};
	struct grid *grid = grid_new(3, 9, false);
	area_repeat(area_all(grid), 1, 0, 9, ROLE_NORMAL, '.', NULL);
	struct area part = area_part(area_all(grid), 1, 2, 1, 4);
	area_text(part, 0, 0, 100, ROLE_NORMAL, "abcdefghij");
	area_text(part, 1, 0, 4, ROLE_NORMAL, "below");
	area_text(part, -1, 0, 4, ROLE_NORMAL, "above");
	area_text(part, 0, 4, 4, ROLE_NORMAL, "right");
	area_text(part, 0, -1, 4, ROLE_NORMAL, "left");
	area_paint(part, 0, 3, 50, ROLE_BAD);
	grid_text(grid, &text);
	assert_string_equal(buf_str(&text), "\n..ab.....\n\n");
	assert_int_equal(grid_at(grid, 1, 5)->role, ROLE_BAD);
	assert_int_equal(grid_at(grid, 1, 6)->role, ROLE_NORMAL);
	buf_fini(&text);
	grid_free(grid);
}

static void test_parts_are_clipped(void **state)
{
	(void)state;
	struct grid *grid = grid_new(5, 10, false);
	struct area all = area_all(grid);
	struct area part = area_part(all, 3, 8, 100, 100);
	assert_int_equal(part.rows, 2);
	assert_int_equal(part.columns, 2);
	part = area_part(all, -2, -3, 4, 5);
	assert_int_equal(part.row, 0);
	assert_int_equal(part.rows, 2);
	assert_int_equal(part.columns, 2);
	part = area_part(all, 7, 20, 3, 3);
	assert_int_equal(part.rows, 0);
	assert_int_equal(part.columns, 0);
	area_text(part, 0, 0, 5, ROLE_NORMAL, "nowhere");
	area_right(part, 0, 3, 5, ROLE_NORMAL, "nowhere");
	area_cursor(part, 0, 0);
	assert_int_equal(grid->cursor_row, -1);
	grid_free(grid);
}

static void test_right_aligned(void **state)
{
	(void)state;
	struct buf text = {0};
	struct grid *grid = grid_new(1, 12, false);
	assert_int_equal(area_right(area_all(grid), 0, 12, 8, ROLE_NORMAL, "ben"), 9);
	assert_int_equal(area_right(area_all(grid), 0, 8, 5, ROLE_NORMAL, "platform"), 3);
	grid_text(grid, &text);
	assert_string_equal(buf_str(&text), "   pla.. ben\n");
	buf_fini(&text);
	grid_free(grid);
}

static void test_sizes_are_bounded(void **state)
{
	(void)state;
	struct grid *grid = grid_new(-5, 0, false);
	assert_int_equal(grid->rows, 1);
	assert_int_equal(grid->columns, 1);
	grid_resize(grid, 1 << 20, 1 << 20);
	assert_int_equal(grid->rows, GRID_MAX_ROWS);
	assert_int_equal(grid->columns, GRID_MAX_COLUMNS);
	assert_null(grid_at(grid, GRID_MAX_ROWS, 0));
	assert_null(grid_at(grid, 0, -1));
	grid_free(grid);
	grid_free(NULL);
}

static void test_tabs_go_on_to_the_next_stop(void **state)
{
	(void)state;
	struct safe_text safe;
	struct cell cell;
	char got[32] = "";
	safe_begin(&safe, "ab\tc\t\td", 7, false, 4);
	while (safe_next(&safe, &cell))
		strcat(got, cell.text);
	assert_string_equal(got, "ab  c       d");
	assert_int_equal(safe.column, 13);
	assert_int_equal(safe_columns("日本", true), 4);
	assert_int_equal(safe_columns(NULL, true), 0);
}

// Random bytes, many of them lead and continuation bytes: whatever is drawn, the grid stays whole
// and holds nothing that a terminal would obey.
static void test_random_bytes_keep_the_grid_whole(void **state)
{
	static const unsigned char likely[] = {0x1b, 0x80, 0xcc, 0x81, 0xe2, 0x80, 0xae, 0xe6, 0x97,
		0xa5, 0xf0, 0x9f, 0x98, 0x80, 'a', ' '};
	uint32_t random = 12345;
	char text[64];
	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct grid *grid = grid_new(1, 1 + round % 23, round & 1);
		for (size_t i = 0; i < sizeof(text) - 1; i++) {
			random = random * 1664525u + 1013904223u;
			text[i] = (char)(random >> 31 ? likely[random >> 8 & 15]
						      : (random >> 8 & 0xff));
		}
		text[sizeof(text) - 1] = '\0';
		area_text(area_all(grid), 0, round % 5, grid->columns, ROLE_NORMAL, text);
		area_text(area_all(grid), 0, round % 7, 3, ROLE_NORMAL, text + 32);
		for (int column = 0; column < grid->columns; column++) {
			const struct cell *cell = grid_at(grid, 0, column);
			bool is_half = column > 0 && grid_at(grid, 0, column - 1)->width == 2;
			assert_int_equal(cell->width == 0, is_half);
			assert_true(cell->width < 2 || column + 1 < grid->columns);
			assert_int_equal(cell->text[0] == '\0', is_half);
			assert_false((unsigned char)cell->text[0] < 0x20 && cell->text[0] != '\0');
			assert_true((grid->is_utf8) || (unsigned char)cell->text[0] < 0x7f);
		}
		grid_free(grid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_is_drawn_and_cut),
		cmocka_unit_test(test_what_a_terminal_obeys_is_shown),
		cmocka_unit_test(test_invalid_utf8_is_shown_byte_by_byte),
		cmocka_unit_test(test_visible_forms_have_a_role_of_their_own),
		cmocka_unit_test(test_wide_characters_are_never_cut_in_half),
		cmocka_unit_test(test_marks_share_a_cell_and_are_bounded),
		cmocka_unit_test(test_ascii_has_likenesses),
		cmocka_unit_test(test_nothing_leaves_its_area),
		cmocka_unit_test(test_parts_are_clipped),
		cmocka_unit_test(test_right_aligned),
		cmocka_unit_test(test_sizes_are_bounded),
		cmocka_unit_test(test_random_bytes_keep_the_grid_whole),
		cmocka_unit_test(test_tabs_go_on_to_the_next_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
