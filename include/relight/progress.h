// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PROGRESS_H
#define RELIGHT_PROGRESS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

// How far something is.
struct progress {
	double done, total; // total 0: none
	char unit[24];      // "pods"; "": none
};

// What a Kubernetes object says of it, for the kinds where that is a count: replicas, completions
// of a Job, items and bytes of Velero. False: it says nothing; then `progress` is of none.
bool progress_read(const cJSON *object, struct progress *progress);

#endif
