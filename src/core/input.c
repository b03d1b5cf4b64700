// SPDX-License-Identifier: Apache-2.0
#include "relight/input.h"

#include <string.h>

#include "relight/pattern.h"

bool input_fits(const struct input *input, const char *value, struct err *err)
{
	if (!value || !value[0])
		return err_set(err, "input %s: a value is needed", input->id);
	if (input->pattern && !pattern_matches(input->pattern, value, true, NULL))
		return err_set(
			err, "input %s: the value does not match %s", input->id, input->pattern);
	for (size_t i = 0; i < input->choices.count; i++)
		if (strcmp(input->choices.items[i], value) == 0)
			return true;
	if (input->secret && input->choices.count > 0)
		return err_set(err, "input %s: the value is not one of its choices", input->id);
	return input->choices.count == 0 ||
	       err_set(err, "input %s: '%s' is not one of its choices", input->id, value);
}
