// SPDX-License-Identifier: Apache-2.0
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// What the measuring programs share. Each prints one line of numbers; run.sh repeats, interleaves
// and compares.

// The monotonic clock in microseconds.
static inline int64_t bench_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// The program to measure, which stands behind "--": its argv, in argv's own memory; argv is cut
// before it. Ends the process with a usage line if fewer than `wanted` arguments stand before it,
// or none behind.
static inline const char *const *bench_program(char *argv[], int wanted, const char *usage)
{
	int i = 1;

	while (argv[i] != NULL && strcmp(argv[i], "--") != 0)
		i++;
	if (i - 1 < wanted || argv[i] == NULL || argv[i + 1] == NULL) {
		fprintf(stderr, "usage: %s -- PROGRAM [ARGUMENT]...\n", usage);
		exit(2);
	}
	argv[i] = NULL;
	return (const char *const *)&argv[i + 1];
}

#endif
