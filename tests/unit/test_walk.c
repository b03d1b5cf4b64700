// SPDX-License-Identifier: Apache-2.0
//
// A timeline that was tampered with in 10,000 random ways: each is noticed, and the first line that
// is not what it was is the first one named.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/buf.h"
#include "relight/json.h"
#include "relight/record.h"
#include "walk.h"

#define LINES     12
#define MUTATIONS 10000
#define MOST      (LINES + 2)

// --- what was written ------------------------------------------------------------------------------------------------

static void write_timeline(struct buf *out)
{
	struct record record = {.by = strdup("ana"), .mode = EVENT_LIVE};

	chain_init(&record.chain);
	strcpy(record.sid, "0123456789abcdef");
	strcpy(record.boot, "00000000-0000-4000-8000-000000000000");
	for (int i = 0; i < LINES; i++) {
		struct event *event = event_new(i % 3 ? EVENT_NOTE : EVENT_STEP_RESULT);

		json_add_text(event->data, "text", "as it was \xe2\x80\xae written");
		json_add_int(event->data, "n", i);
		event_free(record_event(
			&record, event, (struct moment){{1783047942000000 + i}, {1000000 + i}}));
		buf_add(out, record.line.data, record.line.length);
		buf_byte(out, '\n');
	}
	record_fini(&record);
}

// --- walking it ------------------------------------------------------------------------------------------------------

struct seen {
	int64_t first_bad, good, end;
	char head[65];
};

static void see(void *context, struct walked *line)
{
	struct seen *seen = context;

	if (line->damage.message[0]) {
		char named[32];

		snprintf(named, sizeof named, "line %lld:", (long long)line->number);
		assert_non_null(strstr(line->damage.message, named));
		seen->first_bad = seen->first_bad ? seen->first_bad : line->number;
	} else if (!seen->first_bad) {
		seen->good++;
		memcpy(seen->head, line->event->h, sizeof seen->head);
	}
	assert_true(line->from <= line->end);
	seen->end = line->end;
}

static struct seen walk(const char *bytes, size_t length)
{
	struct seen seen = {0};
	struct err err = {0};
	int fd = memfd_create("timeline", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), (ssize_t)length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_true(walk_lines(fd, "t", see, &seen, &err));
	close(fd);
	return seen;
}

// --- mutations -------------------------------------------------------------------------------------------------------

struct lines {
	const char *at[MOST];
	size_t length[MOST]; // with the LF
	size_t count;
};

static void split(const struct buf *bytes, struct lines *lines)
{
	lines->count = 0;
	for (size_t at = 0; at < bytes->length && lines->count < MOST; lines->count++) {
		const char *end = memchr(bytes->data + at, '\n', bytes->length - at);
		size_t length = end ? (size_t)(end - bytes->data) + 1 - at : bytes->length - at;

		lines->at[lines->count] = bytes->data + at;
		lines->length[lines->count] = length;
		at += length;
	}
}

static void join(const struct lines *lines, struct buf *out)
{
	for (size_t i = 0; i < lines->count; i++)
		buf_add(out, lines->at[i], lines->length[i]);
}

static size_t below(size_t limit)
{
	return (size_t)rand() % limit;
}

static void insert(struct lines *lines, size_t at, const char *line, size_t length)
{
	memmove(lines->at + at + 1, lines->at + at, (lines->count - at) * sizeof *lines->at);
	memmove(lines->length + at + 1, lines->length + at,
		(lines->count - at) * sizeof *lines->length);
	lines->at[at] = line;
	lines->length[at] = length;
	lines->count++;
}

static void drop(struct lines *lines, size_t at)
{
	lines->count--;
	memmove(lines->at + at, lines->at + at + 1, (lines->count - at) * sizeof *lines->at);
	memmove(lines->length + at, lines->length + at + 1,
		(lines->count - at) * sizeof *lines->length);
}

static void swap(struct lines *lines, size_t a, size_t b)
{
	const char *at = lines->at[a];
	size_t length = lines->length[a];

	lines->at[a] = lines->at[b];
	lines->length[a] = lines->length[b];
	lines->at[b] = at;
	lines->length[b] = length;
}

static void mutate_lines(const struct buf *original, int how, struct buf *out)
{
	static const char *const strange[] = {"\n", "{}\n", "{\"v\":1,\"seq\":3}\n", "x\r\n"};
	struct lines lines;

	split(original, &lines);

	size_t at = below(lines.count), other = below(lines.count);
	const char *line = strange[below(4)];

	switch (how) {
	case 0: drop(&lines, at); break;
	case 1: insert(&lines, at, lines.at[at], lines.length[at]); break;
	case 2: swap(&lines, at, other); break;
	case 3: insert(&lines, below(lines.count + 1), lines.at[at], lines.length[at]); break;
	default: insert(&lines, below(lines.count + 1), line, strlen(line));
	}
	join(&lines, out);
}

static void mutate_bytes(const struct buf *original, int how, struct buf *out)
{
	size_t at = below(original->length);
	char byte = (char)below(256);

	buf_add(out, original->data, at);
	if (how == 0) // a bit
		byte = (char)(original->data[at] ^ (1 << below(8)));
	buf_add(out, &byte, how == 3 ? 0 : 1); // replaced, inserted, but not removed
	at += how == 2 ? 0 : 1;
	buf_add(out, original->data + at, original->length - at);
}

// From 1: the first line that is not what it was; behind the last one when there are more, 0 when
// there are only fewer.
static int64_t first_difference(const struct buf *original, const struct buf *mutated)
{
	struct lines was, is;

	split(original, &was);
	split(mutated, &is);
	for (size_t i = 0; i < is.count; i++) {
		if (i == was.count || was.length[i] != is.length[i] ||
			memcmp(was.at[i], is.at[i], is.length[i]) != 0)
			return (int64_t)i + 1;
	}
	return 0;
}

static void test_every_mutation_is_noticed(void **state)
{
	struct buf original = {0};
	int counts[2] = {0};

	(void)state;
	write_timeline(&original);

	struct seen good = walk(original.data, original.length);

	assert_int_equal(good.first_bad, 0);
	assert_int_equal(good.good, LINES);
	assert_int_equal(good.end + 1, original.length);
	srand(1);
	for (int n = 0; n < MUTATIONS;) {
		struct buf mutated = {0};

		if (n % 2)
			mutate_lines(&original, rand() % 5, &mutated);
		else
			mutate_bytes(&original, rand() % 4, &mutated);
		if (mutated.length != original.length ||
			memcmp(mutated.data, original.data, mutated.length) != 0) {
			int64_t wanted = first_difference(&original, &mutated);
			struct seen seen = walk(mutated.data, mutated.length);

			// Only a seal tells a cut tail: the head that it has is not there.
			if (seen.first_bad != wanted || (!wanted && !strcmp(seen.head, good.head)))
				fail_msg("mutation %d: line %lld is the first bad one, named was "
					 "%lld\n%s",
					n, (long long)wanted, (long long)seen.first_bad,
					buf_str(&mutated));
			counts[wanted == 0]++;
			n++;
		}
		buf_fini(&mutated);
	}
	print_message("%d mutations: %d by the first bad line, %d cut tails by the head\n",
		MUTATIONS, counts[0], counts[1]);
	assert_true(counts[1] > 0);
	buf_fini(&original);
}

// --- where the damage is ---------------------------------------------------------------------------------------------

struct heard {
	struct buf words;
};

static void hear(void *context, struct walked *line)
{
	struct heard *heard = context;

	if (line->damage.message[0])
		buf_printf(&heard->words, "%s\n", line->damage.message);
}

static void test_lines_behind_a_bad_one_are_judged_by_themselves(void **state)
{
	struct buf bytes = {0};
	struct heard heard = {0};
	struct lines lines;
	struct err err = {0};
	char wanted[200];

	(void)state;
	write_timeline(&bytes);
	split(&bytes, &lines);
	*(char *)strstr(lines.at[4], "kind") = 'K';
	snprintf(wanted, sizeof wanted,
		"line 5: was changed: its digest is not that of its bytes (bytes %zu to %zu)\n",
		(size_t)(lines.at[4] - bytes.data), (size_t)(lines.at[5] - bytes.data) - 1);

	int fd = memfd_create("timeline", MFD_CLOEXEC);

	assert_int_equal(write(fd, bytes.data, bytes.length), (ssize_t)bytes.length);
	lseek(fd, 0, SEEK_SET);
	assert_true(walk_lines(fd, "t", hear, &heard, &err));
	assert_string_equal(buf_str(&heard.words), wanted);
	close(fd);
	buf_fini(&heard.words);
	buf_fini(&bytes);
}

static void test_lines_that_are_too_long(void **state)
{
	struct buf bytes = {0}, words = {0};
	struct heard heard = {0};
	struct err err = {0};
	int fd = memfd_create("timeline", MFD_CLOEXEC);

	(void)state;
	write_timeline(&bytes);
	for (size_t i = 0; i < 3 * EVENT_MAX_BYTES; i++)
		buf_byte(&words, 'x');
	buf_byte(&words, '\n');
	assert_int_equal(write(fd, bytes.data, bytes.length), (ssize_t)bytes.length);
	assert_int_equal(write(fd, words.data, words.length), (ssize_t)words.length);
	assert_int_equal(write(fd, words.data, words.length - 1), (ssize_t)words.length - 1);
	lseek(fd, 0, SEEK_SET);
	assert_true(walk_lines(fd, "t", hear, &heard, &err));
	assert_non_null(strstr(buf_str(&heard.words), "line 13: longer than"));
	assert_non_null(strstr(buf_str(&heard.words), "line 14: longer than"));
	close(fd);
	buf_fini(&heard.words);
	buf_fini(&words);
	buf_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_mutation_is_noticed),
		cmocka_unit_test(test_lines_behind_a_bad_one_are_judged_by_themselves),
		cmocka_unit_test(test_lines_that_are_too_long),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
