// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_ATTEMPT_H
#define RELIGHT_ATTEMPT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "relight/err.h"

// The files of one attempt, attempts/<step>/<n>/ (FORMATS.md §4), and what they say about it
// (DESIGN.md §2).

enum attempt_state {
	ATTEMPT_RUNNING,       // `lock` is held: an actuator is alive
	ATTEMPT_UNATTENDED,    // lock free, no result, `alive` held: the command still runs, nobody
			       // watches it
	ATTEMPT_FINISHED,      // lock free, result.json there
	ATTEMPT_NEVER_STARTED, // result.json says so, or no request ever reached it
	ATTEMPT_UNKNOWN,       // all free, request there, no result
};
const char *attempt_state_word(enum attempt_state state); // static
bool attempt_state_parse(
	const char *word, enum attempt_state *state); // false for no such word, NULL too

// Where it stands now. *result (may be NULL) is result.json when there is one, to be freed by the
// caller, else NULL. A result that cannot be read or is no result counts as unknown. Blocks on the
// disk.
enum attempt_state attempt_look(
	const char *directory, const char *step, int attempt, cJSON **result);

// Makes attempts/<step>/<n> (0700), opens and locks `lock`. The descriptor is close-on-exec. -1
// with `err`, also when that attempt was performed already; one that never had a request may be
// prepared again. Blocks on the disk, and up to a tenth of a second while somebody looks at it.
int attempt_prepare(const char *directory, const char *step, int attempt, struct err *err);

// A directory prepared in the same way before it is known for what: attempts/.spare/1. Returns the
// descriptor of `lock`; *dir_fd is the directory, close-on-exec, the caller's too. -1 with `err`:
// neither is there. Taking it makes it that of a step's first attempt, `lock` still locked; false
// when the step has attempts already. Removing what is not there does nothing. They block on the
// disk.
int attempt_spare_prepare(const char *directory, int *dir_fd, struct err *err);
bool attempt_spare_take(const char *directory, const char *step);
void attempt_spare_remove(const char *directory);

// Leaves the file `cancel` or `deadline` for the actuator, which looks for them five times a
// second. False with `err`: it could not be left. Both block on the disk. Extensions add up;
// *is_too_late is set where the attempt is being stopped already: then nothing was left. An
// actuator that decides to stop and one who extends exclude each other, so that what was left in
// time is heard, and what was not is known to have come late.
bool attempt_cancel(
	const char *directory, const char *step, int attempt, const char *why, struct err *err);
bool attempt_extend(const char *directory, const char *step, int attempt, int by_s,
	bool *is_too_late, struct err *err);

// The machine slept while an attempt with a timeout ran: for how long in all, and by how much its
// end was put off for that on a clock that goes on meanwhile.
struct attempt_sleep {
	int64_t slept_ms, put_off_ms;
};
// The actuator leaves it in the file `slept`; a disk that does not take it is no reason to stop.
// Blocks on the disk.
void attempt_tell_sleep(int dir_fd, const struct attempt_sleep *sleep);
// All zeros where nothing was left. Blocks on the disk.
struct attempt_sleep attempt_slept(const char *directory, const char *step, int attempt);

// What an actuator leaves in the file `stopping` before it sends the signal, or, where there is
// no process to send one to, before it gives up:
//   {"cause":"timeout|cancel","after_ms":N,"signal":N?,"grace_ms":N?,"extended_s":N}
struct attempt_stop {
	bool is_cancel;
	int64_t after_ms;   // since it began
	int signal;         // 0: none
	int64_t grace_ms;   // from that until KILL
	int64_t extended_s; // what persons had put to its time by then: nothing is put to it later
};
// For the actuator, between attempt_door_close and attempt_door_open, which keep extensions out
// meanwhile. The first blocks for a tenth of a second at most: an attempt is stopped in any case.
void attempt_door_close(int dir_fd);
void attempt_door_open(int dir_fd);
void attempt_tell_stop(int dir_fd, const struct attempt_stop *stop);
// That file; NULL: it is not being stopped. Blocks on the disk. The caller frees.
cJSON *attempt_stopping(const char *directory, const char *step, int attempt);

// For the actuator: its directory, close-on-exec (-1 with `err` and errno); all extensions so far,
// in seconds, 0 where there are none or they cannot be read. Both block on the disk.
int attempt_open(const char *directory, const char *step, int attempt, struct err *err);
int64_t attempt_extension_s(int dir_fd);

// Scripts that actions name are hashed up to this size (FORMATS.md §4).
#define SCRIPT_MOST_BYTES (16u << 20)

// --- the actuator ----------------------------------------------------------------------------------------------------

// The request, one JSON line (what travels; request.json is the same, masked and without env values
// and secrets):
//   {"step":S,"attempt":N,"role":"run"|"rollback",
//    "action":{"command":[…]} | {"shell":"…"} | {"simulate":{"takes_ms":N,"exit":N,"output":"…"}} |
//             {"kubernetes":{"target":T,VERB:…}}  in the words of relight-runbook(5),
//    "dir":"…", "env":{NAME:VALUE…}, "env_file":"…"?, "secrets":[{"name":N,"value":V}…],
//    "timeout_ms":N?, "signal":N, "grace_ms":N,
//    "expect":{"exit":N,"contains":…,"matches":…,"jq":…}?, "sets":[{"input":I,"jq":"…"}]?,
//    "hints":[{"match":…,"say":…}]?,
//    "scripts":[{"path":…,"sha256":…}]?,  must be as they were, else nothing is started
//    of kubernetes: "incident":"…"?, "cluster":{"kubeconfig":"…"?,"context":"…"?,"namespace":"…"?,
//    "pin":"uid … ca_sha256 …"?}, "files":[{"named":"gate.yaml","path":"/srv/case/gate.yaml"}],
//    "applied_sha256":H?,  of the list of what is frozen; what is not in it is read where it is
//    "dry_run":true?}  nothing is changed; without a VERB it is only seen who answers
// result.json:
//   {"outcome":"success|failed|timeout|cancelled|never-started|unknown","exit":N?,"signal":N?,"http_status":N?,
//    "duration_ms":N,"ended":TS,
//    "output":{"bytes":N,"sha256":H,"missing_bytes":N?,"missing_why":"…"?},"why":"…"?,"sets":{I:V}?,"hint":"…"?,"tail":"last
//    line of output"?,"cluster":{"endpoint":"…","fingerprint":{…}}?}  of kubernetes: who answered
struct perform_task {
	const char *directory, *step;
	int attempt;
	int lock_fd; // locked already, or -1: lock it here
	int in_fd;   // where the request line comes from
	int dir_fd;  // where the directory was prepared before its step was known, which the
		     // request names then (`step` is NULL); 0: it is opened by its name
};
// Performs one attempt to its end in this process, which becomes its own session: 0 success, 1 any
// other outcome, 2 wrong usage or never started. Blocks for as long as it takes; sets signal
// handlers; meant for a process of its own.
int perform_attempt(const struct perform_task *task);

// Only tries what a request asks for, which must have "dry_run":true (kubernetes), for no attempt:
// no file is written. One JSON line goes to `out_fd`: result.json, and in "lines" what was said on
// the way, one text a line, the first MiB of it; all of it masked. `directory` is the
// incident's, whose frozen files are applied; NULL: none are named. Blocks until the request's
// timeout at most; otherwise as perform_attempt. 0 where all of it would be done, else 1.
int perform_trial(const char *directory, int in_fd, int out_fd);

#endif
