// SPDX-License-Identifier: Apache-2.0
#include "relight/yaml.h"

#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "yaml_read.h"

// How hostile text stays cheap. libyaml's events cost time in proportion to the text, but for two
// things: its document API and its %TAG directives are quadratic. So only events are used, reading
// stops at the first collection that is nested too deep, and directives are refused by looking at
// the text before libyaml does. An alias is not expanded: it is the same node again, so memory
// cannot multiply, and it counts as all the nodes that it stands for, so that walking the tree
// cannot either.

#define MAX_ANCHORS 10000
#define CORE_TAG    "tag:yaml.org,2002:"

#define at_event(event) (int)(event)->start_mark.line + 1, (int)(event)->start_mark.column + 1

// The mark of a byte: the reader complains of bytes, long before the scanner comes there.
static yaml_mark_t mark_of(const struct reading *reading, size_t offset)
{
	yaml_mark_t mark = {0};

	for (size_t i = 0; i < offset && i < reading->length; i++) {
		unsigned char byte = (unsigned char)reading->text[i];
		mark.line += byte == '\n';
		mark.column = byte == '\n' ? 0 : mark.column + ((byte & 0xC0) != 0x80);
	}
	return mark;
}

bool yaml_read_event(struct reading *reading, yaml_event_t *event)
{
	const yaml_parser_t *parser = &reading->parser;

	if (yaml_parser_parse(&reading->parser, event))
		return true;
	yaml_mark_t mark = parser->error == YAML_READER_ERROR
				   ? mark_of(reading, parser->problem_offset)
				   : parser->problem_mark;
	diag_error(reading->diags, (int)mark.line + 1, (int)mark.column + 1, "yaml",
		"not YAML: %s%s%s", parser->context ? parser->context : "",
		parser->context ? ", " : "", parser->problem ? parser->problem : "cannot be read");
	return false;
}

// Counts what is added to the tree. A scalar can be a little longer than it is written (`\L` is two
// bytes and becomes three); twice the text is only reached through aliases.
static bool count_more(
	struct reading *reading, const yaml_event_t *event, size_t nodes, size_t text_bytes)
{
	const struct yaml_limits *limits = reading->limits;

	reading->nodes += nodes;
	reading->text_bytes += text_bytes;
	if (reading->nodes <= limits->nodes && reading->text_bytes <= 2 * limits->bytes)
		return true;
	diag_error(reading->diags, at_event(event), "limit",
		"the document is too large, counting aliases as often as they are used: at most "
		"%zu nodes and %zu bytes",
		limits->nodes, 2 * limits->bytes);
	return false;
}

static bool reach_depth(struct reading *reading, const yaml_event_t *event, int depth)
{
	if (depth > reading->limits->depth) {
		diag_error(reading->diags, at_event(event), "limit", "nested deeper than %d levels",
			reading->limits->depth);
		return false;
	}
	if (depth > reading->deepest)
		reading->deepest = depth;
	return true;
}

static struct yaml_node *node_new(
	struct reading *reading, const yaml_event_t *event, enum yaml_type type)
{
	struct yaml_node *node = arena_alloc(reading->arena, sizeof *node);

	node->type = type;
	node->line = (int)event->start_mark.line + 1;
	node->column = (int)event->start_mark.column + 1;
	return node;
}

// The name of a core tag ("int"), "" where there is none; NULL, with an error, for any other.
static const char *core_tag(
	struct reading *reading, const yaml_event_t *event, const unsigned char *tag)
{
	const char *text = (const char *)tag;

	if (!text)
		return "";
	if (strcmp(text, "!") == 0)
		return event->type == YAML_SCALAR_EVENT ? "str" : "";
	if (strncmp(text, CORE_TAG, sizeof CORE_TAG - 1) == 0)
		return text + sizeof CORE_TAG - 1;
	diag_error(reading->diags, at_event(event), "tag",
		"tag %s is not one of YAML's core schema", text);
	return NULL;
}

// Whether a scalar that was resolved as `type` may carry the tag.
static bool tag_allows(const char *tag, enum yaml_type type)
{
	switch (type) {
	case YAML_NULL: return strcmp(tag, "null") == 0;
	case YAML_BOOL: return strcmp(tag, "bool") == 0;
	case YAML_INT: return strcmp(tag, "int") == 0 || strcmp(tag, "float") == 0;
	case YAML_FLOAT: return strcmp(tag, "float") == 0;
	default: return false;
	}
}

static const struct yaml_node *read_scalar(struct reading *reading, const yaml_event_t *event)
{
	const char *tag = core_tag(reading, event, event->data.scalar.tag);
	const char *value = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;

	if (!tag || !count_more(reading, event, 0, length))
		return NULL;
	if (memchr(value, '\0', length)) {
		diag_error(reading->diags, at_event(event), "yaml",
			"a text may not hold a NUL character");
		return NULL;
	}
	struct yaml_node *node = node_new(reading, event, YAML_STRING);
	node->text = arena_bytes(reading->arena, value, length);
	bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->is_plain = is_plain;
	if (*tag ? strcmp(tag, "str") != 0 : is_plain)
		reading->resolve(node);
	if (*tag && strcmp(tag, "str") != 0 && !tag_allows(tag, node->type)) {
		diag_error(reading->diags, at_event(event), "tag", "this is no !!%s", tag);
		return NULL;
	}
	return node;
}

static const struct yaml_node *read_alias(struct reading *reading, const yaml_event_t *event)
{
	const char *name = (const char *)event->data.alias.anchor;
	int index = names_find(&reading->anchor_names, name);

	if (index < 0) {
		diag_error(reading->diags, at_event(event), "alias",
			"there is no anchor &%s before this alias", name);
		return NULL;
	}
	const struct anchor *anchor = &reading->anchors[index];
	if (!anchor->node) {
		diag_error(reading->diags, at_event(event), "alias",
			"alias *%s stands inside its own anchor", name);
		return NULL;
	}
	if (!count_more(reading, event, anchor->nodes, anchor->text_bytes) ||
		!reach_depth(reading, event, reading->depth + anchor->height))
		return NULL;
	return anchor->node;
}

static bool add_child(struct reading *reading, const yaml_event_t *event)
{
	const struct yaml_node *child = yaml_read_node(reading, event);

	if (!child)
		return false;
	reading->children = memory_grow(reading->children, reading->child_count,
		&reading->child_capacity, sizeof *reading->children);
	reading->children[reading->child_count++] = child;
	return true;
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_node *left = *(const struct yaml_node *const *)a;
	const struct yaml_node *right = *(const struct yaml_node *const *)b;
	int order = strcmp(left->text, right->text);

	if (order)
		return order;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return (left->column > right->column) - (left->column < right->column);
}

// Sorting finds duplicates in n log n, whatever the keys are.
static bool check_keys(struct reading *reading, const struct yaml_node *map)
{
	size_t errors = reading->diags->errors;
	const struct yaml_node **sorted = memory_alloc((map->count + 1) * sizeof *sorted);

	for (size_t i = 0; i < map->count; i++) {
		sorted[i] = map->keys[i];
		if (!sorted[i]->text) {
			diag_error(reading->diags, sorted[i]->line, sorted[i]->column, "yaml",
				"a key must be a text, this is %s",
				yaml_type_name(sorted[i]->type));
			free(sorted);
			return false;
		}
	}
	qsort(sorted, map->count, sizeof *sorted, compare_keys);
	for (size_t i = 1; i < map->count && !reading->lets_last_win; i++) {
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
			diag_error(reading->diags, sorted[i]->line, sorted[i]->column,
				"duplicate-key",
				"key %s stands here a second time; the first is in line %d",
				sorted[i]->text, sorted[i - 1]->line);
	}
	free(sorted);
	return reading->diags->errors == errors;
}

// Gives the children from `first` on to their collection.
static void take_children(struct reading *reading, struct yaml_node *node, size_t first)
{
	size_t count = reading->child_count - first;
	size_t step = node->type == YAML_MAP ? 2 : 1;

	node->count = count / step;
	node->items = arena_array(reading->arena, node->count + 1, sizeof *node->items);
	if (node->type == YAML_MAP)
		node->keys = arena_array(reading->arena, node->count + 1, sizeof *node->keys);
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node **pair = &reading->children[first + i * step];
		if (node->type == YAML_MAP)
			node->keys[i] = pair[0];
		node->items[i] = pair[step - 1];
	}
	reading->child_count = first;
}

static const struct yaml_node *read_collection(
	struct reading *reading, const yaml_event_t *event, enum yaml_type type)
{
	bool is_map = type == YAML_MAP;
	const char *tag = core_tag(reading, event,
		is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag);

	if (!tag)
		return NULL;
	if (*tag && strcmp(tag, is_map ? "map" : "seq") != 0) {
		diag_error(reading->diags, at_event(event), "tag", "this is no !!%s", tag);
		return NULL;
	}
	if (!reach_depth(reading, event, reading->depth + 1))
		return NULL;
	struct yaml_node *node = node_new(reading, event, type);
	size_t first = reading->child_count;
	bool good = true;
	reading->depth++;
	for (;;) {
		yaml_event_t child;
		if (!yaml_read_event(reading, &child))
			return NULL;
		bool is_end = child.type == YAML_MAPPING_END_EVENT ||
			      child.type == YAML_SEQUENCE_END_EVENT;
		good = is_end || add_child(reading, &child);
		yaml_event_delete(&child);
		if (is_end || !good)
			break;
	}
	reading->depth--;
	if (!good)
		return NULL;
	take_children(reading, node, first);
	return is_map && !check_keys(reading, node) ? NULL : node;
}

static const struct yaml_node *read_content(struct reading *reading, const yaml_event_t *event)
{
	if (event->type == YAML_ALIAS_EVENT)
		return read_alias(reading, event);
	if (!count_more(reading, event, 1, 0))
		return NULL;
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(reading, event);
	return read_collection(
		reading, event, event->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST);
}

static const char *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT: return (const char *)event->data.scalar.anchor;
	case YAML_SEQUENCE_START_EVENT: return (const char *)event->data.sequence_start.anchor;
	case YAML_MAPPING_START_EVENT: return (const char *)event->data.mapping_start.anchor;
	default: return NULL;
	}
}

static const struct yaml_node *read_anchored(
	struct reading *reading, const yaml_event_t *event, const char *name)
{
	if (reading->anchor_count == MAX_ANCHORS) {
		diag_error(reading->diags, at_event(event), "limit", "more than %d anchors",
			MAX_ANCHORS);
		return NULL;
	}
	size_t index = reading->anchor_count++;
	size_t nodes = reading->nodes;
	size_t text_bytes = reading->text_bytes;
	int deepest = reading->deepest;
	reading->anchors = memory_grow(
		reading->anchors, index, &reading->anchor_capacity, sizeof *reading->anchors);
	reading->anchors[index] = (struct anchor){0};
	names_set(&reading->anchor_names, arena_text(reading->arena, name), (int)index);
	reading->deepest = reading->depth;

	const struct yaml_node *node = read_content(reading, event);
	reading->anchors[index] = (struct anchor){
		.node = node,
		.nodes = reading->nodes - nodes,
		.text_bytes = reading->text_bytes - text_bytes,
		.height = reading->deepest - reading->depth,
	};
	if (deepest > reading->deepest)
		reading->deepest = deepest;
	return node;
}

// Recursion is bounded by the limit on depth.
const struct yaml_node *yaml_read_node(struct reading *reading, const yaml_event_t *event)
{
	const char *anchor = anchor_of(event);

	return anchor ? read_anchored(reading, event, anchor) : read_content(reading, event);
}
