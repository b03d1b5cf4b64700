// SPDX-License-Identifier: Apache-2.0
#include "relight/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "health_rules.h"

// Cuts what snprintf may have left of a character at the end: a lead byte without all of its
// followers.
static void cut_at_character(char *text, size_t size_bytes)
{
	size_t length = strlen(text);

	if (length + 1 < size_bytes)
		return;
	size_t start = length;
	while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return;
	unsigned char lead = (unsigned char)text[start - 1];
	size_t whole = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	if (length - (start - 1) < whole)
		text[start - 1] = '\0';
}

bool health_say(struct health *out, enum status status, const char *format, ...)
{
	va_list arguments;

	out->status = status;
	va_start(arguments, format);
	vsnprintf(out->message, sizeof out->message, format, arguments);
	va_end(arguments);
	cut_at_character(out->message, sizeof out->message);
	return true;
}

void health_add_words(struct health *health, const char *words)
{
	size_t length = strlen(health->message);

	snprintf(health->message + length, sizeof health->message - length, ": %s", words);
	cut_at_character(health->message, sizeof health->message);
}

const cJSON *condition_find(const cJSON *conditions, const char *type)
{
	json_each (condition, conditions) {
		const char *own = json_text(condition, "type");
		if (own && strcmp(own, type) == 0)
			return condition;
	}
	return NULL;
}

// Some controllers write a boolean where the API conventions ask for "True" or "False".
static const char *condition_value(const cJSON *condition)
{
	const cJSON *status = json_get(condition, "status");

	if (cJSON_IsBool(status))
		return cJSON_IsTrue(status) ? "True" : "False";
	return cJSON_IsString(status) ? status->valuestring : NULL;
}

bool condition_is(const cJSON *condition, const char *value)
{
	const char *status = condition_value(condition);

	return status && strcasecmp(status, value) == 0;
}

bool condition_say(struct health *out, enum status status, const cJSON *condition)
{
	const char *reason = json_text(condition, "reason");
	const char *message = json_text(condition, "message");
	const char *type = json_text(condition, "type");
	bool has_reason = reason && *reason, has_message = message && *message;

	if (has_reason && has_message)
		return health_say(out, status, "%s: %s", reason, message);
	if (has_reason || has_message)
		return health_say(out, status, "%s", has_reason ? reason : message);
	const char *value = condition_value(condition);

	return health_say(
		out, status, "%s is %s", type ? type : "a condition", value ? value : "not known");
}

int64_t generation_number(const cJSON *fields, const char *key)
{
	const double most = 9007199254740992.0; // 2^53
	const cJSON *number = json_get(fields, key);

	if (!cJSON_IsNumber(number) || !(number->valuedouble >= 0))
		return -1;
	return (int64_t)(number->valuedouble < most ? number->valuedouble : most);
}

// Under the name of the API conventions, or one of those that others chose before. Argo Rollouts
// writes the number as a text, and once wrote a hash there: letters are no generation.
static int64_t generation_seen(const cJSON *status)
{
	static const char *const keys[] = {"observedGeneration", "lastObservedGeneration",
		"lastReconciledGeneration", "reconciledGeneration", "lastSeenGeneration",
		"observedSpecGeneration", NULL};

	for (size_t i = 0; keys[i]; i++) {
		const char *text = json_text(status, keys[i]);
		int64_t number = generation_number(status, keys[i]);

		if (text && *text && strlen(text) <= 15 && !text[strspn(text, "0123456789")])
			number = strtoll(text, NULL, 10);
		if (number >= 0)
			return number;
	}
	return -1;
}

bool generation_rule(const struct subject *subject, struct health *out)
{
	int64_t wanted = generation_number(subject->metadata, "generation");
	int64_t seen = generation_seen(subject->status);

	if (wanted < 0 || seen < 0 || seen >= wanted)
		return false;
	return health_say(out, STATUS_PROGRESSING,
		"the controller has not seen the newest spec (generation %lld of %lld)",
		(long long)seen, (long long)wanted);
}

static void group_of(const char *version, char group[128])
{
	const char *slash = version ? strchr(version, '/') : NULL;

	snprintf(group, 128, "%.*s", slash ? (int)(slash - version) : 0, version ? version : "");
}

void health_group(const cJSON *object, char group[128])
{
	group_of(json_text(object, "apiVersion"), group);
}

bool health_is_list(const cJSON *object)
{
	const char *kind = json_text(object, "kind");
	size_t length = kind ? strlen(kind) : 0;

	return length >= 4 && strcmp(kind + length - 4, "List") == 0 &&
	       cJSON_IsArray(json_get(object, "items"));
}

void health_name_item(cJSON *item, const cJSON *list)
{
	const char *kind = json_text(list, "kind"), *version = json_text(list, "apiVersion");
	char own[128];

	if (!cJSON_IsObject(item) || json_get(item, "kind") || !kind || strcmp(kind, "List") == 0)
		return;
	snprintf(own, sizeof own, "%.*s", (int)strlen(kind) - 4, kind);
	json_add_text(item, "kind", own);
	if (!json_get(item, "apiVersion"))
		json_add_text(item, "apiVersion", version);
}

static const cJSON *part(const cJSON *object, const char *key)
{
	const cJSON *value = json_get(object, key);

	return cJSON_IsObject(value) ? value : NULL;
}

void subject_take(const cJSON *object, struct wall now, struct subject *subject)
{
	*subject = (struct subject){.object = object, .now = now};
	subject->metadata = part(object, "metadata");
	subject->spec = part(object, "spec");
	subject->status = part(object, "status");
	const cJSON *conditions = json_get(subject->status, "conditions");
	subject->conditions = cJSON_IsArray(conditions) ? conditions : NULL;
	subject->kind = json_text(object, "kind");
	health_group(object, subject->group);
}

// An object that is being deleted is on its way out, whatever else its status still says.
static bool being_deleted(const struct subject *subject, struct health *out)
{
	const cJSON *finalizers = json_get(subject->metadata, "finalizers");

	if (!json_text(subject->metadata, "deletionTimestamp"))
		return false;
	// A namespace says in conditions what is left in it.
	json_each (condition, subject->conditions) {
		const char *type = json_text(condition, "type");
		if (type && strncmp(type, "Namespace", 9) == 0 && condition_is(condition, "True"))
			return condition_say(out, STATUS_PROGRESSING, condition);
	}
	const cJSON *first = cJSON_IsArray(finalizers) ? finalizers->child : NULL;
	if (!first || !cJSON_IsString(first))
		return health_say(out, STATUS_PROGRESSING, "being deleted");
	return health_say(out, STATUS_PROGRESSING, "being deleted: waits for the finalizer %s%s",
		first->valuestring, first->next ? " and others" : "");
}

bool health_by_kind(const struct subject *subject, struct health *out)
{
	static const struct kind_rule *const tables[] = {health_workloads, health_platform};

	for (size_t i = 0; subject->kind && i < sizeof tables / sizeof *tables; i++)
		for (const struct kind_rule *row = tables[i]; row->kind; row++)
			if (strcmp(row->kind, subject->kind) == 0 &&
				strcmp(row->group, subject->group) == 0 &&
				row->judge(subject, out)) {
				snprintf(out->rule, sizeof out->rule, "builtin/%s", row->kind);
				return true;
			}
	return false;
}

bool health_outweighs(enum status newer, enum status older)
{
	static const int weight[STATUS_COUNT] = {
		[STATUS_HEALTHY] = 1,
		[STATUS_UNKNOWN] = 1,
		[STATUS_PROGRESSING] = 2,
		[STATUS_SUSPENDED] = 3,
		[STATUS_DEGRADED] = 4,
		[STATUS_MISSING] = 5,
	};

	return weight[newer] > weight[older];
}

bool health_by_attention(const struct subject *subject, struct health *out)
{
	for (const struct convention *row = health_conventions; row->name; row++)
		if (row->when == CONVENTION_FIRST && row->judge(subject, out)) {
			snprintf(out->rule, sizeof out->rule, "convention/%s", row->name);
			return true;
		}
	return false;
}

bool health_objects(const struct subject *subject, struct health *out)
{
	static const struct convention objections[] = {
		// Of those that are as bad the first is told: an error says why.
		{"error", plain_error_rule},
		{"phase", own_word_judge},
		{"failed", failed_rule},
		{"conditions", conditions_object},
		{.name = NULL},
	};
	bool decided = false;

	for (const struct convention *row = objections; row->name; row++) {
		struct health opinion;

		if (!row->judge(subject, &opinion) ||
			(decided && !health_outweighs(opinion.status, out->status)))
			continue;
		*out = opinion;
		snprintf(out->rule, sizeof out->rule, "convention/%s", row->name);
		decided = true;
	}
	return decided;
}

void health_by_conventions(const struct subject *subject, struct health *out)
{
	bool decided = false;

	for (const struct convention *row = health_conventions; row->name; row++) {
		struct health opinion;

		if ((decided && row->when == CONVENTION_LAST) || !row->judge(subject, &opinion))
			continue;
		snprintf(opinion.rule, sizeof opinion.rule, "convention/%s", row->name);
		if (!decided || health_outweighs(opinion.status, out->status))
			*out = opinion;
		decided = true;
		if (row->when == CONVENTION_FIRST || row->when == CONVENTION_FINAL)
			break;
	}
	if (decided)
		return;
	health_say(out, STATUS_UNKNOWN, "nothing in its status says how it is");
	snprintf(out->rule, sizeof out->rule, "none");
}

bool health_by_presence(const struct subject *subject, struct health *out)
{
	snprintf(out->rule, sizeof out->rule, "none");
	if (!subject->kind)
		return health_say(
			out, STATUS_UNKNOWN, "this is no Kubernetes object: it has no kind");
	snprintf(out->rule, sizeof out->rule, "convention/deletion");
	return being_deleted(subject, out);
}

static void judge(const struct subject *subject, struct health *out)
{
	if (!health_by_presence(subject, out) && !health_by_kind(subject, out))
		health_by_conventions(subject, out);
	out->again = WALL_NONE;
	subject_since(subject, out);
}

void health_judge(const cJSON *object, struct wall now, struct health *out)
{
	struct subject subject;

	subject_take(object, now, &subject);
	judge(&subject, out);
}

void health_judge_as(const cJSON *object, const char *api_version, const char *kind,
	struct wall now, struct health *out)
{
	struct subject subject;

	subject_take(object, now, &subject);
	if (!subject.kind && cJSON_IsObject(object)) {
		subject.kind = kind;
		group_of(api_version, subject.group);
	}
	judge(&subject, out);
}
