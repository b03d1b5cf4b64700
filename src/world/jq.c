// SPDX-License-Identifier: Apache-2.0
#include "relight/jq.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "jq_program.h"
#include "relight/buf.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "subprocess.h"

// The parent on a loop. Evaluations wait in one queue in the order of asking; the first few of it
// are in the child's hands at a time, which answers in order, so the head of the queue is always
// the one that it works on.

#define IN_FLIGHT_MAX       16
#define IN_FLIGHT_MAX_BYTES (4u << 20)
#define DEFINE_MS           120000 // takes a second or two, but a busy machine may take many
#define RESTART_MIN_MS      500
#define RESTART_MAX_MS      30000
#define REFUSE_MS           60000 // for a program that ended the child: others wait behind it

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

struct jq {
	uv_loop_t *loop;
	char *executable;
	struct program *by_text;
	struct program **programs;
	size_t program_count, program_capacity;
	struct subprocess *child; // `relight jq`; NULL: none
	size_t defined;           // programs that the child knows
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

// Looks at the queue from the loop, never from inside a caller.
static void kick(struct jq *jq, uint64_t delay_ms);

// Kills it and lets go; what it was asked is asked again of the next one.
static void abandon_child(struct jq *jq)
{
	if (!jq->child)
		return;
	subprocess_abandon(jq->child);
	jq->child = NULL;
	jq->defined = jq->sent = jq->sent_bytes = 0;
	jq->is_defining = false;
	uv_timer_stop(&jq->deadline);
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

static void on_deadline(uv_timer_t *timer)
{
	struct jq *jq = timer->data;
	child_failed(jq, jq->is_defining ? "jq took over 2 minutes to compile the programs"
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
	subprocess_send(jq->child, line.data, line.length);
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
		subprocess_send(jq->child, next->line.data, next->line.length);
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

static void on_line(void *context, const char *text, size_t length)
{
	struct jq *jq = context;
	cJSON *line = json_parse(text, length, NULL);
	const char *fatal = json_text(line, "fatal");
	const cJSON *error = json_get(line, "error");
	if (fatal) {
		child_failed(jq, fatal);
	} else if (jq->is_defining && json_get(line, "defined")) {
		jq->is_defining = false;
		jq->restart_ms = RESTART_MIN_MS;
		uv_timer_stop(&jq->deadline);
	} else if (jq->is_defining && cJSON_IsObject(error)) {
		take_complaint(jq, error);
	} else if (jq->sent > 0) {
		// A line that cannot be read (values nested too deep, for one) still answers the
		// head.
		take_results(jq, json_get(line, "results"));
	}
	cJSON_Delete(line);
	kick(jq, 0);
}

static void on_child_end(void *context, int status, int signal, const char *words)
{
	(void)status;
	(void)signal;
	(void)words;
	child_failed(context, "jq ended unexpectedly: out of memory, or a fault in libjq");
}

// --- starting --------------------------------------------------------------------------------------------------------

static bool start_child(struct jq *jq)
{
	struct err err;
	const char *const argv[] = {jq->executable, "jq", NULL};
	jq->child = subprocess_start(jq->loop,
		&(struct subprocess_config){
			.argv = argv,
			.is_bare = true,
			.on_line = on_line,
			.on_end = on_child_end,
			.context = jq,
		},
		&err);
	if (jq->child)
		return true;
	err_prefix(&err, "jq");
	child_failed(jq, err.message);
	return false;
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
