// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

// How controllers commonly report, for kinds that have no rule of their own. Sources: the
// Kubernetes API conventions
// ("Typical status properties", "Generation"), kstatus (Reconciling, Stalled), and Cluster API
// (condition severities).

// --- conditions ---

// What a condition type says when it is True. Types are compared without case, without "-", and
// without a prefix that ends in "/" or "."; a row with `is_ending` also matches types that end so
// ("InfrastructureReady"). The first match counts.
enum meaning {
	GOOD,      // wanted; judged by its reason where it is False
	GOAL,      // wanted at the end; until then under way
	GOOD_PART, // wanted, of a part: what the whole says outweighs it
	BAD,       // a failure
	BUSY,      // under way
	HELD,      // paused by someone
};
static const struct condition_type {
	const char *type;
	enum meaning meaning;
	bool is_ending;
} condition_types[] = {
	{"ready", GOOD, false},
	{"available", GOOD, false},
	{"healthy", GOOD, false},
	{"synced", GOOD, false},
	{"resourcesynced", GOOD, false},
	{"reconciled", GOOD, false},
	{"accepted", GOOD, false},
	{"programmed", GOOD, false},
	{"resolvedrefs", GOOD, false},
	{"admitted", GOOD, false},
	{"valid", GOOD, false},
	{"installed", GOOD, false},
	{"deployed", GOOD, false},
	{"established", GOOD, false},
	{"succeeded", GOAL, false},
	{"complete", GOAL, false},
	{"completed", GOAL, false},
	{"configured", GOOD, false},
	{"advertised", GOOD, false},
	{"discoverable", GOOD, false},
	{"compliant", GOOD, false},
	{"provisioned", GOOD, false},
	{"bound", GOOD, false},
	{"applied", GOOD, true},
	{"installed", GOOD_PART, true}, // before "stalled", which it ends in
	{"partiallyready", BAD, false},
	{"fallback", BAD, false},
	{"notready", BUSY, true},
	{"notavailable", BUSY, true},
	{"failed", BAD, true},
	{"failure", BAD, true},
	{"degraded", BAD, true},
	{"stalled", BAD, true},
	{"error", BAD, true},
	{"erroroccurred", BAD, false},
	{"invalid", BAD, true},
	{"invalidspec", BAD, false},
	{"unhealthy", BAD, true},
	{"conflicted", BAD, false},
	{"lost", BAD, false},
	{"paused", HELD, false},
	{"suspended", HELD, false},
	{"waiting", HELD, false},
	{"progressing", BUSY, true},
	{"reconciling", BUSY, true},
	{"pending", BUSY, true},
	{"updating", BUSY, true},
	{"upgrading", BUSY, true},
	{"creating", BUSY, true},
	{"deleting", BUSY, true},
	{"provisioning", BUSY, true},
	{"issuing", BUSY, true},
	{"terminating", BUSY, true},
	{"rolling", BUSY, true},
	{"running", BUSY, false},
	{"ready", GOOD_PART, true},
	{"available", GOOD_PART, true},
	{"healthy", GOOD_PART, true},
	{"synced", GOOD_PART, true},
	{"succeeded", GOOD_PART, true},
	{"uptodate", GOOD_PART, true},
};

// Compares as the table above asks, from the end of the type backwards.
static bool type_matches(const char *type, const struct condition_type *row)
{
	size_t at = strlen(type), left = strlen(row->type);

	while (left > 0) {
		if (at == 0)
			return false;
		at--;
		if (type[at] == '-')
			continue;
		if (strncasecmp(&type[at], &row->type[left - 1], 1) != 0)
			return false;
		left--;
	}
	return row->is_ending || at == 0 || type[at - 1] == '/' || type[at - 1] == '.';
}

static const struct condition_type *type_lookup(const char *type)
{
	for (size_t i = 0; type && i < sizeof condition_types / sizeof *condition_types; i++)
		if (type_matches(type, &condition_types[i]))
			return &condition_types[i];
	return NULL;
}

// What a wanted condition means where it is not True: its severity (Cluster API), its reason, else
// whether it has one.
static enum status not_yet_or_broken(const cJSON *condition)
{
	static const char *const held[] = {"paused", "suspended", NULL};
	const char *severity = json_text(condition, "severity"),
		   *reason = json_text(condition, "reason");
	const char *message = json_text(condition, "message");

	if (words_occur(reason, held))
		return STATUS_SUSPENDED;
	if (severity && strcmp(severity, "Error") == 0)
		return STATUS_DEGRADED;
	if (reason_is_failure(reason))
		return STATUS_DEGRADED;
	if (!condition_is(condition, "False") || (severity && *severity) ||
		reason_is_waiting(reason))
		return STATUS_PROGRESSING;
	return (reason && *reason) || (message && *message) ? STATUS_DEGRADED : STATUS_PROGRESSING;
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

// What one condition says: true with *status set, or false for nothing.
static bool condition_means(
	const struct condition_type *row, const cJSON *condition, enum status *status)
{
	bool is_true = condition_is(condition, "True");
	bool has_failed = reason_is_failure(json_text(condition, "reason"));

	switch (row->meaning) {
	case GOOD:
	case GOOD_PART:
		*status = is_true ? STATUS_HEALTHY : not_yet_or_broken(condition);
		return true;
	case GOAL:
		*status = has_failed ? STATUS_DEGRADED
			  : is_true  ? STATUS_HEALTHY
				     : STATUS_PROGRESSING;
		return true;
	case BAD: *status = STATUS_DEGRADED; return is_true;
	case HELD: *status = STATUS_SUSPENDED; return is_true;
	case BUSY:
		*status = has_failed ? STATUS_DEGRADED : STATUS_PROGRESSING;
		return is_true ? !is_over(condition)
			       : has_failed && condition_is(condition, "False");
	}
	return false;
}

// Whether a type speaks for the whole object, so that its parts need not be heard when it is True.
static bool is_summary(const struct condition_type *row)
{
	static const char *const types[] = {"ready", "available", "healthy", NULL};

	return row->meaning == GOOD && words_occur(row->type, types);
}

// Of the conditions of one list, the one that decides: failures first, then pauses, then what is
// under way.
static bool judge_conditions(
	const struct subject *subject, const cJSON *conditions, struct health *out)
{
	const cJSON *deciding = NULL;
	enum status decided = STATUS_HEALTHY;
	bool summed_up = false;

	json_each (condition, conditions) {
		const struct condition_type *row = type_lookup(json_text(condition, "type"));

		summed_up =
			summed_up || (row && is_summary(row) && condition_is(condition, "True"));
		if (row && row->meaning == GOOD && is_outdated(subject, condition))
			return health_say(out, STATUS_PROGRESSING, "%s is of an older generation",
				json_text(condition, "type"));
	}
	json_each (condition, conditions) {
		const struct condition_type *row = type_lookup(json_text(condition, "type"));
		enum status status;

		if (!row || (summed_up && row->meaning == GOOD_PART) ||
			!condition_means(row, condition, &status))
			continue;
		if (!deciding || health_outweighs(status, decided)) {
			deciding = condition;
			decided = status;
		}
	}
	return deciding && condition_say(out, decided, deciding);
}

static bool conditions_rule(const struct subject *subject, struct health *out)
{
	if (!subject->conditions)
		return false;
	if (!subject->conditions->child)
		return health_say(out, STATUS_PROGRESSING,
			"no conditions yet: its controller has not reported");
	return judge_conditions(subject, subject->conditions, out);
}

// The name of a part of a status: its own, or that of what it refers to (Gateway API parents).
static const char *part_name(const cJSON *part)
{
	static const char *const paths[] = {"name", "parentRef.name", "ancestorRef.name", "host",
		"branch", "clusterName", NULL};

	for (size_t i = 0; paths[i]; i++)
		if (json_path_text(part, paths[i]))
			return json_path_text(part, paths[i]);
	return part->string ? part->string : "";
}

// One part of a status: by conditions of its own, else by its phase.
static void judge_part(const struct subject *subject, const char *list, const cJSON *part,
	bool *decided, struct health *out)
{
	const cJSON *conditions = json_get(part, "conditions");
	struct health opinion;

	if (!(cJSON_IsArray(conditions) && judge_conditions(subject, conditions, &opinion)) &&
		!phase_judge(subject, part, &opinion))
		return;
	if (*decided && !health_outweighs(opinion.status, out->status))
		return;
	*decided = health_say(
		out, opinion.status, "%s %s: %s", list, part_name(part), opinion.message);
}

// Parts of a status that report by themselves: parents, listeners, ancestors, environments,
// members.
static bool parts_rule(const struct subject *subject, struct health *out)
{
	static const char *const others[] = {"conditions", "history", "last", "previous", "desired",
		"related", "events", "details", NULL};
	bool decided = false;

	json_each (field, subject->status) {
		if (words_occur(field->string, others))
			continue;
		if (cJSON_IsObject(field))
			judge_part(subject, field->string, field, &decided, out);
		for (const cJSON *part = field->child; part; part = part->next)
			if (cJSON_IsObject(part))
				judge_part(subject, field->string, part, &decided, out);
	}
	return decided;
}

static bool phase_rule(const struct subject *subject, struct health *out)
{
	return phase_judge(subject, subject->status, out);
}

// --- suspension, flags, errors ---

static bool suspend_rule(const struct subject *subject, struct health *out)
{
	static const char *const paths[] = {"suspend", "suspended", "paused", "pause",
		"updateStrategy.paused", "strategy.paused", NULL};

	for (size_t i = 0; paths[i]; i++)
		if (cJSON_IsTrue(json_path(subject->spec, paths[i])))
			return health_say(
				out, STATUS_SUSPENDED, "suspended: spec.%s is true", paths[i]);
	return false;
}

// What a status says went wrong, outside of its conditions.
static bool error_rule(const struct subject *subject, struct health *out)
{
	static const char *const paths[] = {
		"error.message", "error", "errorMessage", "failureMessage", "failureReason", NULL};

	for (size_t i = 0; paths[i]; i++) {
		const char *text = json_path_text(subject->status, paths[i]);
		if (text && *text)
			return health_say(out, STATUS_DEGRADED, "%s", text);
	}
	return false;
}

static bool flags_rule(const struct subject *subject, struct health *out)
{
	static const struct {
		const char *key;
		enum status when_false;
	} flags[] = {
		{"ready", STATUS_PROGRESSING},
		{"readyToUse", STATUS_PROGRESSING},
		{"available", STATUS_PROGRESSING},
		{"healthy", STATUS_DEGRADED},
	};
	bool seen = false;

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		const cJSON *flag = json_get(subject->status, flags[i].key);

		if (!cJSON_IsBool(flag))
			continue;
		if (cJSON_IsFalse(flag))
			return health_say(
				out, flags[i].when_false, "status.%s is false", flags[i].key);
		seen = health_say(out, STATUS_HEALTHY, "status.%s is true", flags[i].key);
	}
	return seen;
}

// --- replicas ---

// The first of these keys that holds a whole number, or -1.
static int64_t first_count(const cJSON *object, const char *const *keys)
{
	for (; *keys; keys++) {
		int64_t count = json_int(object, *keys, -1);
		if (count >= 0)
			return count;
	}
	return -1;
}

static bool replicas_rule(const struct subject *subject, struct health *out)
{
	static const char *const wanted_spec[] = {"replicas", NULL};
	static const char *const wanted_status[] = {"desiredReplicas", "desiredNumberScheduled",
		"expectedNodes", "expectedMachines", "size", "replicas", NULL};
	static const char *const have[] = {"availableReplicas", "readyReplicas",
		"updatedReadyReplicas", "numberAvailable", "numberReady", "availableNodes",
		"currentHealthy", "ready", NULL};
	int64_t wanted = first_count(subject->spec, wanted_spec),
		there = first_count(subject->status, have);
	int64_t updated = json_int(subject->status, "updatedReplicas", -1);

	if (wanted < 0)
		wanted = first_count(subject->status, wanted_status);
	if (wanted < 0 || there < 0)
		return false;
	if (there < wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld of %lld ready", (long long)there,
			(long long)wanted);
	if (updated >= 0 && updated < wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld of %lld updated",
			(long long)updated, (long long)wanted);
	return health_say(
		out, STATUS_HEALTHY, "%lld of %lld ready", (long long)there, (long long)wanted);
}

// --- nothing said ---

// Most kinds have a controller that reports; until it has, nothing is known to work. A kind without
// spec and status only holds data or settings.
static bool silence_rule(const struct subject *subject, struct health *out)
{
	if (subject->status && subject->status->child)
		return false;
	return health_say(out, STATUS_PROGRESSING,
		"no status yet: no controller has reported on it (where none ever does, expect "
		"`exists`)");
}

const struct convention health_conventions[] = {
	{"suspend", suspend_rule, true},
	{"generation", generation_rule, true},
	{"silence", silence_rule, true},
	{"error", error_rule, false},
	{"conditions", conditions_rule, false},
	{"parts", parts_rule, false},
	{"flags", flags_rule, false},
	{"phase", phase_rule, false},
	{"replicas", replicas_rule, false},
	{.name = NULL},
};
