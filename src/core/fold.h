// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_FOLD_H
#define RELIGHT_CORE_FOLD_H

#include "relight/state.h"

// Shared by the files of the fold: fold.c (the table, sessions, targets, dependencies, waivers) and
// fold_step.c (steps).

// What an event is about, looked up once.
struct fold {
	struct state *state;
	const struct event *event;
	const cJSON *data;
	struct moment at;
	struct step_progress *step; // NULL: names no step of the runbook
	int step_index;
	struct dependency_known *dependency;
	int dependency_index;
};

typedef void fold_function(const struct fold *fold);

fold_function fold_acknowledged;
fold_function fold_assigned;
fold_function fold_cancel;
fold_function fold_confirmed;
fold_function fold_decision;
fold_function fold_extended;
fold_function fold_stopping;
fold_function fold_intent;
fold_function fold_overridden;
fold_function fold_regressed;
fold_function fold_reopened;
fold_function fold_resolved;
fold_function fold_result;
fold_function fold_skipped;
fold_function fold_step_failed;
fold_function fold_step_unknown;
fold_function fold_verified;
fold_function fold_remark;

// Replaces an owned text by a copy; NULL clears it.
void fold_text(char **text, const char *with);
// Something worth evidence level `level` has been proven.
void fold_level(struct state *state, int level);

#endif
