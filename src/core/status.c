// SPDX-License-Identifier: Apache-2.0
#include "relight/status.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const words[STATUS_COUNT] = {
	[STATUS_HEALTHY] = "healthy",
	[STATUS_SUSPENDED] = "suspended",
	[STATUS_PROGRESSING] = "progressing",
	[STATUS_UNKNOWN] = "unknown",
	[STATUS_DEGRADED] = "degraded",
	[STATUS_MISSING] = "missing",
};

const char *status_word(enum status status)
{
	assert(status < STATUS_COUNT);
	return words[status];
}

bool status_parse(const char *word, enum status *status)
{
	for (size_t i = 0; word && i < STATUS_COUNT; i++) {
		if (!strcmp(word, words[i])) {
			*status = (enum status)i;
			return true;
		}
	}
	return false;
}

enum status status_worse(enum status a, enum status b)
{
	return a > b ? a : b;
}

bool status_is_bad(enum status status)
{
	return status == STATUS_DEGRADED || status == STATUS_MISSING;
}

bool level_parse(const char *word, int *level)
{
	if (!word || word[0] != 'L' || word[1] < '0' || word[1] > '5' || word[2])
		return false;
	*level = word[1] - '0';
	return true;
}
