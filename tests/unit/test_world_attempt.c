// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/attempt.h"
#include "relight/chain.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/launcher.h"

struct place {
	char directory[64];
	struct launcher launcher;
	struct buf heard;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	strcpy(place->directory, "/tmp/relight-attempt-XXXXXX");
	if (!mkdtemp(place->directory) || !launcher_start(&place->launcher, NULL))
		return -1;
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	char command[128];

	close(place->launcher.fd);
	waitpid(place->launcher.pid, NULL, 0);
	buf_fini(&place->heard);
	snprintf(command, sizeof command, "rm -rf '%s'", place->directory);
	free(place);
	return system(command);
}

static void nap(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

// --- talking to the launcher -------------------------------------------------------------------------------------------

static void tell(struct place *place, const char *word, const char *more)
{
	struct buf line = {0};

	buf_printf(&line, "{\"%s\":{\"dir\":\"%s\",\"step\":\"s\",\"attempt\":1%s}}\n", word,
		place->directory, more);
	assert_true(file_write(place->launcher.fd, line.data, line.length, NULL));
	buf_fini(&line);
}

// The "attempt" of the next line, within a minute or so. The caller frees the whole with
// cJSON_Delete(*whole).
static const cJSON *hear(struct place *place, cJSON **whole)
{
	for (int i = 0; i < 30000; i++) {
		char *end = place->heard.length
				    ? memchr(place->heard.data, '\n', place->heard.length)
				    : NULL;

		if (end) {
			size_t length = (size_t)(end - place->heard.data);
			struct err err = {0};

			*whole = json_parse(place->heard.data, length, &err);
			if (!*whole)
				fail_msg("%s", err.message);
			buf_drop(&place->heard, length + 1);
			return json_get(*whole, "attempt");
		}

		char bytes[4096];
		ssize_t n = read(place->launcher.fd, bytes, sizeof bytes);

		if (n > 0)
			buf_add(&place->heard, bytes, (size_t)n);
		else
			nap(2);
	}
	fail_msg("the launcher said nothing");
	return NULL;
}

static int launch(struct place *place)
{
	cJSON *whole;
	const cJSON *said;
	int pid;

	tell(place, "launch", "");
	said = hear(place, &whole);
	if (json_text(said, "error"))
		fail_msg("%s", json_text(said, "error"));
	assert_string_equal(json_text(said, "state"), "running");
	pid = (int)json_int(said, "pid", 0);
	assert_true(pid > 0);
	cJSON_Delete(whole);
	return pid;
}

static void perform(struct place *place, const char *request)
{
	struct buf more = {0};

	buf_printf(&more, ",\"request\":{\"step\":\"s\",\"attempt\":1,%s}", request);
	tell(place, "perform", buf_str(&more));
	buf_fini(&more);
}

// Waits for the end and checks its outcome. The caller frees *whole; the result is returned.
static const cJSON *finish(struct place *place, const char *outcome, cJSON **whole)
{
	const cJSON *said = hear(place, whole);
	const cJSON *result = json_get(said, "result");

	if (!result || strcmp(json_text(result, "outcome"), outcome) != 0) {
		struct buf out = {0};

		json_write(&out, said);
		fail_msg("not %s: %s", outcome, buf_str(&out));
	}
	return result;
}

static const cJSON *run(
	struct place *place, const char *request, const char *outcome, cJSON **whole)
{
	launch(place);
	perform(place, request);
	return finish(place, outcome, whole);
}

static bool is_there(const struct place *place, const char *name)
{
	struct stat status;
	char path[512];

	snprintf(path, sizeof path, "%s/attempts/s/1/%s", place->directory, name);
	return stat(path, &status) == 0;
}

static char *content(const struct place *place, const char *name)
{
	char path[160];
	struct buf bytes = {0};
	struct err err = {0};

	snprintf(path, sizeof path, "%s/attempts/s/1/%s", place->directory, name);
	if (!file_read(AT_FDCWD, path, 100 << 20, &bytes, &err))
		fail_msg("%s", err.message);
	return buf_take(&bytes);
}

static void assert_state(const struct place *place, enum attempt_state expected)
{
	enum attempt_state state = attempt_look(place->directory, "s", 1, NULL);

	assert_string_equal(attempt_state_word(state), attempt_state_word(expected));
}

// --- outcomes ----------------------------------------------------------------------------------------------------------

static void test_success(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result = run(place,
		"\"action\":{\"command\":[\"sh\",\"-c\",\"echo out; echo $COLOUR >&2; "
		"pwd\"]},\"env\":{\"COLOUR\":\"blue\"},"
		"\"dir\":\"/"
		"usr\",\"expect\":{\"exit\":0,\"contains\":\"out\",\"matches\":\"^out$|^o.t\"}",
		"success", &whole);
	char *output = content(place, "output.log"), sha256[65];

	sha256_hex(output, strlen(output), sha256);
	assert_int_equal(json_int(result, "exit", -1), 0);
	assert_int_equal(strlen(output), strlen("out\nblue\n/usr\n"));
	assert_non_null(strstr(output, "blue\n"));
	assert_int_equal(json_int(json_get(result, "output"), "bytes", -1), strlen(output));
	assert_string_equal(json_text(json_get(result, "output"), "sha256"), sha256);
	assert_true(json_int(result, "duration_ms", -1) >= 0);
	assert_non_null(json_text(result, "ended"));
	assert_non_null(json_text(result, "tail"));
	assert_null(json_get(result, "why"));
	assert_string_equal(json_text(json_get(whole, "attempt"), "state"), "finished");
	assert_state(place, ATTEMPT_FINISHED);
	free(output);
	cJSON_Delete(whole);

	// A number is used once.
	tell(place, "launch", "");
	assert_non_null(strstr(json_text(hear(place, &whole), "error"), "performed already"));
	cJSON_Delete(whole);
}

static void test_failure_and_hint(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result = run(place,
		"\"action\":{\"shell\":\"echo first; echo 'AccessDenied: no' >&2; false; echo "
		"never\"},"
		"\"hints\":[{\"match\":\"Throttl\",\"say\":\"a\"},{\"match\":\"Access "
		"?Denied\",\"say\":\"wait\"}]",
		"failed", &whole);

	assert_int_equal(json_int(result, "exit", -1), 1);
	assert_string_equal(json_text(result, "why"), "exit 1");
	assert_string_equal(json_text(result, "hint"), "wait");
	assert_string_equal(json_text(result, "tail"), "AccessDenied: no");
	cJSON_Delete(whole);
}

static const struct {
	const char *request, *outcome, *why;
} verdicts[] = {
	{"\"action\":{\"command\":[\"/no/such/program\"]}", "failed",
		"/no/such/program: No such file"},
	{"\"action\":{\"command\":[\"true\"]},\"dir\":\"/no/such/folder\"", "failed",
		"dir: /no/such/folder"},
	{"\"action\":{\"command\":[\"sh\",\"-c\",\"exit 3\"]},\"expect\":{\"exit\":3}", "success",
		NULL},
	{"\"action\":{\"command\":[\"true\"]},\"expect\":{\"exit\":3}", "failed",
		"exit 0, expected 3"},
	{"\"action\":{\"command\":[\"sh\",\"-c\",\"kill -9 $$\"]}", "failed", "ended by signal 9"},
	{"\"action\":{\"command\":[\"echo\",\"abc\"]},\"expect\":{\"contains\":\"abd\"}", "failed",
		"does not contain \"abd\""},
	{"\"action\":{\"command\":[\"echo\",\"abc\"]},\"expect\":{\"matches\":\"^b\"}", "failed",
		"does not match \"^b\""},
	{"\"action\":{\"command\":[\"sh\",\"-c\",\"echo abc "
	 ">&2\"]},\"expect\":{\"contains\":\"abc\"}",
		"failed", "not contain"},
	{"\"action\":{}", "never-started", "exactly one of"},
	{"\"action\":{\"command\":[]}", "never-started", "not a list of texts"},
	{"\"action\":{\"command\":[\"true\",1]}", "never-started", "not a list of texts"},
	{"\"action\":{\"command\":[\"true\"]},\"signal\":99", "never-started", "signal: 99"},
	{"\"action\":{\"command\":[\"true\"]},\"env\":{\"A=B\":\"c\"}", "never-started",
		"env: A=B"},
	{"\"action\":{\"command\":[\"true\"]},\"env_file\":\"/no/such/file\"", "never-started",
		"env_file: /no/such/file"},
	{"\"action\":{\"command\":[\"true\"]},\"env_file\":\"/etc/passwd\"", "never-started",
		"chmod 600"},
};

static void test_verdicts(void **state)
{
	struct place *place = *state;

	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		cJSON *whole;
		const cJSON *result = run(place, verdicts[i].request, verdicts[i].outcome, &whole);
		const char *why = json_text(result, "why");
		char command[128];

		if (!why != !verdicts[i].why || (why && !strstr(why, verdicts[i].why)))
			fail_msg("%s: %s", verdicts[i].request, why);
		cJSON_Delete(whole);
		snprintf(command, sizeof command, "rm -rf '%s/attempts'", place->directory);
		assert_int_equal(system(command), 0);
	}
}

static void test_not_executable_is_127(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result =
		run(place, "\"action\":{\"command\":[\"no-such-program\"]}", "failed", &whole);
	char *output = content(place, "output.log");

	assert_int_equal(json_int(result, "exit", -1), 127);
	assert_string_equal(output, "relight: no-such-program: No such file or directory\n");
	free(output);
	cJSON_Delete(whole);
}

// --- secrets -----------------------------------------------------------------------------------------------------------

static void test_secrets_reach_no_file(void **state)
{
	struct place *place = *state;
	char path[96], request[600];
	cJSON *whole;
	int fd;

	snprintf(path, sizeof path, "%s/dr.env", place->directory);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(file_write(fd, "export TOKEN='from-the-file'\n# none\n", 36, NULL));
	close(fd);
	snprintf(request, sizeof request,
		"\"action\":{\"command\":[\"sh\",\"-c\",\"printf hunter; sleep 0.1; printf "
		"'2-pass\\\\n'; echo $TOKEN $OTHER $0\","
		"\"argv-hunter2-pass\"]},\"secrets\":[{\"name\":\"db\",\"value\":\"hunter2-pass\"}]"
		","
		"\"env\":{\"OTHER\":\"in-the-env\"},\"env_file\":\"%s\"",
		path);
	run(place, request, "success", &whole);
	cJSON_Delete(whole);

	char *output = content(place, "output.log"), *kept = content(place, "request.json"),
	     *result = content(place, "result.json");

	assert_string_equal(output, "[masked db]\n[masked TOKEN] in-the-env argv-[masked db]\n");
	assert_null(strstr(kept, "hunter2-pass"));
	assert_null(strstr(kept, "in-the-env"));
	assert_non_null(strstr(kept, "\"env\":[\"OTHER\"]"));
	assert_non_null(strstr(kept, "argv-[masked db]"));
	assert_null(strstr(result, "hunter2-pass"));
	free(output);
	free(kept);
	free(result);
}

static void test_files_are_private(void **state)
{
	static const char *const names[] = {
		"", "request.json", "output.log", "result.json", "lock", "alive"};
	struct place *place = *state;
	cJSON *whole;

	run(place, "\"action\":{\"command\":[\"true\"]}", "success", &whole);
	cJSON_Delete(whole);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[160];
		struct stat status;

		snprintf(path, sizeof path, "%s/attempts/s/1/%s", place->directory, names[i]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 0777, i ? 0600 : 0700);
	}
}

// --- waiting -----------------------------------------------------------------------------------------------------------

// What is run has begun, and said so.
static void await_output(const struct place *place)
{
	char path[160];
	struct stat status = {0};

	snprintf(path, sizeof path, "%s/attempts/s/1/output.log", place->directory);
	for (int i = 0; i < 12000 && (stat(path, &status) < 0 || status.st_size == 0); i++)
		nap(5);
	assert_true(status.st_size > 0);
}

// What is run until there is a file "let" may end.
static void let_go(const struct place *place)
{
	char path[160];

	snprintf(path, sizeof path, "%s/let", place->directory);
	assert_int_equal(close(open(path, O_WRONLY | O_CREAT, 0600)), 0);
}

static void await_state(const struct place *place, enum attempt_state state)
{
	for (int i = 0; i < 12000 && attempt_look(place->directory, "s", 1, NULL) != state; i++)
		nap(5);
	assert_state(place, state);
}

// --- stopping ----------------------------------------------------------------------------------------------------------

static void test_timeout(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result = run(place,
		"\"action\":{\"command\":[\"sh\",\"-c\",\"echo begun; sleep 100 & "
		"wait\"]},\"timeout_ms\":2000,\"grace_ms\":60000",
		"timeout", &whole);

	assert_int_equal(json_int(result, "signal", 0), SIGTERM);
	assert_string_equal(json_text(result, "tail"), "begun");
	assert_true(json_int(result, "duration_ms", 0) >= 2000);
	assert_true(json_int(result, "duration_ms", 0) < 60000); // nor its grace was waited for
	cJSON_Delete(whole);
}

static void test_more_time(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result;

	launch(place);
	tell(place, "extend", ",\"by_s\":20");
	tell(place, "extend", ",\"by_s\":30");
	perform(place, "\"action\":{\"command\":[\"sleep\",\"0.25\"]},\"timeout_ms\":100");
	result = finish(place, "success", &whole);
	assert_true(json_int(result, "duration_ms", 0) >= 250);
	cJSON_Delete(whole);

	char *deadline = content(place, "deadline");

	assert_string_equal(deadline, "{\"extended_s\":50}\n");
	free(deadline);
}

// Whoever puts it off when the signal was sent is told so, and nothing is changed by it.
static void test_more_time_comes_too_late(void **state)
{
	struct place *place = *state;
	cJSON *whole;

	launch(place);
	tell(place, "extend", ",\"by_s\":1");
	perform(place, "\"action\":{\"command\":[\"sh\",\"-c\",\"trap 'echo told' TERM; while "
		       ":; do sleep 0.02; done\"]},\"timeout_ms\":100,\"grace_ms\":1000");
	for (int i = 0; i < 2500 && !is_there(place, "stopping"); i++)
		nap(2);
	tell(place, "extend", ",\"by_s\":300");

	const cJSON *said = hear(place, &whole), *stopping = json_get(said, "stopping");

	assert_string_equal(json_text(said, "state"), "running");
	assert_string_equal(json_text(stopping, "cause"), "timeout");
	assert_int_equal(json_int(stopping, "signal", 0), SIGTERM);
	assert_int_equal(json_int(stopping, "grace_ms", 0), 1000);
	assert_int_equal(json_int(stopping, "extended_s", 0), 1);
	assert_true(json_int(stopping, "after_ms", 0) >= 1100);
	cJSON_Delete(whole);

	const cJSON *result = finish(place, "timeout", &whole);

	assert_int_equal(json_int(result, "signal", 0), SIGKILL);
	cJSON_Delete(whole);

	char *deadline = content(place, "deadline");

	assert_string_equal(deadline, "{\"extended_s\":1}\n");
	free(deadline);
}

static void test_cancelled_before_it_began(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result;

	launch(place);
	tell(place, "cancel", ",\"why\":\"wrong region\"");
	perform(place, "\"action\":{\"command\":[\"echo\",\"it ran\"]}");
	result = finish(place, "cancelled", &whole);
	assert_null(json_get(result, "exit"));
	assert_string_equal(json_text(result, "why"), "wrong region");
	assert_int_equal(json_int(json_get(result, "output"), "bytes", -1), 0);
	cJSON_Delete(whole);
}

// A shell dies of the signal at once; what it started may need its grace, and must have it.
static void test_cancel_leaves_the_group_its_grace(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result;

	launch(place);
	perform(place, "\"action\":{\"command\":[\"sh\",\"-c\",\"(trap 'sleep 0.3; echo tidied; "
		       "exit' TERM; echo up; "
		       "while :; do sleep 0.02; done) & exec sleep 9\"]}");
	await_output(place);
	tell(place, "cancel", "");
	result = finish(place, "cancelled", &whole);
	assert_int_equal(json_int(result, "signal", 0), SIGTERM);
	assert_string_equal(json_text(result, "tail"), "tidied");
	cJSON_Delete(whole);
}

// One that left the group, takes no signal and holds the output keeps nobody waiting; but it goes
// on, and that is said.
static void test_a_grandchild_of_its_own_session(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result;
	char *pid;

	launch(place);
	perform(place, "\"action\":{\"command\":[\"sh\",\"-c\",\"setsid sh -c 'trap : TERM; echo "
		       "$$; while :; "
		       "do sleep 0.1; done' & wait\"]},\"grace_ms\":300");
	await_output(place);
	tell(place, "cancel", ",\"why\":\"stuck\"");
	result = finish(place, "cancelled", &whole);
	assert_string_equal(
		json_text(result, "why"), "stuck; what it started in a session of its own GOES ON");
	pid = content(place, "output.log");
	assert_int_equal(kill((pid_t)strtol(pid, NULL, 10), SIGKILL), 0);
	free(pid);
	cJSON_Delete(whole);
}

static void test_told_to_end(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result;
	int pid = launch(place);

	perform(place, "\"action\":{\"command\":[\"sh\",\"-c\",\"echo up; exec sleep 100\"]}");
	await_output(place);
	kill(pid, SIGTERM);
	result = finish(place, "cancelled", &whole);
	assert_non_null(strstr(json_text(result, "why"), "told to end"));
	cJSON_Delete(whole);
}

// --- what outlives what ------------------------------------------------------------------------------------------------

static void test_killed_actuator_leaves_the_command_unattended(void **state)
{
	struct place *place = *state;
	char request[300], *mark;
	cJSON *whole;
	int pid = launch(place);

	assert_state(place, ATTEMPT_RUNNING);
	// What it prints with nobody left to read it must not end it.
	snprintf(request, sizeof request,
		"\"action\":{\"shell\":\"echo up; until test -e let; do sleep 0.05; done; echo "
		"unheard; echo on "
		">attempts/s/1/mark\"},\"dir\":\"%s\"",
		place->directory);
	perform(place, request);
	await_output(place);
	kill(pid, SIGKILL);
	assert_string_equal(json_text(hear(place, &whole), "state"), "unattended");
	cJSON_Delete(whole);
	assert_state(place, ATTEMPT_UNATTENDED);
	let_go(place);
	await_state(place, ATTEMPT_UNKNOWN);
	tell(place, "look", "");
	assert_string_equal(json_text(hear(place, &whole), "state"), "unknown");
	cJSON_Delete(whole);
	assert_state(place, ATTEMPT_UNKNOWN);
	mark = content(place, "mark");
	assert_string_equal(mark, "on\n");
	free(mark);
}

static void test_attempts_outlive_the_launcher(void **state)
{
	struct place *place = *state;
	cJSON *result = NULL;
	char request[300];
	siginfo_t ended;

	launch(place);
	snprintf(request, sizeof request,
		"\"action\":{\"shell\":\"echo up; until test -e let; do sleep 0.05; done; echo "
		"alone\"},\"dir\":\"%s\"",
		place->directory);
	perform(place, request);
	await_output(place);
	kill(place->launcher.pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)place->launcher.pid, &ended, WEXITED | WNOWAIT), 0);
	assert_state(place, ATTEMPT_RUNNING);
	let_go(place);
	await_state(place, ATTEMPT_FINISHED);
	assert_int_equal(attempt_look(place->directory, "s", 1, &result), ATTEMPT_FINISHED);
	assert_string_equal(json_text(result, "outcome"), "success");
	assert_string_equal(json_text(result, "tail"), "alone");
	cJSON_Delete(result);
}

// Whoever waits for the end of what relight was given must not wait for attempts that outlive it.
static void test_the_launcher_holds_nothing_of_its_caller(void **state)
{
	struct launcher launcher;
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_true(launcher_start(&launcher, NULL));
	close(ends[1]);

	struct pollfd wait = {.fd = ends[0], .events = POLLIN};

	assert_int_equal(poll(&wait, 1, 60000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	close(launcher.fd);
	waitpid(launcher.pid, NULL, 0);
}

static void test_without_a_request_nothing_starts(void **state)
{
	struct place *place = *state;
	cJSON *whole;

	launch(place);
	tell(place, "forget", "");
	assert_string_equal(json_text(hear(place, &whole), "state"), "never-started");
	cJSON_Delete(whole);
	assert_state(place, ATTEMPT_NEVER_STARTED);

	// The number is still free; a launcher that ends takes those that wait with it.
	launch(place);
	close(place->launcher.fd);
	await_state(place, ATTEMPT_NEVER_STARTED);
	place->launcher.fd = open("/dev/null", O_RDWR);
}

static void test_looking_at_ruins(void **state)
{
	struct place *place = *state;
	char path[160];
	struct err err = {0};
	int lock_fd, fd;

	assert_state(place, ATTEMPT_NEVER_STARTED);
	assert_int_equal(attempt_look(place->directory, "../..", 1, NULL), ATTEMPT_UNKNOWN);
	assert_int_equal(attempt_prepare(place->directory, "../x", 1, &err), -1);
	lock_fd = attempt_prepare(place->directory, "s", 1, &err);
	assert_true(lock_fd >= 0);
	assert_true(fcntl(lock_fd, F_GETFD) & FD_CLOEXEC);
	assert_state(place, ATTEMPT_RUNNING);
	assert_int_equal(attempt_prepare(place->directory, "s", 1, &err), -1);
	assert_non_null(strstr(err.message, "an actuator is alive"));
	close(lock_fd);
	assert_state(place, ATTEMPT_NEVER_STARTED);
	snprintf(path, sizeof path, "%s/attempts/s/1/result.json", place->directory);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_state(place, ATTEMPT_UNKNOWN);
	assert_true(file_write(fd, "{\"outcome\":7}", 13, NULL));
	assert_state(place, ATTEMPT_UNKNOWN);
	close(fd);
}

// --- the spare one -----------------------------------------------------------------------------------------------------

// The inode of a file below attempts/; 0: it is not there.
static ino_t inode(const struct place *place, const char *name)
{
	char path[160];
	struct stat status;

	snprintf(path, sizeof path, "%s/attempts/%s", place->directory, name);
	return stat(path, &status) == 0 ? status.st_ino : 0;
}

static ino_t spare(const struct place *place)
{
	ino_t lock = 0;

	for (int i = 0; i < 12000 && !(lock = inode(place, ".spare/1/lock")); i++)
		nap(5);
	assert_true(lock > 0);
	return lock;
}

static void perform_step(struct place *place, const char *step, int attempt)
{
	struct buf lines = {0};
	cJSON *whole;

	buf_printf(&lines, "{\"launch\":{\"dir\":\"%s\",\"step\":\"%s\",\"attempt\":%d}}\n",
		place->directory, step, attempt);
	buf_printf(&lines,
		"{\"perform\":{\"step\":\"%s\",\"attempt\":%d,\"request\":{\"step\":\"%s\","
		"\"attempt\":%d,\"action\":{\"command\":[\"echo\",\"%s\"]}}}}\n",
		step, attempt, step, attempt, step);
	assert_true(file_write(place->launcher.fd, lines.data, lines.length, NULL));
	buf_fini(&lines);
	assert_string_equal(json_text(hear(place, &whole), "state"), "running");
	cJSON_Delete(whole);

	const cJSON *said = hear(place, &whole);

	assert_string_equal(json_text(said, "step"), step);
	assert_string_equal(json_text(json_get(said, "result"), "tail"), step);
	cJSON_Delete(whole);
}

static void test_a_spare_waits_for_the_next_attempt(void **state)
{
	struct place *place = *state;

	perform_step(place, "a", 1);

	ino_t lock = spare(place);

	perform_step(place, "b", 1);
	assert_int_equal(inode(place, "b/1/lock"), lock);
	assert_true(inode(place, "b/1/request.json") && inode(place, "b/1/result.json"));
	assert_false(inode(place, "b/1/request.json.new") || inode(place, "b/1/result.json.new"));

	// A retry is not what it waits for, nor is an attempt that there was before.
	lock = spare(place);
	perform_step(place, "b", 2);
	assert_int_equal(inode(place, ".spare/1/lock"), lock);
	assert_true(inode(place, "b/1/result.json") && inode(place, "b/2/result.json"));

	close(place->launcher.fd);
	for (int i = 0; i < 400 && inode(place, ".spare"); i++)
		nap(5);
	assert_int_equal(inode(place, ".spare"), 0);
	place->launcher.fd = open("/dev/null", O_RDWR);
}

static void test_what_a_spare_left_is_used_again(void **state)
{
	struct place *place = *state;

	perform_step(place, "a", 1);

	ino_t lock = spare(place);

	kill(place->launcher.pid, SIGKILL);
	waitpid(place->launcher.pid, NULL, 0);
	close(place->launcher.fd);
	assert_true(launcher_start(&place->launcher, NULL));
	for (int i = 0; i < 400 && !inode(place, ".spare/1/result.json"); i++)
		nap(5);
	perform_step(place, "b", 1);
	for (int i = 0; i < 400 && inode(place, ".spare/1/result.json"); i++)
		nap(5);
	assert_int_equal(spare(place), lock);
	perform_step(place, "c", 1);
	assert_int_equal(inode(place, "c/1/lock"), lock);
}

// --- output ------------------------------------------------------------------------------------------------------------

static void test_much_output_takes_little_memory(void **state)
{
	struct place *place = *state;
	struct rusage before, after;
	char path[160];
	struct stat status;
	int in[2];
	pid_t pid;

	getrusage(RUSAGE_CHILDREN, &before);
	assert_int_equal(pipe(in), 0);
	pid = fork();
	if (!pid) {
		close(in[1]);
		_exit(perform_attempt(&(struct perform_task){place->directory, "s", 1, -1, in[0]}));
	}

	const char *request = "{\"step\":\"s\",\"attempt\":1,\"action\":{\"shell\":\"head -c "
			      "52428800 /dev/zero\"}}\n";
	int code;

	close(in[0]);
	assert_true(file_write(in[1], request, strlen(request), NULL));
	close(in[1]);
	waitpid(pid, &code, 0);
	getrusage(RUSAGE_CHILDREN, &after);
	assert_int_equal(WEXITSTATUS(code), 0);
	snprintf(path, sizeof path, "%s/attempts/s/1/output.log", place->directory);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 52428800);
#if !defined(__SANITIZE_ADDRESS__)
	assert_true(after.ru_maxrss < 40 << 10); // KiB
#endif
}

static void test_a_full_disk_does_not_stop_the_command(void **state)
{
	struct place *place = *state;
	struct rlimit before, limit;
	cJSON *result = NULL;
	int in[2], code;
	pid_t pid;
	const char *request = "{\"step\":\"s\",\"attempt\":1,\"action\":{\"shell\":"
			      "\"head -c 30000 /dev/zero | tr '\\\\0' x; echo; echo end\"}}\n";

	getrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(pipe(in), 0);
	pid = fork();
	if (!pid) {
		limit = before;
		limit.rlim_cur = 10000;
		setrlimit(RLIMIT_FSIZE, &limit);
		close(in[1]);
		_exit(perform_attempt(&(struct perform_task){place->directory, "s", 1, -1, in[0]}));
	}
	close(in[0]);
	assert_true(file_write(in[1], request, strlen(request), NULL));
	close(in[1]);
	waitpid(pid, &code, 0);
	assert_int_equal(WEXITSTATUS(code), 0);
	assert_int_equal(attempt_look(place->directory, "s", 1, &result), ATTEMPT_FINISHED);
	assert_string_equal(json_text(result, "outcome"), "success");
	assert_int_equal(json_int(json_get(result, "output"), "bytes", 0), 10000);
	assert_int_equal(json_int(json_get(result, "output"), "missing_bytes", 0), 20005);
	assert_string_equal(json_text(json_get(result, "output"), "missing_why"), "File too large");
	assert_string_equal(json_text(result, "tail"), "end");
	assert_string_equal(json_text(result, "why"),
		"output.log: File too large: 20005 bytes are missing in it");
	cJSON_Delete(result);
}

// --- a rehearsal -------------------------------------------------------------------------------------------------------

static void test_simulation(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	const cJSON *result = run(place,
		"\"action\":{\"simulate\":{\"takes_ms\":200,\"exit\":4,\"output\":\"one\\ntwo\"}}",
		"failed", &whole);
	char *output = content(place, "output.log");

	assert_int_equal(json_int(result, "exit", -1), 4);
	assert_true(json_int(result, "duration_ms", 0) >= 200);
	assert_string_equal(output, "one\ntwo\n");
	free(output);
	cJSON_Delete(whole);
}

static void test_simulation_comes_in_pieces_and_is_cancelled(void **state)
{
	struct place *place = *state;
	cJSON *whole;
	char *output;

	launch(place);
	perform(place, "\"action\":{\"simulate\":{\"takes_ms\":2000,\"exit\":0,\"output\":"
		       "\"one\\ntwo\\nthree\\nfour\\nfive\\nsix\\nseven\"}}");
	nap(300);
	tell(place, "cancel", ",\"why\":\"enough\"");
	finish(place, "cancelled", &whole);
	cJSON_Delete(whole);
	output = content(place, "output.log");
	assert_memory_equal(output, "one\n", 4);
	assert_null(strstr(output, "four"));
	free(output);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(success),
		TEST(failure_and_hint),
		TEST(verdicts),
		TEST(not_executable_is_127),
		TEST(secrets_reach_no_file),
		TEST(files_are_private),
		TEST(timeout),
		TEST(more_time),
		TEST(more_time_comes_too_late),
		TEST(cancelled_before_it_began),
		TEST(cancel_leaves_the_group_its_grace),
		TEST(a_grandchild_of_its_own_session),
		TEST(told_to_end),
		TEST(killed_actuator_leaves_the_command_unattended),
		TEST(attempts_outlive_the_launcher),
		TEST(the_launcher_holds_nothing_of_its_caller),
		TEST(without_a_request_nothing_starts),
		TEST(looking_at_ruins),
		TEST(a_spare_waits_for_the_next_attempt),
		TEST(what_a_spare_left_is_used_again),
		TEST(much_output_takes_little_memory),
		TEST(a_full_disk_does_not_stop_the_command),
		TEST(simulation),
		TEST(simulation_comes_in_pieces_and_is_cancelled),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("world_attempt", tests, NULL, NULL);
}
