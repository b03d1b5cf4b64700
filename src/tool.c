// SPDX-License-Identifier: Apache-2.0
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relight/file.h"

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

static int start(const char *const *argv, int ends[STREAMS][2], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t all;
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[IN][0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[OUT][1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[WORDS][1], STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	int errnum =
		posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
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

// To the end of both. False: it prints too much.
static bool read_streams(int out_fd, int words_fd, struct buf *out, struct buf *words)
{
	struct pollfd fds[2] = {{out_fd, POLLIN, 0}, {words_fd, POLLIN, 0}};
	struct buf *const into[2] = {out, words};
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return true;
		for (int i = 0; i < 2; i++) {
			if (fds[i].fd >= 0 && fds[i].revents && !take(fds[i].fd, into[i]))
				fds[i].fd = -1;
			if (into[i]->length > TOOL_MOST_BYTES)
				return false;
		}
	}
	return true;
}

int tool_run(const char *const *argv, const char *input, struct buf *out, struct buf *words,
	struct err *err)
{
	int ends[STREAMS][2] = {{-1, -1}, {-1, -1}, {-1, -1}}, status = 0;
	pid_t pid = -1;
	int errnum = make_pipes(ends) ? start(argv, ends, &pid) : errno;
	if (errnum) {
		close_all(ends);
		err_errno(err, errnum, "%s: cannot be started", argv[0]);
		return -1;
	}
	for (int i = 0; i < STREAMS; i++) {
		int theirs = i == IN ? 0 : 1;
		close(ends[i][theirs]);
		ends[i][theirs] = -1;
	}
	// So little fits into the pipe; one that does not read it shows by its exit code.
	void (*before)(int) = signal(SIGPIPE, SIG_IGN);
	file_write(ends[IN][1], input, strlen(input), NULL);
	close(ends[IN][1]);
	ends[IN][1] = -1;
	bool is_bounded = read_streams(ends[OUT][0], ends[WORDS][0], out, words);
	if (!is_bounded)
		kill(pid, SIGKILL);
	close_all(ends);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	signal(SIGPIPE, before);
	if (is_bounded && WIFEXITED(status))
		return WEXITSTATUS(status);
	err_set(err, "%s: %s", argv[0], is_bounded ? "was killed" : "prints too much");
	return -1;
}
