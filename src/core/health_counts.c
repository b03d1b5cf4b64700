// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "health_rules.h"

// Numbers that say how many there are and how many there should be, under names like readyReplicas
// and replicas, readyMembers and members, ready and size; or as one text, "2/3".

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

static const char *const wanted_spec[] = {"replicas", "instances", "size", NULL};

// "readyMembers" counts some of "members".
struct pair {
	const char *have, *wanted;
};
static const struct pair pairs[] = {
	{"availableReplicas", "replicas"},
	{"readyReplicas", "replicas"},
	{"updatedReadyReplicas", "replicas"},
	{"readyInstances", "instances"},
	{"readyMembers", "members"},
	{"readyNodes", "nodes"},
	{"readyPods", "pods"},
	{"readyWorkers", "workers"},
	{"availableNodes", "expectedNodes"},
	{"numberAvailable", "desiredNumberScheduled"},
	{"numberReady", "desiredNumberScheduled"},
	{"currentHealthy", "expectedMachines"},
	{"ready", "size"},
	{"ready", "desired"},
	{"ready", "total"},
	{"ready", "replicas"},
	{"available", "desired"},
};

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
		"instances", "available", NULL};

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

bool counts_judge(const cJSON *spec, const cJSON *fields, struct health *out)
{
	int64_t updated = json_int(fields, "updatedReplicas", -1), there, wanted;

	if (fraction(fields, &there, &wanted))
		return judge_counts(there, wanted, updated, out);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		there = json_int(fields, pairs[i].have, -1);
		if (there < 0)
			continue;
		wanted = first_count(spec, wanted_spec);
		if (wanted < 0)
			wanted = json_int(fields, "desiredReplicas", -1);
		if (wanted < 0)
			wanted = json_int(fields, pairs[i].wanted, -1);
		if (wanted >= 0)
			return judge_counts(there, wanted, updated, out);
	}
	return false;
}
