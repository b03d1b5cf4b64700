// SPDX-License-Identifier: Apache-2.0
#include "decide_parts.h"

#include <string.h>

#include "relight/input.h"
#include "relight/json.h"

// How long it took in the time of the incident: a simulated attempt slept `speed` times less.
static int64_t duration_ms(const struct facts *facts, const cJSON *result)
{
	return (int64_t)((double)json_int(result, "duration_ms", 0) * facts->speed);
}

// The hint whose pattern fits the output stands behind the reason.
static void add_why(cJSON *data, const cJSON *result)
{
	const char *why = json_text(result, "why"), *tail = json_text(result, "tail"),
		   *hint = json_text(result, "hint");
	struct buf text = {0};
	if (why || tail)
		buf_text(&text, why ? why : tail);
	if (hint)
		buf_printf(&text, "%shint: %s", text.length ? "; " : "", hint);
	if (text.length)
		json_add_text(data, "why", buf_str(&text));
	buf_fini(&text);
}

static void add_result(struct decision *decision, const struct facts *facts, int step, int attempt,
	const cJSON *result)
{
	const char *outcome = json_text(result, "outcome");
	struct event *event = decision_event(decision, facts, EVENT_STEP_RESULT, step, -1);
	event->attempt = attempt;
	json_add_text(event->data, "outcome", outcome);
	static const char *const numbers[] = {"exit", "signal", "http_status"};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (json_get(result, numbers[i]))
			json_add_int(event->data, numbers[i], json_int(result, numbers[i], 0));
	json_add_int(event->data, "duration_ms", duration_ms(facts, result));
	if (json_get(result, "output"))
		json_add(event->data, "output", cJSON_Duplicate(json_get(result, "output"), true));
	if (strcmp(outcome, outcome_word(OUTCOME_SUCCESS)) != 0)
		add_why(event->data, result);
}

// What the disk did not take is nowhere else: an output that looks whole is taken for whole.
static void add_output_fault(struct decision *decision, const struct facts *facts, int step,
	int attempt, const cJSON *output)
{
	int64_t missing_bytes = json_int(output, "missing_bytes", 0);
	const char *why = json_text(output, "missing_why");
	struct buf text = {0};
	if (missing_bytes <= 0)
		return;
	struct event *event = decision_event(decision, facts, EVENT_FAULT, step, -1);
	event->attempt = attempt;
	json_add_text(event->data, "what", "the output of an attempt is not whole");
	buf_printf(&text, "attempts/%s/%d/output.log", facts->runbook->steps[step].id, attempt);
	json_add_text(event->data, "path", buf_str(&text));
	buf_clear(&text);
	buf_printf(&text, "%lld bytes are MISSING at its end%s%s", (long long)missing_bytes,
		why ? ": " : "", why ? why : "");
	json_add_text(event->data, "error", buf_str(&text));
	buf_fini(&text);
}

static void add_learned(struct decision *decision, const struct facts *facts, const cJSON *sets)
{
	bool is_any = false;
	json_each (value, sets) {
		int input = runbook_input(facts->runbook, value->string);
		if (input < 0 || !cJSON_IsString(value) ||
			!input_fits(&facts->runbook->inputs[input], value->valuestring, NULL))
			continue; // it stays unset, and what mentions it says so
		struct event *event = decision_event(decision, facts, EVENT_INPUT_SET, -1, -1);
		json_add_text(event->data, "name", value->string);
		if (!facts->runbook->inputs[input].secret)
			json_add_text(event->data, "value", value->valuestring);
		json_add_text(event->data, "from", "step");
		is_any = true;
	}
	if (is_any)
		decision_effect(decision, EFFECT_INPUTS, -1);
}

// In the time of the incident.
static void add_span(cJSON *data, const char *key, const cJSON *from, double speed)
{
	double ms = (double)json_int(from, key, 0) * speed;
	json_add_int(data, key,
		(int64_t)(ms < (double)DURATION_MOST_MS ? ms : (double)DURATION_MOST_MS));
}

void decide_put_off(const struct facts *facts, int step, int attempt, int64_t slept_ms,
	int64_t put_off_ms, struct decision *decision)
{
	const struct step_progress *progress = &facts->state->steps[step];
	double in_all_ms = (double)put_off_ms * facts->speed;
	if (in_all_ms > (double)DURATION_MOST_MS)
		in_all_ms = (double)DURATION_MOST_MS;
	int64_t more_ms = (int64_t)in_all_ms - progress->put_off_ms;
	if (attempt != progress->attempt || progress->state != STEP_RUNNING || more_ms <= 0)
		return;
	struct event *event = decision_event(decision, facts, EVENT_STEP_EXTENDED, step, -1);
	event->attempt = attempt;
	json_add_int(event->data, "by_s", (more_ms + MS_PER_S - 1) / MS_PER_S);
	json_add_int(event->data, "slept_s", slept_ms / MS_PER_S);
	json_add_text(event->data, "why", "the machine slept");
}

void decide_stopping(const struct facts *facts, int step, int attempt, const cJSON *stopping,
	bool is_over, struct decision *decision)
{
	const struct step_progress *progress = &facts->state->steps[step];
	double speed = facts->speed;
	int64_t heard_ms =
		(int64_t)((double)json_int(stopping, "extended_s", 0) * MS_PER_S * speed);
	int64_t too_late_s = (progress->extended_ms - heard_ms) / MS_PER_S;
	if (attempt != progress->attempt || progress->state != STEP_RUNNING ||
		progress->stopping.after_ms != ABSENT_MS || (is_over && too_late_s <= 0))
		return;
	struct event *event = decision_event(decision, facts, EVENT_STEP_STOPPING, step, -1);
	event->attempt = attempt;
	json_add_text(event->data, "cause", json_text(stopping, "cause"));
	add_span(event->data, "after_ms", stopping, speed);
	if (json_get(stopping, "signal")) {
		json_add_int(event->data, "signal", json_int(stopping, "signal", 0));
		add_span(event->data, "grace_ms", stopping, speed);
	}
	if (too_late_s > 0)
		json_add_int(event->data, "too_late_s", too_late_s);
}

void decide_result(const struct facts *facts, int step, int attempt, const cJSON *result,
	struct decision *decision)
{
	const struct step_progress *progress = &facts->state->steps[step];
	enum outcome outcome;
	if (attempt != progress->attempt || progress->state != STEP_RUNNING)
		return;
	if (!outcome_parse(json_text(result, "outcome"), &outcome)) {
		const char *why = json_text(result, "why");
		struct event *event = decision_event(decision, facts, EVENT_STEP_UNKNOWN, step, -1);
		event->attempt = attempt;
		json_add_text(event->data, "why",
			why ? why : "the attempt ended without leaving its result");
		return;
	}
	add_result(decision, facts, step, attempt, result);
	add_output_fault(decision, facts, step, attempt, json_get(result, "output"));
	facts->watches[step] = (struct watch){0}; // what was looked at before proves nothing
	if (outcome == OUTCOME_SUCCESS && progress->is_rollback) {
		struct event *event =
			decision_event(decision, facts, EVENT_STEP_REOPENED, step, -1);
		json_add_text(event->data, "why", "rolled back");
	} else if (outcome == OUTCOME_SUCCESS) {
		add_learned(decision, facts, json_get(result, "sets"));
	}
}
