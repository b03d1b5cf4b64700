// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "runbook_load.h"

// Mappings and references: what all parts of a runbook are made of.

static void report(struct loader *loader, enum severity severity, const struct yaml_node *node,
	const char *code, const char *format, va_list arguments)
{
	struct buf message = {0};

	// What is only counted need not be formatted: hostile files have a hundred thousand errors.
	if (loader->diags->count == DIAGS_KEPT)
		format = "";
	if (loader->subject)
		buf_printf(&message, "%s: ", loader->subject);
	buf_vprintf(&message, format, arguments);
	if (severity == SEVERITY_ERROR)
		diag_error(loader->diags, at_node(node), code, "%s", buf_str(&message));
	else
		diag_warning(loader->diags, at_node(node), code, "%s", buf_str(&message));
	buf_fini(&message);
}

void load_error(struct loader *loader, const struct yaml_node *node, const char *code,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(loader, SEVERITY_ERROR, node, code, format, arguments);
	va_end(arguments);
}

void load_warning(struct loader *loader, const struct yaml_node *node, const char *code,
	const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(loader, SEVERITY_WARNING, node, code, format, arguments);
	va_end(arguments);
}

void load_wrong_type(
	struct loader *loader, const char *name, const struct yaml_node *node, const char *wanted)
{
	bool is_value =
		node->type == YAML_BOOL || node->type == YAML_INT || node->type == YAML_FLOAT;

	if (node->text && node->type != YAML_NULL)
		load_error(loader, node, "wrong-type", "%s: expected %s, found %s: %.60s%s", name,
			wanted, yaml_type_name(node->type), node->text,
			is_value && strcmp(wanted, "a text") == 0 ? "; quote it" : "");
	else
		load_error(loader, node, "wrong-type", "%s: expected %s, found %s", name, wanted,
			yaml_type_name(node->type));
}

void load_suggest(struct loader *loader, const char *wrong, const struct names *names)
{
	size_t count = 0;

	if (!loader->diags->newest || !names->count)
		return;
	const char **words = memory_alloc((names->count + 1) * sizeof *words);
	for (size_t i = 0; i < names->capacity; i++)
		if (names->slots[i].name)
			words[count++] = names->slots[i].name;
	words[count] = NULL;
	diag_suggest(loader->diags, wrong, words);
	free(words);
}

bool load_is(
	struct loader *loader, const char *name, const struct yaml_node *node, enum yaml_type type)
{
	if (node->type == type)
		return true;
	load_wrong_type(loader, name, node, yaml_type_name(type));
	return false;
}

static void unknown_key(struct loader *loader, const char *name, const struct yaml_node *node,
	const struct key *keys)
{
	size_t count = 0;

	while (keys[count].name)
		count++;
	const char **words = memory_alloc((count + 1) * sizeof *words);
	for (size_t i = 0; i <= count; i++)
		words[i] = keys[i].name;
	load_error(loader, node, "unknown-key", "%s%sunknown key %s", name, *name ? ": " : "",
		node->text);
	diag_suggest(loader->diags, node->text, words);
	free(words);
}

// "{question, options}" tells what to write where the keys are few; a long list tells nothing.
#define FEW_KEYS 6
static void not_a_map(struct loader *loader, const char *name, const struct yaml_node *node,
	const struct key *keys)
{
	struct buf wanted = {0};
	size_t count = 0;

	for (; keys[count].name; count++)
		buf_printf(&wanted, "%s%s", count ? ", " : "{", keys[count].name);
	buf_byte(&wanted, '}');
	load_wrong_type(loader, name, node,
		count <= FEW_KEYS ? buf_str(&wanted) : yaml_type_name(YAML_MAP));
	buf_fini(&wanted);
}

bool load_map(struct loader *loader, const char *name, const struct yaml_node *node,
	const struct key *keys, void *object)
{
	if (node->type != YAML_MAP) {
		not_a_map(loader, name, node, keys);
		return false;
	}
	for (size_t i = 0; i < node->count; i++) {
		const struct key *key = keys;
		while (key->name && strcmp(key->name, node->keys[i]->text) != 0)
			key++;
		if (!key->name)
			unknown_key(loader, name, node->keys[i], keys);
		else if (key->load)
			key->load(loader, key, node->items[i], (char *)object + key->offset);
	}
	for (const struct key *key = keys; key->name; key++)
		if (key->is_required && !yaml_get(node, key->name))
			load_error(loader, node, "missing-key", "%s%skey %s is missing", name,
				*name ? ": " : "", key->name);
	return true;
}

int load_one_of(
	struct loader *loader, const struct yaml_node *map, const char *const *names, bool may_lack)
{
	int found = -1;

	for (int i = 0; names[i]; i++) {
		if (!yaml_get(map, names[i]))
			continue;
		if (found >= 0) {
			load_error(loader, map, "exclusive-keys", "%s and %s exclude each other",
				names[found], names[i]);
			return -1;
		}
		found = i;
	}
	if (found >= 0 || may_lack)
		return found;

	struct buf list = {0};
	for (int i = 0; names[i]; i++)
		buf_printf(&list, "%s%s", !i ? "" : names[i + 1] ? ", " : " or ", names[i]);
	load_error(loader, map, "missing-key", "one of %s is missing", buf_str(&list));
	buf_fini(&list);
	return -1;
}

int load_word_index(struct loader *loader, const char *name, const struct yaml_node *node,
	const char *const *words)
{
	struct buf list = {0};

	if (!node->text || node->type == YAML_NULL) {
		load_wrong_type(loader, name, node, "a word");
		return -1;
	}
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], node->text) == 0)
			return i;
	for (int i = 0; words[i]; i++)
		buf_printf(&list, " %s", words[i]);
	load_error(loader, node, "unknown-word", "%s: %s is none of:%s", name, node->text,
		buf_str(&list));
	diag_suggest(loader->diags, node->text, words);
	buf_fini(&list);
	return -1;
}

int load_reference(struct loader *loader, const struct yaml_node *node, const struct names *names,
	const char *code)
{
	const char *kind = strchr(code, '-') + 1;

	if (!node->text || node->type == YAML_NULL) {
		load_wrong_type(loader, kind, node, "an id");
		return -1;
	}
	int index = names_find(names, node->text);
	if (index < 0) {
		load_error(loader, node, code, "there is no %s %s", kind, node->text);
		load_suggest(loader, node->text, names);
	}
	return index;
}

bool load_id_valid(const char *id, bool is_input)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	size_t length = strlen(id);

	if (length == 0 || length > 63 || !strchr(first, id[0]))
		return false;
	for (; *id; id++)
		if (!strchr(first, *id) && *id != '-' && !(is_input && *id == '_'))
			return false;
	return true;
}
