// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe_parts.h"
#include "relight/memory.h"
#include "relight/moment.h"

// Checks of kind `command` and `shell`: a process in a session of its own, without a terminal, with
// nothing to read. At the deadline, and in any case when it has ended, its whole group is killed: a
// check leaves nothing behind.

#define OUTPUT_MAX_BYTES (1u << 20)
#define TAIL_MAX_BYTES   (16u << 10) // of stderr, for its last line
#define DRAIN_MS         300         // for what is still in the pipes after the end

struct stream {
	uv_pipe_t pipe;
	bool is_open;
};

struct work {
	struct probing *probing; // NULL: cancelled or answered, waiting for handles to close
	uv_process_t process;
	struct stream out, err;
	uv_timer_t timer; // the deadline, then the draining
	int open;         // handles that the memory must outlive
	bool is_running;  // the process was not reaped yet
	bool is_late;     // the deadline came first
	int64_t status;
	int signal;
	uint64_t started_ns, ended_ns;
	bool is_cut, is_tail_cut;
	struct buf output, tail;
	char read_buffer[4096];
};

static void on_closed(uv_handle_t *handle)
{
	struct work *work = handle->data;
	if (--work->open > 0)
		return;
	buf_fini(&work->output);
	buf_fini(&work->tail);
	free(work);
}

static void kill_group(const struct work *work)
{
	kill(-work->process.pid, SIGKILL);
}

static void close_stream(struct stream *stream)
{
	if (!uv_is_closing((uv_handle_t *)&stream->pipe))
		uv_close((uv_handle_t *)&stream->pipe, on_closed);
	stream->is_open = false;
}

// Stops everything but the reaping.
static void let_go(struct work *work)
{
	if (work->probing)
		work->probing->work = NULL;
	work->probing = NULL;
	close_stream(&work->out);
	close_stream(&work->err);
	uv_close((uv_handle_t *)&work->timer, on_closed);
	if (work->is_running)
		kill_group(work);
}

// --- the answer ------------------------------------------------------------------------------------------------------

// The last line that is not blank, for the caller to free. NULL: none, or it is not there from its
// beginning.
static char *last_line(const struct buf *text, bool is_beginning_cut)
{
	size_t end = text->length;
	while (end > 0 && strchr(" \t\r\n", text->data[end - 1]))
		end--;
	size_t begin = end;
	while (begin > 0 && text->data[begin - 1] != '\n')
		begin--;
	if (end == begin || (begin == 0 && is_beginning_cut))
		return NULL;
	return memory_copy_bytes(text->data + begin, end - begin);
}

static void answer(struct work *work)
{
	struct probing *probing = work->probing;
	char limit[DURATION_TEXT_BYTES];
	struct err err;
	char *words = last_line(&work->tail, work->is_tail_cut);
	if (!words)
		words = last_line(&work->output, false);
	struct buf output = work->output;
	work->output = (struct buf){0};
	struct outcome outcome = {
		.exit = (int)work->status,
		.signal = work->signal,
		.last_words = words,
		.text = buf_str(&output),
		.length = output.length,
		.is_cut = work->is_cut,
		.latency_ms = (int64_t)(work->ended_ns - work->started_ns) / 1000000,
	};
	if (work->is_late) {
		duration_format(probing->timeout_ms, limit);
		err_set(&err, "timed out: it was ended after %s", limit);
		outcome.reach = REACH_PREVENTED;
		outcome.why = err.message;
	}
	let_go(work);
	probing_judge(probing, &outcome);
	free(words);
	buf_fini(&output);
}

static void answer_if_over(struct work *work)
{
	if (work->probing && !work->is_running && !work->out.is_open && !work->err.is_open)
		answer(work);
}

// --- while it runs ---------------------------------------------------------------------------------------------------

static void on_drained(uv_timer_t *timer)
{
	struct work *work = timer->data;
	if (work->probing)
		answer(work);
}

static void on_deadline(uv_timer_t *timer)
{
	struct work *work = timer->data;
	work->is_late = true;
	work->ended_ns = uv_hrtime();
	kill_group(work);
	answer(work); // without waiting for a process that may be beyond signals
}

static void on_exit_reaped(uv_process_t *process, int64_t status, int signal)
{
	struct work *work = process->data;
	work->is_running = false;
	work->status = status;
	work->signal = signal;
	kill_group(work); // what it left in the background
	uv_close((uv_handle_t *)process, on_closed);
	if (!work->probing)
		return;
	work->ended_ns = uv_hrtime();
	uv_timer_start(&work->timer, on_drained, DRAIN_MS, 0);
	answer_if_over(work);
}

static void keep_output(struct work *work, const char *bytes, size_t length)
{
	size_t room = OUTPUT_MAX_BYTES - work->output.length;
	buf_add(&work->output, bytes, length < room ? length : room);
	work->is_cut |= length > room;
}

static void keep_tail(struct work *work, const char *bytes, size_t length)
{
	buf_add(&work->tail, bytes, length);
	if (work->tail.length <= TAIL_MAX_BYTES)
		return;
	buf_drop(&work->tail, work->tail.length - TAIL_MAX_BYTES);
	work->is_tail_cut = true;
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	(void)wanted;
	struct work *work = handle->data;
	*buffer = uv_buf_init(work->read_buffer, sizeof work->read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct work *work = stream->data;
	bool is_out = (uv_pipe_t *)stream == &work->out.pipe;
	if (length > 0 && is_out)
		keep_output(work, buffer->base, (size_t)length);
	else if (length > 0)
		keep_tail(work, buffer->base, (size_t)length);
	if (length >= 0)
		return;
	close_stream(is_out ? &work->out : &work->err);
	answer_if_over(work);
}

// --- the beginning ---------------------------------------------------------------------------------------------------

static void prevented(struct probing *probing, const char *why)
{
	probing_judge(
		probing, &(struct outcome){.reach = REACH_PREVENTED, .why = why, .latency_ms = -1});
}

// What a process is started with.
struct launch {
	struct probe_environment environment;
	char **argv;
	struct buf dir;
};

static void launch_fini(struct launch *launch)
{
	probe_environment_fini(&launch->environment);
	for (char **argument = launch->argv; argument && *argument; argument++)
		free(*argument);
	free(launch->argv);
	buf_fini(&launch->dir);
}

static bool fill_argv(struct probing *probing, struct launch *launch, struct err *err)
{
	const struct command *command = &probing->check->command;
	if (command->shell) {
		static const char *const shell[] = {"/bin/sh", "-eu", "-c"};
		launch->argv = memory_zeroed(5, sizeof *launch->argv);
		for (int i = 0; i < 3; i++)
			launch->argv[i] = memory_copy_text(shell[i]);
		launch->argv[3] = memory_copy_text(command->shell);
		return true;
	}
	launch->argv = memory_zeroed(command->argv.count + 1, sizeof *launch->argv);
	for (size_t i = 0; i < command->argv.count; i++) {
		struct buf argument = {0};
		bool is_good = probe_text(probing->world, command->argv.items[i], &argument, err);
		launch->argv[i] = buf_take(&argument);
		if (!is_good)
			return false;
	}
	return true;
}

static bool fill(struct probing *probing, struct launch *launch, struct err *err)
{
	const struct command *command = &probing->check->command;
	if (!fill_argv(probing, launch, err) ||
		!probe_environment_fill(&launch->environment, probing->world, command, err))
		return false;
	if (!command->dir)
		buf_text(&launch->dir, probing->world->runbook->base);
	else if (!probe_path(probing->world, command->dir, &launch->dir, err))
		return false;
	if (access(buf_str(&launch->dir), X_OK) != 0)
		return err_errno(err, errno, "it cannot be run in %s", buf_str(&launch->dir));
	return true;
}

static struct work *work_new(struct probing *probing)
{
	struct work *work = memory_zeroed(1, sizeof *work);
	uv_loop_t *loop = probing->world->loop;
	work->probing = probing;
	work->started_ns = uv_hrtime();
	uv_pipe_init(loop, &work->out.pipe, 0);
	uv_pipe_init(loop, &work->err.pipe, 0);
	uv_timer_init(loop, &work->timer);
	work->open = 4;
	work->process.data = work->out.pipe.data = work->err.pipe.data = work->timer.data = work;
	return work;
}

static int spawn(struct work *work, const struct launch *launch)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE}, // /dev/null
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&work->out.pipe},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&work->err.pipe},
	};
	uv_process_options_t options = {
		.file = launch->argv[0],
		.args = launch->argv,
		.env = launch->environment.items,
		.cwd = buf_str(&launch->dir),
		.flags = UV_PROCESS_DETACHED, // setsid: no controlling terminal, a group to kill
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_exit_reaped,
	};
	return uv_spawn(work->probing->world->loop, &work->process, &options);
}

static void run(struct probing *probing, const struct launch *launch)
{
	struct work *work = work_new(probing);
	int error = spawn(work, launch);
	if (error != 0) {
		struct err err;
		err_set(&err, "it cannot be run: %s: %s", launch->argv[0], uv_strerror(error));
		uv_close((uv_handle_t *)&work->process, on_closed);
		let_go(work);
		prevented(probing, err.message);
		return;
	}
	probing->work = work;
	work->is_running = work->out.is_open = work->err.is_open = true;
	uv_read_start((uv_stream_t *)&work->out.pipe, on_alloc, on_read);
	uv_read_start((uv_stream_t *)&work->err.pipe, on_alloc, on_read);
	uv_timer_start(&work->timer, on_deadline, (uint64_t)probing->timeout_ms, 0);
}

static void start(struct probing *probing)
{
	struct launch launch = {0};
	struct err err;
	if (fill(probing, &launch, &err))
		run(probing, &launch);
	else
		prevented(probing, err.message);
	launch_fini(&launch);
}

static void cancel(struct probing *probing)
{
	let_go(probing->work);
}

const struct probe_kind probe_command = {.start = start, .cancel = cancel};
