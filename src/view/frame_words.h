// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_WORDS_H
#define RELIGHT_VIEW_FRAME_WORDS_H

#include "relight/buf.h"
#include "frame_scene.h"

// The words of the checklist, kept in one place so that every pane says the same of the same step.

// "[>]", "( )", " . ": brackets are sensed, parentheses a person's word.
const char *step_glyph(const struct scene *scene, int step);
// One word, at most 9 columns; in capitals where it is yours to do something.
const char *step_word(const struct scene *scene, int step);
enum role step_role(const struct scene *scene, int step);
// What goes with the word: times of what runs, the reason of what waits.
void step_reason(const struct scene *scene, int step, struct buf *out);
// Who has it: whom it was given to, the person who runs it or whose word it is, else the owner;
// NULL: nobody.
const char *step_owner(const struct scene *scene, int step);
bool step_is_person(const struct scene *scene, int step); // manual, decide, or by hand
// Done, and something that it restores is not known to be healthy now.
bool step_is_doubted(const struct scene *scene, int step);

// "verifying 0:12 of 5m", of a failed or unknown attempt that a person has looked at. False:
// nobody has.
bool resolving_words(const struct scene *scene, int step, struct buf *out);
// What starting it takes: "~6m, DESTRUCTIVE, typed name, 2 approvals"; nothing where nothing is
// known.
void cost_words(const struct scene *scene, int step, struct buf *out);
// "T+07": minutes since the origin; "T?" before there is one.
void elapsed_words(const struct scene *scene, struct moment at, struct buf *out);
// The same of a time that somebody gave, which the wall clock alone knows.
void wall_elapsed_words(const struct scene *scene, struct wall at, struct buf *out);
void finish_words(int64_t finish_ms, struct buf *out); // "~T+34"
// "3:10 of ~12m", "14:10, expected 12m".
void running_words(const struct scene *scene, int step, struct buf *out);
// "2.1 MB MISSING", behind `before`: of the output of the newest attempt; false, and nothing, where
// all of it is there.
bool missing_words(const struct step_progress *progress, const char *before, struct buf *out);
// "TERM", of a number that a record gives; "a signal" where no runbook can name it.
const char *signal_word(int signal);
// "TERM was sent at 0:10; KILL in 0:17", where it is brief "TERM at 0:10; KILL in 0:17"; false, and
// nothing, where that is not known to have been.
bool stopping_words(const struct scene *scene, int step, bool is_brief, struct buf *out);
// Of a step that is being stopped: why, and how far that is, as a sentence.
void stopping_say(const struct scene *scene, int step, struct buf *out);
// "customer update due in 1:57 (raj)": how long ago the last update went out, against what the
// runbook promises. True: it is overdue. An index beyond the runbook's adds nothing.
bool cadence_say(const struct scene *scene, size_t index, struct buf *out);
// "4s", "-" for an age that is not known.
void age_words(int64_t age_ms, struct buf *out);
// "no progress for 2m", "progressed 5s ago"; where there is little room "stuck 2m", "moved 5s ago".
// An age below zero adds nothing.
void still_words(int64_t still_ms, bool is_short, struct buf *out);
// ", was healthy", of what is not known now; nothing where it was not known before.
void before_words(const struct scene *scene, int dependency, struct buf *out);
// How old what is known of a dependency is, and how long it has not moved: "seen 3s ago, no
// progress for 2m", "STALE, not seen for 40s", "never seen".
void seen_words(const struct scene *scene, int dependency, struct buf *out);
// Its ages stand before its words, which may be cut: "case-api, seen 3s ago: 1/3 ready".
void observation_words(const struct scene *scene, int dependency, struct buf *out);
// What the cluster or the host is called, else the target's id.
void target_words(const struct scene *scene, int target, struct buf *out);
void clock_words(int64_t ms, struct buf *out);    // duration_clock
void duration_words(int64_t ms, struct buf *out); // duration_short

#endif
