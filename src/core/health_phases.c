// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

// One word for how it is, under a key like phase, state, status or health: older than conditions,
// and still common.

// Words as they are written without case and without what is no letter or digit. Those that are a
// step as often as they are the end ("Created", "Provisioned", "Accepted") are left out: unknown
// beats a wrong healthy.
static const struct phase_word {
	const char *word;
	enum status status;
} phase_words[] = {
	{"active", STATUS_HEALTHY},
	{"alive", STATUS_HEALTHY},
	{"applied", STATUS_HEALTHY},
	{"attached", STATUS_HEALTHY},
	{"available", STATUS_HEALTHY},
	{"bound", STATUS_HEALTHY},
	{"complete", STATUS_HEALTHY},
	{"completed", STATUS_HEALTHY},
	{"compliant", STATUS_HEALTHY},
	{"configured", STATUS_HEALTHY},
	{"connected", STATUS_HEALTHY},
	{"deployed", STATUS_HEALTHY},
	{"done", STATUS_HEALTHY},
	{"established", STATUS_HEALTHY},
	{"exists", STATUS_HEALTHY},
	{"finished", STATUS_HEALTHY},
	{"green", STATUS_HEALTHY},
	{"healthok", STATUS_HEALTHY},
	{"healthy", STATUS_HEALTHY},
	{"insync", STATUS_HEALTHY},
	{"installed", STATUS_HEALTHY},
	{"normal", STATUS_HEALTHY},
	{"ok", STATUS_HEALTHY},
	{"online", STATUS_HEALTHY},
	{"operational", STATUS_HEALTHY},
	{"passed", STATUS_HEALTHY},
	{"propagated", STATUS_HEALTHY},
	{"published", STATUS_HEALTHY},
	{"ready", STATUS_HEALTHY},
	{"reconciled", STATUS_HEALTHY},
	{"registered", STATUS_HEALTHY},
	{"running", STATUS_HEALTHY},
	{"serving", STATUS_HEALTHY},
	{"stable", STATUS_HEALTHY},
	{"subscribed", STATUS_HEALTHY},
	{"succeeded", STATUS_HEALTHY},
	{"success", STATUS_HEALTHY},
	{"successful", STATUS_HEALTHY},
	{"synced", STATUS_HEALTHY},
	{"synchronized", STATUS_HEALTHY},
	{"up", STATUS_HEALTHY},
	{"updated", STATUS_HEALTHY},
	{"uptodate", STATUS_HEALTHY},
	{"valid", STATUS_HEALTHY},
	{"acknowledged", STATUS_HEALTHY},
	{"clean", STATUS_HEALTHY},
	{"current", STATUS_HEALTHY},
	{"enabled", STATUS_HEALTHY},
	{"executed", STATUS_HEALTHY},
	{"functional", STATUS_HEALTHY},
	{"good", STATUS_HEALTHY},
	{"idle", STATUS_HEALTHY},
	{"imported", STATUS_HEALTHY},
	{"inservice", STATUS_HEALTHY},
	{"inuse", STATUS_HEALTHY},
	{"listening", STATUS_HEALTHY},
	{"live", STATUS_HEALTHY},
	{"mounted", STATUS_HEALTHY},
	{"nominal", STATUS_HEALTHY},
	{"open", STATUS_HEALTHY},
	{"optimal", STATUS_HEALTHY},
	{"passing", STATUS_HEALTHY},
	{"processed", STATUS_HEALTHY},
	{"promoted", STATUS_HEALTHY},
	{"restored", STATUS_HEALTHY},
	{"satisfied", STATUS_HEALTHY},
	{"signed", STATUS_HEALTHY},
	{"stored", STATUS_HEALTHY},
	{"streaming", STATUS_HEALTHY},
	{"unchanged", STATUS_HEALTHY},
	{"unsealed", STATUS_HEALTHY},
	{"validated", STATUS_HEALTHY},
	{"verified", STATUS_HEALTHY},
	{"succeed", STATUS_HEALTHY},
	{"adopted", STATUS_HEALTHY},
	{"cached", STATUS_HEALTHY},
	{"claimed", STATUS_HEALTHY},
	{"pass", STATUS_HEALTHY},
	{"settled", STATUS_HEALTHY},
	{"solved", STATUS_HEALTHY},
	{"externallyprovisioned", STATUS_HEALTHY},
	{"inprogress", STATUS_PROGRESSING},
	{"new", STATUS_PROGRESSING},
	{"notready", STATUS_PROGRESSING},
	{"notreconciled", STATUS_PROGRESSING},
	{"outofsync", STATUS_PROGRESSING},
	{"queued", STATUS_PROGRESSING},
	{"requested", STATUS_PROGRESSING},
	{"scheduled", STATUS_PROGRESSING},
	{"started", STATUS_PROGRESSING},
	{"submitted", STATUS_PROGRESSING},
	{"accepting", STATUS_PROGRESSING},
	{"init", STATUS_PROGRESSING},
	{"yellow", STATUS_PROGRESSING},
	{"assigned", STATUS_PROGRESSING},
	{"bootstrap", STATUS_PROGRESSING},
	{"enqueued", STATUS_PROGRESSING},
	{"inqueue", STATUS_PROGRESSING},
	{"ongoing", STATUS_PROGRESSING},
	{"outdated", STATUS_PROGRESSING},
	{"outofdate", STATUS_PROGRESSING},
	{"partiallyready", STATUS_PROGRESSING},
	{"planned", STATUS_PROGRESSING},
	{"prepared", STATUS_PROGRESSING},
	{"received", STATUS_PROGRESSING},
	{"resync", STATUS_PROGRESSING},
	{"retry", STATUS_PROGRESSING},
	{"start", STATUS_PROGRESSING},
	{"unbound", STATUS_PROGRESSING},
	{"unstarted", STATUS_PROGRESSING},
	{"forming", STATUS_PROGRESSING},
	{"busy", STATUS_PROGRESSING},
	{"intransit", STATUS_PROGRESSING},
	{"notinstalled", STATUS_PROGRESSING},
	{"setup", STATUS_PROGRESSING},
	{"aborted", STATUS_DEGRADED},
	{"blocked", STATUS_DEGRADED},
	{"canceled", STATUS_DEGRADED},
	{"cancelled", STATUS_DEGRADED},
	{"conflict", STATUS_DEGRADED},
	{"crashed", STATUS_DEGRADED},
	{"dead", STATUS_DEGRADED},
	{"degraded", STATUS_DEGRADED},
	{"denied", STATUS_DEGRADED},
	{"disabled", STATUS_DEGRADED},
	{"disconnected", STATUS_DEGRADED},
	{"down", STATUS_DEGRADED},
	{"expired", STATUS_DEGRADED},
	{"faulted", STATUS_DEGRADED},
	{"healthwarn", STATUS_DEGRADED},
	{"healtherr", STATUS_DEGRADED},
	{"invalid", STATUS_DEGRADED},
	{"lost", STATUS_DEGRADED},
	{"noncompliant", STATUS_DEGRADED},
	{"offline", STATUS_DEGRADED},
	{"red", STATUS_DEGRADED},
	{"rejected", STATUS_DEGRADED},
	{"released", STATUS_DEGRADED},
	{"stalled", STATUS_DEGRADED},
	{"terminated", STATUS_DEGRADED},
	{"timeout", STATUS_DEGRADED},
	{"timedout", STATUS_DEGRADED},
	{"unavailable", STATUS_DEGRADED},
	{"unhealthy", STATUS_DEGRADED},
	{"unreachable", STATUS_DEGRADED},
	{"unusable", STATUS_DEGRADED},
	{"warning", STATUS_DEGRADED},
	{"alarm", STATUS_DEGRADED},
	{"alert", STATUS_DEGRADED},
	{"bad", STATUS_DEGRADED},
	{"broken", STATUS_DEGRADED},
	{"corrupt", STATUS_DEGRADED},
	{"corrupted", STATUS_DEGRADED},
	{"critical", STATUS_DEGRADED},
	{"fatal", STATUS_DEGRADED},
	{"forbidden", STATUS_DEGRADED},
	{"impaired", STATUS_DEGRADED},
	{"inactive", STATUS_DEGRADED},
	{"incompatible", STATUS_DEGRADED},
	{"interrupted", STATUS_DEGRADED},
	{"lagging", STATUS_DEGRADED},
	{"misconfigured", STATUS_DEGRADED},
	{"mismatch", STATUS_DEGRADED},
	{"noquorum", STATUS_DEGRADED},
	{"nopods", STATUS_DEGRADED},
	{"notok", STATUS_DEGRADED},
	{"orphaned", STATUS_DEGRADED},
	{"overloaded", STATUS_DEGRADED},
	{"panic", STATUS_DEGRADED},
	{"partial", STATUS_DEGRADED},
	{"partiallyavailable", STATUS_DEGRADED},
	{"partiallydegraded", STATUS_DEGRADED},
	{"quarantined", STATUS_DEGRADED},
	{"refused", STATUS_DEGRADED},
	{"revoked", STATUS_DEGRADED},
	{"splitbrain", STATUS_DEGRADED},
	{"stale", STATUS_DEGRADED},
	{"stuck", STATUS_DEGRADED},
	{"throttled", STATUS_DEGRADED},
	{"unauthorized", STATUS_DEGRADED},
	{"unschedulable", STATUS_DEGRADED},
	{"unstable", STATUS_DEGRADED},
	{"unsupported", STATUS_DEGRADED},
	{"abnormal", STATUS_DEGRADED},
	{"quorumlost", STATUS_DEGRADED},
	{"datalost", STATUS_DEGRADED},
	{"backoff", STATUS_DEGRADED},
	{"desynced", STATUS_DEGRADED},
	{"drifted", STATUS_DEGRADED},
	{"sealed", STATUS_DEGRADED},
	{"hibernated", STATUS_SUSPENDED},
	{"paused", STATUS_SUSPENDED},
	{"stopped", STATUS_SUSPENDED},
	{"suspended", STATUS_SUSPENDED},
	{"cordoned", STATUS_SUSPENDED},
	{"fenced", STATUS_SUSPENDED},
	{"frozen", STATUS_SUSPENDED},
	{"halted", STATUS_SUSPENDED},
	{"hibernating", STATUS_SUSPENDED},
	{"maintenance", STATUS_SUSPENDED},
	{"onhold", STATUS_SUSPENDED},
	{"poweredoff", STATUS_SUSPENDED},
	{"shutdown", STATUS_SUSPENDED},
	{"shutoff", STATUS_SUSPENDED},
	{"sleeping", STATUS_SUSPENDED},
	{"unmanaged", STATUS_SUSPENDED},
	{"archived", STATUS_SUSPENDED},
	{"dormant", STATUS_SUSPENDED},
	{"notfound", STATUS_MISSING},
	{"missing", STATUS_MISSING},
	{"deletecomplete", STATUS_MISSING},
	{"absent", STATUS_MISSING},
	{"deleted", STATUS_MISSING},
	{"destroyed", STATUS_MISSING},
	{"gone", STATUS_MISSING},
	{"removed", STATUS_MISSING},
	{"uninstalled", STATUS_MISSING},
	{"inconclusive", STATUS_UNKNOWN},
	{"unknown", STATUS_UNKNOWN},
};

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

static bool word_known(const char *plain, enum status *status)
{
	for (size_t i = 0; i < sizeof phase_words / sizeof *phase_words; i++)
		if (strcmp(plain, phase_words[i].word) == 0) {
			*status = phase_words[i].status;
			return true;
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

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
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
	size_t bracket = strcspn(text, "(");
	bool is_count = !text[bracket + strcspn(text + bracket, LETTERS)];
	snprintf(word, sizeof word, "%.*s", is_count ? (int)bracket : (int)strlen(text), text);
	if (!plain_word(word, plain))
		return false;
	if (word_known(plain, status))
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
		"message", "statusMessage", "reason", "description", NULL};
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
