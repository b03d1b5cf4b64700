// SPDX-License-Identifier: Apache-2.0
#include "incident_case.h"

// a restores db; b needs a and requires api; c needs b; free hangs on nothing.
static const char small[] = "dependencies:\n"
			    "- {id: api, check: {manual: q}, proves: L0}\n"
			    "- {id: db, check: {manual: q}, stable: 10s, proves: L2}\n"
			    "steps:\n"
			    "- {id: a, run: {command: ['true']}, restores: [db], takes: 10m, "
			    "timeout: 30m, proves: L1}\n"
			    "- {id: b, run: {command: ['true']}, requires: [api], takes: 5m}\n"
			    "- {id: c, manual: look, takes: 1m, proves: L3}\n"
			    "- {id: free, needs: [], manual: look}\n";

static void begin(struct incident_case *of, const char *text)
{
	case_begin_armed(of, text);
}

static void assert_run(
	const struct incident_case *of, const char *step, enum step_state folded, enum done_how how)
{
	const struct step_progress *progress = &of->state->steps[step_of(of, step)];
	assert_string_equal(step_state_word(progress->state), step_state_word(folded));
	assert_int_equal(progress->how, how);
}

// --- steps -----------------------------------------------------------------------------------------------------------

static void test_nothing_has_happened(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, small);
	assert_false(of.state->is_open);
	assert_step(&of, "a", STEP_READY);
	assert_waits(&of, "b", "needs a");
	assert_step(&of, "free", STEP_READY);
	assert_int_equal(of.state->steps[0].attempt, 0);
	assert_int_equal(of.state->steps[0].exit, -1);
	assert_int_equal(state_evidence_level(of.state), -1);
	case_end(&of);
}

static void test_from_intent_to_verified(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	const struct step_progress *a = &of.state->steps[0];
	now_is(&of, 10);
	int64_t intent = tell_attempt(&of, "ana", EVENT_STEP_INTENT, "a", 1,
		"{'role':'run','timeout_s':1800,'why':'go'}");
	assert_step(&of, "a", STEP_RUNNING);
	assert_int_equal(of.state->running_count, 1);
	assert_int_equal(a->intent_seq, intent);
	assert_int_equal(a->timeout_ms, 1800000);
	assert_string_equal(a->by, "ana");
	assert_int_equal(a->first_started.us, at_second(10).wall.us);
	now_is(&of, 70);
	ends(&of, "a", "{'outcome':'success','exit':0,'duration_ms':60000}");
	assert_step(&of, "a", STEP_VERIFYING);
	assert_int_equal(of.state->running_count, 0);
	assert_int_equal(a->verifying_from.mono.us, at_second(70).mono.us);
	assert_int_equal(a->duration_ms, 60000);
	now_is(&of, 80);
	tell_attempt(&of, "relight", EVENT_STEP_VERIFIED, "a", 1, "{}");
	assert_run(&of, "a", STEP_DONE, DONE_VERIFIED);
	assert_int_equal(a->done.wall.us, at_second(80).wall.us);
	case_end(&of);
}

static void test_what_restores_nothing_is_done_at_once(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	succeeds(&of, "b");
	assert_run(&of, "b", STEP_DONE, DONE_RESULT);
	tell(&of, "ben", EVENT_STEP_CONFIRMED, "c", "{'say':'seen'}");
	assert_run(&of, "c", STEP_DONE, DONE_CONFIRMED);
	assert_string_equal(of.state->steps[2].by, "ben");
	assert_string_equal(of.state->steps[2].said, "seen");
	assert_false(of.state->steps[2].by_hand);
	case_end(&of);
}

static void test_by_hand_is_verified_like_any_other(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "ben", EVENT_STEP_CONFIRMED, "a", "{'say':'in the console','by_hand':true}");
	assert_step(&of, "a", STEP_VERIFYING);
	assert_true(of.state->steps[0].by_hand);
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	assert_run(&of, "a", STEP_DONE, DONE_VERIFIED);
	assert_true(of.state->steps[0].by_hand);
	// Done again by its action it is no longer by hand.
	starts(&of, "a");
	assert_false(of.state->steps[0].by_hand);
	case_end(&of);
}

static void test_how_an_attempt_can_end(void **unused)
{
	(void)unused;
	static const struct {
		const char *data;
		enum outcome outcome;
		int exit, signal, never_started;
	} ways[] = {
		{"{'outcome':'failed','exit':3,'duration_ms':7}", OUTCOME_FAILED, 3, -1, 0},
		{"{'outcome':'failed','signal':9}", OUTCOME_FAILED, -1, 9, 0},
		{"{'outcome':'timeout'}", OUTCOME_TIMEOUT, -1, -1, 0},
		{"{'outcome':'cancelled'}", OUTCOME_CANCELLED, -1, -1, 0},
		{"{'outcome':'never-started'}", OUTCOME_NEVER_STARTED, -1, -1, 1},
		{"{'outcome':'never-started'}", OUTCOME_NEVER_STARTED, -1, -1, 2},
	};
	struct incident_case of;
	begin(&of, small);
	const struct step_progress *a = &of.state->steps[0];
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		starts(&of, "a");
		assert_int_equal(a->outcome, OUTCOME_NONE);
		assert_int_equal(a->exit, -1);
		ends(&of, "a", ways[i].data);
		assert_step(&of, "a", STEP_FAILED);
		assert_int_equal(a->outcome, ways[i].outcome);
		assert_int_equal(a->exit, ways[i].exit);
		assert_int_equal(a->signal, ways[i].signal);
		assert_int_equal(a->never_started, ways[i].never_started);
	}
	assert_int_equal(a->attempt, 6);
	case_end(&of);
}

static void test_the_ways_out_of_failed(void **unused)
{
	(void)unused;
	static const struct {
		enum event_kind kind;
		const char *data;
		enum step_state to;
	} exits[] = {
		{EVENT_STEP_SKIPPED, "{'why':'not needed'}", STEP_SKIPPED},
		{EVENT_STEP_OVERRIDDEN, "{'why':'it works','remains':'two pods'}", STEP_DONE},
		{EVENT_STEP_REOPENED, "{'why':'once more'}", STEP_READY},
		{EVENT_STEP_CONFIRMED, "{'say':'did it','by_hand':true}", STEP_VERIFYING},
	};
	for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
		struct incident_case of;
		begin(&of, small);
		fails(&of, "a");
		tell(&of, "mei", exits[i].kind, "a", exits[i].data);
		assert_step(&of, "a", exits[i].to);
		case_end(&of);
	}
}

static void test_an_override_says_what_is_left(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "mei", EVENT_STEP_OVERRIDDEN, "a", "{'why':'it works','remains':'two pods'}");
	assert_run(&of, "a", STEP_DONE, DONE_OVERRIDDEN);
	assert_string_equal(of.state->steps[0].remains, "two pods");
	assert_string_equal(of.state->steps[0].said, "it works");
	// Nothing is proven by a word against the evidence.
	assert_int_equal(of.state->highest_level, -1);
	assert_int_equal(state_evidence_level(of.state), -1);
	succeeds(&of, "a");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	assert_null(of.state->steps[0].remains);
	assert_int_equal(of.state->highest_level, 1);
	case_end(&of);
}

static void test_a_lost_outcome(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	starts(&of, "a");
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 1, "{'why':'the machine died'}");
	assert_step(&of, "a", STEP_UNKNOWN);
	assert_int_equal(of.state->running_count, 0);
	tell_attempt(&of, "relight", EVENT_STEP_RESOLVED, "a", 1,
		"{'to':'failed','how':'settle is over'}");
	assert_step(&of, "a", STEP_FAILED);
	assert_string_equal(of.state->steps[0].said, "settle is over");
	starts(&of, "a");
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 2, NULL);
	tell_attempt(&of, "ana", EVENT_STEP_RESOLVED, "a", 2, "{'to':'done','how':'seen'}");
	assert_run(&of, "a", STEP_DONE, DONE_RESOLVED);
	starts(&of, "a");
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 3, NULL);
	tell_attempt(&of, "relight", EVENT_STEP_VERIFIED, "a", 3, NULL);
	assert_run(&of, "a", STEP_DONE, DONE_VERIFIED);
	case_end(&of);
}

static void test_verification_can_fail(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	succeeds(&of, "a");
	tell(&of, "relight", EVENT_STEP_FAILED, "a", "{'why':'settle of 5m is over: db missing'}");
	assert_step(&of, "a", STEP_FAILED);
	assert_int_equal(of.state->steps[0].outcome, OUTCOME_SUCCESS);
	assert_string_equal(of.state->steps[0].said, "settle of 5m is over: db missing");
	// It was only late.
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	assert_step(&of, "a", STEP_DONE);
	assert_null(of.state->steps[0].said);
	case_end(&of);
}

static void test_old_attempts_change_nothing(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	starts(&of, "a");
	starts(&of, "a");
	tell_attempt(&of, "relight", EVENT_STEP_RESULT, "a", 1, "{'outcome':'failed'}");
	assert_step(&of, "a", STEP_RUNNING);
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "a", 1, NULL);
	assert_step(&of, "a", STEP_RUNNING);
	tell_attempt(&of, "ana", EVENT_STEP_INTENT, "a", 2, NULL);
	assert_int_equal(of.state->steps[0].attempt, 2);
	assert_int_equal(of.state->running_count, 1);
	ends(&of, "a", "{'outcome':'no such word'}");
	assert_step(&of, "a", STEP_RUNNING);
	case_end(&of);
}

static void test_automatic_retries_are_counted(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	fails(&of, "a");
	tell_attempt(&of, "relight", EVENT_STEP_INTENT, "a", 2, "{'role':'run'}");
	assert_int_equal(of.state->steps[0].retried, 1);
	ends(&of, "a", "{'outcome':'failed'}");
	tell_attempt(&of, "relight", EVENT_STEP_INTENT, "a", 3, "{'role':'run'}");
	assert_int_equal(of.state->steps[0].retried, 2);
	ends(&of, "a", "{'outcome':'failed'}");
	// A person's attempt begins a new run of failures.
	starts(&of, "a");
	assert_int_equal(of.state->steps[0].retried, 0);
	case_end(&of);
}

static void test_more_time_and_cancelling(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	const struct step_progress *a = &of.state->steps[0];
	starts(&of, "a");
	tell_attempt(&of, "ana", EVENT_STEP_EXTENDED, "a", 1, "{'by_s':60}");
	tell_attempt(&of, "ana", EVENT_STEP_EXTENDED, "a", 1, "{'by_s':30}");
	assert_int_equal(a->extended_ms, 90000);
	assert_int_equal(a->put_off_ms, 0);
	tell_attempt(&of, "relight", EVENT_STEP_EXTENDED, "a", 1, "{'by_s':3600,'slept_s':3590}");
	assert_int_equal(a->extended_ms, 90000);
	assert_int_equal(a->put_off_ms, 3600000);
	tell_attempt(&of, "ana", EVENT_STEP_CANCEL, "a", 1, "{'why':'wrong one'}");
	assert_true(a->cancel_asked);
	// What verifying is given counts apart.
	ends(&of, "a", "{'outcome':'success'}");
	assert_int_equal(a->extended_ms, 0);
	tell_attempt(&of, "ana", EVENT_STEP_EXTENDED, "a", 1, "{'by_s':5}");
	assert_int_equal(a->extended_ms, 5000);
	starts(&of, "a");
	assert_false(a->cancel_asked);
	assert_int_equal(a->extended_ms, 0);
	assert_int_equal(a->put_off_ms, 0);
	case_end(&of);
}

// What the actuator did not hear of was never its time.
static void test_more_time_that_came_too_late(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	const struct step_progress *a = &of.state->steps[0];
	starts(&of, "a");
	assert_false(state_is_stopping(of.state, 0));
	tell_attempt(&of, "ana", EVENT_STEP_EXTENDED, "a", 1, "{'by_s':60}");
	tell_attempt(&of, "ana", EVENT_STEP_EXTENDED, "a", 1, "{'by_s':300}");
	tell_attempt(&of, "relight", EVENT_STEP_STOPPING, "a", 1,
		"{'cause':'timeout','after_ms':70000,'signal':15,'grace_ms':30000,"
		"'too_late_s':300}");
	assert_true(state_is_stopping(of.state, 0));
	assert_int_equal(a->extended_ms, 60000);
	assert_int_equal(a->stopping.too_late_ms, 300000);
	ends(&of, "a", "{'outcome':'timeout'}");
	assert_false(state_is_stopping(of.state, 0));
	starts(&of, "a");
	assert_false(state_is_stopping(of.state, 0));
	tell_attempt(&of, "relight", EVENT_STEP_STOPPING, "a", 1,
		"{'cause':'timeout','after_ms':1}"); // of an attempt that is over
	assert_false(state_is_stopping(of.state, 0));
	tell_attempt(&of, "relight", EVENT_STEP_STOPPING, "a", 2,
		"{'cause':'timeout','after_ms':-5,'signal':999,'grace_ms':1e300,"
		"'too_late_s':1e300}");
	assert_true(state_is_stopping(of.state, 0));
	assert_int_equal(a->stopping.after_ms, 0);
	assert_int_equal(a->stopping.signal, 0);
	assert_int_equal(a->extended_ms, 0);
	case_end(&of);
}

// What a person is asked near of is what is left of the time that counts, however long the machine
// slept.
static void test_near_the_timeout(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell_attempt(&of, "ana", EVENT_STEP_INTENT, "a", 1,
		"{'role':'run','action':{},'timeout_s':100}");
	const struct moment began = of.state->steps[0].intent;
	const struct {
		const char *extended; // NULL: nothing is put to it
		int64_t limit_s, near_s;
	} rows[] = {
		{NULL, 100, 80},
		{"{'by_s':100}", 200, 160},
		{"{'by_s':3600,'slept_s':3600}", 3800, 3760},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mono near = {began.mono.us + rows[i].near_s * US_PER_S};
		if (rows[i].extended)
			tell_attempt(&of, "ana", EVENT_STEP_EXTENDED, "a", 1, rows[i].extended);
		assert_int_equal(state_limit_ms(of.state, 0), rows[i].limit_s * MS_PER_S);
		assert_true(state_is_near_timeout(of.state, 0, near));
		near.us -= US_PER_S;
		assert_false(state_is_near_timeout(of.state, 0, near));
	}
	case_end(&of);
}

// A timeline may come from anywhere: what is added up from it stays a duration.
static void test_no_record_overflows_a_duration(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	const struct step_progress *a = &of.state->steps[0];
	tell_attempt(&of, "ana", EVENT_STEP_INTENT, "a", 1,
		"{'role':'run','timeout_s':9007199254740992}");
	assert_true(a->timeout_ms == DURATION_MOST_MS);
	for (int i = 0; i < 3; i++)
		tell_attempt(&of, "ana", EVENT_STEP_EXTENDED, "a", 1, "{'by_s':9007199254740992}");
	assert_true(a->extended_ms == DURATION_MOST_MS);
	tell(&of, "ana", EVENT_SESSION_RESUMED, NULL, "{'speed':1e308}");
	assert_true(of.state->speed == 1);
	tell(&of, "ana", EVENT_SESSION_RESUMED, NULL, "{'speed':0.01}");
	assert_true(of.state->speed == 0.01);
	case_end(&of);
}

static void test_a_rollback_opens_the_step_again(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	succeeds(&of, "b");
	tell_attempt(&of, "ana", EVENT_STEP_INTENT, "b", 2, "{'role':'rollback'}");
	assert_true(of.state->steps[1].is_rollback);
	ends(&of, "b", "{'outcome':'success'}");
	tell(&of, "relight", EVENT_STEP_REOPENED, "b", "{'why':'rolled back'}");
	assert_run(&of, "b", STEP_WAITING, DONE_NOT);
	tell_attempt(&of, "ana", EVENT_STEP_INTENT, "b", 3, "{'role':'rollback'}");
	ends(&of, "b", "{'outcome':'failed'}");
	assert_step(&of, "b", STEP_FAILED);
	assert_true(state_rollback_is_open(of.state, 1));
	tell(&of, "relight", EVENT_STEP_VERIFIED, "b",
		NULL); // a rollback's proof is not the step's
	assert_step(&of, "b", STEP_FAILED);
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "b", "{'say':'done','by_hand':true}");
	assert_step(&of, "b", STEP_DONE);
	assert_false(state_rollback_is_open(of.state, 1));
	case_end(&of);
}

static void test_acknowledged_until_it_changes(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	fails(&of, "a");
	assert_false(of.state->steps[0].is_acknowledged);
	tell(&of, "ana", EVENT_ACKNOWLEDGED, "a", NULL);
	assert_true(of.state->steps[0].is_acknowledged);
	fails(&of, "a");
	assert_false(of.state->steps[0].is_acknowledged);
	case_end(&of);
}

static void test_an_owner(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "mei", EVENT_STEP_ASSIGNED, "a", "{'who':'ben'}");
	tell(&of, "mei", EVENT_STEP_ASSIGNED, "a", "{'who':'raj'}");
	assert_string_equal(of.state->steps[0].owner, "raj");
	case_end(&of);
}

// --- what keeps a step ---------------------------------------------------------------------------------------------

static void test_needs_name_what_is_wrong_first(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "steps:\n- {id: a, needs: [], run: {command: [x]}}\n- {id: b, needs: [], run: "
		   "{command: [x]}}\n"
		   "- {id: c, needs: [], run: {command: [x]}}\n- {id: d, needs: [a, b, c], manual: "
		   "x}\n");
	assert_waits(&of, "d", "needs a and 2 more");
	fails(&of, "b");
	assert_waits(&of, "d", "needs b, which failed and 2 more");
	succeeds(&of, "a");
	assert_waits(&of, "d", "needs b, which failed and 1 more");
	tell(&of, "mei", EVENT_STEP_SKIPPED, "b", "{'why':'x'}");
	assert_waits(&of, "d", "needs c");
	starts(&of, "c");
	tell_attempt(&of, "relight", EVENT_STEP_UNKNOWN, "c", 1, NULL);
	assert_waits(&of, "d", "needs c, whose outcome is unknown");
	tell_attempt(&of, "ana", EVENT_STEP_RESOLVED, "c", 1, "{'to':'done'}");
	assert_step(&of, "d", STEP_READY);
	case_end(&of);
}

static void test_requires_wants_it_healthy_and_fresh(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "mei", EVENT_STEP_OVERRIDDEN, "a", "{'why':'x'}");
	assert_waits(&of, "b", "requires api: not known");
	status_is(&of, "api", "degraded");
	assert_waits(&of, "b", "requires api: degraded (m)");
	status_is(&of, "api", "healthy");
	assert_step(&of, "b", STEP_READY);
	tell(&of, "relight", EVENT_DEPENDENCY_STALE, "api", "{'why':'silence'}");
	assert_waits(&of, "b", "requires api: healthy once, now stale");
	tell(&of, "relight", EVENT_DEPENDENCY_FRESH, "api", "{'status':'healthy'}");
	assert_step(&of, "b", STEP_READY);
	case_end(&of);
}

static void test_every_session_makes_everything_stale(void **unused)
{
	(void)unused;
	static const enum event_kind kinds[] = {
		EVENT_SESSION_OPEN, EVENT_SESSION_RESUMED, EVENT_SESSION_ENDED};
	for (size_t i = 0; i < 3; i++) {
		struct incident_case of;
		begin(&of, small);
		status_is(&of, "api", "healthy");
		status_is(&of, "db", "missing");
		assert_true(state_is_healthy(of.state, 0));
		tell(&of, "ana", kinds[i], NULL, NULL);
		assert_false(state_is_healthy(of.state, 0));
		assert_false(of.state->dependencies[1].is_fresh);
		assert_int_equal(of.state->dependencies[1].status, STATUS_MISSING);
		assert_false(of.state->is_armed);
		case_end(&of);
	}
}

static void test_inputs_block_what_mentions_them(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "inputs:\n  backup: {ask: which}\n  token: {ask: which, secret: true}\n"
		   "steps:\n- {id: a, run: {command: [x, '${input.backup}']}}\n"
		   "- {id: b, needs: [], run: {shell: 'use $RELIGHT_INPUT_TOKEN'}}\n- {id: c, "
		   "needs: [], manual: x}\n");
	assert_waits(&of, "a", "needs input backup");
	assert_waits(&of, "b", "needs input token");
	assert_step(&of, "c", STEP_READY);
	tell(&of, "ana", EVENT_INPUT_SET, NULL,
		"{'name':'backup','value':'nightly','from':'person'}");
	tell(&of, "ana", EVENT_INPUT_SET, NULL, "{'name':'token','from':'person'}");
	tell(&of, "ana", EVENT_INPUT_SET, NULL, "{'name':'nothing','value':'x'}");
	assert_step(&of, "a", STEP_READY);
	assert_step(&of, "b", STEP_READY);
	assert_string_equal(of.state->inputs[0], "nightly");
	assert_string_equal(of.state->inputs[1], "");
	case_end(&of);
}

static const char journey[] =
	"dependencies:\n"
	"- {id: proof, layer: journey, check: {manual: q}}\n"
	"steps:\n"
	"- {id: api-up, phase: workloads, needs: [], manual: x}\n"
	"- {id: prove, phase: journey, needs: [], manual: x, restores: [proof]}\n"
	"- {id: file, phase: journey, needs: [], manual: x}\n"
	"- {id: shift, phase: traffic, needs: [], manual: x}\n"
	"- {id: undo, phase: traffic, manual: x}\n"
	"abort: {steps: [undo]}\n";

static void test_traffic_is_locked(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, journey);
	assert_waits(&of, "shift", "locked until journey is done: prove");
	tell(&of, "tom", EVENT_STEP_CONFIRMED, "prove", "{'say':'x'}");
	assert_waits(&of, "shift", "locked until journey is done: prove, which is verifying");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "prove", NULL);
	// Done, but what it restores must be healthy now.
	assert_waits(&of, "shift", "locked: journey is not healthy now: proof unknown");
	status_is(&of, "proof", "healthy");
	assert_waits(&of, "shift", "locked until journey is done: file");
	tell(&of, "tom", EVENT_STEP_SKIPPED, "file", "{'why':'x'}");
	assert_step(&of, "shift", STEP_READY);
	status_is(&of, "proof", "degraded");
	assert_waits(&of, "shift", "locked: journey is not healthy now: proof degraded");
	case_end(&of);
}

static void test_a_start_anyway_waiver_opens_the_lock(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, journey);
	int64_t waiver = tell(&of, "mei", EVENT_WAIVER, "shift",
		"{'as':'start-anyway','edge':'journey','why':'now'}");
	assert_step(&of, "shift", STEP_READY);
	char of_waiver[64];
	snprintf(of_waiver, sizeof of_waiver, "{'of':%lld,'why':'enough'}", (long long)waiver);
	tell(&of, "mei", EVENT_WAIVER_ENDED, "shift", of_waiver);
	assert_waits(&of, "shift", "locked until journey is done: prove");
	case_end(&of);
}

static void test_an_abort_leaves_only_its_steps(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "steps:\n- {id: a, needs: [], manual: x}\n- {id: u1, manual: x}\n- {id: u2, "
		   "manual: x}\n"
		   "abort: {steps: [u2, u1]}\n");
	assert_waits(&of, "u1", "kept for aborting");
	tell(&of, "mei", EVENT_ABORT, NULL, "{'why':'error rate'}");
	assert_true(of.state->was_aborted);
	assert_string_equal(of.state->abort_why, "error rate");
	assert_waits(&of, "a", "the recovery was aborted");
	assert_waits(&of, "u1", "needs u2");
	assert_step(&of, "u2", STEP_READY);
	tell(&of, "mei", EVENT_STEP_CONFIRMED, "u2", "{'say':'x'}");
	assert_step(&of, "u1", STEP_READY);
	tell(&of, "mei", EVENT_INCIDENT_CLOSED, NULL, "{'result':'aborted','open':[]}");
	assert_waits(&of, "u1", "the incident is closed");
	assert_string_equal(of.state->closed_result, "aborted");
	assert_false(of.state->is_armed);
	case_end(&of);
}

static void test_a_changed_target_is_not_acted_on(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "targets: {r: {role: recovery, kubernetes: {context: dr}}}\n"
		   "steps:\n- {id: a, target: r, run: {command: [x]}}\n- {id: b, needs: [], run: "
		   "{command: [x]}}\n");
	assert_waits(
		&of, "a", "target r has not answered yet, so it is not known to be the right one");
	tell(&of, "relight", EVENT_TARGET_PINNED, NULL,
		"{'target':'r','endpoint':'https://h','fingerprint':{'uid':'1','ca_sha256':'2'}}");
	assert_step(&of, "a", STEP_READY);
	assert_true(of.state->pins[0].is_pinned);
	assert_string_equal(of.state->pins[0].endpoint, "https://h");
	assert_string_equal(of.state->pins[0].fingerprint, "uid 1 ca_sha256 2");
	tell(&of, "relight", EVENT_TARGET_CHANGED, NULL,
		"{'target':'r','fingerprint':{'uid':'9'}}");
	assert_waits(&of, "a", "target r is another one now; re-pin it with a reason");
	assert_string_equal(of.state->pins[0].now, "uid 9");
	assert_step(&of, "b", STEP_READY);
	tell(&of, "mei", EVENT_TARGET_REPINNED, NULL,
		"{'target':'r','fingerprint':{'uid':'9'},'why':'rebuilt'}");
	assert_step(&of, "a", STEP_READY);
	assert_string_equal(of.state->pins[0].fingerprint, "uid 9");
	assert_string_equal(of.state->pins[0].endpoint, "https://h");
	assert_null(of.state->pins[0].now);
	case_end(&of);
}

// --- waivers -------------------------------------------------------------------------------------------------------

static void test_waivers_end(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "mei", EVENT_WAIVER, "b",
		"{'as':'start-anyway','why':'so','until':'2026-07-03T03:01:00Z'}");
	now_is(&of, 59);
	assert_step(&of, "b", STEP_READY); // its need and what it requires
	now_is(&of, 60);
	assert_waits(&of, "b", "needs a");
	case_end(&of);
}

static void test_a_waiver_of_one_edge(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "mei", EVENT_WAIVER, "b", "{'as':'start-anyway','edge':'a','why':'so'}");
	assert_waits(&of, "b", "requires api: not known");
	tell(&of, "mei", EVENT_WAIVER, "b", "{'as':'start-anyway','edge':'api','why':'so'}");
	assert_step(&of, "b", STEP_READY);
	// Another step's edge is not waived with it.
	assert_waits(&of, "c", "needs b");
	case_end(&of);
}

static void test_a_waived_dependency_is_never_healthy(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	int64_t seq =
		tell(&of, "mei", EVENT_WAIVER, "api", "{'as':'degraded','why':'works without'}");
	tell(&of, "mei", EVENT_STEP_OVERRIDDEN, "a", "{'why':'x'}");
	assert_step(&of, "b", STEP_READY);
	assert_false(state_is_healthy(of.state, 0));
	const struct waiver *waiver = state_waiver(of.state, -1, 0, of.facts.now.wall);
	assert_non_null(waiver);
	assert_int_equal(waiver->seq, seq);
	assert_int_equal(waiver->as, WAIVER_DEGRADED);
	assert_string_equal(waiver->by, "mei");
	assert_null(state_waiver(of.state, -1, 1, of.facts.now.wall));
	tell(&of, "mei", EVENT_WAIVER, NULL,
		"{'dependency':'db','as':'muted','why':'named in its data only'}");
	assert_int_equal(of.state->waivers[1].as, WAIVER_MUTED);
	tell(&of, "mei", EVENT_WAIVER, "api",
		"{'as':'degraded','why':'x','until':'2026-07-03T03:01:00Z'}");
	assert_int_equal(state_waiver(of.state, -1, 0, at_second(59).wall)->seq, newest(&of)->seq);
	assert_int_equal(state_waiver(of.state, -1, 0, at_second(60).wall)->seq, seq);
	// One about nothing that is known is none.
	tell(&of, "mei", EVENT_WAIVER, NULL, "{'dependency':'nothing','as':'muted'}");
	assert_int_equal(of.state->waiver_count, 3);
	case_end(&of);
}

// --- regressions ---------------------------------------------------------------------------------------------------

static void test_a_regression_unticks(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	status_is(&of, "api", "healthy");
	succeeds(&of, "a");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	succeeds(&of, "b");
	starts(&of, "a"); // c must not depend on a alone
	ends(&of, "a", "{'outcome':'success'}");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	assert_false(state_over_regression(of.state, 1));
	tell(&of, "relight", EVENT_STEP_REGRESSED, "a", "{'observations':[]}");
	assert_step(&of, "a", STEP_REGRESSED);
	assert_int_equal(of.state->regressed_count, 1);
	assert_true(state_over_regression(of.state, step_of(&of, "b")));
	assert_false(state_over_regression(of.state, step_of(&of, "a")));
	// b is done and stays so, c may go on with it; a waits no longer for anything.
	assert_step(&of, "b", STEP_DONE);
	assert_step(&of, "c", STEP_READY);
	tell(&of, "tom", EVENT_STEP_CONFIRMED, "c", "{'say':'x'}");
	assert_true(state_over_regression(of.state, step_of(&of, "c")));
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	assert_int_equal(of.state->regressed_count, 0);
	assert_false(state_over_regression(of.state, step_of(&of, "c")));
	case_end(&of);
}

static void test_a_regressed_step_satisfies_no_need(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	status_is(&of, "api", "healthy");
	succeeds(&of, "a");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	assert_step(&of, "b", STEP_READY);
	tell(&of, "relight", EVENT_STEP_REGRESSED, "a", NULL);
	assert_waits(&of, "b", "needs a, which regressed");
	starts(&of, "a");
	assert_int_equal(of.state->regressed_count, 0);
	case_end(&of);
}

// --- dependencies --------------------------------------------------------------------------------------------------

static void test_expectations(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of,
		"dependencies:\n- {id: given, check: {manual: q}}\n- {id: d, check: {manual: q}}\n"
		"steps:\n- {id: a, needs: [], run: {command: [x]}, restores: [d]}\n"
		"- {id: b, needs: [], run: {command: [x]}, restores: [d]}\n");
	assert_expected(&of, "given", GIVEN);
	status_is(&of, "given", "missing");
	assert_expected(&of, "given", GIVEN);
	assert_expected(&of, "d", AWAITED);
	starts(&of, "a");
	assert_expected(&of, "d", DUE);
	ends(&of, "a", "{'outcome':'success'}");
	assert_expected(&of, "d", DUE);
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	assert_expected(&of, "d", DUE); // b has not even started
	tell(&of, "mei", EVENT_STEP_SKIPPED, "b", "{'why':'x'}");
	assert_expected(&of, "d", HELD);
	status_is(&of, "d", "degraded");
	assert_expected(&of, "d", LOST);
	status_is(&of, "d", "unknown");
	assert_expected(&of, "d", HELD);
	status_is(&of, "d", "missing");
	tell(&of, "relight", EVENT_STEP_REGRESSED, "a", NULL);
	assert_expected(&of, "d", LOST);
	tell(&of, "mei", EVENT_STEP_SKIPPED, "a", "{'why':'x'}");
	assert_expected(&of, "d", AWAITED);
	case_end(&of);
}

static void test_what_a_dependency_is(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	const struct dependency_known *api = &of.state->dependencies[0];
	assert_int_equal(api->status, STATUS_UNKNOWN);
	assert_false(api->is_fresh);
	now_is(&of, 5);
	int64_t seq = tell(&of, "relight", EVENT_DEPENDENCY_STATUS, "api",
		"{'from':'unknown','to':'progressing','message':'1/"
		"3','observed_at':'2026-07-03T03:00:04Z','flaps':2}");
	assert_int_equal(api->status, STATUS_PROGRESSING);
	assert_true(api->is_fresh);
	assert_string_equal(api->message, "1/3");
	assert_int_equal(api->observed_at.us, at_second(4).wall.us);
	assert_int_equal(api->since.mono.us, at_second(5).mono.us);
	assert_int_equal(api->flaps, 2);
	assert_int_equal(api->seq, seq);
	now_is(&of, 9);
	tell(&of, "relight", EVENT_DEPENDENCY_FRESH, "api",
		"{'status':'progressing','message':'2/3'}");
	assert_int_equal(api->since.mono.us, at_second(5).mono.us); // the status has not changed
	assert_int_equal(api->observed_at.us, at_second(9).wall.us);
	now_is(&of, 20);
	tell(&of, "ben", EVENT_DEPENDENCY_CONFIRMED, "api", "{'status':'healthy','say':'seen'}");
	assert_true(api->is_attested);
	assert_int_equal(api->since.mono.us, at_second(20).mono.us);
	assert_string_equal(api->message, "seen");
	status_is(&of, "api", "degraded");
	assert_false(api->is_attested);
	tell(&of, "relight", EVENT_DEPENDENCY_STATUS, "api", "{'to':'splendid'}");
	assert_int_equal(api->status, STATUS_DEGRADED);
	case_end(&of);
}

static void test_failures_are_folded_under_their_cause(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies:\n- {id: vpc, check: {manual: q}}\n- {id: api, check: {manual: "
		   "q}, follows: [vpc]}\n"
		   "- {id: pod, check: {manual: q}, follows: [api]}\n- {id: alone, check: {manual: "
		   "q}}\nsteps: [{id: a, manual: x}]\n");
	int vpc = dependency_of(&of, "vpc"), api = dependency_of(&of, "api"),
	    pod = dependency_of(&of, "pod");
	status_is(&of, "vpc", "degraded");
	status_is(&of, "api", "healthy");
	status_is(&of, "pod", "missing");
	// The nearest is well, but what that follows is not.
	assert_int_equal(state_folded_under(of.state, pod), vpc);
	assert_int_equal(state_folded_under(of.state, api), -1);
	assert_int_equal(state_folded_under(of.state, vpc), -1);
	status_is(&of, "api", "unknown");
	assert_int_equal(state_folded_under(of.state, pod), api);
	assert_int_equal(state_folded_under(of.state, api), vpc);
	assert_int_equal(state_folded_under(of.state, dependency_of(&of, "alone")), -1);
	case_end(&of);
}

static void test_evidence(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	status_is(&of, "db", "healthy");
	assert_int_equal(state_evidence_level(of.state), 2);
	assert_int_equal(of.state->highest_level, 2);
	tell(&of, "relight", EVENT_DEPENDENCY_STALE, "db", NULL);
	assert_int_equal(state_evidence_level(of.state), -1);
	tell(&of, "ben", EVENT_STEP_CONFIRMED, "c", "{'say':'x'}");
	assert_int_equal(state_evidence_level(of.state), 3);
	tell(&of, "ben", EVENT_STEP_REOPENED, "c", "{'why':'x'}");
	assert_int_equal(state_evidence_level(of.state), -1);
	assert_int_equal(of.state->highest_level, 3);
	case_end(&of);
}

// --- decisions and people ------------------------------------------------------------------------------------------

static void test_a_decision(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "steps:\n- {id: topology, decide: {question: q, options: [{id: x, say: X}, {id: "
		   "y, say: Y}]}}\n"
		   "- {id: b, needs: [], when: {decision: topology, is: x}, manual: x}\n");
	assert_waits(&of, "b", "needs topology");
	tell(&of, "mei", EVENT_DECISION, "topology",
		"{'question':'q','options':['x','y'],'chosen':'x','why':'gone','view':{}}");
	assert_run(&of, "topology", STEP_DONE, DONE_DECIDED);
	assert_string_equal(of.state->steps[0].chosen, "x");
	assert_string_equal(of.state->steps[0].by, "mei");
	assert_step(&of, "b", STEP_READY);
	assert_int_equal(of.state->remark_count, 1);
	assert_string_equal(of.state->remarks[0].text, "gone");
	assert_string_equal(of.state->remarks[0].step, "topology");
	// A decision that belongs to no step is kept all the same.
	tell(&of, "mei", EVENT_DECISION, NULL, "{'question':'q','chosen':'x','why':'w'}");
	assert_int_equal(of.state->remark_count, 2);
	case_end(&of);
}

static void test_remarks_keep_their_time(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	struct event *event = event_new(EVENT_NOTE);
	event->at = at_second(-60).wall;
	json_add_text(event->data, "type", "hypothesis");
	json_add_text(event->data, "text", "the grant");
	fold_event(&of, event);
	assert_int_equal(of.state->remarks[0].at.us, at_second(-60).wall.us);
	assert_int_equal(of.state->remarks[0].ts.us, at_second(0).wall.us);
	assert_string_equal(of.state->remarks[0].type, "hypothesis");
	static const enum event_kind kinds[] = {EVENT_INCIDENT_STATUS, EVENT_CORRECTION,
		EVENT_EVIDENCE, EVENT_FOLLOWUP, EVENT_REMINDER, EVENT_SOURCE_GONE,
		EVENT_SOURCE_RETURNED, EVENT_FAULT};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		tell(&of, "ana", kinds[i], NULL, "{'say':'s'}");
		assert_int_equal(of.state->remark_count, i + 2);
		assert_int_equal(of.state->remarks[i + 1].kind, kinds[i]);
		assert_string_equal(of.state->remarks[i + 1].text, "s");
	}
	case_end(&of);
}

static void test_roles(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	tell(&of, "ana", EVENT_ROLE_ASSIGNED, NULL, "{'role':'scribe','who':'tom'}");
	tell(&of, "ana", EVENT_ROLE_ASSIGNED, NULL, "{'role':'operations','who':'ana'}");
	tell(&of, "ana", EVENT_ROLE_ASSIGNED, NULL, "{'role':'scribe','who':'raj'}");
	tell(&of, "ana", EVENT_ROLE_ASSIGNED, NULL, "{'role':'nobody'}");
	assert_int_equal(of.state->role_count, 2);
	assert_string_equal(of.state->roles[0].who, "raj");
	case_end(&of);
}

static void test_arming(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	assert_true(of.state->is_armed);
	assert_string_equal(of.state->armed_by, "ana");
	tell(&of, "ana", EVENT_MODE_DISARMED, NULL, NULL);
	assert_false(of.state->is_armed);
	case_end(&of);
}

// --- the incident and its clocks -----------------------------------------------------------------------------------

static void test_the_declaration_stays_the_first(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	assert_string_equal(of.state->incident, "i-1");
	assert_int_equal(of.state->declared.wall.us, at_second(0).wall.us);
	assert_false(wall_known(of.state->impact_at));
	now_is(&of, 30);
	tell(&of, "mei", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-2','impact_at':'2026-07-03T02:47:00Z','detected_at':'2026-07-03T02:50:"
		"00Z'}");
	assert_string_equal(of.state->incident, "i-1");
	assert_string_equal(of.state->declared_by, "ana");
	assert_int_equal(of.state->declared.wall.us, at_second(0).wall.us);
	assert_int_equal(of.state->impact_at.us, at_second(-780).wall.us);
	assert_int_equal(of.state->detected_at.us, at_second(-600).wall.us);
	tell(&of, "mei", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-1','impact_at':'2026-07-03T02:48:00Z'}");
	assert_int_equal(of.state->impact_at.us, at_second(-720).wall.us);
	assert_int_equal(of.state->detected_at.us, at_second(-600).wall.us);
	case_end(&of);
}

static void test_recovered_and_closed(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	assert_false(state_is_recovered(of.state));
	succeeds(&of, "a");
	tell(&of, "relight", EVENT_STEP_VERIFIED, "a", NULL);
	succeeds(&of, "b");
	tell(&of, "ana", EVENT_STEP_SKIPPED, "c", "{'why':'x'}");
	assert_false(state_is_recovered(of.state));
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "free", "{'say':'x'}");
	assert_true(state_is_recovered(of.state));
	now_is(&of, 100);
	tell(&of, "ana", EVENT_INCIDENT_RECOVERED, NULL, "{'level':'L4','why':'all green'}");
	assert_int_equal(of.state->recovered_level, 4);
	assert_int_equal(of.state->recovered.wall.us, at_second(100).wall.us);
	assert_string_equal(of.state->recovered_why, "all green");
	tell(&of, "ana", EVENT_INCIDENT_CLOSED, NULL, "{'result':'recovered','open':[]}");
	assert_true(wall_known(of.state->closed.wall));
	struct counts counts = state_counts(of.state, -1, of.facts.now.wall);
	assert_int_equal(counts.total, 4);
	assert_int_equal(counts.done, 3);
	assert_int_equal(counts.skipped, 1);
	case_end(&of);
}

static void test_counts_by_phase(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, journey);
	struct counts counts = state_counts(of.state, of.plan->journey_phase, of.facts.now.wall);
	assert_int_equal(counts.total, 2);
	assert_int_equal(counts.ready, 2);
	counts = state_counts(of.state, -1, of.facts.now.wall);
	assert_int_equal(counts.total, 4); // the abort step is left out
	assert_int_equal(counts.waiting, 1);
	starts(&of, "api-up");
	tell(&of, "tom", EVENT_STEP_CONFIRMED, "prove", "{'say':'x'}");
	fails(&of, "file");
	counts = state_counts(of.state, -1, of.facts.now.wall);
	assert_int_equal(counts.running, 1);
	assert_int_equal(counts.verifying, 1);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.waiting, 1);
	case_end(&of);
}

static const char objectives[] =
	"objectives: {rpo: 15m, rto: 20m, mtd: 1h}\n"
	"functions:\n- {id: f, title: F, journey: [proof]}\n- {id: g, title: G, journey: [other]}\n"
	"- {id: none, title: No journey}\n"
	"dependencies:\n- {id: proof, check: {manual: q}}\n- {id: other, check: {manual: q}}\n"
	"steps:\n"
	"- {id: a, needs: [], run: {command: [x]}, takes: 10m}\n"
	"- {id: b, needs: [a], run: {command: [x]}, restores: [proof, other], takes: 5m}\n"
	"- {id: after, needs: [b], run: {command: [x]}, takes: 50m}\n";

static void test_the_forecast_follows_the_critical_path(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, objectives);
	struct forecast forecast = state_forecast(of.state, at_second(60));
	assert_int_equal(forecast.remaining_ms, 15 * 60000); // not the 50 minutes behind it
	assert_int_equal(forecast.rests_on, step_of(&of, "a"));
	assert_int_equal(forecast.elapsed_ms, 60000);
	assert_int_equal(forecast.finish_ms, 16 * 60000);
	assert_false(forecast.misses_rto);
	assert_int_equal(forecast.rto_left_ms, 19 * 60000);
	now_is(&of, 120);
	starts(&of, "a");
	// Half of it is over; then it is late, and the lateness shows in the finish.
	forecast = state_forecast(of.state, at_second(120 + 300));
	assert_int_equal(forecast.remaining_ms, 10 * 60000);
	assert_int_equal(forecast.finish_ms, 17 * 60000);
	forecast = state_forecast(of.state, at_second(120 + 1200));
	assert_int_equal(forecast.remaining_ms, 5 * 60000);
	assert_int_equal(forecast.finish_ms, 27 * 60000);
	assert_true(forecast.misses_rto);
	assert_int_equal(forecast.misses_rto_by_ms, 7 * 60000);
	assert_false(forecast.misses_mtd);
	now_is(&of, 130);
	ends(&of, "a", "{'outcome':'success'}");
	forecast = state_forecast(of.state, at_second(130));
	assert_int_equal(forecast.rests_on, step_of(&of, "b"));
	assert_int_equal(forecast.remaining_ms, 5 * 60000);
	// What is being taken back is all still to come.
	tell_attempt(&of, "ana", EVENT_STEP_INTENT, "a", 2, "{'role':'rollback'}");
	forecast = state_forecast(of.state, at_second(130 + 300));
	assert_int_equal(forecast.remaining_ms, 15 * 60000);
	case_end(&of);
}

static void test_the_clock_stops_when_every_function_serves(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, objectives);
	now_is(&of, 10);
	tell(&of, "mei", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-1','impact_at':'2026-07-03T02:55:00Z'}");
	now_is(&of, 620);
	tell(&of, "relight", EVENT_INCIDENT_SERVING, NULL,
		"{'function':'f','since':'2026-07-03T03:10:00Z'}");
	assert_false(state_forecast(of.state, at_second(700)).is_serving);
	now_is(&of, 720);
	tell(&of, "relight", EVENT_INCIDENT_SERVING, NULL,
		"{'function':'g','since':'2026-07-03T03:11:00Z'}");
	// The function without a journey is left aside.
	struct forecast forecast = state_forecast(of.state, at_second(9000));
	assert_true(forecast.is_serving);
	assert_int_equal(forecast.elapsed_ms, 16 * 60000);
	assert_int_equal(forecast.remaining_ms, 0);
	assert_int_equal(forecast.rto_left_ms, 4 * 60000);
	assert_false(forecast.misses_rto);
	// An impact after that starts the clock again.
	tell(&of, "mei", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-1','impact_at':'2026-07-03T03:10:30Z'}");
	assert_false(wall_known(of.state->serving[0].wall));
	assert_true(wall_known(of.state->serving[1].wall));
	assert_false(state_forecast(of.state, at_second(9000)).is_serving);
	case_end(&of);
}

// A person's word stops the clock; that it was recovered is proven by what is done and healthy.
static void test_what_proves_a_recovery_without_a_journey(void **unused)
{
	(void)unused;
	static const struct {
		const char *status, *other;
		bool is_done, is_proven;
	} cases[] = {
		{"healthy", "healthy", true, true},
		{"healthy", "healthy", false, false},
		{"degraded", "healthy", true, false},
		{"healthy", "unknown", true, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct incident_case of;
		begin(&of, "objectives: {rto: 20m}\n"
			   "dependencies: [{id: d, check: {manual: q}}, {id: e, check: {manual: "
			   "q}}]\n"
			   "steps: [{id: a, manual: x, takes: 1m}]\n");
		status_is(&of, "d", cases[i].status);
		status_is(&of, "e", cases[i].other);
		if (cases[i].is_done)
			tell(&of, "ana", EVENT_STEP_CONFIRMED, "a", "{'say':'x'}");
		now_is(&of, 100);
		tell(&of, "ana", EVENT_INCIDENT_RECOVERED, NULL, "{'why':'enough'}");
		// What becomes of it later is another story.
		status_is(&of, "d", "missing");
		now_is(&of, 400);
		struct forecast forecast = state_forecast(of.state, at_second(500));
		assert_int_equal(forecast.is_serving, cases[i].is_proven);
		assert_int_equal(forecast.is_declared, !cases[i].is_proven);
		assert_int_equal(forecast.elapsed_ms, 100000);
		assert_false(forecast.misses_rto);
		case_end(&of);
	}
}

static void test_where_nothing_serves_by_itself(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "objectives: {rpo: 1m, rto: 20m, mtd: 1h}\nsteps: [{id: a, manual: x, takes: "
		   "1m}]\n");
	now_is(&of, 100);
	tell(&of, "ana", EVENT_INCIDENT_RECOVERED, NULL, "{'why':'boss said so'}");
	struct forecast forecast = state_forecast(of.state, at_second(500));
	assert_false(forecast.is_serving);
	assert_true(forecast.is_declared);
	assert_int_equal(forecast.elapsed_ms, 100000);
	assert_int_equal(forecast.remaining_ms, 0);
	assert_string_equal(of.state->recovered_by, "ana");
	case_end(&of);
	// A journey that nothing restores must be seen all the same.
	begin(&of, "dependencies: [{id: j, layer: journey, check: {manual: q}}]\nsteps: [{id: a, "
		   "manual: x, takes: 1m}]\n");
	tell(&of, "ana", EVENT_INCIDENT_RECOVERED, NULL, "{}");
	assert_false(state_forecast(of.state, at_second(500)).is_serving);
	assert_false(state_forecast(of.state, at_second(500)).has_rto);
	now_is(&of, 60);
	tell(&of, "relight", EVENT_INCIDENT_SERVING, NULL, "{'since':'2026-07-03T03:00:30Z'}");
	assert_int_equal(state_forecast(of.state, at_second(500)).elapsed_ms, 30000);
	case_end(&of);
}

static void test_a_pure_wait_runs_down(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies: [{id: d, check: {manual: q}}]\n"
		   "steps:\n- {id: a, needs: [], run: {command: [x]}, takes: 1m}\n- {id: hold, "
		   "restores: [d], takes: 15m}\n");
	assert_int_equal(state_forecast(of.state, at_second(0)).remaining_ms, 16 * 60000);
	now_is(&of, 60);
	succeeds(&of, "a");
	assert_step(&of, "hold", STEP_READY);
	assert_int_equal(state_forecast(of.state, at_second(60)).remaining_ms, 15 * 60000);
	assert_int_equal(state_forecast(of.state, at_second(60 + 600)).remaining_ms, 5 * 60000);
	assert_int_equal(state_forecast(of.state, at_second(60 + 6000)).remaining_ms, 0);
	case_end(&of);
}

static void test_the_loss_is_that_of_the_oldest_store(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "objectives: {rpo: 15m, rto: 1h, mtd: 4h}\n"
		   "state:\n"
		   "- {id: pg, category: persistent-data}\n"
		   "- {id: s3, category: persistent-data}\n"
		   "- {id: kafka, category: persistent-data, replayable: true}\n"
		   "restore_points:\n"
		   "- {id: p, of: pg, at: {command: [x], jq: .t}}\n"
		   "- {id: o, of: s3, at: {command: [x], jq: .t}}\n"
		   "- {id: k, of: kafka, at: {command: [x], jq: .t}}\n"
		   "steps: [{id: a, manual: x}]\n");
	assert_int_equal(state_forecast(of.state, at_second(0)).loss_ms, -1);
	tell(&of, "mei", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-1','impact_at':'2026-07-03T02:47:00Z'}");
	tell(&of, "ana", EVENT_RESTORE_POINT, NULL, "{'id':'p','at':'2026-07-03T02:39:00Z'}");
	tell(&of, "ana", EVENT_RESTORE_POINT, NULL, "{'id':'k','at':'2026-07-03T01:00:00Z'}");
	tell(&of, "ana", EVENT_RESTORE_POINT, NULL, "{'id':'nothing','at':'2026-07-03T01:00:00Z'}");
	assert_int_equal(state_forecast(of.state, at_second(0)).loss_ms, 8 * 60000);
	tell(&of, "ana", EVENT_RESTORE_POINT, NULL, "{'id':'o','at':'2026-07-03T02:18:00Z'}");
	assert_int_equal(state_forecast(of.state, at_second(0)).loss_ms, 29 * 60000);
	// What was found there counts, not what was hoped for.
	tell(&of, "ana", EVENT_RESTORE_POINT, NULL,
		"{'id':'o','at':'2026-07-03T02:18:00Z','found':'2026-07-03T02:45:00Z'}");
	assert_int_equal(state_forecast(of.state, at_second(0)).loss_ms, 8 * 60000);
	case_end(&of);
}

static void test_durations_survive_a_reboot(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	now_is(&of, 100);
	starts(&of, "a");
	// The machine starts again: its monotonic clock with it.
	of.boot = "boot-2";
	of.boot_us = -MONO_US - 200 * US_PER_S + 7 * US_PER_S;
	now_is(&of, 200);
	tell(&of, "ana", EVENT_SESSION_RESUMED, NULL, NULL);
	assert_int_equal(of.state->last.mono.us, at_second(200).mono.us);
	now_is(&of, 260);
	ends(&of, "a", "{'outcome':'success'}");
	const struct step_progress *a = &of.state->steps[0];
	assert_int_equal(a->result.mono.us - a->intent.mono.us, 160 * US_PER_S);
	case_end(&of);
}

static void test_boots_in_the_years_1_and_9999_by_turns_overflow_nothing(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	for (int i = 0; i < 80; i++) {
		int64_t before_us = of.state->last.mono.us;
		of.boot = i % 2 ? "boot-2" : "boot-3";
		of.boot_us = 7 - of.facts.now.mono.us;
		of.facts.now.wall.us = (i % 2 ? 253402300799 : -62135596800) * US_PER_S;
		tell(&of, "ana", EVENT_SESSION_RESUMED, NULL, NULL);
		assert_true(of.state->last.mono.us >= before_us);
	}
	case_end(&of);
}

static void test_a_stepped_wall_clock_changes_no_duration(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, small);
	starts(&of, "a");
	of.facts.now.wall.us += 3600 * US_PER_S;
	of.facts.now.mono.us += 60 * US_PER_S;
	ends(&of, "a", "{'outcome':'success'}");
	const struct step_progress *a = &of.state->steps[0];
	assert_int_equal(a->result.mono.us - a->intent.mono.us, 60 * US_PER_S);
	assert_int_equal(a->result.wall.us - a->intent.wall.us, 3600 * US_PER_S);
	case_end(&of);
}

static void test_a_rehearsal_goes_by_its_own_time(void **unused)
{
	(void)unused;
	struct incident_case of;
	case_begin(&of, small);
	of.mode = EVENT_REHEARSAL;
	open_armed(&of);
	assert_int_equal(of.state->mode, EVENT_REHEARSAL);
	starts(&of, "a");
	of.facts.now.wall.us += 600 * US_PER_S; // simulated
	of.facts.now.mono.us += 5 * US_PER_S;   // real
	ends(&of, "a", "{'outcome':'success'}");
	const struct step_progress *a = &of.state->steps[0];
	assert_int_equal(a->result.mono.us - a->intent.mono.us, 600 * US_PER_S);
	tell(&of, "ana", EVENT_SESSION_RESUMED, NULL, "{'speed':20}");
	assert_true(of.state->speed > 19.9 && of.state->speed < 20.1);
	assert_int_equal(of.state->session_count, 2);
	case_end(&of);
}

// --- the open phase ------------------------------------------------------------------------------------------------

static void assert_line(const struct incident_case *of, size_t index, const char *id, bool is_done,
	bool is_attested)
{
	struct open_line line;
	open_line_get(of->state, index, &line);
	assert_string_equal(line.id, id);
	assert_int_equal(line.is_done, is_done);
	assert_int_equal(line.is_attested, is_attested);
}

static void test_open_lines(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "preconditions: [mirror, 'the role can be assumed']\n"
		   "continuity: {roles: [commander]}\n"
		   "inputs:\n  backup: {ask: which}\n"
		   "targets: {r: {role: recovery, kubernetes: {context: dr}}, h: {role: shared, "
		   "ssh: {host: x}}}\n"
		   "dependencies: [{id: mirror, check: {manual: q}}]\n"
		   "steps:\n- {id: a, run: {command: [x, '${input.backup}']}}\n");
	assert_int_equal(of.state->open_line_count, 7);
	assert_line(&of, 0, "open:impact", false, false);
	assert_line(&of, 1, "open:roles", false, true);
	assert_line(&of, 2, "open:input-backup", false, false);
	assert_line(&of, 3, "open:pin-r", false, false);
	assert_line(&of, 4, "open:precondition-1", false, false);
	assert_line(&of, 5, "open:precondition-2", false, true);
	assert_line(&of, 6, "open:preflight", false, true);
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "open:precondition-2", "{'say':'tried'}");
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "open:preflight", "{'say':'looked'}");
	tell(&of, "ana", EVENT_STEP_CONFIRMED, "open:nothing", "{'say':'looked'}");
	tell(&of, "ana", EVENT_ROLE_ASSIGNED, NULL, "{'role':'commander','who':'mei'}");
	tell(&of, "ana", EVENT_INPUT_SET, NULL, "{'name':'backup','value':'n'}");
	tell(&of, "ana", EVENT_TARGET_PINNED, NULL, "{'target':'r','fingerprint':{'uid':'1'}}");
	tell(&of, "ana", EVENT_INCIDENT_DECLARED, NULL,
		"{'id':'i-1','impact_at':'2026-07-03T02:47:00Z'}");
	status_is(&of, "mirror", "healthy");
	for (size_t i = 0; i < 7; i++) {
		struct open_line line;
		open_line_get(of.state, i, &line);
		if (!line.is_done)
			fail_msg("%s is not done", line.id);
	}
	tell(&of, "ana", EVENT_TARGET_CHANGED, NULL, "{'target':'r','fingerprint':{'uid':'2'}}");
	assert_line(&of, 3, "open:pin-r", false, false);
	case_end(&of);
}

// --- strange events ------------------------------------------------------------------------------------------------

// Every kind, about things that are there, about things that are not, and about nothing, with no
// data at all: the fold takes them all and counts them.
static void test_every_kind_can_be_folded(void **unused)
{
	(void)unused;
	static const char *const about[] = {"a", "db", "nothing", NULL};
	struct incident_case of;
	begin(&of, small);
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		for (size_t i = 0; i < sizeof about / sizeof *about; i++) {
			struct event *event = event_new((enum event_kind)kind);
			if (about[i]) {
				event_set_step(event, about[i]);
				event_set_dependency(event, about[i]);
			}
			int64_t seq = fold_event(&of, event);
			assert_int_equal(of.state->events, seq + 1);
		}
	case_end(&of);
}

static void test_an_unknown_kind_changes_nothing(void **unused)
{
	(void)unused;
	struct incident_case of;
	struct buf before = {0}, after = {0};
	begin(&of, small);
	cJSON *dump = state_dump(of.state);
	cJSON_DeleteItemFromObjectCaseSensitive(dump, "events");
	json_write(&before, dump);
	cJSON_Delete(dump);
	struct event *event = event_new(EVENT_OTHER);
	free(event->kind_word);
	event->kind_word = memory_copy_text("step.teleported");
	event_set_step(event, "a");
	fold_event(&of, event);
	dump = state_dump(of.state);
	cJSON_DeleteItemFromObjectCaseSensitive(dump, "events");
	json_write(&after, dump);
	cJSON_Delete(dump);
	assert_string_equal(buf_str(&before), buf_str(&after));
	buf_fini(&before);
	buf_fini(&after);
	case_end(&of);
}

static void test_live_criteria_for_aborting(void **unused)
{
	(void)unused;
	struct incident_case of;
	begin(&of, "dependencies:\n"
		   "- {id: db, check: {command: ['true']}, every: 1s, timeout: 1s}\n"
		   "steps:\n"
		   "- {id: shift, run: {command: ['true']}}\n"
		   "- {id: back, needs: [], run: {command: ['true']}}\n"
		   "abort: {steps: [back], when_unhealthy: [{dependency: db, after: shift, for: "
		   "1m}]}\n");
	live(&of, 100, "db", "degraded");
	assert_false(state_should_abort(of.state, 0, of.facts.now)); // shift is not done
	now_is(&of, 110);
	succeeds(&of, "shift");
	live(&of, 169, "db", "degraded");
	assert_false(
		state_should_abort(of.state, 0, of.facts.now)); // counts from when shift was done
	live(&of, 170, "db", "degraded");
	assert_true(state_should_abort(of.state, 0, of.facts.now));
	live(&of, 175, "db", "unknown");
	assert_false(state_should_abort(of.state, 0, of.facts.now)); // unknown is no reason
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live_criteria_for_aborting),
		cmocka_unit_test(test_nothing_has_happened),
		cmocka_unit_test(test_from_intent_to_verified),
		cmocka_unit_test(test_what_restores_nothing_is_done_at_once),
		cmocka_unit_test(test_by_hand_is_verified_like_any_other),
		cmocka_unit_test(test_how_an_attempt_can_end),
		cmocka_unit_test(test_the_ways_out_of_failed),
		cmocka_unit_test(test_an_override_says_what_is_left),
		cmocka_unit_test(test_a_lost_outcome),
		cmocka_unit_test(test_verification_can_fail),
		cmocka_unit_test(test_old_attempts_change_nothing),
		cmocka_unit_test(test_automatic_retries_are_counted),
		cmocka_unit_test(test_more_time_and_cancelling),
		cmocka_unit_test(test_more_time_that_came_too_late),
		cmocka_unit_test(test_no_record_overflows_a_duration),
		cmocka_unit_test(test_near_the_timeout),
		cmocka_unit_test(test_a_rollback_opens_the_step_again),
		cmocka_unit_test(test_acknowledged_until_it_changes),
		cmocka_unit_test(test_an_owner),
		cmocka_unit_test(test_needs_name_what_is_wrong_first),
		cmocka_unit_test(test_requires_wants_it_healthy_and_fresh),
		cmocka_unit_test(test_every_session_makes_everything_stale),
		cmocka_unit_test(test_inputs_block_what_mentions_them),
		cmocka_unit_test(test_traffic_is_locked),
		cmocka_unit_test(test_a_start_anyway_waiver_opens_the_lock),
		cmocka_unit_test(test_an_abort_leaves_only_its_steps),
		cmocka_unit_test(test_a_changed_target_is_not_acted_on),
		cmocka_unit_test(test_waivers_end),
		cmocka_unit_test(test_a_waiver_of_one_edge),
		cmocka_unit_test(test_a_waived_dependency_is_never_healthy),
		cmocka_unit_test(test_a_regression_unticks),
		cmocka_unit_test(test_a_regressed_step_satisfies_no_need),
		cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_what_a_dependency_is),
		cmocka_unit_test(test_failures_are_folded_under_their_cause),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_a_decision),
		cmocka_unit_test(test_remarks_keep_their_time),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_arming),
		cmocka_unit_test(test_the_declaration_stays_the_first),
		cmocka_unit_test(test_recovered_and_closed),
		cmocka_unit_test(test_counts_by_phase),
		cmocka_unit_test(test_the_forecast_follows_the_critical_path),
		cmocka_unit_test(test_the_clock_stops_when_every_function_serves),
		cmocka_unit_test(test_what_proves_a_recovery_without_a_journey),
		cmocka_unit_test(test_where_nothing_serves_by_itself),
		cmocka_unit_test(test_a_pure_wait_runs_down),
		cmocka_unit_test(test_the_loss_is_that_of_the_oldest_store),
		cmocka_unit_test(test_durations_survive_a_reboot),
		cmocka_unit_test(test_boots_in_the_years_1_and_9999_by_turns_overflow_nothing),
		cmocka_unit_test(test_a_stepped_wall_clock_changes_no_duration),
		cmocka_unit_test(test_a_rehearsal_goes_by_its_own_time),
		cmocka_unit_test(test_open_lines),
		cmocka_unit_test(test_every_kind_can_be_folded),
		cmocka_unit_test(test_an_unknown_kind_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
