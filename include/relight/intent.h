// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_INTENT_H
#define RELIGHT_INTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "relight/moment.h"

// What a person (or the answers of a headless run) wants done. Keys become intents, decide.h turns
// an intent into events, or says why not. One table: the help screen, the key bar, the palette and
// relight(1) come from it.
//
//   X(NAME, word, key, label, needs, help)
//   word: for the palette (":start velero-restore"); key: the default one, "" for palette only;
//   label: in the key bar needs: what it is about: 's' a step, 'd' a dependency, 'i' an input, 't'
//   a target, '-' nothing
#define INTENTS(X)                                                                                 \
	X(ARM, "arm", "A", "arm", '-',                                                             \
		"take the controls: only an armed cockpit acts; again to let go")                  \
	X(DISARM, "disarm", "", "disarm", '-', "let go of the controls; running attempts go on")   \
	X(START, "start", "s", "start", 's', "start the step, attest it, or decide it")            \
	X(AGAIN, "again", "r", "run again", 's', "run the step again, as a new attempt")           \
	X(AMEND, "amend", "e", "edit+run", 's', "edit the command for one attempt and run it")     \
	X(CANCEL, "cancel", "c", "cancel", 's',                                                    \
		"stop the running attempt: its signal, then KILL after its grace")                 \
	X(EXTEND, "extend", "T", "more time", 's',                                                 \
		"give the running attempt, or the verification, more time")                        \
	X(VERIFY, "verify", "v", "verify", 's',                                                    \
		"look now whether what the step restores is healthy")                              \
	X(BY_HAND, "by-hand", "b", "by hand", 's',                                                 \
		"say that a person did the step by hand; it is verified like any other")           \
	X(OVERRIDE, "override", "O", "override", 's',                                              \
		"call the step done against the evidence, with a reason")                          \
	X(SKIP, "skip", "x", "skip", 's', "leave the step out, with a reason")                     \
	X(REOPEN, "reopen", "U", "reopen", 's',                                                    \
		"put a skipped step back into the order, or one that a person has undone after "   \
		"its rollback failed or was lost")                                                 \
	X(WAIVE, "waive", "w", "waive", 's',                                                       \
		"start without what is unmet, with a reason and an end")                           \
	X(WAIVE_DEPENDENCY, "waive-dependency", "", "waive", 'd',                                  \
		"do without a dependency, with a reason and an end")                               \
	X(END_WAIVER, "end-waiver", "", "end waiver", '-', "take a waiver back")                   \
	X(ROLLBACK, "rollback", "", "rollback", 's',                                               \
		"run the step's rollback; afterwards the step is open again")                      \
	X(ACKNOWLEDGE, "acknowledge", "a", "seen", 's',                                            \
		"you have seen this failure, regression or loss")                                  \
	X(ATTEST, "attest", "y", "attest", 'd',                                                    \
		"say yourself how a dependency is that only a person can check")                   \
	X(OPEN_LINE, "open-line", "", "attest", '-', "attest a line of the open phase")            \
	X(INPUT, "input", "i", "input", 'i', "set an input")                                       \
	X(IMPACT, "impact", "I", "impact", '-',                                                    \
		"say when the impact began, and when it was detected")                             \
	X(RESTORE_POINT, "restore-point", "P", "restore point", '-',                               \
		"choose how old a store comes back")                                               \
	X(NOTE, "note", "n", "note", '-',                                                          \
		"write down an observation, hypothesis, decision, action or communication")        \
	X(ASSIGN, "assign", "", "assign", 's', "give the step to a person")                        \
	X(ROLE, "role", "", "role", '-', "say who has a role")                                     \
	X(STATUS, "status", "u", "update", '-',                                                    \
		"write a status update for those who wait outside")                                \
	X(REPIN, "repin", "p", "re-pin", 't',                                                      \
		"accept that a target is another one now; with a reason, unless it was made anew") \
	X(ABORT, "abort", "X", "abort", '-',                                                       \
		"give the recovery up: nothing new starts but the abort steps")                    \
	X(RECOVERED, "recovered", "", "recovered", '-', "declare the recovery")                    \
	X(CLOSE, "close", "", "close", '-', "close the incident")                                  \
	X(CONTINUE_UNRECORDED, "continue-unrecorded", "", "unrecorded", '-',                       \
		"go on although the record cannot be written (typed in full)")

enum intent_kind {
	INTENT_NONE,
#define X(name, word, key, label, needs, help) INTENT_##name,
	INTENTS(X)
#undef X
		INTENT_KINDS,
};

struct intent_info {
	const char *word, *key, *label, *help;
	char needs;
};
extern const struct intent_info intent_table[INTENT_KINDS]; // row INTENT_NONE is all NULL
enum intent_kind intent_parse(const char *word);            // INTENT_NONE: no such word

// The types of a note, in the order of Tab; the first is meant where none is said. NULL-terminated.
extern const char *const intent_note_types[];

// Texts are borrowed for the call that takes the intent. Indexes are -1 where absent.
struct intent {
	enum intent_kind kind;
	int step, dependency, input, target, restore_point, open_line;
	int64_t of;          // end-waiver: the waiver's seq; repin: that of the change as shown
	const char *by;      // the person; NULL: the session's
	const char *text;    // reason, note, what is said, update, value of an input
	const char *choice;  // option, status word, note type, role, restore point, closing result
	const char *typed;   // the name typed for a destructive step, or "continue unrecorded"
	const char *edge;    // waive: the need or dependency; NULL: all that is unmet
	const char *remains; // override: what is left
	const char *const *argv; // amend
	struct wall at;          // the time it is about
	struct wall until;       // waivers
	struct wall detected_at; // impact
	int64_t extend_ms;
	bool is_supposed; // only to see whether it could be: what is still to be typed is no reason
	bool is_automatic; // decided by relight (a retry) or the answers file, not by a key
};
struct intent intent_of(enum intent_kind kind); // everything absent

#endif
