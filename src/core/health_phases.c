// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// One word for how it is, under a key like phase, state, status or health: older than conditions,
// and still common.

#define WORD_BYTES 64
#define LETTERS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// The letters and digits of a word, in lower case. False where it is too long to be one.
static bool plain_word(const char *word, char plain[WORD_BYTES])
{
	size_t length = 0;

	for (; *word; word++) {
		if (!isalnum((unsigned char)*word))
			continue;
		if (length + 1 == WORD_BYTES)
			return false;
		plain[length++] = (char)tolower((unsigned char)*word);
	}
	plain[length] = '\0';
	return length > 0;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

// What denies a good word: "not-available" may yet become so, "NotHealthy" is a finding.
static bool word_denied(const char *plain, enum status *status)
{
	static const char *const denials[] = {"un", "not", "non", NULL};
	static const char *const findings[] = {
		"healthy", "ok", "good", "functional", "operational", "valid", "successful", NULL};

	for (size_t i = 0; denials[i]; i++) {
		const char *good = plain + strlen(denials[i]);
		if (strncmp(plain, denials[i], strlen(denials[i])) == 0 &&
			phase_word_known(good, status) && *status == STATUS_HEALTHY) {
			*status = is_one_of(good, findings) ? STATUS_DEGRADED : STATUS_PROGRESSING;
			return true;
		}
	}
	return false;
}

// Where the last word of several begins: "CREATE_COMPLETE", "ClusterReady", "rules applied".
static const char *last_word(const char *words)
{
	const char *at = words + strlen(words);

	while (at > words && isalnum((unsigned char)at[-1]) &&
		!(islower((unsigned char)at[-1]) && isupper((unsigned char)at[0])))
		at--;
	return at;
}

// Whether several words say that all is well: "CREATE_COMPLETE", "Fully Ready", and of a
// KafkaCluster "ClusterRunning". What stands before decides: a "NetworkReady" is no more than a
// step.
static bool ends_well(const struct subject *subject, const char *words)
{
	static const char *const deeds[] = {"create", "update", "import", "install", "installation",
		"deploy", "deployment", "upgrade", "provision", "provisioning", "sync", "reconcile",
		"reconciliation", "rollout", "apply", NULL};
	static const char *const dones[] = {
		"complete", "completed", "succeeded", "success", "successful", "finished", NULL};
	static const char *const wholes[] = {"is", "fully", "all", "allnodes", NULL};
	static const char *const goods[] = {"ready", "running", "healthy", "online", "available",
		"synced", "applied", "deployed", NULL};
	const char *at = last_word(words);
	char before[WORD_BYTES], last[WORD_BYTES], first[WORD_BYTES];

	if (strlen(words) >= WORD_BYTES)
		return false;
	snprintf(first, sizeof first, "%.*s", (int)(at - words), words);
	if (!plain_word(first, before) || !plain_word(at, last))
		return false;
	if (is_one_of(last, dones))
		return is_one_of(before, deeds);
	return is_one_of(last, goods) &&
	       (is_one_of(before, wholes) || text_ends_with(subject->kind, before));
}

static bool phase_means(const struct subject *subject, const char *text, enum status *status)
{
	char word[2 * WORD_BYTES], plain[WORD_BYTES];

	// Names of enumerators keep the name of their type in front; counts stand in brackets
	// behind.
	if (strncmp(text, "STATE_", 6) == 0 || strncmp(text, "PHASE_", 6) == 0)
		text += 6;
	if (strchr(text, '?'))
		return false; // whoever writes "ready?" does not know, either
	size_t bracket = strcspn(text, "(");
	bool is_count = !text[bracket + strcspn(text + bracket, LETTERS)];
	snprintf(word, sizeof word, "%.*s", is_count ? (int)bracket : (int)strlen(text), text);
	if (!plain_word(word, plain))
		return false;
	if (phase_word_known(plain, status) || word_denied(plain, status))
		return true;
	*status = text_is_failure(plain) ? STATUS_DEGRADED : STATUS_PROGRESSING;
	if (*status == STATUS_DEGRADED || word_is_under_way(word) || strstr(plain, "inprogress"))
		return true;
	*status = STATUS_HEALTHY;
	return ends_well(subject, word);
}

bool subject_is_meant_to_end(const struct subject *subject)
{
	static const char *const endings[] = {"Job", "Run", "Workflow", "Task", "Backup", "Restore",
		"Migration", "Build", "Snapshot", "Analysis", "Action", "ActionSet", "Session",
		"Request", "Promotion", "Maintenance", "Import", "Export", "Transfer", "Execution",
		"Operation", "Rebalance", "Dump", "Repair", "Clone", "Evaluation", "Scan",
		"Upgrade", "Replay", "Recovery", "Copy", "Experiment", "Trial", "Test", NULL};
	static const char *const times[] = {"startTime", "startTimestamp", "startedAt",
		"completionTime", "completionTimestamp", "completedAt", "finishedAt", "endTime",
		NULL};

	for (size_t i = 0; endings[i]; i++)
		if (text_ends_with(subject->kind, endings[i]))
			return true;
	for (size_t i = 0; times[i]; i++)
		if (json_get(subject->status, times[i]))
			return true;
	return false;
}

enum sureness { NO_PHASE, PERHAPS_PHASE, SURE_PHASE };

// How sure a key is to hold a phase: by its name, or by the end of it. What is wanted, or was, is
// none.
static enum sureness phase_key(const char *key)
{
	static const char *const names[] = {
		"phase", "state", "status", "health", "compliant", NULL};
	static const char *const perhaps[] = {"result", "outcome", "stage", "verdict", "validation",
		"connection", "availability", NULL};
	static const char *const others[] = {"desired", "last", "previous", "target", NULL};

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(key, names[i]) == 0)
			return SURE_PHASE;
		if (text_ends_with(key, names[i]) && !key_has_word(key, others))
			return PERHAPS_PHASE;
	}
	for (size_t i = 0; perhaps[i]; i++)
		if (strcmp(key, perhaps[i]) == 0)
			return PERHAPS_PHASE;
	return NO_PHASE;
}

static bool say_phase(
	const cJSON *fields, enum status status, const cJSON *phase, struct health *out)
{
	static const char *const keys[] = {
		"message", "statusMessage", "reason", "description", "error", NULL};
	const char *message = NULL;

	for (size_t i = 0; keys[i] && !(message && *message); i++)
		message = json_text(fields, keys[i]);
	return health_say(out, status, "%s %s%s%s", phase->string, phase->valuestring,
		message && *message ? ": " : "", message && *message ? message : "");
}

// The words under keys that are as sure as that.
static void take_words(const struct subject *subject, const cJSON *fields, enum sureness sure,
	bool *decided, struct health *out)
{
	json_each (field, fields) {
		enum status status;

		if (!cJSON_IsString(field) || !*field->valuestring ||
			phase_key(field->string) != sure)
			continue;
		if (!phase_means(subject, field->valuestring, &status)) {
			if (sure == SURE_PHASE && !*decided)
				*decided = say_phase(fields, STATUS_UNKNOWN, field, out);
			continue;
		}
		if (text_ends_with(field->valuestring, "running") &&
			subject_is_meant_to_end(subject))
			status = STATUS_PROGRESSING;
		if (status == STATUS_HEALTHY && reason_is_failure(json_text(fields, "reason")))
			status = STATUS_DEGRADED;
		if (!*decided || health_outweighs(status, out->status))
			*decided = say_phase(fields, status, field, out);
	}
}

bool phase_judge(const struct subject *subject, const cJSON *fields, struct health *out)
{
	bool decided = false;

	if (!fields || !cJSON_IsObject(fields))
		return false;
	// A phase that nobody knows is not made good by a word that is only perhaps one.
	take_words(subject, fields, SURE_PHASE, &decided, out);
	take_words(subject, fields, PERHAPS_PHASE, &decided, out);
	return decided;
}

// Whether a key holds the word for the object as a whole: by its name, or by that after the name of
// its kind ("dbInstanceStatus" of a DBInstance).
static bool is_own_key(const char *kind, const char *key)
{
	static const char *const names[] = {
		"phase", "state", "status", "lifecyclestate", "provisioningstate", NULL};
	size_t length = kind ? strlen(kind) : 0;

	if (length > 0 && strncasecmp(key, kind, length) == 0)
		key += length;
	for (size_t i = 0; names[i]; i++)
		if (strcasecmp(key, names[i]) == 0)
			return true;
	return false;
}

// The word of a field, or in one: {"code": 16, "name": "running"}, {"statusCode": "ACTIVE"}.
static const cJSON *word_of(const cJSON *field)
{
	static const char *const keys[] = {"statusCode", "code", "name", NULL};

	if (cJSON_IsString(field))
		return field;
	if (!cJSON_IsObject(field))
		return NULL;
	// Of more than that the name is one.
	bool is_word = json_get(field, "code") || json_get(field, "statusCode") ||
		       (field->child && !field->child->next);
	if (!is_word)
		return NULL;
	for (size_t i = 0; keys[i]; i++)
		if (json_text(field, keys[i]))
			return json_get(field, keys[i]);
	return NULL;
}

bool own_word_judge(const struct subject *subject, struct health *out)
{
	bool decided = false;

	json_each (field, subject->status) {
		const cJSON *word =
			is_own_key(subject->kind, field->string) ? word_of(field) : NULL;
		enum status status;

		if (!word || !phase_means(subject, word->valuestring, &status) ||
			status == STATUS_HEALTHY || status == STATUS_UNKNOWN ||
			(decided && !health_outweighs(status, out->status)))
			continue;
		decided = health_say(out, status, "%s %s", field->string, word->valuestring);
	}
	return decided;
}
