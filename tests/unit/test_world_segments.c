// SPDX-License-Identifier: Apache-2.0
//
// Files beside a record that say they continue it: none of them takes a whole line out of it.
#include "timeline_case.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/buf.h"
#include "relight/chain.h"
#include "relight/file.h"

#define LINES     12
#define MUTATIONS 4000

struct place {
	char directory[64];
	struct buf bytes;     // of a whole record, …
	size_t at[LINES + 1]; // … whose lines begin there
};

static void put(const struct place *place, const char *name, const void *bytes, size_t length)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", place->directory, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

// The lines from..to of the record, without the one that is named.
static void put_lines(const struct place *place, const char *name, int from, int to, int without)
{
	struct buf out = {0};

	for (int i = from; i < to; i++) {
		if (i != without)
			buf_add(&out, place->bytes.data + place->at[i],
				place->at[i + 1] - place->at[i]);
	}
	put(place, name, buf_str(&out), out.length);
	buf_fini(&out);
}

static void write_record(struct place *place)
{
	struct timeline *timeline = created(place->directory);
	struct record record = record_on(timeline, NULL);
	char file[96];

	add_notes(&record, LINES);
	drain(timeline);
	timeline_close(timeline);
	record_fini(&record);
	snprintf(file, sizeof file, "%s/timeline.jsonl", place->directory);
	assert_true(file_read(AT_FDCWD, file, 1 << 20, &place->bytes, NULL));
}

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	int line = 0;

	*state = place;
	strcpy(place->directory, "/tmp/relight-segments-XXXXXX");
	if (!mkdtemp(place->directory))
		return -1;
	setenv("XDG_RUNTIME_DIR", "", 1);
	write_record(place);
	for (size_t i = 0; i < place->bytes.length; i++) {
		if (place->bytes.data[i] == '\n')
			place->at[++line] = i + 1;
	}
	return line == LINES ? 0 : -1;
}

static int teardown(void **state)
{
	struct place *place = *state;
	int code = remove_tree(place->directory);

	buf_fini(&place->bytes);
	free(place);
	return code;
}

static void expect_good(const struct place *place, int lines)
{
	struct chain chain;
	struct err err = {0};
	int64_t count = 0;

	if (!timeline_read(place->directory, count_line, &count, &chain, NULL, &err) ||
		!timeline_is_one(place->directory, &err))
		fail_msg("%s", err.message);
	assert_int_equal(count, lines);
}

// Of the record all of `lines` is read before the damage, and whoever opens it is told `wanted`.
static void expect_damage(const struct place *place, int lines, const char *wanted)
{
	struct timeline_tail tail;
	struct chain chain;
	struct err err = {0};
	int64_t count = 0;
	bool is_held;

	assert_false(timeline_read(place->directory, count_line, &count, &chain, NULL, &err));
	assert_int_equal(count, lines);
	assert_false(timeline_is_one(place->directory, &err));
	if (!strstr(err.message, wanted))
		fail_msg("%s", err.message);
	count = 0;
	err.message[0] = '\0';
	assert_null(timeline_open(
		place->directory, count_line, &count, NULL, NULL, &tail, &is_held, &err));
	if (!strstr(err.message, wanted))
		fail_msg("%s", err.message);
}

static void test_what_stands_in_the_later_one_again_is_read_there(void **state)
{
	const struct place *place = *state;

	put_lines(place, "timeline.jsonl", 0, 9, -1);
	put_lines(place, "timeline-2.jsonl", 6, LINES, -1);
	expect_good(place, LINES);
	put_lines(place, "timeline-2.jsonl", 6, 9, -1);
	expect_good(place, 9);
	put_lines(place, "timeline-3.jsonl", 8, LINES, -1);
	expect_good(place, LINES);
	put_lines(place, "timeline-2.jsonl", 0, 0, -1);
	put_lines(place, "timeline-3.jsonl", 9, LINES, -1);
	expect_good(place, LINES);
}

// What the disk failed to take may be anything.
static void test_a_line_that_is_not_whole_is_not_looked_for(void **state)
{
	const struct place *place = *state;
	struct buf torn = {0};

	buf_add(&torn, place->bytes.data, place->at[9]);
	memset(torn.data + place->at[7] + 40, 0, 30);
	put(place, "timeline.jsonl", torn.data, torn.length);
	put_lines(place, "timeline-2.jsonl", 6, LINES, -1);
	expect_good(place, LINES);
	put(place, "timeline.jsonl", torn.data, torn.length - 50);
	expect_good(place, LINES);
	buf_fini(&torn);
}

static void test_a_later_one_hides_no_whole_line(void **state)
{
	const struct place *place = *state;

	put_lines(place, "timeline.jsonl", 0, LINES, -1);
	put_lines(place, "timeline-2.jsonl", 8, 9, -1);
	expect_damage(place, LINES,
		"/timeline-2.jsonl: line 1: begins with seq 8, and line 10 of timeline.jsonl, ");
	put_lines(place, "timeline-2.jsonl", 8, LINES, 10);
	expect_damage(place, LINES, "line 11 of timeline.jsonl, ");
	put_lines(place, "timeline-2.jsonl", 8, LINES - 1, -1);
	expect_damage(place, LINES, "line 12 of timeline.jsonl, ");
}

static void test_a_hidden_line_of_a_middle_one(void **state)
{
	const struct place *place = *state;

	put_lines(place, "timeline.jsonl", 0, 4, -1);
	put_lines(place, "timeline-2.jsonl", 4, LINES, -1);
	put_lines(place, "timeline-3.jsonl", 6, 8, -1);
	expect_damage(place, LINES,
		"/timeline-3.jsonl: line 1: begins with seq 6, and line 5 of timeline-2.jsonl, ");
}

// The taker's lines, and those with the same numbers that its predecessor could not write.
static void test_two_who_went_on_from_the_same_line(void **state)
{
	const struct place *place = *state;
	struct chain chain;
	struct record record = {.by = strdup("ben"), .mode = EVENT_DRILL};
	struct buf other = {0};

	chain_init(&chain);
	for (int i = 0; i < 5; i++)
		assert_true(chain_link(&chain, place->bytes.data + place->at[i],
			place->at[i + 1] - place->at[i] - 1, NULL));
	record.chain = chain;
	record_session(&record);
	for (int i = 0; i < 3; i++) {
		struct event *event = event_new(EVENT_NOTE);

		json_add_int(event->data, "n", record.chain.next_seq);
		event_free(record_event(&record, event, at_second(60 + i)));
		buf_add(&other, record.line.data, record.line.length);
		buf_byte(&other, '\n');
	}
	put(place, "timeline-2.jsonl", other.data, other.length);
	expect_damage(place, LINES, "begins with seq 5, and line 6 of timeline.jsonl, ");
	record_fini(&record);
	buf_fini(&other);
}

static void test_the_record_of_another_incident(void **state)
{
	struct place *place = *state;
	struct buf bytes = {0};
	char path[96];

	buf_add(&bytes, place->bytes.data, place->bytes.length);
	snprintf(path, sizeof path, "%s/timeline.jsonl", place->directory);
	assert_int_equal(unlink(path), 0);
	buf_clear(&place->bytes);
	write_record(place); // of another sid
	put(place, "timeline-2.jsonl", bytes.data, bytes.length);
	expect_damage(place, LINES, "begins with seq 0, and line 1 of timeline.jsonl, ");
	buf_fini(&bytes);
}

static void test_one_that_is_not_reached(void **state)
{
	const struct place *place = *state;
	struct timeline_tail tail;
	struct err err = {0};
	char link[96];
	bool is_held;

	put_lines(place, "timeline.jsonl", 0, 6, -1);
	put_lines(place, "timeline-3.jsonl", 6, LINES, -1);
	put(place, "timeline-x.jsonl", "x", 1);
	put(place, "timeline-03.jsonl", "x", 1);
	assert_false(timeline_is_one(place->directory, &err));
	assert_non_null(
		strstr(err.message, "/timeline-3.jsonl: is there without timeline-2.jsonl: "));
	assert_null(timeline_open(place->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &err));
	assert_false(is_held);
	assert_non_null(strstr(err.message, "is there without timeline-2.jsonl: "));
	snprintf(link, sizeof link, "%s/timeline-2.jsonl", place->directory);
	assert_int_equal(symlink("timeline-3.jsonl", link), 0);
	assert_false(timeline_is_one(place->directory, &err));
	assert_non_null(strstr(err.message, "/timeline-2.jsonl: not a regular file: "));
}

// --- mutations -------------------------------------------------------------------------------------------------------

static size_t below(size_t limit)
{
	return (size_t)rand() % limit;
}

static void mutate(const struct place *place, struct buf *out)
{
	size_t from = below(LINES), to = from + 1 + below(LINES - from);

	for (size_t i = from; i < to; i++) {
		size_t line = below(8) ? i : below(LINES); // another, a second time, or moved

		if (below(8))
			buf_add(out, place->bytes.data + place->at[line],
				place->at[line + 1] - place->at[line]);
	}
	if (out->length && !below(3))
		out->data[below(out->length)] = (char)below(256);
	if (out->length && !below(4))
		out->length = below(out->length);
}

static bool hear(void *context, const char *line, size_t length, struct err *err)
{
	struct buf *lines = context;

	(void)err;
	buf_add(lines, line, length);
	buf_byte(lines, '\n');
	return true;
}

static void test_whatever_is_read_without_complaint_has_all_lines_of_the_first(void **state)
{
	const struct place *place = *state;
	int good = 0;

	srand(1);
	put_lines(place, "timeline.jsonl", 0, 9, -1);
	for (int n = 0; n < MUTATIONS; n++) {
		struct buf second = {0}, read = {0};
		struct chain chain;
		struct err err = {0};

		mutate(place, &second);
		put(place, "timeline-2.jsonl", buf_str(&second), second.length);
		if (timeline_read(place->directory, hear, &read, &chain, NULL, &err)) {
			good++;
			if (read.length < place->at[9] ||
				memcmp(read.data, place->bytes.data, read.length) != 0)
				fail_msg("mutation %d hides lines:\n%s", n, buf_str(&second));
		}
		buf_fini(&second);
		buf_fini(&read);
	}
	print_message("%d mutations: %d are the record all the same\n", MUTATIONS, good);
	assert_true(good > 0 && good < MUTATIONS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_stands_in_the_later_one_again_is_read_there),
		TEST(a_line_that_is_not_whole_is_not_looked_for),
		TEST(a_later_one_hides_no_whole_line),
		TEST(a_hidden_line_of_a_middle_one),
		TEST(two_who_went_on_from_the_same_line),
		TEST(the_record_of_another_incident),
		TEST(one_that_is_not_reached),
		TEST(whatever_is_read_without_complaint_has_all_lines_of_the_first),
	};

	return cmocka_run_group_tests_name("world_segments", tests, NULL, NULL);
}
