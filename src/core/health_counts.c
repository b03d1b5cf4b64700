// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "health_rules.h"

// Numbers that say how many there are and how many there should be, under names like readyReplicas
// and replicas, readyMembers and members, ready and size; or as one text, "2/3". A name is taken
// apart: a word for being there ("ready"), before or behind one for what is counted ("Nodes").

#define NOUN_BYTES 48

static const char *const there_words[] = {"available", "ready", "healthy", "online", NULL};
static const char *const wanted_words[] = {"desired", "expected", "total", "target", NULL};
// What a spec calls the number of its parts.
static const char *const wanted_spec[] = {
	"replicas", "instances", "size", "members", "nodeCount", "clusterSize", NULL};

// What is counted by the piece: available bytes or addresses are no part of what should be there.
static const char *const pieces[] = {"replicas", "instances", "members", "nodes", "pods", "workers",
	"brokers", "machines", "number", "tasks", "shards", "servers", "units", "bundles",
	"components", "clusters", "targets", "hosts", "racks", "groups", "deployments", NULL};

static bool is_piece(const char *noun)
{
	if (!*noun)
		return true;
	for (size_t i = 0; pieces[i]; i++)
		if (text_ends_with(noun, pieces[i]))
			return true;
	return false;
}

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

// Whether `key` is one of `words` and what is counted, in either order; that is copied to `noun`
// without case: "readyReplicas", "nodesReady", "desiredNumberScheduled", "ready".
static bool key_counts(const char *key, const char *const *words, char noun[NOUN_BYTES])
{
	size_t length = strlen(key);

	for (; *words; words++) {
		size_t own = strlen(*words);

		if (length < own || length - own >= NOUN_BYTES)
			continue;
		if (strncasecmp(key, *words, own) == 0)
			snprintf(noun, NOUN_BYTES, "%s", key + own);
		else if (strcasecmp(key + length - own, *words) == 0)
			snprintf(noun, NOUN_BYTES, "%.*s", (int)(length - own), key);
		else
			continue;
		for (char *at = noun; *at; at++)
			*at = (char)tolower((unsigned char)*at);
		return true;
	}
	return false;
}

// Some write numbers as texts.
static int64_t count_value(const cJSON *field)
{
	const char *text = cJSON_IsString(field) ? field->valuestring : NULL;

	if (text && *text && strlen(text) < 10 && !text[strspn(text, "0123456789")])
		return strtoll(text, NULL, 10);
	return cJSON_IsNumber(field) && field->valuedouble >= 0 && field->valuedouble < 1e15
		       ? (int64_t)field->valuedouble
		       : -1;
}

// How many of `noun` there should be, as a status itself says: "desiredNodes", or plain "nodes".
static int64_t wanted_of(const cJSON *fields, const char *noun)
{
	static const char *const plain[] = {"size", "desired", "total", "replicas", "count", NULL};
	int64_t all = -1;

	json_each (field, fields) {
		char own[NOUN_BYTES];
		int64_t count = count_value(field);

		if (count < 0 || !*noun)
			continue;
		// A daemon set's "desiredNumberScheduled" is what "numberReady" is counted against.
		if (key_counts(field->string, wanted_words, own) &&
			(strcmp(own, noun) == 0 || (strcmp(own, "numberscheduled") == 0 &&
							   strcmp(noun, "number") == 0)))
			return count;
		if (strcasecmp(field->string, noun) == 0)
			all = count;
	}
	return *noun ? all : first_count(fields, plain);
}

static bool judge_counts(int64_t there, int64_t wanted, int64_t updated, struct health *out)
{
	if (there < wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld of %lld ready", (long long)there,
			(long long)wanted);
	if (updated >= 0 && updated < wanted)
		return health_say(out, STATUS_PROGRESSING, "%lld of %lld updated",
			(long long)updated, (long long)wanted);
	return health_say(
		out, STATUS_HEALTHY, "%lld of %lld ready", (long long)there, (long long)wanted);
}

// "2/3" under a key that speaks of what is ready. False where it is none.
static bool fraction(const cJSON *fields, int64_t *there, int64_t *wanted)
{
	static const char *const keys[] = {"ready", "statusReplicas", "readyReplicas", "replicas",
		"instances", "available", "readyMembers", NULL};

	for (size_t i = 0; keys[i]; i++) {
		const char *text = json_text(fields, keys[i]);
		int have, want, end = 0;

		if (text && strlen(text) < 16 && isdigit((unsigned char)*text) &&
			sscanf(text, "%d/%d%n", &have, &want, &end) == 2 && text[end] == '\0' &&
			want >= 0) {
			*there = have;
			*wanted = want;
			return true;
		}
	}
	return false;
}

// What a spec wants is of its own parts: said of "replicas", "instances" and the like, not of any
// other thing that its status counts.
static bool is_own_part(const char *noun)
{
	static const char *const nouns[] = {"", "replicas", "instances", "members", "pods", NULL};

	for (size_t i = 0; nouns[i]; i++)
		if (strcmp(noun, nouns[i]) == 0)
			return true;
	return false;
}

// How many are said not to be there, under a name of their own; the key in *key, 0: none.
static int64_t count_lacking(const cJSON *fields, const char **key)
{
	static const char *const words[] = {
		"unavailable", "unready", "notready", "unhealthy", NULL};

	json_each (field, fields) {
		char noun[NOUN_BYTES];
		int64_t count = count_value(field);

		if (count > 0 && key_counts(field->string, words, noun) && is_piece(noun)) {
			*key = field->string;
			return count;
		}
	}
	return 0;
}

bool counts_judge(const cJSON *spec, const cJSON *fields, struct health *out)
{
	int64_t updated = json_int(fields, "updatedReplicas", -1), there, wanted;
	bool decided = false;

	if (fraction(fields, &there, &wanted))
		return judge_counts(there, wanted, updated, out);
	if (!cJSON_IsObject(fields))
		return false;
	const char *key = NULL;
	int64_t lacking = count_lacking(fields, &key);
	if (lacking > 0)
		return health_say(out, STATUS_PROGRESSING, "%s is %lld", key, (long long)lacking);
	json_each (field, fields) {
		char noun[NOUN_BYTES];
		struct health opinion;

		there = count_value(field);
		if (there < 0 || !key_counts(field->string, there_words, noun) || !is_piece(noun))
			continue;
		wanted = is_own_part(noun) ? first_count(spec, wanted_spec) : -1;
		if (wanted < 0)
			wanted = wanted_of(fields, noun);
		if (wanted < 0)
			continue;
		judge_counts(there, wanted, is_own_part(noun) ? updated : -1, &opinion);
		if (!decided || health_outweighs(opinion.status, out->status))
			*out = opinion;
		decided = true;
	}
	return decided;
}
