// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_JUDGE_H
#define RELIGHT_JUDGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "relight/health_table.h"
#include "relight/jq.h"

// Judges Kubernetes objects with the health tables: at once where rules in C decide, else by asking
// jq.

struct judge;

// Borrows both, which must outlive it. `tables` NULL: rules in C only, and jq is never asked (then
// `jq` may be NULL, too).
struct judge *judge_new(struct jq *jq, const struct health_tables *tables);
// Forgets what is pending: those callbacks are not called. Before jq_free. NULL is safe.
void judge_free(struct judge *judge);

// `health` is borrowed: valid during the call.
typedef void judge_done(void *context, const struct health *health);

// Calls `done` exactly once: before it returns where jq need not be asked (then the ticket is 0),
// else later from jq's loop, within `timeout_ms` of its turn (one that took longer is unknown). The
// object is not needed afterwards. Verdicts may come in another order than the objects.
int64_t judge_object(struct judge *judge, const cJSON *object, struct wall now, int64_t timeout_ms,
	judge_done *done, void *context);
// `done` will not be called any more. A ticket that is unknown, or 0, does nothing.
void judge_cancel(struct judge *judge, int64_t ticket);

// Whether a table of the user's own has a say on objects of this kind.
bool judge_heeds_user(const struct judge *judge, const char *group, const char *kind);

// Whether so much is pending that whoever has more should wait until one of its callbacks was
// called: nothing is refused, but memory grows with it.
bool judge_is_busy(const struct judge *judge);

#endif
