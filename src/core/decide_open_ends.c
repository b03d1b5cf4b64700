// SPDX-License-Identifier: Apache-2.0
//
// What is left to do when the incident is closed, in words: whoever comes the next morning has
// nothing else that says so.
#include "decide_parts.h"

#include "relight/json.h"
#include "relight/state.h"

// "subject: what: why", the last of them where there is one.
static void add(cJSON *list, const char *subject, const char *what, const char *why)
{
	struct buf text = {0};
	buf_printf(&text, "%s: %s", subject, what);
	if (why && why[0])
		buf_printf(&text, ": %s", why);
	json_append_text(list, buf_str(&text));
	buf_fini(&text);
}

static void add_waivers(cJSON *list, const struct facts *facts)
{
	const struct runbook *runbook = facts->runbook;
	for (size_t w = 0; w < facts->state->waiver_count; w++) {
		const struct waiver *waiver = &facts->state->waivers[w];
		struct buf subject = {0};
		if (waiver->is_ended)
			continue;
		buf_printf(&subject, "waiver #%lld", (long long)waiver->seq);
		add(list, buf_str(&subject),
			waiver->step >= 0 ? runbook->steps[waiver->step].id
					  : runbook->dependencies[waiver->dependency].id,
			waiver->why);
		buf_fini(&subject);
	}
}

static void add_not_begun(cJSON *list, const struct facts *facts, int step)
{
	const char *id = facts->runbook->steps[step].id;
	struct buf why = {0};
	if (state_is_rolled_back(facts->state, step)) {
		add(list, id, "rolled back", NULL);
	} else {
		state_lacks(facts->state, step, facts->now.wall, &why);
		add(list, id, "not done", buf_str(&why));
	}
	buf_fini(&why);
}

static void add_step(cJSON *list, const struct facts *facts, int step)
{
	const struct step_progress *progress = &facts->state->steps[step];
	const struct step *of = &facts->runbook->steps[step];
	bool is_given_up = facts->state->was_aborted && !of->is_abort;
	bool is_kept = !facts->state->was_aborted && of->is_abort;
	switch (progress->state) {
	case STEP_DONE:
		if (progress->remains)
			add(list, of->id, "left", progress->remains);
		break;
	case STEP_SKIPPED: break;
	case STEP_WAITING:
		if (!is_given_up && !is_kept)
			add_not_begun(list, facts, step);
		break;
	default: add(list, of->id, step_state_word(progress->state), progress->said); break;
	}
}

static void add_dependency(cJSON *list, const struct facts *facts, int dependency)
{
	const struct dependency_known *known = &facts->state->dependencies[dependency];
	const char *id = facts->runbook->dependencies[dependency].id;
	if (state_is_healthy(facts->state, dependency))
		return;
	if (known->is_fresh)
		add(list, id, status_word(known->status), known->message);
	else
		add(list, id, "not known to be healthy", NULL);
}

static void add_open_lines(cJSON *list, const struct state *state)
{
	for (size_t i = 0; i < state->open_line_count; i++) {
		struct open_line line;
		open_line_get(state, i, &line);
		if (!line.is_done)
			add(list, line.id, line.text, NULL);
	}
}

cJSON *decision_open_ends(const struct facts *facts)
{
	const struct runbook *runbook = facts->runbook;
	cJSON *list = cJSON_CreateArray();
	add_waivers(list, facts);
	for (size_t s = 0; s < runbook->step_count; s++)
		add_step(list, facts, (int)s);
	for (size_t d = 0; d < runbook->dependency_count; d++)
		add_dependency(list, facts, (int)d);
	add_open_lines(list, facts->state);
	return list;
}
