// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_HEALTH_CONDITION_TYPES_H
#define RELIGHT_CORE_HEALTH_CONDITION_TYPES_H

#include <stdbool.h>

// What a condition says by its type: controllers choose the words, and they mean the same in most
// of them.

// What a condition type says when it is True.
enum meaning {
	MEANS_SUMMARY, // wanted, and said of the whole object
	MEANS_GOOD,    // wanted; judged by its reason where it is False
	MEANS_GOAL,    // wanted at the end; until then under way
	MEANS_PART,    // wanted, of a part: what is said of the whole outweighs it
	MEANS_STAGE,   // a step on the way, which says nothing of the end when it is reached
	MEANS_BAD,     // a failure
	MEANS_BUSY,    // under way
	MEANS_RUNS,    // runs: well for a service, under way for what is meant to end
	MEANS_HELD,    // paused by someone
};

struct condition_type {
	const char *type;
	enum meaning meaning;
	bool is_ending;
};

// The row for a type ("Ready", "example.io/disk-ready"); NULL for one that nobody knows, and for
// NULL.
const struct condition_type *condition_type_find(const char *type);

#endif
