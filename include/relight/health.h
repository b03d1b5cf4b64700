// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HEALTH_H
#define RELIGHT_HEALTH_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "relight/moment.h"
#include "relight/status.h"

// How a Kubernetes object is, read from the object alone: by a rule for its kind where there is
// one, else by the conventions that controllers share (deletionTimestamp, suspend,
// observedGeneration, conditions, phases, replicas).

#define HEALTH_MESSAGE_BYTES 1024
#define HEALTH_RULE_BYTES    160

struct health {
	enum status status; // STATUS_MISSING only where its own phase says that what it stands for
			    // is not there
	char message[HEALTH_MESSAGE_BYTES]; // why, in words; in UTF-8, cut at a whole character;
					    // never empty
	char rule[HEALTH_RULE_BYTES]; // what decided: "builtin/Deployment",
				      // "table/cert-manager.io/Certificate",
				      // "convention/conditions", …
	struct wall since; // the newest time at which its status says that something moved;
			   // WALL_NONE: it says none. For "no progress for 2m": kept out of
			   // `message`, which stays the same while nothing changes.
	bool tells_since;  // false: its status tells no times, and `since` is when it was created,
			   // however often it has changed from then on
	struct wall again; // when it is to be judged anew although nothing has changed (a
			   // certificate expires), later than the `now` it was judged at;
			   // WALL_NONE: only when it changes
};

// Judges one object as the API server returned it (with apiVersion and kind), without health
// tables. `now` serves for ages; WALL_NONE: ages decide nothing. What is no object at all is
// unknown. Keeps no reference to `object`.
void health_judge(const cJSON *object, struct wall now, struct health *out);

// The same of an item of a list, which the API server gives no kind and apiVersion: they are taken
// from here where the object has none.
void health_judge_as(const cJSON *object, const char *api_version, const char *kind,
	struct wall now, struct health *out);
// Appends ": words" to the message, cut at a whole character.
void health_add_words(struct health *health, const char *words);

// The API group of an object ("apps"; "" for the core group or where there is no apiVersion),
// copied and cut to fit.
void health_group(const cJSON *object, char group[128]);

// Whether it is a list as the API server returns it ("PodList", "List" with items).
bool health_is_list(const cJSON *object);
// Gives an item of such a list the kind and apiVersion that the API server leaves out there. One
// that has them is unchanged.
void health_name_item(cJSON *item, const cJSON *list);

#endif
