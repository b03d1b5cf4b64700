// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_KNOWN_H
#define RELIGHT_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "relight/facts.h"

// What is known now of dependencies and clusters: what the sensor said last where it speaks, else
// what the record says, and how old that is. For the screen; decisions go by the record. Pure.

// A person's word where that stands, else the sensor's newest status, else the record's.
enum status known_status(const struct facts *facts, int dependency);
// The newest words of the sensor, else those of the record, never NULL.
const char *known_message(const struct facts *facts, int dependency);
// Milliseconds since that was so, -1: it was never seen.
int64_t known_seen_ms(const struct facts *facts, int dependency);
// It was known once, and what was last known is too old to hold now.
bool known_is_stale(const struct facts *facts, int dependency);
// Milliseconds for which it has not been known, as stale or unknown, -1: it is.
int64_t known_unknown_ms(const struct facts *facts, int dependency);
// What it was when it was known last. False: it is known, or was not in this session.
bool known_before(const struct facts *facts, int dependency, enum status *before);

// All that is asked for this dependency is asked at that target.
bool known_is_of_target(const struct facts *facts, int dependency, int target);
// Milliseconds for which nothing at all has been known of what is asked at a target,
// -1: something is, or nobody has asked, or it is not there yet. `teller` (may be NULL): the
// dependency that says best why.
int64_t known_target_unknown_ms(const struct facts *facts, int target, int *teller);
// Milliseconds since the credentials that a target is asked with have ended, as the sensor says,
// -1: they have not, or it does not say, or they are replaced by themselves.
int64_t known_target_expired_ms(const struct facts *facts, int target);
// A step makes it, and it has never answered.
bool known_is_not_made_yet(const struct facts *facts, int target);
// The dependency is asked in a cluster that is not made yet.
bool known_waits_for_its_cluster(const struct facts *facts, int dependency);

#endif
