// SPDX-License-Identifier: Apache-2.0
#include "incident_case.h"

#include "relight/report.h"

static const char recovery[] =
	"title: Restore it\n"
	"objectives: {rpo: 15m, rto: 20m, mtd: 1h}\n"
	"functions: [{id: f, title: F, rto: 10m, journey: [proof]}]\n"
	"state:\n"
	"- {id: pg, category: persistent-data}\n"
	"- {id: kafka, category: persistent-data, replayable: true}\n"
	"restore_points:\n"
	"- {id: p, of: pg, at: {command: [x], jq: .t}}\n"
	"- {id: k, of: kafka, at: {command: [x], jq: .t}}\n"
	"dependencies:\n"
	"- {id: proof, check: {manual: q}, proves: L4}\n"
	"- {id: db, check: {manual: q}, proves: L2}\n"
	"steps:\n"
	"- {id: choose, decide: {question: q?, options: [{id: x, say: X}, {id: y, say: Y}]}}\n"
	"- {id: restore, run: {command: [x]}, restores: [db], takes: 5m, retries: 1}\n"
	"- {id: prove, manual: look, restores: [proof]}\n"
	"- {id: extra, manual: look}\n"
	"- {id: later, manual: look}\n"
	"- {id: undo, manual: look}\n"
	"abort: {steps: [undo]}\n";

static cJSON *report_with(const struct incident_case *of, size_t problem_count)
{
	static const char *const problems[] = {"line 7: was changed"};
	const struct report_source source = {
		.runbook = of->runbook,
		.plan = of->plan,
		.state = of->state,
		.has_runbook = true,
		.events = (const struct event *const *)of->events,
		.event_count = of->event_count,
		.head = "abc",
		.lines = (int64_t)of->event_count,
		.problems = problems,
		.problem_count = problem_count,
	};
	return report_json(&source);
}

static cJSON *report_of(const struct incident_case *of)
{
	return report_with(of, 0);
}

// A value of the report as JSON, by its path: "rto.actual_seconds", "steps.1.state".
static void assert_value(const cJSON *report, const char *path, const char *expected)
{
	struct buf text = {0};
	char *parts = memory_copy_text(path), *rest = NULL;
	const cJSON *at = report;
	for (char *part = strtok_r(parts, ".", &rest); part && at;
		part = strtok_r(NULL, ".", &rest))
		at = cJSON_IsArray(at) ? cJSON_GetArrayItem(at, atoi(part)) : json_get(at, part);
	if (!at)
		fail_msg("%s: not in the report", path);
	json_write(&text, at);
	if (strcmp(buf_str(&text), expected) != 0)
		fail_msg("%s: %s, not %s", path, buf_str(&text), expected);
	free(parts);
	buf_fini(&text);
}

static void assert_count(const cJSON *report, const char *list, int expected)
{
	assert_true(cJSON_IsArray(json_get(report, list)));
	assert_int_equal(cJSON_GetArraySize(json_get(report, list)), expected);
}

// Impact at 02:55, opened at 03:00, serving at 03:12, recovered.
static void tell_recovery(struct incident_case *of)
{
	case_begin(of, recovery);
	open_armed(of); // 0 to 3
	now_is(of, 60);
	tell(of, "ana", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-1','impact_at':'2026-07-03T02:55:00Z'}"); // 4
	tell(of, "relight", EVENT_DEPENDENCY_STATUS, "db",
		"{'from':'unknown','to':'missing','message':'gone','check':'command','expectation':"
		"'awaited'}");
	now_is(of, 120);
	tell(of, "mei", EVENT_DECISION, "choose",
		"{'question':'q?','options':['x','y'],'chosen':'x','why':'gone',"
		"'view':{'elapsed_s':300,'forecast_s':900,'unhealthy':[{'dependency':'db','status':"
		"'missing','age_s':4,'for_s':60}]}}");
	starts(of, "restore"); // 7
	now_is(of, 180);
	ends(of, "restore",
		"{'outcome':'failed','exit':1,'duration_ms':60000,'why':'denied'}"); // 8
	now_is(of, 240);
	starts(of, "restore"); // 9
	now_is(of, 540);
	ends(of, "restore", "{'outcome':'success','exit':0,'duration_ms':300000}"); // 10
	status_is(of, "db", "healthy");                                             // 11
	now_is(of, 550);
	tell_attempt(of, "relight", EVENT_STEP_VERIFIED, "restore", 2, "{}");                 // 12
	tell(of, "ana", EVENT_RESTORE_POINT, NULL, "{'id':'p','at':'2026-07-03T02:45:00Z'}"); // 13
	tell(of, "ana", EVENT_RESTORE_POINT, NULL, "{'id':'k','at':'2026-07-03T01:00:00Z'}"); // 14
	now_is(of, 730);
	tell(of, "tom", EVENT_STEP_CONFIRMED, "prove", "{'say':'seen','by_hand':true}"); // 15
	status_is(of, "proof", "healthy");                                               // 16
	tell(of, "relight", EVENT_STEP_VERIFIED, "prove", "{}");                         // 17
	tell(of, "relight", EVENT_INCIDENT_SERVING, NULL,
		"{'function':'f','since':'2026-07-03T03:12:00Z'}");           // 18
	tell(of, "mei", EVENT_STEP_SKIPPED, "extra", "{'why':'not needed'}"); // 19
}

static void tell_the_end(struct incident_case *of)
{
	now_is(of, 800);
	tell(of, "mei", EVENT_INCIDENT_RECOVERED, NULL, "{'level':'L4'}"); // 20
	tell(of, "mei", EVENT_INCIDENT_CLOSED, NULL,
		"{'result':'recovered','open':['later: left']}"); // 21
}

static void test_the_keys_of_the_contract(void **unused)
{
	(void)unused;
	static const char *const keys[] = {"runbook", "incident", "mode", "opened", "recovered",
		"rto", "rpo", "evidence_level", "steps", "not_executed", "decisions", "notes",
		"waivers", "failed_checks", "followups", "waiting_on_people_seconds", "integrity"};
	struct incident_case of;
	tell_recovery(&of);
	tell_the_end(&of);
	cJSON *report = report_of(&of);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (!json_get(report, keys[i]))
			fail_msg("no key %s", keys[i]);
	assert_value(report, "runbook", "\"x\"");
	assert_value(report, "incident", "\"i-1\"");
	assert_value(report, "mode", "\"live\"");
	assert_value(report, "opened", "\"2026-07-03T03:00:00.000000Z\"");
	assert_value(report, "recovered", "\"2026-07-03T03:13:20.000000Z\"");
	assert_value(report, "result", "\"recovered\"");
	assert_value(report, "integrity",
		"{\"ok\":true,\"events\":22,\"head\":\"abc\",\"problems\":[]}");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_objectives_and_what_they_rest_on(void **unused)
{
	(void)unused;
	struct incident_case of;
	tell_recovery(&of);
	tell_the_end(&of);
	cJSON *report = report_of(&of);
	assert_value(report, "rto",
		"{\"target_seconds\":1200,\"actual_seconds\":1020,\"met\":true,\"proof\":"
		"\"seen\",\"rests_on\":[2,4,18]}");
	assert_value(report, "mtd.met", "true");
	assert_value(report, "rpo",
		"{\"target_seconds\":900,\"actual_seconds\":600,\"met\":true,\"rests_on\":[4,13]}");
	// The function had less time than the whole.
	assert_value(report, "functions.0.rto",
		"{\"target_seconds\":600,\"actual_seconds\":1020,\"met\":false,\"rests_on\":[2,4,"
		"18]}");
	assert_value(report, "evidence_level", "\"L4\"");
	assert_value(report, "evidence_level_rests_on", "[20]");
	assert_value(report, "restore_points.1.replayable", "true");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_what_is_not_known_is_null(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "steps: [{id: a, manual: x}]\n");
	cJSON *report = report_of(&of);
	assert_value(report, "recovered", "null");
	assert_value(report, "rto.target_seconds", "null");
	assert_value(report, "rto.actual_seconds", "null");
	assert_value(report, "rto.met", "null");
	assert_value(report, "rpo",
		"{\"target_seconds\":null,\"actual_seconds\":null,\"met\":null,\"rests_on\":[]}");
	assert_value(report, "evidence_level", "null");
	assert_value(report, "steps.0.started", "null");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_a_goal_whose_time_is_over_is_missed(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, recovery);
	now_is(&of, 1200);
	tell(&of, "ana", EVENT_NOTE, NULL, "{'text':'still on it'}");
	cJSON *report = report_of(&of);
	assert_value(report, "rto.met", "null");
	cJSON_Delete(report);
	now_is(&of, 1201);
	tell(&of, "ana", EVENT_NOTE, NULL, "{'text':'still on it'}");
	report = report_of(&of);
	assert_value(report, "rto.actual_seconds", "null");
	assert_value(report, "rto.met", "false");
	assert_value(report, "mtd.met", "null");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_the_evidence_before_it_is_declared(void **unused)
{
	(void)unused;
	struct incident_case of;
	tell_recovery(&of);
	tell(&of, "relight", EVENT_DEPENDENCY_STALE, "proof", "{}");
	cJSON *report = report_of(&of);
	// The highest that was reached, and by what.
	assert_value(report, "evidence_level", "\"L4\"");
	assert_value(report, "evidence_level_rests_on", "[16]");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_steps_and_their_attempts(void **unused)
{
	(void)unused;
	struct incident_case of;
	tell_recovery(&of);
	cJSON *report = report_of(&of);
	assert_count(report, "steps", 5); // the abort's step is none of them
	assert_value(report, "steps.0.how", "\"decided\"");
	assert_value(report, "steps.0.chosen", "\"x\"");
	assert_value(report, "steps.1.id", "\"restore\"");
	assert_value(report, "steps.1.state", "\"done\"");
	assert_value(report, "steps.1.started", "\"2026-07-03T03:02:00.000000Z\"");
	assert_value(report, "steps.1.ended", "\"2026-07-03T03:09:10.000000Z\"");
	assert_value(report, "steps.1.duration_seconds", "430");
	assert_value(report, "steps.1.takes_seconds", "300");
	assert_value(report, "steps.1.attempts", "2");
	assert_value(report, "steps.1.tries.0.outcome", "\"failed\"");
	assert_value(report, "steps.1.tries.0.exit", "1");
	assert_value(report, "steps.1.tries.0.reason", "\"denied\"");
	assert_value(report, "steps.1.tries.0.rests_on", "[7,8]");
	assert_value(report, "steps.1.tries.1.duration_seconds", "300");
	assert_value(report, "steps.1.rests_on", "[7,12]");
	assert_value(report, "steps.2.how", "\"by-hand\"");
	assert_value(report, "steps.3.ended", "null");
	assert_value(report, "steps.4.state", "\"ready\"");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_what_was_not_executed(void **unused)
{
	(void)unused;
	struct incident_case of;
	tell_recovery(&of);
	cJSON *report = report_of(&of);
	assert_count(report, "not_executed", 2);
	assert_value(report, "not_executed.0.id", "\"extra\"");
	assert_value(report, "not_executed.0.why", "\"not needed\"");
	assert_value(report, "not_executed.0.by", "\"mei\"");
	assert_value(report, "not_executed.0.rests_on", "[19]");
	assert_value(report, "not_executed.1.id", "\"later\"");
	assert_value(report, "not_executed.1.why", "null");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_an_abort(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, recovery);
	tell(&of, "mei", EVENT_ABORT, NULL, "{'why':'errors'}");
	tell(&of, "mei", EVENT_STEP_CONFIRMED, "undo", "{'say':'undone'}");
	tell(&of, "mei", EVENT_INCIDENT_CLOSED, NULL, "{'result':'aborted'}");
	cJSON *report = report_of(&of);
	assert_count(report, "steps", 6);
	assert_value(report, "steps.5.id", "\"undo\"");
	assert_value(report, "steps.5.abort", "true");
	assert_value(report, "aborted_why", "\"errors\"");
	assert_value(report, "result", "\"aborted\"");
	assert_count(report, "not_executed", 5);
	cJSON_Delete(report);
	case_end(&of);
}

static void test_what_people_did(void **unused)
{
	(void)unused;
	struct incident_case of;
	tell_recovery(&of);
	int64_t waiver = tell(&of, "mei", EVENT_WAIVER, "db", "{'as':'degraded','why':'w'}");
	char data[64];
	snprintf(data, sizeof data, "{'of':%lld}", (long long)waiver);
	tell(&of, "mei", EVENT_WAIVER, "later", "{'as':'start-anyway','edge':'extra','why':'v'}");
	tell(&of, "mei", EVENT_WAIVER_ENDED, "db", data);
	tell(&of, "ben", EVENT_FOLLOWUP, NULL, "{'text':'test it','owner':'raj'}");
	tell(&of, "ben", EVENT_FOLLOWUP, NULL, "{'text':'write it'}");
	tell(&of, "ben", EVENT_FOLLOWUP, NULL, "{'text':'test it','done':true}");
	tell(&of, "ben", EVENT_NOTE, NULL, "{'type':'hypothesis','text':'the grant'}");
	tell(&of, "ben", EVENT_CORRECTION, NULL, "{'of':26,'text':'not the grant'}");
	tell(&of, "mei", EVENT_STEP_OVERRIDDEN, "later", "{'why':'works','remains':'two'}");
	tell_the_end(&of);
	cJSON *report = report_of(&of);
	assert_value(report, "decisions.0.chosen", "\"x\"");
	assert_value(report, "decisions.0.view.unhealthy.0.age_s", "4");
	assert_value(report, "waivers.0.dependency", "\"db\"");
	assert_value(report, "waivers.0.ended", "true");
	assert_value(report, "waivers.1.edge", "\"extra\"");
	assert_value(report, "waivers.1.ended", "false");
	assert_count(report, "followups", 2);
	assert_value(report, "followups.0.done", "true");
	assert_value(report, "followups.1.done", "false");
	assert_value(report, "notes.0.text", "\"the grant\"");
	assert_value(report, "notes.1.type", "\"correction\"");
	assert_value(report, "notes.1.of", "26");
	assert_value(report, "by_hand.0.step", "\"prove\"");
	assert_value(report, "overrides.0.remains", "\"two\"");
	assert_value(report, "left_open", "[\"later: left\"]");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_failed_checks_and_regressions(void **unused)
{
	(void)unused;
	struct incident_case of;
	tell_recovery(&of);
	tell(&of, "relight", EVENT_DEPENDENCY_STATUS, "db",
		"{'from':'healthy','to':'degraded','expectation':'held'}"); // 20
	tell(&of, "relight", EVENT_DEPENDENCY_STATUS, "db",
		"{'from':'degraded','to':'missing'}"); // 21
	int64_t lost = tell(&of, "relight", EVENT_STEP_REGRESSED, "restore",
		"{'observations':[{'dependency':'db','status':'missing'}]}"); // 22
	tell(&of, "relight", EVENT_DEPENDENCY_STATUS, "db",
		"{'from':'missing','to':'healthy'}");               // 23
	tell(&of, "relight", EVENT_STEP_VERIFIED, "restore", "{}"); // 24
	tell(&of, "relight", EVENT_STEP_FAILED, "later", "{'why':'settle of 5m is over'}");
	cJSON *report = report_of(&of);
	assert_count(report, "failed_checks", 4);
	assert_value(report, "failed_checks.0.status", "\"missing\"");
	assert_value(report, "failed_checks.0.expectation", "\"awaited\"");
	assert_value(report, "failed_checks.0.over_seq", "11");
	assert_value(report, "failed_checks.1.over_seq", "21");
	assert_value(report, "failed_checks.2.over_seq", "23");
	assert_value(report, "failed_checks.3.why", "\"settle of 5m is over\"");
	assert_count(report, "regressions", 1);
	assert_int_equal(
		json_int(cJSON_GetArrayItem(json_get(report, "regressions"), 0), "seq", -1), lost);
	assert_value(report, "regressions.0.over_seq", "24");
	cJSON_Delete(report);
	case_end(&of);
}

// What was healthy again by itself took nobody's time: the work ended when it was done.
static void test_a_regression_does_not_lengthen_the_work(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "dependencies: [{id: db, check: {command: [x]}}]\n"
			      "steps:\n- {id: a, run: {command: [x]}, restores: [db]}\n"
			      "- {id: wait, needs: [], restores: [db]}\n");
	now_is(&of, 10);
	int64_t start = of.state->events;
	starts(&of, "a");
	now_is(&of, 12);
	ends(&of, "a", "{'outcome':'success'}");
	now_is(&of, 15);
	int64_t done = tell(&of, "relight", EVENT_STEP_VERIFIED, "a", "{}");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "wait", "{}");
	now_is(&of, 300);
	tell(&of, "relight", EVENT_STEP_REGRESSED, "a", "{}");
	tell(&of, "relight", EVENT_STEP_REGRESSED, "wait", "{}");
	now_is(&of, 500);
	int64_t again = tell(&of, "relight", EVENT_STEP_VERIFIED, "a", "{}");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "wait", "{}");
	cJSON *report = report_of(&of);
	char rests[64];
	snprintf(rests, sizeof rests, "[%d,%d,%d]", (int)start, (int)done, (int)again);
	assert_value(report, "steps.0.started", "\"2026-07-03T03:00:10.000000Z\"");
	assert_value(report, "steps.0.ended", "\"2026-07-03T03:00:15.000000Z\"");
	assert_value(report, "steps.0.duration_seconds", "5");
	assert_value(report, "steps.0.regressed", "1");
	assert_value(report, "steps.0.rests_on", rests);
	assert_value(report, "steps.1.ended", "\"2026-07-03T03:00:15.000000Z\"");
	cJSON_Delete(report);
	// Done once more by hand it took that time, too.
	now_is(&of, 600);
	tell(&of, "relight", EVENT_STEP_REGRESSED, "a", "{}");
	now_is(&of, 700);
	starts(&of, "a");
	now_is(&of, 702);
	ends(&of, "a", "{'outcome':'failed'}");
	now_is(&of, 710);
	starts(&of, "a");
	ends(&of, "a", "{'outcome':'success'}");
	now_is(&of, 720);
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", "{}");
	report = report_of(&of);
	assert_value(report, "steps.0.ended", "\"2026-07-03T03:12:00.000000Z\"");
	assert_value(report, "steps.0.duration_seconds", "25");
	assert_value(report, "steps.0.regressed", "2");
	struct buf text = {0};
	report_markdown(report, &text);
	assert_non_null(strstr(buf_str(&text), "| a | done, verified, regressed 2 times |"));
	buf_fini(&text);
	cJSON_Delete(report);
	case_end(&of);
}

// A mark comes every five minutes while somebody has the screen before him.
static void test_how_long_nobody_looked(void **unused)
{
	(void)unused;
	static const char *const mark =
		"{'awaited':0,'due':0,'held':0,'lost':0,'given':0,'oldest_age_s':0}";
	struct incident_case of;
	case_begin_armed(&of, "steps:\n- {id: a, run: {command: [x]}}\n");
	now_is(&of, 300);
	tell(&of, "ana", EVENT_MARK, NULL, mark);
	now_is(&of, 600);
	int64_t last = tell(&of, "ana", EVENT_MARK, NULL, mark);
	now_is(&of, 900); // its terminal is gone
	tell(&of, "relight", EVENT_DEPENDENCY_STALE, "none", "{}");
	now_is(&of, 1500);
	int64_t left = tell(&of, "ana", EVENT_SESSION_ENDED, NULL, "{}");
	now_is(&of, 1700); // soon enough
	tell(&of, "ben", EVENT_SESSION_RESUMED, NULL, "{}");
	cJSON *report = report_of(&of);
	char unwatched[120];
	snprintf(unwatched, sizeof unwatched, "[{\"from\":%d,\"to\":%d,\"seconds\":900}]",
		(int)last, (int)left);
	assert_value(report, "unwatched", unwatched);
	assert_value(report, "unwatched_seconds", "900");
	struct buf text = {0};
	report_markdown(report, &text);
	assert_non_null(strstr(buf_str(&text), "\n- Nobody at the screen: 15m\n"));
	buf_fini(&text);
	cJSON_Delete(report);
	// After the end nobody has to look.
	tell(&of, "ben", EVENT_INCIDENT_CLOSED, NULL, "{'result':'abandoned'}");
	now_is(&of, 9000);
	tell(&of, "ben", EVENT_SESSION_ENDED, NULL, "{}");
	report = report_of(&of);
	assert_value(report, "unwatched_seconds", "900");
	cJSON_Delete(report);
	case_end(&of);
}

// Who sat there: a key counts where it was found to have signed, whatever the event says.
static void test_people(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "steps:\n- {id: a, run: {command: [x]}}\n");
	tell(&of, "relight", EVENT_LOG_OPEN, NULL, NULL);
	const char *const key =
		"{'host':'h','user':'u','uid':1,'identity':'key','proof':{'key':'ED25519 <b>'}}";
	int64_t good = tell(&of, "ana", EVENT_SESSION_OPEN, NULL, key);
	int64_t bad = tell(&of, "eve", EVENT_SESSION_RESUMED, NULL, key);
	int64_t unasked = tell(&of, "raj", EVENT_SESSION_RESUMED, NULL, key);
	tell(&of, "mei", EVENT_SESSION_RESUMED, NULL, "{'host':'h','identity':'asserted'}");
	tell(&of, "zoe", EVENT_SESSION_RESUMED, NULL, "{'host':'h','identity':'peer'}");
	tell(&of, "new", EVENT_SESSION_RESUMED, NULL, "{'host':'h','identity':'oracle'}");
	char found[] = "ED25519 SHA256:x", altered[] = "it was altered",
	     missing[] = "no ssh-keygen";
	const struct proof_verdict proofs[] = {
		{.seq = good, .key = found, .is_proved = true},
		{.seq = bad, .key = found, .why = altered},
		{.seq = unasked, .is_unasked = true, .why = missing},
	};
	const struct report_source source = {.runbook = of.runbook,
		.plan = of.plan,
		.state = of.state,
		.has_runbook = true,
		.events = (const struct event *const *)of.events,
		.event_count = of.event_count,
		.head = "abc",
		.proofs = proofs,
		.proof_count = sizeof proofs / sizeof *proofs};
	cJSON *report = report_json(&source);
	assert_value(report, "people.0.proved", "true");
	assert_value(report, "people.0.key", "\"ED25519 SHA256:x\"");
	assert_value(report, "people.1.proved", "false");
	assert_value(report, "people.2.proved", "null");
	static const char *const said[] = {"ana (u on h), proved by SSH key ED25519 SHA256:x\n",
		"eve (u on h), **NOT PROVED** by the key that it names: it was altered\n",
		"raj (u on h), by SSH key ED25519 &lt;b&gt;, not checked: no ssh-keygen\n",
		"mei (on h), asserted\n", "zoe (on h), that user seen by the session before\n",
		"new (on h), not known how\n"};
	struct buf text = {0};
	report_markdown(report, &text);
	for (size_t i = 0; i < sizeof said / sizeof *said; i++)
		if (!strstr(buf_str(&text), said[i]))
			fail_msg("not '%s' in %s", said[i], buf_str(&text));
	buf_fini(&text);
	cJSON_Delete(report);
	case_end(&of);
}

static void test_waiting_on_people(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "steps:\n- {id: a, run: {command: [x]}}\n- {id: b, manual: x}\n");
	open_armed(&of); // a is ready
	now_is(&of, 30);
	starts(&of, "a"); // waited 30 s for the start
	now_is(&of, 100);
	ends(&of, "a", "{'outcome':'failed'}"); // it ran: nobody was waited for
	now_is(&of, 110);
	tell(&of, "ana", EVENT_NOTE, NULL, "{'text':'hm'}");
	now_is(&of, 115);
	starts(&of, "a"); // waited 15 s for a decision on the failure
	now_is(&of, 120);
	ends(&of, "a", "{'outcome':'success'}");
	now_is(&of, 180);
	tell(&of, "ben", EVENT_STEP_CONFIRMED, "b", "{'say':'x'}"); // 60 s for ben
	now_is(&of, 500);
	tell(&of, "ana", EVENT_NOTE, NULL, "{'text':'over'}");
	cJSON *report = report_of(&of);
	assert_value(report, "waiting_on_people_seconds", "105");
	assert_value(report, "waiting_on_people.1",
		"{\"from\":5,\"to\":7,\"for\":\"a\",\"seconds\":15}");
	assert_value(report, "waiting_on_people.2.for", "\"b\"");
	assert_value(report, "waiting_on_people_rests_on", "[3,4,5,7,8,9]");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_nobody_waits_while_it_verifies(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of,
		"dependencies: [{id: d, check: {manual: q}}]\n"
		"steps:\n- {id: a, run: {command: [x]}, restores: [d]}\n"
		"- {id: b, needs: [], manual: x}\n- {id: w, needs: [b], restores: [d]}\n");
	succeeds(&of, "a");
	now_is(&of, 100); // b could be attested, but something goes on
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", "{}");
	tell(&of, "ben", EVENT_STEP_CONFIRMED, "b", "{'say':'x'}");
	now_is(&of, 200); // only a pure wait is left: that is no person
	tell(&of, "ana", EVENT_NOTE, NULL, "{'text':'x'}");
	cJSON *report = report_of(&of);
	assert_value(report, "waiting_on_people_seconds", "0");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_without_its_runbook(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, "steps: [{id: unknown, manual: x}]\n");
	tell(&of, "relight", EVENT_INCIDENT_SERVING, NULL,
		"{'function':'f','since':'2026-07-03T03:12:00Z'}");
	const struct report_source source = {
		.runbook = of.runbook,
		.plan = of.plan,
		.state = of.state,
		.events = (const struct event *const *)of.events,
		.event_count = of.event_count,
		.head = CHAIN_START,
		.lines = (int64_t)of.event_count,
	};
	cJSON *report = report_json(&source);
	assert_value(report, "runbook", "null");
	assert_value(report, "incident", "\"i-1\"");
	assert_value(report, "rto.actual_seconds", "null");
	assert_value(report, "waiting_on_people_seconds", "null");
	assert_count(report, "steps", 0);
	struct buf out = {0};
	report_markdown(report, &out);
	assert_non_null(strstr(buf_str(&out), "# A recovery whose runbook is not there"));
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

static void test_nothing_at_all(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "steps: [{id: a, manual: x}]\n");
	cJSON *report = report_of(&of);
	struct buf out = {0};
	assert_value(report, "incident", "null");
	assert_value(report, "mode", "null");
	report_markdown(report, &out);
	assert_true(out.length > 0);
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

// --- markdown ---

static void test_markdown_for_a_reviewer(void **unused)
{
	(void)unused;
	static const char *const lines[] = {
		"# Restore it\n",
		"| RTO | 20m | 17m | **met** (#2, #4, #18) |\n",
		"| RPO | 15m | 10m | **met** (#4, #13) |\n",
		"- Result: **recovered** (#21), although 1 of 5 steps is not done (mei) (#20)\n",
		"- Evidence level: L4 (#20)\n",
		"- Record: **NOT GOOD**, 22 events, head `abc`\n  - line 7: was changed\n",
		"| restore | done, verified | 03:02:00 | 03:09:10 | 7m10s | 5m | 1: failed exit 1",
		" exit 1 in 1m; 2: success in 5m | ana |\n",
		"- #6 03:02:00 mei **choose**: q? chose x, because: gone\n",
		"  - known then: T+5m, forecast T+15m; not healthy: db missing for 1m, asked 4s",
		"- mei **extra** skipped: not needed (#19)\n",
		"- #15 03:12:10 tom **prove**: seen\n",
		"- #8 03:03:00 relight: FAILED restore, attempt 1, exit 1: denied\n",
		"## Waivers\n\nNone.\n",
		"- **p**, of pg: 2026-07-03 02:45:00, 10m before the impact (#13)\n",
		// A decision has no beginning: how long it took is not known.
		"| choose | done, decided | 03:02:00 | 03:02:00 |  |  | – | mei |\n",
	};
	struct incident_case of;
	struct buf out = {0};
	tell_recovery(&of);
	tell_the_end(&of);
	cJSON *report = report_with(&of, 1);
	report_markdown(report, &out);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (!strstr(buf_str(&out), lines[i]))
			fail_msg("not in the report: %s\n%s", lines[i], buf_str(&out));
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

// What was undone again is not done, and did not just not begin.
static void test_what_was_rolled_back(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf out = {0};
	case_begin_armed(&of, "steps: [{id: mark, run: {command: [x]}, rollback: {command: [y]}}, "
			      "{id: other, manual: x}, {id: last, manual: x}]\n");
	starts(&of, "mark");
	ends(&of, "mark", "{'outcome':'success','duration_ms':1000}");
	tell_attempt(&of, "root", EVENT_STEP_INTENT, "mark", 2, "{'role':'rollback'}");
	tell_attempt(&of, "relight", EVENT_STEP_RESULT, "mark", 2,
		"{'outcome':'success','duration_ms':2000}");
	tell(&of, "relight", EVENT_STEP_REOPENED, "mark", "{'why':'rolled back'}");
	tell(&of, "root", EVENT_INCIDENT_CLOSED, NULL, "{'result':'abandoned'}");
	cJSON *report = report_of(&of);
	assert_value(report, "steps.0.state", "\"waiting\"");
	assert_value(report, "steps.0.rolled_back", "true");
	assert_value(report, "not_executed.0.why", "\"done, then rolled back by root\"");
	assert_value(report, "not_executed.1.why", "\"needs mark\"");
	report_markdown(report, &out);
	assert_non_null(strstr(buf_str(&out), "| mark | rolled back | "));
	assert_non_null(
		strstr(buf_str(&out), "| 1: success in 1s; 2: rollback, success in 2s | root |"));
	assert_non_null(strstr(buf_str(&out), "- **mark**: done, then rolled back by root (#"));
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

static const char without_journey[] =
	"objectives: {rpo: 5m, rto: 30m}\n"
	"dependencies: [{id: d, check: {manual: q}}]\n"
	"steps: [{id: a, manual: x, restores: [d]}, {id: b, manual: x}]\n";

// What a person says is what a person says: no objective is met by it.
static void test_what_is_only_declared_is_not_met(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf out = {0};
	case_begin(&of, without_journey);
	open_armed(&of); // 0 to 3
	now_is(&of, 4);
	status_is(&of, "d", "degraded");
	tell(&of, "root", EVENT_INCIDENT_RECOVERED, NULL, "{'why':'boss said so'}"); // 5
	now_is(&of, 9);
	tell(&of, "root", EVENT_INCIDENT_CLOSED, NULL, "{'result':'recovered','open':[]}"); // 6
	cJSON *report = report_of(&of);
	assert_value(report, "rto",
		"{\"target_seconds\":1800,\"actual_seconds\":4,\"met\":true,\"proof\":"
		"\"declared\",\"unproven\":\"nothing was seen to serve\",\"rests_on\":[2,5]}");
	assert_value(report, "recovered_by", "\"root\"");
	report_markdown(report, &out);
	assert_non_null(
		strstr(buf_str(&out), "| RTO | 30m | 4s | declared, not proven (#2, #5) |\n"));
	assert_non_null(strstr(buf_str(&out), "| MTD | none | 4s | "));
	assert_non_null(strstr(buf_str(&out),
		"- Result: **declared recovered** (#6), although 2 of 2 steps are not done: boss "
		"said so (root); nothing was seen to serve (#5)\n"));
	assert_null(strstr(buf_str(&out), "**met**"));
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

static void test_what_was_declared_too_late_is_missed(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin_armed(&of, without_journey);
	now_is(&of, 1801);
	tell(&of, "root", EVENT_INCIDENT_RECOVERED, NULL, "{'why':'enough'}");
	cJSON *report = report_of(&of);
	assert_value(report, "rto.met", "false");
	assert_value(report, "rto.proof", "\"declared\"");
	cJSON_Delete(report);
	case_end(&of);
}

static void test_restore_points_that_were_not_chosen_or_are_too_late(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf out = {0};
	case_begin(&of, recovery);
	open_armed(&of);
	tell(&of, "ana", EVENT_RESTORE_POINT, NULL, "{'id':'p','at':'2026-07-03T03:30:00Z'}");
	cJSON *report = report_of(&of);
	report_markdown(report, &out);
	assert_non_null(strstr(buf_str(&out), ", 30m **after** the declaration"));
	assert_non_null(strstr(buf_str(&out), "- **k**, of "));
	assert_non_null(strstr(buf_str(&out), ": **not chosen**\n"));
	assert_value(report, "restore_points.0.before_impact_seconds", "-1800");
	assert_value(report, "restore_points.1.before_impact_seconds", "null");
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

// From when nothing that had been known was unknown any more until that was so again.
static void test_when_how_much_was_not_known(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf out = {0};
	case_begin(&of, "dependencies:\n"
			"- {id: a, check: {command: [x]}}\n"
			"- {id: b, check: {command: [x]}}\n"
			"- {id: never, check: {command: [x]}}\n"
			"steps: [{id: s, manual: x}]\n");
	open_armed(&of);
	status_is(&of, "a", "healthy");
	status_is(&of, "b", "missing");
	now_is(&of, 100);
	tell(&of, "relight", EVENT_DEPENDENCY_STATUS, "a",
		"{'from':'healthy','to':'unknown','message':'HTTP 401'}");
	now_is(&of, 110);
	tell(&of, "relight", EVENT_DEPENDENCY_STALE, "b", "{'why':'no observation any more'}");
	now_is(&of, 120);
	status_is(&of, "a", "healthy");
	now_is(&of, 131);
	tell(&of, "relight", EVENT_DEPENDENCY_FRESH, "b", "{'status':'missing'}");
	cJSON *report = report_of(&of);
	assert_count(report, "not_known", 1);
	assert_value(report, "not_known.0.most", "2");
	assert_value(report, "not_known.0.seconds", "31");
	report_markdown(report, &out);
	if (!strstr(buf_str(&out), "- 03:01:40 to 03:02:11, 31s: 2 dependencies at the most, first "
				   "a: HTTP 401 (#"))
		fail_msg("%s", buf_str(&out));
	cJSON_Delete(report);
	// One that is not over lasts to the end of what is recorded.
	now_is(&of, 200);
	tell(&of, "relight", EVENT_SESSION_ENDED, NULL, "{'why':'over'}");
	report = report_of(&of);
	assert_count(report, "not_known", 2);
	assert_value(report, "not_known.1.most", "2");
	buf_clear(&out);
	report_markdown(report, &out);
	assert_non_null(strstr(buf_str(&out), "- 03:03:20 to the end, 0s: 2 dependencies"));
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

static void test_updates_that_were_due(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf out = {0};
	case_begin(&of, "continuity: {cadence: [{every: 15m, say: customer update, owner: comms}, "
			"{say: board, every: "
			"1h}]}\nsteps: [{id: a, manual: x}]\n");
	open_armed(&of);
	now_is(&of, 600);
	tell(&of, "ana", EVENT_INCIDENT_STATUS, NULL, "{'say':'we look'}");
	now_is(&of, 1800);
	tell(&of, "ana", EVENT_INCIDENT_STATUS, NULL, "{'say':'we restore'}");
	now_is(&of, 2880);
	tell(&of, "ana", EVENT_NOTE, NULL, "{'text':'x'}");
	cJSON *report = report_of(&of);
	assert_count(report, "updates_overdue", 2);
	assert_value(report, "updates_overdue.0.seconds", "300");
	assert_value(report, "updates_overdue.0.say", "\"customer update\"");
	assert_value(report, "updates_overdue.1.given", "null");
	assert_value(report, "updates_overdue.1.rests_on", "[]");
	assert_value(report, "counts_from", "\"declaration\"");
	report_markdown(report, &out);
	const char *shown[] = {
		"- customer update, comms, every 15m: due 03:25:00, given 03:30:00, 5m late (#",
		"every 15m: due 03:45:00, **never given**, overdue for 3m\n",
		"- impact **not stated**",
	};
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		if (!strstr(buf_str(&out), shown[i]))
			fail_msg("not there: %s\n%s", shown[i], buf_str(&out));
	buf_fini(&out);
	cJSON_Delete(report);
	case_end(&of);
}

static void test_markdown_obeys_nothing_from_outside(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *shown;
	} texts[] = {
		{"# heading", ": \\# heading\n"},
		{"a\n# b", ": a \\# b\n"},
		{"1. first", ": 1\\. first\n"},
		{"12) first", ": 12\\) first\n"},
		{"- item", ": \\- item\n"},
		{"<script>alert(1)</script>", ": &lt;script&gt;alert(1)&lt;/script&gt;\n"},
		{"[x](http://y) ![z](w)", ": \\[x\\](http://y) \\!\\[z\\](w)\n"},
		{"a | b", ": a \\| b\n"},
		{"*b* _i_ `c` ~s~", ": \\*b\\* \\_i\\_ \\`c\\` \\~s\\~\n"},
		{"&lt; \\*", ": &amp;lt; \\\\\\*\n"},
		{"bidi \xe2\x80\xae over", ": bidi \\\\u202e over\n"},
		{"esc \x1b[31m", ": esc \\\\u001b\\[31m\n"},
		{"say \"x\"", ": say \"x\"\n"},
	};
	struct incident_case of;
	case_begin_armed(&of, "steps: [{id: a, manual: x}]\n");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct event *event = event_new(EVENT_INCIDENT_STATUS);
		struct buf out = {0};
		json_add_text(event->data, "say", texts[i].text);
		fold_event(&of, event);
		cJSON *report = report_of(&of);
		report_markdown(report, &out);
		if (!strstr(buf_str(&out), texts[i].shown))
			fail_msg("%s: not shown as %s\n%s", texts[i].text, texts[i].shown,
				buf_str(&out));
		assert_null(strchr(buf_str(&out), '\x1b'));
		buf_fini(&out);
		cJSON_Delete(report);
	}
	case_end(&of);
}

static void test_markdown_of_numbers_that_are_no_time(void **unused)
{
	(void)unused;
	static const char *const numbers[] = {"1e300", "-1e300", "9007199254740993000"};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct incident_case of;
		struct buf out = {0}, data = {0};
		case_begin_armed(&of, recovery);
		buf_printf(&data, "{'chosen':'x','view':{'elapsed_s':%s}}", numbers[i]);
		tell(&of, "mei", EVENT_DECISION, "choose", buf_str(&data));
		cJSON *report = report_with(&of, 0);
		report_markdown(report, &out);
		assert_non_null(strstr(buf_str(&out), "known then: T+not known;"));
		buf_fini(&out);
		buf_fini(&data);
		cJSON_Delete(report);
		case_end(&of);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_keys_of_the_contract),
		cmocka_unit_test(test_objectives_and_what_they_rest_on),
		cmocka_unit_test(test_what_is_not_known_is_null),
		cmocka_unit_test(test_a_goal_whose_time_is_over_is_missed),
		cmocka_unit_test(test_the_evidence_before_it_is_declared),
		cmocka_unit_test(test_steps_and_their_attempts),
		cmocka_unit_test(test_what_was_not_executed),
		cmocka_unit_test(test_an_abort),
		cmocka_unit_test(test_what_people_did),
		cmocka_unit_test(test_failed_checks_and_regressions),
		cmocka_unit_test(test_how_long_nobody_looked),
		cmocka_unit_test(test_a_regression_does_not_lengthen_the_work),
		cmocka_unit_test(test_people),
		cmocka_unit_test(test_waiting_on_people),
		cmocka_unit_test(test_nobody_waits_while_it_verifies),
		cmocka_unit_test(test_without_its_runbook),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_markdown_for_a_reviewer),
		cmocka_unit_test(test_markdown_of_numbers_that_are_no_time),
		cmocka_unit_test(test_what_was_rolled_back),
		cmocka_unit_test(test_what_is_only_declared_is_not_met),
		cmocka_unit_test(test_what_was_declared_too_late_is_missed),
		cmocka_unit_test(test_restore_points_that_were_not_chosen_or_are_too_late),
		cmocka_unit_test(test_when_how_much_was_not_known),
		cmocka_unit_test(test_updates_that_were_due),
		cmocka_unit_test(test_markdown_obeys_nothing_from_outside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
