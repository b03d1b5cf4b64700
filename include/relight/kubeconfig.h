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

// NAME=VALUE, or one of several values of a name.
struct kubeconfig_pair {
	const char *name, *value;
};

// A credential plugin (kubernetes.io: "client-go credential plugins"): a command that prints an
// ExecCredential.
struct kubeconfig_exec {
	const char *api_version; // client.authentication.k8s.io/v1 or /v1beta1
	const char *command;     // a path where it holds a slash, else to be looked for in PATH
	const char *const *args; // NULL-terminated
	const struct kubeconfig_pair *env;
	size_t env_count;
	const char *install_hint;   // what to do where it is not there, or NULL
	bool is_always_interactive; // it wants to talk to a person
	bool wants_cluster;         // in KUBERNETES_EXEC_INFO
	const char *config;         // JSON that goes there with the cluster, or NULL
};

// What it takes to reach one context's API server. Texts live as long as the kubeconfig; NULL:
// absent.
struct kubeconfig_access {
	const char *context; // its name
	const char *server;  // https://HOST[:PORT][/PATH], or http:// where the kubeconfig says so
	const char *namespace; // of the context
	const char *tls_server_name;
	const char *proxy; // http, https or socks5 URL; NULL: as the environment says
	bool is_insecure;  // anybody may answer: insecure-skip-tls-verify, or no TLS at all
	struct kubeconfig_source ca, cert, key;
	const char *token;           // overridden by token_file, where that is set and not empty
	const char *token_file;      // re-read for every use, because it rotates
	const char *token_file_here; // where it was written as a relative path, that: kubectl
				     // before 1.28 looks from the current folder, later ones from
				     // the kubeconfig's, which counts where both are there
	const char *user, *password;
	const struct kubeconfig_exec *exec; // NULL, too, where there is a token or a user
	// Whom to act as (kubernetes.io: "User impersonation"), as headers without "Impersonate-".
	const struct kubeconfig_pair *as;
	size_t as_count;
};

enum kubeconfig_answer {
	KUBECONFIG_FOUND,
	KUBECONFIG_NO_CONTEXT, // the context is not there (yet), or none is the current one
	KUBECONFIG_BROKEN,     // it refers to what is not there, or cannot be used
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
