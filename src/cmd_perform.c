// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "relight/attempt.h"

int cmd_perform(int argc, char **argv)
{
	static const struct option options[] = {
		{"dir", required_argument, NULL, 'd'},
		{"step", required_argument, NULL, 's'},
		{"attempt", required_argument, NULL, 'n'},
		{"dry-run", no_argument, NULL, 't'},
		{0},
	};
	struct perform_task task = {.lock_fd = -1, .in_fd = STDIN_FILENO};
	bool is_trial = false;
	int option;

	while ((option = command_option(argc, argv, options)) != -1) {
		char *end;

		switch (option) {
		case 'd': task.directory = optarg; break;
		case 's': task.step = optarg; break;
		case 'n':
			errno = 0;

			long number = strtol(optarg, &end, 10);

			if (*end || errno || number < 1 || number > 1000000)
				return command_usage(argv[0], "--attempt needs a number from 1");
			task.attempt = (int)number;
			break;
		case 't': is_trial = true; break;
		default: return EXIT_USAGE;
		}
	}
	if (optind < argc)
		return command_usage(argv[0], "it takes no operands: the request comes on stdin");
	if (is_trial && (task.step || task.attempt))
		return command_usage(argv[0], "--dry-run is of no attempt: the request says all");
	if (is_trial)
		return perform_trial(task.directory, STDIN_FILENO, STDOUT_FILENO);
	if (!task.directory || !task.step || !task.attempt)
		return command_usage(argv[0], "needs --dir, --step and --attempt");
	return perform_attempt(&task);
}
