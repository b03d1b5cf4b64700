// SPDX-License-Identifier: Apache-2.0
#include "incident.h"

#include "relight/chain.h"
#include "relight/report.h"
#include "relight/scenario.h"
#include "relight/story.h"

// Any lines are walked: those that are events are told, folded and reported, in whatever order they
// come and whatever they say; the same events make the same state; what is printed of them holds
// no control character.

#define LINES_MOST 500

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct events {
	struct event *items[LINES_MOST];
	size_t count;
};

static void read_lines(const char *text, size_t length, struct events *events)
{
	struct chain chain;

	chain_init(&chain);
	for (size_t at = 0; at < length && events->count < LINES_MOST;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t line = end ? (size_t)(end - text) - at : length - at;
		struct event *event = event_decode(text + at, line, NULL);

		// The chain is tried, but nothing would come behind a broken one.
		chain_link(&chain, text + at, line, NULL);
		if (event)
			events->items[events->count++] = event;
		at += line + 1;
	}
}

static char *fold(const struct events *events, struct incident *of)
{
	struct buf dumped = {0};
	cJSON *dump;

	incident_begin(of);
	for (size_t i = 0; i < events->count; i++)
		state_apply(of->state, events->items[i]);
	dump = state_dump(of->state);
	json_write(&dumped, dump);
	cJSON_Delete(dump);
	return buf_take(&dumped);
}

static void check_printable(const struct buf *text)
{
	for (size_t i = 0; i < text->length; i++) {
		unsigned char c = (unsigned char)text->data[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f)
			abort();
	}
}

static void report(const struct events *events, const struct incident *of)
{
	const struct report_source source = {
		.runbook = of->runbook,
		.plan = of->facts.plan,
		.state = of->state,
		.has_runbook = true,
		.events = (const struct event *const *)events->items,
		.event_count = events->count,
		.head = CHAIN_START,
		.lines = (int64_t)events->count,
	};
	struct buf text = {0};
	cJSON *json = report_json(&source);

	report_markdown(json, &text);
	check_printable(&text);
	buf_clear(&text);
	json_write(&text, json);
	check_printable(&text);
	cJSON_Delete(json);
	buf_fini(&text);
}

static void ask(const struct incident *of)
{
	int64_t finish_ms[16];
	struct buf why = {0};

	for (size_t s = 0; s < of->runbook->step_count; s++) {
		if (state_step(of->state, (int)s, of->state->last.wall) >= STEP_STATES)
			abort();
		state_blocked(of->state, (int)s, of->state->last.wall, &why);
		buf_clear(&why);
	}
	state_forecast(of->state, of->state->last);
	state_finishes(of->state, of->state->last, finish_ms);
	buf_fini(&why);
}

static void tell(const struct events *events, const struct incident *of)
{
	struct scenario_facts *facts = scenario_facts_new(of->runbook);
	struct story story = {0};

	for (size_t i = 0; i < events->count; i++) {
		story_tell(of->runbook, events->items[i], &story);
		if (!story.text.length || !story.who)
			abort();
		scenario_facts_apply(facts, events->items[i]);
	}
	scenario_now(facts, of->state->last.mono);
	scenario_facts_free(facts);
	story_fini(&story);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct events events = {.count = 0};
	struct incident once, again;

	read_lines((const char *)bytes, length, &events);

	char *first = fold(&events, &once), *second = fold(&events, &again);

	if (strcmp(first, second) != 0)
		abort();
	ask(&once);
	tell(&events, &once);
	report(&events, &once);
	incident_end(&once);
	incident_end(&again);
	for (size_t i = 0; i < events.count; i++)
		event_free(events.items[i]);
	free(first);
	free(second);
	return 0;
}
