// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_RUNBOOK_LOAD_H
#define RELIGHT_CORE_RUNBOOK_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names.h"
#include "relight/arena.h"
#include "relight/diag.h"
#include "relight/runbook.h"
#include "relight/yaml.h"

// How a runbook is loaded. First everything that has an id is declared and `each` expanded
// (runbook_index.c), so that references can be resolved as they are met, whichever way round the
// file has them. Then each mapping is loaded through a table of its keys (struct key). Then the
// order of the steps is worked out and checked (runbook_order.c). Whatever is wrong becomes a
// diagnostic, and loading goes on, so that a person sees all of it at once.

// Indexes by id; what the lookups of runbook.h use after loading.
struct runbook_index {
	struct names steps, dependencies, inputs, targets;
};

// Numbers that grow, on the heap.
struct ints {
	int *items;
	size_t count, capacity;
};

// The steps that one entry of `steps` became: one, or one for each element of its `each`.
struct group {
	const char *id;
	int first, count;
	const struct yaml_node *node;  // its mapping
	const struct yaml_node *each;  // the list, or NULL
	const struct yaml_node *needs; // the value of `needs`, or NULL
};

// What the `${…}` of the texts being loaded may mention.
struct template_scope {
	bool each, attempt; // ${each}, ${attempt} have a value here
	bool is_argv; // secrets must not stand here: every process of the machine can read them
	bool notes_mentions; // somebody wants to know which inputs are mentioned
};

struct loader {
	struct arena *arena;
	struct runbook *runbook;
	struct runbook_index *index;
	struct diags *diags;
	const char *subject; // what messages begin with, "step restore-ns"; NULL: nothing
	struct names phases, stores, env_names, scope_names;
	struct names groups;          // ids as written: index into group_items
	struct names input_variables; // RELIGHT_INPUT_X: index of the input
	struct group *group_items;
	size_t group_count;
	struct step *steps;              // runbook->steps, while it is written
	struct dependency *dependencies; // runbook->dependencies, the same
	struct refs *target_mentions;    // by target index
	struct template_scope templates;
	struct ints mentions;      // noted since mentions_begin
	bool *is_mentioned;        // by input index: whether it is in `mentions`
	struct input *input_items; // runbook->inputs, while it is written
	struct jq_text *programs;  // on the heap
	size_t program_count, program_capacity;
	int64_t pattern_cost; // of all patterns so far
};

// One key of a mapping: its loader puts the value where the offset says in the object that the
// mapping becomes.
struct key {
	const char *name;
	// NULL: the code around the table looks at it, in an order of its own.
	void (*load)(struct loader *loader, const struct key *key, const struct yaml_node *value,
		void *field);
	size_t offset;
	const void *detail; // what `load` asks for besides, e.g. words or bounds
	bool is_required;
};

struct bounds {
	int64_t least, most;
};

// What load_list asks for.
struct list_detail {
	const struct key *keys; // of each item
	size_t item_bytes;
	size_t count_offset;      // where struct runbook counts the items
	void (*init)(void *item); // sets what is not zero by default; NULL: nothing
};

#define at_node(node) (node)->line, (node)->column

// --- runbook_map.c: mappings and references ----------------------------------------------------------------------------

// A diagnostic at a node, beginning with the loader's subject.
void load_error(struct loader *loader, const struct yaml_node *node, const char *code,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
void load_warning(struct loader *loader, const struct yaml_node *node, const char *code,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
// "expected `wanted`, found …". `name` is the key's, or what else the value is called.
void load_wrong_type(
	struct loader *loader, const char *name, const struct yaml_node *node, const char *wanted);
// Adds "did you mean" to the newest diagnostic, from the names of a table.
void load_suggest(struct loader *loader, const char *wrong, const struct names *names);
// Whether it is of that type; an error otherwise.
bool load_is(
	struct loader *loader, const char *name, const struct yaml_node *node, enum yaml_type type);
// Loads a mapping into `object` by a table that ends in a row without a name. False where it is no
// mapping.
bool load_map(struct loader *loader, const char *name, const struct yaml_node *node,
	const struct key *keys, void *object);
// Which of `names` (NULL-terminated) the mapping has, as an index; -1 for none, an error unless
// `may_lack`, or for several, an error.
int load_one_of(struct loader *loader, const struct yaml_node *map, const char *const *names,
	bool may_lack);
// The index in `words` (NULL-terminated), or -1 with an error.
int load_word_index(struct loader *loader, const char *name, const struct yaml_node *node,
	const char *const *words);
// The value of a name, or -1 with an error whose code is "unknown-KIND".
int load_reference(struct loader *loader, const struct yaml_node *node, const struct names *names,
	const char *code);
bool load_id_valid(const char *id, bool is_input);

// Loaders for tables. The type of the field stands beside each, and what `detail` is.
typedef void load_function(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field);

// --- runbook_value.c: one value ----------------------------------------------------------------------------------------

load_function load_plain;    // const char *: a text in which nothing is substituted
load_function load_string;   // const char *: a template
load_function load_scalar;   // const char *: a text, number or truth value as written; a template
load_function load_word;     // const char *; detail: words, NULL-terminated
load_function load_shell;    // const char *: a text for sh
load_function load_pattern;  // const char *: a POSIX ERE
load_function load_jq;       // struct jq_text
load_function load_flag;     // bool
load_function load_int;      // int; detail: struct bounds
load_function load_level;    // int: L0 to L5
load_function load_duration; // int64_t, milliseconds; detail: not NULL: must be longer than nothing
load_function load_port;     // const char *: a number or a template
load_function load_authority; // const char *: HOST[:PORT]
load_function load_url;       // const char *: http or https

// --- runbook_kubernetes_words.c: what is meant in a cluster ------------------------------------------------------------

load_function load_resource;       // const char *: as kubectl writes it, or a template
load_function load_object_name;    // const char *: a name, or a template
load_function load_namespace_name; // const char *: a name, "*", or a template
load_function load_selector;       // const char *: of labels, or a template; may be empty
load_function load_service_port;   // const char *: a number, a port's name, or a template

// --- runbook_list.c: several -------------------------------------------------------------------------------------------

load_function load_texts;          // struct texts: templates
load_function load_scalars;        // struct texts: what load_scalar takes
load_function load_words;          // struct texts; detail: words
load_function load_variable_names; // struct texts: names of environment variables
load_function load_argv;           // struct texts: not empty, without secrets
load_function load_pairs;          // struct env_pairs
load_function load_env;            // struct env_pairs: names of environment variables
load_function load_headers;        // struct env_pairs: HTTP fields
load_function load_dependencies;   // struct refs
load_function load_list;           // an array in struct runbook; detail: struct list_detail
load_function load_object;         // a struct; detail: its table of keys

// --- runbook_template.c: variables -------------------------------------------------------------------------------------

// Checks the variables of a template against loader->templates, and notes the inputs that it
// mentions.
void template_check(struct loader *loader, const struct yaml_node *node);
// Notes the inputs whose environment name stands in a shell text.
void template_check_shell(struct loader *loader, const struct yaml_node *node);
// Begins to note mentions; ends it and gives what was noted. They do not nest.
void mentions_begin(struct loader *loader);
struct refs mentions_end(struct loader *loader);
void mentions_add(struct loader *loader, const struct refs *mentions);
void ints_add(struct ints *ints, int value);
// Moves the numbers to the arena.
struct refs ints_take(struct loader *loader, struct ints *ints);

// --- the parts of a runbook --------------------------------------------------------------------------------------------

extern const struct texts texts_none;     // an empty list
extern const struct command command_none; // no argv, no shell, no target
extern const struct expectation expectation_none;

// runbook_index.c: gives every phase, input, target, store, dependency and step its index, and
// makes room for them.
void index_declare(struct loader *loader, const struct yaml_node *root);
// Gives `id` its number in `names`; an error at `node` where it is no id or is taken.
void id_declare(struct loader *loader, const struct yaml_node *node, const char *id,
	struct names *names, int index, bool is_input);
// The steps that an id stands for: one, or all of a group. False with an error where there are
// none.
bool step_reference(struct loader *loader, const struct yaml_node *node, struct group *group);
// Every item of a list has an id of its own that is well formed; errors otherwise.
void list_ids_check(struct loader *loader, const char *what, const struct yaml_node *list);
// runbook_header.c: what it is about; its table names all top-level keys.
void header_load(struct loader *loader, const struct yaml_node *root);
// runbook_input.c: makes room for what `inputs` and the steps' `sets` name, and gives it its index.
void inputs_declare(struct loader *loader, const struct yaml_node *root);
// What was declared; arrays in struct runbook.
load_function load_inputs, load_targets, load_restore_points;
// runbook_expect.c: struct expectation.
load_function load_command_expect, load_http_expect, load_tcp_expect, load_object_expect;
// runbook_command.c: what checks and actions have in common.
load_function load_ssh;               // struct command
load_function load_http_request;      // struct http_request
load_function load_target;            // int: index of a target
load_function load_kubernetes_target; // int: index of one that is a cluster
struct http_request {
	struct http_check http;
	struct expectation expect;
};
// runbook_check.c: struct check.
load_function load_check;
// runbook_action.c: struct action.
load_function load_action;
// runbook_kubernetes.c: what `kubernetes` does, in struct action.
load_function load_kubernetes_action;
// runbook_dependency.c, runbook_step.c, runbook_abort.c: what index_declare made room for.
load_function load_dependency_list, load_step_list, load_abort;
// runbook_cycle.c: calls `found` once for each group of nodes that reach each other, with a
// shortest circle through the first of them: each points to the next, the last to the first. Takes
// time in proportion to nodes and edges.
void cycles_find(size_t count, const struct refs *edges,
	void (*found)(struct loader *loader, const int *circle, size_t length),
	struct loader *loader);
// runbook_order.c: the needs of each step, and whether they can be met.
void order_resolve(struct loader *loader);

#endif
