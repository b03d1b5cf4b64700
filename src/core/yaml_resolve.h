// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_YAML_RESOLVE_H
#define RELIGHT_CORE_YAML_RESOLVE_H

#include "relight/yaml.h"

// yaml_scalar.c: yaml_scalar_resolve (yaml.h) goes by YAML 1.2.2, section 10.3.2. This one goes by
// what go-yaml v2 reads, which kubectl is built on. A number is read in the C locale's spelling:
// the program never sets LC_NUMERIC.
void yaml_scalar_resolve_as_kubectl(struct yaml_node *node);

#endif
