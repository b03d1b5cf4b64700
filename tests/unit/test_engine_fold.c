// SPDX-License-Identifier: Apache-2.0
//
// Random incidents on the cockpit's own engine: real deciding, recording, writing and folding. Only
// the clock, the sensor and the launcher are played, so that a seed gives the same incident again.
// Whoever reads the timeline must know exactly what the cockpit knew.
//
// RELIGHT_INCIDENTS says how many, RELIGHT_SEED which is the first.
#include "engine_case.h"

#include <sys/stat.h>

#include "history.h"

#define INCIDENTS  24
#define TURNS_MOST 120
#define STEPS_MOST 32

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
	struct engine_case at; // first: what the case calls back with is this
	uint64_t seed;
	struct job jobs[STEPS_MOST];
	int boots, sessions;
	int64_t events; // of all incidents
	int64_t kinds[EVENT_KIND_COUNT];
};

static void count_event(void *context, const struct event *event)
{
	struct drawn *of = context;

	of->events++;
	if (event->kind < EVENT_KIND_COUNT)
		of->kinds[event->kind]++;
}

// --- the launcher ----------------------------------------------------------------------------------------------------

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
	case_answer(&of->at, step, job->attempt, about);
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

static void take_order(struct engine_case *at, const char *word, const cJSON *body)
{
	struct drawn *of = (struct drawn *)at;
	int step = runbook_step(at->engine.runbook, json_text(body, "step"));
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

// --- what the sensor says ----------------------------------------------------------------------------------------------

static void observe(struct drawn *of, const char *dependency, int64_t token)
{
	const char *status = ONE_OF("healthy", "healthy", "healthy", "healthy", "degraded",
		"missing", "progressing", "unknown", "suspended");

	case_observe(&of->at, dependency, status, once_in(4) ? some_text() : "as seen", token);
}

static void observe_one(struct drawn *of)
{
	const struct runbook *runbook = of->at.engine.runbook;

	observe(of, runbook->dependencies[below((int)runbook->dependency_count)].id, 0);
}

static void answer_rechecks(struct drawn *of)
{
	struct sensor *sensor = of->at.engine.sensor;
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
	case_say(&of->at, line);
}

static void lose_sensor(struct drawn *of)
{
	struct sensor_config *config = &of->at.engine.sensor->config;

	config->on_state(config->context, of->at.engine.sensed->is_up ? false : true, some_text());
}

// --- what the person wants -----------------------------------------------------------------------------------------------

static struct wall some_time(const struct drawn *of)
{
	struct wall now = engine_now(&of->at.engine).wall;

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
	struct facts facts = engine_facts(&of->at.engine);

	for (int i = 0; i < 20; i++) {
		enum intent_kind kind =
			once_in(3) ? INTENT_START : (enum intent_kind)(1 + below(INTENT_KINDS - 1));
		*step = below((int)of->at.engine.runbook->step_count);
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
	const struct runbook *runbook = of->at.engine.runbook;
	int step = -1;
	struct intent intent = intent_of(some_allowed(of, &step));
	struct facts facts = engine_facts(&of->at.engine);
	struct buf typed = {0};
	char *text = memory_copy_text(once_in(2) ? "because" : some_text());

	intent.step = step;
	intent.dependency = some_index(runbook->dependency_count);
	intent.input = some_index(runbook->input_count);
	intent.target = some_index(runbook->target_count);
	intent.restore_point = some_index(runbook->restore_point_count);
	intent.open_line = some_index(of->at.engine.state->open_line_count);
	intent.of = of->at.engine.state->waiver_count
			    ? of->at.engine.state
				      ->waivers[below((int)of->at.engine.state->waiver_count)]
				      .seq
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
	engine_want(&of->at.engine, &intent, &(struct err){0});
	buf_fini(&typed);
	free(text);
}

static void arm(struct drawn *of)
{
	struct intent intent = intent_of(INTENT_ARM);

	engine_want(&of->at.engine, &intent, &(struct err){0});
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
	struct engine_setup setup = case_setup(&of->at);
	struct err err = {0};

	engine_init(watch, &setup, NULL);
	if (!engine_follow(watch, of->at.directory, &err))
		fail_msg("seed %llu: %s", (unsigned long long)of->seed, err.message);
	same(of, live, watch->state, "watch");
	engine_fini(watch, NULL);
	free(watch);
}

static void compare(struct drawn *of)
{
	struct history history;
	struct err err = {0};

	assert_true(timeline_drain(of->at.engine.record.timeline, &err));

	char *live = dump(of->at.engine.state);

	compare_watch(of, live);
	if (!history_open(&history, of->at.directory, &err) || history.problem_count)
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

	case_turn(&of->at);
	case_orders(&of->at, take_order);
	case_turn(&of->at);
	if (!timeline_drain(of->at.engine.record.timeline, &err))
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
	snprintf(of->at.engine.record.boot, sizeof of->at.engine.record.boot,
		"00000000-0000-4000-8000-%012d", ++of->boots);
	mono_us = below(500) * US_PER_S;
}

// The cockpit is killed: what it wrote last is not there, or in part.
static void lose_end(const struct drawn *of)
{
	char path[128];
	struct stat status;

	snprintf(path, sizeof path, "%s/timeline.jsonl", of->at.directory);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(truncate(path, status.st_size - 1 - below(300)), 0);
}

static void change_session(struct drawn *of)
{
	compare(of);
	case_leave(&of->at);
	wall_us += below(100) * US_PER_S;
	mono_us += below(100) * US_PER_S;
	if (once_in(2))
		lose_end(of);
	case_resume(&of->at);
	of->sessions++;
	of->at.engine.front.on_event = count_event;
	compare(of);
	if (once_in(3) && of->at.mode != EVENT_REHEARSAL)
		reboot(of);
}

static void happen(struct drawn *of)
{
	let_time_pass(of);
	if (!of->at.engine.state->is_armed && once_in(3))
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

	chance = of->seed = seed;
	memset(of->jobs, 0, sizeof of->jobs);
	of->at.mode = modes[below(4)];
	of->at.scenario = of->at.mode == EVENT_REHEARSAL ? scenario_text : NULL;
	of->at.speed = of->at.scenario ? 1 + below(5) : 1;
	case_open(&of->at);
	of->sessions++;
	of->at.engine.front.on_event = count_event;
	arm(of);
	for (int turns = 20 + below(TURNS_MOST); turns > 0; turns--) {
		happen(of);
		if (once_in(60))
			change_session(of);
	}
	compare(of);
	case_leave(&of->at);
	case_remove(&of->at);
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
	of->at.runbook = runbook_text;
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
	free(of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whoever_reads_it_knows_what_the_cockpit_knew),
	};

	return cmocka_run_group_tests_name("engine_fold", tests, NULL, NULL);
}
