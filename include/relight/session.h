// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SESSION_H
#define RELIGHT_SESSION_H

#include <cjson/cJSON.h>

// Who sits here, for session.open (FORMATS.md §5): host, user, uid, loginuid, tty, ssh_client,
// exe_sha256, identity. The caller frees. Blocks on the disk: it hashes `executable`.
cJSON *session_describe(const char *executable);

// The name a person goes by: $RELIGHT_OPERATOR, else the login name, else "uid 1000". The caller
// frees.
char *session_person(void);

#endif
