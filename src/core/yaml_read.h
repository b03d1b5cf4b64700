// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_YAML_READ_H
#define RELIGHT_CORE_YAML_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "names.h"
#include "relight/arena.h"
#include "relight/diag.h"
#include "relight/yaml.h"
#include "yaml_resolve.h"

// What the files of the YAML reader share: yaml.c reads nodes, yaml_document.c documents.

struct anchor {
	const struct yaml_node *node; // NULL: still being read
	size_t nodes;                 // in it, itself included
	size_t text_bytes;            // of the scalars in it
	int height;                   // levels of collections in it
};

struct reading {
	yaml_parser_t parser;
	const char *text;
	size_t length; // bytes
	struct arena *arena;
	const struct yaml_limits *limits;
	struct diags *diags;
	void (*resolve)(struct yaml_node *node); // gives a plain scalar its type
	bool lets_last_win;                      // of several equal keys; else they are an error
	size_t nodes;                            // so far
	size_t text_bytes;                       // of scalars, so far
	int depth;                               // of the collections that are open
	int deepest;                             // since the innermost anchor began
	struct names anchor_names;
	struct anchor *anchors;
	size_t anchor_count, anchor_capacity;
	// Children of the collections that are open: each knows where its own begin.
	const struct yaml_node **children;
	size_t child_count, child_capacity;
};

// libyaml's next event; false after a diagnostic was added.
bool yaml_read_event(struct reading *reading, yaml_event_t *event);
// The node that begins with `event`, or NULL after a diagnostic was added.
const struct yaml_node *yaml_read_node(struct reading *reading, const yaml_event_t *event);

#endif
