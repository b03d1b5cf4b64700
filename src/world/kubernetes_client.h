// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_KUBERNETES_CLIENT_H
#define RELIGHT_WORLD_KUBERNETES_CLIENT_H

#include "relight/credential_plugin.h"
#include "relight/kubeconfig.h"
#include "relight/kubernetes.h"

// What the files of the Kubernetes client share.

// One group-version of the API, in the server's order.
struct group_version {
	char group[256], version[64];
	cJSON *resources;  // an APIResourceList, without what is not needed; NULL: not asked yet
	bool has_failed;   // it was asked, and could not be read
	uint64_t asked_ms; // when it last was, on the loop's clock; 0: never
};

struct discovery {
	struct group_version *items; // [0] is the core group
	size_t count, capacity;
	bool is_listed;     // the groups are known …
	uint64_t listed_ms; // … as of then, when they were last asked for
	uint64_t wanted_ms; // when a name was last wanted to be asked anew; 0: never
};

struct kubernetes {
	uv_loop_t *loop;
	struct http *http;

	// The opened context.
	unsigned generation; // how often it was read
	enum status status;
	struct kubeconfig *kubeconfig;
	struct kubeconfig_access access;
	char *context;            // as asked for; NULL: the current one
	struct buf stamp;         // of all files it came from
	struct buf endpoint;      // the server, to be told: without credentials
	struct buf ca, cert, key; // PEM

	// Credentials.
	struct credential_plugin *plugin;      // NULL: there is none
	struct kubernetes_exchange *exchanges; // that wait for it
	void (*secret)(void *context, const char *name, const char *value);
	void *secret_context;

	bool is_silent; // its connections were given up, and nothing was answered since

	// Who it is.
	bool identifying;
	uint64_t unidentified_ms; // when that was last asked without being told
	bool has_reconnected;     // since it was last asked: it may be another one
	unsigned breaks; // connections lost or new, counted, for it may be another one since; …
	unsigned asked_at, told_at;     // … how many there were when it was asked, and told
	unsigned identified_generation; // of the context that was asked
	uint64_t identified_ms;         // when it was last asked; 0: not since it was opened
	char uid[64];                   // of kube-system; "": not known
	char ca_sha256[65];             // of the kubeconfig's CA; "": it names none
	char serving_ca[65];            // that signed who answered; "": not known
	char identified_ca[65];         // … when it last told who it is
	char *fingerprint;              // the last one that was told

	struct discovery discovery;
	struct kubernetes_search *searches; // the first one is under way
};

// The token that is sent now, or NULL; `text` holds it where it came from a file.
const char *kubernetes_token(const struct kubernetes *kubernetes, struct buf *text);
// Appends what is in the file of the token, of which there is one. False with `err` (may be NULL).
bool kubernetes_read_token(
	const struct kubeconfig_access *access, struct buf *text, struct err *err);
// What waits for credentials stops waiting, and begins anew, with those of the context now opened.
void kubernetes_end_waiting(struct kubernetes *kubernetes);
void kubernetes_resume_waiting(struct kubernetes *kubernetes);

// Forgets what discovery told and ends all searches: with these words, or silently where they are
// NULL.
void kubernetes_end_searches(struct kubernetes *kubernetes, const char *words);

#endif
