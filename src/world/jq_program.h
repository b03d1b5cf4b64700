// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_JQ_PROGRAM_H
#define RELIGHT_WORLD_JQ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "relight/buf.h"
#include "relight/err.h"

// Many jq programs as one. Compiling costs about 25 ms however small the program, because jq
// compiles its own library each time; so each program becomes a function without parameters, and a
// tree of conditions picks one by number.

// Appends `text` with its comments blanked out (how far one reaches differs between jq versions).
// False for what must not be compiled with others or at all: brackets or quotes that do not match,
// by which it could leave its place, and names that reach out of the program or stop the process.
bool jq_program_guard(const char *text, struct buf *out, struct err *err);

// Appends one program over the input [number, value]. `guarded` are outputs of jq_program_guard; a
// NULL one becomes an error. first_lines[i] (of `count` + 1) is the line on which program i begins.
void jq_program_join(const char *const *guarded, size_t count, struct buf *out, int *first_lines);

// Appends one JSON text as a string, for the key `text` of a request. A NUL in it is no JSON, and
// must not hide what follows.
void jq_program_input(const char *text, size_t length_bytes, struct buf *out);

#endif
