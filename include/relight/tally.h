// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TALLY_H
#define RELIGHT_TALLY_H

#include <stddef.h>

#include "relight/buf.h"
#include "relight/status.h"

// What many objects amount to (FORMATS.md §1, "Lists"): the worst one counts, and too few are bad
// by themselves. Zeroed is empty.
struct tally {
	size_t count, healthy;
	enum status worst;
	struct buf words; // name and words of the first of the worst that are not healthy
};

void tally_fini(struct tally *tally); // leaves it empty
// The status of all, where at least `least` are wanted (0: none need be there), and why in words;
// `what` names them ("pods in shop").
enum status tally_judge(
	const struct tally *tally, size_t least, const char *what, struct buf *words);

#endif
