// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_REPORT_PARTS_H
#define RELIGHT_CORE_REPORT_PARTS_H

#include "relight/report.h"

// Shared by the files of the report.

struct report_step {
	struct moment first; // when it was first started, attested or decided
	int64_t first_seq;   // of that event, -1: it never was
	struct moment from;  // the beginning of the work on it that is not over; MOMENT_NONE
	int64_t worked_us;   // on what is over
	struct moment end;   // when the newest of it was; MOMENT_NONE: it never was
	int64_t end_seq;     // likewise, -1
	int regressed;       // how often
	cJSON *tries;        // [{attempt, …}]; moved into the report
};

// What is only seen on the way through the events, with the state as it was at each of them.
struct report_walk {
	struct report_step *steps;                                              // by step index
	int64_t declared_seq, impact_seq, recovered_seq, closed_seq, abort_seq; // -1: none
	int64_t *serving_seq;       // by function index; the journey as a whole behind the last one
	int64_t *restore_point_seq; // by restore point index
	int64_t level_seq;          // what reached the highest level of evidence
	int64_t waited_us;          // nothing could go on without a person
	cJSON *waits;       // [{"from":seq,"to":seq,"seconds":n,"for":step}]; moved into the report
	cJSON *newest_wait; // of `waits`, NULL: none
	int64_t newest_wait_us;
	struct moment looked; // when there was a sign last that somebody looks; MOMENT_NONE: never
	int64_t looked_seq;
	int64_t unwatched_us;
	bool *was_known; // by dependency index: at any time, …
	int not_known;   // … and so many of those are not, …
	cJSON *gap;      // … in this one of `gaps`; NULL: all are
	struct moment gap_from;
	cJSON *gaps;      // [{"from":time,"to":time,"most":n,…}]; moved into the report
	cJSON *unwatched; // [{"from":seq,"to":seq,"seconds":n}]; moved into the report
};

void report_walk_init(struct report_walk *walk, const struct report_source *source);
void report_walk_fini(struct report_walk *walk, const struct report_source *source);

// Members that are null where the value is not known.
void report_add_text(cJSON *object, const char *key, const char *text);
void report_add_wall(cJSON *object, const char *key, struct wall at);
void report_add_seconds(cJSON *object, const char *key, int64_t ms); // -1: not known
void report_add_met(cJSON *object, const char *key, int is_met);     // -1: not known
// "rests_on": those of the numbers that are not -1, in rising order, each once.
void report_add_rests(cJSON *object, const char *key, const int64_t *seqs, size_t count);

// The parts of the report.
void report_add_objectives(
	cJSON *report, const struct report_source *source, const struct report_walk *walk);
void report_add_steps(cJSON *report, const struct report_source *source, struct report_walk *walk);
void report_add_events(cJSON *report, const struct report_source *source);
void report_add_updates(cJSON *report, const struct report_source *source);

#endif
