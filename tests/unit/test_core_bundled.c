// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/answers.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/plan.h"
#include "relight/scenario.h"

// The disaster that the program carries: it must load without a word, fit its objectives, and be
// winnable. Run at the top of the tree, as make does.

#define OPENED_MS 1000000000000LL
#define MINUTE_MS (60 * MS_PER_S)

struct bundle {
	char *texts[3];
	struct runbook *runbook;
	struct plan *plan;
	struct scenario *scenario;
	struct answers *answers;
};
static struct bundle bundle;

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t capacity = RUNBOOK_MAX_BYTES;
	char *text = memory_zeroed(1, capacity);

	if (!file) {
		fprintf(stderr, "%s: cannot be opened\n", path);
		free(text);
		return NULL;
	}
	text[fread(text, 1, capacity - 1, file)] = '\0';
	fclose(file);
	return text;
}

static bool is_silent(struct diags *diags)
{
	struct buf out = {0};
	bool silent = diags->errors == 0 && diags->warnings == 0;

	diags_print(diags, &out);
	fputs(buf_str(&out), stderr);
	buf_fini(&out);
	diags_fini(diags);
	return silent;
}

static int load(void **state)
{
	static const char *const paths[3] = {"runbooks/case-management-eks.yaml",
		"runbooks/scenarios/eks-cluster-loss.yaml",
		"runbooks/scenarios/eks-cluster-loss.answers.yaml"};
	struct diags diags[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		bundle.texts[i] = read_file(paths[i]);
		diags[i] = (struct diags){.file = paths[i]};
		if (!bundle.texts[i])
			return -1;
	}
	bundle.runbook =
		runbook_load(bundle.texts[0], strlen(bundle.texts[0]), "runbooks", &diags[0]);
	if (!is_silent(&diags[0]) || !bundle.runbook)
		return -1;
	bundle.plan = plan_new(bundle.runbook);
	bundle.scenario =
		scenario_load(bundle.texts[1], strlen(bundle.texts[1]), bundle.runbook, &diags[1]);
	bundle.answers =
		answers_load(bundle.texts[2], strlen(bundle.texts[2]), bundle.runbook, &diags[2]);
	return is_silent(&diags[1]) && is_silent(&diags[2]) ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	answers_free(bundle.answers);
	scenario_free(bundle.scenario);
	plan_free(bundle.plan);
	runbook_free(bundle.runbook);
	for (int i = 0; i < 3; i++)
		free(bundle.texts[i]);
	return 0;
}

// --- what the demo promises ----------------------------------------------------------------------

static void test_fits_its_objectives(void **state)
{
	int64_t path_ms = bundle.plan->critical_ms;

	(void)state;
	// Room for one step that fails and a person who thinks.
	assert_true(path_ms <= bundle.runbook->objectives.rto_ms - 5 * MINUTE_MS);
	assert_true(path_ms >= 40 * MINUTE_MS);
}

static void test_has_something_of_everything(void **state)
{
	const struct runbook *runbook = bundle.runbook;
	int decisions = 0, manual = 0, waits = 0, destructive = 0, chosen = 0, failing = 0;

	(void)state;
	for (size_t i = 0; i < bundle.plan->count; i++) {
		const struct step *step = &runbook->steps[bundle.plan->order[i]];

		decisions += step->kind == STEP_DECIDE;
		manual += step->kind == STEP_MANUAL;
		waits += step->kind == STEP_WAIT;
		destructive += step->destructive;
		chosen += step->when_step >= 0;
		failing += scenario_attempt(bundle.scenario, (int)(step - runbook->steps), 1, false)
				   .exit != 0;
		assert_int_equal(step->approvals, 0);
		assert_true(step->takes_ms > 0);
	}
	assert_int_equal(decisions, 1);
	assert_int_equal(destructive, 1);
	assert_int_equal(failing, 1);
	assert_true(manual >= 3);
	assert_true(waits >= 3);
	assert_true(chosen >= 3);
	for (size_t p = 0; p < runbook->phases.count; p++) {
		bool is_used = false;

		for (size_t i = 0; i < bundle.plan->count; i++)
			is_used |= runbook->steps[bundle.plan->order[i]].phase == (int)p;
		if (!is_used)
			fail_msg("phase %s has no step", runbook->phases.items[p]);
	}
	for (size_t l = 0; runbook_layers[l]; l++) {
		bool is_used = false;

		for (size_t d = 0; d < runbook->dependency_count; d++)
			is_used |= strcmp(runbook->dependencies[d].layer, runbook_layers[l]) == 0;
		if (!is_used)
			fail_msg("layer %s has no dependency", runbook_layers[l]);
	}
}

static void test_answers_all_that_is_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < bundle.plan->count; i++) {
		const struct step *step = &bundle.runbook->steps[bundle.plan->order[i]];
		const struct answer *answer = &bundle.answers->steps[bundle.plan->order[i]];

		if ((step->kind == STEP_MANUAL && !answer->confirm) ||
			(step->kind == STEP_DECIDE && !(answer->choose && answer->why)) ||
			(step->destructive && !answer->type))
			fail_msg("%s: no answer", step->id);
	}
	for (size_t i = 0; i < bundle.runbook->input_count; i++)
		if (!bundle.scenario->inputs[i])
			fail_msg("input %s: no value", bundle.runbook->inputs[i].id);
}

// What the operator sees of an action is judged too: output must be what its step expects.
static void test_outputs_are_as_expected(void **state)
{
	(void)state;
	for (size_t i = 0; i < bundle.runbook->step_count; i++) {
		const struct expectation *expect = &bundle.runbook->steps[i].run.expect;
		struct scenario_attempt last =
			scenario_attempt(bundle.scenario, (int)i, INT32_MAX, false);

		if (bundle.runbook->steps[i].kind != STEP_RUN)
			continue;
		assert_int_equal(last.exit, 0);
		if (expect->contains && !strstr(last.output, expect->contains))
			fail_msg("%s: its output lacks \"%s\"", bundle.runbook->steps[i].id,
				expect->contains);
		if (expect->jq.text) {
			cJSON *value = json_parse(last.output, strlen(last.output), NULL);
			assert_non_null(value);
			cJSON_Delete(value);
		}
	}
}

// --- playing it ----------------------------------------------------------------------------------

struct play {
	struct scenario_facts *facts;
	struct scenario_seen *seen;
	int64_t now_ms; // simulated, since the opening
	int regressions;
};

static void happens(struct play *play, enum event_kind kind, int step, const char *data)
{
	struct event *event = event_new(kind);

	event->ts = (struct wall){(OPENED_MS + play->now_ms) * US_PER_MS};
	event->mono = (struct mono){play->now_ms * US_PER_MS};
	if (step >= 0)
		event_set_step(event, bundle.runbook->steps[step].id);
	cJSON_Delete(event->data);
	event->data = json_parse(data, strlen(data), NULL);
	scenario_facts_apply(play->facts, event);
	event_free(event);
}

static void look(struct play *play)
{
	scenario_world(bundle.scenario, play->facts,
		(struct wall){(OPENED_MS + play->now_ms) * US_PER_MS}, play->seen);
}

static bool are_healthy(const struct play *play, struct refs dependencies, const char **ill)
{
	for (size_t i = 0; i < dependencies.count; i++)
		if (play->seen[dependencies.items[i]].status != STATUS_HEALTHY) {
			*ill = bundle.runbook->dependencies[dependencies.items[i]].id;
			return false;
		}
	return true;
}

// Second by second until all are healthy.
static void wait_healthy(struct play *play, struct refs dependencies, int64_t patience_ms)
{
	int64_t until_ms = play->now_ms + patience_ms;
	const char *ill = "";

	for (look(play); !are_healthy(play, dependencies, &ill); look(play)) {
		if (play->now_ms >= until_ms)
			fail_msg("%s never became healthy", ill);
		play->now_ms += MS_PER_S;
	}
}

static void perform(struct play *play, int step)
{
	for (int attempt = 1; attempt <= 3; attempt++) {
		struct scenario_attempt how =
			scenario_attempt(bundle.scenario, step, attempt, false);

		play->now_ms += how.takes_ms;
		if (how.exit == 0) {
			happens(play, EVENT_STEP_RESULT, step, "{\"outcome\":\"success\"}");
			return;
		}
		happens(play, EVENT_STEP_RESULT, step, "{\"outcome\":\"failed\",\"exit\":1}");
	}
	fail_msg("%s never succeeds", bundle.runbook->steps[step].id);
}

// Whatever was restored and went bad again is cured by running its step again.
static void cure(struct play *play, size_t done)
{
	look(play);
	for (size_t i = 0; i < done; i++) {
		const struct step *step = &bundle.runbook->steps[bundle.plan->order[i]];
		const char *ill;

		if (step->kind != STEP_RUN || are_healthy(play, step->restores, &ill))
			continue;
		play->regressions++;
		perform(play, bundle.plan->order[i]);
		wait_healthy(play, step->restores, step->settle_ms);
	}
}

static void play_step(struct play *play, size_t position)
{
	int index = bundle.plan->order[position];
	const struct step *step = &bundle.runbook->steps[index];

	cure(play, position);
	wait_healthy(play, step->requires, 2 * MINUTE_MS);
	switch (step->kind) {
	case STEP_RUN: perform(play, index); break;
	case STEP_MANUAL: happens(play, EVENT_STEP_CONFIRMED, index, "{\"say\":\"yes\"}"); break;
	case STEP_DECIDE: happens(play, EVENT_DECISION, index, "{\"chosen\":\"failover\"}"); break;
	case STEP_WAIT: break;
	}
	wait_healthy(
		play, step->restores, step->kind == STEP_WAIT ? 20 * MINUTE_MS : step->settle_ms);
	for (size_t i = 0; i < step->restores.count; i++)
		if (step->kind == STEP_WAIT)
			play->now_ms +=
				bundle.runbook->dependencies[step->restores.items[i]].stable_ms;
}

// One step after another, as `relight demo --auto` does, or slower.
static void test_can_be_won(void **state)
{
	struct play play = {0};
	const char *ill = "";

	(void)state;
	play.facts = scenario_facts_new(bundle.runbook);
	play.seen = memory_zeroed(bundle.runbook->dependency_count, sizeof *play.seen);
	happens(&play, EVENT_SESSION_OPEN, -1, "{\"speed\":20}");
	happens(&play, EVENT_INCIDENT_DECLARED, -1, "{}");
	for (size_t i = 0; i < bundle.plan->count; i++)
		play_step(&play, i);
	cure(&play, bundle.plan->count);
	look(&play);
	for (size_t d = 0; d < bundle.runbook->dependency_count; d++)
		if (!are_healthy(&play, (struct refs){&(int){(int)d}, 1}, &ill))
			fail_msg("%s is not healthy in the end", ill);
	assert_int_equal(play.regressions, 1);
	assert_true(play.now_ms < 75 * MINUTE_MS);
	free(play.seen);
	scenario_facts_free(play.facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits_its_objectives),
		cmocka_unit_test(test_has_something_of_everything),
		cmocka_unit_test(test_answers_all_that_is_asked),
		cmocka_unit_test(test_outputs_are_as_expected),
		cmocka_unit_test(test_can_be_won),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
