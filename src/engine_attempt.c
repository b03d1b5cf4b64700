// SPDX-License-Identifier: Apache-2.0
//
// The engine's word with the launcher, which forks the actuators and touches their files
// (launcher.h).
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/attempt.h"
#include "relight/json.h"
#include "relight/memory.h"

#define LINE_MOST_BYTES (8u << 20)

// --- to the launcher ---

struct sending {
	uv_write_t write;
	char *bytes;
};

static void on_sent(uv_write_t *write, int status)
{
	(void)status; // a launcher that is gone is noticed where it is read
	struct sending *sending = write->data;
	memory_wipe(sending->bytes);
	free(sending);
}

// Takes ownership of `body`: {"WORD":body} as one line.
static void send_line(struct engine *engine, const char *word, cJSON *body)
{
	cJSON *message = json_object();
	struct buf line = {0};
	json_add(message, word, body);
	json_write(&line, message);
	buf_byte(&line, '\n');
	json_wipe(message);
	struct sending *sending = memory_zeroed(1, sizeof *sending);
	uv_buf_t bytes = {.len = line.length};
	bytes.base = sending->bytes = buf_take(&line);
	sending->write.data = sending;
	if (uv_write(&sending->write, (uv_stream_t *)&engine->launcher_pipe, &bytes, 1, on_sent) <
		0)
		on_sent(&sending->write, 0);
}

static cJSON *attempt_body(const struct engine *engine, int step, int attempt)
{
	cJSON *body = json_object();
	json_add_text(body, "dir", engine->directory);
	json_add_text(body, "step", engine->runbook->steps[step].id);
	json_add_int(body, "attempt", attempt);
	return body;
}

// An attempt's process is made while its intent is on the way to the disk; it does nothing before
// its request.
void engine_announce(struct engine *engine, const struct effect *effect)
{
	if (effect->kind == EFFECT_LAUNCH)
		send_line(engine, "launch", attempt_body(engine, effect->step, effect->attempt));
}

void engine_carry_out(struct engine *engine, struct effect *effect)
{
	cJSON *body;
	switch (effect->kind) {
	case EFFECT_LAUNCH:
		body = attempt_body(engine, effect->step, effect->attempt);
		json_add(body, "request", effect->request);
		effect->request = NULL;
		send_line(engine, "perform", body);
		break;
	case EFFECT_CANCEL:
		body = attempt_body(engine, effect->step, effect->attempt);
		json_add_text(body, "why", effect->why ? effect->why : "");
		send_line(engine, "cancel", body);
		break;
	case EFFECT_EXTEND:
		body = attempt_body(engine, effect->step, effect->attempt);
		json_add_int(body, "by_s", (effect->extend_ms + MS_PER_S - 1) / MS_PER_S);
		send_line(engine, "extend", body);
		break;
	case EFFECT_RECHECK:
		if (engine->sensor)
			sensor_recheck(engine->sensor,
				engine->runbook->dependencies[effect->dependency].id,
				effect->token);
		break;
	case EFFECT_INPUTS: engine_configure_sensor(engine); break;
	case EFFECT_END: engine->front.on_closed(engine->front.context); break;
	}
}

// Exit notices are hints; this is the look that decides, also for attempts of an earlier session.
void engine_look(struct engine *engine)
{
	for (size_t s = 0; engine->state->running_count > 0 && s < engine->runbook->step_count; s++)
		if (engine->state->steps[s].state == STEP_RUNNING)
			send_line(engine, "look",
				attempt_body(engine, (int)s, engine->state->steps[s].attempt));
}

// --- from the launcher ---

static void on_spawned(struct engine *engine, int step, int attempt, int64_t pid)
{
	char host[256] = "";
	struct event *event = event_new(EVENT_STEP_SPAWNED);
	gethostname(host, sizeof host - 1);
	event_set_step(event, engine->runbook->steps[step].id);
	event->attempt = attempt;
	free(event->by);
	event->by = memory_copy_text("relight");
	json_add_int(event->data, "pid", pid);
	json_add_text(event->data, "host", host);
	json_add_text(event->data, "boot", engine->record.boot);
	engine_record(engine, event);
}

// An attempt that never began, for whatever reason, is a result like any other.
static cJSON *never_started(const char *why)
{
	cJSON *result = json_object();
	json_add_text(result, "outcome", outcome_word(OUTCOME_NEVER_STARTED));
	json_add_int(result, "duration_ms", 0);
	json_add_text(result, "why", why);
	return result;
}

static void learn_secrets(struct engine *engine, const cJSON *result)
{
	json_each (value, json_get(result, "sets")) {
		int input = runbook_input(engine->runbook, value->string);
		if (input >= 0 && cJSON_IsString(value))
			engine_set_value(engine, input, value->valuestring);
	}
}

static void take_result(struct engine *engine, int step, int attempt, const cJSON *result)
{
	struct facts facts = engine_facts(engine);
	struct decision decision = {0};
	learn_secrets(engine, result);
	decide_result(&facts, step, attempt, result, &decision);
	engine_commit(engine, &decision);
}

static void take_attempt(struct engine *engine, const cJSON *message)
{
	int step = runbook_step(engine->runbook, json_text(message, "step"));
	int attempt = (int)json_int(message, "attempt", 0);
	const char *error = json_text(message, "error");
	enum attempt_state is;
	if (step < 0 || engine->state->steps[step].attempt != attempt ||
		engine->state->steps[step].state != STEP_RUNNING ||
		!attempt_state_parse(json_text(message, "state"), &is))
		return;
	bool is_launch = json_int(message, "pid", 0) > 0; // other looks find it running
	const cJSON *result = json_get(message, "result");
	// An attempt's files are not synced before it acts: after a reboot their absence proves
	// nothing.
	bool is_doubtful = !result && engine->state->steps[step].intent_seq < engine->rebooted_seq;
	if (is == ATTEMPT_UNKNOWN || (is == ATTEMPT_NEVER_STARTED && is_doubtful)) {
		take_result(engine, step, attempt, NULL);
	} else if (error || is == ATTEMPT_NEVER_STARTED) {
		cJSON *made =
			result ? NULL
			       : never_started(error ? error : "its request never reached it");
		take_result(engine, step, attempt, result ? result : made);
		cJSON_Delete(made);
	} else if (is == ATTEMPT_FINISHED) {
		take_result(engine, step, attempt, result);
	} else if (is == ATTEMPT_RUNNING && is_launch && engine->spawned[step] != attempt) {
		engine->spawned[step] = attempt;
		on_spawned(engine, step, attempt, json_int(message, "pid", 0));
	}
}

static void take_lines(struct engine *engine)
{
	size_t taken = 0;
	char *newline;
	while ((newline = memchr(engine->launcher_in.data + taken, '\n',
			engine->launcher_in.length - taken))) {
		const char *line = engine->launcher_in.data + taken;
		cJSON *message = json_parse(line, (size_t)(newline - line), NULL);
		if (json_get(message, "attempt"))
			take_attempt(engine, json_get(message, "attempt"));
		cJSON_Delete(message);
		taken = (size_t)(newline - engine->launcher_in.data) + 1;
	}
	buf_drop(&engine->launcher_in, taken);
	engine->is_dirty = true;
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room)
{
	struct engine *engine = handle->data;
	buf_reserve(&engine->launcher_in, suggested);
	*room = uv_buf_init(
		engine->launcher_in.data + engine->launcher_in.length, (unsigned)suggested);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *room)
{
	(void)room;
	struct engine *engine = stream->data;
	if (length > 0) {
		engine->launcher_in.length += (size_t)length;
		engine->launcher_in.data[engine->launcher_in.length] = '\0';
		take_lines(engine);
	}
	if (length < 0 || engine->launcher_in.length > LINE_MOST_BYTES)
		uv_read_stop(stream);
}

void engine_attach_launcher(struct engine *engine)
{
	uv_pipe_init(&engine->loop, &engine->launcher_pipe, 0);
	engine->launcher_pipe.data = engine;
	if (engine->launcher.fd < 0)
		return;
	uv_pipe_open(&engine->launcher_pipe, engine->launcher.fd);
	uv_read_start((uv_stream_t *)&engine->launcher_pipe, on_room, on_read);
}
