// SPDX-License-Identifier: Apache-2.0
#include "relight/jq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/memory.h"
#include "world/jq_program.h"

// This program plays both sides: with "jq" as its argument it is the child.
static char executable[4096];

// --- the guard -------------------------------------------------------------------------------------------------------

static const char *guard_words(const char *text)
{
	static struct err err;
	struct buf out = {0};
	err.message[0] = '\0';
	bool is_good = jq_program_guard(text, &out, &err);
	buf_fini(&out);
	return is_good ? "" : err.message;
}

static void test_guard_keeps_programs_in_their_place(void **state)
{
	(void)state;
	assert_string_equal(guard_words(".a | (.b)"), "");
	assert_string_equal(guard_words("1) | (2"), "')' has no opening bracket that matches");
	assert_string_equal(guard_words("([)]"), "')' has no opening bracket that matches");
	assert_string_equal(guard_words("{a: ["), "']' is missing at the end");
	assert_string_equal(guard_words("\"\\(1\""), "a string does not end");
	assert_string_equal(guard_words("\"a) \\\" (\""), "");
	assert_string_equal(guard_words("\"\\(\"(\" + \")\")\""), "");
	assert_string_equal(guard_words("  # nothing\n"), "the program is empty");
	assert_string_equal(guard_words("1 # \\\n)"), "a comment must not end in a backslash");
}

static void test_guard_refuses_what_reaches_out(void **state)
{
	(void)state;
	static const char *const bad[] = {"env", "env.HOME", "$ENV", "$ ENV", "\"\\(env)\"",
		"[1, env]", "{a: env}", "{(env): 1}", "..|..env", "import \"x\" as x; 1",
		"include \"x\"; 1", "input", "[inputs]", "debug", "stderr", "halt", "halt_error",
		"input_filename", "$__loc__", "$__prog_args", "modulemeta", "get_search_list",
		"input_line_number", "if env then 1 else 2 end", NULL};
	for (size_t i = 0; bad[i]; i++)
		if (!strstr(guard_words(bad[i]), "is not available here"))
			fail_msg("%s is let through", bad[i]);
	static const char *const good[] = {".env", ".a.input", "{env: 1}", "{a: 1, input}",
		". as {env: $e} | $e", "\"env\"", ".[\"debug\"]", "environment", "my_env", "$env",
		"now", NULL};
	for (size_t i = 0; good[i]; i++)
		if (*guard_words(good[i]))
			fail_msg("%s is refused: %s", good[i], guard_words(good[i]));
}

// --- blocking --------------------------------------------------------------------------------------------------------

#define SEEN_MAX 512
struct seen {
	size_t count;
	size_t index[SEEN_MAX];
	char message[SEEN_MAX][128];
};

static void see(void *context, size_t index, const char *message)
{
	struct seen *seen = context;
	assert_true(seen->count < SEEN_MAX);
	seen->index[seen->count] = index;
	strncpy(seen->message[seen->count++], message, 127);
}

static const char *seen_words(const struct seen *seen, size_t index)
{
	for (size_t i = 0; i < seen->count; i++)
		if (seen->index[i] == index)
			return seen->message[i];
	return NULL;
}

static void test_check_names_each_bad_program(void **state)
{
	(void)state;
	static const char *const programs[] = {".a", ".a |", "nosuch(1)", "if . then 1",
		".b # fine\n| .c", "1)|(2", "$x", "def f: 1; f"};
	struct seen seen = {0};
	struct err err;
	assert_true(jq_check_programs(executable, programs, 8, see, &seen, &err));
	assert_int_equal(seen.count, 5);
	assert_string_equal(seen_words(&seen, 1), "syntax error, it ends too early");
	assert_string_equal(seen_words(&seen, 2), "nosuch/1 is not defined");
	assert_string_equal(seen_words(&seen, 3), "syntax error, it ends too early");
	assert_string_equal(seen_words(&seen, 5), "')' has no opening bracket that matches");
	assert_string_equal(seen_words(&seen, 6), "$x is not defined");
}

static void test_check_many_over_several_batches(void **state)
{
	(void)state;
	static char texts[300][32];
	const char *programs[300];
	for (int i = 0; i < 300; i++) {
		snprintf(texts[i], sizeof texts[i], i == 299 ? "nosuch" : ".a == %d", i);
		programs[i] = texts[i];
	}
	struct seen seen = {0};
	struct err err;
	assert_true(jq_check_programs(executable, programs, 300, see, &seen, &err));
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.index[0], 299);
	assert_string_equal(seen.message[0], "nosuch/0 is not defined");
}

static char *once(const char *program, const char *text, struct err *err)
{
	return jq_evaluate_once(executable, program, text, strlen(text), 60000, err);
}

static void assert_once(const char *program, const char *text, const char *wanted)
{
	struct err err = {0};
	char *output = once(program, text, &err);
	assert_string_equal(output ? output : err.message, wanted);
	free(output);
}

static void test_once(void **state)
{
	(void)state;
	assert_once(".a + 1", "{\"a\":41}", "42");
	assert_once(".[]", "[1,2]", "1");
	assert_once("empty", "1", "jq: it gave no output");
	assert_once(
		".a", "<html>", "jq: not JSON: Invalid numeric literal at EOF at line 1, column 6");
	assert_once(".a", "", "jq: not JSON: Expected JSON value");
	assert_once(".a", "{} {}", "jq: not JSON: Unexpected extra JSON values");
	assert_once("error(\"no\")", "1", "jq: no");
	assert_once("foo", "1", "jq: foo/0 is not defined");
	assert_once("reduce range(300) as $i (0; [.])", "1",
		"jq: its answer: JSON: line 1, column 127: nested over 100 deep");
}

static void test_a_nul_hides_nothing(void **state)
{
	(void)state;
	struct err err = {0};
	assert_null(jq_evaluate_once(executable, ".", "1\0", 2, 60000, &err));
	assert_non_null(strstr(err.message, "not JSON"));
}

static void test_the_environment_and_the_home_are_hidden(void **state)
{
	(void)state;
	char home[] = "/tmp/relight-test-jq-XXXXXX", path[64];
	assert_non_null(mkdtemp(home));
	snprintf(path, sizeof path, "%s/.jq", home);
	FILE *file = fopen(path, "w");
	fputs("def leaked: 1;\n", file);
	fclose(file);
	setenv("HOME", home, 1);
	assert_once("leaked", "1", "jq: leaked/0 is not defined");
	remove(path);
	remove(home);
}

static void test_a_program_without_end_is_ended(void **state)
{
	(void)state;
	struct err err = {0};
	assert_null(jq_evaluate_once(executable, "[range(1e12)]|length|empty", "1", 1, 300, &err));
	assert_true(strstr(err.message, "too long") || strstr(err.message, "ended unexpectedly"));
	assert_null(jq_evaluate_once(executable, "last(range(1e12))", "1", 1, 300, &err));
	assert_string_equal(err.message, "jq took too long and was ended");
}

#if !defined(__SANITIZE_ADDRESS__) // with it the memory is not limited
static void test_running_out_of_memory_is_said(void **state)
{
	(void)state;
	assert_once("reduce range(40) as $i (\"x\"; . + .) | length", "1",
		"jq ran out of memory: it may use 512 MiB");
}
#endif

// --- on a loop -------------------------------------------------------------------------------------------------------

struct asked {
	int answers;
	char output[64][64];
	char error[64][128];
	struct jq *jq;
};

static struct asked asked;

static void on_answer(void *context, const struct jq_result *results, size_t count)
{
	int slot = (int)(intptr_t)context;
	asked.answers++;
	assert_true(count >= 1);
	assert_true(!results[0].output != !results[0].error);
	if (results[0].output)
		strncpy(asked.output[slot], results[0].output, 63);
	if (results[0].error)
		strncpy(asked.error[slot], results[0].error, 127);
	if (count == 2)
		strncpy(asked.output[slot + 1], results[1].output ? results[1].output : "none", 63);
}

static void ask(int slot, const char *program, const char *text, int64_t timeout_ms)
{
	int number = jq_program(asked.jq, program);
	jq_evaluate(asked.jq, &number, 1, text, strlen(text), timeout_ms, on_answer,
		(void *)(intptr_t)slot);
}

static int setup_loop(void **state)
{
	uv_loop_t *loop = memory_zeroed(1, sizeof *loop);
	uv_loop_init(loop);
	memset(&asked, 0, sizeof asked);
	asked.jq = jq_new(loop, executable);
	*state = loop;
	return 0;
}

static int teardown_loop(void **state)
{
	uv_loop_t *loop = *state;
	jq_free(asked.jq);
	uv_run(loop, UV_RUN_DEFAULT);
	int error = uv_loop_close(loop);
	free(loop);
	return error;
}

static void run_until(uv_loop_t *loop, int answers)
{
	while (asked.answers < answers && uv_run(loop, UV_RUN_ONCE))
		;
	assert_int_equal(asked.answers, answers);
}

static void test_loop_answers_in_order(void **state)
{
	for (int i = 0; i < 40; i++)
		ask(i, i % 2 ? ".a" : ".b", i % 2 ? "{\"a\":1}" : "{\"b\":2}", 60000);
	assert_int_equal(asked.answers, 0);
	run_until(*state, 40);
	for (int i = 0; i < 40; i++)
		assert_string_equal(asked.output[i], i % 2 ? "1" : "2");
}

static void test_loop_compiles_again_for_new_programs(void **state)
{
	ask(0, ".a", "{\"a\":1}", 60000);
	run_until(*state, 1);
	ask(1, ".a + 1", "{\"a\":1}", 60000);
	ask(2, "bogus", "1", 60000);
	run_until(*state, 3);
	assert_string_equal(asked.output[1], "2");
	assert_string_equal(asked.error[2], "bogus/0 is not defined");
}

static void test_loop_ends_the_culprit_only(void **state)
{
	jq_program(asked.jq, "last(range(1e12))");
	jq_program(asked.jq, ".a");
	ask(0, ".a", "{\"a\":1}", 60000);
	ask(1, "last(range(1e12))", "1", 300);
	ask(2, ".a", "{\"a\":3}", 60000);
	ask(3, ".a", "not json", 60000);
	run_until(*state, 4);
	assert_string_equal(asked.output[0], "1");
	assert_string_equal(asked.error[1], "jq took too long and was ended");
	assert_string_equal(asked.output[2], "3");
	assert_non_null(strstr(asked.error[3], "not JSON"));
}

static void test_loop_several_programs_over_one_input(void **state)
{
	int programs[] = {jq_program(asked.jq, ".a"), jq_program(asked.jq, ".b")};
	jq_evaluate(asked.jq, programs, 2, "{\"a\":1,\"b\":[2]}", 15, 60000, on_answer,
		(void *)(intptr_t)7);
	run_until(*state, 1);
	assert_string_equal(asked.output[7], "1");
	assert_string_equal(asked.output[8], "[2]");
}

static void test_loop_cancel(void **state)
{
	int number = jq_program(asked.jq, ".");
	int64_t ticket =
		jq_evaluate(asked.jq, &number, 1, "1", 1, 60000, on_answer, (void *)(intptr_t)1);
	ask(2, ".", "2", 60000);
	jq_cancel(asked.jq, ticket);
	run_until(*state, 1);
	assert_string_equal(asked.output[1], "");
	assert_string_equal(asked.output[2], "2");
}

static void test_loop_without_a_child(void **state)
{
	uv_loop_t *loop = *state;
	jq_free(asked.jq);
	asked.jq = jq_new(loop, "/nonexistent/relight");
	ask(0, ".", "1", 60000);
	run_until(loop, 1);
	assert_non_null(strstr(asked.error[0], "jq: /nonexistent/relight: it cannot be started"));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "jq") == 0)
		return jq_serve(0, 1);
	if (!realpath(argv[0], executable))
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard_keeps_programs_in_their_place),
		cmocka_unit_test(test_guard_refuses_what_reaches_out),
		cmocka_unit_test(test_check_names_each_bad_program),
		cmocka_unit_test(test_check_many_over_several_batches),
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_a_nul_hides_nothing),
		cmocka_unit_test(test_the_environment_and_the_home_are_hidden),
		cmocka_unit_test(test_a_program_without_end_is_ended),
#if !defined(__SANITIZE_ADDRESS__)
		cmocka_unit_test(test_running_out_of_memory_is_said),
#endif
		cmocka_unit_test_setup_teardown(
			test_loop_answers_in_order, setup_loop, teardown_loop),
		cmocka_unit_test_setup_teardown(
			test_loop_compiles_again_for_new_programs, setup_loop, teardown_loop),
		cmocka_unit_test_setup_teardown(
			test_loop_ends_the_culprit_only, setup_loop, teardown_loop),
		cmocka_unit_test_setup_teardown(
			test_loop_several_programs_over_one_input, setup_loop, teardown_loop),
		cmocka_unit_test_setup_teardown(test_loop_cancel, setup_loop, teardown_loop),
		cmocka_unit_test_setup_teardown(
			test_loop_without_a_child, setup_loop, teardown_loop),
	};
	return cmocka_run_group_tests_name("jq", tests, NULL, NULL);
}
