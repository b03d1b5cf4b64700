// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_LINT_H
#define RELIGHT_LINT_H

#include "relight/diag.h"
#include "relight/runbook.h"

// Adds a warning for everything that good recovery needs and the runbook lacks (FORMATS.md §1), at
// the place where it would stand. None of it keeps the runbook from being used.
void lint_runbook(const struct runbook *runbook, struct diags *diags);

#endif
