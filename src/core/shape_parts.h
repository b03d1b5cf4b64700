// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SHAPE_PARTS_H
#define RELIGHT_SHAPE_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/shape.h"

// What the shapes are told by.

struct shape_text {
	const char *bytes;
	size_t length;
	char before;   // the byte before bytes[0]; 0: none
	bool is_whole; // nothing follows
};

// Classes of bytes, without a locale.
bool shape_is_alnum(unsigned char c);
bool shape_is_space(unsigned char c); // within a line
bool shape_is_base64(unsigned char c);

// Where the run of such bytes from `at` on ends.
size_t shape_run(const struct shape_text *text, size_t at, bool (*is_part)(unsigned char));
// Whether the bytes from `at` on (at most length) begin with the word, in either case when `fold`
// (the word is in lower case then).
enum shape_verdict shape_begins(
	const struct shape_text *text, size_t at, const char *word, bool fold);

// The verdict on the run of a secret's bytes from `from` to `end`: long enough, and ended.
enum shape_verdict shape_judge(const struct shape_text *text, size_t from, size_t end, size_t least,
	bool (*is_part)(unsigned char), struct shape_match *match);
// Behind the closing one of a pair of quotes whose content begins at `at`. Within a text that is
// itself quoted (`level` 1) quotes are escaped once, and what was escaped before three times.
// 0: it is not closed in the text.
size_t shape_quoted(const struct shape_text *text, size_t at, char quote, size_t level);

// A word that names a secret (`password`), a separator, and the secret.
enum shape_verdict shape_keyword(const struct shape_text *text, struct shape_match *match);
// The same as an option of a command: `--token SECRET`.
enum shape_verdict shape_option(const struct shape_text *text, struct shape_match *match);
// The data of a Kubernetes Secret, as YAML or JSON: begins at `data` or `stringData`, in YAML at
// the indentation of their line.
enum shape_verdict shape_manifest(const struct shape_text *text, struct shape_match *match);

#endif
