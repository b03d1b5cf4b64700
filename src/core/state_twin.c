// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "relight/state.h"

// Which targets are one and the same.

static bool same_pin(const char *a, const char *b)
{
	static const char *const parts[] = {"uid", "ca_sha256", "host_key"};
	bool is_same = false, is_other = false;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		char *of_a = pin_value(a, parts[i]), *of_b = pin_value(b, parts[i]);
		if (of_a && of_b) {
			is_same |= strcmp(of_a, of_b) == 0;
			is_other |= strcmp(of_a, of_b) != 0;
		}
		free(of_a);
		free(of_b);
	}
	return is_same && !is_other;
}

const char *state_pin_now(const struct pin *pin)
{
	return pin->has_changed && pin->now ? pin->now : pin->fingerprint;
}

int state_twin(const struct state *state, int target)
{
	enum target_role role = state->runbook->targets[target].role;
	if (role == TARGET_SHARED || !state->pins[target].is_pinned)
		return -1;
	enum target_role opposite = role == TARGET_SOURCE ? TARGET_RECOVERY : TARGET_SOURCE;
	for (size_t t = 0; t < state->runbook->target_count; t++)
		if (state->runbook->targets[t].role == opposite && state->pins[t].is_pinned &&
			same_pin(state_pin_now(&state->pins[target]),
				state_pin_now(&state->pins[t])))
			return (int)t;
	return -1;
}
