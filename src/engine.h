// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_ENGINE_H
#define RELIGHT_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <uv.h>

#include "load_health.h"
#include "relight/control.h"
#include "relight/decide.h"
#include "relight/event.h"
#include "relight/incident.h"
#include "relight/intent.h"
#include "relight/launcher.h"
#include "relight/manifest_files.h"
#include "relight/record.h"
#include "relight/scenario.h"
#include "relight/sensed.h"
#include "relight/sensor.h"
#include "relight/state.h"
#include "walk.h"

// The engine of the cockpit: intent → decide → record → fold → act. It owns the loop and everything
// that hangs on it, knows no screen, and never blocks once it is open. What sits on top (the
// cockpit's screen, or the answers of a headless run) is its front.

struct engine;

struct engine_front {
	void *context;
	// Something may look different now. Called at most once in a turn of the loop.
	void (*on_turn)(void *context);
	// An event was recorded and folded. May be NULL.
	void (*on_event)(void *context, const struct event *event);
	// The bytes of a line that is on disk for good now, in order. Its LF, which `length` does
	// not count, follows it. May be NULL.
	void (*on_durable)(void *context, const char *line, size_t length);
	// The incident was closed by an intent.
	void (*on_closed)(void *context);
	// Somebody takes the incident from another terminal: this session has to end, whatever its
	// terminal does. `words` say who, for a terminal.
	void (*on_taken)(void *context, const char *words);
};

// What an incident is opened or resumed with. Everything is taken over by the engine but for
// `executable`.
struct engine_setup {
	const char *executable;
	struct runbook *runbook;
	struct buf runbook_text;
	struct scenario *scenario; // NULL: real systems
	struct buf scenario_text;
	char *person;
	enum event_mode mode;
	double speed;    // simulated seconds in a real one
	char *directory; // --dir, or NULL
	char *mirror; // --mirror, or NULL: the folder that the mirror is in, or the mirror itself
	bool is_mirror_itself;
	const char *key;       // --key, borrowed; NULL: who sits here is asserted
	bool goes_past_damage; // --past-damage
	bool is_shared;        // --share, with this …
	gid_t group;
	char **inputs;           // by input index, NULL elements are unset
	const char **input_from; // by input index: person, default, answers
	bool is_brief;           // nobody can ask anything of this session: it is over at once
	int64_t taken_seq; // of the session.ended that says that this process takes over; 0: none
};

void engine_setup_fini(struct engine_setup *setup); // zeroed is safe

// An effect that waits until what announces it is durable.
struct engine_pending {
	struct effect effect;
	int64_t after_seq;
};

// What is known of sensed.jsonl by somebody who looks on.
struct engine_seen {
	struct stat file;    // that was read
	struct mono written; // on this machine's clock; MONO_NONE: there is none
	int64_t silence_ms;  // of the sensor, then; -1: it had never spoken
	int64_t session;     // the newest in the record, at the last look
};

// Whoever takes the incident from this session (engine_control.c).
struct engine_taker {
	struct control_peer peer;
	int64_t client;
	char *as, *why; // the name given, the reason; NULL: not said
	char *words;    // NULL: nobody takes it
	int64_t seq;    // of the session.ended that says so
};
// A note from another terminal, which is acknowledged once it is durable.
struct engine_asked {
	int64_t client, seq;
};

struct engine {
	uv_loop_t loop;
	struct engine_front front;
	struct engine_setup setup;
	const struct runbook *runbook;
	struct plan *plan;
	struct state *state;
	struct sensed *sensed;
	struct scenario_facts *simulated; // NULL: real systems
	struct watch *watches;            // by step index
	struct flap *flaps;               // by dependency index
	int64_t rebooted_seq; // what has a smaller seq was recorded before this machine's last boot
	int *spawned;         // by step index: the attempt whose step.spawned is recorded, and …
	char **hosts;         // … the machine that its newest intent was recorded on
	char *session_host;   // of the newest session in the record
	int64_t copied_seq;   // this is a mirror: what has a smaller seq was performed elsewhere
	int64_t clock_lead_us; // of the wall clock over the other one, when it was looked at last
	int64_t next_token;
	struct substitution values;
	char **contexts; // by target index: see facts.h; of an open incident
	struct record record;
	char *directory;        // absolute, NULL until the incident is prepared
	char *id;               // of a new incident
	cJSON *files;           // [{path, sha256, of?}] that the actions name, until it is recorded
	struct applied applied; // what the frozen files of objects hold, once they are read
	bool is_applied_known;
	char applied_sha256[65]; // of frozen/applied.json; "": there is none
	struct event *session;   // who sits here, until it is recorded
	char log[37];            // the record's uuid; "": the line that says so is damaged
	struct launcher launcher;
	uv_pipe_t launcher_pipe;
	int launchers_lost;
	struct buf launcher_in;
	struct sensor *sensor;
	uv_async_t durable; // the writer has come further
	uv_check_t check;
	uv_timer_t tick;
	struct engine_pending *pending;
	size_t pending_count, pending_capacity;
	struct buf written;   // lines not yet known to be durable, for front.on_durable, …
	int64_t written_from; // … the seq of the first of them
	struct wall first;    // of the first event that was read back
	struct mono looked;   // when running attempts were last looked at
	struct mono marked;   // when the last `mark` was written
	struct mono turned;   // when what is due was looked at last
	bool is_watched;      // somebody sits before a screen: the front's to say
	bool is_dirty, is_open, is_unrecorded, is_ending;
	bool is_taken; // it could not be prepared: there is an incident in that place
	// Of the record, when it was looked at last: nobody takes it, its home does not, its mirror
	// does not.
	bool had_fault, was_away, had_mirror_fault;
	struct timeline_follower followed; // the timeline that is looked on at
	uv_timer_t follow;
	bool is_following;
	bool is_deserted; // nobody on this machine has open what is followed, at the last look
	struct engine_seen seen;
	struct engine_leaving *leaving; // what the sensor says, on its way to sensed.jsonl
	struct err followed_fault;      // why it cannot be followed any more
	int control_fd;                 // control.sock, until it is listened on; -1
	struct control *control;        // NULL: nobody can ask
	struct err control_fault;       // why nobody can
	struct engine_taker taker;
	struct engine_asked *asked;
	size_t asked_count, asked_capacity;
	char *saved_path; // of what the record did not take in the end; NULL: nothing, or nowhere
	struct err lost;  // what of the record decides something and cannot be had; empty: nothing
};

// Sets everything up in memory; nothing is on disk yet and no event recorded. `launcher` was
// started before any thread; NULL for looking on only.
void engine_init(
	struct engine *engine, struct engine_setup *setup, const struct launcher *launcher);
// Starts the threads of the loop's workers. Where that cannot be, libuv ends the process: better
// before the incident is open than while it runs.
void engine_start_threads(struct engine *engine);
// Makes the incident directory and its timeline. Blocks on the disk; may run on another thread
// while nothing else touches the record. False with `err`.
bool engine_prepare(struct engine *engine, struct err *err);
// Records the opening of a prepared incident.
void engine_begin(struct engine *engine);
// Goes on with the incident in `directory`: its events were read and are folded; what was running
// is looked at. Blocks on the disk. False with `err`; *is_held (may be NULL) tells that another
// process has it.
bool engine_resume(struct engine *engine, const char *directory, bool *is_held, struct err *err);
// Looks on at the incident in `directory`, which another process may be writing: its events are
// folded as they come, nothing is recorded and nothing can be wanted. False with `err`.
bool engine_follow(struct engine *engine, const char *directory, struct err *err);
// Starts the sensor and the engine's timers.
bool engine_start(struct engine *engine, struct err *err);
// Ends the session (session.ended, why; who has taken it, where somebody has), waits for the
// record, stops the sensor, closes everything. Running attempts go on.
void engine_fini(struct engine *engine, const char *why);

// What is known now; valid until the next turn.
struct facts engine_facts(const struct engine *engine);
// Carries out what a person wants, or says why not.
bool engine_want(struct engine *engine, const struct intent *intent, struct err *err);
// Gives an input its value before or after opening; secrets are declared to the mask. `from` as in
// input.set.
void engine_set_value(struct engine *engine, int input, const char *value);
// Asks for a turn of the loop.
void engine_wake(struct engine *engine);
// Now on the clock of the incident: simulated in a rehearsal.
struct moment engine_now(const struct engine *engine);
int64_t engine_durable_seq(const struct engine *engine);
// Why the record cannot be written; false: it can.
bool engine_fault(const struct engine *engine, struct err *err);
// Milliseconds since the sensor spoke, also that of the one who is looked on at; -1: it never did,
// or nobody tells.
int64_t engine_sensor_silence_ms(const struct engine *engine);

// --- between the files of the engine ---
// Says who sits here, in `kind` behind the line with the head `after`, and has --key sign that
// (waits at most 10 s): where it cannot, nothing is opened. Needs log, record.sid and the mask.
// False with `err`.
bool engine_meet(struct engine *engine, enum event_kind kind, const char *after, struct err *err);
void engine_record_session(struct engine *engine);
// Whether that key can sign at all, before somebody else is asked to let go of the incident. Waits
// at most 10 s.
bool engine_try_key(const char *given, struct err *err);
// What is wrong with a timeline that the operator goes on with all the same.
struct damage {
	int64_t lines, first_line; // bad ones; the number of the first of them, from 1
	int64_t known_line; // up to here it was known before, and gone on with: of that log.segment
	bool is_new;        // there is some behind that
	bool is_torn;       // behind the last whole line there is a piece of one
};
struct past_damage {
	struct engine *engine;
	struct damage *damage;
};
// Takes note of a line, one after the other.
void damage_see(struct damage *damage, const struct walked *line);
// A timeline_read_whole of a struct past_damage: folds each line that is what was written,
// whatever became of the others.
bool engine_read_damaged(void *context, int fd, struct timeline_tail *tail, struct err *err);
// Records, where there is damage, that the record goes on behind it.
void engine_record_damage(
	struct engine *engine, const struct damage *damage, const struct timeline_tail *tail);
// What goes into frozen/, until it is there.
struct engine_frozen {
	struct frozen_file *items; // names are owned, bytes are not
	size_t count, capacity;
	struct manifest_files read;
	size_t applied;  // files of objects so far, …
	struct buf list; // … and what each of them is a copy of
	struct health_files health;
};
// Reads what the actions name into engine->files and into `frozen`. Blocks on the disk.
void engine_freeze(struct engine *engine, struct engine_frozen *frozen);
// Begins to read what they hold into engine->applied; that ends with the loop at the latest.
void engine_read_applied(struct engine *engine);
void engine_frozen_fini(struct engine_frozen *frozen);
// Adds {path, sha256, of} to a list; `of` may be NULL.
void engine_add_file(cJSON *files, const char *path, const struct buf *bytes, const char *of);
// Each turn: a fault of the record is recorded once, and its end ends "unrecorded".
void engine_look_at_record(struct engine *engine);
void engine_continue_unrecorded(struct engine *engine);
// At the end: what the disk did not take is saved elsewhere, and stderr says where.
void engine_save_pending(struct engine *engine);
void engine_record_fault(struct engine *engine, const char *what, const char *error);
// The control socket: makes it (blocks on the disk; may run on another thread), and listens once
// the incident is open. Without it the incident goes on: that is recorded as a fault.
void engine_bind_control(struct engine *engine);
void engine_listen(struct engine *engine);
// Each turn: acknowledges what is durable by now.
void engine_look_at_control(struct engine *engine);
// What session.ended says more where the incident is taken.
void engine_add_taker(struct engine *engine, cJSON *data);
// After session.ended, while the record is still locked: answers everybody, and removes the socket.
void engine_end_control(struct engine *engine);
void engine_unfollow(struct engine *engine);
bool engine_fold_line(void *context, const char *line, size_t length, struct err *err);
void engine_record(struct engine *engine, struct event *event);
// Tells the front which lines have become durable.
void engine_tell_durable(struct engine *engine);
void engine_commit(struct engine *engine, struct decision *decision);
void engine_attach_launcher(struct engine *engine);
void engine_carry_out(struct engine *engine, struct effect *effect);
void engine_announce(struct engine *engine, const struct effect *effect);
void engine_look(struct engine *engine);
// Takes note of where an event says that attempts are performed.
void engine_note_host(struct engine *engine, const struct event *event);
void engine_configure_sensor(struct engine *engine);
bool engine_start_sensor(struct engine *engine, struct err *err);
// Each turn of whoever has the incident: leaves what the sensor says for those who look on, once a
// second, on a thread that may wait for the disk. Taken away when the session ends.
void engine_leave_sensed(struct engine *engine);
void engine_take_sensed_away(struct engine *engine);
// Takes over what was left, where it is of the session that the record tells of.
void engine_look_at_sensed(struct engine *engine);

#endif
