// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/json.h"
#include "relight/scenario.h"

#define S        US_PER_S
#define SCENARIO "scenario: 1\nname: drill\n"

static const char runbook_text[] =
	"relight: 1\n"
	"name: small\n"
	"inputs: {backup: {ask: which, pattern: 'nightly-[0-9]+'}, token: {ask: token, secret: "
	"true}}\n"
	"dependencies:\n"
	"  - {id: api, check: {tcp: {host: h, port: 1}}}\n"
	"  - {id: database, check: {tcp: {host: h, port: 2}}}\n"
	"  - {id: queue, check: {tcp: {host: h, port: 3}}}\n"
	"  - {id: steady, check: {tcp: {host: h, port: 4}}}\n"
	"  - {id: given, check: {tcp: {host: h, port: 5}}}\n"
	"  - {id: asked, check: {manual: 'is it?'}}\n"
	"steps:\n"
	"  - {id: choose, decide: {question: q, options: [{id: a, say: A}, {id: b, say: B}]}}\n"
	"  - {id: build, takes: 4m, run: {command: [x]}, restores: [api]}\n"
	"  - {id: fill, takes: 1m, run: {command: [x]}, restores: [database]}\n"
	"  - {id: index, takes: 1m, run: {command: [x]}, restores: [database]}\n"
	"  - {id: tell, manual: tell them, restores: [queue]}\n"
	"  - {id: hold, restores: [steady, queue]}\n"
	"  - {id: part, each: [one, two], run: {command: [x, '${each}']}}\n"
	"  - {id: undo, needs: [], run: {command: [x]}, restores: [api]}\n"
	"abort: {steps: [undo]}\n";

static struct runbook *runbook;

static int load_runbook(void **state)
{
	struct diags diags = {.file = "small.yaml"};

	(void)state;
	runbook = runbook_load(runbook_text, strlen(runbook_text), ".", &diags);
	if (!runbook) {
		struct buf out = {0};
		diags_print(&diags, &out);
		fputs(buf_str(&out), stderr);
		buf_fini(&out);
	}
	diags_fini(&diags);
	return runbook ? 0 : -1;
}

static int free_runbook(void **state)
{
	(void)state;
	runbook_free(runbook);
	return 0;
}

static struct scenario *loaded(const char *text)
{
	struct diags diags = {.file = "drill.yaml"};
	struct scenario *scenario = scenario_load(text, strlen(text), runbook, &diags);

	if (!scenario)
		fail_msg("refused: %s", diags.count ? diags.items[0].message : "without a word");
	diags_fini(&diags);
	return scenario;
}

// The text is refused for exactly one reason: that code at that place.
static void assert_refused(const char *text, const char *code, int line, int column)
{
	struct diags diags = {.file = "drill.yaml"};
	struct scenario *scenario = scenario_load(text, strlen(text), runbook, &diags);

	if (scenario)
		fail_msg("accepted: %s", text);
	if (diags.errors != 1 || strcmp(diags.items[0].code, code) != 0 ||
		diags.items[0].line != line || diags.items[0].column != column)
		fail_msg("%s: %zu errors, first %s at %d:%d (%s)", text, diags.errors,
			diags.items[0].code, diags.items[0].line, diags.items[0].column,
			diags.items[0].message);
	diags_fini(&diags);
}

// --- loading -------------------------------------------------------------------------------------

static void test_loads_everything(void **state)
{
	struct scenario *scenario = loaded(SCENARIO
		"title: A drill\nrunbook: ../small.yaml\nanswers: a.yaml\nseed: 7\n"
		"inputs: {backup: nightly-1, token: 12}\n"
		"start: {api: {status: unknown, message: refused}, database: missing}\n"
		"heals_after: 8s\n"
		"steps:\n  build: {attempts: [{takes: 40s, exit: 1, output: no}, {takes: 1m}]}\n"
		"events:\n"
		"  - {at: 5m, set: {queue: {status: degraded, message: lag 40k}}}\n"
		"  - {after: fill, in: 20s, set: {queue: degraded, api: healthy}}\n"
		"injects:\n"
		"  - {id: expired, title: T, set: {api: unknown}, until: 3m, hint: who, good: "
		"yes}\n"
		"  - {id: regulator, say: How many?, to: communications}\n");

	(void)state;
	assert_string_equal(scenario->name, "drill");
	assert_string_equal(scenario->title, "A drill");
	assert_string_equal(scenario->runbook_path, "../small.yaml");
	assert_string_equal(scenario->answers_path, "a.yaml");
	assert_int_equal(scenario->seed, 7);
	assert_string_equal(scenario->inputs[runbook_input(runbook, "backup")], "nightly-1");
	assert_string_equal(scenario->inputs[runbook_input(runbook, "token")], "12");
	assert_int_equal(
		scenario->start[runbook_dependency(runbook, "api")].status, STATUS_UNKNOWN);
	assert_string_equal(scenario->start[runbook_dependency(runbook, "api")].message, "refused");
	assert_int_equal(
		scenario->start[runbook_dependency(runbook, "database")].status, STATUS_MISSING);
	assert_int_equal(
		scenario->start[runbook_dependency(runbook, "given")].status, STATUS_HEALTHY);
	assert_int_equal(scenario->heals_after_ms, 8000);
	assert_int_equal(scenario->event_count, 2);
	assert_int_equal(scenario->events[0].after.count, 0);
	assert_int_equal(scenario->events[0].delay_ms, 300000);
	assert_string_equal(scenario->events[0].set.items[0].message, "lag 40k");
	assert_int_equal(scenario->events[1].after.items[0], runbook_step(runbook, "fill"));
	assert_int_equal(scenario->events[1].delay_ms, 20000);
	assert_int_equal(scenario->events[1].set.count, 2);
	assert_int_equal(scenario->inject_count, 2);
	assert_int_equal(scenario->injects[0].until_ms, 180000);
	assert_string_equal(scenario->injects[0].good, "yes");
	assert_int_equal(scenario->injects[1].until_ms, ABSENT_MS);
	assert_string_equal(scenario->injects[1].to, "communications");
	scenario_free(scenario);
}

static void test_attempts(void **state)
{
	struct scenario *scenario = loaded(SCENARIO
		"steps:\n  build: {attempts: [{takes: 40s, exit: 3, output: no}, {output: ok}]}\n"
		"  part: {attempts: [{takes: 9s}]}\n");
	int build = runbook_step(runbook, "build"), fill = runbook_step(runbook, "fill");

	(void)state;
	assert_int_equal(scenario_attempt(scenario, build, 1, false).takes_ms, 40000);
	assert_int_equal(scenario_attempt(scenario, build, 1, false).exit, 3);
	assert_string_equal(scenario_attempt(scenario, build, 1, false).output, "no");
	// What an attempt leaves out is the runbook's `takes` and exit 0.
	assert_int_equal(scenario_attempt(scenario, build, 2, false).takes_ms, 240000);
	assert_int_equal(scenario_attempt(scenario, build, 2, false).exit, 0);
	// Beyond the list the last one repeats.
	assert_string_equal(scenario_attempt(scenario, build, 9, false).output, "ok");
	assert_int_equal(scenario_attempt(scenario, build, 1, true).exit, 0);
	assert_int_equal(scenario_attempt(scenario, fill, 1, false).takes_ms, 60000);
	assert_string_equal(scenario_attempt(scenario, fill, 1, false).output, "");
	// The name before `each` expanded it means all of them.
	assert_int_equal(
		scenario_attempt(scenario, runbook_step(runbook, "part-one"), 1, false).takes_ms,
		9000);
	assert_int_equal(
		scenario_attempt(scenario, runbook_step(runbook, "part-two"), 1, false).takes_ms,
		9000);
	scenario_free(scenario);
}

static void test_refuses(void **state)
{
	(void)state;
	assert_refused("name: drill\n", "missing-key", 1, 1);
	assert_refused("scenario: 2\nname: drill\n", "bad-number", 1, 11);
	assert_refused("scenario: 1\n", "missing-key", 1, 1);
	assert_refused("[]\n", "wrong-type", 1, 1);
	assert_refused(SCENARIO "strat: {}\n", "unknown-key", 3, 1);
	assert_refused(SCENARIO "heals_after: soon\n", "bad-duration", 3, 14);
	assert_refused(SCENARIO "inputs: {bakcup: x}\n", "unknown-input", 3, 10);
	assert_refused(SCENARIO "inputs: {backup: weekly-1}\n", "bad-input", 3, 18);
	assert_refused(SCENARIO "start: {apy: missing}\n", "unknown-dependency", 3, 9);
	assert_refused(SCENARIO "start: {api: mising}\n", "unknown-status", 3, 14);
	assert_refused(SCENARIO "start: {api: {message: m}}\n", "missing-key", 3, 14);
	assert_refused(SCENARIO "steps: {biuld: {attempts: [{}]}}\n", "unknown-step", 3, 9);
	assert_refused(SCENARIO "steps: {build: {}}\n", "no-attempts", 3, 9);
	assert_refused(SCENARIO "steps: {tell: {attempts: [{}]}}\n", "no-action", 3, 9);
	assert_refused(SCENARIO "steps: {build: {attempts: [{exit: 256}]}}\n", "bad-number", 3, 35);
	assert_refused(SCENARIO "steps: {part: {attempts: [{exit: -1}]}}\n", "bad-number", 3, 34);
	assert_refused(SCENARIO "events: [{at: 1m, after: fill, set: {api: missing}}]\n",
		"at-or-after", 3, 10);
	assert_refused(SCENARIO "events: [{set: {api: missing}}]\n", "at-or-after", 3, 10);
	assert_refused(
		SCENARIO "events: [{at: 1m, in: 1s, set: {api: missing}}]\n", "at-or-after", 3, 10);
	assert_refused(SCENARIO "events: [{at: 1m}]\n", "missing-key", 3, 10);
	assert_refused(SCENARIO "events: [{after: , set: {api: missing}}]\n", "missing-key", 3, 10);
	assert_refused(
		SCENARIO "events: [{after: [fill], set: {api: missing}}]\n", "wrong-type", 3, 18);
	assert_refused(SCENARIO "events: [x]\n", "wrong-type", 3, 10);
	assert_refused(SCENARIO "start: {api: }\n", "unknown-status", 3, 14);
	assert_refused(SCENARIO "start: {api: [healthy]}\n", "wrong-type", 3, 14);
	assert_refused(SCENARIO "inputs: {backup: }\n", "missing-key", 3, 9);
	assert_refused(
		SCENARIO "injects: [{id: a, say: x}, {id: a, say: y}]\n", "duplicate-id", 3, 28);
	assert_refused(SCENARIO "injects: [{id: a}]\n", "empty-inject", 3, 11);
	// Nobody could win: no step restores it, or only one that waits for it.
	assert_refused(SCENARIO "start: {given: unknown}\n", "never-heals", 3, 9);
	assert_refused(SCENARIO "start: {steady: unknown}\n", "never-heals", 3, 9);
}

static void test_suggests(void **state)
{
	struct diags diags = {.file = "drill.yaml"};
	const char *text = SCENARIO "start: {databse: missing}\nevents: [{after: biuld, set: {api: "
				    "healthy}}]\n";

	(void)state;
	assert_null(scenario_load(text, strlen(text), runbook, &diags));
	assert_int_equal(diags.errors, 2);
	assert_non_null(strstr(diags.items[0].suggestion, "database"));
	assert_non_null(strstr(diags.items[1].suggestion, "build"));
	diags_fini(&diags);
}

static void test_warns_of_events_that_nothing_heals(void **state)
{
	struct diags diags = {.file = "drill.yaml"};
	const char *text = SCENARIO "events: [{at: 1m, set: {given: missing}}, {at: 1m, set: {api: "
				    "missing}}]\n";
	struct scenario *scenario = scenario_load(text, strlen(text), runbook, &diags);

	(void)state;
	assert_non_null(scenario);
	assert_int_equal(diags.warnings, 1);
	assert_string_equal(diags.items[0].code, "never-heals");
	scenario_free(scenario);
	diags_fini(&diags);
}

static void test_runbook_path(void **state)
{
	struct diags diags = {.file = "drill.yaml"};
	const char *with = SCENARIO "runbook: ../x.yaml\n";
	char *path = scenario_runbook_path(with, strlen(with), &diags);

	(void)state;
	assert_string_equal(path, "../x.yaml");
	free(path);
	assert_null(scenario_runbook_path(SCENARIO, strlen(SCENARIO), &diags));
	assert_int_equal(diags.errors, 1);
	diags_fini(&diags);
}

// --- the world -----------------------------------------------------------------------------------

// An event at `s` simulated seconds; `data` is JSON.
static void happens(struct scenario_facts *facts, enum event_kind kind, int64_t s, const char *step,
	int attempt, const char *data)
{
	struct event *event = event_new(kind);

	event->ts = (struct wall){s * S};
	event->mono = (struct mono){s * S / 10};
	event->attempt = attempt;
	if (kind == EVENT_DEPENDENCY_CONFIRMED)
		event_set_dependency(event, step);
	else if (step)
		event_set_step(event, step);
	cJSON_Delete(event->data);
	event->data = json_parse(data, strlen(data), NULL);
	assert_non_null(event->data);
	scenario_facts_apply(facts, event);
	event_free(event);
}

static struct scenario_facts *opened(void)
{
	struct scenario_facts *facts = scenario_facts_new(runbook);

	happens(facts, EVENT_SESSION_OPEN, 1000, NULL, 0, "{\"speed\":10}");
	happens(facts, EVENT_INCIDENT_DECLARED, 1000, NULL, 0, "{}");
	return facts;
}

static void succeeds(struct scenario_facts *facts, const char *step, int64_t s)
{
	happens(facts, EVENT_STEP_RESULT, s, step, 1, "{\"outcome\":\"success\"}");
}

// "healthy ok" at `s` simulated seconds.
static void assert_seen(const struct scenario *scenario, const struct scenario_facts *facts,
	const char *dependency, int64_t s, const char *expected)
{
	struct scenario_seen seen[16];
	char words[128];
	int d = runbook_dependency(runbook, dependency);

	scenario_world(scenario, facts, (struct wall){s * S}, seen);
	snprintf(words, sizeof words, "%s %s", status_word(seen[d].status), seen[d].message);
	if (strcmp(words, expected) != 0)
		fail_msg("%s at %lld: %s, not %s", dependency, (long long)s, words, expected);
}

static void test_starts_broken_and_heals(void **state)
{
	struct scenario *scenario =
		loaded(SCENARIO "start: {api: {status: unknown, message: refused}, queue: "
				"degraded}\nheals_after: 8s\n");
	struct scenario_facts *facts = opened();

	(void)state;
	assert_seen(scenario, facts, "api", 1000, "unknown refused");
	assert_seen(scenario, facts, "given", 1000, "healthy ok");
	happens(facts, EVENT_STEP_RESULT, 1050, "build", 1, "{\"outcome\":\"failed\",\"exit\":1}");
	assert_seen(scenario, facts, "api", 1900, "unknown refused");
	succeeds(facts, "build", 1100);
	assert_seen(scenario, facts, "api", 1107, "unknown refused");
	assert_seen(scenario, facts, "api", 1108, "healthy ok");
	happens(facts, EVENT_STEP_CONFIRMED, 1200, "tell", 0, "{\"say\":\"told\"}");
	assert_seen(scenario, facts, "queue", 1207, "degraded not as expected");
	assert_seen(scenario, facts, "queue", 1208, "healthy ok");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_heals_only_when_all_have_succeeded(void **state)
{
	struct scenario *scenario =
		loaded(SCENARIO "start: {database: missing}\nheals_after: 8s\n");
	struct scenario_facts *facts = opened();

	(void)state;
	succeeds(facts, "fill", 1100);
	assert_seen(scenario, facts, "database", 2000, "missing not found");
	succeeds(facts, "index", 1200);
	assert_seen(scenario, facts, "database", 1207, "missing not found");
	assert_seen(scenario, facts, "database", 1208, "healthy ok");
	scenario_facts_free(facts);

	// One that was skipped does not count; one that is taken back does again.
	facts = opened();
	succeeds(facts, "fill", 1100);
	happens(facts, EVENT_STEP_SKIPPED, 1150, "index", 0, "{\"why\":\"x\"}");
	assert_seen(scenario, facts, "database", 1150, "healthy ok");
	happens(facts, EVENT_STEP_REOPENED, 1160, "index", 0, "{\"why\":\"x\"}");
	assert_seen(scenario, facts, "database", 1160, "missing not found");
	// All skipped: nobody has healed it.
	happens(facts, EVENT_STEP_SKIPPED, 1170, "index", 0, "{\"why\":\"x\"}");
	scenario_facts_free(facts);
	facts = opened();
	happens(facts, EVENT_STEP_SKIPPED, 1170, "index", 0, "{\"why\":\"x\"}");
	happens(facts, EVENT_STEP_OVERRIDDEN, 1170, "fill", 0, "{\"why\":\"x\"}");
	assert_seen(scenario, facts, "database", 3000, "missing not found");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_the_latest_change_wins(void **state)
{
	struct scenario *scenario = loaded(SCENARIO
		"start: {api: missing}\nheals_after: 8s\nevents:\n"
		"  - {after: build, in: 3s, set: {api: progressing}}\n"
		"  - {after: build, in: 8s, set: {api: {status: healthy, message: readyz}}}\n"
		"  - {at: 5m, set: {api: {status: degraded, message: first}}}\n"
		"  - {at: 5m, set: {api: {status: degraded, message: second}}}\n");
	struct scenario_facts *facts = opened();

	(void)state;
	succeeds(facts, "build", 1100);
	assert_seen(scenario, facts, "api", 1103, "progressing not ready yet");
	// At the same instant the event gives the words.
	assert_seen(scenario, facts, "api", 1108, "healthy readyz");
	assert_seen(scenario, facts, "api", 1299, "healthy readyz");
	assert_seen(scenario, facts, "api", 1300, "degraded second");
	// Running the step again heals it, in the words that were heard when it was healthy.
	succeeds(facts, "build", 1400);
	assert_seen(scenario, facts, "api", 1407, "degraded second");
	assert_seen(scenario, facts, "api", 1408, "healthy readyz");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_an_event_wins_over_healing_at_the_same_instant(void **state)
{
	struct scenario *scenario =
		loaded(SCENARIO "start: {api: missing}\nheals_after: 8s\n"
				"events: [{after: build, in: 8s, set: {api: suspended}}]\n");
	struct scenario_facts *facts = opened();

	(void)state;
	succeeds(facts, "build", 1100);
	assert_seen(scenario, facts, "api", 1107, "missing not found");
	assert_seen(scenario, facts, "api", 1200, "suspended suspended");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_events_happen_once(void **state)
{
	struct scenario *scenario = loaded(
		SCENARIO "heals_after: 1s\nevents: [{after: build, in: 60s, set: {api: degraded}}, "
			 "{after: part, in: 1s, set: {queue: degraded}}]\n");
	struct scenario_facts *facts = opened();

	(void)state;
	succeeds(facts, "build", 1100);
	assert_seen(scenario, facts, "api", 1160, "degraded not as expected");
	succeeds(facts, "build", 1200);
	assert_seen(scenario, facts, "api", 1201, "healthy ok");
	assert_seen(scenario, facts, "api", 1260, "healthy ok");
	succeeds(facts, "part-one", 1300);
	assert_seen(scenario, facts, "queue", 1400, "healthy ok");
	succeeds(facts, "part-two", 1400);
	assert_seen(scenario, facts, "queue", 1401, "degraded not as expected");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_rollback_undoes(void **state)
{
	struct scenario *scenario = loaded(SCENARIO "start: {api: missing}\nheals_after: 1s\n");
	struct scenario_facts *facts = opened();

	(void)state;
	succeeds(facts, "build", 1100);
	assert_seen(scenario, facts, "api", 1101, "healthy ok");
	happens(facts, EVENT_STEP_INTENT, 1200, "build", 2, "{\"role\":\"rollback\"}");
	happens(facts, EVENT_STEP_RESULT, 1210, "build", 2, "{\"outcome\":\"success\"}");
	assert_seen(scenario, facts, "api", 1300, "missing not found");
	happens(facts, EVENT_STEP_INTENT, 1310, "build", 3, "{\"role\":\"run\"}");
	happens(facts, EVENT_STEP_RESULT, 1320, "build", 3, "{\"outcome\":\"success\"}");
	assert_seen(scenario, facts, "api", 1321, "healthy ok");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_waits_and_decisions_are_followed(void **state)
{
	struct scenario *scenario =
		loaded(SCENARIO "start: {steady: missing}\nevents: [{after: choose, in: 5s, set: "
				"{steady: degraded}}, "
				"{after: tell, set: {steady: healthy}}, {after: hold, in: 2s, set: "
				"{given: suspended}}]\n");
	struct scenario_facts *facts = opened();

	(void)state;
	happens(facts, EVENT_DECISION, 1010, "choose", 0, "{\"chosen\":\"a\"}");
	assert_seen(scenario, facts, "steady", 1015, "degraded not as expected");
	happens(facts, EVENT_STEP_CONFIRMED, 1020, "tell", 0, "{\"say\":\"x\"}");
	assert_seen(scenario, facts, "steady", 1020, "healthy ok");
	happens(facts, EVENT_STEP_VERIFIED, 1030, "hold", 0, "{\"observations\":[]}");
	assert_seen(scenario, facts, "given", 1032, "suspended suspended");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_a_person_s_word(void **state)
{
	struct scenario *scenario = loaded(SCENARIO);
	struct scenario_facts *facts = opened();

	(void)state;
	assert_seen(scenario, facts, "asked", 1000, "unknown no answer");
	happens(facts, EVENT_DEPENDENCY_CONFIRMED, 1050, "asked", 0, "{\"status\":\"healthy\"}");
	assert_seen(scenario, facts, "asked", 1050, "healthy attested");
	// It changes nothing where the world itself is asked.
	happens(facts, EVENT_DEPENDENCY_CONFIRMED, 1050, "given", 0, "{\"status\":\"missing\"}");
	assert_seen(scenario, facts, "given", 1050, "healthy ok");
	happens(facts, EVENT_DEPENDENCY_CONFIRMED, 1050, "nobody", 0, "{\"status\":\"missing\"}");
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_next_change(void **state)
{
	struct scenario *scenario =
		loaded(SCENARIO "start: {api: missing}\nheals_after: 8s\nevents: [{at: 5m, set: "
				"{api: missing}}]\n");
	struct scenario_facts *facts = opened();
	struct scenario_seen seen[16];

	(void)state;
	assert_int_equal(
		scenario_world(scenario, facts, (struct wall){1000 * S}, seen).us, 1300 * S);
	succeeds(facts, "build", 1100);
	assert_int_equal(
		scenario_world(scenario, facts, (struct wall){1100 * S}, seen).us, 1108 * S);
	assert_int_equal(
		scenario_world(scenario, facts, (struct wall){1108 * S}, seen).us, 1300 * S);
	assert_false(wall_known(scenario_world(scenario, facts, (struct wall){1300 * S}, seen)));
	scenario_facts_free(facts);
	scenario_free(scenario);
}

static void test_simulated_time(void **state)
{
	struct scenario_facts *facts = scenario_facts_new(runbook);

	(void)state;
	assert_false(wall_known(scenario_now(facts, (struct mono){5 * S})));
	happens(facts, EVENT_SESSION_OPEN, 1000, NULL, 0, "{\"speed\":10}"); // real second 100
	assert_int_equal(scenario_now(facts, (struct mono){100 * S}).us, 1000 * S);
	assert_int_equal(scenario_now(facts, (struct mono){103 * S}).us, 1030 * S);
	assert_int_equal(scenario_now(facts, (struct mono){90 * S}).us, 1000 * S);
	happens(facts, EVENT_SESSION_ENDED, 1050, NULL, 0, "{}");
	assert_int_equal(scenario_now(facts, (struct mono){900 * S}).us, 1050 * S);
	happens(facts, EVENT_SESSION_RESUMED, 1050, NULL, 0, "{\"speed\":2}"); // real second 105
	assert_int_equal(scenario_now(facts, (struct mono){106 * S}).us, 1052 * S);
	// The clock of the disaster begins with the first declaration; a later one corrects other
	// times.
	happens(facts, EVENT_INCIDENT_DECLARED, 1053, NULL, 0, "{}");
	happens(facts, EVENT_INCIDENT_DECLARED, 1060, NULL, 0, "{}");
	assert_int_equal(facts->opened.us, 1053 * S);
	scenario_facts_free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loads_everything),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_suggests),
		cmocka_unit_test(test_warns_of_events_that_nothing_heals),
		cmocka_unit_test(test_runbook_path),
		cmocka_unit_test(test_starts_broken_and_heals),
		cmocka_unit_test(test_heals_only_when_all_have_succeeded),
		cmocka_unit_test(test_the_latest_change_wins),
		cmocka_unit_test(test_an_event_wins_over_healing_at_the_same_instant),
		cmocka_unit_test(test_events_happen_once),
		cmocka_unit_test(test_rollback_undoes),
		cmocka_unit_test(test_waits_and_decisions_are_followed),
		cmocka_unit_test(test_a_person_s_word),
		cmocka_unit_test(test_next_change),
		cmocka_unit_test(test_simulated_time),
	};
	return cmocka_run_group_tests(tests, load_runbook, free_runbook);
}
