// SPDX-License-Identifier: Apache-2.0
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/file.h"
#include "relight/memory.h"

extern char **environ;

enum { IN, OUT, WORDS, STREAMS };

static void close_all(int ends[STREAMS][2])
{
	for (int i = 0; i < STREAMS; i++)
		for (int side = 0; side < 2; side++)
			if (ends[i][side] >= 0)
				close(ends[i][side]);
}

static bool make_pipes(int ends[STREAMS][2])
{
	for (int i = 0; i < STREAMS; i++)
		if (pipe2(ends[i], O_CLOEXEC) < 0)
			return false;
	return true;
}

// Of two with the same name the first one counts (getenv).
static char **put_before(const char *const *own)
{
	size_t count = 0, own_count = 0;
	while (environ[count])
		count++;
	while (own && own[own_count])
		own_count++;
	char **all = memory_zeroed(own_count + count + 1, sizeof *all);
	for (size_t i = 0; i < own_count; i++)
		all[i] = (char *)own[i];
	memcpy(all + own_count, environ, count * sizeof *all);
	return all;
}

static int start(const struct tool *tool, int ends[STREAMS][2], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	char **environment = put_before(tool->environment);
	int flags = POSIX_SPAWN_SETSIGDEF;
	if (mono_known(tool->until)) // without a terminal to ask on, and a group of its own
		flags |= POSIX_SPAWN_SETSID;
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[IN][0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[OUT][1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[WORDS][1], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, (short)flags);
	int errnum = posix_spawnp(
		pid, tool->argv[0], &actions, &attributes, (char *const *)tool->argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	return errnum;
}

// False at its end.
static bool take(int fd, struct buf *out)
{
	buf_reserve(out, 4096);
	ssize_t got = read(fd, out->data + out->length, 4096);
	if (got < 0)
		return errno == EINTR;
	out->length += (size_t)got;
	out->data[out->length] = '\0';
	return got > 0;
}

// How long poll(2) may wait.
static int left_ms(struct mono until)
{
	int64_t left = mono_known(until) ? until.us - clock_mono().us : 0;
	if (!mono_known(until))
		return -1;
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)(left / US_PER_MS) + 1;
}

enum ending { ENDED, TOO_MUCH, TOO_LATE };

// To the end of both.
static enum ending read_streams(
	const struct tool *tool, int out_fd, int words_fd, struct buf *out, struct buf *words)
{
	struct pollfd fds[2] = {{out_fd, POLLIN, 0}, {words_fd, POLLIN, 0}};
	struct buf *const into[2] = {out, words};
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int wait_ms = left_ms(tool->until);
		int ready = poll(fds, 2, wait_ms);
		if (ready < 0 && errno != EINTR)
			return ENDED;
		if (ready == 0 && wait_ms == 0)
			return TOO_LATE;
		for (int i = 0; ready > 0 && i < 2; i++) {
			if (fds[i].fd >= 0 && fds[i].revents && !take(fds[i].fd, into[i]))
				fds[i].fd = -1;
			if (into[i]->length > TOOL_MOST_BYTES)
				return TOO_MUCH;
		}
	}
	return ENDED;
}

// One that has closed both its streams is as good as ended; only one with a deadline is not waited
// for beyond that.
static bool await_end(const struct tool *tool, pid_t pid, int *status)
{
	static const struct timespec a_moment = {.tv_nsec = 2000000};
	pid_t ended = 0;
	while (left_ms(tool->until) > 0) {
		ended = waitpid(pid, status, WNOHANG);
		if (ended == pid)
			return true;
		nanosleep(&a_moment, NULL);
	}
	if (mono_known(tool->until))
		return false;
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
	return true;
}

static void end(const struct tool *tool, pid_t pid, int *status)
{
	kill(mono_known(tool->until) ? -pid : pid, SIGKILL);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

int tool_run(const struct tool *tool, struct buf *out, struct buf *words, struct err *err)
{
	static const char *const why[] = {
		[ENDED] = "was killed", [TOO_MUCH] = "prints too much", [TOO_LATE] = "no answer"};
	int ends[STREAMS][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, status = 0;
	pid_t pid = -1;
	int errnum = make_pipes(ends) ? start(tool, ends, &pid) : errno;
	if (errnum) {
		close_all(ends);
		err_errno(err, errnum, "%s: cannot be started", tool->argv[0]);
		return -1;
	}
	for (int i = 0; i < STREAMS; i++) {
		int theirs = i == IN ? 0 : 1;
		close(ends[i][theirs]);
		ends[i][theirs] = -1;
	}
	// So little fits into the pipe; one that does not read it shows by its exit code.
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	file_write(ends[IN][1], tool->input, strlen(tool->input), NULL);
	close(ends[IN][1]);
	ends[IN][1] = -1;
	enum ending ending = read_streams(tool, ends[OUT][0], ends[WORDS][0], out, words);
	close_all(ends);
	if (ending == ENDED && !await_end(tool, pid, &status))
		ending = TOO_LATE;
	if (ending != ENDED)
		end(tool, pid, &status);
	signal(SIGPIPE, before);
	if (ending == ENDED && WIFEXITED(status))
		return WEXITSTATUS(status);
	err_set(err, "%s: %s", tool->argv[0], why[ending]);
	return ending == TOO_LATE ? TOOL_LATE : -1;
}
