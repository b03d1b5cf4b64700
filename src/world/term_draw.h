// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TERM_DRAW_H
#define RELIGHT_WORLD_TERM_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/err.h"
#include "relight/grid.h"
#include "term_traits.h"

// The thread that draws (term_curses.h), behind a mailbox. Its functions may be
// called from one other thread; they hold a lock that the drawing thread never holds while it
// touches the terminal.

struct term_draw;

// Starts the thread. `fd` (blocking, owned from now on) is the terminal, in raw mode. `told` is
// called from the drawing thread, under the lock, when it has caught up or has failed. NULL with
// `err` when there can be no thread; then fd is closed.
struct term_draw *term_draw_start(const struct term_traits *traits, int fd, int rows, int columns,
	void (*told)(void *context), void *context, struct err *err);

void term_draw_looks(struct term_draw *draw, const struct look *looks, size_t count);
int64_t term_draw_show(struct term_draw *draw, const struct grid *grid); // returns its number
int64_t term_draw_drawn(struct term_draw *draw); // the number of the newest one that was drawn
void term_draw_resize(struct term_draw *draw, int rows, int columns);
void term_draw_redraw(struct term_draw *draw); // everything anew, with what was shown last
bool term_draw_is_behind(struct term_draw *draw);
bool term_draw_has_failed(struct term_draw *draw); // curses would not have this terminal after all
// Whether the text stands within a row of what was shown last.
bool term_draw_contains(struct term_draw *draw, const char *text);

// Leaves the screen for a while (the process is about to be stopped) or comes back to it. Waits so
// long at most for the thread; false: it is stuck.
bool term_draw_pause(struct term_draw *draw, int limit_ms);
void term_draw_resume(struct term_draw *draw);

// Leaves the screen for good and frees everything; waits so long at most. False: the thread is
// stuck, is cut off from the terminal and left behind with what it holds, and the screen is still
// as it was.
bool term_draw_stop(struct term_draw *draw, int limit_ms);

#endif
