// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HOLDER_H
#define RELIGHT_HOLDER_H

#include <cjson/cJSON.h>

#include "relight/err.h"

// Whoever has an incident open, asked from another terminal through its control socket.

enum holder_word {
	HOLDER_ANSWERED, // as it was asked; *answer is the caller's
	HOLDER_NOBODY,   // nobody on this machine has it open
	HOLDER_REFUSED,  // `err` in its words
	HOLDER_MISUSED,  // the same, and the request is wrong in itself
	HOLDER_SILENT, // stopped, hanging or not to be reached: `err` says who it is and what next
	HOLDER_LOST,   // gone before it answered: done or not, nobody knows
};

// Asks {"WORD":body}; `body` stays the caller's. It is first asked who it is: of one that is
// stopped nothing more is asked, so that it does not obey when nobody waits for it any more. One
// that is just opening the incident, or leaving it, is waited for, 10 s at most; an answer 30 s.
enum holder_word holder_ask(const char *directory, const char *word, const cJSON *body,
	cJSON **answer, struct err *err);

// Waits until the one who has said that it leaves has left, 15 s at most.
void holder_await_end(const char *directory);

#endif
