// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_COCKPIT_THEME_H
#define RELIGHT_COCKPIT_THEME_H

#include <stdbool.h>

#include "relight/err.h"
#include "relight/theme.h"

// The theme of the screen: `named` is a file or the name of one that comes with relight ("light");
// NULL: $RELIGHT_THEME, else "default". False with `err`, after saying every error of the file on
// stderr.
bool cockpit_theme(const char *named, struct theme *theme, struct err *err);

#endif
