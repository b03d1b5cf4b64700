// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_STATE_H
#define RELIGHT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/event.h"
#include "relight/moment.h"
#include "relight/pin.h"
#include "relight/plan.h"
#include "relight/runbook.h"
#include "relight/status.h"

// The state of an incident: a pure fold over its timeline (FORMATS.md §5, "The fold"). state_apply
// is the only mutator; the live screen, resume, watch, report and verify all use it, so what a
// reviewer sees is what the operator saw.

enum step_state {
	STEP_WAITING,
	STEP_READY,
	STEP_RUNNING,
	STEP_VERIFYING,
	STEP_DONE,
	STEP_REGRESSED,
	STEP_FAILED,
	STEP_UNKNOWN,
	STEP_SKIPPED,
	STEP_STATES,
};
const char *step_state_word(enum step_state state); // static, as all words here

enum outcome {
	OUTCOME_NONE,
	OUTCOME_SUCCESS,
	OUTCOME_FAILED,
	OUTCOME_TIMEOUT,
	OUTCOME_CANCELLED,
	OUTCOME_NEVER_STARTED,
};
const char *outcome_word(enum outcome outcome);
bool outcome_parse(const char *word, enum outcome *outcome); // false for no such word, NULL too

// How a step came to be done.
enum done_how {
	DONE_NOT,
	DONE_VERIFIED,
	DONE_RESULT,
	DONE_CONFIRMED,
	DONE_DECIDED,
	DONE_OVERRIDDEN,
	DONE_RESOLVED
};

struct step_progress {
	enum step_state state; // as folded; waiting and ready are inferred by state_step() from
			       // this STEP_WAITING
	enum done_how how;
	int attempt;                        // newest, 0: none
	bool is_rollback;                   // the newest attempt is the rollback
	struct moment intent, result, done; // of the newest attempt; done: when it last became done
	struct moment since;                // when it got into this state
	struct wall first_started;
	enum outcome outcome;  // of the newest attempt
	int exit, signal;      // -1: absent
	int64_t duration_ms;   // of the newest attempt; -1 absent
	int64_t missing_bytes; // of the output of the newest attempt that no disk took
	int64_t extended_ms;   // added to the timeout of the newest attempt
	int64_t put_off_ms;    // and, beside that, for the time in which the machine slept
	int64_t timeout_ms;    // of the newest attempt as announced; ABSENT_MS none
	bool cancel_asked;
	struct stopping {            // what its actuator does to end the newest attempt
		int64_t after_ms;    // since it began; ABSENT_MS: it does nothing of the kind
		int signal;          // that it sent; 0: none
		int64_t grace_ms;    // from that until KILL
		int64_t too_late_ms; // more time that was given, and came too late
	} stopping;
	bool by_hand;          // confirmed as done by hand
	int retried;           // automatic retries of the present run of failures
	int never_started;     // attempts in a row that never started
	char *by;              // who started, confirmed or decided last
	char *said;            // what that person said, why it failed, was skipped or overridden
	int64_t submitted_seq; // when it was last carried out, or attested, with success; -1
	char *remains;         // "done, 2 left": what an override left open; NULL: nothing
	char *chosen;          // decide: the option's id
	char *owner;           // step.assigned
	bool is_acknowledged;  // a person has seen the present failure, regression or unknown
			      // outcome
	int64_t seq;                  // of the event that last changed it
	int64_t intent_seq;           // of the newest step.intent, -1
	struct moment verifying_from; // since when evidence counts
};

struct dependency_known {
	enum status status;
	bool is_fresh;    // false: stale since the session began, or went silent
	bool is_attested; // dependency.confirmed: a person's word
	char *message;
	struct wall observed_at;
	struct moment since; // of this status
	int64_t seq;
	int flaps;
};

// Expectation words (FORMATS.md §1).
enum expectation_word { AWAITED, DUE, HELD, LOST, GIVEN, EXPECTATION_WORDS };
const char *expectation_word(enum expectation_word word);

enum waiver_as { WAIVER_START_ANYWAY, WAIVER_MUTED, WAIVER_DEGRADED, WAIVER_WAYS };
const char *waiver_as_word(enum waiver_as as);
enum waiver_as waiver_as_parse(const char *word); // NULL and no such word: WAIVER_START_ANYWAY

struct waiver {
	int64_t seq;
	int step, dependency; // indexes, -1: absent
	char *edge;           // the need or dependency of that step which is waived; NULL: all
	enum waiver_as as;
	char *why, *by;
	struct moment since;
	struct wall until; // WALL_NONE: until ended
	bool is_ended;
};
// Neither ended nor past its end.
bool waiver_is_in_force(const struct waiver *waiver, struct wall now);

struct remark { // note, decision, follow-up, status …: what the report lists
	int64_t seq;
	enum event_kind kind;
	struct wall ts, at; // at: the time it is about
	char *by, *type, *text, *step;
};

struct role_holder {
	char *role, *who;
};

// A script that an action names, as it was when the incident opened.
struct script {
	char *path, *sha256;
};

struct pin {
	bool is_pinned;
	char *endpoint, *fingerprint; // as one text: "uid 0b1c… ca 9f…"
	bool has_changed; // target.changed without target.repinned since: actions on it are refused
	char *context;    // the kubeconfig's current one then, where the runbook names none
	char *now, *now_endpoint; // the changed fingerprint, and whose it is
	int64_t seq, changed_seq; // of the events that pinned it, and that told of the change; -1
};

// What is wrong with a target, worst first.
enum target_trouble {
	TARGET_FINE,
	TARGET_CHANGED, // another one answers than was pinned
	TARGET_TWIN,    // source and recovery are the same, whether they were pinned so or not
	TARGET_WRONG,   // it is not the cluster whose UID the runbook names
};

// What a fingerprint means for a target.
enum pin_news {
	PIN_NO_NEWS,
	PIN_FIRST, // it is pinned by this
	PIN_MORE,  // the same one, of which more is known (pin_merged)
	PIN_OTHER, // another one than was pinned, or than was told last
};

struct state {
	const struct runbook *runbook; // borrowed
	const struct plan *plan;       // borrowed

	// the plan, by index in the runbook
	struct step_progress *steps;
	int regressed_count, running_count; // steps in that state
	struct dependency_known *dependencies;
	char **inputs; // NULL: unset; a secret's value is "" once known to be set
	bool *input_is_set;
	struct pin *pins;              // by target index
	struct wall *restore_point_at; // chosen
	struct wall *restore_point_found;
	bool *open_confirmed; // lines of the open phase attested by a person, by open_line index
	size_t open_line_count;
	struct waiver *waivers; // in the order of the record
	size_t waiver_count, waiver_capacity;

	// the incident
	char *incident;         // id, NULL before incident.declared
	struct moment declared; // T0; wall WALL_NONE before
	struct wall impact_at, detected_at;
	char *declared_by;
	bool is_open, was_aborted;
	char *abort_why;
	struct moment aborted, recovered, closed; // wall WALL_NONE: not
	int recovered_level;                      // -1
	char *recovered_why, *recovered_by;
	bool recovered_with_proof; // state_proves_recovery() when it was declared
	char *closed_result;
	struct moment *serving;        // by function index: since when; wall WALL_NONE: not
	struct moment journey_serving; // where there are no functions
	int highest_level;             // evidence level reached, -1

	// who is at it
	bool is_armed;
	char *armed_by;
	int session_count;
	double speed; // of the newest session; 1 where absent
	char *session_by;
	struct role_holder *roles; // the newest holder of each role
	size_t role_count, role_capacity;
	struct remark *remarks; // in the order of the record
	size_t remark_count, remark_capacity;

	// what was frozen when the incident opened
	struct script *scripts; // of runbook.loaded, outside frozen/
	size_t script_count, script_capacity;
	char applied_sha256[65]; // of the list of what was frozen to be applied (attempt.h); "":
				 // nothing was

	// the record
	enum event_mode mode;
	int64_t events;         // folded: the newest seq + 1
	int64_t first_bad_line; // gone on with on purpose; 0: none is known
	struct moment last;     // of the newest event
	char boot[37];          // of the newest event
	int64_t mono_offset_us; // makes monotonic times of another boot comparable
};

// Nothing has happened yet. `runbook` and `plan` must outlive it.
struct state *state_new(const struct runbook *runbook, const struct plan *plan);
void state_free(struct state *state); // NULL is safe

// Folds the next event. Never fails: what it does not know, or what names unknown ids, is skipped.
// Reads no clock.
void state_apply(struct state *state, const struct event *event);

// The worst that is wrong with it by what the record says.
enum target_trouble state_target_trouble(const struct state *state, int target);
// What a target that has changed has become against its pin.
enum pin_change state_pin_change(const struct state *state, int target);
// It has changed, and the one that was pinned answers again. Another one has in between, so it
// stays changed until a person accepts that.
bool state_pinned_is_back(const struct state *state, int target);
// Whether a check of the dependency asks a target at which another one answers than should: then
// what is seen there is no evidence, and the dependency is unknown. Appends the reason to `why`
// ("another cluster answers: re-pin target prod, or correct its kubeconfig"), which may be NULL.
bool state_doubts(const struct state *state, int dependency, struct buf *why);
// What it means that the target's kubeconfig or context is not there: STATUS_MISSING where it was
// never reached, or the step that makes it is still to be carried out; else it is there for all
// that is known, and could not be asked: STATUS_UNKNOWN.
enum status state_unreached(const struct state *state, int target);
// Appends it as it is shown behind the target's name: "IS ANOTHER ONE NOW", "IS THE PINNED ONE
// AGAIN, RE-PIN IT"; nothing where it is fine.
void state_trouble_say(const struct state *state, int target, struct buf *out);
// It has changed, and the step that creates it has been carried out again since it was pinned: then
// it is accepted without a reason.
bool state_repin_is_expected(const struct state *state, int target);
enum pin_news state_pin_news(const struct state *state, int target, const cJSON *fingerprint);
// As what it answers now, whatever it was pinned as.
const char *state_pin_now(const struct pin *pin);
// The recovery target that a source target turns out to be, or the other way round: both are
// pinned, and what answers now has something in common and contradicts each other in nothing. -1:
// there is none.
int state_twin(const struct state *state, int target);

// What can be said of a step now; waiting and ready are inferred here.
enum step_state state_step(const struct state *state, int step, struct wall now);
// The first thing that keeps a waiting step from starting, appended to `why` in words naming the
// first blocking cause ("needs data", "requires recovery-api: missing", "needs input backup");
// false: nothing does. `why` may be NULL. `now` ends waivers.
bool state_blocked(const struct state *state, int step, struct wall now, struct buf *why);
// The same, but for the end: what the step itself waits for, whether or not the incident is closed
// or the recovery was given up.
bool state_lacks(const struct state *state, int step, struct wall now, struct buf *why);
// It waits because its rollback, which came after all that was done for it, has succeeded.
bool state_is_rolled_back(const struct state *state, int step);
// The first input that it mentions and that is not set, or -1.
int state_missing_input(const struct state *state, int step);
// Of the inputs that a person is asked for when the step is confirmed (`sets` as a list), the
// index-th that is not set; -1: there are not so many.
int state_asked_input(const struct state *state, int step, size_t index);
// A waiting step that only a person can set free: everything else is there but an input or its
// target, which has changed, is the wrong one or has not answered.
bool state_waits_for_person(const struct state *state, int step, struct wall now);
// The step `need` is done or skipped, or `step` was waived to start without it.
bool state_need_is_met(const struct state *state, int step, int need, struct wall now);
// The dependency is healthy or waived, or `step` was waived to start without it.
bool state_requirement_is_met(const struct state *state, int step, int dependency, struct wall now);
// Its newest attempt was its rollback, which failed or whose outcome is unknown, and nobody has
// carried the step out since: what it restores proves nothing then.
bool state_rollback_is_open(const struct state *state, int step);

// What is expected of a dependency by now: given where no step restores it.
enum expectation_word state_expectation(const struct state *state, int dependency);
// Healthy and fresh, now.
bool state_is_healthy(const struct state *state, int dependency);
// How long after its intent the newest attempt is ended: its timeout, with what was put to it.
// ABSENT_MS: never.
int64_t state_limit_ms(const struct state *state, int step);
// It was cancelled, or its actuator has said that it ends it: no more time can be given.
bool state_is_stopping(const struct state *state, int step);
// So little of that is left that a person is asked for more time.
bool state_is_near_timeout(const struct state *state, int step, struct mono now);
// Not healthy and one that it follows is not healthy either: the index of the first such, else -1.
int state_folded_under(const struct state *state, int dependency);
// The newest waiver in force that is about exactly these (-1: none), or NULL.
const struct waiver *state_waiver(
	const struct state *state, int step, int dependency, struct wall now);
// Done downstream of something regressed.
bool state_over_regression(const struct state *state, int step);

struct counts {
	int total, done, running, ready, verifying, waiting, failed, regressed, unknown, skipped;
};
// Over all steps (abort steps left out), or over those of one phase (-1: all).
struct counts state_counts(const struct state *state, int phase, struct wall now);
// Everything but abort steps done or skipped.
bool state_is_recovered(const struct state *state);
// And that is more than somebody's word: every dependency, of which there is one at least, is known
// to be healthy.
bool state_proves_recovery(const struct state *state);
// A live criterion for aborting (abort.when_unhealthy, by index) is met: its dependency has been
// seen bad for so long, after its step was done.
bool state_should_abort(const struct state *state, size_t criterion, struct moment now);
int state_evidence_level(const struct state *state); // -1: nothing proven

// Lines of the built-in phase `open`.
struct open_line {
	char id[80]; // "open:impact", "open:input-backup"
	char text[160];
	bool is_done, is_attested;
};
size_t open_line_count(const struct runbook *runbook); // of any state of it
// `index` is below that. Longer texts are cut.
void open_line_get(const struct state *state, size_t index, struct open_line *line);

// How long the recovery still takes, from what runs and what is left (DESIGN.md §5, "Forecast").
struct forecast {
	int64_t remaining_ms;             // of the critical path from now; -1: cannot be said
	int rests_on;                     // the first step of that path that is not done, -1
	int64_t elapsed_ms;               // since impact (or the declaration)
	int64_t rto_left_ms, mtd_left_ms; // negative when missed; only where there is an objective
	bool has_rto, has_mtd;
	int64_t finish_ms; // since impact
	bool misses_rto, misses_mtd;
	int64_t misses_rto_by_ms;
	int64_t loss_ms; // data-loss window against RPO: impact − oldest chosen restore point; -1
			 // unknown, less: that is after the impact
	bool has_rpo;
	bool is_serving; // it was seen, and the clock has stopped
	// A person has declared the recovery, but nothing was seen to serve: no objective is met by
	// that. Where no journey could be seen the clock has stopped all the same.
	bool is_declared;
};
// What a recovery that is only declared lacks: "nothing was seen to serve", "not every function was
// seen to serve". Static.
const char *state_unproven(const struct state *state);
struct forecast state_forecast(const struct state *state, struct moment now);
// What all clocks count from: the impact, or while nobody has said when that was the declaration.
// WALL_NONE before either. The word is static.
struct wall state_origin(const struct state *state);
const char *state_origin_word(const struct state *state); // "impact", "declaration"
// From there, where an impact has only a wall time, to `at`. From the declaration on
// the monotonic clock counts, whatever became of the wall clock. -1 before the declaration and for
// a moment that is not known.
int64_t state_elapsed_ms(const struct state *state, struct moment at);
// When each step is expected to be done, in milliseconds from now (0: it is), by step index; abort
// steps stay untouched.
void state_finishes(const struct state *state, struct moment now, int64_t *finish_ms);

// The whole state as canonical JSON, for comparing two of them. The caller frees. Waiting and ready
// are as of the newest event.
cJSON *state_dump(const struct state *state);

#endif
