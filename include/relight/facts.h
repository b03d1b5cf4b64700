// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_FACTS_H
#define RELIGHT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "relight/applied.h"
#include "relight/buf.h"
#include "relight/moment.h"
#include "relight/plan.h"
#include "relight/runbook.h"
#include "relight/sensed.h"
#include "relight/state.h"
#include "relight/substitute.h"

// Everything that a decision, or the screen, may go by at one moment.

struct scenario;

// The values behind `values` are of one moment: secrets are in them, so nothing that is made of
// them is shown before it was masked.
struct facts {
	const struct runbook *runbook;
	const struct plan *plan;
	const struct state *state;
	const struct sensed *sensed;
	const struct substitution *values; // as of now, secrets included
	const struct scenario *scenario;   // rehearsal; else NULL
	const struct applied *applied;     // what files to be applied hold; NULL: not known
	const char *const
		*contexts; // by target index: the kubeconfig's current context at opening, or NULL
	struct moment now; // simulated in a rehearsal
	double speed;      // 1 unless in a rehearsal
	struct watch *watches; // by step index; the deciders own their contents
	struct flap *flaps;    // by dependency index; likewise
	int64_t *next_token;   // of rechecks; counts up
	bool is_recording;     // the record can be written, or …
	bool is_unrecorded;    // … a person goes on although it cannot
	int64_t awaited_seq; // the first that the disk has not taken yet; what was started with it,
			     // or later, is not under way. 0: it has all
	bool is_deserted;    // looking on: nobody has the incident open, so nothing is sensed
};

// Appends what a target is called: its host, or its context with variables filled in as far as they
// are known, or the kubeconfig's current one. False where none is known.
bool facts_target_name(const struct facts *facts, int target, struct buf *out);

// Of a running step: whether its intent is on the disk, so that it was carried out.
bool facts_is_under_way(const struct facts *facts, const struct step_progress *step);

// What verification keeps between two looks: which recheck was asked when the evidence began to
// count, and when.
struct watch {
	int64_t token;       // 0: none asked
	struct moment asked; // … at that time
	struct moment began; // when verification began: `settle` counts from here, however often is
			     // looked again
	struct mono nudged;  // when was last looked because `stable` had passed since the newest
			     // observation
	bool is_resolving;   // a person has an unknown or failed attempt verified
	int64_t more_ms;     // given to `settle`
	int64_t still_ms;    // since it began, in which nobody looked: no time to settle in
};

// How often a dependency has changed lately: transitions are recorded one by one up to three in a
// burst, then at most one in five seconds. A burst is over when nothing has changed for five
// seconds.
struct flap {
	int burst;            // transitions recorded in this burst
	int changes;          // of sensed.h, at the last look, …
	struct mono changed;  // … and when the last of them was; zero: none
	int recorded_changes; // of sensed.h, when a transition was last written down, …
	struct mono recorded; // … and when that was
	uint64_t reason;      // digest of why it was unknown, as written down; 0: nothing was
	int reasons;          // how often another one was, since the last transition, …
	struct mono reasoned; // … and when any of it was
};

#endif
