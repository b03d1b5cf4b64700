// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TERM_H
#define RELIGHT_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relight/err.h"
#include "relight/grid.h"
#include "relight/key.h"

// The terminal. Grids go out through a thread of its own behind a mailbox, because a refresh on a
// stopped or half-open terminal blocks for good; keys come in through a descriptor of their own on
// the loop, so that a terminal that cannot be written to can still be read. The terminal is opened
// anew for both: descriptors that are shared with the shell are left as they are.
//
// Every function is for the loop's thread, and none of them blocks but as it says.

struct term;

struct term_hooks {
	void *context;
	// Keys in the order they were typed (key.h), at most a few thousand at once; K_HANGUP comes
	// once, as the last key ever.
	void (*on_keys)(void *context, const int *keys, size_t count);
	// The terminal has another size now, or has lost what it showed: draw and show again.
	void (*on_resize)(void *context, int rows, int columns);
	// All that was shown has reached the terminal, after having been behind. May be NULL.
	void (*on_drawn)(void *context);
};

// Opens the terminal that this process sits at, and puts it into raw mode without signals: Ctrl-C,
// Ctrl-Z and Ctrl-S are keys. NULL with `err` ("terminal: …", nothing changed) when there is none,
// or one that cannot move the cursor; "…; use --headless". Until term_stop it is also brought back
// by any signal that ends the process and that nobody else handles. Calls setlocale(LC_CTYPE, "").
// Reads the terminfo database. `loop` must outlive the term. RELIGHT_KEYS=FILE in the environment
// types keys from a script (term_script.h).
struct term *term_start(uv_loop_t *loop, const struct term_hooks *hooks, struct err *err);

// Whether term_start would find a terminal that it can draw on. False with its `err`.
bool term_is_there(struct err *err);

// How many colours it has: 0, 8, 16 or 256. NO_COLOR in the environment makes it 0.
int term_colours(const struct term *term);
// Whether it takes UTF-8; else grids should hold ASCII only.
bool term_is_utf8(const struct term *term);
// Its size in cells, asked anew: at least 1×1.
void term_size(const struct term *term, int *rows, int *columns);

// How cells look, by their role; roles beyond the table are drawn plain. Copied. To be called
// before the first term_show; what was drawn before stays as it was.
#define TERM_LOOKS 64
void term_looks(struct term *term, const struct look *looks, size_t count);

// Shows a copy of the grid as soon as the terminal takes it. One that was not drawn yet is
// replaced. What does not fit is cut off. Returns the grid's number; they rise from 1.
int64_t term_show(struct term *term, const struct grid *grid);
// Whether something was given to term_show that has not reached the terminal: keys typed now are
// not an answer to it.
bool term_is_behind(const struct term *term);
// Whether this grid, or one that was shown after it, has reached the terminal.
bool term_has_drawn(const struct term *term, int64_t number);
// The whole screen is drawn anew with the next term_show (Ctrl-L).
void term_redraw(struct term *term);

// Brings the terminal back, within 200 ms at most; async-signal-safe, and without effect where no
// term is started. For memory_on_exhausted().
void term_restore(void);

// Brings the terminal back to what it was and frees everything; the hooks are not called any more.
// Waits at most TERM_STOP_MS for a drawing thread that is stuck, then leaves it behind. The loop
// must run once more for its handles to be closed. NULL is safe.
#define TERM_STOP_MS 200
void term_stop(struct term *term);

#endif
