// SPDX-License-Identifier: Apache-2.0
//
// The terminal module in a real pseudo-terminal: a child process draws and reports what it was
// told, the test is the person and the line. What the screen looks like is tested with an emulator
// (tests/terminal); here it is what can go wrong around it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "relight/term.h"

// --- the program in the terminal -------------------------------------------------------------------------------------

static struct {
	struct term *term;
	uv_loop_t loop;
	uv_timer_t timer;
	int report; // a pipe to the test, one line each
	int rows, columns, frames;
	bool is_flooding;
} child;

static void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void report(const char *format, ...)
{
	char text[600];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text - 1, format, arguments);
	va_end(arguments);
	text[length++] = '\n';
	if (write(child.report, text, (size_t)length) < 0)
		_exit(9);
}

// A screen full of one letter, so that a frame after another one changes every cell.
static void draw(void)
{
	size_t count = (size_t)child.rows * (size_t)child.columns;
	struct grid grid = {.rows = child.rows,
		.columns = child.columns,
		.cursor_row = -1,
		.cursor_column = -1};

	grid.cells = calloc(count, sizeof *grid.cells);
	for (size_t i = 0; i < count; i++) {
		grid.cells[i].text[0] = (char)('a' + child.frames % 26);
		grid.cells[i].width = 1;
	}
	memcpy(grid.cells[0].text, "#", 2);
	term_show(child.term, &grid);
	free(grid.cells);
	child.frames++;
}

static void on_flood(uv_timer_t *timer)
{
	(void)timer;
	draw();
	if (child.frames == 300)
		report("behind %d", term_is_behind(child.term));
}

static void stop(void)
{
	uint64_t from = uv_hrtime();

	term_stop(child.term);
	report("stopped in %d ms", (int)((uv_hrtime() - from) / 1000000));
	uv_close((uv_handle_t *)&child.timer, NULL);
}

static void on_keys(void *context, const int *keys, size_t count)
{
	(void)context;
	for (size_t i = 0; i < count; i++) {
		report("key %x", (unsigned)keys[i]);
		if (keys[i] == 'q' || keys[i] == K_HANGUP) {
			stop();
			return;
		}
		if (keys[i] == 'F')
			uv_timer_start(&child.timer, on_flood, 1, 1);
	}
	draw();
}

static void on_resize(void *context, int rows, int columns)
{
	(void)context;
	child.rows = rows;
	child.columns = columns;
	report("size %dx%d", rows, columns);
	draw();
}

static _Noreturn void run_child(const char *slave, int report_fd)
{
	const struct term_hooks hooks = {.on_keys = on_keys, .on_resize = on_resize};
	struct err err = {0};

	setsid();
	int tty = open(slave, O_RDWR);

	ioctl(tty, TIOCSCTTY, 0);
	for (int fd = 0; fd <= 2; fd++)
		dup2(tty, fd);
	child.report = report_fd;
	uv_loop_init(&child.loop);
	uv_timer_init(&child.loop, &child.timer);
	child.term = term_start(&child.loop, &hooks, &err);
	if (!child.term) {
		report("refused %s", err.message);
		_exit(2);
	}
	term_size(child.term, &child.rows, &child.columns);
	report("colours %d", term_colours(child.term));
	draw();
	uv_run(&child.loop, UV_RUN_DEFAULT);
	_exit(uv_loop_close(&child.loop) ? 8 : 0);
}

// --- the person in front of it ---------------------------------------------------------------------------------------

struct line {
	pid_t pid;
	int master, slave, report;
	char seen[1 << 16]; // what the terminal got, the newest
	size_t seen_length;
	char said[4096]; // what the child reported
	bool is_stalled;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void line_open(struct line *line, const char *term, const char *keys)
{
	struct winsize size = {.ws_row = 33, .ws_col = 90};
	int pipe_fds[2];

	memset(line, 0, sizeof *line);
	line->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(line->master >= 0 && !grantpt(line->master) && !unlockpt(line->master));
	ioctl(line->master, TIOCSWINSZ, &size);
	assert_int_equal(pipe(pipe_fds), 0);
	// Held open, so that its modes can be asked when the child has gone.
	line->slave = open(ptsname(line->master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	line->pid = fork();
	if (line->pid == 0) {
		char slave[128];

		snprintf(slave, sizeof slave, "%s", ptsname(line->master));
		close(line->slave);
		close(line->master);
		close(pipe_fds[0]);
		setenv("TERM", term, 1);
		unsetenv("NO_COLOR");
		if (keys)
			setenv("RELIGHT_KEYS", keys, 1);
		else
			unsetenv("RELIGHT_KEYS");
		run_child(slave, pipe_fds[1]);
	}
	close(pipe_fds[1]);
	line->report = pipe_fds[0];
	fcntl(line->master, F_SETFL, O_NONBLOCK);
	fcntl(line->report, F_SETFL, O_NONBLOCK);
}

static void pump(struct line *line)
{
	struct pollfd polled[] = {
		{line->report, POLLIN, 0}, {line->is_stalled ? -1 : line->master, POLLIN, 0}};
	size_t said = strlen(line->said);

	poll(polled, 2, 20);
	ssize_t count = read(line->report, line->said + said, sizeof line->said - 1 - said);

	if (count > 0)
		line->said[said + (size_t)count] = '\0';
	if (line->is_stalled || line->master < 0)
		return;
	if (line->seen_length > sizeof line->seen / 2)
		line->seen_length = 0;
	count = read(line->master, line->seen + line->seen_length,
		sizeof line->seen - 1 - line->seen_length);
	if (count > 0)
		line->seen_length += (size_t)count;
}

static void wait_said(struct line *line, const char *text)
{
	int64_t until = now_ms() + 60000;

	while (!strstr(line->said, text)) {
		pump(line);
		if (now_ms() > until)
			fail_msg("\"%s\" was not reported; but: %s", text, line->said);
	}
}

static void wait_seen(struct line *line, const char *text)
{
	int64_t until = now_ms() + 60000;

	while (!memmem(line->seen, line->seen_length, text, strlen(text))) {
		pump(line);
		if (now_ms() > until)
			fail_msg("\"%s\" was not drawn", text);
	}
}

// Waits for the report of these keys, one after the other; the list ends with 0.
static void wait_keys(struct line *line, const int *keys)
{
	char text[512] = "";

	for (; *keys; keys++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "key %x\n",
			(unsigned)*keys);
	wait_said(line, text);
}
#define WAIT_KEYS(line, ...) wait_keys(line, (const int[]){__VA_ARGS__, 0})

static void type(struct line *line, const char *text)
{
	assert_int_equal(write(line->master, text, strlen(text)), (ssize_t)strlen(text));
}

static bool is_cooked(const struct line *line)
{
	struct termios modes;

	assert_int_equal(tcgetattr(line->slave, &modes), 0);
	return (modes.c_lflag & ICANON) && (modes.c_lflag & ECHO) && (modes.c_lflag & ISIG) &&
	       (modes.c_iflag & ICRNL) && (modes.c_oflag & OPOST);
}

// The wait status of the child once it has ended (or stopped).
static int wait_child(struct line *line, int options)
{
	int status;
	int64_t until = now_ms() + 60000;

	while (waitpid(line->pid, &status, WNOHANG | options) == 0) {
		pump(line);
		if (now_ms() > until) {
			kill(line->pid, SIGKILL);
			fail_msg("the program does not end; it reported: %s", line->said);
		}
	}
	return status;
}

static void line_close(struct line *line)
{
	if (line->master >= 0)
		close(line->master);
	close(line->slave);
	close(line->report);
}

// --- what must hold --------------------------------------------------------------------------------------------------

static void it_draws_reads_and_leaves_no_trace(void **state)
{
	struct line line;
	struct winsize size = {.ws_row = 30, .ws_col = 100};

	(void)state;
	line_open(&line, "xterm-256color", NULL);
	wait_said(&line, "colours 256");
	wait_seen(&line, "\033[?1049h");
	wait_seen(&line, "\033[?2004h");
	wait_seen(&line, "#a");
	// With a scrolling region of another size, lines outside of it could not be deleted.
	assert_non_null(memmem(line.seen, line.seen_length, "\033[1;33r", 7));
	assert_false(is_cooked(&line));
	type(&line, "\033[A\003\032");
	WAIT_KEYS(&line, K_UP, K_CTRL_C); // Ctrl-Z is no key, and stops nothing
	ioctl(line.master, TIOCSWINSZ, &size);
	wait_said(&line, "size 30x100");
	type(&line, "\033");
	WAIT_KEYS(&line, K_ESCAPE);
	type(&line, "q");
	assert_int_equal(wait_child(&line, 0), 0);
	wait_seen(&line, "\033[?2004l");
	wait_seen(&line, "\033[?1049l");
	assert_true(is_cooked(&line));
	line_close(&line);
}

// How long it took to stop.
static int stop_while_stalled(void)
{
	struct line line;
	int ms = -1;

	line_open(&line, "xterm-256color", NULL);
	wait_seen(&line, "#a");
	line.is_stalled = true;
	type(&line, "F");
	wait_said(&line, "behind 1");
	type(&line, "j");
	WAIT_KEYS(&line, 'j'); // keys still come in
	type(&line, "q");
	assert_int_equal(wait_child(&line, 0), 0);
	pump(&line);
	assert_int_equal(sscanf(strstr(line.said, "stopped in"), "stopped in %d", &ms), 1);
	assert_true(ms >= TERM_STOP_MS - 1);
	assert_true(is_cooked(&line));
	line_close(&line);
	return ms;
}

static void a_terminal_that_takes_nothing_stops_nothing(void **state)
{
	(void)state;
	// A machine that stands still makes it late, but not each time.
	for (int tries = 0; tries < 5; tries++) {
		if (stop_while_stalled() < 3 * TERM_STOP_MS)
			return;
	}
	fail_msg("it waits too long for a terminal that takes nothing");
}

static void a_hangup_is_a_key_and_comes_once(void **state)
{
	struct line line;

	(void)state;
	line_open(&line, "xterm-256color", NULL);
	wait_seen(&line, "#a");
	close(line.slave);
	close(line.master);
	line.master = -1;
	line.slave = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(wait_child(&line, 0), 0);
	pump(&line);
	char hangup[24];

	snprintf(hangup, sizeof hangup, "key %x\n", K_HANGUP);
	char *first = strstr(line.said, hangup);

	assert_non_null(first);
	assert_null(strstr(first + 1, hangup));
	line_close(&line);
}

static void a_signal_that_ends_it_brings_the_terminal_back(void **state)
{
	static const int signals[] = {SIGTERM, SIGABRT, SIGQUIT};
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		line_open(&line, "xterm-256color", NULL);
		wait_seen(&line, "#a");
		kill(line.pid, signals[i]);
		int status = wait_child(&line, 0);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		wait_seen(&line, "\033[?1049l");
		assert_true(is_cooked(&line));
		line_close(&line);
	}
}

static void it_can_be_stopped_and_goes_on(void **state)
{
	struct line line;

	(void)state;
	line_open(&line, "xterm-256color", NULL);
	wait_seen(&line, "#a");
	kill(line.pid, SIGTSTP);
	assert_true(WIFSTOPPED(wait_child(&line, WUNTRACED)));
	wait_seen(&line, "\033[?1049l");
	assert_true(is_cooked(&line));
	line.seen_length = 0;
	kill(line.pid, SIGCONT);
	wait_said(&line, "size 33x90");
	wait_seen(&line, "\033[?1049h");
	wait_seen(&line, "#b");
	assert_false(is_cooked(&line));
	type(&line, "q");
	assert_int_equal(wait_child(&line, 0), 0);
	assert_true(is_cooked(&line));
	line_close(&line);
}

static void a_terminal_that_will_not_do_is_refused_in_words(void **state)
{
	static const struct {
		const char *term, *says;
	} bad[] = {
		{"dumb", "refused terminal: TERM=dumb cannot move the cursor; use --headless"},
		{"nonesuch", "refused terminal: TERM=nonesuch is not in the terminfo database"},
		{"", "refused terminal: TERM is not set"},
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		line_open(&line, bad[i].term, NULL);
		wait_said(&line, bad[i].says);
		assert_int_equal(WEXITSTATUS(wait_child(&line, 0)), 2);
		assert_int_equal(line.seen_length, 0);
		assert_true(is_cooked(&line));
		line_close(&line);
	}
}

// --- keys from a script ----------------------------------------------------------------------------------------------

static void write_script(char path[64], const char *text)
{
	snprintf(path, 64, "/tmp/relight-keys-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void a_script_types_keys(void **state)
{
	struct line line;
	char path[64];

	(void)state;
	write_script(path,
		"# what it did\nDown \"a\\\"b\" wait 10ms\nwait-for \"#\" paste \"x\" Enter\nq\n");
	line_open(&line, "xterm-256color", path);
	WAIT_KEYS(&line, K_DOWN, 'a', '"', 'b', K_PASTE_BEGIN, 'x', K_PASTE_END, K_ENTER, 'q');
	assert_int_equal(wait_child(&line, 0), 0);
	line_close(&line);
	unlink(path);
}

static void a_wrong_script_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *script, *says;
	} bad[] = {
		{"j\nDwon\n", ":2: Dwon: no such key"},
		{"wait soon\n", ":1: wait: soon: no duration"},
		{"\n\nwait\n", ":3: wait: nothing after it"},
		{"paste x\n", ":1: paste: x: a text in quotes is needed"},
	};
	struct line line;
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		write_script(path, bad[i].script);
		line_open(&line, "xterm-256color", path);
		wait_said(&line, bad[i].says);
		assert_int_equal(WEXITSTATUS(wait_child(&line, 0)), 2);
		line_close(&line);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_draws_reads_and_leaves_no_trace),
		cmocka_unit_test(a_terminal_that_takes_nothing_stops_nothing),
		cmocka_unit_test(a_hangup_is_a_key_and_comes_once),
		cmocka_unit_test(a_signal_that_ends_it_brings_the_terminal_back),
		cmocka_unit_test(it_can_be_stopped_and_goes_on),
		cmocka_unit_test(a_terminal_that_will_not_do_is_refused_in_words),
		cmocka_unit_test(a_script_types_keys),
		cmocka_unit_test(a_wrong_script_is_refused_with_its_line),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
