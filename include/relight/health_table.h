// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HEALTH_TABLE_H
#define RELIGHT_HEALTH_TABLE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/diag.h"
#include "relight/health.h"

// Health tables (FORMATS.md §2): rules in jq for kinds that report in a way of their own, as YAML.
// Pure: what jq makes of an object is a value that comes in; judge.h is where it is asked.
//
// An object is judged in three steps:
//   health_inquire   which tables have a say, and what is said of it without them
//   (jq)             runs each table's program over health_table_input
//   health_conclude  the first table that decides, else what was said without them

// --- tables --------------------------------------------------------------------------------------

// Whose table it is decides when it is asked: the user's before the rules of this program for kinds
// that Kubernetes defines, its own after them.
enum health_layer { HEALTH_USER, HEALTH_CARRIED, HEALTH_LAYERS };

#define HEALTH_TABLE_MAX_BYTES (1u << 20) // of one file
#define HEALTH_TABLES_MAX      5000       // pairs of group and kind in one layer
#define HEALTH_RULES_MAX       64         // of one table

struct health_tables;
struct health_table; // for one pair of group and kind, each a pattern in which * is any text

struct health_tables *health_tables_new(void);         // without any; the caller frees
void health_tables_free(struct health_tables *tables); // NULL is safe; so is one that is in no use
// Adds the tables of one file, named `diags->file`, after those that the layer has already. What is
// wrong is added to `diags`, with its place, and the rest is taken: a table whose match can be read
// but not its rules stays, and makes what it matches unknown. The text is copied; `diags->file`,
// too.
void health_tables_add(struct health_tables *tables, enum health_layer layer, const char *text,
	size_t length_bytes, struct diags *diags);
// The table for an object: of those that match the one with most exact parts, among equals the
// first. NULL: none. NULL `tables` has none.
const struct health_table *health_table_find(const struct health_tables *tables,
	enum health_layer layer, const char *group, const char *kind);

// What jq is asked for it: one program, whose input is health_table_input. Lives as long as the
// tables.
const char *health_table_program(const struct health_table *table);

// The input of a table's program for an object: without metadata.managedFields, which no rule looks
// at and which is often the larger half.
void health_table_input(const cJSON *object, struct wall now, struct buf *out);

// Each expression of a layer by itself, as a whole program, so that one that does not compile can
// be said with its place: the nth one, NULL past the last. *file, *line and *column are set; valid
// as long as the tables.
const char *health_tables_expression(const struct health_tables *tables, enum health_layer layer,
	size_t nth, const char **file, int *line, int *column);

// --- judging -------------------------------------------------------------------------------------

// What is to be asked about an object, and what is said of it if nothing comes of that. Points into
// the tables, not into the object.
struct health_inquiry {
	const struct health_table *tables[HEALTH_LAYERS]; // in the order in which they count
	size_t count;                                     // 0: `otherwise` is the verdict
	size_t user_count;                                // the user's, which come first
	struct health otherwise;                          // by rules in C
	bool has_objection;      // what the object says of itself against a carried table that
	struct health objection; // finds it healthy
	struct wall now;         // when it was asked
};

// What jq said to one table's program: its first output, or why there is none.
struct health_answer {
	const cJSON *output; // NULL: see `error`
	const char *error;
};

// `tables` may be NULL. `object` may be anything; no reference to it is kept.
void health_inquire(const struct health_tables *tables, const cJSON *object, struct wall now,
	struct health_inquiry *inquiry);
// The verdict, from one answer for each of inquiry->tables. One that failed, or that no program can
// have given, makes it unknown, with the reason: never healthy.
void health_conclude(const struct health_inquiry *inquiry, const struct health_answer *answers,
	struct health *out);

#endif
