// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_INCIDENT_CASE_H
#define RELIGHT_TESTS_INCIDENT_CASE_H

// An incident told in a test: a runbook that is a text, events folded one by one, and a clock that
// the test turns. Times are seconds since 2026-07-03T03:00:00Z; the monotonic clock stands at
// 1,000 s then.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/chain.h"
#include "relight/decide.h"
#include "relight/json.h"
#include "relight/memory.h"

#define RUNBOOK     "relight: 1\nname: x\n"
#define OPENED_US   1783047600000000LL // 2026-07-03T03:00:00Z
#define MONO_US     1000000000LL
#define EVENTS_MOST 4096

struct incident_case {
	struct runbook *runbook;
	struct plan *plan;
	struct state *state;
	struct sensed *sensed;
	struct watch *watches;
	struct flap *flaps;
	struct substitution values;
	const char *inputs[16];
	int64_t next_token;
	struct facts facts;
	struct event *events[EVENTS_MOST]; // everything folded so far
	size_t event_count;
	struct decision decision; // the newest one, after its events were taken out
	enum event_mode mode;
	const char *boot;
	int64_t boot_us; // added to the monotonic clock of events: what another boot makes of it
	struct err why;
};

static inline struct moment at_second(double seconds)
{
	int64_t us = (int64_t)(seconds * US_PER_S);
	return (struct moment){{OPENED_US + us}, {MONO_US + us}};
}

static inline void now_is(struct incident_case *of, double seconds)
{
	of->facts.now = at_second(seconds);
}

static inline double seconds_now(const struct incident_case *of)
{
	return (double)(of->facts.now.wall.us - OPENED_US) / US_PER_S;
}

// The text goes on after RUNBOOK.
static inline void case_begin(struct incident_case *of, const char *text)
{
	struct diags diags = {.file = "t.yaml"};
	struct buf whole = {0};
	*of = (struct incident_case){.boot = "boot-1"};
	buf_printf(&whole, RUNBOOK "%s", text);
	of->runbook = runbook_load(buf_str(&whole), whole.length, "/base", &diags);
	if (!of->runbook) {
		struct buf out = {0};
		diags_print(&diags, &out);
		print_error("%s", buf_str(&out));
		buf_fini(&out);
	}
	diags_fini(&diags);
	buf_fini(&whole);
	assert_non_null(of->runbook);
	of->plan = plan_new(of->runbook);
	of->state = state_new(of->runbook, of->plan);
	of->sensed = sensed_new(of->runbook->dependency_count);
	of->sensed->is_up = true;
	of->watches = memory_zeroed(of->runbook->step_count + 1, sizeof *of->watches);
	of->flaps = memory_zeroed(of->runbook->dependency_count + 1, sizeof *of->flaps);
	of->values = (struct substitution){.runbook = of->runbook, .inputs = of->inputs};
	of->facts = (struct facts){.runbook = of->runbook,
		.plan = of->plan,
		.state = of->state,
		.sensed = of->sensed,
		.values = &of->values,
		.speed = 1,
		.watches = of->watches,
		.flaps = of->flaps,
		.next_token = &of->next_token,
		.is_recording = true};
	now_is(of, 0);
}

static inline void case_end(struct incident_case *of)
{
	for (size_t i = 0; i < of->event_count; i++)
		event_free(of->events[i]);
	decision_fini(&of->decision);
	free(of->watches);
	free(of->flaps);
	sensed_free(of->sensed);
	state_free(of->state);
	plan_free(of->plan);
	runbook_free(of->runbook);
}

static inline int step_of(const struct incident_case *of, const char *id)
{
	int step = runbook_step(of->runbook, id);
	if (step < 0)
		fail_msg("no step %s", id);
	return step;
}

static inline int dependency_of(const struct incident_case *of, const char *id)
{
	int dependency = runbook_dependency(of->runbook, id);
	if (dependency < 0)
		fail_msg("no dependency %s", id);
	return dependency;
}

// Completes the event as the record would, and folds it. Takes it over.
static inline int64_t fold_event(struct incident_case *of, struct event *event)
{
	assert_true(of->event_count < EVENTS_MOST);
	if (!event->by)
		event->by = memory_copy_text("ana");
	event->seq = (int64_t)of->event_count;
	event->ts = of->facts.now.wall;
	event->mono.us = of->facts.now.mono.us + of->boot_us;
	event->mode = of->mode;
	snprintf(event->boot, sizeof event->boot, "%s", of->boot);
	state_apply(of->state, event);
	of->events[of->event_count++] = event;
	return event->seq;
}

// Tells one event at the present second. `about` is the id of a dependency for events about
// dependencies, else of a step. The data is JSON; single quotes stand for double ones. Returns its
// seq.
static inline int64_t tell_attempt(struct incident_case *of, const char *by, enum event_kind kind,
	const char *about, int attempt, const char *data)
{
	struct event *event = event_new(kind);
	const char *word = event_kind_word(kind);
	char *json = memory_copy_text(data ? data : "{}");
	for (char *quote = json; (quote = strchr(quote, '\''));)
		*quote = '"';
	free(event->by);
	event->by = memory_copy_text(by);
	event->attempt = attempt;
	if (about && (strncmp(word, "dependency.", 11) == 0 ||
			     (kind == EVENT_WAIVER && runbook_step(of->runbook, about) < 0)))
		event_set_dependency(event, about);
	else if (about)
		event_set_step(event, about);
	cJSON_Delete(event->data);
	event->data = json_parse(json, strlen(json), &of->why);
	if (!event->data)
		fail_msg("%s: %s", json, of->why.message);
	free(json);
	return fold_event(of, event);
}

static inline int64_t tell(struct incident_case *of, const char *by, enum event_kind kind,
	const char *about, const char *data)
{
	return tell_attempt(of, by, kind, about, 0, data);
}

// Declared and armed by ana.
static inline void open_armed(struct incident_case *of)
{
	tell(of, "relight", EVENT_LOG_OPEN, NULL, NULL);
	tell(of, "ana", EVENT_SESSION_OPEN, NULL, NULL);
	tell(of, "ana", EVENT_INCIDENT_DECLARED, NULL, "{'id':'i-1'}");
	tell(of, "ana", EVENT_MODE_ARMED, NULL, NULL);
}

static inline void case_begin_armed(struct incident_case *of, const char *text)
{
	case_begin(of, text);
	open_armed(of);
}

static inline int64_t starts(struct incident_case *of, const char *step)
{
	return tell_attempt(of, "ana", EVENT_STEP_INTENT, step,
		of->state->steps[step_of(of, step)].attempt + 1,
		"{'role':'run','action':{'command':['true']}}");
}

static inline int64_t ends(struct incident_case *of, const char *step, const char *data)
{
	return tell_attempt(of, "relight", EVENT_STEP_RESULT, step,
		of->state->steps[step_of(of, step)].attempt, data);
}

static inline void succeeds(struct incident_case *of, const char *step)
{
	starts(of, step);
	ends(of, step, "{'outcome':'success','exit':0,'duration_ms':1000}");
}

static inline void fails(struct incident_case *of, const char *step)
{
	starts(of, step);
	ends(of, step, "{'outcome':'failed','exit':1,'duration_ms':1000,'why':'exit 1'}");
}

static inline void status_is(struct incident_case *of, const char *dependency, const char *to)
{
	char data[128];
	snprintf(data, sizeof data, "{'from':'unknown','to':'%s','message':'m'}", to);
	tell(of, "relight", EVENT_DEPENDENCY_STATUS, dependency, data);
}

// --- what is said of it ---

static inline void assert_step(
	const struct incident_case *of, const char *step, enum step_state expected)
{
	enum step_state is = state_step(of->state, step_of(of, step), of->facts.now.wall);
	if (is != expected)
		fail_msg("%s is %s, not %s", step, step_state_word(is), step_state_word(expected));
}

// Waiting, for this reason.
static inline void assert_waits(
	const struct incident_case *of, const char *step, const char *reason)
{
	struct buf why = {0};
	assert_step(of, step, STEP_WAITING);
	assert_true(state_blocked(of->state, step_of(of, step), of->facts.now.wall, &why));
	assert_string_equal(buf_str(&why), reason);
	buf_fini(&why);
}

static inline void assert_expected(
	const struct incident_case *of, const char *dependency, enum expectation_word expected)
{
	assert_string_equal(
		expectation_word(state_expectation(of->state, dependency_of(of, dependency))),
		expectation_word(expected));
}

// --- deciding ---

// Folds what was decided; the effects stay in of->decision.
static inline void take_decision(struct incident_case *of)
{
	for (size_t i = 0; i < of->decision.event_count; i++)
		fold_event(of, of->decision.events[i]);
	of->decision.event_count = 0;
}

static inline void forget_decision(struct incident_case *of)
{
	decision_fini(&of->decision);
}

// What is due now, once. Returns how many events that gave; they are folded.
static inline size_t due_once(struct incident_case *of)
{
	forget_decision(of);
	decide_due(&of->facts, &of->decision);
	size_t count = of->decision.event_count;
	take_decision(of);
	return count;
}

// Everything that is due now, one thing leading to another. Returns how many events that gave.
static inline size_t due(struct incident_case *of)
{
	size_t before = of->event_count;
	for (int rounds = 0;; rounds++) {
		assert_true(rounds < 1000);
		forget_decision(of);
		decide_due(&of->facts, &of->decision);
		if (of->decision.event_count == 0 && of->decision.effect_count == 0)
			break;
		take_decision(of);
	}
	return of->event_count - before;
}

static inline const struct event *newest(const struct incident_case *of)
{
	return of->events[of->event_count - 1];
}

static inline size_t count_events(const struct incident_case *of, enum event_kind kind)
{
	size_t count = 0;
	for (size_t i = 0; i < of->event_count; i++)
		count += of->events[i]->kind == kind;
	return count;
}

static inline const struct event *last_of(const struct incident_case *of, enum event_kind kind)
{
	for (size_t i = of->event_count; i-- > 0;)
		if (of->events[i]->kind == kind)
			return of->events[i];
	fail_msg("no event %s", event_kind_word(kind));
	return NULL;
}

static inline bool want(struct incident_case *of, const struct intent *intent)
{
	forget_decision(of);
	of->why.message[0] = '\0';
	bool is_decided = decide_intent(&of->facts, intent, &of->decision, &of->why);
	if (!is_decided)
		assert_int_equal(of->decision.event_count + of->decision.effect_count, 0);
	take_decision(of);
	return is_decided;
}

static inline struct intent intent_on(
	const struct incident_case *of, enum intent_kind kind, const char *step)
{
	struct intent intent = intent_of(kind);
	if (step)
		intent.step = step_of(of, step);
	return intent;
}

static inline void wanted(struct incident_case *of, const struct intent *intent)
{
	if (!want(of, intent))
		fail_msg("refused: %s", of->why.message);
}

static inline void refused(struct incident_case *of, const struct intent *intent, const char *why)
{
	size_t before = of->event_count;
	assert_false(want(of, intent));
	assert_string_equal(of->why.message, why);
	assert_int_equal(of->event_count, before);
}

// --- sensing ---

// What the sensor says now of a dependency, in answer to the newest recheck unless `token` is 0.
static inline void sense_token(
	struct incident_case *of, const char *dependency, const char *status, int64_t token)
{
	char ts[WALL_TEXT_BYTES];
	cJSON *observation = json_object();
	wall_format(of->facts.now.wall, ts);
	json_add_text(observation, "dependency", dependency);
	json_add_text(observation, "status", status);
	json_add_text(observation, "message", "as seen");
	json_add_text(observation, "check", "command");
	json_add_text(observation, "ts", ts);
	if (token > 0)
		json_add_int(observation, "token", token);
	assert_true(
		sensed_observe(of->sensed, of->state, observation, of->facts.now.mono, NULL) >= 0);
	of->sensed->last_heard = of->facts.now.mono;
	cJSON_Delete(observation);
}

static inline void sense(struct incident_case *of, const char *dependency, const char *status)
{
	sense_token(of, dependency, status, 0);
}

// Every second from now to `until` the sensor says this, and what is due is done.
static inline void live(
	struct incident_case *of, int until, const char *dependency, const char *status)
{
	for (int at = (int)seconds_now(of); at <= until; at++) {
		now_is(of, at);
		if (dependency)
			sense_token(of, dependency, status, of->next_token);
		due(of);
	}
}

#endif
