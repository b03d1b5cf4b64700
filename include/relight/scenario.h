// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SCENARIO_H
#define RELIGHT_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/arena.h"
#include "relight/diag.h"
#include "relight/event.h"
#include "relight/moment.h"
#include "relight/runbook.h"
#include "relight/status.h"

// A simulated disaster (FORMATS.md §6): what is broken at the start, how attempts go, what happens
// on the way. The world that it describes is a function of the scenario, of what the timeline says,
// and of simulated time; it keeps nothing of its own, so that every process and every look at the
// same timeline sees the same world.

// --- the script ----------------------------------------------------------------------------------

struct scenario_change {
	int dependency;
	enum status status;
	const char *message; // NULL: none given
};
struct scenario_changes {
	const struct scenario_change *items;
	size_t count;
};

struct scenario_attempt {
	int64_t takes_ms; // simulated
	int exit;
	const char *output; // never NULL
};
struct scenario_step {
	const struct scenario_attempt *attempts; // the last one stands for all beyond it
	size_t count; // 0: the default, `takes` of the runbook and exit 0
};

// Happens once: `delay_ms` after the opening, or after all of `after` have succeeded.
struct scenario_event {
	struct refs after; // steps; none: it counts from the opening
	int64_t delay_ms;
	struct scenario_changes set;
	struct place place;
};

struct scenario_inject {
	const char *id, *title, *say, *to, *hint, *good; // NULL where absent, but for the id
	struct scenario_changes set;
	int64_t until_ms; // ABSENT_MS: it stays
};

struct scenario {
	struct arena *arena;
	const struct runbook *runbook; // borrowed
	const char *file;              // as given; for messages
	const char *name, *title;      // title: the name where absent
	const char *runbook_path; // as written, relative to the scenario's folder; NULL: absent
	const char *answers_path; // the same
	int64_t seed;
	int64_t heals_after_ms;
	const struct scenario_change *start; // by dependency index
	const struct scenario_step *steps;   // by step index
	const char *const *inputs;           // by input index; NULL: not given
	const struct scenario_event *events;
	const struct scenario_inject *injects;
	size_t event_count, inject_count;
};

// The path of the runbook that a scenario is about, as written (relative to the scenario's folder),
// so that it can be loaded first. The caller frees. NULL after an error was added to `diags`.
char *scenario_runbook_path(const char *text, size_t length_bytes, struct diags *diags);

// Loads and checks the scenario in the text of `diags->file` against its runbook, which must
// outlive it. All that is wrong is added to `diags`; NULL when there was an error. The caller frees
// with scenario_free.
struct scenario *scenario_load(
	const char *text, size_t length_bytes, const struct runbook *runbook, struct diags *diags);
void scenario_free(struct scenario *scenario); // NULL is safe

// How attempt `attempt` (from 1) of a step goes. A rollback always takes what the step takes, and
// works.
struct scenario_attempt scenario_attempt(
	const struct scenario *scenario, int step, int attempt, bool is_rollback);

// --- the world -----------------------------------------------------------------------------------

// What the timeline says that the world depends on. Times are simulated.
struct scenario_step_fact {
	struct wall first; // success, confirmation or decision; WALL_NONE: none since a rollback
	struct wall last;  // the same
	bool is_left_out;  // skipped, or overridden against the evidence
	int rollback;      // the attempt that rolls it back, 0: none
};
struct scenario_word {  // a person's word on a dependency
	struct wall at; // WALL_NONE: none
	enum status status;
};
struct scenario_facts {
	const struct runbook *runbook; // borrowed
	struct wall opened;            // T0 once declared, else the first session's start
	bool is_declared;
	struct wall session_at;           // of the newest session's start: simulated time, …
	struct mono session_mono;         // … the same moment in real time, …
	double speed;                     // … and how much faster the first goes
	bool is_session_open;             // false: time stands still at session_at
	struct scenario_step_fact *steps; // by step index
	struct scenario_word *words;      // by dependency index
};

// Nothing has happened yet; `runbook` must outlive it. The caller frees.
struct scenario_facts *scenario_facts_new(const struct runbook *runbook);
void scenario_facts_free(struct scenario_facts *facts); // NULL is safe
// Takes the next event of the timeline. Never fails: unknown ids and kinds are skipped.
void scenario_facts_apply(struct scenario_facts *facts, const struct event *event);

// Simulated time at a moment of CLOCK_BOOTTIME: session time runs `speed` times as fast, between
// sessions it stands still. WALL_NONE before the first session.
struct wall scenario_now(const struct scenario_facts *facts, struct mono now);

struct scenario_seen {
	enum status status;
	const char *message; // never NULL; lives as long as the scenario
};
// How every dependency is at `now` (simulated), into `seen` by dependency index: as at the start,
// until the latest of
// - an event that sets it,
// - its healing, heals_after the success of all steps that restore it (those that were skipped or
//   overridden and pure waits aside),
// - a person's word, where its check is `manual` (unknown before that).
// At the same instant an event wins over healing, and a later event over an earlier one; healing
// without words repeats the newest words that an event had for healthy. Returns when something may
// change next, or WALL_NONE. Linear in dependencies and events.
struct wall scenario_world(const struct scenario *scenario, const struct scenario_facts *facts,
	struct wall now, struct scenario_seen *seen);

#endif
