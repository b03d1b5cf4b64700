// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_DECIDE_H
#define RELIGHT_DECIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/event.h"
#include "relight/facts.h"
#include "relight/intent.h"

// What follows from what: an intent, or the passing of time and the latest observations, becomes
// events to record and effects to carry out once those events are durable. Pure: everything it
// knows is in `struct facts`.

enum effect_kind {
	EFFECT_LAUNCH, // start the attempt: send `request`
	EFFECT_CANCEL, // write the cancel file
	EFFECT_EXTEND,
	EFFECT_RECHECK, // ask the sensor to look at a dependency with a token
	EFFECT_INPUTS,  // inputs have changed: tell the sensor
	EFFECT_END,     // the incident is closed
};
struct effect {
	enum effect_kind kind;
	int step, attempt, dependency;
	int64_t token, extend_ms;
	cJSON *request; // EFFECT_LAUNCH; owned by the decision
	char *why;
};

struct decision {
	struct event **events; // in order; owned, with step/dependency/data filled in, the rest is
			       // record.h's
	struct effect *effects;
	size_t event_count, event_capacity, effect_count, effect_capacity;
};
void decision_fini(struct decision *decision); // frees what was not taken

// A person wants something. False with `why` in words ("start: velero-restore: needs data; w waives
// it") if it cannot be; then the decision is empty.
bool decide_intent(const struct facts *facts, const struct intent *intent,
	struct decision *decision, struct err *why);

// What is due by itself now: transitions of dependencies, ticks, verification and its expiry,
// regressions, steps that were not chosen, automatic retries, serving, ended waivers. Empty when
// nothing is. To be called until it is empty, since one thing leads to another.
void decide_due(const struct facts *facts, struct decision *decision);

// For so long, up to now, nothing was sensed or decided: the machine slept, or this process was
// stopped. What is being verified has that time more.
void decide_stood_still(const struct facts *facts, int64_t still_ms, struct decision *decision);

// The actuator has left `stopping` (attempt.h): recorded once for an attempt, and of one that is
// over only where more time was given that it did not hear of.
void decide_stopping(const struct facts *facts, int step, int attempt, const cJSON *stopping,
	bool is_over, struct decision *decision);

// The machine slept for so long, in all, while the attempt ran, and its end was put off for that
// (attempt.h, struct attempt_sleep; real time, also in a rehearsal).
void decide_put_off(const struct facts *facts, int step, int attempt, int64_t slept_ms,
	int64_t put_off_ms, struct decision *decision);

// Somebody was looking: how many dependencies there are of each expectation, and how old the oldest
// observation is.
void decide_mark(const struct facts *facts, struct decision *decision);

// The attempt has a result (result.json of attempt.h), or its outcome was lost (`result` NULL).
void decide_result(const struct facts *facts, int step, int attempt, const cJSON *result,
	struct decision *decision);

// Whether the intent could be carried out now, for key bars and menus: decide_intent without its
// events.
bool decide_allows(const struct facts *facts, enum intent_kind kind, int step, struct err *why);

// What the intent is called where it is about this step (-1: none), for refusals: starting a manual
// step is to "attest" it, a decision to "decide" it; else the word of intent.h. Static.
const char *decide_verb(const struct facts *facts, enum intent_kind kind, int step);

// What a step will run, for showing it beforehand, as a person would type it. The caller masks it.
bool decide_preview(
	const struct facts *facts, int step, bool rollback, struct buf *out, struct err *err);
// The name that must be typed before a destructive step starts, expanded into `out`. False for a
// step that asks for none.
bool decide_typed_name(const struct facts *facts, int step, struct buf *out);

#endif
