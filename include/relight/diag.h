// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_DIAG_H
#define RELIGHT_DIAG_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"

// What is wrong with a file that people write (runbook, scenario, answers, theme), with the place
// of each thing.

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct diag {
	enum severity severity;
	const char *code; // a short id, e.g. "unknown-step"; static
	int line, column; // 1-based; 0: the file as a whole
	char *message;
	char *suggestion; // "did you mean …", or NULL
};

// Diagnostics of one file, kept in the order of their places. Zeroed is empty. What is over
// DIAGS_KEPT is only counted.
#define DIAGS_KEPT 200
struct diags {
	const char *file;   // as the user named it; borrowed
	const char *source; // the file's text, for quoting the line; borrowed, may be NULL
	struct diag *items;
	size_t count, capacity;
	size_t errors, warnings; // those beyond the limit included
	struct diag *newest;     // the one that was added last; NULL where it was beyond the limit
};

void diags_fini(struct diags *diags); // frees the items; `file` and `source` are the caller's
// Add one. `code` must be static. A place that stands before others goes before them.
void diag_error(struct diags *diags, int line, int column, const char *code, const char *format,
	...) __attribute__((format(printf, 5, 6)));
void diag_warning(struct diags *diags, int line, int column, const char *code, const char *format,
	...) __attribute__((format(printf, 5, 6)));
// Adds "did you mean X" to the newest diagnostic, where X is the nearest of `words`
// (NULL-terminated): at most a third of its letters away (Damerau-Levenshtein distance). Nothing
// near: nothing is added.
void diag_suggest(struct diags *diags, const char *wrong, const char *const *words);
// The nearest of `words`, or NULL.
const char *diag_nearest(const char *wrong, const char *const *words);

// "file:line:column: error: message [code]", the offending line with a caret under the column, the
// suggestion. Control characters of the source are made visible. Long lines are cut around the
// column.
void diags_print(const struct diags *diags, struct buf *out);

#endif
