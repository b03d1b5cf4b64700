// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "command.h"
#include "relight/jq.h"

int cmd_jq(int argc, char **argv)
{
	if (argc > 1)
		return command_usage(argv[0], "it takes no operands: JSON lines come on stdin");
	return jq_serve(STDIN_FILENO, STDOUT_FILENO) == 0 ? EXIT_GOOD : EXIT_USAGE;
}
