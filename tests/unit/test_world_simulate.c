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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/chain.h"
#include "relight/event.h"
#include "relight/json.h"
#include "relight/simulate.h"

#define SPEED       50
#define OPENED_S    1000000000LL
#define PATIENCE_MS 60000

static const char runbook_text[] =
	"relight: 1\n"
	"name: small\n"
	"inputs: {backup: {ask: which}, token: {ask: token, secret: true}}\n"
	"objectives: {rpo: 10m, rto: 1h, mtd: 4h}\n"
	"state: [{id: pg, category: persistent-data}]\n"
	"restore_points: [{id: db, title: Database, of: pg, at: {command: [x], jq: .at}}]\n"
	"targets: {cluster: {role: recovery, created_by: build, kubernetes: {context: dr}}}\n"
	"dependencies:\n"
	"  - {id: api, every: 5s, check: {kubernetes: {target: cluster, readyz: true}}}\n"
	"  - {id: given, every: 20s, check: {tcp: {host: h, port: 5}}}\n"
	"steps:\n"
	"  - {id: build, takes: 4m, run: {command: [x]}, restores: [api]}\n";
static const char scenario_text[] =
	"scenario: 1\nname: drill\nseed: 3\nheals_after: 10s\ninputs: {backup: nightly, token: "
	"t0p}\n"
	"start: {api: {status: unknown, message: refused}}\n"
	"events: [{at: 2h, set: {given: {status: degraded, message: slow}}}]\n";

static struct runbook *runbook;
static struct scenario *scenario;

static int load_texts(const char *of_runbook, const char *of_scenario)
{
	struct diags diags = {.file = "x"};

	runbook = runbook_load(of_runbook, strlen(of_runbook), ".", &diags);
	scenario = NULL;
	if (runbook)
		scenario = scenario_load(of_scenario, strlen(of_scenario), runbook, &diags);
	for (size_t i = 0; i < diags.count && !scenario; i++)
		fprintf(stderr, "%d: %s\n", diags.items[i].line, diags.items[i].message);
	diags_fini(&diags);
	return scenario ? 0 : -1;
}

static int load(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	return load_texts(runbook_text, scenario_text);
}

static int unload(void **state)
{
	(void)state;
	scenario_free(scenario);
	runbook_free(runbook);
	return 0;
}

static int64_t boottime_us(void)
{
	struct timespec at;

	clock_gettime(CLOCK_BOOTTIME, &at);
	return at.tv_sec * US_PER_S + at.tv_nsec / 1000;
}

// --- the sensor as a child, and its timeline -----------------------------------------------------

struct sensor_under_test {
	pid_t pid;
	int in, out;
	char path[64]; // of the timeline
	int timeline;
	char head[65];
	int64_t seq;
	char bytes[1 << 16];
	size_t length;
};

static void begin(struct sensor_under_test *t, struct probe_options options, bool with_timeline)
{
	int in[2], out[2];

	*t = (struct sensor_under_test){.timeline = -1, .head = CHAIN_START};
	if (with_timeline) {
		snprintf(t->path, sizeof t->path, "/tmp/relight-simulate-XXXXXX");
		t->timeline = mkstemp(t->path);
		assert_true(t->timeline >= 0);
		options.timeline = t->path;
	}
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	t->pid = fork();
	if (t->pid == 0) {
		alarm(300);
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		_exit(simulate_run(runbook, scenario, &options));
	}
	close(in[0]);
	close(out[1]);
	t->in = in[1];
	t->out = out[0];
}

// Ends it by the end of its stdin; its exit code.
static int finish(struct sensor_under_test *t)
{
	int status;

	close(t->in);
	close(t->out);
	assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
	if (t->timeline >= 0) {
		close(t->timeline);
		unlink(t->path);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void tell(struct sensor_under_test *t, const char *line)
{
	assert_int_equal(write(t->in, line, strlen(line)), (ssize_t)strlen(line));
}

// One event of the timeline, `s` simulated seconds after the opening; only the bytes from `from` to
// `to`.
static void record(struct sensor_under_test *t, enum event_kind kind, int64_t s, const char *step,
	const char *data, int pieces)
{
	struct event *event = event_new(kind);
	struct buf line = {0};

	event->seq = t->seq++;
	event->ts = (struct wall){(OPENED_S + s) * US_PER_S};
	event->mono = (struct mono){boottime_us()};
	event->mode = EVENT_REHEARSAL;
	if (step)
		event_set_step(event, step);
	cJSON_Delete(event->data);
	event->data = json_parse(data, strlen(data), NULL);
	assert_true(event_encode(event, t->head, &line, NULL));
	memcpy(t->head, event->h, sizeof t->head);
	buf_byte(&line, '\n');
	size_t half = pieces > 1 ? line.length / 2 : 0;
	assert_int_equal(write(t->timeline, line.data, half), (ssize_t)half);
	if (half > 0)
		nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
	assert_int_equal(write(t->timeline, line.data + half, line.length - half),
		(ssize_t)(line.length - half));
	buf_fini(&line);
	event_free(event);
}

static void open_session(struct sensor_under_test *t)
{
	record(t, EVENT_SESSION_OPEN, 0, NULL, "{\"speed\":50}", 1);
	record(t, EVENT_INCIDENT_DECLARED, 0, NULL, "{}", 1);
}

// The next line whose `key` is `value`, or NULL when none comes in time or it has ended. The caller
// frees.
static cJSON *next_line(
	struct sensor_under_test *t, const char *key, const char *value, int patience_ms)
{
	int64_t until = boottime_us() + patience_ms * US_PER_MS;

	for (;;) {
		char *feed = memchr(t->bytes, '\n', t->length);
		if (feed) {
			size_t length = (size_t)(feed + 1 - t->bytes);
			cJSON *line = json_parse(t->bytes, length, NULL);
			assert_non_null(line);
			t->length -= length;
			memmove(t->bytes, t->bytes + length, t->length);
			const char *found = json_text(line, key);
			if (found && strcmp(found, value) == 0)
				return line;
			cJSON_Delete(line);
			continue;
		}
		int64_t left_ms = (until - boottime_us()) / US_PER_MS;
		if (left_ms <= 0 || poll(&(struct pollfd){t->out, POLLIN, 0}, 1, (int)left_ms) <= 0)
			return NULL;
		ssize_t got = read(t->out, t->bytes + t->length, sizeof t->bytes - t->length);
		if (got <= 0)
			return NULL;
		t->length += (size_t)got;
	}
}

static void assert_text(const cJSON *line, const char *key, const char *expected)
{
	assert_non_null(line);
	assert_non_null(json_text(line, key));
	assert_string_equal(json_text(line, key), expected);
}

// The simulated second after the opening that a time is.
static double second_of(const cJSON *line, const char *key)
{
	struct wall at;

	assert_true(wall_parse(json_text(line, key), &at));
	return (double)(at.us - OPENED_S * US_PER_S) / (double)US_PER_S;
}

// Waits until `dependency` is said to be `status`. The caller frees.
static cJSON *wait_status(struct sensor_under_test *t, const char *dependency, const char *status)
{
	cJSON *line;

	while ((line = next_line(t, "dependency", dependency, PATIENCE_MS))) {
		if (strcmp(json_text(line, "status"), status) == 0)
			return line;
		cJSON_Delete(line);
	}
	fail_msg("%s never became %s", dependency, status);
	return NULL;
}

// --- tests ---------------------------------------------------------------------------------------

static void test_once(void **state)
{
	struct sensor_under_test t;
	cJSON *line;

	(void)state;
	begin(&t, (struct probe_options){.once = true}, false);
	line = next_line(&t, "dependency", "api", PATIENCE_MS);
	assert_text(line, "type", "observation");
	assert_text(line, "status", "unknown");
	assert_text(line, "message", "refused");
	assert_text(line, "check", "kubernetes");
	assert_true(json_int(line, "latency_ms", -1) >= 0);
	cJSON_Delete(line);
	line = next_line(&t, "dependency", "given", PATIENCE_MS);
	assert_text(line, "status", "healthy");
	cJSON_Delete(line);
	assert_null(next_line(&t, "type", "observation", PATIENCE_MS));
	assert_int_equal(finish(&t), 1);

	begin(&t, (struct probe_options){.once = true, .only = (const char *[]){"given", NULL}},
		false);
	assert_null(next_line(&t, "dependency", "api", PATIENCE_MS));
	assert_int_equal(finish(&t), 0);
}

static void test_waits_for_configuration_and_session(void **state)
{
	struct sensor_under_test t;

	(void)state;
	begin(&t, (struct probe_options){.configured = true}, true);
	cJSON *beat = next_line(&t, "type", "heartbeat", PATIENCE_MS);
	assert_non_null(beat);
	cJSON_Delete(beat);
	open_session(&t);
	assert_null(next_line(&t, "type", "observation", 150));
	tell(&t, "{\"inputs\":{},\"env\":{},\"incident\":\"x\",\"speed\":50}\n");
	cJSON_Delete(wait_status(&t, "api", "unknown"));
	assert_int_equal(finish(&t), 0);

	begin(&t, (struct probe_options){0}, true);
	assert_null(next_line(&t, "type", "observation", 150));
	open_session(&t);
	cJSON_Delete(wait_status(&t, "api", "unknown"));
	assert_int_equal(finish(&t), 0);
}

// Simulated seconds since then.
static double passed_s(int64_t since_us)
{
	return (double)(boottime_us() - since_us) * SPEED / (double)US_PER_S;
}

static void test_follows_the_timeline(void **state)
{
	struct sensor_under_test t;
	cJSON *line;
	int64_t opened_us;
	double told_s;
	int late = 0;

	(void)state;
	begin(&t, (struct probe_options){0}, true);
	opened_us = boottime_us();
	open_session(&t);
	line = wait_status(&t, "api", "unknown");
	assert_true(second_of(line, "ts") <= passed_s(opened_us));
	cJSON_Delete(line);
	// Half a line is no line yet.
	record(&t, EVENT_STEP_RESULT, 5, "build", "{\"outcome\":\"success\"}", 2);
	told_s = passed_s(opened_us);
	// It heals ten seconds after the result. What was under way when that was told may be as
	// before.
	for (bool is_healthy = false; !is_healthy; cJSON_Delete(line)) {
		line = next_line(&t, "dependency", "api", PATIENCE_MS);
		assert_non_null(line);
		is_healthy = strcmp(json_text(line, "status"), "healthy") == 0;
		assert_true(!is_healthy || second_of(line, "ts") >= 15);
		late += !is_healthy && second_of(line, "ts") >= 15 &&
			second_of(line, "ts") > told_s;
		assert_true(late <= 2);
	}
	assert_int_equal(finish(&t), 0);
}

static void test_keeps_the_rhythm(void **state)
{
	struct sensor_under_test t;
	cJSON *line;
	double before = 0, at;
	int in_time = 0;

	(void)state;
	begin(&t, (struct probe_options){0}, true);
	open_session(&t);
	// A machine that stands still makes it late, but not always.
	for (int i = 0; i < 40 && in_time < 2; i++) {
		line = next_line(&t, "dependency", "api", PATIENCE_MS);
		assert_non_null(line);
		at = second_of(line, "ts");
		cJSON_Delete(line);
		assert_true(i < 2 || at - before >= 5); // the first one comes when it is ready
		in_time += i >= 2 && at - before < 5 + SPEED;
		before = at;
	}
	assert_int_equal(in_time, 2);
	assert_int_equal(finish(&t), 0);
}

static void test_rechecks(void **state)
{
	struct sensor_under_test t;
	cJSON *line;

	(void)state;
	begin(&t, (struct probe_options){0}, true);
	open_session(&t);
	cJSON_Delete(wait_status(&t, "given", "healthy"));
	tell(&t, "{\"recheck\":\"given\",\"token\":12}\n");
	line = next_line(&t, "dependency", "given", PATIENCE_MS);
	assert_non_null(line);
	assert_int_equal(json_int(line, "token", 0), 12);
	cJSON_Delete(line);
	tell(&t, "{\"recheck\":\"nobody\",\"token\":13}\n");
	assert_int_equal(finish(&t), 0);
}

static void test_meets_the_target_once_it_is_made(void **state)
{
	struct sensor_under_test t;
	cJSON *line;

	(void)state;
	begin(&t, (struct probe_options){0}, true);
	open_session(&t);
	assert_null(next_line(&t, "type", "target", 200));
	record(&t, EVENT_STEP_RESULT, 5, "build", "{\"outcome\":\"success\"}", 1);
	line = next_line(&t, "type", "target", PATIENCE_MS);
	assert_text(line, "target", "cluster");
	assert_non_null(json_path_text(line, "fingerprint.uid"));
	assert_int_equal(strlen(json_path_text(line, "fingerprint.uid")), 36);
	assert_int_equal(strlen(json_path_text(line, "fingerprint.ca_sha256")), 64);
	cJSON_Delete(line);
	assert_int_equal(finish(&t), 0);
}

// Nothing is asked through these: what is acted on is there, and a source that is not is gone.
static void test_meets_targets_that_no_check_asks(void **state)
{
	struct sensor_under_test t;
	struct runbook *kept_runbook = runbook;
	struct scenario *kept_scenario = scenario;
	cJSON *line;

	assert_int_equal(
		load_texts("relight: 1\nname: small\ntargets:\n"
			   "  lost: {role: source, kubernetes: {context: a}}\n"
			   "  fenced: {role: source, kubernetes: {context: b, uid: 0b1c}}\n"
			   "  made: {created_by: make, kubernetes: {context: c}}\n"
			   "  found: {created_by: skipped, kubernetes: {context: d}}\n"
			   "steps:\n"
			   "  - {id: fence, target: fenced, run: {command: [x]}}\n"
			   "  - {id: make, run: {command: [x]}}\n"
			   "  - {id: skipped, run: {command: [x]}}\n",
			"scenario: 1\nname: drill\n"),
		0);
	begin(&t, (struct probe_options){0}, true);
	open_session(&t);
	line = next_line(&t, "type", "target", PATIENCE_MS);
	assert_text(line, "target", "fenced");
	assert_string_equal(json_path_text(line, "fingerprint.uid"), "0b1c");
	cJSON_Delete(line);
	record(&t, EVENT_STEP_SKIPPED, 2, "skipped", "{\"why\":\"it is there\"}", 0);
	line = next_line(&t, "type", "target", PATIENCE_MS);
	assert_text(line, "target", "found");
	cJSON_Delete(line);
	record(&t, EVENT_STEP_RESULT, 5, "make", "{\"outcome\":\"success\"}", 1);
	line = next_line(&t, "type", "target", PATIENCE_MS);
	assert_text(line, "target", "made");
	cJSON_Delete(line);
	assert_null(next_line(&t, "type", "target", 200));
	assert_int_equal(finish(&t), 0);
	unload(state);
	runbook = kept_runbook;
	scenario = kept_scenario;
}

static void test_answers(void **state)
{
	struct sensor_under_test t;
	cJSON *line;

	(void)state;
	begin(&t, (struct probe_options){0}, true);
	open_session(&t);
	cJSON_Delete(wait_status(&t, "given", "healthy"));
	tell(&t, "{\"ask\":\"inputs.backup\",\"token\":1}\n{\"ask\":\"inputs.token\",\"token\":2}\n"
		 "{\"ask\":\"restore_points.db\",\"token\":3}\n{\"ask\":\"restore_points.x\","
		 "\"token\":4}\n");
	line = next_line(&t, "type", "answer", PATIENCE_MS);
	assert_int_equal(json_int(line, "token", 0), 1);
	assert_text(cJSON_GetArrayItem(json_get(line, "value"), 0), "value", "nightly");
	cJSON_Delete(line);
	line = next_line(&t, "type", "answer", PATIENCE_MS);
	assert_true(cJSON_IsNull(json_get(line, "value")));
	cJSON_Delete(line);
	line = next_line(&t, "type", "answer", PATIENCE_MS);
	double age_s = -second_of(json_get(line, "value"), "at");
	assert_true(age_s >= 180 && age_s < 600);
	cJSON_Delete(line);
	line = next_line(&t, "type", "answer", PATIENCE_MS);
	assert_true(cJSON_IsNull(json_get(line, "value")));
	cJSON_Delete(line);
	assert_int_equal(finish(&t), 0);
}

static void test_ends_on_a_signal(void **state)
{
	struct sensor_under_test t;

	(void)state;
	begin(&t, (struct probe_options){0}, true);
	open_session(&t);
	cJSON_Delete(wait_status(&t, "given", "healthy"));
	kill(t.pid, SIGTERM);
	assert_null(next_line(&t, "type", "nothing", PATIENCE_MS));
	assert_int_equal(finish(&t), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_waits_for_configuration_and_session),
		cmocka_unit_test(test_follows_the_timeline),
		cmocka_unit_test(test_keeps_the_rhythm),
		cmocka_unit_test(test_rechecks),
		cmocka_unit_test(test_meets_the_target_once_it_is_made),
		cmocka_unit_test(test_meets_targets_that_no_check_asks),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_ends_on_a_signal),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
