// SPDX-License-Identifier: Apache-2.0
//
// From a wish to its dialog: one table says how each intent is asked for. What has no row needs no
// question.
#include "ui_inner.h"

static const struct {
	ask_opener *open;
	bool is_checked; // decide_allows is asked first: about the step, or about nothing
	bool needs_controls;
} askers[INTENT_KINDS] = {
	[INTENT_ARM] = {ask_arm, true, false},
	[INTENT_START] = {ask_start, true, true},
	[INTENT_AGAIN] = {ask_again, true, true},
	[INTENT_AMEND] = {ask_amend, true, true},
	[INTENT_CANCEL] = {ask_cancel, true, true},
	[INTENT_EXTEND] = {ask_extend, true, true},
	[INTENT_VERIFY] = {ask_verify, true, false},
	[INTENT_BY_HAND] = {ask_reason, true, true},
	[INTENT_OVERRIDE] = {ask_reason, true, true},
	[INTENT_SKIP] = {ask_reason, true, true},
	[INTENT_REOPEN] = {ask_reason, true, true},
	[INTENT_WAIVE] = {ask_waive, true, true},
	[INTENT_WAIVE_DEPENDENCY] = {ask_dependency, false, true},
	[INTENT_END_WAIVER] = {ask_end_waiver, false, true},
	[INTENT_ROLLBACK] = {ask_rollback, true, true},
	[INTENT_ACKNOWLEDGE] = {NULL, true, false},
	[INTENT_ATTEST] = {ask_attest, false, true},
	[INTENT_OPEN_LINE] = {ask_open_line, false, false},
	[INTENT_INPUT] = {ask_input, false, false},
	[INTENT_IMPACT] = {ask_impact, false, false},
	[INTENT_RESTORE_POINT] = {ask_restore_point, false, false},
	[INTENT_NOTE] = {ask_note, false, false},
	[INTENT_ASSIGN] = {ask_assign, false, false},
	[INTENT_ROLE] = {ask_role, false, false},
	[INTENT_STATUS] = {ask_status, false, false},
	[INTENT_REPIN] = {ask_repin, false, true},
	[INTENT_ABORT] = {ask_abort, true, true},
	[INTENT_RECOVERED] = {ask_ending, true, true},
	[INTENT_CLOSE] = {ask_ending, true, true},
	[INTENT_CONTINUE_UNRECORDED] = {ask_unrecorded, false, false},
};

struct about about_selected(const struct ui *ui, const struct facts *facts)
{
	struct about about = {
		.step = -1, .dependency = -1, .input = -1, .target = -1, .open_line = -1};

	about.step = ui_step(ui);
	if (ui->pane == PANE_DEPENDENCIES &&
		ui->selected_dependency < (int)facts->runbook->dependency_count)
		about.dependency = ui->selected_dependency;
	if (ui->selected.kind == ROW_OPEN_LINE)
		about.open_line = ui->selected.index;
	return about;
}

bool ask(struct ui *ui, const struct facts *facts, enum intent_kind kind, const struct about *about,
	struct intent *intent)
{
	const struct intent_info *info = &intent_table[kind];
	int step = info->needs == 's' ? about->step : -1;
	struct err why = {0};

	if (!ui_may(ui, kind)) {
		if (kind == INTENT_NOTE && ui->seat == SEAT_ONLOOKER)
			ui_refuse(ui, "note: this screen only looks on; 'relight note' writes one");
		else
			ui_refuse_seat(ui, info->word);
		return false;
	}
	// The same key that takes the controls lets go of them.
	if (kind == INTENT_ARM && facts->state->is_armed)
		kind = INTENT_DISARM;
	if (info->needs == 's' && step < 0) {
		ui_refuse(ui, "%s: %s", info->word,
			ui->is_nothing_shown
				? "nothing matches the filter; Esc shows everything"
				: "choose a step first; Tab goes to the next one that needs you");
		return false;
	}
	if (kind == INTENT_START && state_waits_for_person(facts->state, step, facts->now.wall) &&
		state_missing_input(facts->state, step) >= 0) {
		ask_input_value(ui, facts, state_missing_input(facts->state, step));
		return false;
	}
	if (askers[kind].needs_controls && !facts->state->is_armed) {
		if (!ui_may(ui, INTENT_ARM)) {
			ui_refuse_seat(ui, decide_verb(facts, kind, step));
			return false;
		}
		ui_refuse(ui, "%s: you are only looking on; A takes the controls",
			decide_verb(facts, kind, step));
		return false;
	}
	if (askers[kind].is_checked && !decide_allows(facts, kind, step, &why)) {
		ui_refuse(ui, "%s", why.message);
		return false;
	}
	if (askers[kind].open)
		return askers[kind].open(ui, facts, kind, about, intent);
	*intent = intent_of(kind);
	intent->step = step;
	return true;
}
