// SPDX-License-Identifier: Apache-2.0
#include "relight/state.h"

// Which targets are one and the same.

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
			pin_is_same(state_pin_now(&state->pins[target]),
				state_pin_now(&state->pins[t])))
			return (int)t;
	return -1;
}
