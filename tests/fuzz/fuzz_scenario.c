// SPDX-License-Identifier: Apache-2.0
#include "incident.h"

#include "relight/scenario.h"

// Any bytes are a scenario or are refused in words; what is loaded tells of every dependency and
// every attempt at any time.

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void take(struct scenario_facts *facts, enum event_kind kind, const char *step, int attempt,
	int64_t second, const char *data)
{
	struct event *event = event_new(kind);

	event->seq = second;
	event->ts.us = event->mono.us = OPENED_US + second * US_PER_S;
	event->attempt = attempt;
	event->by = memory_copy_text("ana");
	if (step)
		event_set_step(event, step);
	if (data) {
		cJSON_Delete(event->data);
		event->data = json_parse(data, strlen(data), NULL);
	}
	scenario_facts_apply(facts, event);
	event_free(event);
}

static void play(const struct scenario *scenario)
{
	static const int64_t seconds[] = {-10, 0, 1, 59, 60, 3600, 864000, INT32_MAX};
	const struct runbook *runbook = scenario->runbook;
	struct scenario_facts *facts = scenario_facts_new(runbook);
	struct scenario_seen seen[8];

	take(facts, EVENT_SESSION_OPEN, NULL, 0, 0, "{\"speed\":20}");
	take(facts, EVENT_INCIDENT_DECLARED, NULL, 0, 1, "{\"id\":\"i\"}");
	take(facts, EVENT_STEP_INTENT, "a", 1, 10, "{\"role\":\"run\"}");
	take(facts, EVENT_STEP_RESULT, "a", 1, 50, "{\"outcome\":\"success\"}");
	take(facts, EVENT_STEP_CONFIRMED, "d", 0, 60, NULL);
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
		struct wall now = {OPENED_US + seconds[i] * US_PER_S};
		struct wall next = scenario_world(scenario, facts, now, seen);

		if (wall_known(next) && next.us <= now.us)
			abort(); // it would be asked for ever
		for (size_t d = 0; d < runbook->dependency_count; d++) {
			if (!seen[d].message || !status_word(seen[d].status))
				abort();
		}
	}
	for (size_t s = 0; s < runbook->step_count; s++) {
		for (int attempt = 1; attempt < 4; attempt++) {
			struct scenario_attempt how =
				scenario_attempt(scenario, (int)s, attempt, attempt == 3);

			if (!how.output || how.takes_ms < 0)
				abort();
		}
	}
	scenario_facts_free(facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = memory_copy_bytes((const char *)bytes, length); // diagnostics quote lines
	struct diags diags = {.file = "s.yaml"};
	struct buf printed = {0};
	struct incident of;

	incident_begin(&of);
	free(scenario_runbook_path(text, length, &diags));

	struct scenario *scenario = scenario_load(text, length, of.runbook, &diags);

	if (scenario)
		play(scenario);
	else if (!diags.errors)
		abort(); // refused without a word
	diags_print(&diags, &printed);
	scenario_free(scenario);
	diags_fini(&diags);
	buf_fini(&printed);
	incident_end(&of);
	free(text);
	return 0;
}
