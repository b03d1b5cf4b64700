// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_REQUEST_PARTS_H
#define RELIGHT_CORE_REQUEST_PARTS_H

#include "relight/request.h"

// What the files that build requests share.

const struct action *request_action_of(const struct facts *facts, const struct request_plan *plan);
// What the variables stand for in this attempt.
struct substitution request_values(const struct facts *facts, const struct request_plan *plan);
// Adds a template with its variables filled in. False with `err` when one has no value. _given: a
// NULL template adds nothing.
bool request_add_expanded(cJSON *object, const char *key, const char *template,
	const struct substitution *values, struct err *err);
bool request_add_given(cJSON *object, const char *key, const char *template,
	const struct substitution *values, struct err *err);

// Adds what one kind of action does, in the words of the runbook.
typedef bool request_filler(cJSON *out, const struct facts *facts, const struct request_plan *plan,
	const struct substitution *values, struct err *err);
request_filler request_fill_kubernetes;

// Adds to the request of a kubernetes action where its cluster is and who it must be, and which
// files are applied.
bool request_add_cluster(cJSON *request, const struct facts *facts, const struct request_plan *plan,
	struct err *err);

#endif
