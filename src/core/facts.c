// SPDX-License-Identifier: Apache-2.0
#include "relight/facts.h"

#include <string.h>

// What a secret input would put into a name is not shown: the name stays as it is written.
static bool has_secret(const struct runbook *runbook, const char *template)
{
	for (size_t i = 0; i < runbook->input_count; i++) {
		struct buf variable = {0};
		buf_printf(&variable, "${input.%s}", runbook->inputs[i].id);
		bool is_in = runbook->inputs[i].secret && strstr(template, buf_str(&variable));
		buf_fini(&variable);
		if (is_in)
			return true;
	}
	return false;
}

bool facts_target_name(const struct facts *facts, int target, struct buf *out)
{
	const struct target *of = &facts->runbook->targets[target];
	const char *name = of->is_ssh ? of->host : of->context;
	size_t begin = out->length;
	if (!name && facts->contexts)
		name = facts->contexts[target];
	if (!name) // who looks on asks no kubeconfig
		name = facts->state->pins[target].context;
	if (!name)
		return false;
	if (facts->values && strstr(name, "${") && !has_secret(facts->runbook, name)) {
		if (substitute(name, facts->values, out, NULL))
			return true;
		out->length = begin; // what was filled in before the variable without a value
		if (out->data)
			out->data[begin] = '\0';
	}
	buf_text(out, name);
	return true;
}

bool facts_is_under_way(const struct facts *facts, const struct step_progress *step)
{
	return facts->awaited_seq == 0 || step->intent_seq < facts->awaited_seq;
}
