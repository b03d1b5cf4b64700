// SPDX-License-Identifier: Apache-2.0
#include "health_rules.h"

#include <string.h>
#include <strings.h>

// How controllers commonly report, for kinds that have no rule of their own. Sources: the
// Kubernetes API conventions ("Typical status properties", "Generation") and kstatus. Conditions,
// words and numbers have files of their own; each is read of a status, and of the parts of it.

static bool conditions_rule(const struct subject *subject, struct health *out)
{
	return subject->conditions && conditions_judge(subject, subject->conditions, out);
}

// Some say how they are in other words, and keep an empty list: so this is asked last.
static bool no_conditions_rule(const struct subject *subject, struct health *out)
{
	return subject->conditions && !subject->conditions->child &&
	       health_say(out, STATUS_PROGRESSING,
		       "no conditions yet: its controller has not reported");
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

// Some write a boolean as a text.
static bool flag_value(const cJSON *field, bool *is_true)
{
	const char *text = cJSON_IsString(field) ? field->valuestring : NULL;

	*is_true = cJSON_IsTrue(field) || (text && strcasecmp(text, "true") == 0);
	return cJSON_IsBool(field) || (text && (*is_true || strcasecmp(text, "false") == 0));
}

// A boolean of a part that is not as it should be; one that is says too little of the whole.
static bool flag_complains(const cJSON *part, struct health *out)
{
	json_each (flag, part) {
		enum status status;
		bool is_true;

		if (flag_value(flag, &is_true) && flag_means(flag->string, is_true, &status) &&
			status != STATUS_HEALTHY)
			return health_say(
				out, status, "%s is %s", flag->string, is_true ? "true" : "false");
	}
	return false;
}

// What a part says went wrong.
static bool error_complains(const cJSON *part, struct health *out)
{
	static const char *const keys[] = {"error", "errorMessage", "failureMessage", NULL};

	for (size_t i = 0; keys[i]; i++) {
		const char *text = json_text(part, keys[i]);
		if (text && error_is_said(text))
			return health_say(out, STATUS_DEGRADED, "%s", text);
	}
	return false;
}

// What one part of a status says of itself: by its conditions, else by a word, else by numbers; and
// by its flags and errors.
static bool part_says(const struct subject *subject, const cJSON *part, struct health *out)
{
	const cJSON *conditions = json_get(part, "conditions");
	struct health complaint;

	if (cJSON_IsArray(conditions) && !conditions->child)
		return health_say(out, STATUS_PROGRESSING, "no conditions yet");
	bool is_told = (cJSON_IsArray(conditions) && conditions_judge(subject, conditions, out)) ||
		       phase_judge(subject, part, out) || counts_judge(NULL, part, out);
	if (!(error_complains(part, &complaint) || flag_complains(part, &complaint)) ||
		(is_told && !health_outweighs(complaint.status, out->status)))
		return is_told;
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
	bool is_named = *name && strcmp(list, name) != 0;
	*decided = health_say(out, opinion.status, "%s%s%s: %s", list, is_named ? " " : "",
		is_named ? name : "", opinion.message);
}

// Of a status field, whether it is no part of what the object is: what was, what is wanted, what is
// only mirrored from elsewhere (Crossplane's atProvider, described by Synced and Ready).
static bool is_no_part(const char *key)
{
	static const char *const others[] = {"history", "last", "previous", "desired", "related",
		"events", "details", "atprovider", "spec", "template", "backup", "resources",
		"transition", NULL};

	return strcmp(key, "conditions") == 0 ||
	       (key_has_word(key, others) && strcmp(key, "lastOperation") != 0);
}

// Conditions under a name of their own ("clusterConditions").
static bool are_conditions(const cJSON *field)
{
	const cJSON *first = cJSON_IsArray(field) ? field->child : NULL;

	return json_text(first, "type") && json_get(first, "status");
}

// The parts of a part in a list of theirs (a gateway's connections) are heard only where they
// complain: they are too small to speak well of the whole.
static void judge_smallest_parts(
	const struct subject *subject, const cJSON *list, bool *decided, struct health *out)
{
	if (!cJSON_IsArray(list) || is_no_part(list->string) || are_conditions(list))
		return;
	for (const cJSON *part = list->child; part; part = part->next) {
		struct health opinion;

		if (cJSON_IsObject(part) && part_says(subject, part, &opinion) &&
			health_outweighs(opinion.status, STATUS_HEALTHY))
			judge_part(subject, list->string, part, decided, out);
	}
}

// A part of a list or a map of parts; and what it keeps in parts of its own, with conditions of
// their own (a data centre's Cassandra).
static void judge_inner_parts(
	const struct subject *subject, const cJSON *field, bool *decided, struct health *out)
{
	for (const cJSON *part = field->child; part; part = part->next) {
		if (!cJSON_IsObject(part))
			continue;
		judge_part(subject, field->string, part, decided, out);
		json_each (inner, part) {
			if (cJSON_IsObject(inner) && cJSON_IsArray(json_get(inner, "conditions")))
				judge_part(subject, field->string, inner, decided, out);
			judge_smallest_parts(subject, inner, decided, out);
		}
	}
}

static void judge_conditions(
	const struct subject *subject, const cJSON *field, bool *decided, struct health *out)
{
	struct health opinion;

	if (!conditions_judge(subject, field, &opinion) ||
		(*decided && !health_outweighs(opinion.status, out->status)))
		return;
	*decided = health_say(out, opinion.status, "%s: %s", field->string, opinion.message);
}

// Whether the word that a status has for the whole is one that nobody knows: then it is not well
// for the sake of its parts.
static bool is_unheard_of(const struct subject *subject)
{
	struct health word;

	return phase_judge(subject, subject->status, &word) && word.status == STATUS_UNKNOWN;
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
		if (are_conditions(field))
			judge_conditions(subject, field, &decided, out);
		else
			judge_inner_parts(subject, field, &decided, out);
	}
	return decided && !(out->status == STATUS_HEALTHY && is_unheard_of(subject));
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

// --- suspension, flags ---

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

// Annotations by which many controllers let go of an object: crossplane.io/paused,
// strimzi.io/pause-reconciliation, cluster.x-k8s.io/paused, autoscaling.keda.sh/paused,
// kustomize.toolkit.fluxcd.io/reconcile, eck.k8s.elastic.co/managed … Without a value any but
// "false" holds.
static const struct pause_annotation {
	const char *ending, *value;
} pause_annotations[] = {
	{"/paused", NULL},
	{"/pause", NULL},
	{"/pause-reconciliation", NULL},
	{"/pause-reconcile", NULL},
	{"/reconcile-paused", NULL},
	{"/reconciliation-paused", NULL},
	{"/disable-reconcile", NULL},
	{"/disable-reconciliation", NULL},
	{"/skip-reconcile", NULL},
	{"/suspend", NULL},
	{"/suspended", NULL},
	{"/paused-replicas", NULL},
	{"/hibernation", "on"},
	{"/reconcile", "disabled"},
	{"/reconcile", "false"},
	{"/managed", "false"},
};

static bool pause_annotated(const cJSON *annotation)
{
	const char *name = annotation->string ? strchr(annotation->string, '/') : NULL;

	if (!name || !cJSON_IsString(annotation))
		return false;
	for (size_t i = 0; i < sizeof pause_annotations / sizeof *pause_annotations; i++) {
		const struct pause_annotation *row = &pause_annotations[i];
		if (strcmp(name, row->ending) == 0 &&
			(row->value ? strcmp(annotation->valuestring, row->value) == 0
				    : strcmp(annotation->valuestring, "false") != 0))
			return true;
	}
	return false;
}

// Spellings of a pause that some kinds mean otherwise, so that a failure and a table go before
// them.
static bool pause_rule(const struct subject *subject, struct health *out)
{
	static const char *const paths[] = {"disabled", "disable", "halted", "stopped", "stop",
		"shutdown", "hibernate", "hibernated", "hibernation.enabled", "maintenance.paused",
		"reconciliationPaused", "pauseReconciliation", "suspendReconciliation", NULL};
	const char *state = json_text(subject->spec, "managementState");

	json_each (annotation, json_get(subject->metadata, "annotations"))
		if (pause_annotated(annotation))
			return health_say(out, STATUS_SUSPENDED, "paused by the annotation %s",
				annotation->string);
	for (size_t i = 0; paths[i]; i++)
		if (cJSON_IsTrue(json_path(subject->spec, paths[i])))
			return health_say(
				out, STATUS_SUSPENDED, "suspended: spec.%s is true", paths[i]);
	return state && strcmp(state, "Unmanaged") == 0 &&
	       health_say(out, STATUS_SUSPENDED, "its operator is told to leave it alone");
}

// What is over and has not succeeded will not.
static bool ended_badly(const struct subject *subject, struct health *out)
{
	static const char *const ends[] = {"finished", "completed", "complete", "done", NULL},
				 *const goals[] = {"successful", "succeeded", "success", NULL};

	for (size_t i = 0; ends[i]; i++)
		for (size_t k = 0; goals[k]; k++)
			if (cJSON_IsTrue(json_get(subject->status, ends[i])) &&
				cJSON_IsFalse(json_get(subject->status, goals[k])))
				return health_say(out, STATUS_DEGRADED,
					"status.%s is true, and status.%s false", ends[i],
					goals[k]);
	return false;
}

static bool flags_rule(const struct subject *subject, struct health *out)
{
	bool decided = ended_badly(subject, out);

	json_each (flag, subject->status) {
		enum status status;
		bool is_true;

		if (!flag_value(flag, &is_true) || !flag_means(flag->string, is_true, &status))
			continue;
		if (decided && !health_outweighs(status, out->status))
			continue;
		decided = health_say(
			out, status, "status.%s is %s", flag->string, is_true ? "true" : "false");
	}
	return decided;
}

// --- where nothing else is said ---

// A job's numbers, without a word for how it is.
static bool job_rule(const struct subject *subject, struct health *out)
{
	int64_t succeeded = json_int(subject->status, "succeeded", -1),
		failed = json_int(subject->status, "failed", -1),
		active = json_int(subject->status, "active", 0);
	int64_t wanted = json_int(subject->spec, "completions", 1),
		limit = json_int(subject->spec, "backoffLimit", 0);

	if (succeeded < 0 && failed < 0)
		return false;
	enum status status = failed > limit                       ? STATUS_DEGRADED
			     : succeeded >= wanted && active == 0 ? STATUS_HEALTHY
								  : STATUS_PROGRESSING;
	return health_say(out, status, "%lld of %lld done, %lld running, %lld failed",
		(long long)(succeeded > 0 ? succeeded : 0), (long long)wanted, (long long)active,
		(long long)(failed > 0 ? failed : 0));
}

// What a controller mirrors of the thing that it stands for (Crossplane): Synced and Ready are its
// own word on it, and go before this.
static bool mirror_rule(const struct subject *subject, struct health *out)
{
	return phase_judge(subject, json_get(subject->status, "atProvider"), out);
}

// --- nothing said ---

// An object without a spec has nothing in it that a controller is to bring about: it holds data or
// settings. One of which only the metadata is known may be anything.
static bool holds_settings(const struct subject *subject)
{
	static const char *const common[] = {"apiVersion", "kind", "metadata", "status", NULL};
	bool holds = false;

	json_each (field, subject->object) {
		bool is_common = false;

		if (strcmp(field->string, "spec") == 0)
			return false;
		for (size_t i = 0; common[i]; i++)
			is_common |= strcmp(field->string, common[i]) == 0;
		holds |= !is_common;
	}
	return holds;
}

// Most kinds have a controller that reports; until it has, nothing is known to work. A template is
// read by whoever uses it.
static bool silence_rule(const struct subject *subject, struct health *out)
{
	if (subject->status && subject->status->child)
		return false;
	// Some have a word for it beside the spec, or a status that is no more than that.
	if (phase_judge(subject, subject->object, out))
		return true;
	if (text_ends_with(subject->kind, "Template"))
		return health_say(out, STATUS_HEALTHY, "exists; nothing acts on a template");
	if (holds_settings(subject))
		return health_say(out, STATUS_HEALTHY, "exists; it has no spec to act on");
	return health_say(out, STATUS_PROGRESSING,
		"no status yet: no controller has reported on it (where none ever does, expect "
		"`exists`)");
}

const struct convention health_conventions[] = {
	{"suspend", suspend_rule, .when = CONVENTION_FIRST},
	{"generation", generation_rule, .when = CONVENTION_FIRST},
	{"silence", silence_rule, .when = CONVENTION_FINAL},
	{"error", error_rule},
	{"failed", failed_rule},
	{"pause", pause_rule},
	{"conditions", conditions_rule},
	{"trouble", trouble_rule}, // after them: a doubt of what a word says, not of what they say
	{"parents", parents_rule},
	{"parts", parts_rule},
	{"flags", flags_rule},
	{"phase", phase_rule},
	{"replicas", counts_rule},
	{"job", job_rule, .when = CONVENTION_LAST},
	{"mirror", mirror_rule, .when = CONVENTION_LAST},
	{"conditions", no_conditions_rule, .when = CONVENTION_LAST},
	{.name = NULL},
};
