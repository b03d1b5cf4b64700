// SPDX-License-Identifier: Apache-2.0
#include "relight/jq.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "jq_program.h"
#include "relight/buf.h"
#include "relight/json.h"

// The blocking parent: one child for one question, without a loop, threads or signal handlers, so
// that it fits into any process.

#define CHECK_MS         120000 // as for DEFINE_MS in jq.c
#define ANSWER_MAX_BYTES (64u << 20)

struct session {
	int pid;
	int fd; // a stream socket, the child's stdin and stdout
	int64_t until_ms;
	struct buf received;
};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool spawn_child(const char *executable, int fd, int *pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	char role[] = "jq";
	char *argv[] = {(char *)executable, role, NULL};
	char *nothing[] = {NULL};
	int error = posix_spawn(pid, executable, &actions, &attributes, argv, nothing);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error == 0 || err_errno(err, error, "jq cannot be started: %s", executable);
}

static bool session_open(
	struct session *session, const char *executable, int64_t timeout_ms, struct err *err)
{
	int ends[2];
	*session = (struct session){.until_ms = now_ms() + timeout_ms};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return err_errno(err, errno, "jq cannot be started");
	bool is_started = spawn_child(executable, ends[1], &session->pid, err);
	close(ends[1]);
	session->fd = ends[0];
	if (!is_started)
		close(ends[0]);
	return is_started;
}

static void session_close(struct session *session)
{
	close(session->fd);
	kill(session->pid, SIGKILL);
	while (waitpid(session->pid, NULL, 0) < 0 && errno == EINTR)
		;
	buf_fini(&session->received);
}

static bool is_over(struct err *err)
{
	return err_set(err, "jq ended unexpectedly: out of memory, or a fault in libjq");
}

// Waits for `events` on the socket until the deadline.
static bool session_wait(const struct session *session, short events, struct err *err)
{
	for (;;) {
		int64_t left_ms = session->until_ms - now_ms();
		if (left_ms <= 0)
			return err_set(err, "jq took too long and was ended");
		struct pollfd ready = {.fd = session->fd, .events = events};
		int n = poll(&ready, 1, (int)left_ms);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_errno(err, errno, "jq");
	}
}

static bool session_read(struct session *session, struct err *err)
{
	buf_reserve(&session->received, 65536);
	ssize_t n = recv(session->fd, session->received.data + session->received.length, 65536,
		MSG_DONTWAIT);
	if (n > 0)
		session->received.length += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		return is_over(err);
	return session->received.length <= ANSWER_MAX_BYTES ||
	       err_set(err, "jq gave too long an answer");
}

// Reads while it writes: complaints may fill the socket before all programs are through.
static bool session_send(struct session *session, const struct buf *line, struct err *err)
{
	for (size_t sent = 0; sent < line->length;) {
		if (!session_wait(session, POLLIN | POLLOUT, err))
			return false;
		ssize_t n = send(session->fd, line->data + sent, line->length - sent,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			sent += (size_t)n;
		else if (errno == EAGAIN && !session_read(session, err))
			return false;
		else if (errno != EAGAIN && errno != EINTR)
			return is_over(err);
	}
	return true;
}

// The next line as JSON, for the caller to free.
static cJSON *session_line(struct session *session, struct err *err)
{
	char *end;
	struct buf *received = &session->received;
	while (!received->length || !(end = memchr(received->data, '\n', received->length)))
		if (!session_wait(session, POLLIN, err) || !session_read(session, err))
			return NULL;
	size_t length = (size_t)(end - received->data);
	cJSON *line = json_parse(received->data, length, err);
	if (!line)
		err_prefix(err, "jq: its answer");
	buf_drop(received, length + 1);
	const char *fatal = json_text(line, "fatal");
	if (fatal) {
		err_set(err, "%s", fatal);
		cJSON_Delete(line);
		return NULL;
	}
	return line;
}

static bool session_define(struct session *session, const char *const *programs, size_t count,
	jq_bad_program *bad, void *context, struct err *err)
{
	struct buf line = {0};
	buf_text(&line, "{\"define\":[");
	for (size_t i = 0; i < count; i++) {
		buf_text(&line, i ? "," : "");
		json_write_text(&line, programs[i]);
	}
	buf_text(&line, "]}\n");
	bool is_good = session_send(session, &line, err), is_defined = false;
	buf_fini(&line);
	while (is_good && !is_defined) {
		cJSON *answer = session_line(session, err);
		const cJSON *error = json_get(answer, "error");
		const char *message = json_text(error, "message");
		int64_t index = json_int(error, "index", -1);
		is_good = answer != NULL;
		is_defined = json_get(answer, "defined") != NULL;
		if (message && index >= 0 && (size_t)index < count)
			bad(context, (size_t)index, message);
		cJSON_Delete(answer);
	}
	return is_good;
}

bool jq_check_programs(const char *executable, const char *const *programs, size_t count,
	jq_bad_program *bad, void *context, struct err *err)
{
	struct session session;
	if (count == 0)
		return true;
	if (!session_open(&session, executable, CHECK_MS, err))
		return false;
	bool is_good = session_define(&session, programs, count, bad, context, err);
	session_close(&session);
	return is_good;
}

static void take_complaint(void *context, size_t index, const char *message)
{
	(void)index;
	err_set(context, "jq: %s", message);
}

static char *session_evaluate(
	struct session *session, const char *text, size_t length, struct err *err)
{
	struct buf line = {0};
	buf_text(&line, "{\"id\":1,\"programs\":[0],\"text\":");
	jq_program_input(text, length, &line);
	buf_text(&line, "}\n");
	bool is_sent = session_send(session, &line, err);
	buf_fini(&line);
	cJSON *answer = is_sent ? session_line(session, err) : NULL;
	const cJSON *results = json_get(answer, "results");
	const cJSON *result = results ? results->child : NULL;
	const cJSON *output = json_get(result, "output");
	struct buf text_out = {0};
	if (output)
		json_write(&text_out, output);
	else if (answer)
		err_set(err, "jq: %s",
			json_text(result, "error") ? json_text(result, "error") : "no answer");
	cJSON_Delete(answer);
	return output ? buf_take(&text_out) : NULL;
}

char *jq_evaluate_once(const char *executable, const char *program, const char *text,
	size_t length_bytes, int64_t timeout_ms, struct err *err)
{
	struct session session;
	struct err complaint = {0};
	char *output = NULL;
	if (!session_open(&session, executable, timeout_ms, err))
		return NULL;
	if (session_define(&session, &program, 1, take_complaint, &complaint, err)) {
		if (complaint.message[0])
			err_set(err, "%s", complaint.message);
		else
			output = session_evaluate(&session, text, length_bytes, err);
	}
	session_close(&session);
	return output;
}
