// SPDX-License-Identifier: Apache-2.0
#include "kubeconfig_parts.h"

#include <stdlib.h>
#include <string.h>

#include "relight/diag.h"
#include "relight/memory.h"
#include "relight/yaml.h"

struct kubeconfig *kubeconfig_new(void)
{
	struct kubeconfig *kubeconfig = memory_zeroed(1, sizeof *kubeconfig);

	kubeconfig->arena = arena_new();
	return kubeconfig;
}

void kubeconfig_free(struct kubeconfig *kubeconfig)
{
	if (!kubeconfig)
		return;
	free(kubeconfig->clusters.items);
	free(kubeconfig->users.items);
	free(kubeconfig->contexts.items);
	arena_free(kubeconfig->arena);
	free(kubeconfig);
}

const char *kubeconfig_current(const struct kubeconfig *kubeconfig)
{
	return kubeconfig->current;
}

const char *kubeconfig_scalar(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);

	if (!node || node->type == YAML_NULL || node->type == YAML_LIST || node->type == YAML_MAP)
		return NULL;
	return *node->text ? node->text : NULL;
}

const struct entry *kubeconfig_find(const struct entries *entries, const char *name)
{
	for (size_t i = 0; name && i < entries->count; i++)
		if (strcmp(entries->items[i].name, name) == 0)
			return &entries->items[i];
	return NULL;
}

// --- adding a file ---

// Checks the form of one list without adding anything.
static bool check_list(
	const struct yaml_node *root, const char *key, const char *file, struct err *err)
{
	const struct yaml_node *list = yaml_get(root, key);

	if (!list || list->type == YAML_NULL)
		return true;
	if (list->type != YAML_LIST) {
		err_set(err, "%s must be a list, not %s", key, yaml_type_name(list->type));
		err_place(err, file, list->line, list->column);
		return false;
	}
	for (size_t i = 0; i < list->count; i++)
		if (!kubeconfig_scalar(list->items[i], "name")) {
			err_set(err, "each of %s needs a name", key);
			err_place(err, file, list->items[i]->line, list->items[i]->column);
			return false;
		}
	return true;
}

static void add_list(struct entries *entries, const struct yaml_node *root, const char *key,
	const char *body_key, const char *folder)
{
	const struct yaml_node *list = yaml_get(root, key);

	for (size_t i = 0; list && list->type == YAML_LIST && i < list->count; i++) {
		const char *name = kubeconfig_scalar(list->items[i], "name");

		if (kubeconfig_find(entries, name))
			continue;
		entries->items = memory_grow(
			entries->items, entries->count, &entries->capacity, sizeof *entries->items);
		entries->items[entries->count++] =
			(struct entry){name, folder, yaml_get(list->items[i], body_key)};
	}
}

static const struct yaml_node *parse(struct kubeconfig *kubeconfig, const char *text,
	size_t length_bytes, const char *file, struct err *err)
{
	struct diags diags = {.file = file};
	const struct yaml_node *root = yaml_parse_kubeconfig(
		kubeconfig->arena, text, length_bytes, &yaml_limits_default, &diags);

	if (!root && diags.count > 0) {
		err_set(err, "%s", diags.items[0].message);
		err_place(err, file, diags.items[0].line, diags.items[0].column);
	} else if (root && root->type != YAML_MAP && root->type != YAML_NULL) {
		err_set(err, "is no kubeconfig: it holds %s", yaml_type_name(root->type));
		err_place(err, file, root->line, root->column);
		root = NULL;
	}
	diags_fini(&diags);
	return root;
}

bool kubeconfig_add(struct kubeconfig *kubeconfig, const char *text, size_t length_bytes,
	const char *file, const char *folder, struct err *err)
{
	const struct yaml_node *root = parse(kubeconfig, text, length_bytes, file, err);

	if (!root || !check_list(root, "clusters", file, err) ||
		!check_list(root, "users", file, err) || !check_list(root, "contexts", file, err))
		return false;
	folder = arena_text(kubeconfig->arena, folder);
	add_list(&kubeconfig->clusters, root, "clusters", "cluster", folder);
	add_list(&kubeconfig->users, root, "users", "user", folder);
	add_list(&kubeconfig->contexts, root, "contexts", "context", folder);
	if (!kubeconfig->current)
		kubeconfig->current = kubeconfig_scalar(root, "current-context");
	return true;
}
