// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_SENSOR_H
#define RELIGHT_SENSOR_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "relight/err.h"

// The cockpit's end of `relight probe`: starts it, reads its lines, sees its silence, starts it
// again. Runs on the cockpit's loop and never blocks.

struct sensor;

struct sensor_config {
	const char *executable; // this program
	const char *const
		*argv; // after the executable: "probe", runbook, …; NULL-terminated; copied
	// One line of the sensor ("observation", "target", "answer"; heartbeats are kept to
	// itself).
	void (*on_line)(void *context, const cJSON *line);
	// The sensor has fallen silent for over 5 s or ended (is_up false, with the reason), or
	// speaks again.
	void (*on_state)(void *context, bool is_up, const char *why);
	void *context;
};

// Starts it on `loop`. Its stderr's last line is kept for the reason when it ends. Restarted after
// 1 s, doubling to 30 s, back to 1 s once it has spoken for a minute. NULL with `err` when it
// cannot be started at all.
struct sensor *sensor_start(uv_loop_t *loop, const struct sensor_config *config, struct err *err);
// The configuration line ({"inputs":…,"env":…,"incident":…,"speed":…}); kept, and sent first again
// after every restart.
void sensor_configure(struct sensor *sensor, const cJSON *configuration);
void sensor_recheck(struct sensor *sensor, const char *dependency, int64_t token);
// Milliseconds since it last said anything, on the loop's clock.
int64_t sensor_silence_ms(const struct sensor *sensor);
int sensor_pid(const struct sensor *sensor); // 0: not running
// Ends it (end of its stdin, TERM after 1 s, KILL after 3 s) and frees it when it is gone.
void sensor_stop(struct sensor *sensor);

#endif
