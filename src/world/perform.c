// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/json.h"

// The order in which things become true is what the others rely on (attempt.h):
//   the lock is held from before the request until this process is gone;
//   request.json is there before the command is;
//   `alive` is held while anything of the command is;
//   result.json, once it is there, is whole, final, and on disk for good.

#define SAVE_TRIES 30 // at one a second, on a disk that is full for a moment

enum { PERFORM_SUCCESS, PERFORM_OTHER, PERFORM_NEVER };

// The result is the only trace that the attempt leaves of its outcome: a disk that does not take it
// is given some time. The lock is held meanwhile, so that the attempt counts as running and nobody
// thinks it lost.
static bool save_result(int dir_fd, const cJSON *result)
{
	struct buf text = {0};
	bool is_saved = false;

	json_write(&text, result);
	buf_byte(&text, '\n');
	for (int i = 0; i < SAVE_TRIES && !is_saved; i++) {
		if (i)
			nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
		is_saved = file_save(dir_fd, "result.json", text.data, text.length, true, NULL);
	}
	buf_fini(&text);
	return is_saved;
}

static int never_started(int dir_fd, const struct err *why)
{
	cJSON *result = judge_never_started(why->message);

	save_result(dir_fd, result);
	cJSON_Delete(result);
	fprintf(stderr, "relight: perform: %s\n", why->message);
	return PERFORM_NEVER;
}

static int carry_out(const struct order *order, int dir_fd)
{
	struct output output;
	struct ending ending;
	struct err err = {0};
	char sha256[65];
	int code = PERFORM_NEVER;

	if (!output_open(&output, dir_fd, order->mask, &err)) {
		never_started(dir_fd, &err);
		goto out;
	}
	if (order->simulation)
		run_simulation(order, dir_fd, &output, &ending);
	else
		run_command(order, dir_fd, &output, &ending);
	output_close(&output, sha256);

	cJSON *result = judge_ending(order, &ending, &output, sha256);

	code = save_result(dir_fd, result) && judge_is_success(result) ? PERFORM_SUCCESS
								       : PERFORM_OTHER;
	cJSON_Delete(result);
	free(ending.why);
out:
	output_fini(&output);
	return code;
}

// A pipe on descriptor 0, 1 or 2 would be mistaken for the command's.
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void become_own_session(void)
{
	setsid(); // fails for one that leads a group already, as a command typed at a prompt does:
		  // no harm
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	fill_standard_descriptors();
	run_signals();
}

static int perform_locked(const struct perform_task *task, int dir_fd)
{
	struct order order;
	struct err err = {0};
	int code;

	if (order_read(&order, task->in_fd, task, &err) && order_keep(&order, dir_fd, &err))
		code = carry_out(&order, dir_fd);
	else
		code = never_started(dir_fd, &err);
	order_fini(&order);
	return code;
}

int perform_attempt(const struct perform_task *task)
{
	struct err err = {0};
	int lock_fd = task->lock_fd, code = PERFORM_NEVER;

	become_own_session();
	if (lock_fd < 0)
		lock_fd = attempt_prepare(task->directory, task->step, task->attempt, &err);
	else
		fcntl(lock_fd, F_SETFD, FD_CLOEXEC);

	int dir_fd =
		lock_fd >= 0 ? attempt_open(task->directory, task->step, task->attempt, &err) : -1;

	if (dir_fd < 0) {
		fprintf(stderr, "relight: perform: %s\n", err.message);
	} else {
		code = perform_locked(task, dir_fd);
		close(dir_fd);
	}
	if (lock_fd >= 0 && lock_fd != task->lock_fd)
		close(lock_fd);
	return code;
}
