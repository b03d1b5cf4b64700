// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"

// What ends an attempt before its time: the file `cancel`, its deadline, which the file `deadline`
// moves, and a signal to the actuator itself.

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

int64_t stop_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / 1000000;
}

struct stop_watch stop_begin(const struct order *order, int dir_fd)
{
	int64_t now = stop_now_ms();

	return (struct stop_watch){
		.order = order,
		.dir_fd = dir_fd,
		.started_ms = now,
		.deadline_ms = order->timeout_ms >= 0 ? now + order->timeout_ms : -1,
		.look_ms = now,
	};
}

static bool stop(struct ending *ending, enum stop stop, const char *why)
{
	ending->stop = stop;
	ending->why = memory_copy_text(why);
	return true;
}

static bool is_cancelled(const struct stop_watch *watch, struct ending *ending)
{
	struct buf text = {0};
	cJSON *cancel = NULL;

	if (faccessat(watch->dir_fd, "cancel", F_OK, 0) < 0)
		return false;
	if (file_read(watch->dir_fd, "cancel", 65536, &text, NULL))
		cancel = json_parse(buf_str(&text), text.length, NULL);
	stop(ending, STOP_CANCEL, json_text(cancel, "why"));
	cJSON_Delete(cancel);
	buf_fini(&text);
	return true;
}

// The file that moves the deadline is of interest only when that has come.
static bool is_out_of_time(struct stop_watch *watch, int64_t now)
{
	if (watch->deadline_ms < 0 || now < watch->deadline_ms)
		return false;
	watch->deadline_ms = watch->started_ms + watch->order->timeout_ms +
			     attempt_extension_s(watch->dir_fd) * MS_PER_S;
	return now >= watch->deadline_ms;
}

bool stop_is_due(struct stop_watch *watch, struct ending *ending)
{
	int64_t now = stop_now_ms();

	if (is_told_to_end)
		return stop(ending, STOP_CANCEL, "the actuator was told to end");
	if (is_out_of_time(watch, now))
		return stop(ending, STOP_TIMEOUT, NULL);
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
