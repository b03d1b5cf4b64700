// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PROBE_H
#define RELIGHT_PROBE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relight/buf.h"
#include "relight/channel.h"
#include "relight/err.h"
#include "relight/expect.h"
#include "relight/http.h"
#include "relight/jq.h"
#include "relight/judge.h"
#include "relight/mask.h"
#include "relight/progress.h"
#include "relight/runbook.h"
#include "relight/substitute.h"

// The sensor (FORMATS.md §2, `relight probe`): asks the checks of every dependency in their rhythm
// and emits observations. The kinds of checks are one const table, a file each; the scheduler knows
// nothing of what they do.

// --- what kinds of checks use --------------------------------------------------------------------

// What all askings share. Owned by the scheduler; outlives every asking.
struct probe_world {
	uv_loop_t *loop;
	const struct runbook *runbook;
	bool once;                  // each check is asked once, and then it ends
	struct substitution values; // inputs, environment, incident as configured now
	struct mask *mask;
	char **secrets; // values that the mask knows already
	size_t secret_count, secret_capacity;
	struct jq *jq;
	struct judge *judge;           // of Kubernetes objects
	struct http *http;             // NULL until probe_http_client()
	void *kind_state[CHECK_KINDS]; // for the kind itself; freed by its `fini`
	struct channel *channel;       // where lines go
};

// The shared HTTP client, made when first asked for. NULL with `err`.
struct http *probe_http_client(struct probe_world *world, struct err *err);
// Appends `template` with its variables replaced. False with `err` ("needs input X").
bool probe_text(struct probe_world *world, const char *template, struct buf *out, struct err *err);
// Appends a path with its variables replaced: `~/` is the home directory, a relative one is
// relative to the runbook's folder.
bool probe_path(struct probe_world *world, const char *template, struct buf *out, struct err *err);
// Sends {"type":"target",…} for targets[target]; takes ownership of `fingerprint`. To be called on
// first contact and on change.
void probe_target(struct probe_world *world, int target, const char *endpoint,
	const char *namespace, cJSON *fingerprint);

// One asking of one check. Made by the scheduler, freed by it after probing_done, probing_judge or
// `cancel`.
struct probing {
	struct probe_world *world;
	const struct dependency *dependency;
	const struct check *check;
	int64_t timeout_ms; // from `start` on …
	uint64_t began_ms;  // … which was then, on the loop's clock
	bool anew;          // what the kind knows already does not count
	void *work;         // the kind's own
	void *standing;     // the kind's own, too, kept from one asking to the next
	struct wall asked;  // set by a kind that answers from what it knew: of when that is;
			    // WALL_NONE: of the start
	int64_t again_ms;   // set by a kind that will know more so soon; -1: the rhythm will do
	// Set by the kind before it ends, where jq does not say otherwise.
	struct progress progress; // total 0: none
	struct wall expires;      // of the credentials; WALL_NONE: not known
	bool renews;              // they are replaced by themselves
	const char *aside; // said behind the message, whatever the verdict; a constant, NULL: none
};

// Adds a text to the evidence of the asking that is under way, however it ends. Copies it, masked.
void probing_note(struct probing *probing, const char *key, const char *text);

// For a kind that watches: what it would answer has changed since. Asked again soon.
void probing_changed(struct probing *probing);

// Ends an asking with what was found out. Exactly one of these two is called once for each start,
// at once or later from the loop, after the kind has released `work`; the probing must not be
// touched afterwards. By an outcome: jq is asked where the expectation wants it, then expect_judge.
// Texts are copied, masked in messages.
void probing_judge(struct probing *probing, const struct outcome *outcome);
// By a status and words (masked here). latency_ms -1: not known. Takes ownership of `evidence`,
// which may be NULL.
void probing_done(struct probing *probing, enum status status, int64_t latency_ms, cJSON *evidence,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

// Tells what was held back (probe_kind.hold), after the kind has released `work`.
void probing_tell(struct probing *probing);

struct probe_kind {
	// What will be asked is configured; called before anything is, of any check. May be NULL.
	void (*prepare)(struct probing *probing);
	// Begins; ends by itself within timeout_ms through one of the two above.
	void (*start)(struct probing *probing);
	// Ends early and releases `work`, silently. Called when the sensor ends, and as a backstop
	// 2 s after the timeout.
	void (*cancel)(struct probing *probing);
	// What was found out, and is not unknown, is about to be told. True where that may not be
	// yet: then the kind sets `work` again, and calls probing_tell later, or probing_done
	// instead. May be NULL.
	bool (*hold)(struct probing *probing);
	// Lets go of `standing`, where that is set: the check will not be asked again. May be NULL.
	void (*leave)(struct probing *probing);
	// Begins what goes on beside the askings for as long as the sensor runs: before them, once
	// the values are configured; not with `once`. May be NULL.
	void (*attend)(struct probe_world *world);
	// Ends that, and frees kind_state; the loop runs once more. May be NULL.
	void (*fini)(struct probe_world *world);
	const char *unbuilt; // what is not built yet, in words; then the rest is NULL
};

extern const struct probe_kind probe_http, probe_tcp, probe_command, probe_manual;
extern const struct probe_kind probe_kubernetes; // src/world/probe_kubernetes.c
extern const struct probe_kind *const probe_kinds[CHECK_KINDS];

// The feature that one check needs and that is not built yet ("ssh checks"), or NULL.
const char *probe_unbuilt(const struct check *check);

// --- running it ----------------------------------------------------------------------------------

struct probe_options {
	bool once;                 // one observation of each, then end
	bool configured;           // the first line of stdin is a configuration
	const char *const *only;   // ids, NULL-terminated; NULL: all
	const char *const *inputs; // by input index, NULL elements are unset; NULL: none
	const char *executable;    // this program, for `jq`
	const struct health_tables *health_tables; // NULL: none
	const char *timeline;                      // of a rehearsal: the timeline's file, else NULL
};

// Runs the sensor until its stdin ends, SIGINT or SIGTERM (or after one round): the exit code of
// FORMATS.md §8.
int probe_run(const struct runbook *runbook, const struct probe_options *options);

#endif
