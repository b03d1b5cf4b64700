// SPDX-License-Identifier: Apache-2.0
#include "relight/manifest.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

#define WHOLE_MAX 9007199254740992LL // 2^53: beyond it JSON numbers are not exact

// --- trees -------------------------------------------------------------------------------------------------------------

struct meaning {
	const char *file;
	manifest_expand *expand; // NULL: texts stand for themselves
	void *context;
	struct err *err;
};

static cJSON *made(cJSON *value)
{
	if (!value)
		memory_exhausted();
	return value;
}

static cJSON *refuse(const struct meaning *meaning, const struct yaml_node *node, const char *why)
{
	err_set(meaning->err, "%.60s: %s", node->text ? node->text : "", why);
	err_place(meaning->err, meaning->file, node->line, node->column);
	return NULL;
}

static bool is_inexact(const struct yaml_node *node)
{
	if (node->type == YAML_INT)
		return node->integer > WHOLE_MAX || node->integer < -WHOLE_MAX;
	return floor(node->number) == node->number && fabs(node->number) > (double)WHOLE_MAX;
}

static cJSON *scalar_value(const struct meaning *meaning, const struct yaml_node *node)
{
	switch (node->type) {
	case YAML_NULL: return made(cJSON_CreateNull());
	case YAML_BOOL: return made(cJSON_CreateBool(node->boolean));
	case YAML_INT:
	case YAML_FLOAT:
		if (!isfinite(node->number))
			return refuse(meaning, node, "JSON has no such number; quote it");
		if (is_inexact(node))
			return refuse(meaning, node,
				"JSON does not hold a number of this size exactly; quote it");
		return made(cJSON_CreateNumber(node->number));
	default: return made(cJSON_CreateString(node->text));
	}
}

static cJSON *text_value(const struct meaning *meaning, const struct yaml_node *node)
{
	struct buf text = {0};
	struct yaml_node expanded = *node;
	cJSON *value = NULL;

	if (!meaning->expand || !strchr(node->text, '$'))
		return scalar_value(meaning, node);
	if (!meaning->expand(meaning->context, node->text, &text, meaning->err)) {
		err_place(meaning->err, meaning->file, node->line, node->column);
	} else {
		expanded.text = buf_str(&text);
		if (node->is_plain && strcmp(expanded.text, node->text) != 0)
			yaml_scalar_resolve(&expanded);
		value = scalar_value(meaning, &expanded);
	}
	buf_fini(&text);
	return value;
}

static cJSON *value_of(const struct meaning *meaning, const struct yaml_node *node);

static cJSON *list_value(const struct meaning *meaning, const struct yaml_node *node)
{
	cJSON *list = made(cJSON_CreateArray());

	for (size_t i = 0; i < node->count; i++) {
		cJSON *item = value_of(meaning, node->items[i]);
		if (!item) {
			cJSON_Delete(list);
			return NULL;
		}
		cJSON_AddItemToArray(list, item);
	}
	return list;
}

static bool is_merge(const struct yaml_node *key)
{
	return key->is_plain && strcmp(key->text, "<<") == 0;
}

static bool add_members(const struct meaning *meaning, const struct yaml_node *map, cJSON *object);

// `<<: *base`, or a list of such: what the mapping itself does not have, the first of them first.
static bool add_merged(const struct meaning *meaning, const struct yaml_node *base, cJSON *object)
{
	if (base->type == YAML_MAP)
		return add_members(meaning, base, object);
	bool is_good = base->type == YAML_LIST;
	for (size_t i = 0; is_good && i < base->count; i++)
		is_good = base->items[i]->type == YAML_MAP &&
			  add_members(meaning, base->items[i], object);
	if (!is_good && !meaning->err->message[0])
		refuse(meaning, base, "<< takes a mapping, or a list of them");
	return is_good;
}

// Adds what `object` does not have already.
static bool add_members(const struct meaning *meaning, const struct yaml_node *map, cJSON *object)
{
	for (size_t i = 0; i < map->count; i++) {
		if (is_merge(map->keys[i]) || json_get(object, map->keys[i]->text))
			continue;
		cJSON *value = value_of(meaning, map->items[i]);
		if (!value)
			return false;
		json_add(object, map->keys[i]->text, value);
	}
	for (size_t i = 0; i < map->count; i++)
		if (is_merge(map->keys[i]) && !add_merged(meaning, map->items[i], object))
			return false;
	return true;
}

// Recursion is bounded by the depth that was allowed when the tree was read.
static cJSON *value_of(const struct meaning *meaning, const struct yaml_node *node)
{
	if (node->type == YAML_LIST)
		return list_value(meaning, node);
	if (node->type != YAML_MAP)
		return text_value(meaning, node);
	cJSON *object = json_object();
	if (add_members(meaning, node, object))
		return object;
	cJSON_Delete(object);
	return NULL;
}

cJSON *manifest_value(const struct yaml_node *node, const char *file, manifest_expand *expand,
	void *context, struct err *err)
{
	struct err unheard = {0};
	struct meaning meaning = {file, expand, context, err ? err : &unheard};

	meaning.err->message[0] = '\0';
	return value_of(&meaning, node);
}

cJSON *manifest_text(const char *text, struct err *err)
{
	struct arena *arena = arena_new();
	struct diags diags = {.file = ""};
	const char *first = text + strspn(text, " \t\r\n");
	cJSON *value = NULL;

	if (*first == '{' || *first == '[')
		value = json_parse(text, strlen(text), NULL);
	if (!value) {
		const struct yaml_node *node =
			yaml_parse(arena, text, strlen(text), &yaml_limits_default, &diags);
		if (node)
			value = manifest_value(node, "", NULL, NULL, err);
		else
			err_set(err, "%s", diags.count ? diags.items[0].message : "not YAML");
	}
	diags_fini(&diags);
	arena_free(arena);
	return value;
}

// --- objects -----------------------------------------------------------------------------------------------------------

void manifest_fini(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		cJSON_Delete(manifest->objects[i].value);
	free(manifest->objects);
	*manifest = (struct manifest){0};
}

static const cJSON *items_of(const cJSON *object)
{
	const char *kind = json_text(object, "kind");
	size_t length = kind ? strlen(kind) : 0;
	const cJSON *items = json_get(object, "items");
	bool is_list = length >= 4 && strcmp(kind + length - 4, "List") == 0;

	return is_list && cJSON_IsArray(items) ? items : NULL;
}

static bool has_text(const cJSON *object, const char *path)
{
	const char *text = json_path_text(object, path);

	return text && *text;
}

// Whether it has what every object has: apiVersion, kind and metadata.name (or, with
// `may_generate`, metadata.generateName). A List is one, too.
static bool check_object(const cJSON *object, bool may_generate, struct err *err)
{
	const char *name = json_path_text(object, "metadata.name");

	if (!cJSON_IsObject(object))
		return err_set(err, "not an object with apiVersion, kind and metadata");
	if (!has_text(object, "apiVersion") || !has_text(object, "kind"))
		return err_set(err, "an object needs apiVersion and kind");
	if (items_of(object))
		return true;
	if (json_path(object, "metadata.name") && !name)
		return err_set(
			err, "%s: metadata.name is no text; quote it", json_text(object, "kind"));
	if (!(name && *name) && !(may_generate && has_text(object, "metadata.generateName")))
		return err_set(err, "%s: needs metadata.name%s", json_text(object, "kind"),
			may_generate ? " or metadata.generateName" : "");
	// The name becomes a part of a path.
	if (name && (strpbrk(name, "/%") || strcmp(name, ".") == 0 || strcmp(name, "..") == 0))
		return err_set(err, "%s: %.60s is no name", json_text(object, "kind"), name);
	if (json_path(object, "metadata.namespace") && !has_text(object, "metadata.namespace"))
		return err_set(err, "%s %.60s: metadata.namespace is no text",
			json_text(object, "kind"), name ? name : "");
	return true;
}

// Takes ownership of `value`. Items of a List say of themselves what they are, as kubectl wants it.
static bool take(struct manifest *manifest, cJSON *value, int line, int column, bool may_generate,
	struct err *err)
{
	cJSON *items = (cJSON *)items_of(value);
	bool is_good = check_object(value, may_generate, err);

	if (is_good && items) {
		for (cJSON *item; is_good && (item = cJSON_DetachItemFromArray(items, 0));)
			is_good = take(manifest, item, line, column, may_generate, err);
	} else if (is_good && manifest->count == MANIFEST_MAX_OBJECTS) {
		is_good = err_set(err, "more than %d objects", MANIFEST_MAX_OBJECTS);
	} else if (is_good) {
		manifest->objects = memory_grow(manifest->objects, manifest->count,
			&manifest->capacity, sizeof *manifest->objects);
		manifest->objects[manifest->count++] =
			(struct manifest_object){value, line, column};
		return true;
	}
	cJSON_Delete(value);
	return is_good;
}

bool manifest_add(struct manifest *manifest, const cJSON *value, bool may_generate, struct err *err)
{
	return take(manifest, made(cJSON_Duplicate(value, true)), 0, 0, may_generate, err);
}

// --- files -------------------------------------------------------------------------------------------------------------

static bool read_documents(struct manifest *manifest, const struct yaml_documents *documents,
	const char *file, bool may_generate, struct err *err)
{
	for (size_t i = 0; i < documents->count; i++) {
		const struct yaml_node *node = documents->items[i];
		cJSON *value = manifest_value(node, file, NULL, NULL, err);

		if (!value)
			return false;
		if (!take(manifest, value, node->line, node->column, may_generate, err)) {
			err_place(err, file, node->line, node->column);
			return false;
		}
	}
	return true;
}

static bool read_yaml(struct manifest *manifest, const char *text, size_t length_bytes,
	const char *file, bool may_generate, struct err *err)
{
	struct arena *arena = arena_new();
	struct diags diags = {.file = file};
	struct yaml_limits limits = yaml_limits_default;
	struct yaml_documents documents;

	limits.bytes = MANIFEST_MAX_BYTES;
	bool is_read = yaml_parse_manifests(arena, text, length_bytes, &limits, &documents, &diags);
	if (is_read) {
		is_read = read_documents(manifest, &documents, file, may_generate, err);
	} else {
		err_set(err, "%s", diags.items[0].message);
		err_place(err, file, diags.items[0].line, diags.items[0].column);
	}
	diags_fini(&diags);
	arena_free(arena);
	return is_read;
}

bool manifest_read(struct manifest *manifest, const char *text, size_t length_bytes,
	const char *file, bool may_generate, struct err *err)
{
	struct err ignored = {0};
	size_t length = strlen(file);
	bool is_json = length > 5 && strcmp(file + length - 5, ".json") == 0;
	cJSON *value;

	err = err ? err : &ignored;
	// YAML has nothing for JSON's surrogate pairs, so what is JSON is read as such.
	value = text[strspn(text, " \t\r\n")] == '{' || is_json
			? json_parse(text, length_bytes, err)
			: NULL;
	if (!value && is_json) {
		err_place(err, file, 1, 1);
		return false;
	}
	if (!value)
		return read_yaml(manifest, text, length_bytes, file, may_generate, err);
	if (take(manifest, value, 1, 1, may_generate, err))
		return true;
	err_place(err, file, 1, 1);
	return false;
}

// --- names -------------------------------------------------------------------------------------------------------------

void manifest_group_version(const char *api_version, char group[256], char version[64])
{
	const char *slash = strchr(api_version, '/');

	snprintf(group, 256, "%.*s", slash ? (int)(slash - api_version) : 0, api_version);
	snprintf(version, 64, "%s", slash ? slash + 1 : api_version);
}

bool manifest_strip_export(cJSON *object)
{
	static const char *const kept[] = {"creationTimestamp", "generation", "managedFields",
		"resourceVersion", "selfLink", "uid"};
	cJSON *metadata = cJSON_GetObjectItemCaseSensitive(object, "metadata");

	if (!json_text(metadata, "creationTimestamp"))
		return false;
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		cJSON_DeleteItemFromObjectCaseSensitive(metadata, kept[i]);
	return true;
}

void manifest_name(const char *kind, const char *group, const char *name, struct buf *out)
{
	for (; *kind; kind++)
		buf_byte(out, (char)tolower((unsigned char)*kind));
	buf_printf(out, "%s%s/%s", *group ? "." : "", group, name);
}
