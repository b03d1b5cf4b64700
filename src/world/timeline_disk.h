// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_TIMELINE_DISK_H
#define RELIGHT_WORLD_TIMELINE_DISK_H

#include "timeline_copy.h"

// The files of one copy of the record, for the thread that writes them: it knows no lock and no
// queue. All of it blocks for as long as the disk does.

// A piece of evidence, which is a file of its own in evidence/.
struct blob {
	struct blob *next;
	char sha256[65];
	struct buf bytes;
};

struct disk {
	char *name; // of the copy, for messages
	struct copy_files files;
	bool is_directory_synced;
	bool needs_segment;  // the newest one failed to sync
	off_t durable_bytes; // of the newest one: what is behind them was never acknowledged
	bool has_tail;       // there is something behind them
};

// Takes the descriptors over.
void disk_opened(struct disk *disk, const struct copy_files *files);
// Writes the evidence, then the whole lines, which may be empty, and syncs both. False with `err`:
// none of the lines is known to be durable; they may be written again.
bool disk_write(
	struct disk *disk, const struct blob *blobs, const struct buf *lines, struct err *err);
// Cuts off what was never acknowledged, so that whatever is saved elsewhere continues whole lines.
void disk_cut_tail(struct disk *disk);

#endif
