// SPDX-License-Identifier: Apache-2.0
#include "frozen.h"

#include <fcntl.h>
#include <string.h>

#include "relight/chain.h"
#include "relight/file.h"
#include "relight/incident_files.h"

bool frozen_read(const char *directory, const char *name, struct buf *text, struct err *err)
{
	struct buf path = {0};
	buf_printf(&path, "%s/" INCIDENT_FROZEN "/%s", directory, name);
	bool is_read = file_read(AT_FDCWD, buf_str(&path), RUNBOOK_MAX_BYTES, text, err);
	buf_fini(&path);
	return is_read;
}

struct runbook *frozen_runbook(const char *directory, const char *sha256, const char *base,
	struct buf *text, bool *is_altered, struct diags *diags, struct err *err)
{
	char hex[65];
	diags->file = INCIDENT_FROZEN "/" FROZEN_RUNBOOK;
	if (!frozen_read(directory, FROZEN_RUNBOOK, text, err))
		return NULL;
	sha256_hex(buf_str(text), text->length, hex);
	*is_altered = !sha256 || strcmp(hex, sha256) != 0;
	return runbook_load(buf_str(text), text->length, base ? base : ".", diags);
}
