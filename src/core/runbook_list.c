// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "runbook_load.h"

// Loaders of lists, for the tables of keys.

// A list of texts, one for each item that `is_good` took; `field` is a struct texts.
static void fill_texts(struct loader *loader, const struct key *key, const struct yaml_node *node,
	void *field,
	bool (*is_good)(struct loader *loader, const struct key *key, const struct yaml_node *item))
{
	struct texts *texts = field;

	if (!load_is(loader, key->name, node, YAML_LIST))
		return;
	const char **items = arena_array(loader->arena, node->count + 1, sizeof *items);
	texts->items = items;
	for (size_t i = 0; i < node->count; i++)
		if (is_good(loader, key, node->items[i]))
			items[texts->count++] = node->items[i]->text;
}

static bool is_text(struct loader *loader, const struct key *key, const struct yaml_node *item)
{
	if (!load_is(loader, key->name, item, YAML_STRING))
		return false;
	template_check(loader, item);
	return true;
}

static bool is_scalar(struct loader *loader, const struct key *key, const struct yaml_node *item)
{
	if (!item->text || item->type == YAML_NULL) {
		load_wrong_type(loader, key->name, item, "a text");
		return false;
	}
	template_check(loader, item);
	return true;
}

static bool is_word(struct loader *loader, const struct key *key, const struct yaml_node *item)
{
	return load_word_index(loader, key->name, item, key->detail) >= 0;
}

static bool may_name_variable(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	if (!*name || !strchr(letters, *name))
		return false;
	for (; *name; name++)
		if (!strchr(letters, *name) && (*name < '0' || *name > '9'))
			return false;
	return true;
}

static bool is_variable_name(
	struct loader *loader, const struct key *key, const struct yaml_node *item)
{
	if (!load_is(loader, key->name, item, YAML_STRING))
		return false;
	if (may_name_variable(item->text))
		return true;
	load_error(loader, item, "bad-name", "%s: %s is no name of an environment variable",
		key->name, item->text);
	return false;
}

void load_texts(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	fill_texts(loader, key, node, field, is_text);
}

void load_scalars(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	fill_texts(loader, key, node, field, is_scalar);
}

void load_words(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	fill_texts(loader, key, node, field, is_word);
}

void load_variable_names(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	fill_texts(loader, key, node, field, is_variable_name);
}

void load_argv(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	loader->templates.is_argv = true;
	fill_texts(loader, key, node, field, is_scalar);
	loader->templates.is_argv = false;
	if (node->type == YAML_LIST &&
		(node->count == 0 || (node->items[0]->text && !*node->items[0]->text)))
		load_error(loader, node, "empty-argv", "%s: names no program", key->name);
}

void load_pairs(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct env_pairs *pairs = field;

	if (!load_is(loader, key->name, node, YAML_MAP))
		return;
	struct env_pair *items = arena_array(loader->arena, node->count + 1, sizeof *items);
	pairs->items = items;
	for (size_t i = 0; i < node->count; i++)
		if (is_scalar(loader, key, node->items[i]))
			items[pairs->count++] =
				(struct env_pair){node->keys[i]->text, node->items[i]->text};
}

void load_env(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_pairs(loader, key, node, field);
	for (size_t i = 0; node->type == YAML_MAP && i < node->count; i++)
		is_variable_name(loader, key, node->keys[i]);
}

// HTTP field names are tokens (RFC 9110, 5.6.2); a line feed in a value would begin another field.
void load_headers(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_pairs(loader, key, node, field);
	for (size_t i = 0; node->type == YAML_MAP && i < node->count; i++) {
		const struct yaml_node *name = node->keys[i], *value = node->items[i];
		if (!*name->text || strpbrk(name->text, " \t\r\n:(),/;<=>?@[\\]{}\""))
			load_error(loader, name, "bad-name", "%s: %s is no name of a header",
				key->name, name->text);
		if (value->text && strpbrk(value->text, "\r\n"))
			load_error(loader, value, "bad-value", "%s: %s: a header is one line",
				key->name, name->text);
	}
}

// Indexes of what a list names; something that is named twice is an error, because one of the two
// was meant to be another.
static void fill_refs(struct loader *loader, const struct key *key, const struct yaml_node *node,
	struct refs *refs, const struct names *names, const char *code)
{
	struct names seen;

	if (!load_is(loader, key->name, node, YAML_LIST))
		return;
	names_init(&seen, loader->arena);
	int *items = arena_array(loader->arena, node->count + 1, sizeof *items);
	refs->items = items;
	for (size_t i = 0; i < node->count; i++) {
		int index = load_reference(loader, node->items[i], names, code);
		if (index < 0)
			continue;
		if (names_set(&seen, node->items[i]->text, index) >= 0)
			load_error(loader, node->items[i], "duplicate", "%s: %s stands here twice",
				key->name, node->items[i]->text);
		else
			items[refs->count++] = index;
	}
}

void load_dependencies(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	fill_refs(loader, key, node, field, &loader->index->dependencies, "unknown-dependency");
}

void load_list(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	const struct list_detail *detail = key->detail;

	if (!load_is(loader, key->name, node, YAML_LIST))
		return;
	char *items = arena_array(loader->arena, node->count + 1, detail->item_bytes);
	for (size_t i = 0; i < node->count; i++) {
		void *item = items + i * detail->item_bytes;
		if (detail->init)
			detail->init(item);
		load_map(loader, key->name, node->items[i], detail->keys, item);
	}
	*(void **)field = items;
	*(size_t *)((char *)field - key->offset + detail->count_offset) = node->count;
}

void load_object(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_map(loader, key->name, node, key->detail, field);
}
