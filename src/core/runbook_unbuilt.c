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
	[ACTION_KUBERNETES] = "kubernetes actions",
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

static const char *check_unbuilt(const struct check *check)
{
	if (check->kind == CHECK_KUBERNETES && check->kubernetes.question == KUBERNETES_CAN_I)
		return "can_i checks";
	if (check->kind == CHECK_KUBERNETES &&
		check->kubernetes.question == KUBERNETES_SERVICE_PROXY)
		return "checks through the service proxy";
	return unbuilt_checks[check->kind];
}

const char *dependency_unbuilt(const struct dependency *dependency)
{
	for (size_t i = 0; i < dependency->check_count; i++)
		if (check_unbuilt(&dependency->checks[i]))
			return check_unbuilt(&dependency->checks[i]);
	return NULL;
}

const char *input_unbuilt(const struct input *input)
{
	return input->choices_command.argv.count > 0 || input->choices_command.shell
		       ? "choices by command"
		       : NULL;
}
