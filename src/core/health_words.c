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

// Words that end like those of what is under way, and are none. `end` is their last letter.
static bool is_lasting(const char *word, const char *end)
{
	static const char *const lasting[] = {"running", "missing", "serving", "listening",
		"existing", "streaming", "nothing", NULL};

	for (size_t i = 0; lasting[i]; i++) {
		size_t length = strlen(lasting[i]);
		if ((size_t)(end - word) + 1 >= length &&
			strncasecmp(end + 1 - length, lasting[i], length) == 0)
			return true;
	}
	return false;
}

bool word_is_under_way(const char *word)
{
	for (const char *at = word; *at; at++) {
		bool is_end = !isalpha((unsigned char)at[1]) ||
			      (islower((unsigned char)*at) && isupper((unsigned char)at[1]));
		if (is_end && at - word >= 3 && strncasecmp(at - 2, "ing", 3) == 0 &&
			!is_lasting(word, at))
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

// "NotProvisioned", "NotYetAssigned": what has not come about yet. What the words of failure have
// goes before it ("NotPermitted").
static bool is_not_done(const char *reason)
{
	return strncmp(reason, "Not", 3) == 0 && isupper((unsigned char)reason[3]) &&
	       text_ends_with(reason, "ed");
}

// Neither a failover that is under way, nor the absence of errors, is a failure.
static bool is_no_failure(const char *text)
{
	static const char *const words[] = {"failover", "failingover", "failing over", "failedover",
		"noerror", "no error", "nofail", "nounsupported", "noconflict", "noinvalid",
		"nomissing", "nomismatch", "nounhealthy", "noviolat", "noduplicate", "nodegraded",
		"withouterror", "failurethreshold", NULL};

	return words_occur(text, words);
}

bool text_is_failure(const char *text)
{
	static const char *const words[] = {"fail", "error", "rollback", "rolledback", "invalid",
		"unhealthy", "crash", "denied", "exceeded", "timedout", "degraded", "unavailable",
		"expired", "unreachable", "corrupt", "unauthorized", "forbidden", "insufficient",
		"conflict", "notfound", "missing", "incompatible", "inaccessible", "storagefull",
		"diskfull", "unsuccess", NULL};

	return words_occur(text, words) && !is_no_failure(text);
}

bool key_has_word(const char *key, const char *const *words)
{
	for (; *words; words++) {
		size_t length = strlen(*words);

		for (const char *at = key; *at; at++)
			if ((at == key || isupper((unsigned char)*at)) &&
				strncasecmp(at, *words, length) == 0)
				return true;
	}
	return false;
}

// "BrokerDoesNotExist": what it refers to. By itself it says that the thing is to be made yet.
static bool refers_to_nothing(const char *reason)
{
	return reason && strlen(reason) > strlen("DoesNotExist") &&
	       text_ends_with(reason, "doesnotexist");
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
		"inaccessible", "evicted", "notauthorized", "notsupported", "notaccepted",
		"connectiondown", "pressure", "updatestopped", "notresponding", NULL};

	return (words_occur(reason, words) || refers_to_nothing(reason)) && !is_no_failure(reason);
}

bool reason_is_waiting(const char *reason)
{
	static const char *const words[] = {"progress", "pending", "initializ", "requested",
		"unavailable", "notready", "doesnotexist", "notcomplete", "incomplete", "notyet",
		"notinitialized", "notavailable", "notstarted", "running", "notup", "queued", NULL};

	return reason &&
	       (words_occur(reason, words) || word_is_under_way(reason) || is_not_done(reason));
}
