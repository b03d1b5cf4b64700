// SPDX-License-Identifier: Apache-2.0
//
// What keeps a step from starting, and why, in words. FORMATS.md §1 "Order" is the source of the
// rules.
#include "relight/state.h"

#include <stdlib.h>
#include <string.h>

static bool dependency_is_met(const struct state *state, int dependency, struct wall now)
{
	return state_is_healthy(state, dependency) || state_waiver(state, -1, dependency, now);
}

// A waiver of this step that covers the named edge (a step's or dependency's id).
static bool edge_is_waived(const struct state *state, int step, const char *edge, struct wall now)
{
	for (size_t w = 0; w < state->waiver_count; w++) {
		const struct waiver *waiver = &state->waivers[w];
		if (waiver->step == step && waiver->as == WAIVER_START_ANYWAY &&
			waiver_is_in_force(waiver, now) &&
			(!waiver->edge || strcmp(waiver->edge, edge) == 0))
			return true;
	}
	return false;
}

bool state_need_is_met(const struct state *state, int step, int need, struct wall now)
{
	enum step_state is = state->steps[need].state;
	return is == STEP_DONE || is == STEP_SKIPPED ||
	       edge_is_waived(state, step, state->runbook->steps[need].id, now);
}

bool state_requirement_is_met(const struct state *state, int step, int dependency, struct wall now)
{
	return dependency_is_met(state, dependency, now) ||
	       edge_is_waived(state, step, state->runbook->dependencies[dependency].id, now);
}

static const char *need_words(enum step_state state)
{
	switch (state) {
	case STEP_FAILED: return ", which failed";
	case STEP_REGRESSED: return ", which regressed";
	case STEP_UNKNOWN: return ", whose outcome is unknown";
	case STEP_VERIFYING: return ", which is verifying";
	default: return "";
	}
}

// The first need that is not met, -1: none; what is wrong goes before what is merely not done yet.
// *count: how many are not.
static int first_unmet_need(const struct state *state, int step, struct wall now, size_t *count)
{
	const struct refs *waits_for = &state->plan->waits_for[step];
	int first = -1;
	*count = 0;
	for (size_t i = 0; i < waits_for->count; i++) {
		int need = waits_for->items[i];
		if (state_need_is_met(state, step, need, now))
			continue;
		++*count;
		if (first < 0 || (!*need_words(state->steps[first].state) &&
					 *need_words(state->steps[need].state)))
			first = need;
	}
	return first;
}

// Words for whoever asked for them: `why` may be NULL.
static void __attribute__((format(printf, 2, 3))) say(struct buf *why, const char *format, ...)
{
	va_list arguments;
	if (!why)
		return;
	va_start(arguments, format);
	buf_vprintf(why, format, arguments);
	va_end(arguments);
}

// Everything that can block a step, most fundamental first; each says in `why` what it is and
// returns true if it blocks.

static bool blocked_by_end(const struct state *state, int step, struct wall now, struct buf *why)
{
	(void)now;
	const struct runbook *runbook = state->runbook;
	if (wall_known(state->closed.wall)) {
		say(why, "the incident is closed");
		return true;
	}
	if (!runbook->steps[step].is_abort) {
		if (state->was_aborted)
			say(why, "the recovery was aborted");
		return state->was_aborted;
	}
	if (!state->was_aborted) {
		say(why, "kept for aborting");
		return true;
	}
	for (size_t i = 0; i < runbook->abort.steps.count && runbook->abort.steps.items[i] != step;
		i++) {
		int before = runbook->abort.steps.items[i];
		if (state->steps[before].state != STEP_DONE &&
			state->steps[before].state != STEP_SKIPPED) {
			say(why, "needs %s", runbook->steps[before].id);
			return true;
		}
	}
	return false;
}

static bool blocked_by_needs(const struct state *state, int step, struct wall now, struct buf *why)
{
	size_t unmet;
	int first = first_unmet_need(state, step, now, &unmet);
	if (first < 0)
		return false;
	say(why, "needs %s%s", state->runbook->steps[first].id,
		need_words(state->steps[first].state));
	if (unmet > 1)
		say(why, " and %zu more", unmet - 1);
	return true;
}

// Steps of traffic wait until the journey is proven, whatever their needs say.
static bool blocked_by_lock(const struct state *state, int step, struct wall now, struct buf *why)
{
	const struct plan *plan = state->plan;
	if (plan->traffic_phase < 0 || state->runbook->steps[step].phase != plan->traffic_phase ||
		state->runbook->steps[step].is_abort || edge_is_waived(state, step, "journey", now))
		return false;
	const struct refs *journey = &plan->phase_steps[plan->journey_phase];
	for (size_t i = 0; i < journey->count; i++) {
		const struct step *proof = &state->runbook->steps[journey->items[i]];
		enum step_state is = state->steps[journey->items[i]].state;
		if (is == STEP_SKIPPED)
			continue;
		if (is != STEP_DONE) {
			say(why, "locked until journey is done: %s%s", proof->id, need_words(is));
			return true;
		}
		for (size_t r = 0; r < proof->restores.count; r++)
			if (!dependency_is_met(state, proof->restores.items[r], now)) {
				int dependency = proof->restores.items[r];
				say(why, "locked: journey is not healthy now: %s %s",
					state->runbook->dependencies[dependency].id,
					status_word(state->dependencies[dependency].status));
				return true;
			}
	}
	return false;
}

int state_missing_input(const struct state *state, int step)
{
	const struct refs *mentions = &state->runbook->steps[step].mentions;
	for (size_t i = 0; i < mentions->count; i++)
		if (!state->input_is_set[mentions->items[i]])
			return mentions->items[i];
	return -1;
}

int state_asked_input(const struct state *state, int step, size_t index)
{
	const struct step *of = &state->runbook->steps[step];
	for (size_t i = 0; i < of->set_count; i++)
		if (!of->sets[i].jq.text && !state->input_is_set[of->sets[i].input] && index-- == 0)
			return of->sets[i].input;
	return -1;
}

static bool blocked_by_inputs(const struct state *state, int step, struct wall now, struct buf *why)
{
	int input = state_missing_input(state, step);
	(void)now;
	if (input >= 0)
		say(why, "needs input %s", state->runbook->inputs[input].id);
	return input >= 0;
}

static bool blocked_by_requires(
	const struct state *state, int step, struct wall now, struct buf *why)
{
	const struct refs *requires = &state->runbook->steps[step].requires;
	for (size_t i = 0; i < requires->count; i++) {
		int dependency = requires->items[i];
		const struct dependency_known *known = &state->dependencies[dependency];
		const char *id = state->runbook->dependencies[dependency].id;
		if (state_requirement_is_met(state, step, dependency, now))
			continue;
		say(why, "requires %s: %s", id,
			known->is_fresh                   ? status_word(known->status)
			: known->status == STATUS_HEALTHY ? "healthy once, now stale"
							  : "not known");
		if (known->is_fresh && known->message && known->message[0])
			say(why, " (%s)", known->message);
		return true;
	}
	return false;
}

// The step that makes the target, or one that comes before it, cannot wait for the target to be
// known. A maker that was left out has been replaced by something else.
static bool target_exists(const struct state *state, int step, const struct target *target)
{
	if (target->created_by < 0)
		return true;
	enum step_state maker = state->steps[target->created_by].state;
	return target->created_by != step &&
	       (maker == STEP_DONE || maker == STEP_REGRESSED || maker == STEP_SKIPPED);
}

// What has become another one, or was the lost cluster all along, or is not the one that the
// runbook names, is not acted on; no waiver changes that.
static bool blocked_by_trouble(const struct state *state, int index, struct buf *why)
{
	const struct target *target = &state->runbook->targets[index];
	enum target_trouble trouble = state_target_trouble(state, index);
	char *uid = NULL;
	switch (trouble) {
	case TARGET_FINE: break;
	case TARGET_CHANGED:
		say(why, "target %s %s; re-pin it%s", target->id,
			pin_changes[state_pin_change(state, index)].is,
			state_repin_is_expected(state, index) ? "" : " with a reason");
		break;
	case TARGET_TWIN:
		say(why,
			"target %s is the same cluster as %s; correct the kubeconfig or the "
			"runbook",
			target->id, state->runbook->targets[state_twin(state, index)].id);
		break;
	case TARGET_WRONG:
		uid = pin_value(state->pins[index].fingerprint, "uid");
		say(why, "target %s: the runbook wants the cluster %s, and this is %s", target->id,
			target->uid, uid);
		free(uid);
		break;
	}
	return trouble != TARGET_FINE;
}

// Targets are pinned before anything acts on them, by the UID where the runbook names one. The
// sensor asks every Kubernetes target who it is.
static bool blocked_by_target(const struct state *state, int step, struct wall now, struct buf *why)
{
	int index = state->runbook->steps[step].target;
	if (index < 0 || state->runbook->steps[step].kind != STEP_RUN)
		return false;
	const struct target *target = &state->runbook->targets[index];
	const struct pin *pin = &state->pins[index];
	if (blocked_by_trouble(state, index, why))
		return true;
	if (target->is_ssh || !target_exists(state, step, target) ||
		edge_is_waived(state, step, target->id, now))
		return false;
	if (!pin->is_pinned) {
		say(why, "target %s has not answered yet, so it is not known to be the right one",
			target->id);
		return true;
	}
	char *uid = target->uid ? pin_value(pin->fingerprint, "uid") : NULL;
	bool is_unseen = target->uid && !uid;
	free(uid);
	if (is_unseen)
		say(why, "target %s: the runbook wants the cluster %s, and its UID cannot be seen",
			target->id, target->uid);
	return is_unseen;
}

typedef bool blocker(const struct state *state, int step, struct wall now, struct buf *why);
static blocker *const lacks[] = {
	blocked_by_needs,
	blocked_by_lock,
	blocked_by_inputs,
	blocked_by_requires,
	blocked_by_target,
};

bool state_lacks(const struct state *state, int step, struct wall now, struct buf *why)
{
	for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++)
		if (lacks[i](state, step, now, why))
			return true;
	return false;
}

bool state_blocked(const struct state *state, int step, struct wall now, struct buf *why)
{
	return blocked_by_end(state, step, now, why) || state_lacks(state, step, now, why);
}

bool state_waits_for_person(const struct state *state, int step, struct wall now)
{
	return state->steps[step].state == STEP_WAITING &&
	       !blocked_by_end(state, step, now, NULL) &&
	       !blocked_by_needs(state, step, now, NULL) &&
	       !blocked_by_lock(state, step, now, NULL) &&
	       !blocked_by_requires(state, step, now, NULL) &&
	       (blocked_by_inputs(state, step, now, NULL) ||
		       blocked_by_target(state, step, now, NULL));
}

// A pure wait is ready once its needs are met: what it waits for is what it restores.
enum step_state state_step(const struct state *state, int step, struct wall now)
{
	enum step_state folded = state->steps[step].state;
	if (folded != STEP_WAITING)
		return folded;
	return state_blocked(state, step, now, NULL) ? STEP_WAITING : STEP_READY;
}
