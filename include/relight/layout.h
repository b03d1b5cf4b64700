// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_LAYOUT_H
#define RELIGHT_LAYOUT_H

#include <stdbool.h>

// How a screen of some size is divided: what drawing (frame.h) and moving by pages (ui.h) both go
// by.

enum pane {
	PANE_ORDER,
	PANE_DETAIL,
	PANE_OUTPUT,
	PANE_DEPENDENCIES,
	PANE_TIMELINE,
	PANE_CLOCKS,
	PANE_HELP,
	PANES
};

#define LAYOUT_TINY_COLUMNS                                                                        \
	60 // below these only the mode, the clock and what needs a person are shown
#define LAYOUT_TINY_ROWS    15
#define LAYOUT_WIDE_COLUMNS 120 // from these on several panes
#define LAYOUT_WIDE_ROWS    24
#define LAYOUT_TALL_COLUMNS 160 // columns from which the header has a fourth line
#define LAYOUT_NOW_ROWS     2   // of the NOW box, at least
#define LAYOUT_NARROW_BELOW 3   // floor, message, keys
#define LAYOUT_WIDE_BELOW   2   // keys, message

// Too small for panes: see LAYOUT_TINY_ROWS.
bool layout_is_tiny(int rows, int columns);
// Whether several panes are shown at once (the restore order is then always there).
bool layout_is_wide(int rows, int columns);
// Lines that a pane can show on a screen of this size, for moving by pages; at least 1.
int layout_page_rows(int rows, int columns, enum pane pane);

#endif
