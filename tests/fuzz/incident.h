// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_FUZZ_INCIDENT_H
#define RELIGHT_TESTS_FUZZ_INCIDENT_H

// A runbook with something of every kind, and an incident on it that begins anew for each input.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/decide.h"
#include "relight/json.h"
#include "relight/memory.h"

#define OPENED_US 1783047600000000LL // 2026-07-03T03:00:00Z

static const char incident_runbook[] =
	"relight: 1\n"
	"name: x\n"
	"title: X\n"
	"objectives: {rpo: 15m, rto: 60m, mtd: 4h}\n"
	"functions: [{id: f, title: F, journey: [there]}]\n"
	"inputs: {backup: {ask: Which?, pattern: '[a-z0-9-]+'}, token: {ask: Token, secret: "
	"true},\n"
	"  size: {ask: Size, choices: [small, large]}}\n"
	"targets: {t: {role: recovery, kubernetes: {context: c}}, s: {role: source, kubernetes: "
	"{context: d}}}\n"
	"state: [{id: pg, category: persistent-data, source_of_truth: RDS}]\n"
	"restore_points: [{id: p, title: P, of: pg, at: {command: [c], jq: .t}}]\n"
	"preconditions: [the account can be reached]\n"
	"dependencies:\n"
	"  - {id: root, check: {command: [c]}, every: 1s, proves: L1}\n"
	"  - {id: there, layer: journey, follows: [root], check: {command: [c]}, stable: 2s, "
	"proves: "
	"L4}\n"
	"  - {id: word, check: {manual: Is it?}}\n"
	"steps:\n"
	"  - {id: a, run: {command: [x, '${input.backup}']}, restores: [root], takes: 1m, timeout: "
	"2m, target: t,\n"
	"     rollback: {command: [y]}}\n"
	"  - {id: b, needs: [], run: {shell: 'echo $RELIGHT_INPUT_TOKEN'}, destructive: true, "
	"confirm: yes-do, takes: 5s}\n"
	"  - {id: c, needs: [a], decide: {question: Which?, options: [{id: o, say: O}, {id: q, "
	"say: "
	"Q}]}}\n"
	"  - {id: d, when: {decision: c, is: o}, manual: Do it, sets: [size]}\n"
	"  - {id: w, restores: [there]}\n"
	"  - {id: undo, manual: Undo}\n"
	"abort: {criteria: [too bad], when_unhealthy: [{dependency: there, after: d, for: 5m}], "
	"steps: [undo]}\n";

struct incident {
	const struct runbook *runbook;
	struct state *state;
	struct sensed *sensed;
	struct watch *watches;
	struct flap *flaps;
	struct substitution values;
	char *inputs[4];
	int64_t next_token, next_seq;
	struct facts facts;
};

static inline void incident_begin(struct incident *of)
{
	static struct runbook *runbook;
	static struct plan *plan;

	if (!runbook) {
		struct diags diags = {.file = "x.yaml"};

		runbook = runbook_load(
			incident_runbook, sizeof incident_runbook - 1, "/base", &diags);
		if (!runbook)
			abort();
		plan = plan_new(runbook);
		diags_fini(&diags);
	}
	*of = (struct incident){.runbook = runbook};
	of->state = state_new(runbook, plan);
	of->sensed = sensed_new(runbook->dependency_count);
	of->sensed->is_up = true;
	of->watches = memory_zeroed(runbook->step_count + 1, sizeof *of->watches);
	of->flaps = memory_zeroed(runbook->dependency_count + 1, sizeof *of->flaps);
	of->values = (struct substitution){
		.runbook = runbook, .inputs = (const char *const *)of->inputs};
	of->facts = (struct facts){.runbook = runbook,
		.plan = plan,
		.state = of->state,
		.sensed = of->sensed,
		.values = &of->values,
		.now = {{OPENED_US}, {OPENED_US}},
		.speed = 1,
		.watches = of->watches,
		.flaps = of->flaps,
		.next_token = &of->next_token,
		.is_recording = true};
}

static inline void incident_end(struct incident *of)
{
	for (size_t i = 0; i < sizeof of->inputs / sizeof *of->inputs; i++)
		free(of->inputs[i]);
	free(of->watches);
	free(of->flaps);
	sensed_free(of->sensed);
	state_free(of->state);
}

static inline void incident_set_input(struct incident *of, int input, const char *value)
{
	char *copy = memory_copy_text(value);

	free(of->inputs[input]);
	of->inputs[input] = copy;
}

// Completes the event as the record would, folds and frees it.
static inline void incident_take(struct incident *of, struct event *event)
{
	if (!event->by)
		event->by = memory_copy_text("ana");
	event->seq = of->next_seq++;
	event->ts = of->facts.now.wall;
	event->mono = of->facts.now.mono;
	event->mode = EVENT_LIVE;
	state_apply(of->state, event);
	event_free(event);
}

static inline void incident_tell(struct incident *of, enum event_kind kind, const char *data)
{
	struct event *event = event_new(kind);

	if (data) {
		cJSON_Delete(event->data);
		event->data = json_parse(data, strlen(data), NULL);
	}
	incident_take(of, event);
}

static inline void incident_decide(struct incident *of, struct decision *decision)
{
	for (size_t i = 0; i < decision->event_count; i++)
		incident_take(of, decision->events[i]);
	decision->event_count = 0;
	decision_fini(decision);
}

#endif
