// SPDX-License-Identifier: Apache-2.0
#ifndef COCKPIT_TEST_H
#define COCKPIT_TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "screen.h"

/*
 * A person in front of relight: the real program ($RELIGHT) in a terminal (screen.h), with a folder
 * of its own as HOME, a runbook in it, and the incident's record to read back. Every wait has
 * COCKPIT_MS, and what does not come in that time fails the test with the screen on stderr.
 *
 * The folder holds a file "hold" from the start: a step whose command is COCKPIT_HOLD runs until
 * the test removes it, and at the latest when the folder goes, so that nothing is left running.
 */
struct cockpit {
	char folder[64];    /* HOME, and where the runbook is */
	char incident[128]; /* its directory */
	struct screen *screen;
};

#define COCKPIT_MS   90000
#define COCKPIT_HOLD "while test -e hold; do sleep 0.05; done"

/* A folder with the text as runbook.yaml; the program is not started. Ends the test program when
 * $RELIGHT is not set. */
struct cockpit *cockpit_new(const char *runbook);

/* Ends the program, and removes the folder. NULL is fine. */
void cockpit_free(struct cockpit *c);

/*
 * Starts the program with HOME in the folder and what env says (as screen_start does). `arguments`
 * stand behind the program's name; an argument "RUNBOOK", "INCIDENT" or "FOLDER" is replaced by
 * that path. One that was started before is freed.
 */
void cockpit_start(struct cockpit *c, int rows, int cols, const char *const arguments[],
	const char *const env[]);

/*
 * The same at 80x24 with a shim of tests/faults in front of the C library (NAME of NAME.c). The
 * environment's `variable` names a file of the folder, of the same name as the shim, to which the
 * shim looks.
 */
void cockpit_start_with(
	struct cockpit *c, const char *shim, const char *variable, const char *const arguments[]);

/* `relight run` with the runbook at 80x24, and waits until the incident is open; then also armed.
 */
void cockpit_run(struct cockpit *c);
void cockpit_run_armed(struct cockpit *c);

/* Waits for a text in one row of the screen, or for its end. */
void cockpit_shows(struct cockpit *c, const char *text);
void cockpit_hides(struct cockpit *c, const char *text);

/* Presses keys by name, as screen_press does. */
void cockpit_press(struct cockpit *c, const char *keys);

/*
 * Waits until a dialog with this title can be answered, types the text (NULL: nothing), goes to the
 * second field by Tab and types that (NULL: it is left alone), presses Enter, and waits until the
 * dialog is gone; "once more, please" is obeyed.
 */
void cockpit_answer(
	struct cockpit *c, const char *title, const char *text, const char *second_text);

/* The same up to Enter, without waiting for the end of the dialog. */
void cockpit_fill(struct cockpit *c, const char *title, const char *text, const char *second_text);

/* Says y in a dialog with this title, as soon as it can be answered, until the dialog is gone. */
void cockpit_confirm(struct cockpit *c, const char *title);

/* From now on nobody reads its terminal, which takes no byte more, as one behind a dead link; or
 * they do again. The incident is open. */
void cockpit_stall(struct cockpit *c, bool is_stalled);

/* Types a line into the palette. */
void cockpit_palette(struct cockpit *c, const char *line);

/* Puts the cursor on a step, by its id in the palette, and waits until it is there. */
void cockpit_go(struct cockpit *c, const char *step);

/* Arms: A, the dialog, and ARMED in the header. */
void cockpit_arm(struct cockpit *c);

/* Leaves with q, and returns the exit code. */
int cockpit_quit(struct cockpit *c);

/* Lines of the record that hold both texts; the second may be NULL. 0 where there is no record. */
int cockpit_recorded(const struct cockpit *c, const char *text, const char *other);

/* Waits until there is such a line. */
void cockpit_records(struct cockpit *c, const char *text, const char *other);

/* Waits until count lines are there. */
void cockpit_records_count(struct cockpit *c, int count, const char *text, const char *other);

/* The value of a key in the newest line that holds both texts, as it stands there and without
 * quotes; "" if there is none. Valid until the next call. */
const char *cockpit_value(
	const struct cockpit *c, const char *text, const char *other, const char *key);

/* Files of the folder: an empty one is made, one is removed, one is written as a whole, and all
 * text of one (to be freed; NULL: it cannot be read). */
void cockpit_touch(const struct cockpit *c, const char *name);
void cockpit_remove(const struct cockpit *c, const char *name);
void cockpit_write(const struct cockpit *c, const char *name, const char *text);
char *cockpit_read(const struct cockpit *c, const char *name);
bool cockpit_exists(const struct cockpit *c, const char *name);

/* Waits until there is such a file, or none any more. */
void cockpit_finds(struct cockpit *c, const char *name);
void cockpit_misses(struct cockpit *c, const char *name);

/* The whole record; to be freed. */
char *cockpit_record(const struct cockpit *c);

/* Whether any file below the folder, but the runbook, contains the text. */
bool cockpit_anywhere(const struct cockpit *c, const char *text);

/* A process below the program whose command line has this word; 0: none. Reads /proc. */
pid_t cockpit_child(const struct cockpit *c, const char *word);

#endif
