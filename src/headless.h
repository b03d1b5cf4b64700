// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HEADLESS_H
#define RELIGHT_HEADLESS_H

#include "engine.h"
#include "relight/answers.h"

// Runs an incident that is open without a screen, as the answers say, writing each line of the
// timeline to stdout once it is durable. Returns an exit code (FORMATS.md §7); why it stopped is
// said on stderr. Blocks until then.
int headless_run(struct engine *engine, const struct answers *answers, int parallel);

// Sets the front up; to be called before engine_begin or engine_resume, so that no line is missed.
void headless_attach(struct engine *engine);

#endif
