// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_FILE_H
#define RELIGHT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"

// Whole files and whole writes. Names are relative to `dir_fd` (AT_FDCWD: the working directory).
// Everything here blocks on the disk; errors say "NAME: why".

// All of the bytes, across interruptions and short writes. False: errno says why, *written (may be
// NULL) how far it came.
bool file_write(int fd, const void *bytes, size_t length, size_t *written);

// A directory that is 0750 is shared with its group (`run --share`): what is made in it, open as
// `fd`, gets that group and the right to be read by it. Every other one changes nothing. False with
// errno.
bool file_share(int dir_fd, int fd);

// Makes a new file 0600 (in a shared directory 0640); nothing may be there, not even a symbolic
// link. The descriptor is close-on-exec; -1 with errno.
int file_create(int dir_fd, const char *name);

// Replaces a file by a new one of this content (0600): written beside it as NAME.new and renamed,
// so that a reader sees the old or the new one, whole. `is_durable`: both the file and its name are
// on disk for good when this returns (dir_fd is a real descriptor).
bool file_save(int dir_fd, const char *name, const void *bytes, size_t length, bool is_durable,
	struct err *err);
// The same for good, of a file that is 0600 from its first moment in a shared directory too.
bool file_save_private(
	int dir_fd, const char *name, const void *bytes, size_t length, struct err *err);
// The same in two: makes the empty NAME.new ahead of time (a descriptor as of file_create), and
// fills and renames it. file_publish closes `fd`, whatever comes of it; on failure nothing is left.
int file_draft(int dir_fd, const char *name, struct err *err);
bool file_publish(int dir_fd, const char *name, int fd, const void *bytes, size_t length,
	bool is_durable, struct err *err);

// As file_publish does it for good, but `fd` stays open. False: of the draft nothing is left; where
// its directory alone could not be synced, the new file is there, and may not outlive a power cut.
bool file_put(
	int dir_fd, const char *name, int fd, const void *bytes, size_t length, struct err *err);
// Removes what a killed process left as NAME.new; nothing needs to be there.
void file_forget_draft(int dir_fd, const char *name);

// Appends the content of a regular file of at most `most_bytes` to `out`. Anything else (a FIFO, a
// directory, one that is larger) is refused without blocking.
bool file_read(int dir_fd, const char *name, size_t most_bytes, struct buf *out, struct err *err);
// The same of a descriptor, to its end, whatever it is: blocks where that does (standard input).
// `name` is for messages.
bool file_read_fd(int fd, const char *name, size_t most_bytes, struct buf *out, struct err *err);

// The same for a file with secrets: refused when its group or others have any right to it.
bool file_read_private(
	int dir_fd, const char *name, size_t most_bytes, struct buf *out, struct err *err);

// A path as people write it, `~/` for the home directory ($HOME). The caller frees.
char *file_expand_home(const char *path);

// Opens a directory, close-on-exec; with `make`, it is made (0700, in a shared one
// 0750) if it is not there. -1 with
// `err`.
int file_open_directory(int dir_fd, const char *name, bool make, struct err *err);

// Whether somebody holds an exclusive lock (flock) on the file. Asks for a shared one for a moment,
// so that two who look do not see each other. False for a file that cannot be opened.
bool file_is_locked(int dir_fd, const char *name);

#endif
