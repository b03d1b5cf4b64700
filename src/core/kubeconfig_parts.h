// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_KUBECONFIG_PARTS_H
#define RELIGHT_CORE_KUBECONFIG_PARTS_H

#include "relight/kubeconfig.h"
#include "relight/yaml.h"

// What the two files of a kubeconfig share: kubeconfig.c takes files in, kubeconfig_access.c looks
// up what they say of a context.

// One entry of `clusters`, `users` or `contexts`: its name, what it holds, and where it came from.
struct entry {
	const char *name, *folder;
	const struct yaml_node *body;
};
struct entries {
	struct entry *items;
	size_t count, capacity;
};

struct kubeconfig {
	struct arena *arena;
	struct entries clusters, users, contexts;
	const char *current;
};

// The text of a scalar; NULL where it is absent, null, empty or no scalar.
const char *kubeconfig_scalar(const struct yaml_node *map, const char *key);
// The entry of that name, or NULL. A NULL name is none's.
const struct entry *kubeconfig_find(const struct entries *entries, const char *name);

#endif
