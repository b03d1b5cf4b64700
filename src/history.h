// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HISTORY_H
#define RELIGHT_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/chain.h"
#include "relight/err.h"
#include "relight/event.h"
#include "relight/plan.h"
#include "relight/proof.h"
#include "relight/runbook.h"
#include "relight/state.h"
#include "relight/timeline.h"

// Somebody's word on which line the record had: an anchor event, a seal file, or a head that was
// pasted elsewhere.
struct history_seal {
	char *where;     // "event 41", the path of the file, "--head"
	int64_t seq;     // of the line whose head it names; -1: of none
	char *key, *who; // of the signature; NULL: there is none, or its key has no name here
	bool is_good;
};

struct history_blob {
	int64_t seq; // of the event that names it
	char sha256[65];
};

// An incident read back, without a lock and without writing anything: its timeline, what was frozen
// beside it, and the state that follows. Everything that is wrong with it is kept as a problem in
// words, and as much is read as can be trusted. Blocks on the disk.

struct history {
	char *path; // the timeline or the incident directory, as it was named; "-": standard input
	int fd;     // of the timeline, wherever it stands
	char *directory; // where frozen/, evidence/ and attempts/ stand beside the timeline; NULL:
			 // the timeline is alone
	struct event **events; // up to the first broken line
	size_t event_count, event_capacity;
	struct chain chain;            // after the last good line before the first bad one
	size_t torn_bytes;             // of an unfinished last line
	struct timeline_refuge refuge; // the end that the directory has not taken
	bool is_part;                  // one file, of a record that has more beside it
	bool is_broken;    // a line is wrong; no event from there on counts, but where somebody
			   // went on with the record all the same (is_continued), …
	int64_t bad_lines; // … this many are wrong, and …
	int64_t first_bad_line;
	int64_t last_line; // … this is the number of the last whole one
	bool is_continued;
	struct event **behind; // whole in themselves, behind a bad line that nobody went on from
	size_t behind_count, behind_capacity;
	struct runbook *runbook; // as frozen; a stand-in with one step where `has_runbook` is false
	struct buf runbook_text;
	bool has_runbook;
	struct plan *plan;
	struct state *state; // folded over `events`
	char **problems;     // one line each
	size_t problem_count, problem_capacity;
	struct history_blob *blobs; // that the events name
	size_t blobs_named, blobs_capacity;
	size_t frozen_count, blob_count, output_count; // files whose digest was found right
	bool is_mirror;                                // which is not given all files
	size_t outputs_cut;       // of output_count: a full disk did not take their end
	size_t outputs_elsewhere; // it has none of before somebody went on with it
	size_t secrets_elsewhere; // frozen files that are their owner's only
	struct history_seal *seals;
	size_t seal_count, seal_capacity;
	struct proof_verdict *sessions; // that a key is to prove
	size_t session_count, session_capacity;
};

// Reads the incident that `name` means (incident.h), a timeline by itself, or one from standard
// input ("-"). False with `err` when
// there is none that could be read at all; what is merely damaged is read as far as it is good. The
// caller frees with history_fini in both cases.
bool history_open(struct history *history, const char *name, struct err *err);
void history_fini(struct history *history);

// Compares every file that the timeline names by its digest with what is there: frozen files,
// evidence, the outputs of attempts. Each that differs or is missing becomes a problem, but for
// what a mirror or a member of the group is never given, which is counted. Takes as long as reading
// them all does.
void history_verify(struct history *history);

struct history_trust {
	const char *signers;   // an allowed signers file: it must be signed by one of them; or NULL
	const char *seal_path; // NULL: the one beside the timeline, if there is one
	const char *head;      // that a line must have; or NULL
	bool heads_only; // leave the seals' signatures alone; those of sessions are looked at where
			 // that can be done
};
// Checks what was signed or written down: the anchors in the timeline, the seal beside it, the head
// given. What does not fit becomes a problem: a signature that is none, a head that no line has, a
// timeline that ends before the line that was sealed.
void history_check_seals(struct history *history, const struct history_trust *trust);
// Checks who sat there, where a key is to prove it: that it signed this session, in this record, at
// this place; and where the session before is to have seen it, that it says so. What does not fit
// becomes a problem.
void history_check_sessions(struct history *history, const struct history_trust *trust);
// The record's uuid; NULL: the line that says so is not there.
const char *history_log(const struct history *history);
// Where the seal of this timeline stands, beside it; the caller frees.
char *history_seal_path(const struct history *history);

// The directory of the newest incident that is not closed, for going on with it; the caller frees.
// NULL with `err` when there is none. Reads timelines, newest first, until it finds one.
char *history_newest_open(struct err *err);

// On stderr, a line each; `before` stands in front of each. What is from outside is shown, not
// obeyed.
void history_say_problems(const struct history *history, const char *before);

// On stderr, where not all of what was read is in the directory, or not all of the record was read:
// one line; `before` stands in front.
void history_say_cover(const struct history *history, const char *before);
// The same for `out`, with its LF; nothing where there is nothing to say.
void history_add_cover(const struct history *history, struct buf *out);

// Adds a problem.
void history_problem(struct history *history, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
