// SPDX-License-Identifier: Apache-2.0
#include "frame_trial.h"

#include "frame_words.h"

static const struct {
	const char *word, *rest;
	enum role role;
} outcomes[] = {
	[TRIAL_ASKING] = {"being asked for ", "; nothing is changed", ROLE_ACTIVE},
	[TRIAL_ACCEPTED] = {"ACCEPTED ", " ago; nothing was changed", ROLE_GOOD},
	[TRIAL_REFUSED] = {"WOULD FAIL, asked ", " ago", ROLE_BAD},
	[TRIAL_NOT_YET] = {"NOT THERE YET, asked ", " ago; what runs before it may bring it",
		ROLE_WARN},
	[TRIAL_NOT_KNOWN] = {"NOT KNOWN, asked ", " ago; D asks again", ROLE_WARN},
};

static void add_one(struct sheet *sheet, const struct frame_trial *trial, const char *label)
{
	struct buf text = {0};
	if (trial->state == TRIAL_NONE)
		return;
	buf_text(&text, outcomes[trial->state].word);
	age_words(trial->age_ms, &text);
	buf_text(&text, outcomes[trial->state].rest);
	if (trial->why)
		buf_printf(&text, ": %s", trial->why);
	sheet_add(sheet, label, outcomes[trial->state].role, buf_str(&text));
	buf_fini(&text);
	for (size_t i = 0; i < trial->line_count; i++)
		sheet_add(sheet, "", ROLE_NORMAL, trial->lines[i]);
	if (trial->left_out > 0)
		sheet_printf(sheet, "", ROLE_DIM, "and %zu lines more", trial->left_out);
}

void trial_add(struct sheet *sheet, const struct scene *scene)
{
	add_one(sheet, &scene->input->trial, "dry run");
	add_one(sheet, &scene->input->rollback_trial, "dry undo");
}
