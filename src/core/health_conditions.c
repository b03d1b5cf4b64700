// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <strings.h>

#include "health_condition_types.h"
#include "health_rules.h"

// Conditions of kinds that have no rule of their own: what a list of them comes to.
// health_condition_types.h has what one means by its type. Sources: the Kubernetes API conventions
// ("Typical status properties"), kstatus (Reconciling, Stalled), and Cluster API (condition
// severities).

// Whether a message tells of a failure: by how it begins, for further in it may tell of another
// try; or by words that no waiting heals.
static bool message_is_failure(const char *message)
{
	static const char *const beginnings[] = {
		"fail", "error", "unable to", "cannot ", "could not ", NULL};
	static const char *const anywhere[] = {"unauthorized", "access denied", "accessdenied",
		"permission denied", "is forbidden", "x509:", NULL};

	for (size_t i = 0; message && beginnings[i]; i++)
		if (strncasecmp(message, beginnings[i], strlen(beginnings[i])) == 0)
			return !words_occur(message, (const char *const[]){"failing over", NULL});
	return words_occur(message, anywhere);
}

// Whether a message says that it is only a matter of time.
static bool message_is_waiting(const char *message)
{
	static const char *const beginnings[] = {"wait", "pending", "creating", "deploying",
		"starting", "provisioning", "reconciling", "initializing", NULL};
	static const char *const anywhere[] = {
		"waiting for", "in progress", "not yet", " yet", "is being ", NULL};

	for (size_t i = 0; message && beginnings[i]; i++)
		if (strncasecmp(message, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return words_occur(message, anywhere);
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

// Whether its status is a word that the API conventions do not have, and is not clear by itself:
// Gardener says Progressing.
static bool is_unheard_of(const cJSON *condition)
{
	const char *value = json_text(condition, "status");

	return value && *value && !condition_is(condition, "True") &&
	       !condition_is(condition, "False") && !condition_is(condition, "Unknown") &&
	       !word_is_under_way(value);
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
	if (is_unheard_of(condition))
		return STATUS_UNKNOWN;
	if (!condition_is(condition, "False") || (severity && *severity) ||
		reason_is_waiting(reason) || is_busy || message_is_waiting(message))
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
	return (reason && strcmp(reason, "Running") == 0) || subject_is_meant_to_end(subject)
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

// Whether it is the word of what has ended well.
static bool word_is_done(const char *word)
{
	static const char *const words[] = {
		"completed", "complete", "finished", "succeeded", "done", NULL};

	for (size_t i = 0; word && words[i]; i++)
		if (strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

// Whether a condition tells that something does not run, and of no failure.
static bool runs_no_more(const cJSON *condition)
{
	const char *type = json_text(condition, "type");

	return type && text_ends_with(type, "running") && condition_is(condition, "False") &&
	       !has_failed(condition);
}

// Whether it need not run any more, as the word that the status has for the whole says: that
// word is heard by itself.
static bool is_all_over(const struct subject *subject, const cJSON *condition)
{
	static const char *const keys[] = {"phase", "stage", "state", NULL};

	if (!runs_no_more(condition))
		return false;
	for (size_t i = 0; keys[i]; i++)
		if (word_is_done(json_text(subject->status, keys[i])))
			return true;
	return false;
}

static bool is_outdated(const struct subject *subject, const cJSON *condition)
{
	int64_t wanted = generation_number(subject->metadata, "generation");
	int64_t seen = generation_number(condition, "observedGeneration");

	return seen >= 0 && seen < wanted;
}

static bool is_wanted(enum meaning meaning)
{
	return meaning == MEANS_SUMMARY || meaning == MEANS_GOOD || meaning == MEANS_GOAL ||
	       meaning == MEANS_PART;
}

// What the conditions of a list are to each other.
struct company {
	bool summed_up;     // one speaks for the whole object; what has reached its goal does, too
	bool summed_up_ill; // and is not True: something else says why
	bool is_done;       // one says that what was to be reached is
	bool is_busy;       // one says that something is under way
};

// What one condition says: true with *status set, or false for nothing.
static bool condition_means(const struct subject *subject, enum meaning meaning,
	struct company company, const cJSON *condition, enum status *status)
{
	static const char *const tried[] = {"fail", "error", NULL};
	bool is_true = condition_is(condition, "True");
	bool failed = reason_is_failure(json_text(condition, "reason"));
	bool has_run = runs_no_more(condition) && word_is_done(json_text(condition, "reason"));

	switch (meaning) {
	case MEANS_SUMMARY:
	case MEANS_GOOD:
	case MEANS_PART:
		// Few go on saying that it is True, and by the reason that their last try has
		// failed.
		*status = has_run    ? STATUS_HEALTHY
			  : !is_true ? not_yet_or_broken(condition, company.is_busy)
			  : failed && words_occur(json_text(condition, "reason"), tried)
				  ? STATUS_DEGRADED
				  : STATUS_HEALTHY;
		return true;
	case MEANS_GOAL:
		*status = failed || (!is_true && has_failed(condition)) ? STATUS_DEGRADED
			  : is_true                                     ? STATUS_HEALTHY
									: STATUS_PROGRESSING;
		return true;
	case MEANS_STAGE:
		*status = has_failed(condition) ? STATUS_DEGRADED : STATUS_PROGRESSING;
		return !is_true;
	case MEANS_BAD: *status = STATUS_DEGRADED; return is_true;
	case MEANS_HELD: *status = STATUS_SUSPENDED; return is_true;
	case MEANS_RUNS:
		*status = failed    ? STATUS_DEGRADED
			  : has_run ? STATUS_HEALTHY
				    : running(subject, condition);
		return failed || has_run || (is_true && !company.is_done);
	case MEANS_BUSY:
		*status = failed ? STATUS_DEGRADED : STATUS_PROGRESSING;
		return is_true ? !is_over(condition) : failed && condition_is(condition, "False");
	}
	return false;
}

static struct company look_around(const cJSON *conditions)
{
	struct company company = {0};

	json_each (condition, conditions) {
		const struct condition_type *row =
			condition_type_find(json_text(condition, "type"));
		bool is_true = condition_is(condition, "True");

		if (!row)
			continue;
		company.is_done |= row->meaning == MEANS_GOAL && is_true;
		company.summed_up |= row->meaning == MEANS_SUMMARY || company.is_done;
		company.summed_up_ill |= row->meaning == MEANS_SUMMARY && !is_true;
		company.is_busy |= row->meaning == MEANS_BUSY && is_true && !is_over(condition) &&
				   !reason_is_failure(json_text(condition, "reason"));
	}
	return company;
}

// Parts count where nothing speaks for the whole; beside that only one that has failed does.
static bool is_heard(enum meaning meaning, const cJSON *condition, struct company company)
{
	if (!company.summed_up || (meaning != MEANS_PART && meaning != MEANS_STAGE))
		return true;
	return !condition_is(condition, "True") && has_failed(condition);
}

// Of a type that nobody knows only the reason can tell, and only where nothing speaks well for the
// whole.
static const struct condition_type *type_by_reason(const cJSON *condition, struct company company)
{
	static const struct condition_type wanted = {"", MEANS_PART, true},
					   failing = {"", MEANS_BAD, true};
	static const char *const good[] = {"succe", "asexpected", NULL};
	const char *reason = json_text(condition, "reason");

	if (company.summed_up && !company.summed_up_ill)
		return NULL;
	if (condition_is(condition, "False"))
		return reason_is_failure(reason) ? &wanted : NULL;
	if (company.summed_up || !condition_is(condition, "True"))
		return NULL;
	return reason_is_failure(reason) ? &failing : words_occur(reason, good) ? &wanted : NULL;
}

// In the condition's own words, which seldom name what they are about: so its type stands before
// them, unless it speaks for the whole.
static bool say_condition(
	struct health *out, enum status status, const cJSON *condition, bool is_summary)
{
	const char *reason = json_text(condition, "reason");
	const char *message = json_text(condition, "message");
	const char *type = json_text(condition, "type");
	char words[HEALTH_MESSAGE_BYTES];

	condition_say(out, status, condition);
	if (status == STATUS_HEALTHY || is_summary ||
		!((reason && *reason) || (message && *message)))
		return true;
	memcpy(words, out->message, sizeof words);
	return health_say(out, status, "%s: %s", type ? type : "a condition", words);
}

// Whether a condition says what is the matter, and not only that something is.
static bool is_telling(const cJSON *condition)
{
	const char *reason = json_text(condition, "reason");
	const char *message = json_text(condition, "message");

	return message && *message &&
	       !(reason && (strcasecmp(reason, "Unknown") == 0 ||
				   strcasecmp(reason, "UnknownError") == 0));
}

// Whether a condition decides in place of the one before it: the worse does, and of two that are as
// bad the one that says why. One that nobody can read leaves none of the others healthy.
static bool decides_before(
	const cJSON *newer, enum status status, const cJSON *older, enum status decided)
{
	if (!older || health_outweighs(status, decided) ||
		(status == STATUS_UNKNOWN && decided == STATUS_HEALTHY))
		return true;
	return status == decided && status != STATUS_HEALTHY && is_telling(newer) &&
	       !is_telling(older);
}

bool conditions_judge(const struct subject *subject, const cJSON *conditions, struct health *out)
{
	const cJSON *deciding = NULL, *stage = NULL;
	bool is_summary = false;
	enum status decided = STATUS_HEALTHY;
	struct company company = look_around(conditions);

	json_each (condition, conditions) {
		const struct condition_type *row =
			condition_type_find(json_text(condition, "type"));
		enum status status;

		row = row ? row : type_by_reason(condition, company);
		if (!row || !is_heard(row->meaning, condition, company))
			continue;
		if (is_wanted(row->meaning) && is_outdated(subject, condition))
			return health_say(out, STATUS_PROGRESSING, "%s is of an older generation",
				json_text(condition, "type") ? json_text(condition, "type")
							     : "a condition");
		if (row->meaning == MEANS_STAGE && condition_is(condition, "True"))
			stage = condition;
		if (is_all_over(subject, condition) ||
			!condition_means(subject, row->meaning, company, condition, &status))
			continue;
		if (decides_before(condition, status, deciding, decided)) {
			deciding = condition;
			decided = status;
			is_summary = row->meaning == MEANS_SUMMARY;
		}
	}
	// What has begun, and says no more, is not at its end.
	if (!deciding && stage && subject_is_meant_to_end(subject))
		return say_condition(out, STATUS_PROGRESSING, stage, false);
	return deciding && say_condition(out, decided, deciding, is_summary);
}

bool conditions_object(const struct subject *subject, struct health *out)
{
	bool decided = false;

	json_each (condition, subject->conditions) {
		const char *type = json_text(condition, "type");
		const struct condition_type *row = condition_type_find(type);
		bool is_true = condition_is(condition, "True");
		enum status status;

		// Of longer types nobody knows here whether they speak for the whole.
		if (!row || strlen(type) != strlen(row->type) ||
			(is_true ? row->meaning != MEANS_BAD : row->meaning != MEANS_SUMMARY))
			continue;
		status = is_true ? STATUS_DEGRADED : not_yet_or_broken(condition, false);
		if (!decided || health_outweighs(status, out->status))
			decided = say_condition(out, status, condition, !is_true);
	}
	return decided;
}

bool flag_means(const char *key, bool is_true, enum status *status)
{
	const struct condition_type *row = condition_type_find(key);

	if (!row)
		return false;
	// A flag is no sentence: "ready" is wanted, what "cacheReady" is good for is not known.
	bool is_whole = strlen(key) == strlen(row->type);
	switch (row->meaning) {
	case MEANS_SUMMARY:
	case MEANS_GOOD:
	case MEANS_GOAL:
		*status = is_true                             ? STATUS_HEALTHY
			  : strcmp(row->type, "healthy") == 0 ? STATUS_DEGRADED
							      : STATUS_PROGRESSING;
		return is_whole;
	case MEANS_BAD: *status = STATUS_DEGRADED; return is_true;
	case MEANS_HELD: *status = STATUS_SUSPENDED; return is_true;
	case MEANS_BUSY: *status = STATUS_PROGRESSING; return is_true;
	case MEANS_RUNS:
	case MEANS_PART:
	case MEANS_STAGE: break;
	}
	return false;
}
