// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

// One word for how it is, under a key like phase, state, status or health: older than conditions,
// and still common.

static const struct phase_word {
	const char *word;
	enum status status;
} phase_words[] = {
	{"accepted", STATUS_HEALTHY},
	{"active", STATUS_HEALTHY},
	{"applied", STATUS_HEALTHY},
	{"available", STATUS_HEALTHY},
	{"bound", STATUS_HEALTHY},
	{"complete", STATUS_HEALTHY},
	{"completed", STATUS_HEALTHY},
	{"compliant", STATUS_HEALTHY},
	{"created", STATUS_HEALTHY},
	{"deployed", STATUS_HEALTHY},
	{"established", STATUS_HEALTHY},
	{"exists", STATUS_HEALTHY},
	{"finished", STATUS_HEALTHY},
	{"green", STATUS_HEALTHY},
	{"health_ok", STATUS_HEALTHY},
	{"healthy", STATUS_HEALTHY},
	{"initialized", STATUS_HEALTHY},
	{"installed", STATUS_HEALTHY},
	{"ok", STATUS_HEALTHY},
	{"online", STATUS_HEALTHY},
	{"operational", STATUS_HEALTHY},
	{"provisioned", STATUS_HEALTHY},
	{"ready", STATUS_HEALTHY},
	{"reconciled", STATUS_HEALTHY},
	{"running", STATUS_HEALTHY},
	{"succeeded", STATUS_HEALTHY},
	{"success", STATUS_HEALTHY},
	{"successful", STATUS_HEALTHY},
	{"synced", STATUS_HEALTHY},
	{"valid", STATUS_HEALTHY},
	{"inprogress", STATUS_PROGRESSING},
	{"new", STATUS_PROGRESSING},
	{"notready", STATUS_PROGRESSING},
	{"notreconciled", STATUS_PROGRESSING},
	{"queued", STATUS_PROGRESSING},
	{"scheduled", STATUS_PROGRESSING},
	{"yellow", STATUS_PROGRESSING},
	{"aborted", STATUS_DEGRADED},
	{"canceled", STATUS_DEGRADED},
	{"cancelled", STATUS_DEGRADED},
	{"crashed", STATUS_DEGRADED},
	{"degraded", STATUS_DEGRADED},
	{"disabled", STATUS_DEGRADED},
	{"expired", STATUS_DEGRADED},
	{"health_warn", STATUS_DEGRADED},
	{"health_err", STATUS_DEGRADED},
	{"invalid", STATUS_DEGRADED},
	{"lost", STATUS_DEGRADED},
	{"noncompliant", STATUS_DEGRADED},
	{"offline", STATUS_DEGRADED},
	{"red", STATUS_DEGRADED},
	{"rejected", STATUS_DEGRADED},
	{"released", STATUS_DEGRADED},
	{"stalled", STATUS_DEGRADED},
	{"timeout", STATUS_DEGRADED},
	{"unavailable", STATUS_DEGRADED},
	{"unhealthy", STATUS_DEGRADED},
	{"warning", STATUS_DEGRADED},
	{"hibernated", STATUS_SUSPENDED},
	{"paused", STATUS_SUSPENDED},
	{"stopped", STATUS_SUSPENDED},
	{"suspended", STATUS_SUSPENDED},
	{"notfound", STATUS_MISSING},
	{"inconclusive", STATUS_UNKNOWN},
	{"unknown", STATUS_UNKNOWN},
};

static bool ends_with(const char *text, const char *ending)
{
	size_t length = strlen(text), tail = strlen(ending);

	return length >= tail && strcasecmp(text + length - tail, ending) == 0;
}

// Whether a word is, or in CamelCase begins with, something under way: "Provisioning",
// "ScalingDown", "UpgradePending".
static bool is_under_way(const char *word)
{
	for (const char *ing = strstr(word, "ing"); ing; ing = strstr(ing + 1, "ing"))
		if (ing > word && (ing[3] == '\0' || isupper((unsigned char)ing[3])))
			return true;
	return ends_with(word, "ing") || ends_with(word, "pending");
}

static bool phase_means(const char *word, enum status *status)
{
	static const char *const failing[] = {"fail", "error", NULL};

	for (size_t i = 0; i < sizeof phase_words / sizeof *phase_words; i++)
		if (strcasecmp(word, phase_words[i].word) == 0) {
			*status = phase_words[i].status;
			return true;
		}
	*status = words_occur(word, failing) ? STATUS_DEGRADED : STATUS_PROGRESSING;
	return *status == STATUS_DEGRADED || is_under_way(word);
}

// Of a kind that is meant to end ("BroadcastJob", "Backup"), running is not done.
static bool is_meant_to_end(const char *kind)
{
	static const char *const endings[] = {"Job", "Run", "Workflow", "Task", "Backup", "Restore",
		"Migration", "Build", "Snapshot", "Analysis", NULL};

	for (size_t i = 0; endings[i]; i++)
		if (ends_with(kind, endings[i]))
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
	static const char *const others[] = {"desired", "last", "previous", "target", NULL};

	for (size_t i = 0; names[i]; i++) {
		if (strcmp(key, names[i]) == 0)
			return SURE_PHASE;
		if (ends_with(key, names[i]) && !words_occur(key, others))
			return PERHAPS_PHASE;
	}
	return NO_PHASE;
}

static bool say_phase(
	const cJSON *fields, enum status status, const cJSON *phase, struct health *out)
{
	static const char *const keys[] = {
		"message", "statusMessage", "reason", "description", NULL};
	const char *message = NULL;

	for (size_t i = 0; keys[i] && !(message && *message); i++)
		message = json_text(fields, keys[i]);
	return health_say(out, status, "%s %s%s%s", phase->string, phase->valuestring,
		message && *message ? ": " : "", message && *message ? message : "");
}

bool phase_judge(const struct subject *subject, const cJSON *fields, struct health *out)
{
	bool decided = false;

	if (!fields || !cJSON_IsObject(fields))
		return false;
	json_each (field, fields) {
		bool is_word = cJSON_IsString(field) && *field->valuestring;
		enum sureness sure = is_word ? phase_key(field->string) : NO_PHASE;
		enum status status;

		if (sure == NO_PHASE)
			continue;
		if (!phase_means(field->valuestring, &status)) {
			if (sure == SURE_PHASE && !decided)
				decided = say_phase(fields, STATUS_UNKNOWN, field, out);
			continue;
		}
		if (strcasecmp(field->valuestring, "running") == 0 &&
			is_meant_to_end(subject->kind))
			status = STATUS_PROGRESSING;
		if (!decided || health_outweighs(status, out->status))
			decided = say_phase(fields, status, field, out);
	}
	return decided;
}
