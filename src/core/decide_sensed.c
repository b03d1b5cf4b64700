// SPDX-License-Identifier: Apache-2.0
//
// What is sensed of a dependency against what the record says of it: the events that bring the
// record up to date, few enough that a dependency which flaps does not fill it (struct flap).
#include "decide_parts.h"

#include "relight/json.h"

#define BURST             3
#define BURST_INTERVAL_US (5 * US_PER_S)
#define REASON_DOUBLINGS  6 // of it, at most

static void add_observed(cJSON *data, const struct sensed_dependency *seen)
{
	if (seen->message && seen->message[0])
		json_add_text(data, "message", seen->message);
	json_add_wall(data, "observed_at", seen->observed_at);
}

// Of the words without their numbers, which are other ones each time ("timed out after 3012 ms").
static uint64_t reason_digest(const struct sensed_dependency *seen)
{
	uint64_t digest = 14695981039346656037u; // FNV-1a
	for (const char *at = seen->message ? seen->message : ""; *at; at++)
		if (*at < '0' || *at > '9')
			digest = (digest ^ (unsigned char)*at) * 1099511628211u;
	return digest ? digest : 1;
}

static void note_reason(const struct facts *facts, int d, int reasons)
{
	struct flap *flap = &facts->flaps[d];
	flap->reason = reason_digest(&facts->sensed->dependencies[d]);
	flap->reasons = reasons;
	flap->reasoned = facts->now.mono;
}

// Unknown as before, but why has changed: an expired certificate, then a wrong one. Two reasons
// that take turns must not fill the record, so the next one waits twice as long each time.
static bool is_unknown_for_another_reason(const struct facts *facts, int d)
{
	const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
	const struct flap *flap = &facts->flaps[d];
	int doublings = flap->reasons < REASON_DOUBLINGS ? flap->reasons : REASON_DOUBLINGS;
	return seen->is_seen && seen->status == STATUS_UNKNOWN && flap->reason != 0 &&
	       flap->reason != reason_digest(seen) &&
	       facts->now.mono.us - flap->reasoned.us >= BURST_INTERVAL_US << doublings;
}

static void record_transition(const struct facts *facts, int d, struct decision *decision)
{
	const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
	const struct dependency_known *known = &facts->state->dependencies[d];
	struct flap *flap = &facts->flaps[d];
	struct event *event = decision_event(decision, facts, EVENT_DEPENDENCY_STATUS, -1, d);
	json_add_text(event->data, "from", status_word(known->status));
	json_add_text(event->data, "to", status_word(seen->status));
	add_observed(event->data, seen);
	json_add_text(event->data, "check", seen->check);
	json_add_text(
		event->data, "expectation", expectation_word(state_expectation(facts->state, d)));
	int unrecorded = seen->changes - flap->recorded_changes - 1;
	if (flap->burst >= BURST && unrecorded > 0)
		json_add_int(event->data, "flaps", unrecorded);
	flap->burst++;
	flap->recorded_changes = seen->changes;
	flap->recorded = facts->now.mono;
	note_reason(facts, d, 0);
}

static void follow_changes(const struct facts *facts, int d)
{
	const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
	struct flap *flap = &facts->flaps[d];
	if (seen->changes == flap->changes)
		return;
	if (seen->changed.us - flap->changed.us >= BURST_INTERVAL_US)
		flap->burst = 0;
	flap->changes = seen->changes;
	flap->changed = seen->changed;
}

// True while the transition has to wait: three in a burst are recorded at once, then one in five
// seconds.
static bool is_held_back(const struct facts *facts, int d)
{
	const struct flap *flap = &facts->flaps[d];
	return flap->burst >= BURST && facts->now.mono.us - flap->recorded.us < BURST_INTERVAL_US;
}

static void record_fresh(
	const struct facts *facts, int d, enum status status, struct decision *decision)
{
	struct event *event = decision_event(decision, facts, EVENT_DEPENDENCY_FRESH, -1, d);
	json_add_text(event->data, "status", status_word(status));
	add_observed(event->data, &facts->sensed->dependencies[d]);
}

void decision_look_at_dependency(const struct facts *facts, int d, struct decision *decision)
{
	const struct sensed_dependency *seen = &facts->sensed->dependencies[d];
	const struct dependency_known *known = &facts->state->dependencies[d];
	follow_changes(facts, d);
	if (known->is_attested && seen->status == STATUS_UNKNOWN) {
		// A person's word stands until the sensor knows better.
		if (!known->is_fresh && seen->is_seen)
			record_fresh(facts, d, known->status, decision);
		return;
	}
	if (sensed_is_stale(facts->sensed, facts->runbook, d, facts->now.mono)) {
		if (!known->is_fresh || known->is_attested)
			return;
		struct event *event =
			decision_event(decision, facts, EVENT_DEPENDENCY_STALE, -1, d);
		json_add_wall(event->data, "observed_at", known->observed_at);
		json_add_text(event->data, "why",
			facts->sensed->is_up ? "no observation any more" : "the sensor is silent");
	} else if (seen->status != known->status) {
		if (!is_held_back(facts, d))
			record_transition(facts, d, decision);
	} else if (!known->is_fresh) {
		record_fresh(facts, d, seen->status, decision);
		note_reason(facts, d, 0);
	} else if (is_unknown_for_another_reason(facts, d)) {
		record_fresh(facts, d, seen->status, decision);
		note_reason(facts, d, facts->flaps[d].reasons + 1);
	}
}
