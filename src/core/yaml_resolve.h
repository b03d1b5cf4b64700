// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_YAML_RESOLVE_H
#define RELIGHT_CORE_YAML_RESOLVE_H

#include "relight/yaml.h"

// yaml_scalar.c: gives a plain scalar its type and value from node->text, by the core schema of
// YAML 1.2.2, section 10.3.2. A number is read in the C locale's spelling: the program never sets
// LC_NUMERIC.
void yaml_scalar_resolve(struct yaml_node *node);

#endif
