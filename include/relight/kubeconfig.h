// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KUBECONFIG_H
#define RELIGHT_KUBECONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/arena.h"
#include "relight/err.h"

// Kubeconfig files as kubectl reads them (kubernetes.io: "Organizing Cluster Access Using
// kubeconfig Files"): several may be added, and of each name the first one counts. Pure: the caller
// reads the files, also those that they name.

struct kubeconfig;

// A file, or the bytes that stand in its place; at most one member is set. Paths are as written
// where absolute, else below the folder of the kubeconfig; `~` has no meaning, as for kubectl.
struct kubeconfig_source {
	const char *path;
	const char *inline_text; // decoded; NUL-terminated
};

// What it takes to reach one context's API server. Texts live as long as the kubeconfig; NULL:
// absent.
struct kubeconfig_access {
	const char *context;   // its name
	const char *server;    // https://HOST[:PORT][/PATH]
	const char *namespace; // of the context
	const char *tls_server_name;
	struct kubeconfig_source ca, cert, key;
	const char *token;      // overridden by token_file, where that is set and not empty
	const char *token_file; // re-read for every use, because it rotates
};

enum kubeconfig_answer {
	KUBECONFIG_FOUND,
	KUBECONFIG_NO_CONTEXT, // the context is not there (yet), or none is the current one
	KUBECONFIG_BROKEN,     // it refers to what is not there, or cannot be used
	KUBECONFIG_UNBUILT,    // it needs what is not built yet
};

struct kubeconfig *kubeconfig_new(void);
void kubeconfig_free(struct kubeconfig *kubeconfig); // NULL is safe

// Adds one file's text. `file` names it in messages, `folder` is what its relative paths are
// relative to. False with `err`, which names the place, for what is no kubeconfig; then nothing was
// added. Keys that are not known are ignored, as kubectl does.
bool kubeconfig_add(struct kubeconfig *kubeconfig, const char *text, size_t length_bytes,
	const char *file, const char *folder, struct err *err);

// Looks up a context (NULL: the current one). `access` is filled for KUBECONFIG_FOUND; for the
// others `err` says why, without naming the file.
enum kubeconfig_answer kubeconfig_look_up(const struct kubeconfig *kubeconfig, const char *context,
	struct kubeconfig_access *access, struct err *err);

// The name of the current context, or NULL.
const char *kubeconfig_current(const struct kubeconfig *kubeconfig);

#endif
