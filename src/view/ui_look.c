// SPDX-License-Identifier: Apache-2.0
//
// A look that a person asked for: it is answered twice, when the sensor is asked, and when it has
// told of everything that the step restores.
#include "ui_inner.h"

#include "relight/known.h"

#define MOST_NAMED 3

static void name_looked_at(const struct facts *facts, const struct refs *restores, struct buf *out)
{
	for (size_t i = 0; i < restores->count && i < MOST_NAMED; i++)
		buf_printf(out, "%s%s", i ? ", " : "",
			facts->runbook->dependencies[restores->items[i]].id);
	if (restores->count > MOST_NAMED)
		buf_printf(out, " and %zu more", restores->count - MOST_NAMED);
}

bool ask_verify(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent)
{
	struct buf text = {0};

	name_looked_at(facts, &facts->runbook->steps[about->step].restores, &text);
	ui_say(ui, "%s: looking now at %s%s", intent_table[kind].word, buf_str(&text),
		facts->sensed->is_up ? "" : ", once the sensor is back");
	buf_fini(&text);
	ui->look_step = about->step;
	ui->look_token = *facts->next_token + 1;
	*intent = intent_of(kind);
	intent->step = about->step;
	return true;
}

// The first one that is not healthy, -1. *is_told: the sensor has told of all of them.
static int first_unhealthy(
	const struct ui *ui, const struct facts *facts, const struct refs *restores, bool *is_told)
{
	int unhealthy = -1;

	*is_told = true;
	for (size_t i = 0; i < restores->count; i++) {
		const struct sensed_dependency *seen =
			&facts->sensed->dependencies[restores->items[i]];

		*is_told &= seen->token >= ui->look_token;
		// What a person attests, or does without, counts as it does for verification.
		if (unhealthy < 0 && known_status(facts, restores->items[i]) != STATUS_HEALTHY &&
			!state_waiver(facts->state, -1, restores->items[i], facts->now.wall))
			unhealthy = restores->items[i];
	}
	return unhealthy;
}

// How long health must last to count: the longest of them.
static int64_t stable_ms(const struct facts *facts, const struct refs *restores)
{
	int64_t longest_ms = 0;

	for (size_t i = 0; i < restores->count; i++)
		if (facts->runbook->dependencies[restores->items[i]].stable_ms > longest_ms)
			longest_ms = facts->runbook->dependencies[restores->items[i]].stable_ms;
	return longest_ms;
}

static void say_healthy(struct ui *ui, const struct facts *facts, const struct step *of)
{
	char text[DURATION_TEXT_BYTES];
	struct buf names = {0};
	enum step_state is = state_step(facts->state, ui->look_step, facts->now.wall);
	bool is_awaited = is == STEP_FAILED || is == STEP_UNKNOWN || is == STEP_VERIFYING ||
			  is == STEP_REGRESSED;

	name_looked_at(facts, &of->restores, &names);
	duration_format(stable_ms(facts, &of->restores), text);
	ui_say(ui, "%s: %s healthy%s%s", intent_table[INTENT_VERIFY].word, buf_str(&names),
		is_awaited ? "; done once that has lasted " : "", is_awaited ? text : "");
	buf_fini(&names);
}

void look_tell(struct ui *ui, const struct facts *facts)
{
	bool is_told;

	if (ui->look_token == 0)
		return;

	const struct step *of = &facts->runbook->steps[ui->look_step];
	int unhealthy = first_unhealthy(ui, facts, &of->restores, &is_told);

	if (!is_told)
		return;
	if (unhealthy < 0) {
		say_healthy(ui, facts, of);
	} else {
		const char *message = known_message(facts, unhealthy);

		ui_refuse(ui, "%s: %s is not verified: %s %s%s%s", intent_table[INTENT_VERIFY].word,
			of->id, facts->runbook->dependencies[unhealthy].id,
			status_word(known_status(facts, unhealthy)), message[0] ? ": " : "",
			message);
	}
	ui->look_token = 0;
}
