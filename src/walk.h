// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WALK_H
#define RELIGHT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/chain.h"
#include "relight/err.h"
#include "relight/event.h"

// A timeline from its first byte to its last, whatever has become of it: each line with its place,
// what it says and what is wrong with it. Behind a bad line the chain goes on from what that line
// says of itself, so that each later one is judged by itself.

struct walked {
	int64_t number;      // of the line, from 1
	int64_t from, end;   // its bytes in the file, without its LF
	const char *bytes;   // NULL: longer than a line may be
	size_t length;       // of `bytes`
	struct event *event; // NULL: it is none; the walk frees it unless it is taken (set to NULL)
	struct err damage;   // empty: good; else it names the line, its seq and its bytes
	bool is_torn;        // the last one, without an end
};

// It is an event, and its digest that of its bytes, whatever became of the lines before it.
bool walked_is_as_written(const struct walked *line);

typedef void walk_each(void *context, struct walked *line);

// Walks what `fd` has from where it stands on to its end; a torn last line is given too, with
// is_torn. Memory is bounded by the longest line. False with `err` when it cannot be read on.
bool walk_lines(int fd, const char *name, walk_each *each, void *context, struct err *err);

#endif
