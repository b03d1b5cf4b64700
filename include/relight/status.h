// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_STATUS_H
#define RELIGHT_STATUS_H

#include <stdbool.h>

// The health of something, in the words of FORMATS.md §2. The order is the order of "worst".
enum status {
	STATUS_HEALTHY,
	STATUS_SUSPENDED,
	STATUS_PROGRESSING,
	STATUS_UNKNOWN, // could not be asked: never drawn as failed, nor as fine
	STATUS_DEGRADED,
	STATUS_MISSING, // the system answered, and the thing is not there
	STATUS_COUNT,
};

// The word, as files and screens spell it; never NULL.
const char *status_word(enum status status);
bool status_parse(const char *word, enum status *status);
enum status status_worse(enum status a, enum status b);
// Degraded or missing: seen to be bad, not merely unseen.
bool status_is_bad(enum status status);

// How much of a recovery is proven, L0 to L5 (runbook key `proves`). -1: nothing.
bool level_parse(const char *word, int *level);

#endif
