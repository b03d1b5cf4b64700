// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SESSION_H
#define RELIGHT_SESSION_H

#include <cjson/cJSON.h>

#include "relight/identity.h"

// Who sits here, for session.open (FORMATS.md §5): host, user, uid, loginuid, tty, ssh_client,
// exe_sha256, identity. The caller frees. Blocks on the disk: it hashes `executable`.
// Whoever opens a session by running the program asserts a name: even the login name is that of
// whoever controls this process. What the system knows stands beside it.
cJSON *session_describe(const char *executable, enum identity identity);

// The name a person goes by: $RELIGHT_OPERATOR, else the login name, else "uid 1000". The caller
// frees.
char *session_person(void);

#endif
