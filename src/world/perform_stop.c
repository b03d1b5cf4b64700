// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"
#include "relight/runbook.h"

// What ends an attempt before its time: the file `cancel`, its deadline, which the file `deadline`
// moves, and a signal to the actuator itself.
//
// While a laptop is shut nothing of the attempt runs here, and nobody can be asked: such time does
// not count. Who opens it again has, once in an attempt, at least as long as a person has who is
// asked near the timeout. What that comes to is left in the file `slept`, since the record's clock
// goes on.

#define SLEPT_MS 1000 // less is the time between two readings

static volatile sig_atomic_t is_told_to_end;

static void on_signal(int signal)
{
	if (signal != SIGCHLD) // that one only has to interrupt the wait
		is_told_to_end = 1;
}

void stop_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	is_told_to_end = 0;
}

static int64_t read_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

int64_t stop_now_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

int64_t stop_passed_ms(const struct stop_watch *watch)
{
	return read_ms(CLOCK_BOOTTIME) - watch->began_ms;
}

struct stop_watch stop_begin(const struct order *order, int dir_fd)
{
	int64_t now = stop_now_ms();

	return (struct stop_watch){
		.order = order,
		.dir_fd = dir_fd,
		.began_ms = read_ms(CLOCK_BOOTTIME),
		.started_ms = now,
		.deadline_ms = order->timeout_ms >= 0 ? now + order->timeout_ms : -1,
		.look_ms = now,
	};
}

// Behind the door: who puts it off from now on is told that it comes too late.
static void tell_stop(const struct stop_watch *watch, bool is_cancel)
{
	const struct order *order = watch->order;

	attempt_tell_stop(watch->dir_fd, &(struct attempt_stop){.is_cancel = is_cancel,
						 .after_ms = stop_passed_ms(watch),
						 .signal = order->kubernetes ? 0 : order->signal,
						 .grace_ms = order->grace_ms,
						 .extended_s = attempt_extension_s(watch->dir_fd)});
}

static bool cancel_it(const struct stop_watch *watch, struct ending *ending, const char *why)
{
	attempt_door_close(watch->dir_fd);
	tell_stop(watch, true);
	attempt_door_open(watch->dir_fd);
	ending->stop = STOP_CANCEL;
	ending->why = memory_copy_text(why);
	return true;
}

static bool is_cancelled(const struct stop_watch *watch, struct ending *ending)
{
	struct buf text = {0};
	cJSON *cancel = NULL;

	if (faccessat(watch->dir_fd, ATTEMPT_CANCEL_NAME, F_OK, 0) < 0)
		return false;
	if (file_read(watch->dir_fd, ATTEMPT_CANCEL_NAME, 65536, &text, NULL))
		cancel = json_parse(buf_str(&text), text.length, NULL);
	cancel_it(watch, ending, json_text(cancel, "why"));
	cJSON_Delete(cancel);
	buf_fini(&text);
	return true;
}

// With what persons have put to it.
static int64_t limit_ms(const struct stop_watch *watch)
{
	return watch->order->timeout_ms + attempt_extension_s(watch->dir_fd) * MS_PER_S;
}

// The file that moves the deadline is of interest only when that has come.
static bool is_out_of_time(struct stop_watch *watch, int64_t now)
{
	if (watch->deadline_ms < 0 || now < watch->deadline_ms)
		return false;
	attempt_door_close(watch->dir_fd);
	watch->deadline_ms = watch->started_ms + limit_ms(watch) + watch->granted_ms;

	bool is_out = now >= watch->deadline_ms;

	if (is_out)
		tell_stop(watch, false);
	attempt_door_open(watch->dir_fd);
	return is_out;
}

// Before the deadline is judged: a machine that wakes beyond it has not let it pass.
static void look_for_sleep(struct stop_watch *watch, int64_t now)
{
	int64_t slept_ms = stop_passed_ms(watch) - (now - watch->started_ms);

	if (watch->deadline_ms < 0 || slept_ms - watch->slept_ms < SLEPT_MS)
		return;
	watch->slept_ms = slept_ms;

	int64_t limit = limit_ms(watch), asking_ms = limit * (100 - RUNBOOK_ASKS_PER_CENT) / 100;
	int64_t left_ms = watch->started_ms + limit - now;

	if (watch->granted_ms == 0 && left_ms < asking_ms)
		watch->granted_ms = asking_ms - (left_ms > 0 ? left_ms : 0);
	watch->deadline_ms = watch->started_ms + limit + watch->granted_ms;
	attempt_tell_sleep(watch->dir_fd, &(struct attempt_sleep){.slept_ms = slept_ms,
						  .put_off_ms = slept_ms + watch->granted_ms});
}

bool stop_is_due(struct stop_watch *watch, struct ending *ending)
{
	int64_t now = stop_now_ms();

	if (is_told_to_end)
		return cancel_it(watch, ending, "the actuator was told to end");
	look_for_sleep(watch, now);
	if (is_out_of_time(watch, now)) {
		ending->stop = STOP_TIMEOUT;
		return true;
	}
	if (now < watch->look_ms)
		return false;
	watch->look_ms = now + STOP_LOOK_MS;
	return is_cancelled(watch, ending);
}

int64_t stop_patience_ms(const struct stop_watch *watch)
{
	int64_t left = watch->deadline_ms - stop_now_ms();

	if (watch->deadline_ms < 0 || left > STOP_LOOK_MS)
		return STOP_LOOK_MS;
	return left > 0 ? left : 0;
}
