// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TIMELINE_PARTS_H
#define RELIGHT_WORLD_TIMELINE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "relight/err.h"
#include "relight/timeline.h"
#include "timeline_copy.h"

// What the files of the writer share. Each knows those below it only:
//
//   timeline_open.c         takes up a record that is there
//   timeline.c              which copies there are, and what is durable
//   timeline_read.c         reads: for whoever writes, and for all others
//   timeline_elsewhere.c    where the refuge and the mirror have their files
//   timeline_copy.c         one copy: its queue and its thread
//   timeline_disk.c         lines and evidence on the disk
//   timeline_lock.c         who writes
//   timeline_segment.c      which files continue the first one, and what of them counts

struct timeline {
	char *directory;
	struct copy_shared shared;
	struct copy *home, *mirror, *refuge;
	struct mirror *mirror_files;
	char *refuge_path; // NULL: there can be none
	int64_t queued_seq;
	int64_t durable_seq; // what was said to be durable stays so
};

// One that has no copies yet. timeline_close frees it.
struct timeline *timeline_prepare(const char *directory, timeline_notify *notify, void *context);
// Opens the incident directory, and nothing in it yet.
bool timeline_open_directory(const char *directory, struct copy_files *files, struct err *err);

#endif
