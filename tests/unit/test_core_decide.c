// SPDX-License-Identifier: Apache-2.0
#include "incident_case.h"

static const char small[] =
	"targets:\n"
	"  dr: {role: recovery, kubernetes: {context: dr-apse3}}\n"
	"dependencies:\n"
	"- {id: api, check: {command: [x]}}\n"
	"- {id: db, check: {command: [x]}, stable: 10s}\n"
	"steps:\n"
	"- id: a\n"
	"  run: {command: [restore, 'the db'], env: {N: '1'}}\n"
	"  restores: [db]\n"
	"  timeout: 30m\n"
	"  settle: 2m\n"
	"  rollback: {command: [undo]}\n"
	"- {id: b, run: {command: [x]}, retries: 3}\n"
	"- {id: c, manual: look}\n"
	"- {id: shift, needs: [], run: {command: [x]}, target: dr, destructive: true}\n"
	"- {id: once, needs: [], run: {command: [x]}, again: never}\n";

static void begin(struct incident_case *of, const char *text)
{
	case_begin_armed(of, text);
	if (runbook_target(of->runbook, "dr") >= 0)
		tell(of, "relight", EVENT_TARGET_PINNED, NULL,
			"{'target':'dr','fingerprint':{'uid':'1'}}");
}

// `intent` about a step, with a text.
static struct intent with_text(
	const struct incident_case *of, enum intent_kind kind, const char *step, const char *text)
{
	struct intent intent = intent_on(of, kind, step);
	intent.text = text;
	intent.by = "ana";
	return intent;
}

static void assert_data(const struct event *event, const char *key, const char *expected)
{
	struct buf text = {0};
	const cJSON *value = json_get(event->data, key);
	if (!value)
		fail_msg("%s: no %s", event->kind_word, key);
	if (cJSON_IsString(value))
		buf_text(&text, value->valuestring);
	else
		json_write(&text, value);
	assert_string_equal(buf_str(&text), expected);
	buf_fini(&text);
}

static void assert_newest(const struct incident_case *of, enum event_kind kind, const char *about)
{
	const struct event *event = newest(of);
	assert_string_equal(event->kind_word, event_kind_word(kind));
	if (about)
		assert_string_equal(event->step ? event->step : event->dependency, about);
}

static const struct effect *only_effect(const struct incident_case *of, enum effect_kind kind)
{
	assert_int_equal(of->decision.effect_count, 1);
	assert_int_equal(of->decision.effects[0].kind, kind);
	return &of->decision.effects[0];
}

// --- gates ---

static void test_only_the_armed_act(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "ana", EVENT_MODE_DISARMED, NULL, NULL);
	struct intent start = with_text(&of, INTENT_START, "a", NULL);
	refused(&of, &start, "start: a: you are only looking on; A takes the controls");
	struct intent note = with_text(&of, INTENT_NOTE, NULL, "seen");
	wanted(&of, &note);
	struct intent arm = with_text(&of, INTENT_ARM, NULL, NULL);
	wanted(&of, &arm);
	assert_newest(&of, EVENT_MODE_ARMED, NULL);
	assert_string_equal(newest(&of)->by, "ana");
	refused(&of, &arm, "arm: incident: armed already");
	struct intent disarm = with_text(&of, INTENT_DISARM, NULL, NULL);
	wanted(&of, &disarm);
	assert_false(of.state->is_armed);
	case_end(&of);
}

static void test_nothing_starts_unrecorded(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	of.facts.is_recording = false;
	struct intent start = with_text(&of, INTENT_START, "a", NULL);
	refused(&of, &start,
		"start: a: the record cannot be written; free the disk, or :continue-unrecorded");
	case_end(&of);
}

static void test_a_closed_incident(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "ana", EVENT_INCIDENT_CLOSED, NULL, "{'result':'abandoned'}");
	struct intent note = with_text(&of, INTENT_NOTE, NULL, "seen");
	refused(&of, &note, "note: incident: the incident is closed");
	case_end(&of);
}

static void test_a_step_must_be_named(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent start = with_text(&of, INTENT_START, NULL, NULL);
	refused(&of, &start, "start: incident: choose a step first");
	struct intent none = intent_of(INTENT_NONE);
	refused(&of, &none, "nothing: not for the deciders");
	case_end(&of);
}

static void test_source_and_recovery_must_differ(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, "targets:\n"
			"  old: {role: source, kubernetes: {context: a}}\n"
			"  new: {role: recovery, kubernetes: {context: b}}\n"
			"steps: [{id: s, manual: x}]\n");
	tell(&of, "ana", EVENT_INCIDENT_DECLARED, NULL, "{'id':'i'}");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'old','fingerprint':{'uid':'1','ca_sha256':'2'}}");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'new','fingerprint':{'uid':'1','ca_sha256':'2'}}");
	struct intent arm = with_text(&of, INTENT_ARM, NULL, NULL);
	assert_false(want(&of, &arm));
	assert_non_null(strstr(of.why.message, "they are the same cluster"));
	tell(&of, "relight", EVENT_TARGET_REPINNED, NULL,
		"{'target':'new','fingerprint':{'uid':'3','ca_sha256':'4'}}");
	wanted(&of, &arm);
	case_end(&of);
}

// --- starting ---

static void test_starting_an_attempt(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent start = with_text(&of, INTENT_START, "a", "go");
	wanted(&of, &start);
	const struct event *intent = newest(&of);
	assert_newest(&of, EVENT_STEP_INTENT, "a");
	assert_int_equal(intent->attempt, 1);
	assert_string_equal(intent->by, "ana");
	assert_data(intent, "role", "run");
	assert_data(intent, "action",
		"{\"command\":[\"restore\",\"the db\"],\"dir\":\"/base\",\"env\":{\"N\":\"1\"}}");
	assert_data(intent, "timeout_s", "1800");
	assert_data(intent, "why", "go");
	const struct effect *launch = only_effect(&of, EFFECT_LAUNCH);
	assert_int_equal(launch->step, step_of(&of, "a"));
	assert_int_equal(launch->attempt, 1);
	assert_string_equal(json_text(launch->request, "step"), "a");
	assert_int_equal(json_int(launch->request, "timeout_ms", 0), 1800000);
	assert_string_equal(json_path_text(launch->request, "env.N"), "1");
	refused(&of, &start, "start: a: it is running; c cancels it");
	case_end(&of);
}

static void test_what_cannot_be_started(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent start = with_text(&of, INTENT_START, "b", NULL);
	refused(&of, &start, "start: b: needs a; w waives it");
	start.step = step_of(&of, "a");
	succeeds(&of, "a");
	refused(&of, &start, "start: a: it is being verified; r runs it again");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	refused(&of, &start, "start: a: it is done; r runs it again");
	fails(&of, "a");
	refused(&of, &start, "start: a: failed; r runs it again");
	tell(&of, "ana", EVENT_STEP_SKIPPED, "a", "{'why':'x'}");
	refused(&of, &start, "start: a: it was skipped; U reopens it");
	case_end(&of);
}

static void test_a_mode_that_the_step_is_not_for(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "steps: [{id: a, run: {command: [x]}, modes: [live]}]\n");
	of.state->mode = EVENT_DRILL;
	struct intent start = with_text(&of, INTENT_START, "a", NULL);
	refused(&of, &start, "start: a: it is not for this mode; do it by hand (b) or skip it (x)");
	case_end(&of);
}

static void test_a_destructive_step_wants_its_name(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf name = {0};
	begin(&of, small);
	struct intent start = with_text(&of, INTENT_START, "shift", NULL);
	static const char why[] =
		"start: shift is destructive: type its target's name, dr-apse3, in full";
	refused(&of, &start, why);
	start.typed = "dr-apse";
	refused(&of, &start, why);
	start.typed = "dr-apse3";
	wanted(&of, &start);
	assert_true(decide_typed_name(&of.facts, step_of(&of, "shift"), &name));
	assert_string_equal(buf_str(&name), "dr-apse3");
	assert_false(decide_typed_name(&of.facts, step_of(&of, "a"), &name));
	buf_fini(&name);
	case_end(&of);
}

static void test_running_again(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent again = with_text(&of, INTENT_AGAIN, "a", NULL);
	refused(&of, &again, "again: a: ready; s starts it");
	fails(&of, "a");
	wanted(&of, &again);
	assert_int_equal(newest(&of)->attempt, 2);
	again.step = step_of(&of, "once");
	fails(&of, "once");
	assert_false(want(&of, &again));
	assert_non_null(strstr(of.why.message, "must not be repeated"));
	again.typed = "once";
	wanted(&of, &again);
	case_end(&of);
}

static void test_an_amended_command(void **unused)
{
	(void)unused;
	static const char *const argv[] = {"restore", "--force", NULL};
	struct incident_case of;
	begin(&of, small);
	struct intent amend = with_text(&of, INTENT_AMEND, "a", "the lock is stale");
	refused(&of, &amend, "amend: a: the amended command is empty");
	amend.argv = argv;
	wanted(&of, &amend);
	assert_data(newest(&of), "amended", "true");
	assert_data(newest(&of), "action",
		"{\"command\":[\"restore\",\"--force\"],\"dir\":\"/base\",\"env\":{\"N\":\"1\"}}");
	assert_data(newest(&of), "was",
		"{\"command\":[\"restore\",\"the db\"],\"dir\":\"/base\",\"env\":{\"N\":\"1\"}}");
	amend.step = step_of(&of, "c");
	refused(&of, &amend, "amend: c: only a command can be amended");
	case_end(&of);
}

static void test_what_was_amended_is_that_of_the_attempt(void **unused)
{
	(void)unused;
	static const char *const argv[] = {"other", NULL};
	struct incident_case of;
	begin(&of, "steps: [{id: a, run: {command: [go, '--try=${attempt}']}}]\n");
	fails(&of, "a");
	struct intent amend = with_text(&of, INTENT_AMEND, "a", "it was denied");
	amend.argv = argv;
	wanted(&of, &amend);
	assert_data(newest(&of), "was", "{\"command\":[\"go\",\"--try=2\"],\"dir\":\"/base\"}");
	case_end(&of);
}

static void test_a_rollback(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent undo = with_text(&of, INTENT_ROLLBACK, "a", NULL);
	refused(&of, &undo, "rollback: a: ready");
	succeeds(&of, "a");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	wanted(&of, &undo);
	assert_data(newest(&of), "role", "rollback");
	cJSON *result = cJSON_Parse("{\"outcome\":\"success\",\"exit\":0,\"duration_ms\":5}");
	decision_fini(&of.decision);
	decide_result(&of.facts, 0, 2, result, &of.decision);
	assert_int_equal(of.decision.event_count, 2);
	take_decision(&of);
	assert_newest(&of, EVENT_STEP_REOPENED, "a");
	assert_step(&of, "a", STEP_READY);
	cJSON_Delete(result);
	undo.step = step_of(&of, "b");
	refused(&of, &undo, "rollback: b: it has no rollback");
	case_end(&of);
}

// The rollback of `a`, which is done, was started as its second attempt.
static void undo_begins(struct incident_case *of)
{
	succeeds(of, "a");
	tell(of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	struct intent undo = with_text(of, INTENT_ROLLBACK, "a", NULL);
	wanted(of, &undo);
	assert_int_equal(of->state->steps[step_of(of, "a")].attempt, 2);
}

// That what the step restores is healthy says that it was not undone, if anything.
static void test_a_lost_rollback_is_not_proven_by_what_its_step_restores(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "healthy");
	due(&of);
	undo_begins(&of);
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 2, NULL);
	struct intent verify = with_text(&of, INTENT_VERIFY, "a", NULL);
	struct intent more = with_text(&of, INTENT_EXTEND, "a", NULL);
	more.extend_ms = 60 * MS_PER_S;
	refused(&of, &verify,
		"verify: a: what it restores does not prove its rollback; :rollback runs that "
		"again, U says that it was undone by hand");
	refused(&of, &more, "extend: a: it is neither running nor being verified");
	live(&of, 60, "db", "healthy");
	assert_step(&of, "a", STEP_UNKNOWN);
	struct intent undo = with_text(&of, INTENT_ROLLBACK, "a", NULL);
	wanted(&of, &undo);
	ends(&of, "a", "{'outcome':'failed','exit':1}");
	refused(&of, &verify,
		"verify: a: what it restores does not prove its rollback; :rollback runs that "
		"again, U says that it was undone by hand");
	case_end(&of);
}

static void test_a_lost_rollback_is_resolved_by_hand(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	undo_begins(&of);
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 2, NULL);
	struct intent reopen = with_text(&of, INTENT_REOPEN, "a", " ");
	refused(&of, &reopen, "reopen: a: a reason is needed");
	reopen.text = "dropped the database myself";
	wanted(&of, &reopen);
	assert_newest(&of, EVENT_STEP_REOPENED, "a");
	assert_data(newest(&of), "why", "dropped the database myself");
	assert_step(&of, "a", STEP_READY);
	refused(&of, &reopen,
		"reopen: a: only what was skipped, or undone by hand, can be reopened");
	case_end(&of);
}

// By then the lost rollback is of the past: what is restored proves the work of that person.
static void test_after_a_lost_rollback_what_is_done_by_hand_is_verified(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	undo_begins(&of);
	ends(&of, "a", "{'outcome':'failed','exit':1}");
	struct intent by_hand = with_text(&of, INTENT_BY_HAND, "a", "restored it myself");
	wanted(&of, &by_hand);
	assert_step(&of, "a", STEP_VERIFYING);
	live(&of, 130, "db", "missing");
	assert_step(&of, "a", STEP_FAILED);
	struct intent verify = with_text(&of, INTENT_VERIFY, "a", NULL);
	wanted(&of, &verify);
	live(&of, 145, "db", "healthy");
	assert_step(&of, "a", STEP_DONE);
	case_end(&of);
}

static void test_a_rollback_needs_its_target_too(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "targets: {dr: {role: recovery, kubernetes: {context: c}}}\n"
		   "steps:\n"
		   "- {id: a, target: dr, run: {command: [x]}, rollback: {command: [y]}}\n");
	fails(&of, "a");
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'dr','fingerprint':{'uid':'2'}}");
	struct intent undo = with_text(&of, INTENT_ROLLBACK, "a", NULL);
	refused(&of, &undo, "rollback: a: its target is another one now; p re-pins it");
	struct intent repin = with_text(&of, INTENT_REPIN, NULL, "");
	repin.target = 0;
	refused(&of, &repin, "repin: incident: a reason is needed");
	repin.text = "rebuilt";
	wanted(&of, &repin);
	assert_data(newest(&of), "fingerprint", "{\"uid\":\"2\"}");
	refused(&of, &repin, "repin: incident: that target has not changed");
	wanted(&of, &undo);
	case_end(&of);
}

// The step that makes the target was carried out again: that it is another one is no surprise.
static void test_what_was_made_anew_is_repinned_without_a_reason(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "targets: {dr: {created_by: make, kubernetes: {context: c}}}\n"
		   "steps:\n"
		   "- {id: make, run: {command: [x]}}\n"
		   "- {id: use, target: dr, run: {command: [y]}}\n");
	struct intent repin = intent_of(INTENT_REPIN);
	repin.target = 0;
	succeeds(&of, "make");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'dr','endpoint':'https://a','fingerprint':{'uid':'1'}}");
	assert_step(&of, "use", STEP_READY);
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'dr','endpoint':'https://b','fingerprint':{'uid':'2'}}");
	refused(&of, &repin, "repin: incident: a reason is needed");
	starts(&of, "make");
	refused(&of, &repin, "repin: incident: a reason is needed");
	ends(&of, "make", "{'outcome':'failed','exit':1}");
	refused(&of, &repin, "repin: incident: a reason is needed");
	starts(&of, "make");
	ends(&of, "make", "{'outcome':'success','exit':0}");
	wanted(&of, &repin);
	assert_data(newest(&of), "endpoint", "https://b");
	assert_data(newest(&of), "fingerprint", "{\"uid\":\"2\"}");
	assert_data(newest(&of), "why", "make has created it anew");
	assert_step(&of, "use", STEP_READY);
	// Once is enough: the next change is a surprise again.
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'dr','endpoint':'https://b','fingerprint':{'uid':'3'}}");
	refused(&of, &repin, "repin: incident: a reason is needed");
	case_end(&of);
}

static void test_what_was_shown_is_what_is_accepted(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "targets: {dr: {kubernetes: {context: c}}}\n"
		   "steps: [{id: use, target: dr, run: {command: [y]}}]\n");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'dr','fingerprint':{'uid':'1'}}");
	struct intent repin = with_text(&of, INTENT_REPIN, NULL, "rebuilt");
	repin.target = 0;
	repin.of = tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'dr','fingerprint':{'uid':'2'}}");
	int64_t again = tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'dr','fingerprint':{'uid':'3'}}");
	refused(&of, &repin, "repin: incident: it has changed again meanwhile; look at it anew");
	repin.of = again;
	wanted(&of, &repin);
	assert_data(newest(&of), "fingerprint", "{\"uid\":\"3\"}");
	case_end(&of);
}

// --- while it runs ---

// The actuator tells what it slept in all, in real time: what was not recorded of it is.
static void test_more_time_for_a_sleep(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	of.facts.speed = 10;
	starts(&of, "a");
	for (int i = 0; i < 2; i++) { // told of again it is nothing new
		decide_put_off(&of.facts, 0, 1, 60000, 60100, &of.decision);
		assert_int_equal(of.decision.event_count, i == 0);
		take_decision(&of);
	}
	assert_int_equal(newest(&of)->kind, EVENT_STEP_EXTENDED);
	assert_data(newest(&of), "by_s", "601");
	assert_data(newest(&of), "slept_s", "60");
	decide_put_off(&of.facts, 0, 2, 60000, 99000, &of.decision);
	assert_int_equal(of.decision.event_count, 0); // of another attempt
	decide_put_off(&of.facts, 0, 1, 90000, 90100, &of.decision);
	take_decision(&of);
	assert_data(newest(&of), "by_s", "300");
	case_end(&of);
}

static void test_what_has_no_timeout_is_given_no_time(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	starts(&of, "b");
	struct intent extend = with_text(&of, INTENT_EXTEND, "b", NULL);
	extend.extend_ms = 300 * MS_PER_S;
	refused(&of, &extend, "extend: b: it has no timeout, so nothing ends it");
	case_end(&of);
}

static void test_cancelling_and_more_time(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	of.facts.speed = 10;
	struct intent cancel = with_text(&of, INTENT_CANCEL, "a", "wrong one");
	refused(&of, &cancel, "cancel: a: it is not running");
	struct intent extend = with_text(&of, INTENT_EXTEND, "a", NULL);
	refused(&of, &extend, "extend: a: it is neither running nor being verified");
	struct intent start = with_text(&of, INTENT_START, "a", NULL);
	wanted(&of, &start);
	refused(&of, &extend, "extend: a: say by how much, for example 5m");
	extend.extend_ms = 300 * MS_PER_S;
	wanted(&of, &extend);
	assert_data(newest(&of), "by_s", "300");
	assert_int_equal(newest(&of)->attempt, 1);
	// The actuator measures real time.
	assert_int_equal(only_effect(&of, EFFECT_EXTEND)->extend_ms, 30 * MS_PER_S);
	wanted(&of, &cancel);
	assert_data(newest(&of), "why", "wrong one");
	assert_string_equal(only_effect(&of, EFFECT_CANCEL)->why, "wrong one");
	ends(&of, "a", "{'outcome':'success'}");
	wanted(&of, &extend);
	assert_int_equal(of.decision.effect_count, 0);
	case_end(&of);
}

// Also where all went well: an output that looks whole is read as one.
static void test_output_that_the_disk_did_not_take(void **unused)
{
	(void)unused;
	static const char said[] =
		"{\"outcome\":\"success\",\"exit\":0,\"duration_ms\":9,\"output\":{\"bytes\":10,"
		"\"sha256\":\"00\",\"missing_bytes\":2182257,"
		"\"missing_why\":\"No space left on device\"}}";
	struct incident_case of;
	begin(&of, small);
	starts(&of, "a");
	cJSON *result = json_parse(said, strlen(said), &of.why);
	decide_result(&of.facts, 0, 1, result, &of.decision);
	cJSON_Delete(result);
	take_decision(&of);
	assert_int_equal(of.state->steps[0].missing_bytes, 2182257);
	assert_int_equal(newest(&of)->kind, EVENT_FAULT);
	assert_data(newest(&of), "path", "attempts/a/1/output.log");
	assert_data(newest(&of), "error",
		"2182257 bytes are MISSING at its end: No space left on device");
	starts(&of, "a");
	assert_int_equal(of.state->steps[0].missing_bytes, 0);
	case_end(&of);
}

static void hears_of_stop(struct incident_case *of, const char *stopping, bool is_over)
{
	cJSON *said = json_parse(stopping, strlen(stopping), &of->why);
	assert_non_null(said);
	decide_stopping(&of->facts, 0, 1, said, is_over, &of->decision);
	cJSON_Delete(said);
}

// The record says of more time what the actuator heard of it, whichever came first.
static void test_more_time_that_comes_too_late(void **unused)
{
	(void)unused;
	static const char stopping[] =
		"{\"cause\":\"timeout\",\"after_ms\":1000,\"signal\":2,\"grace_ms\":500,"
		"\"extended_s\":30}";
	struct incident_case of;
	begin(&of, small);
	of.facts.speed = 10;
	struct intent start = with_text(&of, INTENT_START, "a", NULL);
	wanted(&of, &start);
	struct intent extend = with_text(&of, INTENT_EXTEND, "a", NULL);
	struct intent cancel = with_text(&of, INTENT_CANCEL, "a", "enough");
	extend.extend_ms = 300 * MS_PER_S;
	wanted(&of, &extend);
	hears_of_stop(&of, stopping, true); // over, and nothing was asked that was not heard
	assert_int_equal(of.decision.event_count, 0);
	wanted(&of, &extend);
	for (int i = 0; i < 2; i++) {
		hears_of_stop(&of, stopping, i == 0);
		assert_int_equal(of.decision.event_count, i == 0);
		take_decision(&of);
	}
	assert_int_equal(newest(&of)->kind, EVENT_STEP_STOPPING);
	assert_data(newest(&of), "cause", "timeout");
	assert_data(newest(&of), "after_ms", "10000");
	assert_data(newest(&of), "grace_ms", "5000");
	assert_data(newest(&of), "too_late_s", "300");
	assert_int_equal(of.state->steps[0].extended_ms, 300000);
	refused(&of, &extend, "extend: a: too late: it is being stopped; o shows its output");
	refused(&of, &cancel, "cancel: a: it is being stopped already; o shows its output");
	case_end(&of);
}

static void test_what_was_cancelled_is_given_no_more_time(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent start = with_text(&of, INTENT_START, "a", NULL);
	wanted(&of, &start);
	struct intent extend = with_text(&of, INTENT_EXTEND, "a", NULL);
	struct intent cancel = with_text(&of, INTENT_CANCEL, "a", "enough");
	extend.extend_ms = 300 * MS_PER_S;
	wanted(&of, &cancel);
	refused(&of, &extend, "extend: a: too late: it is being stopped; o shows its output");
	assert_false(decide_allows(&of.facts, INTENT_EXTEND, 0, NULL));
	wanted(&of, &cancel); // nobody has heard of the first one yet
	case_end(&of);
}

// --- a person's word ---

static void test_attesting_a_manual_step(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "inputs: {ticket: {ask: which, pattern: '[A-Z]+-[0-9]+'}}\n"
		   "steps: [{id: a, manual: look, sets: [ticket]}]\n");
	struct intent confirm = with_text(&of, INTENT_START, "a", " ");
	refused(&of, &confirm, "attest: a: say what you did or saw");
	confirm.text = "seen";
	refused(&of, &confirm, "attest: a asks for input ticket: set it first (i)");
	confirm.choice = "nonsense";
	refused(&of, &confirm, "input ticket: the value does not match [A-Z]+-[0-9]+");
	confirm.choice = "OPS-7";
	wanted(&of, &confirm);
	assert_step(&of, "a", STEP_DONE);
	assert_string_equal(of.state->inputs[0], "OPS-7");
	assert_data(newest(&of), "say", "seen");
	case_end(&of);
}

static void test_by_hand_override_skip_reopen(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent by_hand = with_text(&of, INTENT_BY_HAND, "a", "");
	refused(&of, &by_hand, "by-hand: a: a reason is needed");
	by_hand.text = "in the console";
	wanted(&of, &by_hand);
	assert_step(&of, "a", STEP_VERIFYING);
	assert_true(of.state->steps[0].by_hand);
	struct intent over = with_text(&of, INTENT_OVERRIDE, "a", "it works");
	over.remains = "two pods";
	wanted(&of, &over);
	assert_data(newest(&of), "remains", "two pods");
	refused(&of, &over, "override: a: done");
	refused(&of, &by_hand, "by-hand: a: done");
	struct intent skip = with_text(&of, INTENT_SKIP, "a", "x");
	refused(&of, &skip, "skip: a: done");
	skip.step = step_of(&of, "b");
	wanted(&of, &skip);
	assert_step(&of, "b", STEP_SKIPPED);
	struct intent reopen = with_text(&of, INTENT_REOPEN, "b", "after all");
	wanted(&of, &reopen);
	assert_step(&of, "b", STEP_READY);
	refused(&of, &reopen,
		"reopen: b: only what was skipped, or undone by hand, can be reopened");
	case_end(&of);
}

static void test_waiving(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent waive = with_text(&of, INTENT_WAIVE, "b", "no time");
	waive.until = at_second(600).wall;
	wanted(&of, &waive);
	assert_data(newest(&of), "as", "start-anyway");
	assert_data(newest(&of), "step", "b");
	assert_data(newest(&of), "until", "2026-07-03T03:10:00.000000Z");
	assert_step(&of, "b", STEP_READY);
	// It can start: there is nothing to waive any more.
	refused(&of, &waive, "waive: b: nothing is unmet");
	waive.step = step_of(&of, "a");
	refused(&of, &waive, "waive: a: nothing is unmet");
	succeeds(&of, "a");
	wanted(&of, &waive);
	assert_newest(&of, EVENT_WAIVER, "db");
	assert_data(newest(&of), "as", "degraded");
	struct intent end = with_text(&of, INTENT_END_WAIVER, NULL, "healthy again");
	end.of = newest(&of)->seq;
	wanted(&of, &end);
	assert_null(state_waiver(of.state, -1, dependency_of(&of, "db"), of.facts.now.wall));
	assert_false(want(&of, &end));
	case_end(&of);
}

static void test_waivers_end_by_themselves(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	int64_t seq = tell(&of, "mei", EVENT_WAIVER, "db",
		"{'as':'degraded','why':'x','until':'2026-07-03T03:01:00Z'}");
	now_is(&of, 59);
	assert_int_equal(due(&of), 0);
	now_is(&of, 60);
	assert_int_equal(due(&of), 1);
	assert_newest(&of, EVENT_WAIVER_ENDED, "db");
	assert_int_equal(json_int(newest(&of)->data, "of", -1), seq);
	assert_string_equal(newest(&of)->by, "relight");
	case_end(&of);
}

static void test_acknowledging(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent seen = with_text(&of, INTENT_ACKNOWLEDGE, "a", NULL);
	refused(&of, &seen, "acknowledge: a: nothing to acknowledge");
	fails(&of, "a");
	wanted(&of, &seen);
	refused(&of, &seen, "acknowledge: a: seen already");
	case_end(&of);
}

static void test_attesting_a_dependency(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies:\n"
		   "- {id: sensed, check: {command: [x]}}\n"
		   "- {id: asked, check: {manual: is it?}}\n"
		   "steps: [{id: a, manual: x}]\n");
	struct intent attest = with_text(&of, INTENT_ATTEST, NULL, "seen");
	refused(&of, &attest, "attest: incident: name a dependency");
	attest.dependency = 0;
	assert_false(want(&of, &attest));
	assert_non_null(strstr(of.why.message, "it is sensed, a word does not change it"));
	attest.dependency = 1;
	attest.choice = "splendid";
	assert_false(want(&of, &attest));
	attest.choice = "degraded";
	wanted(&of, &attest);
	assert_int_equal(of.state->dependencies[1].status, STATUS_DEGRADED);
	attest.choice = NULL;
	wanted(&of, &attest);
	assert_true(state_is_healthy(of.state, 1));
	case_end(&of);
}

static const char choice[] =
	"steps:\n"
	"- id: topology\n"
	"  decide: {question: q, options: [{id: x, say: X}, {id: y, say: Y}]}\n"
	"- {id: on-x, needs: [], when: {decision: topology, is: x}, manual: m}\n"
	"- {id: on-y, needs: [], when: {decision: topology, is: y}, manual: m}\n"
	"- {id: on-both, needs: [], when: {decision: topology, is: [x, y]}, manual: m}\n";

static void sense_unknown(struct incident_case *of, const char *why)
{
	char ts[WALL_TEXT_BYTES];
	cJSON *observation = json_object();
	wall_format(of->facts.now.wall, ts);
	json_add_text(observation, "dependency", "d");
	json_add_text(observation, "status", "unknown");
	json_add_text(observation, "message", why);
	json_add_text(observation, "ts", ts);
	sensed_observe(of->sensed, of->state, observation, of->facts.now.mono, NULL);
	cJSON_Delete(observation);
	due(of);
}

static size_t count_fresh(const struct incident_case *of)
{
	size_t count = 0;
	for (size_t i = 0; i < of->event_count; i++)
		count += of->events[i]->kind == EVENT_DEPENDENCY_FRESH;
	return count;
}

// Why it is not known is recorded when that changes; a number in it is no change, and two reasons
// that take turns are told ever more rarely.
static void test_another_reason_why_it_is_not_known(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies: [{id: d, check: {command: [x]}}]\nsteps: [{id: a, manual: x}]\n");
	live(&of, 10, "d", "healthy");
	size_t before = count_fresh(&of);
	now_is(&of, 11);
	sense_unknown(&of, "HTTP 401: the certificate expired 1s ago");
	assert_newest(&of, EVENT_DEPENDENCY_STATUS, "d");
	for (int at = 12; at < 40; at++) {
		char why[64];
		snprintf(why, sizeof why, "HTTP 401: the certificate expired %ds ago", at - 10);
		now_is(&of, at);
		sense_unknown(&of, why);
	}
	assert_int_equal(count_fresh(&of), before);
	now_is(&of, 40);
	sense_unknown(&of, "the CA is another one");
	assert_newest(&of, EVENT_DEPENDENCY_FRESH, "d");
	assert_data(newest(&of), "message", "the CA is another one");
	assert_string_equal(of.state->dependencies[0].message, "the CA is another one");
	assert_int_equal(count_fresh(&of), before + 1);
	for (int at = 41; at < 641; at++) {
		now_is(&of, at);
		sense_unknown(&of, at % 2 ? "timed out" : "refused");
	}
	assert_in_range(count_fresh(&of), before + 4, before + 9);
	case_end(&of);
}

// The record has changes only; what has not changed was asked for again since.
static void test_what_was_known_when_it_was_decided(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies: [{id: d, check: {command: [x]}}]\n"
		   "steps:\n"
		   "- id: topology\n"
		   "  decide: {question: q, options: [{id: x, say: X}, {id: y, say: Y}]}\n");
	live(&of, 10, "d", "missing");
	live(&of, 70, "d", "missing");
	now_is(&of, 73);
	struct intent decide = with_text(&of, INTENT_START, "topology", "gone");
	decide.choice = "x";
	wanted(&of, &decide);
	const cJSON *view = json_get(newest(&of)->data, "view");
	const cJSON *missing = json_get(view, "unhealthy")->child;
	assert_string_equal(json_text(missing, "status"), "missing");
	assert_int_equal(json_int(missing, "age_s", -1), 3);
	assert_in_range(json_int(missing, "for_s", -1), 71, 73);
	case_end(&of);
}

static void test_deciding(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, choice);
	struct intent decide = with_text(&of, INTENT_START, "topology", "gone");
	refused(&of, &decide, "decide: topology: choose one of its options");
	decide.choice = "z";
	refused(&of, &decide, "decide: topology: choose one of its options");
	decide.choice = "x";
	decide.text = NULL;
	refused(&of, &decide, "decide: topology: a decision needs its reason");
	decide.text = "gone";
	wanted(&of, &decide);
	assert_data(newest(&of), "options", "[\"x\",\"y\"]");
	assert_data(newest(&of), "chosen", "x");
	assert_non_null(json_get(newest(&of)->data, "view"));
	assert_int_equal(due(&of), 1);
	assert_newest(&of, EVENT_STEP_SKIPPED, "on-y");
	assert_data(newest(&of), "why", "decision topology chose x");
	assert_step(&of, "on-x", STEP_READY);
	assert_step(&of, "on-both", STEP_READY);
	// Decided otherwise: what it left out is open again, what it chose is left out.
	struct intent again = with_text(&of, INTENT_AGAIN, "topology", "not gone");
	again.choice = "y";
	wanted(&of, &again);
	assert_newest(&of, EVENT_STEP_REOPENED, "on-y");
	due(&of);
	assert_step(&of, "on-x", STEP_SKIPPED);
	assert_step(&of, "on-y", STEP_READY);
	case_end(&of);
}

static void test_a_skipped_decision_skips_what_hangs_on_it(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, choice);
	struct intent skip = with_text(&of, INTENT_SKIP, "topology", "no need");
	wanted(&of, &skip);
	assert_int_equal(due(&of), 3);
	assert_data(newest(&of), "why", "decision topology was skipped");
	assert_step(&of, "on-both", STEP_SKIPPED);
	case_end(&of);
}

// --- the incident ---

static void test_notes_updates_people(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct intent note = with_text(&of, INTENT_NOTE, NULL, "\n");
	refused(&of, &note, "note: incident: an empty note says nothing");
	note.text = "the grant";
	note.choice = "rumour";
	assert_false(want(&of, &note));
	note.choice = "hypothesis";
	note.at = at_second(-60).wall;
	wanted(&of, &note);
	assert_data(newest(&of), "type", "hypothesis");
	assert_int_equal(newest(&of)->at.us, at_second(-60).wall.us);
	struct intent update = with_text(&of, INTENT_STATUS, NULL, "");
	refused(&of, &update, "status: incident: an empty update says nothing");
	update.text = "we are on it";
	wanted(&of, &update);
	assert_data(newest(&of), "say", "we are on it");
	struct intent role = with_text(&of, INTENT_ROLE, NULL, "mei");
	refused(&of, &role, "role: incident: say which role and who");
	role.choice = "scribe";
	wanted(&of, &role);
	struct intent assign = with_text(&of, INTENT_ASSIGN, "a", "ben");
	wanted(&of, &assign);
	assert_string_equal(of.state->steps[0].owner, "ben");
	case_end(&of);
}

static void test_inputs(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "inputs:\n"
		   "  backup: {ask: which, choices: [one, two]}\n"
		   "  token: {ask: which, secret: true}\n"
		   "steps: [{id: a, run: {command: [x, '${input.backup}']}}]\n");
	struct intent input = with_text(&of, INTENT_INPUT, NULL, "three");
	refused(&of, &input, "input: incident: name an input");
	input.input = 0;
	refused(&of, &input, "input backup: 'three' is not one of its choices");
	input.text = "two";
	wanted(&of, &input);
	assert_data(newest(&of), "value", "two");
	assert_data(newest(&of), "from", "person");
	only_effect(&of, EFFECT_INPUTS);
	input.input = 1;
	input.text = "s3cret";
	wanted(&of, &input);
	assert_null(json_get(newest(&of)->data, "value"));
	case_end(&of);
}

static void test_a_secret_that_this_session_does_not_know(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "inputs: {token: {ask: which, secret: true}}\n"
		   "steps: [{id: a, run: {shell: 'use $RELIGHT_INPUT_TOKEN'}}]\n");
	tell(&of, "ana", EVENT_INPUT_SET, NULL, "{'name':'token'}");
	assert_step(&of, "a", STEP_READY);
	struct intent start = with_text(&of, INTENT_START, "a", NULL);
	refused(&of, &start, "a: needs input token: secrets are not stored; set it again (i)");
	of.inputs[0] = "s3cret";
	wanted(&of, &start);
	// It travels to the actuator and is nowhere in the record.
	const cJSON *request = only_effect(&of, EFFECT_LAUNCH)->request;
	assert_string_equal(json_path_text(request, "env.RELIGHT_INPUT_TOKEN"), "s3cret");
	struct buf data = {0};
	json_write(&data, newest(&of)->data);
	assert_null(strstr(buf_str(&data), "s3cret"));
	buf_fini(&data);
	case_end(&of);
}

static void test_impact_and_restore_points(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "restore_points:\n"
		   "- {id: pg, at: {command: [x], jq: .t}}\n"
		   "steps: [{id: a, manual: x}]\n");
	struct intent impact = with_text(&of, INTENT_IMPACT, NULL, NULL);
	refused(&of, &impact, "impact: incident: say when, for example 02:47 or -10m");
	impact.at = at_second(-780).wall;
	wanted(&of, &impact);
	assert_data(newest(&of), "id", "i-1");
	assert_data(newest(&of), "impact_at", "2026-07-03T02:47:00.000000Z");
	assert_data(newest(&of), "declared_at", "2026-07-03T03:00:00.000000Z");
	assert_false(wall_known(newest(&of)->at));
	struct intent point = with_text(&of, INTENT_RESTORE_POINT, NULL, NULL);
	refused(&of, &point, "restore-point: incident: name a restore point and its time");
	point.restore_point = 0;
	point.at = at_second(60).wall;
	refused(&of, &point,
		"restore-point: incident: that time is yet to come; say how old the data is: 02:39 "
		"or -30m");
	point.at = at_second(-1260).wall;
	wanted(&of, &point);
	assert_int_equal(state_forecast(of.state, of.facts.now).loss_ms, 480 * MS_PER_S);
	case_end(&of);
}

static void test_open_lines_are_attested(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "preconditions: [the role can be assumed]\nsteps: [{id: a, manual: x}]\n");
	struct intent line = with_text(&of, INTENT_OPEN_LINE, NULL, NULL);
	refused(&of, &line, "open-line: incident: no such line");
	line.open_line = 0;
	refused(&of, &line, "open:impact: this line ticks itself");
	line.open_line = 1;
	wanted(&of, &line);
	assert_newest(&of, EVENT_STEP_CONFIRMED, "open:precondition-1");
	assert_true(of.state->open_confirmed[1]);
	case_end(&of);
}

static void test_recovering_and_closing(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "steps: [{id: a, manual: x, proves: L4}, {id: b, manual: x}]\n");
	struct intent recovered = with_text(&of, INTENT_RECOVERED, NULL, NULL);
	struct intent close = with_text(&of, INTENT_CLOSE, NULL, NULL);
	assert_false(want(&of, &recovered));
	assert_non_null(strstr(of.why.message, "not every step is done or skipped"));
	assert_false(want(&of, &close));
	assert_non_null(strstr(of.why.message, "say why it is abandoned"));
	tell(&of, "ana", EVENT_STEP_SKIPPED, "a", "{'why':'x'}");
	tell(&of, "ana", EVENT_STEP_OVERRIDDEN, "b", "{'why':'x','remains':'the rest'}");
	assert_false(want(&of, &recovered));
	assert_non_null(strstr(of.why.message, "the evidence is below L4"));
	recovered.text = "it is enough";
	wanted(&of, &recovered);
	assert_null(json_get(newest(&of)->data, "level"));
	assert_data(newest(&of), "why", "it is enough");
	refused(&of, &recovered, "recovered: incident: declared already");
	wanted(&of, &close);
	assert_data(newest(&of), "result", "recovered");
	assert_data(newest(&of), "open",
		"[\"b: left: the rest\",\"open:impact: when did the impact begin?\","
		"\"open:preflight: preflight: relight check --live, tools, credentials, "
		"quotas\"]");
	only_effect(&of, EFFECT_END);
	case_end(&of);
}

// Whoever comes the next morning reads there what is left to do.
static void test_what_is_left_open_at_closing(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "preconditions: [the role can be assumed]\n"
		   "dependencies: [{id: d, check: {manual: q}}, {id: e, check: {manual: q}}, "
		   "{id: f, check: {manual: q}}]\n"
		   "steps:\n"
		   "- {id: mark, run: {command: [x]}, rollback: {command: [y]}}\n"
		   "- {id: slow, needs: [], run: {command: [x]}}\n"
		   "- {id: blocked, needs: [slow], manual: x}\n"
		   "- {id: fine, needs: [], manual: x}\n"
		   "- {id: undo, manual: x}\n"
		   "abort: {steps: [undo]}\n");
	status_is(&of, "d", "degraded");
	status_is(&of, "e", "healthy");
	starts(&of, "mark");
	ends(&of, "mark", "{'outcome':'success'}");
	tell_attempt(&of, "ana", EVENT_STEP_INTENT, "mark", 2, "{'role':'rollback'}");
	tell_attempt(&of, "relight", EVENT_STEP_RESULT, "mark", 2, "{'outcome':'success'}");
	tell(&of, "relight", EVENT_STEP_REOPENED, "mark", "{'why':'rolled back'}");
	starts(&of, "slow");
	ends(&of, "slow", "{'outcome':'failed','exit':1,'why':'denied'}");
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "fine", "{'say':'x'}");
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "open:preflight", "{'say':'x'}");
	struct intent recovered = with_text(&of, INTENT_RECOVERED, NULL, "enough");
	struct intent close = with_text(&of, INTENT_CLOSE, NULL, NULL);
	wanted(&of, &recovered);
	wanted(&of, &close);
	assert_data(newest(&of), "open",
		"[\"mark: rolled back\",\"slow: failed: denied\",\"blocked: not done: needs slow, "
		"which failed\","
		"\"d: degraded: m\",\"f: not known to be healthy\","
		"\"open:impact: when did the impact begin?\","
		"\"open:precondition-1: the role can be assumed\"]");
	case_end(&of);
}

static void test_aborting(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of,
		"steps: [{id: a, run: {command: [x]}}, {id: u, manual: x}]\nabort: {steps: [u]}\n");
	struct intent abort_it = with_text(&of, INTENT_ABORT, NULL, NULL);
	struct intent close = with_text(&of, INTENT_CLOSE, NULL, NULL);
	refused(&of, &abort_it, "abort: incident: a reason is needed");
	starts(&of, "a");
	abort_it.text = "errors";
	wanted(&of, &abort_it);
	refused(&of, &abort_it, "abort: incident: aborted already");
	refused(&of, &close,
		"close: incident: an attempt is still running; cancel it or wait for it");
	ends(&of, "a", "{'outcome':'cancelled'}");
	assert_false(want(&of, &close));
	struct intent again = with_text(&of, INTENT_AGAIN, "a", NULL);
	refused(&of, &again, "again: a: the recovery was aborted");
	struct intent undo = with_text(&of, INTENT_START, "u", "undone");
	due(&of);
	assert_int_equal(count_events(&of, EVENT_INCIDENT_CLOSED), 0);
	wanted(&of, &undo);
	due(&of); // with its last step the abort is over, and with it the incident
	assert_newest(&of, EVENT_INCIDENT_CLOSED, NULL);
	assert_data(newest(&of), "result", "aborted");
	case_end(&of);
}

static void test_what_is_allowed_leaves_no_trace(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	size_t before = of.event_count;
	assert_true(decide_allows(&of.facts, INTENT_START, step_of(&of, "a"), NULL));
	assert_true(decide_allows(&of.facts, INTENT_START, step_of(&of, "shift"), NULL));
	assert_false(decide_allows(&of.facts, INTENT_START, step_of(&of, "b"), NULL));
	assert_true(decide_allows(&of.facts, INTENT_VERIFY, step_of(&of, "a"), NULL));
	assert_false(decide_allows(&of.facts, INTENT_CANCEL, step_of(&of, "a"), NULL));
	assert_int_equal(of.next_token, 0);
	assert_int_equal(of.watches[0].token, 0);
	assert_int_equal(of.event_count, before);
	struct buf preview = {0};
	assert_true(decide_preview(&of.facts, step_of(&of, "a"), false, &preview, NULL));
	assert_string_equal(buf_str(&preview), "restore 'the db'");
	buf_fini(&preview);
	case_end(&of);
}

// --- results ---

static void take_result(struct incident_case *of, const char *step, int attempt, const char *text)
{
	cJSON *result = text ? cJSON_Parse(text) : NULL;
	assert_true(!text || result);
	decision_fini(&of->decision);
	decide_result(&of->facts, step_of(of, step), attempt, result, &of->decision);
	take_decision(of);
	cJSON_Delete(result);
}

static void test_results(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	of.facts.speed = 10;
	starts(&of, "a");
	size_t before = of.event_count;
	take_result(&of, "a", 2, "{\"outcome\":\"success\"}");
	assert_int_equal(of.event_count, before);
	take_result(&of, "a", 1,
		"{\"outcome\":\"failed\",\"exit\":1,\"duration_ms\":6000,\"tail\":\"denied\","
		"\"hint\":\"wait\","
		"\"output\":{\"bytes\":7,\"sha256\":\"ab\"}}");
	assert_newest(&of, EVENT_STEP_RESULT, "a");
	assert_data(newest(&of), "outcome", "failed");
	assert_data(newest(&of), "duration_ms", "60000"); // in the time of the incident
	assert_data(newest(&of), "why", "denied; hint: wait");
	assert_data(newest(&of), "output", "{\"bytes\":7,\"sha256\":\"ab\"}");
	assert_step(&of, "a", STEP_FAILED);
	// Only a running attempt has a result to come.
	before = of.event_count;
	take_result(&of, "a", 1, "{\"outcome\":\"success\"}");
	assert_int_equal(of.event_count, before);
	starts(&of, "a");
	take_result(&of, "a", 2, NULL);
	assert_newest(&of, EVENT_STEP_UNKNOWN, "a");
	assert_int_equal(newest(&of)->attempt, 2);
	assert_step(&of, "a", STEP_UNKNOWN);
	case_end(&of);
}

static void test_a_step_teaches_inputs(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "inputs: {arn: {ask: which}, key: {ask: which, secret: true}}\n"
		   "steps:\n"
		   "- {id: a, run: {command: [x]}, sets: {arn: {jq: .a}, key: {jq: .k}}}\n");
	starts(&of, "a");
	take_result(&of, "a", 1,
		"{\"outcome\":\"success\",\"exit\":0,\"sets\":{\"arn\":\"x:1\",\"key\":\"s\","
		"\"other\":\"y\"}}");
	assert_int_equal(count_events(&of, EVENT_INPUT_SET), 2);
	assert_string_equal(of.state->inputs[0], "x:1");
	assert_true(of.state->input_is_set[1]);
	assert_null(json_get(newest(&of)->data, "value"));
	assert_data(newest(&of), "from", "step");
	only_effect(&of, EFFECT_INPUTS);
	case_end(&of);
}

// --- what is due: dependencies ---

static void test_transitions_are_recorded(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	assert_int_equal(due(&of), 0);
	sense(&of, "api", "healthy");
	assert_int_equal(due(&of), 1);
	const struct event *event = newest(&of);
	assert_newest(&of, EVENT_DEPENDENCY_STATUS, "api");
	assert_data(event, "from", "unknown");
	assert_data(event, "to", "healthy");
	assert_data(event, "message", "as seen");
	assert_data(event, "check", "command");
	assert_data(event, "expectation", "given");
	assert_string_equal(event->by, "relight");
	assert_int_equal(due(&of), 0);
	// The same once more is no news.
	now_is(&of, 5);
	sense(&of, "api", "healthy");
	assert_int_equal(due(&of), 0);
	// Unknown stays unknown, but it is fresh now.
	sense(&of, "db", "unknown");
	assert_int_equal(due(&of), 1);
	assert_newest(&of, EVENT_DEPENDENCY_FRESH, "db");
	case_end(&of);
}

static void test_silence_makes_it_stale(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "api", "healthy");
	due(&of);
	now_is(&of, 30); // 2 × 10 s + 10 s
	assert_int_equal(due(&of), 0);
	now_is(&of, 31);
	assert_int_equal(due(&of), 1);
	assert_newest(&of, EVENT_DEPENDENCY_STALE, "api");
	assert_data(newest(&of), "why", "no observation any more");
	assert_false(state_is_healthy(of.state, dependency_of(&of, "api")));
	assert_int_equal(due(&of), 0);
	now_is(&of, 40);
	sense(&of, "api", "healthy");
	assert_int_equal(due(&of), 1);
	assert_newest(&of, EVENT_DEPENDENCY_FRESH, "api");
	assert_true(state_is_healthy(of.state, dependency_of(&of, "api")));
	case_end(&of);
}

static void test_a_burst_is_limited(void **unused)
{
	(void)unused;
	struct incident_case of;
	size_t recorded = 0;
	begin(&of, small);
	// Twenty changes, one a second.
	for (int second = 0; second < 20; second++) {
		now_is(&of, second);
		sense(&of, "api", second % 2 ? "degraded" : "healthy");
		recorded += due(&of);
	}
	// At 0, 1, 2, then at most one in five seconds: 7, 12, 17.
	assert_int_equal(recorded, 6);
	assert_int_equal(newest(&of)->ts.us, at_second(17).wall.us);
	assert_data(newest(&of), "flaps", "4");
	// Quiet for five seconds: the next burst begins with three at once.
	now_is(&of, 30);
	sense(&of, "api", "healthy");
	recorded = due(&of);
	for (int second = 31; second < 34; second++) {
		now_is(&of, second);
		sense(&of, "api", second % 2 ? "missing" : "healthy");
		recorded += due(&of);
	}
	assert_int_equal(recorded, 3);
	case_end(&of);
}

static void test_a_word_stands_until_the_sensor_knows_better(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of,
		"dependencies: [{id: d, check: {manual: is it?}}]\nsteps: [{id: a, manual: x}]\n");
	sense(&of, "d", "unknown");
	due(&of);
	tell(&of, "ben", EVENT_DEPENDENCY_CONFIRMED, "d", "{'status':'healthy','say':'seen'}");
	now_is(&of, 100);
	sense(&of, "d", "unknown");
	assert_int_equal(due(&of), 0);
	assert_true(state_is_healthy(of.state, 0));
	// A new session asks again, and takes the word as it is.
	tell(&of, "ana", EVENT_SESSION_RESUMED, NULL, NULL);
	assert_int_equal(due(&of), 1);
	assert_newest(&of, EVENT_DEPENDENCY_FRESH, "d");
	assert_true(state_is_healthy(of.state, 0));
	sense(&of, "d", "missing");
	assert_int_equal(due(&of), 1);
	assert_int_equal(of.state->dependencies[0].status, STATUS_MISSING);
	case_end(&of);
}

// --- what is due: verification ---

static void test_verified_means_asked_afterwards(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	for (int second = 0; second < 60; second += 5) {
		now_is(&of, second);
		sense(&of, "db", "healthy");
		due(&of);
	}
	succeeds(&of, "a");
	// Healthy for a minute already, but nobody has asked since the result.
	decision_fini(&of.decision);
	decide_due(&of.facts, &of.decision);
	const struct effect *recheck = only_effect(&of, EFFECT_RECHECK);
	assert_int_equal(recheck->dependency, dependency_of(&of, "db"));
	int64_t token = recheck->token;
	assert_true(token > 0);
	now_is(&of, 70);
	sense(&of, "db", "healthy");
	assert_int_equal(due(&of), 0);
	sense_token(&of, "db", "healthy", token - 1);
	assert_int_equal(due(&of), 0);
	sense_token(&of, "db", "healthy", token);
	assert_int_equal(due(&of), 1);
	assert_newest(&of, EVENT_STEP_VERIFIED, "a");
	const cJSON *first = cJSON_GetArrayItem(json_get(newest(&of)->data, "observations"), 0);
	assert_string_equal(json_text(first, "dependency"), "db");
	assert_string_equal(json_text(first, "status"), "healthy");
	assert_step(&of, "a", STEP_DONE);
	case_end(&of);
}

static void test_verified_means_lasting(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	succeeds(&of, "a");
	live(&of, 20, "db", "missing");
	live(&of, 25, "db", "healthy"); // from 20 on
	now_is(&of, 26);
	sense_token(&of, "db", "degraded", of.next_token);
	due(&of);
	live(&of, 36, "db", "healthy"); // from 26 on
	assert_step(&of, "a", STEP_DONE);
	assert_int_equal(last_of(&of, EVENT_STEP_VERIFIED)->ts.us, at_second(36).wall.us);
	case_end(&of);
}

static void test_one_look_is_not_lasting(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	succeeds(&of, "a");
	live(&of, 20, "db", "missing");
	now_is(&of, 21);
	sense_token(&of, "db", "healthy", of.next_token);
	due(&of);
	int64_t asked = of.next_token;
	now_is(&of, 31); // stable has passed, but nobody has looked since: the sensor is asked to
	due(&of);
	assert_step(&of, "a", STEP_VERIFYING);
	assert_true(of.next_token > asked);
	asked = of.next_token;
	now_is(&of, 32);
	due(&of);
	assert_true(of.next_token == asked); // once
	sense_token(&of, "db", "missing", of.next_token);
	due(&of);
	assert_step(&of, "a", STEP_VERIFYING);
	case_end(&of);
}

static void test_a_look_before_the_result_proves_nothing(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	live(&of, 15, "db", "healthy");
	starts(&of, "a");
	struct intent look = with_text(&of, INTENT_VERIFY, "a", NULL);
	wanted(&of, &look);
	live(&of, 30, "db", "healthy");
	int64_t before = of.next_token;
	ends(&of, "a", "{'outcome':'success','exit':0,'duration_ms':1000}");
	due(&of);
	assert_step(&of, "a", STEP_VERIFYING);
	assert_true(of.next_token > before);
	sense_token(&of, "db", "missing", of.next_token);
	due(&of);
	live(&of, 60, "db", "missing");
	assert_step(&of, "a", STEP_VERIFYING);
	case_end(&of);
}

static void test_settle_expires(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "progressing");
	due(&of);
	succeeds(&of, "a");
	live(&of, 119, "db", "progressing");
	assert_step(&of, "a", STEP_VERIFYING);
	live(&of, 120, "db", "progressing");
	assert_newest(&of, EVENT_STEP_FAILED, "a");
	assert_data(newest(&of), "why", "settle of 2m is over: db progressing (as seen)");
	assert_step(&of, "a", STEP_FAILED);
	case_end(&of);
}

static void test_looking_again_gives_no_more_time(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	succeeds(&of, "a");
	live(&of, 100, "db", "missing");
	struct intent look = with_text(&of, INTENT_VERIFY, "a", NULL);
	wanted(&of, &look);
	live(&of, 119, "db", "missing");
	assert_step(&of, "a", STEP_VERIFYING);
	live(&of, 120, "db", "missing");
	assert_step(&of, "a", STEP_FAILED);
	case_end(&of);
}

static void test_settle_can_be_given_more(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	succeeds(&of, "a");
	live(&of, 60, "db", "missing");
	struct intent more = with_text(&of, INTENT_EXTEND, "a", NULL);
	more.extend_ms = 60 * MS_PER_S;
	wanted(&of, &more);
	live(&of, 179, "db", "missing");
	assert_step(&of, "a", STEP_VERIFYING);
	live(&of, 180, "db", "missing");
	assert_step(&of, "a", STEP_FAILED);
	assert_data(newest(&of), "why", "settle of 3m is over: db missing (as seen)");
	case_end(&of);
}

static void test_a_waived_dependency_needs_no_proof(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	succeeds(&of, "a");
	tell(&of, "mei", EVENT_WAIVER, "db", "{'as':'degraded','why':'x'}");
	due(&of);
	assert_step(&of, "a", STEP_DONE);
	case_end(&of);
}

static void test_an_unknown_attempt_is_resolved_by_looking(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "healthy");
	due(&of);
	starts(&of, "a");
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 1, NULL);
	live(&of, 60, "db", "healthy");
	assert_step(&of, "a", STEP_UNKNOWN); // nobody has asked
	struct intent verify = with_text(&of, INTENT_VERIFY, "a", NULL);
	struct intent more = with_text(&of, INTENT_EXTEND, "a", NULL);
	more.extend_ms = 60 * MS_PER_S;
	refused(&of, &more, "extend: a: it is neither running nor being verified");
	wanted(&of, &verify);
	only_effect(&of, EFFECT_RECHECK);
	assert_step(&of, "a", STEP_UNKNOWN);
	live(&of, 69, "db", "healthy");
	assert_step(&of, "a", STEP_UNKNOWN);
	live(&of, 70, "db", "healthy");
	assert_step(&of, "a", STEP_DONE);
	starts(&of, "a");
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 2, NULL);
	wanted(&of, &verify);
	live(&of, 70 + 120, "db", "missing");
	assert_newest(&of, EVENT_STEP_RESOLVED, "a");
	assert_data(newest(&of), "to", "failed");
	assert_step(&of, "a", STEP_FAILED);
	verify.step = step_of(&of, "c");
	refused(&of, &verify, "verify: c: it restores nothing that could be looked at");
	case_end(&of);
}

static void test_a_failed_step_is_verified_by_looking(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	succeeds(&of, "a");
	live(&of, 120, "db", "missing");
	assert_step(&of, "a", STEP_FAILED);
	live(&of, 160, "db", "healthy");
	assert_step(&of, "a", STEP_FAILED); // nobody has asked
	struct intent verify = with_text(&of, INTENT_VERIFY, "a", NULL);
	wanted(&of, &verify);
	only_effect(&of, EFFECT_RECHECK);
	live(&of, 169, "db", "healthy");
	assert_step(&of, "a", STEP_FAILED);
	live(&of, 170, "db", "healthy");
	assert_newest(&of, EVENT_STEP_VERIFIED, "a");
	assert_step(&of, "a", STEP_DONE);
	case_end(&of);
}

static void test_a_failed_step_that_is_looked_at_in_vain(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	fails(&of, "a");
	struct intent seen = with_text(&of, INTENT_ACKNOWLEDGE, "a", NULL);
	struct intent verify = with_text(&of, INTENT_VERIFY, "a", NULL);
	struct intent more = with_text(&of, INTENT_EXTEND, "a", NULL);
	more.extend_ms = 60 * MS_PER_S;
	wanted(&of, &seen);
	refused(&of, &more, "extend: a: it is neither running nor being verified");
	const struct step_progress *a = &of.state->steps[step_of(&of, "a")];
	struct moment failed = a->since;
	now_is(&of, 30);
	wanted(&of, &verify);
	wanted(&of, &more);
	live(&of, 30 + 179, "db", "missing");
	assert_int_equal(count_events(&of, EVENT_STEP_RESOLVED), 0);
	live(&of, 30 + 180, "db", "missing");
	assert_newest(&of, EVENT_STEP_RESOLVED, "a");
	assert_data(newest(&of), "to", "failed");
	assert_data(newest(&of), "how", "settle of 3m is over: db missing (as seen)");
	// It failed then, and for that reason, which has been seen.
	assert_string_equal(a->said, "exit 1");
	assert_true(a->is_acknowledged);
	assert_int_equal(a->since.mono.us, failed.mono.us);
	assert_int_equal(due(&of), 0);
	live(&of, 400, "db", "healthy");
	assert_step(&of, "a", STEP_FAILED); // the look is over
	case_end(&of);
}

// What was looked at in vain tells the newer reason.
static void test_what_was_not_verified_is_not_verified_again(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	sense(&of, "db", "missing");
	due(&of);
	succeeds(&of, "a");
	live(&of, 120, "db", "missing");
	struct intent verify = with_text(&of, INTENT_VERIFY, "a", NULL);
	wanted(&of, &verify);
	live(&of, 240, "db", "degraded");
	assert_newest(&of, EVENT_STEP_RESOLVED, "a");
	assert_string_equal(of.state->steps[step_of(&of, "a")].said,
		"settle of 2m is over: db degraded (as seen)");
	case_end(&of);
}

// Nothing is run again by itself while a person has it looked at.
static void test_a_look_holds_the_next_automatic_attempt(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies: [{id: d, check: {command: [x]}, stable: 5s}]\n"
		   "steps:\n"
		   "- {id: a, run: {command: [x]}, retries: 1, restores: [d], settle: 20s}\n");
	sense(&of, "d", "missing");
	due(&of);
	fails(&of, "a");
	struct intent verify = with_text(&of, INTENT_VERIFY, "a", NULL);
	wanted(&of, &verify);
	live(&of, 19, "d", "missing");
	assert_int_equal(count_events(&of, EVENT_STEP_INTENT), 1);
	live(&of, 20, "d", "missing");
	assert_int_equal(count_events(&of, EVENT_STEP_RESOLVED), 1);
	assert_int_equal(count_events(&of, EVENT_STEP_INTENT), 2);
	case_end(&of);
}

static void test_a_pure_wait_ticks_itself(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies: [{id: d, check: {command: [x]}, stable: 5s}]\n"
		   "steps:\n"
		   "- {id: a, manual: x}\n"
		   "- {id: hold, restores: [d], settle: 1s}\n");
	struct intent start = with_text(&of, INTENT_START, "hold", NULL);
	live(&of, 20, "d", "healthy");
	assert_waits(&of, "hold", "needs a");
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "a", "{'say':'x'}");
	assert_step(&of, "hold", STEP_READY);
	assert_false(want(&of, &start));
	assert_non_null(strstr(of.why.message, "nobody starts it"));
	// Its settle does not apply, and only what was asked after it became ready counts.
	live(&of, 24, "d", "healthy");
	assert_step(&of, "hold", STEP_READY);
	live(&of, 26, "d", "healthy");
	assert_step(&of, "hold", STEP_DONE);
	case_end(&of);
}

// --- what is due: regressions ---

static void be_done(struct incident_case *of)
{
	sense(of, "db", "healthy");
	due(of);
	succeeds(of, "a");
	tell(of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
}

static void test_regressed_is_bad_twice_in_a_row(void **unused)
{
	(void)unused;
	static const char *const seen[] = {"degraded", "unknown", "missing", "healthy", "degraded",
		"progressing", "degraded", "missing"};
	struct incident_case of;
	begin(&of, small);
	be_done(&of);
	for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
		assert_step(&of, "a", STEP_DONE);
		now_is(&of, 100 + 10 * (double)i);
		sense(&of, "db", seen[i]);
		due(&of);
	}
	assert_step(&of, "a", STEP_REGRESSED);
	assert_newest(&of, EVENT_STEP_REGRESSED, "a");
	// It ticks again when that is healthy for long enough.
	now_is(&of, 200);
	sense(&of, "db", "healthy");
	due(&of);
	now_is(&of, 209);
	sense(&of, "db", "healthy");
	due(&of);
	assert_step(&of, "a", STEP_REGRESSED);
	now_is(&of, 210);
	due(&of);
	assert_step(&of, "a", STEP_REGRESSED); // nobody has seen it healthy for so long yet
	sense(&of, "db", "healthy");
	due(&of);
	assert_step(&of, "a", STEP_DONE);
	assert_newest(&of, EVENT_STEP_VERIFIED, "a");
	case_end(&of);
}

static void test_what_does_not_regress(void **unused)
{
	(void)unused;
	static const struct {
		enum event_kind kind;
		const char *about, *data;
	} excuses[] = {
		{EVENT_STEP_OVERRIDDEN, "a", "{'why':'x'}"},
		{EVENT_WAIVER, "db", "{'as':'degraded','why':'x'}"},
	};
	for (size_t i = 0; i < 2; i++) {
		struct incident_case of;
		begin(&of, small);
		be_done(&of);
		tell(&of, "mei", excuses[i].kind, excuses[i].about, excuses[i].data);
		for (int second = 100; second < 150; second += 10) {
			now_is(&of, second);
			sense(&of, "db", "missing");
			due(&of);
		}
		assert_step(&of, "a", STEP_DONE);
		case_end(&of);
	}
}

// --- what is due: automatic retries ---

static void test_automatic_retries(void **unused)
{
	(void)unused;
	static const int pauses[] = {1, 2, 4};
	struct incident_case of;
	double now = 0;
	begin(&of, small);
	tell(&of, "mei", EVENT_STEP_OVERRIDDEN, "a", "{'why':'x'}");
	fails(&of, "b");
	for (int i = 0; i < 3; i++) {
		now_is(&of, now + pauses[i] - 0.1);
		assert_int_equal(due_once(&of), 0);
		now_is(&of, now + pauses[i]);
		assert_int_equal(due_once(&of), 1);
		assert_newest(&of, EVENT_STEP_INTENT, "b");
		assert_string_equal(newest(&of)->by, "relight");
		only_effect(&of, EFFECT_LAUNCH);
		now += pauses[i] + 10;
		now_is(&of, now);
		ends(&of, "b", "{'outcome':'failed','exit':1}");
	}
	now_is(&of, now + 1000);
	assert_int_equal(due(&of), 0);
	case_end(&of);
}

static void test_when_nothing_is_retried(void **unused)
{
	(void)unused;
	static const struct {
		enum event_kind kind;
		const char *about, *data;
	} hindrances[] = {
		{EVENT_MODE_DISARMED, NULL, NULL}, {EVENT_ABORT, NULL, "{'why':'x'}"},
		{EVENT_STEP_REGRESSED, "a", NULL}, {EVENT_NOTE, NULL, NULL}, // hinders nothing
	};
	for (size_t i = 0; i < 4; i++) {
		struct incident_case of;
		begin(&of, small);
		tell(&of, "mei", EVENT_STEP_OVERRIDDEN, "a", "{'why':'x'}");
		fails(&of, "b");
		tell(&of, "ana", hindrances[i].kind, hindrances[i].about, hindrances[i].data);
		now_is(&of, 100);
		due_once(&of);
		assert_int_equal(of.state->steps[1].attempt, i == 3 ? 2 : 1);
		case_end(&of);
	}
	static const char *const outcomes[] = {"timeout", "cancelled", "never-started"};
	for (size_t i = 0; i < 3; i++) {
		struct incident_case of;
		char data[64];
		begin(&of, small);
		starts(&of, "b");
		snprintf(data, sizeof data, "{'outcome':'%s'}", outcomes[i]);
		ends(&of, "b", data);
		tell(&of, "mei", EVENT_STEP_OVERRIDDEN, "a", "{'why':'x'}");
		now_is(&of, 100);
		assert_int_equal(due_once(&of), 0);
		case_end(&of);
	}
}

// --- what is due: serving ---

static const char functions[] = "functions:\n"
				"- {id: f, title: F, journey: [x, y]}\n"
				"- {id: g, title: G}\n"
				"dependencies:\n"
				"- {id: x, check: {command: [c]}, stable: 10s}\n"
				"- {id: y, check: {command: [c]}, stable: 30s}\n"
				"steps: [{id: a, manual: m}]\n";

static void sense_both(struct incident_case *of, int from, int to, const char *status)
{
	for (int at = from; at <= to; at++) {
		now_is(of, at);
		sense(of, "x", status);
		if (at >= from + 5)
			sense(of, "y", status);
		due(of);
	}
}

static void test_serving_is_lasting_and_of_all(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, functions);
	sense_both(&of, 1, 35, "healthy");
	assert_int_equal(count_events(&of, EVENT_INCIDENT_SERVING), 0);
	now_is(&of, 36); // y has been healthy since 6
	sense(&of, "x", "healthy");
	sense(&of, "y", "healthy");
	due(&of);
	assert_newest(&of, EVENT_INCIDENT_SERVING, NULL);
	assert_data(newest(&of), "function", "f");
	assert_data(newest(&of), "since", "2026-07-03T03:00:06.000000Z");
	assert_int_equal(due(&of), 0);
	assert_true(state_forecast(of.state, of.facts.now).is_serving);
	case_end(&of);
}

static void test_what_stops_to_serve_lets_the_clock_go_on(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, functions);
	sense_both(&of, 1, 40, "healthy");
	assert_true(state_forecast(of.state, of.facts.now).is_serving);
	// A moment is none, and neither is what is not known.
	now_is(&of, 41);
	sense(&of, "x", "degraded");
	now_is(&of, 50);
	sense(&of, "x", "degraded");
	due(&of);
	sense_both(&of, 51, 80, "unknown");
	assert_int_equal(count_events(&of, EVENT_INCIDENT_INTERRUPTED), 0);
	assert_true(state_forecast(of.state, of.facts.now).is_serving);
	for (int at = 81; at <= 91; at++) {
		now_is(&of, at);
		sense(&of, "x", "degraded");
		due(&of);
	}
	assert_int_equal(count_events(&of, EVENT_INCIDENT_INTERRUPTED), 1);
	assert_newest(&of, EVENT_INCIDENT_INTERRUPTED, NULL);
	assert_string_equal(newest(&of)->dependency, "x");
	assert_data(newest(&of), "function", "f");
	assert_data(newest(&of), "since", "2026-07-03T03:01:21.000000Z");
	assert_data(newest(&of), "status", "degraded");
	assert_false(state_forecast(of.state, of.facts.now).is_serving);
	sense_both(&of, 92, 130, "healthy");
	assert_int_equal(count_events(&of, EVENT_INCIDENT_SERVING), 2);
	assert_data(newest(&of), "since", "2026-07-03T03:01:37.000000Z");
	assert_true(state_forecast(of.state, of.facts.now).is_serving);
	// After the declared recovery it is another incident's.
	tell(&of, "ana", EVENT_INCIDENT_RECOVERED, NULL, "{}");
	sense_both(&of, 131, 180, "missing");
	assert_int_equal(count_events(&of, EVENT_INCIDENT_INTERRUPTED), 1);
	case_end(&of);
}

static void test_a_mark_counts_what_there_is_to_see(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, functions);
	sense_both(&of, 1, 20, "healthy");
	now_is(&of, 24);
	sense(&of, "x", "healthy");
	now_is(&of, 30);
	decision_fini(&of.decision);
	decide_mark(&of.facts, &of.decision);
	assert_int_equal(of.decision.event_count, 1);
	struct event *mark = of.decision.events[0];
	assert_int_equal(mark->kind, EVENT_MARK);
	assert_null(mark->by); // the person who sits there
	static const char *const words[] = {"awaited", "due", "held", "lost", "given"};
	int64_t all = 0;
	for (size_t i = 0; i < 5; i++)
		all += json_int(mark->data, words[i], -100);
	assert_int_equal(all, of.runbook->dependency_count);
	assert_int_equal(json_int(mark->data, "given", -1), 2);
	assert_int_equal(json_int(mark->data, "oldest_age_s", -1), 10);
	case_end(&of);
}

static void test_serving_counts_from_the_impact(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, functions);
	sense_both(&of, 1, 20, "healthy");
	tell(&of, "ana", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-1','impact_at':'2026-07-03T03:00:20Z'}");
	sense_both(&of, 21, 49, "healthy");
	assert_int_equal(count_events(&of, EVENT_INCIDENT_SERVING), 0);
	now_is(&of, 50);
	sense(&of, "x", "healthy");
	sense(&of, "y", "healthy");
	due(&of);
	assert_int_equal(count_events(&of, EVENT_INCIDENT_SERVING), 1);
	assert_data(newest(&of), "since", "2026-07-03T03:00:20.000000Z");
	assert_int_equal(state_forecast(of.state, of.facts.now).elapsed_ms, 0);
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_the_armed_act),
		cmocka_unit_test(test_nothing_starts_unrecorded),
		cmocka_unit_test(test_a_closed_incident),
		cmocka_unit_test(test_a_step_must_be_named),
		cmocka_unit_test(test_source_and_recovery_must_differ),
		cmocka_unit_test(test_starting_an_attempt),
		cmocka_unit_test(test_what_cannot_be_started),
		cmocka_unit_test(test_a_mode_that_the_step_is_not_for),
		cmocka_unit_test(test_a_destructive_step_wants_its_name),
		cmocka_unit_test(test_running_again),
		cmocka_unit_test(test_an_amended_command),
		cmocka_unit_test(test_what_was_amended_is_that_of_the_attempt),
		cmocka_unit_test(test_a_rollback),
		cmocka_unit_test(test_a_lost_rollback_is_not_proven_by_what_its_step_restores),
		cmocka_unit_test(test_a_lost_rollback_is_resolved_by_hand),
		cmocka_unit_test(test_after_a_lost_rollback_what_is_done_by_hand_is_verified),
		cmocka_unit_test(test_a_rollback_needs_its_target_too),
		cmocka_unit_test(test_what_was_made_anew_is_repinned_without_a_reason),
		cmocka_unit_test(test_what_was_shown_is_what_is_accepted),
		cmocka_unit_test(test_what_has_no_timeout_is_given_no_time),
		cmocka_unit_test(test_cancelling_and_more_time),
		cmocka_unit_test(test_output_that_the_disk_did_not_take),
		cmocka_unit_test(test_more_time_that_comes_too_late),
		cmocka_unit_test(test_what_was_cancelled_is_given_no_more_time),
		cmocka_unit_test(test_more_time_for_a_sleep),
		cmocka_unit_test(test_attesting_a_manual_step),
		cmocka_unit_test(test_by_hand_override_skip_reopen),
		cmocka_unit_test(test_waiving),
		cmocka_unit_test(test_waivers_end_by_themselves),
		cmocka_unit_test(test_acknowledging),
		cmocka_unit_test(test_attesting_a_dependency),
		cmocka_unit_test(test_another_reason_why_it_is_not_known),
		cmocka_unit_test(test_what_was_known_when_it_was_decided),
		cmocka_unit_test(test_deciding),
		cmocka_unit_test(test_a_skipped_decision_skips_what_hangs_on_it),
		cmocka_unit_test(test_notes_updates_people),
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_a_secret_that_this_session_does_not_know),
		cmocka_unit_test(test_impact_and_restore_points),
		cmocka_unit_test(test_open_lines_are_attested),
		cmocka_unit_test(test_recovering_and_closing),
		cmocka_unit_test(test_what_is_left_open_at_closing),
		cmocka_unit_test(test_aborting),
		cmocka_unit_test(test_what_is_allowed_leaves_no_trace),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_a_step_teaches_inputs),
		cmocka_unit_test(test_transitions_are_recorded),
		cmocka_unit_test(test_silence_makes_it_stale),
		cmocka_unit_test(test_a_burst_is_limited),
		cmocka_unit_test(test_a_word_stands_until_the_sensor_knows_better),
		cmocka_unit_test(test_verified_means_asked_afterwards),
		cmocka_unit_test(test_verified_means_lasting),
		cmocka_unit_test(test_one_look_is_not_lasting),
		cmocka_unit_test(test_a_look_before_the_result_proves_nothing),
		cmocka_unit_test(test_settle_expires),
		cmocka_unit_test(test_looking_again_gives_no_more_time),
		cmocka_unit_test(test_settle_can_be_given_more),
		cmocka_unit_test(test_a_waived_dependency_needs_no_proof),
		cmocka_unit_test(test_an_unknown_attempt_is_resolved_by_looking),
		cmocka_unit_test(test_a_failed_step_is_verified_by_looking),
		cmocka_unit_test(test_a_failed_step_that_is_looked_at_in_vain),
		cmocka_unit_test(test_what_was_not_verified_is_not_verified_again),
		cmocka_unit_test(test_a_look_holds_the_next_automatic_attempt),
		cmocka_unit_test(test_a_pure_wait_ticks_itself),
		cmocka_unit_test(test_regressed_is_bad_twice_in_a_row),
		cmocka_unit_test(test_what_does_not_regress),
		cmocka_unit_test(test_automatic_retries),
		cmocka_unit_test(test_when_nothing_is_retried),
		cmocka_unit_test(test_serving_is_lasting_and_of_all),
		cmocka_unit_test(test_what_stops_to_serve_lets_the_clock_go_on),
		cmocka_unit_test(test_a_mark_counts_what_there_is_to_see),
		cmocka_unit_test(test_serving_counts_from_the_impact),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
