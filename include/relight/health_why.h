// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HEALTH_WHY_H
#define RELIGHT_HEALTH_WHY_H

#include <cjson/cJSON.h>

#include "relight/health.h"

// Why a workload is not healthy, from what stands beside it: its own status counts pods, and says
// seldom what keeps them.

// Adds to the message of `health`, the verdict on a workload, what its worst pod says, and where no
// pod says anything the newest warning Event: "3 of 5 ready: case-api-7d… CrashLoopBackOff:
// back-off 5m". Of a healthy one, or where there is nothing to add, it stays as it is. The status
// is not touched: the object alone decides it.
//
// `pods` and `events` are lists of the API server or arrays of objects, already narrowed down to
// the workload's own; NULL: none. An event that is older than an hour before `now` says nothing of
// now (WALL_NONE: any counts). The words stay the same while the pods do: counters and ages are
// left out.
void health_why(struct health *health, const cJSON *pods, const cJSON *events, struct wall now);

#endif
