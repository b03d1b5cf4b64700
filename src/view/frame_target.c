// SPDX-License-Identifier: Apache-2.0
//
// Targets that are not what they should be. It stands before every failed step: nothing can be done
// on them until a person has looked.
#include "frame_concern.h"

void target_find(struct scene *scene)
{
	for (size_t i = 0; i < scene->runbook->target_count; i++) {
		enum target_trouble trouble = state_target_trouble(scene->state, (int)i);
		// Of two that are one, the recovery is the one that should be another.
		bool is_told =
			trouble == TARGET_TWIN && scene->runbook->targets[i].role == TARGET_SOURCE;
		if (trouble != TARGET_FINE && !is_told)
			concern_add(scene, CONCERN_TARGET, -1, -1, (int)i);
	}
}

static void say_pin(struct buf *out, const char *pin)
{
	pin_say(pin ? pin : "?", out);
}

static void say_changed(const struct scene *scene, int target, struct concern_words *words)
{
	const struct pin *pin = &scene->state->pins[target];
	const struct target *of = &scene->runbook->targets[target];
	bool is_expected = state_repin_is_expected(scene->state, target);
	enum pin_change change = state_pin_change(scene->state, target);
	buf_printf(&words->lines[0], "!! TARGET %s %s: ", of->id, pin_changes[change].loud);
	say_pin(&words->lines[0], pin->now);
	buf_text(&words->lines[1], pin_changes[change].means);
	if (change != PIN_AGAIN) {
		buf_printf(
			&words->lines[1], "%sIt was pinned as ", words->lines[1].length ? " " : "");
		say_pin(&words->lines[1], pin->fingerprint);
		buf_byte(&words->lines[1], '.');
	}
	bool is_ours = ui_has_incident(scene->ui);
	if (is_expected)
		buf_printf(&words->lines[2], "%s has created it anew%s",
			scene->runbook->steps[of->created_by].id,
			is_ours ? ": p accepts it." : ".");
	else
		buf_printf(&words->lines[2],
			"Until %s nothing seen there counts, and nothing acts on it.",
			is_ours ? "you re-pin it (p)" : "it is re-pinned");
}

static void say_twin(const struct scene *scene, int target, struct concern_words *words)
{
	int twin = state_twin(scene->state, target);
	buf_printf(&words->lines[0],
		"!! TARGETS %s AND %s ARE THE SAME CLUSTER: ", scene->runbook->targets[target].id,
		scene->runbook->targets[twin].id);
	say_pin(&words->lines[0], state_pin_now(&scene->state->pins[target]));
	buf_text(&words->lines[1], "Actions on both are refused, and so is arming.");
	buf_text(&words->lines[2], "Correct the kubeconfig, which is read anew, or the runbook.");
}

static void say_wrong(const struct scene *scene, int target, struct concern_words *words)
{
	buf_printf(&words->lines[0], "!! TARGET %s IS NOT THE CLUSTER THAT THE RUNBOOK NAMES: ",
		scene->runbook->targets[target].id);
	say_pin(&words->lines[0], scene->state->pins[target].fingerprint);
	buf_printf(&words->lines[1], "The runbook wants uid %s. Actions on it are refused.",
		scene->runbook->targets[target].uid);
	buf_text(&words->lines[2], "Correct the kubeconfig, which is read anew, or the runbook.");
}

void target_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	switch (state_target_trouble(scene->state, concern->target)) {
	case TARGET_FINE: break;
	case TARGET_CHANGED: say_changed(scene, concern->target, words); break;
	case TARGET_TWIN: say_twin(scene, concern->target, words); break;
	case TARGET_WRONG: say_wrong(scene, concern->target, words); break;
	}
}
