// SPDX-License-Identifier: Apache-2.0
//
// The palette: every intent and command by its word, then what it is about, then what is said; or
// the id of a step, to go there.
#include "ui_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"

#define MOST_CHOICES 200
#define WORD_BYTES   80 // ids have at most 63

// "start velero-restore because": first "start", second "velero-restore", and where each begins.
struct words {
	char first[WORD_BYTES], second[WORD_BYTES];
	const char *second_at, *rest_at; // never NULL
	bool has_second;                 // the first word is ended by a blank
	bool has_rest;
};

static const char *take_word(const char *at, char word[WORD_BYTES])
{
	size_t length = strcspn(at, " ");

	snprintf(
		word, WORD_BYTES, "%.*s", (int)(length < WORD_BYTES ? length : WORD_BYTES - 1), at);
	return at + length;
}

static struct words words_of(const char *text)
{
	struct words words = {0};
	const char *end = take_word(text + strspn(text, " "), words.first);

	words.has_second = *end == ' ';
	words.second_at = end + strspn(end, " ");
	end = take_word(words.second_at, words.second);
	words.has_rest = *end == ' ';
	words.rest_at = end + strspn(end, " ");
	return words;
}

// --- what there is to choose from ------------------------------------------------------------------------------------

// Something that has a word and an explanation; NULL: there is no such.
struct candidate {
	const char *word, *text;
};
typedef struct candidate lister(const struct facts *facts, size_t index);

static struct candidate intent_at(const struct facts *facts, size_t index)
{
	(void)facts;
	return index + 1 < INTENT_KINDS ? (struct candidate){intent_table[index + 1].word,
						  intent_table[index + 1].help}
					: (struct candidate){NULL, NULL};
}

static struct candidate command_at(const struct facts *facts, size_t index)
{
	(void)facts;
	return index < ui_command_count
		       ? (struct candidate){ui_commands[index].word, ui_commands[index].help}
		       : (struct candidate){NULL, NULL};
}

static struct candidate step_at(const struct facts *facts, size_t index)
{
	const struct runbook *runbook = facts->runbook;

	return index < runbook->step_count
		       ? (struct candidate){runbook->steps[index].id, runbook->steps[index].title}
		       : (struct candidate){NULL, NULL};
}

static struct candidate dependency_at(const struct facts *facts, size_t index)
{
	const struct runbook *runbook = facts->runbook;

	return index < runbook->dependency_count
		       ? (struct candidate){runbook->dependencies[index].id,
				 runbook->dependencies[index].title}
		       : (struct candidate){NULL, NULL};
}

static struct candidate input_at(const struct facts *facts, size_t index)
{
	const struct runbook *runbook = facts->runbook;

	return index < runbook->input_count
		       ? (struct candidate){runbook->inputs[index].id, runbook->inputs[index].ask}
		       : (struct candidate){NULL, NULL};
}

static struct candidate target_at(const struct facts *facts, size_t index)
{
	const struct runbook *runbook = facts->runbook;

	return index < runbook->target_count ? (struct candidate){runbook->targets[index].id,
						       runbook->targets[index].context}
					     : (struct candidate){NULL, NULL};
}

static lister *lister_of(char needs)
{
	switch (needs) {
	case 's': return step_at;
	case 'd': return dependency_at;
	case 'i': return input_at;
	case 't': return target_at;
	default: return NULL;
	}
}

// What the second word is.
static lister *lister_after(const char *first)
{
	static const char *const of_a_step[] = {"detail", "output", "dry-run"};

	for (size_t i = 0; i < sizeof of_a_step / sizeof *of_a_step; i++)
		if (!strcmp(of_a_step[i], first))
			return step_at;
	return lister_of(intent_table[intent_parse(first)].needs);
}

// Those that begin with what was typed, then (`is_inside`) those that have it elsewhere.
static void add_matches(struct dialog *dialog, size_t *capacity, const struct facts *facts,
	lister *list, const char *part, bool is_inside)
{
	for (size_t i = 0; dialog->choice_count < MOST_CHOICES; i++) {
		struct candidate candidate = list(facts, i);

		if (!candidate.word)
			return;

		const char *found = strstr(candidate.word, part);

		if (found && (found != candidate.word) == is_inside)
			dialog_add_choice(dialog, capacity, candidate.word, candidate.text);
	}
}

void palette_match(struct ui *ui, const struct facts *facts)
{
	static lister *const all_words[] = {intent_at, command_at, step_at, NULL};
	lister *const *first_words = all_words + (ui_has_incident(ui) ? 0 : 1);
	struct dialog *dialog = &ui->dialog;
	struct words words = words_of(dialog->field.text);
	lister *second_word = lister_after(words.first);
	size_t capacity = 0;

	dialog_clear_choices(dialog);
	for (int is_inside = 0; is_inside <= 1; is_inside++) {
		if (words.has_second && second_word && !words.has_rest)
			add_matches(dialog, &capacity, facts, second_word, words.second, is_inside);
		for (size_t i = 0; !words.has_second && first_words[i]; i++)
			add_matches(
				dialog, &capacity, facts, first_words[i], words.first, is_inside);
	}
}

void palette_open(struct ui *ui, const struct facts *facts)
{
	dialog_open(ui, DIALOG_PALETTE, INTENT_NONE, "palette");
	palette_match(ui, facts);
}

void palette_complete(struct ui *ui, const struct facts *facts)
{
	struct dialog *dialog = &ui->dialog;
	struct words words = words_of(dialog->field.text);
	struct buf text = {0};

	if (dialog->choice >= dialog->choice_count)
		return;

	const char *word = dialog->choices[dialog->choice];

	if (words.has_second)
		buf_printf(&text, "%s ", words.first);
	buf_text(&text, word);
	if (words.has_second || intent_parse(word) != INTENT_NONE)
		buf_byte(&text, ' ');
	field_set(&dialog->field, buf_str(&text));
	buf_fini(&text);
	palette_match(ui, facts);
}

// --- carrying it out -------------------------------------------------------------------------------------------------

static int index_of(lister *list, const struct facts *facts, const char *word)
{
	for (size_t i = 0;; i++) {
		struct candidate candidate = list(facts, i);

		if (!candidate.word)
			return -1;
		if (!strcmp(candidate.word, word))
			return (int)i;
	}
}

// A word that is not one yet stands for the choice that is marked.
static void settle_word(const struct dialog *dialog, char word[WORD_BYTES], bool is_known)
{
	if (!is_known && dialog->choice < dialog->choice_count)
		snprintf(word, WORD_BYTES, "%s", dialog->choices[dialog->choice]);
}

static bool name_subject(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const char *word, struct about *about)
{
	char needs = intent_table[kind].needs;
	lister *list = lister_of(needs);
	int index = list ? index_of(list, facts, word) : -1;

	if (index < 0) {
		ui_refuse(ui, "%s: %s: there is no such %s in this runbook",
			intent_table[kind].word, word,
			needs == 's'   ? "step"
			: needs == 'd' ? "dependency"
			: needs == 'i' ? "input"
				       : "target");
		return false;
	}
	about->step = needs == 's' ? index : about->step;
	about->dependency = needs == 'd' ? index : about->dependency;
	about->input = needs == 'i' ? index : about->input;
	about->target = needs == 't' ? index : about->target;
	if (needs == 's')
		rows_select_step(ui, facts, index);
	return true;
}

static bool run_intent(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct words *words, struct intent *intent)
{
	struct about about = about_selected(ui, facts);
	bool has_subject = lister_of(intent_table[kind].needs) != NULL;
	bool is_good = !has_subject || !words->second[0] ||
		       name_subject(ui, facts, kind, words->second, &about);

	about.text = has_subject ? words->rest_at : words->second_at;
	return is_good && ask(ui, facts, kind, &about, intent);
}

bool palette_run(struct ui *ui, const struct facts *facts, struct intent *intent)
{
	char *text = memory_copy_text(ui->dialog.field.text);
	struct words words = words_of(text);
	enum intent_kind kind = intent_parse(words.first);
	lister *list = lister_after(words.first);
	bool is_wanted = false;

	if (!words.has_second) {
		settle_word(&ui->dialog, words.first,
			kind || index_of(command_at, facts, words.first) >= 0 ||
				index_of(step_at, facts, words.first) >= 0);
		kind = intent_parse(words.first);
	} else if (list && words.second[0] && !words.has_rest) {
		settle_word(&ui->dialog, words.second, index_of(list, facts, words.second) >= 0);
	}
	dialog_close(ui);
	if (kind) {
		is_wanted = run_intent(ui, facts, kind, &words, intent);
	} else if (list && words.second[0] && index_of(list, facts, words.second) < 0) {
		ui_refuse(ui, "%s: %s: there is no such step in this runbook", words.first,
			words.second);
	} else if (list && words.second[0]) {
		rows_select_step(ui, facts, index_of(list, facts, words.second));
		ui->pane = PANE_ORDER;
		command_run(ui, facts, words.first);
	} else if (!command_run(ui, facts, words.first)) {
		int step = index_of(step_at, facts, words.first);

		if (step >= 0) {
			ui->pane = PANE_ORDER;
			rows_select_step(ui, facts, step);
		} else if (words.first[0]) {
			ui_refuse(ui, "%s: there is no such command or step; ? shows all",
				words.first);
		}
	}
	free(text);
	return is_wanted;
}
