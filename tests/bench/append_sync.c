// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include <fcntl.h>
#include <unistd.h>

// What a durable record costs at least: so many lines appended to a file, each synced before the
// next.

int main(int argc, char *argv[])
{
	char line[4096];
	size_t line_bytes = argc == 4 ? (size_t)atoi(argv[2]) : 0;
	int file;

	if (line_bytes == 0 || line_bytes > sizeof line) {
		fprintf(stderr, "usage: append_sync COUNT LINE-BYTES FILE\n");
		return 2;
	}
	memset(line, 'x', line_bytes);
	line[line_bytes - 1] = '\n';
	file = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0) {
		perror(argv[3]);
		return 1;
	}
	for (int i = atoi(argv[1]); i > 0; i--)
		if (write(file, line, line_bytes) != (ssize_t)line_bytes || fdatasync(file) != 0) {
			perror(argv[3]);
			return 1;
		}
	close(file);
	return 0;
}
