// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_FROZEN_H
#define RELIGHT_FROZEN_H

#include <stdbool.h>

#include "relight/buf.h"
#include "relight/diag.h"
#include "relight/err.h"
#include "relight/runbook.h"

// What was kept of an incident when it opened: frozen/ in its directory. Blocks on the disk.

// Appends the bytes of frozen/`name`. False with `err`.
bool frozen_read(const char *directory, const char *name, struct buf *text, struct err *err);

// The runbook as it was when the incident opened, its paths relative to `base` (NULL: "."). Its
// bytes are appended to `text`. *is_altered: they are not those of `sha256` (NULL: none known).
// NULL when it cannot be read (`err`) or has errors (`diags`, whose file is set here). The caller
// frees with runbook_free.
struct runbook *frozen_runbook(const char *directory, const char *sha256, const char *base,
	struct buf *text, bool *is_altered, struct diags *diags, struct err *err);

#endif
