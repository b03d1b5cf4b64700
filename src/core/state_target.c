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

bool state_pinned_is_back(const struct state *state, int target)
{
	const struct pin *pin = &state->pins[target];

	return pin->has_changed && pin->now && pin->fingerprint &&
	       pin_is_same(pin->now, pin->fingerprint) &&
	       (pin_is_unverified(pin->fingerprint) || !pin_is_unverified(pin->now));
}

static int asked_target(const struct check *check)
{
	switch (check->kind) {
	case CHECK_KUBERNETES: return check->kubernetes.target;
	case CHECK_SSH: return check->command.target;
	default: return -1;
	}
}

// Of a source and a recovery that are one, what is told of the one that has always been itself is
// true: that is the source, unless it became the recovery.
static bool target_is_doubted(const struct state *state, int target)
{
	if (state->pins[target].has_changed)
		return true;
	switch (state_target_trouble(state, target)) {
	case TARGET_TWIN:
		return state->runbook->targets[target].role == TARGET_RECOVERY &&
		       !state->pins[state_twin(state, target)].has_changed;
	case TARGET_WRONG: return true;
	default: return false;
	}
}

static void say_doubt(const struct state *state, int target, struct buf *why)
{
	const struct target *of = &state->runbook->targets[target];
	const char *who = of->is_ssh ? "host" : "cluster";
	bool is_believed = state_pin_change(state, target) == PIN_UNVERIFIED;
	char *uid;

	switch (state_target_trouble(state, target)) {
	case TARGET_FINE: break;
	case TARGET_CHANGED:
		if (state_pinned_is_back(state, target))
			buf_printf(why, "another %s answered in between: re-pin target %s", who,
				of->id);
		else
			buf_printf(why, "%s%s %s: re-pin target %s, or correct its %s",
				is_believed ? "the " : "another ", who,
				is_believed ? "is not verified any more" : "answers", of->id,
				of->is_ssh ? "host" : "kubeconfig");
		break;
	case TARGET_TWIN:
		buf_printf(why, "%s answers: target %s is the same cluster as %s",
			of->role == TARGET_RECOVERY ? "the source" : "another cluster", of->id,
			state->runbook->targets[state_twin(state, target)].id);
		break;
	case TARGET_WRONG:
		uid = pin_value(state->pins[target].fingerprint, "uid");
		buf_printf(why, "another cluster answers: its UID is %s, the runbook wants %s", uid,
			of->uid);
		free(uid);
		break;
	}
}

bool state_doubts(const struct state *state, int dependency, struct buf *why)
{
	const struct dependency *of = &state->runbook->dependencies[dependency];

	for (size_t i = 0; i < of->check_count; i++) {
		int target = asked_target(&of->checks[i]);
		if (target < 0 || !target_is_doubted(state, target))
			continue;
		if (why)
			say_doubt(state, target, why);
		return true;
	}
	return false;
}

enum status state_unreached(const struct state *state, int target)
{
	int maker = state->runbook->targets[target].created_by;

	if (!state->pins[target].is_pinned)
		return STATUS_MISSING;
	if (maker < 0 || state->steps[maker].submitted_seq >= 0)
		return STATUS_UNKNOWN;
	// A maker that was left out has been replaced by something else.
	switch (state->steps[maker].state) {
	case STEP_DONE:
	case STEP_REGRESSED:
	case STEP_SKIPPED: return STATUS_UNKNOWN;
	default: return STATUS_MISSING;
	}
}

enum pin_change state_pin_change(const struct state *state, int target)
{
	const struct pin *pin = &state->pins[target];

	return state_pinned_is_back(state, target) ? PIN_AGAIN
						   : pin_change(pin->fingerprint, pin->now);
}

void state_trouble_say(const struct state *state, int target, struct buf *out)
{
	switch (state_target_trouble(state, target)) {
	case TARGET_FINE: break;
	case TARGET_CHANGED:
		buf_text(out, pin_changes[state_pin_change(state, target)].loud);
		buf_text(out, state_pinned_is_back(state, target) ? ", RE-PIN IT" : "");
		break;
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

	// Whom nobody verifies any more nobody has made.
	if (pin_is_unverified(pin->now) && !pin_is_unverified(pin->fingerprint))
		return false;
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
