// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_PERFORM_H
#define RELIGHT_WORLD_PERFORM_H

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>

#include "relight/attempt.h"
#include "relight/buf.h"
#include "relight/err.h"
#include "relight/mask.h"

// The parts of the actuator, between its files: what is asked (order), what comes out (output),
// doing it (run), and what to think of it (judge).

// The files of an attempt, made before its request comes: on a busy file system making them takes
// longer than all the rest. -1: closed, or handed on.
struct files {
	int dir_fd;
	int output_fd;             // output.log
	int alive_fd;              // `alive`, locked
	int request_fd, result_fd; // drafts of request.json and result.json
};

// --- perform.c -------------------------------------------------------------------------------------------------------

// What a terminal does to others is not done to this process; it dumps no core, and stop_signals().
void perform_become_own_session(void);

// --- perform_order.c -------------------------------------------------------------------------------------------------

// The request, checked. Texts are borrowed from `request`.
struct order {
	cJSON *request;
	const char *directory;   // of the incident
	struct mask *mask;       // its secrets, and the values of env_file
	const cJSON *command;    // an argv; or
	const char *shell;       // a text for sh; or
	const cJSON *simulation; // of a rehearsal; or
	const cJSON *kubernetes; // what is done to a cluster …
	bool is_trial;           // … or only tried
	const char *dir;         // NULL: where the actuator is
	int64_t timeout_ms;      // -1: no limit
	int signal;              // how to stop it
	int64_t grace_ms;        // until KILL
	const cJSON *expect, *sets, *hints;
};

// Waits for one whole line on `in_fd`, checks it, and puts the variables of `env_file` and `env`
// into this process's environment, which the command inherits. False with `err`: nothing may be
// started.
bool order_read(struct order *order, int in_fd, const struct perform_task *task, struct err *err);
// Makes request.json of its draft `fd`, which is closed: masked, without secrets and without the
// values of variables.
bool order_keep(const struct order *order, int dir_fd, int fd, struct err *err);
void order_fini(struct order *order);

// --- perform_output.c ------------------------------------------------------------------------------------------------

#define OUTPUT_KEPT_BYTES (1u << 20) // of stdout, for expectations
#define OUTPUT_RECENT_BYTES                                                                        \
	(64u << 10) // of what both streams printed last, for hints and the last line

enum stream { STREAM_OUT, STREAM_ERR, STREAM_COUNT };

// What the command prints, masked, on its way to output.log.
struct output {
	int fd; // output.log, borrowed; -1: none
	struct mask_stream streams[STREAM_COUNT];
	enum stream last; // which one printed the end of the file …
	bool is_in_line;  // … and no line ends there
	EVP_MD_CTX *digest;
	int64_t bytes;        // in the file
	int64_t lost_bytes;   // that the disk did not take
	int lost_errno;       // why; 0: none are
	struct buf kept;      // the beginning of stdout, as it came
	bool is_cut;          // there was more
	struct buf recent;    // masked
	struct buf unwritten; // without a file: the first OUTPUT_KEPT_BYTES of what would be in it
	struct buf masked;    // scratch
};

// `fd` -1: it is not written down, but kept.
void output_begin(struct output *output, int fd, const struct mask *mask);
void output_take(struct output *output, enum stream stream, const char *bytes, size_t length);
// Puts this in the place of what was kept of stdout.
void output_keep(struct output *output, const char *bytes, size_t length);
// Gives out what masking still held back, and puts the file on disk for good. `sha256` is that of
// the bytes in the file.
void output_close(struct output *output, char sha256[65]);
// The last line that is not blank, at most 500 bytes, or "".
char *output_last_line(const struct output *output);
void output_fini(struct output *output);

// --- perform_stop.c --------------------------------------------------------------------------------------------------

enum stop { STOP_NONE, STOP_TIMEOUT, STOP_CANCEL };

// How the attempt ended.
struct ending {
	int exit;        // of the command; -1: it did not exit by itself, or there was none
	int signal;      // that ended it, or 0
	int http_status; // of the answer that decided; 0: none
	enum stop stop;  // what the actuator did to it
	bool is_unknown; // whether it was done cannot be known
	bool is_left;    // it was stopped, but what it started in a session of its own goes on
	cJSON *cluster;  // that was talked to, as result.json has it; NULL: none
	char *why;       // of a cancel, or why it failed; NULL: nothing to say
	int64_t duration_ms;
};

#define STOP_LOOK_MS 200 // how often `cancel` is looked for

struct stop_watch {
	const struct order *order;
	int dir_fd;
	int64_t began_ms;    // CLOCK_BOOTTIME
	int64_t started_ms;  // the same moment on the clock of stop_now_ms
	int64_t deadline_ms; // on that clock; -1: none
	int64_t look_ms;     // when to look for `cancel` next
	int64_t slept_ms;    // how long the machine slept since
	int64_t granted_ms;  // what was put to the time that was left after that
};

// Once in a process, before the attempt. SIGCHLD stays blocked, so that an end between the look at
// a child and the wait for it is not slept over: whoever waits lets it in.
void stop_signals(void);
// A clock that stands still while the machine sleeps, as all that runs on it does: what has a limit
// is measured by it.
int64_t stop_now_ms(void);
// Since the beginning, with the time in which the machine slept, as the record counts it.
int64_t stop_passed_ms(const struct stop_watch *watch);
struct stop_watch stop_begin(const struct order *order, int dir_fd);
// Whether the attempt must be stopped now; then `ending` says why.
bool stop_is_due(struct stop_watch *watch, struct ending *ending);
// How long may be waited until the next look.
int64_t stop_patience_ms(const struct stop_watch *watch);

// --- perform_run.c, perform_kubernetes.c -----------------------------------------------------------------------------

// Each carries the order out to its end. Blocks; needs stop_signals() called once. A command
// inherits files->alive_fd, which is closed here.
void run_command(const struct order *order, struct files *files, struct output *output,
	struct ending *ending);
void run_simulation(const struct order *order, struct files *files, struct output *output,
	struct ending *ending);
void run_kubernetes(const struct order *order, struct files *files, struct output *output,
	struct ending *ending);

// --- perform_judge.c -------------------------------------------------------------------------------------------------

// result.json as attempt.h has it. The caller frees.
cJSON *judge_ending(const struct order *order, const struct ending *ending,
	const struct output *output, const char sha256[65]);
cJSON *judge_never_started(const char *why);
bool judge_is_success(const cJSON *result);

#endif
