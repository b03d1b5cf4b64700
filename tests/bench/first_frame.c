// SPDX-License-Identifier: Apache-2.0
#include "bench.h"
#include "screen.h"

// From the start of a full-screen program until its first complete frame stands on the terminal, in
// milliseconds; and the most memory that it has had until then, in KiB.

enum { DEADLINE_MS = 10000, QUIT_MS = 2000 };

static bool has_all(struct screen *s, void *context)
{
	for (char **text = context; *text != NULL; text++)
		if (!screen_has(s, *text))
			return false;
	return true;
}

static long peak_kib(int pid)
{
	char path[64], line[256];
	long kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "VmHWM: %ld", &kib) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return kib;
}

int main(int argc, char *argv[])
{
	const char *const *program = bench_program(argv, 3, "first_frame ROWS COLS TEXT...");
	int64_t began_us = bench_now_us();
	struct screen *s = screen_start(atoi(argv[1]), atoi(argv[2]), program, NULL);
	bool complete = screen_wait(s, has_all, &argv[3], "the first frame", DEADLINE_MS);

	(void)argc;
	if (complete)
		printf("%.3f %ld\n", (double)(bench_now_us() - began_us) / 1000,
			peak_kib(screen_pid(s)));
	// A hang-up lets it end what it has started.
	screen_hang_up(s);
	screen_wait_exit(s, QUIT_MS);
	screen_free(s);
	return complete ? 0 : 1;
}
