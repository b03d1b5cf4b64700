// SPDX-License-Identifier: Apache-2.0
#include "relight/probe.h"

// Checks of kind `manual`: only a person can tell, and the cockpit records what they attest.

static void start(struct probing *probing)
{
	struct buf question = {0};
	struct err err;
	if (probe_text(probing->world, probing->check->manual, &question, &err))
		probing_done(probing, STATUS_UNKNOWN, -1, NULL, "a person must attest: %s",
			buf_str(&question));
	else
		probing_done(probing, STATUS_UNKNOWN, -1, NULL, "%s", err.message);
	buf_fini(&question);
}

static void cancel(struct probing *probing)
{
	(void)probing; // it is never under way
}

const struct probe_kind probe_manual = {.start = start, .cancel = cancel};
