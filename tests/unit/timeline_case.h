// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_TESTS_TIMELINE_CASE_H
#define RELIGHT_TESTS_TIMELINE_CASE_H

// A record that is written in a test, below /tmp, and read again: notes that count themselves, so
// that one that is lost, doubled or moved is seen.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/event.h"
#include "relight/json.h"
#include "relight/record.h"
#include "relight/timeline.h"

static inline int remove_tree(const char *path)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", path);
	return system(command);
}

static inline struct moment at_second(int64_t s)
{
	return (struct moment){{1783047942000000 + s * 1000000}, {s * 1000000}};
}

static inline struct timeline *created(const char *directory)
{
	struct err err = {0};
	struct timeline *timeline = timeline_create(directory, NULL, NULL, &err);

	if (!timeline)
		fail_msg("%s", err.message);
	return timeline;
}

// To be freed with record_fini. `chain`: what it goes on from; NULL: it begins.
static inline struct record record_on(struct timeline *timeline, const struct chain *chain)
{
	struct record record = {.timeline = timeline, .by = strdup("ana"), .mode = EVENT_DRILL};

	if (chain)
		record.chain = *chain;
	else
		chain_init(&record.chain);
	record_session(&record);
	return record;
}

static inline void add_notes(struct record *record, int count)
{
	for (int i = 0; i < count; i++) {
		struct event *event = event_new(EVENT_NOTE);

		json_add_int(event->data, "n", record->chain.next_seq);
		event_free(record_event(record, event, at_second(i)));
	}
}

static inline void drain(struct timeline *timeline)
{
	struct err err = {0};

	if (!timeline_drain(timeline, &err))
		fail_msg("%s", err.message);
}

// For timeline_read: counts the notes in *context, an int64_t.
static inline bool count_line(void *context, const char *line, size_t length, struct err *err)
{
	struct event *event = event_decode(line, length, err);
	int64_t *count = context;

	if (!event)
		return false;
	assert_int_equal(json_int(event->data, "n", -1), event->seq);
	event_free(event);
	++*count;
	return true;
}

#endif
