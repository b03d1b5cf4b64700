// SPDX-License-Identifier: Apache-2.0
//
// Where an attempt stands follows from its files, whoever was its parent:
//
//   lock   result.json  alive  request.json
//   held                                     running
//   free   there                             finished, or never-started: as it says
//   free   none         held                 unattended
//   free   none         free   there         unknown
//   free   none         free   none          never-started
#include "relight/attempt.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/json.h"

#define MAX_RESULT_BYTES (4u << 20)
#define MAX_NOTE_BYTES   4096
#define LOCK_TRIES       20       // a look holds the lock for a moment
#define SPARE            ".spare" // no step's id begins with a dot

static const char *const state_words[] = {
	[ATTEMPT_RUNNING] = "running",
	[ATTEMPT_UNATTENDED] = "unattended",
	[ATTEMPT_FINISHED] = "finished",
	[ATTEMPT_NEVER_STARTED] = "never-started",
	[ATTEMPT_UNKNOWN] = "unknown",
};

const char *attempt_state_word(enum attempt_state state)
{
	assert(state <= ATTEMPT_UNKNOWN);
	return state_words[state];
}

bool attempt_state_parse(const char *word, enum attempt_state *state)
{
	for (size_t i = 0; word && i < sizeof state_words / sizeof *state_words; i++) {
		if (!strcmp(word, state_words[i])) {
			*state = (enum attempt_state)i;
			return true;
		}
	}
	return false;
}

// A step's id becomes a name in the file system: it must be one, and stay below attempts/.
static bool is_file_name(const char *step)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.:";
	size_t length = step ? strlen(step) : 0;

	return length && length <= 200 && step[0] != '.' && strspn(step, allowed) == length;
}

int attempt_open(const char *directory, const char *step, int attempt, struct err *err)
{
	char path[256];
	int dir_fd, fd;

	if (!is_file_name(step) || attempt < 1) {
		err_set(err, "attempt: %.100s/%d: no step and attempt", step ? step : "", attempt);
		errno = EINVAL;
		return -1;
	}
	dir_fd = file_open_directory(AT_FDCWD, directory, false, err);
	if (dir_fd < 0) {
		err_prefix(err, "attempt");
		return -1;
	}
	snprintf(path, sizeof path, INCIDENT_ATTEMPTS "/%s/%d", step, attempt);
	fd = file_open_directory(dir_fd, path, false, err);
	if (fd < 0)
		err_prefix(err, "attempt: %s", directory);
	close(dir_fd);
	return fd;
}

// --- looking ---------------------------------------------------------------------------------------------------------

static enum attempt_state look_at_result(int dir_fd, cJSON **result)
{
	enum attempt_state state = ATTEMPT_UNKNOWN;
	struct buf text = {0};
	cJSON *value = NULL;

	if (file_read(dir_fd, ATTEMPT_RESULT_NAME, MAX_RESULT_BYTES, &text, NULL))
		value = json_parse(text.data, text.length, NULL);
	buf_fini(&text);

	const char *outcome = json_text(value, "outcome");

	if (outcome)
		state = !strcmp(outcome, "never-started") ? ATTEMPT_NEVER_STARTED
							  : ATTEMPT_FINISHED;
	if (result && outcome)
		*result = value;
	else
		cJSON_Delete(value);
	return state;
}

static enum attempt_state look_in(int dir_fd, cJSON **result)
{
	if (file_is_locked(dir_fd, ATTEMPT_LOCK_NAME))
		return ATTEMPT_RUNNING;
	// Nobody is left who could still write a result.
	if (faccessat(dir_fd, ATTEMPT_RESULT_NAME, F_OK, 0) == 0 || errno != ENOENT)
		return look_at_result(dir_fd, result);
	if (file_is_locked(dir_fd, ATTEMPT_ALIVE_NAME))
		return ATTEMPT_UNATTENDED;
	if (faccessat(dir_fd, ATTEMPT_REQUEST_NAME, F_OK, 0) == 0 || errno != ENOENT)
		return ATTEMPT_UNKNOWN;
	return ATTEMPT_NEVER_STARTED;
}

enum attempt_state attempt_look(
	const char *directory, const char *step, int attempt, cJSON **result)
{
	if (result)
		*result = NULL;

	int dir_fd = attempt_open(directory, step, attempt, NULL);

	if (dir_fd < 0)
		return errno == ENOENT ? ATTEMPT_NEVER_STARTED : ATTEMPT_UNKNOWN;

	enum attempt_state state = look_in(dir_fd, result);

	close(dir_fd);
	return state;
}

// --- preparing -------------------------------------------------------------------------------------------------------

static int make_directories(const char *directory, const char *step, int attempt, struct err *err)
{
	char number[16];
	const char *const names[] = {INCIDENT_ATTEMPTS, step, number};
	int fd = file_open_directory(AT_FDCWD, directory, false, err);

	snprintf(number, sizeof number, "%d", attempt);
	for (size_t i = 0; fd >= 0 && i < sizeof names / sizeof *names; i++) {
		int below = file_open_directory(fd, names[i], true, err);

		close(fd);
		fd = below;
	}
	return fd;
}

static bool lock_exclusively(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	errno = EWOULDBLOCK;
	return false;
}

// What an actuator left that never had its request: the number is free to be used.
static void clear_leftovers(int dir_fd)
{
	static const char *const names[] = {ATTEMPT_RESULT_NAME, ATTEMPT_CANCEL_NAME,
		ATTEMPT_DEADLINE_NAME, ATTEMPT_ALIVE_NAME, ATTEMPT_SLEPT_NAME,
		ATTEMPT_STOPPING_NAME, ATTEMPT_OUTPUT_NAME, ATTEMPT_REQUEST_NAME ".new",
		ATTEMPT_RESULT_NAME ".new"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlinkat(dir_fd, names[i], 0);
}

static int lock_in(int dir_fd, struct err *err)
{
	int fd = openat(dir_fd, ATTEMPT_LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		err_errno(err, errno, ATTEMPT_LOCK_NAME);
		return -1;
	}
	if (!lock_exclusively(fd))
		err_set(err,
			errno == EWOULDBLOCK ? "an actuator is alive" : "lock: cannot be locked");
	else if (faccessat(dir_fd, ATTEMPT_REQUEST_NAME, F_OK, 0) == 0)
		err_set(err, "was performed already; a retry has a number of its own");
	else {
		clear_leftovers(dir_fd);
		return fd;
	}
	close(fd);
	return -1;
}

static int prepare(
	const char *directory, const char *step, int attempt, int *dir_fd, struct err *err)
{
	*dir_fd = make_directories(directory, step, attempt, err);

	int lock_fd = *dir_fd >= 0 ? lock_in(*dir_fd, err) : -1;

	if (lock_fd >= 0)
		return lock_fd;
	err_prefix(err, "attempt: %s/" INCIDENT_ATTEMPTS "/%s/%d", directory, step, attempt);
	if (*dir_fd >= 0)
		close(*dir_fd);
	return -1;
}

int attempt_prepare(const char *directory, const char *step, int attempt, struct err *err)
{
	int lock_fd, dir_fd;

	if (!is_file_name(step) || attempt < 1) {
		err_set(err, "attempt: %.100s/%d: no step and attempt", step ? step : "", attempt);
		return -1;
	}
	lock_fd = prepare(directory, step, attempt, &dir_fd, err);
	if (lock_fd >= 0)
		close(dir_fd);
	return lock_fd;
}

int attempt_spare_prepare(const char *directory, int *dir_fd, struct err *err)
{
	return prepare(directory, SPARE, 1, dir_fd, err);
}

static int open_attempts(const char *directory)
{
	int dir_fd = file_open_directory(AT_FDCWD, directory, false, NULL);
	int fd = dir_fd >= 0 ? file_open_directory(dir_fd, INCIDENT_ATTEMPTS, false, NULL) : -1;

	if (dir_fd >= 0)
		close(dir_fd);
	return fd;
}

bool attempt_spare_take(const char *directory, const char *step)
{
	int fd = is_file_name(step) ? open_attempts(directory) : -1;
	// A step's directory that has attempts is not empty and is not replaced.
	bool is_taken = fd >= 0 && renameat(fd, SPARE, fd, step) == 0;

	if (fd >= 0)
		close(fd);
	return is_taken;
}

void attempt_spare_remove(const char *directory)
{
	int fd = open_attempts(directory);
	int dir_fd = fd >= 0 ? file_open_directory(fd, SPARE "/1", false, NULL) : -1;

	if (dir_fd >= 0) {
		clear_leftovers(dir_fd);
		unlinkat(dir_fd, ATTEMPT_LOCK_NAME, 0);
		close(dir_fd);
	}
	if (fd >= 0) {
		unlinkat(fd, SPARE "/1", AT_REMOVEDIR);
		unlinkat(fd, SPARE, AT_REMOVEDIR);
		close(fd);
	}
}

// --- notes: small files that the launcher and a running actuator leave for each other ----------------------------------

// Takes ownership of `value`.
static bool write_note(int dir_fd, const char *name, cJSON *value, struct err *err)
{
	struct buf text = {0};

	json_write(&text, value);
	buf_byte(&text, '\n');

	bool is_written = file_save(dir_fd, name, text.data, text.length, false, err);

	buf_fini(&text);
	cJSON_Delete(value);
	return is_written;
}

// NULL where there is none, or none that can be read. The caller frees.
static cJSON *read_note(int dir_fd, const char *name)
{
	struct buf text = {0};
	cJSON *value = NULL;

	if (file_read(dir_fd, name, MAX_NOTE_BYTES, &text, NULL))
		value = json_parse(buf_str(&text), text.length, NULL);
	buf_fini(&text);
	return value;
}

// --- to a running one --------------------------------------------------------------------------------------------------

bool attempt_cancel(
	const char *directory, const char *step, int attempt, const char *why, struct err *err)
{
	int dir_fd = attempt_open(directory, step, attempt, err);

	if (dir_fd < 0)
		return false;

	cJSON *value = json_object();

	json_add_text(value, "why", why);

	bool is_left = write_note(dir_fd, ATTEMPT_CANCEL_NAME, value, err) ||
		       err_prefix(err, "attempt: %s/%d", step, attempt);

	close(dir_fd);
	return is_left;
}

int64_t attempt_extension_s(int dir_fd)
{
	cJSON *value = read_note(dir_fd, ATTEMPT_DEADLINE_NAME);
	int64_t extended_s = json_int(value, "extended_s", 0);

	cJSON_Delete(value);
	return extended_s > 0 ? extended_s : 0;
}

// The directory itself is what is locked: whoever opens it has a lock of its own.
void attempt_door_close(int dir_fd)
{
	lock_exclusively(dir_fd);
}

void attempt_door_open(int dir_fd)
{
	flock(dir_fd, LOCK_UN);
}

static bool put_off(int dir_fd, int by_s, struct err *err)
{
	cJSON *value = json_object();

	json_add_int(value, "extended_s", attempt_extension_s(dir_fd) + by_s);
	return write_note(dir_fd, ATTEMPT_DEADLINE_NAME, value, err);
}

bool attempt_extend(const char *directory, const char *step, int attempt, int by_s,
	bool *is_too_late, struct err *err)
{
	int dir_fd = attempt_open(directory, step, attempt, err);
	bool is_left = false;

	*is_too_late = false;
	if (dir_fd < 0)
		return false;
	if (!lock_exclusively(dir_fd)) {
		err_errno(err, errno, "cannot be locked");
	} else if (faccessat(dir_fd, ATTEMPT_STOPPING_NAME, F_OK, 0) == 0) {
		*is_too_late = true;
		err_set(err, "too late: it is being stopped");
	} else {
		is_left = put_off(dir_fd, by_s, err);
	}
	if (!is_left)
		err_prefix(err, "attempt: %s/%d", step, attempt);
	close(dir_fd);
	return is_left;
}

// --- from a running one ------------------------------------------------------------------------------------------------

void attempt_tell_sleep(int dir_fd, const struct attempt_sleep *sleep)
{
	cJSON *value = json_object();

	json_add_int(value, "slept_ms", sleep->slept_ms);
	json_add_int(value, "put_off_ms", sleep->put_off_ms);
	write_note(dir_fd, ATTEMPT_SLEPT_NAME, value, NULL);
}

static cJSON *read_note_of(const char *directory, const char *step, int attempt, const char *name)
{
	int dir_fd = attempt_open(directory, step, attempt, NULL);
	cJSON *value = dir_fd >= 0 ? read_note(dir_fd, name) : NULL;

	if (dir_fd >= 0)
		close(dir_fd);
	return value;
}

struct attempt_sleep attempt_slept(const char *directory, const char *step, int attempt)
{
	cJSON *value = read_note_of(directory, step, attempt, ATTEMPT_SLEPT_NAME);
	struct attempt_sleep sleep = {
		.slept_ms = json_int(value, "slept_ms", 0),
		.put_off_ms = json_int(value, "put_off_ms", 0),
	};

	cJSON_Delete(value);
	return sleep;
}

void attempt_tell_stop(int dir_fd, const struct attempt_stop *stop)
{
	cJSON *value = json_object();

	json_add_text(value, "cause", stop->is_cancel ? "cancel" : "timeout");
	json_add_int(value, "after_ms", stop->after_ms);
	if (stop->signal) {
		json_add_int(value, "signal", stop->signal);
		json_add_int(value, "grace_ms", stop->grace_ms);
	}
	json_add_int(value, "extended_s", stop->extended_s);
	write_note(dir_fd, ATTEMPT_STOPPING_NAME, value, NULL);
}

cJSON *attempt_stopping(const char *directory, const char *step, int attempt)
{
	return read_note_of(directory, step, attempt, ATTEMPT_STOPPING_NAME);
}
