// SPDX-License-Identifier: Apache-2.0
//
// Golden screens: what a person sees, kept as text in tests/unit/golden and read like code.
// RELIGHT_GOLDEN=update writes them anew; look at the difference before you keep it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "view_case.h"

// --- comparing ---

static const char *next_line(const char *text, size_t *length)
{
	*length = strcspn(text, "\n");
	return text[*length] ? text + *length + 1 : text + *length;
}

static void print_difference(const char *expected, const char *got)
{
	for (int row = 1; *expected || *got; row++) {
		size_t expected_length, got_length;
		const char *expected_next = next_line(expected, &expected_length);
		const char *got_next = next_line(got, &got_length);
		if (expected_length != got_length || memcmp(expected, got, got_length) != 0)
			print_error("%3d -%.*s\n    +%.*s\n", row, (int)expected_length, expected,
				(int)got_length, got);
		expected = expected_next;
		got = got_next;
	}
}

static void assert_golden(const char *name, const char *got)
{
	char path[128];
	snprintf(path, sizeof(path), "tests/unit/golden/%s.txt", name);
	const char *update = getenv("RELIGHT_GOLDEN");
	if (update && strcmp(update, "update") == 0) {
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		fputs(got, file);
		fclose(file);
		return;
	}
	char *expected = file_text(path);
	bool is_same = expected && strcmp(expected, got) == 0;
	if (!expected)
		print_error("%s: not there; RELIGHT_GOLDEN=update writes it\n", path);
	else if (!is_same)
		print_difference(expected, got);
	free(expected);
	if (!is_same)
		fail_msg("golden screen: %s: differs (- as kept, + as drawn now)", path);
}

static char *screen(struct view_case *of, int rows, int columns, bool is_utf8)
{
	struct buf text = {0};
	struct grid *grid = grid_new(rows, columns, is_utf8);
	of->ui.rows = rows;
	of->ui.columns = columns;
	frame_draw(grid, &of->input);
	grid_text(grid, &text);
	grid_free(grid);
	return buf_take(&text);
}

static void check(struct view_case *of, int rows, int columns, const char *name)
{
	char *got = screen(of, rows, columns, false);
	assert_golden(name, got);
	free(got);
}

// Time goes on, and the sensor with it.
static void now_is(struct view_case *of, const char *time)
{
	struct moment now = moment_of(time);
	int64_t by_us = now.mono.us - of->facts.now.mono.us;
	for (size_t i = 0; i < of->sensed->count; i++) {
		struct sensed_dependency *one = &of->sensed->dependencies[i];
		if (!one->is_seen)
			continue;
		one->heard.us += by_us;
		one->asked.us += by_us;
		if (mono_known(one->known_at))
			one->known_at.us += by_us;
		one->observed_at.us += by_us;
	}
	of->facts.now = now;
}

// --- the four screens of the design, and what lies between ---

// A filter that matches nothing leaves no step to tell of, wherever one stood.
static void test_nothing_matches(void **state)
{
	struct view_case of;
	struct intent intent;
	(void)state;
	case_calm(&of);
	of.ui.pane = PANE_ORDER;
	of.ui.selected = (struct row){ROW_OPEN, 0};
	for (const char *key = "/zzz\r"; *key; key++)
		ui_key(&of.ui, &of.facts, *key == '\r' ? K_ENTER : *key, &intent);
	char *text = screen(&of, 60, 200, true);
	assert_non_null(strstr(text, "Nothing matches /zzz"));
	assert_non_null(strstr(text, "No step is selected."));
	free(text);
	case_end(&of);
}

static void test_calm(void **state)
{
	struct view_case of;
	(void)state;
	case_calm(&of);
	check(&of, 24, 80, "calm-80x24");
	check(&of, 45, 160, "calm-160x45");
	check(&of, 60, 200, "calm-200x60");
	check(&of, 12, 40, "calm-40x12");
	check(&of, 5, 20, "calm-20x5");
	check(&of, 30, 120, "calm-120x30");
	case_end(&of);
}

// How long what is under way has not moved goes on by itself, and is not said of what is not known.
// What was done before the wall clock was set back three hours was done when it was done, and what
// is left takes as long as it did.
static void test_the_clock_is_set_back(void **state)
{
	const int64_t back_us = 3 * 3600 * US_PER_S;
	struct view_case of;
	char forecast[8];
	(void)state;

	case_calm(&of);
	char *before = screen(&of, 50, 160, true);
	for (size_t s = 0; s < of.runbook->step_count; s++)
		if (wall_known(of.state->steps[s].done.wall))
			of.state->steps[s].done.wall.us -= back_us;
	char *after = screen(&of, 50, 160, true);
	assert_string_equal(after, before);
	free(after);
	of.facts.now.wall.us -= back_us;
	after = screen(&of, 50, 160, true);
	assert_null(strstr(after, "T-"));
	assert_non_null(strstr(before, "~T+"));
	snprintf(forecast, sizeof forecast, "%.6s", strstr(before, "~T+"));
	assert_non_null(strstr(after, forecast));
	free(before);
	free(after);
	case_end(&of);
}

static void test_still(void **state)
{
	struct view_case of;
	(void)state;
	case_failing(&of);
	of.ui.pane = PANE_DETAIL;
	of.ui.selected = (struct row){ROW_STEP, runbook_step(of.runbook, "case-api")};
	char *text = screen(&of, 24, 80, false);
	assert_non_null(
		strstr(text, "case-api  progressing 2s ago, no progress for 2m: 1/3 ready"));
	free(text);
	of.facts.now = moment_of("03:28:15"); // 12 s after it was seen
	text = screen(&of, 60, 200, false);
	assert_non_null(
		strstr(text, "case-api  progressing 12s ago, no progress for 2m: 1/3 ready"));
	assert_non_null(
		strstr(text, "worker            degraded    CrashLoopBackOff, 38ms, moved 22s"));
	free(text);
	of.facts.now = moment_of("03:30:05"); // and now it is stale
	text = screen(&of, 60, 200, false);
	assert_non_null(strstr(text, "case-api  STALE, was progressing 2m ago: 1/3 ready"));
	assert_non_null(strstr(text, "not known for 2m"));
	assert_null(strstr(text, "no progress"));
	assert_null(strstr(text, "stuck"));
	free(text);
	case_end(&of);
}

// --- dry runs ---

static void test_trials(void **state)
{
	static const char *const would[] = {
		"recovery: https://10.4.0.1, the pinned cluster (uid 0b1c77aa-2e)",
		"restore.velero.io/cases would be created"};
	static const char refusal[] =
		"restore.velero.io/cases: HTTP 422, invalid: spec.backupName: Required value";
	struct view_case of;
	(void)state;
	case_calm(&of);
	of.ui.pane = PANE_DETAIL;
	of.ui.selected = (struct row){ROW_STEP, runbook_step(of.runbook, "velero-restore")};
	of.input.preview = "kubernetes apply velero/restore.yaml on recovery";
	of.input.output = (struct frame_output){.step = -1, .age_ms = -1};
	of.input.trial = (struct frame_trial){.state = TRIAL_ACCEPTED,
		.age_ms = 12000,
		.lines = would,
		.line_count = 2,
		.left_out = 3};
	of.input.rollback_trial = (struct frame_trial){
		.state = TRIAL_NOT_YET, .age_ms = 12000, .why = "restores \"cases\" not found"};
	check(&of, 24, 80, "trial-accepted");
	of.input.trial =
		(struct frame_trial){.state = TRIAL_REFUSED, .age_ms = 65000, .why = refusal};
	of.input.rollback_trial.state = TRIAL_NONE;
	check(&of, 24, 80, "trial-refused");
	of.input.trial = (struct frame_trial){.state = TRIAL_NOT_KNOWN,
		.age_ms = 4000,
		.why = "10.4.0.1:443: connection refused"};
	char *text = screen(&of, 60, 200, true);
	assert_non_null(strstr(
		text, "dry run  NOT KNOWN, asked 4s ago; D asks again: 10.4.0.1:443: connection"));
	free(text);
	of.input.trial = (struct frame_trial){.state = TRIAL_ASKING, .age_ms = 7000};
	text = screen(&of, 60, 200, true);
	assert_non_null(strstr(text, "dry run  being asked for 7s; nothing is changed"));
	free(text);
	// What is not selected has none.
	of.ui.selected.index = runbook_step(of.runbook, "case-api");
	of.input.trial.state = TRIAL_NONE;
	text = screen(&of, 60, 200, true);
	assert_null(strstr(text, "dry run  "));
	free(text);
	case_end(&of);
}

static void test_failing(void **state)
{
	struct view_case of;
	(void)state;
	case_failing(&of);
	check(&of, 24, 80, "failing-80x24");
	check(&of, 45, 160, "failing-160x45");
	check(&of, 60, 200, "failing-200x60");
	check(&of, 12, 40, "failing-40x12");
	check(&of, 15, 60, "failing-60x15");
	check(&of, 5, 20, "failing-20x5");
	case_end(&of);
}

static void test_narrow_panes(void **state)
{
	static const struct {
		enum pane pane;
		const char *name;
	} panes[] = {{PANE_DETAIL, "pane-detail"}, {PANE_OUTPUT, "pane-output"},
		{PANE_DEPENDENCIES, "pane-dependencies"}, {PANE_TIMELINE, "pane-timeline"},
		{PANE_CLOCKS, "pane-clocks"}, {PANE_HELP, "pane-help"}};
	struct view_case of;
	(void)state;
	case_failing(&of);
	for (size_t i = 0; i < sizeof(panes) / sizeof(panes[0]); i++) {
		of.ui.pane = panes[i].pane;
		check(&of, 24, 80, panes[i].name);
	}
	case_end(&of);
}

// --- the NOW box, situation by situation ---

typedef void situation(struct view_case *of);

// However far a key went beyond the end, the next one goes on from what is seen.
static void test_scrolling_ends_at_the_end(void **state)
{
	static const enum pane panes[] = {PANE_HELP, PANE_CLOCKS, PANE_DETAIL, PANE_TIMELINE};
	static const int sizes[][2] = {{24, 80}, {60, 200}, {12, 40}};
	(void)state;
	for (size_t p = 0; p < sizeof(panes) / sizeof(panes[0]); p++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct view_case of;
			struct intent intent;
			case_failing(&of);
			ui_resize(&of.ui, sizes[i][0], sizes[i][1]);
			struct grid *grid = grid_new(sizes[i][0], sizes[i][1], false);
			of.ui.pane = panes[p];
			ui_key(&of.ui, &of.facts, 'G', &intent);
			int last = frame_draw(grid, &of.input);
			ui_scrolled(&of.ui, last);
			assert_true(last < 200);
			ui_key(&of.ui, &of.facts, 'k', &intent);
			assert_int_equal(frame_draw(grid, &of.input), last > 0 ? last - 1 : 0);
			grid_free(grid);
			case_end(&of);
		}
	}
}

static void now_observer(struct view_case *of)
{
	tell(of, "03:05:40", "ana", EVENT_MODE_DISARMED, NULL, 0, "{}");
}

static void now_onlooker(struct view_case *of)
{
	of->ui.seat = SEAT_ONLOOKER;
	of->input.person = "raj";
	of->input.take_name = "20260703T024700Z";
}

static void now_replay(struct view_case *of)
{
	of->ui.seat = SEAT_REPLAY;
}

static void now_nothing_runs(struct view_case *of)
{
	tell(of, "03:05:40", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"success\",\"exit\":0}");
	tell(of, "03:05:41", "relight", EVENT_STEP_VERIFIED, "restore-postgres", 0, "{}");
}

static void now_nothing_runs_and_nobody_is_armed(struct view_case *of)
{
	now_nothing_runs(of);
	now_observer(of);
}

static void now_verifying(struct view_case *of)
{
	tell(of, "03:05:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"success\",\"exit\":0}");
}

static void now_verifying_late(struct view_case *of)
{
	tell(of, "03:01:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"success\",\"exit\":0}");
}

static void now_failed(struct view_case *of)
{
	tell(of, "03:05:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"failed\",\"exit\":1,\"why\":\"Error: creating RDS DB Instance: "
		"InsufficientDBInstanceCapacity\"}");
}

static void now_failed_and_verified(struct view_case *of)
{
	now_failed(of);
	of->facts.watches[runbook_step(of->runbook, "restore-postgres")] =
		(struct watch){.is_resolving = true, .began = moment_of("03:05:30")};
}

static void now_failed_and_healthy(struct view_case *of)
{
	tell(of, "03:04:40", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"success\",\"exit\":0}");
	tell(of, "03:05:00", "relight", EVENT_STEP_FAILED, "restore-postgres", 1,
		"{\"why\":\"settle of 5m is over: pg-primary progressing (creating)\"}");
	sense(of, "pg-primary", "healthy", "primary, 2 replicas", 4);
}

static void now_failed_and_seen(struct view_case *of)
{
	now_failed(of);
	tell(of, "03:05:20", "ana", EVENT_ACKNOWLEDGED, "restore-postgres", 0, "{}");
}

static void now_timed_out(struct view_case *of)
{
	tell(of, "03:05:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"timeout\",\"signal\":2}");
}

static void now_near_timeout(struct view_case *of)
{
	now_is(of, "03:27:00");
	expires_in(of, "aws-dr", 28);
}

static void now_out_of_time(struct view_case *of)
{
	now_is(of, "03:32:50");
	expires_in(of, "aws-dr", 28);
}

static void now_stopping(struct view_case *of)
{
	now_out_of_time(of);
	tell(of, "03:32:33", "relight", EVENT_STEP_STOPPING, "restore-postgres", 1,
		"{\"cause\":\"timeout\",\"after_ms\":1800000,\"signal\":2,\"grace_ms\":60000}");
}

static void now_more_time_came_too_late(struct view_case *of)
{
	now_out_of_time(of);
	tell(of, "03:32:32", "ana", EVENT_STEP_EXTENDED, "restore-postgres", 1, "{\"by_s\":300}");
	tell(of, "03:32:33", "relight", EVENT_STEP_STOPPING, "restore-postgres", 1,
		"{\"cause\":\"timeout\",\"after_ms\":1800000,\"signal\":2,\"grace_ms\":10000,"
		"\"too_late_s\":300}");
}

static void now_cancelled(struct view_case *of)
{
	tell(of, "03:05:40", "ana", EVENT_STEP_CANCEL, "restore-postgres", 1, "{\"why\":\"no\"}");
}

static void now_unknown(struct view_case *of)
{
	tell(of, "03:05:00", "relight", EVENT_STEP_UNKNOWN, "restore-postgres", 1,
		"{\"why\":\"the actuator is gone and left no result\"}");
}

static void now_unknown_and_verified(struct view_case *of)
{
	now_unknown(of);
	of->facts.watches[runbook_step(of->runbook, "restore-postgres")] =
		(struct watch){.is_resolving = true, .began = moment_of("03:05:30")};
}

static void undo_begins(struct view_case *of)
{
	tell(of, "03:03:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"failed\",\"exit\":1}");
	tell(of, "03:04:00", "ana", EVENT_STEP_INTENT, "restore-postgres", 2,
		"{\"role\":\"rollback\",\"action\":{}}");
}

static void now_rollback_unknown(struct view_case *of)
{
	undo_begins(of);
	tell(of, "03:05:00", "relight", EVENT_STEP_UNKNOWN, "restore-postgres", 2,
		"{\"why\":\"the actuator is gone and left no result\"}");
}

static void now_rollback_failed(struct view_case *of)
{
	undo_begins(of);
	tell(of, "03:05:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 2,
		"{\"outcome\":\"failed\",\"exit\":1,\"why\":\"Error: deleting RDS DB Instance: "
		"deletion protection\"}");
	sense(of, "pg-primary", "healthy", "primary, 2 replicas", 4);
}

static void now_record_fault(struct view_case *of)
{
	now_failed(of);
	of->input.fault = "timeline.jsonl: No space left on device";
	of->input.durable_seq = 209;
	of->facts.is_recording = false;
}

// Somebody goes on with it on purpose: the next one must not take it for whole.
static void now_record_damaged(struct view_case *of)
{
	tell(of, "03:05:40", "ana", EVENT_LOG_SEGMENT, NULL, 0,
		"{\"path\":\"/d/timeline-2.jsonl\",\"bad_lines\":2,\"first_bad_line\":4}");
}

// What was started just then does not act before the disk takes it, and does then.
static void now_start_waits(struct view_case *of)
{
	tell(of, "03:05:40", "ana", EVENT_STEP_INTENT, "velero-restore", 1,
		"{\"role\":\"run\",\"action\":{},\"timeout_s\":1200}");
	of->input.fault = "timeline.jsonl: No space left on device";
	of->input.newest_seq = of->state->events - 1;
	of->input.durable_seq = of->state->events - 2;
	of->facts.is_recording = false;
}

static void now_sensor_down(struct view_case *of)
{
	of->sensed->is_up = false;
	of->sensed->why_down = memory_copy_text("ended with signal 9; starting again in 4s");
	of->input.sensor_silence_ms = 12000;
}

static void now_target_changed(struct view_case *of)
{
	tell(of, "03:04:10", "relight", EVENT_TARGET_PINNED, NULL, 0, PINNED_RECOVERY);
	tell(of, "03:05:00", "relight", EVENT_TARGET_CHANGED, NULL, 0,
		"{\"target\":\"recovery\",\"fingerprint\":{\"uid\":\"77d0a001-3f\"}}");
}

// It may be anybody, and has the words of who was pinned.
static void now_target_unverified(struct view_case *of)
{
	tell(of, "03:05:00", "relight", EVENT_TARGET_CHANGED, NULL, 0,
		"{\"target\":\"recovery\",\"fingerprint\":{\"uid\":\"0b1c77aa-2e\",\"tls\":"
		"\"unverified\"}}");
}

static void now_target_is_back(struct view_case *of)
{
	now_target_changed(of);
	tell(of, "03:05:10", "relight", EVENT_TARGET_CHANGED, NULL, 0, PINNED_RECOVERY);
}

// The step that creates it was carried out again: one key accepts it. A failed step stands behind
// it.
static void now_target_made_anew(struct view_case *of)
{
	now_failed(of);
	now_target_changed(of);
	tell(of, "03:05:10", "ana", EVENT_STEP_INTENT, "provision-cluster", 2,
		"{\"role\":\"run\"}");
	tell(of, "03:05:20", "relight", EVENT_STEP_RESULT, "provision-cluster", 2,
		"{\"outcome\":\"success\",\"exit\":0}");
}

static void now_target_is_the_source(struct view_case *of)
{
	tell(of, "03:05:00", "relight", EVENT_TARGET_PINNED, NULL, 0,
		"{\"target\":\"source\",\"fingerprint\":{\"uid\":\"0b1c77aa-2e\"}}");
}

static void now_given_is_bad(struct view_case *of)
{
	sense(of, "aws-dr", "degraded", "ExpiredToken", 2);
}

// Nothing is in its way, so it is not in the way of what can be done.
static void now_near_timeout_beside_a_given(struct view_case *of)
{
	now_near_timeout(of);
	now_given_is_bad(of);
}

static void now_given_is_bad_aside(struct view_case *of)
{
	now_nothing_runs(of);
	sense(of, "git-mirror", "missing", "repository not found", 2);
}

static void now_givens_are_bad_aside(struct view_case *of)
{
	now_given_is_bad_aside(of);
	sense(of, "registry", "degraded", "HTTP 503", 2);
}

static void now_much_is_quiet(struct view_case *of)
{
	now_givens_are_bad_aside(of);
	of->facts.now = moment_of("03:18:00");
	expires_in(of, "aws-dr", 28);
	sense(of, "webhooks", "unknown", "connection refused", 0);
}

static void now_much_is_quiet_and_nobody_is_armed(struct view_case *of)
{
	now_much_is_quiet(of);
	now_observer(of);
}

static void now_aborted(struct view_case *of)
{
	tell(of, "03:05:00", "ana", EVENT_ABORT, NULL, 0,
		"{\"why\":\"error rate above 20 % after the shift\"}");
	tell(of, "03:05:30", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"cancelled\",\"signal\":2}");
	tell(of, "03:05:31", "ana", EVENT_STEP_SKIPPED, "restore-postgres", 0,
		"{\"why\":\"aborted\"}");
}

static void now_input_missing(struct view_case *of)
{
	now_nothing_runs(of);
	for (size_t i = 0; i < of->runbook->step_count; i++)
		if (of->state->steps[i].state == STEP_WAITING &&
			strcmp(of->runbook->steps[i].id, "declare") != 0)
			tell(of, "03:05:41", "ana", EVENT_STEP_SKIPPED, of->runbook->steps[i].id, 0,
				"{\"why\":\"not now\"}");
}

static void now_all_done(struct view_case *of)
{
	now_input_missing(of);
	tell(of, "03:05:41", "mei", EVENT_STEP_CONFIRMED, "declare", 0, "{\"say\":\"good\"}");
}

static void now_recovered(struct view_case *of)
{
	now_all_done(of);
	tell(of, "03:05:42", "mei", EVENT_INCIDENT_RECOVERED, NULL, 0,
		"{\"level\":\"L2\",\"why\":\"journey proven by hand\"}");
}

static void now_recovered_and_aborted(struct view_case *of)
{
	now_recovered(of);
	tell(of, "03:05:42", "ana", EVENT_ABORT, NULL, 0, "{\"why\":\"it was not so\"}");
}

static void now_closed(struct view_case *of)
{
	now_recovered(of);
	tell(of, "03:05:42", "mei", EVENT_INCIDENT_CLOSED, NULL, 0,
		"{\"result\":\"recovered\",\"open\":[]}");
}

static void now_expires(struct view_case *of)
{
	expires_in(of, "aws-dr", 6);
}

static void now_expired(struct view_case *of)
{
	expires_in(of, "aws-dr", -3);
}

// Two checks of one target use the same credentials.
static void now_target_expires(struct view_case *of)
{
	expires_in(of, "recovery-api", 6);
	expires_in(of, "platform-root", 6);
}

// What is replaced by itself, and what is far away, asks nothing of anybody.
static void now_renews(struct view_case *of)
{
	expires_in(of, "recovery-api", 6);
	of->sensed->dependencies[runbook_dependency(of->runbook, "recovery-api")].renews = true;
	expires_in(of, "aws-dr", 60 * 24 * 300);
}

static void now_aborted_while_running(struct view_case *of)
{
	tell(of, "03:05:00", "ana", EVENT_ABORT, NULL, 0,
		"{\"why\":\"error rate above 20 % after the shift\"}");
}

static void now_rto_missed(struct view_case *of)
{
	now_is(of, "03:50:00");
	tell(of, "03:49:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"failed\",\"exit\":1,\"why\":\"exit 1; hint: the new cluster's role "
		"takes up to two minutes to "
		"be known everywhere; verify it, then run the step again\"}");
	expires_in(of, "aws-dr", 28);
}

static void now_elsewhere(struct view_case *of)
{
	now_failed(of);
	of->ui.selected = (struct row){ROW_PHASE, 0};
}

static void now_recording(struct view_case *of)
{
	of->input.newest_seq = 300;
	of->input.durable_seq = 2;
}

// What has failed is not on the disk yet: the screen does not say that it has.
static void now_result_recording(struct view_case *of)
{
	tell(of, "03:05:00", "relight", EVENT_STEP_RESULT, "restore-postgres", 1,
		"{\"outcome\":\"failed\",\"exit\":1,\"why\":\"deletion protection\"}");
	of->input.newest_seq = of->state->events - 1;
	of->input.durable_seq = of->state->events - 2;
}

// All that was restored is healthy, and every function serves.
static void now_serving(struct view_case *of)
{
	static const char *const functions[] = {"intake", "review", "evidence-upload", "notify"};
	now_all_done(of);
	sense(of, "pg-primary", "healthy", "primary", 1);
	sense(of, "evidence-bucket", "healthy", "31408 objects", 1);
	sense(of, "notification", "healthy", "2/2", 1);
	sense(of, "intake-public", "healthy", "200", 1);
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		char json[96];
		snprintf(json, sizeof(json),
			"{\"function\":\"%s\",\"since\":\"2026-07-03T03:05:00Z\"}", functions[i]);
		tell(of, "03:05:41", "relight", EVENT_INCIDENT_SERVING, NULL, 0, json);
	}
}

// What has served is not known any more: that stops no clock, and is not fine.
static void now_not_known(struct view_case *of)
{
	now_serving(of);
	sense(of, "notification", "healthy", "2/2", 42);
	sense(of, "pg-primary", "healthy", "primary", 42);
	sense(of, "notification", "unknown", "connection refused", 4);
	sense(of, "pg-primary", "unknown", "connection refused", 4);
}

// Of a cluster nothing is known at all: that is said once, with the reason of who asks for the
// whole.
static void now_cluster_not_known(struct view_case *of)
{
	sense(of, "recovery-api", "healthy", "readyz", 74);
	sense(of, "recovery-api", "unknown", "the certificate has expired", 3);
	sense(of, "aws-dr", "unknown", "no answer within 5s", 3);
}

// The same of what has not been seen for a while, which the sensor's last word does not tell.
static void now_stale(struct view_case *of)
{
	now_serving(of);
	tell(of, "03:05:42", "relight", EVENT_DEPENDENCY_STALE, "intake-public", 0, "{}");
	tell(of, "03:05:42", "relight", EVENT_DEPENDENCY_STALE, "pg-primary", 0, "{}");
}

// Data is being restored, and nobody has said to which moment.
static void now_loss_not_known(struct view_case *of)
{
	of->state->restore_point_at[0] = of->state->restore_point_at[1] = WALL_NONE;
	of->state->restore_point_found[0] = of->state->restore_point_found[1] = WALL_NONE;
}

static void now_restore_point_after_the_impact(struct view_case *of)
{
	now_loss_not_known(of);
	tell(of, "03:05:00", "ana", EVENT_RESTORE_POINT, NULL, 0,
		"{\"id\":\"pg\",\"at\":\"2026-07-03T02:49:00Z\"}");
}

static void now_overdue(struct view_case *of)
{
	now_is(of, "03:18:00");
	expires_in(of, "aws-dr", 28);
}

static void now_overdue_and_nothing_runs(struct view_case *of)
{
	now_nothing_runs(of);
	now_overdue(of);
}

static void now_overdue_for_onlookers(struct view_case *of)
{
	now_onlooker(of);
	now_overdue(of);
}

static void append_now(struct view_case *of, const char *name, int columns, struct buf *out)
{
	char *text = screen(of, 24, columns, false);
	const char *at = text;
	buf_printf(out, "%s%s\n", out->length ? "\n" : "", name);
	for (int row = 0; row < 7; row++) {
		size_t length;
		const char *next = next_line(at, &length);
		buf_printf(out, "|%.*s\n", (int)length, at);
		at = next;
	}
	free(text);
}

static void test_now(void **state)
{
	static const struct {
		const char *name;
		situation *prepare;
	} situations[] = {
		{"looks on, not armed", now_observer},
		{"another relight has it", now_onlooker},
		{"a replay", now_replay},
		{"nothing runs", now_nothing_runs},
		{"nothing runs, not armed", now_nothing_runs_and_nobody_is_armed},
		{"verifying", now_verifying},
		{"verifying, late", now_verifying_late},
		{"failed", now_failed},
		{"failed, and a person has it verified", now_failed_and_verified},
		{"failed, and what it restores is healthy now", now_failed_and_healthy},
		{"failed and seen", now_failed_and_seen},
		{"timed out", now_timed_out},
		{"near its timeout", now_near_timeout},
		{"out of time", now_out_of_time},
		{"out of time, and being stopped", now_stopping},
		{"out of time, and more came too late", now_more_time_came_too_late},
		{"cancelled, and still there", now_cancelled},
		{"unknown", now_unknown},
		{"unknown, and a person has it verified", now_unknown_and_verified},
		{"a rollback runs", undo_begins},
		{"a rollback whose outcome is unknown", now_rollback_unknown},
		{"a rollback that failed", now_rollback_failed},
		{"the record cannot be written", now_record_fault},
		{"the record is damaged, and gone on with", now_record_damaged},
		{"the record cannot be written, and a start waits for it", now_start_waits},
		{"the sensor is down", now_sensor_down},
		{"another target", now_target_changed},
		{"the pinned target again", now_target_is_back},
		{"a target that is not verified any more", now_target_unverified},
		{"a target that was created anew", now_target_made_anew},
		{"the recovery is the source", now_target_is_the_source},
		{"a given dependency is bad", now_given_is_bad},
		{"near its timeout, and a given dependency is bad",
			now_near_timeout_beside_a_given},
		{"what no step requires is bad", now_given_is_bad_aside},
		{"several that no step requires are bad", now_givens_are_bad_aside},
		{"much is quiet", now_much_is_quiet},
		{"much is quiet, and nobody is armed", now_much_is_quiet_and_nobody_is_armed},
		{"a credential expires", now_expires},
		{"a credential has expired", now_expired},
		{"a target's credentials expire", now_target_expires},
		{"a credential that renews itself, and one that is far from its end", now_renews},
		{"failed, and the cursor is elsewhere", now_elsewhere},
		{"the RTO is missed", now_rto_missed},
		{"aborted while it runs", now_aborted_while_running},
		{"aborted", now_aborted},
		{"only the declaration is left", now_input_missing},
		{"all done", now_all_done},
		{"recovered", now_recovered},
		{"recovered, and aborted after that", now_recovered_and_aborted},
		{"closed", now_closed},
		{"recording", now_recording},
		{"what has failed is being recorded", now_result_recording},
		{"every function serves", now_serving},
		{"what was restored is not known any more", now_not_known},
		{"nothing in the cluster is known", now_cluster_not_known},
		{"what was restored is not seen any more", now_stale},
		{"nobody chose a restore point", now_loss_not_known},
		{"a restore point after the impact", now_restore_point_after_the_impact},
		{"an update is overdue", now_overdue},
		{"an update is overdue, and nothing runs", now_overdue_and_nothing_runs},
		{"an update is overdue, and another relight has it", now_overdue_for_onlookers},
	};
	struct buf text = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(situations) / sizeof(situations[0]); i++) {
		struct view_case of;
		case_calm(&of);
		situations[i].prepare(&of);
		append_now(&of, situations[i].name, 80, &text);
		case_end(&of);
	}
	assert_golden("now", buf_str(&text));
	buf_fini(&text);
}

// Nothing of what a step has become is said before the disk has it, unless somebody goes on
// unrecorded.
static void test_said_when_durable(void **state)
{
	struct view_case of;
	char *text;
	(void)state;
	case_calm(&of);
	now_result_recording(&of);
	text = screen(&of, 24, 80, false);
	assert_non_null(strstr(text, "[>] restore-postgres  recording"));
	assert_null(strstr(text, "FAILED"));
	free(text);
	of.facts.is_unrecorded = true;
	text = screen(&of, 24, 80, false);
	assert_non_null(strstr(text, "[!] restore-postgres  FAILED"));
	free(text);
	of.facts.is_unrecorded = false;
	of.input.durable_seq++;
	text = screen(&of, 24, 80, false);
	assert_non_null(strstr(text, "[!] restore-postgres  FAILED"));
	free(text);
	case_end(&of);
}

// Nothing can be started then, and no screen is so wide that it says so all the same.
static void test_nothing_may_be_started_unrecorded(void **state)
{
	struct view_case of;
	char *text;
	(void)state;
	case_calm(&of);
	now_record_fault(&of);
	text = screen(&of, 45, 200, false);
	assert_non_null(strstr(text, "Nothing new can be started"));
	assert_null(strstr(text, "You may start"));
	free(text);
	case_end(&of);
}

// A wide screen tells by name what is not known, and never shows it as fine.
static void test_not_known(void **state)
{
	struct view_case of;
	(void)state;
	case_calm(&of);
	now_not_known(&of);
	check(&of, 45, 160, "not-known-160x45");
	of.ui.pane = PANE_CLOCKS;
	check(&of, 24, 80, "not-known-clocks");
	case_end(&of);
}

// What a person declares is shown as what a person declares, by every clock.
static void test_declared(void **state)
{
	struct view_case of;
	(void)state;
	case_calm(&of);
	now_recovered(&of);
	of.ui.pane = PANE_CLOCKS;
	check(&of, 24, 80, "declared-clocks");
	case_end(&of);
}

// --- dialogs ---

static char dialog_body[] = "It runs:\n  velero restore create --from-backup hourly-0218\n"
			    "on recovery (dr-apse3, uid 0b1c77aa), about 6m, stopped after 20m.";
static char dialog_wanted[] = "case.example.com";
static char dialog_name[] = "case.exam";
static char dialog_why[] = "evidence can be re-uploaded";
static char choice_ids[2][16] = {"pg-0239", "pg-0218"};
static char choice_words[2][40] = {"pg 02:39, objects 02:18, skew 21m", "both 02:18"};
static char *dialog_choices[] = {choice_ids[0], choice_ids[1]};
static char *dialog_texts[] = {choice_words[0], choice_words[1]};

static void test_dialogs(void **state)
{
	struct view_case of;
	(void)state;
	case_calm(&of);
	struct dialog *dialog = &of.ui.dialog;
	struct dialog closed = *dialog;
	dialog->kind = DIALOG_CONFIRM;
	snprintf(dialog->title, sizeof(dialog->title), "Start velero-restore");
	dialog->body = dialog_body;
	check(&of, 24, 80, "dialog-confirm");
	dialog->kind = DIALOG_TYPE;
	snprintf(dialog->title, sizeof(dialog->title), "Start shift-traffic: DESTRUCTIVE");
	dialog->wanted = dialog_wanted;
	dialog->field = (struct field){dialog_name, 9, 9, false};
	snprintf(dialog->complaint, sizeof(dialog->complaint), "this is not the name: case.exam");
	check(&of, 24, 80, "dialog-type");
	check(&of, 12, 40, "dialog-type-40x12");
	check(&of, 5, 20, "dialog-type-20x5");
	dialog->kind = DIALOG_CHOICE;
	dialog->complaint[0] = '\0';
	snprintf(dialog->title, sizeof(dialog->title), "Which restore point?");
	dialog->body = NULL;
	dialog->choices = dialog_choices;
	dialog->choice_texts = dialog_texts;
	dialog->choice_count = 2;
	dialog->choice = 1;
	dialog->label = "why";
	dialog->field = (struct field){dialog_why, 27, 27, false};
	dialog->second_label = "at";
	dialog->second = (struct field){dialog_name + 9, 0, 0, false};
	check(&of, 24, 80, "dialog-choice");
	*dialog = closed;
	case_end(&of);
}

// A field shows its end where the cursor is, and dots for a secret.
static void test_field_follows_its_cursor(void **state)
{
	static char text[301];
	struct view_case of;
	struct buf drawn = {0};
	(void)state;
	case_calm(&of);
	struct dialog closed = of.ui.dialog;
	memset(text, 'a', 299);
	text[299] = 'Z';
	of.ui.dialog.kind = DIALOG_TEXT;
	of.ui.dialog.label = "note";
	of.ui.dialog.field = (struct field){text, 300, 300, false};
	struct grid *grid = grid_new(24, 80, false);
	frame_draw(grid, &of.input);
	grid_text(grid, &drawn);
	assert_non_null(strstr(buf_str(&drawn), "aaaZ"));
	assert_string_equal(grid_at(grid, grid->cursor_row, grid->cursor_column - 1)->text, "Z");
	of.ui.dialog.field.is_secret = true;
	buf_clear(&drawn);
	frame_draw(grid, &of.input);
	grid_text(grid, &drawn);
	assert_null(strstr(buf_str(&drawn), "aaa"));
	assert_non_null(strstr(buf_str(&drawn), "*****"));
	buf_fini(&drawn);
	grid_free(grid);
	of.ui.dialog = closed;
	case_end(&of);
}

// --- untrusted text, and terminals that can do more ---

static void test_untrusted_text_is_shown_not_obeyed(void **state)
{
	static const char *const output[] = {"\x1b[2J\x1b]0;owned\x07gone?", "a\tb\xff\xe2\x80\xae"
									     "c"};
	struct view_case of;
	(void)state;
	case_calm(&of);
	sense(&of, "pg-primary", "degraded", "\\u001b[31mred\\u202e", 1);
	of.input.output.lines = output;
	of.input.output.count = 2;
	of.ui.pane = PANE_OUTPUT;
	for (int is_utf8 = 0; is_utf8 < 2; is_utf8++)
		for (int rows = 10; rows < 60; rows += 25) {
			char *text = screen(&of, rows, rows == 10 ? 40 : 160, is_utf8);
			assert_null(strchr(text, '\x1b'));
			assert_null(strchr(text, '\x07'));
			assert_null(strstr(text, "\xe2\x80\xae"));
			assert_non_null(strstr(text, "^[[2J^[]0;owned^G"));
			free(text);
		}
	case_end(&of);
}

static void test_utf8(void **state)
{
	struct view_case of;
	(void)state;
	case_failing(&of);
	char *got = screen(&of, 24, 120, true);
	assert_golden("failing-utf8-120x24", got);
	free(got);
	case_end(&of);
}

// From one second to the next only digits change: words stay in their columns.
static void test_only_digits_change(void **state)
{
	struct view_case of;
	(void)state;
	case_calm(&of);
	char *before = screen(&of, 45, 160, false);
	of.facts.now = moment_of("03:05:43");
	of.input.sensor_silence_ms = 2000;
	char *after = screen(&of, 45, 160, false);
	assert_int_equal(strlen(before), strlen(after));
	for (size_t i = 0; before[i]; i++)
		if (before[i] != after[i] && !(before[i] >= '0' && before[i] <= '9' &&
						     after[i] >= '0' && after[i] <= '9'))
			fail_msg("column %zu: %.20s became %.20s", i, before + i, after + i);
	free(before);
	free(after);
	case_end(&of);
}

// Whoever answers a target is believed: that stands on the screen at every size that shows
// anything.
static void test_unverified_target(void **state)
{
	static const int sizes[][2] = {{24, 80}, {45, 160}, {60, 200}};
	struct view_case of;
	(void)state;
	case_calm(&of);
	char *text = screen(&of, 24, 80, false);
	assert_null(strstr(text, "UNVERIFIED"));
	free(text);
	tell(&of, "03:05:00", "relight", EVENT_TARGET_PINNED, NULL, 0,
		"{\"target\":\"source\",\"fingerprint\":{\"uid\":\"0b1c77aa-2e\",\"tls\":"
		"\"unverified\"}}");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		text = screen(&of, sizes[i][0], sizes[i][1], false);
		assert_non_null(strstr(text, "TLS UNVERIFIED"));
		free(text);
	}
	case_end(&of);
}

// Nothing may crash, leave its area or draw outside of ASCII at any size.
static void test_every_size(void **state)
{
	struct view_case of;
	(void)state;
	case_failing(&of);
	for (int pane = 0; pane < PANES; pane++)
		for (int rows = 1; rows < 50; rows += rows < 28 ? 1 : 7)
			for (int columns = 1; columns < 230; columns += columns < 30 ? 1 : 13) {
				of.ui.pane = (enum pane)pane;
				char *text = screen(&of, rows, columns, false);
				int lines = 0;
				for (const char *c = text; *c; c++) {
					assert_in_range(
						(unsigned char)*c, *c == '\n' ? '\n' : ' ', '~');
					lines += *c == '\n';
				}
				assert_int_equal(lines, rows);
				free(text);
			}
	case_end(&of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_matches),
		cmocka_unit_test(test_calm),
		cmocka_unit_test(test_failing),
		cmocka_unit_test(test_the_clock_is_set_back),
		cmocka_unit_test(test_still),
		cmocka_unit_test(test_trials),
		cmocka_unit_test(test_scrolling_ends_at_the_end),
		cmocka_unit_test(test_narrow_panes),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_said_when_durable),
		cmocka_unit_test(test_nothing_may_be_started_unrecorded),
		cmocka_unit_test(test_not_known),
		cmocka_unit_test(test_declared),
		cmocka_unit_test(test_dialogs),
		cmocka_unit_test(test_field_follows_its_cursor),
		cmocka_unit_test(test_untrusted_text_is_shown_not_obeyed),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_only_digits_change),
		cmocka_unit_test(test_unverified_target),
		cmocka_unit_test(test_every_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
