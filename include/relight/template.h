// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TEMPLATE_H
#define RELIGHT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"

// How variables are written in the texts of a runbook: `${scope.name}`, or `${name}` where it
// stands alone; `$${` is a literal `${`; any other dollar is a dollar. What they stand for is told
// by substitute.h.

#define TEMPLATE_NAME_BYTES 128 // of a scope or a name, the NUL included

struct template_part {
	enum { TEMPLATE_TEXT, TEMPLATE_VARIABLE, TEMPLATE_MALFORMED } kind;
	const char *text;                // TEMPLATE_TEXT: what to put out
	size_t length;                   // of `text`, bytes
	char scope[TEMPLATE_NAME_BYTES]; // TEMPLATE_VARIABLE: "input", "env", …; "" for a bare name
	char name[TEMPLATE_NAME_BYTES];
};

// Takes the next part of a template and moves *at past it (of a malformed variable, past its "${").
// False at the end.
bool template_next(const char **at, struct template_part *part);

// The name of the variable by which a shell text finds input `id`: "RELIGHT_INPUT_DB_TOKEN".
void template_input_name(const char *id, struct buf *out);

#endif
