// SPDX-License-Identifier: Apache-2.0
#include "relight/jq.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "jq_program.h"
#include "relight/buf.h"
#include "relight/json.h"
#include "relight/memory.h"

// The parent on a loop. Evaluations wait in one queue in the order of asking; the first few of it
// are in the child's hands at a time, which answers in order, so the head of the queue is always
// the one that it works on.

#define IN_FLIGHT_MAX       16
#define IN_FLIGHT_MAX_BYTES (4u << 20)
#define DEFINE_MS           30000
#define RESTART_MIN_MS      500
#define RESTART_MAX_MS      30000
#define REFUSE_MS           60000 // for a program that ended the child: others wait behind it
#define ANSWER_MAX_BYTES    (64u << 20)

struct program {
	char *text;
	char *complaint; // why it does not compile, once known
	int number;
	uint64_t refused_until_ms; // loop time: it ended the child before
	UT_hash_handle hh;
};

struct evaluation {
	struct evaluation *next;
	int64_t ticket;
	struct buf line; // the request
	int *programs;
	size_t count;
	int64_t timeout_ms;
	jq_done *done;
	void *context;
};

// One `relight jq`. Outlives its owner's interest until the process is reaped and its pipes are
// closed.
struct child {
	struct jq *owner; // NULL: abandoned
	uv_process_t process;
	uv_pipe_t in, out;
	int open; // handles
	struct buf received;
	char read_buffer[16384];
};

struct jq {
	uv_loop_t *loop;
	char *executable;
	struct program *by_text;
	struct program **programs;
	size_t program_count, program_capacity;
	struct child *child;
	size_t defined; // programs that the child knows
	bool is_defining;
	struct evaluation *head, **tail;
	size_t sent, sent_bytes; // of the queue's first ones
	int64_t last_ticket;
	uv_timer_t kick;     // looks at the queue from the loop
	uv_timer_t deadline; // of the head, or of defining
	uint64_t restart_ms; // how long to wait before the next start after a fruitless one
	uint64_t not_before; // loop time
	int timers_open;
};

// --- the queue -------------------------------------------------------------------------------------------------------

static void evaluation_free(struct evaluation *evaluation)
{
	buf_fini(&evaluation->line);
	free(evaluation->programs);
	free(evaluation);
}

static struct evaluation *queue_pop(struct jq *jq)
{
	struct evaluation *evaluation = jq->head;
	jq->head = evaluation->next;
	if (!jq->head)
		jq->tail = &jq->head;
	if (jq->sent > 0) {
		jq->sent--;
		jq->sent_bytes -= evaluation->line.length;
	}
	return evaluation;
}

// Answers every program of an evaluation that is not queued any more, and frees it.
static void fail(struct evaluation *evaluation, const char *why)
{
	struct jq_result *results = memory_zeroed(evaluation->count, sizeof *results);
	for (size_t i = 0; i < evaluation->count; i++)
		results[i].error = why;
	if (evaluation->done)
		evaluation->done(evaluation->context, results, evaluation->count);
	free(results);
	evaluation_free(evaluation);
}

static void fail_head(struct jq *jq, const char *why)
{
	fail(queue_pop(jq), why);
}

// Those that are asked while this goes on wait for the next start.
static void fail_all(struct jq *jq, const char *why)
{
	int64_t last = jq->last_ticket;
	while (jq->head && jq->head->ticket <= last)
		fail_head(jq, why);
}

// --- the child -------------------------------------------------------------------------------------------------------

static void on_child_handle_closed(uv_handle_t *handle)
{
	struct child *child = handle->data;
	if (--child->open > 0)
		return;
	buf_fini(&child->received);
	free(child);
}

static void on_exit_reaped(uv_process_t *process, int64_t status, int signal)
{
	(void)status;
	(void)signal;
	uv_close((uv_handle_t *)process, on_child_handle_closed);
}

// Looks at the queue from the loop, never from inside a caller.
static void kick(struct jq *jq, uint64_t delay_ms);

// Kills it and lets go; what it was asked is asked again of the next one.
static void abandon_child(struct jq *jq)
{
	struct child *child = jq->child;
	if (!child)
		return;
	child->owner = NULL;
	jq->child = NULL;
	jq->defined = jq->sent = jq->sent_bytes = 0;
	jq->is_defining = false;
	uv_timer_stop(&jq->deadline);
	uv_close((uv_handle_t *)&child->in, on_child_handle_closed);
	uv_close((uv_handle_t *)&child->out, on_child_handle_closed);
	uv_process_kill(&child->process, SIGKILL); // harmless when it has ended by itself
}

static void refuse_programs(struct jq *jq, const struct evaluation *evaluation)
{
	for (size_t i = 0; i < evaluation->count; i++)
		jq->programs[evaluation->programs[i]]->refused_until_ms =
			uv_now(jq->loop) + REFUSE_MS;
}

static bool is_refused(const struct jq *jq, const struct evaluation *evaluation)
{
	for (size_t i = 0; i < evaluation->count; i++)
		if (uv_now(jq->loop) < jq->programs[evaluation->programs[i]]->refused_until_ms)
			return true;
	return false;
}

// The child is of no use any more. What it was working on is to blame; where it was not working,
// nothing can be evaluated for a while.
static void child_failed(struct jq *jq, const char *why)
{
	bool was_working = jq->sent > 0;
	abandon_child(jq);
	if (was_working) {
		jq->restart_ms = RESTART_MIN_MS;
		refuse_programs(jq, jq->head);
		fail_head(jq, why);
	} else {
		jq->not_before = uv_now(jq->loop) + jq->restart_ms;
		jq->restart_ms =
			jq->restart_ms < RESTART_MAX_MS / 2 ? jq->restart_ms * 2 : RESTART_MAX_MS;
		fail_all(jq, why);
	}
	kick(jq, 0);
}

struct sending {
	uv_write_t write;
	char *bytes;
};

static void on_sent(uv_write_t *write, int status)
{
	(void)status; // a child that does not read any more shows by the end of its output
	struct sending *sending = (struct sending *)write;
	free(sending->bytes);
	free(sending);
}

static void send_bytes(struct child *child, const char *bytes, size_t length)
{
	struct sending *sending = memory_zeroed(1, sizeof *sending);
	sending->bytes = memory_copy_bytes(bytes, length);
	uv_buf_t piece = uv_buf_init(sending->bytes, (unsigned)length);
	if (uv_write(&sending->write, (uv_stream_t *)&child->in, &piece, 1, on_sent) != 0)
		on_sent(&sending->write, 0);
}

static void on_deadline(uv_timer_t *timer)
{
	struct jq *jq = timer->data;
	child_failed(jq, jq->is_defining ? "jq took over 30 s to compile the programs"
					 : "jq took too long and was ended");
}

static void send_programs(struct jq *jq)
{
	struct buf line = {0};
	buf_text(&line, "{\"define\":[");
	for (size_t i = 0; i < jq->program_count; i++) {
		buf_text(&line, i ? "," : "");
		json_write_text(&line, jq->programs[i]->text);
	}
	buf_text(&line, "]}\n");
	send_bytes(jq->child, line.data, line.length);
	buf_fini(&line);
	jq->is_defining = true;
	jq->defined = jq->program_count;
	uv_timer_start(&jq->deadline, on_deadline, DEFINE_MS, 0);
}

static void watch_head(struct jq *jq)
{
	if (jq->sent > 0)
		uv_timer_start(&jq->deadline, on_deadline, (uint64_t)jq->head->timeout_ms, 0);
	else
		uv_timer_stop(&jq->deadline);
}

static void send_evaluations(struct jq *jq)
{
	struct evaluation *next = jq->head;
	bool was_idle = jq->sent == 0;
	for (size_t i = 0; i < jq->sent; i++)
		next = next->next;
	while (next && jq->sent < IN_FLIGHT_MAX &&
		(jq->sent == 0 || jq->sent_bytes + next->line.length <= IN_FLIGHT_MAX_BYTES)) {
		send_bytes(jq->child, next->line.data, next->line.length);
		jq->sent++;
		jq->sent_bytes += next->line.length;
		next = next->next;
	}
	if (was_idle)
		watch_head(jq);
}

// --- what it says ----------------------------------------------------------------------------------------------------

static void take_complaint(struct jq *jq, const cJSON *error)
{
	int64_t index = json_int(error, "index", -1);
	const char *message = json_text(error, "message");
	if (index < 0 || (size_t)index >= jq->program_count || !message)
		return;
	struct program *program = jq->programs[index];
	free(program->complaint);
	program->complaint = memory_copy_text(message);
}

static void take_results(struct jq *jq, const cJSON *results)
{
	struct evaluation *evaluation = queue_pop(jq);
	struct jq_result *given = memory_zeroed(evaluation->count, sizeof *given);
	struct buf *outputs = memory_zeroed(evaluation->count, sizeof *outputs);
	const cJSON *result = results ? results->child : NULL;
	for (size_t i = 0; i < evaluation->count; i++) {
		const cJSON *output = json_get(result, "output");
		const struct program *program = jq->programs[evaluation->programs[i]];
		if (output) {
			json_write(&outputs[i], output);
			given[i].output = buf_str(&outputs[i]);
		} else {
			given[i].error = json_text(result, "error");
		}
		if (program->complaint)
			given[i] = (struct jq_result){.error = program->complaint};
		if (!given[i].output && !given[i].error)
			given[i].error = "jq gave no answer that can be read";
		result = result ? result->next : NULL;
	}
	watch_head(jq);
	if (evaluation->done)
		evaluation->done(evaluation->context, given, evaluation->count);
	for (size_t i = 0; i < evaluation->count; i++)
		buf_fini(&outputs[i]);
	free(outputs);
	free(given);
	evaluation_free(evaluation);
}

// False when the child was given up.
static bool take_line(struct jq *jq, const char *text, size_t length)
{
	struct err err;
	cJSON *line = json_parse(text, length, &err);
	const char *fatal = json_text(line, "fatal");
	const cJSON *child_error = json_get(line, "error");
	bool is_kept = true;
	if (fatal) {
		child_failed(jq, fatal);
		is_kept = false;
	} else if (jq->is_defining && json_get(line, "defined")) {
		jq->is_defining = false;
		jq->restart_ms = RESTART_MIN_MS;
		uv_timer_stop(&jq->deadline);
	} else if (jq->is_defining && cJSON_IsObject(child_error)) {
		take_complaint(jq, child_error);
	} else if (jq->sent > 0) {
		// A line that cannot be read (values nested too deep, for one) still answers the
		// head.
		take_results(jq, json_get(line, "results"));
	}
	cJSON_Delete(line);
	return is_kept;
}

static void take_lines(struct child *child)
{
	size_t begin = 0;
	char *end;
	struct buf *received = &child->received;
	while (begin < received->length && child->owner &&
		(end = memchr(received->data + begin, '\n', received->length - begin))) {
		size_t length = (size_t)(end - received->data) - begin;
		if (!take_line(child->owner, received->data + begin, length))
			return;
		begin += length + 1;
	}
	buf_drop(received, begin);
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	(void)wanted;
	struct child *child = handle->data;
	*buffer = uv_buf_init(child->read_buffer, sizeof child->read_buffer);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct child *child = stream->data;
	if (length > 0) {
		buf_add(&child->received, buffer->base, (size_t)length);
		if (memchr(buffer->base, '\n', (size_t)length))
			take_lines(child);
		if (child->owner && child->received.length > ANSWER_MAX_BYTES)
			child_failed(child->owner, "jq gave too long an answer");
		if (child->owner)
			kick(child->owner, 0);
	} else if (length < 0 && child->owner) {
		child_failed(
			child->owner, "jq ended unexpectedly: out of memory, or a fault in libjq");
	}
}

// --- starting --------------------------------------------------------------------------------------------------------

static bool start_child(struct jq *jq)
{
	struct child *child = memory_zeroed(1, sizeof *child);
	child->open = 3;
	child->process.data = child->in.data = child->out.data = child;
	uv_pipe_init(jq->loop, &child->in, 0);
	uv_pipe_init(jq->loop, &child->out, 0);
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
			.data.stream = (uv_stream_t *)&child->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&child->out},
		{.flags = UV_IGNORE},
	};
	char role[] = "jq";
	char *argv[] = {jq->executable, role, NULL};
	char *nothing[] = {NULL};
	uv_process_options_t options = {
		.file = jq->executable,
		.args = argv,
		.env = nothing,
		.cwd = "/",
		.flags = UV_PROCESS_DETACHED, // its own session: no controlling terminal
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_exit_reaped,
	};
	int error = uv_spawn(jq->loop, &child->process, &options);
	if (error != 0) {
		uv_close((uv_handle_t *)&child->process, on_child_handle_closed);
		uv_close((uv_handle_t *)&child->in, on_child_handle_closed);
		uv_close((uv_handle_t *)&child->out, on_child_handle_closed);
		struct err err;
		err_set(&err, "jq cannot be started: %s: %s", jq->executable, uv_strerror(error));
		child_failed(jq, err.message);
		return false;
	}
	child->owner = jq;
	jq->child = child;
	uv_read_start((uv_stream_t *)&child->out, on_alloc, on_read);
	return true;
}

// The first evaluation that was not sent and of which a program is refused, taken out of the queue;
// or NULL.
static struct evaluation *take_refused(struct jq *jq)
{
	struct evaluation **link = &jq->head;
	for (size_t i = 0; i < jq->sent; i++)
		link = &(*link)->next;
	for (; *link; link = &(*link)->next) {
		struct evaluation *evaluation = *link;
		if (!is_refused(jq, evaluation))
			continue;
		*link = evaluation->next;
		if (!*link)
			jq->tail = link;
		return evaluation;
	}
	return NULL;
}

static void pump(uv_timer_t *timer)
{
	struct jq *jq = timer->data;
	struct evaluation *refused;
	while ((refused = take_refused(jq)))
		fail(refused,
			"jq took too long over it, or failed, and is not asked again for a minute");
	if (!jq->head)
		return;
	if (!jq->child) {
		uint64_t now = uv_now(jq->loop);
		if (now < jq->not_before) {
			kick(jq, jq->not_before - now);
			return;
		}
		if (!start_child(jq))
			return;
	}
	if (jq->is_defining)
		return;
	if (jq->defined == jq->program_count)
		send_evaluations(jq);
	else if (jq->sent == 0)
		send_programs(jq);
}

static void kick(struct jq *jq, uint64_t delay_ms)
{
	uv_timer_start(&jq->kick, pump, delay_ms, 0);
}

// --- for the callers -------------------------------------------------------------------------------------------------

struct jq *jq_new(uv_loop_t *loop, const char *executable)
{
	struct jq *jq = memory_zeroed(1, sizeof *jq);
	jq->loop = loop;
	jq->executable = memory_copy_text(executable);
	jq->tail = &jq->head;
	jq->restart_ms = RESTART_MIN_MS;
	uv_timer_init(loop, &jq->kick);
	uv_timer_init(loop, &jq->deadline);
	jq->kick.data = jq->deadline.data = jq;
	jq->timers_open = 2;
	return jq;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct jq *jq = handle->data;
	if (--jq->timers_open == 0)
		free(jq);
}

void jq_free(struct jq *jq)
{
	if (!jq)
		return;
	abandon_child(jq);
	while (jq->head)
		evaluation_free(queue_pop(jq));
	HASH_CLEAR(hh, jq->by_text);
	for (size_t i = 0; i < jq->program_count; i++) {
		free(jq->programs[i]->text);
		free(jq->programs[i]->complaint);
		free(jq->programs[i]);
	}
	free(jq->programs);
	free(jq->executable);
	uv_close((uv_handle_t *)&jq->kick, on_timer_closed);
	uv_close((uv_handle_t *)&jq->deadline, on_timer_closed);
}

int jq_program(struct jq *jq, const char *text)
{
	struct program *program;
	HASH_FIND_STR(jq->by_text, text, program);
	if (program)
		return program->number;
	program = memory_zeroed(1, sizeof *program);
	program->text = memory_copy_text(text);
	program->number = (int)jq->program_count;
	jq->programs = memory_grow(
		jq->programs, jq->program_count, &jq->program_capacity, sizeof *jq->programs);
	jq->programs[jq->program_count++] = program;
	HASH_ADD_KEYPTR(hh, jq->by_text, program->text, strlen(program->text), program);
	return program->number;
}

int64_t jq_evaluate(struct jq *jq, const int *programs, size_t count, const char *text,
	size_t length_bytes, int64_t timeout_ms, jq_done *done, void *context)
{
	struct evaluation *evaluation = memory_zeroed(1, sizeof *evaluation);
	evaluation->ticket = ++jq->last_ticket;
	evaluation->timeout_ms = timeout_ms;
	evaluation->done = done;
	evaluation->context = context;
	evaluation->count = count;
	evaluation->programs = memory_alloc(count * sizeof *programs);
	memcpy(evaluation->programs, programs, count * sizeof *programs);
	struct buf *line = &evaluation->line;
	buf_printf(line, "{\"id\":%lld,\"programs\":[", (long long)evaluation->ticket);
	for (size_t i = 0; i < count; i++) {
		assert(programs[i] >= 0 && (size_t)programs[i] < jq->program_count);
		buf_printf(line, i ? ",%d" : "%d", programs[i]);
	}
	buf_text(line, "],\"text\":");
	jq_program_input(text, length_bytes, line);
	buf_text(line, "}\n");
	*jq->tail = evaluation;
	jq->tail = &evaluation->next;
	kick(jq, 0);
	return evaluation->ticket;
}

void jq_cancel(struct jq *jq, int64_t ticket)
{
	for (struct evaluation *evaluation = jq->head; evaluation; evaluation = evaluation->next)
		if (evaluation->ticket == ticket)
			evaluation->done = NULL; // its answer is waited for, and dropped
}
