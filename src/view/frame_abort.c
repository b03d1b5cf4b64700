// SPDX-License-Identifier: Apache-2.0
//
// Live criteria for aborting: the runbook says when giving up is the better way. Nothing is aborted
// by itself.
#include "frame_concern.h"

void abort_find(struct scene *scene)
{
	const struct runbook *runbook = scene->runbook;
	for (size_t i = 0; i < runbook->abort.when_unhealthy_count; i++)
		if (state_should_abort(scene->state, i, scene->now))
			concern_add(scene, CONCERN_ABORT, -1,
				runbook->abort.when_unhealthy[i].dependency, -1);
}

void abort_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	const struct runbook *runbook = scene->runbook;
	const struct dependency_known *known = &scene->state->dependencies[concern->dependency];
	char lasting[DURATION_TEXT_BYTES];
	duration_clock((scene->now.mono.us - known->since.mono.us) / US_PER_MS, lasting);
	buf_printf(&words->lines[0], "!! REASON TO ABORT: %s %s for %s",
		runbook->dependencies[concern->dependency].id, status_word(known->status), lasting);
	if (known->message && known->message[0])
		buf_printf(&words->lines[1], "%s", known->message);
	buf_printf(&words->lines[2], "X opens the abort: %zu steps stand by",
		runbook->abort.steps.count);
	if (runbook->abort.escalation)
		buf_printf(&words->lines[2], "; tell %s", runbook->abort.escalation);
}
