// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HEALTH_OUTPUT_H
#define RELIGHT_HEALTH_OUTPUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "relight/health.h"

// What `relight health` writes: a line an object (FORMATS.md §2), in the order in which the objects
// came, whatever the order in which they are judged.

struct health_line; // an object that was not written yet

struct health_output {
	bool as_text; // else JSON lines
	bool all_healthy;
	struct health_line *first, **last; // those that are not written yet
};

void health_output_init(struct health_output *output, bool as_text);
// The next object: what the line says of it is copied. `id` may be NULL. Ends with
// health_output_say.
struct health_line *health_output_add(
	struct health_output *output, const cJSON *id, const cJSON *object);
// Its verdict, once. Writes to stdout what is complete from the beginning on.
void health_output_say(
	struct health_output *output, struct health_line *line, const struct health *health);

#endif
