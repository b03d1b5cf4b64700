// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "fields.h"
#include "health_table_parts.h"
#include "relight/memory.h"

// Reads health tables from YAML.

#define PROGRAM_MAX_BYTES (64u << 10) // as jq.h has it: JQ_MAX_PROGRAM_BYTES

struct reading {
	struct health_tables *tables;
	struct health_layer_tables *layer;
	const char *file; // in the arena
	struct diags *diags;
};

static const char *const table_keys[] = {"match", "rules", "else", "again", NULL};
static const char *const match_keys[] = {"group", "kind", NULL};
static const char *const rule_keys[] = {"if", "then", "message", NULL};

static bool is_text(const struct yaml_node *node)
{
	return node && node->type != YAML_LIST && node->type != YAML_MAP && node->type != YAML_NULL;
}

// --- rules -----------------------------------------------------------------------------------------------------------

static void read_ruling(
	struct reading *reading, const struct yaml_node *node, const char *what, struct ruling *out)
{
	static const char *const words[] = {"healthy", "progressing", "degraded", "suspended",
		"missing", "unknown", "conventions", NULL};

	*out = (struct ruling){.is_conventions = true};
	if (is_text(node) && strcmp(node->text, "conventions") == 0)
		return;
	*out = (struct ruling){.status = STATUS_UNKNOWN};
	if (is_text(node) && status_parse(node->text, &out->status))
		return;
	diag_error(reading->diags, node->line, node->column, "bad-status",
		"%s: a status word or \"conventions\" is wanted here", what);
	if (is_text(node))
		diag_suggest(reading->diags, node->text, words);
}

// Keeps an expression of a rule or a table by itself, and gives its text in the arena; NULL after
// an error.
static const char *read_expression(
	struct reading *reading, const struct yaml_node *of, const char *key, bool is_required)
{
	const struct yaml_node *node = yaml_get(of, key);
	const char *text = is_required ? field_required(of, key, "rule", reading->diags)
				       : field_text(of, key, reading->diags);
	struct health_layer_tables *layer = reading->layer;
	struct buf program = {0};

	if (!text)
		return NULL;
	if (strlen(text) > PROGRAM_MAX_BYTES / 2) {
		diag_error(reading->diags, node->line, node->column, "too-large",
			"%s: it is over %u KiB", key, PROGRAM_MAX_BYTES / 2 >> 10);
		return NULL;
	}
	health_program_alone(&program, text);
	layer->expressions = memory_grow(layer->expressions, layer->expression_count,
		&layer->expression_capacity, sizeof *layer->expressions);
	layer->expressions[layer->expression_count++] = (struct health_expression){
		.text = arena_text(reading->tables->arena, buf_str(&program)),
		.file = reading->file,
		.line = node->line,
		.column = node->column,
	};
	buf_fini(&program);
	return text;
}

// One rule, and its branch of the program. A condition holds when any of its outputs does, so that
// `.phase == ("A", "B")` means what it says. Words that cannot be made must not cost the status.
static void read_rule(struct reading *reading, const struct yaml_node *node, size_t number,
	struct health_rule_row *rule, struct buf *program)
{
	if (!fields_is(node, YAML_MAP, "rule", reading->diags))
		return;
	fields_check(node, rule_keys, "rule", reading->diags);
	const char *condition = read_expression(reading, node, "if", true);
	const char *message = read_expression(reading, node, "message", false);

	rule->line = node->line;
	rule->column = node->column;
	if (field_required(node, "then", "rule", reading->diags))
		read_ruling(reading, yaml_get(node, "then"), "then", &rule->then);
	buf_printf(program, "%s any((%s\n); .) then [%zu", number ? "elif" : "if",
		condition ? condition : "false", number);
	if (message)
		buf_printf(program,
			", (try ([limit(1; (%s\n))][0] | if . == null then . else tostring end)\n"
			"catch \"(the words of this rule cannot be made: \\(.))\")",
			message);
	buf_text(program, "]\n");
}

static void read_rules(
	struct reading *reading, const struct yaml_node *table, struct health_body *body)
{
	const struct yaml_node *node = yaml_get(table, "rules");
	const char *again = read_expression(reading, table, "again", false);
	struct buf program = {0};

	health_program_begin(&program);
	// A time that cannot be made must not cost the status.
	if (again)
		buf_printf(&program, "{again: (try [limit(1; (%s\n))][0] catch null), ruling: (",
			again);
	if (fields_is(node, YAML_LIST, "rules", reading->diags)) {
		body->rule_count = node->count < HEALTH_RULES_MAX ? node->count : HEALTH_RULES_MAX;
		if (node->count > HEALTH_RULES_MAX)
			diag_error(reading->diags, node->line, node->column, "too-many",
				"rules: over %d", HEALTH_RULES_MAX);
		body->rules =
			arena_array(reading->tables->arena, body->rule_count, sizeof *body->rules);
		for (size_t i = 0; i < body->rule_count; i++)
			read_rule(reading, node->items[i], i, &body->rules[i], &program);
	}
	buf_text(&program, body->rule_count ? "else null end" : "null");
	buf_text(&program, again ? ")}" : "");
	if (program.length > PROGRAM_MAX_BYTES)
		diag_error(reading->diags, body->line, body->column, "too-large",
			"rules: together they are over %u KiB", PROGRAM_MAX_BYTES >> 10);
	body->program = arena_text(reading->tables->arena, buf_str(&program));
	buf_fini(&program);
}

// --- what it matches -------------------------------------------------------------------------------------------------

// A text, or a list of texts: how many there are, and the nth.
static size_t choices(const struct yaml_node *node)
{
	return !node ? 0 : node->type == YAML_LIST ? node->count : 1;
}

static const struct yaml_node *choice(const struct yaml_node *node, size_t nth)
{
	return node->type == YAML_LIST ? node->items[nth] : node;
}

static bool check_choices(struct reading *reading, const struct yaml_node *match, const char *key)
{
	const struct yaml_node *node = yaml_get(match, key);

	if (choices(node) == 0) {
		const struct yaml_node *place = node ? node : match;
		diag_error(reading->diags, place->line, place->column, "missing-key",
			"match: \"%s\" is required; \"*\" matches any", key);
		return false;
	}
	for (size_t i = 0; i < choices(node); i++)
		if (!is_text(choice(node, i))) {
			diag_error(reading->diags, choice(node, i)->line, choice(node, i)->column,
				"wrong-type", "%s: a text is wanted here, or a list of texts", key);
			return false;
		}
	return true;
}

static bool add_row(struct reading *reading, const struct yaml_node *group,
	const struct yaml_node *kind, const struct health_body *body)
{
	struct health_layer_tables *layer = reading->layer;
	struct arena *arena = reading->tables->arena;

	if (layer->count == HEALTH_TABLES_MAX) {
		diag_error(reading->diags, kind->line, kind->column, "too-many",
			"match: over %d pairs of group and kind", HEALTH_TABLES_MAX);
		return false;
	}
	layer->items =
		memory_grow(layer->items, layer->count, &layer->capacity, sizeof *layer->items);
	layer->items[layer->count++] = (struct health_table){
		.group = arena_text(arena, group->text),
		.kind = arena_text(arena, kind->text),
		.exact = !strchr(group->text, '*') + !strchr(kind->text, '*'),
		.body = body,
	};
	return true;
}

static void read_table(struct reading *reading, const struct yaml_node *node)
{
	const struct yaml_node *match = yaml_get(node, "match"),
			       *otherwise = yaml_get(node, "else");
	struct arena *arena = reading->tables->arena;
	struct diags *diags = reading->diags;
	size_t errors = diags->errors;

	if (!fields_is(node, YAML_MAP, "a health table", diags))
		return;
	struct health_body *body = arena_alloc(arena, sizeof *body);
	*body = (struct health_body){.file = reading->file,
		.line = node->line,
		.column = node->column,
		.otherwise = {.is_conventions = true}};
	fields_check(node, table_keys, "a health table", diags);
	if (otherwise)
		read_ruling(reading, otherwise, "else", &body->otherwise);
	read_rules(reading, node, body);
	if (!match) {
		diag_error(diags, node->line, node->column, "missing-key",
			"a health table: \"match\" is required");
		return;
	}
	if (!fields_is(match, YAML_MAP, "match", diags))
		return;
	fields_check(match, match_keys, "match", diags);
	bool has_groups = check_choices(reading, match, "group");
	if (!check_choices(reading, match, "kind") || !has_groups)
		return;
	if (diags->errors > errors) {
		body->complaint =
			arena_printf(arena, "%s:%d:%d: it has errors; 'relight health' says which",
				reading->file, body->line, body->column);
		body->program = "null";
	}
	const struct yaml_node *groups = yaml_get(match, "group"), *kinds = yaml_get(match, "kind");
	for (size_t i = 0; i < choices(groups); i++)
		for (size_t j = 0; j < choices(kinds); j++)
			if (!add_row(reading, choice(groups, i), choice(kinds, j), body))
				return;
}

void health_tables_add(struct health_tables *tables, enum health_layer layer, const char *text,
	size_t length_bytes, struct diags *diags)
{
	static const struct yaml_limits limits = {HEALTH_TABLE_MAX_BYTES, 16, 100000};
	struct arena *arena = arena_new();
	struct reading reading = {
		.tables = tables,
		.layer = &tables->layers[layer],
		.file = arena_text(tables->arena, diags->file),
		.diags = diags,
	};
	const struct yaml_node *document = yaml_parse(arena, text, length_bytes, &limits, diags);

	if (document && fields_is(document, YAML_LIST, "a file of health tables", diags))
		for (size_t i = 0; i < document->count; i++)
			read_table(&reading, document->items[i]);
	arena_free(arena);
}
