// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_UI_INNER_H
#define RELIGHT_VIEW_UI_INNER_H

#include "relight/ui.h"

// Shared by the ui_*.c files.

// --- the checklist (ui_rows.c) ---

#define OPEN_PHASE(facts) ((facts)->runbook->phases.count) // of phase_open and phase_touched

// Goes `by` lines on, the line of no return passed over. Scrolls as far as is needed.
void rows_move(struct ui *ui, const struct facts *facts, int by);
// Selects a step, unfolding its phase and dropping a filter that hides it.
void rows_select_step(struct ui *ui, const struct facts *facts, int step);
// Folds or unfolds the phase of the selected line by hand.
void rows_fold(struct ui *ui, const struct facts *facts);
// After a change of what is shown: a line that is gone gives the selection to its phase, else to
// the first one.
void rows_settle(struct ui *ui, const struct facts *facts);
// In trouble, or near the end of its time.
bool step_needs_person(const struct facts *facts, int step);
// Lines of a pane on this screen, at least 1.
int page_rows(const struct ui *ui);

// --- text fields (ui_field.c) ---

void field_set(struct field *field, const char *text); // the cursor goes to the end; NULL: ""
// The same with a value that is only offered: the first character typed takes its place, as does a
// deletion; other keys of line editing make it the person's own.
void field_offer(struct field *field, const char *text);
void field_fini(struct field *field);
// One key of line editing. Returns whether it was one; *is_full (may be NULL): there was no room.
bool field_key(struct field *field, int key, bool *is_full);

// --- what is typed, as values (ui_parse.c) ---

// Words as a shell splits them, with its quotes and backslashes and nothing else; NULL-terminated,
// in the arena. NULL: a quote is not closed.
const char *const *argv_parse(struct arena *arena, const char *text);
// The other way round.
void argv_quote(struct buf *out, const char *word);

// --- dialogs (ui_dialog.c) ---

struct dialog *dialog_open(struct ui *ui, enum dialog_kind kind, enum intent_kind intent,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
void dialog_close(struct ui *ui);
void dialog_add_choice(struct dialog *dialog, size_t *capacity, const char *id, const char *text);
void dialog_clear_choices(struct dialog *dialog);
void dialog_complain(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool dialog_key(struct ui *ui, const struct facts *facts, int key, struct intent *intent);
// A key pasted into a dialog.
void dialog_paste(struct ui *ui, const struct facts *facts, int key);

// --- from a wish to its dialog (ui_ask.c, ui_ask_step.c, ui_ask_incident.c) ---

#define LABEL_UNTIL "until (1h, 06:00; empty: no end)"

// What a wish is about.
struct about {
	int step, dependency, input, target, open_line;
	const char *text; // to begin with; NULL
};
struct about about_selected(const struct ui *ui, const struct facts *facts);
// Opens the dialog that the wish needs. True: it needs none, *intent is it. A refusal is a message.
bool ask(struct ui *ui, const struct facts *facts, enum intent_kind kind, const struct about *about,
	struct intent *intent);
typedef bool ask_opener(struct ui *ui, const struct facts *facts, enum intent_kind kind,
	const struct about *about, struct intent *intent);
ask_opener ask_start, ask_again, ask_amend, ask_cancel, ask_extend, ask_rollback, ask_waive,
	ask_reason;
ask_opener ask_arm, ask_dependency, ask_end_waiver, ask_attest, ask_open_line, ask_input,
	ask_impact, ask_restore_point, ask_note, ask_assign, ask_role, ask_status, ask_repin,
	ask_abort, ask_ending, ask_unrecorded;
// Asks nothing: *intent is it, and its answer will be told.
ask_opener ask_verify;
// The dialog for the value of one input.
void ask_input_value(struct ui *ui, const struct facts *facts, int input);
void ask_restore_point_time(struct ui *ui, const struct facts *facts, int restore_point);
// Asks why that target is another one now, or, where that is expected, fills in the intent: true.
bool ask_repin_of(struct ui *ui, const struct facts *facts, int target, struct intent *intent);

// --- looks (ui_look.c) ---

// Says what the look that was asked for last has shown, once the sensor has told.
void look_tell(struct ui *ui, const struct facts *facts);

// --- the palette (ui_palette.c) ---

void palette_open(struct ui *ui, const struct facts *facts);
void palette_match(struct ui *ui, const struct facts *facts); // after a change of its text
void palette_complete(struct ui *ui, const struct facts *facts);
bool palette_run(struct ui *ui, const struct facts *facts, struct intent *intent);

// --- moving about (ui_keys.c) ---

// Appends what is written on the key: "z", "Left", "^Z".
void key_name(int key, struct buf *out);
// Carries out a command by its word. False: there is no such command.
bool command_run(struct ui *ui, const struct facts *facts, const char *word);
// The command of a key in the present pane, or NULL.
// Whether what the selected step does can be tried: it is done to a cluster that can be asked.
bool ui_can_try(const struct ui *ui, const struct facts *facts);
const struct ui_command *command_of_key(const struct ui *ui, int key);

// --- the lowest line (ui.c) ---

void ui_say(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ui_refuse(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
// What this seat may not want.
void ui_refuse_seat(struct ui *ui, const char *what);

#endif
