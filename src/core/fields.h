// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_FIELDS_H
#define RELIGHT_CORE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/diag.h"
#include "relight/runbook.h"
#include "relight/yaml.h"

// Reading the keys of a mapping in the small files beside a runbook (scenario, answers). Everything
// that is wrong is added to `diags` at its place; what is returned then is the stand-in, so that
// one pass finds all errors. `map` may be NULL or no map where it is only read from.

// True if `node` is there and of that type; an error about `what` if it is there and of another.
bool fields_is(
	const struct yaml_node *node, enum yaml_type type, const char *what, struct diags *diags);
// Reports every key of `map` that is not in `known` (NULL-terminated), with what was perhaps meant.
void fields_check(const struct yaml_node *map, const char *const *known, const char *what,
	struct diags *diags);
// A scalar as text, which lives as long as the tree. NULL where absent, null, or no scalar.
const char *field_text(const struct yaml_node *map, const char *key, struct diags *diags);
// The same, where it must be there: an error at `map` if it is absent.
const char *field_required(
	const struct yaml_node *map, const char *key, const char *what, struct diags *diags);
// Milliseconds of a duration ("90s").
int64_t field_ms(
	const struct yaml_node *map, const char *key, int64_t otherwise, struct diags *diags);
int64_t field_int(const struct yaml_node *map, const char *key, int64_t least, int64_t most,
	int64_t otherwise, struct diags *diags);
// Which of `words` (NULL-terminated) a key's value is: its index.
int field_word(const struct yaml_node *map, const char *key, const char *const *words,
	int otherwise, struct diags *diags);

// The values that {input: value} gives, by the runbook's input index, NULL where none; lives in
// `arena`. NULL `map` gives none.
const char *const *fields_inputs(const struct runbook *runbook, const struct yaml_node *map,
	struct arena *arena, struct diags *diags);
// What a scalar names in the runbook: its index, or -1 after an error with what was perhaps meant.
int fields_dependency(
	const struct runbook *runbook, const struct yaml_node *scalar, struct diags *diags);
// The steps that a scalar names: one, or all that an `each` made; none after an error. The list
// lives in `arena`.
struct refs fields_steps(const struct runbook *runbook, const struct yaml_node *scalar,
	struct arena *arena, struct diags *diags);
// A status word; STATUS_UNKNOWN after an error.
enum status fields_status(const struct yaml_node *scalar, struct diags *diags);

#endif
