// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_COCKPIT_H
#define RELIGHT_COCKPIT_H

#include "opening.h"
#include "relight/launcher.h"

// The screen on top of an engine. Each of these runs until the person leaves, and returns an exit
// code; what went wrong is said on stderr after the terminal was restored.

// Opens a new incident. The first frame is drawn before anything is on disk. With *is_taken another
// process has opened one in that place meanwhile, and nothing was done or said.
int cockpit_open(struct opening *opening, const struct launcher *launcher, bool *is_taken);
// Goes on with the one in `directory`.
int cockpit_resume(struct opening *opening, const char *directory, const struct launcher *launcher);

// Looks on at the one in `directory`, read-only.
int cockpit_watch(struct opening *opening, const char *directory);

#endif
