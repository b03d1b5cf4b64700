// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/state.h"

// What a target has been pinned as, against what answers now and against what the runbook wants.

enum target_trouble state_target_trouble(const struct state *state, int target)
{
	const struct pin *pin = &state->pins[target];
	const char *wanted = state->runbook->targets[target].uid;

	// Accepting it would not help, so that is not offered.
	if (state_twin(state, target) >= 0)
		return TARGET_TWIN;
	if (pin->has_changed)
		return TARGET_CHANGED;
	char *uid = wanted && pin->is_pinned ? pin_value(pin->fingerprint, "uid") : NULL;
	bool is_wrong = uid && strcmp(uid, wanted) != 0;
	free(uid);
	return is_wrong ? TARGET_WRONG : TARGET_FINE;
}

void state_trouble_say(const struct state *state, int target, struct buf *out)
{
	switch (state_target_trouble(state, target)) {
	case TARGET_FINE: break;
	case TARGET_CHANGED: buf_text(out, "IS ANOTHER ONE NOW"); break;
	case TARGET_TWIN:
		buf_printf(out, "IS THE SAME CLUSTER AS %s",
			state->runbook->targets[state_twin(state, target)].id);
		break;
	case TARGET_WRONG: buf_text(out, "IS NOT THE CLUSTER THAT THE RUNBOOK NAMES"); break;
	}
}

bool state_repin_is_expected(const struct state *state, int target)
{
	const struct pin *pin = &state->pins[target];
	int maker = state->runbook->targets[target].created_by;

	return pin->has_changed && maker >= 0 && state->steps[maker].state != STEP_RUNNING &&
	       state->steps[maker].submitted_seq > pin->seq;
}

enum pin_news state_pin_news(const struct state *state, int target, const cJSON *fingerprint)
{
	const struct pin *pin = &state->pins[target];

	if (!pin_identifies(fingerprint))
		return PIN_NO_NEWS;
	if (!pin->is_pinned)
		return PIN_FIRST;
	bool agrees = pin_agrees(pin->fingerprint, fingerprint);
	if (agrees && !pin->has_changed)
		return pin_adds(pin->fingerprint, fingerprint) ? PIN_MORE : PIN_NO_NEWS;
	// It stays another one until a person accepts it, also when the first one is back.
	char *now = pin_text(fingerprint);
	bool is_known = pin->now && strcmp(pin->now, now) == 0;
	free(now);
	return is_known ? PIN_NO_NEWS : PIN_OTHER;
}
