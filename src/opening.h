// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_OPENING_H
#define RELIGHT_OPENING_H

#include <stdbool.h>

#include "engine.h"
#include "relight/answers.h"
#include "relight/diag.h"

// What `run`, `resume` and `demo` have in common: their options, and what an engine is set up with.

struct opening {
	// options, as given
	const char *runbook_path, *scenario_path, *answers_path, *directory, *person, *inputs_path,
		*theme, *mirror, *key, *why;
	char **inputs; // K=V or K=@FILE
	size_t input_count, input_capacity;
	bool is_drill, is_headless, observes, is_recalled, is_shared, goes_past_damage;
	gid_t group;  // that it is shared with
	double speed; // 0: not given
	int parallel;
	// what came of them
	struct engine_setup setup;
	struct answers *answers; // headless: never NULL
	struct buf answers_text;
	char *found_path; // of the runbook, where the scenario named it; else NULL
};

// Reads the options of the command line; operands are left in argv from optind on. False: it was
// said what is wrong.
bool opening_options(struct opening *opening, int argc, char **argv);
// Loads runbook, scenario and answers and puts the inputs together. False: it was said what is
// wrong, and the exit code is EXIT_USAGE.
bool opening_load(struct opening *opening);
// Says on a terminal, before a screen is there, that a key is about to be asked for a signature.
void opening_say_signing(const struct opening *opening);
// Whoever opens the incident at this moment is about to say which runbook it is: blocks until that
// is on the disk, nobody has the incident open, or ten seconds are over.
void opening_await(const char *directory);
// opening_load for an incident that is open: what is frozen in `directory` counts.
bool opening_recall(struct opening *opening, const char *directory);
// Frees what the engine did not take over.
void opening_fini(struct opening *opening);

// --- what the files of the opening share: each that can fail says what is wrong, and is false ---

bool opening_say(const struct err *err); // always false
// `what`: the kind of file that the diagnostics are about. Always false.
bool opening_say_diags(struct diags *diags, const char *what);
bool opening_load_scenario(struct opening *opening, const char *path);
// Once runbook, scenario and answers are there: what the inputs are set to (opening_inputs.c).
bool opening_take_inputs(struct opening *opening);
// Once runbook and scenario are there: inputs, answers, the person and where the record goes.
bool opening_finish(struct opening *opening);

#endif
