// SPDX-License-Identifier: Apache-2.0
//
// Random incidents on the cockpit's own engine: real deciding, recording, writing and folding. Only
// the clock, the sensor and the launcher are played, so that a seed gives the same incident again.
// Whoever reads the timeline must know exactly what the cockpit knew.
//
// RELIGHT_INCIDENTS says how many, RELIGHT_SEED which is the first.
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine.h"
#include "history.h"
#include "relight/clock.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"

#define INCIDENTS  24
#define TURNS_MOST 120
#define STEPS_MOST 32
#define ASKED_MOST 16
#define OPENED_US  1783047600000000LL // 2026-07-03T03:00:00Z

static const char runbook_text[] =
	"relight: 1\n"
	"name: drawn\n"
	"title: Whatever happens\n"
	"objectives: {rpo: 15m, rto: 60m, mtd: 4h}\n"
	"functions:\n"
	"- {id: f, title: F, rpo: 15m, rto: 60m, mtd: 4h, journey: [there]}\n"
	"- {id: g, title: G, journey: [here, there]}\n"
	"inputs:\n"
	"  backup: {ask: 'Which?', pattern: '[a-z0-9-]+'}\n"
	"  token: {ask: Token, secret: true}\n"
	"  size: {ask: Size, choices: [small, large]}\n"
	"  arn: {ask: Arn}\n"
	"targets:\n"
	"  old: {role: source, kubernetes: {context: a}}\n"
	"  new: {role: recovery, created_by: make, kubernetes: {context: b}}\n"
	"  host: {role: shared, ssh: {host: h.example.com, user: x}}\n"
	"state: [{id: pg, category: persistent-data, source_of_truth: RDS}]\n"
	"restore_points:\n"
	"- {id: p, title: P, of: pg, at: {command: [c], jq: .t}}\n"
	"preconditions: [the account can be reached]\n"
	"dependencies:\n"
	"- {id: root, check: {command: [c]}, every: 1s, timeout: 1s, proves: L1}\n"
	"- {id: there, layer: journey, follows: [root], check: {command: [c]}, every: 2s, stable: "
	"3s, proves: L4}\n"
	"- {id: here, layer: journey, follows: [root], check: {command: [c]}, every: 1s, stable: "
	"0s}\n"
	"- {id: word, check: {manual: 'Is it?'}}\n"
	"steps:\n"
	"- {id: make, run: {command: [x, '${input.backup}']}, restores: [root], takes: 1m, "
	"timeout: 2m, settle: 20s, sets: {arn: {jq: .arn}}, rollback: {command: [y]}}\n"
	"- {id: load, needs: [], run: {shell: 'echo $RELIGHT_INPUT_TOKEN'}, retries: 2, takes: "
	"5s}\n"
	"- {id: drop, needs: [], run: {command: [z]}, destructive: true, confirm: yes-do, "
	"again: never, takes: 5s}\n"
	"- {id: on-new, needs: [make], target: new, requires: [here], run: {command: [k]}, "
	"restores: [here, there], settle: 30s}\n"
	"- {id: which, needs: [], decide: {question: 'Which?', options: [{id: o, say: O}, {id: q, "
	"say: Q}]}}\n"
	"- {id: chosen, when: {decision: which, is: o}, manual: Do it, sets: [size]}\n"
	"- {id: left, when: {decision: which, is: q}, manual: Do that}\n"
	"- {id: wait, needs: [], restores: [there]}\n"
	"- {id: drilled, needs: [], modes: [drill], run: {command: [d]}}\n"
	"- {id: each, needs: [], each: [one, two], run: {command: ['${each}']}}\n"
	"- {id: undo, manual: Undo}\n"
	"abort: {criteria: [too bad], when_unhealthy: [{dependency: there, after: load, for: 5m}], "
	"steps: [undo]}\n";

static const char scenario_text[] = "scenario: 1\n"
				    "name: drawn\n"
				    "runbook: drawn.yaml\n"
				    "seed: 7\n"
				    "start: {root: unknown, there: missing}\n";

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

// --- chance ----------------------------------------------------------------------------------------------------------

static uint64_t chance;

// splitmix64
static uint64_t draw(void)
{
	uint64_t z = (chance += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static int below(int limit)
{
	return (int)(draw() % (uint64_t)limit);
}

static bool once_in(int times)
{
	return below(times) == 0;
}

static const char *one_of(const char *const texts[], int count)
{
	return texts[below(count)];
}

#define ONE_OF(...)                                                                                \
	one_of((const char *const[]){__VA_ARGS__},                                                 \
		(int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

// Valid until the next call; now and then larger than a line may be, and no UTF-8.
static const char *some_text(void)
{
	static char text[100000];
	size_t length = once_in(25) ? (size_t)below(sizeof text - 1) : (size_t)below(60);

	for (size_t i = 0; i < length; i++)
		text[i] = (char)(once_in(8) ? 1 + below(255) : 'a' + below(26));
	text[length] = '\0';
	return once_in(3) ? ONE_OF("x", "o", "backup-1", "because", "\xe2\x80\xae turned \x1b[2J",
				    "Bearer eyJhbGciOiJub25lIn0.e30.x", " ")
			  : text;
}

// --- an incident -----------------------------------------------------------------------------------------------------

// An attempt, as the launcher and its actuator know it.
struct job {
	int attempt; // 0: none
	bool is_performed;
	int64_t ends_us;
	const char *state, *outcome;
};

struct drawn {
	uint64_t seed;
	char directory[64];
	enum event_mode mode;
	struct engine engine;
	int launcher_fd; // our end
	struct buf heard;
	struct job jobs[STEPS_MOST];
	int boots, sessions;
	int64_t events; // of all incidents
	int64_t kinds[EVENT_KIND_COUNT];
};

static struct runbook *load(void)
{
	struct diags diags = {.file = "drawn.yaml"};
	struct runbook *runbook =
		runbook_load(runbook_text, sizeof runbook_text - 1, "/base", &diags);

	if (!runbook)
		fail_msg("drawn.yaml: line %d: %s", diags.items[0].line, diags.items[0].message);
	diags_fini(&diags);
	assert_true(runbook->step_count <= STEPS_MOST);
	return runbook;
}

static struct engine_setup setup_of(const struct drawn *of)
{
	struct engine_setup setup = {
		.executable = "/bin/true", .runbook = load(), .mode = of->mode, .speed = 1};

	setup.person = memory_copy_text("ana");
	setup.directory = memory_copy_text(of->directory);
	setup.inputs = memory_zeroed(setup.runbook->input_count + 1, sizeof *setup.inputs);
	setup.input_from = memory_zeroed(setup.runbook->input_count + 1, sizeof *setup.input_from);
	buf_text(&setup.runbook_text, runbook_text);
	if (of->mode == EVENT_REHEARSAL) {
		struct diags diags = {.file = "scenario.yaml"};

		setup.speed = 1 + below(5);
		setup.scenario = scenario_load(
			scenario_text, sizeof scenario_text - 1, setup.runbook, &diags);
		assert_non_null(setup.scenario);
		diags_fini(&diags);
		buf_text(&setup.scenario_text, scenario_text);
	}
	return setup;
}

static void turn_loop(struct drawn *of)
{
	engine_wake(&of->engine);
	for (int i = 0; i < 4; i++)
		uv_run(&of->engine.loop, UV_RUN_NOWAIT);
}

static void count_event(void *context, const struct event *event)
{
	struct drawn *of = context;

	of->events++;
	if (event->kind < EVENT_KIND_COUNT)
		of->kinds[event->kind]++;
}

static void nothing(void *context)
{
	(void)context;
}

static void begin_session(struct drawn *of)
{
	struct launcher launcher = {.pid = -1};
	struct engine_setup setup = setup_of(of);
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
	launcher.fd = ends[0];
	of->launcher_fd = ends[1];
	buf_clear(&of->heard);
	engine_init(&of->engine, &setup, &launcher);
	of->engine.front =
		(struct engine_front){.context = of, .on_turn = nothing, .on_closed = nothing};
	of->engine.is_watched = true;
	of->sessions++;
}

static void start(struct drawn *of)
{
	struct err err = {0};

	of->engine.front.on_event = count_event;
	if (!engine_start(&of->engine, &err))
		fail_msg("seed %llu: %s", (unsigned long long)of->seed, err.message);
	turn_loop(of);
}

static void open_incident(struct drawn *of)
{
	struct err err = {0};

	begin_session(of);
	if (!engine_prepare(&of->engine, &err))
		fail_msg("seed %llu: %s", (unsigned long long)of->seed, err.message);
	engine_begin(&of->engine);
	start(of);
}

static void resume(struct drawn *of)
{
	struct err err = {0};

	begin_session(of);
	if (!engine_resume(&of->engine, of->directory, NULL, &err))
		fail_msg("seed %llu: %s", (unsigned long long)of->seed, err.message);
	start(of);
}

static void end_session(struct drawn *of)
{
	engine_fini(&of->engine, "drawn");
	close(of->launcher_fd);
}

// --- the launcher ----------------------------------------------------------------------------------------------------

static void answer(struct drawn *of, int step, cJSON *about)
{
	cJSON *message = json_object();
	struct buf line = {0};

	json_add_text(about, "step", of->engine.runbook->steps[step].id);
	json_add_int(about, "attempt", of->jobs[step].attempt);
	json_add(message, "attempt", about);
	json_write(&line, message);
	buf_byte(&line, '\n');
	assert_true(file_write(of->launcher_fd, line.data, line.length, NULL));
	cJSON_Delete(message);
	buf_fini(&line);
}

static cJSON *result_of(const struct job *job)
{
	cJSON *result = json_object(), *output = json_object();

	json_add_text(result, "outcome", job->outcome);
	if (strcmp(job->outcome, "failed") == 0)
		json_add_int(result, "exit", 1 + below(3));
	json_add_int(result, "duration_ms", below(100000));
	json_add_int(output, "bytes", below(1000));
	json_add_text(output, "sha256",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	json_add(result, "output", output);
	if (once_in(2))
		json_add_text(result, "why", some_text());
	if (once_in(3))
		json_add_text(result, "tail", some_text());
	if (once_in(4)) {
		cJSON *sets = json_object();

		json_add_text(sets, "arn", some_text());
		json_add(result, "sets", sets);
	}
	return result;
}

static void tell_state(struct drawn *of, int step)
{
	struct job *job = &of->jobs[step];
	cJSON *about = json_object();
	bool is_over = job->is_performed && mono_us >= job->ends_us;

	json_add_text(about, "state", is_over ? job->state : "running");
	if (is_over && strcmp(job->state, "unknown") != 0)
		json_add(about, "result", result_of(job));
	else if (!is_over && once_in(2))
		json_add_int(about, "pid", 100 + below(1000));
	answer(of, step, about);
}

static void perform(struct job *job)
{
	job->is_performed = true;
	job->ends_us = mono_us + below(150) * US_PER_S;
	job->state = once_in(12) ? "unknown" : "finished";
	job->outcome = ONE_OF(
		"success", "success", "success", "failed", "failed", "timeout", "never-started");
	if (strcmp(job->outcome, "never-started") == 0)
		job->state = "never-started";
}

static void take_order(struct drawn *of, const char *word, const cJSON *body)
{
	int step = runbook_step(of->engine.runbook, json_text(body, "step"));
	struct job *job = &of->jobs[step];

	if (strcmp(word, "launch") == 0) {
		*job = (struct job){.attempt = (int)json_int(body, "attempt", 0)};
		tell_state(of, step);
	} else if (strcmp(word, "perform") == 0) {
		perform(job);
	} else if (strcmp(word, "cancel") == 0) {
		job->ends_us = mono_us + US_PER_S;
		job->outcome = "cancelled";
		job->state = "finished";
		job->is_performed = true;
	} else if (strcmp(word, "look") == 0) {
		// One whose launch never came through says so.
		if (!job->is_performed && once_in(2)) {
			perform(job);
			job->ends_us = mono_us;
		}
		job->attempt = (int)json_int(body, "attempt", 0);
		tell_state(of, step);
	}
}

static void serve_launcher(struct drawn *of)
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
		take_order(of, message->child->string, message->child);
		cJSON_Delete(message);
		buf_drop(&of->heard, length + 1);
	}
}

// --- what the sensor says ----------------------------------------------------------------------------------------------

static void say(struct drawn *of, cJSON *line)
{
	of->engine.sensor->config.on_line(of->engine.sensor->config.context, line);
	cJSON_Delete(line);
}

static void observe(struct drawn *of, const char *dependency, int64_t token)
{
	cJSON *line = json_object();
	char ts[WALL_TEXT_BYTES];

	wall_format(engine_now(&of->engine).wall, ts);
	json_add_text(line, "type", "observation");
	json_add_text(line, "dependency", dependency);
	json_add_text(line, "ts", ts);
	json_add_text(line, "status",
		ONE_OF("healthy", "healthy", "healthy", "healthy", "degraded", "missing",
			"progressing", "unknown", "suspended"));
	json_add_text(line, "message", once_in(4) ? some_text() : "as seen");
	json_add_text(line, "check", "command");
	if (token)
		json_add_int(line, "token", token);
	say(of, line);
}

static void observe_one(struct drawn *of)
{
	const struct runbook *runbook = of->engine.runbook;

	observe(of, runbook->dependencies[below((int)runbook->dependency_count)].id, 0);
}

static void answer_rechecks(struct drawn *of)
{
	struct sensor *sensor = of->engine.sensor;
	int count = sensor->asked_count;

	sensor->asked_count = 0;
	for (int i = 0; i < count; i++) {
		if (!once_in(5))
			observe(of, sensor->asked[i].dependency, sensor->asked[i].token);
		free(sensor->asked[i].dependency);
	}
}

static void meet_target(struct drawn *of)
{
	cJSON *line = json_object(), *fingerprint = json_object();

	json_add_text(line, "type", "target");
	json_add_text(line, "target", ONE_OF("old", "new", "host", "nobody"));
	json_add_text(line, "endpoint", ONE_OF("https://a", "https://b"));
	json_add_text(fingerprint, "uid", ONE_OF("u-1", "u-1", "u-2", "u-3"));
	if (once_in(2))
		json_add_text(fingerprint, "ca_sha256", ONE_OF("00", "00", "11"));
	json_add(line, "fingerprint", fingerprint);
	say(of, line);
}

static void lose_sensor(struct drawn *of)
{
	struct sensor_config *config = &of->engine.sensor->config;

	config->on_state(config->context, of->engine.sensed->is_up ? false : true, some_text());
}

// --- what the person wants -----------------------------------------------------------------------------------------------

static struct wall some_time(const struct drawn *of)
{
	struct wall now = engine_now(&of->engine).wall;

	return once_in(3) ? WALL_NONE : (struct wall){now.us + (below(7200) - 5400) * US_PER_S};
}

static int some_index(size_t count)
{
	return count && !once_in(20) ? below((int)count) : -1;
}

// An intent that can be carried out now, about a step, where there is one among some that are
// tried.
static enum intent_kind some_allowed(const struct drawn *of, int *step)
{
	struct facts facts = engine_facts(&of->engine);

	for (int i = 0; i < 20; i++) {
		enum intent_kind kind =
			once_in(3) ? INTENT_START : (enum intent_kind)(1 + below(INTENT_KINDS - 1));
		*step = below((int)of->engine.runbook->step_count);
		bool is_end = kind == INTENT_ABORT || kind == INTENT_CLOSE;

		if (kind == INTENT_CONTINUE_UNRECORDED || (is_end && !once_in(30)))
			continue;
		if (intent_table[kind].needs != 's' || decide_allows(&facts, kind, *step, NULL))
			return kind;
	}
	return INTENT_NOTE;
}

static void want_something(struct drawn *of)
{
	static const char *const argv[] = {"instead", "of it", NULL};
	const struct runbook *runbook = of->engine.runbook;
	int step = -1;
	struct intent intent = intent_of(some_allowed(of, &step));
	struct facts facts = engine_facts(&of->engine);
	struct buf typed = {0};
	char *text = memory_copy_text(once_in(2) ? "because" : some_text());

	intent.step = step;
	intent.dependency = some_index(runbook->dependency_count);
	intent.input = some_index(runbook->input_count);
	intent.target = some_index(runbook->target_count);
	intent.restore_point = some_index(runbook->restore_point_count);
	intent.open_line = some_index(of->engine.state->open_line_count);
	intent.of =
		of->engine.state->waiver_count
			? of->engine.state->waivers[below((int)of->engine.state->waiver_count)].seq
			: -1;
	if (intent.kind == INTENT_REPIN)
		intent.of = -1;
	intent.text = text;
	intent.choice = ONE_OF("o", "q", "small", "healthy", "degraded", "observation", "decision",
		"scribe", "other");
	intent.remains = once_in(3) ? "2 left" : NULL;
	intent.edge = once_in(4) ? "make" : NULL;
	intent.argv = argv;
	intent.at = some_time(of);
	intent.until = some_time(of);
	intent.detected_at = some_time(of);
	intent.extend_ms = below(600) * MS_PER_S;
	intent.by = once_in(5) ? "mei" : NULL;
	if (decide_typed_name(&facts, step, &typed))
		intent.typed = buf_str(&typed);
	else
		intent.typed = runbook->steps[step].id;
	engine_want(&of->engine, &intent, &(struct err){0});
	buf_fini(&typed);
	free(text);
}

static void arm(struct drawn *of)
{
	struct intent intent = intent_of(INTENT_ARM);

	engine_want(&of->engine, &intent, &(struct err){0});
}

// --- whether it is the same ----------------------------------------------------------------------------------------------

static char *dump(const struct state *state)
{
	struct buf text = {0};
	cJSON *value = state_dump(state);

	json_write(&text, value);
	cJSON_Delete(value);
	return buf_take(&text);
}

static void same(const struct drawn *of, const char *live, const struct state *read, const char *by)
{
	char *text = dump(read);
	size_t at = 0;

	while (live[at] && live[at] == text[at])
		at++;
	if (live[at] || text[at]) {
		at = at > 300 ? at - 300 : 0;
		fail_msg("seed %llu, event %lld: %s knows something else than the cockpit:\n"
			 "cockpit … %.600s …\nread    … %.600s …",
			(unsigned long long)of->seed, (long long)read->events, by, live + at,
			text + at);
	}
	free(text);
}

static void compare_watch(struct drawn *of, const char *live)
{
	struct engine *watch = memory_zeroed(1, sizeof *watch);
	struct engine_setup setup = setup_of(of);
	struct err err = {0};

	engine_init(watch, &setup, NULL);
	if (!engine_follow(watch, of->directory, &err))
		fail_msg("seed %llu: %s", (unsigned long long)of->seed, err.message);
	same(of, live, watch->state, "watch");
	engine_fini(watch, NULL);
	free(watch);
}

static void compare(struct drawn *of)
{
	struct history history;
	struct err err = {0};

	assert_true(timeline_drain(of->engine.record.timeline, &err));

	char *live = dump(of->engine.state);

	compare_watch(of, live);
	if (!history_open(&history, of->directory, &err) || history.problem_count)
		fail_msg("seed %llu: %s %s", (unsigned long long)of->seed, err.message,
			history.problem_count ? history.problems[0] : "");
	same(of, live, history.state, "report");
	history_fini(&history);
	free(live);
}

// --- what happens --------------------------------------------------------------------------------------------------------

static void settle(struct drawn *of)
{
	struct err err = {0};

	turn_loop(of);
	serve_launcher(of);
	turn_loop(of);
	if (!timeline_drain(of->engine.record.timeline, &err))
		fail_msg("seed %llu: %s", (unsigned long long)of->seed, err.message);
}

// Nothing may be on its way to the disk meanwhile: it would be a disk that hangs.
static void let_time_pass(struct drawn *of)
{
	settle(of);
	int64_t us = once_in(4) ? below(120) * US_PER_S : below(2000) * US_PER_MS;

	wall_us += us;
	mono_us += us;
	if (once_in(60)) // somebody sets the clock
		wall_us += (below(7200) - 3600) * US_PER_S;
}

// From here on the record is of another boot of the machine: its clock begins anew.
static void reboot(struct drawn *of)
{
	snprintf(of->engine.record.boot, sizeof of->engine.record.boot,
		"00000000-0000-4000-8000-%012d", ++of->boots);
	mono_us = below(500) * US_PER_S;
}

// The cockpit is killed: what it wrote last is not there, or in part.
static void lose_end(const struct drawn *of)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof path, "%s/timeline.jsonl", of->directory);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(truncate(path, status.st_size - 1 - below(300)), 0);
}

static void change_session(struct drawn *of)
{
	compare(of);
	end_session(of);
	wall_us += below(100) * US_PER_S;
	mono_us += below(100) * US_PER_S;
	if (once_in(2))
		lose_end(of);
	resume(of);
	compare(of);
	if (once_in(3) && of->mode != EVENT_REHEARSAL)
		reboot(of);
}

static void happen(struct drawn *of)
{
	let_time_pass(of);
	if (!of->engine.state->is_armed && once_in(3))
		arm(of);
	if (!once_in(3))
		observe_one(of);
	if (once_in(8))
		meet_target(of);
	if (once_in(50))
		lose_sensor(of);
	answer_rechecks(of);
	if (once_in(2))
		want_something(of);
	settle(of);
	settle(of);
}

static void play(struct drawn *of, uint64_t seed)
{
	static const enum event_mode modes[] = {
		EVENT_LIVE, EVENT_LIVE, EVENT_DRILL, EVENT_REHEARSAL};
	char command[96];

	chance = of->seed = seed;
	wall_us = OPENED_US;
	mono_us = 1000 * US_PER_S;
	memset(of->jobs, 0, sizeof of->jobs);
	strcpy(of->directory, "/tmp/relight-fold-XXXXXX");
	assert_non_null(mkdtemp(of->directory));
	of->mode = modes[below(4)];
	open_incident(of);
	arm(of);
	for (int turns = 20 + below(TURNS_MOST); turns > 0; turns--) {
		happen(of);
		if (once_in(60))
			change_session(of);
	}
	compare(of);
	end_session(of);
	snprintf(command, sizeof command, "rm -rf '%s'", of->directory);
	assert_int_equal(system(command), 0);
}

static long asked_for(const char *name, long otherwise)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 10) : otherwise;
}

static void test_whoever_reads_it_knows_what_the_cockpit_knew(void **unused)
{
	struct drawn *of = memory_zeroed(1, sizeof *of);
	long incidents = asked_for("RELIGHT_INCIDENTS", INCIDENTS);
	long first = asked_for("RELIGHT_SEED", 1);
	int kinds = 0;

	(void)unused;
	unsetenv("XDG_RUNTIME_DIR");
	for (long i = 0; i < incidents; i++)
		play(of, (uint64_t)(first + i));
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		kinds += of->kinds[kind] > 0;
		if (getenv("RELIGHT_INCIDENTS"))
			print_message("%8lld %s\n", (long long)of->kinds[kind],
				event_kind_word((enum event_kind)kind));
	}
	print_message("%ld incidents from seed %ld: %d sessions, %lld events of %d kinds\n",
		incidents, first, of->sessions, (long long)of->events, kinds);
	assert_true(incidents < INCIDENTS || kinds > 35);
	buf_fini(&of->heard);
	free(of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whoever_reads_it_knows_what_the_cockpit_knew),
	};

	return cmocka_run_group_tests_name("engine_fold", tests, NULL, NULL);
}
