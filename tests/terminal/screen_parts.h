// SPDX-License-Identifier: Apache-2.0
#ifndef SCREEN_PARTS_H
#define SCREEN_PARTS_H

#include "screen.h"

#include <stdint.h>
#include <vterm.h>

/* What the three files of the harness share; tests include screen.h only. */

/* The threads of a process: whether all sleep, and how often they were given the processor. */
struct screen_rest {
	bool is_asleep;
	long switches;
};

struct screen {
	VTerm *vterm;
	VTermScreen *cells;
	VTermState *state;
	int rows, cols;
	int master; /* the terminal's side of the pseudo-terminal, non-blocking; -1 once hung up */
	pid_t pid;  /* 0 once collected */
	int exit_code;
	bool is_stalled;
	char *typed; /* not yet taken by the program */
	size_t typed_bytes;
	size_t typed_size;
	char *text; /* what screen_row and screen_text return */
	size_t text_size;
	size_t received_bytes;
	int64_t received_us; /* when the last of them came */
	int64_t typed_us;    /* when it took the last of what was typed, and its switches before */
	long typed_switches;
	bool is_escape_open; /* and it was an Esc, or the beginning of a longer key */
	const char *glimpse; /* a text to be seen even if it is drawn over at once; NULL: none */
	bool was_glimpsed;
	bool is_cursor_visible;
	bool is_alternate;
	unsigned bells;
	char title[256];
};

/* Ends the test program with a message that ends in the present errno. */
void screen_die(const char *what, const char *which);

/* realloc that does not return without memory. */
void *screen_reallocate(void *old, size_t bytes);

/* Queues typed bytes for the program; the callback form that libvterm wants, user is the screen. */
void screen_queue(const char *bytes, size_t count, void *user);

/*
 * Moves what can be moved, waiting for at most wait_ms for the first of it. Returns whether bytes
 * came from the program.
 */
bool screen_pump(struct screen *s, int wait_ms);

#endif
