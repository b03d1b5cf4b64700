// SPDX-License-Identifier: Apache-2.0
#include "health_condition_types.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "health_rules.h"

// Types are words that people chose, yet from few. They are compared without case and "-", and
// without a prefix that ends in "/" or ".". A row with `is_ending` also matches types whose last
// words it is ("InfrastructureReady", but "Installed" does not end in Stalled). The first match
// counts.
static const struct condition_type condition_types[] = {
	{"ready", MEANS_SUMMARY, false},
	{"readytouse", MEANS_GOOD, false},
	{"available", MEANS_SUMMARY, false},
	{"healthy", MEANS_SUMMARY, false},
	{"synced", MEANS_GOOD, false},
	{"resourcesynced", MEANS_GOOD, false},
	{"reconciled", MEANS_GOOD, false},
	{"accepted", MEANS_GOOD, false},
	{"programmed", MEANS_GOOD, false},
	{"resolvedrefs", MEANS_GOOD, false},
	{"admitted", MEANS_GOOD, false},
	{"valid", MEANS_GOOD, false},
	{"validated", MEANS_GOOD, false},
	{"installed", MEANS_GOOD, false},
	{"deployed", MEANS_GOOD, false},
	{"established", MEANS_GOOD, false},
	{"offered", MEANS_GOOD, false}, // Crossplane's definitions of claims
	{"configured", MEANS_GOOD, false},
	{"advertised", MEANS_GOOD, false},
	{"discoverable", MEANS_GOOD, false},
	{"compliant", MEANS_GOOD, false},
	{"provisioned", MEANS_GOOD, false},
	{"bound", MEANS_GOOD, false},
	{"attached", MEANS_GOOD, false},
	{"connected", MEANS_GOOD, false},
	{"reachable", MEANS_GOOD, false},
	{"health", MEANS_GOOD, false},
	{"registered", MEANS_GOOD, false},
	{"published", MEANS_GOOD, false},
	{"online", MEANS_GOOD, false},
	{"operational", MEANS_GOOD, false},
	{"uptodate", MEANS_GOOD, false},
	{"continuousarchiving", MEANS_GOOD, false}, // CloudNativePG
	{"succeeded", MEANS_GOOD, false},
	{"wellformed", MEANS_GOOD, false},
	{"reconcilesuccess", MEANS_GOOD, false},
	{"importsuccess", MEANS_GOOD, false},
	{"serving", MEANS_GOOD, false},
	{"listening", MEANS_GOOD, false},
	{"addressable", MEANS_GOOD, false},
	{"successful", MEANS_GOAL, false},
	{"complete", MEANS_GOAL, false},
	{"completed", MEANS_GOAL, false},
	{"finished", MEANS_GOAL, false},
	{"done", MEANS_GOAL, false},
	{"running", MEANS_RUNS, false},
	{"waiting", MEANS_HELD, false},
	{"lastasyncoperation", MEANS_PART, false}, // Upjet: Crossplane's generated providers

	// Failures, before the good words that some of them end in.
	{"partiallyready", MEANS_BAD, false},
	{"invalidspec", MEANS_BAD, false},
	{"erroroccurred", MEANS_BAD, false},
	{"fallback", MEANS_BAD, false},
	{"lost", MEANS_BAD, true},
	{"irreconcilable", MEANS_BAD, false},
	{"activitieshalted", MEANS_BAD, false},
	{"outofquorum", MEANS_BAD, false},
	{"missing", MEANS_BAD, true},
	{"notfound", MEANS_BAD, true},
	{"down", MEANS_BAD, false},
	{"offline", MEANS_BAD, false},
	{"reconcileerror", MEANS_BAD, true},
	{"notready", MEANS_BUSY, true},
	{"notavailable", MEANS_BUSY, true},
	{"outofsync", MEANS_BUSY, true},
	{"outofdate", MEANS_BUSY, true},
	{"outdated", MEANS_BUSY, true},
	{"failed", MEANS_BAD, true},
	{"failure", MEANS_BAD, true},
	{"failing", MEANS_BAD, true},
	{"failures", MEANS_BAD, true},
	{"degraded", MEANS_BAD, true},
	{"stalled", MEANS_BAD, true},
	{"error", MEANS_BAD, true},
	{"errors", MEANS_BAD, true},
	{"errored", MEANS_BAD, true},
	{"invalid", MEANS_BAD, true},
	{"unhealthy", MEANS_BAD, true},
	{"unreachable", MEANS_BAD, true},
	{"unschedulable", MEANS_BAD, true},
	{"rejected", MEANS_BAD, true},
	{"denied", MEANS_BAD, true},
	{"expired", MEANS_BAD, true},
	{"conflicted", MEANS_BAD, true},
	{"conflict", MEANS_BAD, true},
	{"crashed", MEANS_BAD, true},
	{"exceeded", MEANS_BAD, true},
	{"deadlineexceeded", MEANS_BAD, true},
	{"corrupted", MEANS_BAD, true},
	{"stuck", MEANS_BAD, true},
	{"stale", MEANS_BAD, true},
	{"detached", MEANS_BAD, false}, // a Gateway's listener
	{"blocked", MEANS_BAD, true},
	{"dead", MEANS_BAD, true},
	{"pressure", MEANS_BAD, true},
	{"full", MEANS_BAD, true},
	{"loss", MEANS_BAD, true},
	{"lagging", MEANS_BAD, true},
	{"nodedown", MEANS_BAD, true},
	{"leaderdown", MEANS_BAD, true},
	{"primarydown", MEANS_BAD, true},
	{"sealed", MEANS_BAD, true},
	{"errorsexist", MEANS_BAD, true},
	{"deadlock", MEANS_BAD, true},
	{"readonlyfilesystem", MEANS_BAD, true},
	{"unavailable", MEANS_BAD, true},
	{"misconfigured", MEANS_BAD, true},
	{"disconnected", MEANS_BAD, true},
	{"orphaned", MEANS_BAD, true},
	{"dangling", MEANS_BAD, true},
	{"aborted", MEANS_BAD, true},
	{"canceled", MEANS_BAD, true},
	{"cancelled", MEANS_BAD, true},
	{"evicted", MEANS_BAD, true},
	{"timeout", MEANS_BAD, true},
	{"timedout", MEANS_BAD, true},
	{"exhausted", MEANS_BAD, true},
	{"mismatch", MEANS_BAD, true},
	{"unsupported", MEANS_BAD, true},
	{"violated", MEANS_BAD, true},
	{"violation", MEANS_BAD, true},
	{"violations", MEANS_BAD, true},
	{"needsintervention", MEANS_BAD, true},
	{"interventionrequired", MEANS_BAD, true},
	{"actionrequired", MEANS_BAD, true},
	{"splitbrain", MEANS_BAD, true},
	{"crashloopbackoff", MEANS_BAD, true},
	{"overloaded", MEANS_BAD, true},
	{"fault", MEANS_BAD, true},
	{"faulted", MEANS_BAD, true},
	{"broken", MEANS_BAD, true},
	{"errorsfound", MEANS_BAD, true},
	{"terminal", MEANS_BAD, true}, // ACK.Terminal, ACK.Recoverable
	{"recoverable", MEANS_BAD, true},

	{"paused", MEANS_HELD, true},
	{"suspended", MEANS_HELD, true},
	{"suspend", MEANS_HELD, false},
	{"hibernated", MEANS_HELD, true},
	{"halted", MEANS_HELD, true},
	{"fenced", MEANS_HELD, true},
	{"cordoned", MEANS_HELD, true},
	{"frozen", MEANS_HELD, true},
	{"stopped", MEANS_HELD, false},

	{"progressing", MEANS_BUSY, true},
	{"reconciling", MEANS_BUSY, true},
	{"processing", MEANS_BUSY, true},
	{"pending", MEANS_BUSY, true},
	{"updating", MEANS_BUSY, true},
	{"updateinprogress", MEANS_BUSY, true},
	{"inprogress", MEANS_BUSY, true},
	{"upgrading", MEANS_BUSY, true},
	{"creating", MEANS_BUSY, true},
	{"deleting", MEANS_BUSY, true},
	{"provisioning", MEANS_BUSY, true},
	{"issuing", MEANS_BUSY, true},
	{"terminating", MEANS_BUSY, true},
	{"rolling", MEANS_BUSY, true},
	{"rollingout", MEANS_BUSY, true},
	{"rollingupdate", MEANS_BUSY, true},
	{"scalingup", MEANS_BUSY, true},
	{"scalingdown", MEANS_BUSY, true},
	{"scaling", MEANS_BUSY, true},
	{"resizing", MEANS_BUSY, true},
	{"remediating", MEANS_BUSY, true},
	{"restoring", MEANS_BUSY, true},
	{"migrating", MEANS_BUSY, true},
	{"initializing", MEANS_BUSY, true},
	{"installing", MEANS_BUSY, true},
	{"deploying", MEANS_BUSY, true},
	{"restarting", MEANS_BUSY, true},
	{"draining", MEANS_BUSY, true},
	{"recovering", MEANS_BUSY, true},
	{"rebalancing", MEANS_BUSY, true},
	{"bootstrapping", MEANS_BUSY, true},
	{"expanding", MEANS_BUSY, true},
	{"syncing", MEANS_BUSY, true},
	{"synchronizing", MEANS_BUSY, true},
	{"resyncing", MEANS_BUSY, true},
	{"starting", MEANS_BUSY, true},
	{"stopping", MEANS_BUSY, true},
	{"configuring", MEANS_BUSY, true},
	{"reconfiguring", MEANS_BUSY, true},
	{"preparing", MEANS_BUSY, true},
	{"cloning", MEANS_BUSY, true},
	{"copying", MEANS_BUSY, true},
	{"importing", MEANS_BUSY, true},
	{"exporting", MEANS_BUSY, true},
	{"joining", MEANS_BUSY, true},
	{"removing", MEANS_BUSY, true},
	{"replacing", MEANS_BUSY, true},
	{"replacingnodes", MEANS_BUSY, true},
	{"reloading", MEANS_BUSY, true},
	{"rebooting", MEANS_BUSY, true},
	{"backingup", MEANS_BUSY, true},
	{"rotating", MEANS_BUSY, true},
	{"failingover", MEANS_BUSY, true},
	{"promoting", MEANS_BUSY, true},
	{"downloading", MEANS_BUSY, true},
	{"building", MEANS_BUSY, true},
	{"validating", MEANS_BUSY, true},
	{"suspending", MEANS_BUSY, true},
	{"resuming", MEANS_BUSY, true},
	{"converging", MEANS_BUSY, true},
	{"rollingback", MEANS_BUSY, true},
	{"shuttingdown", MEANS_BUSY, true},
	{"rollingrestart", MEANS_BUSY, true},
	{"decommissioning", MEANS_BUSY, true},

	{"installed", MEANS_PART, true},
	{"applied", MEANS_GOOD, true},
	{"synchronized", MEANS_GOOD, true},
	{"ready", MEANS_PART, true},
	{"available", MEANS_PART, true},
	{"healthy", MEANS_PART, true},
	{"synced", MEANS_PART, true},
	{"succeeded", MEANS_PART, true},
	{"uptodate", MEANS_PART, true},
	{"reconciled", MEANS_PART, true},
	{"deployed", MEANS_PART, true},
	{"provisioned", MEANS_PART, true},
	{"configured", MEANS_PART, true},
	{"valid", MEANS_PART, true},
	{"validated", MEANS_PART, true},
	{"connected", MEANS_PART, true},
	{"reachable", MEANS_PART, true},
	{"registered", MEANS_PART, true},
	{"attached", MEANS_PART, true},
	{"completed", MEANS_PART, true},
	{"complete", MEANS_PART, true},
	{"established", MEANS_PART, true},
	{"compliant", MEANS_PART, true},
	{"resolved", MEANS_PART, true},
	{"accepted", MEANS_PART, true},
	{"verified", MEANS_PART, true},
	{"running", MEANS_PART, true},
	{"active", MEANS_PART, true},
	{"up", MEANS_PART, true},
	{"ok", MEANS_PART, true},
	{"schedulable", MEANS_PART, true},
	{"addressable", MEANS_PART, true},
	{"programmed", MEANS_PART, true},
	{"bound", MEANS_PART, true},
	{"online", MEANS_PART, true},
	{"operational", MEANS_PART, true},
	{"satisfied", MEANS_PART, true},
	{"success", MEANS_PART, true},
	{"passed", MEANS_PART, true},
	{"enforced", MEANS_PART, true},
	{"protected", MEANS_PART, true},
	{"found", MEANS_PART, true},
	{"exist", MEANS_PART, true},
	{"exists", MEANS_PART, true},
	{"restored", MEANS_PART, true},
	{"recovered", MEANS_PART, true},
	{"promoted", MEANS_PART, true},
	{"cloned", MEANS_PART, true},
	{"imported", MEANS_PART, true},
	{"exported", MEANS_PART, true},

	{"created", MEANS_STAGE, true},
	{"initialized", MEANS_STAGE, true},
	{"scheduled", MEANS_STAGE, true},
	{"started", MEANS_STAGE, true},
	{"approved", MEANS_STAGE, true},
	{"allocated", MEANS_STAGE, true},
	{"assigned", MEANS_STAGE, true},
	{"submitted", MEANS_STAGE, true},
	{"launched", MEANS_STAGE, true},
	{"joined", MEANS_STAGE, true},
	{"loaded", MEANS_STAGE, true},
	{"bootstrapped", MEANS_STAGE, true},
	{"generated", MEANS_STAGE, true},
	{"fetched", MEANS_STAGE, true},
	{"updated", MEANS_STAGE, true},
	{"enabled", MEANS_STAGE, true},
};

// Whether the words of a type may begin at `at`: "ControlPlaneReady", "infrastructure-ready".
static bool begins_word(const char *type, size_t at)
{
	return at == 0 || !isalnum((unsigned char)type[at - 1]) ||
	       (isupper((unsigned char)type[at]) && !isupper((unsigned char)type[at - 1]));
}

// Whether a "Not" or a "No" ends before `at`: "MaxCreationsNotExceeded", "NoFailures".
static bool is_negated(const char *type, size_t at)
{
	return (at >= 3 && strncasecmp(&type[at - 3], "not", 3) == 0 &&
		       begins_word(type, at - 3)) ||
	       (at >= 2 && strncasecmp(&type[at - 2], "no", 2) == 0 && begins_word(type, at - 2));
}

// Compares as the table above asks, from the end of the type backwards; *start is where the words
// of the row begin in the type.
static bool type_matches(const char *type, const struct condition_type *row, size_t *start)
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
	*start = at;
	if (at == 0 || type[at - 1] == '/' || type[at - 1] == '.')
		return true;
	return row->is_ending && begins_word(type, at);
}

// Whether a type that no row has tells of a failure by its first word, or by one in its middle:
// "MissingSecret", "ResourceFailedOnCreation".
static bool tells_of_failure(const char *type)
{
	static const char *const beginnings[] = {"failed", "failing", "invalid", "missing",
		"insufficient", "unhealthy", "error", "unreachable", "degraded", "broken",
		"conflicting", "noquorum", "expired", "outof", NULL};
	static const char *const within[] = {
		"failed", "splitbrain", "dataloss", "corrupt", "deadlock", NULL};
	static const char *const others[] = {"failedover", "errorfree", "errorbudget", NULL};

	for (size_t i = 0; beginnings[i]; i++) {
		size_t length = strlen(beginnings[i]);
		if (strncasecmp(type, beginnings[i], length) == 0 &&
			!islower((unsigned char)type[length]))
			return !words_occur(type, others);
	}
	return key_has_word(type, within) && !words_occur(type, others);
}

// The same of one that tells of waiting: "WaitingForDependencies".
static bool tells_of_waiting(const char *type)
{
	return strncasecmp(type, "waiting", 7) == 0 || strncasecmp(type, "waitfor", 7) == 0;
}

// What the negation of a row means.
static const struct condition_type *opposite(const struct condition_type *row)
{
	static const struct condition_type wanted = {"", MEANS_PART, true},
					   busy = {"", MEANS_BUSY, true};

	switch (row->meaning) {
	case MEANS_BAD: return &wanted;
	case MEANS_SUMMARY:
	case MEANS_GOOD:
	case MEANS_GOAL:
	case MEANS_PART:
	case MEANS_STAGE: return &busy;
	case MEANS_BUSY:
	case MEANS_RUNS:
	case MEANS_HELD: break;
	}
	return NULL;
}

const struct condition_type *condition_type_find(const char *type)
{
	static const struct condition_type failing = {"", MEANS_BAD, true},
					   busy = {"", MEANS_BUSY, true};
	size_t start = 0;

	for (size_t i = 0; type && i < sizeof condition_types / sizeof *condition_types; i++)
		if (type_matches(type, &condition_types[i], &start))
			return is_negated(type, start) ? opposite(&condition_types[i])
						       : &condition_types[i];
	if (!type)
		return NULL;
	const char *slash = strrchr(type, '/');
	type = slash ? slash + 1 : type;
	return tells_of_failure(type) ? &failing : tells_of_waiting(type) ? &busy : NULL;
}
