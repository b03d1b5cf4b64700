// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <strings.h>

#include "health_rules.h"

// What a status says went wrong outside of its conditions: errors in words, and what speaks for
// one without saying so.

// Some write "None" where nothing went wrong.
bool error_is_said(const char *text)
{
	static const char *const nothing[] = {
		"none", "null", "nil", "<nil>", "no error", "n/a", "ok", "success", "false", NULL};

	for (size_t i = 0; nothing[i]; i++)
		if (strcasecmp(text, nothing[i]) == 0)
			return false;
	return *text;
}

// The text of an error under a name of its own: the field itself, or what it holds.
static const char *error_text(const cJSON *field)
{
	const char *text = cJSON_IsString(field) ? field->valuestring : json_text(field, "message");

	if (!text)
		text = json_text(field, "description");
	return text && error_is_said(text) ? text : NULL;
}

static bool error_was(const char *key)
{
	static const char *const others[] = {"last", "previous", NULL};

	return key_has_word(key, others);
}

static bool is_named_error(const cJSON *field)
{
	return text_ends_with(field->string, "error") && !error_was(field->string) &&
	       error_text(field);
}

static const char *named_error(const cJSON *status)
{
	json_each (field, status)
		if (is_named_error(field))
			return error_text(field);
	return NULL;
}

static const char *plain_error(const cJSON *status)
{
	static const char *const keys[] = {"errorMessage", "failureMessage", "failureReason",
		"errorReason", "usefulErrorMessage", NULL};

	for (size_t i = 0; keys[i]; i++) {
		const char *text = json_text(status, keys[i]);
		if (text && error_is_said(text))
			return text;
	}
	json_each (field, status)
		if (cJSON_IsString(field) && is_named_error(field))
			return field->valuestring;
	return NULL;
}

bool plain_error_rule(const struct subject *subject, struct health *out)
{
	const char *text = plain_error(subject->status);

	return text && health_say(out, STATUS_DEGRADED, "%s", text);
}

bool error_rule(const struct subject *subject, struct health *out)
{
	static const char *const lists[] = {
		"errors", "failures", "problems", "validationErrors", NULL};

	if (plain_error_rule(subject, out))
		return true;
	const char *named = named_error(subject->status);
	if (named)
		return health_say(out, STATUS_DEGRADED, "%s", named);
	for (size_t i = 0; lists[i]; i++) {
		const cJSON *list = json_get(subject->status, lists[i]);
		const cJSON *first = cJSON_IsArray(list) ? list->child : NULL;
		if (!first)
			continue;
		const char *text =
			cJSON_IsString(first) ? first->valuestring : json_text(first, "message");
		return health_say(
			out, STATUS_DEGRADED, "%s", text && *text ? text : "it has errors");
	}
	return false;
}

bool failed_rule(const struct subject *subject, struct health *out)
{
	static const char *const keys[] = {"message", "reason", "name", NULL};

	json_each (list, subject->status) {
		const cJSON *first = cJSON_IsArray(list) ? list->child : NULL;

		if (!first || strncmp(list->string, "failed", 6) != 0)
			continue;
		const char *text = cJSON_IsString(first) ? first->valuestring : NULL;
		for (size_t i = 0; keys[i] && !text; i++)
			text = json_text(first, keys[i]);
		return health_say(out, STATUS_DEGRADED, "%s: %s", list->string,
			text ? text : "there are some");
	}
	return false;
}

// The newest error that there was, as a text or a list of them; it may be over.
static const char *last_error(const cJSON *field)
{
	static const char *const endings[] = {
		"error", "errors", "errorMessage", "failureMessage", "failureReason", NULL};
	bool is_error = false;

	for (size_t i = 0; endings[i]; i++)
		is_error |= text_ends_with(field->string, endings[i]);
	if (!is_error || strncasecmp(field->string, "last", 4) != 0)
		return NULL;
	return error_text(cJSON_IsArray(field) ? field->child : field);
}

bool trouble_rule(const struct subject *subject, struct health *out)
{
	static const char *const counts[] = {"errors", "failures", "failed", NULL};

	json_each (field, subject->status)
		if (last_error(field))
			return health_say(
				out, STATUS_UNKNOWN, "%s: %s", field->string, last_error(field));
	if (!phase_judge(subject, subject->status, out) || out->status != STATUS_HEALTHY)
		return false;
	for (size_t i = 0; counts[i]; i++) {
		int64_t count = json_int(subject->status, counts[i], 0);
		if (count > 0)
			return health_say(
				out, STATUS_UNKNOWN, "%s: %lld", counts[i], (long long)count);
	}
	return false;
}
