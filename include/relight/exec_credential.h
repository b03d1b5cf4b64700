// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_EXEC_CREDENTIAL_H
#define RELIGHT_EXEC_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/err.h"
#include "relight/kubeconfig.h"
#include "relight/moment.h"

// What a credential plugin is told, and what it prints: the ExecCredential of
// client.authentication.k8s.io v1 and v1beta1 (kubernetes.io: "client-go credential plugins").
// Pure.

struct credentials {
	const char *token;      // or NULL
	const char *cert, *key; // PEM, or NULL
	struct wall expires;    // WALL_NONE: it does not say
	bool came_expired; // by this machine's clock, when it was printed; credential_plugin.c sets
			   // it
};

// The environment's item for the plugin, "KUBERNETES_EXEC_INFO=…". `cluster` is the JSON of
// spec.cluster, or NULL; it is told where `exec` wants it. The caller frees.
char *exec_credential_info(const struct kubeconfig_exec *exec, const char *cluster);

// Reads what was printed, which must be of `api_version`, into `credentials`, which are empty.
// False with `err` for what is no ExecCredential or gives nothing to sign in with; it quotes no
// more of it than the version and the time, since it may hold what it should not. What was given by
// then is in `credentials` all the same, to be masked.
bool exec_credential_read(const char *text, size_t length_bytes, const char *api_version,
	struct credentials *credentials, struct err *err);
// Empties them: texts are wiped and freed.
void credentials_wipe(struct credentials *credentials);

#endif
