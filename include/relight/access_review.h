// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_ACCESS_REVIEW_H
#define RELIGHT_ACCESS_REVIEW_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/kubeapi.h"
#include "relight/status.h"

// "May I?", asked of the API server (kubernetes.io: "Authorization Overview", reviews of
// authorization.k8s.io/v1): a SelfSubjectAccessReview for whoever asks, a SubjectAccessReview for
// somebody else. Pure: what to send, and what the answer means.

struct access_question {
	const char *verb;
	// What it is done to: a path outside the resources ("/healthz"), else a resource.
	const char *path;                           // NULL: none
	const char *group, *resource;               // "*": all of them
	const char *subresource, *name, *namespace; // NULL: none, all, the whole cluster
	// Who: NULL and no groups: whoever asks.
	const char *as;
	const char *const *groups;
	size_t group_count;
};

// A resource as kubectl writes it, "*" or "*.GROUP". False with `err`.
bool access_name_parse(const char *text, struct kubeapi_name *name, struct err *err);
// Fills in group and resource of one that is known to discovery, and the namespace that the API
// server looks at: what belongs to no namespace is judged without one, and a Namespace by its name
// within itself.
void access_question_type(struct access_question *question, const struct kubeapi_type *type);
// The same for a resource that discovery does not know: "*", the virtual ones that only
// `impersonate` is about, and one that is written with its group, which need not be there yet.
// `name` must outlive the question. False: it cannot be asked about.
bool access_question_name(struct access_question *question, const struct kubeapi_name *name);

// Where the review is sent to, and how its resource is called in a refusal.
const char *access_review_path(const struct access_question *question);
const char *access_review_resource(const struct access_question *question);
// The review to send; the caller owns it. For somebody else without groups it carries those that
// the API server itself gives to whoever signs in under that name.
cJSON *access_review_new(const struct access_question *question);

// Healthy where the review was allowed, degraded where it was not, unknown for what is no such
// answer; appends words: "may create pods in shop".
enum status access_review_judge(
	const struct access_question *question, const cJSON *answer, struct buf *words);

#endif
