// SPDX-License-Identifier: Apache-2.0
#include "load.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "command.h"
#include "relight/file.h"
#include "relight/memory.h"

bool load_text(const char *path, struct buf *text, struct err *err)
{
	if (strcmp(path, "-") == 0)
		return file_read_fd(STDIN_FILENO, "standard input", RUNBOOK_MAX_BYTES, text, err);
	return file_read(AT_FDCWD, path, RUNBOOK_MAX_BYTES, text, err);
}

char *load_base(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = !slash          ? memory_copy_text(".")
		       : slash == path ? memory_copy_text("/")
				       : memory_copy_bytes(path, (size_t)(slash - path));
	char *absolute = realpath(folder, NULL);

	if (!absolute)
		return folder;
	free(folder);
	return absolute;
}

struct runbook *load_runbook(const char *path, struct buf *text)
{
	struct diags diags = {.file = path};
	struct runbook *runbook = NULL;
	struct buf bytes = {0};
	struct err err = {0};

	if (!load_text(path, &bytes, &err)) {
		err_prefix(&err, "runbook");
		command_fail(EXIT_USAGE, &err);
	} else {
		char *base = load_base(path);
		runbook = runbook_load(buf_str(&bytes), bytes.length, base, &diags);
		free(base);
	}
	if (diags.errors > 0) {
		struct buf words = {0};
		diags_print(&diags, &words);
		fputs(buf_str(&words), stderr);
		buf_fini(&words);
		err_set(&err,
			"runbook: %s: %zu error%s; 'relight check' says the same with warnings",
			path, diags.errors, diags.errors == 1 ? "" : "s");
		command_fail(EXIT_USAGE, &err);
	}
	if (text && runbook)
		buf_add(text, bytes.data, bytes.length);
	diags_fini(&diags);
	buf_fini(&bytes);
	return runbook;
}

const char *load_executable(void)
{
	static char path[PATH_MAX];
	size_t size = sizeof path;

	if (!*path && uv_exepath(path, &size) != 0)
		snprintf(path, sizeof path, "relight"); // looked up by whoever starts it
	return path;
}
