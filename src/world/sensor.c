// SPDX-License-Identifier: Apache-2.0
#include "relight/sensor.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/buf.h"
#include "relight/json.h"
#include "relight/memory.h"

// A sensor that hangs is as good as none, but looks alive; so it is known by its silence alone.
// Silence is counted in ticks of the cockpit's own loop: when that was stopped or stalled, the
// sensor's lines are waiting in the pipe and prove nothing.

#define TICK_MS         500
#define STALL_MS        1500  // a tick that comes so late was the cockpit's own fault
#define SILENT_MS       5000  // then it is down
#define HUNG_MS         15000 // then it is killed and started again
#define RESTART_MIN_MS  1000
#define RESTART_MAX_MS  30000
#define TRUSTED_MS      60000 // having spoken for so long, it starts again as quickly as the first time
#define TERM_MS         1000
#define KILL_MS         3000
#define LINE_MAX_BYTES  (4u << 20)
#define WORDS_MAX_BYTES 300

// One `relight probe`. Outlives its owner's interest until it is reaped and its pipes are closed.
struct run {
	struct sensor *sensor; // NULL: given up
	uv_process_t process;
	uv_pipe_t in, out, err;
	int open; // handles
	bool is_running;
	uint64_t since_ms;
	struct buf received, words; // words: of stderr
	char read_buffer[16384];
};

struct sensor {
	uv_loop_t *loop;
	char *executable, **argv; // argv[0] is the executable
	struct sensor_config config;
	struct run *run;     // NULL: none
	char *configuration; // the line, or NULL
	cJSON *rechecks;     // {dependency: token} that were not answered
	uv_timer_t tick, restart, ending;
	int timers_open;
	bool is_up, is_stopping;
	uint64_t ticked_ms, restart_ms;
	int64_t silence_ms; // up to the last tick
};

// --- one run ---------------------------------------------------------------------------------------------------------

static void sensor_gone(struct sensor *sensor);

static void on_run_closed(uv_handle_t *handle)
{
	struct run *run = handle->data;
	if (--run->open > 0)
		return;
	buf_fini(&run->received);
	buf_fini(&run->words);
	free(run);
}

// Closes the pipes; the process is reaped when it ends.
static void run_give_up(struct run *run)
{
	run->sensor = NULL;
	if (!uv_is_closing((uv_handle_t *)&run->in))
		uv_close((uv_handle_t *)&run->in, on_run_closed);
	uv_close((uv_handle_t *)&run->out, on_run_closed);
	uv_close((uv_handle_t *)&run->err, on_run_closed);
}

struct sending {
	uv_write_t write;
	char *bytes;
};

static void on_sent(uv_write_t *write, int status)
{
	(void)status; // a sensor that ended shows by its end
	struct sending *sending = (struct sending *)write;
	free(sending->bytes);
	free(sending);
}

static void send_line(struct sensor *sensor, const char *line)
{
	if (!sensor->run || uv_is_closing((uv_handle_t *)&sensor->run->in))
		return;
	struct sending *sending = memory_zeroed(1, sizeof *sending);
	sending->bytes = memory_copy_text(line);
	uv_buf_t piece = uv_buf_init(sending->bytes, (unsigned)strlen(line));
	if (uv_write(&sending->write, (uv_stream_t *)&sensor->run->in, &piece, 1, on_sent) != 0)
		on_sent(&sending->write, 0);
}

static void send_recheck(struct sensor *sensor, const char *dependency, int64_t token)
{
	struct buf line = {0};
	buf_text(&line, "{\"recheck\":");
	json_write_text(&line, dependency);
	buf_printf(&line, ",\"token\":%lld}\n", (long long)token);
	send_line(sensor, line.data);
	buf_fini(&line);
}

// --- up and down -----------------------------------------------------------------------------------------------------

static void go_down(struct sensor *sensor, const char *why)
{
	if (!sensor->is_up)
		return;
	sensor->is_up = false;
	sensor->config.on_state(sensor->config.context, false, why);
}

static void heard(struct sensor *sensor)
{
	sensor->silence_ms = 0;
	if (sensor->is_up)
		return;
	sensor->is_up = true;
	sensor->config.on_state(sensor->config.context, true, NULL);
}

// --- what it says ----------------------------------------------------------------------------------------------------

static void forget_recheck(struct sensor *sensor, const cJSON *line)
{
	const char *dependency = json_text(line, "dependency");
	int64_t token = json_int(line, "token", 0);
	if (dependency && token && json_int(sensor->rechecks, dependency, 0) <= token)
		cJSON_DeleteItemFromObjectCaseSensitive(sensor->rechecks, dependency);
}

static void take_line(struct sensor *sensor, const char *text, size_t length)
{
	cJSON *line = json_parse(text, length, NULL);
	const char *type = json_text(line, "type");
	if (type)
		heard(sensor);
	if (type && strcmp(type, "heartbeat") != 0) {
		forget_recheck(sensor, line);
		sensor->config.on_line(sensor->config.context, line);
	}
	cJSON_Delete(line);
}

static void take_lines(struct run *run, size_t fresh)
{
	struct buf *received = &run->received;
	size_t begin = 0, look = received->length - fresh;
	char *end;
	while (run->sensor && !run->sensor->is_stopping && look < received->length &&
		(end = memchr(received->data + look, '\n', received->length - look))) {
		take_line(run->sensor, received->data + begin,
			(size_t)(end - received->data) - begin);
		begin = look = (size_t)(end - received->data) + 1;
	}
	buf_drop(received, begin);
	if (received->length > LINE_MAX_BYTES)
		buf_clear(received); // no line of a sensor is so long
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	(void)wanted;
	struct run *run = handle->data;
	*buffer = uv_buf_init(run->read_buffer, sizeof run->read_buffer);
}

static void on_out(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct run *run = stream->data;
	if (length > 0) {
		buf_add(&run->received, buffer->base, (size_t)length);
		take_lines(run, (size_t)length);
	} else if (length < 0) {
		uv_read_stop(stream);
	}
}

static void on_err(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct run *run = stream->data;
	if (length < 0) {
		uv_read_stop(stream);
		return;
	}
	buf_add(&run->words, buffer->base, (size_t)length);
	if (run->words.length > 4 * WORDS_MAX_BYTES)
		buf_drop(&run->words, run->words.length - 2 * WORDS_MAX_BYTES);
}

// The last line of stderr, or "".
static const char *last_words(struct run *run)
{
	struct buf *words = &run->words;
	while (words->length > 0 && words->data[words->length - 1] == '\n')
		words->data[--words->length] = '\0';
	const char *feed = strrchr(buf_str(words), '\n');
	return feed ? feed + 1 : buf_str(words);
}

// --- starting and ending ---------------------------------------------------------------------------------------------

static bool start_run(struct sensor *sensor, struct err *err);

static void on_restart(uv_timer_t *timer)
{
	struct sensor *sensor = timer->data;
	struct err err;
	if (!start_run(sensor, &err))
		uv_timer_start(timer, on_restart, RESTART_MAX_MS, 0);
}

static void plan_restart(struct sensor *sensor, uint64_t ran_ms)
{
	if (ran_ms >= TRUSTED_MS)
		sensor->restart_ms = RESTART_MIN_MS;
	uv_timer_start(&sensor->restart, on_restart, sensor->restart_ms, 0);
	sensor->restart_ms =
		sensor->restart_ms < RESTART_MAX_MS / 2 ? sensor->restart_ms * 2 : RESTART_MAX_MS;
}

static void on_exit_reaped(uv_process_t *process, int64_t status, int number)
{
	struct run *run = process->data;
	struct sensor *sensor = run->sensor;
	run->is_running = false;
	uv_close((uv_handle_t *)process, on_run_closed);
	if (!sensor)
		return;
	char why[WORDS_MAX_BYTES + 64];
	const char *words = last_words(run);
	snprintf(why, sizeof why,
		number ? "it was ended by signal %d%s%.300s" : "it ended with exit %d%s%.300s",
		number ? number : (int)status, *words ? ": " : "", words);
	uint64_t ran_ms = uv_now(sensor->loop) - run->since_ms;
	run_give_up(run);
	sensor->run = NULL;
	if (sensor->is_stopping) {
		sensor_gone(sensor);
		return;
	}
	sensor->is_up = false;
	sensor->config.on_state(sensor->config.context, false, why); // also of one that never spoke
	plan_restart(sensor, ran_ms);
}

static struct run *run_new(struct sensor *sensor)
{
	struct run *run = memory_zeroed(1, sizeof *run);
	uv_pipe_init(sensor->loop, &run->in, 0);
	uv_pipe_init(sensor->loop, &run->out, 0);
	uv_pipe_init(sensor->loop, &run->err, 0);
	run->open = 4;
	run->process.data = run->in.data = run->out.data = run->err.data = run;
	run->since_ms = uv_now(sensor->loop);
	return run;
}

static int spawn(struct sensor *sensor, struct run *run)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
			.data.stream = (uv_stream_t *)&run->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&run->out},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
			.data.stream = (uv_stream_t *)&run->err},
	};
	uv_process_options_t options = {
		.file = sensor->executable,
		.args = sensor->argv,
		.flags = UV_PROCESS_DETACHED, // what a terminal does to the cockpit is not done to
					      // it
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_exit_reaped,
	};
	return uv_spawn(sensor->loop, &run->process, &options);
}

static bool start_run(struct sensor *sensor, struct err *err)
{
	struct run *run = run_new(sensor);
	int error = spawn(sensor, run);
	if (error != 0) {
		uv_close((uv_handle_t *)&run->process, on_run_closed);
		run_give_up(run);
		return err_set(err, "sensor: %s: it cannot be started: %s", sensor->executable,
			uv_strerror(error));
	}
	run->sensor = sensor;
	run->is_running = true;
	sensor->run = run;
	sensor->silence_ms = 0;
	uv_read_start((uv_stream_t *)&run->out, on_alloc, on_out);
	uv_read_start((uv_stream_t *)&run->err, on_alloc, on_err);
	if (sensor->configuration)
		send_line(sensor, sensor->configuration);
	json_each (recheck, sensor->rechecks)
		send_recheck(
			sensor, recheck->string, json_int(sensor->rechecks, recheck->string, 0));
	return true;
}

static void on_tick(uv_timer_t *timer)
{
	struct sensor *sensor = timer->data;
	uint64_t now_ms = uv_now(sensor->loop), passed_ms = now_ms - sensor->ticked_ms;
	sensor->ticked_ms = now_ms;
	if (passed_ms < STALL_MS)
		sensor->silence_ms += (int64_t)passed_ms;
	if (!sensor->run || sensor->is_stopping)
		return;
	if (sensor->silence_ms >= SILENT_MS)
		go_down(sensor, "it has fallen silent");
	if (sensor->silence_ms >= HUNG_MS)
		uv_process_kill(&sensor->run->process, SIGKILL);
}

// --- for the cockpit -------------------------------------------------------------------------------------------------

static void copy_argv(struct sensor *sensor, const char *const *argv)
{
	size_t count = 0;
	while (argv[count])
		count++;
	sensor->argv = memory_zeroed(count + 2, sizeof *sensor->argv);
	sensor->argv[0] = memory_copy_text(sensor->executable);
	for (size_t i = 0; i < count; i++)
		sensor->argv[i + 1] = memory_copy_text(argv[i]);
}

static void init_timer(struct sensor *sensor, uv_timer_t *timer)
{
	uv_timer_init(sensor->loop, timer);
	timer->data = sensor;
	sensor->timers_open++;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct sensor *sensor = handle->data;
	if (--sensor->timers_open > 0)
		return;
	for (char **argument = sensor->argv; *argument; argument++)
		free(*argument);
	free(sensor->argv);
	free(sensor->executable);
	free(sensor->configuration);
	cJSON_Delete(sensor->rechecks);
	free(sensor);
}

static void sensor_gone(struct sensor *sensor)
{
	uv_close((uv_handle_t *)&sensor->tick, on_timer_closed);
	uv_close((uv_handle_t *)&sensor->restart, on_timer_closed);
	uv_close((uv_handle_t *)&sensor->ending, on_timer_closed);
}

struct sensor *sensor_start(uv_loop_t *loop, const struct sensor_config *config, struct err *err)
{
	struct sensor *sensor = memory_zeroed(1, sizeof *sensor);
	signal(SIGPIPE, SIG_IGN); // a sensor that went away is no reason to die
	sensor->loop = loop;
	sensor->config = *config;
	sensor->executable = memory_copy_text(config->executable);
	copy_argv(sensor, config->argv);
	sensor->rechecks = json_object();
	sensor->restart_ms = RESTART_MIN_MS;
	init_timer(sensor, &sensor->tick);
	init_timer(sensor, &sensor->restart);
	init_timer(sensor, &sensor->ending);
	if (!start_run(sensor, err)) {
		sensor_gone(sensor);
		return NULL;
	}
	sensor->ticked_ms = uv_now(loop);
	uv_timer_start(&sensor->tick, on_tick, TICK_MS, TICK_MS);
	return sensor;
}

void sensor_configure(struct sensor *sensor, const cJSON *configuration)
{
	struct buf line = {0};
	json_write(&line, configuration);
	buf_byte(&line, '\n');
	free(sensor->configuration);
	sensor->configuration = buf_take(&line);
	send_line(sensor, sensor->configuration);
}

void sensor_recheck(struct sensor *sensor, const char *dependency, int64_t token)
{
	cJSON_DeleteItemFromObjectCaseSensitive(sensor->rechecks, dependency);
	json_add_int(sensor->rechecks, dependency, token);
	send_recheck(sensor, dependency, token);
}

int64_t sensor_silence_ms(const struct sensor *sensor)
{
	return sensor->silence_ms;
}

int sensor_pid(const struct sensor *sensor)
{
	return sensor->run && sensor->run->is_running ? sensor->run->process.pid : 0;
}

static void on_kill(uv_timer_t *timer)
{
	struct sensor *sensor = timer->data;
	if (sensor->run)
		uv_process_kill(&sensor->run->process, SIGKILL);
}

static void on_term(uv_timer_t *timer)
{
	struct sensor *sensor = timer->data;
	if (sensor->run)
		uv_process_kill(&sensor->run->process, SIGTERM);
	uv_timer_start(timer, on_kill, KILL_MS - TERM_MS, 0);
}

void sensor_stop(struct sensor *sensor)
{
	if (!sensor || sensor->is_stopping)
		return;
	sensor->is_stopping = true;
	uv_timer_stop(&sensor->restart);
	if (!sensor->run) {
		sensor_gone(sensor);
		return;
	}
	uv_close((uv_handle_t *)&sensor->run->in, on_run_closed);
	uv_timer_start(&sensor->ending, on_term, TERM_MS, 0);
}
