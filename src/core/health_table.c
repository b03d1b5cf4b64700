// SPDX-License-Identifier: Apache-2.0
#include "relight/health_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health_rules.h"
#include "health_table_parts.h"
#include "relight/memory.h"

// Health tables in use: which one it is, what it is asked, and what its answer means.

struct health_tables *health_tables_new(void)
{
	struct health_tables *tables = memory_zeroed(1, sizeof *tables);

	tables->arena = arena_new();
	return tables;
}

void health_tables_free(struct health_tables *tables)
{
	if (!tables)
		return;
	for (int layer = 0; layer < HEALTH_LAYERS; layer++) {
		free(tables->layers[layer].items);
		free(tables->layers[layer].expressions);
	}
	arena_free(tables->arena);
	free(tables);
}

// Whether `pattern` matches all of `text`; * is any text. Goes back to the last * only, so that its
// time is bounded by the product of the lengths.
static bool matches(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = text;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

const struct health_table *health_table_find(const struct health_tables *tables,
	enum health_layer layer, const char *group, const char *kind)
{
	const struct health_table *best = NULL;

	if (!tables)
		return NULL;
	const struct health_layer_tables *rows = &tables->layers[layer];
	for (size_t i = 0; i < rows->count; i++) {
		const struct health_table *row = &rows->items[i];
		if ((!best || row->exact > best->exact) && matches(row->kind, kind) &&
			matches(row->group, group))
			best = row;
	}
	return best;
}

const char *health_table_program(const struct health_table *table)
{
	return table->body->program;
}

const char *health_tables_expression(const struct health_tables *tables, enum health_layer layer,
	size_t nth, const char **file, int *line, int *column)
{
	const struct health_layer_tables *rows = &tables->layers[layer];

	if (nth >= rows->expression_count)
		return NULL;
	const struct health_expression *expression = &rows->expressions[nth];
	*file = expression->file;
	*line = expression->line;
	*column = expression->column;
	return expression->text;
}

static void write_without(struct buf *out, const cJSON *object, const char *key)
{
	bool is_first = true;

	buf_byte(out, '{');
	json_each (field, object) {
		if (!field->string || strcmp(field->string, key) == 0)
			continue;
		buf_text(out, is_first ? "" : ",");
		json_write_text(out, field->string);
		buf_byte(out, ':');
		json_write(out, field);
		is_first = false;
	}
	buf_byte(out, '}');
}

void health_table_input(const cJSON *object, struct wall now, struct buf *out)
{
	const cJSON *metadata = json_get(object, "metadata");

	buf_text(out, "{\"now\":");
	if (wall_known(now))
		buf_printf(out, "%lld", (long long)(now.us / US_PER_S));
	else
		buf_text(out, "null");
	buf_text(out, ",\"metadata\":");
	if (cJSON_IsObject(metadata))
		write_without(out, metadata, "managedFields");
	else
		buf_text(out, "null");
	buf_text(out, ",\"object\":");
	write_without(out, object, "metadata");
	buf_byte(out, '}');
}

// --- programs --------------------------------------------------------------------------------------------------------

// The functions that rules may use. Those that look at a condition give null or false where there
// is none, whatever its status holds instead.
static const char functions[] =
	"def condition($type): [(.status? | objects | .conditions | arrays | .[] | objects |\n"
	"  select(.type == $type))][0];\n"
	"def is($type): (condition($type) | .status) as $s | $s == \"True\" or $s == true;\n"
	"def isnt($type): (condition($type) | .status) as $s | $s == \"False\" or $s == false;\n"
	"def says($type): condition($type) | [.reason, .message | strings | select(. != \"\")] |\n"
	"  if length > 0 then join(\": \") else null end;\n"
	"def seen: (.status.observedGeneration? // .metadata.generation?) as $g |\n"
	"  ($g | tonumber? // 0) >= (.metadata.generation? // 0);\n"
	".now as $now | (.object + (if .metadata then {metadata} else {} end)) |\n";

void health_program_begin(struct buf *out)
{
	buf_text(out, functions);
}

void health_program_alone(struct buf *out, const char *text)
{
	buf_text(out, functions);
	buf_printf(out, "(%s\n)", text);
}

// --- judging ---------------------------------------------------------------------------------------------------------

static void ask_layer(const struct health_tables *tables, enum health_layer layer,
	const struct subject *subject, struct health_inquiry *inquiry)
{
	const struct health_table *table =
		health_table_find(tables, layer, subject->group, subject->kind);

	if (table)
		inquiry->tables[inquiry->count++] = table;
}

void health_inquire(const struct health_tables *tables, const cJSON *object, struct wall now,
	struct health_inquiry *inquiry)
{
	struct subject subject;
	struct health *otherwise = &inquiry->otherwise;

	subject_take(object, now, &subject);
	inquiry->now = now;
	inquiry->count = inquiry->user_count = 0;
	inquiry->has_objection = false;
	if (!health_by_presence(&subject, otherwise)) {
		ask_layer(tables, HEALTH_USER, &subject, inquiry);
		inquiry->user_count = inquiry->count;
		if (!health_by_kind(&subject, otherwise) &&
			!health_by_attention(&subject, otherwise)) {
			ask_layer(tables, HEALTH_CARRIED, &subject, inquiry);
			inquiry->has_objection = health_objects(&subject, &inquiry->objection);
			health_by_conventions(&subject, otherwise);
		}
	}
	otherwise->again = WALL_NONE;
	subject_since(&subject, otherwise);
}

static void say_rule(const struct health_table *table, struct health *out)
{
	snprintf(out->rule, sizeof out->rule, "table/%s/%s", table->group, table->kind);
}

static bool say_failure(const struct health_table *table, const char *why, struct health *out)
{
	const struct health_body *body = table->body;

	say_rule(table, out);
	return health_say(out, STATUS_UNKNOWN, "its health table (%s:%d) cannot judge it: %s",
		body->file, body->line, why);
}

// Words of which the second half was empty end in what joins them: "Failed: ".
static void trim_end(char *message)
{
	size_t length = strlen(message);

	while (length > 1 && strchr(" \t\n:;,", message[length - 1]))
		message[--length] = '\0';
}

// The words of a rule, as its program gave them; without any, those of the rules in C where they
// come to the same, else the place of the table.
static void say_ruling(const struct health_table *table, enum status status, const cJSON *words,
	struct health *out)
{
	say_rule(table, out);
	if (words && cJSON_IsString(words) && words->valuestring[0]) {
		health_say(out, status, "%s", words->valuestring);
		trim_end(out->message);
	} else if (out->status != status) {
		health_say(out, status, "as its health table (%s:%d) has it", table->body->file,
			table->body->line);
	}
}

// A time as `again` gives it, in seconds since 1970: one that is still to come.
static struct wall time_to_come(const cJSON *seconds, struct wall now)
{
	if (!cJSON_IsNumber(seconds) || !wall_known(now) ||
		!(seconds->valuedouble > 0 && seconds->valuedouble < 1e11))
		return WALL_NONE;
	struct wall at = {.us = (int64_t)(seconds->valuedouble * US_PER_S)};

	return at.us > now.us ? at : WALL_NONE;
}

static void keep_earlier(struct wall at, struct wall *earliest)
{
	if (wall_known(at) && (!wall_known(*earliest) || at.us < earliest->us))
		*earliest = at;
}

// Whether the table decides. What its program gives: [rule, words], or null where no rule applies;
// of a table that says when to look again both, in an object.
static bool conclude(const struct health_table *table, const struct health_answer *answer,
	struct wall now, struct health *out)
{
	const struct health_body *body = table->body;
	const cJSON *output = answer->output;

	if (cJSON_IsObject(output)) {
		keep_earlier(time_to_come(json_get(output, "again"), now), &out->again);
		output = json_get(output, "ruling");
		if (!output)
			return say_failure(table, "its answer cannot be read", out);
	}

	if (body->complaint)
		return say_failure(table, body->complaint, out);
	if (!output)
		return say_failure(table, answer->error ? answer->error : "no answer", out);
	if (cJSON_IsNull(output)) {
		if (body->otherwise.is_conventions)
			return false;
		say_ruling(table, body->otherwise.status, NULL, out);
		return true;
	}
	const cJSON *number = cJSON_IsArray(output) ? output->child : NULL;
	double rule = number && cJSON_IsNumber(number) ? number->valuedouble : -1;
	if (!(rule >= 0 && rule < (double)body->rule_count))
		return say_failure(table, "its answer cannot be read", out);
	const struct ruling *then = &body->rules[(size_t)rule].then;
	if (then->is_conventions)
		return false;
	say_ruling(table, then->status, number->next, out);
	return true;
}

// A table goes by what it was written to look at.
static void object(const struct health *objection, struct health *out)
{
	out->status = objection->status;
	memcpy(out->message, objection->message, sizeof out->message);
	memcpy(out->rule, objection->rule, sizeof out->rule);
}

void health_conclude(const struct health_inquiry *inquiry, const struct health_answer *answers,
	struct health *out)
{
	bool decided = false;
	size_t i = 0;

	*out = inquiry->otherwise;
	for (; i < inquiry->count && !decided; i++)
		decided = conclude(inquiry->tables[i], &answers[i], inquiry->now, out);
	if (decided && i > inquiry->user_count && inquiry->has_objection &&
		out->status == STATUS_HEALTHY)
		object(&inquiry->objection, out);
}
