// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "health_rules.h"

// When something last moved. Conditions carry it by the API conventions; what is older than those
// writes times under names of its own. Heartbeats are left out: a kubelet that reports every ten
// seconds that nothing has changed is no progress.

// Times of a status that are no event of the past, or that come round without anything moving.
static bool is_no_progress(const char *key)
{
	static const char *const words[] = {"next", "expir", "renew", "notafter", "notbefore",
		"heartbeat", "probe", "deadline", "refresh", "until", "valid", "check", "sync",
		"reconcil", "poll", "scrape", NULL};

	return words_occur(key, words);
}

static bool is_time_key(const char *key)
{
	static const char *const endings[] = {
		"Time", "Timestamp", "At", "time", "timestamp", "_at", NULL};
	size_t length = key ? strlen(key) : 0;

	for (size_t i = 0; endings[i]; i++) {
		size_t tail = strlen(endings[i]);
		if (length >= tail && strcmp(key + length - tail, endings[i]) == 0)
			return !is_no_progress(key);
	}
	return false;
}

static void take_time(const struct subject *subject, const cJSON *value, struct wall *newest)
{
	struct wall at;

	if (!cJSON_IsString(value) || !wall_parse(value->valuestring, &at))
		return;
	// A clock that is ahead must not make things look fresher than now.
	if (wall_known(subject->now) && at.us > subject->now.us)
		return;
	if (!wall_known(*newest) || at.us > newest->us)
		*newest = at;
}

// Times that stand directly in a part of a status.
static void take_times(const struct subject *subject, const cJSON *part, struct wall *newest)
{
	if (!cJSON_IsObject(part))
		return;
	json_each (field, part)
		if (is_time_key(field->string))
			take_time(subject, field, newest);
}

static void take_list(const struct subject *subject, const cJSON *list, struct wall *newest)
{
	if (!cJSON_IsArray(list))
		return;
	json_each (part, list) {
		take_times(subject, part, newest);
		json_each (inner, json_get(part, "conditions"))
			take_times(subject, inner, newest);
		json_each (state, json_get(part, "state")) // of a container
			take_times(subject, state, newest);
	}
}

void subject_since(const struct subject *subject, struct health *out)
{
	struct wall newest = WALL_NONE;

	take_time(subject, json_get(subject->metadata, "deletionTimestamp"), &newest);
	take_times(subject, subject->status, &newest);
	json_each (field, subject->status)
		take_list(subject, field, &newest);
	out->tells_since = wall_known(newest) || !subject->status;
	take_time(subject, json_get(subject->metadata, "creationTimestamp"), &newest);
	out->since = newest;
}
