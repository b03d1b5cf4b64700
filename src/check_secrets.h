// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CHECK_SECRETS_H
#define RELIGHT_CHECK_SECRETS_H

#include "relight/diag.h"
#include "relight/runbook.h"

// Warns of each Kubernetes Secret that an incident would take over with what a step applies or
// creates: from a file, which is copied, or written out in the runbook itself. Files whose path
// needs an input, or that cannot be read, are passed over. Blocks on the disk.
void check_secrets(const struct runbook *runbook, struct diags *diags);

#endif
