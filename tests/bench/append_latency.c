// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/record.h"

// How long an event takes until it is on the disk for good, through all of the write path, beside a
// bare write and fdatasync of as many bytes: one of each in turn, so that what else the machine
// does meets both. Median and p99 in microseconds, first ours, then the bare ones.

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void print(int64_t *us, size_t count)
{
	qsort(us, count, sizeof *us, by_size);
	printf("%lld %lld ", (long long)us[count / 2], (long long)us[count * 99 / 100]);
}

static bool append(struct record *record, int n)
{
	struct event *event = event_new(EVENT_DEPENDENCY_STATUS);

	event_set_dependency(event, "intake-recovery");
	json_add_text(event->data, "from", "healthy");
	json_add_text(event->data, "to", "degraded");
	json_add_text(event->data, "message", "HTTP 503 from https://case.example.com/health");
	json_add_int(event->data, "n", n);
	event_free(record_event(record, event, clock_now()));
	return timeline_drain(record->timeline, NULL);
}

static int measure(struct record *record, int bare, size_t count)
{
	int64_t *ours = memory_zeroed(count, sizeof *ours),
		*theirs = memory_zeroed(count, sizeof *theirs);
	bool is_good = true;

	for (size_t i = 0; i < count && is_good; i++) {
		int64_t began_us = bench_now_us();

		is_good = append(record, (int)i);
		ours[i] = bench_now_us() - began_us;
		began_us = bench_now_us();
		is_good = is_good &&
			  write(bare, record->line.data, record->line.length) ==
				  (ssize_t)record->line.length &&
			  fdatasync(bare) == 0;
		theirs[i] = bench_now_us() - began_us;
	}
	if (!is_good)
		perror("append_latency");
	print(ours, count);
	print(theirs, count);
	printf("\n");
	free(ours);
	free(theirs);
	return is_good ? 0 : 1;
}

int main(int argc, char *argv[])
{
	struct record record = {.mode = EVENT_LIVE};
	struct err err = {0};
	char path[4096];
	int bare, code;

	if (argc != 3 || atoi(argv[1]) < 1) {
		fprintf(stderr, "usage: append_latency COUNT EMPTY-DIRECTORY\n");
		return 2;
	}
	snprintf(path, sizeof path, "%s/bare", argv[2]);
	bare = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	record.timeline = timeline_create(argv[2], NULL, NULL, &err);
	if (bare < 0 || !record.timeline) {
		fprintf(stderr, "%s: %s\n", path, err.message[0] ? err.message : strerror(errno));
		return 1;
	}
	record.mask = mask_new();
	record.by = memory_copy_text("bench");
	chain_init(&record.chain);
	record_session(&record);
	code = measure(&record, bare, (size_t)atoi(argv[1]));
	timeline_close(record.timeline);
	record_fini(&record);
	close(bare);
	return code;
}
