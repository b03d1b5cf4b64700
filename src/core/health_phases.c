// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

// One word for how it is, under a key like phase, state, status or health: older than conditions,
// and still common.

// Words as they are written without case and without what is no letter or digit.
static const struct phase_word {
	const char *word;
	enum status status;
} phase_words[] = {
	{"accepted", STATUS_HEALTHY},
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
	{"created", STATUS_HEALTHY},
	{"deployed", STATUS_HEALTHY},
	{"done", STATUS_HEALTHY},
	{"established", STATUS_HEALTHY},
	{"exists", STATUS_HEALTHY},
	{"finished", STATUS_HEALTHY},
	{"green", STATUS_HEALTHY},
	{"healthok", STATUS_HEALTHY},
	{"healthy", STATUS_HEALTHY},
	{"initialized", STATUS_HEALTHY},
	{"insync", STATUS_HEALTHY},
	{"installed", STATUS_HEALTHY},
	{"normal", STATUS_HEALTHY},
	{"ok", STATUS_HEALTHY},
	{"online", STATUS_HEALTHY},
	{"operational", STATUS_HEALTHY},
	{"passed", STATUS_HEALTHY},
	{"propagated", STATUS_HEALTHY},
	{"provisioned", STATUS_HEALTHY},
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
	{"hibernated", STATUS_SUSPENDED},
	{"paused", STATUS_SUSPENDED},
	{"stopped", STATUS_SUSPENDED},
	{"suspended", STATUS_SUSPENDED},
	{"notfound", STATUS_MISSING},
	{"missing", STATUS_MISSING},
	{"deletecomplete", STATUS_MISSING},
	{"inconclusive", STATUS_UNKNOWN},
	{"unknown", STATUS_UNKNOWN},
};

// Words that are in compound ones wherever they stand ("UPDATE_ROLLBACK_COMPLETE").
static const char *const failing[] = {"fail", "error", "rollback", "rolledback", "invalid",
	"unhealthy", "crash", "denied", "exceeded", "timedout", NULL};

#define WORD_BYTES 64

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

static bool phase_means(const char *word, enum status *status)
{
	char plain[WORD_BYTES];

	// Names of enumerators keep the name of their type in front.
	if (strncmp(word, "STATE_", 6) == 0 || strncmp(word, "PHASE_", 6) == 0)
		word += 6;
	if (!plain_word(word, plain))
		return false;
	for (size_t i = 0; i < sizeof phase_words / sizeof *phase_words; i++)
		if (strcmp(plain, phase_words[i].word) == 0) {
			*status = phase_words[i].status;
			return true;
		}
	*status = words_occur(plain, failing) ? STATUS_DEGRADED : STATUS_PROGRESSING;
	return *status == STATUS_DEGRADED || word_is_under_way(word) || strstr(plain, "inprogress");
}

bool kind_is_meant_to_end(const char *kind)
{
	static const char *const endings[] = {"Job", "Run", "Workflow", "Task", "Backup", "Restore",
		"Migration", "Build", "Snapshot", "Analysis", NULL};

	for (size_t i = 0; endings[i]; i++)
		if (text_ends_with(kind, endings[i]))
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
		if (text_ends_with(key, names[i]) && !words_occur(key, others))
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
		if (text_ends_with(field->valuestring, "running") &&
			kind_is_meant_to_end(subject->kind))
			status = STATUS_PROGRESSING;
		if (!decided || health_outweighs(status, out->status))
			decided = say_phase(fields, status, field, out);
	}
	return decided;
}
