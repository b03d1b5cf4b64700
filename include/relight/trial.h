// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TRIAL_H
#define RELIGHT_TRIAL_H

#include <cjson/cJSON.h>
#include <uv.h>

#include "relight/err.h"

// The cockpit's end of `relight perform --dry-run`: an actuator of its own asks the API server what
// it would say to an action, and changes nothing. It has the credentials and runs their plugins; it
// may hang, and is ended then. Runs on the cockpit's loop and never blocks.

#define TRIAL_ANSWER_MS   30000 // then the actuator gives up …
#define TRIAL_PATIENCE_MS 35000 // … and one that does not is ended

struct trial;

struct trial_config {
	const char *executable, *directory; // this program; the incident's directory
	const cJSON *request; // as request_new makes it; borrowed. Its limits are not the trial's
	// It is over: what the actuator found, as perform_trial tells it (attempt.h), masked; or
	// NULL, and why there is nothing. Called once, last; the trial is gone afterwards.
	void (*on_end)(void *context, const cJSON *result, const char *why);
	void *context;
};

// NULL with `err`, and no callback, when it cannot be started.
struct trial *trial_start(uv_loop_t *loop, const struct trial_config *config, struct err *err);
// Ends it silently; the loop must run a few turns more. NULL is safe.
void trial_abandon(struct trial *trial);

#endif
