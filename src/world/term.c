// SPDX-License-Identifier: Apache-2.0
#include "relight/term.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "relight/memory.h"
#include "relight/term_keys.h"
#include "term_draw.h"
#include "term_restore.h"
#include "term_script.h"

// The loop's side of the terminal: keys, size, signals, beginning and end. Drawing is
// term_draw.c's, on its own thread.

#define READ_BYTES 4096 // at one turn of the loop: a flood of keys does not hold up the rest
#define PAUSE_MS   200  // to leave the screen before the process is stopped

static const int watched_signals[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGHUP};
#define WATCHED_SIGNALS (sizeof watched_signals / sizeof *watched_signals)

struct term {
	struct term_hooks hooks;
	struct term_traits traits;
	struct term_draw *draw;
	struct termios original, raw;
	int fd; // non-blocking: keys, size, modes
	int rows, columns;
	struct term_keys decoder;
	struct term_script *script; // RELIGHT_KEYS, or NULL
	const char *awaited;        // wait-for: what the script waits for, or NULL
	uint64_t awaited_until_ms;
	bool has_hung_up, is_stopped;

	uv_poll_t input;
	uv_timer_t deadline, script_timer;
	uv_async_t told;
	uv_signal_t signals[WATCHED_SIGNALS];
	int open_handles;
};

// --- keys ------------------------------------------------------------------------------------------------------------

static void give(struct term *term, const int *keys, size_t count)
{
	if (count && !term->has_hung_up && !term->is_stopped)
		term->hooks.on_keys(term->hooks.context, keys, count);
}

static void hang_up(struct term *term)
{
	const int key = K_HANGUP;

	uv_poll_stop(&term->input);
	give(term, &key, 1);
	term->has_hung_up = true;
}

static int64_t now_us(void)
{
	return (int64_t)(uv_hrtime() / 1000u);
}

static void arm_deadline(struct term *term);

// What can be read now, once. False: there was nothing.
static bool read_keys(struct term *term)
{
	char bytes[READ_BYTES];
	int keys[TERM_KEYS_ROOM(READ_BYTES)];
	ssize_t count = read(term->fd, bytes, sizeof bytes);

	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (count <= 0) {
		hang_up(term);
		return false;
	}
	give(term, keys, term_keys_feed(&term->decoder, bytes, (size_t)count, now_us(), keys));
	return true;
}

static void on_deadline(uv_timer_t *timer)
{
	struct term *term = timer->data;
	int keys[TERM_KEYS_ROOM(0)];

	// After a stall the rest of a sequence may be waiting to be read: then it was not late, we
	// were.
	if (!term->has_hung_up && !read_keys(term))
		give(term, keys, term_keys_expire(&term->decoder, now_us(), keys));
	arm_deadline(term);
}

static void arm_deadline(struct term *term)
{
	int64_t due_us = term_keys_deadline_us(&term->decoder), left_us = due_us - now_us();

	if (term->is_stopped || due_us < 0)
		return;
	uv_update_time(term->input.loop);
	uv_timer_start(
		&term->deadline, on_deadline, left_us > 0 ? (uint64_t)left_us / 1000u + 1 : 0, 0);
}

static void on_input(uv_poll_t *handle, int status, int events)
{
	struct term *term = handle->data;

	if (status < 0) {
		hang_up(term);
	} else if (events & UV_READABLE) {
		read_keys(term);
		arm_deadline(term);
	}
}

// --- keys from a script ----------------------------------------------------------------------------------------------

// How long until the next look at the script; -1: it is over.
static int run_script(struct term *term)
{
	if (term->awaited) {
		if (!term_draw_contains(term->draw, term->awaited) &&
			uv_now(term->input.loop) < term->awaited_until_ms)
			return 20;
		term->awaited = NULL;
	}

	struct term_script_action action = term_script_next(term->script);

	switch (action.step) {
	case SCRIPT_KEYS:
		if (action.key_count == 1 && *action.keys == K_HANGUP)
			hang_up(term);
		else
			give(term, action.keys, action.key_count);
		return 0;
	case SCRIPT_WAIT: return action.wait_ms;
	case SCRIPT_WAIT_FOR:
		term->awaited = action.text;
		term->awaited_until_ms = uv_now(term->input.loop) + TERM_SCRIPT_PATIENCE_MS;
		return 0;
	case SCRIPT_END: break;
	}
	return -1;
}

static void on_script(uv_timer_t *timer)
{
	struct term *term = timer->data;
	int wait_ms = run_script(term);

	if (wait_ms >= 0 && !term->is_stopped)
		uv_timer_start(timer, on_script, (uint64_t)wait_ms, 0);
}

// --- size and signals ------------------------------------------------------------------------------------------------

static int in_range(int value, int fallback, int most)
{
	return value <= 0 ? fallback : value > most ? most : value;
}

static void ask_size(int fd, int *rows, int *columns)
{
	struct winsize size = {0};

	if (ioctl(fd, TIOCGWINSZ, &size))
		size = (struct winsize){0};
	*rows = in_range(size.ws_row, 24, GRID_MAX_ROWS);
	*columns = in_range(size.ws_col, 80, GRID_MAX_COLUMNS);
}

static void look_at_size(struct term *term)
{
	ask_size(term->fd, &term->rows, &term->columns);
	term_draw_resize(term->draw, term->rows, term->columns);
	term->hooks.on_resize(term->hooks.context, term->rows, term->columns);
}

// Somebody sent SIGTSTP (Ctrl-Z is a key here): leave the screen as any program would, and stop.
static void suspend(struct term *term)
{
	if (!term_draw_pause(term->draw, PAUSE_MS) &&
		write(term->fd, term->traits.restore, term->traits.restore_length) < 0)
		errno = 0; // it takes nothing; stop all the same
	tcsetattr(term->fd, TCSANOW, &term->original);
	raise(SIGSTOP);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct term *term = handle->data;

	if (term->is_stopped || term->has_hung_up)
		return;
	switch (number) {
	case SIGWINCH: look_at_size(term); break;
	case SIGTSTP: suspend(term); break;
	case SIGCONT:
		// The shell may have changed the modes, and others may have written here.
		tcsetattr(term->fd, TCSANOW, &term->raw);
		term_draw_resume(term->draw);
		look_at_size(term);
		break;
	default: hang_up(term); break;
	}
}

// --- beginning -------------------------------------------------------------------------------------------------------

// Opens the terminal anew: a description of its own, whose flags are nobody else's.
static int open_anew(int flags)
{
	char path[256];

	for (int fd = 0; fd <= 2; fd++) {
		if (!isatty(fd) || ttyname_r(fd, path, sizeof path))
			continue;

		int anew = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC | flags);

		if (anew >= 0)
			return anew;
	}
	// By this name kqueue cannot wait for it, so it comes last; but it works where the device's
	// own name belongs to somebody else (su).
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | flags);
}

static struct termios raw_of(const struct termios *original)
{
	struct termios raw = *original;

	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON | PARMRK);
	raw.c_oflag &= ~(tcflag_t)ONLCR; // as curses assumes it
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return raw;
}

static void on_told(uv_async_t *async)
{
	struct term *term = async->data;

	if (term->is_stopped)
		return;
	if (term_draw_has_failed(term->draw))
		hang_up(term);
	else if (term->hooks.on_drawn && !term_draw_is_behind(term->draw))
		term->hooks.on_drawn(term->hooks.context);
}

static void tell(void *context)
{
	uv_async_send(context);
}

// The handles that watch. Starting them fails only for want of descriptors.
static int start_handles(struct term *term, uv_loop_t *loop)
{
	int status = uv_poll_init(loop, &term->input, term->fd);

	if (status)
		return status;
	uv_timer_init(loop, &term->deadline);
	uv_timer_init(loop, &term->script_timer);
	uv_async_init(loop, &term->told, on_told);
	term->open_handles = 4;
	term->input.data = term->deadline.data = term->script_timer.data = term->told.data = term;
	for (size_t i = 0; i < WATCHED_SIGNALS; i++) {
		uv_signal_init(loop, &term->signals[i]);
		term->open_handles++;
		term->signals[i].data = term;
		status = status ? status
				: uv_signal_start(&term->signals[i], on_signal, watched_signals[i]);
		uv_unref((uv_handle_t *)&term->signals[i]);
	}
	if (!status)
		status = uv_poll_start(&term->input, UV_READABLE, on_input);
	if (!status && term->script)
		status = uv_timer_start(&term->script_timer, on_script, TERM_SCRIPT_PAUSE_MS, 0);
	return status;
}

static bool open_terminal(struct term *term, struct err *err)
{
	term->fd = open_anew(O_NONBLOCK);
	if (term->fd < 0)
		return err_errno(
			err, errno, "terminal: none to draw on (use --headless): /dev/tty");
	if (!term_traits_read(&term->traits, term->fd, err))
		return false;
	if (tcgetattr(term->fd, &term->original))
		return err_errno(err, errno, "terminal: its modes cannot be read");
	term->raw = raw_of(&term->original);
	ask_size(term->fd, &term->rows, &term->columns);
	return true;
}

bool term_is_there(struct err *err)
{
	struct term term = {.fd = -1};
	bool is_there = open_terminal(&term, err);

	if (term.fd >= 0)
		close(term.fd);
	return is_there;
}

static bool load_script(struct term *term, struct err *err)
{
	const char *path = getenv("RELIGHT_KEYS");

	if (path && *path)
		term->script = term_script_load(path, err);
	return term->script || !path || !*path;
}

static bool start_drawing(struct term *term, struct err *err)
{
	int fd = open_anew(0);

	if (fd < 0)
		return err_errno(err, errno, "terminal: it cannot be opened once more");
	term->draw = term_draw_start(
		&term->traits, fd, term->rows, term->columns, tell, &term->told, err);
	return term->draw;
}

static void free_term(struct term *term)
{
	if (term->fd >= 0)
		close(term->fd);
	term_script_free(term->script);
	free(term);
}

struct term *term_start(uv_loop_t *loop, const struct term_hooks *hooks, struct err *err)
{
	struct term *term = memory_zeroed(1, sizeof *term);

	setlocale(LC_CTYPE, "");
	term->hooks = *hooks;
	term->fd = -1;
	if (!open_terminal(term, err) || !load_script(term, err)) {
		free_term(term);
		return NULL;
	}

	int status = start_handles(term, loop);

	if (status) {
		err_set(err, "terminal: it cannot be watched: %s", uv_strerror(status));
	} else {
		term_restore_arm(term->fd, &term->original, term->traits.restore,
			term->traits.restore_length);
		tcsetattr(term->fd, TCSANOW, &term->raw);
		if (start_drawing(term, err))
			return term;
	}
	if (term->open_handles)
		term_stop(term);
	else
		free_term(term);
	return NULL;
}

// --- what it is asked for --------------------------------------------------------------------------------------------

int term_colours(const struct term *term)
{
	return term->traits.colours;
}

bool term_is_utf8(const struct term *term)
{
	return term->traits.is_utf8;
}

void term_size(const struct term *term, int *rows, int *columns)
{
	ask_size(term->fd, rows, columns);
}

void term_looks(struct term *term, const struct look *looks, size_t count)
{
	term_draw_looks(term->draw, looks, count);
}

int64_t term_show(struct term *term, const struct grid *grid)
{
	return term_draw_show(term->draw, grid);
}

bool term_has_drawn(const struct term *term, int64_t number)
{
	return term_draw_drawn(term->draw) >= number;
}

bool term_is_behind(const struct term *term)
{
	return term_draw_is_behind(term->draw);
}

void term_redraw(struct term *term)
{
	term_draw_redraw(term->draw);
}

// --- the end ---------------------------------------------------------------------------------------------------------

static void on_close(uv_handle_t *handle)
{
	struct term *term = handle->data;

	if (--term->open_handles == 0)
		free_term(term);
}

static void close_handle(struct term *term, uv_handle_t *handle)
{
	handle->data = term;
	uv_close(handle, on_close);
}

void term_stop(struct term *term)
{
	if (!term)
		return;
	term->is_stopped = true;
	if (term->draw && !term_draw_stop(term->draw, TERM_STOP_MS)) {
		// Whatever the terminal has not taken by now it need not take any more; the rest of
		// this does not block.
		tcflush(term->fd, TCOFLUSH);
		term_restore();
	}
	tcsetattr(term->fd, TCSANOW, &term->original);
	// What was typed at this screen is not meant for the shell.
	tcflush(term->fd, TCIFLUSH);
	term_restore_disarm();
	close_handle(term, (uv_handle_t *)&term->input);
	close_handle(term, (uv_handle_t *)&term->deadline);
	close_handle(term, (uv_handle_t *)&term->script_timer);
	close_handle(term, (uv_handle_t *)&term->told);
	for (size_t i = 0; i < WATCHED_SIGNALS; i++)
		close_handle(term, (uv_handle_t *)&term->signals[i]);
}
