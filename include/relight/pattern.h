// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PATTERN_H
#define RELIGHT_PATTERN_H

#include <stdbool.h>

#include "relight/err.h"

// POSIX extended regular expressions from outside. regcomp() of glibc recurses as deep as a pattern
// nests and unfolds what it repeats, so `((((a{99}){99}){99}){99})` takes all memory; these
// functions look at the size of a pattern first.

#define PATTERN_MAX_BYTES 1000
#define PATTERN_MAX_DEPTH 20   // of groups
#define PATTERN_MAX_SIZE  2000 // characters and sets after repeats are unfolded

// How many characters and sets it is after its repeats are unfolded; compiling takes time quadratic
// in that. -1 with `err` where it is too large.
int pattern_size(const char *pattern, struct err *err);

// Whether it compiles and is small enough; `err` says why not.
bool pattern_check(const char *pattern, struct err *err);

// Whether `text` has a match anywhere (`whole` false) or matches from its first to its last byte.
// False with `err` set where the pattern is no good; `err` is emptied otherwise. May take time
// quadratic in the text.
bool pattern_matches(const char *pattern, const char *text, bool whole, struct err *err);

#endif
