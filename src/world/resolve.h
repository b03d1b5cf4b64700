// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_RESOLVE_H
#define RELIGHT_WORLD_RESOLVE_H

#include <netdb.h>
#include <uv.h>

// Names to addresses without blocking a loop. Each look-up has a thread of its own: in libuv's pool
// a few names for which no server answers would hold up all others, also those that /etc/hosts
// knows.

#define RESOLVE_MAX 256 // look-ups at a time, those included that nobody waits for any more

struct resolve;

// `addresses` are for the callee to free with freeaddrinfo(); NULL with the words of gai_strerror()
// in `why`.
typedef void resolve_done(void *context, struct addrinfo *addresses, const char *why);

// Looks up the addresses of a stream service. `done` is called once from the loop, after as long as
// the system's resolver takes; never from in here. NULL, and `done` is not called, when too many
// look-ups are waiting already.
struct resolve *resolve_start(
	uv_loop_t *loop, const char *host, const char *port, resolve_done *done, void *context);

// `done` will not be called. The thread ends when the system's resolver lets it, and does not keep
// the loop alive; but until then the loop cannot be closed.
void resolve_cancel(struct resolve *resolve);

#endif
