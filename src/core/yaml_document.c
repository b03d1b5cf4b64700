// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "yaml_read.h"

// Documents: a file that is one, and streams of several. libyaml is asked for the next one only
// after what stands before it was looked at, because that may be a flood of directives.

const struct yaml_limits yaml_limits_default = {
	.bytes = 4u << 20,
	.depth = 64,
	.nodes = 400000,
};

// Where in the text documents are looked for, so that a stream is gone through once.
struct place_between {
	const char *at;
	size_t line; // 0-based
};

// --- between documents -------------------------------------------------------------------------------------------------

enum line_kind { LINE_EMPTY, LINE_END, LINE_DIRECTIVE, LINE_TEXT };

static enum line_kind line_kind(const char *line, size_t length)
{
	size_t blank = 0;

	while (blank < length && strchr(" \t\r", line[blank]))
		blank++;
	if (blank == length || line[blank] == '#')
		return LINE_EMPTY;
	if (length >= 3 && strncmp(line, "...", 3) == 0)
		return LINE_END;
	return line[0] == '%' ? LINE_DIRECTIVE : LINE_TEXT;
}

// Goes on to the first line from `line` on that holds more than comments, blanks and document ends.
// LINE_END: there is none.
static enum line_kind next_line(
	const struct reading *reading, size_t line, struct place_between *place)
{
	const char *end = reading->text + reading->length;

	while (place->at < end) {
		const char *stop = memchr(place->at, '\n', (size_t)(end - place->at));
		enum line_kind kind =
			line_kind(place->at, (size_t)((stop ? stop : end) - place->at));

		if (place->line >= line && kind >= LINE_DIRECTIVE)
			return kind;
		place->at = stop ? stop + 1 : end;
		place->line++;
	}
	return LINE_END;
}

static bool refuse_directive(const struct reading *reading, const struct place_between *place)
{
	diag_error(reading->diags, (int)place->line + 1, 1, "directive",
		"YAML directives are not allowed");
	return false;
}

// --- documents ---------------------------------------------------------------------------------------------------------

static const struct yaml_node empty_document = {.type = YAML_NULL, .text = ""};

// The next document, NULL after a diagnostic, or &empty_document at the end of the stream. `end` is
// the line (0-based) that it ends in.
static const struct yaml_node *read_document(struct reading *reading, size_t *end)
{
	const struct yaml_node *root = NULL;
	bool is_over = false;

	while (!is_over) {
		yaml_event_t event;
		if (!yaml_read_event(reading, &event))
			return NULL;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_START_EVENT: break;
		case YAML_STREAM_END_EVENT:
			root = &empty_document;
			is_over = true;
			break;
		case YAML_DOCUMENT_END_EVENT:
			*end = event.end_mark.line;
			is_over = true;
			break;
		default:
			root = yaml_read_node(reading, &event);
			is_over = !root;
			break;
		}
		yaml_event_delete(&event);
	}
	return root;
}

static const struct yaml_node *read_only_document(
	struct reading *reading, struct place_between *place)
{
	size_t end = 0;
	const struct yaml_node *root = read_document(reading, &end);

	if (root == &empty_document) {
		diag_error(reading->diags, 1, 1, "empty", "the document is empty");
		return NULL;
	}
	if (!root || next_line(reading, end, place) == LINE_END)
		return root;
	diag_error(reading->diags, (int)place->line + 1, 1, "documents",
		"the document has ended, but more follows: one file is one document");
	return NULL;
}

static bool read_documents(
	struct reading *reading, struct place_between *place, struct yaml_documents *documents)
{
	size_t capacity = 0, errors = reading->diags->errors;
	const struct yaml_node **items = NULL;

	for (;;) {
		size_t end = 0;
		const struct yaml_node *root = read_document(reading, &end);

		if (!root || root == &empty_document)
			break;
		items = memory_grow(items, documents->count, &capacity, sizeof *items);
		if (root->type != YAML_NULL)
			items[documents->count++] = root;
		if (next_line(reading, end, place) == LINE_DIRECTIVE) {
			refuse_directive(reading, place);
			break;
		}
		// Anchors are known in their own document only.
		reading->anchor_count = 0;
		names_init(&reading->anchor_names, reading->arena);
	}
	documents->items = arena_array(reading->arena, documents->count + 1, sizeof *items);
	if (items)
		memcpy(documents->items, items, documents->count * sizeof *items);
	free(items);
	return reading->diags->errors == errors;
}

// --- the ways of reading -------------------------------------------------------------------------------------------

static bool begin(struct reading *reading, struct place_between *place)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	if (reading->length > reading->limits->bytes) {
		diag_error(reading->diags, 1, 1, "limit", "larger than %zu bytes",
			reading->limits->bytes);
		return false;
	}
	// Not even libyaml is shown it: it would count it as a column, and take the first key for a
	// deeper one than the rest.
	if (reading->length >= 3 && memcmp(reading->text, byte_order_mark, 3) == 0) {
		reading->text += 3;
		reading->length -= 3;
	}
	*place = (struct place_between){.at = reading->text};
	if (next_line(reading, 0, place) == LINE_DIRECTIVE)
		return refuse_directive(reading, place);
	names_init(&reading->anchor_names, reading->arena);
	if (!yaml_parser_initialize(&reading->parser))
		memory_exhausted();
	yaml_parser_set_encoding(&reading->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&reading->parser, (const unsigned char *)reading->text, reading->length);
	return true;
}

static void end(struct reading *reading)
{
	yaml_parser_delete(&reading->parser);
	free(reading->anchors);
	free(reading->children);
}

const struct yaml_node *yaml_parse(struct arena *arena, const char *text, size_t length_bytes,
	const struct yaml_limits *limits, struct diags *diags)
{
	struct reading reading = {
		.text = text,
		.length = length_bytes,
		.arena = arena,
		.limits = limits,
		.diags = diags,
		.resolve = yaml_scalar_resolve,
	};
	struct place_between place;

	if (!begin(&reading, &place))
		return NULL;
	const struct yaml_node *root = read_only_document(&reading, &place);
	end(&reading);
	return root;
}

const struct yaml_node *yaml_parse_kubeconfig(struct arena *arena, const char *text,
	size_t length_bytes, const struct yaml_limits *limits, struct diags *diags)
{
	struct reading reading = {
		.text = text,
		.length = length_bytes,
		.arena = arena,
		.limits = limits,
		.diags = diags,
		.resolve = yaml_scalar_resolve_as_kubectl,
		.lets_last_win = true,
	};
	struct place_between place;
	size_t first_end = 0;

	if (!begin(&reading, &place))
		return NULL;
	const struct yaml_node *root = read_document(&reading, &first_end);
	end(&reading);
	return root;
}

bool yaml_parse_manifests(struct arena *arena, const char *text, size_t length_bytes,
	const struct yaml_limits *limits, struct yaml_documents *documents, struct diags *diags)
{
	struct reading reading = {
		.text = text,
		.length = length_bytes,
		.arena = arena,
		.limits = limits,
		.diags = diags,
		.resolve = yaml_scalar_resolve_as_kubectl,
	};
	struct place_between place;

	*documents = (struct yaml_documents){0};
	if (!begin(&reading, &place))
		return false;
	bool is_read = read_documents(&reading, &place, documents);
	end(&reading);
	return is_read;
}

// --- trees -------------------------------------------------------------------------------------------------------------

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->type != YAML_MAP)
		return NULL;
	for (size_t i = map->count; i-- > 0;)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

const char *yaml_type_name(enum yaml_type type)
{
	static const char *const names[] = {
		[YAML_NULL] = "nothing",
		[YAML_BOOL] = "true or false",
		[YAML_INT] = "a number",
		[YAML_FLOAT] = "a number with a fraction",
		[YAML_STRING] = "a text",
		[YAML_LIST] = "a list",
		[YAML_MAP] = "a mapping",
	};

	assert((size_t)type < sizeof names / sizeof *names);
	return names[type];
}
