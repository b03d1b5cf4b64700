// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_INPUT_OPTION_H
#define RELIGHT_INPUT_OPTION_H

#include <stdbool.h>

#include "relight/err.h"
#include "relight/runbook.h"

// What `--input` takes: NAME=VALUE, or NAME=@FILE for the file's content without its last line end.
// The index of the input, or -1 with `err`: no such input, a value that does not fit its pattern,
// a file that cannot be read. The caller frees *value. Blocks on the disk.
int input_option(
	const struct runbook *runbook, const char *assignment, char **value, struct err *err);

#endif
