// SPDX-License-Identifier: Apache-2.0
//
// The built-in phase `open`: lines that block nothing, so that opening an incident asks nothing
// (DESIGN.md §5). Their order: impact, roles, each input, each pin, each precondition, preflight.
#include "relight/state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static size_t pinned_targets(const struct runbook *runbook)
{
	size_t count = 0;
	for (size_t t = 0; t < runbook->target_count; t++)
		count += !runbook->targets[t].is_ssh;
	return count;
}

static bool has_roles(const struct runbook *runbook)
{
	return runbook->roles.count > 0;
}

size_t open_line_count(const struct runbook *runbook)
{
	return 1 + has_roles(runbook) + runbook->input_count + pinned_targets(runbook) +
	       runbook->precondition_count + 1;
}

static void impact_line(const struct state *state, struct open_line *line)
{
	char clock[16] = "";
	line->is_done = wall_known(state->impact_at);
	if (line->is_done)
		wall_clock(state->impact_at, false, clock);
	snprintf(line->id, sizeof line->id, "open:impact");
	snprintf(line->text, sizeof line->text,
		line->is_done ? "impact began %s" : "when did the impact begin?%s", clock);
}

static void roles_line(const struct state *state, struct open_line *line)
{
	line->is_done = state->role_count >= state->runbook->roles.count;
	line->is_attested = true;
	snprintf(line->id, sizeof line->id, "open:roles");
	snprintf(line->text, sizeof line->text, "%zu of %zu roles given", state->role_count,
		state->runbook->roles.count);
}

static void input_line(const struct state *state, size_t input, struct open_line *line)
{
	const struct input *of = &state->runbook->inputs[input];
	line->is_done = state->input_is_set[input];
	snprintf(line->id, sizeof line->id, "open:input-%s", of->id);
	if (line->is_done && !of->secret && state->inputs[input])
		snprintf(line->text, sizeof line->text, "%s: %s", of->ask ? of->ask : of->id,
			state->inputs[input]);
	else
		snprintf(line->text, sizeof line->text, "%s%s", of->ask ? of->ask : of->id,
			line->is_done ? ": set" : "?");
}

static void pin_line(const struct state *state, size_t nth, struct open_line *line)
{
	size_t target = 0;
	for (size_t seen = 0;; target++)
		if (!state->runbook->targets[target].is_ssh && seen++ == nth)
			break;
	const struct pin *pin = &state->pins[target];
	const char *id = state->runbook->targets[target].id;
	struct buf text = {0};
	state_trouble_say(state, (int)target, &text);
	line->is_done = pin->is_pinned && text.length == 0;
	if (text.length == 0 && pin->is_pinned)
		pin_say(pin->fingerprint, &text);
	else if (text.length == 0)
		buf_text(&text, "not reached yet");
	snprintf(line->id, sizeof line->id, "open:pin-%s", id);
	snprintf(line->text, sizeof line->text, "%s %s", id, buf_str(&text));
	buf_fini(&text);
}

static void precondition_line(
	const struct state *state, size_t nth, size_t index, struct open_line *line)
{
	const struct precondition *of = &state->runbook->preconditions[nth];
	line->is_attested = of->dependency < 0;
	line->is_done = state->open_confirmed[index] ||
			(of->dependency >= 0 && state_is_healthy(state, of->dependency));
	snprintf(line->id, sizeof line->id, "open:precondition-%zu", nth + 1);
	snprintf(line->text, sizeof line->text, "%s", of->text);
}

void open_line_get(const struct state *state, size_t index, struct open_line *line)
{
	const struct runbook *runbook = state->runbook;
	size_t at = index;
	assert(index < state->open_line_count);
	memset(line, 0, sizeof *line);
	if (at == 0) {
		impact_line(state, line);
		return;
	}
	at--;
	if (has_roles(runbook) && at == 0) {
		roles_line(state, line);
		line->is_done |= state->open_confirmed[index];
		return;
	}
	at -= has_roles(runbook);
	if (at < runbook->input_count) {
		input_line(state, at, line);
		return;
	}
	at -= runbook->input_count;
	if (at < pinned_targets(runbook)) {
		pin_line(state, at, line);
		return;
	}
	at -= pinned_targets(runbook);
	if (at < runbook->precondition_count) {
		precondition_line(state, at, index, line);
		return;
	}
	line->is_attested = true;
	line->is_done = state->open_confirmed[index];
	snprintf(line->id, sizeof line->id, "open:preflight");
	snprintf(line->text, sizeof line->text,
		"preflight: relight check --live, tools, credentials, quotas");
}
