// SPDX-License-Identifier: Apache-2.0
//
// Golden screens: what a person sees, kept as text in tests/unit/golden and read like code.
// RELIGHT_GOLDEN=update writes them anew; look at the difference before you keep it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view_case.h"

// --- comparing ---

static const char *next_line(const char *text, size_t *length)
{
	*length = strcspn(text, "\n");
	return text[*length] ? text + *length + 1 : text + *length;
}

static void print_difference(const char *expected, const char *got)
{
	for (int row = 1; *expected || *got; row++) {
		size_t expected_length, got_length;
		const char *expected_next = next_line(expected, &expected_length);
		const char *got_next = next_line(got, &got_length);
		if (expected_length != got_length || memcmp(expected, got, got_length) != 0)
			print_error("%3d -%.*s\n    +%.*s\n", row, (int)expected_length, expected,
				(int)got_length, got);
		expected = expected_next;
		got = got_next;
	}
}

static void assert_golden(const char *name, const char *got)
{
	char path[128];
	snprintf(path, sizeof(path), "tests/unit/golden/%s.txt", name);
	const char *update = getenv("RELIGHT_GOLDEN");
	if (update && strcmp(update, "update") == 0) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(got, file);
		fclose(file);
		return;
	}
	char *expected = file_text(path);
	if (!expected)
		fail_msg("golden screen: %s: not there; RELIGHT_GOLDEN=update writes it", path);
	if (strcmp(expected, got) != 0) {
		print_difference(expected, got);
		free(expected);
		fail_msg("golden screen: %s: differs (- as kept, + as drawn now)", path);
	}
	free(expected);
}

static char *screen(struct view_case *of, int rows, int columns, bool is_utf8)
{
	struct buf text = {0};
	struct grid *grid = grid_new(rows, columns, is_utf8);
	of->ui.rows = rows;
	of->ui.columns = columns;
	frame_draw(grid, &of->input);
	grid_text(grid, &text);
	grid_free(grid);
	return buf_take(&text);
}

static void check(struct view_case *of, int rows, int columns, const char *name)
{
	char *got = screen(of, rows, columns, false);
	assert_golden(name, got);
	free(got);
}

// --- the four screens of the design, and what lies between ---

static void test_calm(void **state)
{
	struct view_case of;
	(void)state;
	case_calm(&of);
	check(&of, 24, 80, "calm-80x24");
	check(&of, 45, 160, "calm-160x45");
	check(&of, 60, 200, "calm-200x60");
	check(&of, 12, 40, "calm-40x12");
	check(&of, 30, 120, "calm-120x30");
	case_end(&of);
}

static void test_failing(void **state)
{
	struct view_case of;
	(void)state;
	case_failing(&of);
	check(&of, 24, 80, "failing-80x24");
	check(&of, 45, 160, "failing-160x45");
	check(&of, 60, 200, "failing-200x60");
	check(&of, 12, 40, "failing-40x12");
	case_end(&of);
}

static void test_narrow_panes(void **state)
{
	static const struct {
		enum pane pane;
		const char *name;
	} panes[] = {{PANE_DETAIL, "pane-detail"}, {PANE_OUTPUT, "pane-output"},
		{PANE_DEPENDENCIES, "pane-dependencies"}, {PANE_TIMELINE, "pane-timeline"},
		{PANE_CLOCKS, "pane-clocks"}, {PANE_HELP, "pane-help"}};
	struct view_case of;
	(void)state;
	case_failing(&of);
	for (size_t i = 0; i < sizeof(panes) / sizeof(panes[0]); i++) {
		of.ui.pane = panes[i].pane;
		check(&of, 24, 80, panes[i].name);
	}
	case_end(&of);
}

// Nothing may crash, leave its area or draw outside of ASCII at any size.
static void test_every_size(void **state)
{
	struct view_case of;
	(void)state;
	case_failing(&of);
	for (int pane = 0; pane < PANES; pane++)
		for (int rows = 1; rows < 50; rows += rows < 28 ? 1 : 7)
			for (int columns = 1; columns < 230; columns += columns < 30 ? 1 : 13) {
				of.ui.pane = (enum pane)pane;
				char *text = screen(&of, rows, columns, false);
				int lines = 0;
				for (const char *c = text; *c; c++) {
					assert_in_range(
						(unsigned char)*c, *c == '\n' ? '\n' : ' ', '~');
					lines += *c == '\n';
				}
				assert_int_equal(lines, rows);
				free(text);
			}
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calm),
		cmocka_unit_test(test_failing),
		cmocka_unit_test(test_narrow_panes),
		cmocka_unit_test(test_every_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
