// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "relight/manifest.h"
#include "relight/memory.h"
#include "runbook_load.h"

// What a `kubernetes` action does: one verb, with the objects that it applies or creates, or with
// the object that it changes.

#define ROW(key_name, member, loader, ...)                                                         \
	{                                                                                          \
		.name = key_name, .load = loader,                                                  \
		.offset = offsetof(struct kubernetes_action, member), ##__VA_ARGS__                \
	}

static struct kubernetes_action *action_of(void *object)
{
	return &((struct action *)object)->kubernetes;
}

// --- objects that stand in the runbook -----------------------------------------------------------------------------------

// 0644 is 644 to YAML 1.2, in which runbooks are written, and 420 to the tools of Kubernetes.
static bool is_old_octal(const struct yaml_node *node)
{
	return node->type == YAML_INT && node->is_plain && node->text[0] == '0' &&
	       node->text[1] >= '0' && node->text[1] <= '7';
}

// Recursion is bounded by the depth of the file.
static void check_texts(struct loader *loader, const char *name, const struct yaml_node *node)
{
	for (size_t i = 0; i < node->count; i++)
		check_texts(loader, name, node->items[i]);
	if (is_old_octal(node))
		load_error(loader, node, "octal",
			"%s: %s is a decimal number in a runbook; for the octal one write 0o%s",
			name, node->text, node->text + 1);
	if (node->type == YAML_STRING)
		template_check(loader, node);
}

static bool has_text(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *value = yaml_get(map, key);

	return value && value->type == YAML_STRING && *value->text;
}

// What an object lacks, in words, or NULL.
static const char *lack_of(const struct yaml_node *object, bool may_generate)
{
	const struct yaml_node *metadata = yaml_get(object, "metadata");

	if (object->type != YAML_MAP)
		return "an object is a mapping with apiVersion, kind and metadata";
	if (!has_text(object, "apiVersion"))
		return "the object has no apiVersion";
	if (!has_text(object, "kind"))
		return "the object has no kind";
	if (yaml_get(object, "items"))
		return NULL;
	if (has_text(metadata, "name") || (may_generate && has_text(metadata, "generateName")))
		return NULL;
	return may_generate ? "the object has neither metadata.name nor metadata.generateName"
			    : "the object has no metadata.name";
}

struct sources {
	struct loader *loader;
	const char *name; // apply or create
	struct manifest_source *items;
	size_t count, capacity;
};

static void add_source(struct sources *sources, struct manifest_source source)
{
	sources->items = memory_grow(
		sources->items, sources->count, &sources->capacity, sizeof *sources->items);
	sources->items[sources->count++] = source;
}

// `at` is where it is told what is wrong with the object.
static void add_object(
	struct sources *sources, const struct yaml_node *object, const struct yaml_node *at)
{
	const char *lack = lack_of(object, strcmp(sources->name, "create") == 0);

	if (lack)
		load_error(sources->loader, at, "bad-manifest", "%s: %s", sources->name, lack);
	else
		add_source(sources, (struct manifest_source){.object = object});
}

// The text of one or several documents, as it would stand in a file.
static void add_documents(struct sources *sources, const struct yaml_node *node)
{
	struct loader *loader = sources->loader;
	struct diags diags = {.file = ""};
	struct yaml_documents documents;

	template_check(loader, node);
	if (!yaml_parse_manifests(loader->arena, node->text, strlen(node->text),
		    &yaml_limits_default, &documents, &diags))
		load_error(loader, node, "bad-manifest", "%s: line %d of the text: %s",
			sources->name, diags.items[0].line, diags.items[0].message);
	for (size_t i = 0; i < documents.count; i++)
		add_object(sources, documents.items[i], node);
	diags_fini(&diags);
}

static void add_path(struct sources *sources, const struct yaml_node *node)
{
	struct loader *loader = sources->loader;

	template_check(loader, node);
	if (strstr(node->text, "://"))
		load_error(loader, node, "bad-manifest",
			"%s: a file or a folder, not a URL: what is applied is kept when the "
			"incident opens",
			sources->name);
	else if (!*node->text)
		load_error(loader, node, "bad-manifest", "%s: names no file", sources->name);
	else
		add_source(sources, (struct manifest_source){.path = node->text});
}

static void add_item(struct sources *sources, const struct yaml_node *node)
{
	bool is_text = node->type == YAML_STRING;

	if (is_text && (strchr(node->text, '\n') || node->text[0] == '{')) {
		add_documents(sources, node);
	} else if (is_text) {
		add_path(sources, node);
	} else if (node->type == YAML_MAP) {
		check_texts(sources->loader, sources->name, node);
		add_object(sources, node, node);
	} else {
		load_wrong_type(sources->loader, sources->name, node,
			"a file, a folder, an object, or a list of them");
	}
}

static void load_sources(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	struct sources sources = {.loader = loader, .name = key->name};
	struct kubernetes_action *action = action_of(object);

	if (node->type == YAML_LIST && node->count == 0)
		load_error(loader, node, "empty", "%s: names nothing", key->name);
	for (size_t i = 0; node->type == YAML_LIST && i < node->count; i++)
		add_item(&sources, node->items[i]);
	if (node->type != YAML_LIST)
		add_item(&sources, node);
	struct manifest_source *items =
		arena_array(loader->arena, sources.count + 1, sizeof *items);
	if (sources.count)
		memcpy(items, sources.items, sources.count * sizeof *items);
	free(sources.items);
	action->sources = items;
	action->source_count = sources.count;
}

// --- one object that is changed ------------------------------------------------------------------------------------------

static void load_namespace(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_namespace_name(loader, key, node, field);
	if (node->text && strcmp(node->text, "*") == 0)
		load_error(
			loader, node, "bad-value", "%s: an action is in one namespace", key->name);
}

static void load_replicas(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	bool is_template = node->type == YAML_STRING && strstr(node->text, "${");

	if (!is_template &&
		(node->type != YAML_INT || node->integer < 0 || node->integer > INT32_MAX))
		load_wrong_type(loader, key->name, node, "a number of replicas");
	else
		load_scalar(loader, key, node, field);
}

static void load_body(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct err err = {0};

	*(const struct yaml_node **)field = node;
	if (node->type == YAML_MAP || node->type == YAML_LIST) {
		check_texts(loader, key->name, node);
		return;
	}
	if (!load_is(loader, key->name, node, YAML_STRING))
		return;
	template_check(loader, node);
	if (strstr(node->text, "${"))
		return;
	cJSON *value = manifest_text(node->text, &err);
	if (!value)
		load_error(loader, node, "bad-manifest", "%s: neither JSON nor YAML: %s", key->name,
			err.message);
	else if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
		load_error(loader, node, "bad-manifest", "%s: neither an object nor a list",
			key->name);
	cJSON_Delete(value);
}

static void load_preconditions(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {
		ROW("uid", uid, load_scalar),
		ROW("resource_version", resource_version, load_scalar),
		{0},
	};

	load_map(loader, key->name, node, keys, field);
}

static const char *const patch_types[] = {"strategic", "merge", "json", "apply", NULL};
static const char *const propagations[] = {"background", "foreground", "orphan", NULL};

#define OBJECT_ROWS                                                                                \
	ROW("resource", resource, load_resource, .is_required = true),                             \
		ROW("namespace", namespace, load_namespace)
#define NAME_ROW ROW("name", name, load_object_name, .is_required = true)

static const struct key restart_keys[] = {OBJECT_ROWS, NAME_ROW, {0}};
static const struct key scale_keys[] = {
	OBJECT_ROWS,
	NAME_ROW,
	ROW("replicas", replicas, load_replicas, .is_required = true),
	{0},
};
static const struct key patch_keys[] = {
	OBJECT_ROWS,
	NAME_ROW,
	ROW("subresource", subresource, load_scalar),
	ROW("type", patch_type, load_word, .detail = patch_types),
	ROW("body", body, load_body, .is_required = true),
	{0},
};
static const struct key delete_keys[] = {
	OBJECT_ROWS,
	ROW("name", name, load_object_name),
	ROW("selector", selector, load_selector),
	ROW("propagation", propagation, load_word, .detail = propagations),
	ROW("grace_period", grace_period_ms, load_duration),
	{.name = "preconditions", .load = load_preconditions},
	{0},
};

static void load_restart(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_map(loader, key->name, node, restart_keys, action_of(object));
}

static void load_scale(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_map(loader, key->name, node, scale_keys, action_of(object));
}

// A JSON patch is a list of operations; the others are a part of the object.
static void load_patch(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	struct kubernetes_action *action = action_of(object);

	if (!load_map(loader, key->name, node, patch_keys, action))
		return;
	bool is_json = action->patch_type && strcmp(action->patch_type, "json") == 0;
	if (action->body && action->body->type != YAML_STRING &&
		(action->body->type == YAML_LIST) != is_json)
		load_wrong_type(loader, "body", action->body,
			is_json ? "a list of operations" : "a part of the object");
}

static void load_delete(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const char *const which[] = {"name", "selector", NULL};
	struct kubernetes_action *action = action_of(object);

	if (!load_map(loader, key->name, node, delete_keys, action))
		return;
	load_one_of(loader, node, which, false);
	if (action->selector && !*action->selector)
		load_error(loader, yaml_get(node, "selector"), "empty",
			"selector: an empty one would delete all of them");
	if (action->selector && yaml_get(node, "preconditions"))
		load_error(loader, node, "exclusive-keys",
			"selector and preconditions exclude each other");
}

// --- the action ----------------------------------------------------------------------------------------------------------

// What each verb takes, and which keys may stand beside it.
static const struct verb {
	struct key key;
	bool takes_namespace, takes_force;
} verbs[] = {
	{{.name = "apply", .load = load_sources}, true, true},
	{{.name = "create", .load = load_sources}, true, false},
	{{.name = "patch", .load = load_patch}, false, true},
	{{.name = "scale", .load = load_scale}, false, false},
	{{.name = "restart", .load = load_restart}, false, false},
	{{.name = "delete", .load = load_delete}, false, false},
};
#define VERBS (sizeof verbs / sizeof *verbs)

static void check_beside(struct loader *loader, const struct yaml_node *node,
	const struct verb *verb, const struct kubernetes_action *action)
{
	if (yaml_get(node, "namespace") && !verb->takes_namespace)
		load_error(loader, node, "exclusive-keys", "namespace stands inside %s",
			verb->key.name);
	if (yaml_get(node, "force") && !verb->takes_force)
		load_error(loader, node, "exclusive-keys", "force does not stand beside %s",
			verb->key.name);
	if (yaml_get(node, "force") && action->body &&
		!(action->patch_type && strcmp(action->patch_type, "apply") == 0))
		load_error(loader, node, "exclusive-keys",
			"force stands beside a patch of type apply only");
}

void load_kubernetes_action(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const struct key keys[] = {
		ROW("target", target, load_kubernetes_target, .is_required = true),
		ROW("namespace", namespace, load_namespace),
		ROW("force", force, load_flag),
		{.name = "apply"},
		{.name = "create"},
		{.name = "patch"},
		{.name = "scale"},
		{.name = "restart"},
		{.name = "delete"},
		{0},
	};
	const char *words[VERBS + 1] = {0};
	struct kubernetes_action *action = action_of(object);

	*action = (struct kubernetes_action){.target = -1, .grace_period_ms = ABSENT_MS};
	if (!load_map(loader, key->name, node, keys, action))
		return;
	for (size_t i = 0; i < VERBS; i++)
		words[i] = verbs[i].key.name;
	int index = load_one_of(loader, node, words, false);
	if (index < 0)
		return;
	const struct verb *verb = &verbs[index];
	action->verb = verb->key.name;
	verb->key.load(loader, &verb->key, yaml_get(node, verb->key.name), object);
	check_beside(loader, node, verb, action);
}
