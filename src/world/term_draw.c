// SPDX-License-Identifier: Apache-2.0
#include "term_draw.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "relight/memory.h"
#include "term_curses.h"

// --- the thread ------------------------------------------------------------------------------------------------

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

	struct canvas *canvas; // the thread's
	int fd;                // the canvas has it
};

// What one look at the mailbox found to do.
struct job {
	struct drawing drawing;
	int64_t number; // of the newest grid
};

// True: `job` is to be carried out, without the lock. False: waited, or paused.
static bool take_job(struct term_draw *draw, struct job *job)
{
	bool is_resized = !canvas_has_size(draw->canvas, draw->rows, draw->columns);

	if (draw->given == draw->drawn && !(draw->wants_redraw && draw->current.cells)) {
		uv_cond_wait(&draw->wake, &draw->lock);
		return false;
	}
	bool is_wanted = draw->given != draw->drawn || draw->wants_redraw || is_resized;
	if (draw->given != draw->drawn) {
		struct grid old = draw->current;

		draw->current = draw->newest;
		draw->newest = old;
	}
	*job = (struct job){
		.drawing =
			{
				.grid = is_wanted && draw->current.cells ? &draw->current : NULL,
				.is_redraw = draw->wants_redraw,
				.rows = draw->rows,
				.columns = draw->columns,
			},
		.number = draw->given,
	};
	memcpy(job->drawing.looks, draw->looks, sizeof job->drawing.looks);
	draw->wants_redraw = false;
	return true;
}

static void stay_paused(struct term_draw *draw)
{
	uv_mutex_unlock(&draw->lock);
	canvas_leave(draw->canvas);
	uv_mutex_lock(&draw->lock);
	draw->is_paused = true;
	uv_cond_signal(&draw->moved);
	while (draw->wants_pause && !draw->wants_end)
		uv_cond_wait(&draw->wake, &draw->lock);
	draw->is_paused = false;
	draw->wants_redraw = true;
	uv_mutex_unlock(&draw->lock);
	canvas_come_back(draw->canvas);
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
		canvas_draw(draw->canvas, &job.drawing);
		uv_mutex_lock(&draw->lock);
		draw->drawn = job.number;
		if (draw->given == draw->drawn)
			tell(draw);
	}
}

static void run(void *context)
{
	struct term_draw *draw = context;
	bool has_entered = canvas_enter(draw->canvas);

	uv_mutex_lock(&draw->lock);
	if (has_entered) {
		draw_until_the_end(draw);
		uv_mutex_unlock(&draw->lock);
		canvas_end(draw->canvas);
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
	canvas_free(draw->canvas);
	uv_cond_destroy(&draw->moved);
	uv_cond_destroy(&draw->wake);
	uv_mutex_destroy(&draw->lock);
	free(draw->newest.cells);
	free(draw->current.cells);
	free(draw);
}

struct term_draw *term_draw_start(const struct term_traits *traits, int fd, int rows, int columns,
	void (*told)(void *context), void *context, struct err *err)
{
	struct term_draw *draw = memory_zeroed(1, sizeof *draw);

	draw->canvas = canvas_new(traits, fd);
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
