// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_INCIDENT_PLACE_H
#define RELIGHT_INCIDENT_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "relight/err.h"

// Where an incident may be kept, so that nobody else can put something in the place of the record,
// and everybody it is shared with can get at it.

// Looks at the directories above `path`, as far as they are there: nobody but their owner may be
// able to put another one in their place, and `group` (INCIDENT_PRIVATE: none) must be able to pass
// through them.
bool incident_place_above(const char *path, gid_t group, struct err *err);
// Looks at the directory itself, which is open: it must be this user's, and not everybody's to
// write. `path` is for messages.
bool incident_place_is_ours(int dir_fd, const char *path, struct err *err);
// Whether what is in it by the names of an incident's parts is a directory or a regular file.
bool incident_place_is_clean(int dir_fd, const char *path, struct err *err);
// Says why `path` is not a directory that can be used: false, with what stands there instead.
bool incident_place_refuse(const char *path, int errnum, struct err *err);

#endif
