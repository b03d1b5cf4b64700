// SPDX-License-Identifier: Apache-2.0
#include "screen_parts.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* An ended program is noticed this late, where no descriptor can wake the pump. */
enum { NAP_MS = 5 };

enum {
	SETTLE_MS = 20,  /* what has been quiet for so long may rest */
	ESCAPE_MS = 200, /* longer than any program waits for what may follow an Esc */
	TYPED_MS = 1000, /* a program that has not woken by then does not look at what was typed */
};

/* So few bytes draw no text and draw over it, too. */
enum { PIECE_BYTES = 64 };

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void screen_die(const char *what, const char *which)
{
	fprintf(stderr, "screen: %s: %s: %s\n", what, which, strerror(errno));
	abort();
}

void *screen_reallocate(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes);

	if (memory == NULL)
		screen_die("memory", "realloc");
	return memory;
}

/* --- what libvterm tells --------------------------------------------------------------------- */

void screen_queue(const char *bytes, size_t count, void *user)
{
	struct screen *s = user;

	if (s->master < 0)
		return;
	if (s->typed_bytes + count > s->typed_size) {
		s->typed_size = (s->typed_bytes + count) * 2;
		s->typed = screen_reallocate(s->typed, s->typed_size);
	}
	memcpy(s->typed + s->typed_bytes, bytes, count);
	s->typed_bytes += count;
}

static int on_property(VTermProp property, VTermValue *value, void *user)
{
	struct screen *s = user;

	if (property == VTERM_PROP_CURSORVISIBLE)
		s->is_cursor_visible = value->boolean;
	else if (property == VTERM_PROP_ALTSCREEN)
		s->is_alternate = value->boolean;
	else if (property == VTERM_PROP_TITLE)
		snprintf(s->title, sizeof s->title, "%s", value->string);
	return 1;
}

static int on_bell(void *user)
{
	struct screen *s = user;

	s->bells++;
	return 1;
}

static const VTermScreenCallbacks callbacks = {
	.settermprop = on_property,
	.bell = on_bell,
};

/* --- starting -------------------------------------------------------------------------------- */

static bool is_named(const char *entry, const char *change)
{
	size_t name_bytes = strcspn(change, "=");

	return strncmp(entry, change, name_bytes) == 0 && entry[name_bytes] == '=';
}

static void environment_change(const char **list, const char *change)
{
	size_t kept = 0;

	for (size_t i = 0; list[i] != NULL; i++)
		if (!is_named(list[i], change))
			list[kept++] = list[i];
	if (strchr(change, '=') != NULL)
		list[kept++] = change;
	list[kept] = NULL;
}

/* The list is the caller's to free, the entries belong to the environment and to env. */
static const char **environment_make(const char *const env[])
{
	static const char *const defaults[] = {
		"TERM=xterm-256color", "LC_ALL=C.UTF-8", "COLUMNS", "LINES", "NO_COLOR"};
	const size_t defaults_count = sizeof defaults / sizeof defaults[0];
	size_t count = defaults_count + 1;
	size_t used = 0;
	const char **list;

	for (char **e = environ; *e != NULL; e++)
		count++;
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		count++;
	list = screen_reallocate(NULL, count * sizeof *list);
	for (char **e = environ; *e != NULL; e++)
		list[used++] = *e;
	list[used] = NULL;
	for (size_t i = 0; i < defaults_count; i++)
		environment_change(list, defaults[i]);
	for (size_t i = 0; env != NULL && env[i] != NULL; i++)
		environment_change(list, env[i]);
	return list;
}

static void program_become(const char *const argv[], const char *const *env)
{
	sigset_t none;

	/* A test runner may block or ignore signals; the program must not inherit that. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	execvpe(argv[0], (char *const *)argv, (char *const *)env);
	dprintf(STDERR_FILENO, "screen: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void terminal_make(struct screen *s)
{
	s->vterm = vterm_new(s->rows, s->cols);
	if (s->vterm == NULL)
		screen_die("memory", "vterm_new");
	vterm_set_utf8(s->vterm, 1);
	vterm_output_set_callback(s->vterm, screen_queue, s);
	s->state = vterm_obtain_state(s->vterm);
	s->cells = vterm_obtain_screen(s->vterm);
	vterm_screen_set_callbacks(s->cells, &callbacks, s);
	vterm_screen_enable_altscreen(s->cells, 1);
	vterm_screen_reset(s->cells, 1);
}

struct screen *screen_start(int rows, int cols, const char *const argv[], const char *const env[])
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};
	struct screen *s = screen_reallocate(NULL, sizeof *s);
	const char **environment = environment_make(env);

	assert(rows > 0 && cols > 0 && argv[0] != NULL);
	*s = (struct screen){.rows = rows, .cols = cols, .is_cursor_visible = true};
	s->pid = forkpty(&s->master, NULL, NULL, &size);
	if (s->pid < 0)
		screen_die("no pseudo-terminal", argv[0]);
	if (s->pid == 0)
		program_become(argv, environment);
	free(environment);
	if (fcntl(s->master, F_SETFD, FD_CLOEXEC) != 0 ||
		fcntl(s->master, F_SETFL, O_RDWR | O_NONBLOCK) != 0)
		screen_die("fcntl", "master");
	terminal_make(s);
	s->received_us = now_us();
	return s;
}

void screen_free(struct screen *s)
{
	if (s == NULL)
		return;
	if (s->pid > 0) {
		/* The child is its group's leader from login_tty() on, and not collected: the
		 * number is still its own. */
		kill(s->pid, SIGKILL);
		kill(-s->pid, SIGKILL);
		while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (s->master >= 0)
		close(s->master);
	vterm_free(s->vterm);
	free(s->typed);
	free(s->text);
	free(s);
}

/* --- whether it rests ------------------------------------------------------------------------ */

/* What one line of a thread's status tells. */
static void take_status(const char *line, struct screen_rest *rest)
{
	long count;
	char state;

	if (sscanf(line, "State: %c", &state) == 1)
		rest->is_asleep &= strchr("STZX", state) != NULL;
	else if (sscanf(line, "voluntary_ctxt_switches: %ld", &count) == 1 ||
		 sscanf(line, "nonvoluntary_ctxt_switches: %ld", &count) == 1)
		rest->switches += count;
}

static struct screen_rest rest_of(pid_t pid)
{
	struct screen_rest rest = {.is_asleep = true};
	char path[300], line[128];
	DIR *threads;
	struct dirent *entry;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	threads = pid > 0 ? opendir(path) : NULL;
	while (threads && (entry = readdir(threads))) {
		FILE *file;

		snprintf(path, sizeof path, "/proc/%d/task/%s/status", (int)pid, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (file && fgets(line, sizeof line, file))
			take_status(line, &rest);
		if (file)
			fclose(file);
	}
	if (threads)
		closedir(threads);
	return rest;
}

/* --- moving bytes ---------------------------------------------------------------------------- */

static void write_typed(struct screen *s)
{
	long switches = rest_of(s->pid).switches;
	ssize_t n = write(s->master, s->typed, s->typed_bytes);

	if (n <= 0)
		return;
	s->typed_switches = switches;
	s->is_escape_open = s->typed[n - 1] == '\033';
	s->typed_us = now_us();
	s->typed_bytes -= (size_t)n;
	memmove(s->typed, s->typed + n, s->typed_bytes);
}

/* Piece by piece while a text is looked for: on a busy machine several frames come at once. */
static void draw(struct screen *s, const char *bytes, size_t count)
{
	size_t piece = s->glimpse ? PIECE_BYTES : count;

	for (size_t at = 0; at < count; at += piece) {
		vterm_input_write(s->vterm, bytes + at, count - at < piece ? count - at : piece);
		if (s->glimpse && !s->was_glimpsed)
			s->was_glimpsed = screen_has(s, s->glimpse);
	}
}

static bool read_received(struct screen *s)
{
	char bytes[16384];
	ssize_t n = read(s->master, bytes, sizeof bytes);

	if (n <= 0)
		return false;
	s->received_bytes += (size_t)n;
	s->received_us = now_us();
	draw(s, bytes, (size_t)n);
	return true;
}

static void nap(int ms)
{
	poll(NULL, 0, ms);
}

bool screen_pump(struct screen *s, int wait_ms)
{
	struct pollfd p = {.fd = s->master, .events = s->is_stalled ? 0 : POLLIN};
	bool came = false;

	if (s->typed_bytes > 0)
		p.events |= POLLOUT;
	if (s->master < 0 || p.events == 0) {
		nap(wait_ms < NAP_MS ? wait_ms : NAP_MS);
		return false;
	}
	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	if (p.revents & POLLOUT)
		write_typed(s);
	if (!s->is_stalled && (p.revents & (POLLIN | POLLHUP)))
		came = read_received(s);
	/* When no program has the terminal open, poll returns at once, for ever. */
	if (!came && (p.revents & POLLHUP))
		nap(wait_ms < 1 ? wait_ms : 1);
	return came;
}

/* Reads what has been written so far, as far as a program that writes for ever lets it. */
static void drain(struct screen *s)
{
	for (int i = 0; i < 256 && screen_pump(s, 0); i++)
		;
}

static int remaining_ms(int64_t until_us)
{
	int64_t left_us = until_us - now_us();

	return left_us <= 0 ? 0 : (int)((left_us + 999) / 1000);
}

void screen_pause(struct screen *s, int pause_ms)
{
	int64_t until_us = now_us() + (int64_t)pause_ms * 1000;

	do
		screen_pump(s, remaining_ms(until_us));
	while (remaining_ms(until_us) > 0);
}

bool screen_flush(struct screen *s, int deadline_ms)
{
	int64_t until_us = now_us() + (int64_t)deadline_ms * 1000;

	while (s->typed_bytes > 0 && remaining_ms(until_us) > 0)
		screen_pump(s, remaining_ms(until_us));
	return s->typed_bytes == 0;
}

/* --- waiting --------------------------------------------------------------------------------- */

static bool bytes_come(struct screen *s, int64_t until_us)
{
	while (remaining_ms(until_us) > 0)
		if (screen_pump(s, remaining_ms(until_us)))
			return true;
	return false;
}

bool screen_wait(
	struct screen *s, screen_condition *holds, void *context, const char *says, int deadline_ms)
{
	int64_t until_us = now_us() + (int64_t)deadline_ms * 1000;
	char why[256];

	screen_pump(s, 0);
	while (!holds(s, context))
		if (!bytes_come(s, until_us)) {
			snprintf(why, sizeof why, "waited %d ms for %s", deadline_ms, says);
			screen_dump(s, why);
			return false;
		}
	return true;
}

static bool had_text(struct screen *s, void *text)
{
	return s->was_glimpsed || screen_has(s, text);
}

static bool lacks_text(struct screen *s, void *text)
{
	return !screen_has(s, text);
}

bool screen_wait_text(struct screen *s, const char *text, int deadline_ms)
{
	bool was_there;

	s->glimpse = text;
	s->was_glimpsed = false;
	was_there = screen_wait(s, had_text, (char *)text, text, deadline_ms);
	s->glimpse = NULL;
	return was_there;
}

bool screen_wait_gone(struct screen *s, const char *text, int deadline_ms)
{
	char says[128];

	snprintf(says, sizeof says, "this to go away: %s", text);
	return screen_wait(s, lacks_text, (char *)text, says, deadline_ms);
}

bool screen_wait_quiet(struct screen *s, int quiet_ms, int deadline_ms)
{
	int64_t until_us = now_us() + (int64_t)deadline_ms * 1000;
	int64_t began_us = now_us();

	while (remaining_ms(until_us) > 0) {
		int64_t since_us = s->received_us > began_us ? s->received_us : began_us;
		int left_ms = remaining_ms(since_us + (int64_t)quiet_ms * 1000);

		if (left_ms == 0)
			return true;
		screen_pump(s, left_ms);
	}
	screen_dump(s, "waited for the screen to become quiet");
	return false;
}

/* Seen twice asleep with no thread having run in between: there was a moment at which all slept.
 * And none of them sleeps on because what was typed has not come to it yet. */
static bool rests(const struct screen *s)
{
	int64_t typed_ago_us = now_us() - s->typed_us;
	struct screen_rest rest = rest_of(s->pid), again = rest_of(s->pid);
	bool has_woken =
		rest.switches != s->typed_switches || typed_ago_us > TYPED_MS * (int64_t)1000;

	if (s->is_escape_open && typed_ago_us < ESCAPE_MS * (int64_t)1000)
		return false;
	return rest.is_asleep && again.is_asleep && rest.switches == again.switches && has_woken;
}

bool screen_wait_settled(struct screen *s, int deadline_ms)
{
	int64_t until_us = now_us() + (int64_t)deadline_ms * 1000;

	do {
		screen_pause(s, SETTLE_MS);
		if (s->typed_bytes == 0 && rests(s) && !screen_pump(s, 0))
			return true;
	} while (remaining_ms(until_us) > 0);
	screen_dump(s, "waited for the program to have nothing more to do");
	return false;
}

static bool collect(struct screen *s)
{
	int status;

	if (s->pid == 0)
		return true;
	if (waitpid(s->pid, &status, WNOHANG) != s->pid)
		return false;
	s->pid = 0;
	s->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return true;
}

int screen_wait_exit(struct screen *s, int deadline_ms)
{
	int64_t until_us = now_us() + (int64_t)deadline_ms * 1000;
	char why[64];

	while (!collect(s)) {
		if (remaining_ms(until_us) == 0) {
			snprintf(why, sizeof why, "waited %d ms for the exit", deadline_ms);
			screen_dump(s, why);
			return -1;
		}
		screen_pump(s, NAP_MS);
	}
	drain(s);
	return s->exit_code;
}

/* --- what happens to terminals --------------------------------------------------------------- */

void screen_resize(struct screen *s, int rows, int cols)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

	assert(rows > 0 && cols > 0);
	/* What was written for the old size is drawn at the old size. */
	drain(s);
	s->rows = rows;
	s->cols = cols;
	vterm_set_size(s->vterm, rows, cols);
	if (s->master >= 0 && ioctl(s->master, TIOCSWINSZ, &size) != 0)
		screen_die("resize", "TIOCSWINSZ");
}

void screen_stall(struct screen *s, bool stalled)
{
	s->is_stalled = stalled;
}

void screen_hang_up(struct screen *s)
{
	if (s->master >= 0)
		close(s->master);
	s->master = -1;
	s->typed_bytes = 0;
}

bool screen_runs(struct screen *s)
{
	return !collect(s);
}

pid_t screen_pid(const struct screen *s)
{
	return s->pid;
}

void screen_kill(struct screen *s, int signal_number)
{
	if (s->pid > 0)
		kill(s->pid, signal_number);
}
