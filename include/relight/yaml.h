// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_YAML_H
#define RELIGHT_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/arena.h"
#include "relight/diag.h"

// One YAML document as a tree with positions, built from libyaml's events with every dimension
// bounded. Scalars resolve by the YAML 1.2 core schema (so `no`, `on` and `0o17`-less octals are
// strings or ints as that schema says).

enum yaml_type { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_STRING, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_type type;
	int line, column; // 1-based
	const char *text; // scalars: as written (after unquoting); NUL-terminated, no NUL inside
	bool is_plain;    // scalars: neither quoted nor a block
	bool boolean;     // YAML_BOOL
	int64_t integer;  // YAML_INT
	double number;    // YAML_INT and YAML_FLOAT
	size_t count;     // YAML_LIST: items; YAML_MAP: pairs
	const struct yaml_node **items; // YAML_LIST; values of a YAML_MAP
	const struct yaml_node **keys;  // YAML_MAP: always scalars
};

struct yaml_limits {
	size_t bytes; // of the text
	int depth;    // of nesting
	size_t nodes; // scalars, lists and maps together, aliases counted as often as they are used
};
extern const struct yaml_limits yaml_limits_default; // 4 MiB, 64, 400,000

// Parses `text`; the tree lives in `arena`. NULL after at least one error was added to `diags`: no
// or more than one document, directives, tags other than the core ones, non-scalar or duplicate
// keys, an alias inside its own anchor, a limit. Takes time in proportion to the text, also for
// hostile input.
const struct yaml_node *yaml_parse(struct arena *arena, const char *text, size_t length_bytes,
	const struct yaml_limits *limits, struct diags *diags);

// The same as kubectl reads its own files: plain scalars as below, of several equal keys of a map
// the last counts (yaml_get), of several documents the first, and one that holds nothing but
// comments is YAML_NULL.
const struct yaml_node *yaml_parse_kubeconfig(struct arena *arena, const char *text,
	size_t length_bytes, const struct yaml_limits *limits, struct diags *diags);

// The documents of a stream, those that hold nothing left out.
struct yaml_documents {
	const struct yaml_node **items;
	size_t count;
};
// Parses a file of Kubernetes objects as kubectl reads it: any number of documents, and plain
// scalars by the rules that Kubernetes' tools keep from YAML 1.1 (`yes` and `off` are truth values,
// 0644 is an octal number). False after at least one error was added to `diags`: what yaml_parse
// refuses, but for several documents or none.
bool yaml_parse_manifests(struct arena *arena, const char *text, size_t length_bytes,
	const struct yaml_limits *limits, struct yaml_documents *documents, struct diags *diags);
// Gives a plain scalar its type and value by the core schema from node->text, which may have been
// put together.
void yaml_scalar_resolve(struct yaml_node *node);

// The value of a key, or NULL (also where `map` is NULL or no map).
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
// "a list", "a text": for messages.
const char *yaml_type_name(enum yaml_type type);

#endif
