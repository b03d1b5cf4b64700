// SPDX-License-Identifier: Apache-2.0
#include "relight/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/buf.h"
#include "relight/json.h"

// This program plays both sides: with "perform" as its argument it is an actuator of the character
// that the request's step names.
static char executable[4096];

static int play(int argc, char **argv)
{
	static char line[4u << 20];
	const char *said = "{\"outcome\":\"success\",\"lines\":[\"a would be created\"]}";
	if (argc != 5 || strcmp(argv[2], "--dry-run") != 0 || strcmp(argv[3], "--dir") != 0)
		return 2;
	if (!fgets(line, sizeof line, stdin))
		return 3;
	if (strstr(line, "\"dies\"")) {
		fprintf(stderr, "first words\nlast words\n");
		return 3;
	}
	if (strstr(line, "\"hangs\""))
		pause();
	if (strstr(line, "\"counts\"")) {
		printf("{\"outcome\":\"failed\",\"bytes\":%zu,\"is_whole\":%s}\n", strlen(line),
			strchr(line, '\n') ? "true" : "false");
		return 0;
	}
	if (strstr(line, "\"babbles\""))
		puts("no JSON\n[1]");
	else if (strstr(line, "\"echoes\""))
		printf("{\"outcome\":\"failed\",\"dir\":\"%s\",\"asked\":%s}\n", argv[4],
			strtok(line, "\n"));
	else
		printf("%s\n{\"outcome\":\"failed\"}\n", said);
	return 0;
}

// --- the cockpit's side ----------------------------------------------------------------------------------------------

struct heard {
	uv_loop_t loop;
	struct trial *trial;
	struct buf result, why;
	int ends;
};

static void on_end(void *context, const cJSON *result, const char *why)
{
	struct heard *heard = context;
	if (result)
		json_write(&heard->result, result);
	buf_text(&heard->why, why ? why : "");
	heard->ends++;
}

static void begin(struct heard *heard, const char *request)
{
	struct err err;
	cJSON *asked = json_parse(request, strlen(request), NULL);
	memset(heard, 0, sizeof *heard);
	uv_loop_init(&heard->loop);
	heard->trial = trial_start(&heard->loop,
		&(struct trial_config){.executable = executable,
			.directory = "/srv/incident",
			.request = asked,
			.on_end = on_end,
			.context = heard},
		&err);
	assert_non_null(heard->trial);
	cJSON_Delete(asked);
}

// The loop runs dry only if every handle was closed and the child reaped.
static void end(struct heard *heard)
{
	uv_run(&heard->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&heard->loop), 0);
	buf_fini(&heard->result);
	buf_fini(&heard->why);
}

static void run(struct heard *heard, const char *request)
{
	begin(heard, request);
	uv_run(&heard->loop, UV_RUN_DEFAULT);
	assert_int_equal(heard->ends, 1);
}

static void the_first_answer_counts(void **state)
{
	struct heard heard;
	(void)state;
	run(&heard, "{\"step\":\"answers\"}");
	assert_string_equal(buf_str(&heard.result),
		"{\"outcome\":\"success\",\"lines\":[\"a would be created\"]}");
	assert_string_equal(buf_str(&heard.why), "");
	end(&heard);
}

// Whatever the request says: it is a dry run, with a deadline of the trial's own.
static void it_can_only_be_a_dry_run(void **state)
{
	struct heard heard;
	(void)state;
	run(&heard, "{\"step\":\"echoes\",\"timeout_ms\":9,\"secrets\":[\"s\"]}");
	assert_string_equal(buf_str(&heard.result),
		"{\"outcome\":\"failed\",\"dir\":\"/srv/incident\",\"asked\":{\"step\":\"echoes\","
		"\"secrets\":[\"s\"],\"timeout_ms\":30000,\"dry_run\":true}}");
	end(&heard);
}

static void one_that_gives_no_answer_says_why(void **state)
{
	struct heard heard;
	(void)state;
	run(&heard, "{\"step\":\"dies\"}");
	assert_string_equal(buf_str(&heard.result), "");
	assert_string_equal(
		buf_str(&heard.why), "the actuator ended with exit 3 and no answer: last words");
	end(&heard);
	run(&heard, "{\"step\":\"babbles\"}");
	assert_string_equal(buf_str(&heard.result), "");
	assert_string_equal(buf_str(&heard.why), "the actuator ended with exit 0 and no answer");
	end(&heard);
}

// Objects that stand in the runbook can be larger than what a socket holds at a time.
static void a_large_request_arrives_whole(void **state)
{
	struct heard heard;
	struct buf request = {0};
	(void)state;
	buf_text(&request, "{\"step\":\"counts\",\"objects\":\"");
	for (int i = 0; i < 2 << 20; i++)
		buf_byte(&request, 'x');
	buf_text(&request, "\"}");
	run(&heard, buf_str(&request));
	assert_string_equal(buf_str(&heard.result),
		"{\"outcome\":\"failed\",\"bytes\":2097217,\"is_whole\":true}");
	end(&heard);
	buf_fini(&request);
}

static void one_that_hangs_is_given_up_silently(void **state)
{
	struct heard heard;
	(void)state;
	begin(&heard, "{\"step\":\"hangs\"}");
	uv_run(&heard.loop, UV_RUN_NOWAIT);
	trial_abandon(heard.trial);
	uv_run(&heard.loop, UV_RUN_DEFAULT);
	assert_int_equal(heard.ends, 0);
	trial_abandon(NULL);
	end(&heard);
}

static void one_that_cannot_be_started(void **state)
{
	uv_loop_t loop;
	struct err err;
	cJSON *request = json_object();
	(void)state;
	uv_loop_init(&loop);
	assert_null(trial_start(&loop,
		&(struct trial_config){.executable = "/nonexistent/relight",
			.directory = "/srv",
			.request = request,
			.on_end = on_end},
		&err));
	assert_string_equal(err.message,
		"/nonexistent/relight: it cannot be started: no such file or directory");
	cJSON_Delete(request);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "perform") == 0)
		return play(argc, argv);
	if (!realpath(argv[0], executable))
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_answer_counts),
		cmocka_unit_test(it_can_only_be_a_dry_run),
		cmocka_unit_test(one_that_gives_no_answer_says_why),
		cmocka_unit_test(a_large_request_arrives_whole),
		cmocka_unit_test(one_that_hangs_is_given_up_silently),
		cmocka_unit_test(one_that_cannot_be_started),
	};
	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}
