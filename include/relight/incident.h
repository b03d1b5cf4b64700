// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_INCIDENT_H
#define RELIGHT_INCIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/moment.h"

// The incident directory (FORMATS.md §4): where it is, what is in it from the start, and finding
// one by name. Everything here blocks on the disk.

// A file that judges or is executed, kept as it was when the incident opened.
struct frozen_file {
	const char *name; // in frozen/, e.g. FROZEN_RUNBOOK
	const char *bytes;
	size_t length;
	bool is_private; // its owner's only, also where the incident is shared
};

// `<UTC>-<name>`, for example 20260703T024700Z-case-management-eks: the id of an incident, and its
// directory's name. Freed by the caller.
char *incident_id(struct wall opened, const char *runbook_name);

// Where incidents are kept: $XDG_STATE_HOME/relight/incidents, else below ~/.local/state. NULL with
// `err` when neither variable is set.
char *incident_home(struct err *err);

#define INCIDENT_PRIVATE ((gid_t)-1) // no group: for its owner only

// The group of `run --share`. False with `err` when there is none of that name or this user is not
// in it.
bool incident_group(const char *name, gid_t *group, struct err *err);

// Makes the directory and its frozen/, attempts/ and evidence/, and syncs it all. `directory` is
// that very directory (it may exist, if it is empty of a timeline), or NULL: one named `id` below
// incident_home(). Directories are 0700 and files 0600; with a `group` 0750 and 0640, of that
// group. Refused are a symbolic link, whatever is no directory, one of another user, one that
// everybody may write or put another in the place of, and one that the group cannot get at. The
// path, absolute, to be freed by the caller; NULL with `err`.
char *incident_create(const char *directory, const char *id, gid_t group, struct err *err);
// Writes and syncs the files in its frozen/. To be called by whoever has its timeline: of two that
// open an incident in one place only one may say what is frozen there.
bool incident_freeze(
	const char *directory, const struct frozen_file *files, size_t count, struct err *err);
// Appends what frozen/applied.json says was kept as `name` ("frozen/applied-001-gate.yaml"), whose
// digest must be `sha256` (NULL: none is good). One that holds a Secret is not in a mirror; there
// the file that it is a copy of, `of` (NULL: none), stands in as long as it has not changed. False
// with `err`, which says what to do.
bool incident_read_frozen(const char *directory, const char *name, const char *sha256,
	const char *of, size_t most_bytes, struct buf *text, struct err *err);

// Whether this user may go on with the incident in `directory`: it is theirs, and its parts are
// what they should be. False with `err`.
bool incident_is_ours(const char *directory, struct err *err);

// The directory that `name` means: a directory, the name of one below incident_home(), or a unique
// beginning of one; NULL: the newest one. Absolute, freed by the caller. NULL with `err`, which
// lists what an ambiguous beginning could mean.
char *incident_find(const char *name, struct err *err);

// What a person can type for incident_find to find this directory, which is absolute: the time in
// its name where no other one begins so, its name, or the path where it is kept elsewhere. Freed by
// the caller.
char *incident_shortest(const char *directory);
// The account whose directory it is, where that is not the present one: only from there it can be
// resumed or taken. NULL: the present one, or not known. Freed by the caller.
char *incident_other_owner(const char *directory);

// Names below incident_home(), newest first, NULL-terminated; free each and the list. NULL with
// `err`; none yet gives an empty list.
char **incident_names(struct err *err);

// A relight that has lost its terminal goes on recording until its attempts have settled, and
// offers the incident by a file, `detached`. Whoever sits at a terminal takes it by removing that
// file; then the other one lets go.
void incident_offer(const char *directory);
bool incident_is_offered(const char *directory);
// Removes the offer. False: there was none.
bool incident_take(const char *directory);

// Whether there is a timeline in it.
bool incident_has_timeline(const char *directory);

#endif
