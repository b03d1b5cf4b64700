// SPDX-License-Identifier: Apache-2.0
#include "timeline_case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/file.h"
#include "relight/incident.h"
#include "relight/incident_files.h"

/* A record whose disk gives way: what is acknowledged is somewhere, and comes home. */

// --- a disk that fails when it is told to ----------------------------------------------------------------------------

static char failing[128];             // syncs of what is below this path fail; "": none
static atomic_int failures_left;      // so many of them; -1: all
static atomic_bool directory_fails;   // and all of that directory itself
static atomic_int directory_failures; // which happened so often
static char stuck[128];               // and these do not return while …
static atomic_bool is_stuck;          // … this holds
static atomic_int synced_twice;       // a file was synced after its sync had failed
static struct statx failed;           // the newest such file

static void path_of(int fd, char path[256])
{
	char link[64];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);

	ssize_t length = readlink(link, path, 255);

	path[length > 0 ? length : 0] = '\0';
}

// Its number may be that of one that was removed; the time it was made is not.
static bool is_failed(int fd)
{
	struct statx is;

	return statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &is) == 0 &&
	       is.stx_ino == failed.stx_ino &&
	       memcmp(&is.stx_btime, &failed.stx_btime, sizeof is.stx_btime) == 0;
}

static int sync_or_fail(int fd, long number)
{
	char path[256];

	path_of(fd, path);
	if (is_failed(fd))
		synced_twice++;
	while (is_stuck && strncmp(path, stuck, strlen(stuck)) == 0)
		usleep(1000);
	if (failing[0] && strncmp(path, failing, strlen(failing)) == 0 && failures_left != 0) {
		if (failures_left > 0)
			failures_left--;
		if (strstr(path, ".jsonl"))
			statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &failed);
		errno = EIO;
		return -1;
	}
	if (failing[0] && strcmp(path, failing) == 0 && directory_fails) {
		directory_failures++;
		errno = EIO;
		return -1;
	}
	return (int)syscall(number, fd);
}

// These take the place of the C library's.
int fsync(int fd)
{
	return sync_or_fail(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return sync_or_fail(fd, SYS_fdatasync);
}

enum call { NO_CALL, MAKING, WRITING, RENAMING };
static _Atomic enum call failing_call; // the first time, of what is to become a segment
static atomic_int calls_failed;

static bool is_draft(const char *path)
{
	size_t length = strlen(path);

	return length > 10 && strcmp(path + length - 10, ".jsonl.new") == 0;
}

static bool refuse(enum call call, const char *path)
{
	if (failing_call != call || !is_draft(path) || calls_failed > 0)
		return false;
	calls_failed++;
	errno = call == WRITING ? ENOSPC : EIO;
	return true;
}

int openat(int dir_fd, const char *path, int flags, ...)
{
	va_list rest;
	mode_t mode;

	va_start(rest, flags);
	mode = va_arg(rest, mode_t);
	va_end(rest);
	if ((flags & O_CREAT) && refuse(MAKING, path))
		return -1;
	return (int)syscall(SYS_openat, dir_fd, path, flags, mode);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	char path[256];

	path_of(fd, path);
	if (refuse(WRITING, path))
		return -1;
	return syscall(SYS_write, fd, bytes, length);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (refuse(RENAMING, from))
		return -1;
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

// --- a place ---------------------------------------------------------------------------------------------------------

struct place {
	char root[64], home[96], mirrors[96], mirror[128], runtime[96];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	strcpy(place->root, "/tmp/relight-copies-XXXXXX");
	if (!mkdtemp(place->root))
		return -1;
	snprintf(place->home, sizeof place->home, "%s/home", place->root);
	snprintf(place->mirrors, sizeof place->mirrors, "%s/mirrors", place->root);
	snprintf(place->mirror, sizeof place->mirror, "%s/mirrors/it", place->root);
	snprintf(place->runtime, sizeof place->runtime, "%s/run", place->root);
	mkdir(place->mirrors, 0700);
	mkdir(place->runtime, 0700);

	const struct frozen_file frozen = {
		.name = FROZEN_RUNBOOK, .bytes = "relight: 1\n", .length = 11};
	char *made = incident_create(place->home, "x", INCIDENT_PRIVATE, NULL);

	if (made && !incident_freeze(made, &frozen, 1, NULL))
		return -1;
	free(made);
	setenv("XDG_RUNTIME_DIR", place->runtime, 1);
	failing[0] = stuck[0] = '\0';
	memset(&failed, 0, sizeof failed);
	failures_left = synced_twice = calls_failed = directory_failures = 0;
	directory_fails = is_stuck = false;
	failing_call = NO_CALL;
	*state = place;
	return made ? 0 : -1;
}

static int teardown(void **state)
{
	struct place *place = *state;
	int code = remove_tree(place->root);

	free(place);
	return code;
}

static void fail_below(const char *path, int times)
{
	failures_left = times;
	strcpy(failing, path);
}

static void heal(void)
{
	failing[0] = '\0';
}

static void add_evidence(struct record *record, char byte)
{
	struct event *event = event_new(EVENT_NOTE);
	char text[9001];

	memset(text, byte, 9000);
	text[9000] = '\0';
	json_add_int(event->data, "n", record->chain.next_seq);
	json_add_text(event->data, "text", text);
	event_free(record_event(record, event, (struct moment){{1783047942000000}, {1000}}));
}

static void expect_lines(const char *directory, int64_t expected)
{
	struct chain chain;
	struct err err = {0};
	int64_t count = 0;

	if (!timeline_read(directory, count_line, &count, &chain, NULL, &err))
		fail_msg("%s", err.message);
	assert_int_equal(count, expected);
}

static void tend_until(struct timeline *timeline, bool (*is_so)(struct timeline *timeline))
{
	for (int i = 0; i < 6000 && !is_so(timeline); i++) {
		timeline_tend(timeline);
		usleep(10000);
	}
	assert_true(is_so(timeline));
}

static bool is_elsewhere(struct timeline *timeline)
{
	struct buf path = {0};
	struct err err;
	bool is_so = timeline_is_elsewhere(timeline, &path, &err);

	buf_fini(&path);
	return is_so;
}

static bool is_home(struct timeline *timeline)
{
	return !is_elsewhere(timeline) && !timeline_fault(timeline, NULL);
}

static bool has_no_mirror(struct timeline *timeline)
{
	struct err err;

	return timeline_mirror_fault(timeline, &err);
}

static bool has_mirror(struct timeline *timeline)
{
	return !has_no_mirror(timeline);
}

static int files_in(const char *path)
{
	char command[256];

	snprintf(command, sizeof command, "exit $(find '%s' -type f | wc -l)", path);
	return WEXITSTATUS(system(command));
}

// --- a failed sync ---------------------------------------------------------------------------------------------------

static void test_after_a_failed_sync_a_new_segment_begins(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	enum timeline_place where;
	struct buf path = {0};
	char head[65], wanted[65];

	add_notes(&record, 3);
	drain(timeline);
	memcpy(wanted, record.chain.head, sizeof wanted);
	assert_false(timeline_segment(timeline, &where, &path, head));
	fail_below(place->home, 1);
	add_notes(&record, 2);
	drain(timeline);
	assert_int_equal(timeline_durable(timeline), 4);
	assert_true(timeline_segment(timeline, &where, &path, head));
	assert_int_equal(where, TIMELINE_HOME);
	assert_non_null(strstr(buf_str(&path), "/home/timeline-2.jsonl"));
	assert_string_equal(head, wanted);
	assert_false(timeline_segment(timeline, &where, &path, head));
	add_notes(&record, 2);
	drain(timeline);
	assert_int_equal(synced_twice, 0);
	expect_lines(place->home, 7);

	// And once more.
	fail_below(place->home, 1);
	add_notes(&record, 1);
	drain(timeline);
	timeline_close(timeline);
	assert_int_equal(synced_twice, 0);
	expect_lines(place->home, 8);

	struct timeline_tail tail;
	struct err err = {0};
	bool is_held;
	int64_t count = 0;

	timeline =
		timeline_open(place->home, count_line, &count, NULL, NULL, &tail, &is_held, &err);
	if (!timeline)
		fail_msg("%s", err.message);
	assert_int_equal(count, 8);
	record.timeline = timeline;
	add_notes(&record, 1);
	timeline_close(timeline);
	expect_lines(place->home, 9);
	record_fini(&record);
	buf_fini(&path);
}

// What the failed segment holds behind its last durable line may be anything after a power cut.
static void test_a_failed_segment_is_not_believed(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct buf bytes = {0};
	char file[128];

	add_notes(&record, 3);
	drain(timeline);
	fail_below(place->home, 1);
	add_notes(&record, 2);
	drain(timeline);
	timeline_close(timeline);
	snprintf(file, sizeof file, "%s/timeline.jsonl", place->home);
	assert_true(file_read(AT_FDCWD, file, 1 << 20, &bytes, NULL));
	for (size_t cut = bytes.length; cut; cut--) {
		if (bytes.data[cut - 1] == '\n' && strstr(bytes.data + cut, "\"seq\":3")) {
			assert_int_equal(truncate(file, (off_t)cut), 0);
			break;
		}
	}
	expect_lines(place->home, 5);
	assert_int_equal(truncate(file, (off_t)bytes.length - 20), 0);
	expect_lines(place->home, 5);
	record_fini(&record);
	buf_fini(&bytes);
}

static void test_looking_on_crosses_segments(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct timeline_follower follower;
	struct err err = {0};
	int64_t count = 0;

	add_notes(&record, 2);
	drain(timeline);
	assert_true(timeline_follow(&follower, place->home, &err));
	assert_true(timeline_follow_on(&follower, count_line, &count, &err));
	assert_int_equal(count, 2);
	for (int round = 0; round < 3; round++) {
		fail_below(place->home, 1);
		add_notes(&record, 3);
		// It may see what the first segment has and the disk never took.
		assert_true(timeline_follow_on(&follower, count_line, &count, &err));
		drain(timeline);
		assert_true(timeline_follow_on(&follower, count_line, &count, &err));
		assert_int_equal(count, 2 + 3 * (round + 1));
	}
	timeline_unfollow(&follower);
	timeline_close(timeline);
	record_fini(&record);
}

// --- the birth of a segment ------------------------------------------------------------------------------------------

static bool is_there(const struct place *place, const char *name)
{
	char path[160];
	struct stat status;

	snprintf(path, sizeof path, "%s/%s", place->home, name);
	return lstat(path, &status) == 0;
}

static void drain_in_the_end(struct timeline *timeline)
{
	for (int i = 0; i < 6000 && !timeline_drain(timeline, NULL); i++)
		usleep(10000);
	drain(timeline);
}

// Notes 0 to 4 are recorded, the last two in spite of a sync that fails and of whatever `fail`
// makes fail then; nothing is left of a segment that was not begun.
static void expect_begun_in_the_end(const struct place *place, enum call fail, int syncs)
{
	unsetenv("XDG_RUNTIME_DIR");

	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);

	add_notes(&record, 3);
	drain(timeline);
	fail_below(place->home, syncs);
	failing_call = fail;
	add_notes(&record, 2);
	drain_in_the_end(timeline);
	assert_int_equal(timeline_durable(timeline), 4);
	assert_int_equal(synced_twice, 0);
	assert_int_equal(calls_failed, fail != NO_CALL);
	timeline_close(timeline);
	expect_lines(place->home, 5);
	assert_true(timeline_is_one(place->home, NULL));
	assert_true(is_there(place, "timeline-2.jsonl"));
	assert_false(is_there(place, "timeline-2.jsonl.new"));
	assert_false(is_there(place, "timeline-3.jsonl"));
	record_fini(&record);
}

static void test_a_segment_that_cannot_be_synced_is_made_anew(void **state)
{
	expect_begun_in_the_end(*state, NO_CALL, 2);
}

// It is there, and whoever looks on has it open already.
static void test_a_segment_whose_name_cannot_be_synced_is_replaced(void **state)
{
	const struct place *place = *state;

	unsetenv("XDG_RUNTIME_DIR");

	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct timeline_follower follower;
	struct err err = {0};
	int64_t count = 0;

	add_notes(&record, 3);
	drain(timeline);
	assert_true(timeline_follow(&follower, place->home, &err));
	assert_true(timeline_follow_on(&follower, count_line, &count, &err));
	directory_fails = true;
	fail_below(place->home, 1);
	add_notes(&record, 2);
	for (int i = 0; i < 6000 && !is_there(place, "timeline-2.jsonl"); i++)
		usleep(10000);
	assert_true(timeline_follow_on(&follower, count_line, &count, &err));
	assert_int_equal(follower.segment, 2);
	assert_true(timeline_durable(timeline) < 4);
	directory_fails = false;
	drain_in_the_end(timeline);
	assert_true(directory_failures > 0);
	add_notes(&record, 2);
	drain(timeline);
	assert_int_equal(synced_twice, 0);
	assert_true(timeline_follow_on(&follower, count_line, &count, &err));
	assert_int_equal(count, 7);
	timeline_unfollow(&follower);
	timeline_close(timeline);
	expect_lines(place->home, 7);
	assert_false(is_there(place, "timeline-3.jsonl"));
	record_fini(&record);
}

static void test_a_segment_that_there_is_no_room_for_is_tried_again(void **state)
{
	expect_begun_in_the_end(*state, WRITING, 1);
}

static void test_a_segment_that_cannot_be_made_is_tried_again(void **state)
{
	expect_begun_in_the_end(*state, MAKING, 1);
}

static void test_a_segment_that_cannot_be_named_is_tried_again(void **state)
{
	expect_begun_in_the_end(*state, RENAMING, 1);
}

// A process that was killed then leaves any part of it.
static void test_what_was_left_of_a_segment_is_removed(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct timeline_tail tail;
	struct err err = {0};
	char command[512];
	int64_t count = 0;
	bool is_held;

	add_notes(&record, 5);
	drain(timeline);
	timeline_close(timeline);
	snprintf(command, sizeof command,
		"cd '%s' && sed -n '4p' timeline.jsonl >timeline-2.jsonl.new && "
		"sed -n '5p' timeline.jsonl | head -c 100 >>timeline-2.jsonl.new",
		place->home);
	assert_int_equal(system(command), 0);
	expect_lines(place->home, 5);
	assert_true(timeline_is_one(place->home, NULL));
	timeline =
		timeline_open(place->home, count_line, &count, NULL, NULL, &tail, &is_held, &err);
	if (!timeline)
		fail_msg("%s", err.message);
	assert_int_equal(count, 5);
	assert_false(is_there(place, "timeline-2.jsonl.new"));
	record.timeline = timeline;
	add_notes(&record, 1);
	timeline_close(timeline);
	expect_lines(place->home, 6);
	record_fini(&record);
}

static void test_what_stands_in_the_place_of_a_draft_is_not_written_to(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct buf path = {0}, victim = {0};
	char command[512];
	struct err err;

	add_notes(&record, 3);
	drain(timeline);
	snprintf(command, sizeof command,
		"cd '%s' && echo mine >../victim && ln -s ../victim timeline-2.jsonl.new && "
		"mkdir timeline-3.jsonl.new",
		place->home);
	assert_int_equal(system(command), 0);
	fail_below(place->home, 1);
	add_notes(&record, 2);
	drain(timeline);
	assert_true(is_home(timeline));
	buf_printf(&path, "%s/victim", place->root);
	assert_true(file_read(AT_FDCWD, buf_str(&path), 100, &victim, NULL));
	assert_string_equal(buf_str(&victim), "mine\n");
	assert_true(is_there(place, "timeline-2.jsonl"));

	// What cannot be removed either is no end of the record: the refuge takes it.
	fail_below(place->home, 1);
	add_notes(&record, 1);
	drain(timeline);
	buf_clear(&path);
	assert_true(timeline_is_elsewhere(timeline, &path, &err));
	assert_non_null(strstr(err.message, "timeline-3.jsonl.new"));
	timeline_close(timeline);
	record_fini(&record);
	buf_fini(&path);
	buf_fini(&victim);
}

// --- a refuge --------------------------------------------------------------------------------------------------------

static void test_a_home_that_takes_nothing_is_left_for_a_refuge(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct buf path = {0};
	struct err err = {0};

	add_notes(&record, 3);
	drain(timeline);
	fail_below(place->home, -1);
	add_notes(&record, 2);
	add_evidence(&record, 'a');
	drain(timeline);
	assert_int_equal(timeline_durable(timeline), 5);
	assert_false(timeline_fault(timeline, NULL));
	assert_true(timeline_is_elsewhere(timeline, &path, &err));
	assert_non_null(strstr(buf_str(&path), "/run/relight/"));
	assert_non_null(strstr(err.message, "Input/output error"));
	assert_int_equal(files_in(place->runtime), 2);
	add_notes(&record, 1);
	drain(timeline);
	assert_int_equal(timeline_durable(timeline), 6);

	// It comes home by itself.
	heal();
	tend_until(timeline, is_home);
	assert_int_equal(synced_twice, 0);
	timeline_tend(timeline);
	assert_int_equal(files_in(place->runtime), 0);
	expect_lines(place->home, 7);
	assert_int_equal(timeline_durable(timeline), 6);
	add_notes(&record, 1);
	timeline_close(timeline);
	expect_lines(place->home, 8);
	record_fini(&record);
	buf_fini(&path);
}

static void test_what_only_the_refuge_has_comes_home_with_the_next_session(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct timeline_tail tail;
	struct err err = {0};
	bool is_held;
	int64_t count = 0;

	add_notes(&record, 3);
	drain(timeline);
	fail_below(place->home, -1);
	add_notes(&record, 2);
	add_evidence(&record, 'b');
	drain(timeline);
	timeline_close(timeline);
	assert_int_equal(files_in(place->runtime), 2);

	// The next session finds the disk as it was: it reads all the same, and goes on in the
	// refuge.
	timeline =
		timeline_open(place->home, count_line, &count, NULL, NULL, &tail, &is_held, &err);
	if (!timeline)
		fail_msg("%s", err.message);
	assert_int_equal(count, 6);
	assert_true(tail.returned_bytes > 0);
	assert_int_equal(timeline_durable(timeline), 5);
	record.timeline = timeline;
	add_notes(&record, 1);
	drain(timeline);
	assert_true(is_elsewhere(timeline));
	timeline_close(timeline);

	// The one after that finds it well.
	heal();
	count = 0;
	timeline =
		timeline_open(place->home, count_line, &count, NULL, NULL, &tail, &is_held, &err);
	if (!timeline)
		fail_msg("%s", err.message);
	assert_int_equal(count, 7);
	drain(timeline);
	timeline_close(timeline);
	assert_int_equal(files_in(place->runtime), 0);
	expect_lines(place->home, 7);

	char evidence[128];

	snprintf(evidence, sizeof evidence, "%s/evidence", place->home);
	assert_int_equal(files_in(evidence), 1);
	record_fini(&record);
}

static void test_without_a_refuge_it_is_a_fault(void **state)
{
	const struct place *place = *state;

	unsetenv("XDG_RUNTIME_DIR");

	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct err err = {0};

	add_notes(&record, 3);
	drain(timeline);
	fail_below(place->home, -1);
	add_notes(&record, 2);
	assert_false(timeline_drain(timeline, &err));
	assert_non_null(strstr(err.message, "Input/output error"));
	assert_int_equal(timeline_durable(timeline), 2);
	heal();
	tend_until(timeline, is_home);
	drain(timeline);
	assert_int_equal(synced_twice, 0);
	timeline_close(timeline);
	expect_lines(place->home, 5);
	record_fini(&record);
}

// --- a mirror --------------------------------------------------------------------------------------------------------

static void expect_same(const struct place *place, const char *name)
{
	char command[512];

	snprintf(command, sizeof command, "cmp '%s/%s' '%s/%s'", place->home, name, place->mirror,
		name);
	assert_int_equal(system(command), 0);
}

static struct timeline *mirrored(const struct place *place)
{
	struct timeline *timeline = created(place->home);
	struct err err = {0};

	if (!timeline_mirror(timeline, place->mirror, INCIDENT_PRIVATE, &err))
		fail_msg("%s", err.message);
	return timeline;
}

static void test_a_mirror_has_all_of_it(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = mirrored(place);
	struct record record = record_on(timeline, NULL);
	enum timeline_place where;
	struct buf path = {0};
	char head[65];

	add_notes(&record, 3);
	add_evidence(&record, 'c');
	drain(timeline);
	expect_same(place, "timeline.jsonl");
	expect_same(place, "frozen/runbook.yaml");
	assert_true(timeline_segment(timeline, &where, &path, head));
	assert_int_equal(where, TIMELINE_MIRROR);
	assert_string_equal(head, CHAIN_START);
	assert_true(timeline_is_held(place->mirror));
	timeline_close(timeline);
	expect_lines(place->mirror, 4);

	// One session without it; the next one makes up for that.
	struct timeline_tail tail;
	struct err err = {0};
	bool is_held;

	timeline = timeline_open(place->home, NULL, NULL, NULL, NULL, &tail, &is_held, &err);
	record.timeline = timeline;
	add_notes(&record, 2);
	add_evidence(&record, 'd');
	timeline_close(timeline);
	timeline = timeline_open(place->home, NULL, NULL, NULL, NULL, &tail, &is_held, &err);
	record.timeline = timeline;
	assert_true(timeline_mirror(timeline, place->mirror, INCIDENT_PRIVATE, &err));
	add_notes(&record, 1);
	drain(timeline);
	tend_until(timeline, has_mirror);
	timeline_close(timeline);
	expect_same(place, "timeline.jsonl");
	expect_lines(place->mirror, 8);
	record_fini(&record);
	buf_fini(&path);
}

static void test_a_mirror_that_fails_stops_nothing(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = mirrored(place);
	struct record record = record_on(timeline, NULL);
	struct err err = {0};

	add_notes(&record, 3);
	drain(timeline);
	fail_below(place->mirror, -1);
	add_notes(&record, 2);
	drain(timeline);
	tend_until(timeline, has_no_mirror);
	assert_true(timeline_mirror_fault(timeline, &err));
	assert_non_null(strstr(err.message, "mirrors/it"));
	assert_int_equal(timeline_durable(timeline), 4);
	assert_false(is_elsewhere(timeline));
	heal();
	tend_until(timeline, has_mirror);
	add_notes(&record, 1);
	drain(timeline);
	timeline_close(timeline);
	expect_lines(place->home, 6);
	expect_lines(place->mirror, 6);
	record_fini(&record);
}

static void test_where_the_home_fails_the_mirror_is_the_record(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = mirrored(place);
	struct record record = record_on(timeline, NULL);
	struct buf path = {0};
	struct err err = {0};

	add_notes(&record, 3);
	drain(timeline);
	fail_below(place->home, -1);
	add_notes(&record, 2);
	drain(timeline);
	assert_int_equal(timeline_durable(timeline), 4);
	assert_true(timeline_is_elsewhere(timeline, &path, &err));
	assert_string_equal(buf_str(&path), place->mirror);
	assert_int_equal(files_in(place->runtime), 0);
	timeline_close(timeline);
	expect_lines(place->mirror, 5);

	// It is an incident of its own right.
	struct timeline_tail tail;
	bool is_held;
	int64_t count = 0;

	timeline =
		timeline_open(place->mirror, count_line, &count, NULL, NULL, &tail, &is_held, &err);
	if (!timeline)
		fail_msg("%s", err.message);
	assert_int_equal(count, 5);
	timeline_close(timeline);
	record_fini(&record);
	buf_fini(&path);
}

// What a record says of its mirror may be anything.
static void test_a_mirror_without_a_folder_above_it(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct err err = {0};

	assert_true(timeline_mirror(timeline, "", INCIDENT_PRIVATE, &err));
	add_notes(&record, 3);
	drain(timeline);
	assert_true(timeline_mirror_fault(timeline, &err));
	timeline_close(timeline);
	expect_lines(place->home, 3);
	record_fini(&record);
}

static void test_a_mirror_must_be_somewhere(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);
	struct err err = {0};
	char path[160];

	snprintf(path, sizeof path, "%s/mistyped/it", place->root);
	assert_true(timeline_mirror(timeline, path, INCIDENT_PRIVATE, &err));
	add_notes(&record, 3);
	drain(timeline);
	assert_true(timeline_mirror_fault(timeline, &err));
	assert_non_null(strstr(err.message, "mistyped: No such file"));
	timeline_close(timeline);
	expect_lines(place->home, 3);
	record_fini(&record);
}

// --- a slow disk -----------------------------------------------------------------------------------------------------

static void test_a_slow_disk_keeps_nobody_waiting(void **state)
{
	const struct place *place = *state;
	struct timeline *timeline = created(place->home);
	struct record record = record_on(timeline, NULL);

	add_notes(&record, 1);
	drain(timeline);
	strcpy(stuck, place->home);
	is_stuck = true;
	for (int i = 0; i < 100; i++) {
		add_notes(&record, 1);
		timeline_tend(timeline);
		timeline_durable(timeline);
		assert_false(timeline_fault(timeline, NULL));
	}
	assert_true(timeline_durable(timeline) < 100);
	is_stuck = false;
	drain(timeline);
	assert_int_equal(timeline_durable(timeline), 100);
	timeline_close(timeline);
	record_fini(&record);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(after_a_failed_sync_a_new_segment_begins),
		TEST(a_failed_segment_is_not_believed),
		TEST(looking_on_crosses_segments),
		TEST(a_segment_that_cannot_be_synced_is_made_anew),
		TEST(a_segment_whose_name_cannot_be_synced_is_replaced),
		TEST(a_segment_that_there_is_no_room_for_is_tried_again),
		TEST(a_segment_that_cannot_be_made_is_tried_again),
		TEST(a_segment_that_cannot_be_named_is_tried_again),
		TEST(what_was_left_of_a_segment_is_removed),
		TEST(what_stands_in_the_place_of_a_draft_is_not_written_to),
		TEST(a_home_that_takes_nothing_is_left_for_a_refuge),
		TEST(what_only_the_refuge_has_comes_home_with_the_next_session),
		TEST(without_a_refuge_it_is_a_fault),
		TEST(a_mirror_has_all_of_it),
		TEST(a_mirror_that_fails_stops_nothing),
		TEST(where_the_home_fails_the_mirror_is_the_record),
		TEST(a_mirror_must_be_somewhere),
		TEST(a_mirror_without_a_folder_above_it),
		TEST(a_slow_disk_keeps_nobody_waiting),
	};

	return cmocka_run_group_tests_name("world_copies", tests, NULL, NULL);
}
