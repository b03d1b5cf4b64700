// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_UI_H
#define RELIGHT_UI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/decide.h"
#include "relight/intent.h"
#include "relight/key.h"
#include "relight/layout.h"

// What the person at the screen is doing: which pane, which line, which dialog. It decides nothing
// about the incident. Keys come in, intents go out; frame.h draws it. Pure.

// One line of the checklist. Abort steps stand below the order, under a line of their own, and only
// once the recovery is aborted.
enum row_kind {
	ROW_OPEN,
	ROW_OPEN_LINE,
	ROW_PHASE,
	ROW_STEP,
	ROW_RETURN_LINE, // "point of no return"
	ROW_ABORT,       // heads the abort steps
};
struct row {
	enum row_kind kind;
	int index; // open line, phase or step; else 0
};

enum dialog_kind {
	DIALOG_NONE,
	DIALOG_CONFIRM, // shows exactly what will run; Enter or y goes on, Esc leaves
	DIALOG_TYPE,    // the same, with a name to type in full
	DIALOG_TEXT,    // one text (a reason, a note), perhaps with a kind chosen by Tab and a time
	DIALOG_CHOICE,  // one of a list, with a reason
	DIALOG_PALETTE, // ":" with completion
	DIALOG_FILTER,  // "/"
	DIALOG_QUIT,    // leave the screen: attempts go on
};

struct field {
	char *text;            // UTF-8, never NULL once the dialog is open
	size_t length, cursor; // bytes
	bool is_secret;        // drawn as dots
	bool is_offered;       // drawn as marked: relight filled it in, and nobody has touched it
};

struct dialog {
	enum dialog_kind kind;
	enum intent_kind intent; // what it will become
	int step, dependency, input, target, open_line, restore_point;
	int64_t of; // INTENT_REPIN: the seq of the change that is shown
	char title[128];
	char *body;          // lines that explain: what will run, on what, how long; owned
	char *wanted;        // DIALOG_TYPE: the name to type; owned
	struct field field;  // the text being typed
	struct field second; // a second one where a dialog needs it (until, at, remains); label
			     // NULL: none
	const char *label, *second_label;
	char label_text[128]; // where a label is not constant
	bool on_second;
	char **choices; // ids; owned
	char **choice_texts;
	size_t choice_count, choice;
	char complaint[200]; // why Enter did not go on
	bool has_kinds;      // DIALOG_TEXT: Tab goes through `choices` (types of a note)
	int64_t opened_us;   // keys that were typed before it was drawn do not count as its answer
	int opened_by;       // the key: while it is held down it is no answer either
	int64_t pressed_us;  // when that key came last
	bool is_touched;     // another key has been pressed since
	int64_t grid;        // kept by the hall: the first grid with it (term_show), 0: none yet
	bool is_shown;       // kept by the hall: the terminal has drawn that grid
};

// Enter and y answer a dialog only when it has been on the screen for so long.
#define UI_DIALOG_US INT64_C(150000)
// A key that comes again after so long was let go of in between: keyboards repeat sooner.
#define UI_ANEW_US     INT64_C(1000000)
#define UI_FIELD_BYTES 4096 // of a text typed or pasted
// So long an answer stands over the newest event.
#define UI_MESSAGE_US INT64_C(8000000)

#define UI_FILTER_BYTES 64

// Who sits at this screen.
enum seat {
	SEAT_COCKPIT,  // has the incident: may arm, or has armed
	SEAT_OBSERVER, // has the incident, and was opened not to be armed (--observe)
	SEAT_ONLOOKER, // another relight has the incident
	SEAT_REPLAY,   // a finished timeline, moving through time
};

struct ui {
	enum seat seat;          // SEAT_COCKPIT unless the hall says otherwise
	int rows, columns;       // of the terminal
	enum pane pane;          // the focused one; on a narrow screen the only one
	struct row selected;     // in the checklist; stays on its line when others come and go
	int selected_dependency; // index; -1: none
	int order_top;           // first visible row of the checklist
	int dependencies_top, timeline_top; // timeline: lines back from the newest
	int detail_top, help_top;
	int64_t output_top; // line of the output shown first; -1: following
	bool output_wrap;
	char output_search[UI_FILTER_BYTES];
	char filter[UI_FILTER_BYTES];
	bool *phase_open, *phase_touched; // by phase: unfolded by hand; index phase_count is `open`
	struct dialog dialog;
	bool is_pasting;
	int key;            // the one being handled
	struct arena *said; // texts of the newest intent
	char message[200];  // the last answer, shown on the lowest line
	bool message_is_bad;
	int64_t message_until_us; // ui_tick takes it away then; INT64_MAX: it stays
	int look_step;            // what a person has looked at, …
	int64_t look_token;       // … and the recheck whose answer is told; 0: none is awaited
	bool is_nothing_shown;    // the filter matches nothing: no step is selected
	bool wants_quit;
	bool wants_redraw; // Ctrl-L; the hall clears it
	bool wants_trial;  // of the selected step, a dry run; likewise
	int wants_match;   // 1, -1: the next or last line of the output that holds output_search is
			   // wanted; the hall looks for it, sets output_top and clears this
	// What the hall keeps up to date before it hands on a key:
	int64_t now_us;       // real, monotonic
	bool is_behind;       // the terminal does not show the open dialog yet
	int64_t output_total; // lines of the output of the selected step
};

// Of a whole struct, whatever it holds: the cursor is on what needs a person first.
void ui_init(struct ui *ui, const struct facts *facts, int rows, int columns);
void ui_fini(struct ui *ui);

// The lines of the checklist as they are now: finished phases folded, trouble unfolded, the filter
// applied. Returns how many were stored (at most `limit`).
size_t ui_rows(const struct ui *ui, const struct facts *facts, struct row *rows, size_t limit);

// What needs a person, worst first, then what waits for an input or its target alone, then what is
// ready: where Tab goes. Returns the number of steps stored; the first `needing` are in trouble or
// near the end of their time.
size_t ui_attention(const struct facts *facts, int *steps, size_t limit, size_t *needing);

// All dependencies in the order of their pane: lost, due, held, given, awaited, waived; in each
// those that are not healthy first, then file order. `dependencies` has room for all of them.
void ui_dependencies(const struct facts *facts, int *dependencies);

// Whether this seat writes the record, so that a person's word can be taken here.
bool ui_has_incident(const struct ui *ui);
// Whether this seat may want that at all, whatever the incident says to it.
bool ui_may(const struct ui *ui, enum intent_kind kind);

// The step that keys are about: the selected line's, or -1 (also where a filter matches nothing).
int ui_step(const struct ui *ui);

// One key. True: *intent is something that the person wants (its texts live in `ui` until the next
// key); false: only the screen has changed.
bool ui_key(struct ui *ui, const struct facts *facts, int key, struct intent *intent);
// How the intent was answered: refusals are shown as a message (or in the dialog that is still
// open).
void ui_answer(struct ui *ui, bool done, const char *message);
void ui_resize(struct ui *ui, int rows, int columns);
// To be called after each drawing with what frame_draw returned: what was scrolled beyond its end
// stands at its end, so that the next key goes on from what is seen.
void ui_scrolled(struct ui *ui, int above_lines);
// To be called before each drawing: takes away a message that has stood long enough, and tells what
// a look that was asked for has shown.
void ui_tick(struct ui *ui, const struct facts *facts, int64_t now_us);

// A time as people write it: "02:47" or "02:47:10" (UTC; the nearest such time in the past, or in
// the future), "-5m", "+1h", "1h30m" (ahead where `is_ahead`, else back), "now", RFC 3339. Blank
// text gives WALL_NONE. False for anything else.
bool time_parse(const char *text, struct wall now, bool is_ahead, struct wall *at);

// Keys that only move about or open something, for the help screen and the manual; the others are
// intents.
struct ui_command {
	const char *word, *key, *label, *help;
};
extern const struct ui_command ui_commands[];
extern const size_t ui_command_count;
// The keys that matter on this line now, most important first: "s start  c cancel …" as pairs;
// returns how many were stored.
struct key_hint {
	const char *key, *label;
};
size_t ui_key_hints(
	const struct ui *ui, const struct facts *facts, struct key_hint *hints, size_t limit);

#endif
