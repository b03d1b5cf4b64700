// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_LOAD_HEALTH_H
#define RELIGHT_LOAD_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"
#include "relight/health_table.h"

// Files of health tables. Everything here blocks on the disk.

// One that a person wrote: its bytes, or why there are none.
struct health_file {
	char *path;
	struct buf text;
	struct err err; // empty: it was read
};
struct health_files {
	struct health_file *items;
	size_t count;
	bool is_cut; // there are more than are read
};

// What files of an incident's frozen/ that are health tables begin with.
#define FROZEN_HEALTH "health-"

// Reads those of an incident's frozen/, or, `folder` NULL, the user's: *.yaml of health.d in
// relight's configuration folder ($XDG_CONFIG_HOME/relight, else ~/.config/relight). In the order
// of their names. Zeroed is empty.
void health_files_read(struct health_files *files, const char *folder);
void health_files_fini(struct health_files *files);

// What is found out about a file; without errors, too.
typedef void health_file_read(void *context, const struct diags *diags);
// Says mistakes on stderr with their place, and sets the bool that `context` points to.
health_file_read health_say_mistakes;

// The health tables: those of these files, and those that the program carries. `read` is called for
// each file; what could be read of one with mistakes is there all the same. With `checks_jq` the
// expressions are compiled for that, too, which takes some 30 ms a file. Never NULL; the caller
// frees with health_tables_free.
struct health_tables *load_health(
	const struct health_files *files, bool checks_jq, health_file_read *read, void *context);

#endif
