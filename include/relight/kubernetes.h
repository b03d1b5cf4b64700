// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KUBERNETES_H
#define RELIGHT_KUBERNETES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/http.h"
#include "relight/kubeapi.h"
#include "relight/moment.h"
#include "relight/status.h"

// A client of one Kubernetes API server on a loop: where a kubeconfig's context leads, who answers
// there, and what resources it has. Nothing blocks but reading local files.

struct kubernetes;
struct kubernetes_search; // for a resource type, under way

// `http` is borrowed and must outlive it.
struct kubernetes *kubernetes_new(uv_loop_t *loop, struct http *http);
// Ends its searches silently; exchanges are the callers' to cancel before. NULL is safe.
void kubernetes_free(struct kubernetes *kubernetes);

// Has `secret` told each token, password and key as it is read, to be masked wherever it may show.
// To be called before the first kubernetes_open.
void kubernetes_confide(struct kubernetes *kubernetes,
	void (*secret)(void *context, const char *name, const char *value), void *context);

// To be called before each asking: reads the kubeconfig, and the files that it names, where one of
// them has changed. `kubeconfig` is a path (NULL: what $KUBECONFIG lists, else ~/.kube/config),
// `context` a name (NULL: the current one). STATUS_HEALTHY: it can be asked. STATUS_MISSING: there
// is no such kubeconfig or context; STATUS_UNKNOWN: it cannot be used; both with `err`.
enum status kubernetes_open(struct kubernetes *kubernetes, const char *kubeconfig,
	const char *context, struct err *err);

// Counts how often it was read: another number, and it may lead elsewhere.
unsigned kubernetes_generation(const struct kubernetes *kubernetes);

// Of the opened context. Valid until the next kubernetes_open. The endpoint is without credentials;
// NULL: nothing is opened.
const char *kubernetes_endpoint(const struct kubernetes *kubernetes);
const char *kubernetes_namespace(const struct kubernetes *kubernetes); // never NULL

// Until when the credentials in use are good, as far as they tell (expiry.h); of several the
// earliest. `renews`: what ends then is replaced by itself. WALL_NONE: they do not tell.
struct wall kubernetes_expiry(const struct kubernetes *kubernetes, bool *renews);

// --- asking ---

struct kubernetes_exchange; // one request under way

struct kubernetes_request {
	const char *method;       // NULL: GET
	const char *path;         // with its query
	const char *accept;       // NULL: application/json
	const char *content_type; // of the body; NULL: application/json
	const char *body;         // NULL: none
	size_t body_length;
	int64_t timeout_ms;    // getting credentials counts, too
	size_t max_body_bytes; // 0: HTTP_BODY_BYTES
	bool once;             // as http_request.once
	void (*on_head)(void *context, int status, bool is_shared); // as http_request.on_head
	// Takes the body of a good answer (200 to 299) as it comes, instead of keeping it; false
	// ends the exchange. NULL: it is kept.
	bool (*on_data)(void *context, const char *bytes, size_t length);
	// Called once, from the loop, never from in here; `answer` is borrowed. Not called after
	// kubernetes_cancel.
	void (*done)(void *context, const struct http_answer *answer);
	void *context;
};

// Asks with the context's credentials; those of a plugin are waited for, and got anew once where
// the server refuses them (401). Copies all of `request`; never NULL.
struct kubernetes_exchange *kubernetes_ask(
	struct kubernetes *kubernetes, const struct kubernetes_request *request);
void kubernetes_cancel(struct kubernetes_exchange *exchange);
// As http_reset: gives up its connections. Those of others who use the same struct http, too.
void kubernetes_reset(struct kubernetes *kubernetes, const char *why);
// Whether nothing was answered since that.
bool kubernetes_is_silent(const struct kubernetes *kubernetes);
// For an answer that is not 200, or none: what that says (kubeapi_refusal), and that the
// credentials have expired, where they were refused for that.
enum status kubernetes_refusal(const struct kubernetes *kubernetes,
	const struct http_answer *answer, const char *object, struct buf *words);

// --- who it is ---

// Whether it is time to ask who answers: it has not told since it was opened, or `age_ms` ago or
// earlier, and nobody is asking; or a new connection was made since. The path to
// get, and where to take the answer, whatever it is. True when the fingerprint is another than
// before.
bool kubernetes_identity_due(const struct kubernetes *kubernetes, int64_t age_ms);
void kubernetes_identity_begin(struct kubernetes *kubernetes);
bool kubernetes_identity_end(
	struct kubernetes *kubernetes, const struct http_answer *answer); // NULL: given up
// Whether it was not asked since it was opened, a connection was lost or a new one was answered: it
// may be another one by now.
bool kubernetes_is_doubtful(const struct kubernetes *kubernetes);
// For how long one that was asked and did not tell is left alone; 0: no longer.
int64_t kubernetes_identity_rest_ms(const struct kubernetes *kubernetes);
#define KUBERNETES_IDENTITY_PATH "/api/v1/namespaces/kube-system"
// {"uid":…,"ca_sha256":…} as far as known, and "tls":"unverified" where whoever answers is
// believed; the caller owns it.
cJSON *kubernetes_fingerprint(const struct kubernetes *kubernetes);
const char *kubernetes_uid(const struct kubernetes *kubernetes); // of kube-system; NULL: not known

// Whether anybody has told who it is since the client was made.
bool kubernetes_was_reached(const struct kubernetes *kubernetes);

// --- what resources it has ---

enum kubernetes_knowledge {
	KUBERNETES_THERE,     // `type` is filled
	KUBERNETES_NOT_THERE, // not now, as far as discovery tells
	KUBERNETES_NOT_KNOWN, // it must be searched for
};
// From what discovery has told already. That it is not there must have been asked since then, on
// the loop's clock; 0: what was told lately will do.
enum kubernetes_knowledge kubernetes_find(const struct kubernetes *kubernetes,
	const struct kubeapi_name *name, uint64_t since_ms, struct kubeapi_type *type);
// Says in words that it is not there.
void kubernetes_absence(
	const struct kubernetes *kubernetes, const struct kubeapi_name *name, struct buf *words);
// `type` is NULL where it was not found, with the reason in words.
typedef void kubernetes_found(void *context, const struct kubeapi_type *type, const char *words);
// Asks discovery about a name that kubernetes_find does not know. `found` is called once, from the
// loop, within about `timeout_ms`, unless it is cancelled. What was learned is kept until the
// context leads elsewhere; a name that is not there is looked for again, in its own group after 5
// s, in all after 30 s, and where `since_ms` is later than that was asked (kubernetes_find).
struct kubernetes_search *kubernetes_search(struct kubernetes *kubernetes,
	const struct kubeapi_name *name, uint64_t since_ms, int64_t timeout_ms,
	kubernetes_found *found, void *context);
void kubernetes_search_cancel(struct kubernetes_search *search);
// What discovery told is no longer so (a known resource answered that it is not there).
void kubernetes_forget(struct kubernetes *kubernetes);

#endif
