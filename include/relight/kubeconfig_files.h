// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KUBECONFIG_FILES_H
#define RELIGHT_KUBECONFIG_FILES_H

#include <stdbool.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/kubeconfig.h"
#include "relight/status.h"

// Where kubeconfigs are, and reading them: what can be known of a context without asking anybody.
// All of it blocks on the files.

#define KUBECONFIG_FILE_BYTES (4u << 20) // of a kubeconfig, or of a file that one names

// Appends the kubeconfigs to read, as a list divided by colons: `kubeconfig` alone, or where that
// is NULL what $KUBECONFIG lists, else ~/.kube/config. False with `err`: there is no place to look.
bool kubeconfig_paths(const char *kubeconfig, struct buf *paths, struct err *err);

// Adds all files of such a list. One that is not there counts for nothing, as for kubectl.
// STATUS_HEALTHY: they are read. STATUS_MISSING: none is there. STATUS_UNKNOWN: one cannot be read.
// The last two with `err`.
enum status kubeconfig_read(struct kubeconfig *kubeconfig, const char *paths, struct err *err);

// Adds what a pod is given to reach its own cluster (kubernetes.io: "Accessing the API from a
// Pod"), as kubectl falls back to it where no kubeconfig says which context it is. False: this is
// no pod.
bool kubeconfig_add_in_cluster(struct kubeconfig *kubeconfig);
bool kubeconfig_is_in_cluster(void);

// The name of the current context, for showing it; `kubeconfig` as above. NULL where none can be
// read. The caller frees.
char *kubeconfig_current_context(const char *kubeconfig);

#endif
