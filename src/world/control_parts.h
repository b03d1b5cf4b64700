// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_CONTROL_PARTS_H
#define RELIGHT_WORLD_CONTROL_PARTS_H

#include <sys/un.h>

#include "relight/control.h"

// What both ends of the control socket need.

// The address of `name` (NULL: the thing itself) in what `fd` has open. A socket's address holds
// 107 bytes and an incident's path may be longer: this way there is no path in it (proc(5)).
void control_address(int fd, const char *name, struct sockaddr_un *address);

// Who is at the other end. False: the kernel does not say.
bool control_peer_of(int fd, struct control_peer *peer);

#endif
