// SPDX-License-Identifier: Apache-2.0
#include "relight/clock.h"

#include <sys/timex.h>
#include <time.h>

static int64_t read_us(clockid_t clock)
{
	struct timespec at;
	clock_gettime(clock, &at);
	return at.tv_sec * US_PER_S + at.tv_nsec / 1000;
}

struct wall clock_wall(void)
{
	return (struct wall){read_us(CLOCK_REALTIME)};
}

struct mono clock_mono(void)
{
	return (struct mono){read_us(CLOCK_BOOTTIME)};
}

struct moment clock_now(void)
{
	return (struct moment){clock_wall(), clock_mono()};
}

void clock_quality(bool *is_synced, int64_t *error_us)
{
	struct timex timex = {0};
	int state = adjtimex(&timex);
	*is_synced = state >= 0 && state != TIME_ERROR && !(timex.status & STA_UNSYNC);
	*error_us = state < 0 ? -1 : timex.maxerror;
}
