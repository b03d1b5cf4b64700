// SPDX-License-Identifier: Apache-2.0
#include "cockpit_theme.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "carried.h"
#include "relight/file.h"

#define THEME_MOST_BYTES (64u << 10)

static bool load(
	const char *file, const char *text, size_t length, struct theme *theme, struct err *err)
{
	struct diags diags = {.file = file};
	bool is_loaded = theme_load(theme, text, length, &diags);
	if (!is_loaded) {
		struct buf words = {0};
		diags_print(&diags, &words);
		fputs(buf_str(&words), stderr);
		buf_fini(&words);
		err_set(err, "theme: %s: %zu error%s", file, diags.errors,
			diags.errors == 1 ? "" : "s");
	}
	diags_fini(&diags);
	return is_loaded;
}

bool cockpit_theme(const char *named, struct theme *theme, struct err *err)
{
	const char *wanted = named ? named : getenv("RELIGHT_THEME");
	struct buf path = {0}, text = {0};
	bool is_loaded = false;
	buf_printf(&path, "themes/%s.yaml", wanted && wanted[0] ? wanted : "default");
	const struct carried_file *carried = carried_find(buf_str(&path));
	if (carried)
		is_loaded = load(
			carried->path, (const char *)carried->bytes, carried->length, theme, err);
	else if (file_read(AT_FDCWD, wanted, THEME_MOST_BYTES, &text, err))
		is_loaded = load(wanted, buf_str(&text), text.length, theme, err);
	else
		err_prefix(err, "theme");
	buf_fini(&path);
	buf_fini(&text);
	return is_loaded;
}
