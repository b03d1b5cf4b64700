// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_HEALTH_RULES_H
#define RELIGHT_CORE_HEALTH_RULES_H

#include "relight/health.h"
#include "relight/json.h"

// What the rules of health share. A rule looks at a subject and either says how it is, or nothing.

// An object taken apart once. The parts are NULL where they are absent or no objects.
struct subject {
	const cJSON *object, *metadata, *spec, *status;
	const cJSON *conditions; // status.conditions, where that is a list
	char group[128];
	const char *kind;
	struct wall now;
};

// Takes an object apart; anything may be given, NULL too.
void subject_take(const cJSON *object, struct wall now, struct subject *subject);
// When something of it last moved: sets `since` and `tells_since` of `out`.
void subject_since(const struct subject *subject, struct health *out);

// True: decided, and `out` has status and message (the caller sets `rule`). False: nothing to say,
// `out` is unspecified.
typedef bool (*health_rule)(const struct subject *subject, struct health *out);

// A rule for one kind. Ended by a row without a kind.
struct kind_rule {
	const char *group, *kind;
	health_rule judge;
};
extern const struct kind_rule health_workloads[]; // Deployment, Pod, Job, …
extern const struct kind_rule health_platform[];  // Node, PersistentVolumeClaim, Service, …

// What an opinion by convention counts.
enum convention_when {
	CONVENTION_AMONG, // one among several, of which the worst counts
	CONVENTION_FINAL, // it stands
	CONVENTION_FIRST, // it stands, before health tables, too
	CONVENTION_LAST,  // asked only while no other has said anything
};

// A rule for any kind, by how controllers commonly report. Ended by a row without a name.
struct convention {
	const char *name;
	health_rule judge;
	enum convention_when when;
};
extern const struct convention health_conventions[];

// The steps of judging, in their order; each sets the rule, too. What needs no rule: that it is no
// object, or on its way out. Then the rule for its kind. Then the conventions, which always say
// something.
bool health_by_presence(const struct subject *subject, struct health *out);
bool health_by_kind(const struct subject *subject, struct health *out);
// Whether its controller looks at it at all: the first of the conventions, which health tables need
// not repeat.
bool health_by_attention(const struct subject *subject, struct health *out);
void health_by_conventions(const struct subject *subject, struct health *out);

// Sets status and message; always true, so that a rule can `return health_say(…)`.
bool health_say(struct health *out, enum status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// The condition of that type, or NULL. `conditions` may be NULL.
const cJSON *condition_find(const cJSON *conditions, const char *type);
// Whether it is there and its status is `value` ("True", "False", "Unknown"), ignoring case.
bool condition_is(const cJSON *condition, const char *value);
// Says a status in the condition's own words: "Reason: message", or what there is of them.
bool condition_say(struct health *out, enum status status, const cJSON *condition);

// --- words (health_words.c) ---

// Whether one of the NULL-terminated `words` (lower case) occurs in `text`, ignoring case. NULL
// text: no.
bool words_occur(const char *text, const char *const *words);
bool text_ends_with(const char *text, const char *ending); // ignoring case
// Whether one of them (lower case) is among the words that a key in camel case begins: "last" is in
// "lastState" and "timeOfLastSync", not in "elasticState".
bool key_has_word(const char *key, const char *const *words);
// Whether a word is, or has among its parts, something under way: "Provisioning", "ScalingDown",
// "PENDING_RERUN", "Waiting for instances".
bool word_is_under_way(const char *word);
// Whether a word of any kind speaks of a failure wherever it stands ("UPDATE_ROLLBACK_COMPLETE"),
// other than a failover. NULL: no.
bool text_is_failure(const char *text);
// Whether a reason speaks of something that went wrong ("ValidationFailed"), or is under way
// ("Creating").
bool reason_is_failure(const char *reason);
bool reason_is_waiting(const char *reason);

// --- errors (health_errors.c) ---

// Whether a text under the name of an error tells of one: not "None".
bool error_is_said(const char *text);
// What a status says went wrong, outside of its conditions.
bool error_rule(const struct subject *subject, struct health *out);
// The same of a text by itself: an error with a time of its own (of a snapshot) may be over.
bool plain_error_rule(const struct subject *subject, struct health *out);
// The first of a list of those for which it failed ("failedNamespaces"); then says so, as degraded.
bool failed_rule(const struct subject *subject, struct health *out);
// What makes a good word doubtful, and no more: an error that was the last one and may be over, a
// number of failures.
bool trouble_rule(const struct subject *subject, struct health *out);

// A generation under that key; one that is too big to be told from its neighbours counts as 2^53,
// so that what was seen stays less than it. -1: none.
int64_t generation_number(const cJSON *fields, const char *key);
// Whether the controller has not seen the newest spec; then says so, as progressing.
bool generation_rule(const struct subject *subject, struct health *out);

// Whether opinion `newer` replaces the one before it: the worse one does, but a pause explains why
// nothing moves, and an unknown one only stands in for nothing or for a healthy one that comes
// after it.
bool health_outweighs(enum status newer, enum status older);

// Judges by one list of conditions; true where any of them means something.
bool conditions_judge(const struct subject *subject, const cJSON *conditions, struct health *out);
// What the conditions have against a verdict that all is well, whatever it goes by: a summary that
// is not True, or a failure that is.
bool conditions_object(const struct subject *subject, struct health *out);
// What a boolean of a status means by its name, which is read like a condition's type. False:
// nothing.
bool flag_means(const char *key, bool is_true, enum status *status);

// Judges by numbers of `fields`, a status or a part of one, against those of `spec` (NULL: none).
bool counts_judge(const cJSON *spec, const cJSON *fields, struct health *out);

// Whether it does something once, by its kind ("BroadcastJob", "Backup") or by the times that its
// status keeps: running is not done.
bool subject_is_meant_to_end(const struct subject *subject);

// Whether a word for how something is has a meaning that is known (health_phase_words.c). `plain`:
// its letters and digits, in lower case.
bool phase_word_known(const char *plain, enum status *status);
// Judges by the words under keys like phase and health of `fields`, a status or a part of one (NULL
// or no object: nothing).
bool phase_judge(const struct subject *subject, const cJSON *fields, struct health *out);
// Judges by the word that a status has for the whole of its object, where that is none of a healthy
// one, nor one that nobody knows.
bool own_word_judge(const struct subject *subject, struct health *out);

// Whether an object says of itself what a health table that finds it better cannot have looked at:
// then says that, with the rule. Synced is less than all: a database in the state "failed" can be
// in sync.
bool health_objects(const struct subject *subject, struct health *out);

#endif
