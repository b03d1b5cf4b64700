// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_ANSWERS_H
#define RELIGHT_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/arena.h"
#include "relight/diag.h"
#include "relight/runbook.h"
#include "relight/status.h"

// What a person would have said (FORMATS.md §7): the answers of a run without a screen.

enum on_failure { ON_FAILURE_STOP, ON_FAILURE_RETRY_ONCE, ON_FAILURE_SKIP };
enum on_unknown { ON_UNKNOWN_VERIFY, ON_UNKNOWN_RETRY };

struct answer {              // to one step; everything NULL: none was given
	const char *confirm; // manual steps: what is attested
	const char *choose;  // decisions: the option's id
	const char *why;     // … and the reason
	const char *type;    // destructive steps: the typed name
};
struct answer_attestation {
	int dependency;
	enum status status;
};

struct answers {
	struct arena *arena;
	const char *file;     // as given; for messages
	const char *operator; // NULL: not named
	enum on_failure on_failure;
	enum on_unknown on_unknown;
	int64_t wait_ms;               // give up after so long in which nothing moves
	const struct answer *steps;    // by step index
	const struct texts *approvals; // by step index: who approves it, in order
	const char *const *inputs;     // by input index; NULL: not answered
	const struct answer_attestation *attestations;
	size_t attestation_count;
};

// Loads and checks the answers in the text of `diags->file` against their runbook. All that is
// wrong (unknown ids, answers that do not fit what the step asks) is added to `diags`; NULL when
// there was an error. The caller frees with answers_free.
struct answers *answers_load(
	const char *text, size_t length_bytes, const struct runbook *runbook, struct diags *diags);
// What holds without a file: no answer to anything, stop at the first failure, give up after 5
// minutes.
struct answers *answers_none(const struct runbook *runbook);
void answers_free(struct answers *answers); // NULL is safe

#endif
