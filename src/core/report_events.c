// SPDX-License-Identifier: Apache-2.0
//
// What people decided, said and did without, and what the checks found: lists of events, each under
// its seq.
#include "report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

// What the functions below share.
struct listing {
	const struct report_source *source;
	cJSON *report;
	cJSON **failing; // by dependency index: the failed check that is not healthy again, or NULL
	cJSON **regressed; // by step index: the regression that is not over, or NULL
};

typedef void list_function(struct listing *listing, const struct event *event);

// A new entry of the list `key`: {"seq":…,"at":…,"by":…}, with the time it is about.
static cJSON *list_event(struct listing *listing, const char *key, const struct event *event)
{
	cJSON *one = json_object();
	json_add_int(one, "seq", event->seq);
	report_add_wall(one, "at", wall_known(event->at) ? event->at : event->ts);
	if (wall_known(event->at))
		report_add_wall(one, "written", event->ts);
	report_add_text(one, "by", event->by);
	json_add_text(one, "step", event->step);
	json_add_text(one, "dependency", event->dependency);
	cJSON_AddItemToArray((cJSON *)json_get(listing->report, key), one);
	return one;
}

// Copies members of the event's data that are there; NULL-terminated.
static void copy_members(cJSON *one, const struct event *event, const char *const *keys)
{
	for (size_t i = 0; keys[i]; i++)
		if (!json_get(one, keys[i]))
			json_add(one, keys[i],
				cJSON_Duplicate(json_get(event->data, keys[i]), true));
}

static void set_true(const cJSON *one, const char *key)
{
	cJSON_ReplaceItemInObjectCaseSensitive((cJSON *)one, key, cJSON_CreateTrue());
}

static const struct proof_verdict *proof_of(const struct report_source *source, int64_t seq)
{
	for (size_t i = 0; i < source->proof_count; i++)
		if (source->proofs[i].seq == seq)
			return &source->proofs[i];
	return NULL;
}

// A key that signed is named as it was found, not as the event says.
static void list_person(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"host", "user", "loginuid", "identity", NULL};
	const struct proof_verdict *proof = proof_of(listing->source, event->seq);
	const char *claimed = json_path_text(event->data, "proof.key");
	cJSON *one = list_event(listing, "people", event);
	copy_members(one, event, keys);
	json_add_text(one, "key", proof && proof->key ? proof->key : claimed);
	if (!proof)
		return;
	json_add_text(one, "who", proof->who);
	json_add(one, "proved",
		proof->is_unasked ? cJSON_CreateNull() : cJSON_CreateBool(proof->is_proved));
	json_add_text(one, "why", proof->why);
}

static void list_decision(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"question", "options", "chosen", "why", "view", NULL};
	copy_members(list_event(listing, "decisions", event), event, keys);
}

static void list_note(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"type", "text", "quote", "of", "as", "identity", NULL};
	cJSON *one = list_event(listing, "notes", event);
	if (event->kind == EVENT_CORRECTION)
		json_add_text(one, "type", "correction");
	copy_members(one, event, keys);
}

static void list_update(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"say", NULL};
	copy_members(list_event(listing, "updates", event), event, keys);
}

// A follow-up that is written down again as done is the same one.
static void list_followup(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"text", "owner", NULL};
	const char *text = json_text(event->data, "text");
	bool is_done = json_bool(event->data, "done", false);
	json_each (before, json_get(listing->report, "followups")) {
		const char *known = json_text(before, "text");
		if (!is_done || !text || !known || strcmp(text, known) != 0)
			continue;
		set_true(before, "done");
		json_add_int((cJSON *)before, "done_seq", event->seq);
		return;
	}
	cJSON *one = list_event(listing, "followups", event);
	copy_members(one, event, keys);
	json_add_bool(one, "done", is_done);
}

static void list_waiver(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {
		"step", "dependency", "edge", "as", "why", "until", NULL};
	cJSON *one = list_event(listing, "waivers", event);
	copy_members(one, event, keys);
	json_add_bool(one, "ended", false);
}

static void list_waiver_ended(struct listing *listing, const struct event *event)
{
	json_each (waiver, json_get(listing->report, "waivers")) {
		if (json_int(waiver, "seq", -1) != json_int(event->data, "of", -2) ||
			json_bool(waiver, "ended", true))
			continue;
		set_true(waiver, "ended");
		report_add_wall((cJSON *)waiver, "ended_at", event->ts);
		json_add_int((cJSON *)waiver, "ended_seq", event->seq);
	}
}

static void list_by_hand(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"say", "how", NULL};
	if (json_bool(event->data, "by_hand", false))
		copy_members(list_event(listing, "by_hand", event), event, keys);
}

static void list_override(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"why", "remains", NULL};
	copy_members(list_event(listing, "overrides", event), event, keys);
}

static void list_fault(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"what", "error", "path", "why", "bytes", NULL};
	cJSON *one = list_event(listing, "faults", event);
	json_add_text(one, "kind", event->kind_word);
	copy_members(one, event, keys);
}

// --- checks that failed, and ticks that were lost ---

static void end_failure(cJSON **open, const struct event *event)
{
	if (!*open)
		return;
	report_add_wall(*open, "over_at", event->ts);
	json_add_int(*open, "over_seq", event->seq);
	*open = NULL;
}

static void list_status(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"check", "message", "expectation", "flaps", NULL};
	const struct runbook *runbook = listing->source->runbook;
	int index = event->dependency ? runbook_dependency(runbook, event->dependency) : -1;
	cJSON *unknown = NULL, **open = index < 0 ? &unknown : &listing->failing[index];
	enum status status;
	if (!status_parse(json_text(event->data, "to"), &status))
		return;
	if (status_is_bad(status)) {
		const char *was = json_text(*open, "status");
		if (was && strcmp(was, status_word(status)) == 0)
			return;
		end_failure(open, event);
		*open = list_event(listing, "failed_checks", event);
		json_add_text(*open, "status", status_word(status));
		copy_members(*open, event, keys);
	} else if (status == STATUS_HEALTHY) {
		end_failure(open, event);
	}
}

static void list_confirmed_status(struct listing *listing, const struct event *event)
{
	const struct runbook *runbook = listing->source->runbook;
	const char *word = json_text(event->data, "status");
	int index = event->dependency ? runbook_dependency(runbook, event->dependency) : -1;
	if (index >= 0 && word && strcmp(word, "healthy") == 0)
		end_failure(&listing->failing[index], event);
}

// What a step should have restored was not healthy in time.
static void list_unverified(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"why", "how", NULL};
	const char *to = json_text(event->data, "to");
	if (event->kind == EVENT_STEP_RESOLVED && to && strcmp(to, "failed") != 0)
		return;
	cJSON *one = list_event(listing, "failed_checks", event);
	json_add_text(one, "check", "verification");
	copy_members(one, event, keys);
}

static void list_regressed(struct listing *listing, const struct event *event)
{
	static const char *const keys[] = {"observations", NULL};
	int index = event->step ? runbook_step(listing->source->runbook, event->step) : -1;
	cJSON *one = list_event(listing, "regressions", event);
	copy_members(one, event, keys);
	if (index >= 0)
		listing->regressed[index] = one;
}

static void list_step_good(struct listing *listing, const struct event *event)
{
	int index = event->step ? runbook_step(listing->source->runbook, event->step) : -1;
	if (index >= 0)
		end_failure(&listing->regressed[index], event);
}

static void list_overridden(struct listing *listing, const struct event *event)
{
	list_override(listing, event);
	list_step_good(listing, event);
}

static list_function *const listed[EVENT_KIND_COUNT] = {
	[EVENT_DECISION] = list_decision,
	[EVENT_NOTE] = list_note,
	[EVENT_CORRECTION] = list_note,
	[EVENT_INCIDENT_STATUS] = list_update,
	[EVENT_FOLLOWUP] = list_followup,
	[EVENT_SESSION_OPEN] = list_person,
	[EVENT_SESSION_RESUMED] = list_person,
	[EVENT_WAIVER] = list_waiver,
	[EVENT_WAIVER_ENDED] = list_waiver_ended,
	[EVENT_STEP_CONFIRMED] = list_by_hand,
	[EVENT_STEP_OVERRIDDEN] = list_overridden,
	[EVENT_FAULT] = list_fault,
	[EVENT_LOG_RECOVERED] = list_fault,
	[EVENT_SENSOR_DOWN] = list_fault,
	[EVENT_DEPENDENCY_STATUS] = list_status,
	[EVENT_DEPENDENCY_CONFIRMED] = list_confirmed_status,
	[EVENT_STEP_FAILED] = list_unverified,
	[EVENT_STEP_RESOLVED] = list_unverified,
	[EVENT_STEP_REGRESSED] = list_regressed,
	[EVENT_STEP_VERIFIED] = list_step_good,
};

static void add_left(cJSON *left, const cJSON *open)
{
	if (event_blob(open))
		json_append_text(left, "not known: the file of the record that says so is lost");
	else
		json_each (text, open)
			cJSON_AddItemToArray(left, cJSON_Duplicate(text, true));
}

// What was known to be open when the incident was closed.
static void add_left_open(cJSON *report, const struct report_source *source)
{
	cJSON *left = cJSON_AddArrayToObject(report, "left_open");
	for (size_t i = 0; i < source->event_count; i++)
		if (source->events[i]->kind == EVENT_INCIDENT_CLOSED)
			add_left(left, json_get(source->events[i]->data, "open"));
}

void report_add_events(cJSON *report, const struct report_source *source)
{
	static const char *const lists[] = {"decisions", "notes", "waivers", "failed_checks",
		"followups", "regressions", "by_hand", "overrides", "updates", "faults", "people"};
	struct listing listing = {
		.source = source,
		.report = report,
		.failing = memory_zeroed(
			source->runbook->dependency_count + 1, sizeof *listing.failing),
		.regressed =
			memory_zeroed(source->runbook->step_count + 1, sizeof *listing.regressed),
	};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		cJSON_AddArrayToObject(report, lists[i]);
	for (size_t i = 0; i < source->event_count; i++) {
		const struct event *event = source->events[i];
		if (event->kind < EVENT_KIND_COUNT && listed[event->kind])
			listed[event->kind](&listing, event);
	}
	add_left_open(report, source);
	free(listing.failing);
	free(listing.regressed);
}
