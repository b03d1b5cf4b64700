// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KUBEWATCH_H
#define RELIGHT_KUBEWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relight/err.h"
#include "relight/expect.h"
#include "relight/judge.h"
#include "relight/jq.h"
#include "relight/kubeapi.h"
#include "relight/kubernetes.h"
#include "relight/moment.h"
#include "relight/progress.h"
#include "relight/status.h"
#include "relight/tally.h"

// Kubernetes objects, listed once and watched from then on (kubernetes.io: "Kubernetes API
// Concepts", Efficient detection of changes). Of each object only the verdict is kept. It goes on
// by itself through all that servers do: pages, expired lists (410), refusals, restarts; and it
// never gives out knowledge that is not known to hold now.

// --- the pulse of a connection -------------------------------------------------------------------

// Whether the server still answers on a connection that watches share: /readyz is asked on it every
// few seconds while anybody needs to know. A server that does not answer in time has its
// connections given up (kubernetes_reset), so that everything on them fails and is tried anew.
struct kubepulse;

// Borrows the client, which must outlive it.
struct kubepulse *kubepulse_new(uv_loop_t *loop, struct kubernetes *client);
void kubepulse_free(struct kubepulse *pulse); // the loop must run once more; NULL is safe
// One more, or one less, needs it.
void kubepulse_need(struct kubepulse *pulse);
void kubepulse_leave(struct kubepulse *pulse);
// When the newest question was asked that has been answered: on the loop's clock (0: none has), and
// on the wall's.
uint64_t kubepulse_heard_ms(const struct kubepulse *pulse);
struct wall kubepulse_heard(const struct kubepulse *pulse);

// Watches of one resource go through one gate: while it is refused, only one of them asks at a
// time. When the next may ask, on the loop's clock, with `ms` between two; whoever finds it open
// goes.
uint64_t kubegate_opens_ms(struct kubepulse *pulse, const char *resource, uint64_t ms);
// What came of asking, for what was asked at this time: an answer to an older question does not
// undo a refusal.
void kubegate_refused(struct kubepulse *pulse, const char *resource);
void kubegate_passed(struct kubepulse *pulse, const char *resource, uint64_t asked_ms);

// --- what is watched -----------------------------------------------------------------------------

struct kubewatch;
struct kubewatch_viewer; // somebody who looks at it
struct kubewatch_asking; // a question that waits for its answer

struct kubewatch_scope {
	struct kubeapi_name resource;
	const char *namespace; // NULL: all
	const char *selector;  // of labels; NULL: none
	const char *object;    // the one of this name; NULL: all
};

struct kubewatch_config {
	uv_loop_t *loop;
	struct kubernetes *client;
	struct kubepulse *pulse;
	struct judge *judge;
	struct jq *jq;
	bool once; // list when asked, and never watch
	// Makes the client ready to be asked, as kubernetes_open.
	enum status (*open)(void *context, struct err *err);
	void *context;
};

// Copies the scope. Nothing is asked before the first kubewatch_ask.
struct kubewatch *kubewatch_new(
	const struct kubewatch_config *config, const struct kubewatch_scope *scope);
// Ends its askings silently; the loop must run once more. NULL is safe.
void kubewatch_free(struct kubewatch *watch);
bool kubewatch_covers(const struct kubewatch *watch, const struct kubewatch_scope *scope);

// --- looking at it -------------------------------------------------------------------------------

enum kubewatch_aim {
	KUBEWATCH_NAMES,  // that it is there: nothing else is fetched
	KUBEWATCH_HEALTH, // judged
	KUBEWATCH_JQ,     // by a program, object by object
	KUBEWATCH_TEXT,   // the text of the one object, for whoever asks to judge
};

// Looks at it in this way; `expect` is of KUBEWATCH_JQ, and must outlive the viewer. `changed` is
// called from the loop when something has changed since what the viewer was last answered: at once
// after a quiet time, else at most every 50 ms. To be ended with kubewatch_leave before the watch.
struct kubewatch_viewer *kubewatch_look(struct kubewatch *watch, enum kubewatch_aim aim,
	const struct expectation *expect, void (*changed)(void *context), void *context);
void kubewatch_leave(struct kubewatch_viewer *viewer); // NULL is safe; cancels its askings
const struct kubewatch *kubewatch_of(const struct kubewatch_viewer *viewer);
bool kubewatch_has_viewers(const struct kubewatch *watch);

struct kubewatch_answer {
	// Why nothing is known now: unknown, or missing where even the kubeconfig is. NULL: it is
	// known, and the members below are there.
	const char *refusal;
	enum status status; // of a refusal
	int http_status;    // of a refusal; 0: none

	const struct kubeapi_type *type;
	const struct tally *tally; // of all objects; names are NAMESPACE/NAME where all are meant
	struct wall asked;         // it is of this time, or newer
	int64_t latency_ms;        // of the newest answer; -1: not known
	struct wall since;         // when any of them last made progress; WALL_NONE: not known
	// Of one object, where it is there (tally->count is 1); `since` is of it alone:
	const char *words, *rule, *uid, *resource_version;
	const char *pods; // the labels by which it selects pods, as in a query; NULL: it has none
	const struct progress *progress; // NULL: it tells none
	const char *text;                // KUBEWATCH_TEXT
	size_t length;
};
typedef void kubewatch_done(void *context, const struct kubewatch_answer *answer);

// Calls `done` once: at once where it is known, else from the loop when it is, or why not, or after
// `timeout_ms`. `anew`: what is known already does not count, the server is to be asked again.
// NULL: it was called already.
struct kubewatch_asking *kubewatch_ask(struct kubewatch_viewer *viewer, bool anew,
	int64_t timeout_ms, kubewatch_done *done, void *context);
void kubewatch_cancel(struct kubewatch_asking *asking);

#endif
