// SPDX-License-Identifier: Apache-2.0
#include "relight/lint.h"

#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

// Rules of three sizes: of the runbook as a whole, of one step, of one dependency or store. Each is
// a row: a code, a predicate that says whether it is broken, and what is missing and why that
// hurts.

// --- the whole ---------------------------------------------------------------------------------------------------------

static bool lacks_title(const struct runbook *runbook)
{
	return !runbook->title;
}

static bool lacks_owner(const struct runbook *runbook)
{
	return !runbook->owner;
}

static bool lacks_contacts(const struct runbook *runbook)
{
	return runbook->contact_count == 0;
}

static bool lacks_scope(const struct runbook *runbook)
{
	return !runbook->scope.level || !runbook->scope.capability;
}

static bool lacks_objectives(const struct runbook *runbook)
{
	const struct objectives *objectives = &runbook->objectives;

	return objectives->rpo_ms < 0 || objectives->rto_ms < 0 || objectives->mtd_ms < 0;
}

static bool lacks_validation(const struct runbook *runbook)
{
	return !runbook->validated.at;
}

static bool lacks_validation_interval(const struct runbook *runbook)
{
	return runbook->validated.at && runbook->validated.every_ms < 0;
}

static bool lacks_trigger(const struct runbook *runbook)
{
	return runbook->disasters.count == 0;
}

static bool lacks_state(const struct runbook *runbook)
{
	return runbook->store_count == 0;
}

static bool lacks_backup_policy(const struct runbook *runbook)
{
	return runbook->backup_count == 0;
}

static bool has_data(const struct runbook *runbook)
{
	for (size_t i = 0; i < runbook->store_count; i++) {
		const struct store *store = &runbook->stores[i];
		if (store->category && strcmp(store->category, "persistent-data") == 0 &&
			!store->replayable)
			return true;
	}
	return false;
}

static bool lacks_restore_points(const struct runbook *runbook)
{
	return has_data(runbook) && runbook->restore_point_count == 0;
}

static bool lacks_roles(const struct runbook *runbook)
{
	return runbook->roles.count == 0;
}

static bool lacks_fallback(const struct runbook *runbook)
{
	return !runbook->fallback;
}

static bool lacks_cadence(const struct runbook *runbook)
{
	return runbook->cadence_count == 0;
}

static bool lacks_abort(const struct runbook *runbook)
{
	return runbook->abort.criteria.count == 0 && runbook->abort.when_unhealthy_count == 0;
}

static bool lacks_abort_steps(const struct runbook *runbook)
{
	return !lacks_abort(runbook) && runbook->abort.steps.count == 0;
}

static bool lacks_evidence(const struct runbook *runbook)
{
	return runbook->evidence_count == 0;
}

static bool is_journey(const struct dependency *dependency)
{
	return dependency->layer && strcmp(dependency->layer, "journey") == 0;
}

static bool lacks_journey(const struct runbook *runbook)
{
	for (size_t i = 0; i < runbook->function_count; i++)
		if (runbook->functions[i].journey.count > 0)
			return false;
	for (size_t i = 0; i < runbook->dependency_count; i++)
		if (is_journey(&runbook->dependencies[i]))
			return false;
	return true;
}

static bool lacks_restored_journey(const struct runbook *runbook)
{
	for (size_t i = 0; i < runbook->dependency_count; i++)
		if (is_journey(&runbook->dependencies[i]) &&
			runbook->dependencies[i].restored_by.count > 0)
			return false;
	return !lacks_journey(runbook);
}

static bool lacks_proof(const struct runbook *runbook)
{
	for (size_t i = 0; i < runbook->dependency_count; i++)
		if (runbook->dependencies[i].proves >= 4)
			return false;
	for (size_t i = 0; i < runbook->step_count; i++)
		if (runbook->steps[i].proves >= 4)
			return false;
	return true;
}

static const struct {
	const char *code;
	bool (*is_broken)(const struct runbook *runbook);
	const char *message;
} runbook_rules[] = {
	{"no-title", lacks_title, "no title: nobody can tell what this restores"},
	{"no-owner", lacks_owner, "no owner: nobody keeps it true"},
	{"no-contacts", lacks_contacts,
		"no contacts: whom to call is found out during the disaster"},
	{"no-scope", lacks_scope,
		"no scope with level and capability: what was lost and what must come back is not "
		"said"},
	{"no-objectives", lacks_objectives,
		"not all of rpo, rto and mtd in objectives: nothing to hold the clock against"},
	{"no-validated", lacks_validation, "no validated: it has never been tried in a drill"},
	{"no-validated-every", lacks_validation_interval,
		"validated has no every: nobody will notice when the last drill is too long ago"},
	{"no-trigger", lacks_trigger,
		"no trigger with disasters: when to open this runbook is not said"},
	{"no-state", lacks_state, "no state inventory: what there is to lose is not said"},
	{"no-backup-policy", lacks_backup_policy,
		"no backup_policy: what is restored from is not said"},
	{"no-restore-points", lacks_restore_points,
		"no restore_points, though state names data: how much is lost cannot be computed"},
	{"no-roles", lacks_roles,
		"no continuity.roles: who commands, speaks and writes is found out during the "
		"disaster"},
	{"no-fallback", lacks_fallback,
		"no continuity.fallback: how the business goes on meanwhile is not said"},
	{"no-cadence", lacks_cadence,
		"no continuity.cadence: nobody is told when to say something to customers"},
	{"no-abort", lacks_abort,
		"no abort with criteria: when to give up is decided under pressure"},
	{"no-abort-steps", lacks_abort_steps,
		"abort has no steps: giving up leaves everything as it is"},
	{"no-evidence", lacks_evidence, "no evidence: nothing is kept for the review"},
	{"no-journey", lacks_journey,
		"no journey: neither a function's journey nor a dependency of layer journey proves "
		"the capability"},
	{"journey-not-restored", lacks_restored_journey,
		"no step restores a dependency of layer journey: recovery would not be verified "
		"end to end"},
	{"no-proof", lacks_proof,
		"no step or dependency proves L4: recovered could only be declared with a reason "
		"why not"},
};

// --- steps -------------------------------------------------------------------------------------------------------------

static bool step_lacks_takes(const struct runbook *runbook, const struct step *step)
{
	(void)runbook;
	return step->takes_ms < 0;
}

static bool step_lacks_timeout(const struct runbook *runbook, const struct step *step)
{
	(void)runbook;
	// Only an attempt can hang; what waits for a person or for health takes its time.
	return step->timeout_ms < 0 && step->kind == STEP_RUN;
}

static bool step_takes_too_long(const struct runbook *runbook, const struct step *step)
{
	(void)runbook;
	return step->timeout_ms >= 0 && step->takes_ms > step->timeout_ms;
}

static bool step_type_is_vague(const struct runbook *runbook, const struct step *step)
{
	bool is_fallback;

	// A target without a context is named by the one that is current when the incident opens.
	step_typed_name(runbook, step, "", &is_fallback);
	return step->destructive && is_fallback;
}

static bool step_is_one_way(const struct runbook *runbook, const struct step *step)
{
	(void)runbook;
	return step->destructive && step->rollback.kind == ACTION_NONE && !step->point_of_no_return;
}

static bool step_confirms_nothing(const struct runbook *runbook, const struct step *step)
{
	(void)runbook;
	return step->confirm && !step->destructive;
}

static bool step_deletes_at_one_key(const struct runbook *runbook, const struct step *step)
{
	(void)runbook;
	return step->kind == STEP_RUN && !step->destructive &&
	       step->run.kind == ACTION_KUBERNETES && step->run.kubernetes.verb &&
	       strcmp(step->run.kubernetes.verb, "delete") == 0;
}

static bool step_is_empty(const struct runbook *runbook, const struct step *step)
{
	(void)runbook;
	return step->kind == STEP_WAIT && step->restores.count == 0;
}

static bool decision_decides_nothing(const struct runbook *runbook, const struct step *step)
{
	if (step->kind != STEP_DECIDE)
		return false;
	for (size_t i = 0; i < runbook->step_count; i++)
		if (runbook->steps[i].when_step >= 0 &&
			&runbook->steps[runbook->steps[i].when_step] == step)
			return false;
	return true;
}

static const struct {
	const char *code;
	bool (*is_broken)(const struct runbook *runbook, const struct step *step);
	const char *message;
} step_rules[] = {
	{"no-takes", step_lacks_takes, "no takes: the forecast counts it as nothing"},
	{"no-timeout", step_lacks_timeout, "no timeout: it may hang for ever"},
	{"takes-over-timeout", step_takes_too_long,
		"takes is longer than timeout: it is ended before it is done"},
	{"typed-name", step_type_is_vague,
		"destructive, and neither confirm nor a target says which name is typed"},
	{"no-rollback", step_is_one_way,
		"destructive without a rollback, and not marked point_of_no_return"},
	{"confirm-unused", step_confirms_nothing, "confirm is asked of destructive steps only"},
	{"delete-not-destructive", step_deletes_at_one_key,
		"it deletes, and destructive is not set: nothing needs to be typed before it "
		"starts"},
	{"empty-step", step_is_empty,
		"neither does anything nor restores a dependency: it ticks itself at once"},
	{"decision-unused", decision_decides_nothing,
		"no step hangs on this decision (when: {decision: …})"},
};

// --- dependencies, stores, backups, functions, inputs --------------------------------------------------------------------

static void mark(bool *marks, const struct refs *refs)
{
	for (size_t i = 0; i < refs->count; i++)
		marks[refs->items[i]] = true;
}

// A dependency that nothing looks at is asked in vain, or an edge was forgotten.
static void lint_dependencies(const struct runbook *runbook, struct diags *diags)
{
	bool *is_used = memory_zeroed(runbook->dependency_count + 1, sizeof *is_used);

	for (size_t i = 0; i < runbook->step_count; i++) {
		mark(is_used, &runbook->steps[i].requires);
		mark(is_used, &runbook->steps[i].restores);
	}
	for (size_t i = 0; i < runbook->dependency_count; i++)
		mark(is_used, &runbook->dependencies[i].follows);
	for (size_t i = 0; i < runbook->function_count; i++)
		mark(is_used, &runbook->functions[i].journey);
	for (size_t i = 0; i < runbook->precondition_count; i++)
		if (runbook->preconditions[i].dependency >= 0)
			is_used[runbook->preconditions[i].dependency] = true;
	for (size_t i = 0; i < runbook->abort.when_unhealthy_count; i++)
		is_used[runbook->abort.when_unhealthy[i].dependency] = true;
	for (size_t i = 0; i < runbook->dependency_count; i++) {
		const struct dependency *dependency = &runbook->dependencies[i];
		if (!is_used[i] && !is_journey(dependency))
			diag_warning(diags, dependency->place.line, dependency->place.column,
				"unused-dependency",
				"dependency %s: no step requires or restores it, and nothing else "
				"refers to it",
				dependency->id);
	}
	free(is_used);
}

static void lint_at_runbook(const struct runbook *runbook, struct diags *diags, const char *code,
	const char *what, const char *which, const char *message)
{
	diag_warning(diags, runbook->place.line, runbook->place.column, code, "%s %s: %s", what,
		which, message);
}

static void lint_data(const struct runbook *runbook, struct diags *diags)
{
	for (size_t i = 0; i < runbook->store_count; i++) {
		const struct store *store = &runbook->stores[i];
		if (store->category && strcmp(store->category, "persistent-data") == 0 &&
			!store->backup)
			lint_at_runbook(runbook, diags, "store-no-backup", "state", store->id,
				"data without backup");
	}
	for (size_t i = 0; i < runbook->backup_count; i++) {
		const struct backup *backup = &runbook->backups[i];
		if (backup->tested_every_ms < 0)
			lint_at_runbook(runbook, diags, "backup-untested", "backup of",
				backup->what,
				"no tested_every: a backup that is never restored is a hope");
		if (backup->copies.count == 0)
			lint_at_runbook(runbook, diags, "backup-no-copy", "backup of", backup->what,
				"no copies: it may be lost with what it protects");
		if (!backup->immutable)
			lint_at_runbook(runbook, diags, "backup-mutable", "backup of", backup->what,
				"not immutable: who destroys the data can destroy it too");
	}
	for (size_t i = 0; i < runbook->function_count; i++)
		if (runbook->functions[i].journey.count == 0)
			lint_at_runbook(runbook, diags, "function-no-journey", "function",
				runbook->functions[i].id,
				"no journey: nothing shows whether it serves");
}

static void lint_inputs(const struct runbook *runbook, struct diags *diags)
{
	for (size_t i = 0; i < runbook->input_count; i++) {
		const struct input *input = &runbook->inputs[i];
		if (!input->is_used)
			diag_warning(diags, input->place.line, input->place.column, "unused-input",
				"input %s: nothing mentions it", input->id);
		if (!input->ask && !input->fallback && !input->is_learned)
			diag_warning(diags, input->place.line, input->place.column, "no-ask",
				"input %s: no ask: nobody knows what to enter", input->id);
	}
}

// Steps that `each` made of one mapping are judged once.
static void lint_steps(const struct runbook *runbook, struct diags *diags)
{
	for (size_t i = 0; i < runbook->step_count; i++) {
		const struct step *step = &runbook->steps[i];
		if (i > 0 && step->each && strcmp(runbook->steps[i - 1].group, step->group) == 0)
			continue;
		for (size_t j = 0; j < sizeof step_rules / sizeof *step_rules; j++)
			if (step_rules[j].is_broken(runbook, step))
				diag_warning(diags, step->place.line, step->place.column,
					step_rules[j].code, "step %s: %s", step->group,
					step_rules[j].message);
	}
}

void lint_runbook(const struct runbook *runbook, struct diags *diags)
{
	for (size_t i = 0; i < sizeof runbook_rules / sizeof *runbook_rules; i++)
		if (runbook_rules[i].is_broken(runbook))
			diag_warning(diags, runbook->place.line, runbook->place.column,
				runbook_rules[i].code, "%s", runbook_rules[i].message);
	lint_data(runbook, diags);
	lint_dependencies(runbook, diags);
	lint_inputs(runbook, diags);
	lint_steps(runbook, diags);
}
