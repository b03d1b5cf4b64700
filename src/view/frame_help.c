// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include "frame_sheet.h"

#define LABEL_COLUMNS 12

static const struct {
	const char *glyph, *meaning;
} glyph_table[] = {
	{"[ ] ( )", "ready: brackets are sensed by relight, parentheses are a person's word"},
	{".", "waiting; the line says for what"},
	{"[>] [~]", "running; verifying: it was done, and what it restores is not healthy yet"},
	{"[x] (x)", "done; a done line is sensed on, and unticks when it goes bad: [<]"},
	{"[!] [?]", "failed; unknown: the outcome of the attempt was lost"},
	{"[-]", "skipped, or not chosen"},
	{"=|=", "locked until the journey is proven"},
	{"^k", "follows from the failure that is named in NOW, above"},
	{"LOST", "was restored and is bad again"},
	{"DUE", "its step has begun; it is not healthy yet"},
	{"HELD", "restored, and healthy or not known just now"},
	{"GIVEN", "no step restores it: it must be healthy"},
	{"AWAITED", "its step has not begun"},
	{"WAIVED", "a person does without it, with a reason and an end"},
};

static const struct {
	const char *key, *meaning;
} field_table[] = {
	{"marked", "what a field offers is marked: typing replaces it, Enter takes it, and an "
		   "arrow, Home or End keeps it, to be edited"},
	{"Ctrl-W", "delete the word before the cursor"},
	{"Ctrl-U", "delete all that is before it; Ctrl-K: all that follows"},
};

static void add_acting(struct sheet *sheet, const struct ui *ui)
{
	if (!ui_has_incident(ui)) {
		sheet_add(sheet, NULL, ROLE_TITLE, "No key acts: this screen only looks on");
		return;
	}
	sheet_add(sheet, NULL, ROLE_TITLE,
		"Acting (only when armed); without a key: from the palette");
	for (int i = INTENT_NONE + 1; i < INTENT_KINDS; i++)
		if (intent_table[i].key[0] && ui_may(ui, (enum intent_kind)i))
			sheet_add(sheet, intent_table[i].key, ROLE_NORMAL, intent_table[i].help);
	for (int i = INTENT_NONE + 1; i < INTENT_KINDS; i++)
		if (!intent_table[i].key[0])
			sheet_printf(sheet, "", ROLE_NORMAL, ":%s  %s", intent_table[i].word,
				intent_table[i].help);
}

struct hidden help_draw(struct area area, const struct scene *scene)
{
	struct sheet sheet = {.arena = scene->arena, .label_columns = LABEL_COLUMNS};
	sheet_add(&sheet, NULL, ROLE_TITLE, "Moving about");
	for (size_t i = 0; i < ui_command_count; i++)
		if (ui_commands[i].key && ui_commands[i].key[0])
			sheet_add(&sheet, ui_commands[i].key, ROLE_NORMAL, ui_commands[i].help);
	sheet_blank(&sheet);
	add_acting(&sheet, scene->ui);
	sheet_blank(&sheet);
	sheet_add(&sheet, NULL, ROLE_TITLE, "Where something is typed");
	for (size_t i = 0; i < sizeof(field_table) / sizeof(field_table[0]); i++)
		sheet_add(&sheet, field_table[i].key, ROLE_NORMAL, field_table[i].meaning);
	sheet_blank(&sheet);
	sheet_add(&sheet, NULL, ROLE_TITLE, "Glyphs and words");
	for (size_t i = 0; i < sizeof(glyph_table) / sizeof(glyph_table[0]); i++)
		sheet_add(&sheet, glyph_table[i].glyph, ROLE_NORMAL, glyph_table[i].meaning);
	rule_draw(area, 0, scene->ui->pane == PANE_HELP ? ROLE_TITLE : ROLE_RULE, "HELP",
		"Esc goes back");
	return sheet_draw(
		area_part(area, 1, 0, area.rows - 1, area.columns), &sheet, scene->ui->help_top);
}
