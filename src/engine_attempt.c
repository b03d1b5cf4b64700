// SPDX-License-Identifier: Apache-2.0
//
// The engine's word with the launcher, which forks the actuators and touches their files
// (launcher.h). The life of an attempt, from the decision to its result:
//
//   engine                      launcher               actuator         attempts/<step>/<n>/
//   step.intent is queued
//   engine_announce  launch --> makes the directory,
//                               forks ---------------> waits            lock (held)
//   step.spawned     <-- running, pid
//   step.intent is durable
//   engine_carry_out perform -> hands it over -------> acts             request.json, output
//                                                      ends             result.json, lock is free
//   step.result      <-- finished, result
//
// Nothing acts before its intent is on the disk, and the last line is looked for once a second
// (engine_look) as well as told: whoever resumes has no launcher that forked the actuator.
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/attempt.h"
#include "relight/json.h"
#include "relight/memory.h"

#define LINE_MOST_BYTES (8u << 20)
#define LAUNCHERS_MOST  20

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

// --- where attempts are performed ---

void engine_note_host(struct engine *engine, const struct event *event)
{
	const char *host = json_text(event->data, "host");
	int step = event->step ? runbook_step(engine->runbook, event->step) : -1;
	if (host && (event->kind == EVENT_SESSION_OPEN || event->kind == EVENT_SESSION_RESUMED)) {
		free(engine->session_host);
		engine->session_host = memory_copy_text(host);
	} else if (step >= 0 && event->kind == EVENT_STEP_INTENT) {
		free(engine->hosts[step]);
		engine->hosts[step] = memory_copy_text(engine->session_host);
	}
}

// Why the absence of an attempt's files proves nothing; NULL: it does. They are not synced before
// it acts, and are where it was performed only.
static const char *doubt(const struct engine *engine, int step, struct buf *why)
{
	char here[256] = "";
	int64_t intent_seq = engine->state->steps[step].intent_seq;
	gethostname(here, sizeof here - 1);
	if (engine->hosts[step] && strcmp(engine->hosts[step], here) != 0)
		buf_printf(why, "its outcome is unknown here: it ran on %s", engine->hosts[step]);
	else if (intent_seq < engine->copied_seq)
		buf_text(why, "its outcome is unknown here: it ran where the record was mirrored "
			      "from");
	else if (intent_seq < engine->rebooted_seq)
		buf_text(why, "the machine was restarted before its outcome was on disk");
	return why->length ? buf_str(why) : NULL;
}

// --- from the launcher ---

static void on_spawned(struct engine *engine, int step, int attempt, int64_t pid)
{
	char host[256] = "";
	struct event *event = event_new(EVENT_STEP_SPAWNED);
	gethostname(host, sizeof host - 1);
	event_set_step(event, engine->runbook->steps[step].id);
	event->attempt = attempt;
	event_set_by(event, "relight");
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

static void take_sleep(struct engine *engine, int step, int attempt, const cJSON *message)
{
	struct facts facts = engine_facts(engine);
	struct decision decision = {0};
	decide_put_off(&facts, step, attempt, json_int(message, "slept_ms", 0),
		json_int(message, "put_off_ms", 0), &decision);
	engine_commit(engine, &decision);
}

static void take_stopping(
	struct engine *engine, int step, int attempt, const cJSON *stopping, bool is_over)
{
	struct facts facts = engine_facts(engine);
	struct decision decision = {0};
	decide_stopping(&facts, step, attempt, stopping, is_over, &decision);
	engine_commit(engine, &decision);
}

static void take_unknown(struct engine *engine, int step, int attempt, const char *why)
{
	cJSON *nothing = json_object();
	json_add_text(nothing, "why", why);
	take_result(engine, step, attempt, nothing);
	cJSON_Delete(nothing);
}

static void take_never_started(
	struct engine *engine, int step, int attempt, const cJSON *result, const char *error)
{
	cJSON *made = result ? NULL : never_started(error ? error : "its request never reached it");
	take_result(engine, step, attempt, result ? result : made);
	cJSON_Delete(made);
}

// A message that was left to an attempt and could not be.
static void record_trouble(struct engine *engine, const char *error)
{
	struct event *event = event_new(EVENT_FAULT);
	json_add_text(event->data, "what", "an attempt could not be told");
	json_add_text(event->data, "error", error);
	engine_record(engine, event);
}

static void take_attempt(struct engine *engine, const cJSON *message)
{
	int step = runbook_step(engine->runbook, json_text(message, "step"));
	int attempt = (int)json_int(message, "attempt", 0);
	const char *error = json_text(message, "error"), *state = json_text(message, "state");
	const cJSON *result = json_get(message, "result");
	enum attempt_state is;
	struct buf why = {0};
	if (step < 0 || engine->state->steps[step].attempt != attempt ||
		engine->state->steps[step].state != STEP_RUNNING)
		return;
	if (error && !state)
		record_trouble(engine, error);
	if (!attempt_state_parse(state, &is))
		return;
	if (json_int(message, "put_off_ms", 0) > 0)
		take_sleep(engine, step, attempt, message);
	if (json_get(message, "stopping"))
		take_stopping(engine, step, attempt, json_get(message, "stopping"),
			is != ATTEMPT_RUNNING);
	bool is_launch = json_int(message, "pid", 0) > 0; // other looks find it running
	const char *doubtful = result ? NULL : doubt(engine, step, &why);
	if (is == ATTEMPT_UNKNOWN || (is == ATTEMPT_NEVER_STARTED && doubtful)) {
		take_unknown(engine, step, attempt, doubtful);
	} else if (is == ATTEMPT_NEVER_STARTED) {
		take_never_started(engine, step, attempt, result, error);
	} else if (is == ATTEMPT_FINISHED) {
		take_result(engine, step, attempt, result);
	} else if (is == ATTEMPT_RUNNING && is_launch && engine->spawned[step] != attempt) {
		engine->spawned[step] = attempt;
		on_spawned(engine, step, attempt, json_int(message, "pid", 0));
	}
	buf_fini(&why);
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

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *room);

static void listen_to_launcher(struct engine *engine)
{
	uv_pipe_init(&engine->loop, &engine->launcher_pipe, 0);
	engine->launcher_pipe.data = engine;
	if (engine->launcher.fd < 0)
		return;
	uv_pipe_open(&engine->launcher_pipe, engine->launcher.fd);
	uv_read_start((uv_stream_t *)&engine->launcher_pipe, on_room, on_read);
}

// A launcher that was killed is replaced. What it had not handed over ends as never started, what
// it had goes on; where they stand is looked at as ever.
static void on_launcher_closed(uv_handle_t *handle)
{
	struct engine *engine = handle->data;
	struct event *event;
	struct err err = {0};
	if (engine->is_ending)
		return;
	buf_clear(&engine->launcher_in);
	engine->launcher.fd = -1;
	// One that cannot live is not started for ever.
	if (++engine->launchers_lost > LAUNCHERS_MOST)
		err_set(&err, "%d of them have; no attempt can be started any more",
			LAUNCHERS_MOST);
	else
		launcher_restart(&engine->launcher, engine->setup.executable, &err);
	event = event_new(EVENT_FAULT);
	event_set_by(event, "relight");
	json_add_text(event->data, "what", "the launcher of attempts has ended");
	json_add_text(event->data, "error", err.message[0] ? err.message : "another was started");
	engine_record(engine, event);
	listen_to_launcher(engine);
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
	bool is_over = length < 0 || engine->launcher_in.length > LINE_MOST_BYTES;
	if (is_over && !uv_is_closing((uv_handle_t *)stream))
		uv_close((uv_handle_t *)stream, on_launcher_closed);
}

void engine_attach_launcher(struct engine *engine)
{
	listen_to_launcher(engine);
}
