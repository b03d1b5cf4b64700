// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_PROBE_KUBERNETES_H
#define RELIGHT_WORLD_PROBE_KUBERNETES_H

#include "relight/kubernetes.h"
#include "relight/probe.h"
#include "relight/tally.h"

// What the files of the Kubernetes checks share: one asking under way.

#define QUERY_MAX_BYTES (64u << 20) // of one answer

struct query {
	struct probing *probing;
	struct kubernetes *client;
	const struct kubernetes_check *check;
	uint64_t deadline_ms; // on the loop's clock
	int64_t latency_ms;   // of the answers that decide
	bool identifies;

	// What is waited for; at most one of them.
	struct http_exchange *exchange;
	struct kubernetes_search *search;
	int64_t jq_ticket; // 0: none

	struct kubeapi_name name;
	struct kubeapi_type type;
	char *namespace; // NULL: all
	char *object;    // NULL: a list
	char *selector;  // NULL: none

	// A list.
	struct tally tally;
	struct buf next_page; // token; empty: the first page
	bool has_restarted;
	cJSON *page;
	cJSON *item; // of `page`: the one that jq judges
};

// Ends it: frees it, and says what was found out. Takes ownership of `evidence`.
void query_end(struct query *query, enum status status, cJSON *evidence, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
// Ends for want of an object or of an answer; that nothing is there is what `absent` hopes for.
void query_end_refused(struct query *query, const struct http_answer *answer);
int64_t query_time_left_ms(const struct query *query); // at least 1
// Asks for a path. `done` begins with query_arrived.
void query_get(struct query *query, const char *path, const char *accept,
	void (*done)(void *context, const struct http_answer *answer));
// Takes note of an answer that decides.
void query_arrived(struct query *query, const struct http_answer *answer);
// Whether names are all that is needed: secrets are never fetched whole for less.
bool query_needs_names_only(const struct query *query);
// Gives an object that was asked for by name only the kind back, of which the server sent a part.
void query_name_kind(const struct query *query, cJSON *object);
// Asks for all objects that it is about, page by page, and judges them.
void query_list(struct query *query);

#endif
