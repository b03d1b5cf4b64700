// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SHOW_H
#define RELIGHT_SHOW_H

#include <stdbool.h>

#include "relight/err.h"

// Prints a timeline on stdout, one event a line: in words, or as the lines it consists of. Of a
// damaged file it shows all that can be told apart: each bad line is named with what is wrong with
// it, and those behind it are judged by themselves. *is_damaged says whether there was one. False
// with `err` when there is nothing that could be read.
bool show_timeline(const char *name, bool is_jsonl, bool *is_damaged, struct err *err);

#endif
