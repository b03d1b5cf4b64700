// SPDX-License-Identifier: Apache-2.0
#ifndef SCREEN_H
#define SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * A person in front of a terminal, for tests: a program runs in a pseudo-terminal, libvterm (the
 * emulator of Neovim and others) interprets every byte that it writes, and what is asserted is the
 * screen that a person would see.
 *
 * There is no thread. Bytes move only inside the functions that say "pumps": they hand on what was
 * typed, read what the program wrote, and write back what a terminal answers by itself (device
 * attributes, cursor reports). Between two calls the program finds a terminal that nobody reads,
 * which it must survive anyway.
 *
 * Rows and columns count from 0, in cells. Deadlines are milliseconds of the monotonic clock. A
 * wait that is not fulfilled prints what it waited for and the whole screen to stderr and returns
 * false, so assert_true() around it is enough.
 */
struct screen;

/* Colours of a cell: an index of the 256-colour palette, the terminal's own colour, or SCREEN_RGB
 * plus 0xRRGGBB. */
enum { SCREEN_DEFAULT = -1, SCREEN_RGB = 0x1000000 };

struct screen_cell {
	char text[32]; /* UTF-8 with its combining marks; "" where nothing was ever drawn */
	int width_cells;
	bool bold, italic, underline, blink, reverse;
	int foreground, background;
};

/*
 * Starts argv[0] (looked up in PATH) in a new session whose controlling terminal has rows x cols
 * cells. The environment is the caller's with TERM=xterm-256color and LC_ALL=C.UTF-8 and without
 * COLUMNS, LINES and NO_COLOR; then each entry of env (may be NULL) is applied: "NAME=value" sets,
 * "NAME" alone removes. Both lists end with NULL and are only read during the call. Returns the
 * screen, to be given to screen_free; ends the test program when there is no pseudo-terminal to be
 * had. A program that cannot be started exits with 127.
 */
struct screen *screen_start(int rows, int cols, const char *const argv[], const char *const env[]);

/* Kills what still runs of the program's own process group, collects it and frees all. NULL is
 * fine. */
void screen_free(struct screen *s);

/* --- typing
 * -------------------------------------------------------------------------------------------------------------
 */

/* Queues bytes for the program as they are and pumps without waiting; the rest follows in later
 * pumps. */
void screen_send(struct screen *s, const void *bytes, size_t bytes_count);

/* The same for a text, which ends with NUL. */
void screen_type(struct screen *s, const char *text);

/*
 * Presses keys by name, separated by blanks: "j", "Tab", "Down Down Enter", "C-c", "M-x", "S-Tab".
 * Names: Enter Tab Backspace Esc Space Up Down Left Right Home End PageUp PageDown Insert Delete F1
 * … F12, or one character. What is sent follows the modes that the program has set (application
 * cursor keys). "Esc" and a key right after it arrive as one Alt-key, as on any terminal: let time
 * pass between them. An unknown name ends the test program.
 */
void screen_press(struct screen *s, const char *keys);

/* Pastes text: bracketed if the program has asked for that, newlines as the Enter key, as terminals
 * do. */
void screen_paste(struct screen *s, const char *text, size_t text_bytes);

/* Pumps until the program has been handed all that was typed; false at the deadline, without a
 * dump. */
bool screen_flush(struct screen *s, int deadline_ms);

/* --- waiting
 * ------------------------------------------------------------------------------------------------------------
 */

/* Pumps for so long. */
void screen_pause(struct screen *s, int pause_ms);

/* Pumps until text stands within one row of the screen, or has stood there: what was drawn over
 * before this end came to read it counts as well. */
bool screen_wait_text(struct screen *s, const char *text, int deadline_ms);

/* Pumps until text stands in no row. */
bool screen_wait_gone(struct screen *s, const char *text, int deadline_ms);

/* Pumps until the program has written nothing for quiet_ms. */
bool screen_wait_quiet(struct screen *s, int quiet_ms, int deadline_ms);

/*
 * Pumps until the program has taken what was typed and done all that it does about it: each of its
 * threads sleeps, and nothing more comes. From then on it acts only on what is typed next, on time,
 * or on other processes. One that has ended or is stopped has settled too. Reads /proc.
 */
bool screen_wait_settled(struct screen *s, int deadline_ms);

typedef bool screen_condition(struct screen *s, void *context);

/* Pumps until holds(s, context), which is asked at once and whenever bytes came; says is for the
 * dump. */
bool screen_wait(struct screen *s, screen_condition *holds, void *context, const char *says,
	int deadline_ms);

/*
 * Pumps until the program has ended, and what it wrote last has been read. Returns its exit code,
 * 128 + the signal that ended it, or -1 with a dump at the deadline. May be asked again.
 */
int screen_wait_exit(struct screen *s, int deadline_ms);

/* --- looking
 * ------------------------------------------------------------------------------------------------------------
 */

/* The text of a row without trailing blanks; valid until the next call with this screen. */
const char *screen_row(struct screen *s, int row);

/* How many rows the screen has. */
int screen_rows(const struct screen *s);

/* All rows, each ended by a newline; valid until the next call with this screen. */
const char *screen_text(struct screen *s);

/* Whether text stands within one row now. Does not pump. */
bool screen_has(struct screen *s, const char *text);

/* Where text stands, topmost then leftmost; row and col may be NULL. Returns false if it does not.
 * Does not pump. */
bool screen_find(struct screen *s, const char *text, int *row, int *col);

/* What is drawn in a cell of the screen. */
struct screen_cell screen_cell(struct screen *s, int row, int col);

/* Where the cursor is; row and col may be NULL. Returns whether it is shown. */
bool screen_cursor(struct screen *s, int *row, int *col);

/* Whether the alternate screen is shown, as full-screen programs do while they run. */
bool screen_is_alternate(const struct screen *s);

/* Whether the line discipline is as a shell wants it: echo, line editing and signals on. */
bool screen_is_cooked(const struct screen *s);

/* How often the bell rang, the title that was set last ("" if none was), and the bytes read so far.
 */
unsigned screen_bells(const struct screen *s);
const char *screen_title(const struct screen *s);
size_t screen_bytes(const struct screen *s);

/* Prints the screen to stderr, with why in its heading. */
void screen_dump(struct screen *s, const char *why);

/* --- what happens to terminals
 * ------------------------------------------------------------------------------------------ */

/* Gives the terminal another size; the kernel sends SIGWINCH to the foreground process group. */
void screen_resize(struct screen *s, int rows, int cols);

/* While stalled nothing is read, as from a terminal stopped by C-s or behind a dead link; typing
 * still arrives. */
void screen_stall(struct screen *s, bool stalled);

/* The terminal goes away: the program gets SIGHUP, and end of file from then on. What was on the
 * screen can still be read. */
void screen_hang_up(struct screen *s);

/* Whether the program has not ended. Collects it if it has. */
bool screen_runs(struct screen *s);

/* The program, which leads its session and process group, until screen_wait_exit has collected it;
 * then 0. */
pid_t screen_pid(const struct screen *s);

/* Sends a signal to the program itself and to nothing else. */
void screen_kill(struct screen *s, int signal_number);

#endif
