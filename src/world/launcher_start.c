// SPDX-License-Identifier: Apache-2.0
#include "relight/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The cockpit's end: how the service of launcher.c comes to be.

extern char **environ;

bool launcher_start(struct launcher *launcher, struct err *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, errno, "launcher: cannot be started");
	launcher->pid = fork();
	if (!launcher->pid) {
		close(ends[0]);
		launcher_serve(ends[1]);
	}

	int errnum = errno;

	close(ends[1]);
	launcher->fd = ends[0];
	if (launcher->pid < 0) {
		close(ends[0]);
		return err_errno(err, errnum, "launcher: cannot be started");
	}
	fcntl(launcher->fd, F_SETFL, fcntl(launcher->fd, F_GETFL) | O_NONBLOCK);
	return true;
}

// One that has closed its end without having ended would neither end nor be reaped. Killed, it is
// gone in no time, unless it hangs in its disk: then it is left behind.
static void bury(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	int tries = 20;

	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) == 0 && tries--)
		nanosleep(&pause, NULL);
}

// A process that has threads may not fork one that goes on without loading a program.
bool launcher_restart(struct launcher *launcher, const char *executable, struct err *err)
{
	const char *const argv[] = {"relight", "launcher", NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], errnum;

	if (launcher->pid > 0)
		bury(launcher->pid);
	launcher->fd = launcher->pid = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, errno, "launcher: cannot be started");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
	errnum = posix_spawn(
		&launcher->pid, executable, &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (errnum) {
		close(ends[0]);
		launcher->pid = -1;
		return err_errno(err, errnum, "launcher: %s: cannot be started", executable);
	}
	launcher->fd = ends[0];
	fcntl(launcher->fd, F_SETFL, fcntl(launcher->fd, F_GETFL) | O_NONBLOCK);
	return true;
}
