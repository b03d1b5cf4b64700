// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_INPUT_H
#define RELIGHT_INPUT_H

#include <stdbool.h>

#include "relight/err.h"
#include "relight/runbook.h"

// Whether a value may be given to an input: not empty, its pattern matches whole, one of its
// literal choices where it has any. The same for a person, the command line, an answers file and a
// step that sets it. False with `err`; the value is not in it where it may be secret.
bool input_fits(const struct input *input, const char *value, struct err *err);

#endif
