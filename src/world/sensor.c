// SPDX-License-Identifier: Apache-2.0
#include "relight/sensor.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "relight/buf.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "subprocess.h"

// A sensor that hangs is as good as none, but looks alive; so it is known by its silence alone.
// Silence is counted in ticks of the cockpit's own loop: when that was stopped or stalled, the
// sensor's lines are waiting in the pipe and prove nothing.

#define TICK_MS        500
#define STALL_MS       1500  // a tick that comes so late was the cockpit's own fault
#define SILENT_MS      5000  // then it is down
#define HUNG_MS        15000 // then it is killed and started again
#define RESTART_MIN_MS 1000
#define RESTART_MAX_MS 30000
#define TRUSTED_MS     60000 // having spoken for so long, it starts again as quickly as the first time
#define TERM_MS        1000
#define KILL_MS        3000

struct sensor {
	uv_loop_t *loop;
	char *executable, **argv; // argv[0] is the executable
	struct sensor_config config;
	struct subprocess *process; // NULL: none
	uint64_t since_ms;          // loop time of its start
	char *configuration;        // the line, or NULL
	cJSON *rechecks;            // {dependency: token} that were not answered
	uv_timer_t tick, restart, ending;
	int timers_open;
	bool is_up, is_stopping;
	bool is_hung; // killed for its silence
	uint64_t ticked_ms, restart_ms;
	int64_t silence_ms; // up to the last tick
};

// --- what it is told ---------------------------------------------------------------------------------------------------

static void send_recheck(struct sensor *sensor, const char *dependency, int64_t token)
{
	struct buf line = {0};
	buf_text(&line, "{\"recheck\":");
	json_write_text(&line, dependency);
	buf_printf(&line, ",\"token\":%lld}\n", (long long)token);
	if (sensor->process)
		subprocess_send(sensor->process, line.data, line.length);
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

static void on_line(void *context, const char *text, size_t length)
{
	struct sensor *sensor = context;
	cJSON *line = sensor->is_stopping ? NULL : json_parse(text, length, NULL);
	const char *type = json_text(line, "type");
	if (type)
		heard(sensor);
	if (type && strcmp(type, "heartbeat") != 0) {
		forget_recheck(sensor, line);
		sensor->config.on_line(sensor->config.context, line);
	}
	cJSON_Delete(line);
}

// --- starting and ending ---------------------------------------------------------------------------------------------

static void on_timer_closed(uv_handle_t *handle)
{
	struct sensor *sensor = handle->data;
	if (--sensor->timers_open > 0)
		return;
	for (char **argument = sensor->argv; *argument; argument++)
		free(*argument);
	free(sensor->argv);
	free(sensor->executable);
	memory_wipe(sensor->configuration);
	cJSON_Delete(sensor->rechecks);
	free(sensor);
}

static void sensor_gone(struct sensor *sensor)
{
	uv_close((uv_handle_t *)&sensor->tick, on_timer_closed);
	uv_close((uv_handle_t *)&sensor->restart, on_timer_closed);
	uv_close((uv_handle_t *)&sensor->ending, on_timer_closed);
}

static bool start(struct sensor *sensor, struct err *err);

static void on_restart(uv_timer_t *timer)
{
	struct sensor *sensor = timer->data;
	struct err err;
	if (!start(sensor, &err))
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

static void on_end(void *context, int status, int number, const char *words)
{
	struct sensor *sensor = context;
	struct buf why = {0};
	sensor->process = NULL;
	if (sensor->is_stopping) {
		sensor_gone(sensor);
		return;
	}
	if (sensor->is_hung)
		buf_text(&why, "it hung, and is started again");
	else if (number)
		buf_printf(&why, "it was ended by signal %d", number);
	else
		buf_printf(&why, "it ended with exit %d", status);
	if (*words && !sensor->is_hung)
		buf_printf(&why, ": %s", words);
	sensor->is_up = false;
	sensor->config.on_state(
		sensor->config.context, false, why.data); // also of one that never spoke
	plan_restart(sensor, uv_now(sensor->loop) - sensor->since_ms);
	buf_fini(&why);
}

static bool start(struct sensor *sensor, struct err *err)
{
	sensor->process = subprocess_start(sensor->loop,
		&(struct subprocess_config){
			.argv = (const char *const *)sensor->argv,
			.keeps_words = true,
			.on_line = on_line,
			.on_end = on_end,
			.context = sensor,
		},
		err);
	if (!sensor->process)
		return err_prefix(err, "sensor");
	sensor->since_ms = uv_now(sensor->loop);
	sensor->silence_ms = 0;
	sensor->is_hung = false;
	if (sensor->configuration)
		subprocess_send(
			sensor->process, sensor->configuration, strlen(sensor->configuration));
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
	if (!sensor->process || sensor->is_stopping)
		return;
	if (sensor->silence_ms >= SILENT_MS)
		go_down(sensor, "it has fallen silent");
	if (sensor->silence_ms >= HUNG_MS) {
		sensor->is_hung = true;
		subprocess_kill(sensor->process, SIGKILL);
	}
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

struct sensor *sensor_start(uv_loop_t *loop, const struct sensor_config *config, struct err *err)
{
	struct sensor *sensor = memory_zeroed(1, sizeof *sensor);
	sensor->loop = loop;
	sensor->config = *config;
	sensor->executable = memory_copy_text(config->executable);
	copy_argv(sensor, config->argv);
	sensor->rechecks = json_object();
	sensor->restart_ms = RESTART_MIN_MS;
	init_timer(sensor, &sensor->tick);
	init_timer(sensor, &sensor->restart);
	init_timer(sensor, &sensor->ending);
	if (!start(sensor, err)) {
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
	memory_wipe(sensor->configuration);
	sensor->configuration = buf_take(&line);
	if (sensor->process)
		subprocess_send(
			sensor->process, sensor->configuration, strlen(sensor->configuration));
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
	return sensor->process ? subprocess_pid(sensor->process) : 0;
}

static void on_kill(uv_timer_t *timer)
{
	struct sensor *sensor = timer->data;
	if (sensor->process)
		subprocess_kill(sensor->process, SIGKILL);
}

static void on_term(uv_timer_t *timer)
{
	struct sensor *sensor = timer->data;
	if (sensor->process)
		subprocess_kill(sensor->process, SIGTERM);
	uv_timer_start(timer, on_kill, KILL_MS - TERM_MS, 0);
}

void sensor_stop(struct sensor *sensor)
{
	if (!sensor || sensor->is_stopping)
		return;
	sensor->is_stopping = true;
	uv_timer_stop(&sensor->restart);
	if (!sensor->process) {
		sensor_gone(sensor);
		return;
	}
	subprocess_end_stdin(sensor->process);
	uv_timer_start(&sensor->ending, on_term, TERM_MS, 0);
}
