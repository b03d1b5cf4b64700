// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CLOCK_H
#define RELIGHT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "relight/moment.h"

// The machine's clocks. Nothing in core/ or view/ reads one.

struct wall clock_wall(void);
struct mono clock_mono(void); // CLOCK_BOOTTIME: goes on while the machine sleeps
struct moment clock_now(void);

// Whether the kernel takes the wall clock for synchronised, and its estimate of the error
// (adjtimex(2)).
void clock_quality(bool *is_synced, int64_t *error_us);

#endif
