// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_DECIDE_PARTS_H
#define RELIGHT_CORE_DECIDE_PARTS_H

#include "relight/decide.h"

// Shared by the deciders: building a decision.

// A new last event of the decision, signed "relight", to be filled in. `step` and `dependency` are
// indexes, -1: absent.
struct event *decision_event(struct decision *decision, const struct facts *facts,
	enum event_kind kind, int step, int dependency);
// A new last effect, everything absent but its kind.
struct effect *decision_effect(struct decision *decision, enum effect_kind kind, int step);
// Drops everything, for a refusal half-way.
void decision_clear(struct decision *decision);

// Announces and launches the next attempt of a step. `by` NULL: the session's person. `why` may be
// NULL. False with `err`, the decision unchanged.
bool decision_launch(struct decision *decision, const struct facts *facts, int step,
	bool is_rollback, const char *const *argv, const char *by, const char *why,
	struct err *err);
// Asks the sensor to look again at all that the step restores, and remembers the token: evidence
// counts from its answer.
void decision_recheck(struct decision *decision, const struct facts *facts, int step);
// Asks the sensor to look again, without a claim on when evidence begins to count.
void decision_look(struct decision *decision, const struct facts *facts, int step);
// [{dependency, status, message, observed_at}] of what the step restores, as it is known now.
cJSON *decision_observations(const struct facts *facts, int step);
// What is still open when the incident is closed: waivers in force, steps that are not done or left
// something, dependencies that are not known to be healthy, lines of the phase open. The caller
// frees.
cJSON *decision_open_ends(const struct facts *facts);
// What the dependency's `stable` asks for, in microseconds.
int64_t decision_stable_us(const struct facts *facts, int dependency);
// What is sensed of the dependency and not recorded yet (decide_sensed.c).
void decision_look_at_dependency(
	const struct facts *facts, int dependency, struct decision *decision);
// What has begun to serve, or stopped, since the record last said so (decide_serving.c).
void decision_look_at_serving(const struct facts *facts, struct decision *decision);
// Aborted, and every abort step is done or skipped.
bool decision_abort_is_over(const struct facts *facts);

#endif
