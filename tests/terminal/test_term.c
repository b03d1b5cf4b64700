// SPDX-License-Identifier: Apache-2.0
//
// The real cockpit in a terminal that is resized, stalled, flooded, pasted into, hung up on, and of
// other kinds: none of that may corrupt the screen, answer a dialog, or leave the terminal in
// another state than before.
#include "screen.h"

#include <ctype.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SOON_MS = 90000,
	DIALOG_MS = 200
}; // a dialog takes no answer before it was on the screen for 150 ms

static char folder[64];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/relight-term-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

// The simulated platform: nothing real is touched, and nothing moves before somebody acts.
static struct screen *demo(int rows, int cols, const char *setting)
{
	const char *relight = getenv("RELIGHT");
	char state[96], incident[96];
	const char *env[] = {state, setting, NULL};

	assert_non_null(relight);
	snprintf(state, sizeof state, "XDG_STATE_HOME=%s", folder);
	snprintf(incident, sizeof incident, "%s/incident", folder);
	return screen_start(rows, cols,
		(const char *const[]){relight, "demo", "--speed", "1", "--dir", incident, NULL},
		env);
}

// In a dialog that shows this text, once it is drawn and relight knows that it is.
static void say_yes(struct screen *s, const char *text)
{
	assert_true(screen_wait_text(s, text, SOON_MS));
	assert_true(screen_wait_settled(s, SOON_MS));
	screen_pause(s, DIALOG_MS);
	screen_press(s, "y");
}

static struct screen *armed_demo(int rows, int cols)
{
	struct screen *s = demo(rows, cols, NULL);

	assert_true(screen_wait_text(s, "OBSERVER", SOON_MS));
	assert_true(screen_wait_text(s, "ok", SOON_MS)); // the record is open
	screen_press(s, "A");
	say_yes(s, "take the controls");
	assert_true(screen_wait_text(s, "ARMED", SOON_MS));
	return s;
}

static void quit(struct screen *s)
{
	screen_press(s, "q");
	say_yes(s, "The incident stays open");
	assert_int_not_equal(screen_wait_exit(s, SOON_MS), -1);
}

static void assert_restored(struct screen *s)
{
	assert_true(screen_is_cooked(s));
	assert_false(screen_is_alternate(s));
	assert_true(screen_cursor(s, NULL, NULL));
}

static void quitting_leaves_the_terminal_as_it_was(void **state)
{
	struct screen *s = demo(24, 80, NULL);

	(void)state;
	assert_true(screen_wait_text(s, "RESTORE ORDER", SOON_MS));
	assert_true(screen_is_alternate(s));
	assert_false(screen_is_cooked(s));
	quit(s);
	assert_restored(s);
	assert_true(screen_has(s, "is still open"));
	screen_free(s);
}

// The screen as text, its clocks and ages blotted out.
static char *still_life(struct screen *s)
{
	assert_true(screen_wait_settled(s, SOON_MS));
	char *text = strdup(screen_text(s));

	for (char *at = text; *at; at++)
		if (isdigit((unsigned char)*at))
			*at = '0';
	return text;
}

static bool is_drawn_whole(struct screen *s, const char *after)
{
	char *now = still_life(s);

	screen_press(s, "C-l");
	char *anew = still_life(s);
	bool is_same = strcmp(now, anew) == 0;

	if (!is_same)
		fprintf(stderr, "after %s the screen was:\n%s\nand drawn anew:\n%s", after, now,
			anew);
	free(now);
	free(anew);
	return is_same;
}

// An age that gets another digit between the two pictures makes them differ as well, now and then;
// what is drawn wrongly is so each time.
static void assert_always_whole(bool (*is_whole)(void))
{
	for (int tries = 0; tries < 3; tries++) {
		if (is_whole())
			return;
		remove_folder(NULL);
		make_folder(NULL);
	}
	fail_msg("what is drawn bit by bit is not what is drawn at once");
}

// Whether each key of a walk through the panes and dialogs leaves the screen as it should be.
static bool walk_is_drawn_whole(int rows, int cols)
{
	static const char *const keys[] = {
		":",
		"s",
		"k",
		"Esc",
		"?",
		"PageDown",
		"Esc",
		"d",
		"j",
		"t",
		"k",
		"o",
		"Esc",
		"Space",
		"j",
		"Enter",
		"Esc",
		"/",
		"r",
		"Esc",
		"n",
		"Esc",
		"q",
		"Esc",
		"C",
		"Tab",
		"s",
		"Esc",
		"G",
		"g",
	};
	struct screen *s = armed_demo(rows, cols);
	bool is_whole = true;

	for (size_t k = 0; is_whole && k < sizeof keys / sizeof *keys; k++) {
		screen_press(s, keys[k]);
		is_whole = is_drawn_whole(s, keys[k]);
	}
	screen_free(s);
	return is_whole;
}

static bool narrow_is_drawn_whole(void)
{
	return walk_is_drawn_whole(24, 80);
}

static bool wide_is_drawn_whole(void)
{
	return walk_is_drawn_whole(45, 160);
}

static void what_is_drawn_bit_by_bit_is_what_is_drawn_at_once(void **state)
{
	(void)state;
	assert_always_whole(narrow_is_drawn_whole);
	remove_folder(NULL);
	make_folder(NULL);
	assert_always_whole(wide_is_drawn_whole);
}

static bool sizes_are_drawn_whole(void)
{
	static const int sizes[][2] = {{5, 20}, {1, 1}, {20, 5}, {60, 200}, {2, 300}, {24, 80}};
	struct screen *s = demo(24, 80, NULL);
	bool is_whole = true;

	assert_true(screen_wait_text(s, "RESTORE ORDER", SOON_MS));
	/* From then on what is left of an hour keeps its width between two pictures. */
	assert_true(screen_wait_text(s, "59:", SOON_MS));
	for (size_t i = 0; is_whole && i < sizeof sizes / sizeof *sizes; i++) {
		screen_resize(s, sizes[i][0], sizes[i][1]);
		screen_pause(s, 60);
		is_whole = is_drawn_whole(s, "a resize");
	}
	if (is_whole) {
		assert_true(screen_wait_text(s, "REHEARSAL", SOON_MS));
		assert_true(screen_wait_text(s, "RESTORE ORDER", SOON_MS));
		quit(s);
		assert_restored(s);
	}
	screen_free(s);
	return is_whole;
}

static void any_size_will_do(void **state)
{
	(void)state;
	assert_always_whole(sizes_are_drawn_whole);
}

static void a_paste_of_a_megabyte_does_nothing(void **state)
{
	struct screen *s = armed_demo(24, 80);
	size_t length = 1 << 20;
	char *text = malloc(length);

	(void)state;
	for (size_t i = 0; i < length; i++)
		text[i] = "sy\nAq\nXr"[i % 8];
	screen_paste(s, text, length);
	free(text);
	assert_true(screen_wait_text(s, "dropped", SOON_MS));
	assert_true(screen_flush(s, SOON_MS));
	screen_press(s, "n");
	assert_true(screen_wait_text(s, "hypothesis", SOON_MS));
	screen_press(s, "Esc");
	assert_true(screen_wait_gone(s, "hypothesis", SOON_MS));
	assert_true(screen_has(s, "ARMED"));
	assert_true(screen_has(s, " 0 of "));
	screen_free(s);
}

static bool held_key_is_drawn_whole(void)
{
	struct screen *s = armed_demo(24, 80);
	bool is_whole;

	for (int i = 0; i < 2000; i++)
		screen_type(s, "X");
	assert_true(screen_wait_text(s, "ABORT the recovery", SOON_MS));
	assert_true(screen_flush(s, SOON_MS));
	screen_press(s, "Esc");
	assert_true(screen_wait_gone(s, "ABORT the recovery", SOON_MS));
	is_whole = is_drawn_whole(s, "a held key");
	screen_free(s);
	return is_whole;
}

static void a_held_key_opens_one_dialog_and_answers_none(void **state)
{
	(void)state;
	assert_always_whole(held_key_is_drawn_whole);
}

// Keys that are typed at a screen that does not move any more were typed blindly.
static void what_was_typed_blindly_answers_nothing(void **state)
{
	struct screen *s = armed_demo(24, 80);

	(void)state;
	screen_press(s, "Tab");
	assert_true(screen_wait_settled(s, SOON_MS));
	screen_stall(s, true);
	screen_press(s, "q y Enter y Enter");
	assert_true(screen_flush(s, SOON_MS));
	screen_pause(s, 500);
	screen_stall(s, false);
	assert_true(screen_wait_text(s, "resume", SOON_MS)); // still asking
	screen_press(s, "Esc");
	assert_true(screen_wait_gone(s, "resume goes on", SOON_MS));
	quit(s);
	assert_restored(s);
	screen_free(s);
}

static void a_hangup_ends_it_when_nothing_runs(void **state)
{
	struct screen *s = demo(24, 80, NULL);

	(void)state;
	assert_true(screen_wait_text(s, "RESTORE ORDER", SOON_MS));
	screen_hang_up(s);
	assert_int_not_equal(screen_wait_exit(s, SOON_MS), -1);
	screen_free(s);
}

static void a_terminal_without_utf8_gets_ascii(void **state)
{
	struct screen *s = demo(24, 80, "LC_ALL=C");

	(void)state;
	assert_true(screen_wait_text(s, "RESTORE ORDER", SOON_MS));
	for (const char *at = screen_text(s); *at; at++)
		assert_true((unsigned char)*at < 0x80);
	screen_free(s);
}

static void no_color_means_no_colour(void **state)
{
	struct screen *s = demo(24, 80, "NO_COLOR=1");

	(void)state;
	assert_true(screen_wait_text(s, "RESTORE ORDER", SOON_MS));
	assert_true(screen_wait_settled(s, SOON_MS));
	for (int row = 0; row < 24; row++)
		for (int col = 0; col < 80; col++) {
			struct screen_cell cell = screen_cell(s, row, col);

			assert_int_equal(cell.foreground, SCREEN_DEFAULT);
			assert_int_equal(cell.background, SCREEN_DEFAULT);
		}
	screen_free(s);
}

static void a_dumb_terminal_is_refused_in_one_line(void **state)
{
	struct screen *s = demo(24, 80, "TERM=dumb");

	(void)state;
	assert_int_equal(screen_wait_exit(s, SOON_MS), 2);
	assert_true(screen_has(s, "TERM=dumb cannot move the cursor; use --headless"));
	assert_restored(s);
	screen_free(s);
}

#define IN_A_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(quitting_leaves_the_terminal_as_it_was),
		IN_A_FOLDER(what_is_drawn_bit_by_bit_is_what_is_drawn_at_once),
		IN_A_FOLDER(any_size_will_do),
		IN_A_FOLDER(a_paste_of_a_megabyte_does_nothing),
		IN_A_FOLDER(a_held_key_opens_one_dialog_and_answers_none),
		IN_A_FOLDER(what_was_typed_blindly_answers_nothing),
		IN_A_FOLDER(a_hangup_ends_it_when_nothing_runs),
		IN_A_FOLDER(a_terminal_without_utf8_gets_ascii),
		IN_A_FOLDER(no_color_means_no_colour),
		IN_A_FOLDER(a_dumb_terminal_is_refused_in_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
