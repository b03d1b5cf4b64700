// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_LOAD_HEALTH_H
#define RELIGHT_LOAD_HEALTH_H

#include <stdbool.h>

#include "relight/health_table.h"

// The health tables: those that the program carries and the user's, of health.d/*.yaml in relight's
// configuration folder ($XDG_CONFIG_HOME/relight, else ~/.config/relight), in the order of their
// names. What is wrong with the user's is said on stderr with its place, and *has_errors set: what
// could be read is there all the same. With `checks_jq` their expressions are compiled for that,
// too, which blocks for some 30 ms a file. Blocks on the disk. Never NULL; the caller frees with
// health_tables_free.
struct health_tables *load_health(bool checks_jq, bool *has_errors);

#endif
