// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_PROBE_KUBERNETES_H
#define RELIGHT_WORLD_PROBE_KUBERNETES_H

#include "relight/kubernetes.h"
#include "relight/kubewatch.h"
#include "relight/probe.h"

// What the files of the Kubernetes checks share: one asking under way.

#define QUERY_MAX_BYTES (64u << 20) // of one answer

struct query;

// What is kept of a check from one asking to the next.
struct standing {
	struct kubewatch_viewer *viewer; // at the watch that has its objects in view
	cJSON *pods, *events;            // what stood beside a workload that was not healthy …
	uint64_t beside_ms;              // … at this time, on the loop's clock
};
struct standing *query_standing(struct query *query); // made where there is none
void standing_free(struct standing *standing);        // NULL is safe

struct query {
	struct probing *probing;
	struct kubernetes *client;
	const struct kubernetes_check *check;
	uint64_t began_ms, deadline_ms; // on the loop's clock
	int64_t latency_ms;             // of the answers that decide
	bool identifies;
	// What was found out is held back until its target has told who it is, asked so often by
	// then.
	bool is_held;
	unsigned held_at;
	struct query *next, *prev; // of those of the target

	// What is waited for; at most one of them.
	struct kubernetes_exchange *exchange;
	struct kubernetes_search *search;
	struct kubewatch_asking *asking;
	int64_t judge_ticket; // 0: none

	struct kubeapi_name name;
	struct kubeapi_type type; // once located
	char *namespace;          // NULL: all
	char *object;             // NULL: a list
	char *selector;           // NULL: none
	cJSON *evidence;          // of an object while it is judged
	struct health *health;    // of a workload while it is asked what keeps it; NULL: it is not
	struct access_query *access; // can_i; NULL: none
	struct proxy_query *proxy;   // through the service proxy; NULL: none
};

// Ends it: frees it, and says what was found out. Takes ownership of `evidence`.
void query_end(struct query *query, enum status status, cJSON *evidence, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
// Ends it by an outcome that is held against the check's expectation (probing_judge).
void query_end_judged(struct query *query, const struct outcome *outcome);
// Ends for want of an object or of an answer; that nothing is there is what `absent` hopes for.
void query_end_refused(struct query *query, const struct http_answer *answer);
void query_end_unknown(struct query *query, enum status status, const char *words);
int64_t query_time_left_ms(const struct query *query); // at least 1
// Since when discovery must have been asked for this (kubernetes_find); 0: lately.
uint64_t query_since_ms(const struct query *query);
// Asks for a path. `done` begins with query_arrived.
void query_get(struct query *query, const char *path, const char *accept,
	void (*done)(void *context, const struct http_answer *answer));
// Takes note of an answer that decides.
void query_arrived(struct query *query, const struct http_answer *answer);
// Takes note of what the name of the resource has turned out to mean. To be called once it is known
// that there is something to judge.
void query_found(struct query *query, const struct kubeapi_type *type);
// Finds out where the resource lives, and asks for the one object by itself.
void query_locate(struct query *query);
// Ends with the verdict on a workload that is not healthy, after asking what keeps it: its pods,
// and the warnings about it. `pods` is their selector, or NULL. Takes ownership of `evidence`.
void query_why(struct query *query, const struct kubeapi_type *type, enum status status,
	const char *words, const char *pods, cJSON *evidence);
// Looks at the watch that has it in view, from now on; asks that.
struct kubewatch_viewer *query_look(struct query *query);
void query_watch(struct query *query);

// --- what else can be asked ---

// Whether somebody may do something (probe_kubernetes_access.c): takes the check's texts, asks once
// it is known who answers, frees. `take` returns false with `err`.
bool access_take(struct query *query, struct err *err);
void access_ask(struct query *query);
void access_free(struct access_query *access); // NULL is safe

// What a service answers through the API server (probe_kubernetes_proxy.c), in the same way.
bool proxy_take(struct query *query, struct err *err);
void proxy_ask(struct query *query);
void proxy_free(struct proxy_query *proxy); // NULL is safe

// --- the targets of the runbook ---

// A target's client, made when first asked for. NULL with `err`.
struct kubernetes *target_client(struct probe_world *world, int target, struct err *err);
// kubernetes_open with what the runbook says of the target; target_client came before. A kubeconfig
// or context that is not there any more is STATUS_UNKNOWN.
enum status target_open(struct probe_world *world, int target, struct err *err);
// The evidence that there was none when it was last opened (PIN_UNREACHED), for the caller to
// own; NULL: there was.
cJSON *target_absence(struct probe_world *world, int target);
// Takes the answer about who it is (NULL: given up), and tells the cockpit what is new.
void target_identified(struct probe_world *world, int target, const struct http_answer *answer);
// Whether an answer of now may be another one's than the one that was last identified.
bool target_is_doubtful(struct probe_world *world, int target);
// Asks who answers there, and calls query_believe with the first answer that was asked for from now
// on; target_release cancels that.
void target_hold(struct query *query);
void target_release(struct query *query);
// Ends a query that is held: what it found out is told, unless nobody or another one answers.
void query_believe(struct query *query, const struct http_answer *answer);
// A text of the runbook with its variables replaced; the caller frees. *text stays NULL where there
// is none. False with `err`.
bool target_text(struct probe_world *world, const char *template, char **text, struct err *err);
// The watch of such a scope, made where there is none. Valid until the next target_forget_watches.
struct kubewatch *target_watch(
	struct probe_world *world, int target, const struct kubewatch_scope *scope);
// Ends those that nobody looks at any more.
void target_forget_watches(struct probe_world *world, int target);
// For the table of kinds.
void targets_attend(struct probe_world *world);
void targets_fini(struct probe_world *world);

#endif
