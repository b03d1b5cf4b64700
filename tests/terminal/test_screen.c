// SPDX-License-Identifier: Apache-2.0
#include "screen.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

/* The harness is proven here against ordinary programs, so that a red terminal test means the
 * program under test. */

enum { SOON_MS = 60000 };

static struct screen *shell(const char *script)
{
	return screen_start(24, 80, (const char *const[]){"sh", "-c", script, NULL}, NULL);
}

/* cat that shows control bytes, on a terminal that passes every byte on at once. */
static struct screen *key_viewer(const char *modes)
{
	char script[256];
	struct screen *s;

	snprintf(script, sizeof script, "stty raw -echo; printf 'ready\\r\\n%s'; exec cat -v",
		modes);
	s = shell(script);
	assert_true(screen_wait_text(s, "ready", SOON_MS));
	return s;
}

/* Silences the dump of a wait that is expected to fail. */
static int stderr_hide(void)
{
	int kept = dup(STDERR_FILENO);
	int nowhere = open("/dev/null", O_WRONLY);

	dup2(nowhere, STDERR_FILENO);
	close(nowhere);
	return kept;
}

static void stderr_show(int kept)
{
	dup2(kept, STDERR_FILENO);
	close(kept);
}

static void shows_text_in_rows(void **unused)
{
	struct screen *s = shell("printf 'one\\r\\n\\r\\n  three  '");

	(void)unused;
	assert_int_equal(screen_wait_exit(s, SOON_MS), 0);
	assert_string_equal(screen_row(s, 0), "one");
	assert_string_equal(screen_row(s, 1), "");
	assert_string_equal(screen_row(s, 2), "  three");
	assert_int_equal(strlen(screen_text(s)), 3 + 7 + 24);
	assert_memory_equal(screen_text(s), "one\n\n  three\n\n", 14);
	screen_free(s);
}

static void finds_text_by_cell(void **unused)
{
	struct screen *s = shell("printf 'x\\r\\n\\346\\274\\242\\345\\255\\227 e\\314\\201 end'");
	int row = -1;
	int col = -1;

	(void)unused;
	assert_int_equal(screen_wait_exit(s, SOON_MS), 0);
	assert_true(screen_find(s, "end", &row, &col));
	assert_int_equal(row, 1);
	assert_int_equal(col, 7);
	assert_int_equal(screen_cell(s, 1, 0).width_cells, 2);
	assert_string_equal(screen_cell(s, 1, 5).text, "e\314\201");
	assert_false(screen_has(s, "End"));
	assert_true(screen_find(s, "d", &row, &col));
	assert_int_equal(col, 9);
	screen_free(s);
}

static void waits_until_the_deadline_only(void **unused)
{
	struct screen *s =
		shell("stty -echo; printf 'first'; read a; printf '\\rsecond'; sleep 60");
	int kept;

	(void)unused;
	assert_true(screen_wait_text(s, "first", SOON_MS));
	screen_press(s, "Enter");
	assert_true(screen_wait_text(s, "second", SOON_MS));
	assert_true(screen_wait_gone(s, "first", SOON_MS));
	kept = stderr_hide();
	assert_false(screen_wait_text(s, "third", 50));
	assert_false(screen_wait_gone(s, "second", 50));
	assert_int_equal(screen_wait_exit(s, 50), -1);
	stderr_show(kept);
	screen_free(s);
}

/* Two frames come at once where this end is slow to read. */
static void sees_what_is_drawn_over_at_once(void **unused)
{
	struct screen *s = shell("printf 'first%070d\\rother' 0");

	(void)unused;
	while (screen_runs(s)) /* then all of it is there to be read, and nothing has been */
		usleep(1000);
	assert_true(screen_wait_text(s, "first", SOON_MS));
	assert_true(screen_has(s, "other"));
	assert_false(screen_has(s, "first"));
	screen_free(s);
}

static void waits_until_the_program_rests(void **unused)
{
	struct screen *s =
		shell("stty -echo; echo up; read a; i=0;"
		      "while test $i -lt 20000; do i=$((i + 1)); done; echo counted; read a");

	(void)unused;
	assert_true(screen_wait_text(s, "up", SOON_MS));
	for (int i = 0; i < 2; i++) {
		assert_true(screen_wait_settled(s, SOON_MS));
		assert_int_equal(screen_has(s, "counted"), i);
		screen_press(s, "Enter");
	}
	screen_free(s);
	s = shell("while :; do :; done");
	int kept = stderr_hide();
	bool is_settled = screen_wait_settled(s, 300);

	stderr_show(kept);
	assert_false(is_settled);
	screen_free(s);
}

static void a_flood_does_not_outlast_the_deadline(void **unused)
{
	struct screen *s = shell("exec yes");
	int kept = stderr_hide();
	bool is_quiet = true;

	(void)unused;
	assert_false(screen_wait_text(s, "no", 100));
	/* A busy machine may stop the flood for so long, once. */
	for (int tries = 0; tries < 5 && is_quiet; tries++)
		is_quiet = screen_wait_quiet(s, 400, 600);
	stderr_show(kept);
	assert_false(is_quiet);
	assert_true(screen_bytes(s) > 10000);
	screen_resize(s, 10, 40);
	screen_free(s);
}

static void sees_attributes(void **unused)
{
	struct screen *s = shell("printf '\\033[1;31mA\\033[0;7mB\\033[0;4;3;5mC\\033[0mD"
				 "\\033[48;5;200mE\\033[38;2;1;2;3mF'");
	struct screen_cell a, b, c, d, e, f;

	(void)unused;
	assert_int_equal(screen_wait_exit(s, SOON_MS), 0);
	a = screen_cell(s, 0, 0);
	b = screen_cell(s, 0, 1);
	c = screen_cell(s, 0, 2);
	d = screen_cell(s, 0, 3);
	e = screen_cell(s, 0, 4);
	f = screen_cell(s, 0, 5);
	assert_true(a.bold && !a.reverse);
	assert_int_equal(a.foreground, 1);
	assert_int_equal(a.background, SCREEN_DEFAULT);
	assert_true(b.reverse && !b.bold);
	assert_true(c.underline && c.italic && c.blink);
	assert_false(d.bold || d.italic || d.underline || d.blink || d.reverse);
	assert_int_equal(d.foreground, SCREEN_DEFAULT);
	assert_int_equal(e.background, 200);
	assert_int_equal(f.foreground, SCREEN_RGB | 0x010203);
	assert_string_equal(screen_cell(s, 5, 5).text, "");
	screen_free(s);
}

static void sees_cursor_bell_title_and_alternate_screen(void **unused)
{
	struct screen *s = shell("printf 'kept\\a\\033]2;hello\\007'; read a;"
				 "printf '\\033[?1049h\\033[?25l\\033[3;5H'; read a;"
				 "printf '\\033[?25h\\033[?1049l'");
	int row, col;

	(void)unused;
	assert_true(screen_wait_text(s, "kept", SOON_MS));
	assert_true(screen_wait_quiet(s, 50, SOON_MS));
	assert_int_equal(screen_bells(s), 1);
	assert_string_equal(screen_title(s), "hello");
	assert_true(screen_cursor(s, &row, &col));
	assert_int_equal(row, 0);
	assert_int_equal(col, 4);
	assert_false(screen_is_alternate(s));
	assert_true(screen_is_cooked(s));
	screen_press(s, "Enter");
	assert_true(screen_wait_gone(s, "kept", SOON_MS));
	assert_true(screen_wait_quiet(s, 50, SOON_MS));
	assert_false(screen_cursor(s, &row, &col));
	assert_int_equal(row, 2);
	assert_int_equal(col, 4);
	assert_true(screen_is_alternate(s));
	screen_press(s, "Enter");
	assert_int_equal(screen_wait_exit(s, SOON_MS), 0);
	assert_false(screen_is_alternate(s));
	assert_true(screen_has(s, "kept"));
	screen_free(s);
}

static void types_keys_by_name(void **unused)
{
	struct screen *s = key_viewer("");

	(void)unused;
	assert_false(screen_is_cooked(s));
	screen_press(s, "a Tab S-Tab Esc Space Up F1 F5 PageDown Delete C-c C-i M-x Backspace -");
	assert_true(screen_wait_text(
		s, "^[ ^[[A^[OP^[[15~^[[6~^[[3~^C", SOON_MS)); /* Tab is drawn as itself */
	assert_true(screen_wait_text(s, "^[x^?-", SOON_MS));
	assert_true(screen_wait_text(s, "^[[Z", SOON_MS));
	screen_type(s, "plain text");
	assert_true(screen_wait_text(s, "plain text", SOON_MS));
	screen_free(s);
}

static void keys_and_pastes_follow_the_modes_of_the_program(void **unused)
{
	struct screen *s = key_viewer("");

	(void)unused;
	screen_paste(s, "a\nb", 3);
	assert_true(screen_wait_text(s, "a^Mb", SOON_MS));
	screen_free(s);
	s = key_viewer("\\033[?1h\\033[?2004h");
	screen_press(s, "Up");
	screen_paste(s, "a\nb\n", 4);
	assert_true(screen_wait_text(s, "^[OA^[[200~a^Mb^M^[[201~", SOON_MS));
	screen_free(s);
}

static void answers_what_a_terminal_answers(void **unused)
{
	struct screen *s = key_viewer("\\033[c\\033[6n");

	(void)unused;
	assert_true(screen_wait_text(s, "^[[?1;2c", SOON_MS));
	assert_true(screen_wait_text(s, "^[[2;1R", SOON_MS));
	screen_free(s);
}

static void environment_is_a_terminals(void **unused)
{
	struct screen *s;

	(void)unused;
	setenv("SCREEN_TEST_KEPT", "1", 1);
	setenv("SCREEN_TEST_GONE", "2", 1);
	setenv("COLUMNS", "132", 1);
	s = screen_start(24, 80,
		(const char *const[]){"sh", "-c",
			"echo \"<$TERM/$SCREEN_TEST_KEPT/$SCREEN_TEST_GONE/$SCREEN_TEST_NEW/"
			"$COLUMNS>\"",
			NULL},
		(const char *const[]){"SCREEN_TEST_GONE", "SCREEN_TEST_NEW=a=b", NULL});
	unsetenv("COLUMNS");
	assert_true(screen_wait_text(s, "<xterm-256color/1//a=b/>", SOON_MS));
	assert_int_equal(screen_wait_exit(s, SOON_MS), 0);
	screen_free(s);
}

static void size_reaches_the_program(void **unused)
{
	struct screen *s = shell("trap 'stty size' WINCH; stty size; while :; do sleep 0.02; done");

	(void)unused;
	assert_true(screen_wait_text(s, "24 80", SOON_MS));
	screen_resize(s, 5, 20);
	assert_true(screen_wait_text(s, "5 20", SOON_MS));
	screen_resize(s, 45, 160);
	assert_true(screen_wait_text(s, "45 160", SOON_MS));
	assert_string_equal(screen_row(s, 44), "");
	screen_free(s);
}

static void a_stalled_terminal_blocks_the_program(void **unused)
{
	struct screen *s = shell("trap 'exit 7' TERM; read a; i=0; while :; do "
				 "i=$((i + 1)); echo \"line $i of a flood\"; done");
	size_t bytes;

	(void)unused;
	screen_pause(s, 50);
	screen_stall(s, true);
	bytes = screen_bytes(s);
	screen_press(s, "Enter");
	assert_true(screen_flush(s, SOON_MS));
	screen_pause(s, 200);
	assert_int_equal(screen_bytes(s), bytes);
	screen_stall(s, false);
	assert_true(screen_wait_text(s, "of a flood", SOON_MS));
	screen_kill(s, SIGTERM);
	assert_int_equal(screen_wait_exit(s, SOON_MS), 7);
	assert_int_equal(screen_pid(s), 0);
	assert_int_equal(screen_wait_exit(s, 0), 7);
	screen_free(s);
}

static void a_large_paste_arrives_whole(void **unused)
{
	enum { PASTE_BYTES = 1 << 20 };
	struct screen *s = shell("stty raw -echo; echo ready; head -c 1048576 | wc -c");
	char *paste = malloc(PASTE_BYTES);

	(void)unused;
	assert_non_null(paste);
	memset(paste, 'p', PASTE_BYTES);
	assert_true(screen_wait_text(s, "ready", SOON_MS));
	screen_paste(s, paste, PASTE_BYTES);
	free(paste);
	assert_true(screen_flush(s, SOON_MS));
	assert_true(screen_wait_text(s, "1048576", SOON_MS));
	screen_free(s);
}

static void hanging_up_is_a_sighup(void **unused)
{
	char path[] = "/tmp/screen-XXXXXX";
	char script[128];
	int file = mkstemp(path);
	struct screen *s;
	char said[8] = "";

	(void)unused;
	assert_true(file >= 0);
	snprintf(script, sizeof script,
		"trap 'echo hup >%s; exit 3' HUP; echo up; while :; do sleep 0.02; done", path);
	s = shell(script);
	assert_true(screen_wait_text(s, "up", SOON_MS));
	screen_hang_up(s);
	assert_int_equal(screen_wait_exit(s, SOON_MS), 3);
	assert_string_equal(screen_row(s, 0), "up");
	assert_false(screen_is_cooked(s));
	assert_int_equal(read(file, said, sizeof said - 1), 4);
	assert_string_equal(said, "hup\n");
	screen_free(s);
	close(file);
	unlink(path);
}

static void tells_how_the_program_ended(void **unused)
{
	struct screen *s = shell("exit 42");

	(void)unused;
	assert_int_equal(screen_wait_exit(s, SOON_MS), 42);
	screen_free(s);
	s = shell("echo up; exec sleep 60");
	assert_true(screen_wait_text(s, "up", SOON_MS));
	screen_kill(s, SIGKILL);
	assert_int_equal(screen_wait_exit(s, SOON_MS), 128 + SIGKILL);
	screen_free(s);
	s = screen_start(24, 80, (const char *const[]){"/nowhere/program", NULL}, NULL);
	assert_int_equal(screen_wait_exit(s, SOON_MS), 127);
	assert_true(screen_has(s, "/nowhere/program"));
	screen_free(s);
	screen_free(NULL);
}

static void freeing_ends_the_program(void **unused)
{
	struct screen *s = shell("trap '' HUP TERM; echo up; while :; do sleep 1; done");
	pid_t pid = screen_pid(s);

	(void)unused;
	assert_true(screen_wait_text(s, "up", SOON_MS));
	assert_int_equal(kill(pid, 0), 0);
	screen_free(s);
	assert_int_equal(kill(pid, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_text_in_rows),
		cmocka_unit_test(finds_text_by_cell),
		cmocka_unit_test(waits_until_the_deadline_only),
		cmocka_unit_test(sees_what_is_drawn_over_at_once),
		cmocka_unit_test(waits_until_the_program_rests),
		cmocka_unit_test(a_flood_does_not_outlast_the_deadline),
		cmocka_unit_test(sees_attributes),
		cmocka_unit_test(sees_cursor_bell_title_and_alternate_screen),
		cmocka_unit_test(types_keys_by_name),
		cmocka_unit_test(keys_and_pastes_follow_the_modes_of_the_program),
		cmocka_unit_test(answers_what_a_terminal_answers),
		cmocka_unit_test(environment_is_a_terminals),
		cmocka_unit_test(size_reaches_the_program),
		cmocka_unit_test(a_stalled_terminal_blocks_the_program),
		cmocka_unit_test(a_large_paste_arrives_whole),
		cmocka_unit_test(hanging_up_is_a_sighup),
		cmocka_unit_test(tells_how_the_program_ended),
		cmocka_unit_test(freeing_ends_the_program),
	};

	return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}
