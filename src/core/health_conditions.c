// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "health_rules.h"

// Conditions of kinds that have no rule of their own. Their types are words that people chose, yet
// from few: what one means is read from the end of the word ("ControlPlaneReady",
// "DatabaseSynced"). Sources: the Kubernetes API conventions ("Typical status properties"), kstatus
// (Reconciling, Stalled), and Cluster API (condition severities).

// What a condition type says when it is True.
enum meaning {
	SUMMARY, // wanted, and said of the whole object
	GOOD,    // wanted; judged by its reason where it is False
	GOAL,    // wanted at the end; until then under way
	PART,    // wanted, of a part: what is said of the whole outweighs it
	STAGE,   // a step on the way, which says nothing of the end when it is reached
	BAD,     // a failure
	BUSY,    // under way
	RUNS,    // runs: well for a service, under way for what is meant to end
	HELD,    // paused by someone
};

// Types are compared without case and "-", and without a prefix that ends in "/" or ".". A row with
// `is_ending` also matches types whose last words it is ("InfrastructureReady", but "Installed"
// does not end in Stalled). The first match counts.
static const struct condition_type {
	const char *type;
	enum meaning meaning;
	bool is_ending;
} condition_types[] = {
	{"ready", SUMMARY, false},
	{"readytouse", GOOD, false},
	{"available", SUMMARY, false},
	{"healthy", SUMMARY, false},
	{"synced", GOOD, false},
	{"resourcesynced", GOOD, false},
	{"reconciled", GOOD, false},
	{"accepted", GOOD, false},
	{"programmed", GOOD, false},
	{"resolvedrefs", GOOD, false},
	{"admitted", GOOD, false},
	{"valid", GOOD, false},
	{"validated", GOOD, false},
	{"installed", GOOD, false},
	{"deployed", GOOD, false},
	{"established", GOOD, false},
	{"configured", GOOD, false},
	{"advertised", GOOD, false},
	{"discoverable", GOOD, false},
	{"compliant", GOOD, false},
	{"provisioned", GOOD, false},
	{"bound", GOOD, false},
	{"attached", GOOD, false},
	{"connected", GOOD, false},
	{"reachable", GOOD, false},
	{"registered", GOOD, false},
	{"published", GOOD, false},
	{"online", GOOD, false},
	{"operational", GOOD, false},
	{"uptodate", GOOD, false},
	{"continuousarchiving", GOOD, false}, // CloudNativePG
	{"succeeded", GOOD, false},
	{"successful", GOAL, false},
	{"complete", GOAL, false},
	{"completed", GOAL, false},
	{"finished", GOAL, false},
	{"done", GOAL, false},
	{"running", RUNS, false},
	{"waiting", HELD, false},
	{"lastasyncoperation", PART, false}, // Upjet: Crossplane's generated providers

	// Failures, before the good words that some of them end in.
	{"partiallyready", BAD, false},
	{"invalidspec", BAD, false},
	{"erroroccurred", BAD, false},
	{"fallback", BAD, false},
	{"lost", BAD, false},
	{"reconcileerror", BAD, true},
	{"notready", BUSY, true},
	{"notavailable", BUSY, true},
	{"failed", BAD, true},
	{"failure", BAD, true},
	{"failing", BAD, true},
	{"failures", BAD, true},
	{"degraded", BAD, true},
	{"stalled", BAD, true},
	{"error", BAD, true},
	{"errors", BAD, true},
	{"errored", BAD, true},
	{"invalid", BAD, true},
	{"unhealthy", BAD, true},
	{"unreachable", BAD, true},
	{"unschedulable", BAD, true},
	{"rejected", BAD, true},
	{"denied", BAD, true},
	{"expired", BAD, true},
	{"conflicted", BAD, true},
	{"conflict", BAD, true},
	{"crashed", BAD, true},
	{"exceeded", BAD, true},
	{"deadlineexceeded", BAD, true},
	{"corrupted", BAD, true},
	{"stuck", BAD, true},
	{"blocked", BAD, true},
	{"dead", BAD, true},
	{"pressure", BAD, true},
	{"terminal", BAD, true}, // ACK.Terminal, ACK.Recoverable
	{"recoverable", BAD, true},

	{"paused", HELD, true},
	{"suspended", HELD, true},
	{"suspend", HELD, false},
	{"hibernated", HELD, true},
	{"stopped", HELD, false},

	{"progressing", BUSY, true},
	{"reconciling", BUSY, true},
	{"processing", BUSY, true},
	{"pending", BUSY, true},
	{"updating", BUSY, true},
	{"updateinprogress", BUSY, true},
	{"inprogress", BUSY, true},
	{"upgrading", BUSY, true},
	{"creating", BUSY, true},
	{"deleting", BUSY, true},
	{"provisioning", BUSY, true},
	{"issuing", BUSY, true},
	{"terminating", BUSY, true},
	{"rolling", BUSY, true},
	{"rollingout", BUSY, true},
	{"rollingupdate", BUSY, true},
	{"scalingup", BUSY, true},
	{"scalingdown", BUSY, true},
	{"scaling", BUSY, true},
	{"resizing", BUSY, true},
	{"remediating", BUSY, true},
	{"restoring", BUSY, true},
	{"migrating", BUSY, true},
	{"initializing", BUSY, true},
	{"installing", BUSY, true},
	{"deploying", BUSY, true},
	{"restarting", BUSY, true},
	{"draining", BUSY, true},
	{"recovering", BUSY, true},
	{"rebalancing", BUSY, true},
	{"bootstrapping", BUSY, true},
	{"expanding", BUSY, true},
	{"syncing", BUSY, true},

	{"installed", PART, true},
	{"applied", GOOD, true},
	{"synchronized", GOOD, true},
	{"ready", PART, true},
	{"available", PART, true},
	{"healthy", PART, true},
	{"synced", PART, true},
	{"succeeded", PART, true},
	{"uptodate", PART, true},
	{"reconciled", PART, true},
	{"deployed", PART, true},
	{"provisioned", PART, true},
	{"configured", PART, true},
	{"valid", PART, true},
	{"validated", PART, true},
	{"connected", PART, true},
	{"reachable", PART, true},
	{"registered", PART, true},
	{"attached", PART, true},
	{"completed", PART, true},
	{"complete", PART, true},
	{"established", PART, true},
	{"compliant", PART, true},
	{"resolved", PART, true},
	{"accepted", PART, true},
	{"verified", PART, true},
	{"running", PART, true},
	{"active", PART, true},
	{"up", PART, true},
	{"ok", PART, true},

	{"created", STAGE, true},
	{"initialized", STAGE, true},
	{"scheduled", STAGE, true},
	{"started", STAGE, true},
	{"approved", STAGE, true},
	{"allocated", STAGE, true},
	{"assigned", STAGE, true},
	{"submitted", STAGE, true},
	{"launched", STAGE, true},
	{"joined", STAGE, true},
	{"loaded", STAGE, true},
	{"bootstrapped", STAGE, true},
	{"generated", STAGE, true},
	{"fetched", STAGE, true},
	{"updated", STAGE, true},
	{"enabled", STAGE, true},
};

// Whether the words of a type may begin at `at`: "ControlPlaneReady", "infrastructure-ready".
static bool begins_word(const char *type, size_t at)
{
	return at == 0 || !isalnum((unsigned char)type[at - 1]) ||
	       (isupper((unsigned char)type[at]) && !isupper((unsigned char)type[at - 1]));
}

// Compares as the table above asks, from the end of the type backwards.
static bool type_matches(const char *type, const struct condition_type *row)
{
	size_t at = strlen(type), left = strlen(row->type);

	while (left > 0) {
		if (at == 0)
			return false;
		at--;
		if (type[at] == '-' || type[at] == '_' || type[at] == ' ')
			continue;
		if (strncasecmp(&type[at], &row->type[left - 1], 1) != 0)
			return false;
		left--;
	}
	if (at == 0 || type[at - 1] == '/' || type[at - 1] == '.')
		return true;
	return row->is_ending && begins_word(type, at);
}

static const struct condition_type *type_lookup(const char *type)
{
	for (size_t i = 0; type && i < sizeof condition_types / sizeof *condition_types; i++)
		if (type_matches(type, &condition_types[i]))
			return &condition_types[i];
	return NULL;
}

// Whether a message begins as one that tells of a failure. Further in it may tell of another try.
static bool message_is_failure(const char *message)
{
	static const char *const beginnings[] = {
		"fail", "error", "unable to", "cannot ", "could not ", NULL};

	for (size_t i = 0; message && beginnings[i]; i++)
		if (strncasecmp(message, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

// Whether a condition that is wanted and not True tells of a failure, by its severity (Cluster
// API), its reason, or how its message begins.
static bool has_failed(const cJSON *condition)
{
	const char *severity = json_text(condition, "severity");

	if (severity && *severity)
		return strcmp(severity, "Error") == 0 ||
		       reason_is_failure(json_text(condition, "reason"));
	return reason_is_failure(json_text(condition, "reason")) ||
	       message_is_failure(json_text(condition, "message"));
}

// What a wanted condition means where it is not True: a failure, a pause, or on its way; without
// any sign of these, one that is False with a reason has failed, unless another says that something
// is being done.
static enum status not_yet_or_broken(const cJSON *condition, bool is_busy)
{
	static const char *const held[] = {"paused", "suspended", NULL};
	const char *severity = json_text(condition, "severity"),
		   *reason = json_text(condition, "reason");
	const char *message = json_text(condition, "message");

	if (words_occur(reason, held))
		return STATUS_SUSPENDED;
	if (has_failed(condition) || condition_is(condition, "Degraded"))
		return STATUS_DEGRADED;
	if (!condition_is(condition, "False") || (severity && *severity) ||
		reason_is_waiting(reason) || is_busy)
		return STATUS_PROGRESSING;
	return (reason && *reason) || (message && *message) ? STATUS_DEGRADED : STATUS_PROGRESSING;
}

// Ansible operators say Running of their own playbook: with the reason Running while it runs, with
// Successful until the next run.
static enum status running(const struct subject *subject, const cJSON *condition)
{
	static const char *const done[] = {"success", NULL};
	const char *reason = json_text(condition, "reason");

	if (reason_is_failure(reason))
		return STATUS_DEGRADED;
	if (words_occur(reason, done))
		return STATUS_HEALTHY;
	return (reason && strcmp(reason, "Running") == 0) || kind_is_meant_to_end(subject->kind)
		       ? STATUS_PROGRESSING
		       : STATUS_HEALTHY;
}

// Progressing stays True after a rollout, with a reason that says that it is over.
static bool is_over(const cJSON *condition)
{
	static const char *const words[] = {
		"available", "complete", "succeeded", "running", "asexpected", NULL};

	return words_occur(json_text(condition, "reason"), words);
}

static bool is_outdated(const struct subject *subject, const cJSON *condition)
{
	int64_t wanted = json_int(subject->metadata, "generation", -1);
	int64_t seen = json_int(condition, "observedGeneration", -1);

	return seen >= 0 && seen < wanted;
}

// What the conditions of a list are to each other.
struct company {
	bool summed_up; // one speaks for the whole object; what has reached its goal does, too
	bool is_busy;   // one says that something is under way
};

// What one condition says: true with *status set, or false for nothing.
static bool condition_means(const struct subject *subject, enum meaning meaning,
	struct company company, const cJSON *condition, enum status *status)
{
	bool is_true = condition_is(condition, "True");
	bool failed = reason_is_failure(json_text(condition, "reason"));

	switch (meaning) {
	case SUMMARY:
	case GOOD:
	case PART:
		*status = is_true ? STATUS_HEALTHY : not_yet_or_broken(condition, company.is_busy);
		return true;
	case GOAL:
		*status = failed || (!is_true && has_failed(condition)) ? STATUS_DEGRADED
			  : is_true                                     ? STATUS_HEALTHY
									: STATUS_PROGRESSING;
		return true;
	case STAGE:
		*status = has_failed(condition) ? STATUS_DEGRADED : STATUS_PROGRESSING;
		return !is_true;
	case BAD: *status = STATUS_DEGRADED; return is_true;
	case HELD: *status = STATUS_SUSPENDED; return is_true;
	case RUNS:
		*status = failed ? STATUS_DEGRADED : running(subject, condition);
		return is_true || failed;
	case BUSY:
		*status = failed ? STATUS_DEGRADED : STATUS_PROGRESSING;
		return is_true ? !is_over(condition) : failed && condition_is(condition, "False");
	}
	return false;
}

static struct company look_around(const cJSON *conditions)
{
	struct company company = {false, false};

	json_each (condition, conditions) {
		const struct condition_type *row = type_lookup(json_text(condition, "type"));
		bool is_true = condition_is(condition, "True");

		if (!row)
			continue;
		company.summed_up |= row->meaning == SUMMARY || (row->meaning == GOAL && is_true);
		company.is_busy |= row->meaning == BUSY && is_true && !is_over(condition) &&
				   !reason_is_failure(json_text(condition, "reason"));
	}
	return company;
}

// Parts count where nothing speaks for the whole; beside that only one that has failed does.
static bool is_heard(enum meaning meaning, const cJSON *condition, struct company company)
{
	if (!company.summed_up || (meaning != PART && meaning != STAGE))
		return true;
	return !condition_is(condition, "True") && has_failed(condition);
}

bool conditions_judge(const struct subject *subject, const cJSON *conditions, struct health *out)
{
	const cJSON *deciding = NULL;
	enum status decided = STATUS_HEALTHY;
	struct company company = look_around(conditions);

	json_each (condition, conditions) {
		const struct condition_type *row = type_lookup(json_text(condition, "type"));
		enum status status;

		if (!row || !is_heard(row->meaning, condition, company))
			continue;
		if ((row->meaning == SUMMARY || row->meaning == GOOD) &&
			is_outdated(subject, condition))
			return health_say(out, STATUS_PROGRESSING, "%s is of an older generation",
				json_text(condition, "type"));
		if (!condition_means(subject, row->meaning, company, condition, &status))
			continue;
		if (!deciding || health_outweighs(status, decided)) {
			deciding = condition;
			decided = status;
		}
	}
	return deciding && condition_say(out, decided, deciding);
}

bool flag_means(const char *key, bool is_true, enum status *status)
{
	const struct condition_type *row = type_lookup(key);

	if (!row)
		return false;
	// A flag is no sentence: "ready" is wanted, what "cacheReady" is good for is not known.
	bool is_whole = strlen(key) == strlen(row->type);
	switch (row->meaning) {
	case SUMMARY:
	case GOOD:
	case GOAL:
		*status = is_true                             ? STATUS_HEALTHY
			  : strcmp(row->type, "healthy") == 0 ? STATUS_DEGRADED
							      : STATUS_PROGRESSING;
		return is_whole;
	case BAD: *status = STATUS_DEGRADED; return is_true;
	case HELD: *status = STATUS_SUSPENDED; return is_true;
	case BUSY: *status = STATUS_PROGRESSING; return is_true;
	case RUNS:
	case PART:
	case STAGE: break;
	}
	return false;
}
