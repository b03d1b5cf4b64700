// SPDX-License-Identifier: Apache-2.0
//
// A laptop that is shut while an incident is open: nobody looked meanwhile, so that time neither
// proves anything nor is any to settle in.
#include "engine_case.h"

static const char runbook[] =
	"relight: 1\n"
	"name: still\n"
	"dependencies:\n"
	"- {id: db, layer: journey, check: {command: [c]}, every: 5s, timeout: 3s, stable: 10s}\n"
	"steps:\n"
	"- {id: one, run: {command: [x]}, restores: [db], settle: 1m}\n";

static void pass(struct engine_case *of, int64_t seconds)
{
	struct err err = {0};

	// Nothing may be on its way to the disk meanwhile: it would be a disk that hangs.
	if (!timeline_drain(of->engine.record.timeline, &err))
		fail_msg("%s", err.message);
	wall_us += seconds * US_PER_S;
	mono_us += seconds * US_PER_S;
}

// Its second is over, and the sensor has said this.
static void second(struct engine_case *of, const char *status)
{
	pass(of, 1);
	if (status)
		case_observe(of, "db", status, "as seen", of->engine.next_token);
	case_turn(of);
}

static void succeed(struct engine_case *of, const char *word, const cJSON *body)
{
	cJSON *about, *result;

	if (strcmp(word, "perform") != 0)
		return;
	about = json_object();
	result = json_object();
	json_add_text(result, "outcome", "success");
	json_add_int(result, "duration_ms", 1000);
	json_add_text(about, "state", "finished");
	json_add(about, "result", result);
	case_answer(of, runbook_step(of->engine.runbook, json_text(body, "step")), 1, about);
}

static void want(struct engine_case *of, enum intent_kind kind)
{
	struct intent intent = intent_of(kind);
	struct err err = {0};

	intent.step = kind == INTENT_START ? 0 : -1;
	if (!engine_want(&of->engine, &intent, &err))
		fail_msg("%s", err.message);
	case_turn(of);
	assert_true(timeline_drain(of->engine.record.timeline, NULL));
	case_turn(of);
}

static struct engine_case *begin_verifying(void)
{
	struct engine_case *of = memory_zeroed(1, sizeof *of);

	*of = (struct engine_case){.runbook = runbook, .mode = EVENT_LIVE, .speed = 1};
	case_open(of);
	want(of, INTENT_ARM);
	want(of, INTENT_START);
	case_orders(of, succeed);
	case_turn(of);
	assert_int_equal(of->engine.state->steps[0].state, STEP_VERIFYING);
	return of;
}

static int faults(const struct engine_case *of)
{
	int count = 0;

	for (size_t r = 0; r < of->engine.state->remark_count; r++)
		count += of->engine.state->remarks[r].kind == EVENT_FAULT;
	return count;
}

static void end(struct engine_case *of)
{
	case_leave(of);
	case_remove(of);
	free(of);
}

static void test_settle_does_not_run_out_while_nobody_looks(void **unused)
{
	struct engine_case *of = begin_verifying();
	const struct step_progress *one;

	(void)unused;
	one = &of->engine.state->steps[0];
	for (int i = 0; i < 20; i++)
		second(of, "progressing");
	pass(of, 8 * 3600);
	case_turn(of);
	assert_int_equal(one->state, STEP_VERIFYING);
	assert_false(of->engine.state->dependencies[0].is_fresh);
	assert_int_equal(faults(of), 1);
	// Of the minute forty seconds are left.
	for (int i = 0; i < 38; i++)
		second(of, "progressing");
	assert_int_equal(one->state, STEP_VERIFYING);
	for (int i = 0; i < 3; i++)
		second(of, "progressing");
	assert_int_equal(one->state, STEP_FAILED);
	assert_int_equal(faults(of), 1);
	end(of);
}

static void test_what_nobody_saw_is_no_proof(void **unused)
{
	struct engine_case *of = begin_verifying();
	const struct step_progress *one;

	(void)unused;
	one = &of->engine.state->steps[0];
	for (int i = 0; i < 3; i++)
		second(of, "healthy");
	pass(of, 8 * 3600);
	case_turn(of);
	second(of, "healthy");
	assert_int_equal(one->state, STEP_VERIFYING);
	assert_false(wall_known(of->engine.state->journey_serving.wall));
	for (int i = 0; i < 8; i++)
		second(of, "healthy");
	assert_int_equal(one->state, STEP_VERIFYING);
	for (int i = 0; i < 3; i++)
		second(of, "healthy");
	assert_int_equal(one->state, STEP_DONE);
	assert_true(wall_known(of->engine.state->journey_serving.wall));
	end(of);
}

static void test_a_busy_machine_is_none_that_slept(void **unused)
{
	struct engine_case *of = begin_verifying();

	(void)unused;
	for (int i = 0; i < 20; i++) {
		pass(of, 9);
		case_turn(of);
	}
	assert_int_equal(faults(of), 0);
	assert_int_equal(of->engine.state->steps[0].state, STEP_FAILED);
	end(of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_settle_does_not_run_out_while_nobody_looks),
		cmocka_unit_test(test_what_nobody_saw_is_no_proof),
		cmocka_unit_test(test_a_busy_machine_is_none_that_slept),
	};

	return cmocka_run_group_tests_name("engine_still", tests, NULL, NULL);
}
