// SPDX-License-Identifier: Apache-2.0
#include "relight/runbook.h"

// What a runbook may say already though nothing performs it yet. Rows go as features come.

static const char *const unbuilt_checks[CHECK_KINDS] = {
	[CHECK_DNS] = "dns checks",
	[CHECK_TLS] = "tls checks",
	[CHECK_SSH] = "ssh checks",
	[CHECK_USE] = "entries of the catalogue (use)",
};

static const char *const unbuilt_actions[ACTION_KINDS] = {
	[ACTION_SSH] = "ssh actions",
	[ACTION_HTTP] = "http actions",
	[ACTION_USE] = "entries of the catalogue (use)",
};

const char *action_unbuilt(const struct action *action)
{
	return unbuilt_actions[action->kind];
}

const char *step_unbuilt(const struct step *step)
{
	if (action_unbuilt(&step->run))
		return action_unbuilt(&step->run);
	if (action_unbuilt(&step->rollback))
		return action_unbuilt(&step->rollback);
	return step->approvals > 0 ? "approvals" : NULL;
}

const char *dependency_unbuilt(const struct dependency *dependency)
{
	for (size_t i = 0; i < dependency->check_count; i++)
		if (unbuilt_checks[dependency->checks[i].kind])
			return unbuilt_checks[dependency->checks[i].kind];
	return NULL;
}

const char *input_unbuilt(const struct input *input)
{
	return input->choices_command.argv.count > 0 || input->choices_command.shell
		       ? "choices by command"
		       : NULL;
}
