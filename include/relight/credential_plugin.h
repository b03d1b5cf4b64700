// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CREDENTIAL_PLUGIN_H
#define RELIGHT_CREDENTIAL_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "relight/exec_credential.h"
#include "relight/kubeconfig.h"

// Credentials that a command prints (kubernetes.io: "client-go credential plugins",
// client.authentication.k8s.io v1 and v1beta1): what EKS, AKS and GKE use. The command never gets
// the terminal: it has a session of its own, /dev/null for stdin, a deadline after which its whole
// group is killed, and may print 1 MiB. What it printed is used until it expires or is refused.
// What has expired already when it is printed is used for a minute all the same, as kubectl uses it
// once: it may be this machine's clock that is wrong, and the server knows better.

struct credential_plugin;
struct credential_wait; // for its answer

// `exec` is copied; `cluster` is the JSON of spec.cluster for a plugin that wants it, or NULL.
// `secret` is told each token and key as it comes, to be masked.
struct credential_plugin *credential_plugin_new(uv_loop_t *loop, const struct kubeconfig_exec *exec,
	const char *cluster, void (*secret)(void *context, const char *name, const char *value),
	void *context);
// Kills what runs and ends all waiting silently. The loop must run once more. NULL is safe.
void credential_plugin_free(struct credential_plugin *plugin);

// What it printed last, if that is good for a while yet; else NULL. Valid until the loop runs.
const struct credentials *credential_plugin_current(const struct credential_plugin *plugin);
// The server has refused them: they are not current any more. Of those that came expired that is
// the answer, and it is told to those who ask for others in the next seconds.
void credential_plugin_refuse(struct credential_plugin *plugin);

// `words`, where `credentials` is NULL: why there are none, and what to do.
typedef void credential_done(
	void *context, const struct credentials *credentials, const char *words);
// Runs it, unless it runs already or has failed a moment ago; calls `done` once from the loop,
// within `timeout_ms`.
struct credential_wait *credential_plugin_wait(
	struct credential_plugin *plugin, int64_t timeout_ms, credential_done *done, void *context);
void credential_plugin_cancel(struct credential_wait *wait);

#endif
