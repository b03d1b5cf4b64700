// SPDX-License-Identifier: Apache-2.0
#include "term_draw.h"

#include <curses.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>
#include <wchar.h>

#include "relight/memory.h"
#include "relight/term.h"

// --- the thread's own ------------------------------------------------------------------------------------------------

struct term_draw {
	uv_thread_t thread;
	uv_mutex_t lock;
	uv_cond_t wake;              // for the thread: there is something to do
	uv_cond_t moved;             // for the other side: paused or ended
	void (*told)(void *context); // NULL once left behind
	void *context;

	// under the lock
	struct grid newest;   // the mailbox
	struct grid current;  // written under the lock, read by the thread without
	int64_t given, drawn; // grids; equal: nothing is waiting
	int rows, columns;    // of the terminal
	struct look looks[TERM_LOOKS];
	bool wants_redraw, wants_pause, wants_end;
	bool is_paused, has_ended, has_failed;

	// the thread's
	struct term_traits traits;
	int fd;
	FILE *file;
	SCREEN *screen;
	struct cell *before; // what curses was given, or NULL: nothing
	int before_rows, before_columns;
	attr_t attributes[TERM_LOOKS];
	short pairs[TERM_LOOKS];
};

// What one look at the mailbox found to do.
struct job {
	struct look looks[TERM_LOOKS];
	bool is_grid, is_redraw;
	int rows, columns;
	int64_t number;
};

static attr_t attributes_of(unsigned attributes)
{
	return ((attributes & LOOK_BOLD) ? A_BOLD : A_NORMAL) |
	       ((attributes & LOOK_DIM) ? A_DIM : A_NORMAL) |
	       ((attributes & LOOK_UNDERLINE) ? A_UNDERLINE : A_NORMAL) |
	       ((attributes & LOOK_REVERSE) ? A_REVERSE : A_NORMAL) |
	       ((attributes & LOOK_ITALIC) ? A_ITALIC : A_NORMAL);
}

static void prepare_looks(struct term_draw *draw, const struct look *looks)
{
	for (int i = 0; i < TERM_LOOKS; i++) {
		bool is_own = looks[i].fg == COLOUR_OWN && looks[i].bg == COLOUR_OWN;

		draw->attributes[i] = attributes_of(looks[i].attributes);
		draw->pairs[i] = 0;
		// Pair 0 is the terminal's own; a pair that cannot be had is drawn in those colours
		// too.
		if (draw->traits.colours && !is_own && i + 1 < COLOR_PAIRS &&
			init_pair((short)(i + 1), (short)looks[i].fg, (short)looks[i].bg) == OK)
			draw->pairs[i] = (short)(i + 1);
	}
}

// The cell as wide characters that this C library measures as the drawing side did, else "?": a row
// in which they disagree would be shifted from there on.
static void wide_of_cell(const struct cell *cell, wchar_t wide[CCHARW_MAX + 1], int *width)
{
	size_t length = mbstowcs(wide, cell->text, CCHARW_MAX);

	*width = length && length != (size_t)-1 ? wcwidth(wide[0]) : -1;
	if (*width < 1 || *width > cell->width) {
		wide[0] = cell->text[0] ? L'?' : L' ';
		length = 1;
		*width = 1;
	}
	wide[length] = L'\0';
}

static void put_cell(struct term_draw *draw, int row, int column, const struct cell *cell)
{
	unsigned role = cell->role < TERM_LOOKS ? cell->role : 0;
	wchar_t wide[CCHARW_MAX + 1];
	cchar_t drawn;
	int width;

	wide_of_cell(cell, wide, &width);
	if (setcchar(&drawn, wide, draw->attributes[role], draw->pairs[role], NULL) == ERR &&
		setcchar(&drawn, L"?", draw->attributes[role], draw->pairs[role], NULL) == ERR)
		return;
	// The last cell of the screen is put although ERR says that the cursor could not go on.
	mvadd_wch(row, column, &drawn);
	if (width < cell->width &&
		setcchar(&drawn, L" ", draw->attributes[role], draw->pairs[role], NULL) == OK)
		mvadd_wch(row, column + 1, &drawn);
}

static void put_row(struct term_draw *draw, int row, const struct cell *cells, int columns)
{
	for (int column = 0; column < columns; column++) {
		if (cells[column].width == 2 && column + 1 == columns) {
			struct cell cut = {.text = " ", .width = 1, .role = cells[column].role};

			put_cell(draw, row, column, &cut);
		} else if (cells[column].width) {
			put_cell(draw, row, column, &cells[column]);
		}
	}
}

static void put_grid(struct term_draw *draw, const struct grid *grid)
{
	bool is_other = !draw->before || draw->before_rows != grid->rows ||
			draw->before_columns != grid->columns;
	int columns = grid->columns < COLS ? grid->columns : COLS;
	size_t count = (size_t)grid->rows * (size_t)grid->columns;

	if (is_other) {
		erase();
		draw->before = memory_resize(draw->before, count, sizeof *draw->before);
		draw->before_rows = grid->rows;
		draw->before_columns = grid->columns;
	}
	for (int row = 0; row < grid->rows && row < LINES; row++) {
		const struct cell *cells = grid->cells + (size_t)row * (size_t)grid->columns;
		const struct cell *before = draw->before + (size_t)row * (size_t)grid->columns;

		if (is_other || memcmp(cells, before, (size_t)grid->columns * sizeof *cells))
			put_row(draw, row, cells, columns);
	}
	memcpy(draw->before, grid->cells, count * sizeof *draw->before);
	if (grid->cursor_row >= 0 && grid->cursor_row < LINES && grid->cursor_column >= 0 &&
		grid->cursor_column < COLS) {
		move(grid->cursor_row, grid->cursor_column);
		curs_set(1);
	} else {
		curs_set(0);
	}
}

static void carry_out(struct term_draw *draw, const struct job *job)
{
	bool is_resized = LINES != job->rows || COLS != job->columns;

	if (is_resized)
		resize_term(job->rows, job->columns);
	if (is_resized || job->is_redraw) {
		free(draw->before);
		draw->before = NULL;
		clearok(curscr, TRUE);
	}
	if (job->is_grid) {
		prepare_looks(draw, job->looks);
		put_grid(draw, &draw->current);
		refresh();
	}
}

// --- the thread ------------------------------------------------------------------------------------------------------

static void write_all(int fd, const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t written = write(fd, text, length);

		if (written <= 0)
			return;
		text += written;
		length -= (size_t)written;
	}
}

static bool enter(struct term_draw *draw)
{
	draw->file = fdopen(draw->fd, "r+");
	if (!draw->file)
		return false;
	// LINES and COLUMNS of the environment may be those of another terminal; and with a size
	// that is not its own the scrolling region would stay wrong.
	use_env(FALSE);
	use_tioctl(TRUE);
	draw->screen = newterm(draw->traits.type, draw->file, draw->file);
	if (!draw->screen)
		return false;
	raw();
	noecho();
	nonl();
	typeahead(-1); // keys that wait must not keep the screen from being drawn
	if (draw->traits.colours && start_color() == OK)
		use_default_colors();
	if (draw->traits.is_ansi)
		write_all(draw->fd, PASTE_ON);
	return true;
}

static void leave(struct term_draw *draw)
{
	if (draw->traits.is_ansi)
		write_all(draw->fd, PASTE_OFF);
	endwin();
}

// True: `job` is to be carried out, without the lock. False: waited, or paused.
static bool take_job(struct term_draw *draw, struct job *job)
{
	bool is_resized = draw->rows != LINES || draw->columns != COLS;

	if (draw->given == draw->drawn && !(draw->wants_redraw && draw->current.cells)) {
		uv_cond_wait(&draw->wake, &draw->lock);
		return false;
	}
	*job = (struct job){
		.is_grid = draw->given != draw->drawn || draw->wants_redraw || is_resized,
		.is_redraw = draw->wants_redraw,
		.rows = draw->rows,
		.columns = draw->columns,
		.number = draw->given,
	};
	if (draw->given != draw->drawn) {
		struct grid old = draw->current;

		draw->current = draw->newest;
		draw->newest = old;
	}
	job->is_grid = job->is_grid && draw->current.cells;
	memcpy(job->looks, draw->looks, sizeof job->looks);
	draw->wants_redraw = false;
	return true;
}

static void stay_paused(struct term_draw *draw)
{
	uv_mutex_unlock(&draw->lock);
	leave(draw);
	uv_mutex_lock(&draw->lock);
	draw->is_paused = true;
	uv_cond_signal(&draw->moved);
	while (draw->wants_pause && !draw->wants_end)
		uv_cond_wait(&draw->wake, &draw->lock);
	draw->is_paused = false;
	draw->wants_redraw = true;
	uv_mutex_unlock(&draw->lock);
	if (draw->traits.is_ansi)
		write_all(draw->fd, PASTE_ON);
	uv_mutex_lock(&draw->lock);
}

static void tell(struct term_draw *draw)
{
	if (draw->told)
		draw->told(draw->context);
}

static void draw_until_the_end(struct term_draw *draw)
{
	struct job job;

	while (!draw->wants_end) {
		if (draw->wants_pause) {
			stay_paused(draw);
			continue;
		}
		if (!take_job(draw, &job))
			continue;
		uv_mutex_unlock(&draw->lock);
		carry_out(draw, &job);
		uv_mutex_lock(&draw->lock);
		draw->drawn = job.number;
		if (draw->given == draw->drawn)
			tell(draw);
	}
}

static void run(void *context)
{
	struct term_draw *draw = context;
	bool has_entered = enter(draw);

	uv_mutex_lock(&draw->lock);
	if (has_entered) {
		draw_until_the_end(draw);
		uv_mutex_unlock(&draw->lock);
		leave(draw);
		delscreen(draw->screen);
		uv_mutex_lock(&draw->lock);
	} else {
		draw->has_failed = true;
		tell(draw);
	}
	draw->has_ended = true;
	uv_cond_signal(&draw->moved);
	uv_mutex_unlock(&draw->lock);
}

// --- the other side --------------------------------------------------------------------------------------------------

// The thread gets no signals: their handlers run where they interrupt no drawing.
static int start_thread(struct term_draw *draw)
{
	sigset_t all, old;

	sigfillset(&all);
	sigdelset(&all, SIGSEGV);
	sigdelset(&all, SIGBUS);
	sigdelset(&all, SIGFPE);
	sigdelset(&all, SIGILL);
	sigdelset(&all, SIGABRT);
	pthread_sigmask(SIG_SETMASK, &all, &old);

	int status = uv_thread_create(&draw->thread, run, draw);

	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return status;
}

static void free_draw(struct term_draw *draw)
{
	if (draw->file)
		fclose(draw->file);
	else
		close(draw->fd);
	uv_cond_destroy(&draw->moved);
	uv_cond_destroy(&draw->wake);
	uv_mutex_destroy(&draw->lock);
	free(draw->newest.cells);
	free(draw->current.cells);
	free(draw->before);
	free(draw);
}

struct term_draw *term_draw_start(const struct term_traits *traits, int fd, int rows, int columns,
	void (*told)(void *context), void *context, struct err *err)
{
	struct term_draw *draw = memory_zeroed(1, sizeof *draw);

	draw->traits = *traits;
	draw->fd = fd;
	draw->rows = rows;
	draw->columns = columns;
	draw->told = told;
	draw->context = context;
	for (int i = 0; i < TERM_LOOKS; i++)
		draw->looks[i] = (struct look){COLOUR_OWN, COLOUR_OWN, 0};
	if (uv_mutex_init(&draw->lock) || uv_cond_init(&draw->wake) || uv_cond_init(&draw->moved))
		memory_exhausted();

	int status = start_thread(draw);

	if (status) {
		err_set(err, "terminal: no thread to draw with: %s", uv_strerror(status));
		free_draw(draw);
		return NULL;
	}
	return draw;
}

void term_draw_looks(struct term_draw *draw, const struct look *looks, size_t count)
{
	uv_mutex_lock(&draw->lock);
	memcpy(draw->looks, looks, (count < TERM_LOOKS ? count : TERM_LOOKS) * sizeof *looks);
	draw->wants_redraw = true;
	uv_cond_signal(&draw->wake);
	uv_mutex_unlock(&draw->lock);
}

int64_t term_draw_show(struct term_draw *draw, const struct grid *grid)
{
	size_t count = (size_t)grid->rows * (size_t)grid->columns;

	uv_mutex_lock(&draw->lock);
	struct cell *cells = memory_resize(draw->newest.cells, count, sizeof *cells);

	memcpy(cells, grid->cells, count * sizeof *cells);
	draw->newest = *grid;
	draw->newest.cells = cells;
	int64_t number = ++draw->given;

	uv_cond_signal(&draw->wake);
	uv_mutex_unlock(&draw->lock);
	return number;
}

int64_t term_draw_drawn(struct term_draw *draw)
{
	uv_mutex_lock(&draw->lock);
	int64_t drawn = draw->drawn;

	uv_mutex_unlock(&draw->lock);
	return drawn;
}

void term_draw_resize(struct term_draw *draw, int rows, int columns)
{
	uv_mutex_lock(&draw->lock);
	draw->rows = rows;
	draw->columns = columns;
	draw->wants_redraw = true;
	uv_cond_signal(&draw->wake);
	uv_mutex_unlock(&draw->lock);
}

void term_draw_redraw(struct term_draw *draw)
{
	uv_mutex_lock(&draw->lock);
	draw->wants_redraw = true;
	uv_cond_signal(&draw->wake);
	uv_mutex_unlock(&draw->lock);
}

bool term_draw_is_behind(struct term_draw *draw)
{
	uv_mutex_lock(&draw->lock);
	bool is_behind = draw->given != draw->drawn;

	uv_mutex_unlock(&draw->lock);
	return is_behind;
}

bool term_draw_has_failed(struct term_draw *draw)
{
	uv_mutex_lock(&draw->lock);
	bool has_failed = draw->has_failed;

	uv_mutex_unlock(&draw->lock);
	return has_failed;
}

static bool row_contains(const struct grid *grid, int row, const char *text)
{
	const struct cell *cells = grid->cells + (size_t)row * (size_t)grid->columns;

	for (int from = 0; from < grid->columns; from++) {
		const char *rest = text;

		for (int column = from; *rest && column < grid->columns; column++) {
			size_t length = strlen(cells[column].text);

			if (strncmp(rest, cells[column].text, length))
				break;
			rest += length;
		}
		if (!*rest)
			return true;
	}
	return false;
}

bool term_draw_contains(struct term_draw *draw, const char *text)
{
	bool contains = false;

	uv_mutex_lock(&draw->lock);
	const struct grid *grid = draw->given != draw->drawn ? &draw->newest : &draw->current;

	for (int row = 0; grid->cells && row < grid->rows && !contains; row++)
		contains = row_contains(grid, row, text);
	uv_mutex_unlock(&draw->lock);
	return contains;
}

// Waits for the thread to set *flag, at most until the limit. Under the lock.
static bool wait_for(struct term_draw *draw, const bool *flag, int limit_ms)
{
	uint64_t until_ns = uv_hrtime() + (uint64_t)limit_ms * 1000000u;

	while (!*flag) {
		uint64_t now_ns = uv_hrtime();

		if (now_ns >= until_ns || uv_cond_timedwait(&draw->moved, &draw->lock,
						  until_ns - now_ns) == UV_ETIMEDOUT)
			break;
	}
	return *flag;
}

bool term_draw_pause(struct term_draw *draw, int limit_ms)
{
	uv_mutex_lock(&draw->lock);
	draw->wants_pause = true;
	uv_cond_signal(&draw->wake);
	bool is_paused = draw->has_ended || wait_for(draw, &draw->is_paused, limit_ms);

	uv_mutex_unlock(&draw->lock);
	return is_paused;
}

void term_draw_resume(struct term_draw *draw)
{
	uv_mutex_lock(&draw->lock);
	draw->wants_pause = false;
	draw->wants_redraw = true;
	uv_cond_signal(&draw->wake);
	uv_mutex_unlock(&draw->lock);
}

bool term_draw_stop(struct term_draw *draw, int limit_ms)
{
	uv_mutex_lock(&draw->lock);
	draw->wants_end = true;
	uv_cond_signal(&draw->wake);
	bool has_ended = wait_for(draw, &draw->has_ended, limit_ms);

	if (!has_ended)
		draw->told = NULL;
	uv_mutex_unlock(&draw->lock);
	if (has_ended) {
		uv_thread_join(&draw->thread);
		free_draw(draw);
		return true;
	}

	// Should the terminal come to life again, what the thread still wants to write goes
	// nowhere.
	int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (nowhere >= 0) {
		dup2(nowhere, draw->fd);
		close(nowhere);
	}
	return false;
}
