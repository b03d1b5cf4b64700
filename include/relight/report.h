// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_REPORT_H
#define RELIGHT_REPORT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/event.h"
#include "relight/plan.h"
#include "relight/proof.h"
#include "relight/runbook.h"
#include "relight/state.h"

// What a reviewer reads of an incident (FORMATS.md §8, `report`). Pure: everything comes from the
// timeline's events and the runbook as it was frozen.

struct report_source {
	const struct runbook *runbook;
	const struct plan *plan;
	const struct state *state; // folded over all of `events`
	bool has_runbook;          // false: `runbook` only stands in; less can be said
	const struct event *const *events;
	size_t event_count;
	const char *head;            // of the chain, after the last good line
	int64_t lines;               // good ones
	const char *const *problems; // what is wrong with the record, one line each
	size_t problem_count;
	const struct proof_verdict *proofs; // of the sessions that a key is to prove
	size_t proof_count;
};

// The report as JSON, with the keys of FORMATS.md §8 and more. What cannot be said is null; every
// derived figure has the numbers of the events that it rests on beside it, in a list whose key ends
// in `rests_on`. Never NULL; the caller frees it.
cJSON *report_json(const struct report_source *source);

// The same for people, as Markdown, from report_json's result alone. Texts from outside are
// escaped: they show as they are and make no markup.
void report_markdown(const cJSON *report, struct buf *out);

#endif
