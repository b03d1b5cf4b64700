// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_HEALTH_TABLE_PARTS_H
#define RELIGHT_CORE_HEALTH_TABLE_PARTS_H

#include "relight/arena.h"
#include "relight/health_table.h"

// What the parser of health tables (health_table_load.c) and their user share.

// What a rule or an `else` comes to: a status, or what is said without the table.
struct ruling {
	bool is_conventions;
	enum status status;
};

struct health_rule_row {
	struct ruling then;
	bool has_message;
	int line, column;
};

// One entry of a file.
struct health_body {
	const char *file;
	int line, column;
	struct health_rule_row *rules;
	size_t rule_count;
	struct ruling otherwise; // `else`
	const char *program;
	const char *complaint; // "file:line:column: …", or NULL
};

struct health_table {
	const char *group, *kind;
	int exact; // how many of the two are no patterns
	const struct health_body *body;
};

// An expression of a file by itself.
struct health_expression {
	const char *text; // a whole program
	const char *file;
	int line, column;
};

struct health_layer_tables {
	struct health_table *items;
	size_t count, capacity;
	struct health_expression *expressions;
	size_t expression_count, expression_capacity;
};

struct health_tables {
	struct arena *arena; // all but the growing arrays
	struct health_layer_tables layers[HEALTH_LAYERS];
};

// The two ends of a program between which rules stand, and one of which `text` is the only
// expression. Functions for rules come first: relight-runbook(5), "HEALTH TABLES".
void health_program_begin(struct buf *out);
void health_program_alone(struct buf *out, const char *text);

#endif
