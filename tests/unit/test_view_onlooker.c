// SPDX-License-Identifier: Apache-2.0
//
// What somebody sees who looks on at an incident that another relight has.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view_case.h"

static char *screen(struct view_case *of, int rows, int columns)
{
	struct buf text = {0};
	struct grid *grid = grid_new(rows, columns, false);
	ui_resize(&of->ui, rows, columns);
	frame_draw(grid, &of->input);
	grid_text(grid, &text);
	grid_free(grid);
	return buf_take(&text);
}

static void assert_shows(struct view_case *of, const char *text, bool is_shown)
{
	char *all = screen(of, 60, 200);
	if (!strstr(all, text) == is_shown)
		fail_msg("%s: %s in\n%s", text, is_shown ? "not" : "it stands", all);
	free(all);
}

static void begin(struct view_case *of)
{
	case_calm(of);
	of->input.seat = SEAT_ONLOOKER;
	of->input.person = "mei";
}

// An output that cannot be read has not said nothing.
static void test_unreadable_output(void **state)
{
	struct view_case of;
	(void)state;
	begin(&of);
	of.input.output.count = 0;
	assert_shows(&of, "It has said nothing yet.", true);
	of.input.output.fault = "Permission denied";
	assert_shows(&of, "It has said nothing yet.", false);
	assert_shows(&of, "It cannot be read: Permission denied.", true);
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreadable_output),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
