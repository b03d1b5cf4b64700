// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_LAUNCHER_H
#define RELIGHT_LAUNCHER_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "relight/attempt.h"
#include "relight/err.h"

// A small single-threaded process, forked before any thread exists, that forks actuators and looks
// after their files, so that the cockpit neither forks nor touches the disk. It has its own
// session. It ends at the end of file on its socket; an actuator that has not had its request by
// then ends as never-started, the others go on. While an attempt runs, one more actuator is kept
// waiting in attempts/.spare, which becomes the directory of the next step's first attempt.
//
// JSON lines on a socket pair. To it:
//   {"launch":{"dir":D,"step":S,"attempt":N}}        make attempts/S/N, lock `lock`, fork an
//   actuator that waits for its request
//   {"perform":{"step":S,"attempt":N,"request":{…}}} hand the request over (the intent is durable
//   now)
//   {"forget":{"step":S,"attempt":N}}                close its stdin: never-started
//   {"look":{"dir":D,"step":S,"attempt":N}}          where does it stand?
//   {"cancel":{…,"why":W}}  {"extend":{…,"by_s":N}}  write the file `cancel`, `deadline`
// From it, for each launch (pid or error), when an actuator exits, and for each look:
//   {"attempt":{"step":S,"attempt":N,"state":"running|unattended|finished|never-started|unknown","pid":P,"result":{…}?,"error":"…"?,"slept_ms":N?,"put_off_ms":N?,
//   "stopping":{…}?}}  as attempt.h has that file; also the answer to an extension that came too
//   late

struct launcher {
	int fd; // the cockpit's end, non-blocking, close-on-exec
	int pid;
};

// Forks it. To be called first thing in main(), single-threaded. False with `err`.
bool launcher_start(struct launcher *launcher, struct err *err);

// In the place of one that has ended: a program is loaded for it, whose standard input is the
// socket. False with `err`, and launcher->fd is -1.
bool launcher_restart(struct launcher *launcher, const char *executable, struct err *err);

// What it does until its socket, `fd`, which is not 0 to 2, ends. All other descriptors are closed.
_Noreturn void launcher_serve(int fd);

#endif
