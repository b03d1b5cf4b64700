// SPDX-License-Identifier: Apache-2.0
#include "timeline_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/event.h"
#include "relight/file.h"
#include "relight/incident_files.h"

// How far the files can be trusted: a line is durable when the fdatasync after its write has
// returned. A failed write is tried again every second, as disks are made room on. A failed sync is
// never repeated: Linux marks the pages clean after it, so that the second one would report a
// success that is none (PostgreSQL's "fsyncgate", 2018). What is not durable goes to a new segment
// instead, with a descriptor and pages of its own.

const struct copy_files copy_no_files = {
	.dir_fd = -1, .fd = -1, .held_fd = -1, .lock_fd = -1, .segment = 1};

static bool write_blobs(struct disk *disk, const struct blob *blobs, struct err *err)
{
	if (!blobs)
		return true;

	bool is_new = faccessat(disk->files.dir_fd, INCIDENT_EVIDENCE, F_OK, 0) < 0;
	int evidence_fd = file_open_directory(disk->files.dir_fd, INCIDENT_EVIDENCE, true, err);
	bool is_written = evidence_fd >= 0 && (!is_new || fsync(disk->files.dir_fd) == 0 ||
						      err_errno(err, errno, "cannot be synced"));

	for (const struct blob *blob = blobs; blob && is_written; blob = blob->next)
		is_written = file_save(evidence_fd, blob->sha256, buf_str(&blob->bytes),
			blob->bytes.length, true, err);
	if (!is_written)
		err_prefix(err, "timeline: %s/evidence", disk->name);
	if (evidence_fd >= 0)
		close(evidence_fd);
	return is_written;
}

// The name of the file, and that of its directory in the one above, which may be none of ours to
// open.
static bool sync_directory(struct disk *disk)
{
	int parent_fd = openat(disk->files.dir_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (parent_fd >= 0) {
		fsync(parent_fd);
		close(parent_fd);
	}
	return fsync(disk->files.dir_fd) == 0;
}

static bool cannot(const struct disk *disk, const char *what, struct err *err)
{
	char name[32];
	int errnum = errno;

	segment_name(disk->files.segment, name);
	return err_errno(err, errnum, "timeline: %s/%s: cannot be %s", disk->name, name, what);
}

static void close_segment(struct copy_files *files)
{
	// The first one stays open: it is locked.
	if (files->segment == 1 && files->held_fd < 0)
		files->held_fd = files->fd;
	else if (files->fd >= 0)
		close(files->fd);
	files->fd = -1;
}

// A segment begins with what the one before it failed to take. Where it had the beginning of that
// alone, the rest would look taken out of the record, so it is there whole or not at all: it has
// its name once it is on the disk. One whose name cannot be synced is replaced by the next try.
static bool begin_segment(struct disk *disk, const struct buf *lines, struct err *err)
{
	struct copy_files *files = &disk->files;
	char name[32];

	segment_name(files->segment + 1, name);

	int fd = file_draft(files->dir_fd, name, err);
	bool is_begun = fd >= 0 &&
			file_put(files->dir_fd, name, fd, lines->data, lines->length, err) &&
			((disk->is_directory_synced || sync_directory(disk)) ||
				err_errno(err, errno, "%s", name)) &&
			(fcntl(fd, F_SETFL, O_APPEND) == 0 || err_errno(err, errno, "%s", name));

	if (!is_begun) {
		if (fd >= 0)
			close(fd);
		return err_prefix(err, "timeline: %s: cannot be gone on with", disk->name);
	}
	close_segment(files);
	files->fd = fd;
	files->segment++;
	disk->durable_bytes = (off_t)lines->length;
	disk->is_directory_synced = true;
	disk->needs_segment = disk->has_tail = false;
	return true;
}

// An unfinished last line of an earlier session, which is safe in evidence/ by now.
static bool cut_torn(struct disk *disk, struct err *err)
{
	if (!disk->files.torn_bytes)
		return true;
	if (ftruncate(disk->files.fd, disk->durable_bytes) < 0 || fsync(disk->files.fd) < 0)
		return cannot(disk, "rid of its torn last line", err);
	disk->files.torn_bytes = 0;
	return true;
}

// What a failed write left behind is cut off before it is tried again.
static bool write_lines(struct disk *disk, const struct buf *lines, struct err *err)
{
	int fd = disk->files.fd;

	if (disk->has_tail && ftruncate(fd, disk->durable_bytes) < 0)
		return cannot(disk, "written", err);
	disk->has_tail = true;
	if (!file_write(fd, buf_str(lines), lines->length, NULL))
		return cannot(disk, "written", err);
	if (fdatasync(fd) < 0 || (!disk->is_directory_synced && !sync_directory(disk))) {
		disk->needs_segment = true;
		return cannot(disk, "synced to the disk", err);
	}
	disk->is_directory_synced = true;
	disk->has_tail = false;
	disk->durable_bytes += (off_t)lines->length;
	return true;
}

bool disk_write(
	struct disk *disk, const struct blob *blobs, const struct buf *lines, struct err *err)
{
	if (!write_blobs(disk, blobs, err) || !cut_torn(disk, err))
		return false;
	if (!lines->length)
		return true;
	if (!disk->needs_segment && write_lines(disk, lines, err))
		return true;
	// A new segment is another thing than what has failed, and is tried at once.
	return disk->needs_segment && begin_segment(disk, lines, err);
}

void disk_cut_tail(struct disk *disk)
{
	if (disk->files.fd >= 0 && !disk->needs_segment &&
		ftruncate(disk->files.fd, disk->durable_bytes) < 0)
		disk->needs_segment = true;
}

void disk_opened(struct disk *disk, const struct copy_files *files)
{
	struct stat status = {0};

	disk->files = *files;
	fstat(files->fd, &status);
	disk->durable_bytes = status.st_size - (off_t)files->torn_bytes;
	disk->needs_segment = files->is_ended;
}

void copy_close_files(struct copy_files *files)
{
	const int fds[] = {files->lock_fd, files->fd, files->held_fd, files->dir_fd};

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	*files = copy_no_files;
}
