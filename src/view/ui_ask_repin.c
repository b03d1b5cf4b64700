// SPDX-License-Identifier: Apache-2.0
//
// Accepting the cluster that answers now in the place of the pinned one.
#include "ui_inner.h"

// Where it is, and below that who it is, for comparing with what is known from elsewhere.
static void say_who(struct buf *out, const char *label, const char *endpoint, const char *pin)
{
	buf_printf(out, "%s %s\n  ", label, endpoint ? endpoint : "");
	pin_say_much(pin ? pin : "?", out);
	buf_byte(out, '\n');
}

static void say_repin(const struct state *state, int target, struct buf *out)
{
	const struct pin *pin = &state->pins[target];

	if (state_pinned_is_back(state, target)) {
		say_who(out, "the pinned one again:", pin->now_endpoint, pin->now);
		buf_text(out, "Another one has answered in between.\n");
	} else {
		say_who(out, "pinned:", pin->endpoint, pin->fingerprint);
		say_who(out, "now:   ", pin->now_endpoint, pin->now);
	}
	buf_text(out, "Nothing seen there counts, and nothing acts on it, until you accept it.\n");
}

bool ask_repin_of(struct ui *ui, const struct facts *facts, int target, struct intent *intent)
{
	const struct pin *pin = &facts->state->pins[target];

	if (state_repin_is_expected(facts->state, target)) {
		*intent = intent_of(INTENT_REPIN);
		intent->target = target;
		intent->of = pin->changed_seq;
		return true;
	}
	struct dialog *dialog = dialog_open(
		ui, DIALOG_TEXT, INTENT_REPIN, "re-pin %s", facts->runbook->targets[target].id);
	struct buf body = {0};
	say_repin(facts->state, target, &body);
	dialog->target = target;
	dialog->of = pin->changed_seq;
	dialog->label = pin_changes[state_pin_change(facts->state, target)].question;
	dialog->body = buf_take(&body);
	return false;
}

static bool may_accept(const struct facts *facts, size_t target)
{
	return state_target_trouble(facts->state, (int)target) == TARGET_CHANGED;
}

static const char *nothing_to_accept(const struct facts *facts)
{
	for (size_t t = 0; t < facts->runbook->target_count; t++)
		if (facts->state->pins[t].has_changed)
			return "repin: source and recovery would be the same cluster; correct the "
			       "kubeconfig";
	return "repin: no target has changed";
}

bool ask_repin(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	int changed = -1, count = 0;
	size_t capacity = 0;

	for (size_t t = 0; t < facts->runbook->target_count; t++)
		if (may_accept(facts, t) && (about->target < 0 || about->target == (int)t)) {
			changed = (int)t;
			count++;
		}
	if (count == 0) {
		ui_refuse(ui, "%s", nothing_to_accept(facts));
		return false;
	}
	if (count == 1)
		return ask_repin_of(ui, facts, changed, intent);
	struct dialog *dialog = dialog_open(ui, DIALOG_CHOICE, kind, "which target");
	for (size_t t = 0; t < facts->runbook->target_count; t++) {
		struct buf now = {0};

		if (!may_accept(facts, t))
			continue;
		pin_say(facts->state->pins[t].now, &now);
		dialog_add_choice(dialog, &capacity, facts->runbook->targets[t].id, buf_str(&now));
		buf_fini(&now);
	}
	return false;
}
