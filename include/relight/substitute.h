// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SUBSTITUTE_H
#define RELIGHT_SUBSTITUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/runbook.h"

// What the variables of a template (template.h) stand for: `${input.X}`, `${scope.X}`, `${env.X}`,
// `${incident.id}`, `${attempt}`, `${each}`. One pass: what was put in is not looked at again.

// Where the values come from. Members may be NULL: then such a variable has no value.
struct substitution {
	const struct runbook *runbook;
	const char *const *inputs; // by input index; NULL elements are unset
	const char *(*env)(void *context, const char *name);
	void *env_context;
	const char *incident;
	const char *each;
	int attempt; // 0: none
};

// Appends `template` with every variable replaced. False when one has no value: "needs input
// backup", "environment name AWS_PROFILE is not set".
bool substitute(
	const char *template, const struct substitution *values, struct buf *out, struct err *err);

#endif
