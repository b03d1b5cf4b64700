// SPDX-License-Identifier: Apache-2.0
#include "subprocess.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "relight/buf.h"
#include "relight/memory.h"

#define WORDS_MAX_BYTES 1024

struct subprocess {
	struct subprocess_config config; // argv is not kept
	bool is_abandoned, is_reaped, is_out_over;
	uv_process_t process;
	uv_pipe_t in, out, err;
	uv_shutdown_t shutdown; // of `in`
	bool is_in_over;        // nothing more is told to it
	int open;               // handles
	int status, signal;
	struct buf received, words;
	char read_buffer[16384];
};

static void on_closed(uv_handle_t *handle)
{
	struct subprocess *process = handle->data;
	if (--process->open > 0)
		return;
	buf_fini(&process->received);
	buf_fini(&process->words);
	free(process);
}

static void close_once(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void close_pipes(struct subprocess *process)
{
	close_once((uv_handle_t *)&process->in);
	close_once((uv_handle_t *)&process->out);
	close_once((uv_handle_t *)&process->err);
}

// The last line of stderr, or "".
static const char *last_words(struct buf *words)
{
	while (words->length > 0 && words->data[words->length - 1] == '\n')
		words->data[--words->length] = '\0';
	const char *feed = strrchr(buf_str(words), '\n');
	return feed ? feed + 1 : buf_str(words);
}

const char *subprocess_words(const struct subprocess *process)
{
	return buf_str(&process->words);
}

static void end_if_over(struct subprocess *process)
{
	if (process->is_abandoned || !process->is_reaped || !process->is_out_over)
		return;
	process->is_abandoned = true;
	process->config.on_end(process->config.context, process->status, process->signal,
		last_words(&process->words));
	close_pipes(process);
}

static void on_reaped(uv_process_t *handle, int64_t status, int signal)
{
	struct subprocess *process = handle->data;
	process->is_reaped = true;
	process->status = (int)status;
	process->signal = signal;
	uv_close((uv_handle_t *)handle, on_closed);
	end_if_over(process);
}

// --- what it writes --------------------------------------------------------------------------------------------------

// The last `fresh` bytes have not been looked at yet.
static void give_lines(struct subprocess *process, size_t fresh)
{
	struct buf *received = &process->received;
	size_t begin = 0, look = received->length - fresh;
	char *end;
	while (!process->is_abandoned && look < received->length &&
		(end = memchr(received->data + look, '\n', received->length - look))) {
		process->config.on_line(process->config.context, received->data + begin,
			(size_t)(end - received->data) - begin);
		begin = look = (size_t)(end - received->data) + 1;
	}
	buf_drop(received, begin);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	(void)wanted;
	struct subprocess *process = handle->data;
	*buffer = uv_buf_init(process->read_buffer, sizeof process->read_buffer);
}

static void on_out(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct subprocess *process = stream->data;
	if (length > 0) {
		buf_add(&process->received, buffer->base, (size_t)length);
		give_lines(process, (size_t)length);
		if (process->received.length > process->config.max_line_bytes) {
			buf_fini(&process->received);
			subprocess_kill(process, SIGKILL);
		}
	} else if (length < 0) {
		uv_read_stop(stream);
		process->is_out_over = true;
		if (process->config.gives_rest && process->received.length > 0)
			process->config.on_line(process->config.context, process->received.data,
				process->received.length);
		end_if_over(process);
	}
}

static void on_err(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct subprocess *process = stream->data;
	if (length < 0) {
		uv_read_stop(stream);
		return;
	}
	buf_add(&process->words, buffer->base, (size_t)length);
	if (process->words.length > WORDS_MAX_BYTES)
		buf_drop(&process->words, process->words.length - WORDS_MAX_BYTES);
}

// --- what it is told -------------------------------------------------------------------------------------------------

struct sending {
	uv_write_t write;
	char *bytes;
};

static void on_sent(uv_write_t *write, int status)
{
	(void)status; // one that does not read any more shows by its end
	struct sending *sending = (struct sending *)write;
	memory_wipe(sending->bytes);
	free(sending);
}

void subprocess_send(struct subprocess *process, const char *bytes, size_t length)
{
	if (process->is_in_over || uv_is_closing((uv_handle_t *)&process->in))
		return;
	struct sending *sending = memory_zeroed(1, sizeof *sending);
	sending->bytes = memory_copy_bytes(bytes, length);
	uv_buf_t piece = uv_buf_init(sending->bytes, (unsigned)length);
	if (uv_write(&sending->write, (uv_stream_t *)&process->in, &piece, 1, on_sent) != 0)
		on_sent(&sending->write, 0);
}

static void on_shut(uv_shutdown_t *shutdown, int status)
{
	(void)status; // one that does not read any more shows by its end
	close_once((uv_handle_t *)shutdown->handle);
}

// Closing it at once would drop what it has not taken yet.
void subprocess_end_stdin(struct subprocess *process)
{
	if (process->is_in_over)
		return;
	process->is_in_over = true;
	if (uv_shutdown(&process->shutdown, (uv_stream_t *)&process->in, on_shut) != 0)
		close_once((uv_handle_t *)&process->in);
}

void subprocess_kill(struct subprocess *process, int signal)
{
	if (!process->is_reaped)
		uv_process_kill(&process->process, signal);
}

void subprocess_kill_group(struct subprocess *process)
{
	if (!process->is_reaped)
		kill(-process->process.pid, SIGKILL);
}

int subprocess_pid(const struct subprocess *process)
{
	return process->is_reaped ? 0 : process->process.pid;
}

void subprocess_abandon(struct subprocess *process)
{
	process->is_abandoned = true;
	subprocess_kill(process, SIGKILL);
	close_pipes(process);
}

// --- starting --------------------------------------------------------------------------------------------------------

static char **copy_argv(const char *const *argv)
{
	size_t count = 0;
	while (argv[count])
		count++;
	char **copy = memory_zeroed(count + 1, sizeof *copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = memory_copy_text(argv[i]);
	return copy;
}

static int spawn(
	uv_loop_t *loop, struct subprocess *process, const struct subprocess_config *config)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
			.data.stream = (uv_stream_t *)&process->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&process->out},
		{.flags = UV_IGNORE}, // /dev/null
	};
	if (config->is_silent)
		stdio[0].flags = UV_IGNORE;
	if (config->keeps_words) {
		stdio[2].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
		stdio[2].data.stream = (uv_stream_t *)&process->err;
	}
	char *nothing[] = {NULL};
	char **argv = copy_argv(config->argv);
	uv_process_options_t options = {
		.file = argv[0],
		.args = argv,
		.env = config->is_bare ? nothing : (char **)config->env,
		.cwd = config->is_bare ? "/" : NULL,
		.flags = UV_PROCESS_DETACHED, // setsid
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_reaped,
	};
	int error = uv_spawn(loop, &process->process, &options);
	for (char **argument = argv; *argument; argument++)
		free(*argument);
	free(argv);
	return error;
}

struct subprocess *subprocess_start(
	uv_loop_t *loop, const struct subprocess_config *config, struct err *err)
{
	struct subprocess *process = memory_zeroed(1, sizeof *process);
	signal(SIGPIPE, SIG_IGN); // a process that went away is no reason to die
	process->config = *config;
	process->config.argv = process->config.env = NULL;
	if (config->max_line_bytes == 0)
		process->config.max_line_bytes = SUBPROCESS_LINE_BYTES;
	uv_pipe_init(loop, &process->in, 0);
	uv_pipe_init(loop, &process->out, 0);
	uv_pipe_init(loop, &process->err, 0);
	process->open = 4;
	process->process.data = process->in.data = process->out.data = process->err.data = process;
	int error = spawn(loop, process, config);
	if (error != 0) {
		uv_close((uv_handle_t *)&process->process, on_closed);
		close_pipes(process);
		err_set(err, "%s: it cannot be started: %s", config->argv[0], uv_strerror(error));
		return NULL;
	}
	uv_read_start((uv_stream_t *)&process->out, on_alloc, on_out);
	if (config->keeps_words)
		uv_read_start((uv_stream_t *)&process->err, on_alloc, on_err);
	return process;
}
