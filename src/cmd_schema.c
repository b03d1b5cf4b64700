// SPDX-License-Identifier: Apache-2.0
//
// `relight schema timeline`: the JSON Schema of a line, as it is installed.
#include "command.h"

#include <stdio.h>
#include <string.h>

#include "carried.h"

int cmd_schema(int argc, char **argv)
{
	static const struct option options[] = {{0}};
	if (command_option(argc, argv, options) != -1)
		return EXIT_USAGE;
	if (argc - optind != 1 || strcmp(argv[optind], "timeline") != 0)
		return command_usage(
			argv[0], "name what: timeline is the one that is described so far");
	const struct carried_file *schema = carried_find("src/schemas/timeline.json");
	fwrite(schema->bytes, 1, schema->length, stdout);
	return EXIT_GOOD;
}
