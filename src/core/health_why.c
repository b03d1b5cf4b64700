// SPDX-License-Identifier: Apache-2.0
#include "relight/health_why.h"

#include <string.h>

#include "relight/buf.h"
#include "relight/json.h"

#define EVENT_AGE_US (3600 * US_PER_S)

// The elements of a list of the API server, or of an array.
static const cJSON *elements(const cJSON *list)
{
	return cJSON_IsArray(list) ? list : json_get(list, "items");
}

// --- pods ---

// What a kubelet repeats in its messages, and a person has read already: the names, and which of
// the many tries it was.
static size_t without_repetition(const char *message)
{
	static const char *const tails[] = {
		" restarting failed container", " pulling image", ": rpc error", NULL};
	size_t length = strlen(message);

	for (size_t i = 0; tails[i]; i++) {
		const char *tail = strstr(message, tails[i]);
		if (tail && (size_t)(tail - message) < length && tail > message)
			length = (size_t)(tail - message);
	}
	return length;
}

// Of pods that are equally ill, one that is stuck says more than one that only waits.
static bool is_worse(enum status newer, enum status older)
{
	return newer != STATUS_HEALTHY && status_worse(newer, older) == newer && newer != older;
}

static const cJSON *worst_pod(const cJSON *pods, struct wall now, struct health *worst)
{
	const cJSON *found = NULL;

	*worst = (struct health){.status = STATUS_HEALTHY};
	json_each (pod, elements(pods)) {
		struct health health;

		// One that is going is replaced by another.
		if (!cJSON_IsObject(pod) || json_path_text(pod, "metadata.deletionTimestamp"))
			continue;
		health_judge_as(pod, "v1", "Pod", now, &health);
		if (!is_worse(health.status, worst->status))
			continue;
		*worst = health;
		found = pod;
	}
	return found;
}

static bool say_pod(const cJSON *pods, struct wall now, struct buf *words)
{
	struct health worst;
	const cJSON *pod = worst_pod(pods, now, &worst);
	const char *name = json_path_text(pod, "metadata.name");

	if (!pod)
		return false;
	buf_printf(words, "%s %.*s", name ? name : "a pod", (int)without_repetition(worst.message),
		worst.message);
	return true;
}

// --- events ---

// When an event was seen last: it has moved between fields in the API's history.
static struct wall event_time(const cJSON *event)
{
	static const char *const paths[] = {"series.lastObservedTime", "lastTimestamp",
		"deprecatedLastTimestamp", "eventTime", "firstTimestamp",
		"metadata.creationTimestamp", NULL};
	struct wall at = WALL_NONE;

	for (size_t i = 0; paths[i]; i++) {
		const char *text = json_path_text(event, paths[i]);
		if (text && wall_parse(text, &at))
			return at;
	}
	return WALL_NONE;
}

static const cJSON *newest_warning(const cJSON *events, struct wall now)
{
	const cJSON *newest = NULL;
	struct wall newest_at = WALL_NONE;

	json_each (event, elements(events)) {
		const char *type = json_text(event, "type");
		struct wall at = event_time(event);

		if (!type || strcmp(type, "Warning") != 0)
			continue;
		if (wall_known(now) && (!wall_known(at) || at.us < now.us - EVENT_AGE_US))
			continue;
		if (newest && (!wall_known(at) || at.us <= newest_at.us))
			continue;
		newest = event;
		newest_at = at;
	}
	return newest;
}

static bool say_event(const cJSON *events, struct wall now, struct buf *words)
{
	const cJSON *event = newest_warning(events, now);
	const char *reason = json_text(event, "reason"), *message = json_text(event, "message");

	if (!message)
		message = json_text(event, "note"); // events.k8s.io/v1
	if (!event || !(reason || message))
		return false;
	buf_printf(words, "%s%s", reason ? reason : "", reason && message ? ": " : "");
	if (message)
		buf_add(words, message, without_repetition(message));
	return true;
}

void health_why(struct health *health, const cJSON *pods, const cJSON *events, struct wall now)
{
	struct buf words = {0};

	if (health->status != STATUS_HEALTHY &&
		(say_pod(pods, now, &words) || say_event(events, now, &words)))
		health_add_words(health, buf_str(&words));
	buf_fini(&words);
}
