// SPDX-License-Identifier: Apache-2.0
#include "relight/channel.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"

// stdout may be shared (a shell's pipe, a terminal), and O_NONBLOCK would be shared with it. So it
// is asked with poll() first, and a write of at most PIPE_BUF bytes to a descriptor that is ready
// does not block. While it is not ready a timer looks again: rarely, because a reader that does not
// read is no hurry.

#define HEARTBEAT_MS   1000
#define LOOK_AGAIN_MS  50
#define QUEUE_MAX      256
#define LINE_MAX_BYTES (1u << 20)
#define READ_BYTES     16384
#define OUT_LOW_BYTES                                                                              \
	(64u << 10) // lines are made into bytes up to here; beyond they wait as values in their
		    // slots

struct waiting {
	cJSON *line; // NULL: nothing waits here
	int next;    // the slot that waits behind this one; -1: the last
};

struct channel {
	struct channel_config config;
	uv_loop_t *loop;
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_pipe_t pipe;
		uv_tty_t tty;
	} in;
	bool has_in, is_in_open;
	uv_timer_t beat, look_again, file_in;
	int open; // handles
	struct buf received;
	char read_buffer[READ_BYTES];
	struct buf out;        // bytes on their way
	struct waiting *slots; // config.slots and one more, for heartbeats
	int first, last; // of the slots that wait, in the order in which they began to; -1: none
	cJSON *queue[QUEUE_MAX]; // lines of slot -1
	size_t queued;
	bool has_complained, has_ended;
};

// --- writing ---------------------------------------------------------------------------------------------------------

static void end(struct channel *channel)
{
	if (channel->has_ended)
		return;
	channel->has_ended = true;
	if (channel->config.on_end)
		channel->config.on_end(channel->config.context);
}

static void encode(struct channel *channel, cJSON *line)
{
	json_write(&channel->out, line);
	buf_byte(&channel->out, '\n');
	cJSON_Delete(line);
}

// Turns what waits into bytes: answers first, because nothing replaces them.
static void refill(struct channel *channel)
{
	size_t taken = 0;
	while (taken < channel->queued && channel->out.length < OUT_LOW_BYTES)
		encode(channel, channel->queue[taken++]);
	memmove(channel->queue, channel->queue + taken,
		(channel->queued - taken) * sizeof channel->queue[0]);
	channel->queued -= taken;
	while (channel->first >= 0 && channel->out.length < OUT_LOW_BYTES) {
		struct waiting *slot = &channel->slots[channel->first];
		encode(channel, slot->line);
		slot->line = NULL;
		channel->first = slot->next;
	}
	if (channel->first < 0)
		channel->last = -1;
}

// Writes what can be written within `patience_ms`. False when nobody will ever read.
static bool write_out(struct channel *channel, int patience_ms)
{
	for (;;) {
		refill(channel);
		if (channel->out.length == 0)
			return true;
		struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};
		int n = poll(&ready, 1, patience_ms);
		if (n == 0 || (n < 0 && errno == EINTR))
			return true;
		if (ready.revents & (POLLERR | POLLNVAL))
			return false;
		size_t length = channel->out.length < PIPE_BUF ? channel->out.length : PIPE_BUF;
		ssize_t written = write(STDOUT_FILENO, channel->out.data, length);
		if (written > 0)
			buf_drop(&channel->out, (size_t)written);
		else if (errno != EAGAIN && errno != EINTR)
			return false;
		else if (errno == EAGAIN && patience_ms == 0)
			return true;
	}
}

static void on_look_again(uv_timer_t *timer);

static void flush(struct channel *channel)
{
	if (channel->has_ended)
		return;
	if (!write_out(channel, 0))
		end(channel);
	else if (channel->out.length > 0)
		uv_timer_start(&channel->look_again, on_look_again, LOOK_AGAIN_MS, 0);
}

static void on_look_again(uv_timer_t *timer)
{
	flush(timer->data);
}

static void inherit_token(cJSON *line, const cJSON *older)
{
	int64_t token = json_int(older, "token", 0);
	if (token && !json_get(line, "token"))
		json_add_int(line, "token", token);
}

static void put_in_slot(struct channel *channel, int number, cJSON *line)
{
	struct waiting *slot = &channel->slots[number];
	if (slot->line) {
		inherit_token(line, slot->line);
		cJSON_Delete(slot->line);
		slot->line = line;
		return;
	}
	*slot = (struct waiting){.line = line, .next = -1};
	if (channel->last >= 0)
		channel->slots[channel->last].next = number;
	else
		channel->first = number;
	channel->last = number;
}

void channel_send(struct channel *channel, int slot, cJSON *line)
{
	if (slot >= 0) {
		put_in_slot(channel, slot, line);
	} else {
		if (channel->queued == QUEUE_MAX) {
			cJSON_Delete(channel->queue[0]);
			memmove(channel->queue, channel->queue + 1,
				(QUEUE_MAX - 1) * sizeof channel->queue[0]);
			channel->queued--;
		}
		channel->queue[channel->queued++] = line;
	}
	// While the reader is behind, only the timer tries.
	if (!uv_is_active((uv_handle_t *)&channel->look_again))
		flush(channel);
}

static void on_beat(uv_timer_t *timer)
{
	struct channel *channel = timer->data;
	cJSON *line = json_object();
	json_add_text(line, "type", "heartbeat");
	json_add_wall(line, "ts", clock_wall());
	channel_send(channel, (int)channel->config.slots, line);
}

// --- reading ---------------------------------------------------------------------------------------------------------

static void complain(struct channel *channel, const char *text, size_t length)
{
	if (channel->has_complained)
		return;
	channel->has_complained = true;
	struct buf shown = {0};
	char *copy = memory_copy_bytes(text, length < 60 ? length : 60);
	json_write_text(&shown, copy);
	fprintf(stderr, "relight: probe: stdin: a line that is no request is ignored: %s\n",
		shown.data);
	free(copy);
	buf_fini(&shown);
}

static void take_line(struct channel *channel, const char *text, size_t length)
{
	const struct channel_config *config = &channel->config;
	cJSON *line = json_parse(text, length, NULL);
	const char *recheck = json_text(line, "recheck"), *ask = json_text(line, "ask");
	int64_t token = json_int(line, "token", 0);
	if (recheck && config->on_recheck)
		config->on_recheck(config->context, recheck, token);
	else if (ask && config->on_ask)
		config->on_ask(config->context, ask, token);
	else if (cJSON_IsObject(line) && !recheck && !ask && config->on_configure)
		config->on_configure(config->context, line);
	else if (!recheck && !ask)
		complain(channel, text, length);
	cJSON_Delete(line);
}

static void take_bytes(struct channel *channel, const char *bytes, size_t length)
{
	struct buf *received = &channel->received;
	size_t begin = 0, look = received->length;
	buf_add(received, bytes, length);
	char *feed;
	while (look < received->length &&
		(feed = memchr(received->data + look, '\n', received->length - look))) {
		size_t line_length = (size_t)(feed - received->data) - begin;
		if (line_length > 0 && !channel->has_ended)
			take_line(channel, received->data + begin, line_length);
		begin = look = (size_t)(feed - received->data) + 1;
	}
	buf_drop(received, begin);
	if (received->length > LINE_MAX_BYTES) {
		complain(channel, received->data, received->length);
		buf_clear(received);
	}
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	(void)wanted;
	struct channel *channel = handle->data;
	*buffer = uv_buf_init(channel->read_buffer, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct channel *channel = stream->data;
	if (length > 0) {
		take_bytes(channel, buffer->base, (size_t)length);
	} else if (length < 0) {
		uv_read_stop(stream);
		end(channel);
	}
}

// A file cannot be waited for, and need not be: it is read from the loop at once, to its end.
static void on_file_in(uv_timer_t *timer)
{
	struct channel *channel = timer->data;
	ssize_t length = read(STDIN_FILENO, channel->read_buffer, READ_BYTES);
	if (length > 0) {
		take_bytes(channel, channel->read_buffer, (size_t)length);
		uv_timer_start(timer, on_file_in, 0, 0);
	} else if (channel->config.on_file_end) {
		channel->config.on_file_end(channel->config.context);
	} else {
		end(channel);
	}
}

static void open_stdin(struct channel *channel)
{
	int error = 0;
	uv_handle_type type = uv_guess_handle(STDIN_FILENO);
	if (type == UV_TTY) {
		error = uv_tty_init(channel->loop, &channel->in.tty, STDIN_FILENO, 1);
		channel->has_in = error == 0;
	} else if (type == UV_NAMED_PIPE || type == UV_TCP) {
		uv_pipe_init(channel->loop, &channel->in.pipe, 0);
		channel->has_in = true;
		error = uv_pipe_open(&channel->in.pipe, STDIN_FILENO);
	} else {
		uv_timer_start(&channel->file_in, on_file_in, 0, 0);
	}
	if (channel->has_in) {
		channel->open++;
		channel->in.handle.data = channel;
	}
	if (channel->has_in && error == 0)
		error = uv_read_start(&channel->in.stream, on_alloc, on_read);
	if (error != 0)
		uv_timer_start(&channel->file_in, on_file_in, 0, 0);
}

// --- open and close --------------------------------------------------------------------------------------------------

static void init_timer(struct channel *channel, uv_timer_t *timer)
{
	uv_timer_init(channel->loop, timer);
	timer->data = channel;
	channel->open++;
}

struct channel *channel_open(uv_loop_t *loop, const struct channel_config *config)
{
	struct channel *channel = memory_zeroed(1, sizeof *channel);
	channel->config = *config;
	channel->loop = loop;
	signal(SIGPIPE, SIG_IGN); // a reader that went away is an end, not a death
	channel->slots = memory_zeroed(config->slots + 1, sizeof *channel->slots);
	channel->first = channel->last = -1;
	init_timer(channel, &channel->beat);
	init_timer(channel, &channel->look_again);
	init_timer(channel, &channel->file_in);
	if (config->heartbeats)
		uv_timer_start(&channel->beat, on_beat, 0, HEARTBEAT_MS);
	if (config->reads)
		open_stdin(channel);
	return channel;
}

static void on_closed(uv_handle_t *handle)
{
	struct channel *channel = handle->data;
	if (--channel->open > 0)
		return;
	for (size_t i = 0; i <= channel->config.slots; i++)
		cJSON_Delete(channel->slots[i].line);
	for (size_t i = 0; i < channel->queued; i++)
		cJSON_Delete(channel->queue[i]);
	free(channel->slots);
	buf_fini(&channel->received);
	buf_fini(&channel->out);
	free(channel);
}

void channel_close(struct channel *channel, int64_t patience_ms)
{
	channel->has_ended = true;
	int64_t until_us = clock_mono().us + patience_ms * US_PER_MS, left_ms = patience_ms;
	while (left_ms > 0 && write_out(channel, (int)left_ms) && channel->out.length > 0)
		left_ms = (until_us - clock_mono().us) / US_PER_MS;
	if (channel->has_in)
		uv_close(&channel->in.handle, on_closed);
	uv_close((uv_handle_t *)&channel->beat, on_closed);
	uv_close((uv_handle_t *)&channel->look_again, on_closed);
	uv_close((uv_handle_t *)&channel->file_in, on_closed);
}
