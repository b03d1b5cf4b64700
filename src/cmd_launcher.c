// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "relight/launcher.h"

int cmd_launcher(int argc, char **argv)
{
	struct stat status;
	struct err err;
	if (argc > 1 || fstat(STDIN_FILENO, &status) < 0 || !S_ISSOCK(status.st_mode))
		return command_usage(
			argv[0], "it takes no operands, and a socket as standard input");
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (fd < 0) {
		err_errno(&err, errno, "launcher: standard input");
		return command_fail(EXIT_USAGE, &err);
	}
	launcher_serve(fd);
}
