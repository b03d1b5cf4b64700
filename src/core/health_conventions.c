// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <stdio.h>
#include <string.h>

// How controllers commonly report, for kinds that have no rule of their own. Sources: the
// Kubernetes API conventions ("Typical status properties", "Generation") and kstatus. Conditions,
// words and numbers have files of their own; each is read of a status, and of the parts of it.

static bool conditions_rule(const struct subject *subject, struct health *out)
{
	if (!subject->conditions)
		return false;
	if (!subject->conditions->child)
		return health_say(out, STATUS_PROGRESSING,
			"no conditions yet: its controller has not reported");
	return conditions_judge(subject, subject->conditions, out);
}

static bool phase_rule(const struct subject *subject, struct health *out)
{
	return phase_judge(subject, subject->status, out);
}

static bool counts_rule(const struct subject *subject, struct health *out)
{
	return counts_judge(subject->spec, subject->status, out);
}

// --- parts ---

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

// A boolean of a part that is not as it should be; one that is says too little of the whole.
static bool flag_complains(const cJSON *part, struct health *out)
{
	json_each (flag, part) {
		enum status status;

		if (cJSON_IsBool(flag) && flag_means(flag->string, cJSON_IsTrue(flag), &status) &&
			status != STATUS_HEALTHY)
			return health_say(out, status, "%s is %s", flag->string,
				cJSON_IsTrue(flag) ? "true" : "false");
	}
	return false;
}

// What one part of a status says of itself: by its conditions, else by a word, else by numbers; and
// by its flags.
static bool part_says(const struct subject *subject, const cJSON *part, struct health *out)
{
	const cJSON *conditions = json_get(part, "conditions");
	struct health complaint;

	if (cJSON_IsArray(conditions) && !conditions->child)
		return health_say(out, STATUS_PROGRESSING, "no conditions yet");
	bool is_said = (cJSON_IsArray(conditions) && conditions_judge(subject, conditions, out)) ||
		       phase_judge(subject, part, out) || counts_judge(NULL, part, out);
	if (!flag_complains(part, &complaint) ||
		(is_said && !health_outweighs(complaint.status, out->status)))
		return is_said;
	*out = complaint;
	return true;
}

static void judge_part(const struct subject *subject, const char *list, const cJSON *part,
	bool *decided, struct health *out)
{
	const char *name = part_name(part);
	struct health opinion;

	if (!part_says(subject, part, &opinion) ||
		(*decided && !health_outweighs(opinion.status, out->status)))
		return;
	*decided = health_say(out, opinion.status, "%s%s%s: %s", list,
		strcmp(list, name) == 0 ? "" : " ", strcmp(list, name) == 0 ? "" : name,
		opinion.message);
}

// Of a status field, whether it is no part of what the object is: what was, what is wanted, what is
// only mirrored from elsewhere (Crossplane's atProvider, described by Synced and Ready).
static bool is_no_part(const char *key)
{
	static const char *const others[] = {"conditions", "history", "last", "previous", "desired",
		"related", "events", "details", "atprovider", "spec", "template", "backup",
		"resources", "transition", NULL};

	return words_occur(key, others);
}

// Parts of a status that report by themselves: parents, listeners, ancestors, environments,
// members. They are heard beside a condition that speaks well of the whole, too: it may know less.
static bool parts_rule(const struct subject *subject, struct health *out)
{
	bool decided = false;

	json_each (field, subject->status) {
		if (is_no_part(field->string))
			continue;
		if (cJSON_IsObject(field))
			judge_part(subject, field->string, field, &decided, out);
		for (const cJSON *part = field->child; part; part = part->next)
			if (cJSON_IsObject(part))
				judge_part(subject, field->string, part, &decided, out);
	}
	return decided;
}

// Whom a route or a policy is attached to says whether it takes effect (Gateway API).
static bool parents_rule(const struct subject *subject, struct health *out)
{
	static const char *const keys[] = {"parents", "ancestors", NULL};

	for (size_t i = 0; keys[i]; i++) {
		const cJSON *parents = json_get(subject->status, keys[i]);
		if (cJSON_IsArray(parents) && !parents->child)
			return health_say(out, STATUS_PROGRESSING, "nothing has accepted it yet");
	}
	return false;
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
	return cJSON_IsFalse(json_get(subject->spec, "enabled")) &&
	       health_say(out, STATUS_SUSPENDED, "suspended: spec.enabled is false");
}

// Many controllers let go of an object that is annotated so: crossplane.io/paused,
// strimzi.io/pause-reconciliation, cluster.x-k8s.io/paused, autoscaling.keda.sh/paused …
static bool pause_rule(const struct subject *subject, struct health *out)
{
	static const char *const names[] = {"/paused", "/pause", "/pause-reconciliation",
		"/reconcile-paused", "/suspend", "/suspended", NULL};

	json_each (annotation, json_get(subject->metadata, "annotations")) {
		const char *name = annotation->string ? strchr(annotation->string, '/') : NULL;

		if (!name || !cJSON_IsString(annotation) ||
			strcmp(annotation->valuestring, "true") != 0)
			continue;
		for (size_t i = 0; names[i]; i++)
			if (strcmp(name, names[i]) == 0)
				return health_say(out, STATUS_SUSPENDED,
					"paused by the annotation %s", annotation->string);
	}
	return false;
}

// What a status says went wrong, outside of its conditions.
static bool error_rule(const struct subject *subject, struct health *out)
{
	static const char *const paths[] = {
		"error.message", "error", "errorMessage", "failureMessage", "failureReason", NULL};
	const cJSON *errors = json_get(subject->status, "errors");

	for (size_t i = 0; paths[i]; i++) {
		const char *text = json_path_text(subject->status, paths[i]);
		if (text && *text)
			return health_say(out, STATUS_DEGRADED, "%s", text);
	}
	const cJSON *first = cJSON_IsArray(errors) ? errors->child : NULL;
	if (!first)
		return false;
	const char *text = cJSON_IsString(first) ? first->valuestring : json_text(first, "message");
	return health_say(out, STATUS_DEGRADED, "%s", text && *text ? text : "it has errors");
}

static bool flags_rule(const struct subject *subject, struct health *out)
{
	bool decided = false;

	json_each (flag, subject->status) {
		enum status status;

		if (!cJSON_IsBool(flag) || !flag_means(flag->string, cJSON_IsTrue(flag), &status))
			continue;
		if (decided && !health_outweighs(status, out->status))
			continue;
		decided = health_say(out, status, "status.%s is %s", flag->string,
			cJSON_IsTrue(flag) ? "true" : "false");
	}
	return decided;
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
	{"suspend", suspend_rule, .is_final = true, .is_first = true},
	{"generation", generation_rule, .is_final = true, .is_first = true},
	{"silence", silence_rule, .is_final = true},
	{"error", error_rule},
	{"pause", pause_rule},
	{"conditions", conditions_rule},
	{"parents", parents_rule},
	{"parts", parts_rule},
	{"flags", flags_rule},
	{"phase", phase_rule},
	{"replicas", counts_rule},
	{.name = NULL},
};
