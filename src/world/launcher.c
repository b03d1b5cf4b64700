// SPDX-License-Identifier: Apache-2.0
#include "relight/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/chain.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"

// Forked actuators share this process's memory until they write to it: no program is loaded, no
// library initialised, which is most of what an attempt of a short command would cost (8 ms against
// 0.3).

#define MAX_LINE_BYTES (16u << 20)

// An actuator that was forked here and has not been reaped.
struct actuator {
	struct actuator *next;
	char *directory, *step;
	int attempt;
	pid_t pid;
	int request_fd; // -1: has had its request
};

struct service {
	int fd; // the cockpit
	struct actuator *actuators;
	// One more, waiting for its request in a directory that is not yet any step's: so that what
	// making a process and its files takes is over when the next attempt begins.
	struct actuator *spare;
	bool wants_spare;
	struct buf received;
};

// --- the service: what it says -----------------------------------------------------------------------------------------

static void say(struct service *service, cJSON *attempt)
{
	cJSON *message = json_object();
	struct buf line = {0};

	json_add(message, "attempt", attempt);
	json_write(&line, message);
	buf_byte(&line, '\n');
	file_write(service->fd, line.data, line.length,
		NULL); // a cockpit that is gone shows as end of file
	cJSON_Delete(message);
	buf_fini(&line);
}

static cJSON *about(const char *step, int attempt)
{
	cJSON *value = json_object();

	json_add_text(value, "step", step);
	json_add_int(value, "attempt", attempt);
	return value;
}

static void say_state(struct service *service, const char *directory, const char *step, int attempt,
	pid_t pid, const char *error)
{
	cJSON *value = about(step, attempt), *result;
	// Read first: what has its result by then has slept no more.
	struct attempt_sleep sleep = attempt_slept(directory, step, attempt);

	json_add_text(value, "state",
		attempt_state_word(attempt_look(directory, step, attempt, &result)));
	json_add_text(value, "error", error);
	if (pid)
		json_add_int(value, "pid", pid);
	if (sleep.put_off_ms > 0) {
		json_add_int(value, "slept_ms", sleep.slept_ms);
		json_add_int(value, "put_off_ms", sleep.put_off_ms);
	}
	json_add(value, "result", result);
	// Read last: what is over by now says whether it was stopped.
	json_add(value, "stopping", attempt_stopping(directory, step, attempt));
	say(service, value);
}

static void say_error(struct service *service, const char *step, int attempt, const struct err *err)
{
	cJSON *value = about(step, attempt);

	json_add_text(value, "error", err->message);
	say(service, value);
}

// --- its actuators -----------------------------------------------------------------------------------------------------

static void actuator_free(struct actuator *actuator)
{
	if (actuator->request_fd >= 0)
		close(actuator->request_fd);
	free(actuator->directory);
	free(actuator->step);
	free(actuator);
}

static struct actuator *find(struct service *service, const char *step, int attempt)
{
	struct actuator *actuator = service->actuators;

	while (actuator && (actuator->attempt != attempt || strcmp(actuator->step, step) != 0))
		actuator = actuator->next;
	return actuator;
}

// In the child: of what was inherited only the lock and the request may stay open. A copy of
// another actuator's request pipe would keep that one from seeing the end of it.
_Noreturn static void become_actuator(struct service *service, const struct perform_task *task)
{
	sigset_t none;

	for (struct actuator *other = service->actuators; other; other = other->next) {
		if (other->request_fd >= 0)
			close(other->request_fd);
	}
	if (service->spare)
		close(service->spare->request_fd);
	close(service->fd);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(perform_attempt(task));
}

// Forks an actuator for what is locked already; the descriptors of the task are closed here, the
// child's copies go on holding the lock. NULL with errno.
static struct actuator *fork_actuator(struct service *service, struct perform_task *task)
{
	struct actuator *actuator = NULL;
	pid_t pid = -1;
	int ends[2], errnum;

	if (pipe2(ends, O_CLOEXEC) == 0) {
		pid = fork();
		if (!pid) {
			close(ends[1]);
			task->in_fd = ends[0];
			become_actuator(service, task);
		}
		errnum = errno;
		close(ends[0]);
		if (pid < 0)
			close(ends[1]);
		errno = errnum;
	}
	errnum = errno;
	close(task->lock_fd);
	if (task->dir_fd)
		close(task->dir_fd);
	errno = errnum;
	if (pid < 0)
		return NULL;
	actuator = memory_zeroed(1, sizeof *actuator);
	*actuator = (struct actuator){.directory = memory_copy_text(task->directory),
		.step = memory_copy_text(task->step),
		.attempt = task->attempt,
		.pid = pid,
		.request_fd = ends[1]};
	return actuator;
}

static struct actuator *launch(struct service *service, const char *directory, const char *step,
	int attempt, struct err *err)
{
	struct perform_task task = {.directory = directory,
		.step = step,
		.attempt = attempt,
		.lock_fd = attempt_prepare(directory, step, attempt, err)};
	struct actuator *actuator = task.lock_fd >= 0 ? fork_actuator(service, &task) : NULL;

	if (task.lock_fd >= 0 && !actuator)
		err_errno(err, errno, "attempt: %s/%d: cannot be started", step, attempt);
	return actuator;
}

// --- the spare one -----------------------------------------------------------------------------------------------------

static void make_spare(struct service *service, const char *directory)
{
	struct perform_task task = {.directory = directory};

	// Without one, attempts are launched all the same.
	task.lock_fd = attempt_spare_prepare(directory, &task.dir_fd, NULL);
	if (task.lock_fd < 0)
		return;
	service->spare = fork_actuator(service, &task);
	if (!service->spare)
		attempt_spare_remove(directory);
}

// When an attempt has its request, so while it runs: there is time.
static void replace_spare(struct service *service)
{
	if (service->wants_spare && !service->spare && service->actuators)
		make_spare(service, service->actuators->directory);
	service->wants_spare = false;
}

// Its process is no more.
static void forget_spare(struct service *service)
{
	attempt_spare_remove(service->spare->directory);
	actuator_free(service->spare);
	service->spare = NULL;
}

static void drop_spare(struct service *service)
{
	if (!service->spare)
		return;
	kill(service->spare->pid, SIGKILL);
	waitpid(service->spare->pid, NULL, 0);
	forget_spare(service);
}

static struct actuator *take_spare(
	struct service *service, const char *directory, const char *step, int attempt)
{
	struct actuator *spare = service->spare;

	if (!spare || attempt != 1 || strcmp(spare->directory, directory) != 0 ||
		!attempt_spare_take(directory, step))
		return NULL;
	service->spare = NULL;
	spare->step = memory_copy_text(step);
	spare->attempt = attempt;
	return spare;
}

static void reap(struct service *service)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct actuator **at = &service->actuators;

		if (service->spare && service->spare->pid == pid) {
			forget_spare(service);
			continue;
		}
		while (*at && (*at)->pid != pid)
			at = &(*at)->next;
		if (!*at)
			continue;

		struct actuator *gone = *at;

		*at = gone->next;
		// Of one that left a result, that says why.
		bool is_refused = WIFEXITED(status) && WEXITSTATUS(status) > 1;

		say_state(service, gone->directory, gone->step, gone->attempt, gone->pid,
			is_refused ? "its files could not be made; a full disk?" : NULL);
		actuator_free(gone);
	}
}

// --- what it is told ---------------------------------------------------------------------------------------------------

struct request {
	const char *directory; // NULL where it was not given
	const char *step;
	int attempt;
	const cJSON *body;
};

// Whatever kept it from being launched, where it stands tells whether an earlier one of that number
// may have acted.
static void say_no_launch(
	struct service *service, const struct request *request, const struct err *err)
{
	cJSON *value = about(request->step, request->attempt), *result;
	enum attempt_state is =
		attempt_look(request->directory, request->step, request->attempt, &result);

	json_add_text(value, "state", attempt_state_word(is));
	json_add(value, "result", result);
	json_add_text(value, "error", err->message);
	say(service, value);
}

static void on_launch(struct service *service, const struct request *request)
{
	struct actuator *actuator;
	struct err err = {0};

	// A finished one of the same number, should it not have been reaped, must not be found by
	// what follows.
	reap(service);
	actuator = take_spare(service, request->directory, request->step, request->attempt);
	if (!actuator)
		actuator =
			launch(service, request->directory, request->step, request->attempt, &err);
	if (!actuator) {
		say_no_launch(service, request, &err);
		return;
	}
	actuator->next = service->actuators;
	service->actuators = actuator;

	cJSON *value = about(request->step, request->attempt);

	json_add_text(value, "state", attempt_state_word(ATTEMPT_RUNNING));
	json_add_int(value, "pid", actuator->pid);
	say(service, value);
}

static void on_perform(struct service *service, const struct request *request)
{
	struct actuator *actuator = find(service, request->step, request->attempt);
	struct buf line = {0};
	struct err err = {0};

	if (!actuator || actuator->request_fd < 0) {
		err_set(&err, "attempt: %s/%d: was not launched, or has its request already",
			request->step, request->attempt);
		say_error(service, request->step, request->attempt, &err);
		return;
	}
	json_write(&line, json_get(request->body, "request"));
	buf_byte(&line, '\n');
	// An actuator that is gone meanwhile is reported when it is reaped.
	file_write(actuator->request_fd, line.data, line.length, NULL);
	close(actuator->request_fd);
	actuator->request_fd = -1;
	buf_wipe(&line);
	service->wants_spare = true;
}

static void on_forget(struct service *service, const struct request *request)
{
	struct actuator *actuator = find(service, request->step, request->attempt);

	if (!actuator || actuator->request_fd < 0)
		return;
	close(actuator->request_fd);
	actuator->request_fd = -1;
}

static void on_look(struct service *service, const struct request *request)
{
	struct actuator *actuator;

	reap(service);
	actuator = find(service, request->step, request->attempt);
	say_state(service, request->directory, request->step, request->attempt,
		actuator ? actuator->pid : 0, NULL);
}

static void on_cancel(struct service *service, const struct request *request)
{
	struct err err = {0};

	if (!attempt_cancel(request->directory, request->step, request->attempt,
		    json_text(request->body, "why"), &err))
		say_error(service, request->step, request->attempt, &err);
}

static void on_extend(struct service *service, const struct request *request)
{
	int by_s = (int)json_int(request->body, "by_s", 0);
	struct err err = {0};
	bool is_too_late;

	if (attempt_extend(
		    request->directory, request->step, request->attempt, by_s, &is_too_late, &err))
		return;
	if (is_too_late)
		on_look(service, request);
	else
		say_error(service, request->step, request->attempt, &err);
}

static const struct order_kind {
	const char *word;
	void (*carry_out)(struct service *, const struct request *);
	bool needs_directory;
} order_kinds[] = {
	{"launch", on_launch, true},
	{"perform", on_perform, false},
	{"forget", on_forget, false},
	{"look", on_look, true},
	{"cancel", on_cancel, true},
	{"extend", on_extend, true},
};

static void take_order(struct service *service, const cJSON *message)
{
	for (size_t i = 0; i < sizeof order_kinds / sizeof *order_kinds; i++) {
		const struct order_kind *kind = &order_kinds[i];
		const cJSON *body = json_get(message, kind->word);
		struct request request = {
			.directory = json_text(body, "dir"),
			.step = json_text(body, "step"),
			.attempt = (int)json_int(body, "attempt", 0),
			.body = body,
		};

		if (body && request.step && (request.directory || !kind->needs_directory))
			kind->carry_out(service, &request);
	}
}

static void take_line(struct service *service, const char *line, size_t length)
{
	cJSON *message = json_parse(line, length, NULL);

	// The other end is this very program: what it says is understood or nothing is done.
	if (message)
		take_order(service, message);
	json_wipe(message);
}

// False at the end of file.
static bool hear(struct service *service)
{
	struct buf *received = &service->received;
	const char *end;

	buf_reserve(received, 65536);

	ssize_t n = read(service->fd, received->data + received->length, 65536);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (!n)
		return false;
	received->length += (size_t)n;
	while ((end = memchr(received->data, '\n', received->length))) {
		size_t length = (size_t)(end - received->data);

		take_line(service, received->data, length);
		OPENSSL_cleanse(received->data, length); // requests carry secrets
		buf_drop(received, length + 1);
	}
	return received->length <= MAX_LINE_BYTES;
}

static void on_child(int signal)
{
	(void)signal; // only interrupts the wait
}

// The terminal, and whatever else waits for the end of what we hold, must not wait for this process
// or for an actuator: a pipe that we write to, a lock of the script that called us.
static void detach(int service_fd)
{
	int null_fd = open("/dev/null", O_RDWR);

	setsid();
	for (int fd = STDIN_FILENO; null_fd >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null_fd, fd);
	for (int fd = STDERR_FILENO + 1; fd < service_fd; fd++)
		close(fd);
	close_range((unsigned)service_fd + 1, ~0u, 0);
}

_Noreturn void launcher_serve(int fd)
{
	struct service service = {.fd = fd};
	struct sigaction action = {.sa_handler = on_child};
	sigset_t blocked, none;
	// The cockpit draws its first frame meanwhile and may have the processors for that long.
	const struct timespec at_first = {.tv_nsec = 300000000}, *patience = &at_first;

	detach(fd);
	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int n = ppoll(&wait, 1, patience, &none);

		if (patience) {
			char sha256[65];

			sha256_hex("", 0, sha256); // initialises libcrypto for all actuators
			patience = NULL;
		}
		reap(&service);
		if (n > 0 && !hear(&service))
			break;
		replace_spare(&service);
	}
	drop_spare(&service);
	_exit(0);
}
