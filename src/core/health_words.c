// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "health_rules.h"

// What the words of people who write controllers have in common.

bool text_ends_with(const char *text, const char *ending)
{
	size_t length = strlen(text), tail = strlen(ending);

	return length >= tail && strcasecmp(text + length - tail, ending) == 0;
}

bool word_is_under_way(const char *word)
{
	for (const char *at = word; *at; at++) {
		bool is_end = !isalpha((unsigned char)at[1]) ||
			      (islower((unsigned char)*at) && isupper((unsigned char)at[1]));
		if (is_end && at - word >= 3 && strncasecmp(at - 2, "ing", 3) == 0)
			return true;
	}
	return text_ends_with(word, "pending");
}

bool words_occur(const char *text, const char *const *words)
{
	for (; text && *words; words++)
		if (strcasestr(text, *words))
			return true;
	return false;
}

// The words that controllers use in CamelCase reasons. "Unavailable" is in neither list on purpose:
// it says no more than that the condition is False.
bool reason_is_failure(const char *reason)
{
	static const char *const words[] = {"fail", "error", "invalid", "denied", "forbidden",
		"unauthori", "notfound", "unhealthy", "backoff", "timeout", "timedout", "exceeded",
		"missing", "degraded", "conflict", "refused", "crash", "unable", "cannot",
		"mismatch", "unsupported", "rejected", "abort", "expired", "stalled",
		"notpermitted", "notallowed", "unreachable", "noncompliant", "lost", "insufficient",
		"exhausted", "duplicate", "incompatible", "corrupt", "broken", "blocked", "violat",
		"nosuch", "nomatching", "panic", "oomkill", "halted", "unschedulable", "unresolved",
		"inaccessible", "evicted", NULL};

	return words_occur(reason, words);
}

bool reason_is_waiting(const char *reason)
{
	static const char *const words[] = {"progress", "pending", "initializ", "requested",
		"unavailable", "notready", "doesnotexist", "notcomplete", "incomplete", "notyet",
		"notinitialized", "notavailable", "notstarted", "notrunning", "notup", "queued",
		NULL};

	return reason && (words_occur(reason, words) || word_is_under_way(reason));
}
