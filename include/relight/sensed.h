// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SENSED_H
#define RELIGHT_SENSED_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/mask.h"
#include "relight/moment.h"
#include "relight/runbook.h"
#include "relight/state.h"
#include "relight/status.h"

// What the sensor said last about each dependency: the overlay beside the state. It has ages and
// words, is never recorded as such, and is forgotten when the cockpit ends; what follows from it is
// decided in decide.h and recorded.

struct sensed_dependency {
	bool is_seen; // anything since this session began
	enum status status;
	char *message; // never NULL once seen
	char *check;   // which check said so
	struct wall observed_at;
	struct mono heard; // when the cockpit heard the newest observation …
	struct mono asked; // … and when what it tells was so: a watch repeats what it knows
	int latency_ms;    // -1: not known
	struct mono healthy_from; // beginning of the unbroken run of healthy observations;
				  // MONO_NONE: not healthy
	int bad_streak;           // successive observations degraded or missing
	int changes; // how often its status was another one than before, since this session began
	struct mono changed;     // when it last was
	int64_t token;           // newest recheck answered; 0: none
	struct mono token_heard; // when that answer came
	struct wall expires;     // of a credential; WALL_NONE
	bool renews;             // it is replaced by itself
	double done, total;      // progress; total 0: none
	char *unit;
	struct mono moved; // when it last moved: by `progressed` of its evidence, else when its
			   // status or progress was last heard to be another one; MONO_NONE: never
			   // seen
	bool knows_moved;  // else it stood still when it was first seen, nobody knows for how long
	bool tells_moved;  // by its evidence
	enum status known; // the newest status that was not unknown, …
	double known_done, known_total; // … its progress, …
	struct mono known_at;           // … and when it was so; MONO_NONE: never
};

// What the sensor said last of who answers at a target.
struct sensed_target {
	char *namespace; // that the kubeconfig's context has, or "default"; NULL: not told yet
};

// Whatever is under way stands still for so long now and then.
#define SENSED_STILL_MS (60 * MS_PER_S)

struct sensed {
	struct sensed_dependency *dependencies; // by dependency index
	size_t count;
	struct sensed_target *targets; // by target index, …
	size_t target_count;           // … 0 before anything is told of one
	int64_t least_stale_us; // no observation is stale before that age, whatever its rhythm; on
				// the clock of `heard`
	bool is_up;             // the sensor speaks
	char *why_down;         // NULL while up
	struct mono last_heard; // anything from the sensor, heartbeats included
};

// Nothing is seen yet, and the sensor is not up. The caller frees.
struct sensed *sensed_new(size_t dependency_count);
void sensed_free(struct sensed *sensed); // NULL is safe

// Whether the sensor speaks, and why it does not; copied, NULL: it has fallen silent.
void sensed_set_up(struct sensed *sensed, bool is_up, const char *why);

// Takes one observation line of FORMATS.md §2, heard at `now`. One that the state doubts
// (state_doubts) is unknown; one of a target that nothing leads to is what state_unreached says.
// Gives the dependency's index, or -1 with `err` for an unknown dependency or a malformed line.
int sensed_observe(struct sensed *sensed, const struct state *state, const cJSON *observation,
	struct mono now, struct err *err);
// To be called once a target is another one: what was heard of its dependencies until `now` is no
// evidence either.
void sensed_doubt(struct sensed *sensed, const struct state *state, struct mono now);

// Takes a line about a target. One that the runbook does not know is passed over.
void sensed_take_target(struct sensed *sensed, const struct runbook *runbook, const cJSON *line);

// The namespace of the target's kubeconfig, NULL: not told yet. `sensed` may be NULL.
const char *sensed_namespace(const struct sensed *sensed, int target);

// Milliseconds between the last progress that an observation's evidence tells of and the
// observation itself, both by the sensor's clock; never negative. -1: it tells none.
int64_t sensed_progressed_ms(const cJSON *observation);

// Older than 2 × every + timeout (and than least_stale_us), or never seen.
bool sensed_is_stale(const struct sensed *sensed, const struct runbook *runbook, int dependency,
	struct mono now);

// Milliseconds since something that is under way last moved, at least: progressing, or degraded
// where its evidence tells. -1: it is not under way, nothing fresh is known of it, or it was first
// seen less than SENSED_STILL_MS ago and nobody knows when it moved before.
int64_t sensed_still_ms(const struct sensed *sensed, const struct runbook *runbook, int dependency,
	struct mono now);

// --- for those who look on (FORMATS.md §4, sensed.jsonl) ---

// When it was left, and by whom.
struct sensed_left {
	char boot[37];
	struct mono real;   // on the machine's own clock, also in a rehearsal
	struct wall wall;   // likewise
	int64_t session;    // sessions that the record had then
	int64_t silence_ms; // since the sensor last spoke; -1: it never did
};

// Appends the first line of what is left: when, and whether the sensor is up; and one for each
// target that something was told of. Texts are masked.
void sensed_leave_first(const struct sensed *sensed, const struct runbook *runbook,
	const struct sensed_left *left, const struct mask *mask, struct buf *out);
// Appends a line for each of at most `most` dependencies, from that index on, that was seen: as in
// FORMATS.md §2, with its age at `now` (the clock of `heard`). Texts are masked, which takes some
// 40 us each. Returns the index to go on from; sensed->count: that was all.
size_t sensed_leave(const struct sensed *sensed, const struct runbook *runbook, size_t from,
	size_t most, const struct mask *mask, struct mono now, struct buf *out);
// Reads the first line of what was left: whose it is, and whether the sensor was up. False with
// `err` where it says no such thing; `sensed` is untouched then.
bool sensed_take_first(struct sensed *sensed, const char *text, size_t length,
	struct sensed_left *left, struct err *err);
// Takes over the observations, with their ages before `written`: when it was left, on the reader's
// clock of `heard`. False with `err` at the first line that is none; those before it count.
bool sensed_take_over(struct sensed *sensed, const struct state *state, const char *text,
	size_t length, struct mono written, struct err *err);

#endif
