// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_MOMENT_H
#define RELIGHT_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Two kinds of time that never mix: the compiler refuses it.
struct wall {
	int64_t us; // microseconds since 1970-01-01 UTC; WALL_NONE.us: not known
};
struct mono {
	int64_t us; // microseconds of a clock that never steps (CLOCK_BOOTTIME; simulated time in a
		    // rehearsal)
};
// One instant on both: what was written on the record, and what durations are measured with.
struct moment {
	struct wall wall;
	struct mono mono;
};

#define WALL_NONE   ((struct wall){INT64_MIN})
#define MONO_NONE   ((struct mono){INT64_MIN})
#define MOMENT_NONE ((struct moment){WALL_NONE, MONO_NONE})

#define MS_PER_S  1000LL
#define US_PER_MS 1000LL
#define US_PER_S  1000000LL

static inline bool wall_known(struct wall at)
{
	return at.us != INT64_MIN;
}
static inline bool mono_known(struct mono at)
{
	return at.us != INT64_MIN;
}

#define WALL_TEXT_BYTES 28 // "2026-07-03T03:05:42.123456Z" and its NUL
// RFC 3339 in UTC with microseconds, as every file of relight has it. Years 0000 to 9999; WALL_NONE
// gives "".
void wall_format(struct wall at, char text[WALL_TEXT_BYTES]);
// Any RFC 3339 time, offsets included ("2026-07-03T05:05:42.5+02:00"), or a plain date (midnight
// UTC), that is within the years 0000 to 9999 of UTC. False leaves *at untouched.
bool wall_parse(const char *text, struct wall *at);
// "03:05:42", or "03:05" with `seconds` false: the time of day in UTC.
void wall_clock(struct wall at, bool seconds, char text[16]);

#define DURATION_TEXT_BYTES 32
#define DURATION_MOST_MS    (36525LL * 86400 * MS_PER_S) // 100 years
// A duration as runbooks write it: one or more of <digits><unit>, units ms s m h d in falling order
// ("1h30m", "90s", "0s"). Milliseconds; false for anything else, a negative or one over 100 years.
bool duration_parse(const char *text, int64_t *ms);
// The shortest such text: 5400000 gives "1h30m".
void duration_format(int64_t ms, char text[DURATION_TEXT_BYTES]);
// As a clock that counts: "0:07", "18:42", "3:41:18"; negative ones with "-". Whole seconds,
// rounded towards zero.
void duration_clock(int64_t ms, char text[DURATION_TEXT_BYTES]);
// For people, one unit and rounded: "3s", "12m", "4h", "9d".
void duration_short(int64_t ms, char text[DURATION_TEXT_BYTES]);

#endif
