// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CONTROL_H
#define RELIGHT_CONTROL_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "relight/err.h"

// An incident's control.sock (FORMATS.md §4): whoever has the incident listens, a command in
// another terminal asks. Both write JSON objects, one a line: a request {"WORD":{…}}, and for each
// request one answer, {"error":"…"} where it is refused. Who asks is known from the kernel
// (unix(7), SO_PEERCRED), not from what is said.

#define CONTROL_NAME       "control.sock"
#define CONTROL_LINE_BYTES (64 * 1024) // of a request or an answer, with its LF

// Who was at the other end when the connection was made.
struct control_peer {
	uid_t uid;
	pid_t pid;     // 0: a process of another PID namespace
	char user[64]; // its name where this machine itself knows one, else "uid 1000"
};

// --- listening: by whoever holds the lock of the record, and nobody else ---

// Makes the socket in the incident's directory, 0600, in one that is shared with its group 0660 and
// of that group; what an earlier holder left is replaced, anything but a socket of this user's is
// not. Nobody can connect yet. The path may be longer than a socket's address. A descriptor,
// close-on-exec and non-blocking; -1 with `err`. Blocks on the disk.
int control_bind(const char *directory, struct err *err);

struct control;

// A request, on the loop. `body` is what stands under `word`, an object. It must be answered once,
// by control_answer: now, or later. `client` is a number that is never used again.
typedef void control_handler(void *context, int64_t client, const struct control_peer *peer,
	const char *word, const cJSON *body);

// Listens on what control_bind made and takes it over; `directory` is where its name is removed at
// the end. At most 64 clients at a time, 32 of them of other users, 10 s each for a request. NULL
// with `err`, and the descriptor closed, when it cannot listen. Does not block but on the local
// user database, for the name of another user.
struct control *control_listen(uv_loop_t *loop, int fd, const char *directory,
	control_handler *handler, void *context, struct err *err);

// Answers the client's request; takes ownership of `answer`. One that has gone is not told. Does
// not block: who does not read is cut off.
void control_answer(struct control *control, int64_t client, cJSON *answer);

// Removes the socket's name, and cuts everybody off who still waits. The loop must run once more
// before it is freed. NULL is safe. To be called while the lock of the record is still held.
void control_close(struct control *control);

// --- asking ---

enum control_reach {
	CONTROL_REACHED,
	CONTROL_NOBODY, // there is no socket, or nobody listens any more
	CONTROL_FAILED, // it is none that may be trusted, or cannot be used
};

// Connects to the socket in `directory`, which must be the directory's owner's or root's, and so
// must be who listens; *holder is who that is. *fd is to be closed by the caller. Waits at most
// `patience_ms`, where too many want to be heard. Not CONTROL_REACHED: `err` says why.
enum control_reach control_connect(const char *directory, int patience_ms, int *fd,
	struct control_peer *holder, struct err *err);

// Sends {"WORD":body} and waits for the answer, which the caller frees; takes ownership of `body`.
// NULL with `err`: none came in `patience_ms` (*is_silent true), or the connection is lost (false).
cJSON *control_ask(
	int fd, const char *word, cJSON *body, int patience_ms, bool *is_silent, struct err *err);

#endif
