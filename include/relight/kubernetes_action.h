// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KUBERNETES_ACTION_H
#define RELIGHT_KUBERNETES_ACTION_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "relight/err.h"
#include "relight/mask.h"

// An action on a Kubernetes cluster, carried out or only tried. Whoever answers must be who was
// pinned. All of an action is tried by the server's dry run before any of it is carried out, so
// that nothing is half done for a reason that could be known before.

struct kubernetes_task {
	// What attempt.h calls the request: step, attempt, incident, action.kubernetes, cluster,
	// files. Checked by kubernetes_task_check.
	const cJSON *request;
	const char *directory; // of the incident, which frozen files are in; NULL: none are named
	struct mask *mask;     // gets to know what the Secrets of files hold
	bool is_trial;         // nothing is to be changed
	int64_t grace_ms;      // how long, once it must stop, the answer to a change that is under
			       // way is waited for, or what became of it is looked for
	int64_t patience_ms;   // how long each thing is asked again that a server refuses for the
			       // moment; -1: until it must stop
	bool (*must_stop)(void *context);             // asked five times a second
	void (*say)(void *context, const char *line); // what happens, for a person; not masked
	void *context;
};

struct kubernetes_done {
	bool is_done;    // all of it
	bool is_unknown; // whether all of it is, cannot be known: the answer to a change was lost
	int http_status; // of the answer that decided; 0: there was none
	struct err why;  // where it is not done: in the server's words, and what was done before
	cJSON *answer;   // the object that came of it, several as a list; NULL: none
	cJSON *cluster;  // who answered: {"endpoint":…,"fingerprint":{…}}; NULL: nobody
};
// Frees what it holds.
void kubernetes_done_fini(struct kubernetes_done *done);

// False with `err`: the request is none that can be carried out.
bool kubernetes_task_check(const cJSON *request, struct err *err);

// Blocks until it is done or has failed, on a loop of its own; reads the files that it applies. The
// process's environment counts for kubeconfigs and their plugins. SIGCHLD must not be blocked.
void kubernetes_act(const struct kubernetes_task *task, struct kubernetes_done *done);

#endif
