// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KUBEAPI_H
#define RELIGHT_KUBEAPI_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/status.h"

// The Kubernetes API as values (kubernetes.io: "Kubernetes API Concepts"): what a resource is
// called and where it lives, and what an answer that is no object says.

// A resource as kubectl writes it: "deploy", "Deployment", "deployments.apps",
// "deployments.v1.apps".
struct kubeapi_name {
	char resource[128], version[64], group[256]; // version and group: "" where not given
};
// False with `err` for what cannot be one.
bool kubeapi_name_parse(const char *text, struct kubeapi_name *name, struct err *err);

// A resource type, as discovery describes it.
struct kubeapi_type {
	char group[256], version[64]; // group "": the core group
	char plural[128], kind[128];
	bool is_namespaced;
};

// Whether a resource as kubectl writes it is one of Kubernetes' own, or of its snapshots, that
// stand in no namespace. False for all others, which may not do so either.
bool kubeapi_is_cluster_wide(const char *resource);

// Looks for the name's resource in an APIResourceList (the answer to /api/v1 or
// /apis/GROUP/VERSION): by plural, singular, kind without case, or a short name; subresources are
// no resources. False: it is not in there.
bool kubeapi_type_find(
	const cJSON *list, const struct kubeapi_name *name, struct kubeapi_type *type);

// Gives an object of this type its kind and apiVersion: the items of a list have none, and one of
// which only the metadata was sent has those of another type.
void kubeapi_name_kind(const struct kubeapi_type *type, cJSON *object);

// Whether an object is of this type, as far as it says: of metadata alone the kind is not told.
// False with `err`.
bool kubeapi_is_kind(const struct kubeapi_type *type, const cJSON *object, struct err *err);
// Whether it is the object of this name (NULL: of any), and nothing says that it stands in another
// namespace than this (NULL: in any).
bool kubeapi_is_of(const cJSON *object, const char *namespace, const char *name);

// Whether its objects are Secrets, of which nothing but the metadata is ever fetched.
bool kubeapi_is_secret(const struct kubeapi_type *type);
// The same by a kind, letter by letter, as objects name it.
bool kubeapi_kind_find(const cJSON *list, const char *kind, struct kubeapi_type *type);

// Whether a group-version can hold the name, where that says a group or version (a group's
// beginning is enough, as for kubectl).
bool kubeapi_may_hold(const struct kubeapi_name *name, const char *group, const char *version);

// Appends the path of a list of all (`namespace` NULL or the type not namespaced: of the whole
// cluster), or with `object` of one. Everything is percent-encoded.
void kubeapi_path(struct buf *out, const struct kubeapi_type *type, const char *namespace,
	const char *object);
// Appends the selector of the pods that a workload makes, "app=shop,tier=web", from its
// spec.selector.matchLabels; nothing for an object that makes none, or selects in another way.
void kubeapi_pods(struct buf *out, const cJSON *object);
// Appends `text` percent-encoded for a path segment or a query value.
void kubeapi_encode(struct buf *out, const char *text);

// What an answer that is not 200 means for one who asked about an object (NULL: about a list):
// missing where the server says that this very object is not there, else unknown with the reason in
// words. `body` may be anything.
enum status kubeapi_refusal(int http_status, const char *body, size_t length_bytes,
	const char *object, struct buf *words);

// What /readyz answered: 200 is healthy; otherwise degraded and the checks that fail, or unknown
// where asking was not allowed.
enum status kubeapi_readiness(int http_status, const char *body, struct buf *words);

#endif
