// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/chain.h"
#include "relight/file.h"
#include "relight/incident.h"
#include "relight/incident_files.h"

// What is kept of an incident's files when it opens, and given out as long as it is the same.

bool incident_freeze(
	const char *directory, const struct frozen_file *files, size_t count, struct err *err)
{
	struct buf path = {0};
	buf_printf(&path, "%s/" INCIDENT_FROZEN, directory);
	int frozen = file_open_directory(AT_FDCWD, buf_str(&path), false, err);
	bool is_saved = frozen >= 0;
	for (size_t i = 0; is_saved && i < count; i++) {
		const struct frozen_file *file = &files[i];
		is_saved = file->is_private ? file_save_private(frozen, file->name, file->bytes,
						      file->length, err)
					    : file_save(frozen, file->name, file->bytes,
						      file->length, true, err);
	}
	if (frozen >= 0)
		close(frozen);
	buf_fini(&path);
	return is_saved || err_prefix(err, "incident directory: %s: frozen", directory);
}

static bool is_as_named(const struct buf *text, size_t from, const char *sha256)
{
	char is[65];

	sha256_hex(buf_str(text) + from, text->length - from, is);
	return sha256 && strcmp(is, sha256) == 0;
}

// The same bytes are the same file, wherever they are read.
static bool read_original(const char *path, const char *sha256, const char *of, size_t most_bytes,
	struct buf *text, struct err *err)
{
	char *original = file_expand_home(of ? of : "");
	size_t from = text->length;
	struct err why = {0};
	bool is_read = file_read(AT_FDCWD, original, most_bytes, text, &why);

	if (is_read && !is_as_named(text, from, sha256)) {
		is_read = false;
		err_set(&why, "%s: is not what it was when the incident opened", original);
	}
	if (!is_read)
		err_set(err,
			"%s: holds a Secret, which a mirror is not given, and its original will "
			"not do: %s; put the one with sha256 %s there, or do by hand what needs it",
			path, why.message, sha256 ? sha256 : "?");
	free(original);
	return is_read;
}

bool incident_read_frozen(const char *directory, const char *name, const char *sha256,
	const char *of, size_t most_bytes, struct buf *text, struct err *err)
{
	static const char secret[] = INCIDENT_FROZEN "/" FROZEN_SECRET;
	struct buf path = {0};
	size_t from = text->length;
	bool is_read, is_secret = strncmp(name, secret, strlen(secret)) == 0;

	buf_printf(&path, "%s/%s", directory, name);
	if (is_secret && access(buf_str(&path), F_OK) < 0)
		is_read = read_original(buf_str(&path), sha256, of, most_bytes, text, err);
	else
		is_read = file_read(AT_FDCWD, buf_str(&path), most_bytes, text, err) &&
			  (is_as_named(text, from, sha256) ||
				  err_set(err,
					  "%s: was altered since the incident opened; put the "
					  "original back",
					  buf_str(&path)));
	buf_fini(&path);
	return is_read;
}
