// SPDX-License-Identifier: Apache-2.0
#include "relight/sensor.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/buf.h"
#include "relight/json.h"

// This program plays both sides: with "probe" as its argument it is a sensor of the character that
// the next one names.
static char executable[4096];

static int play_echo(void)
{
	// Says back what it is told, as lines of a sensor.
	char line[1024];
	puts("{\"type\":\"heartbeat\",\"ts\":\"2026-07-03T03:05:42Z\"}");
	while (fgets(line, sizeof line, stdin)) {
		int token = 0;
		char id[32] = "";
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "{\"recheck\":\"die\",\"token\":1}") == 0) {
			fprintf(stderr, "first words\nlast words\n");
			return 3;
		}
		if (sscanf(line, "{\"recheck\":\"%31[a-z]\",\"token\":%d}", id, &token) == 2)
			printf("{\"type\":\"observation\",\"dependency\":\"%s\",\"token\":%d}\n",
				id, token);
		else
			printf("{\"type\":\"configured\",\"as\":%s}\n", line);
		fflush(stdout);
	}
	return 0;
}

static int play(const char *character)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(character, "echo") == 0)
		return play_echo();
	if (strcmp(character, "noise") == 0) {
		puts("no JSON\n{}\n[1]\n{\"type\":\"observation\",\"dependency\":\"a\"}");
		pause();
	}
	return 1;
}

// --- the cockpit's side ----------------------------------------------------------------------------------------------

struct heard {
	uv_loop_t loop;
	struct sensor *sensor;
	struct buf lines, states;
	int line_count, state_count;
};

static void on_line(void *context, const cJSON *line)
{
	struct heard *heard = context;
	json_write(&heard->lines, line);
	heard->line_count++;
}

static void on_state(void *context, bool is_up, const char *why)
{
	struct heard *heard = context;
	buf_printf(
		&heard->states, "[%s%s%s]", is_up ? "up" : "down", why ? ": " : "", why ? why : "");
	heard->state_count++;
}

static struct heard *begin(const char *character)
{
	static struct heard heard;
	const char *argv[] = {"probe", character, NULL};
	struct err err;
	memset(&heard, 0, sizeof heard);
	uv_loop_init(&heard.loop);
	heard.sensor = sensor_start(&heard.loop,
		&(struct sensor_config){.executable = executable,
			.argv = argv,
			.on_line = on_line,
			.on_state = on_state,
			.context = &heard},
		&err);
	assert_non_null(heard.sensor);
	return &heard;
}

static void wait_lines(struct heard *heard, int count)
{
	while (heard->line_count < count)
		uv_run(&heard->loop, UV_RUN_ONCE);
}

static void wait_states(struct heard *heard, int count)
{
	while (heard->state_count < count)
		uv_run(&heard->loop, UV_RUN_ONCE);
}

// The loop runs dry only if every handle was closed and the child reaped.
static void end(struct heard *heard)
{
	sensor_stop(heard->sensor);
	uv_run(&heard->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&heard->loop), 0);
	buf_fini(&heard->lines);
	buf_fini(&heard->states);
}

static void configure(struct heard *heard, const char *text)
{
	cJSON *configuration = json_parse(text, strlen(text), NULL);
	sensor_configure(heard->sensor, configuration);
	cJSON_Delete(configuration);
}

static void test_it_speaks_and_is_up(void **state)
{
	(void)state;
	struct heard *heard = begin("echo");
	assert_true(sensor_pid(heard->sensor) > 0);
	configure(heard, "{\"inputs\":{}}");
	wait_lines(heard, 1);
	uv_sleep(100);
	uint64_t asked_ns = uv_hrtime();
	sensor_recheck(heard->sensor, "db", 7);
	wait_lines(heard, 2);
	assert_true(
		sensor_silence_ms(heard->sensor) <= (int64_t)((uv_hrtime() - asked_ns) / 1000000));
	assert_string_equal(buf_str(&heard->states), "[up]");
	assert_string_equal(buf_str(&heard->lines),
		"{\"type\":\"configured\",\"as\":{\"inputs\":{}}}"
		"{\"type\":\"observation\",\"dependency\":\"db\",\"token\":7}");
	end(heard);
}

static void test_it_is_started_again_and_told_again(void **state)
{
	(void)state;
	struct heard *heard = begin("echo");
	configure(heard, "{\"inputs\":{\"a\":\"1\"}}");
	wait_lines(heard, 1);
	buf_clear(&heard->lines);
	sensor_recheck(heard->sensor, "die", 1);
	wait_states(heard, 2);
	assert_int_equal(sensor_pid(heard->sensor), 0);
	sensor_recheck(heard->sensor, "die", 2); // while it is down
	sensor_recheck(heard->sensor, "db", 9);
	wait_lines(heard, 4);
	assert_string_equal(
		buf_str(&heard->states), "[up][down: it ended with exit 3: last words][up]");
	assert_string_equal(buf_str(&heard->lines),
		"{\"type\":\"configured\",\"as\":{\"inputs\":{\"a\":\"1\"}}}"
		"{\"type\":\"observation\",\"dependency\":\"die\",\"token\":2}"
		"{\"type\":\"observation\",\"dependency\":\"db\",\"token\":9}");
	end(heard);
}

static void test_noise_is_passed_over(void **state)
{
	(void)state;
	struct heard *heard = begin("noise");
	wait_lines(heard, 1);
	assert_string_equal(
		buf_str(&heard->lines), "{\"type\":\"observation\",\"dependency\":\"a\"}");
	assert_string_equal(buf_str(&heard->states), "[up]");
	kill(sensor_pid(heard->sensor), SIGKILL);
	wait_states(heard, 2);
	assert_string_equal(buf_str(&heard->states), "[up][down: it was ended by signal 9]");
	end(heard);
}

static void test_one_that_cannot_be_started(void **state)
{
	(void)state;
	uv_loop_t loop;
	struct err err;
	const char *argv[] = {"probe", NULL};
	uv_loop_init(&loop);
	assert_null(sensor_start(&loop,
		&(struct sensor_config){.executable = "/nonexistent/relight",
			.argv = argv,
			.on_line = on_line,
			.on_state = on_state},
		&err));
	assert_string_equal(err.message,
		"sensor: /nonexistent/relight: it cannot be started: no such file or directory");
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "probe") == 0)
		return play(argv[2]);
	if (!realpath(argv[0], executable))
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_speaks_and_is_up),
		cmocka_unit_test(test_it_is_started_again_and_told_again),
		cmocka_unit_test(test_noise_is_passed_over),
		cmocka_unit_test(test_one_that_cannot_be_started),
	};
	return cmocka_run_group_tests_name("sensor", tests, NULL, NULL);
}
