// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_ENGINE_CASE_H
#define RELIGHT_TESTS_ENGINE_CASE_H

// The cockpit's own engine in a test: real deciding, recording, writing and folding, in a directory
// of its own. Only the clock, the sensor and the launcher are played. To be included by one file of
// a program: it stands in for clock.h and sensor.h.

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine.h"
#include "relight/clock.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"

#define OPENED_US  1783047600000000LL // 2026-07-03T03:00:00Z
#define ASKED_MOST 16
#define BOOTED_US  (1000 * US_PER_S)

// --- what is played --------------------------------------------------------------------------------------------------

static _Atomic int64_t wall_us, mono_us;

struct wall clock_wall(void)
{
	return (struct wall){wall_us};
}

struct mono clock_mono(void)
{
	return (struct mono){mono_us};
}

struct moment clock_now(void)
{
	return (struct moment){clock_wall(), clock_mono()};
}

void clock_quality(bool *is_synced, int64_t *error_us)
{
	*is_synced = true;
	*error_us = 1000;
}

struct sensor {
	struct sensor_config config;
	struct {
		char *dependency;
		int64_t token;
	} asked[ASKED_MOST];
	int asked_count;
};

struct sensor *sensor_start(uv_loop_t *loop, const struct sensor_config *config, struct err *err)
{
	struct sensor *sensor = memory_zeroed(1, sizeof *sensor);

	(void)loop;
	(void)err;
	sensor->config = *config;
	return sensor;
}

void sensor_configure(struct sensor *sensor, const cJSON *configuration)
{
	(void)sensor;
	(void)configuration;
}

void sensor_recheck(struct sensor *sensor, const char *dependency, int64_t token)
{
	if (sensor->asked_count == ASKED_MOST)
		return;
	sensor->asked[sensor->asked_count].dependency = memory_copy_text(dependency);
	sensor->asked[sensor->asked_count++].token = token;
}

int64_t sensor_silence_ms(const struct sensor *sensor)
{
	(void)sensor;
	return 0;
}

int sensor_pid(const struct sensor *sensor)
{
	(void)sensor;
	return 0;
}

void sensor_stop(struct sensor *sensor)
{
	for (int i = 0; i < sensor->asked_count; i++)
		free(sensor->asked[i].dependency);
	free(sensor);
}

// --- the engine ------------------------------------------------------------------------------------------------------

struct engine_case {
	const char *runbook, *scenario; // texts; the latter NULL but in rehearsals
	char directory[64];
	enum event_mode mode;
	double speed;
	struct engine engine;
	int launcher_fd; // our end
	struct buf heard;
};

static inline struct engine_setup case_setup(const struct engine_case *of)
{
	struct engine_setup setup = {
		.executable = "/bin/true", .mode = of->mode, .speed = of->speed};
	struct diags diags = {.file = "case.yaml"};

	setup.runbook = runbook_load(of->runbook, strlen(of->runbook), "/base", &diags);
	if (!setup.runbook)
		fail_msg("runbook: line %d: %s", diags.items[0].line, diags.items[0].message);
	setup.person = memory_copy_text("ana");
	setup.directory = memory_copy_text(of->directory);
	setup.inputs = memory_zeroed(setup.runbook->input_count + 1, sizeof *setup.inputs);
	setup.input_from = memory_zeroed(setup.runbook->input_count + 1, sizeof *setup.input_from);
	buf_text(&setup.runbook_text, of->runbook);
	if (of->scenario) {
		setup.scenario =
			scenario_load(of->scenario, strlen(of->scenario), setup.runbook, &diags);
		assert_non_null(setup.scenario);
		buf_text(&setup.scenario_text, of->scenario);
	}
	diags_fini(&diags);
	return setup;
}

static inline void case_nothing(void *context)
{
	(void)context;
}

static inline void case_turn(struct engine_case *of)
{
	engine_wake(&of->engine);
	for (int i = 0; i < 4; i++)
		uv_run(&of->engine.loop, UV_RUN_NOWAIT);
}

static inline void case_session(struct engine_case *of)
{
	struct launcher launcher = {.pid = -1};
	struct engine_setup setup = case_setup(of);
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	launcher.fd = ends[0];
	of->launcher_fd = ends[1];
	buf_clear(&of->heard);
	engine_init(&of->engine, &setup, &launcher);
	of->engine.front = (struct engine_front){
		.context = of, .on_turn = case_nothing, .on_closed = case_nothing};
	of->engine.is_watched = true;
}

static inline void case_start(struct engine_case *of)
{
	struct err err = {0};

	if (!engine_start(&of->engine, &err))
		fail_msg("%s", err.message);
	case_turn(of);
}

// In a new directory, at OPENED_US.
static inline void case_open(struct engine_case *of)
{
	struct err err = {0};

	wall_us = OPENED_US;
	mono_us = BOOTED_US;
	unsetenv("XDG_RUNTIME_DIR");
	strcpy(of->directory, "/tmp/relight-engine-XXXXXX");
	assert_non_null(mkdtemp(of->directory));
	case_session(of);
	if (!engine_prepare(&of->engine, &err))
		fail_msg("%s", err.message);
	engine_begin(&of->engine);
	case_start(of);
}

static inline void case_resume(struct engine_case *of)
{
	struct err err = {0};

	case_session(of);
	if (!engine_resume(&of->engine, of->directory, NULL, &err))
		fail_msg("%s", err.message);
	case_start(of);
}

static inline void case_leave(struct engine_case *of)
{
	engine_fini(&of->engine, "left");
	close(of->launcher_fd);
}

static inline void case_remove(struct engine_case *of)
{
	char command[96];

	snprintf(command, sizeof command, "rm -rf '%s'", of->directory);
	assert_int_equal(system(command), 0);
	buf_fini(&of->heard);
}

// Calls back for each order to the launcher: its word and its body.
static inline void case_orders(struct engine_case *of,
	void (*take)(struct engine_case *of, const char *word, const cJSON *body))
{
	char chunk[65536];
	ssize_t got;
	char *end;

	while ((got = read(of->launcher_fd, chunk, sizeof chunk)) > 0)
		buf_add(&of->heard, chunk, (size_t)got);
	while (of->heard.length > 0 && (end = memchr(of->heard.data, '\n', of->heard.length))) {
		size_t length = (size_t)(end - of->heard.data);
		cJSON *message = json_parse(of->heard.data, length, NULL);

		assert_non_null(message);
		take(of, message->child->string, message->child);
		cJSON_Delete(message);
		buf_drop(&of->heard, length + 1);
	}
}

// The launcher says this of an attempt. Takes ownership of `about`.
static inline void case_answer(struct engine_case *of, int step, int attempt, cJSON *about)
{
	cJSON *message = json_object();
	struct buf line = {0};

	json_add_text(about, "step", of->engine.runbook->steps[step].id);
	json_add_int(about, "attempt", attempt);
	json_add(message, "attempt", about);
	json_write(&line, message);
	buf_byte(&line, '\n');
	assert_true(file_write(of->launcher_fd, line.data, line.length, NULL));
	cJSON_Delete(message);
	buf_fini(&line);
}

// The sensor says this. Takes ownership of `line`.
static inline void case_say(struct engine_case *of, cJSON *line)
{
	const struct sensor_config *config = &of->engine.sensor->config;

	config->on_line(config->context, line);
	cJSON_Delete(line);
}

static inline void case_observe(struct engine_case *of, const char *dependency, const char *status,
	const char *message, int64_t token)
{
	cJSON *line = json_object();
	char ts[WALL_TEXT_BYTES];

	wall_format(engine_now(&of->engine).wall, ts);
	json_add_text(line, "type", "observation");
	json_add_text(line, "dependency", dependency);
	json_add_text(line, "ts", ts);
	json_add_text(line, "status", status);
	json_add_text(line, "message", message);
	json_add_text(line, "check", "command");
	if (token)
		json_add_int(line, "token", token);
	case_say(of, line);
}

#endif
