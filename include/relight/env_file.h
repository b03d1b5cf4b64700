// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_ENV_FILE_H
#define RELIGHT_ENV_FILE_H

#include <stdbool.h>

#include "relight/err.h"

// Files of environment variables (runbook key `env_file`): lines NAME=VALUE, a leading `export `
// allowed, empty lines and lines that begin with # ignored. White space around a value is dropped,
// and so are matching quotes around all of it; between double quotes \n, \t, \", \\ and \$ are
// escapes. Nothing is expanded.

#define ENV_FILE_MAX_BYTES (1u << 20)

typedef void env_file_pair(void *context, const char *name, const char *value);

// Gives each variable of `text` in order. False with `err` ("line 3: …", never with a value in it)
// for the first line that is none; what stood before it was given.
bool env_file_parse(const char *text, env_file_pair *pair, void *context, struct err *err);

#endif
