// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CHECK_LIVE_H
#define RELIGHT_CHECK_LIVE_H

#include "relight/buf.h"
#include "relight/diag.h"
#include "relight/runbook.h"

// Preflight: what can be known of a runbook by asking real systems, without changing anything. The
// roles that act and sense in an incident are asked: `relight perform` for a dry run, `relight
// probe --once`.

struct check_live {
	const struct runbook *runbook;
	const char *path; // of the runbook; "-": standard input, which probe cannot read again
	const char *const *inputs; // by input index; NULL elements are unset
};

// Adds to `diags` what would fail: features that are not built, targets that do not answer or are
// the same cluster twice, actions that a dry run refuses, rights that lack, dependencies that no
// step restores and that are not healthy. What it could not ask is a warning. `found` gets lines
// about what was asked and is good. Blocks on the network, for a bounded time for each question.
void check_live(const struct check_live *check, struct diags *diags, struct buf *found);

#endif
