// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_PROBE_PARTS_H
#define RELIGHT_WORLD_PROBE_PARTS_H

#include "relight/channel.h"
#include "relight/probe.h"

// What the files of the scheduler share: probe.c runs the sensor, probe_watch.c asks in rhythm,
// probe_judge.c turns what came of it into a verdict, probe_values.c fills in variables.

struct watch;

enum asking_state {
	ASKING_IDLE,
	ASKING_OUT,   // the kind is at work
	ASKING_AT_JQ, // jq is at work
};

// One check of a dependency. What the kind sees of it is `probing`, which stands first.
struct asking {
	struct probing probing;
	struct watch *watch;
	const struct probe_kind *kind;
	enum asking_state state;
	int programs[4]; // of jq: verdict, message, progress, expires; -1: none
	// While jq is asked:
	int64_t ticket;
	struct outcome outcome; // its texts are copies
	// Once judged:
	struct verdict verdict;
	int64_t latency_ms;
	cJSON *evidence;
	cJSON *notes; // for it, of the asking that is under way; NULL: none yet
};

// Prepares one check: its jq programs are numbered.
void asking_init(struct asking *asking, struct watch *watch, struct probe_world *world,
	const struct dependency *dependency, const struct check *check);
// Lets the kind know what it will be asked.
void asking_prepare(struct asking *asking);
// `anew`: what the kind knows already does not count.
void asking_start(struct asking *asking, bool anew);
// Lets go of whatever is under way, silently.
void asking_cancel(struct asking *asking);
// The same, and the answer is that none came.
void asking_expire(struct asking *asking);
void asking_fini(struct asking *asking); // after asking_cancel

// --- the rhythm ------------------------------------------------------------------------------------------------------

// What the watches of one sensor share.
struct watching {
	struct probe_world *world;
	struct channel *channel;
	bool once;
	bool is_ending;      // what is still to be heard is waited for, and nothing beyond it
	size_t left;         // dependencies that were not heard yet, or are to be heard again
	bool is_all_healthy; // with `once`
	void (*on_all)(struct watching *watching); // with `once` or is_ending: none is left
};

struct watch *watch_new(struct watching *watching, int dependency);
void watch_free(struct watch *watch); // the loop must run once more
// Before any of them begins.
void watch_prepare(struct watch *watch);
// Asks for the first time after `delay_ms`; `phase` (0 to 1) spreads what comes after.
void watch_begin(struct watch *watch, int64_t delay_ms, double phase);
// Asks again as soon as that is possible; token 0: none.
void watch_recheck(struct watch *watch, int64_t token);
// A kind that watches has something new.
void watch_news(struct watch *watch);
// Something has changed that may let a check be asked which could not be.
void watch_reconsider(struct watch *watch);
// An asking has been judged.
void watch_answered(struct watch *watch);

// How much a first asking costs, in microseconds of a core: starts are spread by it.
int64_t watch_cost_us(const struct dependency *dependency);

// --- values ----------------------------------------------------------------------------------------------------------

// Appends the masked text.
void probe_mask(const struct probe_world *world, const char *text, struct buf *out);

// Declares a value secret, once however often it is read.
void probe_secret(struct probe_world *world, const char *name, const char *value);

// The environment of a command: the sensor's own, env_file, then the check's `env`; for a shell
// text inputs, too.
struct probe_environment {
	char **items; // NAME=VALUE, NULL-terminated
	size_t count, capacity;
};
bool probe_environment_fill(struct probe_environment *environment, struct probe_world *world,
	const struct command *command, struct err *err);
void probe_environment_fini(struct probe_environment *environment);

#endif
