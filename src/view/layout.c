// SPDX-License-Identifier: Apache-2.0
#include "relight/layout.h"

bool layout_is_tiny(int rows, int columns)
{
	return rows < LAYOUT_TINY_ROWS || columns < LAYOUT_TINY_COLUMNS;
}

bool layout_is_wide(int rows, int columns)
{
	return rows >= LAYOUT_WIDE_ROWS && columns >= LAYOUT_WIDE_COLUMNS;
}

int layout_page_rows(int rows, int columns, enum pane pane)
{
	int page;

	if (layout_is_tiny(rows, columns))
		page = rows - 7;
	else if (!layout_is_wide(rows, columns))
		page = rows - 3 - 1 - LAYOUT_NOW_ROWS - 1 - LAYOUT_NARROW_BELOW;
	else if (pane == PANE_ORDER || pane == PANE_HELP || pane == PANE_CLOCKS)
		page = rows - 4 - 1 - LAYOUT_NOW_ROWS - LAYOUT_WIDE_BELOW - 2;
	else
		page = (rows - 4 - 1 - LAYOUT_NOW_ROWS - LAYOUT_WIDE_BELOW) / 2 - 1;
	return page < 1 ? 1 : page;
}
