// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_REQUEST_H
#define RELIGHT_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/facts.h"
#include "relight/mask.h"

// What one attempt of a step will do, with every variable filled in: for the record, for the
// actuator, for the screen.

struct request_plan {
	int step;
	int attempt;
	bool is_rollback;
	const char *const *argv; // amended by the operator, NULL: as the runbook says
};

// The action exactly as it will be carried out, of every kind in the words of the runbook:
// {"command":["terraform","apply"],"dir":"/r/infra","env":{"A":"b"}},
// {"ssh":{"target":"bastion","command":["df"]}},
// {"kubernetes":{"target":"recovery","scale":{"resource":"deployments","name":"web","replicas":"3"}}},
// {"kubernetes":{"target":"recovery","apply":["crds.yaml",{"apiVersion":"v1",…}]}},
// for step.intent. The caller frees. NULL with `err` when an input or environment name has no
// value. Secrets are in it.
cJSON *request_action(const struct facts *facts, const struct request_plan *plan, struct err *err);

// The whole request for the actuator (attempt.h). In a rehearsal its action is {"simulate":…}, as
// the scenario says. NULL with `err` too when this kind of action is not built yet.
cJSON *request_new(const struct facts *facts, const struct request_plan *plan, struct err *err);

// Where a target's cluster is and who it must be, as a request has it (attempt.h). The caller
// frees. NULL with `err` when a variable has no value.
cJSON *request_cluster(
	const struct facts *facts, int target, const struct substitution *values, struct err *err);

// Appends the namespace that an action on a cluster is about, or that objects without one of their
// own go to; *from says whose it is: "the step's", "the target's", "the kubeconfig's". False for
// other actions, for what stands in no namespace, and where it is not known yet.
bool request_namespace(const struct facts *facts, const struct request_plan *plan, struct buf *out,
	const char **from);

// Puts "[masked]" in the place of what the action writes into Secrets of a cluster, for the record
// and the screen.
void request_redact(cJSON *action);
// Declares the same to a mask.
void request_declare_secrets(const cJSON *action, struct mask *mask);

// Appends the path of what a kubernetes action applies, a file or a folder; it begins with `/` or
// `~/` where the runbook's folder is absolute. False (with `err`) where it stands in the runbook
// itself or a variable has no value.
bool request_manifest_path(const struct runbook *runbook, const struct manifest_source *source,
	const struct substitution *values, struct buf *path, struct err *err);

// Appends the path of the script that an action runs, where its first argument is a path that is
// known when the incident opens: relative ones are relative to the action's folder. Nothing is
// appended for others.
void request_script(const struct runbook *runbook, const struct action *action, struct buf *path);

// The command as a person would type it, for showing it before it runs: arguments quoted where they
// need it; a shell text as it is; `ssh bastion -- df -h`, `http POST https://…`. From
// request_action's result; its folder and its environment are left out.
void request_show(const cJSON *action, struct buf *out);

// Appends the objects that stand in an action on a cluster, each as YAML that begins with a line
// feed. Nothing is appended for others.
void request_show_objects(const cJSON *action, struct buf *out);

// What an attempt would run, and in what folder and environment, in lines: the command; objects
// that stand in the runbook; "in case-dr/infra"; "with   A=b". Inputs that are secret are in it,
// what is written into Secrets of a cluster is not. False with `err` as request_action.
bool request_describe(const struct facts *facts, const struct request_plan *plan, struct buf *out,
	struct err *err);

#endif
