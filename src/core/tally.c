// SPDX-License-Identifier: Apache-2.0
#include "relight/tally.h"

#include <stdbool.h>

void tally_fini(struct tally *tally)
{
	buf_fini(&tally->words);
	*tally = (struct tally){0};
}

enum status tally_judge(
	const struct tally *tally, size_t least, const char *what, struct buf *words)
{
	if (tally->count == 0 && least > 0) {
		buf_printf(words, "no %s found", what);
		return STATUS_MISSING;
	}
	bool is_short = tally->count < least;
	if (is_short)
		buf_printf(words, "%zu of at least %zu %s found", tally->count, least, what);
	else if (tally->healthy == tally->count)
		buf_printf(words, "%zu %s", tally->count, what);
	else
		buf_printf(words, "%zu of %zu %s healthy", tally->healthy, tally->count, what);
	if (tally->worst != STATUS_HEALTHY)
		buf_printf(words, "; %s", buf_str(&tally->words));
	return is_short ? status_worse(STATUS_DEGRADED, tally->worst) : tally->worst;
}
