// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TERM_RESTORE_H
#define RELIGHT_WORLD_TERM_RESTORE_H

#include <stddef.h>
#include <termios.h>

// Brings the terminal back without the help of curses: from a signal handler, or past a drawing
// thread that is stuck.

#define TERM_RESTORE_BYTES 256

// From now on term_restore() has something to do. `fd` is non-blocking and stays open until
// term_restore_disarm; `sequence` is what leaves the alternate screen and so on. Signals that end a
// process get a handler where they have none.
void term_restore_arm(
	int fd, const struct termios *original, const char *sequence, size_t length_bytes);
// Nothing to do any more; the handlers are taken away again.
void term_restore_disarm(void);

#endif
