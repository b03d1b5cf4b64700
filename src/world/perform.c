// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/json.h"

// The order in which things become true is what the others rely on (attempt.h):
//   the lock is held from before the request until this process is gone;
//   request.json is there before the command is;
//   `alive` is held while anything of the command is;
//   result.json, once it is there, is whole, final, and on disk for good.

#define RESULT_BYTES 8192 // more than most results have
#define SAVE_TRIES   30 // of a result that nothing else tells, on a disk that is full for a moment

enum { PERFORM_SUCCESS, PERFORM_OTHER, PERFORM_NEVER };

// Locked, and inherited by the command and all that it starts.
static int make_alive(int dir_fd)
{
	int fd = file_create(dir_fd, ATTEMPT_ALIVE_NAME);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

// The outcome must find room even where the command fills the disk.
static bool reserve(int fd, struct err *err)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, RESULT_BYTES) == 0 || errno == EOPNOTSUPP ||
	       errno == ENOSYS || err_errno(err, errno, ATTEMPT_RESULT_NAME);
}

static bool files_make(struct files *files, struct err *err)
{
	files->request_fd = file_draft(files->dir_fd, ATTEMPT_REQUEST_NAME, err);
	files->result_fd =
		files->request_fd >= 0 ? file_draft(files->dir_fd, ATTEMPT_RESULT_NAME, err) : -1;
	if (files->result_fd < 0 || !reserve(files->result_fd, err))
		return false;
	files->output_fd = file_create(files->dir_fd, ATTEMPT_OUTPUT_NAME);
	files->alive_fd = files->output_fd >= 0 ? make_alive(files->dir_fd) : -1;
	return files->alive_fd >= 0 ||
	       err_errno(err, errno,
		       files->output_fd >= 0 ? ATTEMPT_ALIVE_NAME : ATTEMPT_OUTPUT_NAME);
}

static void files_fini(struct files *files)
{
	const int fds[] = {files->output_fd, files->alive_fd, files->request_fd, files->result_fd};

	if (files->request_fd >= 0)
		unlinkat(files->dir_fd, ATTEMPT_REQUEST_NAME ".new", 0);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

// The result is the only trace that the attempt leaves of its outcome: a disk that does not take it
// is given some time, tried once a second. The lock is held meanwhile, so that the attempt counts
// as running and nobody thinks it lost.
static bool save_result(struct files *files, const cJSON *result, int tries)
{
	struct buf text = {0};
	int fd = files->result_fd;
	bool is_saved;

	json_write(&text, result);
	buf_byte(&text, '\n');
	files->result_fd = -1;
	is_saved = fd >= 0 && file_publish(files->dir_fd, ATTEMPT_RESULT_NAME, fd, text.data,
				      text.length, true, NULL);
	for (int i = 0; i < tries && !is_saved; i++) {
		if (i)
			nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
		is_saved = file_save(
			files->dir_fd, ATTEMPT_RESULT_NAME, text.data, text.length, true, NULL);
	}
	buf_fini(&text);
	return is_saved;
}

// The directories that lead to the attempt were made for it, and must be there after a power cut as
// its result is.
static void sync_above(int dir_fd)
{
	static const char *const above[] = {"..", "../.."};

	for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
		int fd = file_open_directory(dir_fd, above[i], false, NULL);

		if (fd < 0)
			continue;
		fsync(fd);
		close(fd);
	}
}

static int never_started(struct files *files, const struct err *why)
{
	cJSON *result = judge_never_started(why->message);
	// Without a request its absence tells as much, and what never began must not look as if it
	// ran.
	bool has_request = faccessat(files->dir_fd, "request.json", F_OK, 0) == 0;

	save_result(files, result, has_request ? SAVE_TRIES : 1);
	cJSON_Delete(result);
	fprintf(stderr, "relight: perform: %s\n", why->message);
	return PERFORM_NEVER;
}

static int carry_out(const struct order *order, struct files *files)
{
	struct output output;
	struct ending ending;
	char sha256[65];

	output_begin(&output, files->output_fd, order->mask);
	if (order->simulation)
		run_simulation(order, files, &output, &ending);
	else if (order->kubernetes)
		run_kubernetes(order, files, &output, &ending);
	else
		run_command(order, files, &output, &ending);
	output_close(&output, sha256);

	cJSON *result = judge_ending(order, &ending, &output, sha256);
	sync_above(files->dir_fd);

	bool is_success = save_result(files, result, SAVE_TRIES) && judge_is_success(result);

	cJSON_Delete(result);
	free(ending.why);
	cJSON_Delete(ending.cluster);
	output_fini(&output);
	return is_success ? PERFORM_SUCCESS : PERFORM_OTHER;
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

void perform_become_own_session(void)
{
	setsid(); // fails for one that leads a group already, as a command typed at a prompt does:
		  // no harm
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	fill_standard_descriptors();
	stop_signals();
}

// True: the attempt may begin. request.json is written once: whoever has the lock has seen that it
// was not there.
static bool take_request(
	struct order *order, struct files *files, const struct perform_task *task, struct err *err)
{
	int fd = files->request_fd;

	if (!order_read(order, task->in_fd, task, err))
		return false;
	files->request_fd = -1;
	return order_keep(order, files->dir_fd, fd, err);
}

static int perform_locked(const struct perform_task *task, int dir_fd)
{
	struct files files = {dir_fd, -1, -1, -1, -1};
	struct order order = {0};
	struct err err = {0};
	int code;

	if (files_make(&files, &err) && take_request(&order, &files, task, &err))
		code = carry_out(&order, &files);
	else
		code = never_started(&files, &err);
	order_fini(&order);
	files_fini(&files);
	return code;
}

int perform_attempt(const struct perform_task *task)
{
	struct err err = {0};
	int lock_fd = task->lock_fd, dir_fd = task->dir_fd, code = PERFORM_NEVER;

	perform_become_own_session();
	if (lock_fd < 0)
		lock_fd = attempt_prepare(task->directory, task->step, task->attempt, &err);
	else
		fcntl(lock_fd, F_SETFD, FD_CLOEXEC);
	if (!dir_fd)
		dir_fd = lock_fd >= 0
				 ? attempt_open(task->directory, task->step, task->attempt, &err)
				 : -1;
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
