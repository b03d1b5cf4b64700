// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_DECIDE_WISH_H
#define RELIGHT_CORE_DECIDE_WISH_H

#include "decide_parts.h"

// Shared by the files that decide on intents.

// What a decider is given, looked up once.
struct wish {
	const struct facts *facts;
	const struct intent *intent;
	struct decision *decision;
	const struct state *state;
	const struct step *step; // NULL where the intent is about no step
	const struct step_progress *progress;
	enum step_state is;
	struct err *why;
};

typedef bool wish_decider(const struct wish *wish);

wish_decider decide_start;
wish_decider decide_again;
wish_decider decide_amend;
wish_decider decide_rollback;
wish_decider decide_cancel;
wish_decider decide_extend;
wish_decider decide_verify;
wish_decider decide_by_hand;
wish_decider decide_override;
wish_decider decide_skip;
wish_decider decide_reopen;
wish_decider decide_waive;
wish_decider decide_waive_dependency;
wish_decider decide_end_waiver;
wish_decider decide_acknowledge;
wish_decider decide_attest;
wish_decider decide_open_line;
wish_decider decide_input;
wish_decider decide_impact;
wish_decider decide_restore_point;
wish_decider decide_note;
wish_decider decide_assign;
wish_decider decide_role;
wish_decider decide_status;
wish_decider decide_repin;
wish_decider decide_abort;
wish_decider decide_recovered;
wish_decider decide_close;

// "start: velero-restore: needs data; w waives it" into wish->why; always false. `next` may be
// NULL.
bool wish_refuse(const struct wish *wish, const char *what, const char *next);
// More than white space.
bool wish_has_text(const char *text);
// Refuses where no reason was given.
bool wish_needs_reason(const struct wish *wish);
// A new last event about what the intent is about, by its person.
struct event *wish_add(const struct wish *wish, enum event_kind kind);
// Makes the event the word of whoever wished it; what relight decides by itself is signed
// "relight".
void wish_sign(const struct wish *wish, struct event *event);
// Whether the value fits the input's pattern and choices.
bool wish_input_fits(const struct wish *wish, int index, const char *value);
void wish_add_input(const struct wish *wish, int index, const char *value, const char *from);

#endif
