// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "relight/template.h"
#include "runbook_load.h"

// The variables of texts: whether they are declared, and which inputs a text mentions.

#define INPUT_PREFIX "RELIGHT_INPUT_"

void ints_add(struct ints *ints, int value)
{
	ints->items = memory_grow(ints->items, ints->count, &ints->capacity, sizeof *ints->items);
	ints->items[ints->count++] = value;
}

struct refs ints_take(struct loader *loader, struct ints *ints)
{
	int *items = arena_array(loader->arena, ints->count + 1, sizeof *items);
	struct refs refs = {items, ints->count};

	if (ints->count)
		memcpy(items, ints->items, ints->count * sizeof *items);
	free(ints->items);
	*ints = (struct ints){0};
	return refs;
}

// --- mentions --------------------------------------------------------------------------------------------------------

void mentions_begin(struct loader *loader)
{
	loader->templates.notes_mentions = true;
}

struct refs mentions_end(struct loader *loader)
{
	struct ints *mentions = &loader->mentions;

	for (size_t i = 0; i < mentions->count; i++)
		loader->is_mentioned[mentions->items[i]] = false;
	loader->templates.notes_mentions = false;
	return ints_take(loader, mentions);
}

static void mention(struct loader *loader, int input)
{
	loader->input_items[input].is_used = true;
	if (!loader->templates.notes_mentions || loader->is_mentioned[input])
		return;
	loader->is_mentioned[input] = true;
	ints_add(&loader->mentions, input);
}

void mentions_add(struct loader *loader, const struct refs *mentions)
{
	for (size_t i = 0; i < mentions->count; i++)
		mention(loader, mentions->items[i]);
}

// --- variables -------------------------------------------------------------------------------------------------------

struct scan {
	struct loader *loader;
	const struct yaml_node *node;
};

// Where the n-th "${" of a scalar stands in the source, so that the column is right in quoted and
// block texts too.
static struct yaml_node place_in(const struct scan *scan, size_t offset)
{
	const struct yaml_node *node = scan->node;
	const char *at = scan->loader->diags->source;
	struct yaml_node place = *node;
	int line = 1;

	for (; at && line < node->line; line++) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at || scan->loader->diags->count == DIAGS_KEPT)
		return place;
	int skip = 0;
	for (const char *in = node->text; (in = strstr(in, "${")) && in < node->text + offset;
		in += 2)
		skip++;
	int column = 1;
	for (; *at; at++) {
		bool is_inside = line > node->line || column >= node->column;
		if (is_inside && at[0] == '$' && at[1] == '{' && skip-- == 0) {
			place.line = line;
			place.column = column;
			break;
		}
		if (*at == '\n') {
			line++;
			column = 1;
		} else {
			column += ((unsigned char)*at & 0xC0) != 0x80;
		}
	}
	return place;
}

static void variable_error(const struct scan *scan, const char *code, const char *scope,
	const char *name, size_t offset, const char *why)
{
	struct yaml_node place = place_in(scan, offset);

	load_error(
		scan->loader, &place, code, "${%s%s%s}: %s", scope, *scope ? "." : "", name, why);
}

static void check_input(const struct scan *scan, const char *name, size_t offset)
{
	struct loader *loader = scan->loader;
	int input = names_find(&loader->index->inputs, name);

	if (input < 0) {
		variable_error(scan, "unknown-input", "input", name, offset,
			"this input is not declared in inputs");
		load_suggest(loader, name, &loader->index->inputs);
		return;
	}
	if (loader->templates.is_argv && loader->input_items[input].secret)
		variable_error(scan, "secret-argv", "input", name, offset,
			"a secret must not stand in an argv, which every process can read; use env "
			"or shell");
	mention(loader, input);
}

static void check_env(const struct scan *scan, const char *name, size_t offset)
{
	struct loader *loader = scan->loader;

	if (names_find(&loader->env_names, name) >= 0)
		return;
	variable_error(
		scan, "unknown-variable", "env", name, offset, "this name is not listed in env");
	load_suggest(loader, name, &loader->env_names);
}

static void check_scope(const struct scan *scan, const char *name, size_t offset)
{
	struct loader *loader = scan->loader;

	if (names_find(&loader->scope_names, name) >= 0)
		return;
	variable_error(scan, "unknown-variable", "scope", name, offset, "scope has no such text");
	load_suggest(loader, name, &loader->scope_names);
}

static void check_bare(const struct scan *scan, const char *name, size_t offset)
{
	static const char *const known[] = {
		"input", "scope", "env", "incident.id", "attempt", "each", NULL};
	const struct template_scope *templates = &scan->loader->templates;
	bool is_each = strcmp(name, "each") == 0;
	bool is_attempt = strcmp(name, "attempt") == 0;

	if ((is_each && templates->each) || (is_attempt && templates->attempt))
		return;
	if (is_each)
		variable_error(scan, "unknown-variable", "", name, offset,
			"only a step with a list each has it");
	else if (is_attempt)
		variable_error(scan, "unknown-variable", "", name, offset,
			"only what a step does has attempts");
	else {
		variable_error(scan, "unknown-variable", "", name, offset,
			"there is no such variable; write $${ for a plain ${");
		diag_suggest(scan->loader->diags, name, known);
	}
}

static void check_variable(
	const struct scan *scan, const char *scope, const char *name, size_t offset)
{
	static const char *const scopes[] = {"input", "scope", "env", "incident.id", NULL};

	if (!*scope)
		check_bare(scan, name, offset);
	else if (strcmp(scope, "input") == 0)
		check_input(scan, name, offset);
	else if (strcmp(scope, "env") == 0)
		check_env(scan, name, offset);
	else if (strcmp(scope, "scope") == 0)
		check_scope(scan, name, offset);
	else if (strcmp(scope, "incident") != 0 || strcmp(name, "id") != 0) {
		variable_error(scan, "unknown-variable", scope, name, offset,
			"there is no such variable; write $${ for a plain ${");
		diag_suggest(scan->loader->diags, scope, scopes);
	}
}

void template_check(struct loader *loader, const struct yaml_node *node)
{
	struct scan scan = {loader, node};
	struct template_part part;
	const char *at = node->text;

	for (const char *start = at; template_next(&at, &part); start = at) {
		size_t offset = (size_t)(start - node->text);
		if (part.kind == TEMPLATE_VARIABLE)
			check_variable(&scan, part.scope, part.name, offset);
		if (part.kind == TEMPLATE_MALFORMED) {
			struct yaml_node place = place_in(&scan, offset);
			load_error(loader, &place, "bad-variable",
				"%.20s: not a variable; write $${ for a plain ${", start);
		}
	}
}

void template_check_shell(struct loader *loader, const struct yaml_node *node)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	for (const char *at = node->text; (at = strstr(at, INPUT_PREFIX));) {
		size_t length = strspn(at, letters);
		char name[128];
		int input = -1;
		bool is_name = length > sizeof INPUT_PREFIX - 1 && length < sizeof name;
		if (is_name) {
			memcpy(name, at, length);
			name[length] = '\0';
			input = names_find(&loader->input_variables, name);
		}
		if (input >= 0) {
			mention(loader, input);
		} else if (is_name) {
			load_error(
				loader, node, "unknown-input", "%s: no input has this name", name);
			load_suggest(loader, name, &loader->input_variables);
		}
		at += length;
	}
}
